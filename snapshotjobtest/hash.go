package snapshotjobtest

import (
	"hash/fnv"
	"strings"
)

// hashOf returns a hash of the texts that name something. It seeds the random numbers
// for that thing, so that these don't depend on the order of the requests.
func hashOf(texts ...string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(strings.Join(texts, "\x00")))
	return h.Sum64()
}
