package snapshotjobtest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"golang.org/x/time/rate"

	"github.com/quicksight-go/snapshotjob"
)

// Options configures a [Server]. The limits are those that AWS documents (API
// reference, StartDashboardSnapshotJob and its shapes) unless a field says
// otherwise.
type Options struct {
	// Region is the one that signatures must be for. Default: "us-east-1". The
	// partition of the ARNs and of the files' host names follows from it.
	Region string

	// AccountID is the AWS account that the server plays. Default:
	// "111122223333". [Server.AddJob] makes other accounts known.
	AccountID string

	// Credentials are those of the server's own user, with or without a session
	// token. Default: the key pair of AWS's documentation, AKIDEXAMPLE. See
	// [Server.AddUser] for more users.
	Credentials aws.Credentials

	// Dashboards are the ids of those that exist, and Schedules likewise. nil:
	// every dashboard, every schedule. AddJob adds its job's dashboard.
	Dashboards, Schedules []string

	// Life decides the life of a job that is started through the API. The n-th
	// of its Files gives content and errors to the n-th file that was asked for;
	// where it has none, content is generated. Its user, destination and the
	// files' formats and sheets are the request's. See [Distribution] for lives
	// drawn at random. It must not call the server, nor FailNow or SkipNow of a
	// test, whose goroutine it is not on: those break the connection. nil: queued for 2 seconds,
	// running for 40, completed.
	Life func(snapshotjob.Job) Life

	// MaxRunningJobs is how many jobs of an account may be under way when one
	// more is started. AWS counts jobs that are RUNNING; the server counts QUEUED
	// ones too, so that no more than these ever run at once. Default: 12;
	// negative: no limit.
	MaxRunningJobs int

	// RequestsPerSecond is the rate, and the burst, of API requests by account.
	// Only requests with a good signature count. Default: 10; negative: no limit.
	RequestsPerSecond int

	// MaxFileGroups is how many file groups a job may have, MaxFiles how many
	// files of a format, and MaxVisuals how many visuals a file of a format.
	// Defaults: 7; 1 PDF, 1 Excel and 5 CSV; 5 visuals of an Excel and 1 of a CSV;
	// also for a format that a map lacks. Negative: no limit.
	MaxFileGroups        int
	MaxFiles, MaxVisuals map[snapshotjob.SnapshotFileFormatType]int

	// MaxDestinations is how many S3 destinations a job may have, each of which
	// gets all files, and MaxAnonymousUsers how many anonymous users, each of whom
	// gets the same ones. Default: 1 each; negative: no limit.
	MaxDestinations, MaxAnonymousUsers int

	// MaxTags is how many row-level permission tags a user may have, and
	// MaxParameters how many parameters of a type a job. Defaults: 50 and 100;
	// negative: no limit.
	MaxTags, MaxParameters int

	// JobIDReuse is how long after its end a job's id can't be used again.
	// Default: 24 hours; negative: not at all.
	JobIDReuse time.Duration

	// URLLifetime is how long a presigned URL can be used. Default: 300 seconds,
	// which users report; AWS doesn't say.
	URLLifetime time.Duration

	// NotFinished is the exception that tells that a result was asked for too
	// early. Default: "PreconditionNotMetException" (HTTP 400); AWS documents
	// only its message.
	NotFinished string

	// ClockSkew is by how much the server's clock is ahead of the machine's: in
	// the Date header, and for judging signatures. Default: 0.
	ClockSkew time.Duration

	// MaxSignatureSkew is how much older or newer than the server's clock the
	// signature of an API request may be. Default: 5 minutes (IAM User Guide,
	// signing AWS API requests); negative: no limit. For files it is 15 minutes,
	// as in S3.
	MaxSignatureSkew time.Duration

	// MaxRequests is how many requests [Server.Requests] remembers: the last ones.
	// Default: all.
	MaxRequests int

	// Seed determines request ids and generated files. Default: 0.
	Seed uint64
}

func (o *Options) setDefaults() {
	o.Region = or(o.Region, "us-east-1")
	o.AccountID = or(o.AccountID, "111122223333")
	if o.Credentials.AccessKeyID == "" {
		o.Credentials = aws.Credentials{
			AccessKeyID:     "AKIDEXAMPLE",
			SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
		}
	}
	if o.Life == nil {
		o.Life = func(snapshotjob.Job) Life { return Completed().After(2*time.Second, 40*time.Second) }
	}
	o.MaxRunningJobs = or(o.MaxRunningJobs, 12)
	o.RequestsPerSecond = or(o.RequestsPerSecond, 10)
	o.MaxFileGroups = or(o.MaxFileGroups, 7)
	o.MaxDestinations = or(o.MaxDestinations, 1)
	o.MaxAnonymousUsers = or(o.MaxAnonymousUsers, 1)
	o.MaxTags = or(o.MaxTags, 50)
	o.MaxParameters = or(o.MaxParameters, 100)
	o.MaxSignatureSkew = or(o.MaxSignatureSkew, 5*time.Minute)
	o.JobIDReuse = or(o.JobIDReuse, 24*time.Hour)
	o.URLLifetime = or(o.URLLifetime, 300*time.Second)
	o.NotFinished = or(o.NotFinished, "PreconditionNotMetException")
}

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

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

