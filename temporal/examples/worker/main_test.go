package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
	"github.com/quicksight-go/snapshotjob/temporal"
)

func TestNextPage(t *testing.T) {
	var dashboards []string
	cursor := ""
	for {
		page, err := nextPage(t.Context(), "dashboards:250", cursor)
		require.NoError(t, err)
		for _, request := range page.Requests {
			dashboards = append(dashboards, request.DashboardID)
		}
		if page.Next == "" {
			break
		}
		cursor = page.Next
	}
	require.Len(t, dashboards, 250)
	assert.Equal(t, "sales-0", dashboards[0])
	assert.Equal(t, "sales-249", dashboards[249])
}

func TestNextPageOfAnotherSource(t *testing.T) {
	_, err := nextPage(t.Context(), "tenants", "")
	assert.ErrorContains(t, err, `the source is "tenants"`)
}

// The environment has no server. The workflows and the activities are the worker's own.
func TestTheWorkerExportsWhatNightlyAsksFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := snapshotjobtest.NewTestServer(t)
		dir := t.TempDir()
		var suite testsuite.WorkflowTestSuite
		suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
		env := suite.NewTestWorkflowEnvironment()
		env.SetTestTimeout(time.Hour) // by the bubble's clock
		env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: "nightly", TaskQueue: "exports"})
		require.NoError(t, temporal.Register(env, newOptions(fake.Client(), flagValues{dir: dir})))
		env.ExecuteWorkflow(temporal.Batch, temporal.BatchInput{Source: "dashboards:3"})
		require.NoError(t, env.GetWorkflowError())
		for _, dashboard := range []string{"sales-0", "sales-1", "sales-2"} {
			files, err := filepath.Glob(filepath.Join(dir, "111122223333", dashboard, "*", "*.pdf"))
			require.NoError(t, err)
			assert.Len(t, files, 1, dashboard)
		}
	})
}

func TestTheWorkerIsMade(t *testing.T) {
	connection, err := client.NewLazyClient(client.Options{HostPort: "127.0.0.1:1"})
	require.NoError(t, err)
	defer connection.Close()
	fake := snapshotjobtest.NewTestServer(t)
	_, err = temporal.NewWorker(connection, newOptions(fake.Client(), flagValues{queue: "exports", starts: 1}))
	assert.NoError(t, err)
}

func TestDownloadIntoCanBeRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := snapshotjobtest.NewTestServer(t)
		job := snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "sales", SnapshotJobID: "daily"}
		fake.AddJob(job, snapshotjobtest.Completed(snapshotjobtest.PDF("summary")))
		dir := t.TempDir()
		deliver := downloadInto(dir)
		require.NoError(t, deliver(t.Context(), fake.Client(), job))
		require.NoError(t, deliver(t.Context(), fake.Client(), job))
		files, err := os.ReadDir(dir + "/111122223333/sales/daily")
		require.NoError(t, err)
		assert.Len(t, files, 1)
	})
}

func TestAddTagsKeepsTheIDs(t *testing.T) {
	request := newRequest("sales-1")
	filled := request
	require.NoError(t, addTags(t.Context(), &filled))
	assert.Nil(t, request.UserConfiguration)
	assert.Len(t, filled.UserConfiguration.AnonymousUsers[0].RowLevelPermissionTags, 1)
	filled.UserConfiguration = nil
	assert.Equal(t, request, filled)
}
