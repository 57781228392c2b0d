package snapshotjobtest

import (
	"net/http"
)

// startSchedule begins a run of a schedule. While the last run goes on, it skips
// the new one and responds with 202.
func (c *call) startSchedule() (*response, *apiError) {
	if err := checkIDs(c.job, "ScheduleId"); err != nil {
		return nil, err
	}
	scheduleID := c.job.SnapshotJobID // See Request.Job.
	key := scheduleKey{dashboardID: c.job.DashboardID, scheduleID: scheduleID}
	body := wireScheduleStarted{RequestID: c.record.ID}

	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	a, err := c.server.findDashboardLocked(c.job)
	if err != nil {
		return nil, err
	}
	if !c.server.hasSchedule(scheduleID) {
		return nil, newError("ResourceNotFoundException", "Schedule %s is not found.", scheduleID)
	}
	if a.schedules[key].After(c.now) {
		return &response{status: http.StatusAccepted, body: body}, nil
	}
	run := job{
		id:      c.job,
		life:    c.server.options.Life(c.job),
		created: c.now,
	}
	a.schedules[key] = run.ends()
	return ok(body), nil
}
