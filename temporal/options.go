package temporal

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/quicksight-go/snapshotjob"
)

// defaultStartsPerSecond is the default of Options.StartsPerSecond.
const defaultStartsPerSecond = 1

// Options says how a worker makes exports. All workers of a queue should have the same:
// any of them may do any step of an export.
//
// An error of Deliver, FillIn or NextPage stands in the history with its text, so that it
// must show no secret. The errors of the client show none. But an error of net/http has
// the whole URL. The history gets a presigned one without its query. Where the service
// quotes the value of a tag or of a string parameter, the history has REDACTED. A text of
// more than 8 KB is cut off.
//
// The call is repeated until it succeeds if snapshotjob.IsTransient says so of the error,
// and otherwise 9 times, 5 seconds apart. A panic counts as such an error, and so does the
// end of the context, which is 119 minutes after the beginning for Deliver, and 9 minutes
// for FillIn and NextPage. An *ApplicationError of Temporal's SDK decides for itself.
type Options struct {
	// Client calls QuickSight. It is required. A Limiter of the client's counts for this
	// process alone; StartsPerSecond counts for all workers together.
	Client *snapshotjob.Client

	// TaskQueue is the queue of the workflows. [NewWorker] requires it. The starts of
	// jobs have a queue of their own, as [StartTaskQueue] names it.
	TaskQueue string

	// StartsPerSecond is how many starts all workers of the queue offer to the service in
	// a second, refused ones included. It must be more than the number of jobs that
	// the account may run, divided by the seconds that a job takes, or slots stay
	// empty. All workers of a queue should have the same value, because the server
	// keeps the last that it was told. It allows bursts. Default: 1.
	StartsPerSecond float64

	// Deliver is called with each job that has completed with all of its files. It
	// fetches them, for example with client.Download, or tells somebody that they are in
	// the account's bucket. What it does must be right if it is done twice, and by
	// different workers: a delivery is repeated if it fails, if its worker dies, and when
	// a batch is run again. If nil, nothing is delivered.
	Deliver func(ctx context.Context, client *snapshotjob.Client, job snapshotjob.Job) error

	// FillIn adds to a request what must not stand in the history, such as the values of
	// tags. It is called before each attempt to start a job. It must add the same every
	// time, and not change the ids. If nil, nothing is added.
	FillIn func(ctx context.Context, r *Request) error

	// NextPage returns a page of the requests of a batch whose [BatchInput] names a
	// Source. The cursor is empty for the first page, and the Next of the page before
	// for any other. If nil, batches have lists.
	//
	// If the requests name no SnapshotJobID, a batch that is run again under the same id
	// needs the same pages again: the id of a job follows from the request's place.
	NextPage func(ctx context.Context, source, cursor string) (Page, error)
}

// withDefaults returns the options with their defaults, or what is wrong with them.
func (o Options) withDefaults() (Options, error) {
	if o.Client == nil {
		return Options{}, errors.New("temporal: Options.Client is nil: want a client of snapshotjob")
	}
	if o.StartsPerSecond < 0 || math.IsNaN(o.StartsPerSecond) || math.IsInf(o.StartsPerSecond, 0) {
		return Options{}, fmt.Errorf("temporal: Options.StartsPerSecond is %v: want a positive number, or 0 for %d",
			o.StartsPerSecond, defaultStartsPerSecond)
	}
	if o.StartsPerSecond == 0 {
		o.StartsPerSecond = defaultStartsPerSecond
	}
	return o, nil
}

// StartTaskQueue returns the name of the queue that has the starts of jobs, for the
// workflows of a queue. It is a queue of its own because the server limits the rate of a
// whole queue.
func StartTaskQueue(taskQueue string) string { return taskQueue + "-start" }
