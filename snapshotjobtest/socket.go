package snapshotjobtest

import (
	"net/http"
	"net/http/httptest"
)

// Start makes the server serve on a socket too, at a free port of 127.0.0.1, and
// returns its URL. It panics if the server has been started already. A server that
// was started must be closed.
func (s *Server) Start() string {
	return s.listen((*httptest.Server).Start)
}

// StartTLS is Start with TLS. [Server.HTTPClient] trusts the certificate.
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

// HTTPClient returns a client for the socket, which trusts its certificate. If the
// server is not started, the client works in memory.
func (s *Server) HTTPClient() *http.Client {
	socket := s.startedSocket()
	if socket == nil {
		return &http.Client{Transport: s.Transport()}
	}
	return socket.Client()
}

// Close closes the socket and the connections to it, if the server is started. It
// waits until the requests that came over the socket have ended, so that neither
// [Options].Life nor a fault may call it. In memory the server goes on.
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

// takeSocket returns the socket, and forgets it.
func (s *Server) takeSocket() *httptest.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	socket := s.socket
	s.socket = nil
	return socket
}
