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

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/quicksight-go/snapshotjob"
)

var waitedJob = snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "sales", SnapshotJobID: "daily"}

// jobLife is a job as the API tells it: queued, running, finished.
type jobLife struct {
	queued, running time.Duration
	result          string // body of the result
	faults          []*http.Response

	start time.Time
	polls []time.Duration // when each was made
}

func (l *jobLife) RoundTrip(req *http.Request) (*http.Response, error) {
	if len(l.faults) > 0 {
		fault := l.faults[0]
		l.faults = l.faults[1:]
		if fault != nil {
			return fault, nil
		}
	}
	age := time.Since(l.start)
	if strings.HasSuffix(req.URL.Path, "/result") {
		if l.result == "" {
			l.result = completedResult
		}
		return apiAnswer(200, l.result), nil
	}
	l.polls = append(l.polls, age)
	status := "COMPLETED"
	switch {
	case age < l.queued:
		status = "QUEUED"
	case age < l.queued+l.running:
		status = "RUNNING"
	}
	return apiAnswer(200, `{"JobStatus":"`+status+`"}`), nil
}

const completedResult = `{"JobStatus":"COMPLETED","Result":{"AnonymousUsers":[{"FileGroups":[{"Files":[{"FormatType":"PDF"}],"S3Results":[{"S3Uri":"s3://b/k.pdf"}]}]}]}}`

func apiAnswer(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: readCloser{strings.NewReader(body)}}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

func (l *jobLife) client() *snapshotjob.Client {
	l.start = time.Now()
	return snapshotjob.New(snapshotjob.Options{
		Region: "us-east-1", Transport: l,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}, nil
		}),
	})
}

func steady(o *snapshotjob.WaitOptions) { o.Jitter = -1 }

func TestWaitPollsSoonThenLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		life := &jobLife{queued: 5 * time.Second, running: 40 * time.Second}
		out, err := life.client().Wait(t.Context(), waitedJob, steady)
		if err != nil || out.JobStatus != snapshotjob.SnapshotJobStatusCompleted || out.Job != waitedJob {
			t.Fatalf("Wait = %+v, %v, want the completed job", out, err)
		}
		want := []time.Duration{2000, 14000, 17500, 21070, 24711, 28425, 32214, 36078, 40019, 44040, 48141}
		if len(life.polls) != len(want) {
			t.Fatalf("polls at %v, want %d of them", life.polls, len(want))
		}
		for i, at := range life.polls {
			if at.Truncate(time.Millisecond) != want[i]*time.Millisecond {
				t.Errorf("poll %d at %v, want %v", i+1, at, want[i]*time.Millisecond)
			}
		}
	})
}

func TestWaitReportsEveryPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		life := &jobLife{queued: 5 * time.Second, running: 10 * time.Second, faults: []*http.Response{
			nil, apiAnswer(500, ""), apiAnswer(500, ""), apiAnswer(500, ""), // the second poll, three attempts
		}}
		var got []string
		_, err := life.client().Wait(t.Context(), waitedJob, steady, func(o *snapshotjob.WaitOptions) {
			o.OnPoll = func(p snapshotjob.Poll) {
				got = append(got, fmt.Sprintf("%d %s failed=%t next=%v", p.Number, p.Status, p.Err != nil, p.Next))
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"1 QUEUED failed=false next=12s", "2 QUEUED failed=true next=7s", "3 COMPLETED failed=false next=0s"}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("polls:\n got %q\nwant %q", got, want)
		}
	})
}

func TestWaitRidesOutAnOutage(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault func() *http.Response
	}{
		{"throttled", func() *http.Response { return apiAnswer(429, "", "X-Amzn-Errortype", "ThrottlingException") }},
		{"500", func() *http.Response { return apiAnswer(500, "") }},
		{"503 from a proxy", func() *http.Response { return apiAnswer(503, "<html>") }},
		{"cut off", func() *http.Response { return apiAnswer(200, `{"JobSta`) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				life := &jobLife{running: time.Second}
				for range 300 {
					life.faults = append(life.faults, test.fault())
				}
				ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
				defer cancel()
				var slowest time.Duration
				_, err := life.client().Wait(ctx, waitedJob, steady, func(o *snapshotjob.WaitOptions) {
					o.OnPoll = func(p snapshotjob.Poll) { slowest = max(slowest, p.Next) }
				})
				if err != nil {
					t.Fatal(err)
				}
				if len(life.faults) != 0 {
					t.Errorf("%d faults left", len(life.faults))
				}
				if slowest != time.Minute {
					t.Errorf("slowest delay %v, want MaxErrorDelay, 1m", slowest)
				}
			})
		})
	}
}

