package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/proto"
)

// report is what came of a run.
type report struct {
	jobs         int
	doubleStarts int
	mostRunning  int
	calls        int // of the API, with those that follow
	refused      int
	throttled    int
	makespan     time.Duration
	bound        time.Duration

	exports      historySize // of all exports
	batches      historySize // of all runs of the batch
	batchRuns    int
	exportsEnded int
	secrets      []string // what stands in a history and must not

	server   usage
	workers  usage
	database int64 // bytes
}

// historySize is how much histories have.
type historySize struct {
	events int
	bytes  int
}

// addHistories reads the histories of a batch and of its exports.
func (r *report) addHistories(ctx context.Context, connection client.Client, batchID string) error {
	runID := ""
	for {
		history, err := readHistory(ctx, connection, batchID, runID)
		if err != nil {
			return err
		}
		r.batchRuns++
		r.addHistory(history, &r.batches)
		for _, event := range history.Events {
			started := event.GetStartChildWorkflowExecutionInitiatedEventAttributes()
			if started == nil {
				continue
			}
			if err := r.addExport(ctx, connection, started.WorkflowId); err != nil {
				return err
			}
		}
		first := history.Events[0].GetWorkflowExecutionStartedEventAttributes()
		runID = first.GetContinuedExecutionRunId()
		if runID == "" {
			return nil
		}
	}
}

// addExport reads the history of an export.
func (r *report) addExport(ctx context.Context, connection client.Client, id string) error {
	history, err := readHistory(ctx, connection, id, "")
	if err != nil {
		return err
	}
	last := history.Events[len(history.Events)-1]
	if last.EventType == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED {
		r.exportsEnded++
	}
	r.addHistory(history, &r.exports)
	return nil
}

// secrets are texts that would be in a history if the package had put one there: the
// credentials, the query of a presigned URL, and the tag of examples/worker's FillIn.
var secrets = []string{secretAccessKey, "X-Amz-Signature", "secret-of-"}

// addHistory adds a history to a size, and looks for secrets in it.
func (r *report) addHistory(history *historypb.History, size *historySize) {
	data, err := proto.Marshal(history)
	if err != nil {
		panic(err) // It came over the wire in this form.
	}
	size.events += len(history.Events)
	size.bytes += len(data)
	for _, secret := range secrets {
		if bytes.Contains(data, []byte(secret)) {
			r.secrets = append(r.secrets, secret)
		}
	}
}

// readHistory reads the history of a run, or of the last one if runID is empty.
func readHistory(
	ctx context.Context,
	connection client.Client,
	id, runID string,
) (*historypb.History, error) {
	const wait = false
	all := connection.GetWorkflowHistory(ctx, id, runID, wait, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	history := &historypb.History{}
	for all.HasNext() {
		event, err := all.Next()
		if err != nil {
			return nil, fmt.Errorf("history of %s: %w", id, err)
		}
		history.Events = append(history.Events, event)
	}
	return history, nil
}

// addUsage ends the processes, and adds what they have used.
func (r *report) addUsage(l *lab) error {
	l.endProcesses()
	r.server = l.usageOf("server")
	r.workers = l.usageOf("worker")
	file, err := os.Stat(l.path("temporal.db"))
	if err != nil {
		return err
	}
	r.database = file.Size()
	return nil
}

// print writes the report.
func (r *report) print(out io.Writer) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(out, "%-24s %s\n", name, fmt.Sprintf(format, args...))
	}
	ended := float64(r.exportsEnded)
	line("exports completed", "%d", r.exportsEnded)
	line("jobs started", "%d", r.jobs)
	line("double starts", "%d", r.doubleStarts)
	line("most running at once", "%d", r.mostRunning)
	line("API calls", "%d", r.calls)
	line("refused starts (409)", "%d", r.refused)
	line("throttled calls (429)", "%d", r.throttled)
	line("makespan", "%.0f s, %.2f of the greedy bound of %.0f s",
		r.makespan.Seconds(), r.makespan.Seconds()/r.bound.Seconds(), r.bound.Seconds())
	line("an export's history", "%.1f events, %.0f bytes",
		float64(r.exports.events)/ended, float64(r.exports.bytes)/ended)
	line("the batch's, an export", "%.1f events, %.0f bytes, in %d runs",
		float64(r.batches.events)/ended, float64(r.batches.bytes)/ended, r.batchRuns)
	const megabyte = 1 << 20
	line("workers", "%.1f ms of CPU an export, %d MB at most in one",
		1000*r.workers.cpu.Seconds()/ended, r.workers.memory/megabyte)
	line("server", "%.1f ms of CPU an export, %d MB, %.0f bytes an export in its file",
		1000*r.server.cpu.Seconds()/ended, r.server.memory/megabyte, float64(r.database)/ended)
	line("secrets in histories", "%d", len(r.secrets))
}

// judge returns an error if a promise was broken.
func (r *report) judge(exports, slots int) error {
	var errs []error
	if r.exportsEnded != exports {
		errs = append(errs, fmt.Errorf("%d of %d exports completed", r.exportsEnded, exports))
	}
	if r.doubleStarts > 0 {
		errs = append(errs, fmt.Errorf("%d jobs were started twice", r.doubleStarts))
	}
	if r.mostRunning > slots {
		errs = append(errs, fmt.Errorf("%d jobs ran at once", r.mostRunning))
	}
	if len(r.secrets) > 0 {
		errs = append(errs, fmt.Errorf("histories have secrets: %q", r.secrets))
	}
	return errors.Join(errs...)
}
