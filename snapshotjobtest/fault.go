package snapshotjobtest

import (
	"net/http"
)

// Fault is what goes wrong with one attempt. It wraps the handler that would have
// responded to the attempt.
type Fault struct {
	name string
	wrap func(next http.Handler) http.Handler
}

// NewFault makes a fault. Its name appears in [Server.Unused] and in [Request].Fault.
//
// The handler that wrap returns must return when the context of its request is
// done. It may panic with http.ErrAbortHandler to break the connection. FailNow or
// SkipNow of a test break it too, because the handler doesn't run on the goroutine
// of the test. A response, or a part of one, that was not flushed before is lost then.
//
// The request that the handler gets was read and authenticated before. The handler may
// hand on another one. Of that request only what concerns the sending of a file counts:
// the headers If-Match, If-None-Match, Range and X-Amz-Checksum-Mode, and the parameter
// x-amz-checksum-mode of the query. All other changes have no effect.
func NewFault(name string, wrap func(next http.Handler) http.Handler) Fault {
	return Fault{name: name, wrap: wrap}
}

// String returns the fault's name.
func (f Fault) String() string {
	return f.name
}

// Times returns the fault n times over, for [Server.Fail].
func (f Fault) Times(n int) []Fault {
	faults := make([]Fault, n)
	for i := range faults {
		faults[i] = f
	}
	return faults
}

// Pass returns a fault that does nothing: it lets one attempt through.
func Pass() Fault {
	return NewFault("pass", func(next http.Handler) http.Handler {
		return next
	})
}

// insteadOfWork makes a fault that responds without doing the work.
func insteadOfWork(name string, respond http.HandlerFunc) Fault {
	return NewFault(name, func(http.Handler) http.Handler {
		return respond
	})
}

// wrapperFunc is a http.HandlerFunc that gets the handler that it wraps.
type wrapperFunc func(next http.Handler, w http.ResponseWriter, r *http.Request)

// aroundWork makes a fault that does something before or after the work.
func aroundWork(name string, serve wrapperFunc) Fault {
	return NewFault(name, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			serve(next, w, r)
		})
	})
}
