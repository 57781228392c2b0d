package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The first of the fake's jobs is the only one that went well.
func TestShowReportsWhetherJobWentWell(t *testing.T) {
	client, jobs := fake()
	require.Len(t, jobs, 5)
	assert.True(t, show(t.Context(), client, jobs[0]))
	for _, job := range jobs[1:] {
		assert.False(t, show(t.Context(), client, job), "%s", job)
	}
}
