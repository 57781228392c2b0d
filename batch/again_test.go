package batch_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/batch"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// failedLife is the life of a job that fails for good.
func failedLife() snapshotjobtest.Life {
	life := minute(snapshotjobtest.Failed(snapshotjob.ErrorTypeDashboardAccessDenied, "No access."))
	life.Files = []snapshotjobtest.File{snapshotjobtest.PDF("overview")}
	return life
}

// What a run makes of a request whose job exists already, and of the jobs that follow it.
func TestRunAdoptsWhatExists(t *testing.T) {
	other := snapshotjobtest.Completed(snapshotjobtest.CSV("overview", "table"))
	tests := map[string]struct {
		existing map[string]snapshotjobtest.Life // by the job's id
		wantJob  string
		adopted  bool
		started  int
		wantErr  string
	}{
		"running": {
			existing: lives{"a": minute(good())},
			wantJob:  "a",
			adopted:  true,
		},
		"finished": {
			existing: lives{"a": good()},
			wantJob:  "a",
			adopted:  true,
		},
		"failed": {
			existing: lives{"a": now(failedLife())},
			wantJob:  "a-2",
			started:  1,
		},
		"failed, then good": {
			existing: lives{"a": now(failedLife()), "a-2": good()},
			wantJob:  "a-2",
			adopted:  true,
		},
		"failed twice": {
			existing: lives{"a": now(failedLife()), "a-2": now(failedLife())},
			wantJob:  "a-3",
			started:  1,
		},
		"failed, then running": {
			existing: lives{"a": now(failedLife()), "a-2": minute(good())},
			wantJob:  "a-2",
			adopted:  true,
		},
		"another one": {
			existing: lives{"a": other},
			wantJob:  "a",
			wantErr:  "makes another snapshot",
		},
		"failed, then another": {
			existing: lives{"a": now(failedLife()), "a-2": other},
			wantJob:  "a-2",
			wantErr:  "makes another snapshot",
		},
		"will fail for good": {
			existing: lives{"a": failedLife()},
			wantJob:  "a",
			adopted:  true,
			wantErr:  "No access.",
		},
		"changed": {
			existing: lives{"a": now(changing())},
			wantJob:  "a-2",
			started:  1,
		},
		"changing": {
			existing: lives{"a": minute(changing())},
			wantJob:  "a-2",
			started:  1,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *Server) {
				for id, life := range test.existing {
					server.AddJob(jobOf(id), life)
				}
				time.Sleep(time.Second)
				got := runBatch(t, server, requestsOf("a"))
				outcome := got.only(t)
				assert.Equal(t, test.wantJob, outcome.Job.SnapshotJobID)
				assert.Equal(t, test.adopted, outcome.Adopted)
				assert.Equal(t, test.started, got.summary.Started)
				assert.Len(t, startedIDs(server), test.started)
				assert.Zero(t, got.running)
				if test.wantErr == "" {
					assert.NoError(t, got.err)
				} else {
					assert.ErrorContains(t, got.err, test.wantErr)
				}
			})
		})
	}
}

// lives are those of jobs, by their ids.
type lives = map[string]snapshotjobtest.Life

// now returns a life that ends as another one does, at once.
func now(life snapshotjobtest.Life) snapshotjobtest.Life { return life.After(0, 0) }

func TestAdoptedJobIsToldAsOne(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		server.AddJob(jobOf("a"), minute(good()))
		created := time.Now()
		time.Sleep(10 * time.Second)
		got := runBatch(t, server, requestsOf("a"))
		require.NoError(t, got.err)
		assert.Equal(t, batch.Summary{Requests: 1, Completed: 1, Adopted: 1}, got.summary)
		assert.True(t, created.Equal(got.only(t).Started))
	})
}

func TestErrorOfAnotherJobWithTheID(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		server.AddJob(jobOf("a"), snapshotjobtest.Completed(snapshotjobtest.CSV("overview", "table")))
		got := runBatch(t, server, requestsOf("a"))
		exists, ok := errors.AsType[*snapshotjob.ResourceExistsException](got.err)
		assert.True(t, ok, "%v", got.err)
		assert.NotNil(t, exists)
		assert.Nil(t, got.only(t).Result)
		assert.Empty(t, startedIDs(server))
	})
}

func TestMaxAttempts(t *testing.T) {
	tests := map[string]struct {
		maxAttempts int
		want        []string
	}{
		"default": {maxAttempts: 0, want: []string{"a", "a-2"}},
		"one":     {maxAttempts: 1, want: []string{"a"}},
		"three":   {maxAttempts: 3, want: []string{"a", "a-2", "a-3"}},
	}
	always := lives{"a": minute(changing()), "a-2": minute(changing()), "a-3": minute(changing())}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *Server) {
				got := runBatch(t, server, requestsOf("a"),
					func(o *batch.Options) { o.MaxAttempts = test.maxAttempts })
				jobError, ok := errors.AsType[*snapshotjob.JobError](got.err)
				require.True(t, ok, "%v", got.err)
				assert.True(t, jobError.TryAgain())
				assert.Equal(t, test.want, startedIDs(server))
				assert.Equal(t, jobOf(test.want[len(test.want)-1]), got.only(t).Job)
			}, livesOf(always))
		})
	}
}

