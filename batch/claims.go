package batch

import (
	"hash/maphash"
	"strings"
	"sync"

	"github.com/quicksight-go/snapshotjob"
)

// hash stands for a job or a name where many are remembered: it has 16 bytes, whatever the
// length of what it stands for. That two of a million are the same is less likely than 1
// in 10^26.
type hash [2]uint64

// hasher makes hashes. Those of two hashers can't be compared.
type hasher struct {
	seeds [2]maphash.Seed
}

// newHasher returns a new hasher.
func newHasher() hasher {
	return hasher{
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
	}
}

// ofJob returns the hash of a job.
func (h hasher) ofJob(job snapshotjob.Job) hash {
	return hash{
		maphash.Comparable(h.seeds[0], job),
		maphash.Comparable(h.seeds[1], job),
	}
}

// ofName returns the hash of a name.
func (h hasher) ofName(name string) hash {
	return hash{
		maphash.String(h.seeds[0], name),
		maphash.String(h.seeds[1], name),
	}
}

// claimedJobs are the jobs of all requests so far.
type claimedJobs struct {
	hasher hasher
	hashes map[hash]struct{}
}

// newClaimedJobs returns an empty set of jobs.
func newClaimedJobs() *claimedJobs {
	return &claimedJobs{
		hasher: newHasher(),
		hashes: map[hash]struct{}{},
	}
}

// add adds a job, and reports whether it is a new one.
func (c *claimedJobs) add(job snapshotjob.Job) bool {
	key := c.hasher.ofJob(job)
	if _, isClaimed := c.hashes[key]; isClaimed {
		return false
	}
	c.hashes[key] = struct{}{}
	return true
}

// claimedNames are the names of files, and the jobs that have them. It is safe for
// concurrent use.
type claimedNames struct {
	hasher hasher

	mu     sync.Mutex // guards owners
	owners map[hash]hash
}

// newClaimedNames returns a set without names.
func newClaimedNames() *claimedNames {
	return &claimedNames{
		hasher: newHasher(),
		owners: map[hash]hash{},
	}
}

// claim gives names to a job: all of them or, if another job has one, none. It returns the
// first name that another job has, and reports false if there is one. Some file systems
// don't tell upper from lower case.
func (c *claimedNames) claim(job snapshotjob.Job, names []string) (taken string, ok bool) {
	claimant := c.hasher.ofJob(job)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range names {
		owner, isTaken := c.owners[c.keyOf(name)]
		if isTaken && owner != claimant {
			return name, false
		}
	}
	for _, name := range names {
		c.owners[c.keyOf(name)] = claimant
	}
	return "", true
}

// keyOf returns the key of a name in owners.
func (c *claimedNames) keyOf(name string) hash {
	return c.hasher.ofName(strings.ToLower(name))
}
