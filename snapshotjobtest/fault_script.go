package snapshotjobtest

import (
	"fmt"
	"net/http"
	"slices"
)

// scripted is a fault that waits for its attempt.
type scripted struct {
	op    Operation
	fault Fault
}

// AnyOperation stands, in [Server.Fail], for all operations of the API, but not
// for files.
const AnyOperation Operation = ""

// Fail scripts what goes wrong with the next attempts at an operation, one fault
// for each attempt, after those that are scripted already. Only requests with a
// good signature, and within the account's rate, are attempts. Where faults wait
// for the operation and for [AnyOperation], the operation's come first.
//
// Over a socket, net/http may send a GET again by itself when a connection
// breaks that was used before. That is the same attempt, by its InvocationID and
// Attempt (see [Request]), and meets the same fault again. A request that lacks
// the id, as those for files do, is an attempt of its own.
//
// It panics for an operation that the server doesn't know, and for a zero Fault.
func (s *Server) Fail(op Operation, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch op {
	case AnyOperation, StartDashboardSnapshotJob, DescribeDashboardSnapshotJob, DescribeDashboardSnapshotJobResult, StartDashboardSnapshotJobSchedule, GetObject:
	default:
		panic(fmt.Sprintf("snapshotjobtest: Fail: no request is a %q", op))
	}
	for _, f := range faults {
		if f.wrap == nil {
			panic("snapshotjobtest: Fail: a zero Fault; Pass lets an attempt through")
		}
		s.faults = append(s.faults, scripted{op, f})
	}
}

// Unused returns the scripted faults that have had no effect, as "operation:
// fault", with "(3 times)" behind one that stands for several: first those that
// an attempt met, but whose body was too short for them, then those that no
// attempt has met yet.
func (s *Server) Unused() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Clone(s.idle)
	for _, f := range s.faults {
		all = append(all, fmt.Sprintf("%s: %s", or(f.op, "any operation"), f.fault))
	}
	times := map[string]int{}
	for _, fault := range all {
		times[fault]++
	}
	var unused []string
	for _, fault := range all {
		switch n := times[fault]; {
		case n == 1:
			unused = append(unused, fault)
		case n > 1:
			unused = append(unused, fmt.Sprintf("%s (%d times)", fault, n))
		}
		delete(times, fault)
	}
	return unused
}

// sent is what a request and its resending by net/http have in common.
type sent struct {
	op           Operation
	invocationID string
	attempt      int
}

// nextFault takes the fault that waits for a call, if any.
func (s *Server) nextFault(c *call) func(http.Handler) http.Handler {
	s.mu.Lock()
	defer s.mu.Unlock()
	this := sent{c.op, c.record.InvocationID, c.record.Attempt}
	if fault, again := s.met[this]; again {
		c.record.Fault = fault.name
		return fault.wrap
	}
	found := -1
	for i, f := range s.faults {
		if f.op == c.op {
			found = i
			break
		}
		if f.op == AnyOperation && c.op != GetObject && found < 0 {
			found = i
		}
	}
	if found < 0 {
		return func(next http.Handler) http.Handler { return next }
	}
	fault := s.faults[found].fault
	s.faults = append(s.faults[:found:found], s.faults[found+1:]...)
	if this.invocationID != "" {
		s.met[this] = fault
	}
	c.record.Fault = fault.name
	return fault.wrap
}
