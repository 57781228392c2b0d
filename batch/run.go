package batch

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/internal/taskgroup"
)

// Run starts a job for each request, waits for it, and calls handle with what became of
// it. It returns when all requests were handled.
//
// Run takes the requests from the sequence one by one, on a goroutine of its own, and only
// one ahead of those that it offers to the service. So the sequence may be long, or wait for
// its next request. Run copies each request, but not what it points to. The sequence may
// therefore change a request and yield it again.
//
// Run calls handle once for every request that it has taken, on up to HandleConcurrency
// goroutines at once. While handle runs, it holds no slot of the account. An error of handle
// becomes part of Run's error, and handle is not called again. Run remembers 16 bytes of each
// job, to find two requests with one job; whatever else it keeps belongs to requests that
// are under way.
//
// Others may fill the account for any time, and no request fails because of that. So ctx
// should have a deadline.
//
// The error is nil if every file of every request was made and every call of handle has
// succeeded. It is an [*snapshotjob.InvalidInputError] if the arguments or options are
// bad, and nothing was taken from the sequence. Otherwise it is an [*Error]. A request
// that fails, or that is bad itself, stops no other one.
//
// # Running it again
//
// The job id of a request is its key. If the service says that a job of this id exists,
// Run describes the job. If it matches the request, by
// [snapshotjob.DescribeDashboardSnapshotJobOutput.Matches], Run adopts it, running or
// finished. If it does not, the request fails with an error that says so. If the job
// matches, but had FAILED before this run, Run starts the request under the id with "-2"
// appended, or finds its way along "-2", "-3" and so on to the first job that has not
// failed. So the same call with the same requests, after a crash or in another process,
// starts no job twice.
//
// The later run calls handle for each of its requests, also for those that the earlier run
// has handled. The handle of [Download] keeps the files that are there; one that sends
// messages has to remember what it has sent. A request whose job has finished costs three
// calls, so that a thousand of them take some 6 minutes at 8 calls a second.
//
// All this holds until 24 hours after the end of the first job of a request, the one with
// the id itself. From then on AWS takes the id for a new job (API reference,
// StartDashboardSnapshotJob). Ids that hold the date belong to one night. Matches says
// what a description does not tell, such as the values of tags: requests that differ in
// these alone need different ids.
//
// # What goes wrong
//
// A job that fails during the run, while [snapshotjob.JobError.TryAgain] says that another
// one may succeed, is started anew under the next id, as [Options].MaxAttempts allows. Of
// these jobs, the one that made the most files counts, and of several such jobs the last.
//
// A start is offered again, in growing intervals for at least ten minutes, if it is lost, so
// that nobody knows whether its job exists, or if it fails with another error by which
// [snapshotjob.IsTransient] is true. If a lost start turns out to have made its job, that
// counts as started by this run. Once the service has accepted a job, or has said that one
// exists, credentials that expire, or that their provider does not have for a while, are
// waited for in the same way.
//
// If ctx ends, Run starts nothing more. It calls handle for all requests that were taken,
// with a context that has ended, and returns when handle and the sequence have: a sequence
// that waits for something has to end when ctx does. Jobs that are under way go on at the
// service. Their outcomes have a [*snapshotjob.WaitError].
//
// If OnEvent, handle, the sequence or another function of the caller panics, Run ends as
// if ctx had ended, and then panics with the same value. It waits for the sequence also
// then.
func Run(
	ctx context.Context,
	client *snapshotjob.Client,
	requests iter.Seq[*snapshotjob.StartDashboardSnapshotJobInput],
	handle func(context.Context, Outcome) error,
	optFns ...func(*Options),
) (Summary, error) {
	options, problems := prepare(optFns)
	if ctx == nil {
		problems.add("ctx", "is nil: want a context, such as context.Background()")
	}
	problems = append(problems, checkClient(client, &options)...)
	if requests == nil {
		problems.add("requests", "is nil: want a sequence, such as slices.Values of a list")
	}
	if handle == nil {
		problems.add("handle", "is nil: want a function, such as batch.Download returns")
	}
	if err := problems.err(); err != nil {
		return Summary{}, err
	}
	ctx = withLimiter(ctx, newLimiter())
	return newRun(ctx, client, handle, options).do(ctx, requests)
}

// checkClient returns what is wrong with a client, and with the options of its calls. A
// Wait whose context has ended sends nothing, and still refuses them.
func checkClient(client *snapshotjob.Client, options *Options) problemList {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	anyJob := snapshotjob.Job{
		AWSAccountID:  "111122223333",
		DashboardID:   "dashboard",
		SnapshotJobID: "job",
	}
	setClientOptions := func(o *snapshotjob.WaitOptions) { o.ClientOptions = options.ClientOptions }
	optFns := slices.Concat([]func(*snapshotjob.WaitOptions){setClientOptions}, options.WaitOptions)
	_, err := client.Wait(ctx, anyJob, optFns...)
	if invalid, ok := errors.AsType[*snapshotjob.InvalidInputError](err); ok {
		return invalid.Faults
	}
	return nil
}

