package taskgroup

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestPanicStopsTheOtherTasks(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	group := New(cancel, 2)
	var err error
	group.Start(func() error { panic("of a task") }, func(e error) { err = e })
	group.Join()
	assert.PanicsWithValue(t, "of a task", group.Wait)
	assert.ErrorIs(t, err, errPanicked)
	assert.Error(t, ctx.Err())
}

func TestErrorOfATask(t *testing.T) {
	wanted := errors.New("of a task")
	tests := map[string]struct {
		task func() error
		want error
	}{
		"none":                {task: func() error { return nil }, want: nil},
		"returned":            {task: func() error { return wanted }, want: wanted},
		"the goroutine ended": {task: func() error { runtime.Goexit(); return nil }, want: errGoroutineEnded},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			group := New(func() {}, 0)
			got := errors.New("onEnd was not called")
			group.Start(test.task, func(err error) { got = err })
			group.Wait()
			assert.Equal(t, test.want, got)
		})
	}
}

func TestLimitOfTasks(t *testing.T) {
	tests := map[string]struct {
		limit int
		want  int32 // tasks that run at once
	}{
		"of two": {limit: 2, want: 2},
		"none":   {limit: 0, want: 5},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				assert.Equal(t, test.want, mostAtOnce(test.limit, 5))
			})
		})
	}
}

// mostAtOnce runs tasks in a group, and returns how many ran at once at most.
func mostAtOnce(limit, tasks int) int32 {
	var running, most atomic.Int32
	task := func() error {
		most.Store(max(most.Load(), running.Add(1)))
		time.Sleep(time.Second)
		running.Add(-1)
		return nil
	}
	group := New(func() {}, limit)
	for range tasks {
		group.Start(task, func(error) {})
		synctest.Wait()
	}
	group.Wait()
	return most.Load()
}
