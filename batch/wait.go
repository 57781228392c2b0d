package batch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

const (
	// firstDelay is how long after its start a job is polled for the first time. No real job
	// has finished by then.
	firstDelay = time.Second

	// busyMinDelay is the default of MinDelay while requests are left to be started. It is
	// longer if so many jobs are under way that polls would take more than a quarter of the
	// calls, which are better spent on starts.
	busyMinDelay   = 5 * time.Second
	pollsPerSecond = callsPerSecond / 4

	// When the last request was taken, MinDelay is lastMinDelay. MaxDelay is the time that
	// the run has lasted divided by lagDivisor, but between lastMinDelay and maxDelay.
	lastMinDelay = 3 * time.Second
	maxDelay     = 30 * time.Second
	lagDivisor   = 50

	// shortestPhase is for how long the delays of a wait are kept at least, after the last
	// request was taken.
	shortestPhase = time.Minute

	// gapDelay is the pause after a wait has ended with an error that may go away.
	gapDelay = 10 * time.Second
)

// errNextPhase ends a call of Client.Wait that is to be made anew, with other delays.
var errNextPhase = errors.New("the delays between polls change")

// jobWait is a wait for a job, over as many calls of Client.Wait as it takes.
type jobWait struct {
	run   *run
	job   snapshotjob.Job
	began time.Time

	// What the calls before the present one have seen. The status is empty if none was seen.
	polls  int
	status snapshotjob.SnapshotJobStatus
}

// wait waits for a job for as long as Options.JobTimeout. The status is the last that was
// seen of the job.
func (r *run) wait(
	ctx context.Context,
	job snapshotjob.Job,
	status snapshotjob.SnapshotJobStatus,
) (*snapshotjob.DescribeDashboardSnapshotJobResultOutput, error) {
	timeout := fmt.Errorf("it has outlasted JobTimeout, %v", r.options.JobTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, r.options.JobTimeout, timeout)
	defer cancel()
	w := &jobWait{
		run:    r,
		job:    job,
		began:  time.Now(),
		status: status,
	}
	if status.IsTerminal() {
		// Client.Wait would ask for the status once more. If this fails, it does so.
		output, err := r.client.DescribeDashboardSnapshotJobResult(ctx, job, r.clientOptions...)
		if err == nil {
			return output, output.Err()
		}
	}
	if !r.hasOwnDelays() {
		pause(ctx, firstDelay)
	}
	return w.waitThroughGaps(ctx)
}

// hasOwnDelays reports whether Options.WaitOptions say how often jobs are polled.
func (r *run) hasOwnDelays() bool {
	return r.waitOptions.MinDelay != 0 || r.waitOptions.MaxDelay != 0
}

// waitThroughGaps waits for the job, and goes on after errors that may go away, such as a
// provider without credentials for a while.
func (w *jobWait) waitThroughGaps(
	ctx context.Context,
) (*snapshotjob.DescribeDashboardSnapshotJobResultOutput, error) {
	for {
		output, err := w.waitThroughPhases(ctx)
		if output != nil || ctx.Err() != nil || !w.run.mayGoAway(err) {
			return output, w.withTotals(err)
		}
		w.remember(err)
		pause(ctx, gapDelay)
	}
}

// waitThroughPhases waits for the job, with the delays that are right at each time.
func (w *jobWait) waitThroughPhases(
	ctx context.Context,
) (*snapshotjob.DescribeDashboardSnapshotJobResultOutput, error) {
	if w.run.hasOwnDelays() {
		return w.run.client.Wait(ctx, w.job, w.setOptions)
	}
	output, err := w.waitWhileTaking(ctx)
	for errors.Is(err, errNextPhase) {
		w.remember(err)
		output, err = w.waitAmongTheLast(ctx)
	}
	return output, err
}

// waitWhileTaking waits for the job, or until the last request was taken.
func (w *jobWait) waitWhileTaking(
	ctx context.Context,
) (*snapshotjob.DescribeDashboardSnapshotJobResultOutput, error) {
	crowded := time.Duration(w.run.ledger.countUnderWay()) * time.Second / pollsPerSecond
	return w.waitUntil(ctx, w.run.taking, func(o *snapshotjob.WaitOptions) {
		o.MinDelay = max(busyMinDelay, crowded)
		o.MaxDelay = max(maxDelay, crowded)
	})
}

// waitAmongTheLast waits for the job after the last request was taken, for as long as the
// same delays are right.
func (w *jobWait) waitAmongTheLast(
	ctx context.Context,
) (*snapshotjob.DescribeDashboardSnapshotJobResultOutput, error) {
	lasted := time.Since(w.run.ledger.began)
	phase, cancel := context.WithTimeout(context.Background(), max(lasted/2, shortestPhase))
	defer cancel()
	return w.waitUntil(ctx, phase, func(o *snapshotjob.WaitOptions) {
		o.MinDelay = lastMinDelay
		o.MaxDelay = min(max(lasted/lagDivisor, lastMinDelay), maxDelay)
	})
}

// waitUntil waits for the job, with these delays, or until a phase ends. Then it returns
// errNextPhase.
func (w *jobWait) waitUntil(
	ctx context.Context,
	phase context.Context,
	setDelays func(*snapshotjob.WaitOptions),
) (*snapshotjob.DescribeDashboardSnapshotJobResultOutput, error) {
	if phase.Err() != nil {
		return nil, errNextPhase
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(phase, func() { cancel(errNextPhase) })
	defer stop()
	return w.run.client.Wait(ctx, w.job, w.setOptions, setDelays)
}

// setOptions is an option function of Client.Wait that sets the run's options. OnPoll is
// told of one wait, however often Client.Wait is called.
func (w *jobWait) setOptions(o *snapshotjob.WaitOptions) {
	*o = w.run.waitOptions
	onPoll := o.OnPoll
	if onPoll == nil {
		return
	}
	o.OnPoll = func(poll snapshotjob.Poll) {
		if errors.Is(poll.Err, errNextPhase) {
			return // nothing went wrong
		}
		poll.Number += w.polls
		poll.Elapsed = time.Since(w.began)
		onPoll(poll)
	}
}

// remember keeps what a call of Client.Wait has seen that ended with err.
func (w *jobWait) remember(err error) {
	waitError, ok := errors.AsType[*snapshotjob.WaitError](err)
	if !ok {
		return
	}
	w.polls += waitError.Polls
	if waitError.Status != "" {
		w.status = waitError.Status
	}
}

// withTotals returns the error of the last call of Client.Wait with the polls, the time and
// the status of the whole wait.
func (w *jobWait) withTotals(err error) error {
	last, ok := errors.AsType[*snapshotjob.WaitError](err)
	if !ok {
		return err
	}
	w.remember(err)
	return &snapshotjob.WaitError{
		Job:     w.job,
		Status:  w.status,
		Polls:   w.polls,
		Elapsed: time.Since(w.began),
		Err:     last.Err,
	}
}

// pause waits for a time, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
