package batch_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/batch"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

func TestRefusedStartsFailNoRequest(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		got := runBatch(t, server, manyRequests(20))
		require.NoError(t, got.err)
		assert.Equal(t, 20, got.summary.Completed)
		refused := countRequests(server, start, http.StatusConflict)
		assert.Positive(t, refused)
		assert.Equal(t, refused, got.summary.Refused)
	}, func(o *snapshotjobtest.Options) { o.MaxRunningJobs = 2 })
}

// Somebody else has all slots for an hour.
func TestRunWaitsForOthers(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		began := time.Now()
		server.AddJob(jobOf("of-others"), good().After(0, time.Hour))
		got := runBatch(t, server, requestsOf("a"))
		require.NoError(t, got.err)
		started := got.only(t).Started.Sub(began)
		assert.GreaterOrEqual(t, started, time.Hour)
		assert.LessOrEqual(t, started, time.Hour+6*time.Second)
		assert.Less(t, got.summary.Refused, 1000) // of 7200, if it asked twice a second all the time
	}, func(o *snapshotjobtest.Options) { o.MaxRunningJobs = 1 })
}

func TestThrottledStartsFailNoRequest(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		server.Fail(start, snapshotjobtest.Throttle().Times(100)...)
		got := runBatch(t, server, requestsOf("a"))
		require.NoError(t, got.err)
		assert.Equal(t, batch.Summary{Requests: 1, Completed: 1, Started: 1}, got.summary)
	})
}

// Nobody else uses the account, so that nothing is throttled.
func TestRunAloneIsNotThrottled(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		got := runBatch(t, server, manyRequests(200))
		require.NoError(t, got.err)
		for _, request := range server.Requests() {
			assert.NotEqual(t, http.StatusTooManyRequests, request.Status)
		}
		assert.LessOrEqual(t, mostCallsInASecond(server), 9)
	}, livesOf(nil))
}

// mostCallsInASecond returns how many requests have come in any one second at most.
func mostCallsInASecond(server *Server) int {
	requests := server.Requests()
	most := 0
	first := 0
	for i, request := range requests {
		for request.Time.Sub(requests[first].Time) > time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

func TestLimiterOfTheClient(t *testing.T) {
	limited := func(o *snapshotjob.Options) { o.Limiter = rate.NewLimiter(2, 1) }
	tests := map[string]struct {
		client []func(*snapshotjob.Options)
		batch  []func(*snapshotjob.Options)
		most   int
	}{
		"none":         {most: 9},
		"the client's": {client: []func(*snapshotjob.Options){limited}, most: 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *Server) {
				var got outcomes
				_, err := batch.Run(t.Context(), server.Client(test.client...), manyRequests(20), got.keep)
				require.NoError(t, err)
				assert.LessOrEqual(t, mostCallsInASecond(server), test.most)
				assert.GreaterOrEqual(t, mostCallsInASecond(server), test.most-1)
			})
		})
	}
}

func TestMaxRunning(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		most := 0
		got := runBatch(t, server, manyRequests(20), func(o *batch.Options) {
			o.MaxRunning = 3
			o.OnEvent = func(event batch.Event) { most = max(most, event.Running) }
		})
		require.NoError(t, got.err)
		assert.Equal(t, 20, got.summary.Completed)
		assert.Zero(t, got.summary.Refused)
		assert.Equal(t, 3, most)
	})
}

func TestJobTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		got := runBatch(t, server, requestsOf("endless"),
			func(o *batch.Options) { o.JobTimeout = time.Hour })
		outcome := got.only(t)
		waitError, ok := errors.AsType[*snapshotjob.WaitError](outcome.Err)
		require.True(t, ok, "%v", outcome.Err)
		assert.Equal(t, snapshotjob.SnapshotJobStatusRunning, waitError.Status)
		assert.Equal(t, time.Hour, outcome.Finished.Sub(outcome.Started))
		assert.ErrorIs(t, outcome.Err, context.DeadlineExceeded)
		assert.ErrorContains(t, got.err, "it has outlasted JobTimeout, 1h0m0s")
		assert.ErrorContains(t, got.err, "the job goes on at the service")
		assert.Equal(t, 1, got.summary.Failed)
	}, livesOf(lives{"endless": good().After(0, -1)}))
}

// The job had finished before the run, and its result can't be had.
func TestJobTimeoutOfAJobThatHasFinished(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		server.AddJob(jobOf("a"), good())
		stall := snapshotjobtest.Stall(25 * time.Second)
		server.Fail(snapshotjobtest.DescribeDashboardSnapshotJobResult, stall)
		got := runBatch(t, server, requestsOf("a"),
			func(o *batch.Options) { o.JobTimeout = 10 * time.Second })
		outcome := got.only(t)
		assert.ErrorContains(t, outcome.Err, "it has outlasted JobTimeout, 10s")
		assert.NotContains(t, outcome.Err.Error(), "goes on")
		assert.Zero(t, got.running)
		assert.Less(t, outcome.Finished.Sub(outcome.Queued), 12*time.Second)
	})
}

