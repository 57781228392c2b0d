package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// ErrFileChanged is matched by the error of a file that is not what it was when its
// reading began: the object was replaced meanwhile, or something between the client
// and the server sent another response. Read the file again from its beginning.
var ErrFileChanged = errors.New("the file changed while it was read: read it again from its beginning")

// errRangeIgnored is the error of a response that brings the whole file although a
// part was asked for.
var errRangeIgnored = errors.New("the server ignores ranges")

// byteRange is a part of a file: the bytes from first up to, and without, end.
type byteRange struct {
	first int64
	end   int64 // toEnd if the range goes to the end of the file
}

// toEnd is the end of a range that goes to the end of the file.
const toEnd = -1

// wholeFile is the range of a whole file.
var wholeFile = byteRange{first: 0, end: toEnd}

// isWhole reports whether the range is the whole file, so that a request for it needs
// no Range header.
func (r byteRange) isWhole() bool { return r == wholeFile }

// header returns the value of a Range header.
func (r byteRange) header() string {
	header := "bytes=" + strconv.FormatInt(r.first, 10) + "-"
	if r.end != toEnd {
		header += strconv.FormatInt(r.end-1, 10)
	}
	return header
}

// fileVersion is what identifies one version of a file. Every response must carry it.
type fileVersion struct {
	etag string // strong; empty if the server gave none
	size int64  // of the whole file, in bytes; unknownSize if the server didn't tell
}

// unknownSize is the size of a file of which the server didn't tell it.
const unknownSize = -1

// fileSource fetches one file. Each of its attempts asks for one range of the file.
// Several parts of the file may be fetched at once.
type fileSource struct {
	session *downloadSession
	file    ResultFile

	mu       sync.Mutex
	uri      S3URI
	result   *DescribeDashboardSnapshotJobResultOutput // that uri is from; nil if it is the caller's
	budget   fileBudget
	progress int64 // bytes that were read
}

// fileBudget counts what a file has cost, to bound what a server can make it cost.
type fileBudget struct {
	lostConnections int
	renewals        int
}

const (
	// maxLostConnections is how many attempts for a file may fail in all. One more is
	// allowed for each bytesPerAttempt that were read.
	maxLostConnections = 1000

	// bytesPerAttempt is also what a fresh URL, or fresh credentials, must bring
	// before they count as progress.
	bytesPerAttempt = 1 << 20
)

