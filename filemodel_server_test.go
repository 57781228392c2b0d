package snapshotjob_test

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// modelStyle is what the responses of a server have in common.
type modelStyle struct {
	IsHonest      bool
	Ending        string // of bodies, one of modelEndings
	HasStrongETag bool   // or else a weak one, or none
	HasChecksum   bool
	IgnoresRanges bool
}

// The ways in which a server tells where a body ends.
const (
	endsByLength = "Content-Length"
	endsByChunk  = "last chunk"
	endsByClose  = "closed connection"
	endsByItself = "mock" // which doesn't tell
)

var modelEndings = []string{endsByLength, endsByChunk, endsByClose, endsByItself}

// modelVersion is a version of the file.
type modelVersion struct {
	etag    string
	content string
}

// modelServer is a server whose every response is drawn at random.
type modelServer struct {
	run   *modelRun
	style modelStyle

	mu       sync.Mutex
	random   *rand.Rand
	versions []modelVersion
	current  int             // the index of the version that the server has
	claims   map[string]bool // contents that lies have made a client take for the file
	sentETag bool            // whether a response with a strong ETag was sent as it should be
	sizeless bool            // whether a response was sent as it should be that doesn't tell the size
	trace    []string        // what happened

	budget modelBudget
}

// modelBudget is what an honest server knows of the patience of its client.
type modelBudget struct {
	position int  // how far the file was sent
	failures int  // attempts that brought no new byte, since the last that did
	expired  bool // whether the URL has expired since the last new byte
	expiries int
	restarts int // how often the client had to begin the file anew
}

func newModelServer(run *modelRun) *modelServer {
	random := rand.New(rand.NewPCG(run.seed, uint64(run.number)|1<<63))
	s := &modelServer{
		run:    run,
		random: random,
		claims: map[string]bool{},
	}
	s.style = modelStyle{
		IsHonest:      s.chance(2),
		Ending:        modelEndings[random.IntN(len(modelEndings))],
		HasStrongETag: !s.chance(4),
		HasChecksum:   s.chance(4),
		IgnoresRanges: s.chance(5),
	}
	weakETag := s.oneOf("", `W/"e"`)
	for number := range 3 {
		version := modelVersion{etag: weakETag, content: s.newContent(number)}
		if s.style.HasStrongETag {
			version.etag = strconv.Quote("version " + strconv.Itoa(number))
		}
		s.versions = append(s.versions, version)
	}
	return s
}

// newContent returns the content of a version, of which no byte is in another version.
func (s *modelServer) newContent(version int) string {
	longest := []int{0, 1, 3, 20, 200, 200}[s.random.IntN(6)]
	content := make([]byte, s.random.IntN(longest+1))
	for i := range content {
		content[i] = byte(version*64 + s.random.IntN(64))
	}
	return string(content)
}

// chance is true once in so many times.
func (s *modelServer) chance(times int) bool { return s.random.IntN(times) == 0 }

func (s *modelServer) oneOf(texts ...string) string { return texts[s.random.IntN(len(texts))] }

// mayComeOut reports whether a client may take a content for the file.
func (s *modelServer) mayComeOut(content string) bool {
	isVersion := slices.ContainsFunc(s.versions, func(v modelVersion) bool { return v.content == content })
	return isVersion || s.claims[content]
}

// mustSucceed reports whether a client must get the file.
func (s *modelServer) mustSucceed() bool {
	if !s.style.IsHonest {
		return false
	}
	if s.style.Ending != endsByClose || s.style.HasChecksum {
		return true
	}
	// The end can be proven only by asking for the last byte once more, which is one more attempt. If that
	// is also the first byte, it is a request for the whole file again.
	hasLastByte := len(s.versions[s.current].content) > 1
	hasRanges := s.style.HasStrongETag && !s.style.IgnoresRanges
	return hasLastByte && hasRanges && s.run.maxAttempts > 1 && !s.inParts()
}

// inParts reports whether the file may come in parts. Each part has failures of its own to count, and
// the server doesn't know which attempts belong together.
func (s *modelServer) inParts() bool { return s.run.partSize > 0 }

