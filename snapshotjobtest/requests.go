package snapshotjobtest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// Request is what the server remembers of a request. It holds no credentials, no
// presigned query and no body.
type Request struct {
	// Time is when the request arrived, on the server's clock.
	Time time.Time

	// Operation is "" if the request has the method and path of no operation.
	Operation Operation

	// Job has the ids of the request. It is zero for a file. For a schedule, its
	// SnapshotJobID is the id of the schedule. For a definition, its SnapshotJobID is
	// empty.
	Job snapshotjob.Job

	Method string
	Path   string      // escaped, without the query
	Header http.Header // without Authorization and X-Amz-Security-Token

	// InvocationID and Attempt tell a client's attempts apart. They come from the
	// headers Amz-Sdk-Invocation-Id and Amz-Sdk-Request; "" and 0 if there are
	// none. Where both are those of an earlier request, net/http sent that
	// request again by itself, as it does with a GET when a reused connection
	// breaks.
	InvocationID string
	Attempt      int

	ID     string // the request id in the response
	Fault  string // the name of the scripted fault that the request met, or ""
	Status int    // of the response; 0 if the handler has sent none
}

// Requests returns the requests that have arrived so far, in order. With
// [Options].MaxRequests, those are the last ones.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := make([]Request, len(s.requests))
	for i, r := range s.requests {
		requests[i] = *r
		requests[i].Header = r.Header.Clone()
	}
	return requests
}

// maxUnrouted is how many requests of no operation are kept for the report of
// NewTestServer. More of them would tell nobody more.
const maxUnrouted = 100

// addRecord adds a call to what Requests returns.
func (s *Server) addRecord(c *call) *Request {
	r := c.request
	operation := c.operation
	if operation == unknownOperation {
		operation = "" // As Request.Operation has it.
	}
	header := r.Header.Clone()
	header.Del("Authorization")
	header.Del("X-Amz-Security-Token")
	record := &Request{
		Time:         c.arrived,
		Operation:    operation,
		Job:          c.job,
		Method:       r.Method,
		Path:         r.URL.EscapedPath(),
		Header:       header,
		InvocationID: r.Header.Get("Amz-Sdk-Invocation-Id"),
		Attempt:      attemptNumber(r.Header.Get("Amz-Sdk-Request")),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	record.ID = s.newRequestIDLocked()
	if c.operation == unknownOperation && len(s.unrouted) < maxUnrouted {
		s.unrouted = append(s.unrouted, record.Method+" "+record.Path)
	}
	s.requests = append(s.requests, record)
	if limit := s.options.MaxRequests; limit > 0 && len(s.requests) > limit {
		s.requests = s.requests[1:]
	}
	return record
}

// attemptNumber reads the header Amz-Sdk-Request, such as "attempt=2; max=3". It
// returns 0 if there is no number.
func attemptNumber(header string) int {
	for field := range strings.SplitSeq(header, ";") {
		text, found := strings.CutPrefix(strings.TrimSpace(field), "attempt=")
		if found {
			number, _ := strconv.Atoi(text)
			return number
		}
	}
	return 0
}

// newRequestIDLocked returns a random UUID of version 4.
func (s *Server) newRequestIDLocked() string {
	high := s.random.Uint64()
	low := s.random.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x",
		high>>32, high>>16&0xffff, high&0xfff, // 4 is the version
		0x8000|low>>48&0x3fff, low&0xffff_ffff_ffff) // 0x8000 is the variant
}

// statusRecorder notes the status before the client can see it. A test that has a
// response therefore finds its status in Requests.
type statusRecorder struct {
	http.ResponseWriter
	call  *call
	wrote bool
}

// WriteHeader notes the first status, which is the one that counts.
func (w *statusRecorder) WriteHeader(status int) {
	if !w.wrote {
		w.wrote = true
		w.call.server.mu.Lock()
		w.call.record.Status = status
		w.call.server.mu.Unlock()
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implies the status 200, as with every http.ResponseWriter.
func (w *statusRecorder) Write(p []byte) (int, error) {
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// FlushError implies the status 200 too. http.ResponseController calls it.
func (w *statusRecorder) FlushError() error {
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController find what w can't do itself.
func (w *statusRecorder) Unwrap() http.ResponseWriter {
	return w.ResponseWriter
}
