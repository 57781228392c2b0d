package snapshotjob

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// The defaults of WaitOptions.
const (
	defaultFirstDelay    = 2 * time.Second
	defaultQueuedDelay   = 12 * time.Second
	defaultMinDelay      = 3500 * time.Millisecond
	defaultGrowth        = 1.02
	defaultMaxDelay      = 5500 * time.Millisecond
	defaultJitter        = 0.1
	defaultMaxErrorDelay = time.Minute

	// waitAttemptTimeout bounds the attempts of Wait's calls by default.
	waitAttemptTimeout = 30 * time.Second
)

// WaitOptions says when [Client.Wait] polls. The zero value of a field means its
// default.
type WaitOptions struct {
	// FirstDelay is how long Wait waits before it polls first. Default: 2 seconds.
	FirstDelay time.Duration

	// QueuedDelay is the delay after a poll that finds the job QUEUED. Default: 12
	// seconds.
	QueuedDelay time.Duration

	// MinDelay is the delay after the first poll that finds the job running.
	// Default: 3.5 seconds.
	MinDelay time.Duration

	// Growth is how many times longer than the last delay each other delay is.
	// Default: 1.02.
	Growth float64

	// MaxDelay is the longest delay after a poll that succeeds. Default: 5.5 seconds,
	// or MinDelay if that is longer. TestWaitSchedule shows what these defaults mean
	// for jobs of usual durations.
	MaxDelay time.Duration

	// Jitter is the part of a delay by which it varies at random. Default: 0.1. If
	// negative, delays do not vary.
	Jitter float64

	// MaxErrorDelay is the longest delay after a poll that fails. After each failure
	// in a row the delay doubles. Default: 1 minute.
	MaxErrorDelay time.Duration

	// OnPoll is called after every poll, on the goroutine that called Wait. If nil,
	// nothing is called.
	OnPoll func(Poll)

	// ClientOptions change the options of Wait's calls. An AttemptTimeout that is not
	// set becomes 30 seconds.
	ClientOptions []func(*Options)
}

// Poll is what one poll of [Client.Wait] has seen.
type Poll struct {
	Job     Job
	Number  int               // 1 for the first poll
	Status  SnapshotJobStatus // the last that is known; empty before the first response
	Err     error             // why this poll failed; nil if it did not
	Elapsed time.Duration     // since Wait was called
	Next    time.Duration     // until the next poll; 0 if this was the last
}

// WaitError is the error of a wait that ended before the job was seen to finish. The
// job goes on.
type WaitError struct {
	Job     Job
	Status  SnapshotJobStatus // the last that was seen; empty if none was
	Polls   int
	Elapsed time.Duration

	// Err is why the wait ended. If the context ended it, Err matches the context's
	// error and its cause.
	Err error
}

// Error returns, in one line, what ended the wait, and when.
func (e *WaitError) Error() string {
	status := oneLine(string(e.Status))
	if status == "" {
		status = "unknown"
	}
	return fmt.Sprintf("wait for snapshot job %s: last status %s after %v and %d polls: %v",
		e.Job, status, e.Elapsed.Round(time.Millisecond), e.Polls, e.Err)
}

// Unwrap returns Err.
func (e *WaitError) Unwrap() error { return e.Err }

// Wait polls [Client.DescribeDashboardSnapshotJob] until the job has finished, and
// returns its result. Only the context limits how long that takes, so the context
// should have a deadline.
//
// For a job that has finished, Wait returns the output and what its Err returns: nil,
// or a [*JobError] if the job or some of its files failed. Any other error comes
// without an output: an [*InvalidInputError], or a [*WaitError]. Throttling, 5xx
// responses and broken connections slow a wait down. Errors that would come again,
// such as AccessDeniedException, end it.
//
// Wait starts no goroutine. Thousands may wait with one client.
func (c *Client) Wait(
	ctx context.Context,
	job Job,
	optFns ...func(*WaitOptions),
) (*DescribeDashboardSnapshotJobResultOutput, error) {
	options, problems := prepareWait(optFns)
	problems = append(problems, job.problems()...)
	problems.needContext(ctx)
	if err := problems.err(); err != nil {
		return nil, err
	}
	w := &wait{
		client:  c,
		options: options,
		job:     job,
		started: time.Now(),
		delay:   options.MinDelay,
	}
	output, err := w.run(ctx)
	if err != nil {
		return nil, &WaitError{
			Job:     job,
			Status:  w.status,
			Polls:   w.polls,
			Elapsed: time.Since(w.started),
			Err:     err,
		}
	}
	return output, output.Err()
}

