package snapshotjob_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inParts makes Download fetch a file in parts of this size, so many at once.
func inParts(size int64, atOnce int) func(*snapshotjob.DownloadOptions) {
	return func(o *snapshotjob.DownloadOptions) {
		o.PartSize = size
		o.Parts = atOnce
	}
}

func TestDownloadInPartsReadsNoByteTwiceIfRangesAreIgnored(t *testing.T) {
	server := newObjectServer(strings.Repeat("0123456789", 64))
	server.ignoresRanges = true
	dir := t.TempDir()
	_, err := server.client().Download(t.Context(), dailyJob, dir, inParts(10, 64))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{objectName: server.content}, downloadFolder(t, dir))
	assert.Equal(t, []string{"all", "10-19"}, server.asked())
	assert.EqualValues(t, len(server.content), server.read())
}

// Ranges that are ignored later cost one more pass through the file, as one stream.
func TestDownloadInPartsIfRangesAreIgnoredLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newObjectServer(strings.Repeat("0123456789", 64))
		server.change = func(number int, response *http.Response) (*http.Response, error) {
			if number == 5 {
				server.ignoresRanges = true
			}
			return response, nil
		}
		dir := t.TempDir()
		_, err := server.client().Download(t.Context(), dailyJob, dir, func(o *snapshotjob.DownloadOptions) {
			inParts(10, 1)(o)
			o.MaxAttempts = 1 // the pass costs no attempt
		})
		require.NoError(t, err)
		assert.Equal(t, map[string]string{objectName: server.content}, downloadFolder(t, dir))
		want := []string{"all", "10-19", "20-29", "30-39", "40-49", "50-59", "all"}
		assert.Equal(t, want, server.asked())
	})
}

// A part that is resumed at a server which ignores ranges is no different.
func TestDownloadOfAPartIfRangesAreIgnoredWhenItBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newObjectServer(strings.Repeat("0123456789", 4))
		server.change = func(number int, response *http.Response) (*http.Response, error) {
			if number == 3 {
				server.ignoresRanges = true
				return brokenAfter(response, 5), nil
			}
			return response, nil
		}
		dir := t.TempDir()
		_, err := server.client().Download(t.Context(), dailyJob, dir, inParts(10, 1))
		require.NoError(t, err)
		assert.Equal(t, map[string]string{objectName: server.content}, downloadFolder(t, dir))
		assert.Equal(t, []string{"all", "10-19", "20-29", "25-29", "all"}, server.asked())
	})
}

// hugeObject is a server that says that its file has 10 TB, and has each part of it. It ends the
// context with its thousandth request.
type hugeObject struct {
	requests atomic.Int32
	end      func()
}

func (o *hugeObject) RoundTrip(req *http.Request) (*http.Response, error) {
	const size = 10_000_000_000_000
	if o.requests.Add(1) == 1000 {
		o.end()
	}
	response := &http.Response{
		StatusCode:    200,
		Header:        http.Header{"Etag": {`"e"`}},
		ContentLength: size,
		Body:          io.NopCloser(downloadZeros(0)),
	}
	var first, last int64
	if n, _ := fmt.Sscanf(req.Header.Get("Range"), "bytes=%d-%d", &first, &last); n == 2 {
		response.StatusCode = 206
		response.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, int64(size)))
		response.ContentLength = last - first + 1
		response.Body = io.NopCloser(io.LimitReader(downloadZeros(0), last-first+1))
	}
	return response, nil
}

func TestDownloadInPartsTakesLittleMemoryWhateverTheSize(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	server := &hugeObject{end: func() { cancel(errShiftOver) }}
	client := startClient(&resultServer{}, func(o *snapshotjob.Options) {
		o.DownloadTransport = server
	})
	dir := t.TempDir()
	var err error
	took := allocated(func() { _, err = client.Download(ctx, dailyJob, dir, inParts(100, 4)) })
	assert.ErrorIs(t, err, errShiftOver)
	assert.ErrorIs(t, err, context.Canceled)
	assert.LessOrEqual(t, server.requests.Load(), int32(1010))
	assert.Less(t, took, uint64(32<<20))
	assert.Empty(t, downloadFolder(t, dir))
}

