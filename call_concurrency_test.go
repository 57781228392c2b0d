package snapshotjob

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/stretchr/testify/assert"
)

// crowdServer is a service that checks the signatures of many callers at once. A
// result's ARN is the id of its job.
type crowdServer struct {
	t        *testing.T
	server   *httptest.Server
	callers  int32
	together chan struct{} // It is closed when every caller's first request is there.
	opened   atomic.Int32  // connections
	requests atomic.Int32
	keys     sync.Map // the ids of the keys that requests were signed with
}

func newCrowdServer(t *testing.T, callers int32) *crowdServer {
	t.Helper()
	s := &crowdServer{
		t:        t,
		callers:  callers,
		together: make(chan struct{}),
	}
	s.server = httptest.NewUnstartedServer(s)
	s.server.Config.ErrorLog = log.New(io.Discard, "", 0) // The client gives up some handshakes.
	s.server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.opened.Add(1)
		}
	}
	s.server.StartTLS()
	t.Cleanup(s.server.Close)
	return s
}

func (s *crowdServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := s.requests.Add(1)
	key := accessKeyID(r)
	s.keys.Store(key, true)
	assert.NoError(s.t, verifySignature(r, secretOf(key), ""))
	switch {
	case n < s.callers:
		<-s.together
	case n == s.callers:
		close(s.together)
	case n%50 == 0 && strings.HasPrefix(r.Header.Get("Amz-Sdk-Request"), "attempt=1;"):
		// Not a later attempt: no call must run out of them.
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintf(w, `{"Arn":%q}`, jobIDOf(r))
}

// jobIDOf is the id of the job whose result a request asks for.
func jobIDOf(r *http.Request) string {
	_, id, _ := strings.Cut(strings.TrimSuffix(r.URL.Path, "/result"), "/snapshot-jobs/")
	return id
}

// secretOf is the secret of a key that newKeys made.
func secretOf(keyID string) string { return exampleSecret + keyID }

// newKeys is a cache of credentials that are new whenever they are retrieved again.
func newKeys() *aws.CredentialsCache {
	var retrieved atomic.Int32
	return aws.NewCredentialsCache(providerFunc(func(context.Context) (aws.Credentials, error) {
		keyID := fmt.Sprintf("AKIDEXAMPLE%d", retrieved.Add(1))
		return aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secretOf(keyID)}, nil
	}))
}

// config is that of a client of the server.
func (s *crowdServer) config(credentials aws.CredentialsProvider) aws.Config {
	roots := x509.NewCertPool()
	roots.AddCert(s.server.Certificate())
	return aws.Config{
		Region:       "us-east-1",
		Credentials:  credentials,
		BaseEndpoint: &s.server.URL,
		HTTPClient: awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
			tr.TLSClientConfig = &tls.Config{RootCAs: roots}
		}),
		Retryer: func() aws.Retryer { return retry.NewStandard(noPause) },
	}
}

// callAsOneOfMany makes a call for a job and checks that its result is the job's.
func callAsOneOfMany(t *testing.T, client *Client, caller, n int) {
	t.Helper()
	job := exampleJob
	job.SnapshotJobID = fmt.Sprintf("job-%d-%d", caller, n)
	out, err := client.DescribeDashboardSnapshotJobResult(t.Context(), job, func(o *Options) {
		o.AppID = job.SnapshotJobID
	})
	if assert.NoError(t, err) {
		assert.Equal(t, job.SnapshotJobID, out.ARN)
		assert.Equal(t, job, out.Job)
	}
}

// Many goroutines share a client, and their keys change meanwhile. Every signature
// holds, every caller gets its own result, and connections are used again.
func TestManyCallersOfOneClient(t *testing.T) {
	// On a busy machine, net/http may drop a connection. Not all callers call again, so
	// that a connection is left for each of those that do.
	const (
		callers       = 100
		callersAgain  = 80
		callsOfCaller = 13
	)
	hideEnvironment(t)
	server := newCrowdServer(t, callers)
	keys := newKeys()
	client := NewFromConfig(server.config(keys))
	var running sync.WaitGroup
	for caller := range callers {
		running.Go(func() { callAsOneOfMany(t, client, caller, 0) })
	}
	running.Wait()
	opened := server.opened.Load()

	for caller := range callersAgain {
		running.Go(func() {
			for n := range callsOfCaller {
				callAsOneOfMany(t, client, caller, n+1)
				if n%5 == 0 {
					keys.Invalidate()
				}
			}
		})
	}
	running.Wait()
	assert.GreaterOrEqual(t, server.requests.Load(), int32(callers+callersAgain*callsOfCaller), "requests")
	assert.Equal(t, opened, server.opened.Load(), "connections, after the first calls and at the end")
	assert.GreaterOrEqual(t, server.countKeys(), 2, "keys that requests were signed with")
}

func (s *crowdServer) countKeys() int {
	n := 0
	s.keys.Range(func(any, any) bool {
		n++
		return true
	})
	return n
}

// bodyWithID is a result that holds the id of its job, once and many times.
func bodyWithID(id string) string {
	return fmt.Sprintf(`{
		"Arn": %q,
		"Result": {"AnonymousUsers": [{"FileGroups": [{"S3Results": [{"S3Uri": "s3://b/%s"}]}]}]}
	}`, id, strings.Repeat(id, 100))
}

// The results of concurrent calls share no buffers.
func TestResultsDoNotShareMemory(t *testing.T) {
	client := New(options(transportFunc(func(req *http.Request) (*http.Response, error) {
		return mockResponse{status: 200, body: bodyWithID(jobIDOf(req))}.response()
	})))
	outs := make([]*DescribeDashboardSnapshotJobResultOutput, 50)
	var running sync.WaitGroup
	for i := range outs {
		running.Go(func() {
			job := exampleJob
			job.SnapshotJobID = fmt.Sprint("job", i)
			out, err := client.DescribeDashboardSnapshotJobResult(t.Context(), job)
			assert.NoError(t, err)
			outs[i] = out
		})
	}
	running.Wait()
	for i, out := range outs {
		if out == nil {
			continue // The call has failed.
		}
		id := fmt.Sprint("job", i)
		assert.Equal(t, id, out.ARN)
		file := out.Result.AnonymousUsers[0].FileGroups[0].S3Results[0]
		assert.Equal(t, "s3://b/"+strings.Repeat(id, 100), string(file.S3URI))
	}
}
