package snapshotjob

import (
	"context"
	"errors"
	"sync"
)

var (
	// errGoroutineEnded is the error of a task in which a function that was called
	// ended the task's goroutine.
	errGoroutineEnded = errors.New("a function that was called ended its goroutine, " +
		"as runtime.Goexit and a test's FailNow do")

	// errPanicked is the error of a task that panicked. The panic goes on in wait.
	errPanicked = errors.New("a function that was called panicked")
)

// taskGroup runs tasks on goroutines of their own. All tasks have ended when wait
// returns. If a task panics, wait panics, on the goroutine that called it. A task that
// ends its goroutine without a return has failed.
type taskGroup struct {
	cancel  context.CancelFunc // stops the tasks after one has panicked
	slots   chan struct{}      // holds a value for each task that is running
	running sync.WaitGroup

	mu         sync.Mutex // guards what follows
	panicValue any        // of the first task that panicked; nil if none has
}

// newTaskGroup returns a group that runs up to limit tasks at once. It calls cancel if
// a task panics.
func newTaskGroup(cancel context.CancelFunc, limit int) *taskGroup {
	return &taskGroup{
		cancel: cancel,
		slots:  make(chan struct{}, limit),
	}
}

// start waits until fewer tasks than the limit are running, and starts one more. When
// the task has ended, in whatever way, its goroutine calls onEnd with the task's error.
func (g *taskGroup) start(task func() error, onEnd func(error)) {
	g.slots <- struct{}{}
	g.running.Go(func() {
		defer func() { <-g.slots }()
		g.runTask(task, onEnd)
	})
}

// runTask runs a task on this goroutine, and calls onEnd.
func (g *taskGroup) runTask(task func() error, onEnd func(error)) {
	err := errGoroutineEnded // unless task returns, or panics
	defer func() {
		if value := recover(); value != nil {
			g.keepPanic(value)
			err = errPanicked
		}
		onEnd(err)
	}()
	err = task()
}

// keepPanic keeps the value of a task's panic, and stops the other tasks.
func (g *taskGroup) keepPanic(value any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.panicValue == nil {
		g.panicValue = value
	}
	g.cancel()
}

// wait waits until all tasks have ended. If one panicked, wait panics with the same
// value.
func (g *taskGroup) wait() {
	g.running.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.panicValue != nil {
		panic(g.panicValue)
	}
}

// firstError keeps the first of several errors, and then calls cancel.
type firstError struct {
	cancel context.CancelFunc

	mu  sync.Mutex
	err error
}

// set keeps an error if it is the first one that is not nil.
func (e *firstError) set(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil || e.err != nil {
		return
	}
	e.err = err
	e.cancel()
}

// get returns the first error, or nil.
func (e *firstError) get() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}