// account holds what is limited by account.
type account struct {
	jobs       map[snapshotjob.Job]*job
	active     []*job // those that may not have ended
	dashboards map[string]bool
	schedules  map[[2]string]time.Time // when the run of a dashboard's schedule ends
	limiter    *rate.Limiter
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

// ServeHTTP answers one request to the API, or for a file.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{Server: s, request: r, now: time.Now().Add(s.options.ClockSkew)}
	if s.isS3(r) {
		c.op = GetObject
	} else {
		c.op, c.job = route(r.Method, r.URL.EscapedPath())
	}
	c.record = s.arrived(c)
	w.Header().Set("Date", c.now.UTC().Format(http.TimeFormat))
	w = &recorder{ResponseWriter: w, call: c}
	var err error
	switch c.op {
	case "":
		err = refuse("UnknownOperationException", "No operation has this method and path.")
	case GetObject:
		err = c.authenticateS3()
	default:
		err = c.authenticate()
	}
	if err != nil {
		c.writeError(w, err)
		return
	}
	// A fault meets only what was signed well, so that it never hides a bad signature.
	s.nextFault(c)(http.HandlerFunc(c.work)).ServeHTTP(w, withCall(r, c))
}

// call is one request on its way through the server.
type call struct {
	*Server
	op      Operation
	job     snapshotjob.Job // of StartDashboardSnapshotJob without id, of a schedule with its id in place of the job's
	request *http.Request
	record  *Request // guarded by the server's mutex
	user    *user
	body    []byte // of an API request
	start   wireStart
	unread  error // why the body is no start
	now     time.Time
}

// work answers a call whose signature is good.
func (c *call) work(w http.ResponseWriter, r *http.Request) {
	if c.op == GetObject {
		c.serveObject(w, r)
		return
	}
	var status int
	var answer any
	var err error
	switch c.op {
	case StartDashboardSnapshotJob:
		status, answer, err = c.startJob()
	case StartDashboardSnapshotJobSchedule:
		status, answer, err = c.startSchedule()
	case DescribeDashboardSnapshotJob:
		status, answer, err = c.describe()
	case DescribeDashboardSnapshotJobResult:
		status, answer, err = c.describeResult()
	}
	if err != nil {
		c.writeError(w, err)
		return
	}
	writeJSON(w, c.record.ID, status, answer)
}

// account returns an account, known from now on. It needs the mutex, or a server
// that nobody else has yet.
func (s *Server) account(id string) *account {
	a := s.accounts[id]
	if a == nil {
		limit, burst := rate.Limit(s.options.RequestsPerSecond), s.options.RequestsPerSecond
		if burst < 0 {
			limit, burst = rate.Inf, 0
		}
		a = &account{
			jobs:       map[snapshotjob.Job]*job{},
			dashboards: map[string]bool{},
			schedules:  map[[2]string]time.Time{},
			limiter:    rate.NewLimiter(limit, burst),
		}
		for _, id := range s.options.Dashboards {
			a.dashboards[id] = true
		}
		s.accounts[id] = a
	}
	return a
}

// newID returns a random UUID. It needs the mutex.
func (s *Server) newID() string {
	a, b := s.random.Uint64(), s.random.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, 0x8000|b>>48&0x3fff, b&0xffff_ffff_ffff)
}

// partitions by the beginning of their regions' names (AWS partition data); all
// other regions are those of "aws".
var partitions = []struct{ prefix, name, suffix string }{
	{"cn-", "aws-cn", "amazonaws.com.cn"},
	{"us-gov-", "aws-us-gov", "amazonaws.com"},
	{"us-isob-", "aws-iso-b", "sc2s.sgov.gov"},
	{"us-isof-", "aws-iso-f", "csp.hci.ic.gov"},
	{"us-iso-", "aws-iso", "c2s.ic.gov"},
	{"eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"},
	{"eusc-", "aws-eusc", "amazonaws.eu"},
	{"", "aws", "amazonaws.com"},
}

func (s *Server) partition() (name, suffix string) {
	for _, p := range partitions {
		if strings.HasPrefix(s.options.Region, p.prefix) {
			return p.name, p.suffix
		}
	}
	panic("unreachable: every region has the empty prefix")
}
