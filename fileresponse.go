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

// ErrChecksum is matched by the error of a file whose bytes do not agree with S3's
// checksum of them.
var ErrChecksum = errors.New("the file's bytes don't agree with its checksum")

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

	// provesEnd reports whether a body that ends without an error is whole.
	provesEnd bool

	// checksum is S3's of the whole file; nil if there is none.
	checksum *fileChecksum
}

// checkEncoding returns an error if the body is compressed, or has another coding.
func checkEncoding(resp *http.Response) error {
	header := strings.Join(resp.Header.Values("Content-Encoding"), ",")
	for coding := range strings.SplitSeq(header, ",") {
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "", "identity", "aws-chunked":
			// S3 may keep aws-chunked, which tells how an object was sent to it.
		default:
			err := fmt.Errorf("the file comes compressed, with Content-Encoding %s, "+
				`although "identity" was asked for`, quote(header))
			return responseError(resp, &retryDecision{
				err:       err,
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

// wholeSize returns the size of the file that a response of status 200 brings, or
// unknownSize. Such a response has no use for a Content-Range. If it has one, of a part,
// then a cache has perhaps made it of a response of status 206. The problem then says so;
// otherwise it is "".
func wholeSize(resp *http.Response) (size int64, problem string) {
	size = bodyLength(resp)
	text := contentRangeText(resp)
	if text == "" {
		return size, ""
	}
	got, ok := parseContentRange(text)
	if !ok || got.first != 0 || got.end != got.size {
		return 0, "the status is that of a whole file, and the Content-Range " + quote(text) + " is not"
	}
	if size != unknownSize && size != got.size {
		return 0, lengthsDiffer
	}
	return got.size, ""
}

// endsWithConnection reports whether a body without a length ends where the connection
// does, which proves nothing. A chunked body, and one of HTTP/2, has an end of its own.
// A body that doesn't come from a connection ends where it ends.
func endsWithConnection(resp *http.Response) bool {
	const http1 = 1
	isChunked := slices.Contains(resp.TransferEncoding, "chunked")
	return resp.ProtoMajor == http1 && resp.Close && !isChunked
}

// lengthsDiffer is what is wrong with a response that tells two lengths.
const lengthsDiffer = "Content-Length and Content-Range don't agree"

// contentRangeText returns the Content-Range of a response, or "" if there is none.
func contentRangeText(resp *http.Response) string {
	return strings.Join(resp.Header.Values("Content-Range"), ", ")
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
