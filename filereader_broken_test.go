package snapshotjob_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// digits is the content of a file that breaks. It may be replaced by letters, or by fewer.
const (
	digits       = "0123456789"
	letters      = "abcdefghijklmn"
	fewerLetters = "abc"
)

// brokenFile is a download of a file of digits that goes wrong on its way.
type brokenFile struct {
	name        string
	bucket      bool           // whether the file lies in the caller's bucket, not behind a presigned URL
	faults      fileFaults     // of the requests for the file, one after the other
	replaced    map[int]string // what the file is replaced with before its request of this number, from 1
	maxAttempts int            // 0: the default
	partSize    int64          // 0: one stream

	want    string   // the file's content on disk; empty: there is no file
	err     string   // a part of the error's text; empty: there is no error
	asked   []string // the requests for the file, as downloadRequests tells them
	renewed int      // how often a new result was asked for
}

// downloadBroken runs a subtest for each of the files.
func downloadBroken(t *testing.T, files []brokenFile) {
	t.Helper()
	for _, file := range files {
		inBubble(t, file.name, file.download)
	}
}

func (f brokenFile) download(t *testing.T) {
	server := f.server(t)
	dir := t.TempDir()
	set := func(o *snapshotjob.DownloadOptions) {
		o.MaxAttempts = f.maxAttempts
		o.PartSize = f.partSize
		o.Parts = 1 // so that the order of the requests is certain
	}
	files, err := f.client(server).Download(t.Context(), dailyJob, dir, set)
	require.Len(t, files, 1)
	if f.err == "" {
		assert.NoError(t, err)
		assert.NoError(t, files[0].Err)
	} else {
		assert.ErrorContains(t, err, f.err)
		assert.Error(t, files[0].Err)
	}
	want := map[string]string{}
	if f.want != "" {
		want["daily_sheet-1.pdf"] = f.want
	}
	assert.Equal(t, want, downloadFolder(t, dir))
	assert.Equal(t, f.asked, downloadRequests(server))
	assert.Equal(t, 1+f.renewed, downloadCount(server, downloadResult), "requests for the result")
}

func (f brokenFile) server(t *testing.T) *snapshotjobtest.Server {
	t.Helper()
	life := snapshotjobtest.Completed(snapshotjobtest.PDF("sheet-1").With(digits))
	if f.bucket {
		life = downloadBucket("reports", life.Files...)
	}
	server := downloadLife(t, life)
	server.Fail(downloadGet, f.faults...)
	return server
}

// client returns a client of the server that replaces the file as f.replaced says.
func (f brokenFile) client(server *snapshotjobtest.Server) *snapshotjob.Client {
	return server.Client(func(o *snapshotjob.Options) {
		next := o.DownloadTransport
		number := 0
		o.DownloadTransport = startTransport(func(req *http.Request) (*http.Response, error) {
			number++
			if content, ok := f.replaced[number]; ok {
				server.ReplaceFile(dailyJob, 0, []byte(content))
			}
			return next.RoundTrip(req)
		})
	})
}

// withoutRange is a server that doesn't know ranges.
func withoutRange() snapshotjobtest.Fault {
	return snapshotjobtest.NewFault("without range", func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("Range")
			next.ServeHTTP(w, r)
		})
	})
}

// withoutLength responds with all of a body, and doesn't tell its length.
func withoutLength(body string) snapshotjobtest.Fault {
	return snapshotjobtest.NewFault("without length", func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.NewResponseController(w).Flush()
			io.WriteString(w, body)
		})
	})
}

// digitsETag is what the server gives as the ETag of a file of digits.
const digitsETag = `"781e5e245d69b566979b86e28d23f2c7"`

// partial responds with a part of the file of digits.
func partial(contentRange, body string) snapshotjobtest.Fault {
	return downloadFault(206, body, "Content-Range", contentRange, "Etag", digitsETag)
}

