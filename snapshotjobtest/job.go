package snapshotjobtest

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// job is one that was started or added.
type job struct {
	id            snapshotjob.Job
	life          Life
	created       time.Time
	configuration *wireConfiguration
	users         *wireUsers // as a description shows them; nil for a registered user

	// objects are the files, by their place in life.Files and then by destination.
	// A file that was not made has none. They are in S3 from the end of the job on.
	objects [][]*object

	// These fields belong to the account's timeline.
	number int       // of the job among all jobs of the account
	exempt bool      // it runs even if no slot is free
	due    time.Time // when it may begin to run
	begun  time.Time // when it began to run; zero if it has not
	ends   time.Time // when it ends or has ended; zero until it begins to run
}

// hasEndedLocked reports whether the job has ended at a time.
func (j *job) hasEndedLocked(now time.Time) bool {
	return hasCome(j.ends, now)
}

// statusLocked returns the job's status at a time, and since when the job has it.
func (j *job) statusLocked(now time.Time) (status snapshotjob.SnapshotJobStatus, since time.Time) {
	switch {
	case j.hasEndedLocked(now):
		return j.life.finalStatus(), j.ends
	case hasCome(j.begun, now):
		return snapshotjob.SnapshotJobStatusRunning, j.begun
	}
	return snapshotjob.SnapshotJobStatusQueued, j.created
}

// hasCome reports whether a time of a job is known and not after now. A time that is
// known may be after now: a bubble's clock begins in the year 2000, which is before a
// job that was added outside of the bubble.
func hasCome(t, now time.Time) bool {
	return !t.IsZero() && !t.After(now)
}

// AddJob makes a job that exists as if it had been started now. Neither the rules
// of a start nor the limits apply: the job begins to run when its life says, even if
// [Options].MaxRunningJobs jobs are running. It counts as one of them, though. A job
// of the same ids is replaced, so that it is no longer running. The job's account and
// dashboard exist from now on. AddJob panics if an id is empty, since no request could
// name the job.
func (s *Server) AddJob(id snapshotjob.Job, life Life) {
	if id.AWSAccountID == "" || id.DashboardID == "" || id.SnapshotJobID == "" {
		panic(fmt.Sprintf("snapshotjobtest: AddJob: %+v lacks an id, so that no request could name it", id))
	}
	life.Files = slices.Clone(life.Files)
	j := &job{
		id:            id,
		life:          life,
		configuration: s.configurationOf(life),
		exempt:        true,
	}
	if !life.Registered {
		j.users = &wireUsers{AnonymousUsers: []wireUser{{}}}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ensureAccountLocked(id.AWSAccountID).dashboards[id.DashboardID] = true
	s.addJobLocked(j, s.advanceLocked())
}

// configurationOf returns the configuration of a request whose job has this life.
func (s *Server) configurationOf(life Life) *wireConfiguration {
	configuration := &wireConfiguration{}
	for _, file := range life.Files {
		group := wireGroup{Files: []wireFile{file.wire()}}
		configuration.FileGroups = append(configuration.FileGroups, group)
	}
	if life.Destination == nil {
		return configuration
	}
	destination := wireDestination{BucketConfiguration: &wireBucket{
		BucketName:   life.Destination.BucketName,
		BucketPrefix: life.Destination.BucketPrefix,
		BucketRegion: cmp.Or(life.Destination.BucketRegion, s.options.Region),
	}}
	configuration.DestinationConfiguration = &wireDestinations{
		S3Destinations: []wireDestination{destination},
	}
	return configuration
}

// addJobLocked makes a job exist, and what becomes of it. The time is the one that
// advanceLocked returned.
func (s *Server) addJobLocked(j *job, now time.Time) {
	a := s.ensureAccountLocked(j.id.AWSAccountID)
	if old := a.jobs[j.id]; old != nil {
		a.timeline.remove(old, now)
		s.forgetEndedJobLocked(a, old)
	}
	a.jobs[j.id] = j
	j.created = now
	j.due = now.Add(j.life.queuedFor())
	j.objects = s.newObjectsLocked(j)
	a.timeline.add(j)
	s.advanceAccountLocked(a, now)
}

// advanceLocked brings all jobs up to the time on the server's clock, which it
// returns.
func (s *Server) advanceLocked() time.Time {
	now := s.now()
	for _, a := range s.accounts {
		s.advanceAccountLocked(a, now)
	}
	return now
}

// advanceAccountLocked brings the jobs of an account up to a time.
func (s *Server) advanceAccountLocked(a *account, now time.Time) {
	for _, j := range a.timeline.advance(now) {
		s.storeFilesLocked(j)
		s.limitEndedJobsLocked(a, j)
	}
}

// limitEndedJobsLocked adds j to the jobs of an account that have ended. If that is one
// too many, it forgets the job that ended first.
func (s *Server) limitEndedJobsLocked(a *account, j *job) {
	limit := s.options.MaxEndedJobs
	if limit <= 0 {
		return
	}
	a.ended = append(a.ended, j)
	if len(a.ended) > limit {
		s.forgetEndedJobLocked(a, a.ended[0])
	}
}

// forgetEndedJobLocked forgets a job and its files, if the job is one of a.ended.
func (s *Server) forgetEndedJobLocked(a *account, j *job) {
	i := slices.Index(a.ended, j)
	if i < 0 {
		return
	}
	a.ended = slices.Delete(a.ended, i, i+1)
	delete(a.jobs, j.id)
	for _, copies := range j.objects {
		for _, o := range copies {
			s.deleteLocked(o)
		}
	}
}

// jobLocked returns the job of these ids, or nil if there is none.
func (s *Server) jobLocked(id snapshotjob.Job) *job {
	a := s.accounts[id.AWSAccountID]
	if a == nil {
		return nil
	}
	return a.jobs[id]
}
