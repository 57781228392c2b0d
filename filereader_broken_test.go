package snapshotjob_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// downloadHeaders lists what was asked of S3: the range, and whether it must
// still be the same object.
func downloadHeaders(server *snapshotjobtest.Server) string {
	var list []string
	for _, r := range server.Requests() {
		if r.Operation == downloadGet {
			text := strings.TrimPrefix(r.Header.Get("Range"), "bytes=")
			if r.Header.Get("If-Match") != "" {
				text += "="
			}
			list = append(list, fmt.Sprintf("%s:%d", text, r.Status))
		}
	}
	return strings.Join(list, " ")
}

// downloadWithoutRange is a server that doesn't know ranges.
func downloadWithoutRange() snapshotjobtest.Fault {
	return snapshotjobtest.NewFault("without range", func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("Range")
			next.ServeHTTP(w, r)
		})
	})
}

// downloadAnswer answers with this status, these headers and this body.
func downloadAnswer(status int, body string, header ...string) snapshotjobtest.Fault {
	return snapshotjobtest.NewFault(fmt.Sprint("answer ", status), func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			io.WriteString(w, body)
		})
	})
}

func TestDownloadOfABrokenFile(t *testing.T) {
	const content, other = "0123456789", "abcdefghijklmn"
	cut := snapshotjobtest.CutBody(4)
	replace := func(with string) func(*snapshotjobtest.Server) snapshotjobtest.Fault {
		return func(s *snapshotjobtest.Server) snapshotjobtest.Fault {
			return snapshotjobtest.NewFault("replace", func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					s.ReplaceFile(startJob, 0, []byte(with))
					next.ServeHTTP(w, r)
				})
			})
		}
	}
	fixed := func(f snapshotjobtest.Fault) func(*snapshotjobtest.Server) snapshotjobtest.Fault {
		return func(*snapshotjobtest.Server) snapshotjobtest.Fault { return f }
	}
	type faults = []func(*snapshotjobtest.Server) snapshotjobtest.Fault
	attempts := func(n int) func(*snapshotjob.DownloadOptions) {
		return func(o *snapshotjob.DownloadOptions) { o.MaxAttempts = n }
	}
	inParts := func(o *snapshotjob.DownloadOptions) { o.PartSize, o.Parts = 6, 1 }
	for _, tt := range []struct {
		name   string
		bucket bool
		faults faults
		set    func(*snapshotjob.DownloadOptions)
		want   string // the file's content; "": none
		err    string
		asked  string
	}{
		{name: "resumed", faults: faults{fixed(cut)}, want: content, asked: ":200 4-9=:206"},
		{name: "resumed again and again", faults: faults{fixed(cut), fixed(snapshotjobtest.Drop()), fixed(snapshotjobtest.CutBody(1)), fixed(snapshotjobtest.CutBody(2))}, want: content, asked: ":200 4-9=:0 4-9=:206 5-9=:206 7-9=:206"},
		{name: "resumed from a bucket", bucket: true, faults: faults{fixed(cut)}, want: content, asked: ":200 4-9=:206"},
		{name: "broken before the first byte", faults: faults{fixed(snapshotjobtest.Drop()), fixed(snapshotjobtest.CutBody(0))}, want: content, asked: ":0 :200 =:200"},
		{name: "throttled", faults: faults{fixed(snapshotjobtest.Throttle()), fixed(snapshotjobtest.ServerError(500))}, want: content, asked: ":503 :500 :200"},
		{name: "given up", faults: faults{fixed(cut), fixed(snapshotjobtest.Drop()), fixed(snapshotjobtest.Drop())}, set: attempts(3), err: "exceeded maximum number of attempts, 3", asked: ":200 4-9=:0 4-9=:0"},
		{name: "broken more often than it may fail, but never without progress", faults: faults{fixed(cut), fixed(snapshotjobtest.CutBody(1)), fixed(snapshotjobtest.CutBody(1)), fixed(snapshotjobtest.CutBody(1))}, set: attempts(2), want: content, asked: ":200 4-9=:206 5-9=:206 6-9=:206 7-9=:206"},
		{name: "no access to the bucket", bucket: true, faults: faults{fixed(snapshotjobtest.Answer(403, "AccessDenied", "m"))}, err: "AccessDenied", asked: ":403"},
		{name: "one attempt", faults: faults{fixed(snapshotjobtest.ServerError(503))}, set: attempts(1), err: "exceeded maximum number of attempts, 1", asked: ":503"},
		{name: "not tried again", faults: faults{fixed(snapshotjobtest.Answer(404, "NoSuchKey", "m"))}, err: "NoSuchKey", asked: ":404"},
		{name: "a server without ranges", faults: faults{fixed(cut), fixed(downloadWithoutRange())}, want: content, asked: ":200 4-9=:200"},
		{name: "a server without ranges, broken while it is skipped", faults: faults{fixed(cut), fixed(downloadAnswer(200, "01", "Content-Length", "10")), fixed(downloadWithoutRange())}, want: content, asked: ":200 4-9=:200 4-9=:200"},
		{name: "replaced meanwhile", faults: faults{fixed(cut), replace(other)}, want: other, asked: ":200 4-9=:412 :200"},
		{name: "replaced by less than is there already", faults: faults{fixed(snapshotjobtest.CutBody(8)), replace("abc")}, want: "abc", asked: ":200 8-9=:412 :200"},
		{name: "replaced again and again", faults: faults{fixed(cut), replace(other), fixed(cut), replace(content)}, set: attempts(2), err: "the file changed while it was read", asked: ":200 4-9=:412 :200 4-13=:412"},
		{name: "another object by its ETag", faults: faults{fixed(cut), fixed(downloadAnswer(206, "456789", "Etag", `"other"`, "Content-Range", "bytes 4-9/10"))}, want: content, asked: ":200 4-9=:206 :200"},
		{name: "another object by its length", faults: faults{fixed(cut), fixed(downloadAnswer(206, "456789", "Content-Range", "bytes 4-9/11"))}, want: content, asked: ":200 4-9=:206 :200"},
		{name: "cut short meanwhile", faults: faults{fixed(cut), fixed(snapshotjobtest.Answer(416, "InvalidRange", "m"))}, want: content, asked: ":200 4-9=:416 :200"},
		{name: "an earlier range", faults: faults{fixed(cut), fixed(downloadAnswer(206, "23456789", "Content-Range", "bytes 2-9/10"))}, want: content, asked: ":200 4-9=:206"},
		{name: "a shorter range", faults: faults{fixed(cut), fixed(downloadAnswer(206, "4567", "Content-Range", "bytes 4-7/10"))}, want: content, asked: ":200 4-9=:206 8-9=:206"},
		{name: "a later range", faults: faults{fixed(cut), fixed(downloadAnswer(206, "56789", "Content-Range", "bytes 5-9/10"))}, err: `the Content-Range "bytes 5-9/10" is not what was asked for`, asked: ":200 4-9=:206"},
		{name: "a range that makes no sense", faults: faults{fixed(cut), fixed(downloadAnswer(206, "56789"))}, err: `the Content-Range "" is not what was asked for`, asked: ":200 4-9=:206"},
		{name: "a body without a known length", faults: faults{fixed(downloadStream(content))}, want: content, asked: ":200"},
		{name: "a body without a known length, in parts", faults: faults{fixed(downloadStream(content)), fixed(downloadStream(content))}, set: inParts, want: content, asked: "0-5:200 :200"},
		{name: "parts of a server without ranges", faults: faults{fixed(downloadWithoutRange()), fixed(downloadWithoutRange())}, set: inParts, want: content, asked: "0-5:200 6-9=:200"},
		{name: "parts of a file that was replaced", faults: faults{nil, replace(other)}, set: inParts, want: other, asked: "0-5:206 6-9=:412 0-5:206 6-11=:206 12-13=:206"},
		{name: "a part is broken", faults: faults{fixed(cut), nil}, set: inParts, want: content, asked: "0-5:206 4-5=:206 6-9=:206"},
		{name: "corrupt once", bucket: true, faults: faults{fixed(snapshotjobtest.Corrupt())}, want: content, asked: ":200 :200"},
		{name: "corrupt at each of two attempts", bucket: true, faults: faults{fixed(snapshotjobtest.Corrupt()), fixed(snapshotjobtest.Corrupt())}, set: attempts(2), err: "the file's bytes don't agree with its checksum", asked: ":200 :200"},
		{name: "credentials expired once", bucket: true, faults: faults{fixed(snapshotjobtest.ExpiredToken())}, want: content, asked: ":400 :200"},
		{name: "credentials that stay expired", bucket: true, faults: faults{fixed(snapshotjobtest.ExpiredToken()), fixed(snapshotjobtest.ExpiredToken())}, err: "ExpiredToken", asked: ":400 :400"},
		{name: "no answer", faults: faults{fixed(snapshotjobtest.Stall(0))}, want: content, asked: ":0 :200"},
		{name: "half an answer", faults: faults{fixed(snapshotjobtest.StallBody(4, 0))}, want: content, asked: ":200 4-9=:206"},
		{name: "an answer that comes in time", faults: faults{fixed(snapshotjobtest.Stall(29 * time.Second))}, want: content, asked: ":200"},
		{name: "a body that comes in time", faults: faults{fixed(snapshotjobtest.StallBody(4, 29*time.Second))}, want: content, asked: ":200"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				life := snapshotjobtest.Completed(snapshotjobtest.PDF("sheet-1").With(content))
				if tt.bucket {
					life = downloadBucket("reports", life.Files...)
				}
				server := downloadLife(t, life)
				for _, f := range tt.faults {
					if f == nil {
						server.Fail(downloadGet, snapshotjobtest.Pass())
					} else {
						server.Fail(downloadGet, f(server))
					}
				}
				dir := t.TempDir()
				optFns := []func(*snapshotjob.DownloadOptions){func(o *snapshotjob.DownloadOptions) {}}
				if tt.set != nil {
					optFns = append(optFns, tt.set)
				}
				files, err := server.Client().Download(t.Context(), startJob, dir, optFns...)
				want := ""
				if tt.want != "" {
					want = "daily_sheet-1.pdf=" + tt.want
				}
				if got := downloadFolder(t, dir); got != want {
					t.Errorf("folder: got %q, want %q", got, want)
				}
				if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err) || files[0].Err == nil) {
					t.Errorf("err = %v, want %q", err, tt.err)
				}
				if got := downloadHeaders(server); got != tt.asked {
					t.Errorf("asked:\n got %s\nwant %s", got, tt.asked)
				}
			})
		})
	}
}

