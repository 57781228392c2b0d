package batch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// accepted follows the job of a request that the service has just accepted.
func (r *run) accepted(ctx context.Context, req *request) {
	req.started++
	req.accepted = time.Now()
	r.ledger.started(req.job())
	const notSeenYet snapshotjob.SnapshotJobStatus = ""
	r.follow(ctx, req, notSeenYet)
}

// lookUp finds out whether a job that exists already is the one of the request. The error
// exists is the service's.
func (r *run) lookUp(ctx context.Context, req *request, exists error) {
	r.ledger.lookingUp()
	var found *snapshotjob.DescribeDashboardSnapshotJobOutput
	describe := func() error {
		var err error
		found, err = r.client.DescribeDashboardSnapshotJob(ctx, req.job(), r.clientOptions...)
		return err
	}
	r.group.Start(describe, func(err error) {
		if err == nil {
			r.judge(ctx, req, found, exists)
			return
		}
		r.ledger.notAdopted()
		// A job that exists and is not found has just been started, or its id is free now.
		worthRetrying := r.mayGoAway(err) || isNotFound(err)
		err = fmt.Errorf("%w; the job could not be described: %w", exists, err)
		r.afterFailure(ctx, req, err, worthRetrying)
	})
}

// judge decides what a job that was found means for a request: the job is adopted, it
// had failed before, or it is another one.
func (r *run) judge(
	ctx context.Context,
	req *request,
	found *snapshotjob.DescribeDashboardSnapshotJobOutput,
	exists error,
) {
	if !found.Matches(req.input) {
		r.ledger.notAdopted()
		err := fmt.Errorf("%w; that job makes another snapshot than this request: "+
			"give the request another job id, or wait until 24 hours after that job's end", exists)
		r.settle(ctx, req.notStarted(err))
		return
	}
	isStartedHere := req.isStartedHere(found.CreatedTime)
	if found.JobStatus == snapshotjob.SnapshotJobStatusFailed && !isStartedHere {
		r.ledger.retriedAfterLookUp(req.job(), errors.New("the job had FAILED before this run"))
		req.nextJob(req.last)
		r.offerAgain(ctx, req, noDelay)
		r.ledger.releaseSlot()
		return
	}
	req.accepted = found.CreatedTime
	if isStartedHere {
		req.started++
		r.ledger.foundStarted(req.job())
	} else {
		req.adopted = true
		r.ledger.adopted(req.job())
	}
	r.follow(ctx, req, found.JobStatus)
}

// follow waits for the job of a request. The status is the last that was seen of the job.
func (r *run) follow(ctx context.Context, req *request, status snapshotjob.SnapshotJobStatus) {
	var output *snapshotjob.DescribeDashboardSnapshotJobResultOutput
	wait := func() error {
		var err error
		output, err = r.wait(ctx, req.job(), status)
		return err
	}
	r.group.Start(wait, func(err error) {
		if output == nil {
			r.gaveUp(ctx, req, err)
		} else {
			r.finished(ctx, req, output, err)
		}
	})
}

// gaveUp settles a request whose job was not seen to finish.
func (r *run) gaveUp(ctx context.Context, req *request, err error) {
	if goesOn(err) {
		r.ledger.jobGivenUp()
		err = fmt.Errorf("%w; the job goes on at the service, and a later run adopts it", err)
	} else {
		r.ledger.jobEnded(unknownDuration)
	}
	r.settle(ctx, req.notSeen(err))
}

// goesOn reports whether the job of a wait that ended with err, and without a result, may
// still be under way.
func goesOn(err error) bool {
	waitError, ok := errors.AsType[*snapshotjob.WaitError](err)
	hasFinished := ok && waitError.Status.IsTerminal()
	return !hasFinished && !isNotFound(err)
}

// finished settles a request whose job has finished, or has the request offered again as
// another job.
func (r *run) finished(
	ctx context.Context,
	req *request,
	output *snapshotjob.DescribeDashboardSnapshotJobResultOutput,
	err error,
) {
	outcome := req.outcome(output, err)
	duration := unknownDuration
	if !outcome.Adopted {
		duration = outcome.Finished.Sub(outcome.Started)
	}
	best := req.best(outcome)
	if !r.mayStartAnother(req, err) {
		r.ledger.jobEnded(duration)
		r.settle(ctx, best)
		return
	}
	r.ledger.retriedAfterJob(outcome.Job, err, duration)
	req.nextJob(&best)
	r.offerAgain(ctx, req, noDelay)
	r.ledger.releaseSlot()
}

// mayStartAnother reports whether another job may succeed after one of the request has
// ended with err, and this run may start one more for the request.
func (r *run) mayStartAnother(req *request, err error) bool {
	jobError, ok := errors.AsType[*snapshotjob.JobError](err)
	return ok && jobError.TryAgain() && req.started < r.options.MaxAttempts
}

// afterFailure has a request offered again after an error of starting or describing its
// job, if that is worth it and the errors have not come for too long. Otherwise the error
// becomes that of the request.
func (r *run) afterFailure(ctx context.Context, req *request, err error, worthRetrying bool) {
	if !worthRetrying || !req.countFailure() {
		r.settle(ctx, req.notStarted(err))
		return
	}
	r.ledger.retried(req.job(), err)
	r.offerAgain(ctx, req, req.retryDelay())
}

// noDelay has a request offered again at once.
const noDelay time.Duration = 0

// offerAgain has a request offered again after a delay.
func (r *run) offerAgain(ctx context.Context, req *request, delay time.Duration) {
	if !r.retries.add(req, time.Now().Add(delay)) {
		r.settle(ctx, req.notStarted(notStartedError(ctx)))
		return
	}
	signal(r.ledger.changed)
}

// settle gives a request its outcome, and has it handled.
func (r *run) settle(ctx context.Context, outcome Outcome) {
	r.ledger.settled(&outcome)
	handle := func() error {
		r.handleSlots <- struct{}{}
		defer func() { <-r.handleSlots }()
		r.ledger.handling()
		return r.handle(ctx, outcome)
	}
	r.group.Start(handle, func(err error) { r.ledger.handled(&outcome, err) })
}
