package snapshotjobtest_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// endless returns a context that the end of the test doesn't cancel. Tests about leaks run in a bubble, which
// panics if goroutines are blocked in it at the end. The context of the test would end them just before.
func endless(t *testing.T) context.Context {
	return context.WithoutCancel(t.Context())
}

// openFile opens a file of this size and reads its first mebibyte.
func openFile(t *testing.T, ctx context.Context, size int64) *http.Response {
	t.Helper()
	file := snapshotjobtest.PDF("s")
	file.Size = size
	srv := newDailyServer(t, snapshotjobtest.Completed(file))
	uri := dailyURI(t, srv)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	require.NoError(t, err)
	resp, err := srv.Transport().RoundTrip(req)
	require.NoError(t, err)
	_, err = io.CopyN(io.Discard, resp.Body, 1<<20)
	require.NoError(t, err)
	return resp
}

func TestTransportLeaksNothingWhenClosedEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		resp := openFile(t, endless(t), 1<<40)
		assert.NoError(t, resp.Body.Close())
		n, err := resp.Body.Read(make([]byte, 1))
		assert.Zero(t, n)
		assert.ErrorIs(t, err, http.ErrBodyReadAfterClose)
		assert.NoError(t, resp.Body.Close())
	})
}

func TestTransportLeaksNothingWhenClosedInStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newDailyServer(t, snapshotjobtest.Completed())
		srv.Fail(describeOp, snapshotjobtest.StallBody(3, 0))
		req := get(dailyPath).sign(t).WithContext(endless(t))
		resp, err := srv.Transport().RoundTrip(req)
		require.NoError(t, err)
		assert.NoError(t, resp.Body.Close())
	})
}

func TestTransportLeaksNothingWhenCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(endless(t))
		resp := openFile(t, ctx, 1<<40)
		cancel()
		_, err := io.Copy(io.Discard, resp.Body)
		assert.ErrorIs(t, err, context.Canceled)
	})
}

func TestTransportLeaksNothingWhenReadToEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		resp := openFile(t, endless(t), 3<<20)
		n, err := io.Copy(io.Discard, resp.Body)
		assert.NoError(t, err)
		assert.EqualValues(t, 2<<20, n)
	})
}

// trackedBody is a body that knows whether it was closed.
type trackedBody struct {
	io.Reader
	closed bool
}

func (b *trackedBody) Close() error {
	b.closed = true
	return nil
}

func TestTransportObeysContext(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	body := &trackedBody{Reader: strings.NewReader("{}")}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, apiURL+jobsPath, body)
	require.NoError(t, err)
	_, err = srv.Transport().RoundTrip(req)
	assert.ErrorIs(t, err, context.Canceled)
	assert.True(t, body.closed)
	assert.Empty(t, srv.Requests())
}

// A RoundTripper must not change its request, and must close its body.
func TestTransportLeavesRequestAlone(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	req := post(jobsPath, goodStart).sign(t)
	body := &trackedBody{Reader: req.Body}
	req.Body = body
	url := req.URL
	header := req.Header.Clone()
	resp, err := srv.Transport().RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Same(t, url, req.URL)
	assert.Empty(t, req.RequestURI)
	assert.Nil(t, req.TLS)
	assert.Equal(t, header, req.Header)
	assert.True(t, body.closed)
}

func TestTransportResponse(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	req := post(jobsPath, goodStart).sign(t)
	resp, err := srv.Transport().RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Same(t, req, resp.Request)
	assert.Equal(t, "200 OK", resp.Status)
	assert.Equal(t, "HTTP/1.1", resp.Proto)
	assert.Positive(t, resp.ContentLength)
}

func TestTransportRefusesRequestWithoutURL(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	req := &http.Request{Method: http.MethodGet}
	_, err := srv.Transport().RoundTrip(req)
	assert.Error(t, err)
}

// A handler that sends less than it has announced breaks the connection.
func TestTransportShortBody(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	short := func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "3")
			io.WriteString(w, "ab")
		})
	}
	srv.Fail(describeOp, snapshotjobtest.NewFault("short", short))
	got := get(dailyPath).send(t, srv)
	assert.Equal(t, "ab", got.body)
	assert.ErrorIs(t, got.bodyErr, io.ErrUnexpectedEOF)
}

// headReportsFile is the request for the headers of the file of newBucketServer.
var headReportsFile = newRequest(http.MethodHead, reportsURL+escapedKey, "").forService("s3")

// newFlushFault returns a fault in whose place a handler flushes a response of this status, and then goes on.
func newFlushFault(status int, goOn http.HandlerFunc) snapshotjobtest.Fault {
	return snapshotjobtest.NewFault("flush", func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			http.NewResponseController(w).Flush()
			goOn(w, r)
		})
	})
}

// As with net/http's server, what a handler writes for a response that has no body is not sent. Whoever has read
// the end of that body finds that the handler has returned, and did not wait for a reader.
func TestTransportDropsBodyOfResponseWithoutBody(t *testing.T) {
	for _, tt := range []struct {
		name       string
		request    signedRequest
		status     int
		writeError error
	}{
		{name: "HEAD", request: headReportsFile, status: http.StatusOK},
		{
			name:       "204",
			request:    reportsFile,
			status:     http.StatusNoContent,
			writeError: http.ErrBodyNotAllowed,
		},
		{
			name:       "304",
			request:    reportsFile,
			status:     http.StatusNotModified,
			writeError: http.ErrBodyNotAllowed,
		},
	} {
		runInBubble(t, tt.name, func(t *testing.T) {
			srv := newBucketServer(t)
			var writeError error
			handlerEnded := false
			srv.Fail(snapshotjobtest.GetObject, newFlushFault(tt.status,
				func(w http.ResponseWriter, _ *http.Request) {
					_, writeError = w.Write(make([]byte, 1<<20))
					handlerEnded = true
				}))
			got := tt.request.send(t, srv)
			got.assertStatus(t, tt.status)
			assert.Empty(t, got.body)
			assert.NoError(t, got.bodyErr)
			assert.True(t, handlerEnded)
			assert.Equal(t, tt.writeError, writeError)
		})
	}
}

func TestTransportLeaksNothingWhenClosedWithoutBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newBucketServer(t)
		handlerEnded := false
		srv.Fail(snapshotjobtest.GetObject, newFlushFault(http.StatusOK,
			func(_ http.ResponseWriter, r *http.Request) {
				<-r.Context().Done()
				handlerEnded = true
			}))
		resp, err := srv.Transport().RoundTrip(headReportsFile.sign(t))
		require.NoError(t, err)
		assert.NoError(t, resp.Body.Close())
		assert.True(t, handlerEnded)
	})
}

// A client that has the headers of a HEAD misses nothing when the connection breaks afterwards.
func TestTransportBreaksNothingAfterHeaders(t *testing.T) {
	srv := newBucketServer(t)
	srv.Fail(snapshotjobtest.GetObject, newFlushFault(http.StatusOK,
		func(http.ResponseWriter, *http.Request) {
			panic(http.ErrAbortHandler)
		}))
	got := headReportsFile.send(t, srv)
	got.assertOK(t)
	assert.NoError(t, got.bodyErr)
}