// RoundTrip draws the response to a request.
func (s *modelServer) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.style.IsHonest {
		return s.honestResponse(req)
	}
	return s.hostileResponse(req)
}

// note adds to the trace what a request got.
func (s *modelServer) note(req *http.Request, format string, args ...any) {
	asked := fmt.Sprintf("%-20s %-14s ", req.Header.Get("Range"), req.Header.Get("If-Match"))
	s.trace = append(s.trace, asked+fmt.Sprintf(format, args...))
}

func (s *modelServer) noteResponse(req *http.Request, how string, r *http.Response) {
	span := r.Header.Get("Content-Range")
	s.note(req, "%s: %d %q %s, length %d, body %v", how, r.StatusCode, span, r.Header.Get("Etag"), r.ContentLength, r.Body)
}

var errModelReset = errors.New("connection reset by peer")

// refuse returns a response without a body. With the status 0, it is an error of the connection.
func (s *modelServer) refuse(req *http.Request, status int) (*http.Response, error) {
	s.note(req, "refused: %d", status)
	if status == 0 {
		return nil, errModelReset
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody}, nil
}

// askedFrom returns where the range that a request asks for begins.
func askedFrom(req *http.Request) int {
	first := 0
	fmt.Sscanf(req.Header.Get("Range"), "bytes=%d-", &first)
	return first
}

// respond returns the response that a request should get.
func (s *modelServer) respond(req *http.Request) *http.Response {
	version := s.versions[s.current]
	response := &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}
	if match := req.Header.Get("If-Match"); match != "" && match != version.etag {
		response.StatusCode = 412
		return response
	}
	span := req.Header.Get("Range")
	size := len(version.content)
	first := askedFrom(req)
	end := size
	if span == "" || s.style.IgnoresRanges {
		first = 0
	} else if first >= size {
		response.StatusCode = 416
		response.Header.Set("Content-Range", fmt.Sprintf("bytes */%d", size))
		return response
	} else {
		var last int
		if n, _ := fmt.Sscanf(span, "bytes=%d-%d", &first, &last); n == 2 {
			end = min(end, last+1)
		}
		response.StatusCode = 206
		response.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, end-1, size))
	}
	if version.etag != "" {
		response.Header.Set("Etag", version.etag)
	}
	if s.style.HasChecksum && response.StatusCode == 200 {
		sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(version.content)))
		response.Header.Set("X-Amz-Checksum-Crc32", base64.StdEncoding.EncodeToString(sum))
	}
	s.setBody(response, version.content[first:end], s.style.Ending)
	return response
}

// setBody gives a response a body whose end is told in this way.
func (s *modelServer) setBody(response *http.Response, content, ending string) {
	response.ProtoMajor = 1
	response.ContentLength = -1
	response.TransferEncoding = nil
	response.Close = false
	switch ending {
	case endsByLength:
		response.ContentLength = int64(len(content))
	case endsByChunk:
		response.TransferEncoding = []string{"chunked"}
	case endsByClose:
		response.Close = true
	case endsByItself:
		response.ProtoMajor = 0
		response.ContentLength = 0
	}
	response.Body = &modelBody{
		random:  rand.New(rand.NewPCG(s.random.Uint64(), 0)),
		content: content,
		end:     io.EOF,
	}
}

// modelBody is a body that brings its content in steps of any size, and its end with the last step or
// after it.
type modelBody struct {
	random  *rand.Rand
	content string
	end     error
}

func (b *modelBody) Read(p []byte) (int, error) {
	if b.random.IntN(10) == 0 {
		return 0, nil
	}
	if b.content == "" {
		return 0, b.end
	}
	n := copy(p, b.content[:1+b.random.IntN(len(b.content))])
	b.content = b.content[n:]
	if b.content == "" && b.random.IntN(2) == 0 {
		return n, b.end
	}
	return n, nil
}

func (b *modelBody) Close() error { return nil }

func (b *modelBody) String() string { return fmt.Sprintf("%q, then %v", b.content, b.end) }

