package snapshotjobtest

import (
	"net/http"
)

// describeJob tells the status of a job and what was asked for.
func (c *call) describeJob() (*apiResponse, *apiError) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	now := c.server.advanceLocked()
	j, err := c.findJobLocked()
	if err != nil {
		return nil, err
	}
	status, since := j.statusLocked(now)
	return ok(wireJob{
		ARN:                   c.server.arn(j.id),
		AWSAccountID:          j.id.AWSAccountID,
		DashboardID:           j.id.DashboardID,
		SnapshotJobID:         j.id.SnapshotJobID,
		UserConfiguration:     j.users,
		SnapshotConfiguration: j.configuration,
		CreatedTime:           epoch(j.created),
		LastUpdatedTime:       epoch(since),
		JobStatus:             string(status),
		RequestID:             c.record.ID,
		Status:                http.StatusOK,
	}), nil
}

// findJobLocked returns the job that a call is about, if its user may see it.
func (c *call) findJobLocked() (*job, *apiError) {
	j := c.server.jobLocked(c.job)
	if j == nil {
		return nil, c.noJobLocked()
	}
	if j.life.User != c.user.name {
		return nil, newError("AccessDeniedException",
			"The user is not authorized to access the snapshot job: another user started it.")
	}
	return j, nil
}

// noJobLocked returns the error that says why there is no job for a call.
func (c *call) noJobLocked() *apiError {
	// The ids are not checked before, because AddJob takes ids that the service
	// doesn't allow, and such a job is to be found. DescribeDashboardSnapshotJob is
	// left out, because it has no InvalidParameterValueException in the service model.
	if c.operation != DescribeDashboardSnapshotJob {
		if err := checkIDs(c.job, "SnapshotJobId"); err != nil {
			return err
		}
	}
	if _, err := c.server.findDashboardLocked(c.job); err != nil {
		return err
	}
	return newError("ResourceNotFoundException",
		"Dashboard Snapshot Job with id %s is not found.", c.job.SnapshotJobID)
}
