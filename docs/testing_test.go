package docs_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

func TestReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the seconds of the job pass at once
		server := snapshotjobtest.NewTestServer(t) // a job completes 42 s after its start
		server.Fail(snapshotjobtest.DescribeDashboardSnapshotJob, snapshotjobtest.Throttle())
		files, err := report(t.Context(), server.Client(), exampleJob, t.TempDir())
		require.NoError(t, err)
		assert.Len(t, files, 1)
	})
}

func TestReportOfFailedFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
			o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
				const reason = "Row-level security settings have changed."
				pdf := snapshotjobtest.PDF("overview").Failing(snapshotjob.ErrorTypeRLSChanged, reason)
				return snapshotjobtest.Completed(pdf)
			}
		})
		_, err := report(t.Context(), server.Client(), exampleJob, t.TempDir())
		var failed *snapshotjob.JobError
		require.ErrorAs(t, err, &failed)
		assert.True(t, failed.TryAgain())
		assert.Equal(t, snapshotjob.ErrorTypeRLSChanged, failed.Files[0].Errors[0].ErrorType)
	})
}

// The server's configuration is for code that makes its own client.
func TestReportWithConfiguration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := snapshotjobtest.NewTestServer(t)
		server.AddDashboard("sales", snapshotjob.DashboardSheet{SheetID: "overview"})
		client := snapshotjob.NewFromConfig(server.Config())
		_, err := report(t.Context(), client, exampleJob, t.TempDir())
		require.NoError(t, err)
		for _, request := range server.Requests() {
			assert.Equal(t, http.StatusOK, request.Status, request.Operation)
		}
	})
}

// mock is an http.RoundTripper that gives one response to every request.
type mock struct {
	status    int
	errorType string // the name of an exception; empty if there is none
	body      string
}

// RoundTrip returns the response.
func (m mock) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: m.status,
		Header:     http.Header{"X-Amzn-Errortype": {m.errorType}},
		Body:       io.NopCloser(strings.NewReader(m.body)),
	}, nil
}

// client returns a client of the mock.
func (m mock) client() *snapshotjob.Client {
	keys := aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "secret"}
	return snapshotjob.New(snapshotjob.Options{
		Region: "us-east-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return keys, nil
		}),
		Transport:         m,
		DownloadTransport: m,
		RetryMaxAttempts:  1, // otherwise some errors of the mock are tried again
	})
}

func TestMockOfRunningJob(t *testing.T) {
	running := mock{
		status: http.StatusOK,
		body:   `{"JobStatus": "RUNNING", "CreatedTime": 1795392000.5}`,
	}
	described, err := running.client().DescribeDashboardSnapshotJob(t.Context(), exampleJob)
	require.NoError(t, err)
	assert.Equal(t, snapshotjob.SnapshotJobStatusRunning, described.JobStatus)
	assert.Equal(t, time.Date(2026, 11, 23, 0, 0, 0, 500e6, time.UTC), described.CreatedTime)
}

func TestReportWithoutEdition(t *testing.T) {
	refusing := mock{
		status:    http.StatusForbidden,
		errorType: "UnsupportedUserEditionException",
		body:      `{"Message": "Standard edition"}`,
	}
	_, err := report(t.Context(), refusing.client(), exampleJob, t.TempDir())
	var unsupported *snapshotjob.UnsupportedUserEditionException
	require.ErrorAs(t, err, &unsupported)
	assert.Equal(t, "Standard edition", unsupported.Message)
}

// waiter is the part of a client that outcome needs.
type waiter interface {
	Wait(
		ctx context.Context,
		job snapshotjob.Job,
		optFns ...func(*snapshotjob.WaitOptions),
	) (*snapshotjob.DescribeDashboardSnapshotJobResultOutput, error)
}

// outcome says in a word what came of a job.
func outcome(ctx context.Context, client waiter, job snapshotjob.Job) string {
	result, err := client.Wait(ctx, job)
	switch {
	case err == nil:
		return "done"
	case result != nil:
		return "failed"
	default:
		return "unknown"
	}
}

// brokenWaiter never sees a job finish.
type brokenWaiter struct{}

// Wait returns an error.
func (brokenWaiter) Wait(
	context.Context,
	snapshotjob.Job,
	...func(*snapshotjob.WaitOptions),
) (*snapshotjob.DescribeDashboardSnapshotJobResultOutput, error) {
	return nil, errors.New("no network")
}

func TestOutcome(t *testing.T) {
	assert.Equal(t, "unknown", outcome(t.Context(), brokenWaiter{}, exampleJob))
	server := snapshotjobtest.NewTestServer(t)
	server.AddJob(exampleJob, snapshotjobtest.Completed(snapshotjobtest.PDF("overview")))
	assert.Equal(t, "done", outcome(t.Context(), server.Client(), exampleJob))
	server.AddJob(exampleJob, snapshotjobtest.Failed(snapshotjob.ErrorTypeDatasetDeleted, "The dataset is gone."))
	assert.Equal(t, "failed", outcome(t.Context(), server.Client(), exampleJob))
}
