package temporal

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

const (
	// defaultWindow is a few more than the jobs that an account may run by default, so
	// that a start is always waiting for a slot.
	defaultWindow = 16

	// maxPageRequests bounds what one event of the history holds, and what a run adds to
	// the history after the server has suggested to begin a new one.
	maxPageRequests = 1000

	// maxWindow is a half of the children that the server lets a workflow have at once. A
	// batch that wants more of them would never go on.
	maxWindow = 1000

	// maxShownFailures is how many failures a Progress lists.
	maxShownFailures = 20

	// An export whose workflow id is that of a running workflow is tried again after
	// takenDelay, up to maxTaken times. The server ends the exports of a batch that was
	// terminated a moment later than the batch, which may have been started again since.
	takenDelay = 5 * time.Second
	maxTaken   = 12
)

// ProgressQuery is the name of the query of [Batch], whose result is a [Progress].
const ProgressQuery = "progress"

// BatchInput is the input of [Batch]. It has either Requests or a Source.
type BatchInput struct {
	// Requests are the exports to make, 1000 at most. The server limits the size of an
	// input to 2 MB by default. Of two requests with one SnapshotJobID, the second adopts
	// the job of the first, or fails with ErrorTypeJobIDTaken if it asks for another
	// snapshot.
	Requests []Request `json:",omitempty"`

	// Source is what Options.NextPage is asked for, page by page. It may name a file, a
	// table or a day, and must show no secret. There may be any number of requests.
	Source string `json:",omitempty"`

	// Window is how many exports are under way at once, 1000 at most. It should be a few
	// more than the jobs that the account may run. Default: 16.
	Window int `json:",omitempty"`

	// MaxAttempts and JobTimeout are those of each export. See [ExportInput].
	MaxAttempts int           `json:",omitempty"`
	JobTimeout  time.Duration `json:",omitempty"`

	// Continued is set by Batch when it goes on in a new run, with an empty history.
	// Others leave it nil.
	Continued *ContinuedBatch `json:",omitempty"`
}

// ContinuedBatch is where a run of a batch goes on.
type ContinuedBatch struct {
	Cursor   string // of the next page
	Progress Progress
}

// Page is a part of the requests of a batch.
type Page struct {
	// Requests are up to 1000, of 2 MB as JSON at most. They stand in the history, which is
	// easier to read if there are some 100. A page may have none.
	Requests []Request

	// Next is the cursor of the next page. It is empty for the last page. It stands in the
	// history, and must show no secret.
	Next string
}

// Progress is how far a batch has come.
type Progress struct {
	Requests  int // taken from the pages or the list so far
	Running   int // exports under way
	Completed int // exports that have completed and been delivered, adopted ones included
	Adopted   int // completed exports whose job was older than they are
	Failed    int
	Canceled  int

	// Failures are the errors of the first 20 exports that failed, each with the id of
	// its workflow, in up to 8 KB.
	Failures []string
}

// Batch is the workflow that makes many snapshots. Each is an [Export], a child
// workflow whose id is that of the batch, a slash and the number of the request from 1 on.
// A request without an id has its job's id from there, so that a batch that is run again
// under the same id adopts the jobs that exist.
//
// The query [ProgressQuery] returns a [Progress], also after the end. If all exports
// complete, it is the result. If some fail, the others are made all the same, and the
// error is a *temporal.ApplicationError of Temporal's SDK, of the type
// [ErrorTypeExportsFailed], with the Progress as its details.
//
// If no page can be had, the exports under way are made, and the error is that of
// [Options].NextPage, with its own type, or one of the type [ErrorTypeInvalidInput].
//
// A cancellation cancels the exports under way. The *temporal.CanceledError has the
// Progress as its details. If the batch is terminated, its exports are too. The server
// ends them a moment later, so that a batch that is started again under the same id waits
// for up to a minute for the id of an export.
//
// Memory and history are bounded, however many requests there are. After a page, when the
// server suggests it, the batch lets its exports end and goes on as a new run.
func Batch(ctx workflow.Context, in BatchInput) (Progress, error) {
	b := &batch{}
	if in.Continued != nil {
		b.progress = in.Continued.Progress
		b.cursor = in.Continued.Cursor
	}
	currentProgress := func() (Progress, error) { return b.progress, nil }
	if err := workflow.SetQueryHandler(ctx, ProgressQuery, currentProgress); err != nil {
		return Progress{}, err
	}
	input, err := in.withDefaults()
	if err != nil {
		return Progress{}, err
	}
	b.input = input
	err = b.run(ctx)
	return b.progress, err
}

// withDefaults returns the input with its defaults, or what is wrong with it.
func (in BatchInput) withDefaults() (BatchInput, error) {
	text := ""
	switch {
	case in.Source != "" && len(in.Requests) > 0:
		text = "the batch has both Requests and a Source: want one of them"
	case len(in.Requests) > maxPageRequests:
		text = fmt.Sprintf("the batch has %d Requests: want at most %d, or a Source", len(in.Requests), maxPageRequests)
	case in.Window < 0 || in.Window > maxWindow:
		text = fmt.Sprintf("Window is %d: want 1 to %d, or 0 for %d", in.Window, maxWindow, defaultWindow)
	default:
		text = problemOfLimits(in.MaxAttempts, in.JobTimeout)
	}
	if text != "" {
		return BatchInput{}, finalError(text, ErrorTypeInvalidInput)
	}
	if in.Window == 0 {
		in.Window = defaultWindow
	}
	return in, nil
}

