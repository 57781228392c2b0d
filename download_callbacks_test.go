package snapshotjob_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/quicksight-go/snapshotjob"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// interruptedDownload is a download in which a function of its user is called that doesn't return.
type interruptedDownload struct {
	server   *objectServer
	uri      string // of the file
	client   snapshotjob.Options
	download snapshotjob.DownloadOptions
}

// newInterruptedDownload returns a download in two parts, one after the other, that would go well.
func newInterruptedDownload() *interruptedDownload {
	d := &interruptedDownload{server: newObjectServer("0123456789"), uri: objectURI}
	d.client.Transport = &resultServer{}
	d.client.DownloadTransport = d.server
	d.download.PartSize = 5
	d.download.Parts = 1
	return d
}

// refuseFirst makes the server refuse the first URL, so that a result is asked for.
func (d *interruptedDownload) refuseFirst() {
	d.server.change = func(number int, response *http.Response) (*http.Response, error) {
		if number == 1 {
			return &http.Response{StatusCode: 403}, nil
		}
		return response, nil
	}
}

// run makes the download into dir.
func (d *interruptedDownload) run(ctx context.Context, dir string) ([]snapshotjob.DownloadedFile, error) {
	client := startClient(nil, func(o *snapshotjob.Options) {
		if d.client.Credentials != nil {
			o.Credentials = d.client.Credentials
		}
		o.Transport = d.client.Transport
		o.DownloadTransport = d.client.DownloadTransport
		o.Logger = d.client.Logger
	})
	return client.Download(ctx, dailyJob, dir, func(o *snapshotjob.DownloadOptions) {
		*o = d.download
		downloadURI(d.uri)(o)
	})
}

// interruptions let a function of the user call interrupt while a file is fetched.
var interruptions = map[string]func(d *interruptedDownload, interrupt func()){
	"OnProgress": func(d *interruptedDownload, interrupt func()) {
		d.download.OnProgress = func(snapshotjob.DownloadProgress) { interrupt() }
	},
	"OnProgress of the last byte": func(d *interruptedDownload, interrupt func()) {
		d.download.OnProgress = func(p snapshotjob.DownloadProgress) {
			if p.Bytes == p.Total {
				interrupt()
			}
		}
	},
	"transport": func(d *interruptedDownload, interrupt func()) {
		d.client.DownloadTransport = startTransport(func(*http.Request) (*http.Response, error) {
			interrupt()
			return nil, io.EOF
		})
	},
	"transport of the second part": func(d *interruptedDownload, interrupt func()) {
		d.server.change = func(number int, response *http.Response) (*http.Response, error) {
			if number == 2 {
				interrupt()
			}
			return response, nil
		}
	},
	"body": func(d *interruptedDownload, interrupt func()) {
		d.server.change = func(_ int, response *http.Response) (*http.Response, error) {
			rest := interruptingReader{interrupt: interrupt}
			response.Body = io.NopCloser(io.MultiReader(io.LimitReader(response.Body, 3), rest))
			return response, nil
		}
	},
	"transport to the API": func(d *interruptedDownload, interrupt func()) {
		d.refuseFirst()
		d.client.Transport = startTransport(func(*http.Request) (*http.Response, error) {
			interrupt()
			return nil, io.EOF
		})
	},
	"credentials": func(d *interruptedDownload, interrupt func()) {
		d.uri = "s3://bucket/key"
		d.client.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			interrupt()
			return aws.Credentials{}, io.EOF
		})
	},
	"logger": func(d *interruptedDownload, interrupt func()) {
		d.client.Logger = slog.New(interruptingHandler{interrupt: interrupt})
	},
}

// interruptingReader is a body whose Read doesn't return.
type interruptingReader struct{ interrupt func() }

func (r interruptingReader) Read([]byte) (int, error) {
	r.interrupt()
	return 0, io.EOF
}

// interruptingHandler is a handler of log records that doesn't return.
type interruptingHandler struct {
	slog.Handler
	interrupt func()
}

func (h interruptingHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h interruptingHandler) Handle(context.Context, slog.Record) error {
	h.interrupt()
	return nil
}