// downloadStream answers without a length.
func downloadStream(body string) snapshotjobtest.Fault {
	return snapshotjobtest.NewFault("stream", func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.NewResponseController(w).Flush()
			io.WriteString(w, body)
		})
	})
}

func TestDownloadRenewsExpiredURLsWithOneResult(t *testing.T) {
	for _, concurrency := range []int{1, 2, 7} {
		synctest.Test(t, func(t *testing.T) {
			var life []snapshotjobtest.File
			for i := range 7 {
				life = append(life, snapshotjobtest.CSV("sheet-1", fmt.Sprint(i)).With("whole"))
			}
			server := downloadServer(t, life...)
			client := server.Client()
			result, err := client.DescribeDashboardSnapshotJobResult(t.Context(), startJob)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			// The fresh result takes a retry, while all files wait for it.
			server.Fail(downloadResult, snapshotjobtest.ServerError(500))
			_, err = client.Download(t.Context(), startJob, t.TempDir(), func(o *snapshotjob.DownloadOptions) {
				o.Result, o.Concurrency = result, concurrency
			})
			if err != nil {
				t.Error(err)
			}
			want := strings.Repeat(":403 ", concurrency) + strings.TrimSpace(strings.Repeat(":200 ", 7))
			if got, n := downloadHeaders(server), downloadCount(server, downloadResult); n != 3 || got != want {
				t.Errorf("%d at once: asked for the result %d times, and %s, want 3 and %s", concurrency, n, got, want)
			}
		})
	}
}

