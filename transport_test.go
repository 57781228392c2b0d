package snapshotjob

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// companyServer is a server whose certificate only the company's own authority vouches
// for. It serves the API, and the one file of every job. It counts its connections.
type companyServer struct {
	*httptest.Server

	opened  atomic.Int32
	proxied atomic.Int32 // how often a transport of the company asked for its proxy
}

func newCompanyServer(t *testing.T) *companyServer {
	t.Helper()
	s := &companyServer{}
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.opened.Add(1)
		}
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *companyServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/file.csv" {
		io.WriteString(w, "the file")
		return
	}
	const body = `{
		"JobStatus": "COMPLETED",
		"Result": {"AnonymousUsers": [{"FileGroups": [{"S3Results": [{"S3Uri": %q}]}]}]}
	}`
	fmt.Fprintf(w, body, s.URL+"/file.csv?X-Amz-Signature=x")
}

// prepare gives a transport the company's authority and proxy.
func (s *companyServer) prepare(transport *http.Transport) {
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	transport.Proxy = func(*http.Request) (*url.URL, error) {
		s.proxied.Add(1)
		return nil, nil
	}
}

// transport returns a transport with the company's authority and proxy.
func (s *companyServer) transport(t *testing.T) *http.Transport {
	t.Helper()
	transport := new(http.Transport)
	s.prepare(transport)
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// config is a configuration with an HTTP client, for which the server is the API.
func (s *companyServer) config(client aws.HTTPClient) aws.Config {
	cfg := exampleConfig(client)
	cfg.BaseEndpoint = &s.URL
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return cfg
}

// fileOf asks for a result, and returns the content of its file.
func fileOf(t *testing.T, client *Client) string {
	t.Helper()
	out, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
	require.NoError(t, err)
	for file := range out.Files() {
		content, err := client.Open(t.Context(), file)
		require.NoError(t, err)
		defer content.Close()
		data, err := io.ReadAll(content)
		require.NoError(t, err)
		return string(data)
	}
	return ""
}

func TestHTTPClientServesTheAPIAndTheFiles(t *testing.T) {
	hideEnvironment(t)
	server := newCompanyServer(t)
	clients := map[string]aws.HTTPClient{
		"http.Client":     &http.Client{Transport: server.transport(t)},
		"BuildableClient": awshttp.NewBuildableClient().WithTransportOptions(server.prepare),
		"embedded":        struct{ *http.Client }{Client: &http.Client{Transport: server.transport(t)}},
		"a function":      doFunc((&http.Client{Transport: server.transport(t)}).Do),
	}
	for name, client := range clients {
		t.Run(name, func(t *testing.T) {
			server.proxied.Store(0)
			assert.Equal(t, "the file", fileOf(t, NewFromConfig(server.config(client))))
			assert.Positive(t, server.proxied.Load())
		})
	}
}

func TestTransportAloneServesNoFiles(t *testing.T) {
	service := responses(completed)
	want := optionsOf(t, New(Options{})).DownloadTransport
	assert.Same(t, want, optionsOf(t, New(Options{Transport: service})).DownloadTransport)

	setTransport := func(o *Options) { o.Transport = service }
	assert.Same(t, want, optionsOf(t, NewFromConfig(aws.Config{}, setTransport)).DownloadTransport)
}

// redirectingServer answers with 307 to another host, and reports whether that was asked.
func redirectingServer(t *testing.T) (base string, followed *atomic.Int32) {
	t.Helper()
	followed = new(atomic.Int32)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		followed.Add(1)
		io.WriteString(w, `{"JobStatus":"COMPLETED"}`)
	}))
	t.Cleanup(other.Close)
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	t.Cleanup(server.Close)
	return server.URL, followed
}

// checkRedirectRefused checks that a call fails, and that it is not tried again.
func checkRedirectRefused(t *testing.T, client *Client, followed *atomic.Int32) {
	t.Helper()
	followed.Store(0)
	_, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
	assert.ErrorContains(t, err, "the HTTP client followed a redirect")
	assert.EqualValues(t, 1, followed.Load(), "the call is not tried again")
	assert.False(t, IsTransient(err))
}

