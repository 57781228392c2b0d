package snapshotjobtest_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// The URL of a bucket may look like one of the API.
func TestBucketNamedLikePathOfAPI(t *testing.T) {
	life := completedCSV("content")
	life.Destination = &snapshotjob.S3BucketConfiguration{
		BucketName:   "accounts",
		BucketPrefix: "111122223333/dashboards/d/snapshot-jobs",
	}
	srv := newDailyServer(t, life)
	path := strings.TrimPrefix(dailyURI(t, srv), "s3://")
	for _, host := range []string{"https://s3.us-east-1.amazonaws.com/", "https://fake.example/"} {
		got := getObject(host+path).send(t, srv)
		assert.Equal(t, "content", got.body, "from %s", host)
	}
}

// A job's id is unique only to its dashboard, so that the keys of its files hold all its ids.
func TestBucketKeysOfDashboardsDiffer(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	for _, dashboard := range []string{"sales", "other"} {
		job := daily
		job.DashboardID = dashboard
		srv.AddJob(job, inReports(completedCSV("of "+dashboard)))
	}
	for _, dashboard := range []string{"sales", "other"} {
		key := "/p/111122223333/" + dashboard + "/daily/1-s-v.csv"
		got := getObject(reportsURL+key).send(t, srv)
		assert.Equal(t, "of "+dashboard, got.body)
	}
}

func TestFileExistsFromTheEndOfItsJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newDailyServer(t, inReports(completedPDF()).After(0, time.Minute))
		file := getObject(reportsURL + "/p/111122223333/sales/daily/1-s.pdf")
		file.send(t, srv).assertS3Error(t, 404, "NoSuchKey")
		advanceClock(time.Minute)
		got := file.send(t, srv)
		got.assertOK(t)
		assert.Equal(t, "Sat, 01 Jan 2000 00:01:00 GMT", got.header.Get("Last-Modified"))
	})
}

func TestReplaceFile(t *testing.T) {
	srv := newDailyServer(t, snapshotjobtest.Completed(
		snapshotjobtest.PDF("s"),
		snapshotjobtest.CSV("s", "v").With("old"),
	))
	uri := dailyURIs(t, srv)[1]
	oldETag := fetch(t, srv, uri).header.Get("Etag")
	srv.ReplaceFile(daily, 1, []byte("new"))

	old := fetch(t, srv, uri, setHeader("If-Match", oldETag))
	old.assertS3Error(t, 412, "PreconditionFailed")
	got := fetch(t, srv, uri)
	assert.Equal(t, "new", got.body)
	assert.NotEqual(t, oldETag, got.header.Get("Etag"))
}

func TestReplaceFileThatDoesNotExistPanics(t *testing.T) {
	srv := newDailyServer(t, completedPDF())
	assert.Panics(t, func() {
		srv.ReplaceFile(daily, 1, nil)
	})
}
