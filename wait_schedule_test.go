package snapshotjob_test

import (
	"context"
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWaitSchedule shows what the default delays cost: how many polls a job takes, and
// how long after its end it is found, on average over many waits.
func TestWaitSchedule(t *testing.T) {
	const waits = 150
	const longest = time.Hour
	var schedules [][]time.Duration
	synctest.Test(t, func(t *testing.T) {
		for range waits {
			schedules = append(schedules, pollTimes(t, longest))
		}
	})
	for _, tt := range []struct {
		job            time.Duration // how long it takes
		polls          float64
		pollsTolerance float64
		lag            float64 // in seconds
		lagTolerance   float64
	}{
		{job: 0, polls: 1},
		{job: 42 * time.Second, polls: 15, pollsTolerance: 1, lag: 2, lagTolerance: 0.5},
		{job: 20 * time.Minute, polls: 65, pollsTolerance: 2, lag: 15, lagTolerance: 4},
		{job: longest, polls: 145, pollsTolerance: 5, lag: 15, lagTolerance: 4},
	} {
		t.Run(tt.job.String(), func(t *testing.T) {
			polls, lag := meanCost(schedules, tt.job)
			t.Logf("%.1f polls, found after %.1f s", polls, lag)
			assert.InDelta(t, tt.polls, polls, tt.pollsTolerance)
			assert.InDelta(t, tt.lag, lag, tt.lagTolerance)
		})
	}
}

// pollTimes returns when a wait polls, by default, until it finds a job that takes so long.
func pollTimes(t *testing.T, running time.Duration) []time.Duration {
	t.Helper()
	life := &jobLife{running: running}
	_, err := life.client().Wait(t.Context(), dailyJob)
	require.NoError(t, err)
	return life.polls
}

// meanCost returns how many polls it takes to find a job that takes so long, and how
// many seconds after its end it is found, both as the mean over the schedules.
func meanCost(schedules [][]time.Duration, job time.Duration) (polls, lag float64) {
	for _, schedule := range schedules {
		n := 0
		for schedule[n] < job {
			n++
		}
		polls += float64(n + 1)
		lag += (schedule[n] - job).Seconds()
	}
	waits := float64(len(schedules))
	return polls / waits, lag / waits
}

func TestWaitPollsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		polls := pollTimes(t, time.Minute)
		assert.Zero(t, polls[0])
	})
}

func TestWaitDelaysByATenthOfTheTime(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*snapshotjob.WaitOptions)
		least  time.Duration
		most   time.Duration
	}{
		{
			name:   "by default",
			change: func(*snapshotjob.WaitOptions) {},
			least:  3 * time.Second,
			most:   30 * time.Second,
		},
		{
			name:   "with other limits",
			change: delays(time.Second, 5*time.Minute),
			least:  time.Second,
			most:   5 * time.Minute,
		},
		{
			name:   "with a long MinDelay alone",
			change: delays(time.Minute, 0),
			least:  time.Minute,
			most:   time.Minute,
		},
		{
			name:   "with a short MaxDelay alone",
			change: delays(0, time.Second),
			least:  time.Second,
			most:   time.Second,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				polls := polled(t, &jobLife{running: 2 * time.Hour}, tt.change)
				require.NotEmpty(t, polls)
				for _, p := range polls[:len(polls)-1] {
					want := min(max(p.Elapsed/10, tt.least), tt.most)
					assertDelay(t, want, p)
				}
			})
		})
	}
}

// Delays that are all the same length but for the chance in them.
func TestWaitVariesItsDelays(t *testing.T) {
	const delay = 10 * time.Second
	synctest.Test(t, func(t *testing.T) {
		polls := polled(t, &jobLife{running: 3 * time.Hour}, delays(delay, delay))
		shortest := time.Duration(math.MaxInt64)
		longest := time.Duration(0)
		for _, p := range polls[:len(polls)-1] {
			shortest = min(shortest, p.Next)
			longest = max(longest, p.Next)
		}
		assert.InDelta(t, 9, shortest.Seconds(), 0.2)
		assert.InDelta(t, 11, longest.Seconds(), 0.2)
	})
}

func TestWaitTellsItsNextPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		life := &jobLife{running: time.Hour}
		polls := polled(t, life)
		require.Len(t, life.polls, len(polls))
		last := len(polls) - 1
		for i, p := range polls[:last] {
			assert.Equal(t, life.polls[i+1]-life.polls[i], p.Next, "after poll %d", p.Number)
		}
		assert.Zero(t, polls[last].Next)
	})
}

// No option makes a wait poll without pause, be it by an overflow.
func TestWaitWithExtremeDelays(t *testing.T) {
	const longest = time.Duration(math.MaxInt64)
	for name, change := range map[string]func(*snapshotjob.WaitOptions){
		"the longest MinDelay":                      delays(longest, 0),
		"nearly the longest MinDelay":               delays(longest-1, longest),
		"the longest delays":                        delays(longest, longest),
		"a MinDelay that overflows when it varies":  delays(longest/100*95, longest),
		"a MinDelay that overflows when it doubles": delays(longest/2+1, longest),
		"a MinDelay that overflows as a float":      delays(longest/2-1, longest),
		"the longest MaxDelay":                      delays(0, longest),
		"the widest limits":                         delays(1, longest),
		"the shortest MinDelay":                     delays(1, 0),
		"the shortest delays that can vary":         delays(10, 0),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { assertWaitPauses(t, change, 0) })
			synctest.Test(t, func(t *testing.T) { assertWaitPauses(t, change, 100) })
		})
	}
}

// assertWaitPauses wants a wait of 10 hours to pause after each of its polls. The job
// never ends. The first requests fail, and so do some later ones.
func assertWaitPauses(t *testing.T, change func(*snapshotjob.WaitOptions), firstFailures int) {
	t.Helper()
	const mostPolls = 5000
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Hour)
	defer cancel()
	requests := 0
	client := startClient(startTransport(func(*http.Request) (*http.Response, error) {
		requests++
		if requests <= firstFailures || requests%200 > 100 {
			return startResponse(500, ""), nil
		}
		return startResponse(200, `{"JobStatus":"RUNNING"}`), nil
	}))
	polls := 0
	report := func(p snapshotjob.Poll) {
		polls++
		if ctx.Err() == nil {
			assert.Positive(t, p.Next, "the delay after poll %d", p.Number)
		}
		if t.Failed() || polls > mostPolls {
			cancel() // such a wait might never end
		}
	}

	_, err := client.Wait(ctx, dailyJob, change, onPoll(report))

	assert.LessOrEqual(t, polls, mostPolls)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}