// The question for a fresh URL has the options that the download began with.
func TestDownloadAppliesClientOptionsOnce(t *testing.T) {
	inBubble(t, "fresh URL", func(t *testing.T) {
		d := newInterruptedDownload()
		d.refuseFirst()
		calls := 0
		count := func(*snapshotjob.Options) { calls++ }
		d.download.ClientOptions = []func(*snapshotjob.Options){count}
		asked := 0
		d.client.Transport = startTransport(func(req *http.Request) (*http.Response, error) {
			asked++
			return new(resultServer).RoundTrip(req)
		})
		_, err := d.run(t.Context(), t.TempDir())
		require.NoError(t, err)
		assert.Equal(t, 1, asked)
		assert.Equal(t, 1, calls)
	})
}

// A test's FailNow ends the goroutine that calls it.
func TestDownloadWhoseFunctionsEndTheirGoroutine(t *testing.T) {
	for name, interruption := range interruptions {
		for _, partSize := range []int64{5, 0} {
			inBubble(t, name+partsName(partSize), func(t *testing.T) {
				d := newInterruptedDownload()
				d.download.PartSize = partSize
				interruption(d, runtime.Goexit)
				dir := t.TempDir()
				files, err := d.run(t.Context(), dir)
				if partSize == 0 && name == "transport of the second part" {
					assert.NoError(t, err, "there is no such part")
					return
				}
				assert.ErrorContains(t, err, "a function that was called ended its goroutine")
				require.Len(t, files, 1)
				assert.Error(t, files[0].Err)
				assert.Empty(t, downloadFolder(t, dir))
			})
		}
	}
}

func partsName(partSize int64) string {
	if partSize == 0 {
		return ", in one stream"
	}
	return ", in parts"
}

// A panic goes on where Download was called, after all that Download had begun has ended.
func TestDownloadWhoseFunctionsPanic(t *testing.T) {
	for name, interruption := range interruptions {
		inBubble(t, name, func(t *testing.T) {
			d := newInterruptedDownload()
			interruption(d, func() { panic("of the user") })
			dir := t.TempDir()
			assert.PanicsWithValue(t, "of the user", func() { d.run(t.Context(), dir) })
			assert.Empty(t, downloadFolder(t, dir))
		})
	}
}

// The SDK's cache never returns if its provider ends the goroutine.
func TestDownloadWhoseCachedCredentialsNeverCome(t *testing.T) {
	inBubble(t, "cached", func(t *testing.T) {
		d := newInterruptedDownload()
		interruptions["credentials"](d, runtime.Goexit)
		d.client.Credentials = aws.NewCredentialsCache(d.client.Credentials)
		dir := t.TempDir()
		_, err := d.run(t.Context(), dir)
		assert.ErrorContains(t, err, "the provider of credentials returned nothing for too long")
		assert.Empty(t, downloadFolder(t, dir))
	})
}

// A file that fails in this way is the only one.
func TestDownloadGoesOnWithOtherFilesAfterAGoroutineEnded(t *testing.T) {
	inBubble(t, "seven files", func(t *testing.T) {
		server := downloadServer(t, sevenFiles("whole")...)
		dir := t.TempDir()
		files, err := server.Client().Download(t.Context(), dailyJob, dir, func(o *snapshotjob.DownloadOptions) {
			o.OnProgress = func(p snapshotjob.DownloadProgress) {
				if strings.HasSuffix(p.Name, "_3.csv") {
					runtime.Goexit()
				}
			}
		})
		assert.Error(t, err)
		require.Len(t, files, 7)
		for i, file := range files {
			assert.Equal(t, i != 3, file.Err == nil, "file %d: error %v", i, file.Err)
		}
		assert.Len(t, downloadFolder(t, dir), 6)
	})
}

// A Read that is interrupted leaves a reader that returns an error.
func TestOpenedFileAfterAFunctionPanicked(t *testing.T) {
	inBubble(t, "panic", func(t *testing.T) {
		server := newObjectServer("0123456789")
		server.change = func(number int, response *http.Response) (*http.Response, error) {
			if number == 2 {
				panic("of the user")
			}
			return brokenAfter(response, 5), nil
		}
		r, err := server.client().Open(t.Context(), snapshotjob.ResultFile{URI: objectURI})
		require.NoError(t, err)
		assert.PanicsWithValue(t, "of the user", func() { io.ReadAll(r) })
		_, err = r.Read(make([]byte, 1))
		assert.ErrorContains(t, err, "a function that was called by an earlier Read panicked")
		assert.NoError(t, r.Close())
	})
}