func TestDownloadResumesWhereTheConnectionBroke(t *testing.T) {
	downloadBroken(t, []brokenFile{
		{
			name:   "once",
			faults: fileFaults{snapshotjobtest.CutBody(4)},
			want:   digits,
			asked:  []string{"all: 200", "4-9 if-match: 206"},
		},
		{
			name:   "in a bucket",
			bucket: true,
			faults: fileFaults{snapshotjobtest.CutBody(4)},
			want:   digits,
			asked:  []string{"all: 200", "4-9 if-match: 206"},
		},
		{
			name: "again and again",
			faults: fileFaults{
				snapshotjobtest.CutBody(4),
				snapshotjobtest.Drop(),
				snapshotjobtest.CutBody(1),
				snapshotjobtest.CutBody(2),
			},
			want: digits,
			asked: []string{
				"all: 200",
				"4-9 if-match: none",
				"4-9 if-match: 206",
				"5-9 if-match: 206",
				"7-9 if-match: 206",
			},
		},
		{
			name: "before the first byte",
			faults: fileFaults{
				snapshotjobtest.Drop(),
				snapshotjobtest.CutBody(0),
			},
			want:  digits,
			asked: []string{"all: none", "all: 200", "all if-match: 200"},
		},
	})
}

func TestDownloadGivesUpOnlyWithoutProgress(t *testing.T) {
	downloadBroken(t, []brokenFile{
		{
			name: "no byte in three attempts",
			faults: fileFaults{
				snapshotjobtest.CutBody(4),
				snapshotjobtest.Drop(),
				snapshotjobtest.Drop(),
			},
			maxAttempts: 3,
			err:         "exceeded maximum number of attempts, 3",
			asked:       []string{"all: 200", "4-9 if-match: none", "4-9 if-match: none"},
		},
		{
			name: "a byte in each of many attempts",
			faults: fileFaults{
				snapshotjobtest.CutBody(4),
				snapshotjobtest.CutBody(1),
				snapshotjobtest.CutBody(1),
				snapshotjobtest.CutBody(1),
			},
			maxAttempts: 2,
			want:        digits,
			asked: []string{
				"all: 200",
				"4-9 if-match: 206",
				"5-9 if-match: 206",
				"6-9 if-match: 206",
				"7-9 if-match: 206",
			},
		},
		{
			name:        "one attempt",
			faults:      fileFaults{snapshotjobtest.ServerError(503)},
			maxAttempts: 1,
			err:         "exceeded maximum number of attempts, 1",
			asked:       []string{"all: 503"},
		},
	})
}

func TestDownloadAfterErrorsOfS3(t *testing.T) {
	downloadBroken(t, []brokenFile{
		{
			name: "transient",
			faults: fileFaults{
				snapshotjobtest.Throttle(),
				snapshotjobtest.ServerError(500),
			},
			want:  digits,
			asked: []string{"all: 503", "all: 500", "all: 200"},
		},
		{
			name:   "no access to the bucket",
			bucket: true,
			faults: fileFaults{snapshotjobtest.Answer(403, "AccessDenied", "m")},
			err:    "AccessDenied",
			asked:  []string{"all: 403"},
		},
		{
			name:   "no such object",
			faults: fileFaults{snapshotjobtest.Answer(404, "NoSuchKey", "m")},
			err:    "NoSuchKey",
			asked:  []string{"all: 404"},
		},
	})
}

func TestDownloadFromAServerWithoutRanges(t *testing.T) {
	downloadBroken(t, []brokenFile{
		{
			name: "skips what it has",
			faults: fileFaults{
				snapshotjobtest.CutBody(4),
				withoutRange(),
			},
			want:  digits,
			asked: []string{"all: 200", "4-9 if-match: 200"},
		},
		{
			name: "broken while it skips",
			faults: fileFaults{
				snapshotjobtest.CutBody(4),
				downloadFault(200, "01", "Content-Length", "10", "Etag", digitsETag),
				withoutRange(),
			},
			want:  digits,
			asked: []string{"all: 200", "4-9 if-match: 200", "4-9 if-match: 200"},
		},
		{
			name: "in parts",
			faults: fileFaults{
				withoutRange(),
				withoutRange(),
			},
			partSize: 6,
			want:     digits,
			asked:    []string{"all: 200", "6-9 if-match: 200"},
		},
	})
}

func TestDownloadFromAServerThatTellsNoLength(t *testing.T) {
	downloadBroken(t, []brokenFile{
		{
			name:   "in one stream",
			faults: fileFaults{withoutLength(digits)},
			want:   digits,
			asked:  []string{"all: 200"},
		},
		{
			name:     "in parts",
			faults:   fileFaults{withoutLength(digits)},
			partSize: 6,
			want:     digits,
			asked:    []string{"all: 200"},
		},
	})
}

