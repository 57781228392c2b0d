// Package taskgroup runs tasks that call functions of the caller, which may panic or end
// their goroutine.
package taskgroup

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

	// errPanicked is the error of a task that panicked. The panic goes on in Wait.
	errPanicked = errors.New("a function that was called panicked")
)

// Group runs tasks on goroutines of their own. All tasks have ended when Wait
// returns. If a task panics, Wait panics, on the goroutine that called it. A task that
// ends its goroutine without a return has failed. New makes groups.
type Group struct {
	cancel  context.CancelFunc // stops the tasks after one has panicked
	slots   chan struct{}      // holds a value for each task that is running; nil if there is no limit
	running sync.WaitGroup

	mu         sync.Mutex // guards what follows
	panicValue any        // of the first task that panicked; nil if none has
}

// New returns a group that runs up to limit tasks at once, or any number if limit is 0.
// It calls cancel if a task panics.
func New(cancel context.CancelFunc, limit int) *Group {
	g := &Group{cancel: cancel}
	if limit > 0 {
		g.slots = make(chan struct{}, limit)
	}
	return g
}

// Start waits until fewer tasks than the limit are running, and starts one more. When
// the task has ended, in whatever way, its goroutine calls onEnd with the task's error.
// A task may start others.
func (g *Group) Start(task func() error, onEnd func(error)) {
	if g.slots != nil {
		g.slots <- struct{}{}
	}
	g.running.Go(func() {
		if g.slots != nil {
			defer func() { <-g.slots }()
		}
		g.run(task, onEnd)
	})
}

// Do runs a task as Start does, waits until it has ended, and returns its error.
func (g *Group) Do(task func() error) error {
	ended := make(chan error)
	g.Start(task, func(err error) { ended <- err })
	return <-ended
}

// run runs a task on this goroutine, and calls onEnd.
func (g *Group) run(task func() error, onEnd func(error)) {
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
func (g *Group) keepPanic(value any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.panicValue == nil {
		g.panicValue = value
	}
	g.cancel()
}

// Join waits until all tasks have ended. It does not panic if one has: Wait does.
func (g *Group) Join() { g.running.Wait() }

// Wait waits until all tasks have ended. If one panicked, Wait panics with the same
// value.
func (g *Group) Wait() {
	g.Join()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.panicValue != nil {
		panic(g.panicValue)
	}
}
