package snapshotjob

import (
	"cmp"
	"context"
	"net/http"
	"time"
)

var describeJob = operation{
	name:       "DescribeDashboardSnapshotJob",
	method:     http.MethodGet,
	exceptions: commonExceptions,
}

// DescribeDashboardSnapshotJobOutput is a job's state, and what it is to make.
type DescribeDashboardSnapshotJobOutput struct {
	Job                   Job // as the answer names it; ids that it lacks are those asked about
	ARN                   string
	JobStatus             SnapshotJobStatus
	CreatedTime           time.Time // UTC, millisecond precision; zero when absent
	LastUpdatedTime       time.Time // likewise
	SnapshotConfiguration SnapshotConfiguration
	// UserConfiguration is nil for a registered user's job.
	UserConfiguration *SnapshotUserConfigurationRedacted
	RequestID         string // as the body says it, else the header
	Status            int    // the body's, not HTTP's; 0 when absent
}

type jobBody struct {
	ARN                   string
	AWSAccountID          string
	DashboardID           string
	SnapshotJobID         string
	JobStatus             SnapshotJobStatus
	CreatedTime           time.Time
	LastUpdatedTime       time.Time
	SnapshotConfiguration SnapshotConfiguration
	UserConfiguration     *SnapshotUserConfigurationRedacted
	RequestID             string
	Status                int64
}

// DescribeDashboardSnapshotJob returns the status of a job, running or not. The
// caller must be the user who started the job. [Client.Wait] polls it. Its errors
// are those that [Client] lists.
func (c *Client) DescribeDashboardSnapshotJob(ctx context.Context, job Job, optFns ...func(*Options)) (*DescribeDashboardSnapshotJobOutput, error) {
	b := new(jobBody)
	call := job.call(&describeJob, "", b)
	if err := c.do(ctx, call, optFns); err != nil {
		return nil, err
	}
	return &DescribeDashboardSnapshotJobOutput{
		Job{cmp.Or(b.AWSAccountID, job.AWSAccountID), cmp.Or(b.DashboardID, job.DashboardID), cmp.Or(b.SnapshotJobID, job.SnapshotJobID)},
		b.ARN, b.JobStatus, b.CreatedTime, b.LastUpdatedTime, b.SnapshotConfiguration, b.UserConfiguration,
		cmp.Or(b.RequestID, call.requestID), int(b.Status),
	}, nil
}