func TestDownloadBeginsAnewIfTheFileIsReplaced(t *testing.T) {
	downloadBroken(t, []brokenFile{
		{
			name:     "by a longer one",
			faults:   fileFaults{snapshotjobtest.CutBody(4)},
			replaced: map[int]string{2: letters},
			want:     letters,
			asked:    []string{"all: 200", "4-9 if-match: 412", "all: 200"},
		},
		{
			name:     "by less than is there already",
			faults:   fileFaults{snapshotjobtest.CutBody(8)},
			replaced: map[int]string{2: fewerLetters},
			want:     fewerLetters,
			asked:    []string{"all: 200", "8-9 if-match: 412", "all: 200"},
		},
		{
			name: "again and again",
			faults: fileFaults{
				snapshotjobtest.CutBody(4),
				snapshotjobtest.Pass(),
				snapshotjobtest.CutBody(4),
			},
			replaced:    map[int]string{2: letters, 4: digits},
			maxAttempts: 2,
			err:         "the file changed while it was read",
			asked:       []string{"all: 200", "4-9 if-match: 412", "all: 200", "4-13 if-match: 412"},
		},
		{
			name:     "in parts",
			replaced: map[int]string{2: letters},
			partSize: 6,
			want:     letters,
			asked: []string{
				"all: 200",
				"6-9 if-match: 412",
				"all: 200",
				"6-11 if-match: 206",
				"12-13 if-match: 206",
			},
		},
	})
}

func TestDownloadBeginsAnewAfterAPartOfAnotherFile(t *testing.T) {
	const contentRange = "bytes 4-9/10"
	downloadBroken(t, []brokenFile{
		{
			name: "by its ETag",
			faults: fileFaults{
				snapshotjobtest.CutBody(4),
				downloadFault(206, "456789", "Etag", `"other"`, "Content-Range", contentRange),
			},
			want:  digits,
			asked: []string{"all: 200", "4-9 if-match: 206", "all: 200"},
		},
		{
			name: "by its length",
			faults: fileFaults{
				snapshotjobtest.CutBody(4),
				partial("bytes 4-9/11", "456789"),
			},
			want:  digits,
			asked: []string{"all: 200", "4-9 if-match: 206", "all: 200"},
		},
		{
			name: "that is too short for the range",
			faults: fileFaults{
				snapshotjobtest.CutBody(4),
				snapshotjobtest.Answer(416, "InvalidRange", "m"),
			},
			want:  digits,
			asked: []string{"all: 200", "4-9 if-match: 416", "all: 200"},
		},
	})
}

// A later response that is not exactly what was asked for is of another file, for all that anybody
// knows.
func TestDownloadBeginsAnewAfterAnotherRangeThanItAskedFor(t *testing.T) {
	ranges := map[string]snapshotjobtest.Fault{
		"earlier":               partial("bytes 2-9/10", "23456789"),
		"shorter":               partial("bytes 4-7/10", "4567"),
		"later":                 partial("bytes 5-9/10", "56789"),
		"of an unknown total":   partial("bytes 4-9/*", "456789"),
		"without Content-Range": downloadFault(206, "456789", "Etag", digitsETag),
		"and another length":    partial("bytes 4-9/10", "4567"),
	}
	for name, fault := range ranges {
		file := brokenFile{
			faults: fileFaults{snapshotjobtest.CutBody(4), fault},
			want:   digits,
			asked:  []string{"all: 200", "4-9 if-match: 206", "all: 200"},
		}
		inBubble(t, name, file.download)
	}
}

func TestDownloadTellsWhichRangeItDidNotAskFor(t *testing.T) {
	cut := snapshotjobtest.CutBody(4)
	later := partial("bytes 5-9/10", "56789")
	bare := downloadFault(206, "456789", "Etag", digitsETag)
	asked := []string{"all: 200", "4-9 if-match: 206", "all: 200", "4-9 if-match: 206"}
	downloadBroken(t, []brokenFile{
		{
			name:        "later",
			faults:      fileFaults{cut, later, cut, later},
			maxAttempts: 2,
			err:         `the Content-Range "bytes 5-9/10" is not what was asked for`,
			asked:       asked,
		},
		{
			name:        "without Content-Range",
			faults:      fileFaults{cut, bare, cut, bare},
			maxAttempts: 2,
			err:         `the Content-Range "" tells no range and size`,
			asked:       asked,
		},
	})
}

