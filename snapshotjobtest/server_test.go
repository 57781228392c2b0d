package snapshotjobtest_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

var _ http.Handler = (*snapshotjobtest.Server)(nil)

// Another listener may serve the server's handler. The URLs of the files lead back to it.
func TestHandlerElsewhere(t *testing.T) {
	srv := newDailyServer(t, completedCSV("a"))
	result := get("http://fake.internal:8080"+dailyResultPath).send(t, srv)
	uri := result.uris(t)[0]
	assertPrefix(t, "http://fake.internal:8080/", uri)
	file := fetch(t, srv, uri)
	assert.Equal(t, "a", file.body)
}

func TestSeedDecidesResponses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bodies := func(seed uint64) string {
			srv := newDailyServer(t, completedPDF(), func(o *snapshotjobtest.Options) {
				o.Seed = seed
			})
			result := get(dailyResultPath).send(t, srv)
			file := fetch(t, srv, result.uris(t)[0])
			return result.body + file.body
		}
		first := bodies(1)
		again := bodies(1)
		other := bodies(2)
		assert.True(t, first == again, "the same seed, the same bodies")
		assert.False(t, first == other, "another seed, other bodies")
	})
}

func TestNewTestServerReportsAtCleanup(t *testing.T) {
	var tb recordingTB
	srv := snapshotjobtest.NewTestServer(&tb)
	srv.Fail(describeOp, snapshotjobtest.Throttle().Times(2)...)
	get(dailyPath).send(t, srv)
	get("/accounts/secret?token=1").send(t, srv)
	tb.cleanUp(t)
	want := []string{
		"snapshotjobtest: scripted faults without effect: DescribeDashboardSnapshotJob: throttle",
		"snapshotjobtest: a request that no route knew: GET /accounts/secret",
	}
	assert.Equal(t, want, tb.errors)
}

// A request that Requests has forgotten fails the test all the same.
func TestNewTestServerReportsForgottenRequest(t *testing.T) {
	var tb recordingTB
	srv := snapshotjobtest.NewTestServer(&tb, func(o *snapshotjobtest.Options) {
		o.MaxRequests = 1
	})
	srv.AddJob(daily, snapshotjobtest.Completed())
	get("/accounts/secret").send(t, srv)
	get(dailyPath).send(t, srv).assertOK(t)
	tb.cleanUp(t)
	want := []string{"snapshotjobtest: a request that no route knew: GET /accounts/secret"}
	assert.Equal(t, want, tb.errors)
}

// recordingTB is a [snapshotjobtest.TB] that keeps what it is given.
type recordingTB struct {
	errors   []string
	cleanups []func()
}

func (r *recordingTB) Helper() {}

func (r *recordingTB) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func (r *recordingTB) Cleanup(f func()) {
	r.cleanups = append(r.cleanups, f)
}

// cleanUp does what the end of a test does. There must be something to do.
func (r *recordingTB) cleanUp(t *testing.T) {
	t.Helper()
	require.NotEmpty(t, r.cleanups)
	for _, f := range r.cleanups {
		f()
	}
}
