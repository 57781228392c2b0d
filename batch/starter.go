package batch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

const (
	// maxRetries is how many requests may wait to be offered again before no more are
	// taken from the sequence, so that they do not pile up while the service is down.
	maxRetries = 16

	// throttledPause is the pause after the service has throttled a start.
	throttledPause = time.Second
)

// starter offers requests to the service, one after the other.
type starter struct {
	run     *run
	feed    <-chan *request // the sequence; nil once it has ended
	claimed *claimedJobs
}

// work offers requests until all have their outcome, or ctx ends.
func (s *starter) work(ctx context.Context) {
	defer s.settleRest(ctx)
	for {
		req := s.next(ctx)
		if req == nil {
			return
		}
		if err := s.claim(req); err != nil {
			s.run.settle(ctx, req.notStarted(err))
			continue
		}
		s.offer(ctx, req)
	}
}

// settleRest gives their outcome to the requests that are not offered again because ctx
// has ended.
func (s *starter) settleRest(ctx context.Context) {
	for _, req := range s.run.retries.close() {
		s.run.settle(ctx, req.notStarted(notStartedError(ctx)))
	}
}

// next returns the request to offer now, and waits for it if need be. Those that are
// offered again come first. It returns nil if there will be none, or if ctx has ended.
func (s *starter) next(ctx context.Context) *request {
	for ctx.Err() == nil {
		if s.feed == nil && s.run.ledger.allSettled() {
			return nil
		}
		switch s.run.ledger.room(&s.run.options) {
		case noRoom:
			s.waitForChange(ctx)
			continue
		case onlyOverdue:
			// Only an offer can tell whether there is room. It is made as rarely as those
			// after a refused start.
			pause(ctx, s.run.ledger.pause())
		}
		if req := s.run.retries.takeDue(time.Now()); req != nil {
			return req
		}
		if req := s.waitForRequest(ctx); req != nil {
			return req
		}
	}
	return nil
}

// waitForChange waits until the ledger changes or ctx ends.
func (s *starter) waitForChange(ctx context.Context) {
	select {
	case <-s.run.ledger.changed:
	case <-ctx.Done():
	}
}

// waitForRequest waits for the next request of the sequence. It returns nil if something
// else happens before: a request is to be offered again, the sequence ends, the ledger
// changes, or ctx ends.
func (s *starter) waitForRequest(ctx context.Context) *request {
	count, due := s.run.retries.next()
	var isDue <-chan time.Time
	if count > 0 {
		isDue = time.After(time.Until(due))
	}
	feed := s.feed
	if count >= maxRetries {
		feed = nil
	}
	select {
	case req, ok := <-feed:
		if !ok {
			s.feed = nil
		}
		return req
	case <-isDue:
	case <-s.run.ledger.changed:
	case <-ctx.Done():
	}
	return nil
}

// claim claims the present job of a request, so that no two requests of the batch have
// one job. It returns an error if another request has it.
func (s *starter) claim(req *request) error {
	if req.isClaimed || req.input == nil || req.input.Job.SnapshotJobID == "" {
		return nil // A request without an id has no job: the client refuses it.
	}
	if !s.claimed.add(req.job()) {
		problem := snapshotjob.InputFault{
			Field: "Job",
			Problem: fmt.Sprintf("%s is that of another request of the batch: "+
				"want an id of its own, which is no other id with a number appended", req.job()),
		}
		return &snapshotjob.InvalidInputError{Faults: []snapshotjob.InputFault{problem}}
	}
	req.isClaimed = true
	return nil
}

// offer offers a request until the service has taken it, or said that it will not.
func (s *starter) offer(ctx context.Context, req *request) {
	for {
		s.forgetFinished()
		sent := time.Now()
		err := s.start(ctx, req)
		if errors.Is(err, snapshotjob.ErrOutcomeUnknown) {
			req.lose(sent, err)
		}
		// The order matters: to the SDK, a refusal is a kind of throttling.
		switch {
		case err == nil:
			s.run.accepted(ctx, req)
			return
		case ctx.Err() != nil:
			s.run.settle(ctx, req.notStarted(withContextError(ctx, err)))
			return
		case isLimitExceeded(err):
			req.failures = 0
			s.run.ledger.refused(req.job(), err)
			s.waitForSlot(ctx)
		case isThrottled(err):
			req.failures = 0
			s.run.ledger.retried(req.job(), err)
			pause(ctx, throttledPause)
		case mayForeseeDeadline(ctx, err):
			if !req.countFailure() {
				s.run.settle(ctx, req.notStarted(err))
				return
			}
			// The same request is offered again, since another one would meet the same.
			s.run.ledger.retried(req.job(), err)
			pause(ctx, req.retryDelay())
		case isResourceExists(err):
			s.run.lookUp(ctx, req, err)
			return
		default:
			s.run.afterFailure(ctx, req, err, s.run.mayGoAway(err))
			return
		}
	}
}

// start sends a request to the service.
func (s *starter) start(ctx context.Context, req *request) error {
	return s.run.group.Do(func() error {
		_, err := s.run.client.StartDashboardSnapshotJob(ctx, req.startInput(), s.run.clientOptions...)
		return err
	})
}

// forgetFinished has waitForSlot wait for jobs that finish from now on.
func (s *starter) forgetFinished() {
	select {
	case <-s.run.ledger.jobFinished:
	default:
	}
}

// waitForSlot waits, after a start was refused, until a job of the batch has finished
// since, or for a pause: a job of others may have finished, or one of the batch that was
// not polled yet.
func (s *starter) waitForSlot(ctx context.Context) {
	select {
	case <-s.run.ledger.jobFinished:
	case <-time.After(s.run.ledger.pause()):
	case <-ctx.Done():
	}
}
