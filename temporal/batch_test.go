package temporal_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
	exports "github.com/quicksight-go/snapshotjob/temporal"
)

// newRequests returns requests whose jobs have the ids of their exports.
func newRequests(count int) []exports.Request {
	requests := make([]exports.Request, count)
	for i := range requests {
		requests[i] = newRequest()
	}
	return requests
}

// runBatch runs a Batch to its end.
func runBatch(t *testing.T, options exports.Options, in exports.BatchInput) (exports.Progress, error) {
	t.Helper()
	env := newEnvironment(t, options)
	execute(env, exports.Batch, in)
	return result[exports.Progress](t, env)
}

// childJob is the id of the job of the n-th export of a batch.
func childJob(n int) string { return exports.JobID(fmt.Sprintf("%s/%d", workflowID, n)) }

func TestBatchFillsTheSlotsOfTheAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		began := time.Now()
		progress, err := runBatch(t, exports.Options{Client: fake.Client()}, exports.BatchInput{Requests: newRequests(60)})
		require.NoError(t, err)
		assert.Equal(t, exports.Progress{Requests: 60, Completed: 60}, progress)
		// By the bubble's clock: 5 rounds of 12 jobs of 42 seconds take 210.
		assert.Less(t, time.Since(began), 300*time.Second)
		assert.Positive(t, countRefused(fake), "the batch met the limit of 12 jobs")
	})
}

// countRefused returns how many starts were refused because of the jobs that run.
func countRefused(fake *snapshotjobtest.Server) int {
	count := 0
	for _, request := range fake.Requests() {
		if request.Status == http.StatusConflict {
			count++
		}
	}
	return count
}

func TestBatchAdoptsTheJobsOfAnEarlierRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		options := exports.Options{Client: fake.Client()}
		_, err := runBatch(t, options, exports.BatchInput{Requests: newRequests(4)})
		require.NoError(t, err)
		time.Sleep(time.Hour)
		progress, err := runBatch(t, options, exports.BatchInput{Requests: newRequests(6)})
		require.NoError(t, err)
		assert.Equal(t, exports.Progress{Requests: 6, Completed: 6, Adopted: 4}, progress)
	})
}

func TestBatchMakesOneJobOfTwoRequestsWithOneID(t *testing.T) {
	tests := []struct {
		name  string
		sheet string // that the second request asks for
		want  exports.Progress
	}{
		{
			name:  "for one snapshot",
			sheet: "summary",
			want:  exports.Progress{Requests: 2, Completed: 2},
		},
		{
			name:  "for two snapshots",
			sheet: "details",
			want:  exports.Progress{Requests: 2, Completed: 1, Failed: 1},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := newFake(t, nil)
				env := newEnvironment(t, exports.Options{Client: fake.Client()})
				requests := newRequests(2)
				requests[0].SnapshotJobID = "daily"
				requests[1].SnapshotJobID = "daily"
				requests[1].SnapshotConfiguration.FileGroups[0] = snapshotjob.PDF(test.sheet)
				execute(env, exports.Batch, exports.BatchInput{Requests: requests})
				progress := queryProgress(t, env)
				for _, failure := range progress.Failures {
					assert.Contains(t, failure, exports.ErrorTypeJobIDTaken)
				}
				progress.Failures = nil
				assert.Equal(t, test.want, progress)
			})
		})
	}
}

func TestBatchKeepsWithinItsWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		env := newEnvironment(t, exports.Options{Client: fake.Client()})
		running, most := 0, 0
		env.SetOnChildWorkflowStartedListener(func(*workflow.Info, workflow.Context, converter.EncodedValues) {
			running++
			most = max(most, running)
		})
		env.SetOnChildWorkflowCompletedListener(func(*workflow.Info, converter.EncodedValue, error) {
			running--
		})
		execute(env, exports.Batch, exports.BatchInput{Requests: newRequests(9), Window: 3})
		progress, err := result[exports.Progress](t, env)
		require.NoError(t, err)
		assert.Equal(t, 9, progress.Completed)
		assert.Equal(t, 3, most)
	})
}

func TestBatchMakesTheOthersWhenSomeFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, map[string]snapshotjobtest.Life{
			childJob(2): snapshotjobtest.Failed(snapshotjob.ErrorTypeDashboardAccessDenied, "No access."),
		})
		_, err := runBatch(t, exports.Options{Client: fake.Client()}, exports.BatchInput{Requests: newRequests(3)})
		failure := applicationError(t, err)
		assert.Equal(t, exports.ErrorTypeExportsFailed, failure.Type())
		assert.Equal(t, "1 of 3 exports did not complete", failure.Message())
		var progress exports.Progress
		require.NoError(t, failure.Details(&progress))
		assert.Equal(t, 2, progress.Completed)
		assert.Equal(t, 1, progress.Failed)
		require.Len(t, progress.Failures, 1)
		assert.Contains(t, progress.Failures[0], "nightly/2: snapshot job 111122223333/sales/"+childJob(2))
	})
}

func TestBatchListsTheFirstFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		requests := newRequests(25)
		for i := range requests {
			requests[i].AWSAccountID = "no account"
		}
		_, err := runBatch(t, exports.Options{Client: fake.Client()}, exports.BatchInput{Requests: requests})
		var progress exports.Progress
		require.NoError(t, applicationError(t, err).Details(&progress))
		assert.Equal(t, 25, progress.Failed)
		assert.Len(t, progress.Failures, 20)
	})
}

func TestBatchTellsItsProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		env := newEnvironment(t, exports.Options{Client: fake.Client()})
		var seen exports.Progress
		env.RegisterDelayedCallback(func() {
			seen = queryProgress(t, env)
		}, 60*time.Second)
		execute(env, exports.Batch, exports.BatchInput{Requests: newRequests(3), Window: 2})
		assert.Equal(t, exports.Progress{Requests: 3, Completed: 2, Running: 1}, seen)
	})
}

// queryProgress asks a batch for its progress.
func queryProgress(t *testing.T, env *environment) exports.Progress {
	t.Helper()
	value, err := env.QueryWorkflow(exports.ProgressQuery)
	require.NoError(t, err)
	var progress exports.Progress
	require.NoError(t, value.Get(&progress))
	return progress
}

func TestBatchThatIsRefusedHasAProgressToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		env := newEnvironment(t, exports.Options{Client: fake.Client()})
		execute(env, exports.Batch, exports.BatchInput{Window: -1})
		require.Error(t, env.GetWorkflowError())
		assert.Equal(t, exports.Progress{}, queryProgress(t, env))
	})
}

// The server ends the exports of a batch that was terminated a moment after it.
func TestBatchStartsAnExportAgainWhoseIDIsTaken(t *testing.T) {
	tests := []struct {
		name   string
		taken  time.Duration // for how long the id of the first export is taken
		want   exports.Progress
		failed string
	}{
		{
			name:  "for a moment",
			taken: 8 * time.Second,
			want:  exports.Progress{Requests: 2, Completed: 2},
		},
		{
			name:   "by an export that goes on",
			taken:  time.Hour,
			want:   exports.Progress{Requests: 2, Completed: 1, Failed: 1},
			failed: "nightly/1: Workflow execution already started",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				progress := runBatchBesideChild(t, test.taken)
				if test.failed != "" {
					require.Len(t, progress.Failures, 1)
					assert.Contains(t, progress.Failures[0], test.failed)
					progress.Failures = nil
				}
				assert.Equal(t, test.want, progress)
			})
		})
	}
}

