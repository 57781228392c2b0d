package snapshotjob

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
)

var describeJob = operation{
	name:       "DescribeDashboardSnapshotJob",
	method:     http.MethodGet,
	exceptions: commonExceptions,

	decodeOptions: []json.Options{parameterOptions},
}

// DescribeDashboardSnapshotJobOutput is the state of a job, and what the job makes.
type DescribeDashboardSnapshotJobOutput struct {
	// Job is the job as the response names it. An id that the response lacks is the
	// one that was asked about.
	Job Job

	ARN             string
	JobStatus       SnapshotJobStatus
	CreatedTime     time.Time // UTC, with millisecond precision; zero if absent
	LastUpdatedTime time.Time // UTC, with millisecond precision; zero if absent

	// SnapshotConfiguration is what the job was started with. A value is zero where
	// the response lacks it.
	SnapshotConfiguration SnapshotConfiguration

	// UserConfiguration is nil for the job of a registered user.
	UserConfiguration *SnapshotUserConfigurationRedacted

	RequestID string // from the body, or from the header if the body has none
	Status    int    // the body's member Status, not the HTTP status; 0 if absent
}

// describeJobBody is the body of the response.
type describeJobBody struct {
	ARN                   string                             `json:"Arn"`
	AWSAccountID          string                             `json:"AwsAccountId"`
	DashboardID           string                             `json:"DashboardId"`
	SnapshotJobID         string                             `json:"SnapshotJobId"`
	JobStatus             SnapshotJobStatus                  `json:"JobStatus"`
	CreatedTime           timestamp                          `json:"CreatedTime"`
	LastUpdatedTime       timestamp                          `json:"LastUpdatedTime"`
	SnapshotConfiguration SnapshotConfiguration              `json:"SnapshotConfiguration"`
	UserConfiguration     *SnapshotUserConfigurationRedacted `json:"UserConfiguration"`
	RequestID             string                             `json:"RequestId"`
	Status                int64                              `json:"Status"`
}

// DescribeDashboardSnapshotJob returns the status of a job, whether it has finished
// or not. Only the user who started a job may ask about it. [Client.Wait] calls this
// until the job has finished.
//
// The errors are those that [Client] lists.
func (c *Client) DescribeDashboardSnapshotJob(
	ctx context.Context,
	job Job,
	optFns ...func(*Options),
) (*DescribeDashboardSnapshotJobOutput, error) {
	return c.description(ctx, c.settingsFor(optFns), job)
}

// description is DescribeDashboardSnapshotJob with settings that are made already.
func (c *Client) description(
	ctx context.Context,
	s *settings,
	job Job,
) (*DescribeDashboardSnapshotJobOutput, error) {
	req := request{
		operation: &describeJob,
		path:      job.path(),
		subject:   job,
	}
	var body describeJobBody
	result, err := c.do(ctx, s, req, job.problems(), &body)
	if err != nil {
		return nil, callError(req, err)
	}
	return body.output(job, result), nil
}

// output fills in what the body lacks.
func (b *describeJobBody) output(asked Job, result callResult) *DescribeDashboardSnapshotJobOutput {
	return &DescribeDashboardSnapshotJobOutput{
		Job: Job{
			AWSAccountID:  cmp.Or(b.AWSAccountID, asked.AWSAccountID),
			DashboardID:   cmp.Or(b.DashboardID, asked.DashboardID),
			SnapshotJobID: cmp.Or(b.SnapshotJobID, asked.SnapshotJobID),
		},
		ARN:                   b.ARN,
		JobStatus:             b.JobStatus,
		CreatedTime:           time.Time(b.CreatedTime),
		LastUpdatedTime:       time.Time(b.LastUpdatedTime),
		SnapshotConfiguration: b.SnapshotConfiguration,
		UserConfiguration:     b.UserConfiguration,
		RequestID:             result.requestIDOf(b.RequestID),
		Status:                int(b.Status),
	}
}
