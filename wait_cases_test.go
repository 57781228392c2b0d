package snapshotjob_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/quicksight-go/snapshotjob"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// waitCase is a job's life as the API tells it, and what Wait must do.
type waitCase struct {
	Name                 string
	Status               []string // what the polls meet; the last one repeats. None: not a case of Wait.
	Result               string   // a status, and the JobStatus of a result without files
	ResultUntilCompleted string   `json:"result_until_completed"`
	Want                 string
}

// waitOutcome is what came of a wait.
type waitOutcome struct {
	output  *snapshotjob.DescribeDashboardSnapshotJobResultOutput
	err     error
	polls   []snapshotjob.Poll
	elapsed time.Duration
	calls   int
}

// waitWants checks what came of a wait, for each Want of the cases.
var waitWants = map[string]func(*testing.T, waitOutcome){
	"the result": assertWaitResult,
	"the result, if the 404s come within the first 10 seconds":                  assertWaitResult,
	"the result after 2 calls and no delay":                                     assertResultWithoutDelay,
	"an output and a *JobError that names CANCELLED, after the first such poll": assertCanceledJob,
	"*ResourceNotFoundException in the chain after 10 to 14 seconds":            assertNeverFound,
	"its error at once": assertCredentialsErrorAtOnce,
}

func assertWaitResult(t *testing.T, got waitOutcome) {
	t.Helper()
	require.NoError(t, got.err)
	assert.Equal(t, snapshotjob.SnapshotJobStatusCompleted, got.output.JobStatus)
}

func assertResultWithoutDelay(t *testing.T, got waitOutcome) {
	t.Helper()
	assertWaitResult(t, got)
	assert.Equal(t, 2, got.calls)
	assert.Zero(t, got.elapsed)
}

func assertCanceledJob(t *testing.T, got waitOutcome) {
	t.Helper()
	var failed *snapshotjob.JobError
	require.ErrorAs(t, got.err, &failed)
	assert.ErrorContains(t, failed, "CANCELLED")
	require.NotNil(t, got.output)
	assert.Equal(t, snapshotjob.SnapshotJobStatus("CANCELLED"), got.output.JobStatus)
	require.Len(t, got.polls, 2)
	assert.Equal(t, snapshotjob.SnapshotJobStatusRunning, got.polls[0].Status)
}

func assertNeverFound(t *testing.T, got waitOutcome) {
	t.Helper()
	assert.Nil(t, got.output)
	assert.ErrorAs(t, got.err, new(*snapshotjob.ResourceNotFoundException))
	assert.GreaterOrEqual(t, got.elapsed, 10*time.Second)
	assert.LessOrEqual(t, got.elapsed, 14*time.Second)
}

func assertCredentialsErrorAtOnce(t *testing.T, got waitOutcome) {
	t.Helper()
	assert.Nil(t, got.output)
	assert.ErrorIs(t, got.err, errNoCredentials)
	assert.Len(t, got.polls, 1)
	assert.Zero(t, got.elapsed)
	assert.Zero(t, got.calls)
}

func TestWaitCases(t *testing.T) {
	data, err := os.ReadFile("testdata/jobs.json")
	require.NoError(t, err)
	var cases []waitCase
	require.NoError(t, json.Unmarshal(data, &cases))
	for _, tt := range cases {
		if len(tt.Status) == 0 {
			continue
		}
		t.Run(tt.Name, func(t *testing.T) {
			require.Contains(t, waitWants, tt.Want)
			synctest.Test(t, func(t *testing.T) {
				got := newScriptedJob(t, tt).wait(t)
				waitWants[tt.Want](t, got)
			})
		})
	}
}

// errNoCredentials is the error of a provider that fails.
var errNoCredentials = errors.New("the identity provider is down")

const providerFails = "the provider fails"

// scriptedJob is a service with one job, and a provider of credentials. What they do is
// written in the steps. A step is a status, such as "RUNNING" or "RUNNING for an hour", an
// error, such as "404 ResourceNotFoundException", or that the provider fails. One step
// follows the other; the last one repeats.
type scriptedJob struct {
	steps       []string
	result      *http.Response // instead of a result with a file
	notFinished string         // the message of the result's error until a step is COMPLETED

	begun     time.Time
	completed bool // whether a step was COMPLETED
	calls     int
}