// newFileSource returns the source of a file. Its URI is that of the newest result
// that is known.
func newFileSource(session *downloadSession, file ResultFile) (*fileSource, error) {
	if err := file.URI.refuseRedacted(); err != nil {
		return nil, err
	}
	s := &fileSource{
		session: session,
		file:    file,
		uri:     file.URI,
	}
	if newest := session.newest.Load(); newest != nil {
		if err := s.useResult(newest); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// currentURI returns where the file is.
func (s *fileSource) currentURI() S3URI {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.uri
}

// currentResult returns the result that the URI is from, or nil if it is the caller's.
func (s *fileSource) currentResult() *DescribeDashboardSnapshotJobResultOutput {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.result
}

// useResult takes the URI from a result.
func (s *fileSource) useResult(result *DescribeDashboardSnapshotJobResultOutput) error {
	for candidate := range result.Files() {
		if candidate.URI == "" || !candidate.hasPlaceOf(s.file) {
			continue
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.uri = candidate.URI
		s.result = result
		return nil
	}
	return errors.New("ask for a fresh URL: the new result doesn't have the file")
}

// hasPlaceOf reports whether two files have the same place in the results of a job.
func (f ResultFile) hasPlaceOf(other ResultFile) bool {
	return f.Registered == other.Registered &&
		f.User == other.User &&
		f.Group == other.Group &&
		f.Index == other.Index
}

// addProgress counts bytes that were read.
func (s *fileSource) addProgress(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress += int64(n)
}

// loseConnection counts an attempt that failed, and reports whether the file may cost
// another one.
func (s *fileSource) loseConnection() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.budget.lostConnections++
	return int64(s.budget.lostConnections) <= maxLostConnections+s.progress/bytesPerAttempt
}

// spendRenewal counts a renewal of the URL or the credentials, and reports whether the
// file may cost it.
func (s *fileSource) spendRenewal() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.budget.renewals++
	allowed := int64(s.session.options.MaxAttempts) + s.progress/bytesPerAttempt
	return int64(s.budget.renewals) <= allowed
}

// fileAttempt is one request for a range of a file.
type fileAttempt struct {
	source      *fileSource
	wanted      byteRange
	version     *fileVersion // what the response must carry; nil before the first good one
	uri         S3URI
	credentials aws.Credentials // that signed the request, if any did
	skew        time.Duration   // with which the request was signed
}

// newAttempt returns an attempt for a range of the file. If version is not nil, the
// response must be of that version.
func (s *fileSource) newAttempt(wanted byteRange, version *fileVersion) *fileAttempt {
	return &fileAttempt{
		source:  s,
		wanted:  wanted,
		version: version,
		uri:     s.currentURI(),
	}
}

// hasExpired reports whether the attempt failed with err because its URL or its
// credentials have expired. Of an old URL S3 says 403, or that the credentials which
// signed it have expired.
func (a *fileAttempt) hasExpired(err error) bool {
	if a.uri.isKey() {
		return credentialsExpired(err)
	}
	return credentialsExpired(err) || httpStatus(err) == http.StatusForbidden
}

// renew makes the next attempt another one than the given, which has expired: with a
// fresh URL, or with fresh credentials. It reports whether that could be done.
func (s *fileSource) renew(ctx context.Context, expired *fileAttempt) (bool, error) {
	if expired.uri.isKey() {
		return s.session.settings.renewCredentials(ctx, expired.credentials), nil
	}
	result, err := s.session.freshResult(ctx, s.file.Job, s.currentResult())
	if err != nil {
		return false, err
	}
	if err := s.useResult(result); err != nil {
		return false, err
	}
	return true, nil
}

// fetch sends the request, and judges the response.
func (a *fileAttempt) fetch(ctx context.Context) (*fileResponse, error) {
	req, err := a.newRequest(ctx)
	if err != nil {
		return nil, err
	}
	sent := time.Now()
	resp, err := roundTrip(a.source.session.settings.options.DownloadTransport, req)
	received := time.Now()
	if err != nil {
		err = responseError(nil, sendError(err, a.credentials))
		a.log(ctx, received.Sub(sent), nil, err)
		return nil, err
	}
	a.source.session.observeS3Clock(a.uri, resp.Header, sent, received)
	response, err := a.judge(resp)
	if skew := a.source.session.s3ClockSkew(); a.uri.isKey() && isClockSkew(err, skew-a.skew) {
		err = clockSkewError(err, skew)
	}
	a.log(ctx, received.Sub(sent), resp, err)
	if err != nil {
		resp.Body.Close()
		return nil, err
	}
	return response, nil
}

// newRequest returns the request for the range. What a proxy may change stands in no
// signature: Range, If-Match and Accept-Encoding.
func (a *fileAttempt) newRequest(ctx context.Context) (*http.Request, error) {
	req := emptyRequest(ctx, http.MethodGet, nil)
	req.Header.Set("User-Agent", a.source.session.settings.userAgent)
	if err := a.address(ctx, req); err != nil {
		return nil, err
	}
	req.Host = req.URL.Host
	// Of packed bytes neither length nor checksum would be those of the file.
	req.Header.Set("Accept-Encoding", "identity")
	if !a.wanted.isWhole() {
		req.Header.Set("Range", a.wanted.header())
	}
	if a.version != nil && a.version.etag != "" {
		req.Header.Set("If-Match", a.version.etag)
	}
	return req, nil
}

// address sets the URL of a request and, for a key in a bucket, signs it.
func (a *fileAttempt) address(ctx context.Context, req *http.Request) error {
	if a.uri.isKey() {
		return a.signForS3(ctx, req)
	}
	presigned, err := parsePresignedURL(a.uri)
	if err != nil {
		return err
	}
	req.URL = presigned
	return nil
}

// fileResponse is a response that brings the range that was asked for.
type fileResponse struct {
	body    io.ReadCloser
	version fileVersion
	skip    int64 // how many bytes of the body come before the range
	length  int64 // of the body, with what is skipped; unknownSize if the server didn't tell

	// provesEnd reports whether the end of the body proves that the body is whole.
	provesEnd bool

	// checksum is S3's of the whole file; nil if there is none.
	checksum *expectedChecksum
}

// judge returns what a response brings, or an error if that is not what was asked for.
func (a *fileAttempt) judge(resp *http.Response) (*fileResponse, error) {
	switch resp.StatusCode {
	case http.StatusOK, http.StatusPartialContent:
	case http.StatusPreconditionFailed:
		return nil, a.changed(resp, "the server says that it has another version")
	case http.StatusRequestedRangeNotSatisfiable:
		if !a.wanted.isWhole() {
			return nil, a.changed(resp, "the server says that it has no such range")
		}
		return nil, a.s3Error(resp)
	default:
		return nil, a.s3Error(resp)
	}
	if err := checkUnpacked(resp); err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusPartialContent {
		return a.judgePart(resp)
	}
	return a.judgeWhole(resp)
}

// judgeWhole judges a response of status 200, which brings the whole file.
func (a *fileAttempt) judgeWhole(resp *http.Response) (*fileResponse, error) {
	size := bodyLength(resp)
	response := &fileResponse{
		body:      resp.Body,
		version:   fileVersion{etag: strongETag(resp.Header), size: size},
		length:    size,
		provesEnd: size != unknownSize || endsByItself(resp),
		checksum:  checksumOf(resp.Header),
	}
	if problem := a.compare(response.version); problem != "" {
		return nil, a.changed(resp, problem)
	}
	if a.wanted.isWhole() {
		return response, nil
	}
	// The server may ignore a range. That it sends the same version must be proven.
	if response.version.etag == "" || size == unknownSize {
		return nil, a.changed(resp, "the response brings the whole file, and doesn't tell of which version")
	}
	if a.wanted.end != toEnd {
		return nil, responseError(resp, errRangeIgnored)
	}
	response.skip = a.wanted.first
	return response, nil
}

// judgePart judges a response of status 206, which brings a range of the file.
func (a *fileAttempt) judgePart(resp *http.Response) (*fileResponse, error) {
	text := resp.Header.Get("Content-Range")
	got, ok := parseContentRange(text)
	if !ok {
		return nil, a.changed(resp, "the Content-Range "+quote(text)+" tells no range and size")
	}
	wantedEnd := a.wanted.end
	if wantedEnd == toEnd {
		wantedEnd = got.size
	}
	if got.first != a.wanted.first || got.end != wantedEnd {
		return nil, a.changed(resp, "the Content-Range "+quote(text)+" is not what was asked for")
	}
	length := got.end - got.first
	if announced := bodyLength(resp); announced != unknownSize && announced != length {
		return nil, a.changed(resp, "Content-Length and Content-Range don't agree")
	}
	version := fileVersion{etag: strongETag(resp.Header), size: got.size}
	if problem := a.compare(version); problem != "" {
		return nil, a.changed(resp, problem)
	}
	return &fileResponse{
		body:      resp.Body,
		version:   version,
		length:    length,
		provesEnd: true,
	}, nil
}

// compare returns what is wrong with a response's version, or "".
func (a *fileAttempt) compare(got fileVersion) string {
	if a.version == nil {
		return ""
	}
	if got.etag != a.version.etag {
		return "the ETag is another"
	}
	if a.version.size != unknownSize && got.size != a.version.size {
		return "the size is another"
	}
	if got.size != unknownSize && got.size < a.wanted.first {
		return "the file is shorter than what was read of it"
	}
	return ""
}

// changed is the error of a response that is not of the version that was asked for.
func (a *fileAttempt) changed(resp *http.Response, problem string) error {
	return responseError(resp, fmt.Errorf("%w (%s)", ErrFileChanged, problem))
}

// checkUnpacked returns an error if the body is packed.
func checkUnpacked(resp *http.Response) error {
	for _, coding := range resp.Header.Values("Content-Encoding") {
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "", "identity", "aws-chunked":
			// S3 may keep aws-chunked, which tells how an object was sent to it.
		default:
			return responseError(resp, &retryDecision{
				err: fmt.Errorf("the file comes packed, with Content-Encoding %s, although \"identity\" was asked for",
					quote(coding)),
				retryable: false,
			})
		}
	}
	return nil
}

