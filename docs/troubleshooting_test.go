package docs_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// forSupport returns what AWS Support asks for: the code, the HTTP status and the request id.
func forSupport(err error) string {
	code := "no code"
	var exception smithy.APIError
	if errors.As(err, &exception) {
		code = exception.ErrorCode()
	}
	var response *awshttp.ResponseError
	if !errors.As(err, &response) {
		return code + ", no response"
	}
	return fmt.Sprintf("%s, status %d, request %s", code, response.HTTPStatusCode(), response.RequestID)
}

func TestForSupport(t *testing.T) {
	server := snapshotjobtest.NewTestServer(t)
	server.AddJob(exampleJob, snapshotjobtest.Life{User: "another"})
	_, err := server.Client().DescribeDashboardSnapshotJob(t.Context(), exampleJob)
	request := server.Requests()[0]
	assert.Equal(t, "AccessDeniedException, status 401, request "+request.ID, forSupport(err))
	assert.Equal(t, "no code, no response", forSupport(context.Canceled))
}

// Credentials that have expired are renewed if their provider can do that.
func TestExpiredCredentialsAreRenewed(t *testing.T) {
	server := snapshotjobtest.NewTestServer(t)
	server.AddJob(exampleJob, snapshotjobtest.Completed())
	client := server.Client()
	_, err := client.DescribeDashboardSnapshotJob(t.Context(), exampleJob)
	require.NoError(t, err)

	server.ExpireCredentials()
	_, err = client.DescribeDashboardSnapshotJob(t.Context(), exampleJob)
	require.NoError(t, err)
	assert.Len(t, server.Requests(), 3, "one of them was refused")
}

// A result that is an hour old has URLs that have expired. Download asks for new ones.
func TestExpiredURLIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := snapshotjobtest.NewTestServer(t)
		server.AddJob(exampleJob, snapshotjobtest.Completed(snapshotjobtest.PDF("overview")))
		client := server.Client()
		result, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
		require.NoError(t, err)

		time.Sleep(time.Hour)
		_, err = client.Download(t.Context(), exampleJob, t.TempDir(), func(o *snapshotjob.DownloadOptions) {
			o.Result = result
		})
		require.NoError(t, err)
		assert.Equal(t, []int{http.StatusForbidden, http.StatusOK}, statusesOfFiles(server))
	})
}

// statusesOfFiles returns the statuses of the responses to requests for files.
func statusesOfFiles(server *snapshotjobtest.Server) []int {
	var statuses []int
	for _, request := range server.Requests() {
		if request.Operation == snapshotjobtest.GetObject {
			statuses = append(statuses, request.Status)
		}
	}
	return statuses
}

// waitAnHour waits for a job, and says what is known if it doesn't finish.
func waitAnHour(ctx context.Context, client *snapshotjob.Client, job snapshotjob.Job) string {
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	_, err := client.Wait(ctx, job)
	var unfinished *snapshotjob.WaitError
	if errors.As(err, &unfinished) {
		return fmt.Sprintf("%s is still %s after %v", unfinished.Job, unfinished.Status, unfinished.Elapsed)
	}
	return "finished"
}

func TestWaitAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := snapshotjobtest.NewTestServer(t)
		server.AddJob(exampleJob, snapshotjobtest.Completed().After(0, -1))
		got := waitAnHour(t.Context(), server.Client(), exampleJob)
		assert.Equal(t, exampleJob.String()+" is still RUNNING after 1h0m0s", got)
	})
}
