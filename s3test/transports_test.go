package s3test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/quicksight-go/snapshotjob"
)

// through has a client fetch files through a transport.
func through(transport http.RoundTripper) func(*snapshotjob.Options) {
	return func(o *snapshotjob.Options) { o.DownloadTransport = transport }
}

// cutter is a transport that breaks the connections of the first responses.
type cutter struct {
	after  int64        // how many bytes of a body arrive
	left   atomic.Int32 // how many connections are still to be broken
	broken func()       // what happens as soon as one is broken; nil: nothing

	// requests are the Range and If-Match headers of all requests. Whether If-Match
	// has the right value is the server's to say.
	requests []string
}

// cutFirst returns a cutter of so many connections.
func cutFirst(connections int32, after int64) *cutter {
	c := &cutter{after: after}
	c.left.Store(connections)
	return c
}

// RoundTrip implements http.RoundTripper.
func (c *cutter) RoundTrip(req *http.Request) (*http.Response, error) {
	headers := req.Header.Get("Range")
	if req.Header.Get("If-Match") != "" {
		headers += " If-Match"
	}
	c.requests = append(c.requests, strings.TrimSpace(headers))
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err == nil && c.left.Add(-1) >= 0 {
		resp.Body = &cutBody{body: resp.Body, left: c.after, broken: c.broken}
	}
	return resp, err
}

// cutBody is a body whose connection breaks.
type cutBody struct {
	body   io.ReadCloser
	left   int64 // how many bytes still arrive
	broken func()
}

// Read implements io.Reader.
func (b *cutBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		if b.broken != nil {
			b.broken()
		}
		return 0, errors.New("connection reset by peer")
	}
	p = p[:min(int64(len(p)), b.left)]
	n, err := b.body.Read(p)
	b.left -= int64(n)
	return n, err
}

// Close implements io.Closer.
func (b *cutBody) Close() error { return b.body.Close() }

// flipper is a transport that changes the first byte of the first responses.
type flipper struct {
	left atomic.Int32 // how many responses are still to be changed
}

// flipFirst returns a flipper of so many responses.
func flipFirst(responses int32) *flipper {
	f := &flipper{}
	f.left.Store(responses)
	return f
}

// RoundTrip implements http.RoundTripper.
func (f *flipper) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err == nil && f.left.Add(-1) >= 0 {
		resp.Body = &flippedBody{body: resp.Body}
	}
	return resp, err
}

// flippedBody is a body whose first byte is changed.
type flippedBody struct {
	body    io.ReadCloser
	flipped bool
}

// Read implements io.Reader.
func (b *flippedBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	if n > 0 && !b.flipped {
		p[0] ^= 1
		b.flipped = true
	}
	return n, err
}

// Close implements io.Closer.
func (b *flippedBody) Close() error { return b.body.Close() }
