package snapshotjob_test

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
	"github.com/stretchr/testify/require"
)

// These are the fake's operations that a download uses.
const (
	downloadGet    = snapshotjobtest.GetObject
	downloadResult = snapshotjobtest.DescribeDashboardSnapshotJobResult
)

// fileFaults are what the requests for a file meet, one after the other.
type fileFaults = []snapshotjobtest.Fault

// inBubble runs a subtest in a synctest bubble, where hours pass at once.
func inBubble(t *testing.T, name string, test func(*testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, test)
	})
}

// letPass lets d pass on the clock of the bubble that the test runs in. It costs no real time.
func letPass(d time.Duration) {
	<-time.After(d)
}

// downloadServer returns a server where dailyJob is completed, with these files.
func downloadServer(t *testing.T, files ...snapshotjobtest.File) *snapshotjobtest.Server {
	t.Helper()
	return downloadLife(t, snapshotjobtest.Completed(files...))
}

// downloadLife returns a server where dailyJob has this life. It limits no rate.
func downloadLife(t *testing.T, life snapshotjobtest.Life) *snapshotjobtest.Server {
	t.Helper()
	server := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		o.RequestsPerSecond = -1
	})
	server.AddJob(dailyJob, life)
	return server
}

// downloadBucket returns a life whose files go to this bucket of the caller's.
func downloadBucket(bucket string, files ...snapshotjobtest.File) snapshotjobtest.Life {
	life := snapshotjobtest.Completed(files...)
	life.Destination = &snapshotjob.S3BucketConfiguration{
		BucketName:   bucket,
		BucketPrefix: "daily reports/ü",
	}
	return life
}

// downloadURI makes Download use a result of one file, which lies at this URI.
func downloadURI(uri string) func(*snapshotjob.DownloadOptions) {
	group := snapshotjob.SnapshotJobResultFileGroup{
		Files:     snapshotjob.PDF("s").Files,
		S3Results: []snapshotjob.SnapshotJobS3Result{{S3URI: snapshotjob.S3URI(uri)}},
	}
	user := snapshotjob.AnonymousUserSnapshotJobResult{
		FileGroups: []snapshotjob.SnapshotJobResultFileGroup{group},
	}
	result := &snapshotjob.DescribeDashboardSnapshotJobResultOutput{
		Job:       dailyJob,
		JobStatus: snapshotjob.SnapshotJobStatusCompleted,
	}
	result.Result.AnonymousUsers = []snapshotjob.AnonymousUserSnapshotJobResult{user}
	return func(o *snapshotjob.DownloadOptions) {
		o.Result = result
	}
}

// onlyFile returns the only file of dailyJob.
func onlyFile(t *testing.T, client *snapshotjob.Client) snapshotjob.ResultFile {
	t.Helper()
	result, err := client.DescribeDashboardSnapshotJobResult(t.Context(), dailyJob)
	require.NoError(t, err)
	files := slices.Collect(result.Files())
	require.Len(t, files, 1)
	return files[0]
}

// downloadFolder returns the content of every file of a folder by the file's name, hidden files
// included.
func downloadFolder(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		require.NoError(t, err)
		files[entry.Name()] = string(content)
	}
	return files
}

// downloadCount returns how many requests for an operation a server got.
func downloadCount(server *snapshotjobtest.Server, op snapshotjobtest.Operation) int {
	count := 0
	for _, r := range server.Requests() {
		if r.Operation == op {
			count++
		}
	}
	return count
}

// downloadMet returns how many requests have met a fault.
func downloadMet(server *snapshotjobtest.Server, fault snapshotjobtest.Fault) int {
	count := 0
	for _, r := range server.Requests() {
		if r.Fault == fault.String() {
			count++
		}
	}
	return count
}

// downloadRequests tells of each request for a file which bytes it asked for, whether only of the
// same object ("if-match"), and the status of the response: "4-9 if-match: 206".
func downloadRequests(server *snapshotjobtest.Server) []string {
	var requests []string
	for _, r := range server.Requests() {
		if r.Operation != downloadGet {
			continue
		}
		text := "all"
		if span := r.Header.Get("Range"); span != "" {
			text = strings.TrimPrefix(span, "bytes=")
		}
		if r.Header.Get("If-Match") != "" {
			text += " if-match"
		}
		status := "none"
		if r.Status != 0 {
			status = fmt.Sprint(r.Status)
		}
		requests = append(requests, text+": "+status)
	}
	return requests
}

