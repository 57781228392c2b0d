// Command nightly makes a Temporal Schedule that starts a batch of exports each night. It
// needs a Temporal server and examples/worker:
//
//	temporal server start-dev            # its web interface is at http://localhost:8233
//	go run ./examples/worker
//	go run ./examples/nightly            # each night at two
//	go run ./examples/nightly -now       # and once now; prints how far it is
//	go run ./examples/nightly -urgent    # one export that passes those of the batch
//
// In the web interface, "Schedules" shows the schedule, and "Workflows" the batch
// with its exports. Each has its history, and, while it waits for a job, the
// heartbeats with the job's status among its pending activities.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/temporal"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/temporal"
)

// scheduleID is the id of the schedule.
const scheduleID = "nightly-exports"

// Exports with a lower priority key are started first. Without a key it is 3.
const (
	urgentPriority  = 1
	nightlyPriority = 5
)

func main() {
	var values flagValues
	flag.StringVar(&values.server, "server", client.DefaultHostPort, "`address` of the Temporal server")
	flag.StringVar(&values.queue, "queue", "exports", "task `queue` of the worker")
	flag.IntVar(&values.dashboards, "dashboards", 30, "how many dashboards the batch exports")
	flag.BoolVar(&values.now, "now", false, "start the batch now as well, and print its progress")
	flag.BoolVar(&values.urgent, "urgent", false, "start one urgent export instead, and wait for it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, values); err != nil {
		fmt.Fprintln(os.Stderr, "nightly:", err)
		os.Exit(1)
	}
}

// flagValues are what the flags say.
type flagValues struct {
	server     string
	queue      string
	dashboards int
	now        bool
	urgent     bool
}

// run does what the flags say.
func run(ctx context.Context, values flagValues) error {
	connection, err := client.Dial(client.Options{HostPort: values.server})
	if err != nil {
		return err
	}
	defer connection.Close()
	if values.urgent {
		return exportNow(ctx, connection, values.queue)
	}
	schedule, err := ensureSchedule(ctx, connection, values)
	if err != nil || !values.now {
		return err
	}
	return runNow(ctx, connection, schedule)
}

// ensureSchedule makes the schedule, unless it exists. One that exists stays as it is.
func ensureSchedule(
	ctx context.Context,
	connection client.Client,
	values flagValues,
) (client.ScheduleHandle, error) {
	schedules := connection.ScheduleClient()
	schedule, err := schedules.Create(ctx, newSchedule(values))
	if errors.Is(err, sdk.ErrScheduleAlreadyRunning) {
		fmt.Println("the schedule", scheduleID, "exists, and stays as it is")
		return schedules.GetHandle(ctx, scheduleID), nil
	}
	if err != nil {
		return nil, fmt.Errorf("make the schedule: %w", err)
	}
	fmt.Println("made the schedule", scheduleID)
	return schedule, nil
}

// newSchedule starts a batch each night at two. If the batch of the night before is still
// running, the night is skipped. Temporal appends the time to the id of the batch, so that
// the jobs of each night have ids of their own.
func newSchedule(values flagValues) client.ScheduleOptions {
	atTwo := client.ScheduleCalendarSpec{
		Hour: []client.ScheduleRange{{Start: 2}},
	}
	batch := temporal.BatchInput{
		Source: fmt.Sprintf("dashboards:%d", values.dashboards),
	}
	return client.ScheduleOptions{
		ID: scheduleID,
		Spec: client.ScheduleSpec{
			Calendars: []client.ScheduleCalendarSpec{atTwo},
		},
		Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP,
		Action: &client.ScheduleWorkflowAction{
			ID:        "nightly",
			TaskQueue: values.queue,
			Workflow:  temporal.Batch,
			Args:      []any{batch},
			Priority:  sdk.Priority{PriorityKey: nightlyPriority},
		},
	}
}