// strongETag returns the ETag of a response, or "" if there is none or a weak one,
// which may be the same for different bytes.
func strongETag(header http.Header) string {
	etag := header.Get("Etag")
	if strings.HasPrefix(etag, "W/") {
		return ""
	}
	return etag
}

// bodyLength returns the length of a response's body, or unknownSize. A response that
// was made by hand may have a body and no length, in which case ContentLength is 0.
func bodyLength(resp *http.Response) int64 {
	if resp.ContentLength == 0 && resp.Body != http.NoBody && resp.Header.Get("Content-Length") == "" {
		return unknownSize
	}
	return max(resp.ContentLength, unknownSize)
}

// endsByItself reports whether a body without a length has an end of its own, as that
// of a chunked response and of HTTP/2 has. A body of HTTP/1 may also end because the
// connection does, which proves nothing. What is not from the network ends where its
// body does.
func endsByItself(resp *http.Response) bool {
	if resp.ProtoMajor != 1 || resp.ContentLength == 0 {
		return true
	}
	for _, encoding := range resp.TransferEncoding {
		if encoding == "chunked" {
			return true
		}
	}
	return resp.Uncompressed // the packed body had an end of its own
}

// contentRange is what a Content-Range header tells.
type contentRange struct {
	first int64
	end   int64 // the byte after the last one
	size  int64 // of the whole file
}