func TestDownloadResumesAPart(t *testing.T) {
	downloadBroken(t, []brokenFile{
		{
			name:     "the first",
			faults:   fileFaults{snapshotjobtest.CutBody(4)},
			partSize: 6,
			want:     digits,
			asked:    []string{"all: 200", "6-9 if-match: 206", "4-5 if-match: 206"},
		},
	})
}

func TestDownloadVerifiesTheChecksum(t *testing.T) {
	downloadBroken(t, []brokenFile{
		{
			name:   "wrong once",
			bucket: true,
			faults: snapshotjobtest.Corrupt().Times(1),
			want:   digits,
			asked:  []string{"all: 200", "all: 200"},
		},
		{
			name:        "wrong at each of two attempts",
			bucket:      true,
			faults:      snapshotjobtest.Corrupt().Times(2),
			maxAttempts: 2,
			err:         "the file's bytes don't agree with its checksum",
			asked:       []string{"all: 200", "all: 200"},
		},
	})
}

// Wherever all bytes come in their order, the checksum is verified, also where parts were asked for.
func TestDownloadVerifiesTheChecksumThoughPartsWereAskedFor(t *testing.T) {
	downloadBroken(t, []brokenFile{
		{
			name:     "one part after the other",
			bucket:   true,
			faults:   fileFaults{snapshotjobtest.Pass(), snapshotjobtest.Corrupt()},
			partSize: 6,
			want:     digits,
			asked:    []string{"all: 200", "6-9 if-match: 206", "all: 200", "6-9 if-match: 206"},
		},
		{
			name:     "a file that is no larger than a part",
			bucket:   true,
			faults:   snapshotjobtest.Corrupt().Times(1),
			partSize: 10,
			want:     digits,
			asked:    []string{"all: 200", "all: 200"},
		},
		{
			name:     "a server without ranges",
			bucket:   true,
			faults:   fileFaults{snapshotjobtest.Corrupt(), withoutRange(), snapshotjobtest.Pass(), withoutRange()},
			partSize: 6,
			want:     digits,
			asked:    []string{"all: 200", "6-9 if-match: 200", "all: 200", "6-9 if-match: 200"},
		},
	})
}

func TestDownloadRefreshesExpiredCredentialsOnce(t *testing.T) {
	downloadBroken(t, []brokenFile{
		{
			name:   "good then",
			bucket: true,
			faults: snapshotjobtest.ExpiredToken().Times(1),
			want:   digits,
			asked:  []string{"all: 400", "all: 200"},
		},
		{
			name:   "still expired",
			bucket: true,
			faults: snapshotjobtest.ExpiredToken().Times(2),
			err:    "ExpiredToken",
			asked:  []string{"all: 400", "all: 400"},
		},
	})
}

func TestDownloadAsksAgainIfTheServerStalls(t *testing.T) {
	downloadBroken(t, []brokenFile{
		{
			name:   "before the response",
			faults: fileFaults{snapshotjobtest.Stall(0)},
			want:   digits,
			asked:  []string{"all: none", "all: 200"},
		},
		{
			name:   "in the body",
			faults: fileFaults{snapshotjobtest.StallBody(4, 0)},
			want:   digits,
			asked:  []string{"all: 200", "4-9 if-match: 206"},
		},
		{
			name:   "not for a response that comes in time",
			faults: fileFaults{snapshotjobtest.Stall(29 * time.Second)},
			want:   digits,
			asked:  []string{"all: 200"},
		},
		{
			name:   "not for a body that comes in time",
			faults: fileFaults{snapshotjobtest.StallBody(4, 29*time.Second)},
			want:   digits,
			asked:  []string{"all: 200"},
		},
	})
}

func TestDownloadRenewsAnExpiredURLOnce(t *testing.T) {
	downloadBroken(t, []brokenFile{
		{
			name:    "refused again",
			faults:  snapshotjobtest.Answer(403, "AccessDenied", "Request has expired").Times(2),
			err:     "Request has expired",
			asked:   []string{"all: 403", "all: 403"},
			renewed: 1,
		},
		{
			name:    "the token that signed it has expired",
			faults:  fileFaults{snapshotjobtest.Answer(400, "ExpiredToken", "m")},
			want:    digits,
			asked:   []string{"all: 400", "all: 200"},
			renewed: 1,
		},
		{
			name: "once more after some bytes",
			faults: fileFaults{
				snapshotjobtest.Answer(403, "AccessDenied", "m"),
				snapshotjobtest.CutBody(4),
				snapshotjobtest.Answer(403, "AccessDenied", "m"),
			},
			want:    digits,
			asked:   []string{"all: 403", "all: 200", "4-9 if-match: 403", "4-9 if-match: 206"},
			renewed: 2,
		},
	})
}

