package batch_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob/batch"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// eventTexts has one line for each event of a run.
func eventTexts(events []batch.Event) []string {
	var texts []string
	for _, event := range events {
		texts = append(texts, fmt.Sprintf("%s %s, %d running", event.Kind, event.Job.SnapshotJobID, event.Running))
	}
	return texts
}

func TestEventsOfARun(t *testing.T) {
	scripted := lives{"a": minute(changing()), "b": failedLife()}
	inBubble(t, func(t *testing.T, server *Server) {
		server.AddJob(jobOf("c"), minute(good()))
		var events []batch.Event
		got := runBatch(t, server, requestsOf("a", "b", "c"),
			func(o *batch.Options) {
				o.MaxRunning = 1
				o.OnEvent = func(event batch.Event) { events = append(events, event) }
			})
		require.Error(t, got.err)
		assert.Equal(t, []string{
			"started a, 1 running",
			"retried a, 0 running",
			"started a-2, 1 running",
			"finished a-2, 0 running",
			"handled a-2, 0 running",
			"started b, 1 running",
			"finished b, 0 running",
			"handled b, 0 running",
			"adopted c, 1 running",
			"finished c, 0 running",
			"handled c, 0 running",
		}, eventTexts(events))
		last := events[len(events)-1].Summary
		assert.Equal(t, batch.Summary{Requests: 3, Completed: 2, Failed: 1, Adopted: 1, Started: 3}, last)
	}, livesOf(scripted))
}

func TestEventsTellErrorsAndOutcomes(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		server.AddJob(jobOf("of-others"), good().After(0, time.Minute))
		var events []batch.Event
		got := runBatch(t, server, requestsOf("a"),
			func(o *batch.Options) {
				o.OnEvent = func(event batch.Event) { events = append(events, event) }
			})
		require.NoError(t, got.err)
		for _, event := range events {
			isRefused := event.Kind == batch.EventRefused
			assert.Equal(t, isRefused, event.Err != nil, event.Kind)
			isOver := event.Kind == batch.EventFinished || event.Kind == batch.EventHandled
			assert.Equal(t, isOver, event.Outcome != nil, event.Kind)
			assert.Equal(t, jobOf("a"), event.Job)
		}
		assert.Equal(t, batch.EventRefused, events[0].Kind)
		assert.Equal(t, 1, events[0].Summary.Refused)
	}, func(o *snapshotjobtest.Options) { o.MaxRunningJobs = 1 })
}

// A job that failed leaves its slot to the next job of its request, also if OnEvent is slow.
func TestSlotOfAJobThatIsStartedAnew(t *testing.T) {
	tests := map[string]struct {
		failed func(*Server) // prepares the job
		want   []string
	}{
		"failed in this run": {
			failed: func(*Server) {},
			want:   []string{"first", "a", "a-2", "last"},
		},
		"had failed before": {
			failed: func(s *Server) { s.AddJob(jobOf("a"), now(failedLife())) },
			want:   []string{"first", "a-2", "last"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *Server) {
				test.failed(server)
				got := runBatch(t, server, requestsOf("first", "a", "last"), func(o *batch.Options) {
					o.MaxRunning = 1
					o.OnEvent = func(batch.Event) { time.Sleep(2 * time.Minute) }
				})
				require.NoError(t, got.err)
				assert.Equal(t, test.want, startedIDs(server))
			}, livesOf(lives{"a": minute(changing())}))
		})
	}
}

// A job that exists counts as running when it is known to be that of a request, and not
// before.
func TestRunningCountsNoJobThatIsLookedUp(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		server.AddJob(jobOf("other"), minute(snapshotjobtest.Completed(snapshotjobtest.PDF("another-sheet"))))
		server.Fail(describe, snapshotjobtest.Stall(10*time.Second))
		isStartedMeanwhile := false
		got := runBatch(t, server, requestsOf("other", "a"), func(o *batch.Options) {
			o.OnEvent = func(event batch.Event) {
				if event.Kind == batch.EventStarted {
					isStartedMeanwhile = event.Summary.Failed == 0
					assert.Equal(t, 1, event.Running)
				}
			}
		})
		assert.ErrorContains(t, got.err, "another snapshot")
		assert.True(t, isStartedMeanwhile, "the job was not looked up yet when the other one was started")
	})
}

func TestNamesOfEventKinds(t *testing.T) {
	kinds := map[batch.EventKind]string{
		batch.EventStarted:  "started",
		batch.EventRefused:  "refused",
		batch.EventRetried:  "retried",
		batch.EventAdopted:  "adopted",
		batch.EventFinished: "finished",
		batch.EventHandled:  "handled",
		-1:                  "EventKind(-1)",
	}
	for kind, want := range kinds {
		assert.Equal(t, want, kind.String())
	}
}

func TestErrorOfBatchesMatchesItsErrors(t *testing.T) {
	first := errors.New("first")
	err := &batch.Error{
		Summary: batch.Summary{Requests: 2, Failed: 1},
		Errs:    []error{first},
	}
	assert.ErrorIs(t, err, first)
	assert.EqualError(t, err, "batch of snapshot jobs: 1 of 2 requests failed: first")
}

// The job fails while OnEvent is still told of its start. The starter, which waits for
// something to happen, learns all the same that the request is to be offered again.
func TestSlowOnEvent(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		got := runBatch(t, server, requestsOf("a"), func(o *batch.Options) {
			o.OnEvent = func(event batch.Event) {
				if event.Kind == batch.EventStarted {
					time.Sleep(5 * time.Minute)
				}
			}
		})
		require.NoError(t, got.err)
		assert.Equal(t, jobOf("a-2"), got.only(t).Job)
	}, livesOf(lives{"a": minute(changing())}))
}