// batch is a run of a Batch. Its coroutines run one at a time.
type batch struct {
	input    BatchInput
	cursor   string // of the next page; empty for the first page, and after the last
	progress Progress
}

// run makes the exports, and returns what the workflow ends with.
func (b *batch) run(ctx workflow.Context) error {
	err := b.startPages(ctx)
	b.drain(ctx)
	switch {
	case ctx.Err() != nil:
		return temporal.NewCanceledError(b.progress)
	case err != nil:
		return innermost(err)
	case b.cursor != "":
		return b.newRun(ctx)
	}
	return b.err()
}

// startPages starts the exports of one page after another. It ends after the last page, and
// after a page when the server suggests a new run. The cursor is then that of the page with
// which the new run goes on.
func (b *batch) startPages(ctx workflow.Context) error {
	for {
		page, err := b.nextPage(ctx)
		if err != nil {
			return err
		}
		if err := b.startExports(ctx, page.Requests); err != nil {
			return err
		}
		b.cursor = page.Next
		if b.cursor == "" || workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return nil
		}
	}
}

// newRun returns the error by which a workflow goes on in a new run.
func (b *batch) newRun(ctx workflow.Context) error {
	input := b.input
	input.Continued = &ContinuedBatch{
		Cursor:   b.cursor,
		Progress: b.progress,
	}
	return workflow.NewContinueAsNewError(ctx, Batch, input)
}

// nextPage returns the list of the input, or the page that the cursor names.
func (b *batch) nextPage(ctx workflow.Context) (Page, error) {
	if b.input.Source == "" {
		return Page{Requests: b.input.Requests}, nil
	}
	ctx = workflow.WithActivityOptions(ctx, activityOptions(callTimeout))
	var page Page
	err := workflow.ExecuteActivity(ctx, pageActivity, pageInput{
		Source: b.input.Source,
		Cursor: b.cursor,
	}).Get(ctx, &page)
	return page, err
}

// startExports starts an export for each request, as the window allows. The error is that
// of a batch that was canceled.
func (b *batch) startExports(ctx workflow.Context, requests []Request) error {
	for _, request := range requests {
		err := workflow.Await(ctx, func() bool { return b.progress.Running < b.input.Window })
		if err != nil {
			return err
		}
		b.startExport(ctx, request)
	}
	return nil
}

// startExport starts an export, and a coroutine that waits for its end.
func (b *batch) startExport(ctx workflow.Context, request Request) {
	b.progress.Requests++
	b.progress.Running++
	id := fmt.Sprintf("%s/%d", workflow.GetInfo(ctx).WorkflowExecution.ID, b.progress.Requests)
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:          id,
		WaitForCancellation: true,
	})
	input := ExportInput{
		Request:     request,
		MaxAttempts: b.input.MaxAttempts,
		JobTimeout:  b.input.JobTimeout,
	}
	export := workflow.ExecuteChildWorkflow(ctx, Export, input)
	workflow.Go(ctx, func(ctx workflow.Context) {
		outcome, err := waitForExport(ctx, export, input)
		b.progress.add(id, outcome, err)
	})
}

// waitForExport returns what has come of an export that was started with this input. If
// its id was taken, it is started again.
func waitForExport(
	ctx workflow.Context,
	export workflow.ChildWorkflowFuture,
	input ExportInput,
) (Outcome, error) {
	for taken := 0; ; taken++ {
		var outcome Outcome
		err := export.Get(ctx, &outcome)
		if taken == maxTaken || !temporal.IsWorkflowExecutionAlreadyStartedError(err) {
			return outcome, err
		}
		if err := workflow.Sleep(ctx, takenDelay); err != nil {
			return Outcome{}, err
		}
		export = workflow.ExecuteChildWorkflow(ctx, Export, input)
	}
}

// drain waits until all exports have ended, also if the batch was canceled.
func (b *batch) drain(ctx workflow.Context) {
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	// Nothing cancels the context, which is the only error.
	_ = workflow.Await(ctx, func() bool { return b.progress.Running == 0 })
}

// add counts an export that has ended.
func (p *Progress) add(id string, outcome Outcome, err error) {
	p.Running--
	switch {
	case err == nil:
		p.Completed++
		if outcome.Adopted {
			p.Adopted++
		}
	case temporal.IsCanceledError(err):
		p.Canceled++
	default:
		p.Failed++
		if len(p.Failures) < maxShownFailures {
			p.Failures = append(p.Failures, historyText(fmt.Sprintf("%s: %v", id, innermost(err))))
		}
	}
}

// err returns the error of a batch that has ended by itself.
func (b *batch) err() error {
	unfinished := b.progress.Failed + b.progress.Canceled
	if unfinished == 0 {
		return nil
	}
	text := fmt.Sprintf("%d of %d exports did not complete", unfinished, b.progress.Requests)
	return finalError(text, ErrorTypeExportsFailed, b.progress)
}