// newScriptedJob returns the job of a case.
func newScriptedJob(t *testing.T, c waitCase) *scriptedJob {
	t.Helper()
	job := &scriptedJob{begun: time.Now()}
	for _, step := range c.Status {
		if once, ok := strings.CutSuffix(step, " twice"); ok {
			job.steps = append(job.steps, once, once)
			continue
		}
		job.steps = append(job.steps, step)
	}
	if c.ResultUntilCompleted != "" {
		_, message, _ := strings.Cut(c.ResultUntilCompleted, " ")
		job.notFinished = message
	}
	if c.Result != "" {
		text, ok := strings.CutPrefix(c.Result, "200 with JobStatus ")
		require.True(t, ok, c.Result)
		status, _, _ := strings.Cut(text, " ")
		job.result = startResponse(200, `{"JobStatus":"`+status+`"}`)
	}
	return job
}

// wait waits for the job.
func (j *scriptedJob) wait(t *testing.T, optFns ...func(*snapshotjob.WaitOptions)) waitOutcome {
	t.Helper()
	var got waitOutcome
	report := onPoll(func(p snapshotjob.Poll) { got.polls = append(got.polls, p) })
	client := startClient(j, func(o *snapshotjob.Options) { o.Credentials = j })
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
	defer cancel()
	got.output, got.err = client.Wait(ctx, dailyJob, append(optFns, report)...)
	got.elapsed = time.Since(j.begun)
	got.calls = j.calls
	return got
}

// Retrieve returns credentials, unless the step is that the provider fails.
func (j *scriptedJob) Retrieve(context.Context) (aws.Credentials, error) {
	if j.step() == providerFails {
		j.next()
		return aws.Credentials{}, errNoCredentials
	}
	return aws.Credentials{
		AccessKeyID:     "AKIDEXAMPLE",
		SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
	}, nil
}

// RoundTrip responds as the step says, or with the result.
func (j *scriptedJob) RoundTrip(req *http.Request) (*http.Response, error) {
	j.calls++
	if strings.HasSuffix(req.URL.Path, "/result") {
		return j.resultResponse(), nil
	}
	step := j.step()
	j.next()
	code, exception, _ := strings.Cut(step, " ")
	if status, err := strconv.Atoi(code); err == nil {
		return startResponse(status, `{"Message":"m"}`, "X-Amzn-Errortype", exception), nil
	}
	j.completed = code == "COMPLETED"
	return startResponse(200, `{"JobStatus":"`+code+`"}`), nil
}

// resultResponse is the response to a request for the result.
func (j *scriptedJob) resultResponse() *http.Response {
	if j.notFinished != "" && !j.completed {
		body := `{"Message":"` + j.notFinished + `"}`
		return startResponse(400, body, "X-Amzn-Errortype", "PreconditionNotMetException")
	}
	if j.result != nil {
		return j.result
	}
	return startResponse(200, completedResult)
}

// step is the step that comes next. One that lasts for an hour is over after that.
func (j *scriptedJob) step() string {
	if strings.HasSuffix(j.steps[0], " for an hour") && time.Since(j.begun) >= time.Hour {
		j.steps = j.steps[1:]
	}
	return j.steps[0]
}

// next ends a step, unless it is the last one, or lasts for an hour.
func (j *scriptedJob) next() {
	if len(j.steps) > 1 && !strings.HasSuffix(j.steps[0], " for an hour") {
		j.steps = j.steps[1:]
	}
}

// A status that nobody knows is no failure, and asks for the result each time.
func TestWaitWithAStatusThatNobodyKnows(t *testing.T) {
	for _, status := range []string{"PREPARING", "", "running"} {
		t.Run(status, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := newScriptedJob(t, waitCase{
					Status:               []string{"QUEUED", status, status, status, "RUNNING", "COMPLETED"},
					ResultUntilCompleted: "400 It has not reached a terminal state.",
				}).wait(t)
				assertWaitResult(t, got)
				assert.Equal(t, 6+4, got.calls, "status and result")
				require.Len(t, got.polls, 6)
				for _, p := range got.polls {
					assert.NoError(t, p.Err)
				}
				assertDelay(t, 3*time.Second, got.polls[3])
				assert.EqualValues(t, status, got.polls[3].Status)
			})
		})
	}
}

