package snapshotjobtest

import (
	"net/http"
	"net/http/httptest"
)

// Start makes the server serve on a socket, at a free port of 127.0.0.1, and returns
// the URL of the socket. [Server.Transport] still reaches the server in memory. Start
// panics if the server has been started and not been closed since. A server that was
// started must be closed, which [NewTestServer] does at the end of its test.
func (s *Server) Start() string {
	return s.listen((*httptest.Server).Start)
}

// StartTLS is like [Server.Start], but the socket uses TLS, with a certificate that only
// [Server.HTTPClient], [Server.Client] and [Server.Config] trust.
func (s *Server) StartTLS() string {
	return s.listen((*httptest.Server).StartTLS)
}

// listen makes a socket and lets start begin to serve on it.
func (s *Server) listen(start func(*httptest.Server)) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.socket != nil {
		panic("snapshotjobtest: the server has been started already")
	}
	s.socket = httptest.NewUnstartedServer(s)
	start(s.socket)
	return s.socket.URL
}

// URL returns the URL that Start or StartTLS returned. It returns "" if the server
// is not started.
func (s *Server) URL() string {
	socket := s.startedSocket()
	if socket == nil {
		return ""
	}
	return socket.URL
}

// HTTPClient returns a client for requests to [Server.URL], which trusts the
// certificate of the socket. If the server is not started, the client works in memory
// and takes any URL.
func (s *Server) HTTPClient() *http.Client {
	socket := s.startedSocket()
	if socket == nil {
		return &http.Client{Transport: s.Transport()}
	}
	return socket.Client()
}

// Close closes the socket and the connections to it. If the server is not started, it
// does nothing. It waits until the requests that came over the socket have ended, so
// that neither [Options].Life nor a fault may call it. In memory the server goes on, and
// it may be started again.
func (s *Server) Close() {
	socket := s.takeSocket()
	if socket == nil {
		return
	}
	socket.CloseClientConnections() // This ends the requests that stall.
	socket.Close()
}

// startedSocket returns nil if the server is not started.
func (s *Server) startedSocket() *httptest.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.socket
}

// takeSocket returns the socket, or nil, and leaves the server as one that is not
// started.
func (s *Server) takeSocket() *httptest.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	socket := s.socket
	s.socket = nil
	return socket
}
