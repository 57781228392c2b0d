package main

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
)

func TestExport(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) { // The job's three seconds pass at once.
		job := snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "sales", SnapshotJobID: "daily"}
		require.NoError(t, export(t.Context(), fake(), job, "overview", dir))
	})
	content, err := os.ReadFile(filepath.Join(dir, "daily_overview.pdf"))
	require.NoError(t, err)
	assert.Contains(t, string(content), "%PDF")
}
