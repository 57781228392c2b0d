package batch_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/batch"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

func TestCancelTellsOfJobsUnderWay(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		stopped := errors.New("a deploy")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(20*time.Second, func() { cancel(stopped) })
		var got outcomes
		summary, err := batch.Run(ctx, server.Client(), manyRequests(100), got.keep)
		assert.ErrorIs(t, err, context.Canceled)
		assert.ErrorIs(t, err, stopped)
		assert.Len(t, got.all, summary.Requests)
		assert.Less(t, summary.Requests, 100)
		underWay := 0
		for _, outcome := range got.all {
			if _, ok := errors.AsType[*snapshotjob.WaitError](outcome.Err); ok {
				underWay++
				assert.ErrorContains(t, outcome.Err, "the job goes on at the service")
			}
		}
		assert.Equal(t, summary.Started, underWay)
		assert.Len(t, startedIDs(server), summary.Started)
	})
}

func TestCanceledContextTakesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var got outcomes
		summary, err := batch.Run(ctx, server.Client(), manyRequests(3), got.keep)
		assert.ErrorIs(t, err, context.Canceled)
		assert.Zero(t, summary)
		assert.Empty(t, server.Requests())
	})
}

// The requests that wait for something when the context ends have an outcome too.
func TestCancelWhileARequestWaits(t *testing.T) {
	tests := map[string]func(*Server){
		"for a slot": func(s *Server) {
			s.AddJob(jobOf("of-others"), good().After(0, -1))
		},
		"after a failure": func(s *Server) {
			s.Fail(start, snapshotjobtest.ServerError(503).Times(100)...)
		},
		"after being throttled": func(s *Server) {
			s.Fail(start, snapshotjobtest.Throttle().Times(100)...)
		},
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				// More goes wrong than the batch has time for.
				server := snapshotjobtest.NewServer(func(o *snapshotjobtest.Options) { o.MaxRunningJobs = 1 })
				prepare(server)
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				var got outcomes
				_, err := batch.Run(ctx, server.Client(), requestsOf("a"), got.keep)
				assert.ErrorIs(t, err, context.DeadlineExceeded)
				assert.ErrorIs(t, got.only(t).Err, context.DeadlineExceeded)
				assert.Zero(t, got.only(t).Started)
				assert.NotEmpty(t, server.Requests())
			})
		})
	}
}

// A handle that looks at its context sees that the run was canceled.
func TestHandleOfACanceledRun(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		calls := 0
		handle := func(ctx context.Context, _ batch.Outcome) error {
			calls++
			return ctx.Err()
		}
		summary, err := batch.Run(ctx, server.Client(), requestsOf("a"), handle)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 1, calls)
		assert.Equal(t, 1, summary.HandleFailed)
	})
}

// All is done when the context ends, so that nothing is lost.
func TestContextThatEndsAfterTheLastRequest(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		handle := func(context.Context, batch.Outcome) error {
			cancel()
			return nil
		}
		summary, err := batch.Run(ctx, server.Client(), requestsOf("a"), handle)
		assert.NoError(t, err)
		assert.Equal(t, 1, summary.Completed)
	})
}

// The context ends while a start is under way, so that nobody knows whether its job exists.
func TestCancelDuringAStart(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		server.Fail(start, snapshotjobtest.Stall(time.Hour))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var got outcomes
		_, err := batch.Run(ctx, server.Client(), requestsOf("a"), got.keep)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorIs(t, got.only(t).Err, snapshotjob.ErrOutcomeUnknown)
	})
}

// A sequence that ends because the context has ended may have had more requests.
func TestSequenceThatEndsWithTheContext(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		requests := func(func(*Input) bool) { <-ctx.Done() }
		var got outcomes
		_, err := batch.Run(ctx, server.Client(), requests, got.keep)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "the sequence may have had more requests")
	})
}

// The job is gone. It does not go on.
func TestJobThatIsNotFoundAnyMore(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		gone := snapshotjobtest.Answer(404, "ResourceNotFoundException", "gone")
		server.Fail(describe, gone.Times(2)...)
		got := runBatch(t, server, requestsOf("a"), func(o *batch.Options) {
			afterItsGrace := func(o *snapshotjob.WaitOptions) { o.MinDelay = 20 * time.Second }
			o.WaitOptions = []func(*snapshotjob.WaitOptions){afterItsGrace}
		})
		require.Error(t, got.err)
		assert.ErrorContains(t, got.err, "gone")
		assert.NotContains(t, got.err.Error(), "goes on")
	})
}

// The limiter gives up shortly before the deadline. No more requests are taken then.
func TestDeadlineOfManyRequests(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		ctx, cancel := context.WithTimeout(t.Context(), 1010*time.Millisecond)
		defer cancel()
		var got outcomes
		summary, err := batch.Run(ctx, server.Client(), manyRequests(5000), got.keep)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "the sequence may have had more requests: context deadline exceeded")
		assert.LessOrEqual(t, summary.Requests, summary.Started+2)
	})
}

// The context ends while a request waits to be offered again, of which nobody knows
// whether its job exists.
func TestCancelAfterALostStart(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		server.Fail(start, snapshotjobtest.Drop().Times(3)...)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var got outcomes
		_, _ = batch.Run(ctx, server.Client(), requestsOf("a"), got.keep, func(o *batch.Options) {
			o.OnEvent = func(batch.Event) { cancel() }
		})
		assert.ErrorIs(t, got.only(t).Err, context.Canceled)
		assert.ErrorIs(t, got.only(t).Err, snapshotjob.ErrOutcomeUnknown)
	})
}

// cancelingLog is a log whose handler calls cancel for a message.
type cancelingLog struct {
	slog.Handler
	message string
	cancel  func()
}

// Handle calls cancel for the message.
func (l cancelingLog) Handle(_ context.Context, record slog.Record) error {
	if record.Message == l.message {
		l.cancel()
	}
	return nil
}

// Enabled reports that each record is handled.
func (l cancelingLog) Enabled(context.Context, slog.Level) bool { return true }

// The context ends when the client has taken the service's refusal of a start for final.
func TestCancelAfterARefusal(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		server.Fail(start, snapshotjobtest.Answer(409, "LimitExceededException", "full"))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		client := server.Client(func(o *snapshotjob.Options) {
			o.Logger = slog.New(cancelingLog{
				Handler: slog.DiscardHandler,
				message: "retry",
				cancel:  cancel,
			})
		})
		var got outcomes
		_, _ = batch.Run(ctx, client, requestsOf("a"), got.keep)
		assert.ErrorIs(t, got.only(t).Err, context.Canceled)
		assert.ErrorContains(t, got.only(t).Err, "full")
	})
}

// The context ends while an earlier job is described, which turns out to have failed. The
// starter has ended by then, so that nobody starts another job.
func TestCancelBeforeAFailedJobIsFound(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		server.AddJob(jobOf("a"), now(failedLife()))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		client := server.Client(func(o *snapshotjob.Options) {
			next := o.Transport
			o.Transport = roundTripper(func(req *http.Request) (*http.Response, error) {
				resp, err := next.RoundTrip(req)
				if req.Method == http.MethodGet {
					cancel()
					synctest.Wait() // until the starter has ended
				}
				return resp, err
			})
		})
		var got outcomes
		_, err := batch.Run(ctx, client, requestsOf("a"), got.keep)
		assert.ErrorIs(t, err, context.Canceled)
		assert.ErrorIs(t, got.only(t).Err, context.Canceled)
	})
}
