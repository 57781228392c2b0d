package main

import (
	"context"
	"fmt"
	"slices"

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

	// goOn is the command that goes on with jobs whose wait was interrupted or ran out, to
	// which their names are appended. It is nil if there is no wait.
	goOn []string
}

// run does what the command is for with every job. The error is that of the only job, or one that counts those that failed.
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
	outcome, err := e.each(ctx, connected, jobs, output)
	if err != nil {
		return err
	}
	e.progress.finish() // The output may hold a table, which would be torn by bars.
	if err := output.flush(); err != nil {
		return err
	}
	if outcome.interrupted != nil {
		return e.advise(outcome.interruption(len(jobs)), outcome.left)
	}
	return e.advise(failuresError(outcome.failures, len(jobs), "job"), outcome.left)
}

// eachOutcome is what became of the jobs.
type eachOutcome struct {
	failures      []error
	done          int               // how many jobs did not fail
	interrupted   error             // of the job at which ctx ended; nil if it did not
	interruptedAt snapshotjob.Job   // that job
	left          []snapshotjob.Job // whose wait was interrupted or ran out
}

// interruption returns the error of an interruption, of so many jobs.
func (o *eachOutcome) interruption(jobs int) error {
	return &interruptedError{
		err:   o.interrupted,
		where: fmt.Sprintf(" at job %s: %d of %s done", o.interruptedAt, o.done, plural(jobs, "job")),
	}
}

// each calls the action with one job after the other, and prints the records. Its error is
// that of printing.
func (e *eachJob) each(
	ctx context.Context,
	connected *connection,
	jobs []snapshotjob.Job,
	output *printer,
) (eachOutcome, error) {
	var outcome eachOutcome
	for i, job := range jobs {
		record, err := e.action(ctx, connected, job)
		if ctx.Err() != nil && err != nil {
			outcome.interrupted = err
			outcome.interruptedAt = job
			outcome.left = append(outcome.left, jobs[i:]...)
			break
		}
		if err == nil {
			outcome.done++
		} else {
			outcome.failures = append(outcome.failures, err)
		}
		if exitCode(err) == exitTimeout {
			outcome.left = append(outcome.left, job)
		}
		if err := output.print(e.table.show(completeRecord(record, job, err))); err != nil {
			return outcome, err
		}
	}
	return outcome, nil
}

// completeRecord returns a record that has a job and its error, even if nothing else is
// known of the job.
func completeRecord(record jobRecord, job snapshotjob.Job, err error) jobRecord {
	if record.Job != (snapshotjob.Job{}) {
		return record
	}
	return jobRecord{Job: job, Error: errorText(err)}
}

// advise adds to an error how to go on with the jobs that are left, if there are any.
func (e *eachJob) advise(err error, left []snapshotjob.Job) error {
	if e.goOn == nil || len(left) == 0 {
		return err
	}
	command := slices.Clone(e.goOn)
	for _, job := range left {
		command = append(command, job.String())
	}
	return adviseToGoOn(err, e.session.command(command...))
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
