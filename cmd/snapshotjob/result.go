package main

import (
	"context"

	"github.com/quicksight-go/snapshotjob"
)

// resultCommand shows the results of finished jobs.
type resultCommand struct {
	jobFlags
}

// Help returns what the help shows below the usage.
func (resultCommand) Help() string {
	return `A job that has not finished is an error: "wait" waits for it.

Examples:

    snapshotjob result 111122223333/sales/complete
    snapshotjob result 111122223333/sales/complete --output json --show-urls
`
}

// Run runs the command.
func (c *resultCommand) Run(ctx context.Context, s *session) error {
	command := &eachJob{
		session:  s,
		flags:    &c.jobFlags,
		table:    fileTable,
		progress: silentProgress{},
		action:   s.result,
	}
	return command.run(ctx)
}

// result returns the record of a job that has finished.
func (s *session) result(ctx context.Context, c *connection, job snapshotjob.Job) (jobRecord, error) {
	result, err := c.client.DescribeDashboardSnapshotJobResult(ctx, job)
	if err != nil {
		return jobRecord{}, err
	}
	return s.resultRecord(result), result.Err()
}
