package snapshotjobtest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// metFaults returns the operation of each request, its status, and the fault that it met.
func metFaults(srv *snapshotjobtest.Server) []string {
	var met []string
	for _, r := range srv.Requests() {
		attempt := fmt.Sprintf("%s %d %s", r.Operation, r.Status, r.Fault)
		met = append(met, attempt)
	}
	return met
}

// The faults of an operation come in their order, and before those of any operation.
func TestFaultOrder(t *testing.T) {
	srv := newDailyServer(t, completedPDF())
	srv.Fail(snapshotjobtest.AnyOperation, snapshotjobtest.ServerError(503))
	srv.Fail(describeOp, snapshotjobtest.Throttle(), snapshotjobtest.Pass())
	get(dailyPath).send(t, srv).assertError(t, 429, "ThrottlingException")
	get(dailyResultPath).send(t, srv).assertError(t, 503, "ServiceUnavailable")
	get(dailyPath).send(t, srv).assertOK(t)
	get(dailyResultPath).send(t, srv).assertOK(t)
	want := []string{
		"DescribeDashboardSnapshotJob 429 throttle",
		"DescribeDashboardSnapshotJobResult 503 server error 503",
		"DescribeDashboardSnapshotJob 200 pass",
		"DescribeDashboardSnapshotJobResult 200 ",
	}
	assert.Equal(t, want, metFaults(srv))
}

// AnyOperation means any of the API, to which a file does not belong.
func TestFileMeetsNoFaultOfAnyOperation(t *testing.T) {
	srv := newDailyServer(t, completedPDF())
	uri := dailyURI(t, srv)
	srv.Fail(snapshotjobtest.AnyOperation, snapshotjobtest.ServerError(503))
	fetch(t, srv, uri).assertOK(t)
	get(dailyPath).send(t, srv).assertError(t, 503, "ServiceUnavailable")
	want := []string{
		"DescribeDashboardSnapshotJobResult 200 ",
		"GetObject 200 ",
		"DescribeDashboardSnapshotJob 503 server error 503",
	}
	assert.Equal(t, want, metFaults(srv))
}

func TestBadSignatureMeetsNoFault(t *testing.T) {
	for name, request := range map[string]signedRequest{
		"another region": get(dailyPath).forRegion("x"),
		"an hour old":    get(dailyPath).skewed(-time.Hour),
	} {
		t.Run(name, func(t *testing.T) {
			srv := newDailyServer(t, snapshotjobtest.Completed())
			srv.Fail(describeOp, snapshotjobtest.Throttle())
			request.send(t, srv).assertStatus(t, 403)
			get(dailyPath).send(t, srv).assertStatus(t, 429)
			want := []string{
				"DescribeDashboardSnapshotJob 403 ",
				"DescribeDashboardSnapshotJob 429 throttle",
			}
			assert.Equal(t, want, metFaults(srv))
		})
	}
}

func TestUnused(t *testing.T) {
	srv := snapshotjobtest.NewServer()
	srv.AddJob(daily, snapshotjobtest.Completed())
	srv.Fail(describeOp, snapshotjobtest.Throttle(), snapshotjobtest.ServerError(500))
	srv.Fail(snapshotjobtest.StartDashboardSnapshotJob, snapshotjobtest.Drop().Times(2)...)
	get(dailyPath).send(t, srv)
	want := []string{
		"DescribeDashboardSnapshotJob: server error 500",
		"StartDashboardSnapshotJob: drop (2 times)",
	}
	assert.Equal(t, want, srv.Unused())
}

// withInvocation returns the request as the first attempt of an invocation.
func (r signedRequest) withInvocation(id string) signedRequest {
	return r.withHeader("Amz-Sdk-Invocation-Id", id).withHeader("Amz-Sdk-Request", "attempt=1; max=1")
}

// The server remembers which fault an attempt has met, but not forever: that would take ever more memory.
func TestMetFaultsAreForgotten(t *testing.T) {
	srv := newDailyServer(t, snapshotjobtest.Completed(), noRateLimit)
	srv.Fail(describeOp, snapshotjobtest.Throttle().Times(1002)...)
	describe := func(id int) {
		request := get(dailyPath).withInvocation(fmt.Sprint(id))
		request.send(t, srv).assertError(t, 429, "ThrottlingException")
	}
	for id := range 1001 {
		describe(id)
	}
	assert.Len(t, srv.Unused(), 1)
	describe(1000) // It meets the same fault again.
	assert.Len(t, srv.Unused(), 1)
	describe(0) // It is so old that it meets a fault of its own.
	assert.Empty(t, srv.Unused())
}

// A request of no operation is none that AnyOperation stands for.
func TestAnyOperationIsNotTheUnknownOne(t *testing.T) {
	srv := snapshotjobtest.NewServer()
	srv.Fail(snapshotjobtest.AnyOperation, snapshotjobtest.Throttle())
	get("/").send(t, srv).assertError(t, 404, "UnknownOperationException")
	assert.Equal(t, []string{"any operation: throttle"}, srv.Unused())
}
