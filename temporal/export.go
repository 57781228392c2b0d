package temporal

import (
	"errors"
	"fmt"
	"math"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/quicksight-go/snapshotjob"
)

const (
	defaultMaxAttempts = 2
	defaultJobTimeout  = 2 * time.Hour

	// maxJobTimeout is well below stepTimeout, which bounds the wait for a job.
	maxJobTimeout = 7 * 24 * time.Hour
)

// ExportInput is the input of [Export].
type ExportInput struct {
	Request Request

	// MaxAttempts is how many jobs the export starts at most, if jobs fail. Jobs that
	// existed before don't count. Default: 2.
	MaxAttempts int `json:",omitempty"`

	// JobTimeout is how long a job may take, from its creation on, a week at most.
	// Default: 2 hours.
	JobTimeout time.Duration `json:",omitempty"`
}

// Outcome is what an export has come to: a job that has completed with all of its files.
type Outcome struct {
	Job snapshotjob.Job

	// Adopted reports whether the job is older than the export.
	Adopted bool `json:",omitempty"`

	Created  time.Time // when the service accepted the job
	Finished time.Time // when a worker saw that it had finished
}

// Cancellation is the details of the *temporal.CanceledError, of Temporal's SDK, with
// which a canceled [Export] ends.
type Cancellation struct {
	Job  snapshotjob.Job
	Note string // says what becomes of the job
}

// Export is the workflow that makes one snapshot. It starts a job, waits until the job has
// finished, and has it delivered by Options.Deliver, whatever happens to workers and
// servers meanwhile.
//
// If the dashboard has a job of the request's id that was started with the same
// configuration, the export adopts it. So nothing is done twice if an export is run again
// under the same workflow id, or with the same SnapshotJobID.
//
// If a job fails, and [snapshotjob.JobError.TryAgain] says that another one may not, the
// export starts another one, whose id has "-2" appended, then "-3" and so on, up to
// MaxAttempts. A job that had FAILED before the export found it is always followed by
// another one: what was wrong may have been put right. Package batch has the same rules.
//
// The error is a *temporal.ApplicationError of Temporal's SDK with one of the ErrorType
// constants, or with the service's code, as its type.
//
// A cancellation ends the export, but not the job, for which the service has no such
// operation. The *temporal.CanceledError has a [Cancellation] as its details. An export
// with the same id adopts the job.
func Export(ctx workflow.Context, in ExportInput) (Outcome, error) {
	in, err := in.withDefaults(workflow.GetInfo(ctx))
	if err != nil {
		return Outcome{}, err
	}
	started, finished, err := makeJob(ctx, in)
	if err != nil {
		return Outcome{}, err
	}
	if finished.Deliver {
		if err := deliverJob(ctx, started.Job); err != nil {
			return Outcome{}, endedError(err, started.Job, "it has completed, and is not delivered")
		}
	}
	return Outcome{
		Job:      started.Job,
		Adopted:  started.Adopted,
		Created:  started.Created,
		Finished: finished.Seen,
	}, nil
}

// makeJob starts jobs, one after the other has failed, until one has completed or another
// one would not help.
func makeJob(ctx workflow.Context, in ExportInput) (startedJob, finishedJob, error) {
	startedByUs := 0
	var failure error // of the job before, if it failed during this export
	for number := 1; ; number++ {
		request := in.Request
		request.SnapshotJobID = numberedID(in.Request.SnapshotJobID, number)
		started, err := startJob(ctx, request)
		if err != nil {
			err = afterFailure(failure, err, "another job could not be started")
			const state = "its start may be under way, and the job goes on at the service"
			return startedJob{}, finishedJob{}, endedError(err, request.job(), state)
		}
		if started.HadFailed {
			continue
		}
		if !started.Adopted {
			startedByUs++
		}
		finished, err := waitForJob(ctx, started, in.JobTimeout)
		if err == nil {
			return started, finished, nil
		}
		if !isWorthAnother(err) || startedByUs >= in.MaxAttempts {
			err = afterFailure(failure, err, "another job was not seen to finish")
			return startedJob{}, finishedJob{}, endedError(err, started.Job, "it goes on at the service")
		}
		failure = err
	}
}

// withDefaults returns the input with its defaults, or what is wrong with it.
func (in ExportInput) withDefaults(info *workflow.Info) (ExportInput, error) {
	if text := problemOfLimits(in.MaxAttempts, in.JobTimeout); text != "" {
		return ExportInput{}, finalError(text, ErrorTypeInvalidInput)
	}
	if in.MaxAttempts == 0 {
		in.MaxAttempts = defaultMaxAttempts
	}
	if in.JobTimeout == 0 {
		in.JobTimeout = defaultJobTimeout
	}
	if in.Request.SnapshotJobID == "" {
		in.Request.SnapshotJobID = JobID(info.WorkflowExecution.ID)
	}
	return in, nil
}

// problemOfLimits says what is wrong with the MaxAttempts and the JobTimeout of an input,
// or nothing.
func problemOfLimits(maxAttempts int, jobTimeout time.Duration) string {
	if maxAttempts < 0 {
		return fmt.Sprintf("MaxAttempts is %d: want a positive number, or 0 for %d", maxAttempts, defaultMaxAttempts)
	}
	if jobTimeout < 0 || jobTimeout > maxJobTimeout {
		return fmt.Sprintf("JobTimeout is %v: want %v at most, or 0 for %v", jobTimeout, maxJobTimeout, defaultJobTimeout)
	}
	return ""
}

