package snapshotjobtest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// ServeHTTP responds to one request to the API, or for a file. It is for a listener of
// your own: see also [Server.Start] and [Server.Transport].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// A request takes the same way in all operations. newCall finds out what it asks for
	// and records it. admit authenticates it and charges it to the account's rate. A
	// scripted fault, if one waits for it, wraps the handler. serve is that handler: it
	// does the work. Each stage may end the way with an *apiError, which writeError turns
	// into a response.
	c := s.newCall(r)
	w.Header().Set("Date", httpTime(c.arrived))
	w = &statusRecorder{ResponseWriter: w, call: c}
	if err := c.admit(); err != nil {
		c.writeError(w, err)
		return
	}
	// Only an admitted request meets a fault, so that no fault hides a bad signature.
	fault := s.nextFault(c)
	handler := fault.wrap(http.HandlerFunc(c.serve))
	handler.ServeHTTP(w, withCall(r, c))
}

// call is one request on its way through the server.
type call struct {
	server    *Server
	request   *http.Request
	arrived   time.Time // when the request arrived, on the server's clock
	toS3      bool      // it is for S3, which has errors of another format than the API
	operation Operation

	// job has the ids in the path. A start has its job's id in the body, so that
	// it is known once readStart was called. For a schedule and a definition, see
	// [Request].Job.
	job snapshotjob.Job

	// record is what Server.Requests shows. The server's mutex guards it, but not
	// its ID, which stays as it is.
	record *Request

	// signature and user are set by authentication: how the request was signed,
	// and by whom.
	signature *signature
	user      *user

	// start is the body of a StartDashboardSnapshotJob. If it can't be read,
	// startErr says why.
	start    wireStart
	startErr *apiError
}

// newCall finds out what a request asks for, and records it.
func (s *Server) newCall(r *http.Request) *call {
	c := &call{server: s, request: r, arrived: s.now()}
	c.toS3 = s.isS3(r)
	switch {
	case !c.toS3:
		c.operation, c.job = route(r.Method, r.URL.EscapedPath())
	case isRead(r):
		c.operation = GetObject
	default:
		c.operation = unknownOperation
	}
	c.record = s.addRecord(c)
	return c
}

// admit authenticates a call and charges it to the account's rate.
func (c *call) admit() *apiError {
	switch c.operation {
	case unknownOperation:
		if c.toS3 {
			return notInS3()
		}
		return newError("UnknownOperationException", "No operation has this method and path.")
	case GetObject:
		return c.authenticateS3() // S3 has no rate here.
	}
	body, err := c.readBody()
	if err != nil {
		return err
	}
	if err := c.authenticateAPI(body); err != nil {
		return err
	}
	if c.operation == StartDashboardSnapshotJob {
		c.readStart(body)
	}
	return c.chargeRate()
}

// maxBody is the largest body that is read. The largest legal request is far
// smaller.
const maxBody = 1 << 20

// readBody reads the body of a request. Its errors are those of the API, with made-up
// messages.
func (c *call) readBody() ([]byte, *apiError) {
	body, err := io.ReadAll(io.LimitReader(c.request.Body, maxBody+1))
	if err != nil {
		return nil, newError("SerializationException", "The request's body broke off.")
	}
	if len(body) > maxBody {
		return nil, newError("RequestEntityTooLargeException",
			"The request's body is larger than %d bytes.", maxBody)
	}
	return body, nil
}

// checkSignatureTime checks that the signature of a call is not too old or too new, as
// authentication has done before. [SkewedDate] calls it with another time of arrival.
func (c *call) checkSignatureTime() *apiError {
	switch {
	case c.operation != GetObject:
		return c.checkAPITime(c.signature)
	case c.signature.presigned:
		return c.checkURLTime(c.signature)
	default:
		return c.checkS3Time(c.signature)
	}
}

// chargeRate takes one request off the account's rate.
func (c *call) chargeRate() *apiError {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	a := c.server.accounts[c.job.AWSAccountID]
	if a == nil || a.limiter.Allow() {
		return nil
	}
	return newError("ThrottlingException", "Rate exceeded")
}

// serve does the work of an admitted call and writes its response. r is the request
// that a fault hands on. A fault may have changed it, but of r only the headers and the
// query of a request for a file count: If-Match, If-None-Match, Range and the checksum
// mode. All the rest was read and authenticated when the request arrived.
func (c *call) serve(w http.ResponseWriter, r *http.Request) {
	if c.operation == GetObject {
		if err := c.getObject(w, r); err != nil {
			c.writeError(w, err)
		}
		return
	}
	resp, err := c.handle()
	if err != nil {
		c.writeError(w, err)
		return
	}
	c.writeJSON(w, resp.status, resp.body)
}

// handle does the work of an operation of the API.
func (c *call) handle() (*apiResponse, *apiError) {
	switch c.operation {
	case StartDashboardSnapshotJob:
		return c.startJob()
	case StartDashboardSnapshotJobSchedule:
		return c.startSchedule()
	case DescribeDashboardSnapshotJob:
		return c.describeJob()
	case DescribeDashboardSnapshotJobResult:
		return c.describeResult()
	case DescribeDashboardDefinition:
		return c.describeDefinition()
	}
	panic(fmt.Sprintf("unreachable: %q was admitted, but has no handler", c.operation))
}

// callKey is the key of a call in the context of its request.
type callKey struct{}

// withCall returns the request with a context in which callOf finds the call.
func withCall(r *http.Request, c *call) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), callKey{}, c))
}

// callOf returns the call that a request belongs to. Faults, which are plain
// handlers, get at it in this way.
func callOf(r *http.Request) *call {
	return r.Context().Value(callKey{}).(*call)
}