// runBatchBesideChild runs a batch of two exports, while another workflow has the id of the
// first one for a time.
func runBatchBesideChild(t *testing.T, taken time.Duration) exports.Progress {
	t.Helper()
	fake := newFake(t, nil)
	env := newEnvironment(t, exports.Options{Client: fake.Client()})
	sleep := func(ctx workflow.Context) error { return workflow.Sleep(ctx, taken) }
	env.RegisterWorkflowWithOptions(sleep, workflow.RegisterOptions{Name: "Sleep"})
	run := func(ctx workflow.Context, in exports.BatchInput) (exports.Progress, error) {
		child, cancel := workflow.WithCancel(ctx)
		child = workflow.WithChildOptions(child, workflow.ChildWorkflowOptions{
			WorkflowID:          workflowID + "/1",
			WaitForCancellation: true,
		})
		other := workflow.ExecuteChildWorkflow(child, "Sleep")
		if err := other.GetChildWorkflowExecution().Get(ctx, nil); err != nil {
			return exports.Progress{}, err
		}
		progress, err := exports.Batch(ctx, in)
		cancel()
		_ = other.Get(ctx, nil) // It was canceled, or has slept enough.
		return progress, err
	}
	execute(env, run, exports.BatchInput{Requests: newRequests(2)})
	require.True(t, env.IsWorkflowCompleted())
	return queryProgress(t, env)
}

// pages is an Options.NextPage that has so many pages of two requests each. A cursor is
// the number of a page.
type pages int

func (p pages) next(_ context.Context, source, cursor string) (exports.Page, error) {
	if source != "tenants" {
		return exports.Page{}, fmt.Errorf("no source is called %q", source)
	}
	number := 1
	if cursor != "" {
		number, _ = strconv.Atoi(cursor)
	}
	page := exports.Page{Requests: newRequests(2)}
	if number < int(p) {
		page.Next = strconv.Itoa(number + 1)
	}
	return page, nil
}

func TestBatchTakesItsRequestsPageByPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		options := exports.Options{Client: fake.Client(), NextPage: pages(3).next}
		progress, err := runBatch(t, options, exports.BatchInput{Source: "tenants"})
		require.NoError(t, err)
		assert.Equal(t, exports.Progress{Requests: 6, Completed: 6}, progress)
	})
}

func TestBatchPassesEmptyPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		options := exports.Options{
			Client: fake.Client(),
			NextPage: func(_ context.Context, _, cursor string) (exports.Page, error) {
				if cursor == "" {
					return exports.Page{Next: "second"}, nil
				}
				return exports.Page{Requests: newRequests(1)}, nil
			},
		}
		progress, err := runBatch(t, options, exports.BatchInput{Source: "tenants"})
		require.NoError(t, err)
		assert.Equal(t, exports.Progress{Requests: 1, Completed: 1}, progress)
	})
}

// A page that the history can't hold, or that leads nowhere, would be asked for without end.
func TestBatchRefusesBadPages(t *testing.T) {
	large := newRequest()
	large.DashboardID = strings.Repeat("x", 2_000_000)
	notANumber := newRequest()
	notANumber.SnapshotConfiguration.Parameters = &snapshotjob.Parameters{
		DecimalParameters: []snapshotjob.DecimalParameter{{Name: "rate", Values: []float64{math.NaN()}}},
	}
	tests := []struct {
		name string
		page exports.Page
		want string
	}{
		{
			name: "a million requests",
			page: exports.Page{Requests: newRequests(1_000_000)},
			want: `the page of "tenants" at the cursor "here" has 1000000 requests: want at most 1000`,
		},
		{
			name: "the same page again",
			page: exports.Page{Requests: newRequests(1), Next: "here"},
			want: "has its own cursor as Next",
		},
		{
			name: "more bytes than the server takes",
			page: exports.Page{Requests: []exports.Request{large}},
			want: "bytes as JSON: want at most 2000000",
		},
		{
			name: "a number that JSON does not have",
			page: exports.Page{Requests: []exports.Request{notANumber}},
			want: "cannot be written to the history",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := newFake(t, nil)
				asked := 0
				options := exports.Options{
					Client: fake.Client(),
					NextPage: func(_ context.Context, _, cursor string) (exports.Page, error) {
						asked++
						if asked > 3 {
							return exports.Page{}, nil
						}
						return test.page, nil
					},
				}
				_, err := runBatch(t, options, exports.BatchInput{
					Source:    "tenants",
					Continued: &exports.ContinuedBatch{Cursor: "here"},
				})
				failure := applicationError(t, err)
				assert.Equal(t, exports.ErrorTypeInvalidInput, failure.Type())
				assert.Contains(t, failure.Message(), test.want)
				assert.Equal(t, 1, asked)
				assert.Zero(t, countStarts(fake))
			})
		})
	}
}

func TestBatchGoesOnInANewRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		options := exports.Options{Client: fake.Client(), NextPage: pages(2).next}
		env := newEnvironment(t, options)
		env.SetContinueAsNewSuggested(true)
		execute(env, exports.Batch, exports.BatchInput{Source: "tenants"})
		next := continuedInput(t, env)
		assert.Equal(t, &exports.ContinuedBatch{
			Cursor:   "2",
			Progress: exports.Progress{Requests: 2, Completed: 2},
		}, next.Continued)

		progress, err := runBatch(t, options, next)
		require.NoError(t, err)
		assert.Equal(t, exports.Progress{Requests: 4, Completed: 4}, progress)
		assert.Equal(t, 4, countStarts(fake), "the ids of the exports go on where the run before ended")
	})
}

func TestBatchTellsTheProgressOfTheRunsBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		env := newEnvironment(t, exports.Options{
			Client:   newFake(t, nil).Client(),
			NextPage: pages(2).next,
		})
		var seen exports.Progress
		env.RegisterDelayedCallback(func() { seen = queryProgress(t, env) }, 10*time.Second)
		execute(env, exports.Batch, exports.BatchInput{
			Source: "tenants",
			Continued: &exports.ContinuedBatch{
				Cursor:   "2",
				Progress: exports.Progress{Requests: 2, Completed: 1, Failed: 1},
			},
		})
		require.Error(t, env.GetWorkflowError(), "an export of the run before had failed")
		assert.Equal(t, exports.Progress{Requests: 4, Running: 2, Completed: 1, Failed: 1}, seen)
	})
}

// continuedInput returns the input with which a batch wants to go on.
func continuedInput(t *testing.T, env *environment) exports.BatchInput {
	t.Helper()
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &again)
	var next exports.BatchInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(again.Input, &next))
	return next
}

func TestBatchThatIsCanceledTellsItsProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		env := newEnvironment(t, exports.Options{Client: fake.Client()})
		env.RegisterDelayedCallback(env.CancelWorkflow, 35*time.Second) // see TestExportThatIsCanceled…
		execute(env, exports.Batch, exports.BatchInput{Requests: newRequests(5), Window: 2})
		_, err := result[exports.Progress](t, env)
		var canceled *temporal.CanceledError
		require.ErrorAs(t, err, &canceled)
		var progress exports.Progress
		require.NoError(t, canceled.Details(&progress))
		assert.Equal(t, exports.Progress{Requests: 2, Canceled: 2}, progress)
		time.Sleep(time.Minute) // The waits end.
	})
}

func TestBatchRefusesBadInput(t *testing.T) {
	tests := []struct {
		name string
		in   exports.BatchInput
		want string
	}{
		{
			name: "both",
			in:   exports.BatchInput{Requests: newRequests(1), Source: "tenants"},
			want: "both Requests and a Source",
		},
		{
			name: "too many",
			in:   exports.BatchInput{Requests: newRequests(1001)},
			want: "1001 Requests",
		},
		{
			name: "negative window",
			in:   exports.BatchInput{Window: -1},
			want: "Window is -1",
		},
		{
			name: "wider window than the server allows",
			in:   exports.BatchInput{Requests: newRequests(1), Window: 1001},
			want: "Window is 1001",
		},
		{
			name: "negative attempts",
			in:   exports.BatchInput{Requests: newRequests(1), MaxAttempts: -1},
			want: "MaxAttempts is -1: want a positive number",
		},
		{
			name: "longer than any wait",
			in:   exports.BatchInput{Requests: newRequests(1), JobTimeout: math.MaxInt64},
			want: "JobTimeout is 2562047h47m16.854775807s: want 168h0m0s at most",
		},
		{
			name: "no pages",
			in:   exports.BatchInput{Source: "tenants"},
			want: "no Options.NextPage",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := newFake(t, nil)
				_, err := runBatch(t, exports.Options{Client: fake.Client()}, test.in)
				assert.Contains(t, applicationError(t, err).Message(), test.want)
				assert.Zero(t, countStarts(fake))
			})
		})
	}
}