// A run that comes after one that was given up finds the jobs of the first one.
func TestSecondRunAdoptsTheJobsOfTheFirst(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		ctx, cancel := context.WithTimeout(t.Context(), 65*time.Second)
		defer cancel()
		var first outcomes
		firstSummary, err := batch.Run(ctx, server.Client(), manyRequests(40), first.keep)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Less(t, firstSummary.Started, 40)
		require.Positive(t, firstSummary.Completed)

		var second outcomes
		summary, err := batch.Run(t.Context(), server.Client(), manyRequests(40), second.keep)
		require.NoError(t, err)
		assert.Equal(t, 40, summary.Completed)
		assert.Equal(t, firstSummary.Started, summary.Adopted)
		assert.Equal(t, 40, firstSummary.Started+summary.Started)
		assert.Len(t, startedIDs(server), 40)
	})
}

// The response to a start is lost, before or after the service did its work.
func TestLostStart(t *testing.T) {
	const attempts = 3 // of one call
	lost := snapshotjobtest.DropAfterWork()
	never := snapshotjobtest.Drop()
	tests := map[string]func(*Server){
		"never arrived": func(s *Server) {
			s.Fail(start, never.Times(attempts)...)
			s.Fail(describe, snapshotjobtest.Pass())
		},
		"arrived, and is described": func(s *Server) {
			s.Fail(start, lost)
		},
		"arrived, and can't be described": func(s *Server) {
			s.Fail(start, lost)
			s.Fail(describe, snapshotjobtest.ServerError(500).Times(attempts)...)
		},
		"arrived, with an unreadable response": func(s *Server) {
			s.Fail(start, snapshotjobtest.Garbage())
			s.Fail(describe, snapshotjobtest.ServerError(500).Times(attempts)...)
		},
	}
	for name, script := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *Server) {
				script(server)
				got := runBatch(t, server, requestsOf("a"))
				require.NoError(t, got.err)
				assert.Equal(t, batch.Summary{Requests: 1, Completed: 1, Started: 1}, got.summary)
				assert.False(t, got.only(t).Adopted)
			})
		})
	}
}

// A job whose start was lost, and which has failed by the time that it is found, failed in
// this run.
func TestLostStartOfAJobThatFails(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		server.Fail(start, snapshotjobtest.DropAfterWork())
		server.Fail(describe, snapshotjobtest.ServerError(500).Times(3)...)
		got := runBatch(t, server, requestsOf("a"))
		assert.ErrorContains(t, got.err, "No access.")
		assert.Equal(t, 1, got.summary.Started)
		assert.Equal(t, jobOf("a"), got.only(t).Job)
	}, livesOf(lives{"a": now(failedLife())}))
}

// A job that exists by the service's word, and is not found, is asked for again.
func TestJobThatExistsAndIsNotFound(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		server.AddJob(jobOf("a"), good())
		server.Fail(describe,
			snapshotjobtest.Answer(404, "ResourceNotFoundException", "not yet"))
		got := runBatch(t, server, requestsOf("a"))
		require.NoError(t, got.err)
		assert.True(t, got.only(t).Adopted)
		assert.Zero(t, got.running)
	})
}

// The job failed in such a way that another one may succeed, but that one can't be
// started. The outcome is that of the job.
func TestJobThatCannotBeStartedAnew(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		server.Fail(start,
			snapshotjobtest.Pass(),
			snapshotjobtest.Answer(401, "AccessDeniedException", "no more"))
		got := runBatch(t, server, requestsOf("a"))
		outcome := got.only(t)
		assert.Equal(t, jobOf("a"), outcome.Job)
		assert.NotNil(t, outcome.Result)
		assert.ErrorContains(t, got.err, "security changed")
		assert.ErrorContains(t, got.err, "another job could not be started: ")
		denied, ok := errors.AsType[*snapshotjob.AccessDeniedException](got.err)
		require.True(t, ok, "%v", got.err)
		assert.Equal(t, "no more", denied.Message)
	}, livesOf(lives{"a": minute(changing())}))
}

