package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

const (
	// defaultMinDelay and defaultMaxDelay are the defaults of WaitOptions.
	defaultMinDelay = 3 * time.Second
	defaultMaxDelay = 30 * time.Second

	// A delay is the time that Wait has waited, divided by delayDivisor. It varies by
	// the delay divided by variationDivisor.
	delayDivisor     = 10
	variationDivisor = 10

	// notFoundGrace is how long a job that is not found is asked for again: the
	// service may have accepted it and not show it yet.
	notFoundGrace = 10 * time.Second
)

// WaitOptions says when [Client.Wait] polls. The zero value of a field means its
// default. A negative delay, and a MaxDelay that is shorter than MinDelay, are an
// [*InvalidInputError].
//
// Wait polls at once. The delay until the next poll is a tenth of the time that Wait
// has waited, but at least MinDelay and at most MaxDelay. For each poll in a row that
// failed, other than with a job that is not found, it doubles, up to MaxDelay. Then it
// varies by up to a tenth at random, so that jobs that were started together are not
// polled together.
//
// With the defaults, a job of 42 seconds takes some 15 polls, one of 20 minutes 65, and
// one of an hour 145. On average they are found 2, 15 and 15 seconds after their end.
type WaitOptions struct {
	// MinDelay is the shortest delay, before it varies. Default: 3 seconds, or
	// MaxDelay if that is shorter.
	MinDelay time.Duration

	// MaxDelay is the longest delay, before it varies. Default: 30 seconds, or
	// MinDelay if that is longer.
	MaxDelay time.Duration

	// OnPoll is called after every poll, on the goroutine that called Wait. If nil,
	// nothing is called.
	OnPoll func(Poll)

	// ClientOptions change the options of Wait's calls.
	ClientOptions []func(*Options)
}

// Poll is what one poll of [Client.Wait] has seen.
type Poll struct {
	Job     Job
	Number  int               // 1 for the first poll
	Status  SnapshotJobStatus // the last that is known; empty before the first response
	Err     error             // why this poll failed; nil if it did not
	Elapsed time.Duration     // since Wait was called

	// Next is planned until the next poll; the context may end before. It is 0 if no
	// poll is planned.
	Next time.Duration
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
	status := redactCode(string(e.Status), noCredentials)
	if status == "" {
		status = "unknown"
	}
	polls := "1 poll"
	if e.Polls != 1 {
		polls = fmt.Sprintf("%d polls", e.Polls)
	}
	return fmt.Sprintf("wait for snapshot job %s: last status %s after %v and %s: %v",
		e.Job, status, e.Elapsed.Round(time.Millisecond), polls, e.Err)
}

// Unwrap returns Err.
func (e *WaitError) Unwrap() error { return e.Err }

