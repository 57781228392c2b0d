package snapshotjob_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// brokenBodies are bodies that break the rules of io.Reader.
var brokenBodies = map[string]func() io.ReadCloser{
	"no bytes and no error": func() io.ReadCloser { return io.NopCloser(emptyReader{}) },
	"too many bytes":        func() io.ReadCloser { return io.NopCloser(badReader{}) },
	"fewer bytes than none": func() io.ReadCloser { return io.NopCloser(negativeReader{}) },
}

// brokenResponses is a transport whose responses have this status and one of the brokenBodies.
func brokenResponses(status int, body func() io.ReadCloser) http.RoundTripper {
	return startTransport(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Body: body()}, nil
	})
}

func TestErrorOfAFileWhoseBodyIsBroken(t *testing.T) {
	for name, body := range brokenBodies {
		inBubble(t, name, func(t *testing.T) { checkBrokenErrorOfAFile(t, body) })
	}
}

func TestErrorOfAFileWhoseBodyBlocksUntilItIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		checkBrokenErrorOfAFile(t, func() io.ReadCloser { return newDeafReader() })
	})
}

// checkBrokenErrorOfAFile checks what comes of a file's response of status 404 with this body.
func checkBrokenErrorOfAFile(t *testing.T, body func() io.ReadCloser) {
	t.Helper()
	client := startClient(nil, func(o *snapshotjob.Options) {
		o.DownloadTransport = brokenResponses(404, body)
	})
	_, err := client.Open(t.Context(), snapshotjob.ResultFile{URI: objectURI})
	assert.ErrorContains(t, err, "StatusCode: 404")
	assert.False(t, snapshotjob.IsTransient(err))
}

func TestCallWhoseBodyIsBroken(t *testing.T) {
	for _, status := range []int{200, 404} {
		for name, body := range brokenBodies {
			inBubble(t, http.StatusText(status)+" "+name, func(t *testing.T) {
				client := startClient(brokenResponses(status, body))
				_, err := client.DescribeDashboardSnapshotJob(t.Context(), dailyJob)
				assert.ErrorContains(t, err, fmt.Sprint("StatusCode: ", status))
			})
		}
	}
}

// closeReader is a body whose Close calls a function. It blocks until it is closed.
type closeReader struct {
	*blockedReader

	onClose func()
}

func (r closeReader) Close() error {
	r.blockedReader.Close()
	r.onClose()
	return nil
}

func TestPanicOfACloseThatTheContextCalls(t *testing.T) {
	for _, status := range []int{200, 404} {
		inBubble(t, http.StatusText(status), func(t *testing.T) {
			body := closeReader{blockedReader: newDeafReader(), onClose: func() { panic("of Close") }}
			client := startClient(nil, func(o *snapshotjob.Options) {
				o.DownloadTransport = brokenResponses(status, func() io.ReadCloser { return body })
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			dir := t.TempDir()
			download := func() { client.Download(ctx, dailyJob, dir, downloadURI(objectURI)) }
			assert.PanicsWithValue(t, "of Close", download)
			assert.Empty(t, downloadFolder(t, dir))
		})
	}
}

func TestBodyIsClosedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var closed atomic.Int32
		body := closeReader{blockedReader: newDeafReader(), onClose: func() { closed.Add(1) }}
		client := startClient(nil, func(o *snapshotjob.Options) {
			o.DownloadTransport = brokenResponses(200, func() io.ReadCloser { return body })
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r, err := client.Open(ctx, snapshotjob.ResultFile{URI: objectURI})
		require.NoError(t, err)
		_, err = r.Read(make([]byte, 1))
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		r.Close()
		assert.Equal(t, int32(1), closed.Load())
	})
}

func TestErrorOfABodyIsOneLineWithoutSecrets(t *testing.T) {
	synctest.Test(t, testErrorOfABody)
}

func testErrorOfABody(t *testing.T) {
	server := newObjectServer("0123456789")
	server.change = func(_ int, response *http.Response) (*http.Response, error) {
		broken := errors.New("broken\nat " + objectURI)
		response.Body = io.NopCloser(iotest.ErrReader(broken))
		return response, nil
	}
	r, err := server.client().Open(t.Context(), snapshotjob.ResultFile{URI: objectURI})
	require.NoError(t, err)
	defer r.Close()
	_, err = io.ReadAll(r)
	assert.ErrorContains(t, err, "broken at https://host/key?REDACTED")
	assert.NotContains(t, err.Error(), "\n")
}

func TestBodyIsClosedIfTheLoggerPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var closed atomic.Bool
		body := closeReader{blockedReader: newDeafReader(), onClose: func() { closed.Store(true) }}
		client := startClient(nil, func(o *snapshotjob.Options) {
			o.DownloadTransport = brokenResponses(200, func() io.ReadCloser { return body })
			o.Logger = slog.New(interruptingHandler{interrupt: func() { panic("of the Logger") }})
		})
		open := func() { client.Open(t.Context(), snapshotjob.ResultFile{URI: objectURI}) }
		require.PanicsWithValue(t, "of the Logger", open)
		synctest.Wait()
		assert.True(t, closed.Load())
	})
}

// switching is a connection whose server has switched to another protocol, and says nothing.
const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"

func TestServerThatSwitchesProtocols(t *testing.T) {
	server := fileCase{Responses: []rawResponse{{Head: switching, Then: "keep"}}}
	client, address := server.serve(t)
	file := snapshotjob.ResultFile{URI: snapshotjob.S3URI(address)}
	_, err := client.Open(t.Context(), file, func(o *snapshotjob.DownloadOptions) {
		o.StallTimeout = 10 * time.Millisecond
	})
	assert.ErrorContains(t, err, "StatusCode: 101")
}

func TestAPIThatSwitchesProtocols(t *testing.T) {
	server := fileCase{Responses: []rawResponse{{Head: switching, Then: "keep"}}}
	_, address := server.serve(t)
	sockets := &http.Transport{}
	t.Cleanup(sockets.CloseIdleConnections)
	endpoint := strings.TrimSuffix(address, "/key")
	client := startClient(sockets, func(o *snapshotjob.Options) {
		o.BaseEndpoint = &endpoint
		o.AttemptTimeout = 10 * time.Millisecond
	})
	_, err := client.DescribeDashboardSnapshotJob(t.Context(), dailyJob)
	assert.ErrorContains(t, err, "StatusCode: 101")
}