// runNow starts the batch of a schedule, and prints how far it is until it has ended.
func runNow(ctx context.Context, connection client.Client, schedule client.ScheduleHandle) error {
	workflowID, err := startBatch(ctx, schedule)
	if err != nil {
		return err
	}
	fmt.Println("follow", workflowID)
	batch := connection.GetWorkflow(ctx, workflowID, "")
	ended := make(chan error, 1)
	go func() { ended <- batch.Get(ctx, nil) }()
	ticker := time.NewTicker(5 * time.Second)
	defer ticker.Stop()
	for {
		select {
		case err := <-ended:
			printProgress(ctx, connection, workflowID)
			return err
		case <-ticker.C:
			printProgress(ctx, connection, workflowID)
		}
	}
}

// startBatch starts the batch of a schedule, and returns the id of its workflow as soon as
// the server has made it. If a batch of the schedule is running, that one is returned.
func startBatch(ctx context.Context, schedule client.ScheduleHandle) (string, error) {
	before, err := schedule.Describe(ctx)
	if err != nil {
		return "", fmt.Errorf("describe the schedule: %w", err)
	}
	if err := schedule.Trigger(ctx, client.ScheduleTriggerOptions{}); err != nil {
		return "", fmt.Errorf("start the batch: %w", err)
	}
	for {
		description, err := schedule.Describe(ctx)
		if err != nil {
			return "", fmt.Errorf("describe the schedule: %w", err)
		}
		if id := batchSince(before.Info, description.Info); id != "" {
			return id, nil
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// batchSince returns the id of the batch that a schedule is running, or has started last,
// if the schedule has started or skipped one since it was described before. Otherwise it
// returns nothing.
func batchSince(before, now client.ScheduleInfo) string {
	if running := now.RunningWorkflows; len(running) > 0 {
		return running[0].WorkflowID
	}
	hasStarted := now.NumActions > before.NumActions
	hasSkipped := now.NumActionsSkippedOverlap > before.NumActionsSkippedOverlap
	recent := now.RecentActions
	if len(recent) == 0 || !hasStarted && !hasSkipped {
		return ""
	}
	last := recent[len(recent)-1].StartWorkflowResult
	if last == nil {
		return ""
	}
	return last.WorkflowID
}

// printProgress asks a batch how far it is. A batch can't respond while it has no worker.
func printProgress(ctx context.Context, connection client.Client, workflowID string) {
	progress, err := queryProgress(ctx, connection, workflowID)
	if err != nil {
		fmt.Println("no progress to tell:", err)
		return
	}
	fmt.Printf("%d requests taken, %d exports running, %d completed, %d failed\n",
		progress.Requests, progress.Running, progress.Completed, progress.Failed)
}

// queryProgress returns how far a batch is.
func queryProgress(
	ctx context.Context,
	connection client.Client,
	workflowID string,
) (temporal.Progress, error) {
	value, err := connection.QueryWorkflow(ctx, workflowID, "", temporal.ProgressQuery)
	if err != nil {
		return temporal.Progress{}, err
	}
	var progress temporal.Progress
	err = value.Get(&progress)
	return progress, err
}

// exportNow makes one export that somebody waits for. Its start passes those of the batch
// that wait in the queue. Exports of one priority that have fairness keys, such as the
// names of tenants, take turns by key.
func exportNow(ctx context.Context, connection client.Client, queue string) error {
	began := time.Now()
	request := temporal.Request{
		AWSAccountID: "111122223333",
		DashboardID:  "board",
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("summary")},
		},
	}
	options := client.StartWorkflowOptions{
		ID:        "urgent-" + began.UTC().Format("2006-01-02T15-04-05"),
		TaskQueue: queue,
		Priority: sdk.Priority{
			PriorityKey: urgentPriority,
			FairnessKey: "board",
		},
	}
	run, err := connection.ExecuteWorkflow(ctx, options, temporal.Export, temporal.ExportInput{Request: request})
	if err != nil {
		return err
	}
	fmt.Println("started", run.GetID())
	var outcome temporal.Outcome
	if err := run.Get(ctx, &outcome); err != nil {
		return err
	}
	fmt.Printf("%s: accepted after %v, finished after %v\n", outcome.Job,
		outcome.Created.Sub(began).Round(time.Second), outcome.Finished.Sub(began).Round(time.Second))
	return nil
}
