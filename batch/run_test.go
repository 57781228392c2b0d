package batch_test

import (
	"context"
	"errors"
	"flag"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/batch"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

func TestRunGivesEachRequestOneOutcome(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		got := runBatch(t, server, manyRequests(100))
		require.NoError(t, got.err)
		assert.Equal(t, 100, got.summary.Requests)
		assert.Equal(t, 100, got.summary.Completed)
		assert.Equal(t, 100, got.summary.Started)
		assert.Zero(t, got.summary.Failed+got.summary.Adopted+got.summary.HandleFailed)
		var want []string
		for n := range 100 {
			want = append(want, idOf(n))
		}
		assert.Equal(t, want, got.ids())
		assert.Len(t, startedIDs(server), 100)
	})
}

func TestOutcomeOfARequest(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		began := time.Now()
		request := pdfRequest("daily")
		requests := func(yield func(*Input) bool) {
			time.Sleep(time.Second)
			yield(request)
		}
		got := runBatch(t, server, requests)
		require.NoError(t, got.err)
		outcome := got.only(t)
		assert.Same(t, request, outcome.Input)
		assert.Equal(t, request.Job, outcome.Job)
		assert.NoError(t, outcome.Err)
		assert.Equal(t, snapshotjob.SnapshotJobStatusCompleted, outcome.Result.JobStatus)
		assert.Equal(t, time.Second, outcome.Queued.Sub(began))
		assert.Equal(t, time.Second, outcome.Started.Sub(began))
		assert.Greater(t, outcome.Finished.Sub(outcome.Started), 42*time.Second)
		assert.False(t, outcome.Adopted)
	})
}

func TestRunOfNoRequests(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		got := runBatch(t, server, requestsOf())
		assert.NoError(t, got.err)
		assert.Zero(t, got.summary)
		assert.Empty(t, server.Requests())
	})
}

func TestFailedJobStopsNoOtherOne(t *testing.T) {
	lives := map[string]snapshotjobtest.Life{
		"b": minute(snapshotjobtest.Failed(snapshotjob.ErrorTypeDashboardAccessDenied, "No access.")),
	}
	inBubble(t, func(t *testing.T, server *Server) {
		got := runBatch(t, server, requestsOf("a", "b", "c"))
		assert.Equal(t, 2, got.summary.Completed)
		assert.Equal(t, 1, got.summary.Failed)
		batchError, ok := errors.AsType[*batch.Error](got.err)
		require.True(t, ok, "%v", got.err)
		assert.Equal(t, got.summary, batchError.Summary)
		jobError, ok := errors.AsType[*snapshotjob.JobError](got.err)
		require.True(t, ok, "%v", got.err)
		assert.Equal(t, jobOf("b"), jobError.Job)
		assert.Equal(t, []string{"a", "b", "c"}, got.ids())
	}, livesOf(lives))
}

func TestErrorOfHandle(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		full := errors.New("the disk is full")
		handle := func(_ context.Context, outcome batch.Outcome) error {
			if outcome.Job.SnapshotJobID == "b" {
				return full
			}
			return nil
		}
		summary, err := batch.Run(t.Context(), server.Client(), requestsOf("a", "b"), handle)
		assert.Equal(t, 2, summary.Completed)
		assert.Equal(t, 1, summary.HandleFailed)
		assert.ErrorIs(t, err, full)
		assert.EqualError(t, err, "batch of snapshot jobs: 0 of 2 requests failed, 1 could not be handled: "+
			"handle snapshot job 111122223333/sales/b: the disk is full")
	})
}

func TestErrorKeepsTheFirstHundredErrors(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		refuse := func(context.Context, batch.Outcome) error { return errors.New("no") }
		_, err := batch.Run(t.Context(), server.Client(), manyRequests(120), refuse)
		batchError, ok := errors.AsType[*batch.Error](err)
		require.True(t, ok, "%v", err)
		assert.Len(t, batchError.Errs, 100)
		assert.Contains(t, err.Error(), "120 could not be handled")
		assert.Contains(t, err.Error(), "; and 110 more")
	})
}

// The handle of one outcome takes an hour. The other jobs go on, and so do their handles.
func TestSlowHandleHoldsNoSlot(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		began := time.Now()
		var got outcomes
		var last time.Time
		handle := func(ctx context.Context, outcome batch.Outcome) error {
			if outcome.Job.SnapshotJobID == idOf(0) {
				time.Sleep(time.Hour)
				return got.keep(ctx, outcome)
			}
			last = time.Now()
			return got.keep(ctx, outcome)
		}
		_, err := batch.Run(t.Context(), server.Client(), manyRequests(30), handle)
		require.NoError(t, err)
		assert.Len(t, got.all, 30)
		assert.Less(t, last.Sub(began), 10*time.Minute)
	})
}