// honestResponse draws a response of an honest server.
func (s *modelServer) honestResponse(req *http.Request) (*http.Response, error) {
	if s.chance(6) && s.mayFail() {
		s.budget.failures++
		return s.refuse(req, []int{0, 500, 503}[s.random.IntN(3)])
	}
	if s.chance(8) && !s.budget.expired && s.budget.expiries < s.run.maxAttempts {
		s.budget.expired = true
		s.budget.expiries++
		return s.refuse(req, 403)
	}
	if s.chance(8) && s.current+1 < len(s.versions) && s.mayRestart() {
		s.budget.restarts++
		s.current++
		s.note(req, "the file was replaced")
	}
	response := s.respond(req)
	if body, ok := response.Body.(*modelBody); ok {
		s.breakOff(req, response, body)
	}
	s.noteResponse(req, "honest", response)
	return response, nil
}

// mayFail reports whether one more attempt may bring no new byte.
func (s *modelServer) mayFail() bool { return s.budget.failures+1 < s.run.maxAttempts }

// mayRestart reports whether the client may have to begin the file anew once more.
func (s *modelServer) mayRestart() bool {
	return s.run.isDownload && s.budget.restarts+1 < s.run.maxAttempts
}

// breakOff may break a response of an honest server, if its client puts up with that.
func (s *modelServer) breakOff(req *http.Request, response *http.Response, body *modelBody) {
	first := 0
	if response.StatusCode == 206 {
		first = askedFrom(req)
	}
	if req.Header.Get("Range") == "" && req.Header.Get("If-Match") == "" {
		s.budget.position = 0
	}
	sent := s.random.IntN(len(body.content) + 1)
	isProgress := first+sent > s.budget.position && !s.inParts()
	mayBreak := s.mayFail() || isProgress && s.run.maxAttempts > 1
	if !s.style.HasStrongETag && sent > 0 {
		mayBreak = mayBreak && s.mayRestart()
	}
	if !mayBreak || s.chance(2) {
		s.sendAll(first, len(body.content))
		return
	}
	if !s.style.HasStrongETag && sent > 0 {
		s.budget.restarts++
	}
	if isProgress {
		s.budget = s.budget.after(first + sent)
	}
	s.budget.failures++
	body.content = body.content[:sent]
	body.end = s.brokenEnd(response)
}

// sendAll counts what a response brings that doesn't break.
func (s *modelServer) sendAll(first, length int) {
	isProgress := first+length > s.budget.position && !s.inParts()
	if isProgress {
		s.budget = s.budget.after(first + length)
	}
	if s.style.Ending == endsByClose {
		s.budget.failures++ // as the client doesn't know that this was all
	}
}

// after returns the budget after new bytes were sent, up to a position.
func (b modelBudget) after(position int) modelBudget {
	b.position = position
	b.failures = 0
	b.expired = false
	return b
}

// brokenEnd returns what a client gets after the last byte of a body that breaks.
func (s *modelServer) brokenEnd(response *http.Response) error {
	tellsLength := response.ContentLength > 0 || response.StatusCode == 206
	if s.chance(2) && (tellsLength || s.style.Ending == endsByClose) {
		return io.EOF
	}
	if s.chance(2) {
		return io.ErrUnexpectedEOF
	}
	return errModelReset
}

// hostileResponse draws a response of a server that may lie.
func (s *modelServer) hostileResponse(req *http.Request) (*http.Response, error) {
	if s.chance(4) {
		statuses := []int{0, 204, 301, 403, 403, 404, 412, 416, 429, 500, 503}
		return s.refuse(req, statuses[s.random.IntN(len(statuses))])
	}
	if s.chance(8) {
		s.current = s.random.IntN(len(s.versions))
		s.note(req, "the file was replaced")
	}
	if s.chance(8) {
		return s.sendPage(req), nil
	}
	response := s.respond(req)
	body, ok := response.Body.(*modelBody)
	if !ok {
		s.noteResponse(req, "hostile", response)
		return response, nil
	}
	if s.chance(2) {
		body.content = body.content[:s.random.IntN(len(body.content)+1)]
		body.end = s.brokenEnd(response)
	}
	if s.chance(2) {
		s.remember(response)
		s.noteResponse(req, "as it should be", response)
		return response, nil
	}
	lie := modelLies[s.random.IntN(len(modelLies))]
	lie.tell(s, req, response, body)
	s.noteResponse(req, lie.name, response)
	return response, nil
}

