package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"
)

// record runs one workflow of each kind, and writes their histories to a folder.
func record(ctx context.Context, dir string) error {
	lab, err := newLab(ctx, labOptions{
		job:      2 * time.Second,
		starts:   10,
		slots:    12,
		requests: 10,
		workers:  1,
		events:   500, // so that a batch has a new run for each page of 100 requests
	})
	if err != nil {
		return err
	}
	defer lab.close()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, dashboard := range []string{"sales", "flaky", "broken"} {
		run, err := lab.startWorkflow(ctx, "export-"+dashboard, "Export", exportInput{Request: newRequest(dashboard)})
		if err != nil {
			return err
		}
		if err := lab.recordEnded(ctx, dir, run); err != nil {
			return err
		}
	}
	if err := lab.recordAgain(ctx, dir); err != nil {
		return err
	}
	if err := lab.recordCanceled(ctx, dir); err != nil {
		return err
	}
	if err := lab.recordBatches(ctx, dir); err != nil {
		return err
	}
	return lab.recordTaken(ctx, dir)
}

// recordAgain records an export that finds the failed job of an earlier one, and starts
// another.
func (l *lab) recordAgain(ctx context.Context, dir string) error {
	run, err := l.startWorkflow(ctx, "export-broken", "Export", exportInput{Request: newRequest("broken")})
	if err != nil {
		return err
	}
	fmt.Printf("%s again: %v\n", run.GetID(), run.Get(ctx, nil)) // It is meant to fail.
	return l.recordRun(ctx, dir, "export-broken-again", run.GetID(), run.GetRunID())
}

// recordTaken records a batch whose export can't be started at first, because another
// workflow has its id.
func (l *lab) recordTaken(ctx context.Context, dir string) error {
	before := len(l.fake.started())
	other, err := l.startWorkflow(ctx, "batch-taken/1", "Export", exportInput{Request: newRequest("endless")})
	if err != nil {
		return err
	}
	if err := l.fake.waitForJobs(ctx, before+1); err != nil {
		return err
	}
	batch, err := l.startWorkflow(ctx, "batch-taken", "Batch", batchInput{Requests: []request{newRequest("four")}})
	if err != nil {
		return err
	}
	if err := l.waitForRefusedExport(ctx, batch); err != nil {
		return err
	}
	if err := l.connection.TerminateWorkflow(ctx, other.GetID(), other.GetRunID(), "make way"); err != nil {
		return err
	}
	return l.recordEnded(ctx, dir, batch)
}

// waitForRefusedExport waits until the server has refused to start an export of a batch.
func (l *lab) waitForRefusedExport(ctx context.Context, batch client.WorkflowRun) error {
	const wait = true
	all := enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT
	events := l.connection.GetWorkflowHistory(ctx, batch.GetID(), batch.GetRunID(), wait, all)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return err
		}
		if event.EventType == enumspb.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED {
			return nil
		}
	}
	return errors.New("no export of the batch was refused")
}

// recordCanceled records an export that was canceled while it waited for its job.
func (l *lab) recordCanceled(ctx context.Context, dir string) error {
	before := len(l.fake.started())
	run, err := l.startWorkflow(ctx, "export-canceled", "Export", exportInput{Request: newRequest("endless")})
	if err != nil {
		return err
	}
	if err := l.fake.waitForJobs(ctx, before+1); err != nil {
		return err
	}
	if err := l.connection.CancelWorkflow(ctx, run.GetID(), run.GetRunID()); err != nil {
		return err
	}
	return l.recordEnded(ctx, dir, run)
}

// recordBatches records a batch of a list, of which an export fails, and one of two
// pages, each of which is a run of its own.
func (l *lab) recordBatches(ctx context.Context, dir string) error {
	list, err := l.startWorkflow(ctx, "batch-list", "Batch", batchInput{
		Requests: []request{newRequest("one"), newRequest("broken-two"), newRequest("flaky-three")},
		Window:   2,
	})
	if err != nil {
		return err
	}
	if err := l.recordEnded(ctx, dir, list); err != nil {
		return err
	}
	pages, err := l.startWorkflow(ctx, "batch-pages", "Batch", batchInput{Source: "dashboards:110"})
	if err != nil {
		return err
	}
	first := pages.GetRunID()
	if err := pages.Get(ctx, nil); err != nil {
		return err
	}
	if err := l.recordRun(ctx, dir, "batch-pages-continued", pages.GetID(), first); err != nil {
		return err
	}
	return l.recordRun(ctx, dir, "batch-pages", pages.GetID(), "")
}

// recordEnded waits for the end of a run, and records it.
func (l *lab) recordEnded(ctx context.Context, dir string, run client.WorkflowRun) error {
	// Some are meant to fail.
	fmt.Printf("%s: %v\n", run.GetID(), run.Get(ctx, nil))
	return l.recordRun(ctx, dir, run.GetID(), run.GetID(), run.GetRunID())
}

// What names the machine and the process of a worker.
var (
	identity    = regexp.MustCompile(`"identity":\s*"[^"]*"`)
	stickyQueue = regexp.MustCompile(`"[^":]+:([0-9a-f]{8}-[0-9a-f-]{27})"`)
)

// recordRun writes the history of a run to a file of this name.
func (l *lab) recordRun(ctx context.Context, dir, name, id, runID string) error {
	history, err := readHistory(ctx, l.connection, id, runID)
	if err != nil {
		return err
	}
	data, err := protojson.Marshal(history)
	if err != nil {
		return err
	}
	data = identity.ReplaceAll(data, []byte(`"identity":"worker"`))
	data = stickyQueue.ReplaceAll(data, []byte(`"worker:$1"`))
	return os.WriteFile(filepath.Join(dir, name+".json"), append(data, '\n'), 0o644)
}
