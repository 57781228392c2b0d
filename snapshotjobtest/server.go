package snapshotjobtest

import (
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Server is an Amazon QuickSight in this process, as far as snapshot jobs and
// their files go. Make one with [NewServer] or [NewTestServer]. It is safe for
// concurrent use.
//
// As an [http.Handler] it serves the API and the files on any listener.
// [Server.Transport] and [Server.Client] reach it without one.
type Server struct {
	options   Options
	signer    *v4.Signer
	presigner aws.Credentials // QuickSight's own, for the URLs of files in its bucket

	// mu guards everything below, and what it points to.
	mu       sync.Mutex
	random   *rand.Rand // makes request ids and the tokens of presigned URLs
	accounts map[string]*account

	// dashboards are those of AddDashboard, by their ids. All accounts have them.
	dashboards map[string]*dashboard

	socket *httptest.Server // nil unless the server was started

	users     map[string]*user // by access key id
	current   aws.Credentials  // those of the server's own user that are good now
	rotations int              // how often they have been replaced

	buckets map[string]bucket

	// filesMade is how many files the server has made for jobs. It numbers them, so
	// that each has a key of its own in QuickSight's bucket.
	filesMade int

	script   []scriptedFault // faults that wait for an attempt
	met      metFaults       // faults that an attempt has met
	tooShort tally           // body faults that met too short a body

	requests []*Request
	unrouted []string // methods and paths of requests of no operation; maxUnrouted at most
}

// randomStream is the second word of the seed of a server's random numbers. Any
// constant would do.
const randomStream = 0x5175_6963_6b53_6967

// NewServer makes a server that works in memory at once. It needs no socket, no
// goroutine and no Close, unless Start or StartTLS is called. It panics for an option
// with which the server could not work, as [Options] says.
func NewServer(optFns ...func(*Options)) *Server {
	var options Options
	for _, fn := range optFns {
		fn(&options)
	}
	options.mustBeValid()
	options.setDefaults()
	s := &Server{
		options:    options,
		signer:     v4.NewSigner(),
		random:     rand.New(rand.NewPCG(options.Seed, randomStream)),
		accounts:   map[string]*account{},
		dashboards: map[string]*dashboard{},
		users:      map[string]*user{},
		buckets:    map[string]bucket{},
	}
	s.presigner = s.newCredentials("service", "quicksight")
	// Nobody else has s yet, so that the mutex isn't needed.
	s.current = options.Credentials
	s.addUserLocked(&user{credentials: options.Credentials})
	s.addUserLocked(&user{name: "quicksight", credentials: s.presigner, service: true})
	s.ensureAccountLocked(options.AccountID)
	s.buckets[s.ownBucketName()] = bucket{}
	return s
}

// TB is the part of testing.TB that [NewTestServer] uses.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Cleanup(func())
}

// NewTestServer makes a server for one test, as [NewServer] does. When the test
// ends, the server is closed. The test fails then if a scripted fault had no
// effect, or if a request came that belongs to no operation, even if [Server.Requests]
// has forgotten it. The test's output names the first 100 such requests.
func NewTestServer(tb TB, optFns ...func(*Options)) *Server {
	tb.Helper()
	s := NewServer(optFns...)
	tb.Cleanup(func() {
		tb.Helper()
		s.Close()
		s.report(tb)
	})
	return s
}

// report fails a test for what its server was not used for, or not made for.
func (s *Server) report(tb TB) {
	tb.Helper()
	if unused := s.Unused(); len(unused) > 0 {
		tb.Errorf("snapshotjobtest: scripted faults without effect: %s", strings.Join(unused, ", "))
	}
	for _, request := range s.unroutedRequests() {
		tb.Errorf("snapshotjobtest: a request that no route knew: %s", request)
	}
}

// unroutedRequests returns the methods and paths of the first requests that belonged to
// no operation.
func (s *Server) unroutedRequests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.unrouted)
}

// now returns the time on the server's clock.
func (s *Server) now() time.Time {
	return time.Now().Add(s.options.ClockSkew)
}
