package snapshotjobtest

// startJob starts a job, if the request keeps the rules of the service and the
// account has room for the job.
func (c *call) startJob() (*response, *apiError) {
	if c.startErr != nil {
		return nil, c.startErr
	}
	if err := c.checkStart(); err != nil {
		return nil, err
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if err := c.checkAccountLocked(); err != nil {
		return nil, err
	}
	c.server.addJobLocked(c.newJob())
	return ok(wireStarted{
		ARN:           c.server.arn(c.job),
		SnapshotJobID: c.job.SnapshotJobID,
		RequestID:     c.record.ID,
	}), nil
}

// checkStart checks what a start says, whatever else the server knows.
func (c *call) checkStart() *apiError {
	options := &c.server.options
	if err := checkIDs(c.job, "SnapshotJobId"); err != nil {
		return err
	}
	if err := options.checkConfiguration(c.start.SnapshotConfiguration); err != nil {
		return err
	}
	return options.checkUsers(c.start.UserConfiguration, c.user.registered)
}

// checkAccountLocked checks that the account has the dashboard, that the id of the
// job is free, and that the account may start one more job.
func (c *call) checkAccountLocked() *apiError {
	a, err := c.server.findDashboardLocked(c.job)
	if err != nil {
		return err
	}
	if !c.isIDFreeLocked(a) {
		return newError("ResourceExistsException",
			"Dashboard Snapshot Job with id %s already exists.", c.job.SnapshotJobID)
	}
	limit := c.server.options.MaxRunningJobs
	if limit >= 0 && a.countUnderWayLocked(c.now) >= limit {
		return newError("LimitExceededException",
			"The account has reached its limit of %d running snapshot jobs.", limit)
	}
	return nil
}

// isIDFreeLocked reports whether no job has the call's id, or one that ended long
// enough ago.
func (c *call) isIDFreeLocked(a *account) bool {
	old := a.jobs[c.job]
	if old == nil {
		return true
	}
	if !old.hasEnded(c.now) {
		return false
	}
	reuse := c.server.options.JobIDReuse
	return reuse < 0 || !old.ends().Add(reuse).After(c.now)
}

// newJob makes the job that a start asks for. Options.Life gives it a life.
func (c *call) newJob() *job {
	life := c.server.options.Life(c.job)
	life.User = c.user.name
	life.Registered = c.user.registered
	life.Files = requestedFiles(c.start.SnapshotConfiguration.FileGroups, life.Files)
	return &job{
		id:            c.job,
		life:          life,
		created:       c.now,
		configuration: c.start.SnapshotConfiguration,
		users:         describedUsers(c.start.UserConfiguration),
	}
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
