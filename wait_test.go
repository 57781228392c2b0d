package snapshotjob_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
	"github.com/quicksight-go/snapshotjob"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// jobLife is a transport to a service with one job, which is queued, runs and has finished.
// The job begins when its client is made.
type jobLife struct {
	queued  time.Duration
	running time.Duration
	final   string           // the last status; empty: COMPLETED
	result  string           // the body of the result; empty: a job that was completed
	faults  []*http.Response // for the first requests instead; nil lets one through

	start time.Time
	polls []time.Duration // when each was made
}

const completedResult = `{
	"JobStatus": "COMPLETED",
	"Result": {"AnonymousUsers": [{"FileGroups": [
		{"Files": [{"FormatType": "PDF"}], "S3Results": [{"S3Uri": "s3://b/k.pdf"}]}
	]}]}
}`

// client makes a client of the service.
func (l *jobLife) client() *snapshotjob.Client {
	l.start = time.Now()
	return startClient(l)
}

// RoundTrip responds to a poll, or with the result.
func (l *jobLife) RoundTrip(req *http.Request) (*http.Response, error) {
	if fault := l.nextFault(); fault != nil {
		return fault, nil
	}
	if strings.HasSuffix(req.URL.Path, "/result") {
		if l.result == "" {
			return startResponse(200, completedResult), nil
		}
		return startResponse(200, l.result), nil
	}
	age := time.Since(l.start)
	l.polls = append(l.polls, age)
	return startResponse(200, `{"JobStatus":"`+l.status(age)+`"}`), nil
}

// nextFault takes the next one of the faults, if there is any.
func (l *jobLife) nextFault() *http.Response {
	if len(l.faults) == 0 {
		return nil
	}
	fault := l.faults[0]
	l.faults = l.faults[1:]
	return fault
}

// status is the status of the job at an age.
func (l *jobLife) status(age time.Duration) string {
	switch {
	case age < l.queued:
		return "QUEUED"
	case age < l.queued+l.running:
		return "RUNNING"
	}
	return cmp.Or(l.final, "COMPLETED")
}

// onPoll lets a wait report its polls.
func onPoll(report func(snapshotjob.Poll)) func(*snapshotjob.WaitOptions) {
	return func(o *snapshotjob.WaitOptions) { o.OnPoll = report }
}

// delays sets the limits of a wait's delays.
func delays(least, most time.Duration) func(*snapshotjob.WaitOptions) {
	return func(o *snapshotjob.WaitOptions) {
		o.MinDelay = least
		o.MaxDelay = most
	}
}

// polled returns the polls of a wait for the job, which must complete.
func polled(t *testing.T, life *jobLife, optFns ...func(*snapshotjob.WaitOptions)) []snapshotjob.Poll {
	t.Helper()
	var polls []snapshotjob.Poll
	report := onPoll(func(p snapshotjob.Poll) { polls = append(polls, p) })
	ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
	defer cancel()
	_, err := life.client().Wait(ctx, dailyJob, append(optFns, report)...)
	require.NoError(t, err)
	return polls
}

// assertDelay wants a poll to be followed by a delay, which varies by a tenth.
func assertDelay(t *testing.T, want time.Duration, p snapshotjob.Poll) {
	t.Helper()
	const rounding = 2 * time.Nanosecond
	assert.InDelta(t, want, p.Next, float64(want/10+rounding), "after poll %d: %v", p.Number, p.Next)
}

// outage is what the polls of a wait tell of an outage.
type outage struct {
	failed  int           // polls
	slowest time.Duration // the longest delay
}

// report takes in what a poll tells.
func (o *outage) report(p snapshotjob.Poll) {
	if p.Err != nil {
		o.failed++
	}
	o.slowest = max(o.slowest, p.Next)
}

func TestWaitReturnsTheResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		life := &jobLife{queued: 5 * time.Second, running: 40 * time.Second}
		out, err := life.client().Wait(t.Context(), dailyJob)
		require.NoError(t, err)
		assert.Equal(t, snapshotjob.SnapshotJobStatusCompleted, out.JobStatus)
		assert.Equal(t, dailyJob, out.Job)
	})
}

func TestWaitReportsEveryPoll(t *testing.T) {
	want := []string{
		"1 QUEUED failed=false",
		"2 QUEUED failed=true",
		"3 RUNNING failed=false",
		"4 COMPLETED failed=false",
	}
	synctest.Test(t, func(t *testing.T) {
		life := &jobLife{queued: 5 * time.Second, running: 5500 * time.Millisecond}
		life.faults = append(life.faults, nil)
		for range 3 { // all attempts of the second poll
			life.faults = append(life.faults, startResponse(500, ""))
		}
		var got []string
		for _, p := range polled(t, life) {
			assert.Equal(t, dailyJob, p.Job)
			got = append(got, fmt.Sprintf("%d %s failed=%t", p.Number, p.Status, p.Err != nil))
		}
		assert.Equal(t, want, got)
	})
}

