package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/batch"
)

// export is a request, and what became of it and of its files.
type export struct {
	outcome     batch.Outcome
	files       []snapshotjob.DownloadedFile // empty if they were not to be downloaded
	downloadErr error                        // why not all files were downloaded
}

// err returns why the export failed, or nil. The error of a download tells what the job
// did not make, too.
func (e *export) err() error {
	if e.downloadErr != nil {
		return e.downloadErr
	}
	return e.outcome.Err
}

// isUnderWay reports whether the job was started and not seen to finish. It goes on.
func (e *export) isUnderWay() bool {
	return !e.outcome.Started.IsZero() && e.outcome.Result == nil
}

// exporter starts jobs, waits for them, downloads their files, and shows what came of it.
type exporter struct {
	session  *session
	client   *snapshotjob.Client
	files    *downloader
	progress progress
	output   *printer
	options  exportOptions

	mu       sync.Mutex // guards what follows
	exports  []*export  // that are over
	printErr error      // why an export could not be shown
}

// exportOptions say how an exporter works.
type exportOptions struct {
	jobTimeout time.Duration // how long to wait for a job
	maxRunning int           // how many jobs run at once; 0: as many as the service takes
	report     reportFlags
}

// newExporter returns an exporter of so many requests.
func (s *session) newExporter(
	c *connection,
	requests int,
	flags *downloadFlags,
	options exportOptions,
) *exporter {
	progress := s.newExportProgress(requests)
	return &exporter{
		session:  s,
		client:   c.client,
		files:    newDownloader(flags, progress),
		progress: progress,
		output:   s.newPrinter(fileTable.header...),
		options:  options,
	}
}

// run exports what the requests ask for. The error is an *interruptedError if ctx ended
// the run, and otherwise says what failed.
func (x *exporter) run(ctx context.Context, requests []*snapshotjob.StartDashboardSnapshotJobInput) error {
	began := time.Now()
	_, err := batch.Run(ctx, x.client, slices.Values(requests), x.handle, x.configure)
	x.progress.finish()
	x.output.sortTable()
	if err := errors.Join(x.printErr, x.output.flush()); err != nil {
		return err
	}
	if err := x.options.report.write(began, x.exports); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return &interruptedError{
			err:      ctx.Err(),
			requests: len(requests),
			exports:  x.exports,
		}
	}
	// What went wrong with a request or its files is told by its export.
	if _, isToldByExports := errors.AsType[*batch.Error](err); !isToldByExports && err != nil {
		return err
	}
	return failuresError(exportFailures(x.exports), len(requests), "export")
}

// configure sets the options of the batch.
func (x *exporter) configure(o *batch.Options) {
	o.JobTimeout = x.options.jobTimeout
	o.MaxRunning = x.options.maxRunning
	o.OnEvent = x.progress.happened
	o.WaitOptions = append(o.WaitOptions, func(o *snapshotjob.WaitOptions) {
		o.OnPoll = x.progress.polled
	})
}

// handle downloads the files of a request that has its outcome, and shows what came of it.
func (x *exporter) handle(ctx context.Context, outcome batch.Outcome) error {
	over := &export{outcome: outcome}
	if outcome.Result != nil && x.files.flags.wants(outcome.Input) {
		over.files, over.downloadErr = x.files.download(ctx, x.client, outcome.Result)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.exports = append(x.exports, over)
	// What was interrupted is told by the error of the run.
	isInterrupted := ctx.Err() != nil && outcome.Result == nil
	if x.printErr == nil && !isInterrupted {
		x.printErr = x.output.print(x.session.exportRecord(over))
	}
	return over.downloadErr
}

// exportRecord returns the record of an export.
func (s *session) exportRecord(over *export) jobRecord {
	record := jobRecord{Job: over.outcome.Job}
	if over.outcome.Result != nil {
		record = s.downloadRecord(over.outcome.Result, over.files)
	}
	record.Error = errorText(over.err())
	return record
}

// exportFailures returns why exports failed.
func exportFailures(exports []*export) []error {
	var failures []error
	for _, over := range exports {
		if err := over.err(); err != nil {
			failures = append(failures, err)
		}
	}
	return failures
}

// interruptedError says that a run was interrupted.
type interruptedError struct {
	err      error // of the context
	requests int
	exports  []*export // that were taken up before the interruption
}

// Error returns how many jobs are done, and how many go on.
func (e *interruptedError) Error() string {
	done := len(e.exports) - len(exportFailures(e.exports))
	return "interrupted: " + plural(e.requests, "export") + " asked for, " +
		plural(done, "export") + " done, " +
		plural(len(e.underWay()), "job") + " under way"
}

// Unwrap returns the error of the context.
func (e *interruptedError) Unwrap() error { return e.err }

// underWay returns the jobs that go on.
func (e *interruptedError) underWay() []snapshotjob.Job {
	var jobs []snapshotjob.Job
	for _, over := range e.exports {
		if over.isUnderWay() {
			jobs = append(jobs, over.outcome.Job)
		}
	}
	return jobs
}
