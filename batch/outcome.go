package batch

import (
	"fmt"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// Outcome is what became of one request.
type Outcome struct {
	// Input is the pointer that the sequence yielded. If the sequence changes a request and
	// yields it again, all its outcomes have one Input, which handle must not read: Job
	// tells them apart.
	Input *snapshotjob.StartDashboardSnapshotJobInput

	// Job is the job that decided. It is the one that the request names, or, if that one
	// failed and was started anew, a later one, whose id has "-2", "-3" and so on
	// appended.
	Job snapshotjob.Job

	// Result is the result of the job, also if the job failed. It is nil if there is
	// none: the job was not started, or was not seen to finish. An outcome may wait for
	// handle, so that presigned URLs may have expired by then. [snapshotjob.Client.Download]
	// asks for new ones.
	Result *snapshotjob.DescribeDashboardSnapshotJobResultOutput

	// Err is nil if every file was made. Otherwise its chain has one of these, or two if a
	// failed job was started anew:
	//
	//   - a [*snapshotjob.JobError] if the job failed or lacks files
	//   - a [*snapshotjob.WaitError] if the job was not seen to finish
	//   - the error of starting the job or, if it existed, of describing it
	Err error

	// Adopted reports whether the job existed already, and was not started by this run.
	Adopted bool

	// Queued is when the request was taken from the sequence.
	Queued time.Time

	// Started is when the service accepted the job. For a job that was adopted, it is when
	// the job was created. It is zero if the job was not started.
	Started time.Time

	// Finished is when the job was seen to be finished, or Run gave up.
	Finished time.Time
}

// Summary counts what has happened in a run. When Run returns, each request is either
// completed or failed. A request may have several jobs.
type Summary struct {
	Requests     int // taken from the sequence
	Completed    int // requests of which every file was made
	Failed       int // requests whose outcome has an error
	Adopted      int // jobs that existed already, and were not started by this run
	Started      int // jobs that this run has started
	Refused      int // starts that the service refused with LimitExceededException
	HandleFailed int // calls of handle that returned an error
}

// EventKind says what has happened.
type EventKind int

// The kinds of events.
const (
	// EventStarted: the service has accepted a job.
	EventStarted EventKind = iota

	// EventRefused: the service has refused a start with LimitExceededException, because
	// the account runs as many jobs as it may. Run offers the request again.
	EventRefused

	// EventRetried: a request could not be started for now, or its job failed in such a
	// way that another one may succeed. Err says why. Run offers the request again.
	EventRetried

	// EventAdopted: the job of a request exists already, and Run waits for it.
	EventAdopted

	// EventFinished: a request has its outcome.
	EventFinished

	// EventHandled: handle has returned, with Err.
	EventHandled
)

// String returns the kind in lower case, such as "started".
func (k EventKind) String() string {
	switch k {
	case EventStarted:
		return "started"
	case EventRefused:
		return "refused"
	case EventRetried:
		return "retried"
	case EventAdopted:
		return "adopted"
	case EventFinished:
		return "finished"
	case EventHandled:
		return "handled"
	}
	return fmt.Sprintf("EventKind(%d)", int(k))
}

// Event is something that happened in a run. The events of a request come in their order:
// those about its jobs, then EventFinished, then EventHandled.
type Event struct {
	Kind EventKind

	// Job is the job that the event is about. It is zero if the request was nil.
	Job snapshotjob.Job

	// Outcome is that of the request. It is nil before EventFinished.
	Outcome *Outcome

	// Err is why the service refused a start (EventRefused), why the request is offered
	// again (EventRetried), the Err of the outcome (EventFinished), or what handle returned
	// (EventHandled). It is nil for other events.
	Err error

	Summary Summary // what has happened so far, with this event
	Running int     // how many jobs of the batch are under way, as Options.MaxRunning counts them
}
