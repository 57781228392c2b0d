package batch

import (
	"fmt"
	"strconv"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

const (
	// A request that the service was unable to start or to describe is offered again
	// after shortestRetryDelay. The delay doubles with each further failure, up to
	// longestRetryDelay.
	shortestRetryDelay = time.Second
	longestRetryDelay  = 30 * time.Second

	// maxFailures is how many failures in a row end a request. The delays between them
	// add up to ten minutes.
	maxFailures = 25

	// largestClockError is how far the clocks of this machine and the service may be
	// apart. The service refuses a signature whose time is more than 5 minutes from its
	// own.
	largestClockError = 5 * time.Minute
)

// request is one request on its way to its outcome. One goroutine at a time owns it: the
// starter while it is offered, then the one that follows its job.
type request struct {
	input   *snapshotjob.StartDashboardSnapshotJobInput // as the sequence gave it
	taken   time.Time                                   // from the sequence
	started int                                         // how many jobs this run has started for the request

	// last is the outcome of the job before the present one, if it failed in this run.
	last *Outcome

	// The following fields are about the present job.

	// number tells the jobs of the request apart. The first job has the id of the input.
	// Job n has the id with "-n" appended.
	number int

	isClaimed bool      // whether no other request of the batch can have the job
	failures  int       // how often in a row the service was unable to start or describe it
	accepted  time.Time // when it was accepted or, if adopted, created
	adopted   bool      // whether it existed before this run

	// lost is when a start was first sent of which nobody knows whether it made the job.
	// It is zero if there is none.
	lost time.Time
}

// newRequest returns a request that was just taken from the sequence.
func newRequest(input *snapshotjob.StartDashboardSnapshotJobInput) *request {
	return &request{
		input:  input,
		taken:  time.Now(),
		number: 1,
	}
}

// nextJob makes the request one for its next job. The present job has failed, either in
// this run with this outcome, or before it, without an outcome.
func (r *request) nextJob(failed *Outcome) {
	*r = request{
		input:   r.input,
		taken:   r.taken,
		started: r.started,
		last:    failed,
		number:  r.number + 1,
	}
}

// job returns the id of the present job. It is zero if the request is nil.
func (r *request) job() snapshotjob.Job {
	if r.input == nil {
		return snapshotjob.Job{}
	}
	job := r.input.Job
	if r.number > 1 {
		job.SnapshotJobID += "-" + strconv.Itoa(r.number)
	}
	return job
}

// startInput returns the input that starts the present job.
func (r *request) startInput() *snapshotjob.StartDashboardSnapshotJobInput {
	if r.number == 1 {
		return r.input
	}
	input := *r.input
	input.Job = r.job()
	return &input
}

// isStartedHere reports whether a start of this run made the present job, which was found
// with this time of creation, although nobody knew what became of the start.
func (r *request) isStartedHere(created time.Time) bool {
	return !r.lost.IsZero() && created.After(r.lost.Add(-largestClockError))
}

// retryDelay returns after how long the present job is offered again.
func (r *request) retryDelay() time.Duration {
	delay := shortestRetryDelay
	for range r.failures - 1 {
		delay = min(2*delay, longestRetryDelay)
	}
	return delay
}

// outcome returns the outcome of the request with its present job.
func (r *request) outcome(
	result *snapshotjob.DescribeDashboardSnapshotJobResultOutput,
	err error,
) Outcome {
	return Outcome{
		Input:    r.input,
		Job:      r.job(),
		Result:   result,
		Err:      err,
		Adopted:  r.adopted,
		Queued:   r.taken,
		Started:  r.accepted,
		Finished: time.Now(),
	}
}

// notStarted returns the outcome of the request if its present job could not be started.
// If there was a job before, that one's outcome counts.
func (r *request) notStarted(err error) Outcome {
	if r.last == nil {
		return r.outcome(nil, err)
	}
	outcome := *r.last
	outcome.Err = &againError{
		job:   outcome.Err,
		again: fmt.Errorf("another job could not be started: %w", err),
	}
	return outcome
}

// best returns the outcome of the request whose present job has finished with this
// outcome. If the job before has made more files, that one's outcome counts.
func (r *request) best(present Outcome) Outcome {
	if r.last == nil || countGoodFiles(r.last.Result) <= countGoodFiles(present.Result) {
		return present
	}
	outcome := *r.last
	outcome.Err = &againError{
		job:   outcome.Err,
		again: fmt.Errorf("another job made fewer files: %w", present.Err),
	}
	return outcome
}

// countGoodFiles returns how many files of a result were made without an error.
func countGoodFiles(result *snapshotjob.DescribeDashboardSnapshotJobResultOutput) int {
	count := 0
	for file := range result.Files() {
		if file.Err() == nil {
			count++
		}
	}
	return count
}

// againError is the error of a request whose job failed, and for which another job did not
// help.
type againError struct {
	job   error // of the job
	again error // of the other one
}

// Error returns both texts.
func (e *againError) Error() string { return fmt.Sprintf("%v; %v", e.job, e.again) }

// Unwrap returns both errors.
func (e *againError) Unwrap() []error { return []error{e.job, e.again} }
