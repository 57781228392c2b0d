package snapshotjob_test

import (
	"context"
	"errors"
	"fmt"
	"math"
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
	return "COMPLETED"
}

// steady takes the chance out of the delays of a wait.
func steady(o *snapshotjob.WaitOptions) { o.Jitter = -1 }

// onPoll lets a wait report its polls.
func onPoll(report func(snapshotjob.Poll)) func(*snapshotjob.WaitOptions) {
	return func(o *snapshotjob.WaitOptions) { o.OnPoll = report }
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
		out, err := life.client().Wait(t.Context(), startJob, steady)
		require.NoError(t, err)
		assert.Equal(t, snapshotjob.SnapshotJobStatusCompleted, out.JobStatus)
		assert.Equal(t, startJob, out.Job)
	})
}

func TestWaitPollsSoonThenLessOften(t *testing.T) {
	wantMilliseconds := []int64{
		2000, 14000, 17500, 21070, 24711, 28425, 32214, 36078, 40019, 44040, 48141,
	}
	synctest.Test(t, func(t *testing.T) {
		life := &jobLife{queued: 5 * time.Second, running: 40 * time.Second}
		_, err := life.client().Wait(t.Context(), startJob, steady)
		require.NoError(t, err)
		var got []int64
		for _, at := range life.polls {
			got = append(got, at.Milliseconds())
		}
		assert.Equal(t, wantMilliseconds, got)
	})
}

func TestWaitReportsEveryPoll(t *testing.T) {
	want := []string{
		"1 QUEUED failed=false next=12s",
		"2 QUEUED failed=true next=7s",
		"3 COMPLETED failed=false next=0s",
	}
	synctest.Test(t, func(t *testing.T) {
		life := &jobLife{queued: 5 * time.Second, running: 10 * time.Second}
		life.faults = append(life.faults, nil)
		for range 3 { // all attempts of the second poll
			life.faults = append(life.faults, startResponse(500, ""))
		}
		var got []string
		report := func(p snapshotjob.Poll) {
			line := fmt.Sprintf("%d %s failed=%t next=%v", p.Number, p.Status, p.Err != nil, p.Next)
			got = append(got, line)
		}
		_, err := life.client().Wait(t.Context(), startJob, steady, onPoll(report))
		require.NoError(t, err)
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

				_, err := life.client().Wait(ctx, startJob, steady, onPoll(seen.report))

				require.NoError(t, err)
				assert.Empty(t, life.faults)
				assert.Equal(t, time.Minute, seen.slowest, "want MaxErrorDelay")
			})
		})
	}
}

// The message must not pass for a broken connection, which a wait would ride out.
func TestWaitEndsAtOnce(t *testing.T) {
	for code, status := range map[string]int{
		"AccessDeniedException":     401,
		"ResourceNotFoundException": 404,
		"ValidationException":       400,
	} {
		t.Run(code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fault := startResponse(status, `{"Message":"connection reset"}`, "X-Amzn-Errortype", code)
				life := &jobLife{faults: []*http.Response{fault}}

				out, err := life.client().Wait(t.Context(), startJob, steady)

				assert.Nil(t, out)
				var api smithy.APIError
				require.ErrorAs(t, err, &api)
				assert.Equal(t, code, api.ErrorCode())
				var wait *snapshotjob.WaitError
				require.ErrorAs(t, err, &wait)
				assert.Equal(t, 1, wait.Polls)
				assert.Equal(t, 2*time.Second, wait.Elapsed)
			})
		})
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	const want = "wait for snapshot job 111122223333/sales/daily: " +
		"last status RUNNING after 1m0s and 15 polls: " +
		"request canceled, context deadline exceeded, cause: the shift is over"
	synctest.Test(t, func(t *testing.T) {
		life := &jobLife{running: time.Hour}
		cause := errors.New("the shift is over")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, cause)
		defer cancel()

		out, err := life.client().Wait(ctx, startJob, steady)

		assert.Nil(t, out)
		require.EqualError(t, err, want)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorIs(t, err, cause)
	})
}

func TestWaitJudgesTheResult(t *testing.T) {
	const result = `{
		"JobStatus": "FAILED",
		"ErrorInfo": {"ErrorType": "DASHBOARD_ACCESS_DENIED", "ErrorMessage": "no access"}
	}`
	synctest.Test(t, func(t *testing.T) {
		life := &jobLife{result: result}
		out, err := life.client().Wait(t.Context(), startJob)
		assert.NotNil(t, out)
		var failed *snapshotjob.JobError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, snapshotjob.ErrorTypeDashboardAccessDenied, failed.ErrorType)
	})
}

// Once the job has finished, a wait asks for the result alone.
func TestWaitGoesOnWhileTheResultIsNotThere(t *testing.T) {
	const body = `{"Message":"Dashboard Snapshot Job with id daily has not reached a terminal state."}`
	synctest.Test(t, func(t *testing.T) {
		tooEarly := startResponse(400, body, "X-Amzn-Errortype", "PreconditionNotMetException")
		life := &jobLife{faults: []*http.Response{nil, tooEarly}}
		_, err := life.client().Wait(t.Context(), startJob)
		assert.NoError(t, err)
		assert.Len(t, life.polls, 1)
		assert.Empty(t, life.faults)
	})
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
			name:      "a negative delay",
			change:    func(o *snapshotjob.WaitOptions) { o.FirstDelay = -1 },
			wantField: "FirstDelay",
		},
		{
			name: "a maximum below the minimum",
			change: func(o *snapshotjob.WaitOptions) {
				o.MinDelay = 2
				o.MaxDelay = 1
			},
			wantField: "MaxDelay",
		},
		{
			name:      "delays that shrink",
			change:    func(o *snapshotjob.WaitOptions) { o.Growth = 0.5 },
			wantField: "Growth",
		},
		{
			name:      "a growth that is no number",
			change:    func(o *snapshotjob.WaitOptions) { o.Growth = math.NaN() },
			wantField: "Growth",
		},
		{
			name:      "a jitter of one",
			change:    func(o *snapshotjob.WaitOptions) { o.Jitter = 1 },
			wantField: "Jitter",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := (&jobLife{}).client().Wait(t.Context(), startJob, tt.change)
			assertFirstProblem(t, err, tt.wantField)
		})
	}
}

func TestWaitRefusesABadJob(t *testing.T) {
	_, err := (&jobLife{}).client().Wait(t.Context(), snapshotjob.Job{}, steady)
	assertFirstProblem(t, err, "AWSAccountID")
}

func TestWaitRefusesANilContext(t *testing.T) {
	var none context.Context
	_, err := (&jobLife{}).client().Wait(none, startJob, steady)
	assertFirstProblem(t, err, "ctx")
}

// assertFirstProblem wants an InvalidInputError whose first problem is that of a field.
func assertFirstProblem(t *testing.T, err error, field string) {
	t.Helper()
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
				_, err := life.client().Wait(t.Context(), startJob)
				assert.NoError(t, err)
			})
		}
		all.Wait()
	})
}
