package snapshotjobtest_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

func TestStartResponse(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	got := post(jobsPath, goodStart).send(t, srv)
	const arn = "arn:aws:quicksight:us-east-1:111122223333:dashboard/sales/snapshot-job/weekly"
	const body = `{"Arn":%q,"SnapshotJobId":"weekly","RequestId":%q}`
	got.assertBody(t, fmt.Sprintf(body, arn, got.requestID()))
}

// onlySales makes a server know no other dashboard than sales.
func onlySales(o *snapshotjobtest.Options) {
	o.Dashboards = []string{"sales"}
}

func TestStartOfKnownDashboard(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t, onlySales)
	post(jobsPath, goodStart).send(t, srv).assertOK(t)
}

func TestStartOfUnknownDashboard(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t, onlySales)
	got := post(otherPath+"/snapshot-jobs", goodStart).send(t, srv)
	got.assertError(t, 404, "ResourceNotFoundException")
}

func TestStartOfUnknownAccount(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t, onlySales)
	got := post("/accounts/444455556666/dashboards/sales/snapshot-jobs", goodStart).send(t, srv)
	got.assertError(t, 401, "AccessDeniedException")
}

func TestStartOfIllegalAccount(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t, onlySales)
	got := post("/accounts/1/dashboards/sales/snapshot-jobs", goodStart).send(t, srv)
	got.assertError(t, 400, "InvalidParameterValueException")
}

// A job runs for 42 seconds. Its id is taken for 24 hours more.
func TestJobIDReuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t)
		start := post(jobsPath, goodStart)
		start.send(t, srv).assertOK(t)
		for _, d := range []time.Duration{0, 41 * time.Second, 24 * time.Hour} {
			advanceClock(d)
			got := start.send(t, srv)
			got.assertError(t, 409, "ResourceExistsException")
		}
		advanceClock(time.Second)
		start.send(t, srv).assertOK(t)
		again := start.send(t, srv)
		again.assertError(t, 409, "ResourceExistsException")
	})
}

func TestDashboardsShareNoJobIDs(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	post(jobsPath, goodStart).send(t, srv).assertOK(t)
	post(otherPath+"/snapshot-jobs", goodStart).send(t, srv).assertOK(t)
}
