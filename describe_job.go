package snapshotjob

import (
	"context"
	"net/http"
	"time"
)

var describeJob = operation{
	name:   "DescribeDashboardSnapshotJob",
	method: http.MethodGet,
	exceptions: []string{
		codeAccessDenied, codeInternalFailure, codeResourceNotFound, codeThrottling, codeUnsupportedUserEdition,
	},
}

// DescribeDashboardSnapshotJobOutput is the state of a job, and what it was
// asked to make.
type DescribeDashboardSnapshotJobOutput struct {
	Job                   Job // as the answer names it; ids that it lacks are those asked about
	ARN                   string
	JobStatus             SnapshotJobStatus
	CreatedTime           time.Time // UTC, millisecond precision; zero when absent
	LastUpdatedTime       time.Time // likewise
	SnapshotConfiguration SnapshotConfiguration
	UserConfiguration     *SnapshotUserConfigurationRedacted // nil for a registered user's job
	RequestID             string                             // as the body says it, else the header
	Status                int                                // as the body says it, unlike the other operations' (service model); 0 when absent
}

// jobBody is the response's body.
type jobBody struct {
	ARN                   string `json:"Arn"`
	AWSAccountID          string `json:"AwsAccountId"`
	DashboardID           string `json:"DashboardId"`
	SnapshotJobID         string `json:"SnapshotJobId"`
	JobStatus             SnapshotJobStatus
	CreatedTime           epochSeconds
	LastUpdatedTime       epochSeconds
	SnapshotConfiguration SnapshotConfiguration
	UserConfiguration     *SnapshotUserConfigurationRedacted
	RequestID             string `json:"RequestId"`
	Status                bodyStatus
}

// DescribeDashboardSnapshotJob returns the status of a job, running or not. The
// caller must be the user who started the job. [Client.Wait] polls it.
//
// Bad input is an [*InvalidInputError], and nothing was sent; the service's own
// errors are [*AccessDeniedException], [*InternalFailureException],
// [*ResourceNotFoundException], [*ThrottlingException],
// [*UnsupportedUserEditionException], or *smithy.GenericAPIError for any other
// code. The package comment tells which of them have been tried again.
func (c *Client) DescribeDashboardSnapshotJob(ctx context.Context, job Job, optFns ...func(*Options)) (*DescribeDashboardSnapshotJobOutput, error) {
	var out *DescribeDashboardSnapshotJobOutput
	call := job.call(&describeJob, "")
	call.decode = func(resp *http.Response, body []byte) error {
		b, err := decodeJSON[jobBody](body, parameterDecoders)
		if err != nil {
			return err
		}
		out = &DescribeDashboardSnapshotJobOutput{
			Job: Job{or(b.AWSAccountID, job.AWSAccountID), or(b.DashboardID, job.DashboardID), or(b.SnapshotJobID, job.SnapshotJobID)},
			ARN: b.ARN, JobStatus: b.JobStatus,
			CreatedTime: b.CreatedTime.Time, LastUpdatedTime: b.LastUpdatedTime.Time,
			SnapshotConfiguration: b.SnapshotConfiguration, UserConfiguration: b.UserConfiguration,
			RequestID: or(b.RequestID, headerRequestID(resp.Header)), Status: int(b.Status),
		}
		return nil
	}
	if err := c.invoke(ctx, call, optFns); err != nil {
		return nil, err
	}
	return out, nil
}
