package snapshotjobtest_test

import (
	"io"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

func TestPassOfFile(t *testing.T) {
	srv := newDailyServer(t, completedCSV("content"))
	uri := dailyURI(t, srv)
	srv.Fail(snapshotjobtest.GetObject, snapshotjobtest.Pass())
	fetch(t, srv, uri).assertOK(t)
}

func TestFaultMisusePanics(t *testing.T) {
	srv := snapshotjobtest.NewServer()
	for name, misuse := range map[string]func(){
		"zero fault": func() {
			srv.Fail(describeOp, snapshotjobtest.Fault{})
		},
		"unknown operation": func() {
			srv.Fail("ListDashboards", snapshotjobtest.Drop())
		},
		"no status":          func() { snapshotjobtest.ServerError(0) },
		"error of a client":  func() { snapshotjobtest.ServerError(404) },
		"beyond the classes": func() { snapshotjobtest.ServerError(600) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				message, _ := recover().(string)
				assertPrefix(t, "snapshotjobtest: ", message)
			}()
			misuse()
		})
	}
}

func TestNewFault(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	teapot := func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
		})
	}
	srv.Fail(describeOp, snapshotjobtest.NewFault("teapot", teapot))
	get(dailyPath).send(t, srv).assertStatus(t, http.StatusTeapot)
	assert.Equal(t, "teapot", srv.Requests()[0].Fault)
}

// FailNow ends its goroutine. In a handler, where it must not be called, that breaks the connection.
func TestGoexitInFaultBreaksConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t)
		exit := func(http.Handler) http.Handler {
			return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				runtime.Goexit()
			})
		}
		srv.Fail(describeOp, snapshotjobtest.NewFault("exit", exit))
		assertReset(t, srv, get(dailyPath))
	})
}

func TestGoexitInLifeBreaksConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
			o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
				runtime.Goexit()
				return snapshotjobtest.Life{}
			}
		})
		assertReset(t, srv, post(jobsPath, goodStart))
	})
}

// What a handler has not flushed when it breaks the connection is lost, with its status.
func TestFaultBreaksConnectionBeforeFlush(t *testing.T) {
	broken := snapshotjobtest.NewFault("broken", func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "ab")
			panic(http.ErrAbortHandler)
		})
	})
	forEachWay(t, func(t *testing.T, start starter) {
		_, err := meetFault(t, start, broken)
		assert.Error(t, err)
	})
}

// changeRequest returns a fault that hands on another request than the one that came.
func changeRequest(change func(*http.Request)) snapshotjobtest.Fault {
	return snapshotjobtest.NewFault("change", func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			changed := r.Clone(r.Context())
			change(changed)
			next.ServeHTTP(w, changed)
		})
	})
}

func TestFaultMayChangeRange(t *testing.T) {
	srv := newDailyServer(t, completedCSV(digits))
	uri := dailyURI(t, srv)
	srv.Fail(snapshotjobtest.GetObject, changeRequest(setHeader("Range", "bytes=2-4")))
	got := fetch(t, srv, uri)
	assert.Equal(t, "234", got.body)
}

// What a request asks for was read before the fault.
func TestFaultCanNotChangeWhatIsAskedFor(t *testing.T) {
	elsewhere := changeRequest(func(r *http.Request) {
		r.Method = http.MethodPut
		r.URL.Path = "/other"
	})
	srv := newDailyServer(t, completedCSV(digits))
	uri := dailyURI(t, srv)
	srv.Fail(describeOp, elsewhere)
	srv.Fail(snapshotjobtest.GetObject, elsewhere)
	get(dailyPath).send(t, srv).assertOK(t)
	fetch(t, srv, uri).assertDigits(t)
}
