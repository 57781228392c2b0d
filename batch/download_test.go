package batch_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/batch"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// namesIn returns the names of the files in a folder, sorted.
func namesIn(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestDownloadFetchesWhatIsMissing(t *testing.T) {
	folder := t.TempDir()
	inBubble(t, func(t *testing.T, server *Server) {
		client := server.Client()
		_, err := batch.Run(t.Context(), client, requestsOf("a", "b"), batch.Download(client, folder))
		require.NoError(t, err)
		assert.Equal(t, []string{"a_overview.pdf", "b_overview.pdf"}, namesIn(t, folder))

		require.NoError(t, os.Remove(filepath.Join(folder, "b_overview.pdf")))
		before := countRequests(server, snapshotjobtest.GetObject, 200)
		kept, err := os.Stat(filepath.Join(folder, "a_overview.pdf"))
		require.NoError(t, err)
		summary, err := batch.Run(t.Context(), client, requestsOf("a", "b"), batch.Download(client, folder))
		require.NoError(t, err)
		assert.Equal(t, 2, summary.Adopted)
		assert.Equal(t, []string{"a_overview.pdf", "b_overview.pdf"}, namesIn(t, folder))
		after, err := os.Stat(filepath.Join(folder, "a_overview.pdf"))
		require.NoError(t, err)
		assert.True(t, os.SameFile(kept, after))
		assert.Greater(t, countRequests(server, snapshotjobtest.GetObject, 200), before)
	})
}

// The good files of a job that lacks others are fetched. The job's error is told once, by
// the outcome.
func TestDownloadOfAJobThatLacksAFile(t *testing.T) {
	life := snapshotjobtest.Completed(
		snapshotjobtest.PDF("overview"),
		snapshotjobtest.CSV("overview", "table").Failing(snapshotjob.ErrorTypeDatasetDeleted, "gone"),
	)
	folder := t.TempDir()
	inBubble(t, func(t *testing.T, server *Server) {
		request := pdfRequest("a")
		request.SnapshotConfiguration.FileGroups = append(request.SnapshotConfiguration.FileGroups,
			snapshotjob.CSV("overview", "table"))
		client := server.Client()
		requests := func(yield func(*Input) bool) { yield(request) }
		summary, err := batch.Run(t.Context(), client, requests, batch.Download(client, folder))
		assert.ErrorContains(t, err, "gone")
		assert.Equal(t, 1, summary.Failed)
		assert.Zero(t, summary.HandleFailed)
		assert.Equal(t, []string{"a_overview.pdf"}, namesIn(t, folder))
	}, livesOf(lives{"a": minute(life)}))
}

func TestDownloadWithoutAResultDoesNothing(t *testing.T) {
	server := snapshotjobtest.NewTestServer(t)
	folder := filepath.Join(t.TempDir(), "reports")
	download := batch.Download(server.Client(), folder)
	err := download(t.Context(), batch.Outcome{Job: jobOf("a"), Err: errors.New("not started")})
	assert.NoError(t, err)
	assert.NoDirExists(t, folder)
	assert.Empty(t, server.Requests())
}

func TestDownloadThatFails(t *testing.T) {
	folder := t.TempDir()
	inBubble(t, func(t *testing.T, server *Server) {
		server.Fail(snapshotjobtest.GetObject, snapshotjobtest.Answer(403, "AccessDenied", "not yours").Times(2)...)
		client := server.Client()
		summary, err := batch.Run(t.Context(), client, requestsOf("a"), batch.Download(client, folder))
		downloadError, ok := errors.AsType[*snapshotjob.DownloadError](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, jobOf("a"), downloadError.Job)
		assert.Equal(t, 1, summary.HandleFailed)
		assert.Equal(t, 1, summary.Completed)
		assert.Empty(t, namesIn(t, folder))
	})
}

// Two dashboards made from one template have the same sheets, so that jobs of one id
// would have files of the same names.
func TestDownloadOfTwoDashboardsWithOneJobID(t *testing.T) {
	folder := t.TempDir()
	inBubble(t, func(t *testing.T, server *Server) {
		first := pdfRequest("daily")
		second := pdfRequest("daily")
		second.Job.DashboardID = "stock"
		requests := func(yield func(*Input) bool) { _ = yield(first) && yield(second) }
		client := server.Client()
		summary, err := batch.Run(t.Context(), client, requests, batch.Download(client, folder))
		assert.ErrorContains(t, err, "the file daily_overview.pdf in "+folder+" is that of another job")
		assert.Equal(t, 2, summary.Completed)
		assert.Equal(t, 1, summary.HandleFailed)
		assert.Equal(t, []string{"daily_overview.pdf"}, namesIn(t, folder))
	})
}

// The ids and sheets of two jobs differ, and make one name all the same.
func TestDownloadOfTwoJobsWithOneName(t *testing.T) {
	folder := t.TempDir()
	inBubble(t, func(t *testing.T, server *Server) {
		first := requestFor("daily", snapshotjob.PDF("north_sales"))
		second := requestFor("daily_north", snapshotjob.PDF("sales"))
		client := server.Client()
		requests := slices.Values([]*Input{first, second})
		summary, err := batch.Run(t.Context(), client, requests, batch.Download(client, folder))
		assert.ErrorContains(t, err, "the file daily_north_sales.pdf in "+folder+" is that of another job")
		assert.Equal(t, 1, summary.HandleFailed)
		assert.Equal(t, []string{"daily_north_sales.pdf"}, namesIn(t, folder))
	})
}

// A job that is not fetched, because one of its files has the name of another job's, leaves
// the names of its other files to further jobs.
func TestDownloadThatIsRefusedTakesNoName(t *testing.T) {
	folder := t.TempDir()
	request := func(dashboard string, sheets ...string) *Input {
		request := pdfRequest("daily")
		request.Job.DashboardID = dashboard
		request.SnapshotConfiguration.FileGroups = nil
		for _, sheet := range sheets {
			file := snapshotjob.CSV(sheet, "table")
			request.SnapshotConfiguration.FileGroups = append(request.SnapshotConfiguration.FileGroups, file)
		}
		return request
	}
	inBubble(t, func(t *testing.T, server *Server) {
		requests := slices.Values([]*Input{request("a", "x"), request("b", "y", "x"), request("c", "y")})
		client := server.Client()
		oneAfterTheOther := func(o *batch.Options) { o.MaxRunning = 1 }
		_, err := batch.Run(t.Context(), client, requests, batch.Download(client, folder), oneAfterTheOther)
		assert.ErrorContains(t, err, "the file daily_x_table.csv")
		assert.NotContains(t, err.Error(), "the file daily_y_table.csv")
		assert.Equal(t, []string{"daily_x_table.csv", "daily_y_table.csv"}, namesIn(t, folder))
	})
}

// What is in the folder under the name of a file, before a run that makes it.
func TestDownloadReplacesTheFilesOfEarlierJobs(t *testing.T) {
	tests := map[string]struct {
		isAdopted bool
		age       time.Duration // of the file, when the job begins
		want      string
	}{
		"of a job that this run starts": {isAdopted: false, age: 0, want: "new"},
		"newer than a job that exists":  {isAdopted: true, age: -time.Second, want: "old"},
		"older than a job that exists":  {isAdopted: true, age: 24 * time.Hour, want: "new"},
	}
	life := snapshotjobtest.Completed(snapshotjobtest.PDF("overview").With("new"))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			inBubble(t, func(t *testing.T, server *Server) {
				path := filepath.Join(folder, "a_overview.pdf")
				require.NoError(t, os.WriteFile(path, []byte("old"), 0o666))
				written := time.Now().Add(-test.age)
				require.NoError(t, os.Chtimes(path, written, written))
				if test.isAdopted {
					server.AddJob(jobOf("a"), minute(life))
				}
				client := server.Client()
				_, err := batch.Run(t.Context(), client, requestsOf("a"), batch.Download(client, folder))
				require.NoError(t, err)
				content, err := os.ReadFile(path)
				require.NoError(t, err)
				assert.Equal(t, test.want, string(content))
			}, livesOf(lives{"a": minute(life)}))
		})
	}
}

