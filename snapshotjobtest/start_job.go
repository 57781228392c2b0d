package snapshotjobtest

import (
	"time"
)

// startJob starts a job, if the request keeps the rules of the service and the
// account has room for the job.
func (c *call) startJob() (*apiResponse, *apiError) {
	if c.startErr != nil {
		return nil, c.startErr
	}
	if err := c.checkRequest(); err != nil {
		return nil, err
	}
	if err := c.reserveStart(); err != nil {
		return nil, err
	}
	defer c.releaseStart() // even if Life panics or ends the goroutine
	// Life may call the server, so that it must not be called under the mutex.
	life := c.server.options.Life(c.job)
	c.addStartedJob(life)
	return ok(wireStarted{
		ARN:           c.server.arn(c.job),
		SnapshotJobID: c.job.SnapshotJobID,
		RequestID:     c.record.ID,
	}), nil
}

// reserveStart checks that the account allows the job, and takes the job's id.
func (c *call) reserveStart() *apiError {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	now := c.server.advanceLocked()
	a, err := c.checkCanStartLocked(now)
	if err != nil {
		return err
	}
	a.starts[c.job] = c
	return nil
}

// releaseStart gives up the id that reserveStart took, unless addStartedJob has done so.
func (c *call) releaseStart() {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.releaseStartLocked()
}

// releaseStartLocked gives up the id of the job, if this call still holds it. When
// releaseStart comes after addStartedJob, another call may have taken the same id, for a
// job that replaces this one.
func (c *call) releaseStartLocked() {
	starts := c.server.accounts[c.job.AWSAccountID].starts
	if starts[c.job] == c {
		delete(starts, c.job)
	}
}

// addStartedJob makes the job that a start asks for. Its life begins now.
func (c *call) addStartedJob(life Life) {
	life.User = c.user.name
	life.Registered = c.user.registered
	life.Files = requestedFiles(c.start.SnapshotConfiguration.FileGroups, life.Files)
	j := &job{
		id:            c.job,
		life:          life,
		configuration: c.start.SnapshotConfiguration,
		users:         describedUsers(c.start.UserConfiguration),
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.releaseStartLocked()
	c.server.addJobLocked(j, c.server.advanceLocked())
}

// checkRequest checks the request itself: the ids, the configuration and the users. It
// doesn't look at what the account has.
func (c *call) checkRequest() *apiError {
	options := &c.server.options
	if err := checkIDs(c.job, "SnapshotJobId"); err != nil {
		return err
	}
	if err := options.checkConfiguration(c.start.SnapshotConfiguration); err != nil {
		return err
	}
	return options.checkUsers(c.start.UserConfiguration, c.user.registered)
}

// checkCanStartLocked checks that the account has the dashboard, that the dashboard has
// what the files show, that the id of the job is free, and that the account may have one
// more job. It returns the account.
func (c *call) checkCanStartLocked(now time.Time) (*account, *apiError) {
	a, err := c.server.findDashboardLocked(c.job)
	if err != nil {
		return nil, err
	}
	if added := c.server.dashboards[c.job.DashboardID]; added != nil {
		if err := added.checkSheets(c.start.SnapshotConfiguration.FileGroups); err != nil {
			return nil, err
		}
	}
	if !c.isIDFreeLocked(a, now) {
		return nil, newError("ResourceExistsException",
			"Dashboard Snapshot Job with id %s already exists.", c.job.SnapshotJobID)
	}
	options := &c.server.options
	limit := options.MaxRunningJobs
	if limit >= 0 && a.countJobsLocked(options) >= limit {
		return nil, newError("LimitExceededException",
			"The account has reached its limit of %d running snapshot jobs.", limit)
	}
	return a, nil
}

// isIDFreeLocked reports whether no job has the call's id, or one that ended long
// enough ago.
func (c *call) isIDFreeLocked(a *account, now time.Time) bool {
	if a.starts[c.job] != nil {
		return false
	}
	old := a.jobs[c.job]
	if old == nil {
		return true
	}
	if !old.hasEndedLocked(now) {
		return false
	}
	reuse := c.server.options.JobIDReuse
	return reuse < 0 || hasCome(old.ends.Add(reuse), now)
}

// requestedFiles returns the files that a start asks for. The n-th scripted file
// decides what is in the n-th of them.
func requestedFiles(groups []wireGroup, scripted []File) []File {
	files := make([]File, len(groups))
	for i, group := range groups {
		files[i] = group.Files[0].public()
		if i < len(scripted) {
			files[i].Content = scripted[i].Content
			files[i].Size = scripted[i].Size
			files[i].Errors = scripted[i].Errors
		}
	}
	return files
}

// describedUsers returns users as a description shows them: with the keys of their
// tags, but not the values. It returns nil for a registered user.
func describedUsers(in *wireUsers) *wireUsers {
	if in == nil {
		return nil
	}
	out := &wireUsers{}
	for _, user := range in.AnonymousUsers {
		var keys []string
		for _, tag := range user.RowLevelPermissionTags {
			keys = append(keys, tag.Key)
		}
		out.AnonymousUsers = append(out.AnonymousUsers, wireUser{RowLevelPermissionTagKeys: keys})
	}
	return out
}
