package migration

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/quicksight"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// content is what the file of the job holds.
const content = "region,orders\nEMEA,42\n"

// makeContent makes a server whose jobs take 42 seconds.
func makeContent(o *snapshotjobtest.Options) {
	o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
		file := snapshotjobtest.CSV("overview", "orders").With(content)
		return snapshotjobtest.Completed(file).After(2*time.Second, 40*time.Second)
	}
}

// assertContent checks the only file of a folder.
func assertContent(t *testing.T, dir string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.csv"))
	require.NoError(t, err)
	require.Len(t, paths, 1)
	got, err := os.ReadFile(paths[0])
	require.NoError(t, err)
	assert.Equal(t, content, string(got))
}

func TestOfficial(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		server := snapshotjobtest.NewTestServer(t, makeContent)
		client := quicksight.NewFromConfig(server.Config())
		require.NoError(t, startOfficial(t.Context(), client))
		result, err := waitOfficial(t.Context(), client)
		require.NoError(t, err)
		require.NoError(t, downloadOfficial(t.Context(), server.HTTPClient(), result, dir))
	})
	assertContent(t, dir)
}

func TestOurs(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		server := snapshotjobtest.NewTestServer(t, makeContent)
		client := snapshotjob.NewFromConfig(server.Config())
		require.NoError(t, start(t.Context(), client))
		_, err := waitAndDownload(t.Context(), client, dir)
		require.NoError(t, err)
	})
	assertContent(t, dir)
}
