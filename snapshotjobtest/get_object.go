package snapshotjobtest

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// s3Host is a host of S3, with or without a bucket's name before it.
var s3Host = regexp.MustCompile(`^(?:(.+)\.)?s3(?:-fips)?\.`)

// findObject reads bucket and key from the host (bucket.s3.region.suffix) or
// from the path (/bucket/key). QuickSight's own bucket is open to nobody else.
func (c *call) findObject() (*object, error) {
	r := c.request
	bucket, key := "", strings.TrimPrefix(r.URL.Path, "/")
	if host := s3Host.FindStringSubmatch(r.Host); host != nil {
		bucket = host[1]
	}
	if bucket == "" {
		bucket, key, _ = strings.Cut(key, "/")
	}
	switch {
	case bucket == c.bucket() && !c.user.service:
		return nil, refuse("AccessDenied", "Access Denied")
	case key == "":
		return nil, refuse("NotImplemented", "Of S3, only GetObject and HeadObject are here.")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	objects, ok := c.buckets[bucket]
	if !ok {
		return nil, with(refuse("NoSuchBucket", "The specified bucket does not exist"), "BucketName", bucket)
	}
	o := objects[key]
	if o == nil || o.exists.After(c.now) {
		return nil, with(refuse("NoSuchKey", "The specified key does not exist."), "Key", key)
	}
	return o, nil
}

// serveObject answers GetObject and HeadObject.
func (c *call) serveObject(w http.ResponseWriter, r *http.Request) {
	o, err := c.findObject()
	if err != nil {
		c.writeError(w, err)
		return
	}
	h := w.Header()
	h.Set("Etag", o.etag)
	h.Set("Last-Modified", o.modified.UTC().Format(http.TimeFormat))
	h.Set("X-Amz-Request-Id", c.record.ID)
	if match := r.Header.Get("If-Match"); match != "" && !matches(match, o.etag) {
		c.writeError(w, with(refuse("PreconditionFailed", "At least one of the pre-conditions you specified did not hold"), "Condition", "If-Match"))
		return
	}
	if match := r.Header.Get("If-None-Match"); match != "" && matches(match, o.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	from, n, partial, ok := parseRange(r.Header.Get("Range"), o.size)
	if !ok {
		h.Set("Content-Range", fmt.Sprintf("bytes */%d", o.size))
		c.writeError(w, with(refuse("InvalidRange", "The requested range is not satisfiable"), "ActualObjectSize", strconv.FormatInt(o.size, 10)))
		return
	}
	status := http.StatusOK
	if partial {
		status = http.StatusPartialContent
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, from+n-1, o.size))
	} else if strings.EqualFold(r.Header.Get("X-Amz-Checksum-Mode")+r.URL.Query().Get("x-amz-checksum-mode"), "ENABLED") {
		// Of a range, S3 gives no checksum.
		h.Set("X-Amz-Checksum-Crc64nvme", base64.StdEncoding.EncodeToString(o.sum()))
		h.Set("X-Amz-Checksum-Type", "FULL_OBJECT")
	}
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Type", "binary/octet-stream")
	h.Set("Content-Length", strconv.FormatInt(n, 10))
	w.WriteHeader(status)
	if r.Method == http.MethodGet {
		io.Copy(w, io.NewSectionReader(o, from, n)) // fails only if the client has gone
	}
}

func matches(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || tag == etag || `"`+tag+`"` == etag {
			return true
		}
	}
	return false
}

// parseRange reads "bytes=1-2", "bytes=1-" and "bytes=-2". Like S3, it ignores a
// header that it can't read, or that asks for several ranges; it is not ok if
// the range lies beyond the object.
func parseRange(header string, size int64) (from, n int64, partial, ok bool) {
	spec, found := strings.CutPrefix(header, "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	if !found || !dash {
		return 0, size, false, true
	}
	to, err := size-1, error(nil)
	if last != "" {
		if to, err = strconv.ParseInt(last, 10, 64); err != nil || to < 0 {
			return 0, size, false, true
		}
	}
	if first == "" {
		if last == "" {
			return 0, size, false, true
		}
		n = min(to, size)
		return size - n, n, true, n > 0
	}
	if from, err = strconv.ParseInt(first, 10, 64); err != nil || from < 0 || last != "" && to < from {
		return 0, size, false, true
	}
	if from >= size {
		return 0, 0, false, false
	}
	return from, min(to, size-1) - from + 1, true, true
}
