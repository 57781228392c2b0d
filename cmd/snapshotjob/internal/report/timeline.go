package report

import (
	"fmt"
	"slices"
	"time"
)

// timeline is a chart of the slots of an account: each job is a bar in the first slot that
// was free when the job started. What no bar covers was idle.
type timeline struct {
	Slots  int
	Height int // in pixels, with the axis
	Bottom int // of the last slot, in pixels
	Rows   []slotRow
	Bars   []bar
	Ticks  []tick
	Idle   string // the share of the slots' time that no job used
}

// slotRow is the background of a slot.
type slotRow struct {
	Y int // in pixels
}

// bar is a job on the timeline. X and Width are in percent of the chart's width, so that
// the chart fits any screen.
type bar struct {
	X     string
	Width string
	Y     int // in pixels
	Class string
	Title string
}

// tick is a time on the axis.
type tick struct {
	X      string // in percent
	Anchor string // which end of the text is at X
	Text   string
}

const (
	slotHeight = 14 // in pixels, with the gap below
	axisHeight = 20 // in pixels

	// narrowestBar, in percent, is wide enough to be seen.
	narrowestBar = 0.15
)

// newTimeline returns the timeline of a run.
func newTimeline(run Run) timeline {
	begin, end := bounds(run)
	length := end.Sub(begin)
	var t timeline
	if length <= 0 {
		return t
	}
	var used time.Duration
	var freeAt []time.Time // when each slot is free
	for _, job := range startedJobs(run.Jobs) {
		slot := slices.IndexFunc(freeAt, func(free time.Time) bool {
			return !free.After(job.Started)
		})
		if slot < 0 {
			slot = len(freeAt)
			freeAt = append(freeAt, time.Time{})
		}
		freeAt[slot] = job.Finished
		used += job.duration()
		t.Bars = append(t.Bars, newBar(job, slot, begin, length))
	}
	t.Slots = len(freeAt)
	for slot := range t.Slots {
		t.Rows = append(t.Rows, slotRow{Y: slot * slotHeight})
	}
	t.Bottom = t.Slots * slotHeight
	t.Height = t.Bottom + axisHeight
	t.Ticks = newTicks(begin, length)
	t.Idle = percentText(1 - used.Seconds()/(length.Seconds()*float64(max(1, t.Slots))))
	return t
}

// bounds returns when the chart begins and ends: with the run, or with a job that began
// before it.
func bounds(run Run) (begin, end time.Time) {
	begin, end = run.Began, run.Ended
	for _, job := range startedJobs(run.Jobs) {
		if job.Started.Before(begin) {
			begin = job.Started
		}
		if job.Finished.After(end) {
			end = job.Finished
		}
	}
	return begin, end
}

// startedJobs returns the jobs that were started, in the order of their starts.
func startedJobs(jobs []Job) []Job {
	var started []Job
	for _, job := range jobs {
		if !job.Started.IsZero() {
			started = append(started, job)
		}
	}
	slices.SortStableFunc(started, func(a, b Job) int {
		return a.Started.Compare(b.Started)
	})
	return started
}

// newBar returns the bar of a job in a slot of a chart.
func newBar(job Job, slot int, begin time.Time, length time.Duration) bar {
	percent := func(d time.Duration) float64 { return 100 * d.Seconds() / length.Seconds() }
	width := max(narrowestBar, percent(job.duration()))
	x := min(percent(job.Started.Sub(begin)), 100-narrowestBar)
	took := roundDuration(job.duration())
	return bar{
		X:     fmt.Sprintf("%.3f%%", x),
		Width: fmt.Sprintf("%.3f%%", min(width, 100-x)),
		Y:     slot * slotHeight,
		Class: classes[job.Outcome],
		Title: fmt.Sprintf("%s: %s, %s from %s", job.Name, job.Outcome, took, clock(job.Started)),
	}
}

// newTicks returns the times at the beginning, in the middle and at the end.
func newTicks(begin time.Time, length time.Duration) []tick {
	return []tick{
		{X: "0%", Anchor: "start", Text: clock(begin)},
		{X: "50%", Anchor: "middle", Text: clock(begin.Add(length / 2))},
		{X: "100%", Anchor: "end", Text: clock(begin.Add(length))},
	}
}

// percentText returns a share as a whole percentage.
func percentText(share float64) string {
	return fmt.Sprintf("%.0f %%", 100*max(0, share))
}