// remember keeps what a client knows after a response that is as it should be.
func (s *modelServer) remember(response *http.Response) {
	if s.style.HasStrongETag {
		s.sentETag = true
	}
	if response.StatusCode == 200 && response.ContentLength <= 0 {
		s.sizeless = true
	}
}

// sendPage returns the page of a proxy.
func (s *modelServer) sendPage(req *http.Request) *http.Response {
	response := &http.Response{StatusCode: 200, Header: http.Header{}}
	etag := s.oneOf("", `W/"page"`, `"page"`)
	if etag != "" {
		response.Header.Set("Etag", etag)
	}
	page := strings.Repeat("<page>", s.random.IntN(20))
	ending := s.oneOf(endsByLength, endsByChunk, endsByItself)
	s.setBody(response, page, ending)
	// Nobody can tell a page from a file that is asked for the first time.
	isFirst := req.Header.Get("Range") == "" && req.Header.Get("If-Match") == ""
	if isFirst && (etag == `"page"` || !s.sentETag) {
		s.claims[page] = true
	}
	s.noteResponse(req, "page", response)
	return response
}

// claim adds a content to those that a client may take for the file.
func (s *modelServer) claim(content string) {
	if s.style.HasChecksum && !s.inParts() {
		return // it has the checksum of another content
	}
	s.claims[content] = true
}

// modelLie makes a response another one than it should be.
type modelLie struct {
	name string
	tell func(s *modelServer, req *http.Request, response *http.Response, body *modelBody)
}

var modelLies = []modelLie{
	{name: "wrong range", tell: lieAboutRange},
	{name: "wrong total", tell: lieAboutTotal},
	{name: "no range", tell: lieWithoutRange},
	{name: "wrong ETag", tell: lieAboutETag},
	{name: "no ETag", tell: lieWithoutETag},
	{name: "longer body", tell: lieWithLongerBody},
	{name: "shorter file", tell: lieAboutSize},
	{name: "wrong length", tell: lieAboutLength},
	{name: "wrong byte", tell: lieAboutByte},
	{name: "packed", tell: lieAboutEncoding},
	{name: "range in place of all", tell: lieWithRange},
	{name: "all in place of range", tell: lieWithAll},
	{name: "bad reader", tell: lieWithBadReader},
	{name: "no body", tell: lieWithoutBody},
	{name: "another status", tell: lieAboutStatus},
}

// spanOf returns the numbers of a response's Content-Range.
func spanOf(response *http.Response) (first, last, total int, ok bool) {
	n, _ := fmt.Sscanf(response.Header.Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &total)
	return first, last, total, n == 3
}

func setSpan(response *http.Response, first, last int, total string) {
	response.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%s", first, last, total))
}

func lieAboutRange(s *modelServer, _ *http.Request, response *http.Response, _ *modelBody) {
	first, last, total, ok := spanOf(response)
	if !ok {
		return
	}
	off := []int{-1, 1}[s.random.IntN(2)]
	if s.chance(2) {
		first += off
	} else {
		last += off
	}
	setSpan(response, first, last, strconv.Itoa(total))
}

func lieAboutTotal(s *modelServer, _ *http.Request, response *http.Response, _ *modelBody) {
	first, last, total, ok := spanOf(response)
	// While a client doesn't know the size, it has to believe a total that fits the range.
	if !ok || s.sizeless && last+1 == total {
		return
	}
	totals := []string{"*", "0", "-1", strconv.Itoa(total + 1), strconv.Itoa(total - 1), "10000000000000"}
	setSpan(response, first, last, s.oneOf(totals...))
}

func lieWithoutRange(s *modelServer, _ *http.Request, response *http.Response, _ *modelBody) {
	response.Header["Content-Range"] = [][]string{nil, {""}, {"bytes"}, {"bytes 0-"}, {"a", "b"}}[s.random.IntN(5)]
	if response.StatusCode == 200 && s.chance(2) {
		response.StatusCode = 206
	}
}

