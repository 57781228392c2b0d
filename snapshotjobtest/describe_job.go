package snapshotjobtest

import (
	"net/http"
)

func (c *call) describe() (int, any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	j, err := c.lookUp()
	if err != nil {
		return 0, nil, err
	}
	status, since := j.status(c.now)
	return http.StatusOK, wireJob{
		ARN: c.arn(j.Job), AWSAccountID: j.AWSAccountID, DashboardID: j.DashboardID, SnapshotJobID: j.SnapshotJobID,
		UserConfiguration: j.users, SnapshotConfiguration: j.configuration,
		CreatedTime: epoch(j.created), LastUpdatedTime: epoch(since), JobStatus: string(status),
		RequestID: c.record.ID, Status: http.StatusOK,
	}, nil
}

// lookUp returns the job that a call is about, if its user may see it. It needs
// the mutex.
func (c *call) lookUp() (*job, error) {
	a := c.accounts[c.job.AWSAccountID]
	if a != nil {
		if j := a.jobs[c.job]; j != nil {
			if j.life.User != c.user.name {
				return nil, refuse("AccessDeniedException", "The user is not authorized to access the snapshot job: another user started it.")
			}
			return j, nil
		}
	}
	// Service model: DescribeDashboardSnapshotJob has no InvalidParameterValueException.
	if err := checkIDs(c.job, "SnapshotJobId"); err != nil && c.op != DescribeDashboardSnapshotJob {
		return nil, err
	}
	if a == nil {
		return nil, refuse("AccessDeniedException", "The user is not authorized to access resources of the account %s.", c.job.AWSAccountID)
	}
	if !c.hasDashboard(a, c.job.DashboardID) {
		return nil, refuse("ResourceNotFoundException", "Dashboard %s is not found.", c.job.DashboardID)
	}
	return nil, refuse("ResourceNotFoundException", "Dashboard Snapshot Job with id %s is not found.", c.job.SnapshotJobID)
}
