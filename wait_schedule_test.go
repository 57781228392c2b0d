package snapshotjob

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestWaitSchedule compares Wait's delays with a poll every 5 seconds, over
// jobs that queue for 15 seconds in the mean and render for 10 seconds to 15
// minutes, each order of magnitude as likely as any other.
func TestWaitSchedule(t *testing.T) {
	o, faults := prepareWait(nil)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	var ours, fixed struct {
		polls int
		lag   time.Duration
	}
	random := rand.New(rand.NewPCG(1, 2))
	const jobs = 50_000
	for range jobs {
		queued := time.Duration(random.ExpFloat64() * float64(15*time.Second))
		end := queued + time.Duration(10*math.Pow(90, random.Float64())*float64(time.Second))

		pace := &wait{options: o, delay: o.MinDelay}
		at := o.FirstDelay
		ours.polls++
		for ; at < end; ours.polls++ {
			status := SnapshotJobStatusRunning
			if at < queued {
				status = SnapshotJobStatusQueued
			}
			pace.status = status
			at += pace.delayAfterStatus()
		}
		ours.lag += at - end

		n := int(end/(5*time.Second)) + 1
		fixed.polls += n
		fixed.lag += time.Duration(n)*5*time.Second - end
	}
	t.Logf("polls and lag per job: Wait %.2f, %v; every 5 seconds %.2f, %v",
		float64(ours.polls)/jobs, ours.lag/jobs, float64(fixed.polls)/jobs, fixed.lag/jobs)
	if ours.polls >= fixed.polls || ours.lag > fixed.lag {
		t.Error("want fewer polls at no more lag")
	}
}
