package snapshotjob

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// WaitOptions says when [Client.Wait] polls. Zero means the default.
type WaitOptions struct {
	FirstDelay time.Duration // before the first poll. Default: 2 seconds

	QueuedDelay time.Duration // after a poll that finds the job QUEUED. Default: 12 seconds

	// MinDelay comes after the first poll that finds the job running, and Growth
	// times the last delay after each other, up to MaxDelay. Defaults: 3.5
	// seconds, 1.02 and 5.5 seconds (see TestWaitSchedule).
	MinDelay time.Duration
	Growth   float64
	MaxDelay time.Duration

	Jitter float64 // by what part a delay varies at random. Default: 0.1; negative: none

	MaxErrorDelay time.Duration // bounds the delay after failed polls, which doubles each time. Default: 1 minute

	OnPoll func(Poll) // called after every poll, on Wait's goroutine. nil: none

	ClientOptions []func(*Options) // of Wait's calls. AttemptTimeout, if unset, is 30 seconds
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

// WaitError is a wait that the context or a lasting error ended.
type WaitError struct {
	Job     Job
	Status  SnapshotJobStatus // the last that was seen; empty if none was
	Polls   int
	Elapsed time.Duration
	Err     error // matches the context's error and cause if the context ended
}

// Error says in one line what ended the wait, and when.
func (e *WaitError) Error() string {
	return fmt.Sprintf("wait for snapshot job %s: last status %s after %v and %d polls: %v",
		e.Job, oneLine(string(cmp.Or(e.Status, "unknown"))), e.Elapsed.Round(time.Millisecond), e.Polls, e.Err)
}

// Unwrap returns Err.
func (e *WaitError) Unwrap() error { return e.Err }

// Wait polls [Client.DescribeDashboardSnapshotJob] until the job has finished,
// and returns its result. The context's deadline is the only limit: give it one.
//
// A finished job gives an output and its Err: nil, or a [*JobError] if the job or
// some of its files failed. Any other error comes without an output: an
// [*InvalidInputError], or a [*WaitError]. Throttling, 5xx answers and broken
// connections slow a wait down; errors that last, such as AccessDenied, end it.
//
// It starts no goroutine: thousands may wait on one client.
func (c *Client) Wait(ctx context.Context, job Job, optFns ...func(*WaitOptions)) (*DescribeDashboardSnapshotJobResultOutput, error) {
	o, faults := waitOptions(optFns)
	faults = job.faults(faults)
	faults.needContext(ctx)
	if len(faults) > 0 {
		return nil, &InvalidInputError{faults}
	}
	start := time.Now()
	poll := Poll{Job: job, Next: o.FirstDelay}
	failures := 0 // in a row
	var err, last error
	for poll.Next > 0 {
		jitter := o.Jitter * (2*rand.Float64() - 1)
		if !sleep(ctx, time.Duration(float64(poll.Next)*(1+jitter))) {
			err = ended(ctx, err, nil)
			break
		}
		var out *DescribeDashboardSnapshotJobResultOutput
		last, err = err, nil
		poll.Number++
		if !poll.Status.IsTerminal() {
			var found *DescribeDashboardSnapshotJobOutput
			if found, err = c.DescribeDashboardSnapshotJob(ctx, job, o.ClientOptions...); err == nil {
				poll.Status = found.JobStatus
			}
		}
		if err == nil && poll.Status.IsTerminal() {
			out, err = c.DescribeDashboardSnapshotJobResult(ctx, job, o.ClientOptions...)
		}
		poll.Err, poll.Next = err, 0
		switch {
		case out != nil:
		case err == nil:
			failures = 0
			poll.Next = o.afterStatus(poll.Status)
		case ctx.Err() != nil:
			err = after(err, last)
		case passing(err):
			failures++
			poll.Next = time.Duration(min(float64(o.MaxErrorDelay), math.Ldexp(float64(o.MinDelay), failures)))
		}
		poll.Elapsed = time.Since(start)
		if o.OnPoll != nil {
			o.OnPoll(poll)
		}
		if out != nil {
			return out, out.Err()
		}
	}
	return nil, &WaitError{job, poll.Status, poll.Number, time.Since(start), err}
}

func waitOptions(optFns []func(*WaitOptions)) (o WaitOptions, faults faultList) {
	applyAll(&o, optFns, &faults)
	setDefault(&faults, "FirstDelay", &o.FirstDelay, 2*time.Second)
	setDefault(&faults, "QueuedDelay", &o.QueuedDelay, 12*time.Second)
	setDefault(&faults, "MinDelay", &o.MinDelay, 3500*time.Millisecond)
	setDefault(&faults, "MaxDelay", &o.MaxDelay, max(5500*time.Millisecond, o.MinDelay))
	setDefault(&faults, "MaxErrorDelay", &o.MaxErrorDelay, time.Minute)
	if o.MaxDelay < o.MinDelay {
		faults.add("MaxDelay", "is %v: want at least MinDelay, %v", o.MaxDelay, o.MinDelay)
	}
	if o.Growth = cmp.Or(o.Growth, 1.02); !(o.Growth >= 1) {
		faults.add("Growth", "is %v: want 1 or more, or 0 for the default", o.Growth)
	}
	if o.Jitter = max(cmp.Or(o.Jitter, 0.1), 0); !(o.Jitter < 1) {
		faults.add("Jitter", "is %v: want less than 1", o.Jitter)
	}
	o.ClientOptions = append([]func(*Options){func(o *Options) {
		if o.AttemptTimeout == 0 {
			o.AttemptTimeout = 30 * time.Second
		}
	}}, o.ClientOptions...)
	return o, faults
}

// afterStatus returns the delay after a poll. MinDelay becomes the one after that.
func (o *WaitOptions) afterStatus(status SnapshotJobStatus) time.Duration {
	if status == SnapshotJobStatusQueued {
		return o.QueuedDelay
	}
	delay := o.MinDelay
	o.MinDelay = time.Duration(min(float64(o.MaxDelay), float64(delay)*o.Growth))
	return delay
}
