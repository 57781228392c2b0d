package snapshotjobtest

import (
	"net/http"
	"net/http/httptest"
)

// Start serves on a socket too, at a free port of 127.0.0.1, and returns the
// URL. It panics if the server has been started already.
func (s *Server) Start() string { return s.listen((*httptest.Server).Start) }

// StartTLS is Start with TLS. [Server.HTTPClient] trusts the certificate.
func (s *Server) StartTLS() string { return s.listen((*httptest.Server).StartTLS) }

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

// URL returns the URL that Start or StartTLS returned, and "" if neither was
// called.
func (s *Server) URL() string {
	if socket := s.started(); socket != nil {
		return socket.URL
	}
	return ""
}

// HTTPClient returns a client for the socket, which trusts its certificate, or,
// if the server was not started, one that works in memory.
func (s *Server) HTTPClient() *http.Client {
	if socket := s.started(); socket != nil {
		return socket.Client()
	}
	return &http.Client{Transport: s.Transport()}
}

// Close closes the socket and the connections to it. In memory the server goes on.
func (s *Server) Close() {
	s.mu.Lock()
	socket := s.socket
	s.socket = nil
	s.mu.Unlock()
	if socket != nil {
		socket.CloseClientConnections() // what stalls ends
		socket.Close()
	}
}

func (s *Server) started() *httptest.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.socket
}
