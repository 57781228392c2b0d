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
	underWay   []*job // may also hold jobs that have ended since, or were replaced
	dashboards map[string]bool
	schedules  map[scheduleKey]time.Time // when the run of each schedule ends
	limiter    *rate.Limiter             // of requests
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
		jobs:       map[snapshotjob.Job]*job{},
		dashboards: map[string]bool{},
		schedules:  map[scheduleKey]time.Time{},
		limiter:    newLimiter(s.options.RequestsPerSecond),
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
	if s.options.Dashboards != nil && !a.dashboards[id.DashboardID] {
		return nil, newError("ResourceNotFoundException", "Dashboard %s is not found.", id.DashboardID)
	}
	return a, nil
}

// hasSchedule reports whether every dashboard has a schedule of this id.
func (s *Server) hasSchedule(id string) bool {
	return s.options.Schedules == nil || slices.Contains(s.options.Schedules, id)
}

// countUnderWayLocked returns how many jobs of the account count towards
// [Options].MaxRunningJobs at a time. It forgets those that are no longer under
// way.
func (a *account) countUnderWayLocked(now time.Time) int {
	a.underWay = slices.DeleteFunc(a.underWay, func(j *job) bool {
		replaced := a.jobs[j.id] != j
		return replaced || j.hasEnded(now)
	})
	return len(a.underWay)
}
