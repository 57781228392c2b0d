package main

import (
	"context"

	"github.com/quicksight-go/snapshotjob"
)

// statusCommand shows the status of jobs.
type statusCommand struct {
	jobFlags
}

// Help returns what the help shows below the usage.
func (statusCommand) Help() string {
	return `A job that has failed, or lacks files, is no error here: "result" tells why.

Examples:

    snapshotjob status 111122223333/sales/complete
    snapshotjob status --dashboard-id sales --snapshot-job-id complete --output json
`
}

// Run runs the command.
func (c *statusCommand) Run(ctx context.Context, s *session) error {
	command := &eachJob{
		session:  s,
		flags:    &c.jobFlags,
		table:    statusTable,
		progress: silentProgress{},
		action:   describe,
	}
	return command.run(ctx)
}

// describe returns the record of a job, whether it has finished or not.
func describe(ctx context.Context, c *connection, job snapshotjob.Job) (jobRecord, error) {
	described, err := c.client.DescribeDashboardSnapshotJob(ctx, job)
	if err != nil {
		return jobRecord{}, err
	}
	return jobRecord{
		Job:             described.Job,
		ARN:             described.ARN,
		JobStatus:       described.JobStatus,
		CreatedTime:     described.CreatedTime,
		LastUpdatedTime: described.LastUpdatedTime,
	}, nil
}
