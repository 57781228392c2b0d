package snapshotjobtest

import (
	"cmp"
	"slices"
	"time"
)

// timeline decides when the jobs of an account begin to run and when they end. While
// maxRunning jobs are running, the others wait for a slot. Its methods need the server's
// mutex, as all of an account does.
//
// There is no goroutine and no timer that would move the jobs on. Whoever wants to
// know about a job calls advance before, which works out what has happened since it
// was called the last time. What happens in the future is not known until then: a
// job that is started later may take the slot that another one would have got.
type timeline struct {
	maxRunning int // negative: no limit
	added      int // how many jobs there have been; it numbers them

	// Jobs that are QUEUED are in one of two lists.
	notDue  []*job // their time to run has not come; in the order of that time
	waiting []*job // their time has come, but they wait for a slot; in the order of starts

	running []*job // in the order of their ends
}

// add puts a job on the timeline, at the time when it was created. An exempt job
// doesn't wait for a slot, but takes one.
func (t *timeline) add(j *job) {
	t.added++
	j.number = t.added
	t.notDue = insertJob(t.notDue, j, compareDue)
}

// remove takes a job off the timeline, if it is there. Its slot is free from then on.
func (t *timeline) remove(j *job, now time.Time) {
	isJob := func(other *job) bool {
		return other == j
	}
	t.notDue = slices.DeleteFunc(t.notDue, isJob)
	t.waiting = slices.DeleteFunc(t.waiting, isJob)
	t.running = slices.DeleteFunc(t.running, isJob)
	t.fillSlots(now)
}

// countUnderWay returns how many jobs have not ended.
func (t *timeline) countUnderWay() int {
	return len(t.notDue) + len(t.waiting) + len(t.running)
}

// advance brings the timeline up to a time. It returns the jobs that have ended, in
// the order of their ends.
func (t *timeline) advance(now time.Time) []*job {
	var ended []*job
	for {
		next, ok := t.nextEvent()
		if !ok || next.After(now) {
			return ended
		}
		ended = append(ended, t.endJobs(next)...)
		t.takeDueJobs(next)
		t.fillSlots(next)
	}
}

// nextEvent returns when the next job ends, or when the time of the next one to run
// comes. It reports false if nothing will ever happen.
func (t *timeline) nextEvent() (next time.Time, ok bool) {
	if len(t.notDue) > 0 {
		next = t.notDue[0].due
		ok = true
	}
	if len(t.running) > 0 && (!ok || t.running[0].ends.Before(next)) {
		next = t.running[0].ends
		ok = true
	}
	return next, ok
}

// endJobs ends the jobs whose end has come, and returns them.
func (t *timeline) endJobs(now time.Time) []*job {
	var ended []*job
	for len(t.running) > 0 && !t.running[0].ends.After(now) {
		ended = append(ended, t.running[0])
		t.running = slices.Delete(t.running, 0, 1)
	}
	return ended
}

// takeDueJobs takes the jobs whose time to run has come out of notDue. They wait for a
// slot, but for exempt jobs, which begin to run at once.
func (t *timeline) takeDueJobs(now time.Time) {
	for len(t.notDue) > 0 && !t.notDue[0].due.After(now) {
		j := t.notDue[0]
		t.notDue = slices.Delete(t.notDue, 0, 1)
		if j.exempt {
			t.begin(j, now)
		} else {
			t.waiting = insertJob(t.waiting, j, compareNumbers)
		}
	}
}

// fillSlots lets jobs run that wait for a slot, as far as there are free ones.
func (t *timeline) fillSlots(now time.Time) {
	for len(t.waiting) > 0 && t.hasFreeSlot() {
		j := t.waiting[0]
		t.waiting = slices.Delete(t.waiting, 0, 1)
		t.begin(j, now)
	}
}

// hasFreeSlot reports whether one more job may run.
func (t *timeline) hasFreeSlot() bool {
	return t.maxRunning < 0 || len(t.running) < t.maxRunning
}

// begin lets a job run.
func (t *timeline) begin(j *job, now time.Time) {
	j.begun = now
	j.ends = now.Add(j.life.runsFor())
	t.running = insertJob(t.running, j, compareEnds)
}

// insertJob puts a job into a list that is in the order of compare.
func insertJob(list []*job, j *job, compare func(a, b *job) int) []*job {
	i, _ := slices.BinarySearchFunc(list, j, compare)
	return slices.Insert(list, i, j)
}

// compareNumbers orders jobs by their starts.
func compareNumbers(a, b *job) int {
	return cmp.Compare(a.number, b.number)
}

// compareDue orders jobs by the time when they may run.
func compareDue(a, b *job) int {
	return cmp.Or(a.due.Compare(b.due), compareNumbers(a, b))
}

// compareEnds orders running jobs by their ends.
func compareEnds(a, b *job) int {
	return cmp.Or(a.ends.Compare(b.ends), compareNumbers(a, b))
}
