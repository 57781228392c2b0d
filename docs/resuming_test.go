package docs_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// startOnce starts a job, or finds out that the same start has made it before.
func startOnce(
	ctx context.Context,
	client *snapshotjob.Client,
	input *snapshotjob.StartDashboardSnapshotJobInput,
) error {
	_, err := client.StartDashboardSnapshotJob(ctx, input)
	var exists *snapshotjob.ResourceExistsException
	if !errors.As(err, &exists) {
		return err
	}
	found, describeErr := client.DescribeDashboardSnapshotJob(ctx, input.Job)
	if describeErr != nil {
		return describeErr
	}
	if !found.Matches(input) {
		return err // another job has this id
	}
	return nil
}

// export makes the files of a job. After a crash, the same call does what is left.
func export(
	ctx context.Context,
	client *snapshotjob.Client,
	input *snapshotjob.StartDashboardSnapshotJobInput,
	dir string,
) ([]snapshotjob.DownloadedFile, error) {
	if err := startOnce(ctx, client, input); err != nil {
		return nil, err
	}
	result, err := client.Wait(ctx, input.Job)
	if result == nil {
		return nil, err
	}
	return client.Download(ctx, input.Job, dir, func(o *snapshotjob.DownloadOptions) {
		o.Result = result
		o.Existing = snapshotjob.KeepExisting
	})
}

func TestExportAgain(t *testing.T) {
	server := snapshotjobtest.NewTestServer(t, finishAtOnce)
	client := server.Client()
	dir := t.TempDir()
	input := pdfRequests("daily")[0]

	first, err := export(t.Context(), client, input, dir)
	require.NoError(t, err)
	require.Len(t, first, 1)
	assert.False(t, first[0].Kept)

	second, err := export(t.Context(), client, input, dir)
	require.NoError(t, err)
	require.Len(t, second, 1)
	assert.True(t, second[0].Kept)
	assert.Equal(t, first[0].Path, second[0].Path)
}

func TestStartOnceRefusesAnotherJob(t *testing.T) {
	client := snapshotjobtest.NewTestServer(t, finishAtOnce).Client()
	input := pdfRequests("daily")[0]
	require.NoError(t, startOnce(t.Context(), client, input))

	input.SnapshotConfiguration.FileGroups[0] = snapshotjob.PDF("orders")
	var exists *snapshotjob.ResourceExistsException
	assert.ErrorAs(t, startOnce(t.Context(), client, input), &exists)
}

// A lost response is no reason to start another job.
func Example_outcomeUnknown() {
	server := snapshotjobtest.NewServer()
	server.Fail(snapshotjobtest.StartDashboardSnapshotJob, snapshotjobtest.DropAfterWork())
	server.Fail(snapshotjobtest.DescribeDashboardSnapshotJob, snapshotjobtest.Answer(403, "AccessDeniedException", "no"))
	client := server.Client(oneAttempt)

	ctx := context.Background()
	input := pdfRequests("daily")[0]
	err := startOnce(ctx, client, input)
	if errors.Is(err, snapshotjob.ErrOutcomeUnknown) {
		err = startOnce(ctx, client, input) // safe: the id is the same
	}
	fmt.Println(err)
	// Output: <nil>
}