// prepareWait returns the options with their defaults, and what is wrong with them.
func prepareWait(optFns []func(*WaitOptions)) (WaitOptions, problemList) {
	var o WaitOptions
	var problems problemList
	applyAll(&problems, &o, optFns)
	setDefault(&problems, "FirstDelay", &o.FirstDelay, defaultFirstDelay)
	setDefault(&problems, "QueuedDelay", &o.QueuedDelay, defaultQueuedDelay)
	setDefault(&problems, "MinDelay", &o.MinDelay, defaultMinDelay)
	setDefault(&problems, "MaxDelay", &o.MaxDelay, max(defaultMaxDelay, o.MinDelay))
	setDefault(&problems, "MaxErrorDelay", &o.MaxErrorDelay, defaultMaxErrorDelay)
	if o.MaxDelay < o.MinDelay {
		problems.add("MaxDelay", "is %v: want at least MinDelay, %v", o.MaxDelay, o.MinDelay)
	}
	if o.Growth == 0 {
		o.Growth = defaultGrowth
	}
	if !(o.Growth >= 1) { // not o.Growth < 1, which NaN would pass
		problems.add("Growth", "is %v: want 1 or more, or 0 for the default", o.Growth)
	}
	if o.Jitter == 0 {
		o.Jitter = defaultJitter
	}
	o.Jitter = max(o.Jitter, 0)
	if !(o.Jitter < 1) { // not o.Jitter >= 1, which NaN would pass
		problems.add("Jitter", "is %v: want less than 1", o.Jitter)
	}
	o.ClientOptions = append([]func(*Options){limitWaitAttempts}, o.ClientOptions...)
	return o, problems
}

// limitWaitAttempts bounds an attempt that has no bound of its own, so that a dead
// connection doesn't end the polling.
func limitWaitAttempts(o *Options) {
	if o.AttemptTimeout == 0 {
		o.AttemptTimeout = waitAttemptTimeout
	}
}

// wait is a wait for one job, as far as it has come.
type wait struct {
	client  *Client
	options WaitOptions
	job     Job
	started time.Time

	polls     int
	status    SnapshotJobStatus // the last that is known
	delay     time.Duration     // after the next poll that finds the job running
	failures  int               // polls in a row that failed
	lastError error             // of the last poll; nil if it succeeded
}

// run polls until the job has finished or polling makes no sense any more.
func (w *wait) run(ctx context.Context) (*DescribeDashboardSnapshotJobResultOutput, error) {
	next := w.options.FirstDelay
	for {
		if !sleep(ctx, w.jittered(next)) {
			return nil, canceledError(ctx, w.lastError)
		}
		w.polls++
		output, err := w.poll(ctx)
		previous := w.lastError
		w.lastError = err
		next = 0
		if output == nil {
			next = w.nextDelay(ctx, err)
		}
		w.report(next)
		switch {
		case output != nil:
			return output, nil
		case next > 0:
			continue
		case ctx.Err() != nil:
			return nil, withPrevious(err, previous)
		}
		return nil, err
	}
}

// poll asks for the job's status and, once that is final, for its result. The output
// is nil while there is none.
func (w *wait) poll(ctx context.Context) (*DescribeDashboardSnapshotJobResultOutput, error) {
	if !w.status.IsTerminal() {
		found, err := w.client.DescribeDashboardSnapshotJob(ctx, w.job, w.options.ClientOptions...)
		if err != nil {
			return nil, err
		}
		w.status = found.JobStatus
	}
	if !w.status.IsTerminal() {
		return nil, nil
	}
	return w.client.DescribeDashboardSnapshotJobResult(ctx, w.job, w.options.ClientOptions...)
}

// report tells Options.OnPoll of the last poll.
func (w *wait) report(next time.Duration) {
	if w.options.OnPoll == nil {
		return
	}
	w.options.OnPoll(Poll{
		Job:     w.job,
		Number:  w.polls,
		Status:  w.status,
		Err:     w.lastError,
		Elapsed: time.Since(w.started),
		Next:    next,
	})
}

// nextDelay returns the delay after a poll without a result, which ended with err. It
// returns 0 if there is no sense in another poll.
func (w *wait) nextDelay(ctx context.Context, err error) time.Duration {
	if err == nil {
		w.failures = 0
		return w.delayAfterStatus()
	}
	if ctx.Err() != nil || !IsTransient(err) {
		return 0
	}
	w.failures++
	delay := math.Ldexp(float64(w.delay), w.failures) // doubled for each failure
	return time.Duration(min(float64(w.options.MaxErrorDelay), delay))
}

// delayAfterStatus returns the delay after a poll that found the job queued or
// running.
func (w *wait) delayAfterStatus() time.Duration {
	if w.status == SnapshotJobStatusQueued {
		return w.options.QueuedDelay
	}
	delay := w.delay
	grown := float64(delay) * w.options.Growth
	w.delay = time.Duration(min(float64(w.options.MaxDelay), grown))
	return delay
}

// jittered varies a delay at random by up to Options.Jitter.
func (w *wait) jittered(delay time.Duration) time.Duration {
	variation := w.options.Jitter * (2*rand.Float64() - 1)
	return time.Duration(float64(delay) * (1 + variation))
}
