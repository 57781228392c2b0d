package snapshotjob

import (
	"errors"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// leastIdleConnections is how many idle connections a transport keeps for calls.
// With the SDK's 10 per host, half the calls of 256 concurrent callers would open a
// new TLS connection.
const leastIdleConnections = 512

// defaultTransport carries the calls of all clients that have none of their own.
var defaultTransport http.RoundTripper = awshttp.NewBuildableClient().
	WithTransportOptions(widenPool).
	GetTransport()

// defaultDownloadTransport carries the files. It is another one, so that long
// transfers neither wait for the many short calls nor take their connections.
var defaultDownloadTransport http.RoundTripper = awshttp.NewBuildableClient().GetTransport()

// widenPool makes room for the idle connections of many callers.
func widenPool(t *http.Transport) {
	const noLimit = 0
	if t.MaxIdleConns != noLimit {
		t.MaxIdleConns = max(t.MaxIdleConns, leastIdleConnections)
	}
	t.MaxIdleConnsPerHost = max(t.MaxIdleConnsPerHost, leastIdleConnections)
}

// useHTTPClient sets the transports that an HTTP client of a configuration stands
// for. It leaves them alone if the client is nil.
func useHTTPClient(o *Options, client aws.HTTPClient) {
	switch client := client.(type) {
	case nil:
	case *awshttp.BuildableClient:
		if client != nil {
			useBuildableClient(o, client)
		}
	case *http.Client:
		if client != nil {
			o.Transport = clientTransport{client: withoutRedirects(client)}
		}
	default:
		o.Transport = clientTransport{client: client}
	}
}

// useBuildableClient takes over the transport and the timeouts of an SDK client.
func useBuildableClient(o *Options, client *awshttp.BuildableClient) {
	// Freeze applies the client's read timeout to the transport, and gives an
	// *http.Client that holds its overall timeout.
	forCalls := client.WithTransportOptions(widenPool).Freeze().(*http.Client)
	forFiles := client.Freeze().(*http.Client)
	o.Transport = forCalls.Transport
	o.AttemptTimeout = forCalls.Timeout
	o.DownloadTransport = forFiles.Transport
}

// withoutRedirects returns a copy of a client that follows no redirect.
func withoutRedirects(client *http.Client) *http.Client {
	copied := *client
	copied.CheckRedirect = func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}
	return &copied
}

// clientTransport makes a RoundTripper of an HTTP client.
type clientTransport struct {
	client aws.HTTPClient
}

// RoundTrip calls the client's Do.
func (t clientTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	return t.client.Do(req)
}

// roundTrip sends a request, and makes up for transports that break the rules of
// http.RoundTripper: it returns either an error or a response with a body.
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
	if err != nil {
		resp.Body.Close()
	}
	return resp, err
}
