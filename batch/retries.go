package batch

import (
	"slices"
	"sync"
	"time"
)

// retries are the requests that are to be offered again, each from a certain time on.
type retries struct {
	mu     sync.Mutex
	queue  []delayed // in the order of their times
	closed bool
}

// delayed is a request that is to be offered again.
type delayed struct {
	request *request
	due     time.Time
}

// add adds a request. It reports false if the retries are closed.
func (r *retries) add(req *request, due time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	isLater := func(other delayed, due time.Time) int {
		if other.due.After(due) {
			return 1
		}
		return -1 // Of several with one time, the first comes first.
	}
	i, _ := slices.BinarySearchFunc(r.queue, due, isLater)
	r.queue = slices.Insert(r.queue, i, delayed{request: req, due: due})
	return true
}

// takeDue removes and returns the first request whose time has come. It returns nil if
// there is none.
func (r *retries) takeDue(now time.Time) *request {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queue) == 0 || r.queue[0].due.After(now) {
		return nil
	}
	req := r.queue[0].request
	r.queue = slices.Delete(r.queue, 0, 1)
	return req
}

// next returns how many requests there are, and when the time of the first one comes.
func (r *retries) next() (count int, due time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queue) == 0 {
		return 0, time.Time{}
	}
	return len(r.queue), r.queue[0].due
}

// close has add refuse further requests, and returns those that are left.
func (r *retries) close() []*request {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	var left []*request
	for _, entry := range r.queue {
		left = append(left, entry.request)
	}
	r.queue = nil
	return left
}
