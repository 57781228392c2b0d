package snapshotjobtest

import (
	"cmp"
	"fmt"
	"slices"
)

// AnyOperation stands, in [Server.Fail], for all operations of the API, but not for
// files.
const AnyOperation Operation = ""

// scriptedFault is a fault that waits for its attempt.
type scriptedFault struct {
	operation Operation
	fault     Fault
}

// attemptKey is what a request and its resending by net/http have in common.
type attemptKey struct {
	operation    Operation
	invocationID string
	attempt      int
}

// Fail scripts what goes wrong with the next attempts at an operation. Each attempt
// meets one fault, after those that are scripted already. Only requests with a good
// signature, and within the account's rate, are attempts. Where faults wait for the
// operation and for [AnyOperation], those of the operation come first.
//
// Over a socket, net/http may send a GET again by itself when a connection breaks
// that was used before. That is the same attempt, by its InvocationID and Attempt
// (see [Request]), and meets the same fault again, unless 1,000 more attempts have met
// faults since. A request without those headers, such as one for a file, is an attempt
// of its own.
//
// Fail panics for an operation that the server doesn't know, and for a zero Fault.
func (s *Server) Fail(op Operation, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !canFail(op) {
		panic(fmt.Sprintf("snapshotjobtest: Fail: no request is a %q", op))
	}
	for _, f := range faults {
		if f.wrap == nil {
			panic("snapshotjobtest: Fail: a zero Fault; Pass lets an attempt through")
		}
		s.script = append(s.script, scriptedFault{operation: op, fault: f})
	}
}

// canFail reports whether a request can be one of the operation, or op stands for
// any.
func canFail(op Operation) bool {
	switch op {
	case AnyOperation,
		StartDashboardSnapshotJob,
		StartDashboardSnapshotJobSchedule,
		DescribeDashboardSnapshotJob,
		DescribeDashboardSnapshotJobResult,
		DescribeDashboardDefinition,
		GetObject:
		return true
	}
	return false
}

// Unused returns the scripted faults that have had no effect, as "operation:
// fault". Behind one that stands for several is their number, as in "(3 times)".
// First come those that an attempt met, but whose body was too short for them. Then
// come those that no attempt has met yet.
func (s *Server) Unused() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var waiting tally
	for _, f := range s.script {
		waiting.add(fmt.Sprintf("%s: %s", cmp.Or(f.operation, "any operation"), f.fault))
	}
	return append(s.tooShort.texts(), waiting.texts()...)
}

// tally counts texts. The zero value has counted none.
type tally struct {
	distinct []string // in the order of first appearance
	times    map[string]int
}

// add counts a text once more.
func (t *tally) add(text string) {
	if t.times == nil {
		t.times = map[string]int{}
	}
	if t.times[text] == 0 {
		t.distinct = append(t.distinct, text)
	}
	t.times[text]++
}

// texts returns each text once, with the number of times behind those that were
// counted more than once.
func (t *tally) texts() []string {
	texts := slices.Clone(t.distinct)
	for i, text := range texts {
		if n := t.times[text]; n > 1 {
			texts[i] = fmt.Sprintf("%s (%d times)", text, n)
		}
	}
	return texts
}

// addTooShort notes that a call met a fault of the body, but that its body was too
// short for it.
func (c *call) addTooShort(fault string) {
	text := fmt.Sprintf("%s: %s: the body was too short", c.operation, fault)
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.server.tooShort.add(text)
}

// nextFault returns the fault that a call meets, which is Pass if none waits for it.
func (s *Server) nextFault(c *call) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := attemptKey{
		operation:    c.operation,
		invocationID: c.record.InvocationID,
		attempt:      c.record.Attempt,
	}
	fault, met := s.met.faults[key]
	if !met {
		i := s.waitingFaultLocked(c.operation)
		if i < 0 {
			return Pass()
		}
		fault = s.script[i].fault
		s.script = slices.Delete(s.script, i, i+1)
		if key.invocationID != "" {
			s.met.add(key, fault)
		}
	}
	c.record.Fault = fault.name
	return fault
}

// maxMetFaults is how many attempts are remembered with the faults that they have met.
// Only the last ones matter: net/http sends a request again as soon as its connection
// breaks.
const maxMetFaults = 1000

// metFaults are faults that attempts have met. The zero value has none.
type metFaults struct {
	faults map[attemptKey]Fault
	keys   []attemptKey // of faults, oldest first
}

// add remembers the fault of one more attempt. It forgets the oldest one if there are
// too many.
func (m *metFaults) add(key attemptKey, fault Fault) {
	if m.faults == nil {
		m.faults = map[attemptKey]Fault{}
	}
	m.faults[key] = fault
	m.keys = append(m.keys, key)
	if len(m.keys) > maxMetFaults {
		delete(m.faults, m.keys[0])
		m.keys = slices.Delete(m.keys, 0, 1)
	}
}

// waitingFaultLocked returns the index of the first fault that waits for an
// operation, or of the first for any operation, or -1.
func (s *Server) waitingFaultLocked(op Operation) int {
	own := s.indexFaultLocked(op)
	if own >= 0 || op == GetObject {
		return own
	}
	return s.indexFaultLocked(AnyOperation)
}

// indexFaultLocked returns the index of the first fault that was scripted for op, or
// -1.
func (s *Server) indexFaultLocked(op Operation) int {
	return slices.IndexFunc(s.script, func(f scriptedFault) bool {
		return f.operation == op
	})
}
