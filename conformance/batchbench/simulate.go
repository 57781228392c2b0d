package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/conformance"
)

// program is a way to run many jobs.
type program struct {
	name string

	// run runs the jobs, and returns an error for each of which it has no result. The
	// other error is that of the run as a whole.
	run func(ctx context.Context, clients conformance.Pair, jobs []snapshotjob.Job) ([]error, error)
}

// programs are the programs in the order of the table.
var programs = []program{
	{name: "official", run: runOfficial},
	{name: "official, limit retried", run: runOfficialWithRetry},
	{name: "batch.Run", run: runBatch},
}

// outcome is what a run of a program came to.
type outcome struct {
	bound     time.Duration
	makespan  time.Duration
	failed    int   // requests without a result
	calls     int64 // attempts at calls included
	throttled int64 // calls that got a ThrottlingException
	refused   int64 // starts that got a LimitExceededException
}

// simulate has a program do a workload, in a bubble of its own.
func simulate(t *testing.T, w workload, p program) outcome {
	var result outcome
	synctest.Test(t, func(t *testing.T) {
		m := meter{transport: w.newServer().Transport()}
		clients := conformance.NewPair(conformance.Config(conformance.Keys, &m))
		began := time.Now()
		failures, err := p.run(t.Context(), clients, w.jobs)
		result = m.outcome()
		result.makespan = time.Since(began)
		result.bound = w.bound()
		result.failed = len(failures)
		if err == nil {
			err = w.check(result, failures)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	return result
}

// check returns an error if a run has measured something else than it should.
func (w *workload) check(result outcome, failures []error) error {
	for _, failure := range failures {
		if !isOfLimit(failure) {
			return fmt.Errorf("a request has failed because of something else than a limit: %w", failure)
		}
	}
	if result.makespan > w.end {
		return fmt.Errorf("the run took %v, and the tenant was there for %v only", result.makespan, w.end)
	}
	return nil
}

// The exceptions for the limits of an account.
const (
	codeThrottled     = "ThrottlingException"
	codeLimitExceeded = "LimitExceededException"
)

// isOfLimit reports whether an error comes from a limit of the account.
func isOfLimit(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	return api.ErrorCode() == codeThrottled || api.ErrorCode() == codeLimitExceeded
}

// meter is an HTTP client that counts what the service responds.
type meter struct {
	transport http.RoundTripper
	calls     atomic.Int64
	throttled atomic.Int64
	refused   atomic.Int64
}

// Do implements aws.HTTPClient.
func (m *meter) Do(req *http.Request) (*http.Response, error) {
	resp, err := m.transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	m.calls.Add(1)
	switch resp.Header.Get("X-Amzn-Errortype") {
	case codeThrottled:
		m.throttled.Add(1)
	case codeLimitExceeded:
		m.refused.Add(1)
	}
	return resp, nil
}

// outcome returns an outcome with what was counted.
func (m *meter) outcome() outcome {
	return outcome{
		calls:     m.calls.Load(),
		throttled: m.throttled.Load(),
		refused:   m.refused.Load(),
	}
}