func TestOptionsOfDownload(t *testing.T) {
	folder := t.TempDir()
	inBubble(t, func(t *testing.T, server *Server) {
		client := server.Client()
		download := batch.Download(client, folder, func(o *snapshotjob.DownloadOptions) {
			assert.Equal(t, snapshotjob.ReplaceExisting, o.Existing)
			assert.NotNil(t, o.Result)
			o.Existing = snapshotjob.NumberExisting
		})
		twice := func(ctx context.Context, outcome batch.Outcome) error {
			return errors.Join(download(ctx, outcome), download(ctx, outcome))
		}
		_, err := batch.Run(t.Context(), client, requestsOf("a"), twice)
		require.NoError(t, err)
		assert.Equal(t, []string{"a_overview-2.pdf", "a_overview.pdf"}, namesIn(t, folder))
	})
}

// An option function that sets ClientOptions leaves the rate of the run in force.
func TestDownloadKeepsTheLimiterOfTheRun(t *testing.T) {
	folder := t.TempDir()
	inBubble(t, func(t *testing.T, server *Server) {
		client := server.Client()
		calls := 0
		count := func(*snapshotjob.Options) { calls++ }
		add := func(o *snapshotjob.DownloadOptions) {
			o.Result = nil // so that Download asks for it
			o.ClientOptions = []func(*snapshotjob.Options){count}
		}
		once := batch.Download(client, folder, add)
		tenTimes := func(ctx context.Context, outcome batch.Outcome) error {
			var errs []error
			for range 10 {
				errs = append(errs, once(ctx, outcome))
			}
			return errors.Join(errs...)
		}
		_, err := batch.Run(t.Context(), client, requestsOf("a"), tenTimes)
		require.NoError(t, err)
		assert.Positive(t, calls)
		results := timesOf(server, snapshotjobtest.DescribeDashboardSnapshotJobResult)
		require.Len(t, results, 11)
		assert.GreaterOrEqual(t, results[10].Sub(results[1]), time.Second) // 9 calls at 8 a second
	})
}

// timesOf returns when the requests of an operation came.
func timesOf(server *Server, operation snapshotjobtest.Operation) []time.Time {
	var times []time.Time
	for _, request := range server.Requests() {
		if request.Operation == operation {
			times = append(times, request.Time)
		}
	}
	return times
}
