package batch_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/batch"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

type (
	// Input is a request of a batch.
	Input = snapshotjob.StartDashboardSnapshotJobInput

	// Server is the fake.
	Server = snapshotjobtest.Server
)

// The operations of the fake that tests let fail and count.
const (
	start    = snapshotjobtest.StartDashboardSnapshotJob
	describe = snapshotjobtest.DescribeDashboardSnapshotJob
)

// jobOf returns the job with an id that all tests here use the same dashboard for.
func jobOf(id string) snapshotjob.Job {
	return snapshotjob.Job{
		AWSAccountID:  "111122223333",
		DashboardID:   "sales",
		SnapshotJobID: id,
	}
}

// pdfRequest returns a request for a PDF of a sheet.
func pdfRequest(id string) *Input {
	return requestFor(id, snapshotjob.PDF("overview"))
}

// requestFor returns a request for a file.
func requestFor(id string, group snapshotjob.SnapshotFileGroup) *Input {
	return &Input{
		Job: jobOf(id),
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{group},
		},
		UserConfiguration: snapshotjob.AnonymousUser(),
	}
}

// requestsOf returns a request for each id.
func requestsOf(ids ...string) iter.Seq[*Input] {
	return func(yield func(*Input) bool) {
		for _, id := range ids {
			if !yield(pdfRequest(id)) {
				return
			}
		}
	}
}

// idOf returns the id of the n-th of many requests.
func idOf(n int) string { return fmt.Sprintf("job-%04d", n) }

// manyRequests returns so many requests, with the ids that idOf returns.
func manyRequests(count int) iter.Seq[*Input] {
	return func(yield func(*Input) bool) {
		for n := range count {
			if !yield(pdfRequest(idOf(n))) {
				return
			}
		}
	}
}

// outcomes collects what a batch gives to handle.
type outcomes struct {
	mu  sync.Mutex
	all []batch.Outcome
}

// keep is the handle of a batch.
func (o *outcomes) keep(_ context.Context, outcome batch.Outcome) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, outcome)
	return nil
}

// ids returns the ids of the requests that have an outcome, sorted.
func (o *outcomes) ids() []string {
	var ids []string
	for _, outcome := range o.all {
		ids = append(ids, outcome.Input.Job.SnapshotJobID)
	}
	slices.Sort(ids)
	return ids
}

// only returns the outcome, of which there must be exactly one.
func (o *outcomes) only(t *testing.T) batch.Outcome {
	t.Helper()
	require.Len(t, o.all, 1)
	return o.all[0]
}

// inBubble runs a test with a fake whose clock is that of the bubble.
func inBubble(
	t *testing.T,
	test func(t *testing.T, server *Server),
	optFns ...func(*snapshotjobtest.Options),
) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, snapshotjobtest.NewTestServer(t, optFns...))
	})
}

// startedIDs returns the ids of the starts that the fake has accepted, in their order.
func startedIDs(server *Server) []string {
	var ids []string
	for _, request := range server.Requests() {
		if request.Operation == start && request.Status == 200 {
			ids = append(ids, request.Job.SnapshotJobID)
		}
	}
	return ids
}

// countRequests returns how many requests the fake has answered with a status.
func countRequests(server *Server, operation snapshotjobtest.Operation, status int) int {
	count := 0
	for _, request := range server.Requests() {
		if request.Operation == operation && request.Status == status {
			count++
		}
	}
	return count
}

// livesOf returns an Options.Life of the fake that gives a job its own life by its id, and
// any other job a good one of a minute.
func livesOf(lives map[string]snapshotjobtest.Life) func(*snapshotjobtest.Options) {
	return func(o *snapshotjobtest.Options) {
		o.Life = func(job snapshotjob.Job) snapshotjobtest.Life {
			if life, ok := lives[job.SnapshotJobID]; ok {
				return life
			}
			return minute(snapshotjobtest.Completed())
		}
	}
}

// minute returns a life that is queued for 2 seconds and runs for a minute.
func minute(life snapshotjobtest.Life) snapshotjobtest.Life {
	return life.After(2*time.Second, time.Minute)
}

// good is the life of a job that makes its PDF.
func good() snapshotjobtest.Life {
	return snapshotjobtest.Completed(snapshotjobtest.PDF("overview"))
}

// changing is the life of a job whose file fails in such a way that another job may
// succeed.
func changing() snapshotjobtest.Life {
	file := snapshotjobtest.PDF("overview").Failing(snapshotjob.ErrorTypeRLSChanged, "Re-run the job.")
	return snapshotjobtest.Completed(file)
}

// brokenFor is a transport that answers requests whose body names one job with an error
// of the service.
type brokenFor struct {
	id   string
	next http.RoundTripper
}

// RoundTrip answers a request itself, or passes it on.
func (b brokenFor) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body == nil {
		return b.next.RoundTrip(req)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(body, []byte(b.id)) {
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(bytes.NewReader(body))
		return b.next.RoundTrip(req)
	}
	return &http.Response{
		StatusCode: http.StatusInternalServerError,
		Header:     http.Header{"X-Amzn-Errortype": {"InternalFailureException"}},
		Body:       io.NopCloser(strings.NewReader(`{"Message":"broken"}`)),
	}, nil
}

// batchResult is what came of a call of Run.
type batchResult struct {
	outcomes
	summary batch.Summary
	err     error
	running int // jobs under way by the last event
}

// watch is an option that keeps how many jobs are under way.
func (r *batchResult) watch(o *batch.Options) {
	next := o.OnEvent
	o.OnEvent = func(event batch.Event) {
		r.running = event.Running
		if next != nil {
			next(event)
		}
	}
}

// runBatch runs a batch on the fake.
func runBatch(
	t *testing.T,
	server *Server,
	requests iter.Seq[*Input],
	optFns ...func(*batch.Options),
) *batchResult {
	t.Helper()
	var result batchResult
	optFns = append(optFns, result.watch)
	result.summary, result.err = batch.Run(t.Context(), server.Client(), requests, result.keep, optFns...)
	return &result
}
