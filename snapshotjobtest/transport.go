package snapshotjobtest

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"syscall"
)

// Transport returns a transport that reaches the server in memory, whatever the
// host name of a request is. It uses no socket, no TLS and no environment, and works
// in a testing/synctest bubble. A call leaves no goroutine behind once the body of
// its response was closed or read to the end.
//
// When the context of a request ends, so does the call, with the context's error.
// It waits for the code that it runs, though: [Options].Life, and the handler of a
// fault that [NewFault] made.
//
// If such code panics, the panic ends the program, as it does on any goroutine. Only
// http.ErrAbortHandler breaks the connection instead. Over a socket, package net/http
// recovers from every panic, logs it and breaks the connection.
func (s *Server) Transport() http.RoundTripper {
	return memoryTransport{handler: s}
}

// memoryTransport calls a handler in place of sending a request.
type memoryTransport struct{ handler http.Handler }

// errReset is what a client sees of a connection that the server broke.
var errReset = &net.OpError{
	Op:  "read",
	Net: "tcp",
	Err: os.NewSyscallError("read", syscall.ECONNRESET),
}

// RoundTrip runs the handler on a goroutine of its own, and returns when the
// handler has returned, or its response begins to stream.
func (t memoryTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	received, err := asReceived(req)
	if err == nil {
		err = req.Context().Err()
	}
	if err != nil {
		if req.Body != nil {
			req.Body.Close() // A RoundTripper must close it, also on errors.
		}
		return nil, err
	}
	ctx, cancel := context.WithCancel(req.Context())
	w := newMemoryWriter(req, cancel)
	go w.run(t.handler, received.WithContext(ctx))
	select {
	case <-w.streaming:
		return w.response(), nil
	case <-w.done:
		if err := w.connectionError(); err != nil {
			return nil, err
		}
		return w.response(), nil
	}
}

// asReceived returns a request as a server's handler gets it.
func asReceived(req *http.Request) (*http.Request, error) {
	if req.URL == nil || req.URL.Host == "" {
		return nil, errors.New("snapshotjobtest: the request has no host")
	}
	target := req.URL.RequestURI()
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, err
	}
	r := req.WithContext(req.Context()) // A shallow copy, whose fields may be set.
	r.Method = cmp.Or(req.Method, http.MethodGet)
	r.URL = u
	r.RequestURI = target
	r.Host = cmp.Or(req.Host, req.URL.Host)
	r.Proto = "HTTP/1.1"
	r.ProtoMajor = 1
	r.ProtoMinor = 1
	r.RemoteAddr = "192.0.2.1:1234" // As net/http/httptest has it.
	if req.URL.Scheme == "https" {
		r.TLS = &tls.ConnectionState{
			HandshakeComplete: true,
			ServerName:        req.URL.Hostname(),
		}
	}
	r.Header = canonicalHeader(req.Header)
	if r.Body == nil {
		r.Body = http.NoBody
	}
	return r, nil
}

// canonicalHeader returns a header whose names are in net/http's canonical form, as
// those of a request that came over a connection are.
func canonicalHeader(h http.Header) http.Header {
	canonical := http.Header{}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			canonical.Add(name, value)
		}
	}
	return canonical
}