func TestDownloadRenewsExpiredURLsWithOneResult(t *testing.T) {
	for _, concurrency := range []int{1, 2, 7} {
		inBubble(t, fmt.Sprint(concurrency, " at once"), func(t *testing.T) {
			server := downloadServer(t, sevenFiles("whole")...)
			client := server.Client()
			result, err := client.DescribeDashboardSnapshotJobResult(t.Context(), dailyJob)
			require.NoError(t, err)
			letPass(time.Hour)

			// The new result takes two attempts, while all files wait for it.
			server.Fail(downloadResult, snapshotjobtest.ServerError(500))
			set := func(o *snapshotjob.DownloadOptions) {
				o.Result = result
				o.Concurrency = concurrency
			}
			_, err = client.Download(t.Context(), dailyJob, t.TempDir(), set)
			assert.NoError(t, err)
			assert.Equal(t, 3, downloadCount(server, downloadResult))
			want := slices.Repeat([]string{"all: 403"}, concurrency)
			want = append(want, slices.Repeat([]string{"all: 200"}, 7)...)
			assert.Equal(t, want, downloadRequests(server))
		})
	}
}

// agingServer lets the URLs of two files expire. Its file "early" is asked for at minute 6, and so
// gets the URL of a second result. The connection of its file "late" breaks at minute 20, when that
// URL has expired as well.
type agingServer struct {
	next  http.RoundTripper
	begun time.Time
}

func (s *agingServer) RoundTrip(req *http.Request) (*http.Response, error) {
	isFirst := time.Since(s.begun) == 0
	isEarly := strings.Contains(req.URL.Path, "early")
	if isEarly && isFirst {
		letPass(6 * time.Minute)
	}
	response, err := s.next.RoundTrip(req)
	if err != nil || isEarly || !isFirst {
		return response, err
	}
	response = brokenAfter(response, 4)
	response.Body = io.NopCloser(io.MultiReader(lateReader{}, response.Body))
	return response, nil
}

// lateReader is an empty reader that ends after 20 minutes.
type lateReader struct{}

func (lateReader) Read([]byte) (int, error) {
	letPass(20 * time.Minute)
	return 0, io.EOF
}

// A result that another file asked for may be fresh no more.
func TestDownloadRenewsTheURLOfASharedResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		early := snapshotjobtest.CSV("sheet-1", "early").With(digits)
		late := snapshotjobtest.CSV("sheet-1", "late").With(digits)
		server := downloadServer(t, early, late)
		client := server.Client(func(o *snapshotjob.Options) {
			o.DownloadTransport = &agingServer{next: o.DownloadTransport, begun: time.Now()}
		})
		dir := t.TempDir()
		_, err := client.Download(t.Context(), dailyJob, dir, func(o *snapshotjob.DownloadOptions) {
			o.StallTimeout = time.Hour
		})
		require.NoError(t, err)
		want := map[string]string{
			"daily_sheet-1_early.csv": digits,
			"daily_sheet-1_late.csv":  digits,
		}
		assert.Equal(t, want, downloadFolder(t, dir))
		assert.Equal(t, 3, downloadCount(server, downloadResult))
	})
}

// sevenFiles returns seven files of this content.
func sevenFiles(content string) []snapshotjobtest.File {
	var files []snapshotjobtest.File
	for i := range 7 {
		files = append(files, snapshotjobtest.CSV("sheet-1", fmt.Sprint(i)).With(content))
	}
	return files
}

// downloadExpired downloads a file whose URL has expired. A fault meets the request for a new result.
func downloadExpired(t *testing.T, fault snapshotjobtest.Fault) error {
	t.Helper()
	server := downloadServer(t, snapshotjobtest.PDF("sheet-1"))
	server.Fail(downloadGet, snapshotjobtest.Answer(403, "AccessDenied", "Request has expired"))
	server.Fail(downloadResult, snapshotjobtest.Pass(), fault)
	_, err := server.Client().Download(t.Context(), dailyJob, t.TempDir())
	return err
}

func TestDownloadWithoutANewResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		err := downloadExpired(t, snapshotjobtest.Answer(404, "ResourceNotFoundException", "gone"))
		var notFound *snapshotjob.ResourceNotFoundException
		assert.ErrorAs(t, err, &notFound)
		assert.ErrorContains(t, err, "ask for a fresh URL: ")
		assert.ErrorContains(t, err, "Request has expired", "why a new URL was needed")
	})
}

func TestDownloadOfAFileThatTheNewResultLacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		err := downloadExpired(t, downloadFault(200, `{"JobStatus":"COMPLETED"}`))
		assert.ErrorContains(t, err, "the newest result of the job doesn't have the file")
	})
}

func TestDownloadOfAPartThatFailsEndsTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := downloadServer(t, snapshotjobtest.PDF("sheet-1").With(digits))
		gone := snapshotjobtest.Answer(404, "NoSuchKey", "gone")
		// The first part would stall for a day, and then be asked for again.
		server.Fail(downloadGet, snapshotjobtest.StallBody(2, 0), snapshotjobtest.Pass(), gone)
		dir := t.TempDir()
		_, err := server.Client().Download(t.Context(), dailyJob, dir, func(o *snapshotjob.DownloadOptions) {
			o.PartSize = 3
			o.Parts = 2
			o.StallTimeout = 24 * time.Hour
		})
		assert.ErrorContains(t, err, "NoSuchKey")
		assert.NotContains(t, fmt.Sprint(err), "canceled")
		assert.Equal(t, []string{"all: 200", "3-5 if-match: 206", "6-8 if-match: 404"}, downloadRequests(server))
		assert.Empty(t, downloadFolder(t, dir))
	})
}

// errShiftOver is why the context of a download ends.
var errShiftOver = errors.New("the shift is over")

// endedSize is the size of the file that TestDownloadEndsWithItsContext asks for.
const endedSize = 1 << 20

// endedDownload is a download whose context ends after 20 seconds.
type endedDownload struct {
	name         string
	resultFaults fileFaults // of the requests for the result
	faults       fileFaults // of the requests for the file
	partSize     int64
}

func TestDownloadEndsWithItsContext(t *testing.T) {
	for _, d := range []endedDownload{
		{
			name:         "while it asks for the result",
			resultFaults: fileFaults{snapshotjobtest.Stall(0)},
		},
		{
			name:   "before the response",
			faults: fileFaults{snapshotjobtest.Stall(0)},
		},
		{
			name:   "in the body",
			faults: fileFaults{snapshotjobtest.StallBody(endedSize/2, 0)},
		},
		{
			name:     "in one of the parts",
			faults:   fileFaults{snapshotjobtest.Pass(), snapshotjobtest.StallBody(1<<10, 0)},
			partSize: endedSize / 8,
		},
		{
			name:   "while it skips what it has",
			faults: fileFaults{snapshotjobtest.CutBody(endedSize / 2), stallFromTheBeginning()},
		},
		{
			name:         "while it asks for a new URL",
			faults:       fileFaults{snapshotjobtest.Answer(403, "AccessDenied", "Request has expired")},
			resultFaults: fileFaults{snapshotjobtest.Pass(), snapshotjobtest.Stall(0)},
		},
	} {
		inBubble(t, d.name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(20*time.Second, func() { cancel(errShiftOver) })
			d.check(t, ctx)
		})
	}
}

func TestDownloadEndsWithItsContextBetweenAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		soon := startMeanwhile(func() {
			time.AfterFunc(1, func() { cancel(errShiftOver) })
		})
		endedDownload{faults: fileFaults{soon}}.check(t, ctx)
	})
}

// check downloads a file, and expects that the context ends meanwhile, because of errShiftOver.
func (d endedDownload) check(t *testing.T, ctx context.Context) {
	t.Helper()
	file := snapshotjobtest.PDF("sheet-1")
	file.Size = endedSize
	server := downloadServer(t, file)
	server.Fail(downloadResult, d.resultFaults...)
	server.Fail(downloadGet, d.faults...)
	dir := t.TempDir()
	files, err := server.Client().Download(ctx, dailyJob, dir, func(o *snapshotjob.DownloadOptions) {
		o.PartSize = d.partSize
	})
	assert.ErrorIs(t, err, context.Canceled)
	assert.ErrorIs(t, err, errShiftOver)
	for _, file := range files {
		assert.ErrorIs(t, file.Err, context.Canceled)
		assert.ErrorIs(t, file.Err, errShiftOver)
		assert.Empty(t, file.Path)
	}
	left := slices.Collect(maps.Keys(downloadFolder(t, dir)))
	assert.Empty(t, left)
}