func TestResponseOfAFollowedRedirectIsRefused(t *testing.T) {
	hideEnvironment(t)
	base, followed := redirectingServer(t)
	clients := map[string]aws.HTTPClient{
		"embedded":   struct{ *http.Client }{Client: new(http.Client)},
		"a function": doFunc(new(http.Client).Do),
	}
	for name, client := range clients {
		t.Run(name, func(t *testing.T) {
			cfg := exampleConfig(client)
			cfg.BaseEndpoint = &base
			checkRedirectRefused(t, NewFromConfig(cfg), followed)
		})
	}
}

func TestResponseOfARedirectThatATransportFollowedIsRefused(t *testing.T) {
	base, followed := redirectingServer(t)
	o := options(transportFunc(new(http.Client).Do))
	o.BaseEndpoint = &base
	checkRedirectRefused(t, New(o), followed)
}

func TestRedirectOfKnownClientsIsNotFollowed(t *testing.T) {
	hideEnvironment(t)
	base, followed := redirectingServer(t)
	clients := map[string]aws.HTTPClient{
		"http.Client":     new(http.Client),
		"BuildableClient": awshttp.NewBuildableClient(),
		"no client":       nil,
	}
	for name, client := range clients {
		t.Run(name, func(t *testing.T) {
			cfg := exampleConfig(client)
			cfg.BaseEndpoint = &base
			_, err := NewFromConfig(cfg).DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
			assert.ErrorContains(t, err, "StatusCode: 307")
			assert.Zero(t, followed.Load())
		})
	}
}

// A client may send requests by another host, such as that of a gateway.
func TestHTTPClientMayRewriteTheURL(t *testing.T) {
	server := newCompanyServer(t)
	gateway, err := url.Parse(server.URL)
	require.NoError(t, err)
	inner := &http.Client{Transport: server.transport(t)}
	client := doFunc(func(req *http.Request) (*http.Response, error) {
		rewritten := req.Clone(req.Context())
		rewritten.URL.Host = gateway.Host
		return inner.Do(rewritten)
	})
	_, err = NewFromConfig(exampleConfig(client)).DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
	assert.NoError(t, err)
}

// manyClients is how many clients a program makes of one configuration, one for each
// request that it serves.
const manyClients = 200

func TestClientsOfOneConfigurationShareConnections(t *testing.T) {
	hideEnvironment(t)
	kinds := map[string]func(*companyServer) aws.HTTPClient{
		"http.Client": func(s *companyServer) aws.HTTPClient {
			return &http.Client{Transport: s.transport(t)}
		},
		"BuildableClient": func(s *companyServer) aws.HTTPClient {
			return awshttp.NewBuildableClient().WithTransportOptions(s.prepare)
		},
		"a function": func(s *companyServer) aws.HTTPClient {
			return doFunc((&http.Client{Transport: s.transport(t)}).Do)
		},
	}
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			server := newCompanyServer(t)
			cfg := server.config(kind(server))
			for range manyClients {
				client := NewFromConfig(cfg.Copy(), func(o *Options) { o.AppID = "x" })
				require.Equal(t, "the file", fileOf(t, client))
			}
			// One of the calls, and one of the files. A busy machine may cost some more.
			assert.LessOrEqual(t, server.opened.Load(), int32(10))
		})
	}
}

func TestConfigurationsOfTheirOwnShareNothing(t *testing.T) {
	one := NewFromConfig(exampleConfig(awshttp.NewBuildableClient()))
	other := NewFromConfig(exampleConfig(awshttp.NewBuildableClient()))
	assert.False(t, optionsOf(t, one).Transport == optionsOf(t, other).Transport)
}

func TestTransportsOfAConfigurationAreMadeOnce(t *testing.T) {
	cfg := exampleConfig(awshttp.NewBuildableClient())
	clients := make([]*Client, 20)
	var running sync.WaitGroup
	for i := range clients {
		running.Go(func() { clients[i] = NewFromConfig(cfg) })
	}
	running.Wait()
	first := optionsOf(t, clients[0])
	for _, client := range clients {
		o := optionsOf(t, client)
		assert.True(t, first.Transport == o.Transport, "one transport of the calls")
		assert.True(t, first.DownloadTransport == o.DownloadTransport, "one transport of the files")
	}
	assert.False(t, first.Transport == first.DownloadTransport, "files and calls share a transport")
}

