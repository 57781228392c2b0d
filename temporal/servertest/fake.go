package main

import (
	"cmp"
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

const (
	accessKeyID     = "AKIAIOSFODNN7EXAMPLE"
	secretAccessKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

// fake is a QuickSight on a socket, which notes the jobs that it starts.
type fake struct {
	server *snapshotjobtest.Server
	url    string
	mean   time.Duration // of how long a job takes
	slots  int           // how many jobs run at once

	mu     sync.Mutex
	random *rand.Rand
	jobs   []startedJob
}

// startedJob is a job that the fake has accepted.
type startedJob struct {
	job      snapshotjob.Job
	accepted time.Time
	duration time.Duration
}

// newFake starts a fake. A job takes from half to one and a half of the mean.
func newFake(options labOptions) *fake {
	f := &fake{
		mean:   options.job,
		slots:  options.slots,
		random: rand.New(rand.NewPCG(1, 2)), // the same in each run
	}
	f.server = snapshotjobtest.NewServer(func(o *snapshotjobtest.Options) {
		o.MaxRunningJobs = options.slots
		o.RequestsPerSecond = options.requests
		o.CountQueuedJobs = true
		o.Life = f.life
		o.Credentials.AccessKeyID = accessKeyID
		o.Credentials.SecretAccessKey = secretAccessKey
	})
	f.url = f.server.Start()
	return f
}

func (f *fake) close() { f.server.Close() }

// environment has the settings with which an AWS client uses the fake.
func (f *fake) environment() []string {
	return []string{
		"AWS_ENDPOINT_URL_QUICKSIGHT=" + f.url,
		"AWS_ENDPOINT_URL_S3=" + f.url,
		"AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=" + accessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + secretAccessKey,
		"AWS_SESSION_TOKEN=",
	}
}

// life notes a job, and says what becomes of it. The first job of a dashboard whose id
// begins with "flaky" fails, and so do all of one whose id begins with "broken". The jobs of
// "endless" never end.
func (f *fake) life(job snapshotjob.Job) snapshotjobtest.Life {
	f.mu.Lock()
	defer f.mu.Unlock()
	duration := f.mean/2 + time.Duration(f.random.Int64N(int64(f.mean)))
	f.jobs = append(f.jobs, startedJob{
		job:      job,
		accepted: time.Now(),
		duration: duration,
	})
	life := snapshotjobtest.Completed()
	isFirst := !strings.HasSuffix(job.SnapshotJobID, "-2")
	switch {
	case strings.HasPrefix(job.DashboardID, "flaky") && isFirst:
		life = snapshotjobtest.Failed(snapshotjob.ErrorTypeRLSChanged, "Security settings have changed.")
	case job.DashboardID == "endless":
		return snapshotjobtest.Completed().After(0, -1)
	case strings.HasPrefix(job.DashboardID, "broken"):
		life = snapshotjobtest.Failed(snapshotjob.ErrorTypeDashboardAccessDenied, "No access.")
	}
	return life.After(0, duration)
}

// started returns the jobs that were started so far, in the order of their starts.
func (f *fake) started() []startedJob {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.jobs)
}

// waitForJobs waits until so many jobs have been started.
func (f *fake) waitForJobs(ctx context.Context, count int) error {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for len(f.started()) < count {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
	return nil
}

// report returns what the fake has seen of a run.
func (f *fake) report(began time.Time) *report {
	jobs := f.started()
	r := &report{
		jobs:         len(jobs),
		doubleStarts: countDoubleStarts(jobs),
		mostRunning:  mostRunning(jobs),
		makespan:     lastEnd(jobs).Sub(began),
		bound:        greedyBound(jobs, f.slots),
	}
	for _, request := range f.server.Requests() {
		if request.Operation != "" && request.Operation != snapshotjobtest.GetObject {
			r.calls++
		}
		switch request.Status {
		case http.StatusConflict:
			r.refused++
		case http.StatusTooManyRequests:
			r.throttled++
		}
	}
	return r
}

// countDoubleStarts returns how many jobs are not the first of their dashboard. Each
// export has a dashboard of its own.
func countDoubleStarts(jobs []startedJob) int {
	seen := map[string]bool{}
	for _, started := range jobs {
		seen[started.job.DashboardID] = true
	}
	return len(jobs) - len(seen)
}

// mostRunning returns how many jobs have run at once at most.
func mostRunning(jobs []startedJob) int {
	most := 0
	for _, started := range jobs {
		running := 0
		for _, other := range jobs {
			hasBegun := !other.accepted.After(started.accepted)
			if hasBegun && other.accepted.Add(other.duration).After(started.accepted) {
				running++
			}
		}
		most = max(most, running)
	}
	return most
}

// lastEnd returns when the last job has ended.
func lastEnd(jobs []startedJob) time.Time {
	last := slices.MaxFunc(jobs, func(a, b startedJob) int {
		return cmp.Compare(a.end().UnixNano(), b.end().UnixNano())
	})
	return last.end()
}

func (j startedJob) end() time.Time { return j.accepted.Add(j.duration) }

// greedyBound returns how long the jobs take if each begins, in this order, as soon as
// one of the slots is free.
func greedyBound(jobs []startedJob, slots int) time.Duration {
	free := make([]time.Duration, slots) // when each slot is free
	for _, started := range jobs {
		slices.Sort(free)
		free[0] += started.duration
	}
	return slices.Max(free)
}
