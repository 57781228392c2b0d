package main

import (
	"log/slog"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/batch"
)

// progress is told how jobs and files come along. Its methods may be called from several
// goroutines.
type progress interface {
	polled(snapshotjob.Poll)
	fetched(snapshotjob.DownloadProgress)
	happened(batch.Event)

	// downloaded is told each file of a job when the download of all of them is over.
	downloaded(snapshotjob.DownloadedFile)

	// finish ends what is shown. Nothing is told after it.
	finish()
}

// newJobProgress returns the progress of one job after the other.
func (s *session) newJobProgress() progress {
	if s.showsBars() {
		return newJobBars(s.stderr)
	}
	return s.newProgressWithoutBars()
}

// newExportProgress returns the progress of so many exports at once.
func (s *session) newExportProgress(exports int) progress {
	if s.showsBars() && exports > 1 {
		return newBatchBars(s.stderr, exports)
	}
	return s.newJobProgress()
}

// showsBars reports whether standard error shows bars.
func (s *session) showsBars() bool {
	return isTerminal(s.stderr) && !s.isVerbose()
}

// newProgressWithoutBars returns a progress of lines, or one that shows nothing.
func (s *session) newProgressWithoutBars() progress {
	if s.isVerbose() {
		return &loggedProgress{log: s.log}
	}
	return silentProgress{}
}

// silentProgress shows nothing.
type silentProgress struct{}

func (silentProgress) polled(snapshotjob.Poll)               {}
func (silentProgress) fetched(snapshotjob.DownloadProgress)  {}
func (silentProgress) downloaded(snapshotjob.DownloadedFile) {}
func (silentProgress) happened(batch.Event)                  {}
func (silentProgress) finish()                               {}

// loggedProgress writes a line for each event.
type loggedProgress struct {
	silentProgress
	log *slog.Logger
}

// polled logs a poll.
func (p *loggedProgress) polled(poll snapshotjob.Poll) {
	attributes := []any{
		"job", poll.Job.String(),
		"status", poll.Status,
		"elapsed", formatDuration(poll.Elapsed),
		"next", formatDuration(poll.Next),
	}
	if poll.Err != nil {
		attributes = append(attributes, "error", errorText(poll.Err))
	}
	p.log.Info("poll", attributes...)
}

// downloaded logs what became of a file.
func (p *loggedProgress) downloaded(file snapshotjob.DownloadedFile) {
	attributes := []any{"job", file.File.Job.String(), "file", file.File.FileName()}
	if file.Err != nil {
		p.log.Info("file failed", append(attributes, "error", errorText(file.Err))...)
		return
	}
	p.log.Info("file", append(attributes, "path", file.Path, "size", file.Size, "kept", file.Kept)...)
}

// isInterruptedExport reports whether an event is that of an export that was interrupted. The
// event's summary counts it as a failure, which it is not.
func isInterruptedExport(event batch.Event) bool {
	return event.Outcome != nil && isInterruption(event.Outcome.Err)
}

// happened logs an event of a batch.
func (p *loggedProgress) happened(event batch.Event) {
	if isInterruptedExport(event) {
		return
	}
	attributes := []any{
		"job", event.Job.String(),
		"requests", event.Summary.Requests,
		"running", event.Running,
		"completed", event.Summary.Completed,
		"failed", event.Summary.Failed,
	}
	if event.Err != nil {
		attributes = append(attributes, "error", errorText(event.Err))
	}
	p.log.Info(event.Kind.String(), attributes...)
}
