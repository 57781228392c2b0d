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

	// objects are the files in S3, by their place in life.Files and then by
	// destination. A file that was not made has none.
	objects [][]*object
}

// ends returns when the job ends, or has ended.
func (j *job) ends() time.Time {
	_, end := j.life.until()
	return j.created.Add(end)
}

// hasEnded reports whether the job has ended at a time.
func (j *job) hasEnded(now time.Time) bool {
	return !j.ends().After(now)
}

// status returns the job's status at a time, and since when the job has it.
func (j *job) status(now time.Time) (status snapshotjob.SnapshotJobStatus, since time.Time) {
	status, age := j.life.at(now.Sub(j.created))
	return status, j.created.Add(age)
}

// AddJob makes a job that exists as if it had been started now. Neither the rules
// of a start nor the limits apply. A job of the same ids is replaced. The job's
// account and dashboard exist from now on. AddJob panics if an id is empty, since
// no request could name the job.
func (s *Server) AddJob(id snapshotjob.Job, life Life) {
	if id.AWSAccountID == "" || id.DashboardID == "" || id.SnapshotJobID == "" {
		panic(fmt.Sprintf("snapshotjobtest: AddJob: %+v lacks an id, so that no request could name it", id))
	}
	life.Files = slices.Clone(life.Files)
	j := &job{
		id:            id,
		life:          life,
		created:       s.now(),
		configuration: s.configurationOf(life),
	}
	if !life.Registered {
		j.users = &wireUsers{AnonymousUsers: []wireUser{{}}}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ensureAccountLocked(id.AWSAccountID).dashboards[id.DashboardID] = true
	s.addJobLocked(j)
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

// addJobLocked makes a job and its files exist.
func (s *Server) addJobLocked(j *job) {
	a := s.ensureAccountLocked(j.id.AWSAccountID)
	a.jobs[j.id] = j
	a.underWay = append(a.underWay, j)
	j.objects = make([][]*object, len(j.life.Files))
	if j.life.finalStatus() != snapshotjob.SnapshotJobStatusCompleted {
		return
	}
	for i, file := range j.life.Files {
		if len(file.Errors) == 0 {
			j.objects[i] = s.putFileLocked(j, i)
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