// parseContentRange parses "bytes first-last/size". A header whose size is "*" is
// none.
func parseContentRange(text string) (contentRange, bool) {
	var r contentRange
	span, ok := strings.CutPrefix(text, "bytes ")
	if !ok {
		return r, false
	}
	span, size, hasSize := strings.Cut(span, "/")
	first, last, hasLast := strings.Cut(span, "-")
	if !hasSize || !hasLast {
		return r, false
	}
	numbers := make([]int64, 0, 3)
	for _, text := range []string{first, last, size} {
		number, err := strconv.ParseUint(text, 10, 63)
		if err != nil {
			return r, false
		}
		numbers = append(numbers, int64(number))
	}
	r = contentRange{
		first: numbers[0],
		end:   numbers[1] + 1,
		size:  numbers[2],
	}
	return r, r.first < r.end && r.end <= r.size
}

// parsePresignedURL parses a URI that is fetched as it is.
func parsePresignedURL(uri S3URI) (*url.URL, error) {
	refuse := func(problem string) (*url.URL, error) {
		return nil, fmt.Errorf("the URI %s %s", uri, problem)
	}
	u, err := url.Parse(string(uri))
	switch {
	case err != nil || u.Host == "":
		return refuse("is neither s3://bucket/key nor a URL")
	case u.User != nil:
		return refuse("has user info")
	case u.Scheme == "http" && !isLoopback(u.Hostname()), u.Scheme != "http" && u.Scheme != "https":
		return refuse("is not https: whoever listens would read the file")
	}
	u.Fragment = ""
	u.RawFragment = ""
	return u, nil
}

// log writes a debug record about an attempt.
func (a *fileAttempt) log(ctx context.Context, duration time.Duration, resp *http.Response, err error) {
	attributes := []any{"offset", a.wanted.first, "duration", duration}
	if resp != nil {
		attributes = append(attributes, "status", resp.StatusCode)
		attributes = append(attributes, "requestID", s3RequestID(resp.Header))
	}
	if err != nil {
		attributes = append(attributes, "error", err.Error())
	}
	a.source.log(ctx, "download attempt", attributes...)
}

// log writes a debug record about the file.
func (s *fileSource) log(ctx context.Context, message string, attributes ...any) {
	logger := s.session.settings.options.Logger
	if logger == nil {
		return
	}
	common := []any{
		"job", s.file.Job.String(),
		"file", s.file.describe(),
	}
	logger.DebugContext(ctx, message, append(common, attributes...)...)
}