func TestDownloadRenewsOnlyOnce(t *testing.T) {
	for _, tt := range []struct {
		name   string
		faults []snapshotjobtest.Fault
		err    string
		asked  string
		result int
	}{
		{"refused again", snapshotjobtest.Answer(403, "AccessDenied", "Request has expired").Times(2), "Request has expired", ":403 :403", 2},
		{"the token that signed it has expired", snapshotjobtest.Answer(400, "ExpiredToken", "m").Times(1), "", ":400 :200", 2},
		{"once more after some bytes", []snapshotjobtest.Fault{
			snapshotjobtest.Answer(403, "AccessDenied", "m"), snapshotjobtest.CutBody(4), snapshotjobtest.Answer(403, "AccessDenied", "m"),
		}, "", ":403 :200 4-9=:403 4-9=:206", 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := downloadServer(t, snapshotjobtest.PDF("sheet-1").With("0123456789"))
				server.Fail(downloadGet, tt.faults...)
				_, err := server.Client().Download(t.Context(), startJob, t.TempDir())
				if fmt.Sprint(err) != "<nil>" != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
					t.Errorf("err = %v, want %q", err, tt.err)
				}
				if got, n := downloadHeaders(server), downloadCount(server, downloadResult); got != tt.asked || n != tt.result {
					t.Errorf("asked %s, and for the result %d times, want %s and %d", got, n, tt.asked, tt.result)
				}
			})
		})
	}
}

func TestDownloadFreshResultFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := downloadServer(t, snapshotjobtest.PDF("sheet-1"))
		server.Fail(downloadGet, snapshotjobtest.Answer(403, "AccessDenied", "Request has expired"))
		server.Fail(downloadResult, snapshotjobtest.Pass(), snapshotjobtest.Answer(404, "ResourceNotFoundException", "gone"))
		_, err := server.Client().Download(t.Context(), startJob, t.TempDir())
		var notFound *snapshotjob.ResourceNotFoundException
		if !errors.As(err, &notFound) || !strings.Contains(err.Error(), "ask for a fresh URL: ") || !strings.Contains(err.Error(), "Request has expired") {
			t.Errorf("err = %v, want why there is no fresh URL, and why one was needed", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		server := downloadServer(t, snapshotjobtest.PDF("sheet-1"))
		server.Fail(downloadGet, snapshotjobtest.Answer(403, "AccessDenied", "Request has expired"))
		server.Fail(downloadResult, snapshotjobtest.Pass(), startAfterWork("no files", startAnswer(200, `{"JobStatus":"COMPLETED"}`)))
		_, err := server.Client().Download(t.Context(), startJob, t.TempDir())
		if err == nil || !strings.Contains(err.Error(), "the new result doesn't have the file") {
			t.Errorf("err = %v, want that the new result lacks the file", err)
		}
	})
}

func TestDownloadOfAPartThatFailsEndsTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := downloadServer(t, snapshotjobtest.PDF("sheet-1").With("0123456789"))
		// The first part would stall for a day, and then be asked for again.
		server.Fail(downloadGet, snapshotjobtest.StallBody(2, 0), snapshotjobtest.Answer(404, "NoSuchKey", "gone"))
		dir := t.TempDir()
		_, err := server.Client().Download(t.Context(), startJob, dir, func(o *snapshotjob.DownloadOptions) {
			o.PartSize, o.Parts, o.StallTimeout = 3, 2, 24*time.Hour
		})
		if err == nil || !strings.Contains(err.Error(), "NoSuchKey") || strings.Contains(err.Error(), "canceled") {
			t.Errorf("err = %v, want the error of the part that failed", err)
		}
		if got, want := downloadHeaders(server), "0-2:206 3-5=:404"; got != want {
			t.Errorf("asked %s, want %s", got, want)
		}
		if got := downloadFolder(t, dir); got != "" {
			t.Errorf("left in the folder: %s", got)
		}
	})
}

func TestDownloadEndsWithItsContext(t *testing.T) {
	large := snapshotjobtest.PDF("sheet-1")
	large.Size = 1 << 20
	for _, tt := range []struct {
		name  string
		fault func(server *snapshotjobtest.Server, end func())
		set   func(*snapshotjob.DownloadOptions)
	}{
		{"while it asks for the result", func(s *snapshotjobtest.Server, _ func()) { s.Fail(downloadResult, snapshotjobtest.Stall(0)) }, nil},
		{"before the answer", func(s *snapshotjobtest.Server, _ func()) { s.Fail(downloadGet, snapshotjobtest.Stall(0)) }, nil},
		{"in the answer", func(s *snapshotjobtest.Server, _ func()) { s.Fail(downloadGet, snapshotjobtest.StallBody(1<<19, 0)) }, nil},
		{"in one of the parts", func(s *snapshotjobtest.Server, _ func()) {
			s.Fail(downloadGet, snapshotjobtest.Pass(), snapshotjobtest.StallBody(1<<10, 0))
		}, func(o *snapshotjob.DownloadOptions) { o.PartSize = 1 << 17 }},
		{"while it skips what it has", func(s *snapshotjobtest.Server, _ func()) {
			s.Fail(downloadGet, snapshotjobtest.CutBody(1<<19), snapshotjobtest.NewFault("no range, and a stall", func(http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Length", fmt.Sprint(1<<20))
					io.WriteString(w, "begin")
					http.NewResponseController(w).Flush()
					startUntilDone(w, r)
				})
			}))
		}, nil},
		{"while it asks for a fresh URL", func(s *snapshotjobtest.Server, _ func()) {
			s.Fail(downloadGet, snapshotjobtest.Answer(403, "AccessDenied", "Request has expired"))
			s.Fail(downloadResult, snapshotjobtest.Pass(), snapshotjobtest.Stall(0))
		}, nil},
		{"between attempts", func(s *snapshotjobtest.Server, end func()) {
			s.Fail(downloadGet, startMeanwhile(func() { time.AfterFunc(1, end) }))
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := downloadServer(t, large)
				cause := errors.New("the shift is over")
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				time.AfterFunc(20*time.Second, func() { cancel(cause) })
				tt.fault(server, func() { cancel(cause) })
				dir := t.TempDir()
				optFns := []func(*snapshotjob.DownloadOptions){}
				if tt.set != nil {
					optFns = append(optFns, tt.set)
				}
				files, err := server.Client().Download(ctx, startJob, dir, optFns...)
				if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
					t.Errorf("err = %v, want the context's error and cause", err)
				}
				for _, f := range files {
					if !errors.Is(f.Err, context.Canceled) || !errors.Is(f.Err, cause) || f.Path != "" {
						t.Errorf("file %+v, want the context's error and cause", f)
					}
				}
				if got := downloadFolder(t, dir); got != "" {
					t.Errorf("left in the folder: %s", got)
				}
			})
		})
	}
}

func TestDownloadWaitsForASlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := snapshotjobtest.PDF("sheet-1")
		file.Size = 1 << 20 // more than any buffer between
		server := downloadServer(t, file)
		client := server.Client()
		result, err := client.DescribeDashboardSnapshotJobResult(t.Context(), startJob)
		if err != nil {
			t.Fatal(err)
		}
		for f := range result.Files() {
			r, err := client.Open(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			n := 0
			for buf := make([]byte, 100<<10); err == nil; {
				time.Sleep(time.Hour)
				var read int
				read, err = r.Read(buf)
				n += read
			}
			if err != io.EOF || n != 1<<20 {
				t.Errorf("read %d bytes, %v, want all of them", n, err)
			}
		}
		if got, want := downloadHeaders(server), ":200"; got != want {
			t.Errorf("asked %s, want %s: a slow reader is no stalled server", got, want)
		}
	})
}

// downloadZeros is an object of so many zeros, which takes no memory.
type downloadZeros int64

func (size downloadZeros) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: int64(size), Body: io.NopCloser(io.LimitReader(downloadZero{}, int64(size)))}, nil
}

type downloadZero struct{}

func (downloadZero) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestDownloadMemoryIsConstant(t *testing.T) {
	allocated := func(do func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		do()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	open := allocated(func() {
		r, err := startClient(downloadZeros(256<<20)).Open(t.Context(), snapshotjob.ResultFile{URI: "https://host/k"})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, r); n != 256<<20 || err != nil {
			t.Errorf("read %d bytes, %v, want all", n, err)
		}
	})
	download := allocated(func() {
		if _, err := startClient(downloadZeros(32<<20)).Download(t.Context(), startJob, t.TempDir(), downloadURI("https://host/k")); err != nil {
			t.Error(err)
		}
	})
	if open > 1<<20 || download > 2<<20 {
		t.Errorf("allocated %d bytes for 256 MiB and %d for 32 MiB, want at most 1 and 2 MiB, whatever the size", open, download)
	}
}

func TestDownloadIsBoundedByConcurrencyAndParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var files []snapshotjobtest.File
		for i := range 7 {
			files = append(files, snapshotjobtest.CSV("sheet-1", fmt.Sprint(i)).With(strings.Repeat("x", 100)))
		}
		server := downloadServer(t, files...)
		var now, most atomic.Int32
		client := server.Client(func(o *snapshotjob.Options) {
			next := o.DownloadTransport
			o.DownloadTransport = startTransport(func(req *http.Request) (*http.Response, error) {
				n := now.Add(1)
				defer now.Add(-1)
				for {
					old := most.Load()
					if n <= old || most.CompareAndSwap(old, n) {
						break
					}
				}
				time.Sleep(time.Second)
				return next.RoundTrip(req)
			})
		})
		for _, tt := range []struct{ concurrency, parts, want int }{{0, 0, 4 * 4}, {1, 1, 1}, {3, 2, 6}} {
			most.Store(0)
			if _, err := client.Download(t.Context(), startJob, t.TempDir(), func(o *snapshotjob.DownloadOptions) {
				o.Concurrency, o.Parts, o.PartSize = tt.concurrency, tt.parts, 7
			}); err != nil {
				t.Fatal(err)
			}
			if got := int(most.Load()); got > tt.want || got < tt.want/2 {
				t.Errorf("%+v: %d requests at once, want up to %d", tt, got, tt.want)
			}
		}
	})
}
