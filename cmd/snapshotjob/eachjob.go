package main

import (
	"context"
	"fmt"

	"github.com/quicksight-go/snapshotjob"
)

// jobAction does with a job what a command is for. The record is what there is to show; it
// is zero if nothing is known of the job.
type jobAction func(ctx context.Context, c *connection, job snapshotjob.Job) (jobRecord, error)

// eachJob does something with every job that the flags name, and shows what came of it.
// A job that fails does not stop the others.
type eachJob struct {
	session  *session
	flags    *jobFlags
	table    jobTable
	progress progress
	action   jobAction
}

// run does it. The error is that of the only job that failed, or one that counts them.
func (e *eachJob) run(ctx context.Context) error {
	defer e.progress.finish()
	connected, err := e.session.connect(ctx)
	if err != nil {
		return err
	}
	jobs, err := e.flags.jobs(ctx, e.session, connected)
	if err != nil {
		return err
	}
	output := e.session.newPrinter(e.table.header...)
	var failures []error
	for _, job := range jobs {
		record, err := e.action(ctx, connected, job)
		if err != nil {
			failures = append(failures, err)
		}
		if ctx.Err() != nil {
			break
		}
		if record.Job == (snapshotjob.Job{}) {
			record = jobRecord{Job: job, Error: errorText(err)}
		}
		if err := output.print(e.table.show(record)); err != nil {
			return err
		}
	}
	e.progress.finish()
	if err := output.flush(); err != nil {
		return err
	}
	return failuresError(failures, len(jobs), "job")
}

// failuresError returns nil if there are no failures, the failure of the only one that was
// tried, and otherwise an error that counts the failures.
func failuresError(failures []error, tried int, noun string) error {
	if len(failures) == 0 {
		return nil
	}
	if tried == 1 {
		return failures[0]
	}
	return &failedError{
		problem: fmt.Sprintf("%d of %s failed; the first: %v", len(failures), plural(tried, noun), failures[0]),
		err:     failures[0],
	}
}
