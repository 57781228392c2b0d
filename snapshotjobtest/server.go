package snapshotjobtest

import (
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Server is an Amazon QuickSight in this process, as far as snapshot jobs and
// their files go. It is safe for concurrent use.
//
// As an [http.Handler] it serves the API and the files on any listener;
// [Server.Transport] and [Server.Client] reach it without one.
type Server struct {
	options Options
	signer  *v4.Signer

	mu        sync.Mutex
	random    *rand.Rand
	accounts  map[string]*account
	buckets   map[string]map[string]*object
	users     map[string]*user // by access key id
	current   aws.Credentials  // of the server's own user
	rotations int
	presigner aws.Credentials // of the service, for its own bucket
	objects   int             // how many there have ever been, so that keys are unique
	faults    []scripted
	idle      []string       // those that had no effect
	met       map[sent]Fault // those that were taken, by the attempt that took them
	requests  []*Request
	socket    *httptest.Server
}

// NewServer makes a server that works at once, in memory: it needs no socket, no
// goroutine and no Close, unless Start or StartTLS is called.
func NewServer(optFns ...func(*Options)) *Server {
	var o Options
	for _, fn := range optFns {
		fn(&o)
	}
	o.setDefaults()
	s := &Server{
		options:  o,
		signer:   v4.NewSigner(),
		random:   rand.New(rand.NewPCG(o.Seed, 0x5175_6963_6b53_6967)),
		accounts: map[string]*account{},
		buckets:  map[string]map[string]*object{},
		users:    map[string]*user{},
		met:      map[sent]Fault{},
		current:  o.Credentials,
	}
	s.users[o.Credentials.AccessKeyID] = &user{credentials: o.Credentials}
	s.presigner = s.newCredentials("service", "quicksight")
	s.users[s.presigner.AccessKeyID] = &user{name: "quicksight", credentials: s.presigner, service: true}
	s.account(o.AccountID)
	s.buckets[s.bucket()] = map[string]*object{}
	return s
}

// TB is the part of testing.TB that [NewTestServer] uses.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Cleanup(func())
}

// NewTestServer makes a server for one test. When the test ends, it is closed,
// and the test fails if a scripted fault had no effect, or if a request came
// that no route knew.
func NewTestServer(tb TB, optFns ...func(*Options)) *Server {
	tb.Helper()
	s := NewServer(optFns...)
	tb.Cleanup(func() {
		tb.Helper()
		s.Close()
		if unused := s.Unused(); len(unused) > 0 {
			tb.Errorf("snapshotjobtest: scripted faults without effect: %s", strings.Join(unused, ", "))
		}
		for _, r := range s.Requests() {
			if r.Operation == "" {
				tb.Errorf("snapshotjobtest: a request that no route knew: %s %s", r.Method, r.Path)
			}
		}
	})
	return s
}
