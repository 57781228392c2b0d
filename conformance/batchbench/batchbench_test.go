package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
)

// equal returns so many equal durations.
func equal(count int, duration time.Duration) []time.Duration {
	return slices.Repeat([]time.Duration{duration}, count)
}

func TestGreedyMakespan(t *testing.T) {
	const long = time.Hour
	tests := map[string]struct {
		durations []time.Duration
		holds     []hold
		want      time.Duration
	}{
		"no jobs": {want: 0},
		"one for each slot": {
			durations: equal(12, time.Minute),
			want:      time.Minute,
		},
		"one too many": {
			durations: equal(13, time.Minute),
			want:      2 * time.Minute,
		},
		"the first slot that is free": {
			durations: append([]time.Duration{time.Second}, equal(12, time.Minute)...),
			want:      time.Second + time.Minute,
		},
		"the tenant has left 8 slots": {
			durations: equal(9, time.Minute),
			holds:     []hold{{from: 0, to: long}},
			want:      2 * time.Minute,
		},
		"the tenant leaves in between": {
			durations: equal(9, time.Minute),
			holds:     []hold{{from: 0, to: time.Second}},
			want:      time.Second + time.Minute,
		},
		"the tenant comes later, and stops no job": {
			durations: equal(12+8+1, time.Minute),
			holds:     []hold{{from: time.Second, to: long}},
			want:      3 * time.Minute,
		},
		"the tenant comes again": {
			durations: equal(8+9, time.Minute),
			holds: []hold{
				{from: 0, to: time.Second},
				{from: 30 * time.Second, to: long},
			},
			// Eight start at once, and four after a second. When the eight end, the tenant
			// has come again, and leaves slots for four. The last one waits for an end of
			// the four that started after a second.
			want: 2*time.Minute + time.Second,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, greedyMakespan(test.durations, test.holds))
		})
	}
}

func TestWorkloadsAreTheSameForAllPrograms(t *testing.T) {
	s := scenario{median: time.Minute, shared: true}
	first := newWorkload(s, 1, 50)
	again := newWorkload(s, 1, 50)
	other := newWorkload(s, 2, 50)
	assert.Equal(t, first, again)
	assert.Equal(t, first.durations(), again.durations())
	assert.NotEqual(t, first.holds, other.holds)
	assert.NotEqual(t, first.durations(), other.durations())
}

func TestHoldsAreInOrder(t *testing.T) {
	holds := drawHolds(1, time.Minute, time.Hour)
	require.NotEmpty(t, holds)
	var before time.Duration
	for _, h := range holds {
		assert.GreaterOrEqual(t, h.from, before)
		assert.GreaterOrEqual(t, h.to, h.from)
		before = h.to
	}
	assert.Greater(t, before, 50*time.Minute)
}

// runOf runs a program on an account that is shared.
func runOf(t *testing.T, name string) outcome {
	t.Helper()
	i := slices.IndexFunc(programs, func(p program) bool { return p.name == name })
	require.GreaterOrEqual(t, i, 0)
	w := newWorkload(scenario{median: 20 * time.Second, shared: true}, 1, 60)
	result := simulate(t, w, programs[i])
	assert.Positive(t, result.refused, "the limit has never been met")
	return result
}

func TestPlainProgramFails(t *testing.T) {
	assert.Positive(t, runOf(t, "official").failed)
}

func TestProgramThatRetriesLosesNothingToTheLimit(t *testing.T) {
	result := runOf(t, "official, limit retried")
	assert.Less(t, result.failed, 5)
	assert.Positive(t, result.throttled)
	assert.Greater(t, result.makespan, result.bound)
}

func TestBatchRun(t *testing.T) {
	result := runOf(t, "batch.Run")
	assert.Zero(t, result.failed)
	assert.Zero(t, result.throttled)
	assert.Greater(t, result.makespan, result.bound)
	assert.GreaterOrEqual(t, result.calls, int64(60*3)+result.refused, "a start, a poll and a result each")
}

func TestTable(t *testing.T) {
	rows := []row{{
		scenario: scenario{median: time.Minute, shared: true},
		program:  program{name: "batch.Run"},
		runs: []outcome{
			{bound: 100 * time.Second, makespan: 101 * time.Second, calls: 1000, throttled: 1, refused: 20},
			{bound: 100 * time.Second, makespan: 10 * time.Second, calls: 3000, failed: 7},
		},
	}}
	lines := strings.Split(strings.TrimSpace(table(rows)), "\n")
	require.Len(t, lines, 3)
	assert.Equal(t, "| 1:00 | shared | batch.Run | 1:40 | 0:56 | 1.010 | 2000 | 0.5 | 10 | 3.5 |", lines[2])
	for _, line := range lines {
		assert.Equal(t, strings.Count(lines[0], "|"), strings.Count(line, "|"))
	}
}

func TestNoRatioIfEveryRunHasFailures(t *testing.T) {
	r := row{runs: []outcome{{bound: time.Minute, makespan: time.Second, failed: 1}}}
	assert.Equal(t, "–", r.ratio())
}

func TestTableHasEveryProgramInEveryScenario(t *testing.T) {
	assert.Len(t, emptyRows(3), 3*2*3)
}

func TestOptions(t *testing.T) {
	opts, err := parseOptions([]string{"-requests", "10", "-seeds", "1"})
	require.NoError(t, err)
	assert.Equal(t, options{requests: 10, seeds: 1}, opts)
	tests := map[string][]string{
		"-requests 0":         {"-requests", "0"},
		"-seeds -1":           {"-seeds", "-1"},
		"unexpected argument": {"all"},
	}
	for problem, arguments := range tests {
		_, err := parseOptions(arguments)
		assert.ErrorContains(t, err, problem)
	}
}

func TestCheckRefusesOtherFailures(t *testing.T) {
	w := workload{end: time.Hour}
	assert.NoError(t, w.check(outcome{makespan: time.Minute}, nil))
	assert.Error(t, w.check(outcome{makespan: 2 * time.Hour}, nil))
	missing := &snapshotjob.ResourceNotFoundException{}
	assert.ErrorIs(t, w.check(outcome{}, []error{missing}), missing)
	throttled := &snapshotjob.ThrottlingException{}
	assert.NoError(t, w.check(outcome{}, []error{throttled}))
}
