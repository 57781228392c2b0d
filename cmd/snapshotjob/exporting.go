package main

import (
	"context"
	"errors"
	"fmt"
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
	exports  []*export  // that have ended, as far as this run goes
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
	return joinErrors(
		x.runError(ctx, err, len(requests)),
		x.printErr,
		x.output.flush(),
		x.options.report.write(began, x.exports, len(requests)-len(x.exports)),
	)
}

// runError returns the error of a run of so many requests, of which the batch has returned
// batchErr.
func (x *exporter) runError(ctx context.Context, batchErr error, requests int) error {
	if ctx.Err() != nil {
		return x.interruption(ctx, requests)
	}
	// What went wrong with a request or its files is told by its export.
	if _, isToldByExports := errors.AsType[*batch.Error](batchErr); !isToldByExports && batchErr != nil {
		return batchErr
	}
	return failuresError(exportFailures(x.exports), requests, "export")
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
	ended := &export{outcome: outcome}
	if outcome.Result != nil && x.files.flags.wants(outcome.Input) {
		ended.files, ended.downloadErr = x.files.download(ctx, x.client, outcome.Result)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.exports = append(x.exports, ended)
	// What was interrupted is told by the error of the run.
	if x.printErr == nil && !isInterruption(ended.err()) {
		x.printErr = x.output.print(x.session.exportRecord(ended))
	}
	return ended.downloadErr
}

// exportRecord returns the record of an export.
func (s *session) exportRecord(ended *export) jobRecord {
	record := jobRecord{Job: ended.outcome.Job}
	if ended.outcome.Result != nil {
		record = s.downloadRecord(ended.outcome.Result, ended.files)
	}
	record.Error = errorText(ended.err())
	return record
}

// exportFailures returns why exports failed.
func exportFailures(exports []*export) []error {
	var failures []error
	for _, ended := range exports {
		if err := ended.err(); err != nil {
			failures = append(failures, err)
		}
	}
	return failures
}

// interruption returns the error of a run that was interrupted, of so many requests. It
// tells how many exports are done, and how many jobs go on.
func (x *exporter) interruption(ctx context.Context, requests int) error {
	done := 0
	underWay := 0
	for _, ended := range x.exports {
		if ended.err() == nil {
			done++
		}
		if ended.isUnderWay() {
			underWay++
		}
	}
	return &interruptedError{
		err: ctx.Err(),
		where: fmt.Sprintf(": %s asked for, %s done, %s under way",
			plural(requests, "export"), plural(done, "export"), plural(underWay, "job")),
	}
}
