package batch

import (
	"errors"
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

	// A request fails if so many failures in a row have lasted for retryTime at least.
	maxFailures = 10
	retryTime   = 10 * time.Minute

	// clockError is how far the clocks of this machine and of the service may be apart for
	// a lost start to be told from an earlier job. Machines that ask time servers are well
	// within it.
	clockError = 10 * time.Second
)

// request is one request on its way to its outcome. One goroutine at a time owns it: the
// starter while it is offered, then the one that follows its job.
type request struct {
	given   *snapshotjob.StartDashboardSnapshotJobInput // by the sequence, which may use it again
	input   *snapshotjob.StartDashboardSnapshotJobInput // a copy; nil if nothing was given
	taken   time.Time                                   // from the sequence
	started int                                         // how many jobs this run has started for the request

	// last is the outcome of the job before the present one, if it failed in this run.
	last *Outcome

	// The following fields are about the present job.

	// number tells the jobs of the request apart. The first job has the id of the input.
	// Job n has the id with "-n" appended.
	number int

	isClaimed bool      // whether no other request of the batch can have the job
	accepted  time.Time // when it was accepted or, if adopted, created
	adopted   bool      // whether it existed, and was not started by this run

	// failures is how often in a row the service was unable to start or describe the job,
	// and firstFailure is when it was for the first time.
	failures     int
	firstFailure time.Time

	// lost is when a start was first sent of which nobody knows whether it made the job,
	// and lostError is its error. They are zero if there is none.
	lost      time.Time
	lostError error
}

// newRequest returns a request that was just taken from the sequence.
func newRequest(given *snapshotjob.StartDashboardSnapshotJobInput) *request {
	req := &request{
		given:  given,
		taken:  time.Now(),
		number: 1,
	}
	if given != nil {
		input := *given
		req.input = &input
	}
	return req
}

// nextJob makes the request one for its next job. The present job has failed, either in
// this run with this outcome, or before it, without an outcome.
func (r *request) nextJob(failed *Outcome) {
	*r = request{
		given:   r.given,
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
	return !r.lost.IsZero() && created.After(r.lost.Add(-clockError))
}

// lose notes that nobody knows whether a start, sent at this time, has made the present
// job.
func (r *request) lose(sent time.Time, err error) {
	if r.lost.IsZero() {
		r.lost = sent
		r.lostError = err
	}
}

// countFailure notes that the service was unable to start or describe the present job. It
// reports whether that is worth another try.
func (r *request) countFailure() bool {
	if r.failures == 0 {
		r.firstFailure = time.Now()
	}
	r.failures++
	return r.failures < maxFailures || time.Since(r.firstFailure) < retryTime
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
		Input:    r.given,
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
// If there was a job before, that one's outcome counts. If nobody knows what became of an
// earlier start, the error says so.
func (r *request) notStarted(err error) Outcome {
	if r.lostError != nil && !errors.Is(err, snapshotjob.ErrOutcomeUnknown) {
		err = fmt.Errorf("%w; an earlier start: %w", err, r.lostError)
	}
	return r.withLast(r.outcome(nil, err), "another job could not be started")
}

// notSeen returns the outcome of the request if its present job was not seen to finish. If
// there was a job before, that one's outcome counts.
func (r *request) notSeen(err error) Outcome {
	return r.withLast(r.outcome(nil, err), "another job was not seen to finish")
}

// withLast returns the outcome of the job before, if there was one, with the error of the
// present one added. The reason says why the present one does not count.
func (r *request) withLast(present Outcome, reason string) Outcome {
	if r.last == nil {
		return present
	}
	outcome := *r.last
	outcome.Err = &againError{
		job:   outcome.Err,
		again: fmt.Errorf("%s: %w", reason, present.Err),
	}
	return outcome
}

// best returns the outcome of the request whose present job has finished with this
// outcome. If the job before has made more files, that one's outcome counts.
func (r *request) best(present Outcome) Outcome {
	if r.last == nil || countGoodFiles(r.last.Result) <= countGoodFiles(present.Result) {
		return present
	}
	return r.withLast(present, "another job made fewer files")
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
