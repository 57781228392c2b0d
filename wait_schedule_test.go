package snapshotjob_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWaitSchedule compares Wait's delays with a poll every 5 seconds, over
// jobs that queue for 15 seconds in the mean and render for 10 seconds to 15
// minutes, each order of magnitude as likely as any other.
func TestWaitSchedule(t *testing.T) {
	const jobs = 50_000
	schedule := defaultSchedule(t)
	random := rand.New(rand.NewPCG(1, 2))
	var ours, fixed pollCost
	for range jobs {
		queued := time.Duration(random.ExpFloat64() * float64(15*time.Second))
		rendering := time.Duration(10 * math.Pow(90, random.Float64()) * float64(time.Second))
		ours.add(schedule.cost(queued, queued+rendering))
		fixed.add(costOfFixedDelays(5*time.Second, queued+rendering))
	}
	t.Logf("Wait: %.2f polls and a lag of %v per job", float64(ours.polls)/jobs, ours.lag/jobs)
	t.Logf("every 5 seconds: %.2f and %v", float64(fixed.polls)/jobs, fixed.lag/jobs)
	assert.Less(t, ours.polls, fixed.polls)
	assert.LessOrEqual(t, ours.lag, fixed.lag)
}

// pollCost is what it costs to see a job finish.
type pollCost struct {
	polls int
	lag   time.Duration // from the end of the job until a poll sees it
}

func (c *pollCost) add(other pollCost) {
	c.polls += other.polls
	c.lag += other.lag
}

// costOfFixedDelays is the cost of a job that ends at end, with a poll after each delay.
func costOfFixedDelays(delay, end time.Duration) pollCost {
	polls := int(end/delay) + 1
	return pollCost{polls: polls, lag: time.Duration(polls)*delay - end}
}

// waitSchedule holds the delays of a wait without jitter.
// A delay depends on the status that the poll before it found,
// and on how many polls have found the job running.
type waitSchedule struct {
	first   time.Duration   // before the first poll
	queued  time.Duration   // after a poll that found the job queued
	running []time.Duration // after each poll that found the job running
}

// cost is the cost of a job that is queued until started, and ends at end.
func (s waitSchedule) cost(started, end time.Duration) pollCost {
	running := s.running
	at := s.first
	polls := 1
	for at < end {
		if at < started {
			at += s.queued
		} else {
			at += running[0]
			running = running[1:]
		}
		polls++
	}
	return pollCost{polls: polls, lag: at - end}
}

// defaultSchedule has the delays that Wait takes by default, as its polls of a long job report them.
func defaultSchedule(t *testing.T) waitSchedule {
	t.Helper()
	var schedule waitSchedule
	synctest.Test(t, func(t *testing.T) {
		files := snapshotjobtest.PDF("sheet-1")
		server := startServer(t, snapshotjobtest.Completed(files).After(3*time.Second, time.Hour))
		report := func(p snapshotjob.Poll) {
			switch p.Status {
			case snapshotjob.SnapshotJobStatusQueued:
				schedule.first = p.Elapsed
				schedule.queued = p.Next
			case snapshotjob.SnapshotJobStatusRunning:
				schedule.running = append(schedule.running, p.Next)
			}
		}
		_, err := server.Client().Wait(t.Context(), startJob, steady, onPoll(report))
		require.NoError(t, err)
	})
	require.Positive(t, schedule.queued)
	return schedule
}