// Wait polls [Client.DescribeDashboardSnapshotJob] until the job has finished, and
// returns its result. Only the context limits how long that takes, so the context
// should have a deadline. A job that has finished costs two calls and no delay.
//
// For a job that has finished, Wait returns the output and what its Err returns: nil,
// or a [*JobError] if the job or some of its files failed. Any other error comes
// without an output: an [*InvalidInputError], before anything was sent, or a
// [*WaitError].
//
// These slow a wait down, and don't end it:
//
//   - throttling, 5xx responses and broken connections
//   - a job that is not found, during the first 10 seconds: the service may not show yet
//     what it has just accepted
//   - credentials that fail after they worked: their provider fails, or the service
//     calls them expired
//
// Any other error would come again, such as AccessDeniedException, and ends the wait.
//
// If the service sends a status that this package doesn't know, Wait asks for the
// result. The job has finished if there is one.
//
// Wait starts no goroutine. Thousands may wait with one client.
func (c *Client) Wait(
	ctx context.Context,
	job Job,
	optFns ...func(*WaitOptions),
) (*DescribeDashboardSnapshotJobResultOutput, error) {
	options, problems := prepareWait(optFns)
	problems = append(problems, job.problems()...)
	settings := c.settingsFor(options.ClientOptions)
	problems = append(problems, settings.problems...)
	problems.needContext(ctx)
	if err := problems.err(); err != nil {
		return nil, err
	}
	w := &wait{
		client:   c,
		settings: settings,
		options:  options,
		job:      job,
		started:  time.Now(),
	}
	output, err := w.run(ctx)
	if err != nil {
		return nil, &WaitError{
			Job:     job,
			Status:  w.status,
			Polls:   w.polls,
			Elapsed: w.elapsed(),
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
	minDelay := defaultMinDelay
	if o.MaxDelay > 0 {
		minDelay = min(defaultMinDelay, o.MaxDelay)
	}
	setDefault(&problems, "MinDelay", &o.MinDelay, minDelay)
	setDefault(&problems, "MaxDelay", &o.MaxDelay, max(defaultMaxDelay, o.MinDelay))
	if o.MaxDelay > 0 && o.MaxDelay < o.MinDelay {
		problems.add("MaxDelay", "is %v: want at least MinDelay, %v", o.MaxDelay, o.MinDelay)
	}
	return o, problems
}

// wait is a wait for one job, as far as it has come.
type wait struct {
	client   *Client
	settings *settings
	options  WaitOptions
	job      Job
	started  time.Time

	polls     int
	status    SnapshotJobStatus // the last that is known
	lastError error             // of the last poll; nil if there was none

	// failures are the polls in a row that failed, other than with a job that is not
	// found.
	failures int

	// credentialsAccepted reports whether the service has accepted a signature.
	credentialsAccepted bool
}

// elapsed returns how long the wait has lasted.
func (w *wait) elapsed() time.Duration { return time.Since(w.started) }

// run polls until the job has finished or polling makes no sense any more.
func (w *wait) run(ctx context.Context) (*DescribeDashboardSnapshotJobResultOutput, error) {
	for ctx.Err() == nil {
		previous := w.lastError
		output, err := w.poll(ctx)
		if output == nil && w.goesOn(ctx, err) {
			delay := w.nextDelay()
			w.report(delay)
			sleep(ctx, delay)
			continue
		}
		w.report(0)
		if err != nil && ctx.Err() != nil {
			err = withPrevious(err, previous)
		}
		return output, err
	}
	return nil, canceledError(ctx, w.lastError)
}

// poll asks about the job once, and counts the failures in a row. A job that is not
// found is no failure of a poll. The output is nil while there is none.
func (w *wait) poll(ctx context.Context) (*DescribeDashboardSnapshotJobResultOutput, error) {
	output, err := w.ask(ctx)
	w.polls++
	w.lastError = err
	if err == nil || isNotFound(err) {
		w.failures = 0
	} else {
		w.failures++
	}
	return output, err
}

// ask asks for the job's status, unless that is final, and for the job's result, unless
// the status says that there is none.
func (w *wait) ask(ctx context.Context) (*DescribeDashboardSnapshotJobResultOutput, error) {
	if !w.status.IsTerminal() {
		if err := w.askForStatus(ctx); err != nil {
			return nil, err
		}
	}
	if w.status == SnapshotJobStatusQueued || w.status == SnapshotJobStatusRunning {
		return nil, nil
	}
	output, err := w.client.result(ctx, w.settings, w.job)
	if errors.Is(err, ErrJobNotFinished) && !w.status.IsTerminal() {
		// That is what the unknown status means, and no failure.
		return nil, nil
	}
	return output, err
}

// askForStatus asks for the job's status, and keeps it.
func (w *wait) askForStatus(ctx context.Context) error {
	found, err := w.client.description(ctx, w.settings, w.job)
	if err == nil || isNotFound(err) {
		w.credentialsAccepted = true
	}
	if err != nil {
		return err
	}
	w.status = found.JobStatus
	return nil
}

// goesOn reports whether another poll makes sense after one that found no result and
// ended with err.
func (w *wait) goesOn(ctx context.Context, err error) bool {
	switch {
	case err == nil:
		return true
	case ctx.Err() != nil:
		return false
	case isCredentialsError(err):
		// Its error may look transient although it would come again, as from an address
		// that is wrong. A provider that failed in the first poll has ended the wait.
		return w.credentialsAccepted || w.polls > 1
	case credentialsExpired(err):
		return w.credentialsAccepted
	case IsTransient(err):
		return true
	}
	return isNotFound(err) && w.elapsed() < notFoundGrace
}

// isCredentialsError reports whether err is that of a provider without credentials.
func isCredentialsError(err error) bool {
	_, ok := errors.AsType[*credentialsError](err)
	return ok
}

// isNotFound reports whether err says that the job is not there. AWS doesn't document the
// exception of a result that is not there yet. If it is the same one, the job is there.
func isNotFound(err error) bool {
	_, ok := errors.AsType[*ResourceNotFoundException](err)
	return ok && !errors.Is(err, ErrJobNotFinished)
}

// report tells WaitOptions.OnPoll of the last poll.
func (w *wait) report(next time.Duration) {
	if w.options.OnPoll == nil {
		return
	}
	w.options.OnPoll(Poll{
		Job:     w.job,
		Number:  w.polls,
		Status:  w.status,
		Err:     w.lastError,
		Elapsed: w.elapsed(),
		Next:    next,
	})
}

// nextDelay returns the delay until the next poll.
func (w *wait) nextDelay() time.Duration {
	delay := w.elapsed() / delayDivisor
	delay = max(delay, w.options.MinDelay)
	delay = min(delay, w.options.MaxDelay)
	for range w.failures {
		if delay > w.options.MaxDelay/2 {
			delay = w.options.MaxDelay
			break
		}
		delay *= 2
	}
	return varied(delay)
}

// varied lengthens or shortens a delay at random.
func varied(delay time.Duration) time.Duration {
	shorter := delay / variationDivisor
	longer := min(shorter, math.MaxInt64-delay) // The sum must not overflow.
	return delay - shorter + rand.N(shorter+longer+1)
}
