package snapshotjob

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// ErrFileChanged is matched by the error of a file that is not what it was when its
// reading began: the object was replaced meanwhile, or something between the client
// and the server sent another response. Read the file again from its beginning.
var ErrFileChanged = errors.New("the file changed while it was read: read it again from its beginning")

var (
	// errRangeIgnored is the error of a response that brings the whole file although a
	// part was asked for.
	errRangeIgnored = errors.New("the server ignores ranges")

	// errNoSuchRange is the error of a response which says that the file ends before
	// the range that was asked for.
	errNoSuchRange = errors.New("the server says that it has no such range")
)

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

// header returns the value of a Range header, for a file of the version.
func (r byteRange) header(version *fileVersion) string {
	end := r.end
	if end == toEnd && version.size != unknownSize {
		end = version.size
	}
	if end == toEnd {
		return fmt.Sprintf("bytes=%d-", r.first)
	}
	return fmt.Sprintf("bytes=%d-%d", r.first, end-1)
}

// fileVersion is what identifies one version of a file. Every response must carry it.
type fileVersion struct {
	etag string // strong; empty if the server gave none
	size int64  // of the whole file, in bytes; unknownSize if the server didn't tell
}

// unknownSize is the size of a file of which the server didn't tell it.
const unknownSize = -1

// fileResponse is a response that brings the range that was asked for.
type fileResponse struct {
	body    io.ReadCloser
	version fileVersion
	first   int64 // where in the file the body begins; never after the range does
	length  int64 // of the body; unknownSize if the server didn't tell

	// provesEnd reports whether the body can't end early without an error.
	provesEnd bool

	// checksum is S3's of the whole file; nil if there is none.
	checksum *fileChecksum
}

// judge returns what a response brings, or an error if that is not what was asked for.
func (a *fileAttempt) judge(resp *http.Response) (*fileResponse, error) {
	switch resp.StatusCode {
	case http.StatusOK, http.StatusPartialContent:
	case http.StatusPreconditionFailed:
		return nil, a.changed(resp, "the server says that it has another version")
	case http.StatusRequestedRangeNotSatisfiable:
		if !a.wanted.isWhole() {
			return nil, responseError(resp, fmt.Errorf("%w (%w)", ErrFileChanged, errNoSuchRange))
		}
		return nil, a.s3Error(resp)
	default:
		return nil, a.s3Error(resp)
	}
	if err := checkUnpacked(resp); err != nil {
		return nil, err
	}
	if strongETag(resp.Header) != "" {
		a.source.expectETags()
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
		provesEnd: size != unknownSize || !endsWithConnection(resp),
		checksum:  checksumOf(resp.Header),
	}
	if problem := a.compare(response.version); problem != "" {
		return nil, a.changed(resp, problem)
	}
	if a.wanted.end != toEnd {
		return nil, responseError(resp, errRangeIgnored)
	}
	return response, nil
}

// judgePart judges a response of status 206, which brings a range of the file.
func (a *fileAttempt) judgePart(resp *http.Response) (*fileResponse, error) {
	text := strings.Join(resp.Header.Values("Content-Range"), ", ")
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
	response := &fileResponse{
		body:      resp.Body,
		version:   fileVersion{etag: strongETag(resp.Header), size: got.size},
		first:     got.first,
		length:    length,
		provesEnd: true,
	}
	if problem := a.compare(response.version); problem != "" {
		return nil, a.changed(resp, problem)
	}
	if length == got.size {
		// Of a part, a checksum would be that of the part.
		response.checksum = checksumOf(resp.Header)
	}
	return response, nil
}

// compare returns why a response's version is not the one that was asked for, or "" if
// it is.
func (a *fileAttempt) compare(got fileVersion) string {
	if a.version == nil {
		return a.compareETags(got)
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

// compareETags is compare for a file that is begun. Even if the file has been replaced
// since it was begun the last time, its server has not stopped to give ETags.
func (a *fileAttempt) compareETags(got fileVersion) string {
	if got.etag == "" && a.source.expectsETag() {
		return "the response has no strong ETag, which an earlier one had"
	}
	return ""
}

// changed is the error of a response that is not of the version that was asked for.
func (a *fileAttempt) changed(resp *http.Response, problem string) error {
	return responseError(resp, fmt.Errorf("%w (%s)", ErrFileChanged, problem))
}

// checkUnpacked returns an error if the body is packed.
func checkUnpacked(resp *http.Response) error {
	header := strings.Join(resp.Header.Values("Content-Encoding"), ",")
	for coding := range strings.SplitSeq(header, ",") {
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "", "identity", "aws-chunked":
			// S3 may keep aws-chunked, which tells how an object was sent to it.
		default:
			return responseError(resp, &retryDecision{
				err: fmt.Errorf("the file comes packed, with Content-Encoding %s, although \"identity\" was asked for",
					quote(header)),
				retryable: false,
			})
		}
	}
	return nil
}

// strongETag returns the ETag of a response, or "" if there is none or a weak one,
// which may be the same for different bytes.
func strongETag(header http.Header) string {
	etags := header.Values("Etag")
	if len(etags) != 1 {
		return ""
	}
	etag := etags[0]
	isStrong := len(etag) >= 2 && strings.HasPrefix(etag, `"`) && strings.HasSuffix(etag, `"`)
	if !isStrong {
		return ""
	}
	return etag
}

// bodyLength returns the length of a response's body, or unknownSize.
func bodyLength(resp *http.Response) int64 {
	if resp.ContentLength > 0 {
		return resp.ContentLength
	}
	if resp.Body == http.NoBody {
		return 0
	}
	// A response that was made by hand may have a body, and no length but that of its
	// header.
	length, err := strconv.ParseUint(resp.Header.Get("Content-Length"), 10, 63)
	if err != nil {
		return unknownSize
	}
	return int64(length)
}

// endsWithConnection reports whether a body without a length ends where the connection
// does, which proves nothing. A chunked body, and one of HTTP/2, has an end of its own.
// A body that doesn't come from a connection ends where it ends.
func endsWithConnection(resp *http.Response) bool {
	const http1 = 1
	isChunked := slices.Contains(resp.TransferEncoding, "chunked")
	return resp.ProtoMajor == http1 && resp.Close && !isChunked
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
	unit, span, _ := strings.Cut(text, " ")
	span, sizeText, _ := strings.Cut(span, "/")
	firstText, lastText, _ := strings.Cut(span, "-")
	if !strings.EqualFold(unit, "bytes") {
		return contentRange{}, false
	}
	first, firstOK := parsePosition(firstText)
	last, lastOK := parsePosition(lastText)
	size, sizeOK := parsePosition(sizeText)
	if !firstOK || !lastOK || !sizeOK {
		return contentRange{}, false
	}
	if first > last || last >= size {
		return contentRange{}, false
	}
	return contentRange{first: first, end: last + 1, size: size}, true
}

// parsePosition parses a number without a sign.
func parsePosition(text string) (int64, bool) {
	number, err := strconv.ParseUint(text, 10, 63)
	return int64(number), err == nil
}
