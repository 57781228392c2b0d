package batch_test

import (
	"errors"
	"flag"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/batch"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// simulationSeeds is how many times each simulation runs, every time with other random
// numbers. The long simulations are left out of a run of the tests that does not ask for
// seeds.
var simulationSeeds = flag.Int("seeds", 0, "how many `seeds` each simulation runs with")

// slotsOfAccount is how many jobs run at once on the fake, as on a new AWS account.
const slotsOfAccount = 12

// simulation is a run of many requests on the fake, whose jobs take random times.
type simulation struct {
	seed     uint64
	requests int
	queued   time.Duration // the median of the time that a job is QUEUED
	median   time.Duration // of the time that a job is RUNNING
	others   []othersJob   // of another tenant of the account
	faults   []snapshotjobtest.Fault
	failures float64 // share of jobs and files that fail
}

// othersJob is a job of another tenant. It takes a slot even if none is free.
type othersJob struct {
	begins time.Duration // after the run has begun
	lasts  time.Duration
}

// simulated is what has happened in a simulation.
type simulated struct {
	server   *Server
	outcomes outcomes
	summary  batch.Summary
	err      error
	makespan time.Duration
}

// distribution says how long the jobs of the simulation take, and how they end.
func (s *simulation) distribution() snapshotjobtest.Distribution {
	return snapshotjobtest.Distribution{
		Seed:       s.seed,
		Queued:     s.queued,
		Running:    s.median,
		Failed:     s.failures,
		FileFailed: s.failures,
	}
}

// run runs the simulation. It must be called in a bubble.
func (s *simulation) run(t *testing.T, optFns ...func(*batch.Options)) *simulated {
	result := &simulated{}
	result.server = snapshotjobtest.NewServer(func(o *snapshotjobtest.Options) {
		o.Life = s.distribution().Life
		o.MaxRunningJobs = slotsOfAccount
	})
	result.server.Fail(snapshotjobtest.AnyOperation, s.faults...)
	for i, job := range s.others {
		id := jobOf(fmt.Sprintf("of-others-%d", i))
		timer := time.AfterFunc(job.begins, func() { result.server.AddJob(id, good().After(0, job.lasts)) })
		defer timer.Stop()
	}
	began := time.Now()
	result.summary, result.err = batch.Run(t.Context(), result.server.Client(), manyRequests(s.requests),
		result.outcomes.keep, optFns...)
	result.makespan = time.Since(began)
	return result
}

// bound returns how long the same jobs take in the same order, if each begins to run as
// soon as a slot is free. Jobs that are queued for random times begin in another order.
func (s *simulation) bound() time.Duration {
	distribution := s.distribution()
	var running []time.Duration // when the jobs that are running end
	var now time.Duration
	var last time.Duration // end so far
	for n := range s.requests {
		lasts := distribution.Life(jobOf(idOf(n))).Running
		now, running = s.freeSlot(now, running)
		running = append(running, now+lasts)
		last = max(last, now+lasts)
	}
	return last
}

// freeSlot returns the first time from now on when a slot is free, and the ends of the
// jobs of the batch that are running then.
func (s *simulation) freeSlot(now time.Duration, running []time.Duration) (time.Duration, []time.Duration) {
	for {
		running = slices.DeleteFunc(running, func(end time.Duration) bool { return end <= now })
		ends := slices.Clone(running)
		for _, job := range s.others {
			if job.begins <= now && now < job.begins+job.lasts {
				ends = append(ends, job.begins+job.lasts)
			}
		}
		if len(ends) < slotsOfAccount {
			return now, running
		}
		now = slices.Min(ends)
	}
}

// atSeeds runs a test in a bubble, with each seed.
func atSeeds(t *testing.T, test func(t *testing.T, seed uint64)) {
	for seed := range max(1, *simulationSeeds) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, uint64(seed)) })
		})
	}
}

// medians are those that jobs are simulated with.
var medians = []time.Duration{20 * time.Second, time.Minute, 5 * time.Minute}

func TestMakespanAlone(t *testing.T) {
	for _, median := range medians {
		t.Run(median.String(), func(t *testing.T) {
			atSeeds(t, func(t *testing.T, seed uint64) {
				checkMakespanAlone(t, &simulation{seed: seed, requests: 100, median: median}, 1.05)
			})
		})
	}
}

func TestMakespanOfAThousandAlone(t *testing.T) {
	if *simulationSeeds == 0 {
		t.Skip("takes seconds for each seed: -seeds 1 runs it")
	}
	for _, median := range medians {
		t.Run(median.String(), func(t *testing.T) {
			atSeeds(t, func(t *testing.T, seed uint64) {
				checkMakespanAlone(t, &simulation{seed: seed, requests: 1000, median: median}, 1.03)
			})
		})
	}
}

// checkMakespanAlone runs a simulation, and checks that it takes no longer than a multiple
// of its bound, and that nothing is throttled.
func checkMakespanAlone(t *testing.T, s *simulation, most float64) {
	result := s.run(t)
	require.NoError(t, result.err)
	assert.LessOrEqual(t, result.timesBound(t, s), most)
	assert.Zero(t, countThrottled(result.server))
	assert.LessOrEqual(t, mostCallsInASecond(result.server), 9)
}

