package batch

import (
	"fmt"
	"sync"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// Bounds of the pause after the service has refused a start because the account runs as
// many jobs as it may.
const (
	shortestPause = 500 * time.Millisecond
	longestPause  = 5 * time.Second

	// A pause is the mean time of a job divided by pauseDivisor.
	pauseDivisor = 100
)

// ledger counts what happens in a run, and tells of it. It is safe for concurrent use.
type ledger struct {
	began time.Time

	// events takes what has happened. Each event waits until the one before was received.
	events chan<- Event
	turn   chan struct{} // holds a value while an event is told

	// Each has a value if something has happened since its receiver last looked.
	jobFinished chan struct{} // a job has freed its slot
	changed     chan struct{} // something has changed that the starter may wait for

	mu       sync.Mutex // guards what follows
	summary  Summary
	errors   errorList
	open     int           // requests without an outcome
	lookups  int           // jobs that exist, and may turn out to be those of requests
	underWay int           // jobs that are followed
	overdue  int           // jobs that are not followed any more, and have not been seen to finish
	reserved int           // slots of failed jobs, for the next jobs of their requests
	waiting  int           // outcomes that wait for handle
	finished int           // jobs started by this run that have finished
	duration time.Duration // of all finished ones

	// credentialsAccepted reports whether the service has accepted a job, or has said that
	// one exists.
	credentialsAccepted bool
}

// newLedger returns a ledger that sends what happens to events.
func newLedger(events chan<- Event) *ledger {
	return &ledger{
		began:       time.Now(),
		events:      events,
		turn:        make(chan struct{}, 1),
		jobFinished: make(chan struct{}, 1),
		changed:     make(chan struct{}, 1),
	}
}

// signal leaves a value in a channel that has room for one.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// tell changes the ledger, and sends an event with the counts after the change. It waits
// while OnEvent runs. It leaves no value in changed: what the starter waits for is changed by
// note.
func (l *ledger) tell(event Event, change func()) {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	l.mu.Lock()
	change()
	event.Summary = l.summary
	event.Running = l.underWay + l.overdue
	l.mu.Unlock()
	l.events <- event
}

// note changes the ledger without an event, in a way that the starter may wait for.
func (l *ledger) note(change func()) {
	l.mu.Lock()
	change()
	l.mu.Unlock()
	signal(l.changed)
}

// taken counts a request that was taken from the sequence.
func (l *ledger) taken() {
	l.note(func() {
		l.summary.Requests++
		l.open++
	})
}

// refused counts a start that was refused because of the account's limit.
func (l *ledger) refused(job snapshotjob.Job, err error) {
	l.tell(Event{Kind: EventRefused, Job: job, Err: err}, func() { l.summary.Refused++ })
}

// retried tells that a request is to be offered again.
func (l *ledger) retried(job snapshotjob.Job, err error) {
	l.tell(Event{Kind: EventRetried, Job: job, Err: err}, func() {})
}

// retriedAfterJob counts a job that has ended, and tells that its request is to be offered
// again. The slot is reserved until releaseSlot is called, so that no other request takes it
// before.
func (l *ledger) retriedAfterJob(job snapshotjob.Job, err error, duration time.Duration) {
	l.tell(Event{Kind: EventRetried, Job: job, Err: err}, func() {
		l.endJobLocked(duration)
		l.reserved++
	})
	signal(l.jobFinished)
}

// retriedAfterLookUp counts a job that was looked up and had failed, and tells that its
// request is to be offered again. The slot is reserved until releaseSlot is called.
func (l *ledger) retriedAfterLookUp(job snapshotjob.Job, err error) {
	l.tell(Event{Kind: EventRetried, Job: job, Err: err}, func() {
		l.lookups--
		l.reserved++
	})
}

// releaseSlot counts a slot that is not reserved any more.
func (l *ledger) releaseSlot() {
	l.note(func() { l.reserved-- })
}

// started counts a job that the service has accepted. If the slot of an overdue job
// counted as taken, this job shows that one is free again.
func (l *ledger) started(job snapshotjob.Job) {
	l.tell(Event{Kind: EventStarted, Job: job}, func() {
		l.summary.Started++
		l.credentialsAccepted = true
		l.underWay++
		l.overdue = max(0, l.overdue-1)
	})
}

// lookingUp counts a job that exists already, and of which it is not yet known whether it
// is the request's. It takes a slot until then.
func (l *ledger) lookingUp() {
	l.note(func() {
		l.credentialsAccepted = true
		l.lookups++
	})
}

// adopted counts a job that was found, and is the request's.
func (l *ledger) adopted(job snapshotjob.Job) {
	l.tell(Event{Kind: EventAdopted, Job: job}, func() {
		l.summary.Adopted++
		l.lookups--
		l.underWay++
	})
}

// foundStarted counts a job that was found, and that this run has started.
func (l *ledger) foundStarted(job snapshotjob.Job) {
	l.tell(Event{Kind: EventStarted, Job: job}, func() {
		l.summary.Started++
		l.lookups--
		l.underWay++
	})
}

// unknownDuration stands for the duration of a job that this run has not started, or has
// not seen to finish.
const unknownDuration time.Duration = 0

// jobEnded counts a job that is not under way any more, and how long it has taken.
func (l *ledger) jobEnded(duration time.Duration) {
	l.note(func() { l.endJobLocked(duration) })
	signal(l.jobFinished)
}

// endJobLocked counts a job that is not under way any more, and how long it has taken.
func (l *ledger) endJobLocked(duration time.Duration) {
	l.underWay--
	if duration > unknownDuration {
		l.finished++
		l.duration += duration
	}
}

// notAdopted counts a job that was looked up, and is not followed.
func (l *ledger) notAdopted() {
	l.note(func() { l.lookups-- })
}

// jobGivenUp counts a job that is not followed any more, and has not been seen to finish.
func (l *ledger) jobGivenUp() {
	l.note(func() {
		l.underWay--
		l.overdue++
	})
}

// settled counts an outcome, which from now on waits for handle.
func (l *ledger) settled(outcome *Outcome) {
	event := Event{
		Kind:    EventFinished,
		Job:     outcome.Job,
		Outcome: outcome,
		Err:     outcome.Err,
	}
	l.tell(event, func() {
		l.open--
		l.waiting++
		l.errors.add(outcome.Err)
		if outcome.Err == nil {
			l.summary.Completed++
		} else {
			l.summary.Failed++
		}
	})
}

// handling counts an outcome whose turn for handle has come.
func (l *ledger) handling() {
	l.note(func() { l.waiting-- })
}

// handled counts a call of handle that has returned.
func (l *ledger) handled(outcome *Outcome, err error) {
	event := Event{
		Kind:    EventHandled,
		Job:     outcome.Job,
		Outcome: outcome,
		Err:     err,
	}
	l.tell(event, func() {
		if err == nil {
			return
		}
		l.summary.HandleFailed++
		l.errors.add(fmt.Errorf("handle snapshot job %s: %w", outcome.Job, err))
	})
}

// pause returns how long to wait after a refused start: a part of the mean time that a
// job takes. Before one has finished, jobs take at least as long as the run has lasted.
func (l *ledger) pause() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	mean := time.Since(l.began)
	if l.finished > 0 {
		mean = l.duration / time.Duration(l.finished)
	}
	return min(max(mean/pauseDivisor, shortestPause), longestPause)
}

// room says whether another job may be started.
type room int

const (
	hasRoom room = iota
	noRoom

	// onlyOverdue says that there would be room if the jobs that outlasted JobTimeout had
	// finished. The service tells whether they have, by taking another job.
	onlyOverdue
)

// room returns whether there is room for another job under way, and for its outcome.
func (l *ledger) room(options *Options) room {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting >= options.MaxUnhandled {
		return noRoom
	}
	taken := l.underWay + l.lookups + l.reserved
	if options.MaxRunning == 0 || taken+l.overdue < options.MaxRunning {
		return hasRoom
	}
	if taken < options.MaxRunning {
		return onlyOverdue
	}
	return noRoom
}

// hasAcceptedCredentials reports whether the service has accepted the credentials of the
// client at least once.
func (l *ledger) hasAcceptedCredentials() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.credentialsAccepted
}

// countUnderWay returns how many jobs are under way.
func (l *ledger) countUnderWay() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.underWay
}

// allSettled reports whether every request that was taken has its outcome.
func (l *ledger) allSettled() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open == 0
}
