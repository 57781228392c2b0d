package snapshotjobtest

import (
	"net/http"
)

// Fault is what goes wrong with one attempt: a wrapper over the handler that
// would have answered it.
type Fault struct {
	name string
	wrap func(next http.Handler) http.Handler
}

// NewFault makes a fault, with a name for reports. The handler that wrap returns
// must return when the request's context is done. It may panic with
// http.ErrAbortHandler to break the connection; FailNow or SkipNow of a test,
// whose goroutine it is not on, does so too.
func NewFault(name string, wrap func(next http.Handler) http.Handler) Fault { return Fault{name, wrap} }

// String returns the fault's name.
func (f Fault) String() string { return f.name }

// Times is the fault n times over, for [Server.Fail].
func (f Fault) Times(n int) []Fault {
	faults := make([]Fault, n)
	for i := range faults {
		faults[i] = f
	}
	return faults
}

// Pass lets one attempt through.
func Pass() Fault { return Fault{"pass", func(next http.Handler) http.Handler { return next }} }
