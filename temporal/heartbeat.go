package temporal

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/quicksight-go/snapshotjob"
)

const (
	// heartbeatTimeout is how long after its last heartbeat an activity counts as lost
	// with its worker, and is given to another one.
	heartbeatTimeout = 20 * time.Second

	// startHeartbeatTimeout is shorter because a slot of the account may depend on it.
	startHeartbeatTimeout = 10 * time.Second

	// heartbeatInterval is that of the heartbeats. The SDK sends fewer: one in 80 % of
	// the timeout.
	heartbeatInterval = 3 * time.Second
)

// seen is what the attempts at an activity have seen. It is the details of the heartbeats.
// The next attempt goes on from it, and Temporal's web interface shows it.
type seen struct {
	// Failures is how many attempts have failed for a reason that is neither transient
	// nor surely final.
	Failures int `json:",omitempty"`

	// Status is the last known status of the job that is waited for.
	Status snapshotjob.SnapshotJobStatus `json:",omitempty"`

	// Polls is how often all attempts have asked for the job.
	Polls int `json:",omitempty"`
}

// heartbeats tells the server that an activity is alive, and what it has seen.
type heartbeats struct {
	mu   sync.Mutex
	seen seen
}

// startHeartbeats begins to send heartbeats for the activity of a context. They go on
// until stop is called. The first one is sent at once.
func startHeartbeats(ctx context.Context) (beats *heartbeats, stop func()) {
	beats = &heartbeats{}
	if activity.HasHeartbeatDetails(ctx) {
		// An attempt that can't read what another version has written begins anew.
		if err := activity.GetHeartbeatDetails(ctx, &beats.seen); err != nil {
			beats.seen = seen{}
		}
	}
	beats.send(ctx)
	stopped := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		beats.run(ctx, stopped)
	}()
	return beats, func() {
		close(stopped)
		<-done
	}
}

// run sends heartbeats until stopped is closed.
func (b *heartbeats) run(ctx context.Context, stopped <-chan struct{}) {
	ticker := time.NewTicker(heartbeatInterval)
	defer ticker.Stop()
	for {
		select {
		case <-stopped:
			return
		case <-ticker.C:
			b.send(ctx)
		}
	}
}

// send sends a heartbeat.
func (b *heartbeats) send(ctx context.Context) {
	b.mu.Lock()
	defer b.mu.Unlock()
	activity.RecordHeartbeat(ctx, b.seen)
}

// countFailure counts one more failure, and returns how many there are.
func (b *heartbeats) countFailure(ctx context.Context) int {
	b.update(func(s *seen) { s.Failures++ })
	b.send(ctx) // The SDK sends it at the latest with the error of the attempt.
	return b.current().Failures
}

// addPoll notes what a poll for a job has seen. The next heartbeat tells it.
func (b *heartbeats) addPoll(poll snapshotjob.Poll) {
	b.update(func(s *seen) {
		s.Status = poll.Status
		s.Polls++
	})
}

// current returns what has been seen so far.
func (b *heartbeats) current() seen {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seen
}

// update changes what the next heartbeat tells.
func (b *heartbeats) update(change func(*seen)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.seen)
}
