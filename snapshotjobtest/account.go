package snapshotjobtest

import (
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/quicksight-go/snapshotjob"
)

// account holds what is limited by account.
type account struct {
	jobs       map[snapshotjob.Job]*job
	active     []*job // those that may not have ended
	dashboards map[string]bool
	schedules  map[[2]string]time.Time // when the run of a dashboard's schedule ends
	limiter    *rate.Limiter
}

// account returns an account, known from now on. It needs the mutex, or a server
// that nobody else has yet.
func (s *Server) account(id string) *account {
	a := s.accounts[id]
	if a == nil {
		limit, burst := rate.Limit(s.options.RequestsPerSecond), s.options.RequestsPerSecond
		if burst < 0 {
			limit, burst = rate.Inf, 0
		}
		a = &account{
			jobs:       map[snapshotjob.Job]*job{},
			dashboards: map[string]bool{},
			schedules:  map[[2]string]time.Time{},
			limiter:    rate.NewLimiter(limit, burst),
		}
		for _, id := range s.options.Dashboards {
			a.dashboards[id] = true
		}
		s.accounts[id] = a
	}
	return a
}

// running returns how many jobs of the account are queued or running.
func (a *account) running(now time.Time) int {
	active := a.active[:0]
	for _, j := range a.active {
		if j.ends().After(now) && a.jobs[j.Job] == j {
			active = append(active, j)
		}
	}
	clear(a.active[len(active):])
	a.active = active
	return len(active)
}

func (s *Server) hasDashboard(a *account, id string) bool {
	return s.options.Dashboards == nil || a.dashboards[id]
}

func (s *Server) hasSchedule(id string) bool {
	return s.options.Schedules == nil || slices.Contains(s.options.Schedules, id)
}
