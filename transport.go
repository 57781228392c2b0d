package snapshotjob

import (
	"errors"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

type doer struct{ aws.HTTPClient }

func (d doer) RoundTrip(req *http.Request) (*http.Response, error) { return d.Do(req) }

var (
	defaultTransport http.RoundTripper = awshttp.NewBuildableClient().WithTransportOptions(widenPool).GetTransport()
	// Long transfers must not wait for, nor displace, the many short calls.
	defaultDownloadTransport http.RoundTripper = awshttp.NewBuildableClient().GetTransport()
)

// widenPool makes room for 512 idle connections. With the SDK's 10, half the
// calls of 256 concurrent callers open a new TLS connection.
func widenPool(t *http.Transport) {
	if t.MaxIdleConns != 0 { // 0: no limit
		t.MaxIdleConns = max(t.MaxIdleConns, 512)
	}
	t.MaxIdleConnsPerHost = max(t.MaxIdleConnsPerHost, 512)
}

// roundTrip makes up for what a transport leaves undone.
func roundTrip(transport http.RoundTripper, req *http.Request) (*http.Response, error) {
	resp, err := transport.RoundTrip(req)
	switch {
	case resp == nil && err == nil:
		err = errors.New("the transport returned neither a response nor an error")
	case resp != nil && resp.Body == nil:
		resp.Body = http.NoBody
	case resp != nil && err != nil:
		resp.Body.Close()
	}
	return resp, err
}
