package main

import (
	"os"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
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
