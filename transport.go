package snapshotjob

import (
	"errors"
	"net/http"
	"runtime"
	"sync"
	"weak"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// leastIdleConnections is the smallest limit on idle connections that a transport for
// calls gets. With the SDK's limit of 10 per host, half the calls of 256 concurrent
// callers would open a new TLS connection.
const leastIdleConnections = 512

// defaultTransport carries the calls of all clients that have none of their own.
var defaultTransport http.RoundTripper = awshttp.NewBuildableClient().
	WithTransportOptions(widenPool).
	GetTransport()

// defaultDownloadTransport carries the files. It is another one, so that long
// transfers neither wait for the many short calls nor take their connections.
var defaultDownloadTransport http.RoundTripper = awshttp.NewBuildableClient().GetTransport()

// setDefaultTransports fills in the transports that are nil.
func setDefaultTransports(o *Options) {
	if o.Transport == nil {
		o.Transport = defaultTransport
	}
	if o.DownloadTransport == nil {
		o.DownloadTransport = defaultDownloadTransport
	}
}

// widenPool makes room for the idle connections of many callers.
func widenPool(t *http.Transport) {
	const noLimit = 0
	if t.MaxIdleConns != noLimit {
		t.MaxIdleConns = max(t.MaxIdleConns, leastIdleConnections)
	}
	t.MaxIdleConnsPerHost = max(t.MaxIdleConnsPerHost, leastIdleConnections)
}

// useHTTPClient sets the transports that an HTTP client of a configuration stands for:
// one for calls, and one for files. It leaves them alone if the client is nil.
func useHTTPClient(o *Options, client aws.HTTPClient) {
	switch client := client.(type) {
	case nil:
	case *awshttp.BuildableClient:
		if client != nil {
			useBuildableClient(o, client)
		}
	case *http.Client:
		if client != nil {
			useStandardClient(o, client)
		}
	default:
		o.Transport = clientTransport{client: client}
		o.DownloadTransport = clientTransport{client: client}
	}
}

// useBuildableClient takes over the transport and the timeouts of an SDK client.
func useBuildableClient(o *Options, client *awshttp.BuildableClient) {
	transports := transportsOf(client)
	o.Transport = transports.calls
	o.DownloadTransport = transports.files
	if timeout := client.GetTimeout(); timeout > 0 {
		o.AttemptTimeout = timeout
	}
}

// buildableTransports are the transports made of an SDK client.
type buildableTransports struct {
	calls http.RoundTripper
	files http.RoundTripper
}

// knownTransports are the transports of SDK clients that are in use, so that all
// clients of one configuration share their connections.
var knownTransports = struct {
	mu       sync.Mutex
	byClient map[weak.Pointer[awshttp.BuildableClient]]buildableTransports
}{
	byClient: map[weak.Pointer[awshttp.BuildableClient]]buildableTransports{},
}

// transportsOf returns the transports of an SDK client, which are made once.
func transportsOf(client *awshttp.BuildableClient) buildableTransports {
	knownTransports.mu.Lock()
	defer knownTransports.mu.Unlock()
	key := weak.Make(client)
	if transports, ok := knownTransports.byClient[key]; ok {
		return transports
	}
	// Freeze applies the client's read timeout to the transport.
	transports := buildableTransports{
		calls: client.WithTransportOptions(widenPool).Freeze().(*http.Client).Transport,
		files: client.Freeze().(*http.Client).Transport,
	}
	knownTransports.byClient[key] = transports
	runtime.AddCleanup(client, forgetTransports, key)
	return transports
}

// forgetTransports forgets the transports of an SDK client that is gone.
func forgetTransports(key weak.Pointer[awshttp.BuildableClient]) {
	knownTransports.mu.Lock()
	defer knownTransports.mu.Unlock()
	delete(knownTransports.byClient, key)
}

// useStandardClient uses copies of a client that follow no redirect. The client's
// timeout bounds calls; files may take longer.
func useStandardClient(o *Options, client *http.Client) {
	forCalls := *client
	forCalls.CheckRedirect = refuseRedirect
	forFiles := forCalls
	forFiles.Timeout = 0
	o.Transport = clientTransport{client: &forCalls}
	o.DownloadTransport = clientTransport{client: &forFiles}
}

// refuseRedirect has an *http.Client return a redirect as any other response.
func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// clientTransport makes a RoundTripper of an HTTP client.
type clientTransport struct {
	client aws.HTTPClient
}

// RoundTrip calls the client's Do.
func (t clientTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	return t.client.Do(req)
}

var errRedirected = errors.New("the HTTP client followed a redirect: want one that returns redirects, " +
	"as CheckRedirect with http.ErrUseLastResponse makes an *http.Client do")

// wasRedirected reports whether a response was got by following a redirect. Package
// net/http tells that by the Response of the request that the response is to.
func wasRedirected(resp *http.Response) bool {
	return resp.Request != nil && resp.Request.Response != nil
}

// roundTrip sends a request, and makes up for transports that break the rules of
// http.RoundTripper. Without an error there is a response with a body. With an error
// there may be a response too, whose body is closed. A response that was got by following
// a redirect is an error, because the redirect may have taken the session token to
// another host.
func roundTrip(transport http.RoundTripper, req *http.Request) (*http.Response, error) {
	resp, err := transport.RoundTrip(req)
	if resp == nil && err == nil {
		return nil, errors.New("the transport returned neither a response nor an error")
	}
	if resp == nil {
		return nil, err
	}
	if resp.Body == nil {
		resp.Body = http.NoBody
	}
	if err == nil && wasRedirected(resp) {
		err = &retryDecision{err: errRedirected, retryable: false}
	}
	if err != nil {
		resp.Body.Close()
		return resp, err
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		// It has no body. Package net/http gives its reader the connection, which ends with
		// no context.
		resp.Body.Close()
		resp.Body = http.NoBody
	}
	return resp, nil
}