func lieAboutETag(s *modelServer, _ *http.Request, response *http.Response, _ *modelBody) {
	response.Header.Set("Etag", strconv.Quote(strconv.Itoa(s.random.Int())))
}

func lieWithoutETag(s *modelServer, _ *http.Request, response *http.Response, _ *modelBody) {
	etag := response.Header.Get("Etag")
	response.Header["Etag"] = [][]string{nil, {""}, {"W/" + etag}, {etag, etag}, {"e"}}[s.random.IntN(5)]
}

func lieWithLongerBody(s *modelServer, _ *http.Request, response *http.Response, body *modelBody) {
	length := int(response.ContentLength)
	if first, last, _, ok := spanOf(response); ok {
		length = last - first + 1
	}
	if length > 0 && length == len(body.content) {
		body.content += "more"
	}
}

// lieAboutSize makes the file one that is shorter, and is sent as a whole.
func lieAboutSize(s *modelServer, _ *http.Request, response *http.Response, _ *modelBody) {
	if response.StatusCode != 200 {
		return
	}
	content := s.versions[s.current].content
	shorter := content[:s.random.IntN(len(content)+1)]
	s.claim(shorter)
	s.setBody(response, shorter, s.style.Ending)
}

func lieAboutLength(s *modelServer, _ *http.Request, response *http.Response, body *modelBody) {
	if response.ContentLength <= 0 && response.StatusCode == 200 {
		return
	}
	sent := int64(len(body.content))
	response.ContentLength = max(1, sent+s.random.Int64N(5)-2)
	if response.ContentLength == sent {
		s.claim(body.content)
	}
}

// lieAboutByte changes a byte, if there is a checksum that tells.
func lieAboutByte(s *modelServer, _ *http.Request, _ *http.Response, body *modelBody) {
	if !s.style.HasChecksum || s.inParts() || body.content == "" {
		return
	}
	changed := []byte(body.content)
	changed[s.random.IntN(len(changed))] ^= 0xff
	body.content = string(changed)
}

func lieAboutEncoding(s *modelServer, _ *http.Request, response *http.Response, _ *modelBody) {
	response.Header.Set("Content-Encoding", s.oneOf("gzip", "br", "identity, gzip", "aws-chunked,deflate"))
}

// lieWithRange answers a request for all of the file with a range.
func lieWithRange(s *modelServer, _ *http.Request, response *http.Response, _ *modelBody) {
	content := s.versions[s.current].content
	if response.StatusCode != 200 || content == "" {
		return
	}
	part := content[:1+s.random.IntN(len(content))]
	total := s.oneOf("*", strconv.Itoa(len(content)), strconv.Itoa(len(part)))
	if total == strconv.Itoa(len(part)) {
		s.claim(part)
	}
	response.StatusCode = 206
	s.setBody(response, part, s.style.Ending)
	setSpan(response, 0, len(part)-1, total)
}

// lieWithAll answers a request for a range with all of the file.
func lieWithAll(s *modelServer, _ *http.Request, response *http.Response, _ *modelBody) {
	response.StatusCode = 200
	response.Header.Del("Content-Range")
	s.setBody(response, s.versions[s.current].content, s.style.Ending)
	s.remember(response)
}

func lieWithBadReader(s *modelServer, _ *http.Request, response *http.Response, _ *modelBody) {
	readers := []io.Reader{emptyReader{}, badReader{}, negativeReader{}}
	response.Body = io.NopCloser(readers[s.random.IntN(len(readers))])
}

// negativeReader says that it has read less than nothing.
type negativeReader struct{}

func (negativeReader) Read([]byte) (int, error) { return -1, nil }

// lieWithoutBody takes the body away. If no length was told, that is an empty file.
func lieWithoutBody(s *modelServer, _ *http.Request, response *http.Response, _ *modelBody) {
	if response.ContentLength <= 0 && response.StatusCode == 200 {
		s.claim("")
	}
	response.Body = nil
}

func lieAboutStatus(s *modelServer, _ *http.Request, response *http.Response, _ *modelBody) {
	response.StatusCode = []int{203, 226, 304, 401, 416}[s.random.IntN(5)]
}
