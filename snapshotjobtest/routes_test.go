package snapshotjobtest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// newServerOfFewNames returns a server without dashboards, but for that of the job daily, and with one
// schedule.
func newServerOfFewNames(t *testing.T) *snapshotjobtest.Server {
	t.Helper()
	return newDailyServer(t, snapshotjobtest.Completed(), func(o *snapshotjobtest.Options) {
		o.Dashboards = []string{}
		o.Schedules = []string{"nightly"}
	})
}

func TestUnknownNamesAreNotFound(t *testing.T) {
	for name, request := range map[string]signedRequest{
		"job":                           get(jobsPath + "/other"),
		"dashboard of a result":         get(otherPath + "/snapshot-jobs/daily/result"),
		"job that no id can name":       get(jobsPath + "/a.b"),
		"dashboard that no id can name": get("/accounts/111122223333/dashboards/a%20b/snapshot-jobs/daily"),
		"schedule":                      post(salesPath+"/schedules/other", ""),
		"dashboard of a schedule":       post(otherPath+"/schedules/nightly", ""),
	} {
		t.Run(name, func(t *testing.T) {
			got := request.send(t, newServerOfFewNames(t))
			got.assertError(t, 404, "ResourceNotFoundException")
		})
	}
}

func TestIllegalNamesAreInvalid(t *testing.T) {
	for name, request := range map[string]signedRequest{
		"account of a result": get("/accounts/1/dashboards/sales/snapshot-jobs/daily/result"),
		"job of a result":     get(jobsPath + "/a.b/result"),
		"schedule":            post(salesPath+"/schedules/a%20b", ""),
	} {
		t.Run(name, func(t *testing.T) {
			got := request.send(t, newServerOfFewNames(t))
			got.assertError(t, 400, "InvalidParameterValueException")
		})
	}
}

// In the service's model, DescribeDashboardSnapshotJob has no exception for an account id that is none.
func TestOtherAccountsAreDenied(t *testing.T) {
	for name, request := range map[string]signedRequest{
		"unknown account": get("/accounts/444455556666/dashboards/sales/snapshot-jobs/daily"),
		"illegal account": get("/accounts/1/dashboards/sales/snapshot-jobs/daily"),
	} {
		t.Run(name, func(t *testing.T) {
			got := request.send(t, newServerOfFewNames(t))
			got.assertError(t, 401, "AccessDeniedException")
		})
	}
}

func TestKnownSchedule(t *testing.T) {
	schedule := post(salesPath+"/schedules/nightly", "")
	schedule.send(t, newServerOfFewNames(t)).assertOK(t)
}

// requestsWithoutRoute are none that the API or S3 knows.
var requestsWithoutRoute = []signedRequest{
	get("/"),
	get(jobsPath),
	get(dailyPath + "/"),
	get(dailyResultPath + "/"),
	get(dailyPath + "/results"),
	get(dailyPath + "/result/x"),
	post(dailyPath, ""),
	post(jobsPath+"/", ""),
	newRequest(http.MethodPut, dailyPath, ""),
	get("/accounts/111122223333/data-sets/sales/snapshot-jobs/daily"),
	get("/accounts//dashboards"),
	get("/v1" + dailyResultPath),
	get(salesPath + "/schedules/nightly"),
}

func TestUnknownRoutes(t *testing.T) {
	srv := snapshotjobtest.NewServer()
	srv.AddJob(daily, snapshotjobtest.Completed())
	for _, request := range requestsWithoutRoute {
		t.Run(request.method+" "+request.url, func(t *testing.T) {
			got := request.send(t, srv)
			got.assertError(t, 404, "UnknownOperationException")
		})
	}
}

func TestRequestsOfUnknownRoutes(t *testing.T) {
	srv := snapshotjobtest.NewServer()
	srv.AddJob(daily, snapshotjobtest.Completed())
	head := newRequest(http.MethodHead, dailyPath, "") // Its body stays behind.
	for _, request := range append([]signedRequest{head}, requestsWithoutRoute...) {
		request.send(t, srv)
	}
	requests := srv.Requests()
	assert.Len(t, requests, len(requestsWithoutRoute)+1)
	for _, r := range requests {
		assert.Empty(t, r.Operation, r.Path)
		assert.Equal(t, 404, r.Status, r.Path)
	}
}
