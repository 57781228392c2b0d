package snapshotjobtest

import (
	"strconv"
	"strings"
)

// byteRange is the part of an object that a request asks for.
type byteRange struct {
	first   int64
	length  int64
	partial bool // it was asked for with a Range header that counts
}

// parseRange reads a Range header, such as "bytes=1-2", "bytes=1-" or "bytes=-2".
// It reports false if the range lies beyond an object of this size. As S3 does, it
// ignores a header that it can't read, or that asks for several ranges: then the
// part is the whole object.
func parseRange(header string, size int64) (part byteRange, ok bool) {
	whole := byteRange{length: size}
	spec, ok := strings.CutPrefix(header, "bytes=")
	if !ok {
		return whole, true
	}
	firstText, lastText, ok := strings.Cut(spec, "-")
	if !ok {
		return whole, true
	}
	if firstText == "" {
		n, ok := parsePosition(lastText)
		if !ok {
			return whole, true
		}
		return lastBytes(n, size)
	}
	first, ok := parsePosition(firstText)
	if !ok {
		return whole, true
	}
	last := size - 1
	if lastText != "" {
		last, ok = parsePosition(lastText)
		if !ok || last < first {
			return whole, true
		}
	}
	return between(first, last, size)
}

// parsePosition reads a number that has no sign.
func parsePosition(text string) (int64, bool) {
	n, err := strconv.ParseUint(text, 10, 63) // Unlike ParseInt, it takes no sign.
	return int64(n), err == nil
}

// lastBytes returns the last n bytes of an object. It reports false if there are
// none.
func lastBytes(n, size int64) (byteRange, bool) {
	n = min(n, size)
	return byteRange{first: size - n, length: n, partial: true}, n > 0
}

// between returns the bytes from first to last, as far as the object has them. It
// reports false if it has none.
func between(first, last, size int64) (byteRange, bool) {
	if first >= size {
		return byteRange{}, false
	}
	last = min(last, size-1)
	return byteRange{first: first, length: last - first + 1, partial: true}, true
}