// A server that gives a byte for each fresh URL, and then refuses it, costs few results.
func TestDownloadAsksForFewResultsOfAServerThatRefusesEachURL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newObjectServer(strings.Repeat("0123456789", 64))
		server.change = func(number int, response *http.Response) (*http.Response, error) {
			if number%2 == 0 {
				return &http.Response{StatusCode: 403}, nil
			}
			return brokenAfter(response, 1), nil
		}
		api := &resultServer{}
		client := server.client(func(o *snapshotjob.Options) {
			o.Transport = api
		})
		_, err := client.Download(t.Context(), dailyJob, t.TempDir())
		assert.ErrorContains(t, err, "StatusCode: 403")
		assert.EqualValues(t, 1+5, api.requests.Load(), "the first one, and MaxAttempts")
	})
}

// However many attempts may be made in a row, a file can't cost requests without end.
func TestDownloadGivesUpAfterTooManyFailures(t *testing.T) {
	lost := func(int, *http.Response) (*http.Response, error) {
		return nil, io.ErrUnexpectedEOF
	}
	broken := func(_ int, response *http.Response) (*http.Response, error) {
		return brokenAfter(response, 5), nil
	}
	for name, server := range map[string]*objectServer{
		"before a response":               {content: "0123456789", change: lost},
		"in a body that can't be resumed": {content: "0123456789", change: broken},
	} {
		inBubble(t, name, func(t *testing.T) {
			many := func(o *snapshotjob.DownloadOptions) {
				o.MaxAttempts = 5000
			}
			_, err := server.client().Download(t.Context(), dailyJob, t.TempDir(), many)
			assert.ErrorContains(t, err, "too many attempts have failed in all")
			assert.NotContains(t, fmt.Sprint(err), "maximum number of attempts")
			assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
			assert.Len(t, server.asked(), 1001)
		})
	}
}

// voidReader brings as many bytes as it is asked for, without end, and counts them.
type voidReader struct{ count *atomic.Int64 }

func (r voidReader) Read(p []byte) (int, error) {
	r.count.Add(int64(len(p)))
	return len(p), nil
}

// A server that ignores ranges sends all from the beginning again whenever its connection breaks. What it
// sends in vain is bounded too, even if each connection brings a byte more than the last one.
func TestFileCostsLittleMoreThanItsBytesIfRangesAreIgnored(t *testing.T) {
	const brought = 32 << 20 // by the first connection
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int64
		server := newObjectServer("")
		server.ignoresRanges = true
		server.change = func(number int, response *http.Response) (*http.Response, error) {
			response.ContentLength = 2 * brought
			response.Body = io.NopCloser(voidReader{count: &sent})
			return brokenAfter(response, brought+int64(number)), nil
		}
		r, err := server.client().Open(t.Context(), snapshotjob.ResultFile{URI: objectURI})
		require.NoError(t, err)
		defer r.Close()
		_, err = io.Copy(io.Discard, r)
		assert.ErrorContains(t, err, "too many attempts have failed in all")
		assert.Greater(t, sent.Load(), int64(10*brought))
		assert.Less(t, sent.Load(), int64(1200<<20))
	})
}

// The parts of a file that are refused at once share one fresh result.
func TestDownloadAsksForOneResultForAllParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newObjectServer(strings.Repeat("0123456789", 6))
		server.change = func(number int, response *http.Response) (*http.Response, error) {
			letPass(time.Second)
			if number > 2 && number <= 6 {
				return &http.Response{StatusCode: 403}, nil
			}
			return response, nil
		}
		api := &resultServer{}
		client := server.client(func(o *snapshotjob.Options) {
			o.Transport = api
		})
		_, err := client.Download(t.Context(), dailyJob, t.TempDir(), inParts(10, 4))
		require.NoError(t, err)
		assert.EqualValues(t, 2, api.requests.Load())
	})
}

