package temporal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

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

	// HadFailed reports whether an adopted job had FAILED when it was found.
	HadFailed bool `json:",omitempty"`
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
		return startedJob{}, clientError(ctx, beats, hideValues(err, request))
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
		text := "snapshot job %s exists, but cannot be described: %w"
		return startedJob{}, boundedError(ctx, beats, fmt.Errorf(text, input.Job, err), maxFailures)
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
	isAdopted := created.Add(createdResolution).Before(exportStarted)
	return startedJob{
		Job:       input.Job,
		Created:   created,
		Adopted:   isAdopted,
		HadFailed: isAdopted && found.JobStatus == snapshotjob.SnapshotJobStatusFailed,
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
	err := callUser(ctx, "FillIn", func(ctx context.Context) error {
		return a.options.FillIn(ctx, &filled)
	})
	if err != nil {
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
