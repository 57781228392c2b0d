package snapshotjobtest

import (
	"net/http"
)

// startSchedule begins a run, or skips it while the last one goes on.
func (c *call) startSchedule() (int, any, error) {
	if err := checkIDs(c.job, "ScheduleId"); err != nil {
		return 0, nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.accounts[c.job.AWSAccountID]
	switch {
	case a == nil:
		return 0, nil, refuse("AccessDeniedException", "The user is not authorized to access resources of the account %s.", c.job.AWSAccountID)
	case !c.hasDashboard(a, c.job.DashboardID):
		return 0, nil, refuse("ResourceNotFoundException", "Dashboard %s is not found.", c.job.DashboardID)
	case !c.hasSchedule(c.job.SnapshotJobID):
		return 0, nil, refuse("ResourceNotFoundException", "Schedule %s is not found.", c.job.SnapshotJobID)
	}
	schedule := [2]string{c.job.DashboardID, c.job.SnapshotJobID}
	if c.now.Before(a.schedules[schedule]) {
		return http.StatusAccepted, wireScheduleStarted{c.record.ID}, nil
	}
	run := job{Job: c.job, life: c.options.Life(c.job), created: c.now}
	a.schedules[schedule] = run.ends()
	return http.StatusOK, wireScheduleStarted{c.record.ID}, nil
}