func TestDownloadOfAFileThatComesCompressed(t *testing.T) {
	server := newObjectServer("\x1f\x8b, and what follows")
	server.change = func(_ int, response *http.Response) (*http.Response, error) {
		response.Header.Set("Content-Encoding", "gzip")
		return response, nil
	}
	dir := t.TempDir()
	_, err := server.client().Download(t.Context(), dailyJob, dir)
	want := `the file comes compressed, with Content-Encoding "gzip", although "identity" was asked for`
	assert.ErrorContains(t, err, want)
	assert.Empty(t, downloadFolder(t, dir))
	assert.Len(t, server.requests, 1, "the next response would be compressed as well")
}

// A transport that decompresses leaves the length of the compressed bytes.
func TestDownloadThroughATransportThatDecompresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newObjectServer("0123456789")
		server.change = func(_ int, response *http.Response) (*http.Response, error) {
			response.ContentLength = 5
			return response, nil
		}
		dir := t.TempDir()
		_, err := server.client().Download(t.Context(), dailyJob, dir)
		assert.ErrorIs(t, err, snapshotjob.ErrFileChanged)
		assert.ErrorContains(t, err, "the body is longer than the server said")
		assert.Empty(t, downloadFolder(t, dir))
	})
}

// Once a file had an ETag, no page without one is the file: not the rest of it, and not all of it.
func TestDownloadTakesNoPageForTheFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newObjectServer("0123456789")
		server.change = func(number int, response *http.Response) (*http.Response, error) {
			if number == 1 {
				return brokenAfter(response, 5), nil
			}
			return &http.Response{
				StatusCode: 200,
				Body:       io.NopCloser(strings.NewReader("<html>blocked</html>")),
			}, nil
		}
		dir := t.TempDir()
		_, err := server.client().Download(t.Context(), dailyJob, dir)
		assert.ErrorIs(t, err, snapshotjob.ErrFileChanged)
		assert.ErrorContains(t, err, "the response has no strong ETag, which an earlier one had")
		assert.Empty(t, downloadFolder(t, dir))
		assert.Equal(t, []string{"all", "5-9", "all", "all", "all", "all"}, server.asked())
	})
}

// An error after the file was begun anew tells also why it was.
func TestDownloadTellsWhyItBeganAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newObjectServer("0123456789")
		server.etag = ""
		server.change = func(number int, response *http.Response) (*http.Response, error) {
			if number == 1 {
				return brokenAfter(response, 5), nil
			}
			return &http.Response{StatusCode: 404}, nil
		}
		_, err := server.client().Download(t.Context(), dailyJob, t.TempDir())
		assert.ErrorContains(t, err, "StatusCode: 404")
		assert.ErrorContains(t, err, "the server gave no strong ETag: read at byte 5")
	})
}

func TestOpenDoesNotResumeWithoutAStrongETag(t *testing.T) {
	for _, etag := range []string{"", `W/"e"`, "e"} {
		server := newObjectServer("0123456789")
		server.etag = etag
		server.change = func(_ int, response *http.Response) (*http.Response, error) {
			return brokenAfter(response, 5), nil
		}
		r, err := server.client().Open(t.Context(), snapshotjob.ResultFile{URI: objectURI})
		require.NoError(t, err, etag)
		defer r.Close()
		_, err = io.ReadAll(r)
		assert.ErrorContains(t, err, "the server gave no strong ETag", etag)
		assert.Len(t, server.requests, 1, etag)
	}
}

// A server that doesn't tell the size, and breaks after the last byte, is asked for that byte again.
func TestOpenProvesTheEndOfAFileOfUnknownSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newObjectServer("0123456789")
		server.change = func(number int, response *http.Response) (*http.Response, error) {
			switch number {
			case 1:
				response.ContentLength = -1
				return brokenAfter(response, 10), nil
			case 2:
				return &http.Response{StatusCode: 416}, nil
			}
			return response, nil
		}
		r, err := server.client().Open(t.Context(), snapshotjob.ResultFile{URI: objectURI})
		require.NoError(t, err)
		defer r.Close()
		assert.EqualValues(t, -1, r.Size())
		content, err := io.ReadAll(r)
		assert.NoError(t, err)
		assert.Equal(t, server.content, string(content))
		assert.Equal(t, []string{"all", "10-", "9-"}, server.asked())
	})
}

