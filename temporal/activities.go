package temporal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/quicksight-go/snapshotjob"
)

// The names of the activities. They stand in histories, and must not change.
const (
	startActivity   = "StartSnapshotJob"
	waitActivity    = "WaitForSnapshotJob"
	deliverActivity = "DeliverSnapshotJob"
	pageActivity    = "NextPageOfRequests"
)

// activities are the parts of the workflows that call QuickSight and the functions of
// the user. Each may run more than once for one step of a workflow.
type activities struct {
	options Options
}

func newActivities(o Options) *activities { return &activities{options: o} }

// startInput is what the start of a job needs.
type startInput struct {
	Request Request

	// ExportStarted is when the export has begun. A job that is older is adopted.
	ExportStarted time.Time
}

// startedJob is a job that the service has accepted.
type startedJob struct {
	Job     snapshotjob.Job
	Created time.Time
	Adopted bool // the job is older than the export
}

// start starts a job, or finds it if an earlier attempt or an earlier export has started
// it. It calls the service once, without the client's own retries, so that the rate of
// the queue is that of the calls.
func (a *activities) start(ctx context.Context, in startInput) (startedJob, error) {
	beats, stop := startHeartbeats(ctx)
	defer stop()
	request, err := a.fillIn(ctx, in.Request)
	if err != nil {
		return startedJob{}, userError(ctx, beats, err)
	}
	input := request.input()
	_, err = a.options.Client.StartDashboardSnapshotJob(ctx, input, withoutRetries)
	if _, exists := errors.AsType[*snapshotjob.ResourceExistsException](err); exists {
		return a.findExisting(ctx, beats, input, in.ExportStarted)
	}
	if err != nil {
		return startedJob{}, clientError(ctx, beats, err)
	}
	return startedJob{Job: input.Job, Created: time.Now().UTC()}, nil
}

// findExisting describes the job that has the id of a start. It is an error if that job
// was not started with the same input.
func (a *activities) findExisting(
	ctx context.Context,
	beats *heartbeats,
	input *snapshotjob.StartDashboardSnapshotJobInput,
	exportStarted time.Time,
) (startedJob, error) {
	found, err := a.options.Client.DescribeDashboardSnapshotJob(ctx, input.Job)
	if _, isNotFound := errors.AsType[*snapshotjob.ResourceNotFoundException](err); isNotFound {
		// The service may not show yet what it has accepted.
		return startedJob{}, passingError(err)
	}
	if err != nil {
		return startedJob{}, clientError(ctx, beats, err)
	}
	if !found.Matches(input) {
		text := fmt.Sprintf("the id of snapshot job %s is taken by a job with another configuration: "+
			"choose another id, or wait for 24 hours after its end", input.Job)
		return startedJob{}, finalError(text, ErrorTypeJobIDTaken)
	}
	created := found.CreatedTime
	if created.IsZero() {
		created = exportStarted // The description doesn't tell.
	}
	return startedJob{
		Job:     input.Job,
		Created: created,
		Adopted: created.Add(createdResolution).Before(exportStarted),
	}, nil
}

// withoutRetries makes a call send its request once.
func withoutRetries(o *snapshotjob.Options) { o.RetryMaxAttempts = 1 }

// fillIn returns the request with what the user adds to it.
func (a *activities) fillIn(ctx context.Context, request Request) (Request, error) {
	if a.options.FillIn == nil {
		return request, nil
	}
	filled := request
	if err := a.options.FillIn(ctx, &filled); err != nil {
		return Request{}, fmt.Errorf("fill in the request of snapshot job %s: %w", request.job(), err)
	}
	if filled.job() != request.job() {
		return Request{}, finalError("Options.FillIn changed the ids of the request", ErrorTypeInvalidInput)
	}
	return filled, nil
}

// createdResolution is by how much a creation time may seem to be earlier than it was,
// because the service may cut it to whole seconds.
const createdResolution = time.Second

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

	// Deliver reports whether the worker has something to do with the job.
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
		minDelay := time.Since(in.Created) / delayDivisor
		o.MinDelay = min(max(minDelay, defaultMinDelay), defaultMaxDelay)
		o.OnPoll = func(poll snapshotjob.Poll) {
			beats.update(func(s *seen) {
				s.Status = poll.Status
				s.Polls++
			})
		}
	})
	switch {
	case err == nil:
		return finishedJob{Seen: time.Now().UTC(), Deliver: a.options.Deliver != nil}, nil
	case ctx.Err() != nil:
		return finishedJob{}, ctx.Err()
	case errors.Is(err, errWorkerStops):
		return finishedJob{}, workerStopsError()
	case errors.Is(err, errJobTimeout):
		text := fmt.Sprintf("snapshot job %s did not finish within %v, and goes on: its last status was %s",
			in.Job, in.Timeout, beats.current().Status)
		return finishedJob{}, finalError(text, ErrorTypeJobTimeout)
	}
	if failed, ok := errors.AsType[*snapshotjob.JobError](err); ok {
		return finishedJob{}, finalError(err.Error(), ErrorTypeJobFailed, newJobFailure(failed))
	}
	return finishedJob{}, clientError(ctx, beats, err)
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
	stops := activity.GetWorkerStopChannel(ctx)
	go func() {
		select {
		case <-stops:
			cancel(errWorkerStops)
		case <-waiting.Done():
		}
	}()
	return waiting, func() {
		cancel(nil)
		cancelTimed()
	}
}

// deliver gives a finished job to the user.
func (a *activities) deliver(ctx context.Context, job snapshotjob.Job) error {
	beats, stop := startHeartbeats(ctx)
	defer stop()
	if a.options.Deliver == nil {
		const text = "this worker has no Options.Deliver, although others of the queue have one"
		return boundedError(ctx, beats, errors.New(text))
	}
	if err := a.options.Deliver(ctx, a.options.Client, job); err != nil {
		return userError(ctx, beats, fmt.Errorf("deliver snapshot job %s: %w", job, err))
	}
	return nil
}

// pageInput names a page of the requests of a batch.
type pageInput struct {
	Source string
	Cursor string
}

// nextPage asks the user for a page of requests.
func (a *activities) nextPage(ctx context.Context, in pageInput) (Page, error) {
	beats, stop := startHeartbeats(ctx)
	defer stop()
	if a.options.NextPage == nil {
		const text = "the batch has a Source, but this worker has no Options.NextPage"
		return Page{}, boundedError(ctx, beats, errors.New(text))
	}
	page, err := a.options.NextPage(ctx, in.Source, in.Cursor)
	if err != nil {
		return Page{}, userError(ctx, beats, fmt.Errorf("next page of %q: %w", in.Source, err))
	}
	if len(page.Requests) > maxPageRequests {
		text := fmt.Sprintf("a page of %q has %d requests: want at most %d", in.Source, len(page.Requests), maxPageRequests)
		return Page{}, finalError(text, ErrorTypeInvalidInput)
	}
	return page, nil
}
