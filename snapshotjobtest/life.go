package snapshotjobtest

import (
	"math"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// Life is what becomes of a job: how long it is queued and runs, how it ends, and
// what it leaves behind. The job of the zero Life is COMPLETED at once and has no
// files.
type Life struct {
	// Queued is how long the job is QUEUED. A job that was started through the API
	// stays QUEUED for longer if [Options].MaxRunningJobs jobs are running then.
	// Negative: forever.
	Queued time.Duration

	// Running is how long the job is RUNNING after that. Negative: forever.
	Running time.Duration

	// Status is the status that the job ends with. QUEUED and RUNNING are no end:
	// the job has such a status forever. Default: FAILED if there is an ErrorType
	// or an ErrorMessage, otherwise COMPLETED.
	Status snapshotjob.SnapshotJobStatus

	// ErrorType and ErrorMessage say why the whole job failed. A failed job
	// leaves no files. If both are empty, the job has no ErrorInfo.
	ErrorType    string
	ErrorMessage string

	// Files are what the job was asked to make.
	Files []File

	// User is the name of the user who started the job. "" is the server's own
	// user.
	User string

	// Registered says that the files are those of a registered user, and not of
	// an anonymous one.
	Registered bool

	// Destination is the caller's bucket that the files go to. An empty region is
	// the server's. If nil, the files go to QuickSight's own bucket and have
	// presigned URLs.
	Destination *snapshotjob.S3BucketConfiguration
}

// Completed returns the life of a job that is COMPLETED at once, with these files. A job
// that is started through the API has the files that it asks for: see [Options].Life. A
// job that is added without files is COMPLETED without any, which a client reports as a
// [*snapshotjob.JobError].
func Completed(files ...File) Life {
	return Life{Files: files}
}

// Failed returns the life of a job that is FAILED at once, for this reason.
func Failed(errorType, errorMessage string) Life {
	return Life{
		Status:       snapshotjob.SnapshotJobStatusFailed,
		ErrorType:    errorType,
		ErrorMessage: errorMessage,
	}
}

// After returns a life that ends as l does, after the job was queued and running
// for so long.
func (l Life) After(queued, running time.Duration) Life {
	l.Queued = queued
	l.Running = running
	return l
}

// forever stands for the time until what doesn't come.
const forever = time.Duration(math.MaxInt64)

// queuedFor returns how long a job is queued at least.
func (l Life) queuedFor() time.Duration {
	if l.Queued < 0 || l.Status == snapshotjob.SnapshotJobStatusQueued {
		return forever
	}
	return l.Queued
}

// runsFor returns how long a job runs.
func (l Life) runsFor() time.Duration {
	if l.Running < 0 || l.Status == snapshotjob.SnapshotJobStatusRunning {
		return forever
	}
	return l.Running
}

// hasReason reports whether the life says why the whole job failed.
func (l Life) hasReason() bool {
	return l.ErrorType != "" || l.ErrorMessage != ""
}

// finalStatus returns the status that a job ends with.
func (l Life) finalStatus() snapshotjob.SnapshotJobStatus {
	switch {
	case l.Status != "":
		return l.Status
	case l.hasReason():
		return snapshotjob.SnapshotJobStatusFailed
	}
	return snapshotjob.SnapshotJobStatusCompleted
}
