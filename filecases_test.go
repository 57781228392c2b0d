package snapshotjob_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/quicksight-go/snapshotjob"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fileCase is a case of testdata/files.json: what a server sends for a file, and what must come of it.
type fileCase struct {
	Name    string
	Len     int // of the file, whose byte i is '0' + i%10
	Options struct {
		PartSize int64
	}
	Responses []rawResponse // one after the other; the last one repeats
	Transport string        // the text of a mock, in place of a server
	Content   string        // that a mock brings
	Want      string        // "whole" or "error"
	Match     string        // the name of the error, if one is named
	Within    string        // what the case may take; the same is asked of all
}

// rawResponse is what a server sends for one request.
type rawResponse struct {
	IfRange string `json:"if_range"` // it is sent for requests of this range alone, and for all of these
	Head    string
	Body    []int  // which bytes of the content follow
	Text    string // what follows instead
	Tail    string // what follows that
	Then    string // how the connection ends: "fin", "rst", or "keep"

	// Honest is a response as it should be. It breaks after CutAfter bytes.
	Honest      bool
	CutAfter    *int `json:"cut_after"`
	IgnoreRange bool `json:"ignore_range"`
}

func TestFileCases(t *testing.T) {
	for _, name := range []string{"files.json", "files_more.json"} {
		for _, c := range readFileCases(t, name) {
			t.Run(c.Name, c.check)
		}
	}
}

func readFileCases(t *testing.T, name string) []fileCase {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var cases []fileCase
	require.NoError(t, decoder.Decode(&cases))
	return cases
}

// digitsOf returns the content of a case's file.
func digitsOf(length int) string {
	return strings.Repeat("0123456789", length/10+1)[:length]
}

func (c fileCase) content() string {
	if c.Transport != "" {
		return c.Content
	}
	return digitsOf(c.Len)
}

func (c fileCase) check(t *testing.T) {
	if c.Options.PartSize == 0 { // Open fetches no parts
		t.Run("Open", func(t *testing.T) { c.checkOutcome(t, openAndRead) })
	}
	t.Run("Download", func(t *testing.T) { c.checkOutcome(t, c.download) })
}

// readFunc reads the file at an address with a client.
type readFunc func(t *testing.T, ctx context.Context, client *snapshotjob.Client, address string) (string, error)

