package snapshotjobtest

import (
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/quicksight-go/snapshotjob"
)

// account holds what belongs to one AWS account, and what is limited by account.
type account struct {
	jobs       map[snapshotjob.Job]*job
	timeline   timeline                  // of the jobs
	dashboards map[string]bool           // the ids of those of Options.Dashboards and AddJob
	runEnds    map[scheduleKey]time.Time // when the run of each schedule that runs ends
	limiter    *rate.Limiter             // of requests

	// ended are those of jobs that have ended; the one that ended first comes first.
	// It is kept only for Options.MaxEndedJobs. Without that limit it is empty.
	ended []*job

	// starts are the calls that are starting a job, while the mutex is free for
	// Options.Life. The id of such a job is taken already.
	starts map[snapshotjob.Job]*call

	// scheduleStarts are the schedules of which a run is being started.
	scheduleStarts map[scheduleKey]bool
}

// scheduleKey names a schedule of an account.
type scheduleKey struct{ dashboardID, scheduleID string }

// ensureAccountLocked returns the account of an id. If the server didn't know the
// account, it does from now on.
func (s *Server) ensureAccountLocked(id string) *account {
	if a := s.accounts[id]; a != nil {
		return a
	}
	a := &account{
		jobs:           map[snapshotjob.Job]*job{},
		timeline:       timeline{maxRunning: s.options.MaxRunningJobs},
		dashboards:     map[string]bool{},
		runEnds:        map[scheduleKey]time.Time{},
		limiter:        newLimiter(s.options.RequestsPerSecond),
		starts:         map[snapshotjob.Job]*call{},
		scheduleStarts: map[scheduleKey]bool{},
	}
	for _, dashboard := range s.options.Dashboards {
		a.dashboards[dashboard] = true
	}
	s.accounts[id] = a
	return a
}

// newLimiter returns a limiter that allows so many requests in a second, or any
// number if that is negative.
func newLimiter(perSecond int) *rate.Limiter {
	if perSecond < 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Limit(perSecond), perSecond)
}

// findDashboardLocked returns the account of a job. It returns an error if the
// server doesn't know the account, or the account doesn't have the job's dashboard.
func (s *Server) findDashboardLocked(id snapshotjob.Job) (*account, *apiError) {
	a := s.accounts[id.AWSAccountID]
	if a == nil {
		return nil, newError("AccessDeniedException",
			"The user is not authorized to access resources of the account %s.", id.AWSAccountID)
	}
	if !s.hasDashboardLocked(a, id.DashboardID) {
		return nil, newError("ResourceNotFoundException", "Dashboard %s is not found.", id.DashboardID)
	}
	return a, nil
}

// hasDashboardLocked reports whether an account has a dashboard.
func (s *Server) hasDashboardLocked(a *account, id string) bool {
	everyOneExists := s.options.Dashboards == nil
	return everyOneExists || a.dashboards[id] || s.dashboards[id] != nil
}

// hasSchedule reports whether there is a schedule of this id. All dashboards have the
// same schedules.
func (s *Server) hasSchedule(id string) bool {
	return s.options.Schedules == nil || slices.Contains(s.options.Schedules, id)
}

// countJobsLocked returns how many jobs of the account count for [Options].MaxRunningJobs.
// The timeline must be up to date.
func (a *account) countJobsLocked(options *Options) int {
	if options.CountQueuedJobs {
		return a.timeline.countUnderWay() + len(a.starts)
	}
	return len(a.timeline.running)
}