// timesBound returns the makespan as a multiple of the bound.
func (r *simulated) timesBound(t *testing.T, s *simulation) float64 {
	ratio := r.makespan.Seconds() / s.bound().Seconds()
	t.Logf("%.3f times the bound, %d calls, %d refused", ratio, len(r.server.Requests()), r.summary.Refused)
	return ratio
}

// countThrottled returns how many requests were refused because there were too many.
func countThrottled(server *Server) int {
	count := 0
	for _, request := range server.Requests() {
		if request.Status == http.StatusTooManyRequests {
			count++
		}
	}
	return count
}

// Another tenant holds 4 of the slots at random times.
func TestMakespanBesideAnotherTenant(t *testing.T) {
	for _, median := range medians {
		t.Run(median.String(), func(t *testing.T) {
			atSeeds(t, func(t *testing.T, seed uint64) {
				s := &simulation{seed: seed, requests: 100, median: median, others: tenant(seed, median)}
				result := s.run(t)
				require.NoError(t, result.err)
				assert.LessOrEqual(t, result.timesBound(t, s), 1.10)
			})
		})
	}
}

// tenant returns the jobs of a tenant who takes 4 slots, gives them back, and takes them
// again, at random times.
func tenant(seed uint64, median time.Duration) []othersJob {
	random := rand.New(rand.NewPCG(seed, 4))
	var jobs []othersJob
	var now time.Duration
	for range 200 {
		now += time.Duration(random.ExpFloat64() * float64(2*median))
		lasts := time.Duration(random.ExpFloat64() * float64(3*median))
		for range 4 {
			jobs = append(jobs, othersJob{begins: now, lasts: lasts})
		}
		now += lasts
	}
	return jobs
}

// Jobs and files fail, the service throttles, breaks and loses responses.
func TestRunOnARoughNight(t *testing.T) {
	atSeeds(t, func(t *testing.T, seed uint64) {
		s := &simulation{
			seed:     seed,
			requests: 200,
			queued:   2 * time.Second,
			median:   time.Minute,
			others:   tenant(seed, time.Minute),
			faults:   roughFaults(seed, 3000),
			failures: 0.03,
		}
		result := s.run(t)
		checkRoughNight(t, result, s.requests)
	})
}

// roughFaults returns what goes wrong with the calls of a rough night. Most meet nothing.
func roughFaults(seed uint64, count int) []snapshotjobtest.Fault {
	random := rand.New(rand.NewPCG(seed, 5))
	rough := []snapshotjobtest.Fault{
		snapshotjobtest.Throttle(),
		snapshotjobtest.ServerError(500),
		snapshotjobtest.ServerError(503),
		snapshotjobtest.Drop(),
		snapshotjobtest.DropAfterWork(),
		snapshotjobtest.HTML(502),
		snapshotjobtest.Stall(20 * time.Second),
	}
	var faults []snapshotjobtest.Fault
	for range count {
		fault := snapshotjobtest.Pass()
		if random.Float64() < 0.1 {
			fault = rough[random.IntN(len(rough))]
		}
		faults = append(faults, fault)
	}
	return faults
}

// checkRoughNight checks that each request has one outcome, that none fails of anything but
// its job, and that no job was started twice or for nothing.
func checkRoughNight(t *testing.T, result *simulated, requests int) {
	var want []string
	for id := range allIDs(requests) {
		want = append(want, id)
	}
	assert.Equal(t, want, result.outcomes.ids())
	assert.Equal(t, requests, result.summary.Completed+result.summary.Failed)
	assert.Equal(t, 0, result.summary.Adopted)
	started := map[string]int{}
	for _, id := range startedIDs(result.server) {
		started[id]++
	}
	for id, times := range started {
		assert.Equal(t, 1, times, "starts of %s", id)
	}
	again := 0
	for _, outcome := range result.outcomes.all {
		if outcome.Err != nil {
			_, isOfJob := errors.AsType[*snapshotjob.JobError](outcome.Err)
			assert.True(t, isOfJob, "%v", outcome.Err)
		}
		if outcome.Job != outcome.Input.Job {
			again++
		}
	}
	assert.Equal(t, requests+again, result.summary.Started)
	assert.LessOrEqual(t, mostCallsInASecond(result.server), 9)
}

// allIDs are the ids of many requests.
func allIDs(count int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for n := range count {
			if !yield(idOf(n)) {
				return
			}
		}
	}
}

// No request waits until all others are done.
func TestRequestsStartInTheirOrder(t *testing.T) {
	atSeeds(t, func(t *testing.T, seed uint64) {
		s := &simulation{
			seed:     seed,
			requests: 300,
			queued:   2 * time.Second,
			median:   time.Minute,
			faults:   roughFaults(seed, 3000),
		}
		result := s.run(t)
		require.NoError(t, result.err)
		byRequest := slices.Clone(result.outcomes.all)
		slices.SortFunc(byRequest, func(a, b batch.Outcome) int { return a.Queued.Compare(b.Queued) })
		const far = 30 // requests
		for i := range len(byRequest) - far {
			assert.True(t, byRequest[i].Started.Before(byRequest[i+far].Started), "request %d", i)
		}
	})
}
