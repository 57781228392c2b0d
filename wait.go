package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// WaitOptions says when [Client.Wait] polls. The zero value of a field stands
// for its default.
type WaitOptions struct {
	// FirstDelay comes before the first poll. Default: 2 seconds.
	FirstDelay time.Duration

	// MinDelay comes before the second poll, and each further delay is Growth
	// times the one before it, up to MaxDelay. Defaults: 3 seconds, 1.05, and 6
	// seconds; over jobs of 10 seconds to 15 minutes that takes fewer calls
	// than a poll every 5 seconds, and sees the end no later.
	MinDelay time.Duration
	Growth   float64
	MaxDelay time.Duration

	// Jitter is the part of a delay by which it is made longer or shorter at
	// random, so that waits that began together don't poll together. Default:
	// 0.1; negative: none.
	Jitter float64

	// MaxErrorDelay bounds the delay after polls that failed, which doubles each
	// time. Default: 1 minute.
	MaxErrorDelay time.Duration

	// OnPoll is called after every poll, before the next delay, on the waiting
	// goroutine. nil: none.
	OnPoll func(Poll)

	// ClientOptions apply to the calls that Wait makes. Without an
	// AttemptTimeout of the client or of theirs, an attempt may take 30 seconds,
	// so that a connection that went silent does not take the whole wait.
	ClientOptions []func(*Options)
}

// Poll is what one poll of [Client.Wait] saw.
type Poll struct {
	Job     Job
	Number  int               // 1 for the first
	Status  SnapshotJobStatus // the last that is known; empty before the first answer
	Err     error             // why this poll failed; the wait goes on
	Elapsed time.Duration     // since Wait was called
	Next    time.Duration     // until the next poll; 0 if this was the last
}

// WaitError is a wait that ended without a result: because the context ended,
// or because a poll failed in a way that waiting doesn't mend.
type WaitError struct {
	Job     Job
	Status  SnapshotJobStatus // the last that was seen; empty if none was
	Polls   int
	Elapsed time.Duration
	Err     error // matches the context's error and cause if the context ended
}

// Error says in one line what ended the wait, and how far it had come.
func (e *WaitError) Error() string {
	status := "no status seen"
	if e.Status != "" {
		status = "last status " + oneLine(string(e.Status))
	}
	return fmt.Sprintf("wait for snapshot job %s: %s after %v and %d polls: %v", e.Job, status, e.Elapsed.Round(time.Millisecond), e.Polls, e.Err)
}

// Unwrap returns Err.
func (e *WaitError) Unwrap() error { return e.Err }

// Wait polls [Client.DescribeDashboardSnapshotJob] until the job has finished,
// and returns its result. The context's deadline is the only limit: give it one.
//
// A job that finished gives an output that is not nil, together with the error
// of [DescribeDashboardSnapshotJobResultOutput.Err]: nil, or a [*JobError] if the
// job failed or some of its files did. Any other error is a [*WaitError] without
// an output. Throttling, 5xx answers and broken connections don't end a wait: it
// goes on, slower each time, as long as the context allows. AccessDenied, an
// unknown job and other errors that would only come again end it at once. Bad
// input is an [*InvalidInputError].
//
// Wait starts no goroutine: thousands may wait on one client.
func (c *Client) Wait(ctx context.Context, job Job, optFns ...func(*WaitOptions)) (*DescribeDashboardSnapshotJobResultOutput, error) {
	o, faults := waitOptions(optFns)
	faults = append(job.faults(nil), faults...)
	if ctx == nil {
		faults = append(faults, fault("ctx", "is nil: want a context with a deadline"))
	}
	if len(faults) > 0 {
		return nil, &InvalidInputError{faults}
	}
	w := &waiter{client: c, options: o, job: job, start: time.Now()}
	out, err := w.wait(ctx)
	if err != nil {
		return nil, &WaitError{job, w.status, w.polls, time.Since(w.start), err}
	}
	return out, out.Err()
}

