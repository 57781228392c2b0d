package snapshotjobtest_test

import (
	"context"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// drops are the faults that break a connection without a response.
var drops = []snapshotjobtest.Fault{
	snapshotjobtest.Drop(),
	snapshotjobtest.DropAfterWork(),
}

func TestFaultsThatDrop(t *testing.T) {
	for _, fault := range drops {
		forEachWay(t, func(t *testing.T, start starter) {
			_, err := meetFault(t, start, fault)
			assert.ErrorIs(t, err, syscall.ECONNRESET)
		})
	}
}

func TestDropStartsNoJob(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	srv.Fail(snapshotjobtest.StartDashboardSnapshotJob, snapshotjobtest.Drop())
	assertReset(t, srv, post(jobsPath, goodStart))
	get(weeklyPath).send(t, srv).assertError(t, 404, "ResourceNotFoundException")
}

func TestDropAfterWorkStartsJob(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	srv.Fail(snapshotjobtest.StartDashboardSnapshotJob, snapshotjobtest.DropAfterWork())
	assertReset(t, srv, post(jobsPath, goodStart))
	get(weeklyPath).send(t, srv).assertOK(t)
}

func TestDroppedStartIsRecordedWithItsJob(t *testing.T) {
	for _, fault := range drops {
		srv := snapshotjobtest.NewTestServer(t)
		srv.Fail(snapshotjobtest.StartDashboardSnapshotJob, fault)
		assertReset(t, srv, post(jobsPath, goodStart))
		request := srv.Requests()[0]
		assert.Zero(t, request.Status, "after %s", fault)
		assert.Equal(t, weekly, request.Job, "after %s", fault)
	}
}

// The clock of a bubble tells how long a stall takes.
func TestStallsEnd(t *testing.T) {
	for _, fault := range []snapshotjobtest.Fault{
		snapshotjobtest.Stall(time.Minute),
		snapshotjobtest.StallBody(3, time.Minute),
	} {
		runInBubble(t, fault.String(), func(t *testing.T) {
			srv := newDailyServer(t, snapshotjobtest.Completed())
			srv.Fail(describeOp, fault)
			begin := time.Now()
			got := get(dailyPath).send(t, srv)
			took := time.Since(begin)
			got.assertOK(t)
			assertPrefix(t, `{"Arn":`, got.body)
			assert.Equal(t, time.Minute, took)
		})
	}
}

func TestStallWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newDailyServer(t, snapshotjobtest.Completed())
		srv.Fail(describeOp, snapshotjobtest.Stall(0))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		begin := time.Now()
		req := get(dailyPath).sign(t).WithContext(ctx)
		_, err := srv.HTTPClient().Do(req)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		took := time.Since(begin)
		assert.Equal(t, time.Hour, took)
	})
}
