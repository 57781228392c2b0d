package snapshotjobtest

import (
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quicksight-go/snapshotjob"
)

// Client returns a client of the server: over its socket if it was started, else
// in memory. Its credentials are those of the server's own user, cached as real
// ones are.
func (s *Server) Client(optFns ...func(*snapshotjob.Options)) *snapshotjob.Client {
	transport := s.httpTransport()
	return snapshotjob.New(snapshotjob.Options{
		Region:            s.options.Region,
		Credentials:       s.credentials(),
		Transport:         transport,
		DownloadTransport: transport,
		BaseEndpoint:      s.endpoint(),
	}, optFns...)
}

// Config returns a configuration for the server, for code that takes one, be it
// [snapshotjob.NewFromConfig] or another AWS client's.
func (s *Server) Config() aws.Config {
	transport := s.httpTransport()
	return aws.Config{
		Region:       s.options.Region,
		Credentials:  s.credentials(),
		HTTPClient:   &http.Client{Transport: transport},
		BaseEndpoint: s.endpoint(),
		ServiceOptions: []func(string, any){func(_ string, options any) {
			if o, ok := options.(*snapshotjob.Options); ok {
				o.DownloadTransport = transport // it doesn't follow from HTTPClient
			}
		}},
	}
}

func (s *Server) credentials() aws.CredentialsProvider {
	return aws.NewCredentialsCache(aws.CredentialsProviderFunc(s.ownCredentials))
}

// httpTransport leads requests for the socket there, and those for any other
// host, such as that of a caller's bucket, to the server in memory, so that
// none leaves the process.
func (s *Server) httpTransport() http.RoundTripper {
	socket := s.started()
	if socket == nil {
		return s.Transport()
	}
	return split{socket.Listener.Addr().String(), socket.Client().Transport, s.Transport()}
}

type split struct {
	host            string
	socket, another http.RoundTripper
}

func (t split) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host == t.host {
		return t.socket.RoundTrip(req)
	}
	return t.another.RoundTrip(req)
}

// endpoint returns nil in memory, so that the region's own endpoint is called.
func (s *Server) endpoint() *string {
	if url := s.URL(); url != "" {
		return &url
	}
	return nil
}