func TestWaitEndsAtOnce(t *testing.T) {
	for _, test := range []struct {
		status int
		code   string
	}{{401, "AccessDeniedException"}, {404, "ResourceNotFoundException"}, {400, "ValidationException"}} {
		t.Run(test.code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				life := &jobLife{faults: []*http.Response{apiAnswer(test.status, `{"Message":"connection reset"}`, "X-Amzn-Errortype", test.code)}}
				out, err := life.client().Wait(t.Context(), waitedJob, steady)
				var code interface{ ErrorCode() string }
				if out != nil || !errors.As(err, &code) || code.ErrorCode() != test.code {
					t.Errorf("Wait = %v, %v, want nil and %s", out, err, test.code)
				}
				var w *snapshotjob.WaitError
				if !errors.As(err, &w) || w.Polls != 1 || w.Elapsed != 2*time.Second {
					t.Errorf("err = %#v, want a WaitError after one poll and 2s", err)
				}
			})
		})
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		life := &jobLife{running: time.Hour}
		cause := errors.New("the shift is over")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, cause)
		defer cancel()
		out, err := life.client().Wait(ctx, waitedJob, steady)
		if out != nil || !errors.Is(err, ctx.Err()) || !errors.Is(err, cause) {
			t.Errorf("Wait = %v, %v, want nil, the context's error and its cause", out, err)
		}
		want := "wait for snapshot job 111122223333/sales/daily: last status RUNNING after 1m0s and 15 polls: request canceled, context deadline exceeded, cause: the shift is over"
		if got := err.Error(); got != want {
			t.Errorf("error:\n got %s\nwant %s", got, want)
		}
	})
}

func TestWaitJudgesTheResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		life := &jobLife{result: `{"JobStatus":"FAILED","ErrorInfo":{"ErrorType":"DASHBOARD_ACCESS_DENIED","ErrorMessage":"no access"}}`}
		out, err := life.client().Wait(t.Context(), waitedJob)
		var failed *snapshotjob.JobError
		if out == nil || !errors.As(err, &failed) || failed.ErrorType != snapshotjob.ErrorTypeDashboardAccessDenied {
			t.Errorf("Wait = %v, %v, want the output and its JobError", out, err)
		}
	})
}

func TestWaitGoesOnWhileTheResultIsNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		life := &jobLife{faults: []*http.Response{nil,
			apiAnswer(400, `{"Message":"Dashboard Snapshot Job with id daily has not reached a terminal state."}`, "X-Amzn-Errortype", "PreconditionNotMetException"),
		}}
		if _, err := life.client().Wait(t.Context(), waitedJob); err != nil {
			t.Error(err)
		}
		if len(life.polls) != 1 || len(life.faults) != 0 {
			t.Errorf("%d polls, %d faults left, want one poll: the status is known", len(life.polls), len(life.faults))
		}
	})
}

func TestWaitRefusesBadInput(t *testing.T) {
	client := (&jobLife{}).client()
	for _, test := range []struct {
		name string
		ctx  context.Context
		job  snapshotjob.Job
		set  func(*snapshotjob.WaitOptions)
		want string
	}{
		{"job", t.Context(), snapshotjob.Job{}, steady, "AWSAccountID"},
		{"context", nil, waitedJob, steady, "ctx"},
		{"option", t.Context(), waitedJob, nil, "optFns"},
		{"negative delay", t.Context(), waitedJob, func(o *snapshotjob.WaitOptions) { o.FirstDelay = -1 }, "FirstDelay"},
		{"maximum below minimum", t.Context(), waitedJob, func(o *snapshotjob.WaitOptions) { o.MinDelay, o.MaxDelay = 2, 1 }, "MaxDelay"},
		{"shrinking", t.Context(), waitedJob, func(o *snapshotjob.WaitOptions) { o.Growth = 0.5 }, "Growth"},
		{"growth is no number", t.Context(), waitedJob, func(o *snapshotjob.WaitOptions) { o.Growth = math.NaN() }, "Growth"},
		{"jitter of one", t.Context(), waitedJob, func(o *snapshotjob.WaitOptions) { o.Jitter = 1 }, "Jitter"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := client.Wait(test.ctx, test.job, test.set)
			var invalid *snapshotjob.InvalidInputError
			if !errors.As(err, &invalid) || invalid.Faults[0].Field != test.want {
				t.Errorf("err = %v, want an InvalidInputError of %s", err, test.want)
			}
		})
	}
}

func TestWaitManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all sync.WaitGroup
		for range 500 {
			all.Go(func() {
				life := &jobLife{queued: time.Minute, running: time.Minute}
				if _, err := life.client().Wait(t.Context(), waitedJob); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait() // the bubble ends only when no timer and no goroutine is left
	})
}
