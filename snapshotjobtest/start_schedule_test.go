package snapshotjobtest_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// A schedule's job runs for 42 seconds. Until then, further starts of the schedule are skipped.
func TestSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t)
		for _, step := range []struct {
			after  time.Duration
			status int
		}{
			{after: 0, status: 200},
			{after: 0, status: 202},
			{after: 41 * time.Second, status: 202},
			{after: time.Second, status: 200},
			{after: 0, status: 202},
		} {
			advanceClock(step.after)
			got := post(salesPath+"/schedules/nightly", "").send(t, srv)
			got.assertStatus(t, step.status)
			got.assertBody(t, fmt.Sprintf(`{"RequestId":%q}`, got.requestID()))
		}
		post(salesPath+"/schedules/other", "").send(t, srv).assertOK(t)
	})
}
