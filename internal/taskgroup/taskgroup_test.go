package snapshotjob

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPanicStopsTheOtherTasks(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	group := newTaskGroup(cancel, 2)
	group.start(func() error { panic("of a task") }, func(error) {})
	assert.PanicsWithValue(t, "of a task", group.wait)
	assert.Error(t, ctx.Err())
}
