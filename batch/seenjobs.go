package batch

import (
	"hash/maphash"

	"github.com/quicksight-go/snapshotjob"
)

// jobHash stands for a job where many are remembered: it has 16 bytes, whatever the ids.
// That two of a million jobs have the same one is less likely than 1 in 10^26.
type jobHash [2]uint64

// jobHasher makes the hashes of jobs. Those of two hashers can't be compared.
type jobHasher struct {
	seeds [2]maphash.Seed
}

// newJobHasher returns a new hasher.
func newJobHasher() jobHasher {
	return jobHasher{
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
	}
}

// hash returns the hash of a job.
func (h jobHasher) hash(job snapshotjob.Job) jobHash {
	return jobHash{
		maphash.Comparable(h.seeds[0], job),
		maphash.Comparable(h.seeds[1], job),
	}
}

// seenJobs are the jobs that all requests so far have named.
type seenJobs struct {
	hasher jobHasher
	hashes map[jobHash]struct{}
}

// newSeenJobs returns an empty set of jobs.
func newSeenJobs() *seenJobs {
	return &seenJobs{
		hasher: newJobHasher(),
		hashes: map[jobHash]struct{}{},
	}
}

// add adds a job, and reports whether it is a new one.
func (s *seenJobs) add(job snapshotjob.Job) bool {
	hash := s.hasher.hash(job)
	if _, seen := s.hashes[hash]; seen {
		return false
	}
	s.hashes[hash] = struct{}{}
	return true
}
