package snapshotjob

import (
	"testing"
)

func TestStatuses(t *testing.T) {
	for status, want := range map[SnapshotJobStatus]bool{
		SnapshotJobStatusCompleted: true, SnapshotJobStatusFailed: true,
		SnapshotJobStatusQueued: false, SnapshotJobStatusRunning: false, "": false, "completed": false, "STOPPED": false,
	} {
		if got := status.IsTerminal(); got != want {
			t.Errorf("%q.IsTerminal() is %v, want %v", status, got, want)
		}
	}
}
