package docs_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/batch"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// runNight makes the files of all requests, and saves them in the folder dir.
func runNight(
	ctx context.Context,
	client *snapshotjob.Client,
	requests []*snapshotjob.StartDashboardSnapshotJobInput,
	dir string,
) error {
	ctx, cancel := context.WithTimeout(ctx, 6*time.Hour) // the files are wanted in the morning
	defer cancel()

	handle := batch.Download(client, dir)
	summary, err := batch.Run(ctx, client, slices.Values(requests), handle, func(o *batch.Options) {
		o.MaxRunning = 8 // leaves 4 of the account's 12 slots to others
		o.OnEvent = logFailure
	})
	slog.Info("night is over", "completed", summary.Completed, "failed", summary.Failed)
	return err // nil only if every file is there
}

// logFailure logs a request that has failed.
func logFailure(event batch.Event) {
	if event.Kind == batch.EventFinished && event.Err != nil {
		slog.Error("export failed", "job", event.Job.String(), "error", event.Err)
	}
}

// sender sends the files of a request to whom they are for. It must not send them twice.
type sender interface {
	Send(ctx context.Context, request *snapshotjob.StartDashboardSnapshotJobInput, paths []string) error
}

// deliver returns a handle for batch.Run that downloads the files of a job, and sends them.
func deliver(client *snapshotjob.Client, dir string, to sender) func(context.Context, batch.Outcome) error {
	return func(ctx context.Context, outcome batch.Outcome) error {
		if outcome.Err != nil {
			return nil // no file goes out if some are missing; the error of batch.Run says why they are
		}
		files, err := client.Download(ctx, outcome.Job, dir, func(o *snapshotjob.DownloadOptions) {
			o.Result = outcome.Result
			o.Existing = snapshotjob.KeepExisting
		})
		if err != nil {
			return err
		}
		var paths []string
		for _, file := range files {
			paths = append(paths, file.Path)
		}
		return to.Send(ctx, outcome.Input, paths)
	}
}

// pdfRequests returns requests for a PDF each.
func pdfRequests(ids ...string) []*snapshotjob.StartDashboardSnapshotJobInput {
	var requests []*snapshotjob.StartDashboardSnapshotJobInput
	for _, id := range ids {
		requests = append(requests, &snapshotjob.StartDashboardSnapshotJobInput{
			Job: snapshotjob.Job{
				AWSAccountID:  exampleJob.AWSAccountID,
				DashboardID:   exampleJob.DashboardID,
				SnapshotJobID: id,
			},
			SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
				FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("overview")},
			},
			UserConfiguration: snapshotjob.AnonymousUser(),
		})
	}
	return requests
}

// failJob makes the job of an id fail, and those of other ids complete after 42 seconds.
func failJob(id string) func(*snapshotjobtest.Options) {
	return func(o *snapshotjobtest.Options) {
		o.Life = func(job snapshotjob.Job) snapshotjobtest.Life {
			life := snapshotjobtest.Completed()
			if job.SnapshotJobID == id {
				life = snapshotjobtest.Failed(snapshotjob.ErrorTypeDatasetDeleted, "The dataset is gone.")
			}
			return life.After(2*time.Second, 40*time.Second)
		}
	}
}

func TestRunNight(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		server := snapshotjobtest.NewTestServer(t, failJob("globex"))
		err := runNight(t.Context(), server.Client(), pdfRequests("acme", "globex"), dir)
		var failed *batch.Error
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, 1, failed.Summary.Completed)
		assert.Equal(t, 1, failed.Summary.Failed)
	})
	assert.FileExists(t, filepath.Join(dir, "acme_overview.pdf"))
}

// mailbox is a sender that keeps what it is to send.
type mailbox struct {
	sent []string
	err  error
}

// Send keeps the paths.
func (m *mailbox) Send(
	_ context.Context,
	_ *snapshotjob.StartDashboardSnapshotJobInput,
	paths []string,
) error {
	m.sent = append(m.sent, paths...)
	return m.err
}

func TestDeliver(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		client := snapshotjobtest.NewTestServer(t, failJob("globex")).Client()
		box := &mailbox{err: errors.New("no mail today")}
		requests := slices.Values(pdfRequests("acme", "globex"))
		summary, err := batch.Run(t.Context(), client, requests, deliver(client, dir, box))
		require.ErrorIs(t, err, box.err)
		assert.Equal(t, 1, summary.HandleFailed)
		assert.Equal(t, []string{filepath.Join(dir, "acme_overview.pdf")}, box.sent)
	})
}
