package snapshotjobtest_test

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// leavePDFAndCSV lets every job that is started complete at once, and leave two small files.
func leavePDFAndCSV(o *snapshotjobtest.Options) {
	o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
		return snapshotjobtest.Completed(
			snapshotjobtest.File{Content: []byte("%PDF")},
			snapshotjobtest.File{Content: []byte("a,b\n")},
		)
	}
}

// forEachClient runs a test with each kind of client, over each way to reach its server.
func forEachClient(t *testing.T, test func(t *testing.T, client *snapshotjob.Client)) {
	t.Helper()
	forEachWay(t, func(t *testing.T, start starter) {
		t.Run("Client", func(t *testing.T) {
			srv := snapshotjobtest.NewTestServer(t, leavePDFAndCSV)
			start(srv)
			test(t, srv.Client())
		})
		t.Run("Config", func(t *testing.T) {
			srv := snapshotjobtest.NewTestServer(t, leavePDFAndCSV)
			start(srv)
			test(t, snapshotjob.NewFromConfig(srv.Config()))
		})
	})
}

func TestClient(t *testing.T) {
	forEachClient(t, func(t *testing.T, client *snapshotjob.Client) {
		in := &snapshotjob.StartDashboardSnapshotJobInput{
			Job: daily,
			SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
				FileGroups: []snapshotjob.SnapshotFileGroup{
					snapshotjob.PDF("s"),
					snapshotjob.CSV("s", "v"),
				},
			},
			UserConfiguration: snapshotjob.AnonymousUser(
				snapshotjob.SessionTag{Key: "tenant", Value: "42"},
			),
		}
		_, err := client.StartDashboardSnapshotJob(t.Context(), in)
		require.NoError(t, err)

		described, err := client.DescribeDashboardSnapshotJob(t.Context(), daily)
		require.NoError(t, err)
		assert.Equal(t, in.SnapshotConfiguration, described.SnapshotConfiguration)

		result := describeResult(t, client)
		contents := readFiles(t, client, result)
		assert.Equal(t, []string{"%PDF", "a,b\n"}, contents)
		assert.NoError(t, result.Err())
	})
}

func TestClientStartsSchedule(t *testing.T) {
	forEachClient(t, func(t *testing.T, client *snapshotjob.Client) {
		in := &snapshotjob.StartDashboardSnapshotJobScheduleInput{
			AWSAccountID: "111122223333",
			DashboardID:  "sales",
			ScheduleID:   "nightly",
		}
		out, err := client.StartDashboardSnapshotJobSchedule(t.Context(), in)
		require.NoError(t, err)
		assert.Equal(t, 200, out.Status)
	})
}

func TestClientDescribesDashboard(t *testing.T) {
	forEachClient(t, func(t *testing.T, client *snapshotjob.Client) {
		in := &snapshotjob.DescribeDashboardDefinitionInput{
			AWSAccountID:  "111122223333",
			DashboardID:   "sales",
			VersionNumber: 1,
		}
		out, err := client.DescribeDashboardDefinition(t.Context(), in)
		require.NoError(t, err)
		assert.Equal(t, "sales", out.DashboardID)
		assert.Empty(t, out.Sheets)
	})
}

// Files in the caller's bucket come from the server as well, however it is reached.
func TestClientReadsFromBucket(t *testing.T) {
	life := completedCSV("content")
	life.Destination = &snapshotjob.S3BucketConfiguration{BucketName: "reports", BucketPrefix: "p q"}
	forEachWay(t, func(t *testing.T, start starter) {
		srv := newDailyServer(t, life)
		start(srv)
		client := srv.Client()
		contents := readFiles(t, client, describeResult(t, client))
		assert.Equal(t, []string{"content"}, contents)
	})
}

func TestClientRenewsExpiredCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newDailyServer(t, snapshotjobtest.Completed())
		client := srv.Client()
		for range 3 {
			require.NoError(t, describeDaily(t, client))
			srv.ExpireCredentials()
		}
	})
}

func TestClientOfAnotherUserIsDenied(t *testing.T) {
	srv := newDailyServer(t, snapshotjobtest.Completed())
	bob := srv.AddUser("bob")
	client := srv.Client(func(o *snapshotjob.Options) {
		o.Credentials = bob
	})
	err := describeDaily(t, client)
	var denied *snapshotjob.AccessDeniedException
	assert.ErrorAs(t, err, &denied)
}

// A file arrives whole although its requests are throttled, cut, dropped and stalled.
func TestClientReadsFileDespiteFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		content := strings.Repeat("0123456789", 30_000)
		srv := newDailyServer(t, inReports(completedCSV(content)))
		srv.Fail(snapshotjobtest.GetObject,
			snapshotjobtest.Throttle(),
			snapshotjobtest.CutBody(70_000),
			snapshotjobtest.Drop(),
			snapshotjobtest.StallBody(1000, 0),
		)
		client := srv.Client()
		contents := readFiles(t, client, describeResult(t, client))
		require.Len(t, contents, 1)
		assert.Equal(t, len(content), len(contents[0]))
		assert.True(t, contents[0] == content, "the bytes are those of the file")
	})
}

func TestClientRefusesCorruptFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		content := strings.Repeat("0123456789", 30_000)
		srv := newDailyServer(t, inReports(completedCSV(content)))
		client := srv.Client()
		for file := range describeResult(t, client).Files() {
			srv.Fail(snapshotjobtest.GetObject, snapshotjobtest.Corrupt())
			reader, err := client.Open(t.Context(), file)
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, reader)
			assert.ErrorIs(t, err, snapshotjob.ErrChecksum)
			reader.Close()
		}
	})
}

// The race detector watches this test.
func TestConcurrentUse(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		o.RequestsPerSecond = -1
		o.MaxRunningJobs = -1
		o.Life = snapshotjobtest.Distribution{Seed: 1}.Life
	})
	client := srv.Client()
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			job := snapshotjob.Job{
				AWSAccountID:  "111122223333",
				DashboardID:   fmt.Sprint("d", i%5),
				SnapshotJobID: fmt.Sprint("j", i),
			}
			startAndRead(t, client, job)
			srv.AddJob(job, completedPDF())
			srv.ReplaceFile(job, 0, []byte("x"))
			srv.Requests()
			srv.Unused()
			if i == 25 { // Only once: a call renews its credentials no more often than that.
				srv.ExpireCredentials()
			}
		})
	}
	wg.Wait()
}

// startAndRead starts a job that completes at once, and reads its files. It may run on any goroutine.
func startAndRead(t *testing.T, client *snapshotjob.Client, job snapshotjob.Job) {
	_, err := client.StartDashboardSnapshotJob(t.Context(), &snapshotjob.StartDashboardSnapshotJobInput{
		Job:               job,
		UserConfiguration: snapshotjob.AnonymousUser(),
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("s")},
		},
	})
	if !assert.NoError(t, err) {
		return
	}
	result, err := client.DescribeDashboardSnapshotJobResult(t.Context(), job)
	if !assert.NoError(t, err) {
		return
	}
	for file := range result.Files() {
		reader, err := client.Open(t.Context(), file)
		if !assert.NoError(t, err) {
			continue
		}
		_, err = io.Copy(io.Discard, reader)
		assert.NoError(t, err)
		assert.NoError(t, reader.Close())
	}
}
