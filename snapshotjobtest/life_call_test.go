package snapshotjobtest_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"runtime"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// The tests of this file call a Life that does more than decide. If the server called it under its mutex,
// they would hang.

// newCallingServer returns a server whose Life calls a function once, for the first job that is started, and
// completes every job at once. The function gets the server.
func newCallingServer(
	t *testing.T,
	call func(srv *snapshotjobtest.Server),
	optFns ...func(*snapshotjobtest.Options),
) *snapshotjobtest.Server {
	t.Helper()
	var srv *snapshotjobtest.Server
	called := false
	optFns = append(optFns, func(o *snapshotjobtest.Options) {
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
			if !called {
				called = true
				call(srv)
			}
			return snapshotjobtest.Completed()
		}
	})
	srv = snapshotjobtest.NewTestServer(t, optFns...)
	return srv
}

func TestLifeMayCallServer(t *testing.T) {
	srv := newCallingServer(t, func(srv *snapshotjobtest.Server) {
		srv.AddJob(daily, completedPDF())
		srv.ReplaceFile(daily, 0, []byte("x"))
		srv.AddUser("bob")
		srv.ExpireCredentials()
		srv.Fail(describeOp, snapshotjobtest.Pass())
		srv.Requests()
		srv.Unused()
		srv.URL()
		assert.NoError(t, describeDaily(t, srv.Client()))
	})
	post(jobsPath, goodStart).send(t, srv).assertOK(t)
	keys := keysOf(t, srv.Config().Credentials)
	got := get(weeklyPath).by(keys).send(t, srv)
	assert.Equal(t, "COMPLETED", got.object(t)["JobStatus"])
}

// While Life runs, the id of the job is taken, but the job doesn't exist. Other jobs can be started.
func TestStartsDuringLife(t *testing.T) {
	srv := newCallingServer(t, func(srv *snapshotjobtest.Server) {
		again := post(jobsPath, goodStart).send(t, srv)
		again.assertError(t, 409, "ResourceExistsException")
		get(weeklyPath).send(t, srv).assertError(t, 404, "ResourceNotFoundException")
		startJobs(t, srv, "other")
	})
	post(jobsPath, goodStart).send(t, srv).assertOK(t)
	get(weeklyPath).send(t, srv).assertOK(t)
	get(jobsPath+"/other").send(t, srv).assertOK(t)
}

// A job whose Life runs will be queued, so that it counts if such jobs do.
func TestLimitDuringLife(t *testing.T) {
	countQueued := func(o *snapshotjobtest.Options) {
		o.MaxRunningJobs = 1
		o.CountQueuedJobs = true
	}
	other := startOf(pdfGroup).withID("other").json()
	srv := newCallingServer(t, func(srv *snapshotjobtest.Server) {
		got := post(jobsPath, other).send(t, srv)
		got.assertError(t, 409, "LimitExceededException")
	}, countQueued)
	post(jobsPath, goodStart).send(t, srv).assertOK(t)
	post(jobsPath, other).send(t, srv).assertOK(t)
}

// While Life runs, a run of the schedule is under way.
func TestScheduleDuringLife(t *testing.T) {
	schedule := post(salesPath+"/schedules/nightly", "")
	srv := newCallingServer(t, func(srv *snapshotjobtest.Server) {
		schedule.send(t, srv).assertStatus(t, http.StatusAccepted)
		post(salesPath+"/schedules/other", "").send(t, srv).assertOK(t)
	})
	schedule.send(t, srv).assertOK(t)
}

// A job is created when it exists, which is after its Life was decided.
func TestJobIsCreatedAfterLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newCallingServer(t, func(*snapshotjobtest.Server) {
			advanceClock(time.Minute)
		})
		post(jobsPath, goodStart).send(t, srv).assertOK(t)
		assertDescribed(t, srv, map[string]string{"weekly": "COMPLETED since 60"})
	})
}

// startAgain checks that a server goes on: the job whose Life did not return doesn't exist, and can be
// started again.
func startAgain(t *testing.T, srv *snapshotjobtest.Server) {
	t.Helper()
	get(weeklyPath).send(t, srv).assertError(t, 404, "ResourceNotFoundException")
	post(jobsPath, goodStart).send(t, srv).assertOK(t)
	get(weeklyPath).send(t, srv).assertOK(t)
}

// Goexit is what FailNow and SkipNow of a test call. A panic with http.ErrAbortHandler is net/http's way to
// break a connection.
var waysNotToReturn = map[string]func(*snapshotjobtest.Server){
	"goexit": func(*snapshotjobtest.Server) {
		runtime.Goexit()
	},
	"abort": func(*snapshotjobtest.Server) {
		panic(http.ErrAbortHandler)
	},
}

func TestLifeThatDoesNotReturn(t *testing.T) {
	for name, way := range waysNotToReturn {
		t.Run(name, func(t *testing.T) {
			srv := newCallingServer(t, way)
			assertReset(t, srv, post(jobsPath, goodStart))
			startAgain(t, srv)
		})
	}
}

func TestLifeThatDoesNotReturnOverSocket(t *testing.T) {
	for name, way := range waysNotToReturn {
		t.Run(name, func(t *testing.T) {
			srv := newCallingServer(t, way)
			srv.Start()
			start := toSocket(t, srv, post(jobsPath, goodStart).sign(t))
			_, err := srv.HTTPClient().Do(start)
			require.Error(t, err)
			srv.Close()
			startAgain(t, srv)
		})
	}
}

func TestLifeOfScheduleThatDoesNotReturn(t *testing.T) {
	for name, way := range waysNotToReturn {
		t.Run(name, func(t *testing.T) {
			srv := newCallingServer(t, way)
			schedule := post(salesPath+"/schedules/nightly", "")
			assertReset(t, srv, schedule)
			schedule.send(t, srv).assertOK(t)
		})
	}
}

// net/http recovers from any panic of a handler.
func TestLifeThatPanics(t *testing.T) {
	srv := newCallingServer(t, func(*snapshotjobtest.Server) {
		panic("no life")
	})
	listener := httptest.NewUnstartedServer(srv)
	listener.Config.ErrorLog = log.New(io.Discard, "", 0)
	listener.Start()
	defer listener.Close()
	_, err := http.DefaultClient.Do(post(listener.URL+jobsPath, goodStart).sign(t))
	require.Error(t, err)
	assert.NotErrorIs(t, err, syscall.ECONNREFUSED)
	startAgain(t, srv)
}
