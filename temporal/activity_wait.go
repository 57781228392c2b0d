package temporal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/quicksight-go/snapshotjob"
)

// waitInput is what a wait for a job needs.
type waitInput struct {
	Job     snapshotjob.Job
	Created time.Time
	Timeout time.Duration // from Created on
}

// finishedJob is a job that has completed with all of its files.
type finishedJob struct {
	// Seen is when the worker saw that the job had finished.
	Seen time.Time

	// Deliver reports whether the job is to be delivered: the worker has an
	// Options.Deliver.
	Deliver bool
}

const (
	// lastChance is how long a wait lasts at least, however old the job is: it may have
	// finished while no worker was there to see it.
	lastChance = time.Minute

	// The shortest delay between two polls is the age of the job, divided by
	// delayDivisor, within the defaults of snapshotjob.WaitOptions. Wait alone would
	// begin with the shortest delay again at each worker.
	delayDivisor    = 10
	defaultMinDelay = 3 * time.Second
	defaultMaxDelay = 30 * time.Second
)

// wait waits until a job has finished. When its worker stops or dies, another worker
// goes on with it.
func (a *activities) wait(ctx context.Context, in waitInput) (finishedJob, error) {
	beats, stop := startHeartbeats(ctx)
	defer stop()
	waiting, cancel := waitContext(ctx, in)
	defer cancel()
	_, err := a.options.Client.Wait(waiting, in.Job, func(o *snapshotjob.WaitOptions) {
		age := time.Since(in.Created)
		o.MinDelay = min(max(age/delayDivisor, defaultMinDelay), defaultMaxDelay)
		o.OnPoll = beats.addPoll
	})
	if err != nil {
		return finishedJob{}, waitError(ctx, beats, in, err)
	}
	return finishedJob{
		Seen:    time.Now().UTC(),
		Deliver: a.options.Deliver != nil,
	}, nil
}

// waitError is the error of the activity for one of Client.Wait.
func waitError(ctx context.Context, beats *heartbeats, in waitInput, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errWorkerStops):
		return workerStopsError()
	case errors.Is(err, errJobTimeout):
		text := fmt.Sprintf("snapshot job %s did not finish within %v, and goes on: its last status was %s",
			in.Job, in.Timeout, beats.current().Status)
		return finalError(text, ErrorTypeJobTimeout)
	}
	if failed, ok := errors.AsType[*snapshotjob.JobError](err); ok {
		return finalError(err.Error(), ErrorTypeJobFailed, newJobFailure(failed))
	}
	return clientError(ctx, beats, err)
}

// The causes of a context of a wait that has ended.
var (
	errWorkerStops = errors.New("the worker stops")
	errJobTimeout  = errors.New("the job takes too long")
)

// waitContext returns a context that ends when the job has had its time, or when the
// worker stops.
func waitContext(ctx context.Context, in waitInput) (context.Context, context.CancelFunc) {
	left := max(time.Until(in.Created.Add(in.Timeout)), lastChance)
	timed, cancelTimed := context.WithTimeoutCause(ctx, left, errJobTimeout)
	waiting, cancel := context.WithCancelCause(timed)
	workerStops := activity.GetWorkerStopChannel(ctx)
	go func() {
		select {
		case <-workerStops:
			cancel(errWorkerStops)
		case <-waiting.Done():
		}
	}()
	return waiting, func() {
		cancel(nil)
		cancelTimed()
	}
}