// checkOutcome reads the file, and compares what comes of it with what the case wants.
func (c fileCase) checkOutcome(t *testing.T, read readFunc) {
	t.Helper()
	client, address := c.serve(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var content string
	var err error
	took := allocated(func() { content, err = read(t, ctx, client, address) })
	assert.LessOrEqual(t, took, uint64(32<<20), "bytes of memory")
	assert.NoError(t, ctx.Err(), "the deadline")
	if c.Want == "error" {
		require.Error(t, err, "the content is %.80q", content)
	} else {
		require.NoError(t, err)
		assert.Equal(t, c.content(), content)
	}
	if c.Match != "" {
		assert.ErrorIs(t, err, namedError(t, c.Match))
	}
}

// namedError returns the error of a name.
func namedError(t *testing.T, name string) error {
	t.Helper()
	named := map[string]error{
		"ErrFileChanged": snapshotjob.ErrFileChanged,
		"ErrChecksum":    snapshotjob.ErrChecksum,
	}
	require.Contains(t, named, name)
	return named[name]
}

// openAndRead reads a file as a stream.
func openAndRead(t *testing.T, ctx context.Context, client *snapshotjob.Client, address string) (string, error) {
	t.Helper()
	file := snapshotjob.ResultFile{Job: dailyJob, URI: snapshotjob.S3URI(address)}
	r, err := client.Open(ctx, file)
	if err != nil {
		return "", err
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	return string(content), err
}

// download brings the file into a folder. If that fails, the folder is empty.
func (c fileCase) download(t *testing.T, ctx context.Context, client *snapshotjob.Client, address string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	set := func(o *snapshotjob.DownloadOptions) {
		o.PartSize = c.Options.PartSize
	}
	_, err := client.Download(ctx, dailyJob, dir, downloadURI(address), set)
	files := downloadFolder(t, dir)
	if err != nil {
		assert.Empty(t, files)
		return "", err
	}
	require.Contains(t, files, "daily_s.pdf")
	assert.Len(t, files, 1)
	return files["daily_s.pdf"], nil
}

// serve returns a client that is served as the case says, and the file's address. Before it tries
// again, the client does not pause.
func (c fileCase) serve(t *testing.T) (*snapshotjob.Client, string) {
	t.Helper()
	var transport http.RoundTripper
	address := "https://host/key"
	if c.Transport != "" {
		transport = newMock(t, c.Transport)
	} else {
		address = "http://" + c.listen(t) + "/key"
		sockets := &http.Transport{}
		t.Cleanup(sockets.CloseIdleConnections) // which ends the server's connections
		transport = sockets
	}
	client := startClient(nil, func(o *snapshotjob.Options) {
		o.DownloadTransport = transport
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	})
	return client, address
}

// newMock returns the transport that a text describes.
func newMock(t *testing.T, text string) http.RoundTripper {
	t.Helper()
	field := func(pattern string) string {
		found := regexp.MustCompile(pattern).FindStringSubmatch(text)
		if found == nil {
			return ""
		}
		return found[1]
	}
	status, err := strconv.Atoi(field(`StatusCode: (\d+)`))
	require.NoError(t, err)
	length, _ := strconv.ParseInt(field(`ContentLength: (\d+)`), 10, 64)
	name, value, _ := strings.Cut(field(`Header: "(.*?)"`), ": ")
	return startTransport(func(*http.Request) (*http.Response, error) {
		resp := &http.Response{
			StatusCode:    status,
			ContentLength: length,
			Body:          io.NopCloser(strings.NewReader(field(`Body: "(.*?)"`))),
		}
		if name != "" {
			resp.Header = http.Header{name: {value}}
		}
		return resp, nil
	})
}

// rawServer sends the responses of a case over sockets.
type rawServer struct {
	responses []rawResponse
	content   string

	mu   sync.Mutex
	next int // the response to the next request
}

// listen starts a server of the case, and returns its address. The server ends with the test.
func (c fileCase) listen(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &rawServer{responses: c.Responses, content: c.content()}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { server.serve(connection.(*net.TCPConn)) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		serving.Wait()
	})
	return listener.Addr().String()
}

// serve answers the requests of a connection until it ends.
func (s *rawServer) serve(connection *net.TCPConn) {
	defer connection.Close()
	requests := bufio.NewReader(connection)
	for {
		request, err := http.ReadRequest(requests)
		if err != nil {
			return
		}
		response := s.choose(request)
		if response.Honest {
			response = s.honest(request, response)
		}
		io.WriteString(connection, response.Head+response.bytes(s.content)+response.Tail)
		switch response.Then {
		case "fin":
			return
		case "rst":
			connection.SetLinger(0)
			return
		}
	}
}

// choose returns the response to a request.
func (s *rawServer) choose(request *http.Request) rawResponse {
	s.mu.Lock()
	defer s.mu.Unlock()
	var others []rawResponse
	for _, response := range s.responses {
		if response.IfRange == "" {
			others = append(others, response)
		} else if response.IfRange == request.Header.Get("Range") {
			return response
		}
	}
	chosen := others[min(s.next, len(others)-1)]
	s.next++
	return chosen
}

// honest returns the response of a server that does what it should, but may break.
func (s *rawServer) honest(request *http.Request, r rawResponse) rawResponse {
	span := request.Header.Get("Range")
	status := "200 OK"
	first := 0
	end := len(s.content)
	if match := request.Header.Get("If-Match"); match != "" && match != `"e"` {
		return rawResponse{Head: "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n", Then: "keep"}
	}
	contentRange := ""
	if span != "" && !r.IgnoreRange {
		var last int
		if n, _ := fmt.Sscanf(span, "bytes=%d-%d", &first, &last); n == 2 {
			end = min(last+1, end)
		}
		status = "206 Partial Content"
		contentRange = fmt.Sprintf("Content-Range: bytes %d-%d/%d\r\n", first, end-1, len(s.content))
	}
	response := rawResponse{
		Head: fmt.Sprintf("HTTP/1.1 %s\r\nETag: \"e\"\r\n%sContent-Length: %d\r\n\r\n", status, contentRange, end-first),
		Body: []int{first, end},
		Then: "keep",
	}
	if r.CutAfter != nil && *r.CutAfter < end-first {
		response.Body[1] = first + *r.CutAfter
		response.Then = "fin"
	}
	return response
}

// repeatedText is how a case describes a text.
var repeatedText = regexp.MustCompile(`^(.*), repeated and cut to (\d+) bytes$`)

// bytes returns what follows the response's head.
func (r rawResponse) bytes(content string) string {
	if r.Text == "the content, packed by gzip, as one chunk" {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		io.WriteString(w, content)
		w.Close()
		return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", packed.Len(), packed.String())
	}
	if parts := repeatedText.FindStringSubmatch(r.Text); parts != nil {
		length, _ := strconv.Atoi(parts[2])
		return strings.Repeat(parts[1], length/len(parts[1])+1)[:length]
	}
	if len(r.Body) == 2 {
		return content[r.Body[0]:r.Body[1]]
	}
	return r.Text
}
