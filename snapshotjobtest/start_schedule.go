package snapshotjobtest

import (
	"maps"
	"net/http"
	"time"
)

// startSchedule begins a run of a schedule. While the last run goes on, it skips
// the new one and responds with 202.
func (c *call) startSchedule() (*apiResponse, *apiError) {
	if err := checkIDs(c.job, "ScheduleId"); err != nil {
		return nil, err
	}
	body := wireScheduleStarted{RequestID: c.record.ID}
	reserved, err := c.reserveRun()
	if err != nil {
		return nil, err
	}
	if !reserved {
		return &apiResponse{status: http.StatusAccepted, body: body}, nil
	}
	defer c.releaseRun() // even if Life panics or ends the goroutine
	// Life may call the server, so that it must not be called under the mutex.
	life := c.server.options.Life(c.job)
	c.beginRun(life)
	return ok(body), nil
}

// scheduleKey returns the schedule that a call is for.
func (c *call) scheduleKey() scheduleKey {
	return scheduleKey{
		dashboardID: c.job.DashboardID,
		scheduleID:  c.job.SnapshotJobID, // See Request.Job.
	}
}

// reserveRun finds the schedule of a call. It reports false if a run of it goes on, or
// is being started. Otherwise no other call can start one until releaseRun.
func (c *call) reserveRun() (reserved bool, err *apiError) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	a, err := c.server.findDashboardLocked(c.job)
	if err != nil {
		return false, err
	}
	key := c.scheduleKey()
	if !c.server.hasSchedule(key.scheduleID) {
		return false, newError("ResourceNotFoundException", "Schedule %s is not found.", key.scheduleID)
	}
	a.forgetEndedRunsLocked(c.server.now())
	_, underWay := a.runEnds[key]
	if underWay || a.scheduleStarts[key] {
		return false, nil
	}
	a.scheduleStarts[key] = true
	return true, nil
}

// forgetEndedRunsLocked leaves only the runs that go on.
func (a *account) forgetEndedRunsLocked(now time.Time) {
	maps.DeleteFunc(a.runEnds, func(_ scheduleKey, ends time.Time) bool {
		return !ends.After(now)
	})
}

// beginRun begins a run, which lasts as long as a job of this life. The run has no job
// and no files.
func (c *call) beginRun(life Life) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	a := c.server.accounts[c.job.AWSAccountID]
	// The sum of the two, either of which may be forever, could be too large for a
	// time.Duration. A time.Time has room for it.
	begins := c.server.now().Add(life.queuedFor())
	a.runEnds[c.scheduleKey()] = begins.Add(life.runsFor())
}

// releaseRun gives up what reserveRun took.
func (c *call) releaseRun() {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	a := c.server.accounts[c.job.AWSAccountID]
	delete(a.scheduleStarts, c.scheduleKey())
}
