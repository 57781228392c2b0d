package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/conformance"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

const (
	// slots is how many jobs of an account may run at once, as AWS documents it.
	slots = 12

	// tenantSlots is how many of them the other tenant takes.
	tenantSlots = 4

	// maxTenantTime is how long the tenant holds its slots, and leaves them, at most: so
	// many times the median of the jobs.
	maxTenantTime = 4

	// horizon is for how long there is a tenant: so many times the bound without one.
	horizon = 10
)

// medians are the medians of how long jobs run.
var medians = []time.Duration{20 * time.Second, time.Minute, 5 * time.Minute}

// scenario is what the service does to a program.
type scenario struct {
	median time.Duration // of how long jobs run
	shared bool          // whether there is another tenant
}

// allScenarios returns the scenarios in the order of the table.
func allScenarios() []scenario {
	var all []scenario
	for _, median := range medians {
		all = append(all,
			scenario{median: median, shared: false},
			scenario{median: median, shared: true},
		)
	}
	return all
}

// account says, in words of the table, who uses the account.
func (s scenario) account() string {
	if s.shared {
		return "shared"
	}
	return "alone"
}

// String names the scenario.
func (s scenario) String() string {
	return fmt.Sprintf("%v, %s", s.median, s.account())
}

// workload is what a program has to do in one run, and what else happens.
type workload struct {
	jobs  []snapshotjob.Job
	lives snapshotjobtest.Distribution

	// holds are the times at which the tenant has its slots, one after the other.
	holds []hold

	// end is when the tenant has gone. A run that lasts longer measures something else.
	end time.Duration
}

// hold is a time, since the beginning of a run, at which the tenant has its slots.
type hold struct {
	from time.Duration
	to   time.Duration
}

// newWorkload draws the workload of a scenario. It depends on the arguments alone.
func newWorkload(s scenario, seed uint64, requests int) workload {
	w := workload{
		lives: snapshotjobtest.Distribution{Seed: seed, Running: s.median},
	}
	for i := range requests {
		w.jobs = append(w.jobs, snapshotjob.Job{
			AWSAccountID:  conformance.AccountID,
			DashboardID:   "sales",
			SnapshotJobID: fmt.Sprintf("job-%d", i),
		})
	}
	w.end = horizon * w.bound()
	if s.shared {
		w.holds = drawHolds(seed, maxTenantTime*s.median, w.end)
	}
	return w
}

// drawHolds draws when the tenant has its slots. It holds them and leaves them in turns,
// each time for up to longest.
func drawHolds(seed uint64, longest, end time.Duration) []hold {
	const stream = 0x7465_6e61_6e74 // Any constant would do.
	random := rand.New(rand.NewPCG(seed, stream))
	draw := func() time.Duration { return time.Duration(random.Int64N(int64(longest))) }
	var holds []hold
	for now := draw(); now < end; {
		h := hold{from: now, to: now + draw()}
		holds = append(holds, h)
		now = h.to + draw()
	}
	return holds
}

// durations returns how long the jobs run.
func (w *workload) durations() []time.Duration {
	var durations []time.Duration
	for _, job := range w.jobs {
		durations = append(durations, w.lives.Life(job).Running)
	}
	return durations
}

// bound returns the shortest makespan of the workload.
func (w *workload) bound() time.Duration {
	return greedyMakespan(w.durations(), w.holds)
}

// newServer returns a fake on which the workload's jobs run, and the tenant's from now on.
// The tenant gets its slots even if none is free: no job of the program is stopped for
// it, but as many as are too much must end before another one starts.
func (w *workload) newServer() *snapshotjobtest.Server {
	server := snapshotjobtest.NewServer(func(o *snapshotjobtest.Options) {
		o.Life = w.lives.Life
		o.MaxRequests = 1 // Nobody asks for them.
	})
	for i, h := range w.holds {
		for slot := range tenantSlots {
			job := snapshotjob.Job{
				AWSAccountID:  conformance.AccountID,
				DashboardID:   "tenant",
				SnapshotJobID: fmt.Sprintf("job-%d-%d", i, slot),
			}
			server.AddJob(job, snapshotjobtest.Completed().After(h.from, h.to-h.from))
		}
	}
	return server
}