func TestWaitRidesOutAnOutage(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		code   string
		body   string
	}{
		{name: "throttled", status: 429, code: "ThrottlingException"},
		{name: "500", status: 500},
		{name: "503 from a proxy", status: 503, body: "<html>"},
		{name: "cut off", status: 200, body: `{"JobSta`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				life := &jobLife{running: time.Second}
				for range 300 {
					fault := startResponse(tt.status, tt.body, "X-Amzn-Errortype", tt.code)
					life.faults = append(life.faults, fault)
				}
				var seen outage
				ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
				defer cancel()

				_, err := life.client().Wait(ctx, dailyJob, onPoll(seen.report))

				require.NoError(t, err)
				assert.Empty(t, life.faults)
				assert.GreaterOrEqual(t, seen.failed, 100, "a poll has up to 3 attempts")
				assert.InDelta(t, 30*time.Second, seen.slowest, 3e9, "want MaxDelay")
			})
		})
	}
}

// The message must not pass for a broken connection, which a wait would ride out.
func TestWaitEndsAtOnce(t *testing.T) {
	for code, status := range map[string]int{
		"AccessDeniedException":           401,
		"UnrecognizedClientException":     403,
		"UnsupportedUserEditionException": 403,
		"ValidationException":             400,
	} {
		t.Run(code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fault := startResponse(status, `{"Message":"connection reset"}`, "X-Amzn-Errortype", code)
				life := &jobLife{faults: []*http.Response{fault}}

				out, err := life.client().Wait(t.Context(), dailyJob)

				assert.Nil(t, out)
				var api smithy.APIError
				require.ErrorAs(t, err, &api)
				assert.Equal(t, code, api.ErrorCode())
				var wait *snapshotjob.WaitError
				require.ErrorAs(t, err, &wait)
				assert.Equal(t, 1, wait.Polls)
				assert.Zero(t, wait.Elapsed)
			})
		})
	}
}

// A poll that fails makes a wait wait twice as long, up to MaxDelay. The delays are those
// of a job that was found running at once.
func TestWaitDoublesItsDelayWhilePollsFail(t *testing.T) {
	want := []time.Duration{
		3 * time.Second,
		6 * time.Second,
		12 * time.Second,
		24 * time.Second,
		30 * time.Second,
		30 * time.Second,
	}
	synctest.Test(t, func(t *testing.T) {
		life := &jobLife{running: 4 * time.Minute}
		life.faults = append(life.faults, nil)
		for range 15 { // all attempts of five polls
			life.faults = append(life.faults, startResponse(500, ""))
		}
		polls := polled(t, life)
		require.Greater(t, len(polls), len(want)+1)
		for i, delay := range want {
			assertDelay(t, delay, polls[i])
		}
		recovered := polls[len(want)]
		assert.NoError(t, recovered.Err)
		assertDelay(t, recovered.Elapsed/10, recovered)
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	const want = "wait for snapshot job 111122223333/sales/daily: " +
		"last status RUNNING after 1m0s and 3 polls: " +
		"request canceled, context deadline exceeded, cause: the shift is over"
	synctest.Test(t, func(t *testing.T) {
		life := &jobLife{running: time.Hour}
		cause := errors.New("the shift is over")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, cause)
		defer cancel()

		out, err := life.client().Wait(ctx, dailyJob, delays(25*time.Second, 25*time.Second))

		assert.Nil(t, out)
		require.EqualError(t, err, want)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorIs(t, err, cause)
	})
}

func TestWaitWithAContextThatIsDone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	life := &jobLife{}
	_, err := life.client().Wait(ctx, dailyJob)
	assert.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, life.polls)
	var wait *snapshotjob.WaitError
	require.ErrorAs(t, err, &wait)
	assert.Zero(t, wait.Polls)
}

// What went wrong last is told when the context ends a wait.
func TestWaitEndedInAnOutageTellsOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := startClient(&startRecorder{status: 503})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err := client.Wait(ctx, dailyJob)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "StatusCode: 503")
	})
}

// So is what went wrong in the poll before the one that the context ended.
func TestWaitEndedInAPollTellsOfThePollBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		client := startClient(startTransport(func(req *http.Request) (*http.Response, error) {
			requests++
			if requests <= 3 { // all attempts of the first poll
				return startResponse(503, ""), nil
			}
			<-req.Context().Done()
			return nil, req.Context().Err()
		}))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		_, err := client.Wait(ctx, dailyJob)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "after 20s and 2 polls")
		assert.ErrorContains(t, err, "StatusCode: 503")
	})
}

func TestWaitErrorCountsPolls(t *testing.T) {
	for polls, want := range map[int]string{
		0: "last status unknown after 0s and 0 polls: m",
		1: "last status unknown after 0s and 1 poll: m",
		2: "last status unknown after 0s and 2 polls: m",
	} {
		err := &snapshotjob.WaitError{
			Job:   dailyJob,
			Polls: polls,
			Err:   errors.New("m"),
		}
		assert.EqualError(t, err, "wait for snapshot job 111122223333/sales/daily: "+want)
	}
}

