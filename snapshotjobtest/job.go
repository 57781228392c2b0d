package snapshotjobtest

import (
	"fmt"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// job is one that was started.
type job struct {
	snapshotjob.Job
	life          Life
	created       time.Time
	configuration *wireConfiguration
	users         *wireUsers  // as a description shows them; nil for a registered user
	objects       [][]*object // by file and destination; nil for a file that was not made
}

func (j *job) ends() time.Time {
	_, end := j.life.until()
	return j.created.Add(end)
}

// status returns the job's status at a time, and since when it has it.
func (j *job) status(now time.Time) (snapshotjob.SnapshotJobStatus, time.Time) {
	status, age := j.life.at(now.Sub(j.created))
	return status, j.created.Add(age)
}

// AddJob makes a job that exists as if it had been started now. The limits don't
// apply. A job of the same ids is replaced; the job's account and dashboard
// exist from now on.
func (s *Server) AddJob(id snapshotjob.Job, life Life) {
	if id.AWSAccountID == "" || id.DashboardID == "" || id.SnapshotJobID == "" {
		panic(fmt.Sprintf("snapshotjobtest: AddJob: %+v lacks an id, so that no request could name it", id))
	}
	now := time.Now().Add(s.options.ClockSkew)
	configuration := &wireConfiguration{}
	for _, file := range life.Files {
		configuration.FileGroups = append(configuration.FileGroups, wireGroup{Files: []wireFile{file.wire()}})
	}
	if d := life.Destination; d != nil {
		bucket := &wireBucket{d.BucketName, d.BucketPrefix, or(d.BucketRegion, s.options.Region)}
		configuration.DestinationConfiguration = &wireDestinations{[]wireDestination{{bucket}}}
	}
	j := &job{Job: id, life: life, created: now, configuration: configuration}
	if !life.Registered {
		j.users = &wireUsers{AnonymousUsers: []wireUser{{}}}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account(id.AWSAccountID).dashboards[id.DashboardID] = true
	s.add(j)
}

// add makes a job and its files exist. It needs the mutex.
func (s *Server) add(j *job) {
	a := s.account(j.AWSAccountID)
	a.jobs[j.Job] = j
	a.active = append(a.active, j)
	j.life.Files = append([]File(nil), j.life.Files...)
	j.objects = make([][]*object, len(j.life.Files))
	if j.life.end() != snapshotjob.SnapshotJobStatusCompleted {
		return
	}
	for i, file := range j.life.Files {
		if len(file.Errors) == 0 {
			j.objects[i] = s.put(j, i)
		}
	}
}