// downloadFault is a fault that responds with a status, a body, and a header of names and values.
func downloadFault(status int, body string, header ...string) snapshotjobtest.Fault {
	return snapshotjobtest.NewFault(fmt.Sprint("response ", status), func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			io.WriteString(w, body)
		})
	})
}

// objectURI is where an objectServer has its file.
const objectURI = "https://host/key?X-Amz-Signature=1"

// objectServer is a server of one file, in memory. Whatever the URL, it brings the file.
type objectServer struct {
	content       string
	etag          string // empty: it gives none
	ignoresRanges bool

	// change, if it is set, makes another response of the one that the request of this number, from 1,
	// would get.
	change func(number int, response *http.Response) (*http.Response, error)

	mu        sync.Mutex
	requests  []*http.Request
	bytesRead int64 // of all bodies
}

// newObjectServer returns a server of a file with this content.
func newObjectServer(content string) *objectServer {
	return &objectServer{content: content, etag: `"e"`}
}

// client returns a client of the server, whose API has oneResult.
func (s *objectServer) client(optFns ...func(*snapshotjob.Options)) *snapshotjob.Client {
	return startClient(&resultServer{}, append([]func(*snapshotjob.Options){func(o *snapshotjob.Options) {
		o.DownloadTransport = s
	}}, optFns...)...)
}

func (s *objectServer) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.requests = append(s.requests, req)
	number := len(s.requests)
	s.mu.Unlock()
	response := s.respond(req)
	if s.change == nil {
		return response, nil
	}
	return s.change(number, response)
}

// respond returns the response that a request should get.
func (s *objectServer) respond(req *http.Request) *http.Response {
	response := &http.Response{StatusCode: 200, Header: http.Header{}}
	if s.etag != "" {
		response.Header.Set("Etag", s.etag)
	}
	if match := req.Header.Get("If-Match"); match != "" && match != s.etag {
		response.StatusCode = 412
		return response
	}
	first := 0
	end := len(s.content)
	if span := req.Header.Get("Range"); span != "" && !s.ignoresRanges {
		var last int
		if n, _ := fmt.Sscanf(span, "bytes=%d-%d", &first, &last); n == 2 {
			end = min(end, last+1)
		}
		response.StatusCode = 206
		response.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, end-1, len(s.content)))
	}
	response.ContentLength = int64(end - first)
	response.Body = io.NopCloser(&countedReader{
		Reader: strings.NewReader(s.content[first:end]),
		server: s,
	})
	return response
}

// asked returns the ranges that the requests asked for. Without a range, that is "all".
func (s *objectServer) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var asked []string
	for _, req := range s.requests {
		asked = append(asked, cmp.Or(strings.TrimPrefix(req.Header.Get("Range"), "bytes="), "all"))
	}
	return asked
}

// read returns how many bytes of bodies were read.
func (s *objectServer) read() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytesRead
}

// countedReader counts what is read of the server's bodies.
type countedReader struct {
	io.Reader
	server *objectServer
}

func (r *countedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.server.bytesRead += int64(n)
	return n, err
}

// resultServer is an API whose job has one file, at objectURI.
type resultServer struct {
	requests atomic.Int32
}

func (s *resultServer) RoundTrip(*http.Request) (*http.Response, error) {
	s.requests.Add(1)
	const body = `{"JobStatus": "COMPLETED", "Result": {"AnonymousUsers": [{"FileGroups": [{
		"Files": [{"FormatType": "PDF", "SheetSelections": [{"SheetId": "s"}]}],
		"S3Results": [{"S3Uri": "` + objectURI + `"}]}]}]}}`
	return &http.Response{
		StatusCode:    200,
		Header:        http.Header{},
		ContentLength: int64(len(body)),
		Body:          io.NopCloser(strings.NewReader(body)),
	}, nil
}

// objectName is the name of the only file of a resultServer, and of downloadURI.
const objectName = "daily_s.pdf"

// brokenAfter makes a response's body break after n bytes.
func brokenAfter(response *http.Response, n int64) *http.Response {
	broken := io.MultiReader(io.LimitReader(response.Body, n), iotest.ErrReader(io.ErrUnexpectedEOF))
	response.Body = io.NopCloser(broken)
	return response
}
