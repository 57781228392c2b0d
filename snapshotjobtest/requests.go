package snapshotjobtest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// Request is what the server remembers of a request: no credentials, no
// presigned query, no body.
type Request struct {
	Time      time.Time
	Operation Operation       // "" if no route knew it
	Job       snapshotjob.Job // zero for a file; for a schedule, SnapshotJobID is the schedule's id
	Method    string
	Path      string      // escaped, without the query
	Header    http.Header // without Authorization and X-Amz-Security-Token

	// InvocationID and Attempt tell a client's attempts apart (headers
	// Amz-Sdk-Invocation-Id and Amz-Sdk-Request); "" and 0 if there are none.
	// Where both are those of an earlier request, net/http sent that one again
	// by itself, as it does with a GET when a reused connection breaks.
	InvocationID string
	Attempt      int

	ID     string // the request id in the answer
	Fault  string // the scripted fault that it met, or ""
	Status int    // of the answer; 0 if none has begun
}

// Requests returns what has arrived so far, in order: the last MaxRequests of
// [Options].
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

// arrived records a call.
func (s *Server) arrived(c *call) *Request {
	r := c.request
	header := r.Header.Clone()
	header.Del("Authorization")
	header.Del("X-Amz-Security-Token")
	record := &Request{
		Time: c.now, Operation: c.op, Job: c.job, Method: r.Method, Path: r.URL.EscapedPath(), Header: header,
		InvocationID: r.Header.Get("Amz-Sdk-Invocation-Id"),
		Attempt:      attempt(r.Header.Get("Amz-Sdk-Request")),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	record.ID = s.newID()
	s.requests = append(s.requests, record)
	if limit := s.options.MaxRequests; limit > 0 && len(s.requests) > limit {
		s.requests = s.requests[1:]
	}
	return record
}

// attempt reads the header "attempt=2; max=3".
func attempt(header string) int {
	for field := range strings.SplitSeq(header, ";") {
		if n, ok := strings.CutPrefix(strings.TrimSpace(field), "attempt="); ok {
			attempt, _ := strconv.Atoi(n)
			return attempt
		}
	}
	return 0
}

// newID returns a random UUID. It needs the mutex.
func (s *Server) newID() string {
	a, b := s.random.Uint64(), s.random.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, 0x8000|b>>48&0x3fff, b&0xffff_ffff_ffff)
}

// recorder notes the status before the client can see it, so that a test that
// has its answer finds it in Requests.
type recorder struct {
	http.ResponseWriter
	call  *call
	wrote bool
}

func (w *recorder) WriteHeader(status int) {
	if !w.wrote {
		w.wrote = true
		w.call.mu.Lock()
		w.call.record.Status = status
		w.call.mu.Unlock()
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(p []byte) (int, error) {
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap serves http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
