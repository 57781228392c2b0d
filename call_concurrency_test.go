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
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// One client, many goroutines, keys that change meanwhile: every signature
// holds, and connections are used again.
func TestManyCallersOfOneClient(t *testing.T) {
	const callers, calls = 100, 10
	hideEnvironment(t)
	var opened, requests atomic.Int32
	together := make(chan struct{}) // closed when every caller's first request is there
	var keys sync.Map
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := requests.Add(1)
		_, key, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		key, _, _ = strings.Cut(key, "/")
		keys.Store(key, true)
		if err := verifySignature(r, exampleSecret+key, ""); err != nil {
			t.Error(err)
		}
		switch {
		case n == callers:
			close(together)
		case n < callers:
			<-together
		case n%50 == 0:
			w.WriteHeader(503)
			return
		}
		_, id, _ := strings.Cut(r.URL.Path, "/snapshot-jobs/")
		fmt.Fprintf(w, `{"Arn":%q}`, strings.TrimSuffix(id, "/result"))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that the client gave up
	server.StartTLS()
	t.Cleanup(server.Close)

	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	var generation atomic.Int32
	cache := aws.NewCredentialsCache(providerFunc(func(context.Context) (aws.Credentials, error) {
		key := fmt.Sprintf("AKIDEXAMPLE%d", generation.Add(1))
		return aws.Credentials{AccessKeyID: key, SecretAccessKey: exampleSecret + key}, nil
	}))
	client := NewFromConfig(aws.Config{
		Region: "us-east-1", Credentials: cache, BaseEndpoint: &server.URL,
		HTTPClient: awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
			tr.TLSClientConfig = &tls.Config{RootCAs: roots}
		}),
		Retryer: func() aws.Retryer { return options(nil).Retryer },
	})
	call := func(i, j int) {
		job := Job{"111122223333", "dash", fmt.Sprintf("job-%d-%d", i, j)}
		out, err := client.DescribeDashboardSnapshotJobResult(t.Context(), job, func(o *Options) { o.AppID = job.SnapshotJobID })
		if err != nil {
			t.Errorf("%v: %v", job, err)
		} else if out.ARN != job.SnapshotJobID || out.Job != job {
			t.Errorf("%v got the answer of %s", job, out.ARN)
		}
	}
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() { call(i, 0) })
	}
	wg.Wait()
	before := opened.Load()
	for i := range callers {
		wg.Go(func() {
			for j := range calls {
				call(i, j+1)
				if j%5 == 0 {
					cache.Invalidate()
				}
			}
		})
	}
	wg.Wait()
	if got := requests.Load(); got < callers*(calls+1) {
		t.Errorf("%d requests, want at least %d", got, callers*(calls+1))
	}
	if got := opened.Load(); got != before {
		t.Errorf("%d connections were opened for %d callers at once, and %d more later, want those used again", before, callers, got-before)
	}
	n := 0
	keys.Range(func(any, any) bool { n++; return true })
	if n < 2 {
		t.Errorf("%d sets of keys were used, want several", n)
	}
}

// The answers of concurrent calls don't share their buffers.
func TestAnswersDoNotShareMemory(t *testing.T) {
	o := options(transportFunc(func(req *http.Request) (*http.Response, error) {
		_, id, _ := strings.Cut(req.URL.Path, "/snapshot-jobs/")
		body := fmt.Sprintf(`{"Arn":%q,"Result":{"AnonymousUsers":[{"FileGroups":[{"S3Results":[{"S3Uri":"s3://b/%s"}]}]}]}}`, id, strings.Repeat(id, 100))
		resp, err := completed.response()
		resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		return resp, err
	}))
	client := New(o)
	var outs sync.Map
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			job := Job{"111122223333", "dash", fmt.Sprint("job", i)}
			out, err := client.DescribeDashboardSnapshotJobResult(t.Context(), job)
			if err != nil {
				t.Error(err)
				return
			}
			outs.Store(job, out)
		})
	}
	wg.Wait()
	outs.Range(func(key, value any) bool {
		id, out := key.(Job).SnapshotJobID+"/result", value.(*DescribeDashboardSnapshotJobResultOutput)
		if got, want := string(out.Result.AnonymousUsers[0].FileGroups[0].S3Results[0].S3URI), "s3://b/"+strings.Repeat(id, 100); out.ARN != id || got != want {
			t.Errorf("%v: ARN %q and URI %.60q, want %q and %.60q", key, out.ARN, got, id, want)
		}
		return true
	})
}
