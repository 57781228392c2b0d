package snapshotjob

import (
	"net/url"
	"slices"
	"strings"
)

// requestPath is a path below that of the endpoint.
type requestPath struct {
	plain   string
	escaped string // with each segment escaped
}

// newRequestPath returns the path of the segments, which may hold any bytes.
func newRequestPath(segments ...string) requestPath {
	plain := joinPath(segments)
	path := requestPath{plain: plain, escaped: plain}
	if slices.ContainsFunc(segments, needsEscaping) {
		escaped := make([]string, len(segments))
		for i, segment := range segments {
			escaped[i] = escapeID(segment)
		}
		path.escaped = joinPath(escaped)
	}
	return path
}

// joinPath returns the segments with a slash before each.
func joinPath(segments []string) string {
	length := 0
	for _, segment := range segments {
		length += len("/") + len(segment)
	}
	var path strings.Builder
	path.Grow(length)
	for _, segment := range segments {
		path.WriteByte('/')
		path.WriteString(segment)
	}
	return path.String()
}

// needsEscaping reports whether escapeID changes a segment.
func needsEscaping(segment string) bool {
	for i := range len(segment) {
		if !isUnreserved(segment[i]) {
			return true
		}
	}
	return false
}

// isUnreserved reports whether a byte stays as it is in the path of a request.
func isUnreserved(b byte) bool {
	switch {
	case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9':
		return true
	}
	return b == '-' || b == '.' || b == '_' || b == '~'
}

// escapeID escapes every byte of an id except the unreserved characters of RFC 3986:
// letters, digits, "-", ".", "_" and "~".
func escapeID(id string) string {
	return strings.ReplaceAll(url.QueryEscape(id), "+", "%20")
}