// It is the end of the job if there is a result, whatever the result says.
func TestWaitWithAStatusThatNobodyKnowsAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := newScriptedJob(t, waitCase{Status: []string{"RUNNING", "DONE"}}).wait(t)
		assertWaitResult(t, got)
		assert.Equal(t, 3, got.calls)
	})
}

// While the status doesn't say that the job has finished, a wait asks for both.
func TestWaitWithAStatusThatNobodyKnowsAndAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		life := &jobLife{final: "PREPARING"}
		life.faults = append(life.faults, nil)
		for range 3 { // all attempts of the first poll
			life.faults = append(life.faults, startResponse(500, ""))
		}
		polls := polled(t, life)
		require.Len(t, polls, 2)
		assert.Error(t, polls[0].Err)
		assertDelay(t, 6*time.Second, polls[0])
		assert.Len(t, life.polls, 2)
	})
}

func TestWaitWithAStatusThatNobodyKnowsAndNoAccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		denied := startResponse(401, `{"Message":"m"}`, "X-Amzn-Errortype", "AccessDeniedException")
		life := &jobLife{final: "PREPARING", faults: []*http.Response{nil, denied}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err := life.client().Wait(ctx, dailyJob)
		assert.ErrorAs(t, err, new(*snapshotjob.AccessDeniedException))
	})
}

const notFound = "404 ResourceNotFoundException"

// repeated returns a step n times over.
func repeated(step string, n int) []string { return slices.Repeat([]string{step}, n) }

// A job that is not found yet is no outage: the delays don't double.
func TestWaitForAJobThatIsNotFoundYet(t *testing.T) {
	for name, steps := range map[string][]string{
		"not yet visible":        {notFound, notFound, notFound, notFound, "COMPLETED"},
		"seen before":            {"QUEUED", notFound, "RUNNING", notFound, "COMPLETED"},
		"between two statuses":   {notFound, "PREPARING", notFound, "COMPLETED"},
		"not found and finished": {notFound, "COMPLETED"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := newScriptedJob(t, waitCase{
					Status:               steps,
					ResultUntilCompleted: "400 It has not reached a terminal state.",
				}).wait(t)
				assertWaitResult(t, got)
				require.Len(t, got.polls, len(steps))
				for i, p := range got.polls[:len(steps)-1] {
					assertDelay(t, 3*time.Second, p)
					assert.Equal(t, steps[i] == notFound, p.Err != nil, "poll %d", p.Number)
				}
			})
		})
	}
}

func TestWaitForAResultThatIsNotFoundYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		missing := startResponse(404, "", "X-Amzn-Errortype", "ResourceNotFoundException")
		life := &jobLife{faults: []*http.Response{nil, missing, missing}}
		polls := polled(t, life)
		require.Len(t, polls, 3)
		assertDelay(t, 3*time.Second, polls[0])
		assertDelay(t, 3*time.Second, polls[1])
		assert.Len(t, life.polls, 1, "asked for the status")
	})
}

func TestWaitForAJobThatIsGone(t *testing.T) {
	for _, tt := range []struct {
		name      string
		steps     []string
		change    func(*snapshotjob.WaitOptions)
		wantPolls int
	}{
		{
			name:      "seen at first",
			steps:     append(repeated("RUNNING", 5), notFound), // at 0, 3, 6, 9, 12 and 15 seconds
			change:    delays(0, 0),
			wantPolls: 6,
		},
		{
			name:      "never there",
			steps:     []string{notFound},
			change:    delays(0, 0),
			wantPolls: 5,
		},
		{
			name:      "never there, and seldom asked for",
			steps:     []string{notFound},
			change:    delays(time.Minute, time.Minute),
			wantPolls: 2,
		},
		{
			name:      "not found by something else",
			steps:     []string{"404 NoSuchPage"},
			change:    delays(0, 0),
			wantPolls: 1,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := newScriptedJob(t, waitCase{Status: tt.steps}).wait(t, tt.change)
				assert.Nil(t, got.output)
				assert.ErrorContains(t, got.err, "StatusCode: 404")
				assert.Len(t, got.polls, tt.wantPolls)
			})
		})
	}
}