// run is one call of Run.
type run struct {
	client        *snapshotjob.Client
	options       Options
	handle        func(context.Context, Outcome) error
	clientOptions []func(*snapshotjob.Options)
	waitOptions   snapshotjob.WaitOptions

	// taking ends when the last request has been taken from the sequence.
	taking    context.Context
	endTaking context.CancelFunc

	group       *taskgroup.Group
	events      chan Event
	ledger      *ledger
	retries     retries
	handleSlots chan struct{} // holds a value for each call of handle that is running

	// sequenceError is why the sequence may have had more requests than were taken.
	sequenceError error
}

// newRun returns a run with options that have their defaults. Its calls are limited by the
// limiter that ctx carries.
func newRun(
	ctx context.Context,
	client *snapshotjob.Client,
	handle func(context.Context, Outcome) error,
	options Options,
) *run {
	r := &run{
		client:        client,
		options:       options,
		handle:        handle,
		clientOptions: append(slices.Clip(options.ClientOptions), limitBy(ctx)),
		waitOptions:   snapshotjob.WaitOptions{ClientOptions: options.ClientOptions},
		events:        make(chan Event),
		handleSlots:   make(chan struct{}, options.HandleConcurrency),
	}
	for _, fn := range options.WaitOptions {
		fn(&r.waitOptions)
	}
	r.waitOptions.ClientOptions = append(slices.Clip(r.waitOptions.ClientOptions), limitBy(ctx))
	r.ledger = newLedger(r.events)
	r.taking, r.endTaking = context.WithCancel(context.Background())
	return r
}

// do runs the batch. Its own goroutine tells OnEvent what happens. All others belong to
// the group.
func (r *run) do(
	ctx context.Context,
	requests iter.Seq[*snapshotjob.StartDashboardSnapshotJobInput],
) (Summary, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer r.endTaking()
	defer r.end(cancel)
	r.group = taskgroup.New(cancel, 0)
	r.startStarter(ctx, r.startTaking(ctx, requests))
	go r.closeEvents()
	for event := range r.events {
		if r.options.OnEvent != nil {
			r.options.OnEvent(event)
		}
	}
	r.group.Wait()
	return r.ledger.summary, r.err()
}

// startTaking starts to take requests from the sequence. It returns the channel on which
// they come.
func (r *run) startTaking(
	ctx context.Context,
	requests iter.Seq[*snapshotjob.StartDashboardSnapshotJobInput],
) <-chan *request {
	feed := make(chan *request)
	r.group.Start(
		func() error { return r.take(ctx, requests, feed) },
		func(err error) {
			r.sequenceError = err
			close(feed)
			r.endTaking()
		},
	)
	return feed
}

// startStarter starts to offer the requests that come from feed.
func (r *run) startStarter(ctx context.Context, feed <-chan *request) {
	s := &starter{
		run:     r,
		feed:    feed,
		claimed: newClaimedJobs(),
	}
	work := func() error {
		s.work(ctx)
		return nil
	}
	// The work calls no function of the caller on its goroutine, so that nothing can end it.
	r.group.Start(work, func(error) {})
}

// closeEvents closes the events when nothing can happen any more.
func (r *run) closeEvents() {
	r.group.Join()
	close(r.events)
}

// end cancels the run and waits until its goroutines have ended, which matters if OnEvent
// panicked or called runtime.Goexit. After any other run there are none left.
func (r *run) end(cancel context.CancelFunc) {
	cancel()
	for range r.events {
		// Nobody is told any more.
	}
}

// take takes requests from the sequence, and gives them to the starter. The error says why
// the sequence may have had more requests.
func (r *run) take(
	ctx context.Context,
	requests iter.Seq[*snapshotjob.StartDashboardSnapshotJobInput],
	feed chan<- *request,
) error {
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	for input := range requests {
		req := newRequest(input)
		r.ledger.taken()
		select {
		case feed <- req:
		case <-ctx.Done():
			r.settle(ctx, req.notStarted(notStartedError(ctx)))
			return contextError(ctx)
		}
	}
	if ctx.Err() != nil {
		return contextError(ctx) // The sequence may have ended because ctx has.
	}
	return nil
}

// err returns the error of a run that has ended.
func (r *run) err() error {
	var errs errorList
	if r.sequenceError != nil {
		errs.add(fmt.Errorf("the sequence may have had more requests: %w", r.sequenceError))
	}
	for _, err := range r.ledger.errors.first {
		errs.add(err)
	}
	if len(errs.first) == 0 {
		return nil
	}
	return &Error{
		Summary: r.ledger.summary,
		Errs:    errs.first,
		total:   errs.total + r.ledger.errors.total - len(r.ledger.errors.first),
	}
}
