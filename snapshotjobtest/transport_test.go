package snapshotjobtest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// A bubble ends only when every goroutine in it has: what leaks, hangs here.
func TestTransportLeavesNothingBehind(t *testing.T) {
	huge := snapshotjobtest.PDF("s")
	huge.Size = 1 << 40
	open := func(t *testing.T, ctx context.Context) *http.Response {
		srv := snapshotjobtest.NewTestServer(t)
		srv.AddJob(daily, snapshotjobtest.Completed(huge))
		req, err := http.NewRequestWithContext(ctx, "GET", get(result).send(t, srv).uris(t)[0], nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := srv.Transport().RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.CopyN(io.Discard, resp.Body, 1<<20); err != nil {
			t.Fatal(n, err)
		}
		return resp
	}
	t.Run("closed early", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			resp := open(t, t.Context())
			if err := resp.Body.Close(); err != nil {
				t.Error(err)
			}
			if n, err := resp.Body.Read(make([]byte, 1)); n != 0 || !errors.Is(err, http.ErrBodyReadAfterClose) {
				t.Errorf("a read after Close: %d, %v", n, err)
			}
			if err := resp.Body.Close(); err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("closed while it stalls", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := snapshotjobtest.NewTestServer(t)
			srv.AddJob(daily, snapshotjobtest.Completed())
			srv.Fail(describeOp, snapshotjobtest.StallBody(3, 0))
			resp, err := srv.Transport().RoundTrip(get(jobPath).request(t))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		})
	})
	t.Run("cancelled", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			resp := open(t, ctx)
			cancel()
			if _, err := io.Copy(io.Discard, resp.Body); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
	})
	t.Run("read to the end", func(t *testing.T) {
		huge.Size = 3 << 20
		synctest.Test(t, func(t *testing.T) {
			if n, err := io.Copy(io.Discard, open(t, t.Context()).Body); n != 2<<20 || err != nil {
				t.Errorf("got %d, %v", n, err)
			}
		})
	})
}

func TestTransportContext(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	body := &closed{Reader: strings.NewReader("{}")}
	req, err := http.NewRequestWithContext(ctx, "POST", api+jobs, body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := srv.Transport().RoundTrip(req); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if !body.closed {
		t.Error("the request's body was not closed")
	}
	if n := len(srv.Requests()); n != 0 {
		t.Errorf("%d requests arrived", n)
	}
}

type closed struct {
	io.Reader
	closed bool
}

func (c *closed) Close() error { c.closed = true; return nil }

// A RoundTripper must not change its request, and must close its body.
func TestTransportContract(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	req := post(jobs, goodStart).request(t)
	body := &closed{Reader: req.Body}
	req.Body = body
	before := *req
	headers := req.Header.Clone()
	resp, err := srv.Transport().RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if req.URL != before.URL || req.RequestURI != "" || req.TLS != nil || len(req.Header) != len(headers) {
		t.Errorf("the request has changed: %+v", req)
	}
	if !body.closed {
		t.Error("the request's body was not closed")
	}
	if resp.Request != req || resp.Status != "200 OK" || resp.ContentLength <= 0 || resp.Proto != "HTTP/1.1" {
		t.Errorf("got %+v", resp)
	}
	if _, err := srv.Transport().RoundTrip(&http.Request{Method: "GET"}); err == nil {
		t.Error("a request without URL passes")
	}
}

// A handler that says less than it has announced breaks the connection.
func TestTransportShortBody(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	srv.Fail(describeOp, snapshotjobtest.NewFault("short", func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "3")
			io.WriteString(w, "ab")
		})
	}))
	if got := get(jobPath).send(t, srv); got.body != "ab" || !errors.Is(got.err, io.ErrUnexpectedEOF) {
		t.Errorf("got %q, %v", got.body, got.err)
	}
}
