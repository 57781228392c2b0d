package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// ErrOutcomeUnknown is matched by the error of a [Client.StartDashboardSnapshotJob]
// that cannot tell whether the job was started. The error says what to do. A second
// start with the same id cannot make two jobs.
var ErrOutcomeUnknown = errors.New("whether the job was started is not known: " +
	"describe it, or start it again with the same id: " +
	"ResourceExistsException then means that it was started")

const (
	// dateResolution is by how much a description's CreatedTime may seem to be earlier
	// than the first attempt, although it is not: it may be cut to whole seconds. The
	// other second is a margin. The Date of responses is cut as well, but that makes the
	// service's clock seem to be behind, which errs on the safe side.
	dateResolution = 2 * time.Second

	// largestClockError is how far the clocks may be apart if nothing corrects the
	// difference. The service refuses a signature whose time is more than 5 minutes
	// from its own.
	largestClockError = 5 * time.Minute
)

// failedStart is a start whose call has failed. Its job may have been started all the
// same.
type failedStart struct {
	client   *Client
	settings *settings
	input    *StartDashboardSnapshotJobInput
	result   callResult
	err      error // of the call
}

// resolve returns the output of the start if a description shows that the start has
// made its job. Otherwise it returns an error that wraps the error of the call.
func (f *failedStart) resolve(ctx context.Context) (*StartDashboardSnapshotJobOutput, error) {
	if !f.mayHaveStarted() {
		return nil, f.err
	}
	found, err := f.client.description(ctx, f.settings, f.input.Job)
	if err != nil {
		return nil, f.outcomeUnknown(explainDescribe(err))
	}
	if found.CreatedTime.IsZero() {
		return nil, f.outcomeUnknown(errors.New("the description does not tell when the job was created"))
	}
	if len(found.SnapshotConfiguration.FileGroups) == 0 {
		return nil, f.outcomeUnknown(errors.New("the description does not tell which files the job makes"))
	}
	if found.CreatedTime.Before(f.earliestCreation()) || !found.Matches(f.input) {
		return nil, fmt.Errorf("%w; another job has this id", f.err)
	}
	return &StartDashboardSnapshotJobOutput{
		Job:       f.input.Job,
		ARN:       found.ARN,
		RequestID: found.RequestID,
		Status:    http.StatusOK, // the description's own Status is not the HTTP status
	}, nil
}

// mayHaveStarted reports whether the start may have made its job: the outcome of an
// attempt is not known, or the job exists after more than one attempt.
func (f *failedStart) mayHaveStarted() bool {
	if f.result.outcomeUnknown {
		return true
	}
	return f.result.attempts > 1 && errorCode(f.err) == "ResourceExistsException"
}

// earliestCreation returns when, by the service's clock, the start can have made its job
// at the earliest.
func (f *failedStart) earliestCreation() time.Time {
	isCorrected := f.client.clockSkew.isKnown() && !f.settings.options.DisableClockSkewCorrection
	if !isCorrected {
		return f.result.firstSent.Add(-largestClockError)
	}
	return f.result.firstSent.Add(f.client.clockSkew.load() - dateResolution)
}

// outcomeUnknown is the error of a start that cannot be resolved, with the reason.
func (f *failedStart) outcomeUnknown(reason error) error {
	return fmt.Errorf("%w; the start failed: %w; %w", ErrOutcomeUnknown, f.err, reason)
}

// explainDescribe adds to the error of a description what it means for the start.
func explainDescribe(err error) error {
	if errorCode(err) == "ResourceNotFoundException" {
		return fmt.Errorf("there is no job of this id yet: %w", err)
	}
	return fmt.Errorf("describing the job failed: %w", err)
}
