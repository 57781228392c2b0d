package snapshotjobtest_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// These jobs do not end, not even in a century.
func TestEndlessLives(t *testing.T) {
	for _, tt := range []struct {
		name   string
		life   snapshotjobtest.Life
		status string
	}{
		{
			name:   "queued for ever",
			life:   snapshotjobtest.Completed().After(-1, 0),
			status: "QUEUED",
		},
		{
			name:   "running for ever",
			life:   snapshotjobtest.Completed().After(time.Second, -1),
			status: "RUNNING",
		},
		{
			name:   "longer than a Duration",
			life:   snapshotjobtest.Completed().After(time.Second, math.MaxInt64),
			status: "RUNNING",
		},
		{
			name:   "status QUEUED",
			life:   snapshotjobtest.Life{Status: "QUEUED"},
			status: "QUEUED",
		},
		{
			name:   "status RUNNING",
			life:   snapshotjobtest.Life{Status: "RUNNING", Queued: time.Second},
			status: "RUNNING",
		},
	} {
		runInBubble(t, tt.name, func(t *testing.T) {
			srv := newDailyServer(t, tt.life)
			for _, d := range []time.Duration{time.Second, 876_000 * time.Hour} {
				advanceClock(d)
				description := get(dailyPath).send(t, srv).object(t)
				assert.Equal(t, tt.status, description["JobStatus"], "after %v", d)
				result := get(dailyResultPath).send(t, srv)
				result.assertError(t, 400, "PreconditionNotMetException")
			}
		})
	}
}

func TestErrorMessageAloneFailsJob(t *testing.T) {
	srv := newDailyServer(t, snapshotjobtest.Life{ErrorMessage: "no reason"})
	out := describeResult(t, srv.Client())
	assert.Equal(t, snapshotjob.SnapshotJobStatusFailed, out.JobStatus)
}