const (
	// stepTimeout bounds an activity with all of its attempts, so that nothing is tried
	// for ever.
	stepTimeout = 30 * 24 * time.Hour

	// callTimeout bounds one attempt to start a job, Options.FillIn included, or to ask
	// for a page. Heartbeats tell sooner if the worker is gone.
	callTimeout = 10 * time.Minute

	// deliveryTimeout bounds one attempt to deliver a job.
	deliveryTimeout = 2 * time.Hour

	// waitMargin is how much longer than its own timeout a wait may take. The activity
	// ends by itself, and tells more than the server could.
	waitMargin = 5 * time.Minute

	// maxStartBackoff and maxBackoff bound the time between two attempts. It begins with
	// a second, and doubles.
	maxStartBackoff = 8 * time.Second
	maxBackoff      = 30 * time.Second
)

// unlimited is as many attempts as stepTimeout allows. The server takes 0 for that as
// well, but the SDK's test environment takes it for 10.
const unlimited = math.MaxInt32

// activityOptions are those of an activity on the queue of the workflow, each attempt of
// which may take the timeout. The activity decides by the type of its error whether
// there is another attempt.
func activityOptions(timeout time.Duration) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		ScheduleToCloseTimeout: stepTimeout,
		StartToCloseTimeout:    timeout,
		HeartbeatTimeout:       heartbeatTimeout,
		WaitForCancellation:    true,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second,
			MaximumInterval: maxBackoff,
			MaximumAttempts: unlimited,
		},
	}
}

// startJob runs the activity start on the queue of the starts. It is offered to the
// service until the service has room for the job.
func startJob(ctx workflow.Context, request Request) (startedJob, error) {
	info := workflow.GetInfo(ctx)
	options := activityOptions(callTimeout)
	options.TaskQueue = StartTaskQueue(info.TaskQueueName)
	options.HeartbeatTimeout = startHeartbeatTimeout
	options.RetryPolicy.MaximumInterval = maxStartBackoff
	ctx = workflow.WithActivityOptions(ctx, options)
	var started startedJob
	err := workflow.ExecuteActivity(ctx, startActivity, startInput{
		Request:       request,
		ExportStarted: info.WorkflowStartTime,
	}).Get(ctx, &started)
	return started, err
}

// waitForJob runs the activity wait.
func waitForJob(ctx workflow.Context, started startedJob, timeout time.Duration) (finishedJob, error) {
	ctx = workflow.WithActivityOptions(ctx, activityOptions(timeout+waitMargin))
	var finished finishedJob
	err := workflow.ExecuteActivity(ctx, waitActivity, waitInput{
		Job:     started.Job,
		Created: started.Created,
		Timeout: timeout,
	}).Get(ctx, &finished)
	return finished, err
}

// deliverJob runs the activity deliver.
func deliverJob(ctx workflow.Context, job snapshotjob.Job) error {
	ctx = workflow.WithActivityOptions(ctx, activityOptions(deliveryTimeout))
	return workflow.ExecuteActivity(ctx, deliverActivity, job).Get(ctx, nil)
}

// isWorthAnother reports whether an error says that a job failed, and that another one may
// succeed.
func isWorthAnother(err error) bool {
	failure, ok := jobFailureOf(err)
	return ok && failure.TryAgain
}

// jobFailureOf returns the details of the error of a job that failed. It returns false for
// any other error.
func jobFailureOf(err error) (JobFailure, bool) {
	failed, ok := errors.AsType[*temporal.ApplicationError](err)
	if !ok || failed.Type() != ErrorTypeJobFailed {
		return JobFailure{}, false
	}
	var failure JobFailure
	err = failed.Details(&failure)
	return failure, err == nil
}

// afterFailure returns the error of an export whose last job has ended with err. If that
// does not say why a job failed, but the job before did fail, the error is that one's, and
// the text says both. The reason says what became of the last job.
func afterFailure(failure, err error, reason string) error {
	details, hasFailed := jobFailureOf(failure)
	_, failedAgain := jobFailureOf(err)
	if !hasFailed || failedAgain || temporal.IsCanceledError(err) {
		return err
	}
	text := fmt.Sprintf("%s; %s: %s", messageOf(failure), reason, messageOf(err))
	return finalError(text, ErrorTypeJobFailed, details)
}

// messageOf returns the text of an error without its type, and without those of the errors
// around it.
func messageOf(err error) string {
	if failed, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return failed.Message()
	}
	return err.Error()
}

// endedError is the error of an export that an activity has ended. If the export was
// canceled, state says what becomes of its job.
func endedError(err error, job snapshotjob.Job, state string) error {
	if !temporal.IsCanceledError(err) {
		return innermost(err)
	}
	return temporal.NewCanceledError(Cancellation{
		Job:  job,
		Note: fmt.Sprintf("snapshot job %s: %s; an export with the same id adopts it", job, state),
	})
}

// innermost takes the typed error of an activity or an export out of the errors around
// it, which name the activity, its worker and the like, so that the text, the type and
// the details come first.
func innermost(err error) error {
	if failed, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return failed
	}
	return err
}