// A job that outlasted JobTimeout holds its slot until the service takes another one.
func TestSlotOfAJobThatOutlastedJobTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		running := map[batch.EventKind]int{}
		got := runBatch(t, server, requestsOf("endless", "b"), func(o *batch.Options) {
			o.MaxRunning = 1
			o.JobTimeout = 10 * time.Minute
			o.OnEvent = func(event batch.Event) {
				if event.Kind == batch.EventFinished || event.Kind == batch.EventStarted {
					running[event.Kind] = event.Running
				}
				if event.Kind == batch.EventFinished && event.Job.SnapshotJobID == "endless" {
					assert.Equal(t, 1, event.Running, "after the job that went on")
				}
			}
		})
		assert.ErrorContains(t, got.err, "JobTimeout")
		require.Len(t, got.all, 2)
		assert.GreaterOrEqual(t, got.all[1].Started.Sub(got.all[0].Finished), 5*time.Second)
		assert.Equal(t, map[batch.EventKind]int{batch.EventStarted: 1, batch.EventFinished: 0}, running)
	}, livesOf(lives{"endless": good().After(0, -1)}))
}

// While the service is down for a few minutes, no request fails.
func TestServiceThatIsDown(t *testing.T) {
	down := snapshotjobtest.ServerError(503)
	inBubble(t, func(t *testing.T, server *Server) {
		server.Fail(start, down.Times(300)...)
		takenWhileDown := 0
		got := runBatch(t, server, manyRequests(30), func(o *batch.Options) {
			o.OnEvent = func(event batch.Event) {
				if event.Summary.Started == 0 {
					takenWhileDown = event.Summary.Requests
				}
			}
		})
		require.NoError(t, got.err)
		assert.Equal(t, 30, got.summary.Completed)
		assert.LessOrEqual(t, takenWhileDown, 17) // 16 wait to be offered again, and one is at hand
	})
}

// After a start was throttled, by the client's last attempt, there is a pause.
func TestPauseAfterAThrottledStart(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		server.Fail(start, snapshotjobtest.Throttle().Times(9)...)
		got := runBatch(t, server, requestsOf("a"))
		require.NoError(t, got.err)
		requests := server.Requests()
		offers := 0
		for i, request := range requests {
			if request.Operation == start && request.Attempt == 1 && i > 0 {
				offers++
				assert.GreaterOrEqual(t, request.Time.Sub(requests[i-1].Time), time.Second)
			}
		}
		assert.Equal(t, 3, offers)
	})
}

// A refused start is offered again as soon as the batch sees its job finish, and not only
// after the pause, which is 5 seconds for jobs of this length.
func TestFinishedJobEndsThePause(t *testing.T) {
	long := lives{}
	for n := range 3 {
		runs := 500*time.Second + time.Duration(n)*700*time.Millisecond
		long[idOf(n)] = good().After(0, runs)
	}
	inBubble(t, func(t *testing.T, server *Server) {
		got := runBatch(t, server, manyRequests(3), func(o *batch.Options) {
			often := func(o *snapshotjob.WaitOptions) {
				o.MinDelay = 500 * time.Millisecond
				o.MaxDelay = 500 * time.Millisecond
			}
			o.WaitOptions = []func(*snapshotjob.WaitOptions){often}
		})
		require.NoError(t, got.err)
		for n := 1; n < 3; n++ {
			assert.Less(t, got.all[n].Started.Sub(got.all[n-1].Finished), 500*time.Millisecond)
		}
	}, livesOf(long), func(o *snapshotjobtest.Options) { o.MaxRunningJobs = 1 })
}

// One request meets an error of the service each time. It fails in the end, and holds up
// no other one.
func TestRequestThatTheServiceCannotTake(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		began := time.Now()
		broken := func(next http.RoundTripper) http.RoundTripper { return brokenFor{id: idOf(0), next: next} }
		client := server.Client(func(o *snapshotjob.Options) { o.Transport = broken(o.Transport) })
		var got outcomes
		summary, err := batch.Run(t.Context(), client, manyRequests(10), got.keep)
		unavailable, ok := errors.AsType[*snapshotjob.InternalFailureException](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, "broken", unavailable.Message)
		assert.Equal(t, 9, summary.Completed)
		assert.Equal(t, 1, summary.Failed)
		last := got.all[len(got.all)-1]
		assert.Equal(t, jobOf(idOf(0)), last.Job)
		assert.GreaterOrEqual(t, last.Finished.Sub(began), 10*time.Minute)
		assert.Less(t, got.all[8].Finished.Sub(began), 3*time.Minute)
	})
}