// wrapTransports returns an option function that wraps both transports, which must be in
// place, and counts the requests.
func wrapTransports(t *testing.T, requests *atomic.Int32) func(*Options) {
	counted := func(next http.RoundTripper) http.RoundTripper {
		assert.NotNil(t, next)
		return transportFunc(func(req *http.Request) (*http.Response, error) {
			requests.Add(1)
			return next.RoundTrip(req)
		})
	}
	return func(o *Options) {
		o.Transport = counted(o.Transport)
		o.DownloadTransport = counted(o.DownloadTransport)
	}
}

func TestOptionFunctionsCanWrapTheDefaultTransports(t *testing.T) {
	hideEnvironment(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, completed.body)
	}))
	t.Cleanup(server.Close)
	o := options(nil)
	o.BaseEndpoint = &server.URL
	cfg := exampleConfig(nil)
	cfg.BaseEndpoint = &server.URL

	var requests atomic.Int32
	wrap := wrapTransports(t, &requests)
	serviceOptions := cfg.Copy()
	serviceOptions.ServiceOptions = []func(string, any){func(_ string, o any) { wrap(o.(*Options)) }}
	clients := map[string]*Client{
		"New":            New(o, wrap),
		"NewFromConfig":  NewFromConfig(cfg, wrap),
		"ServiceOptions": NewFromConfig(serviceOptions),
	}
	for name, client := range clients {
		t.Run(name, func(t *testing.T) {
			requests.Store(0)
			_, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
			assert.NoError(t, err)
			assert.EqualValues(t, 1, requests.Load())
		})
	}
	t.Run("a call", func(t *testing.T) {
		requests.Store(0)
		_, err := describe(t, o, wrap)
		assert.NoError(t, err)
		assert.EqualValues(t, 1, requests.Load())
	})
}

// apiCall is a call of one operation.
type apiCall struct {
	operation string
	call      func(context.Context, *Client, ...func(*Options)) error
}

// exampleStart is an input of a start that keeps the rules.
func exampleStart() *StartDashboardSnapshotJobInput {
	return &StartDashboardSnapshotJobInput{
		Job:                   exampleJob,
		SnapshotConfiguration: SnapshotConfiguration{FileGroups: []SnapshotFileGroup{PDF("sheet")}},
		UserConfiguration:     AnonymousUser(),
	}
}

// exampleSchedule is an input of the start of a schedule.
var exampleSchedule = &StartDashboardSnapshotJobScheduleInput{
	AWSAccountID: "111122223333",
	DashboardID:  "dash",
	ScheduleID:   "schedule",
}

// exampleDefinition is an input of the description of a dashboard.
var exampleDefinition = &DescribeDashboardDefinitionInput{
	AWSAccountID: "111122223333",
	DashboardID:  "dash",
}

// apiCalls are calls of all operations.
var apiCalls = []apiCall{
	{
		operation: "StartDashboardSnapshotJob",
		call: func(ctx context.Context, c *Client, optFns ...func(*Options)) error {
			_, err := c.StartDashboardSnapshotJob(ctx, exampleStart(), optFns...)
			return err
		},
	},
	{
		operation: "StartDashboardSnapshotJobSchedule",
		call: func(ctx context.Context, c *Client, optFns ...func(*Options)) error {
			_, err := c.StartDashboardSnapshotJobSchedule(ctx, exampleSchedule, optFns...)
			return err
		},
	},
	{
		operation: "DescribeDashboardSnapshotJob",
		call: func(ctx context.Context, c *Client, optFns ...func(*Options)) error {
			_, err := c.DescribeDashboardSnapshotJob(ctx, exampleJob, optFns...)
			return err
		},
	},
	{
		operation: "DescribeDashboardSnapshotJobResult",
		call: func(ctx context.Context, c *Client, optFns ...func(*Options)) error {
			_, err := c.DescribeDashboardSnapshotJobResult(ctx, exampleJob, optFns...)
			return err
		},
	},
	{
		operation: "DescribeDashboardDefinition",
		call: func(ctx context.Context, c *Client, optFns ...func(*Options)) error {
			_, err := c.DescribeDashboardDefinition(ctx, exampleDefinition, optFns...)
			return err
		},
	},
}

func TestTimeoutOfHTTPClientDoesNotEndDownloads(t *testing.T) {
	hideEnvironment(t)
	o := optionsOf(t, NewFromConfig(exampleConfig(&http.Client{Timeout: time.Second})))
	files, ok := o.DownloadTransport.(clientTransport)
	require.True(t, ok)
	assert.Zero(t, files.client.(*http.Client).Timeout)
}
