package snapshotjobtest

import (
	"context"
	"net/http"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// call is one request on its way through the server.
type call struct {
	*Server
	op      Operation
	job     snapshotjob.Job // of StartDashboardSnapshotJob without id, of a schedule with its id in place of the job's
	request *http.Request
	record  *Request // guarded by the server's mutex
	user    *user
	body    []byte // of an API request
	start   wireStart
	unread  error // why the body is no start
	now     time.Time
}

// ServeHTTP answers one request to the API, or for a file.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{Server: s, request: r, now: time.Now().Add(s.options.ClockSkew)}
	if s.isS3(r) {
		c.op = GetObject
	} else {
		c.op, c.job = route(r.Method, r.URL.EscapedPath())
	}
	c.record = s.arrived(c)
	w.Header().Set("Date", c.now.UTC().Format(http.TimeFormat))
	w = &recorder{ResponseWriter: w, call: c}
	var err error
	switch c.op {
	case "":
		err = refuse("UnknownOperationException", "No operation has this method and path.")
	case GetObject:
		err = c.authenticateS3()
	default:
		err = c.authenticate()
	}
	if err != nil {
		c.writeError(w, err)
		return
	}
	// A fault meets only what was signed well, so that it never hides a bad signature.
	s.nextFault(c)(http.HandlerFunc(c.work)).ServeHTTP(w, withCall(r, c))
}

// work answers a call whose signature is good.
func (c *call) work(w http.ResponseWriter, r *http.Request) {
	if c.op == GetObject {
		c.serveObject(w, r)
		return
	}
	var status int
	var answer any
	var err error
	switch c.op {
	case StartDashboardSnapshotJob:
		status, answer, err = c.startJob()
	case StartDashboardSnapshotJobSchedule:
		status, answer, err = c.startSchedule()
	case DescribeDashboardSnapshotJob:
		status, answer, err = c.describe()
	case DescribeDashboardSnapshotJobResult:
		status, answer, err = c.describeResult()
	}
	if err != nil {
		c.writeError(w, err)
		return
	}
	writeJSON(w, c.record.ID, status, answer)
}

type callKey struct{}

// callOf returns the call that a fault's request belongs to.
func callOf(r *http.Request) *call { return r.Context().Value(callKey{}).(*call) }

func withCall(r *http.Request, c *call) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), callKey{}, c))
}
