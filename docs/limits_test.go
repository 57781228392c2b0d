package docs_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// limitedTo returns an option that keeps a client within a number of requests a second. Clients that share it
// share the limit.
func limitedTo(requestsPerSecond int) func(*snapshotjob.Options) {
	const burst = 1 // with a larger one, a second may have more requests than the limit
	limiter := rate.NewLimiter(rate.Limit(requestsPerSecond), burst)
	return func(o *snapshotjob.Options) { o.Limiter = limiter }
}

func TestLimitedTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := snapshotjobtest.NewTestServer(t)
		server.AddJob(exampleJob, snapshotjobtest.Completed())
		client := server.Client(limitedTo(10))
		for range 50 { // more than may come at once
			_, err := client.DescribeDashboardSnapshotJob(t.Context(), exampleJob)
			require.NoError(t, err)
		}
		for _, request := range server.Requests() {
			assert.Equal(t, http.StatusOK, request.Status, "no request is throttled")
		}
		took := server.Requests()[49].Time.Sub(server.Requests()[0].Time)
		assert.Equal(t, 4900*time.Millisecond, took)
	})
}

// twoPDFs returns a start that the documented limits refuse.
func twoPDFs() *snapshotjob.StartDashboardSnapshotJobInput {
	return &snapshotjob.StartDashboardSnapshotJobInput{
		Job: exampleJob,
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{
				snapshotjob.PDF("overview"),
				snapshotjob.PDF("orders"),
			},
		},
		UserConfiguration: snapshotjob.AnonymousUser(),
	}
}

// Limits of a job are checked before anything is sent.
func Example_limits() {
	client := snapshotjobtest.NewServer().Client()
	_, err := client.StartDashboardSnapshotJob(context.Background(), twoPDFs())
	fmt.Println(err)
	// Output:
	// operation error QuickSight: StartDashboardSnapshotJob, invalid input: FileGroups ask for 2 PDF files: want at most 1 in a job
}

func TestRaisedLimit(t *testing.T) {
	server := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		o.MaxFiles = map[snapshotjob.SnapshotFileFormatType]int{
			snapshotjob.SnapshotFileFormatTypePDF: 2,
		}
	})
	client := server.Client(func(o *snapshotjob.Options) {
		o.DisableInputRules = true
	})
	_, err := client.StartDashboardSnapshotJob(t.Context(), twoPDFs())
	assert.NoError(t, err)
}
