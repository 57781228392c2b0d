package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/quicksight-go/snapshotjob"
)

// startCommand starts a job.
type startCommand struct {
	requestFlags
}

// Help returns what the help shows below the usage.
func (startCommand) Help() string {
	return `A job makes at most 1 PDF, 1 Excel workbook and 5 CSV files: "export" makes more, and fetches them.

Examples:

    snapshotjob start --dashboard-id revenue --snapshot-job-id daily --pdf Overview
    snapshotjob start --dashboard-id revenue --csv orders/open --tag region=EMEA --param year=2026
`
}

// Run runs the command.
func (c *startCommand) Run(ctx context.Context, s *session) error {
	if err := c.check(); err != nil {
		return err
	}
	c.setDefaults()
	connected, err := s.connect(ctx)
	if err != nil {
		return err
	}
	requests, err := c.inputs(ctx, s, connected)
	if err != nil {
		return err
	}
	if len(requests) > 1 {
		return usagef("the files need %d jobs: use \"export\", or ask for fewer files", len(requests))
	}
	started, err := connected.client.StartDashboardSnapshotJob(ctx, requests[0])
	if errors.Is(err, snapshotjob.ErrOutcomeUnknown) {
		return s.unknownStart(err, requests[0].Job)
	}
	if err != nil {
		return err
	}
	output := s.newPrinter(statusTable.header...)
	record := jobRecord{
		Job:       started.Job,
		ARN:       started.ARN,
		JobStatus: snapshotjob.SnapshotJobStatusQueued,
	}
	if err := output.print(statusTable.show(record)); err != nil {
		return err
	}
	return output.flush()
}

// unknownStart returns the error of a start whose outcome is not known. It says how to see
// what became of the job.
func (s *session) unknownStart(err error, job snapshotjob.Job) error {
	if isInterruption(err) {
		err = &interruptedError{
			err:   err,
			where: fmt.Sprintf(": whether the job %s was started is not known", job),
		}
	}
	return &adviceError{
		err:    err,
		advice: "To see whether it was: " + s.command("status", job.String()),
	}
}
