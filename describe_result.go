package snapshotjob

import (
	"cmp"
	"context"
	"net/http"
	"time"
)

var describeResult = operation{
	name:       "DescribeDashboardSnapshotJobResult",
	method:     http.MethodGet,
	exceptions: commonExceptions + "InvalidParameterValue PreconditionNotMet",
}

// DescribeDashboardSnapshotJobResultOutput is what came of a finished job. Its
// methods Err and Files judge it and walk it.
type DescribeDashboardSnapshotJobResultOutput struct {
	Job             Job // the job that was asked about
	ARN             string
	JobStatus       SnapshotJobStatus     // COMPLETED or FAILED
	CreatedTime     time.Time             // UTC, millisecond precision; zero when absent
	LastUpdatedTime time.Time             // likewise
	Result          SnapshotJobResult     // presigned URLs in it are reported to live for 300 seconds
	ErrorInfo       *SnapshotJobErrorInfo // why a FAILED job failed; nil otherwise
	RequestID       string                // as the body says it, else the header
	Status          int                   // HTTP status
}

// DescribeDashboardSnapshotJobResult returns the result of a job that has
// finished: where its files lie, and what went wrong. The caller must be the
// user who started the job.
//
// A nil error means that the service answered, not that the job went well: see
// the output's Err. The error of a job that is still queued or running matches
// [ErrJobNotFinished]. Besides the errors that [Client] lists, there are
// [*InvalidParameterValueException] and [*PreconditionNotMetException].
func (c *Client) DescribeDashboardSnapshotJobResult(ctx context.Context, job Job, optFns ...func(*Options)) (*DescribeDashboardSnapshotJobResultOutput, error) {
	o := new(DescribeDashboardSnapshotJobResultOutput)
	call := job.call(&describeResult, "/result", o)
	if err := c.do(ctx, call, optFns); err != nil {
		return nil, err
	}
	o.Job, o.RequestID, o.Status = job, cmp.Or(o.RequestID, call.requestID), call.status
	return o, nil
}
