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

	// busyMinDelay is the default of MinDelay while requests are left to be started.
	busyMinDelay = 5 * time.Second

	// From then on the delays are between lastMinDelay and lastMaxDelay, as Wait's are by
	// default, but not longer than the time that the run has lasted divided by lagDivisor.
	lastMinDelay = 3 * time.Second
	lastMaxDelay = 30 * time.Second
	lagDivisor   = 50

	// shortestPhase is for how long the options of a wait are kept at least, after the last
	// request was started.
	shortestPhase = time.Minute
)

// errNextPhase ends a wait that is to be begun anew, with other options.
var errNextPhase = errors.New("the wait is begun anew")

// wait waits for a job, which had this status, for as long as Options.JobTimeout.
func (r *run) wait(
	ctx context.Context,
	job snapshotjob.Job,
	status snapshotjob.SnapshotJobStatus,
) (*snapshotjob.DescribeDashboardSnapshotJobResultOutput, error) {
	if status.IsTerminal() {
		// Wait would ask for the status once more.
		output, err := r.client.DescribeDashboardSnapshotJobResult(ctx, job, r.clientOptions...)
		if err == nil {
			return output, output.Err()
		}
	}
	timeout := fmt.Errorf("it has outlasted JobTimeout, %v", r.options.JobTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, r.options.JobTimeout, timeout)
	defer cancel()
	if r.hasOwnDelays() {
		return r.client.Wait(ctx, job, r.setWaitOptions)
	}
	pause(ctx, firstDelay)
	output, err := r.waitUntil(ctx, r.busy, job, busyMinDelay, lastMaxDelay)
	for errors.Is(err, errNextPhase) {
		output, err = r.waitWhileLast(ctx, job)
	}
	return output, err
}

// hasOwnDelays reports whether Options.WaitOptions say how often jobs are polled.
func (r *run) hasOwnDelays() bool {
	return r.waitOptions.MinDelay != 0 || r.waitOptions.MaxDelay != 0
}

// setWaitOptions is an option function that sets the run's options.
func (r *run) setWaitOptions(o *snapshotjob.WaitOptions) { *o = r.waitOptions }

// waitWhileLast waits for a job when no request is left to be started. It does so for as
// long as the same delays are right, and returns errNextPhase then.
func (r *run) waitWhileLast(
	ctx context.Context,
	job snapshotjob.Job,
) (*snapshotjob.DescribeDashboardSnapshotJobResultOutput, error) {
	lasted := time.Since(r.ledger.began)
	maxDelay := min(max(lasted/lagDivisor, lastMinDelay), lastMaxDelay)
	phase, cancel := context.WithTimeout(context.Background(), max(lasted/2, shortestPhase))
	defer cancel()
	return r.waitUntil(ctx, phase, job, lastMinDelay, maxDelay)
}

// waitUntil waits for a job, with these delays, until the phase ends. Then it returns
// errNextPhase.
func (r *run) waitUntil(
	ctx context.Context,
	phase context.Context,
	job snapshotjob.Job,
	minDelay time.Duration,
	maxDelay time.Duration,
) (*snapshotjob.DescribeDashboardSnapshotJobResultOutput, error) {
	if phase.Err() != nil {
		return nil, errNextPhase
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(phase, func() { cancel(errNextPhase) })
	defer stop()
	setDelays := func(o *snapshotjob.WaitOptions) {
		o.MinDelay = minDelay
		o.MaxDelay = maxDelay
	}
	return r.client.Wait(ctx, job, r.setWaitOptions, setDelays)
}

// pause waits for a time, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