// emptyReader brings neither bytes nor an error.
type emptyReader struct{}

func (emptyReader) Read([]byte) (int, error) { return 0, nil }

// badReader says that it has read more than it was asked for.
type badReader struct{}

func (badReader) Read(p []byte) (int, error) { return len(p) + 1, nil }

func TestOpenEndsWithBodiesThatBreakTheRulesOfReaders(t *testing.T) {
	bodies := map[string]struct {
		body io.Reader
		want string
	}{
		"no bytes and no error": {body: emptyReader{}, want: io.ErrNoProgress.Error()},
		"too many bytes":        {body: badReader{}, want: "an impossible count"},
	}
	for name, tt := range bodies {
		inBubble(t, name, func(t *testing.T) {
			server := newObjectServer("0123456789")
			server.change = func(_ int, response *http.Response) (*http.Response, error) {
				response.Body = io.NopCloser(tt.body)
				return response, nil
			}
			r, err := server.client().Open(t.Context(), snapshotjob.ResultFile{URI: objectURI})
			require.NoError(t, err)
			defer r.Close()
			_, err = io.ReadAll(r)
			assert.ErrorContains(t, err, "exceeded maximum number of attempts, 5")
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

// blockedReader blocks until its context ends, or until it is closed.
type blockedReader struct {
	ctx    context.Context // nil: it knows none
	closed chan struct{}
}

func newBlockedReader(ctx context.Context) *blockedReader {
	return &blockedReader{ctx: ctx, closed: make(chan struct{}, 10)}
}

// newDeafReader returns a reader that knows no context, and blocks until it is closed.
func newDeafReader() *blockedReader {
	return &blockedReader{closed: make(chan struct{}, 10)}
}

func (r *blockedReader) Read([]byte) (int, error) {
	if r.ctx == nil {
		<-r.closed
		return 0, errors.New("read from a closed body")
	}
	<-r.ctx.Done()
	return 0, r.ctx.Err()
}

func (r *blockedReader) Close() error {
	r.closed <- struct{}{}
	return nil
}

// blockedReads are the places in which a Read may wait when it is closed. Each says what becomes of the
// requests after the first, which breaks after some bytes.
var blockedReads = map[string]func(req *http.Request, response *http.Response) (*http.Response, error){
	"in a body": func(req *http.Request, response *http.Response) (*http.Response, error) {
		response.Body = newBlockedReader(req.Context())
		return response, nil
	},
	"in a body that knows no context": func(_ *http.Request, response *http.Response) (*http.Response, error) {
		response.Body = newDeafReader()
		return response, nil
	},
	"in a body that brings nothing": func(_ *http.Request, response *http.Response) (*http.Response, error) {
		response.Body = io.NopCloser(slowReader{next: emptyReader{}})
		return response, nil
	},
	"before a response": func(req *http.Request, _ *http.Response) (*http.Response, error) {
		<-req.Context().Done()
		return nil, req.Context().Err()
	},
	"between attempts": func(*http.Request, *http.Response) (*http.Response, error) {
		return &http.Response{StatusCode: 503}, nil
	},
}

func TestCloseEndsABlockedRead(t *testing.T) {
	for name, block := range blockedReads {
		inBubble(t, name, func(t *testing.T) {
			server := newObjectServer("0123456789")
			server.change = func(number int, response *http.Response) (*http.Response, error) {
				if number == 1 {
					return brokenAfter(response, 5), nil
				}
				return block(server.requests[number-1], response)
			}
			file := snapshotjob.ResultFile{URI: objectURI}
			// The server may stall, and fail, for as long as the test lasts.
			r, err := server.client().Open(t.Context(), file, func(o *snapshotjob.DownloadOptions) {
				o.StallTimeout = 24 * time.Hour
				o.MaxAttempts = 1000
			})
			require.NoError(t, err)
			closed := time.AfterFunc(time.Minute, func() { r.Close() })
			defer closed.Stop()
			content, err := io.ReadAll(r)
			assert.Equal(t, os.ErrClosed, err)
			assert.Equal(t, "01234", string(content))
		})
	}
}