func TestWaitJudgesTheResult(t *testing.T) {
	const result = `{
		"JobStatus": "FAILED",
		"ErrorInfo": {"ErrorType": "DASHBOARD_ACCESS_DENIED", "ErrorMessage": "no access"}
	}`
	synctest.Test(t, func(t *testing.T) {
		life := &jobLife{result: result}
		out, err := life.client().Wait(t.Context(), dailyJob)
		assert.NotNil(t, out)
		var failed *snapshotjob.JobError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, snapshotjob.ErrorTypeDashboardAccessDenied, failed.ErrorType)
	})
}

// Once the job has finished, a wait asks for the result alone.
func TestWaitGoesOnWhileTheResultIsNotThere(t *testing.T) {
	const body = `{"Message":"Dashboard Snapshot Job with id daily has not reached a terminal state."}`
	for code, status := range map[string]int{
		"PreconditionNotMetException": 400,
		"ResourceNotFoundException":   404,
	} {
		t.Run(code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				life := &jobLife{faults: []*http.Response{nil}}
				for range 10 {
					tooEarly := startResponse(status, body, "X-Amzn-Errortype", code)
					life.faults = append(life.faults, tooEarly)
				}
				polls := polled(t, life)
				assert.Len(t, life.polls, 1)
				assert.Empty(t, life.faults)
				assert.ErrorIs(t, polls[0].Err, snapshotjob.ErrJobNotFinished)
				assertDelay(t, 6*time.Second, polls[0])
			})
		})
	}
}

func TestWaitRefusesBadOptions(t *testing.T) {
	for _, tt := range []struct {
		name      string
		change    func(*snapshotjob.WaitOptions)
		wantField string
	}{
		{
			name:      "no function",
			change:    nil,
			wantField: "optFns",
		},
		{
			name:      "a negative minimum",
			change:    delays(-1, 0),
			wantField: "MinDelay",
		},
		{
			name:      "a negative maximum",
			change:    delays(0, -1),
			wantField: "MaxDelay",
		},
		{
			name:      "a maximum below the minimum",
			change:    delays(2, 1),
			wantField: "MaxDelay",
		},
		{
			name: "no function among those for the calls",
			change: func(o *snapshotjob.WaitOptions) {
				o.ClientOptions = []func(*snapshotjob.Options){nil}
			},
			wantField: "optFns",
		},
		{
			name: "calls without a region",
			change: func(o *snapshotjob.WaitOptions) {
				noRegion := func(o *snapshotjob.Options) { o.Region = "" }
				o.ClientOptions = []func(*snapshotjob.Options){noRegion}
			},
			wantField: "Region",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			life := &jobLife{}
			_, err := life.client().Wait(t.Context(), dailyJob, tt.change)
			assertFirstProblem(t, err, tt.wantField)
			assert.Empty(t, life.polls)
		})
	}
}

func TestWaitTellsAllThatIsBadAtOnce(t *testing.T) {
	change := func(o *snapshotjob.WaitOptions) {
		o.MinDelay = -1
		o.ClientOptions = []func(*snapshotjob.Options){nil}
	}
	_, err := (&jobLife{}).client().Wait(t.Context(), snapshotjob.Job{}, change)
	var invalid *snapshotjob.InvalidInputError
	require.ErrorAs(t, err, &invalid)
	var fields []string
	for _, problem := range invalid.Faults {
		fields = append(fields, problem.Field)
	}
	want := []string{"MinDelay", "AWSAccountID", "DashboardID", "SnapshotJobID", "optFns"}
	assert.Equal(t, want, fields)
}

func TestWaitRefusesABadJob(t *testing.T) {
	_, err := (&jobLife{}).client().Wait(t.Context(), snapshotjob.Job{})
	assertFirstProblem(t, err, "AWSAccountID")
}

func TestWaitRefusesANilContext(t *testing.T) {
	var none context.Context
	_, err := (&jobLife{}).client().Wait(none, dailyJob)
	assertFirstProblem(t, err, "ctx")
}

// assertFirstProblem wants an InvalidInputError alone, whose first problem is that of a
// field.
func assertFirstProblem(t *testing.T, err error, field string) {
	t.Helper()
	var wait *snapshotjob.WaitError
	assert.False(t, errors.As(err, &wait), "no wait began")
	var invalid *snapshotjob.InvalidInputError
	require.ErrorAs(t, err, &invalid)
	require.NotEmpty(t, invalid.Faults)
	assert.Equal(t, field, invalid.Faults[0].Field)
}

// A bubble ends only when no timer and no goroutine is left in it.
func TestWaitManyAtOnceLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all sync.WaitGroup
		for range 500 {
			all.Go(func() {
				life := &jobLife{queued: time.Minute, running: time.Minute}
				_, err := life.client().Wait(t.Context(), dailyJob)
				assert.NoError(t, err)
			})
		}
		all.Wait()
	})
}