// A job of the batch has finished long before a start is refused. That says nothing about
// the slot, so that the start is not offered again at once.
func TestRefusedStartWaitsForLaterJobs(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		requests := func(yield func(*Input) bool) {
			yield(pdfRequest("a"))
			time.Sleep(10 * time.Minute) // a has finished by then
			server.AddJob(jobOf("of-others"), good().After(0, 10*time.Second))
			yield(pdfRequest("b"))
		}
		var refusals []time.Time
		got := runBatch(t, server, requests, func(o *batch.Options) {
			o.OnEvent = func(event batch.Event) {
				if event.Kind == batch.EventRefused {
					refusals = append(refusals, time.Now())
				}
			}
		})
		require.NoError(t, got.err)
		require.Greater(t, len(refusals), 2)
		assert.GreaterOrEqual(t, refusals[1].Sub(refusals[0]), 500*time.Millisecond)
	}, func(o *snapshotjobtest.Options) { o.MaxRunningJobs = 1 })
}

// Between two failures the account was full for longer than a request may fail.
func TestFailuresInARowAreCounted(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		full := snapshotjobtest.Answer(409, "LimitExceededException", "full")
		server.Fail(start, snapshotjobtest.ServerError(503).Times(20)...)
		server.Fail(start, full.Times(10)...)
		server.Fail(start, snapshotjobtest.ServerError(503).Times(20)...)
		got := runBatch(t, server, requestsOf("a"), func(o *batch.Options) {
			once := func(o *snapshotjob.Options) { o.RetryMaxAttempts = 1 }
			o.ClientOptions = []func(*snapshotjob.Options){once}
		})
		require.NoError(t, got.err)
		assert.Equal(t, 10, got.summary.Refused)
	})
}

// Jobs of a batch are polled more rarely while others are to be started.
func TestDelaysBetweenPolls(t *testing.T) {
	tests := map[string]struct {
		requests int
		options  snapshotjob.WaitOptions
		want     time.Duration // before it varies by a tenth
	}{
		"while a request is left": {
			requests: 2,
			want:     5 * time.Second,
		},
		"of the last job": {
			requests: 1,
			want:     3 * time.Second,
		},
		"as short as the options say": {
			requests: 2,
			options:  snapshotjob.WaitOptions{MinDelay: time.Second},
			want:     time.Second,
		},
		"at most as long as the options say": {
			requests: 2,
			options:  snapshotjob.WaitOptions{MaxDelay: time.Second},
			want:     time.Second,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *Server) {
				set := func(o *snapshotjob.WaitOptions) { *o = test.options }
				got := runBatch(t, server, manyRequests(test.requests), func(o *batch.Options) {
					o.MaxRunning = 1
					o.WaitOptions = []func(*snapshotjob.WaitOptions){set}
				})
				require.NoError(t, got.err)
				requests := server.Requests() // a start and polls
				delay := requests[3].Time.Sub(requests[2].Time)
				assert.InDelta(t, test.want.Seconds(), delay.Seconds(), test.want.Seconds()/9)
			})
		})
	}
}

// The longer a run has lasted, the longer its end may be noticed later.
func TestDelaysOfALastJobThatTakesLong(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		got := runBatch(t, server, requestsOf("long"))
		require.NoError(t, got.err)
		requests := server.Requests()
		assert.Greater(t, len(requests), 300)
		assert.Less(t, len(requests), 450)
		assert.LessOrEqual(t, longestGap(requests, 10*time.Minute), 13*time.Second)
		last := requests[len(requests)-1].Time.Sub(requests[len(requests)-3].Time)
		// The delay of 30 seconds varies by a tenth, and the last poll is two calls.
		assert.LessOrEqual(t, last, 34*time.Second)
		assert.GreaterOrEqual(t, last, 27*time.Second)
	}, livesOf(lives{"long": good().After(0, time.Hour)}))
}

// longestGap returns the longest time between two requests, of those that came before a
// time of the test.
func longestGap(requests []snapshotjobtest.Request, before time.Duration) time.Duration {
	var longest time.Duration
	for i := 1; i < len(requests); i++ {
		if requests[i].Time.Sub(requests[0].Time) < before {
			longest = max(longest, requests[i].Time.Sub(requests[i-1].Time))
		}
	}
	return longest
}

// A job that was just started has not finished yet.
func TestFirstPollOfAJob(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		got := runBatch(t, server, requestsOf("a"))
		require.NoError(t, got.err)
		requests := server.Requests()
		assert.Equal(t, start, requests[0].Operation)
		assert.GreaterOrEqual(t, requests[1].Time.Sub(requests[0].Time), time.Second)
	})
}

// The age of an adopted job doesn't tell how long jobs take, by which pauses are measured.
func TestPausesBesideAnOldJob(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		server.AddJob(jobOf("old"), good())
		time.Sleep(10 * time.Hour)
		got := runBatch(t, server, requestsOf("old", "a", "b"))
		require.NoError(t, got.err)
		assert.Greater(t, got.summary.Refused, 60) // half a second apart, for a minute
	}, livesOf(lives{"a": good().After(0, time.Minute)}), func(o *snapshotjobtest.Options) { o.MaxRunningJobs = 1 })
}