// Of two jobs that a request was given, the one that made more files counts.
func TestBetterOfTwoJobs(t *testing.T) {
	const sheet = "overview"
	first := snapshotjobtest.Completed(
		snapshotjobtest.PDF(sheet),
		snapshotjobtest.CSV(sheet, "table").Failing(snapshotjob.ErrorTypeRLSChanged, "Re-run the job."),
	)
	tests := map[string]struct {
		second snapshotjobtest.Life
		want   string
	}{
		"the first":  {second: failedLife(), want: "a"},
		"the second": {second: minute(first), want: "a-2"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *Server) {
				request := pdfRequest("a")
				request.SnapshotConfiguration.FileGroups = append(request.SnapshotConfiguration.FileGroups,
					snapshotjob.CSV(sheet, "table"))
				got := runBatch(t, server, slices.Values([]*Input{request}))
				assert.Equal(t, test.want, got.only(t).Job.SnapshotJobID)
				assert.ErrorContains(t, got.err, "security changed")
				assert.Equal(t, []string{"a", "a-2"}, startedIDs(server))
			}, livesOf(lives{"a": minute(first), "a-2": test.second}))
		})
	}
}

// A start was lost before it arrived, and the job is that of an earlier run.
func TestLostStartOfAJobThatExisted(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		server.AddJob(jobOf("a"), good())
		time.Sleep(time.Hour)
		server.Fail(start, snapshotjobtest.Drop().Times(3)...)
		server.Fail(describe, snapshotjobtest.ServerError(500).Times(3)...)
		got := runBatch(t, server, requestsOf("a"))
		require.NoError(t, got.err)
		assert.True(t, got.only(t).Adopted)
		assert.Equal(t, batch.Summary{Requests: 1, Completed: 1, Adopted: 1}, got.summary)
	})
}

// A job that was found finished costs three calls.
func TestCallsOfAnAdoptedJob(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		server.AddJob(jobOf("a"), good())
		got := runBatch(t, server, requestsOf("a"))
		require.NoError(t, got.err)
		var calls []snapshotjobtest.Operation
		for _, request := range server.Requests() {
			calls = append(calls, request.Operation)
		}
		assert.Equal(t, []snapshotjobtest.Operation{
			start,
			describe,
			snapshotjobtest.DescribeDashboardSnapshotJobResult,
		}, calls)
	})
}

func TestResultOfAnAdoptedJobThatFailsAtFirst(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		server.AddJob(jobOf("a"), good())
		server.Fail(snapshotjobtest.DescribeDashboardSnapshotJobResult, snapshotjobtest.ServerError(500).Times(3)...)
		got := runBatch(t, server, requestsOf("a"))
		require.NoError(t, got.err)
		assert.True(t, got.only(t).Adopted)
	})
}

// A job whose start was lost counts as one that this run has started.
func TestMaxAttemptsCountsLostStarts(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		server.Fail(start, snapshotjobtest.DropAfterWork())
		server.Fail(describe, snapshotjobtest.ServerError(500).Times(3)...)
		got := runBatch(t, server, requestsOf("a"), func(o *batch.Options) { o.MaxAttempts = 1 })
		assert.ErrorContains(t, got.err, "security changed")
		assert.Equal(t, jobOf("a"), got.only(t).Job)
		assert.Equal(t, 1, got.summary.Started)
	}, livesOf(lives{"a": minute(changing())}))
}

// The start was lost, and then refused for good.
func TestLostStartThatIsRefusedLater(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		server.Fail(start, snapshotjobtest.Drop().Times(3)...)
		server.Fail(start, snapshotjobtest.Answer(401, "AccessDeniedException", "no more"))
		got := runBatch(t, server, requestsOf("a"))
		assert.ErrorContains(t, got.err, "no more")
		assert.ErrorIs(t, got.err, snapshotjob.ErrOutcomeUnknown)
	})
}

// A job had failed a minute ago, and then a start of the same id is lost.
func TestLostStartAfterAFailedJob(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		server.AddJob(jobOf("a"), now(failedLife()))
		time.Sleep(time.Minute)
		server.Fail(start, snapshotjobtest.Drop().Times(3)...)
		server.Fail(describe, snapshotjobtest.ServerError(500).Times(3)...)
		got := runBatch(t, server, requestsOf("a"))
		require.NoError(t, got.err)
		assert.Equal(t, jobOf("a-2"), got.only(t).Job)
	})
}

// The second job of a request is not seen to finish. The first one has made a file.
func TestFurtherJobThatIsNotSeenToFinish(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		got := runBatch(t, server, requestsOf("a"), func(o *batch.Options) { o.JobTimeout = time.Hour })
		outcome := got.only(t)
		assert.Equal(t, jobOf("a"), outcome.Job)
		assert.NotNil(t, outcome.Result)
		assert.ErrorContains(t, got.err, "another job was not seen to finish")
		_, ok := errors.AsType[*snapshotjob.WaitError](got.err)
		assert.True(t, ok, "%v", got.err)
	}, livesOf(lives{"a": minute(changing()), "a-2": good().After(0, -1)}))
}
