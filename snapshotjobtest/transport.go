package snapshotjobtest

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"
)

// Transport reaches the server in memory, by whatever host name: no socket, no
// TLS, no environment. It works in a testing/synctest bubble. A call leaves no
// goroutine behind once its response's body was closed or read to the end. When
// a request's context ends, so does the call, with the context's error.
func (s *Server) Transport() http.RoundTripper { return memory{s} }

type memory struct{ handler http.Handler }

// streamFrom is how many bytes of a body are kept; a larger one is handed on as
// its reader takes it.
const streamFrom = 64 << 10

func (m memory) RoundTrip(req *http.Request) (*http.Response, error) {
	received, err := asReceived(req)
	if err == nil {
		err = req.Context().Err()
	}
	if err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	ctx, cancel := context.WithCancel(req.Context())
	received = received.WithContext(ctx)
	w := &memoryWriter{request: req, cancel: cancel, header: http.Header{}, streaming: make(chan struct{}), done: make(chan struct{})}
	w.reader, w.writer = io.Pipe()
	hurry := context.AfterFunc(ctx, func() { w.writer.CloseWithError(ctx.Err()) })
	go func() {
		defer close(w.done)
		defer cancel()
		defer hurry()
		defer received.Body.Close()
		w.serve(m.handler, received)
	}()
	select {
	case <-w.streaming:
	case <-w.done:
		// A handler whose client gives up returns by breaking the connection.
		if err := req.Context().Err(); err != nil && w.aborted {
			return nil, err
		}
		if w.aborted && w.status == 0 {
			return nil, reset
		}
	}
	return w.response(), nil
}

// reset is what a client sees of a connection that the server broke.
var reset = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}

// asReceived returns the request as a server's handler gets it.
func asReceived(req *http.Request) (*http.Request, error) {
	if req.URL == nil || req.URL.Host == "" {
		return nil, errors.New("snapshotjobtest: the request has no host")
	}
	r := req.Clone(req.Context())
	r.RequestURI = req.URL.RequestURI()
	var err error
	if r.URL, err = url.ParseRequestURI(r.RequestURI); err != nil {
		return nil, err
	}
	r.Host = or(req.Host, req.URL.Host)
	r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.1", 1, 1
	r.RemoteAddr = "192.0.2.1:1234"
	if req.URL.Scheme == "https" {
		r.TLS = &tls.ConnectionState{HandshakeComplete: true, ServerName: req.URL.Hostname()}
	}
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	return r, nil
}
