package main

import (
	"slices"
	"time"
)

// greedyMakespan returns how long jobs take that run in the given order, each from the
// instant on at which there is a slot for it, while a tenant has some slots at times.
func greedyMakespan(durations []time.Duration, holds []hold) time.Duration {
	g := greedy{holds: holds}
	var makespan time.Duration
	for _, duration := range durations {
		for !g.hasRoom() {
			g.advance()
		}
		makespan = max(makespan, g.start(duration))
	}
	return makespan
}

// greedy is an account whose slots are filled without any lag.
type greedy struct {
	now   time.Duration
	ends  []time.Duration // of the jobs that run, in order
	holds []hold          // that have not ended, in order
}

// hasRoom reports whether another job may start now.
func (g *greedy) hasRoom() bool {
	taken := len(g.ends)
	if len(g.holds) > 0 && g.holds[0].from <= g.now {
		taken += tenantSlots
	}
	return taken < slots
}

// advance goes on to the next time at which a slot becomes free.
func (g *greedy) advance() {
	g.now = g.nextRelease()
	for len(g.ends) > 0 && g.ends[0] <= g.now {
		g.ends = g.ends[1:]
	}
	for len(g.holds) > 0 && g.holds[0].to <= g.now {
		g.holds = g.holds[1:]
	}
}

// nextRelease returns when the next job or hold ends. There is one if there is no room.
func (g *greedy) nextRelease() time.Duration {
	switch {
	case len(g.ends) == 0:
		return g.holds[0].to
	case len(g.holds) == 0:
		return g.ends[0]
	}
	return min(g.holds[0].to, g.ends[0])
}

// start starts a job, and returns when it ends.
func (g *greedy) start(duration time.Duration) time.Duration {
	end := g.now + duration
	i, _ := slices.BinarySearch(g.ends, end)
	g.ends = slices.Insert(g.ends, i, end)
	return end
}
