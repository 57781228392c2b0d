package snapshotjob

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/smithy-go"
)

var describeResult = operation{
	name:   "DescribeDashboardSnapshotJobResult",
	method: http.MethodGet,
	exceptions: slices.Concat(commonExceptions, []string{
		"InvalidParameterValueException",
		"PreconditionNotMetException",
	}),
	refineException: markNotFinished,
}

// ErrJobNotFinished is matched by the error of
// [Client.DescribeDashboardSnapshotJobResult] for a job that is still queued or
// running. AWS documents the message of that error, "has not reached a terminal
// state", but not its exception. So every error with such a message matches.
var ErrJobNotFinished = errors.New("the snapshot job has not finished: " +
	"wait until DescribeDashboardSnapshotJob says COMPLETED or FAILED")

// markNotFinished makes an exception match ErrJobNotFinished if that is what its
// message means.
func markNotFinished(exception smithy.APIError) error {
	message := strings.ToLower(exception.ErrorMessage())
	if !strings.Contains(message, "has not reached a terminal state") {
		return exception
	}
	return &textError{
		text: exception.Error() + " (it is queued or running: Wait polls until it has finished)",
		errs: []error{exception, ErrJobNotFinished},
	}
}

// DescribeDashboardSnapshotJobResultOutput is the result of a job that has finished.
// Its method Err says whether all went well, and Files walks the files.
type DescribeDashboardSnapshotJobResultOutput struct {
	Job Job // the job that was asked about
	ARN string

	// JobStatus is COMPLETED or FAILED, unless the service says otherwise: it is the
	// text of the response.
	JobStatus SnapshotJobStatus

	CreatedTime     time.Time // UTC, with millisecond precision; zero if absent
	LastUpdatedTime time.Time // UTC, with millisecond precision; zero if absent

	// Result holds the files. Users report that presigned URLs in it can be used for
	// 300 seconds.
	Result SnapshotJobResult

	// ErrorInfo says why a FAILED job failed. It is nil if the service sent none.
	ErrorInfo *SnapshotJobErrorInfo

	RequestID string // from the body, or from the header if the body has none
	Status    int    // the HTTP status
}

// describeResultBody is the body of the response. It leaves out the member Status,
// because the model takes the output's Status from the status line of the response.
type describeResultBody struct {
	ARN             string                `json:"Arn"`
	JobStatus       SnapshotJobStatus     `json:"JobStatus"`
	CreatedTime     timestamp             `json:"CreatedTime"`
	LastUpdatedTime timestamp             `json:"LastUpdatedTime"`
	Result          SnapshotJobResult     `json:"Result"`
	ErrorInfo       *SnapshotJobErrorInfo `json:"ErrorInfo"`
	RequestID       string                `json:"RequestId"`
}

// DescribeDashboardSnapshotJobResult returns the result of a job that has finished:
// where its files are, and what went wrong. Only the user who started a job may ask
// for its result.
//
// A nil error means that the service sent a result, not that the job went well: the
// output's Err tells that. The error for a job that is queued or running matches
// [ErrJobNotFinished]. Besides the errors that [Client] lists, there are
// [*InvalidParameterValueException] and [*PreconditionNotMetException].
func (c *Client) DescribeDashboardSnapshotJobResult(
	ctx context.Context,
	job Job,
	optFns ...func(*Options),
) (*DescribeDashboardSnapshotJobResultOutput, error) {
	return c.result(ctx, c.settingsFor(optFns), job)
}

// result is DescribeDashboardSnapshotJobResult with settings that are made already.
func (c *Client) result(
	ctx context.Context,
	s *settings,
	job Job,
) (*DescribeDashboardSnapshotJobResultOutput, error) {
	req := request{
		operation: &describeResult,
		path:      job.path("result"),
		subject:   job,
	}
	var body describeResultBody
	result, err := c.do(ctx, s, req, job.problems(), &body)
	if err != nil {
		return nil, callError(req, err)
	}
	return &DescribeDashboardSnapshotJobResultOutput{
		Job:             job,
		ARN:             body.ARN,
		JobStatus:       body.JobStatus,
		CreatedTime:     time.Time(body.CreatedTime),
		LastUpdatedTime: time.Time(body.LastUpdatedTime),
		Result:          body.Result,
		ErrorInfo:       body.ErrorInfo,
		RequestID:       result.requestIDOf(body.RequestID),
		Status:          result.status,
	}, nil
}
