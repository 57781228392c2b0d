package temporal_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
	exports "github.com/quicksight-go/snapshotjob/temporal"
)

const (
	accountID  = "111122223333"
	workflowID = "nightly"
)

// quiet is a logger for the SDK, which tells much that no test needs.
var quiet = log.NewStructuredLogger(slog.New(slog.DiscardHandler))

// newFake makes a fake QuickSight whose jobs have the lives that their ids have in the
// map. Any other job completes 42 seconds after its start.
func newFake(t *testing.T, lives map[string]snapshotjobtest.Life) *snapshotjobtest.Server {
	return snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		o.Life = func(job snapshotjob.Job) snapshotjobtest.Life {
			if life, ok := lives[job.SnapshotJobID]; ok {
				return life
			}
			return snapshotjobtest.Completed().After(2*time.Second, 40*time.Second)
		}
	})
}

// environment is Temporal's test environment with the real workflows and activities, in
// a synctest bubble.
type environment struct {
	*testsuite.TestWorkflowEnvironment

	// ended is closed when the workflow under test has ended.
	ended chan struct{}
}

// newEnvironment makes an environment for a workflow of the id "nightly".
func newEnvironment(t *testing.T, options exports.Options) *environment {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet)
	env := &environment{
		TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(),
		ended:                   make(chan struct{}),
	}
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: workflowID, TaskQueue: "exports"})
	env.SetTestTimeout(24 * time.Hour)
	require.NoError(t, exports.Register(env, options))
	env.RegisterActivityWithOptions(env.stayOpen, activity.RegisterOptions{Name: "StayOpen"})
	return env
}

// stayOpen is an activity that lasts for as long as the workflow under test. While an
// activity runs, the environment's timers, also those between two attempts, take their
// time by the bubble's clock. Otherwise they fire at once, and the fake would see no time
// pass.
func (e *environment) stayOpen(context.Context) error {
	<-e.ended
	return nil
}

// execute runs a workflow to its end, beside the activity stayOpen.
func execute[In, Out any](env *environment, run func(workflow.Context, In) (Out, error), in In) {
	underTest := func(ctx workflow.Context, in In) (Out, error) {
		open, _ := workflow.NewDisconnectedContext(ctx)
		open = workflow.WithActivityOptions(open, workflow.ActivityOptions{StartToCloseTimeout: 100 * time.Hour})
		workflow.ExecuteActivity(open, "StayOpen")
		return run(ctx, in)
	}
	env.RegisterWorkflowWithOptions(underTest, workflow.RegisterOptions{Name: "UnderTest"})
	env.ExecuteWorkflow("UnderTest", in)
	close(env.ended)
}

// runExport runs an Export to its end.
func runExport(t *testing.T, options exports.Options, in exports.ExportInput) (exports.Outcome, error) {
	t.Helper()
	env := newEnvironment(t, options)
	execute(env, exports.Export, in)
	return result[exports.Outcome](t, env)
}

// result returns what has come of a workflow.
func result[Out any](t *testing.T, env *environment) (Out, error) {
	t.Helper()
	var out Out
	require.True(t, env.IsWorkflowCompleted())
	if err := env.GetWorkflowError(); err != nil {
		return out, err
	}
	require.NoError(t, env.GetWorkflowResult(&out))
	return out, nil
}

// applicationError returns the typed error of a workflow.
func applicationError(t *testing.T, err error) *temporal.ApplicationError {
	t.Helper()
	var failed *temporal.ApplicationError
	require.ErrorAs(t, err, &failed)
	return failed
}

// newRequest asks for a PDF of the dashboard "sales", under an id that follows from the
// workflow.
func newRequest() exports.Request {
	return exports.Request{
		AWSAccountID: accountID,
		DashboardID:  "sales",
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("summary")},
		},
		UserConfiguration: snapshotjob.AnonymousUser(),
	}
}

// salesJob names a job of the dashboard "sales".
func salesJob(id string) snapshotjob.Job {
	return snapshotjob.Job{AWSAccountID: accountID, DashboardID: "sales", SnapshotJobID: id}
}

// startJob starts the job of newRequest under an id, as an earlier export would have.
func startJob(t *testing.T, fake *snapshotjobtest.Server, id string) {
	t.Helper()
	request := newRequest()
	_, err := fake.Client().StartDashboardSnapshotJob(t.Context(), &snapshotjob.StartDashboardSnapshotJobInput{
		Job:                   salesJob(id),
		SnapshotConfiguration: request.SnapshotConfiguration,
		UserConfiguration:     request.UserConfiguration,
	})
	require.NoError(t, err)
}

// countStarts returns how many requests to start a job the fake has got.
func countStarts(fake *snapshotjobtest.Server) int {
	count := 0
	for _, request := range fake.Requests() {
		if request.Operation == snapshotjobtest.StartDashboardSnapshotJob {
			count++
		}
	}
	return count
}

// deliveries is an Options.Deliver that notes what it was called with, and then returns
// the next of its errors.
type deliveries struct {
	jobs []snapshotjob.Job
	errs []error
}

func (d *deliveries) deliver(_ context.Context, _ *snapshotjob.Client, job snapshotjob.Job) error {
	d.jobs = append(d.jobs, job)
	if len(d.errs) == 0 {
		return nil
	}
	err := d.errs[0]
	d.errs = d.errs[1:]
	return err
}
