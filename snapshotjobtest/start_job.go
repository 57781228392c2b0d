package snapshotjobtest

import (
	"net/http"
)

// startJob starts a job, if the request keeps the rules of the API reference
// (StartDashboardSnapshotJob and its shapes).
func (c *call) startJob() (int, any, error) {
	if c.unread != nil {
		return 0, nil, c.unread
	}
	in := &c.start
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := checkIDs(c.job, "SnapshotJobId"); err != nil {
		return 0, nil, err
	}
	if err := c.checkConfiguration(in.SnapshotConfiguration); err != nil {
		return 0, nil, err
	}
	if err := c.checkUsers(in.UserConfiguration); err != nil {
		return 0, nil, err
	}

	a := c.accounts[c.job.AWSAccountID]
	switch {
	case a == nil:
		return 0, nil, refuse("AccessDeniedException", "The user is not authorized to access resources of the account %s.", c.job.AWSAccountID)
	case !c.hasDashboard(a, c.job.DashboardID):
		return 0, nil, refuse("ResourceNotFoundException", "Dashboard %s is not found.", c.job.DashboardID)
	}
	if old := a.jobs[c.job]; old != nil {
		if ends := old.ends(); ends.After(c.now) || c.options.JobIDReuse > 0 && ends.Add(c.options.JobIDReuse).After(c.now) {
			return 0, nil, refuse("ResourceExistsException", "Dashboard Snapshot Job with id %s already exists.", c.job.SnapshotJobID)
		}
	}
	if limit := c.options.MaxRunningJobs; limit >= 0 && a.running(c.now) >= limit {
		return 0, nil, refuse("LimitExceededException", "The account has reached its limit of %d running snapshot jobs.", limit)
	}
	c.add(c.newJob(in))
	return http.StatusOK, wireStarted{c.arn(c.job), c.job.SnapshotJobID, c.record.ID}, nil
}

// newJob gives a life to what was asked for.
func (c *call) newJob(in *wireStart) *job {
	j := &job{Job: c.job, life: c.options.Life(c.job), created: c.now, configuration: in.SnapshotConfiguration}
	j.life.User, j.life.Registered = c.user.name, c.user.registered
	scripted := j.life.Files
	j.life.Files = nil
	for i, group := range in.SnapshotConfiguration.FileGroups {
		file := group.Files[0].public()
		if i < len(scripted) {
			file.Content, file.Size, file.Errors = scripted[i].Content, scripted[i].Size, scripted[i].Errors
		}
		j.life.Files = append(j.life.Files, file)
	}
	if users := in.UserConfiguration; users != nil {
		j.users = &wireUsers{}
		for _, user := range users.AnonymousUsers {
			var keys []string
			for _, tag := range user.RowLevelPermissionTags {
				keys = append(keys, tag.Key)
			}
			j.users.AnonymousUsers = append(j.users.AnonymousUsers, wireUser{RowLevelPermissionTagKeys: keys})
		}
	}
	return j
}
