package temporal

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"go.temporal.io/sdk/temporal"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/internal/awscode"
)

// The types of the *temporal.ApplicationError, of Temporal's SDK, with which [Export] and
// [Batch] fail. An error of the service has the service's own code as its type, such as
// "ResourceNotFoundException".
const (
	// ErrorTypeInvalidInput means that the request is wrong, and nothing was sent. The
	// text names everything that is wrong.
	ErrorTypeInvalidInput = "InvalidInput"

	// ErrorTypeJobFailed means that the job failed, or completed without all of its
	// files, and that no other job helped. The text says what became of the last one.
	// The details are a [JobFailure].
	ErrorTypeJobFailed = "JobFailed"

	// ErrorTypeJobTimeout means that the job did not finish within the JobTimeout of the
	// input. The job goes on at the service.
	ErrorTypeJobTimeout = "JobTimeout"

	// ErrorTypeJobIDTaken means that the dashboard has another job of this id, which
	// was not started with this request.
	ErrorTypeJobIDTaken = "JobIDTaken"

	// ErrorTypeExportsFailed means that exports of a batch failed. The details are a
	// [Progress].
	ErrorTypeExportsFailed = "ExportsFailed"

	// ErrorTypeFailed is that of any other error, such as one of Options.Deliver.
	ErrorTypeFailed = "Failed"
)

// errorTypeWorkerStops is the type of an activity that goes on at another worker.
const errorTypeWorkerStops = "WorkerStops"

const (
	// refusedDelay is when a refused start is offered again. It is then one of all those
	// in the queue, whose rate limits the offers.
	refusedDelay = 3 * time.Second

	// maxFailures is how many attempts at an activity may fail for a reason that may be
	// that of their worker, such as what its role may see, before the activity fails.
	maxFailures = 10

	// maxOutageFailures is how many attempts may fail for want of a response or of
	// credentials that the service accepts. Such an outage may last for ten minutes.
	maxOutageFailures = 120

	// failureDelay is when such an activity is tried again, by whichever worker asks
	// first.
	failureDelay = 5 * time.Second
)

// JobFailure says why a job failed.
type JobFailure struct {
	Job    snapshotjob.Job
	Status snapshotjob.SnapshotJobStatus

	// ErrorTypes are those of the job and of its files, each once, as the service has
	// sent them.
	ErrorTypes []string `json:",omitempty"`

	// TryAgain is what snapshotjob.JobError.TryAgain says: whether another job with the
	// same input may succeed.
	TryAgain bool
}

// newJobFailure returns the details of an error. They have no presigned URL, and leave
// the messages to the error's text, which shows no secret.
func newJobFailure(e *snapshotjob.JobError) JobFailure {
	failure := JobFailure{
		Job:      e.Job,
		Status:   e.Status,
		TryAgain: e.TryAgain(),
	}
	failure.addErrorType(e.ErrorType)
	for _, file := range e.Files {
		for _, info := range file.Errors {
			failure.addErrorType(info.ErrorType)
		}
	}
	return failure
}

// addErrorType adds a type, unless it is empty or there already.
func (f *JobFailure) addErrorType(errorType string) {
	if errorType != "" && !slices.Contains(f.ErrorTypes, errorType) {
		f.ErrorTypes = append(f.ErrorTypes, errorType)
	}
}

// finalError is an error that another attempt would not change. The text and the details
// say it all: as a cause, every error of err's chain would repeat the text in the
// history.
func finalError(text, errorType string, details ...any) error {
	return temporal.NewApplicationErrorWithOptions(historyText(text), errorType, temporal.ApplicationErrorOptions{
		NonRetryable: true,
		Details:      details,
	})
}

// transientError is an error that a later attempt may not meet, however often it came.
func transientError(err error) error {
	return temporal.NewApplicationError(historyText(err.Error()), errorType(err))
}

// refusedError is that of a start for which the service has no room now. It is no
// failure, so that no log and no metric counts it as one.
func refusedError(err error) error {
	text := historyText(err.Error())
	return temporal.NewApplicationErrorWithOptions(text, errorType(err), temporal.ApplicationErrorOptions{
		Category:       temporal.ApplicationErrorCategoryBenign,
		NextRetryDelay: refusedDelay,
	})
}

// workerStopsError ends an activity that another worker goes on with.
func workerStopsError() error {
	const text = "the worker stops, another one goes on"
	return temporal.NewApplicationErrorWithOptions(text, errorTypeWorkerStops, temporal.ApplicationErrorOptions{
		Category:       temporal.ApplicationErrorCategoryBenign,
		NextRetryDelay: time.Millisecond,
	})
}

// clientError is the error of an activity, as the history has it, for an error of the
// client.
func clientError(ctx context.Context, beats *heartbeats, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, snapshotjob.ErrOutcomeUnknown):
		return transientError(err)
	case isRefused(err):
		return refusedError(err)
	case snapshotjob.IsTransient(err):
		return transientError(err)
	case isOutage(err):
		return boundedError(ctx, beats, err, maxOutageFailures)
	case isDenied(err):
		return boundedError(ctx, beats, err, maxFailures)
	}
	return finalError(err.Error(), errorType(err))
}

// userError is the error of an activity for an error of a function of the user's. If the
// user has given it a type, it stays as it is.
func userError(ctx context.Context, beats *heartbeats, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if typed, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return withHistoryText(typed) // A wrapped one would lose its type in the history.
	}
	if snapshotjob.IsTransient(err) && !errors.Is(err, errTooLong) {
		return transientError(err)
	}
	return boundedError(ctx, beats, err, maxFailures)
}

// boundedError is an error that another worker, or a later attempt, may not meet. The last
// of so many failures is final.
func boundedError(ctx context.Context, beats *heartbeats, err error, failures int) error {
	if beats.countFailure(ctx) >= failures {
		return finalError(err.Error(), errorType(err))
	}
	text := historyText(err.Error())
	return temporal.NewApplicationErrorWithOptions(text, errorType(err), temporal.ApplicationErrorOptions{
		NextRetryDelay: failureDelay,
	})
}

// isRefused reports whether the service has no room for a start now.
func isRefused(err error) bool {
	if _, ok := errors.AsType[*snapshotjob.LimitExceededException](err); ok {
		return true
	}
	_, ok := errors.AsType[*snapshotjob.ThrottlingException](err)
	return ok
}

// isOutage reports whether the same call may succeed when an outage has ended: there was no
// response, as without a network or credentials, or the credentials have expired and their
// provider has no others.
func isOutage(err error) bool {
	if _, isInvalid := errors.AsType[*snapshotjob.InvalidInputError](err); isInvalid {
		return false
	}
	return httpStatus(err) == 0 || awscode.IsExpired(errorType(err))
}

// isDenied reports whether the service denied access, which it may grant to another worker.
func isDenied(err error) bool {
	switch httpStatus(err) {
	case http.StatusUnauthorized, http.StatusForbidden:
		return true
	}
	return false
}

// httpStatus returns the status of the response that err is about, or 0 if there was none.
func httpStatus(err error) int {
	response, ok := errors.AsType[*awshttp.ResponseError](err)
	if !ok {
		return 0
	}
	return response.HTTPStatusCode()
}

// errorType returns the code of the service, or the package's own type of an error.
func errorType(err error) string {
	if _, ok := errors.AsType[*snapshotjob.InvalidInputError](err); ok {
		return ErrorTypeInvalidInput
	}
	if exception, ok := errors.AsType[smithy.APIError](err); ok {
		return exception.ErrorCode()
	}
	return ErrorTypeFailed
}