func TestMaxUnhandledStopsTheStarts(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		handle := func(context.Context, batch.Outcome) error {
			time.Sleep(time.Hour)
			return nil
		}
		var most int
		finished := 0
		handled := 0
		_, err := batch.Run(t.Context(), server.Client(), manyRequests(60), handle, func(o *batch.Options) {
			o.HandleConcurrency = 1
			o.MaxUnhandled = 5
			o.OnEvent = func(event batch.Event) {
				switch event.Kind {
				case batch.EventFinished:
					finished++
				case batch.EventHandled:
					handled++
				}
				most = max(most, finished-handled)
			}
		})
		require.NoError(t, err)
		// 5 wait, 1 is handled, and 16 or so were under way when the fifth began to wait.
		assert.Less(t, most, 40)
		assert.Equal(t, 60, handled)
	})
}

func TestRunTakesNoMoreThanItCanStart(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		taken := 0
		endless := func(yield func(*Input) bool) {
			for ; yield(pdfRequest(idOf(taken))); taken++ {
			}
		}
		var got outcomes
		summary, err := batch.Run(ctx, server.Client(), endless, got.keep, func(o *batch.Options) { o.MaxRunning = 3 })
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 3, summary.Started)
		assert.Equal(t, 4, summary.Requests)
		assert.Len(t, got.all, 4)
	})
}

// A sequence may wait for something itself, while jobs finish and are started anew.
func TestSlowSequence(t *testing.T) {
	lives := map[string]snapshotjobtest.Life{"a": minute(changing())}
	inBubble(t, func(t *testing.T, server *Server) {
		slow := func(yield func(*Input) bool) {
			if !yield(pdfRequest("a")) {
				return
			}
			time.Sleep(time.Hour)
			yield(pdfRequest("b"))
		}
		got := runBatch(t, server, slow)
		require.NoError(t, got.err)
		require.Len(t, got.all, 2)
		assert.Equal(t, "a-2", got.all[0].Job.SnapshotJobID)
		assert.True(t, got.all[0].Finished.Before(got.all[1].Queued))
	}, livesOf(lives))
}

// Of a long batch, no more is held than what is under way.
func TestLongBatch(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		most := 0
		before := 0
		handle := func(context.Context, batch.Outcome) error { return nil }
		memory := &memoryReport{every: max(1, *longBatch/10)}
		_, err := batch.Run(t.Context(), server.Client(), manyRequests(*longBatch), handle, func(o *batch.Options) {
			o.OnEvent = func(event batch.Event) {
				done := event.Summary.Completed + event.Summary.Failed
				most = max(most, event.Summary.Requests-done)
				assert.GreaterOrEqual(t, done+event.Summary.Started, before, "counts of an earlier time")
				before = done + event.Summary.Started
				if event.Kind == batch.EventHandled {
					memory.count(t)
				}
			}
		})
		require.NoError(t, err)
		assert.LessOrEqual(t, most, 40)
	}, func(o *snapshotjobtest.Options) {
		o.MaxRequests = 100
		o.MaxEndedJobs = 100
	})
}

// longBatch is the number of requests of TestLongBatch.
var longBatch = flag.Int("requests", 300, "how many `requests` the longest batch has")

// memoryReport logs the memory in use from time to time.
type memoryReport struct {
	every int // requests
	seen  int
}

// count counts one more request.
func (m *memoryReport) count(t *testing.T) {
	m.seen++
	if m.seen%m.every != 0 {
		return
	}
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	t.Logf("after %d requests: %.1f MB in use", m.seen, float64(stats.HeapAlloc)/1e6)
}

// The sequence changes one request and yields it again and again.
func TestSequenceThatUsesOneRequestAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		request := pdfRequest("")
		requests := func(yield func(*Input) bool) {
			for _, id := range []string{"a", "b", "c"} {
				request.Job.SnapshotJobID = id
				if !yield(request) {
					return
				}
			}
		}
		got := runBatch(t, server, requests)
		require.NoError(t, got.err)
		assert.ElementsMatch(t, []string{"a", "b", "c"}, startedIDs(server))
		var jobs []string
		for _, outcome := range got.all {
			jobs = append(jobs, outcome.Job.SnapshotJobID)
		}
		assert.ElementsMatch(t, []string{"a", "b", "c"}, jobs)
	})
}

func TestErrorIsOneLine(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		handle := func(context.Context, batch.Outcome) error {
			return errors.Join(errors.New("first"), errors.New("second"))
		}
		_, err := batch.Run(t.Context(), server.Client(), requestsOf("a"), handle)
		assert.ErrorContains(t, err, "first second")
	})
}
