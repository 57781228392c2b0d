package batch

import (
	"fmt"
	"strconv"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// request is one request on its way to its outcome. One goroutine at a time owns it: the
// starter while it is offered, then the one that follows its job.
type request struct {
	input *snapshotjob.StartDashboardSnapshotJobInput // as the sequence gave it
	taken time.Time                                   // from the sequence

	// number tells the jobs of the request apart. The first job has the id of the input.
	// Job n has the id with "-n" appended.
	number int

	started int // how many jobs this run has started for the request

	// lost reports whether a start of the present job has failed without telling whether
	// it made the job. If the job exists, this run has started it.
	lost bool

	// firstFailure is when the service was first unable to start or describe the present
	// job, and failures is how often in a row. They are zero if it was not.
	firstFailure time.Time
	failures     int

	accepted time.Time // when the present job was accepted or, if adopted, created
	adopted  bool      // whether the present job existed before this run

	// last is the outcome of the job before the present one, if it failed in this run.
	// It is the outcome of the request if no further job can be started.
	last *Outcome
}

// newRequest returns a request that was just taken from the sequence.
func newRequest(input *snapshotjob.StartDashboardSnapshotJobInput) *request {
	return &request{
		input:  input,
		taken:  time.Now(),
		number: 1,
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

// nextJob makes the request one for its next job. The present job has failed, either in
// this run with this outcome, or before it, without an outcome.
func (r *request) nextJob(failed *Outcome) {
	r.number++
	r.lost = false
	r.firstFailure = time.Time{}
	r.failures = 0
	r.accepted = time.Time{}
	r.adopted = false
	r.last = failed
}

// countFailure notes that the service was unable to start or describe the present job.
func (r *request) countFailure() {
	if r.failures == 0 {
		r.firstFailure = time.Now()
	}
	r.failures++
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
// If there was a job before, that one's outcome counts, with err added.
func (r *request) notStarted(err error) Outcome {
	if r.last == nil {
		return r.outcome(nil, err)
	}
	outcome := *r.last
	outcome.Err = &againError{job: outcome.Err, again: err}
	return outcome
}

// retryDelay returns after how long the present job is offered again.
func (r *request) retryDelay() time.Duration {
	delay := shortestRetryDelay
	for range r.failures - 1 {
		if delay *= 2; delay >= longestRetryDelay {
			return longestRetryDelay
		}
	}
	return delay
}

// againError is the error of a request whose job failed in such a way that another one may
// succeed, if that one could not be started.
type againError struct {
	job   error // of the job
	again error // of starting another one
}

// Error returns both texts.
func (e *againError) Error() string {
	return fmt.Sprintf("%v; another job could not be started: %v", e.job, e.again)
}

// Unwrap returns both errors.
func (e *againError) Unwrap() []error { return []error{e.job, e.again} }
