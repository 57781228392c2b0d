package temporal_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
	exports "github.com/quicksight-go/snapshotjob/temporal"
)

// newActivityEnvironment makes Temporal's test environment for one activity.
func newActivityEnvironment(t *testing.T, options exports.Options) *testsuite.TestActivityEnvironment {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet)
	env := suite.NewTestActivityEnvironment()
	env.SetTestTimeout(24 * time.Hour)
	require.NoError(t, exports.Register(activityRegistry{
		Registry: suite.NewTestWorkflowEnvironment(),
		env:      env,
	}, options))
	return env
}

// activityRegistry registers activities with an environment for activities. Everything
// else goes to a registry that nobody uses.
type activityRegistry struct {
	worker.Registry
	env *testsuite.TestActivityEnvironment
}

func (r activityRegistry) RegisterActivityWithOptions(a any, options activity.RegisterOptions) {
	r.env.RegisterActivityWithOptions(a, options)
}

// startOf is the input of the activity that starts a job, as it stands in a history.
type startOf struct {
	Request exports.Request
}

// startOnce runs one attempt to start the job "daily".
func startOnce(t *testing.T, fake *snapshotjobtest.Server) error {
	t.Helper()
	env := newActivityEnvironment(t, exports.Options{Client: fake.Client()})
	request := newRequest()
	request.SnapshotJobID = "daily"
	_, err := env.ExecuteActivity("StartSnapshotJob", startOf{Request: request})
	return err
}

func TestARefusedStartIsNoFailure(t *testing.T) {
	tests := []struct {
		name  string
		fault snapshotjobtest.Fault
	}{
		{
			name:  "no slot is free",
			fault: snapshotjobtest.Answer(http.StatusConflict, "LimitExceededException", "too many jobs are running"),
		},
		{
			name:  "too many requests",
			fault: snapshotjobtest.Throttle(),
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := newFake(t, nil)
				fake.Fail(snapshotjobtest.StartDashboardSnapshotJob, test.fault)
				failure := applicationError(t, startOnce(t, fake))
				assert.Equal(t, temporal.ApplicationErrorCategoryBenign, failure.Category())
				assert.Equal(t, 3*time.Second, failure.NextRetryDelay())
				assert.False(t, failure.NonRetryable())
			})
		})
	}
}

func TestAnAttemptToStartIsOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		fake.Fail(snapshotjobtest.StartDashboardSnapshotJob, snapshotjobtest.ServerError(http.StatusServiceUnavailable))
		failure := applicationError(t, startOnce(t, fake))
		assert.False(t, failure.NonRetryable())
		assert.Equal(t, 1, countStarts(fake))
	})
}

// waitFor is the input of the activity that waits for a job, as it stands in a history.
type waitFor struct {
	Job     snapshotjob.Job
	Created time.Time
	Timeout time.Duration
}

// seen is the details of a heartbeat, as they stand in Temporal's web interface.
type seen struct {
	Failures int
	Status   string
	Polls    int
}

func TestWaitLeavesAWorkerThatStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		startJob(t, fake, "daily")
		env := newActivityEnvironment(t, exports.Options{Client: fake.Client()})
		stop := make(chan struct{})
		env.SetWorkerStopChannel(stop)
		began := time.Now()
		time.AfterFunc(20*time.Second, func() { close(stop) })
		_, err := env.ExecuteActivity("WaitForSnapshotJob", waitFor{
			Job:     salesJob("daily"),
			Created: time.Now(),
			Timeout: time.Hour,
		})
		failure := applicationError(t, err)
		assert.Equal(t, "WorkerStops", failure.Type())
		assert.False(t, failure.NonRetryable())
		assert.Equal(t, 20*time.Second, time.Since(began)) // by the bubble's clock
	})
}

func TestWaitTellsWhatItHasSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		startJob(t, fake, "daily")
		env := newActivityEnvironment(t, exports.Options{Client: fake.Client()})
		env.SetHeartbeatDetails(seen{Polls: 100})
		var last seen
		env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
			require.NoError(t, details.Get(&last))
		})
		_, err := env.ExecuteActivity("WaitForSnapshotJob", waitFor{
			Job:     salesJob("daily"),
			Created: time.Now(),
			Timeout: time.Hour,
		})
		require.NoError(t, err)
		assert.Equal(t, "RUNNING", last.Status)
		assert.Greater(t, last.Polls, 100, "a wait goes on from what the worker before has seen")
	})
}

func TestWaitPollsAnOldJobSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, map[string]snapshotjobtest.Life{
			"daily": snapshotjobtest.Completed().After(0, 25*time.Minute),
		})
		startJob(t, fake, "daily")
		created := time.Now()
		time.Sleep(20 * time.Minute)
		began := time.Now()
		env := newActivityEnvironment(t, exports.Options{Client: fake.Client()})
		_, err := env.ExecuteActivity("WaitForSnapshotJob", waitFor{
			Job:     salesJob("daily"),
			Created: created,
			Timeout: 2 * time.Hour,
		})
		require.NoError(t, err)
		polls := 0
		for _, request := range fake.Requests() {
			isSoon := request.Time.Before(began.Add(2 * time.Minute))
			if request.Operation == snapshotjobtest.DescribeDashboardSnapshotJob && isSoon {
				polls++
			}
		}
		assert.Less(t, polls, 6, "one at once, and one in some 30 seconds")
	})
}

func TestFillInAddsWhatIsNotInTheHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		options := exports.Options{
			Client: fake.Client(),
			FillIn: func(_ context.Context, r *exports.Request) error {
				r.UserConfiguration = snapshotjob.AnonymousUser(snapshotjob.SessionTag{Key: "tenant", Value: "acme"})
				return nil
			},
		}
		fake.Fail(snapshotjobtest.StartDashboardSnapshotJob, snapshotjobtest.DropAfterWork())
		fake.Fail(snapshotjobtest.DescribeDashboardSnapshotJob, snapshotjobtest.Drop().Times(3)...)
		outcome, err := runExport(t, options, exports.ExportInput{Request: newRequest()})
		require.NoError(t, err)
		found, err := fake.Client().DescribeDashboardSnapshotJob(t.Context(), outcome.Job)
		require.NoError(t, err)
		assert.Equal(t, []string{"tenant"}, found.UserConfiguration.AnonymousUsers[0].RowLevelPermissionTagKeys)
	})
}

func TestFillInThatFails(t *testing.T) {
	tests := []struct {
		name   string
		fillIn func(context.Context, *exports.Request) error
		want   string
	}{
		{
			name:   "with an error",
			fillIn: func(context.Context, *exports.Request) error { return errors.New("no such tenant") },
			want:   "fill in the request of snapshot job 111122223333/sales/nightly: no such tenant",
		},
		{
			name: "with another id",
			fillIn: func(_ context.Context, r *exports.Request) error {
				r.DashboardID = "another"
				return nil
			},
			want: "Options.FillIn changed the ids of the request",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := newFake(t, nil)
				options := exports.Options{Client: fake.Client(), FillIn: test.fillIn}
				_, err := runExport(t, options, exports.ExportInput{Request: newRequest()})
				assert.Equal(t, test.want, applicationError(t, err).Message())
				assert.Zero(t, countStarts(fake))
			})
		})
	}
}
