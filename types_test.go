package snapshotjob

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestStatusIsTerminal(t *testing.T) {
	statuses := map[SnapshotJobStatus]bool{
		SnapshotJobStatusCompleted: true,
		SnapshotJobStatusFailed:    true,
		SnapshotJobStatusQueued:    false,
		SnapshotJobStatusRunning:   false,
		"":                         false,
		"completed":                false,
		"STOPPED":                  false,
	}
	for status, want := range statuses {
		assert.Equal(t, want, status.IsTerminal(), "status %q", status)
	}
}
