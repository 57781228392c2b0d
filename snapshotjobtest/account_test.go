package snapshotjobtest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// limitCase is a number of jobs that are started at once. After a while it is possible to start one more, or
// it is not. A job is queued for 2 seconds and runs for 40.
type limitCase struct {
	name    string
	limit   int
	jobs    int
	wait    time.Duration
	refused bool
}

// run starts the jobs of the case, and then one more.
func (c limitCase) run(t *testing.T, optFns ...func(*snapshotjobtest.Options)) {
	t.Helper()
	optFns = append(optFns, func(o *snapshotjobtest.Options) {
		o.MaxRunningJobs = c.limit
		o.RequestsPerSecond = -1
	})
	srv := snapshotjobtest.NewTestServer(t, optFns...)
	startMany(t, srv, "j", c.jobs)
	advanceClock(c.wait)
	got := post(jobsPath, goodStart).send(t, srv)
	if c.refused {
		got.assertError(t, 409, "LimitExceededException")
	} else {
		got.assertOK(t)
	}
}

// AWS counts only jobs with the status RUNNING.
func TestRunningLimit(t *testing.T) {
	for _, tt := range []limitCase{
		{name: "12 queued", jobs: 12},
		{name: "12 about to run", jobs: 12, wait: 1999 * time.Millisecond},
		{name: "12 running", jobs: 12, wait: 2 * time.Second, refused: true},
		{name: "12 about to end", jobs: 12, wait: 41999 * time.Millisecond, refused: true},
		{name: "12 ended", jobs: 12, wait: 42 * time.Second},
		{name: "11 running", jobs: 11, wait: 2 * time.Second},
		{name: "30 queued", jobs: 30},
		{name: "12 of 30 running", jobs: 30, wait: 2 * time.Second, refused: true},
		{name: "the next 12 of 30 running", jobs: 30, wait: 42 * time.Second, refused: true},
		{name: "the last 6 of 30 running", jobs: 30, wait: 82 * time.Second},
		{name: "an option", limit: 2, jobs: 2, wait: 2 * time.Second, refused: true},
		{name: "an option, queued", limit: 2, jobs: 2},
		{name: "no limit", limit: -1, jobs: 40, wait: 2 * time.Second},
	} {
		runInBubble(t, tt.name, func(t *testing.T) {
			tt.run(t)
		})
	}
}

func TestRunningLimitWithQueuedJobs(t *testing.T) {
	countQueued := func(o *snapshotjobtest.Options) {
		o.CountQueuedJobs = true
	}
	for _, tt := range []limitCase{
		{name: "12 queued", jobs: 12, refused: true},
		{name: "12 running", jobs: 12, wait: 30 * time.Second, refused: true},
		{name: "12 ended", jobs: 12, wait: 42 * time.Second},
		{name: "11 queued", jobs: 11},
		{name: "an option", limit: 2, jobs: 2, refused: true},
		{name: "no limit", limit: -1, jobs: 40},
	} {
		runInBubble(t, tt.name, func(t *testing.T) {
			tt.run(t, countQueued)
		})
	}
}

// A job that has ended makes room for another one.
func TestRunningLimitForgetsEndedJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t, noRateLimit)
		for _, prefix := range []string{"first", "second"} {
			startMany(t, srv, prefix, 12)
			advanceClock(2 * time.Second)
			got := post(jobsPath, goodStart).send(t, srv)
			got.assertError(t, 409, "LimitExceededException")
			advanceClock(40 * time.Second)
		}
		post(jobsPath, goodStart).send(t, srv).assertOK(t)
	})
}

// Jobs that have ended are forgotten, oldest first, with their files. Those that were not ended are not.
func TestMaxEndedJobs(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t, completeAtOnce, func(o *snapshotjobtest.Options) {
		o.MaxEndedJobs = 2
	})
	srv.AddJob(daily, snapshotjobtest.Completed().After(-1, 0))
	startJobs(t, srv, "j0")
	uri := get(jobsPath+"/j0/result").send(t, srv).uris(t)[0]
	startJobs(t, srv, "j1")
	fetch(t, srv, uri).assertOK(t)
	startJobs(t, srv, "j2")

	fetch(t, srv, uri).assertS3Error(t, 404, "NoSuchKey")
	get(jobsPath+"/j0").send(t, srv).assertError(t, 404, "ResourceNotFoundException")
	for _, path := range []string{jobsPath + "/j1", jobsPath + "/j2", dailyPath} {
		get(path).send(t, srv).assertOK(t)
	}
	startJobs(t, srv, "j0") // The id is free.
}

// A file that has taken the place of a forgotten job's stays.
func TestForgottenJobLeavesFilesOfOthers(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		o.MaxEndedJobs = 1
	})
	for _, content := range []string{"first", "second"} {
		srv.AddJob(daily, inReports(completedCSV(content)))
	}
	got := getObject(reportsURL+"/p/111122223333/sales/daily/1-s-v.csv").send(t, srv)
	assert.Equal(t, "second", got.body)
	get(dailyPath).send(t, srv).assertOK(t)
}

// spendRate sends the ten requests that the service takes at once, and which it accepts.
func spendRate(t *testing.T, srv *snapshotjobtest.Server) {
	t.Helper()
	for range 10 {
		get(dailyResultPath).send(t, srv).assertOK(t)
	}
}

// assertThrottled sends a request that the server refuses, because there have been too many.
func assertThrottled(t *testing.T, srv *snapshotjobtest.Server, request signedRequest) {
	t.Helper()
	got := request.send(t, srv)
	got.assertError(t, 429, "ThrottlingException")
}

// All operations of an account share one rate.
func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newDailyServer(t, snapshotjobtest.Completed())
		spendRate(t, srv)
		assertThrottled(t, srv, get(dailyResultPath))
		advanceClock(100 * time.Millisecond)
		get(dailyResultPath).send(t, srv).assertOK(t)
		assertThrottled(t, srv, get(dailyPath))
		assertThrottled(t, srv, post(jobsPath, goodStart))
		assertThrottled(t, srv, get(dailyResultPath))
	})
}

// However long nothing was sent, no more than ten requests pass at once.
func TestRateHasBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newDailyServer(t, snapshotjobtest.Completed())
		spendRate(t, srv)
		advanceClock(time.Hour)
		spendRate(t, srv)
		assertThrottled(t, srv, get(dailyResultPath))
	})
}

func TestRateIgnoresBadSignatures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newDailyServer(t, snapshotjobtest.Completed())
		for range 20 {
			got := get(dailyResultPath).forRegion("eu-west-1").send(t, srv)
			got.assertError(t, 403, "InvalidSignatureException")
		}
		spendRate(t, srv)
	})
}

func TestThrottledStartIsRecordedWithItsJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newDailyServer(t, snapshotjobtest.Completed())
		spendRate(t, srv)
		assertThrottled(t, srv, post(jobsPath, goodStart))
		requests := srv.Requests()
		last := requests[len(requests)-1]
		assert.Equal(t, weekly, last.Job)
	})
}

// A job that was replaced doesn't count as one that has ended.
func TestMaxEndedJobsForgetsReplacedJob(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		o.MaxEndedJobs = 2
	})
	srv.AddJob(weekly, completedPDF())
	srv.AddJob(daily, completedPDF())
	replaced := dailyURI(t, srv)
	srv.AddJob(daily, completedPDF())

	get(weeklyPath).send(t, srv).assertOK(t)
	fetchDaily(t, srv).assertOK(t)
	fetch(t, srv, replaced).assertS3Error(t, 404, "NoSuchKey")
}
