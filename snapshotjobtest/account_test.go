package snapshotjobtest_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

func TestRunningLimit(t *testing.T) {
	for _, tt := range []struct {
		name    string
		limit   int
		jobs    int
		wait    time.Duration
		refused bool
	}{
		{name: "12 by default, queued", jobs: 12, refused: true},
		{name: "12 by default, running", jobs: 12, wait: 30 * time.Second, refused: true},
		{name: "12 by default, ended", jobs: 12, wait: 42 * time.Second},
		{name: "11", jobs: 11},
		{name: "an option", limit: 2, jobs: 2, refused: true},
		{name: "no limit", limit: -1, jobs: 40},
	} {
		runInBubble(t, tt.name, func(t *testing.T) {
			srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
				o.MaxRunningJobs = tt.limit
				o.RequestsPerSecond = -1
			})
			startMany(t, srv, "j", tt.jobs)
			advanceClock(tt.wait)
			got := post(jobsPath, goodStart).send(t, srv)
			if tt.refused {
				got.assertError(t, 409, "LimitExceededException")
			} else {
				got.assertOK(t)
			}
		})
	}
}

// A job that has ended makes room for another one.
func TestRunningLimitForgetsEndedJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
			o.RequestsPerSecond = -1
		})
		for _, prefix := range []string{"first", "second"} {
			startMany(t, srv, prefix, 12)
			got := post(jobsPath, goodStart).send(t, srv)
			got.assertError(t, 409, "LimitExceededException")
			advanceClock(42 * time.Second)
		}
		post(jobsPath, goodStart).send(t, srv).assertOK(t)
	})
}

// startMany starts n jobs, whose ids begin with the prefix.
func startMany(t *testing.T, srv *snapshotjobtest.Server, prefix string, n int) {
	t.Helper()
	for i := range n {
		start := startOf(pdfGroup).withID(fmt.Sprint(prefix, i))
		got := post(jobsPath, start.json()).send(t, srv)
		got.assertOK(t)
	}
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