// stallFromTheBeginning doesn't know ranges, and stalls after the file's first bytes.
func stallFromTheBeginning() snapshotjobtest.Fault {
	return snapshotjobtest.NewFault("no range, and a stall", func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(endedSize))
			w.Header().Set("Etag", r.Header.Get("If-Match"))
			io.WriteString(w, "begin")
			http.NewResponseController(w).Flush()
			startUntilDone(w, r)
		})
	})
}

// slowReader is a reader that takes an hour before each read.
type slowReader struct{ next io.Reader }

func (r slowReader) Read(p []byte) (int, error) {
	letPass(time.Hour)
	return r.next.Read(p)
}

func TestDownloadWaitsForASlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := snapshotjobtest.PDF("sheet-1")
		file.Size = 1 << 20 // more than any buffer between
		server := downloadServer(t, file)
		client := server.Client()
		r, err := client.Open(t.Context(), onlyFile(t, client))
		require.NoError(t, err)
		defer r.Close()
		content, err := io.ReadAll(slowReader{next: r})
		assert.NoError(t, err)
		assert.Equal(t, 1<<20, len(content))
		assert.Equal(t, []string{"all: 200"}, downloadRequests(server), "a slow reader is no stalled server")
	})
}

// downloadZeros is an S3 whose only object has so many zeros. It takes no memory.
type downloadZeros int64

func (size downloadZeros) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode:    200,
		Header:        http.Header{},
		ContentLength: int64(size),
		Body:          io.NopCloser(io.LimitReader(size, int64(size))),
	}, nil
}

// Read reads zeros without end.
func (downloadZeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// allocated returns how many bytes do allocates.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestOpenTakesLittleMemoryWhateverTheSize(t *testing.T) {
	const size = 256 << 20
	client := startClient(downloadZeros(size))
	got := allocated(func() {
		r, err := client.Open(t.Context(), snapshotjob.ResultFile{URI: "https://host/k"})
		require.NoError(t, err)
		n, err := io.Copy(io.Discard, r)
		assert.NoError(t, err)
		assert.EqualValues(t, size, n)
	})
	assert.LessOrEqual(t, got, uint64(1<<20))
}

func TestDownloadTakesLittleMemoryWhateverTheSize(t *testing.T) {
	client := startClient(downloadZeros(32 << 20))
	got := allocated(func() {
		_, err := client.Download(t.Context(), dailyJob, t.TempDir(), downloadURI("https://host/k"))
		assert.NoError(t, err)
	})
	assert.LessOrEqual(t, got, uint64(2<<20))
}

// gauge is a transport that measures how many requests are under way at once. Each takes a second.
type gauge struct {
	next http.RoundTripper

	mu        sync.Mutex
	now, most int
}

func (g *gauge) RoundTrip(req *http.Request) (*http.Response, error) {
	g.add(1)
	defer g.add(-1)
	letPass(time.Second)
	return g.next.RoundTrip(req)
}

func (g *gauge) add(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now += n
	g.most = max(g.most, g.now)
}

func TestDownloadIsBoundedByConcurrencyAndParts(t *testing.T) {
	for _, tt := range []struct{ concurrency, parts, most int }{
		{concurrency: 0, parts: 0, most: 4 * 4},
		{concurrency: 1, parts: 1, most: 1},
		{concurrency: 3, parts: 2, most: 3 * 2},
	} {
		inBubble(t, fmt.Sprintf("%d files, %d parts", tt.concurrency, tt.parts), func(t *testing.T) {
			server := downloadServer(t, sevenFiles(strings.Repeat("x", 100))...)
			g := &gauge{}
			client := server.Client(func(o *snapshotjob.Options) {
				g.next = o.DownloadTransport
				o.DownloadTransport = g
			})
			set := func(o *snapshotjob.DownloadOptions) {
				o.Concurrency = tt.concurrency
				o.Parts = tt.parts
				o.PartSize = 7
			}
			_, err := client.Download(t.Context(), dailyJob, t.TempDir(), set)
			require.NoError(t, err)
			assert.LessOrEqual(t, g.most, tt.most)
			assert.GreaterOrEqual(t, g.most, tt.most/2)
		})
	}
}