func waitOptions(optFns []func(*WaitOptions)) (o WaitOptions, faults []InputFault) {
	for i, fn := range optFns {
		if fn == nil {
			faults = append(faults, fault("optFns", "has a nil function at index %d", i))
			continue
		}
		fn(&o)
	}
	for _, d := range []struct {
		field string
		value *time.Duration
		by    time.Duration
	}{
		{"FirstDelay", &o.FirstDelay, 2 * time.Second},
		{"MinDelay", &o.MinDelay, 3 * time.Second},
		{"MaxDelay", &o.MaxDelay, max(6*time.Second, o.MinDelay)},
		{"MaxErrorDelay", &o.MaxErrorDelay, time.Minute},
	} {
		switch {
		case *d.value < 0:
			faults = append(faults, fault(d.field, "is %v: want a positive duration, or 0 for the default", *d.value))
		case *d.value == 0:
			*d.value = d.by
		}
	}
	if o.MaxDelay < o.MinDelay {
		faults = append(faults, fault("MaxDelay", "is %v: want at least MinDelay, %v", o.MaxDelay, o.MinDelay))
	}
	switch {
	case o.Growth == 0:
		o.Growth = 1.05
	case !(o.Growth >= 1):
		faults = append(faults, fault("Growth", "is %v: want 1 or more, or 0 for the default", o.Growth))
	}
	switch {
	case o.Jitter == 0:
		o.Jitter = 0.1
	case o.Jitter < 0:
		o.Jitter = 0
	case !(o.Jitter < 1):
		faults = append(faults, fault("Jitter", "is %v: want less than 1", o.Jitter))
	}
	o.ClientOptions = append([]func(*Options){func(o *Options) {
		if o.AttemptTimeout == 0 {
			o.AttemptTimeout = 30 * time.Second
		}
	}}, o.ClientOptions...)
	return o, faults
}

// waiter is one call of Wait.
type waiter struct {
	client  *Client
	options WaitOptions
	job     Job
	start   time.Time
	status  SnapshotJobStatus
	polls   int
}

// wait polls until there is a result. Its error is not yet a WaitError.
func (w *waiter) wait(ctx context.Context) (*DescribeDashboardSnapshotJobResultOutput, error) {
	next, failures := w.options.MinDelay, 0
	delay := w.options.FirstDelay
	var last error
	for {
		if !sleep(ctx, w.jittered(delay)) {
			return nil, ended(ctx, last, nil)
		}
		out, err := w.poll(ctx)
		if err == nil && out != nil {
			w.report(nil, 0)
			return out, nil
		}
		before := last
		last = err
		switch {
		case err == nil:
			failures = 0
			delay = next
			next = min(w.options.MaxDelay, time.Duration(float64(next)*w.options.Growth))
		case ctx.Err() != nil:
			w.report(err, 0)
			return nil, after(err, before)
		case !passing(err):
			w.report(err, 0)
			return nil, err
		default:
			failures++
			delay = min(w.options.MaxErrorDelay, next<<min(failures, 20))
		}
		w.report(err, delay)
	}
}

// poll asks once for the status, and for the result if the job has finished. It
// returns neither output nor error while the job is not finished.
func (w *waiter) poll(ctx context.Context) (*DescribeDashboardSnapshotJobResultOutput, error) {
	w.polls++
	if !w.status.IsTerminal() {
		job, err := w.client.DescribeDashboardSnapshotJob(ctx, w.job, w.options.ClientOptions...)
		if err != nil {
			return nil, err
		}
		w.status = job.JobStatus
		if !w.status.IsTerminal() {
			return nil, nil
		}
	}
	return w.client.DescribeDashboardSnapshotJobResult(ctx, w.job, w.options.ClientOptions...)
}

func (w *waiter) report(err error, next time.Duration) {
	if w.options.OnPoll != nil {
		w.options.OnPoll(Poll{w.job, w.polls, w.status, err, time.Since(w.start), next})
	}
}

func (w *waiter) jittered(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (1 + w.options.Jitter*(2*rand.Float64()-1)))
}

// passing reports whether an error is one that passes with time, as package
// aws/retry sees it. A job that is finished, but whose result is said not to be
// there yet, passes too.
func passing(err error) bool {
	if errors.Is(err, ErrJobNotFinished) {
		return true
	}
	var resp interface{ HTTPStatusCode() int }
	if errors.As(err, &resp) && resp.HTTPStatusCode() > 0 {
		err = unreadable{err}
	}
	return retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err).Bool()
}
