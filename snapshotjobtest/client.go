package snapshotjobtest

import (
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quicksight-go/snapshotjob"
)

// Client returns a client of the server. If the server is started when Client is called,
// the client works over the socket, and otherwise in memory. Its credentials are those
// of the server's own user. It caches them as it would cache real ones: see
// [Server.ExpireCredentials].
func (s *Server) Client(optFns ...func(*snapshotjob.Options)) *snapshotjob.Client {
	transport := s.clientTransport()
	return snapshotjob.New(snapshotjob.Options{
		Region:            s.options.Region,
		Credentials:       s.credentialsProvider(),
		Transport:         transport,
		DownloadTransport: transport,
		BaseEndpoint:      s.baseEndpoint(),
	}, optFns...)
}

// Config returns a configuration for the server, for code that takes one, be it
// [snapshotjob.NewFromConfig] or the constructor of another AWS client. Its
// credentials and its way to the server are those of [Server.Client].
func (s *Server) Config() aws.Config {
	return aws.Config{
		Region:       s.options.Region,
		Credentials:  s.credentialsProvider(),
		HTTPClient:   &http.Client{Transport: s.clientTransport()},
		BaseEndpoint: s.baseEndpoint(),
	}
}

// clientTransport returns the transport of a client of the server.
func (s *Server) clientTransport() http.RoundTripper {
	socket := s.startedSocket()
	if socket == nil {
		return s.Transport()
	}
	return splitTransport{
		socketHost: socket.Listener.Addr().String(),
		socket:     socket.Client().Transport,
		memory:     s.Transport(),
	}
}

// splitTransport sends requests for the host of the socket over the socket. It hands
// requests for any other host, such as that of a caller's bucket, to the server in
// memory, so that no test reaches a real host by accident.
type splitTransport struct {
	socketHost string
	socket     http.RoundTripper
	memory     http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t splitTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host == t.socketHost {
		return t.socket.RoundTrip(req)
	}
	return t.memory.RoundTrip(req)
}

// baseEndpoint returns the URL of the socket. In memory it returns nil, so that
// clients call the endpoint of their region.
func (s *Server) baseEndpoint() *string {
	url := s.URL()
	if url == "" {
		return nil
	}
	return &url
}
