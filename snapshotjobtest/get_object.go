package snapshotjobtest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// getObject responds to GetObject and HeadObject. An error that it returns was not
// written yet.
func (c *call) getObject(w http.ResponseWriter, r *http.Request) *apiError {
	o, err := c.findObject()
	if err != nil {
		return err
	}
	if err := checkIfMatch(r.Header, o.content.etag); err != nil {
		return err
	}
	if isNotModified(r.Header, o.content.etag) {
		c.setObjectHeader(w.Header(), o)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	part, ok := parseRange(r.Header.Get("Range"), o.content.size)
	if !ok {
		// This error has a header of its own, which tells the size of the object.
		w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", o.content.size))
		return newError("InvalidRange", "The requested range is not satisfiable").
			with("ActualObjectSize", strconv.FormatInt(o.content.size, 10))
	}
	c.setObjectHeader(w.Header(), o)
	c.writeObject(w, r, o.content, part)
	return nil
}

// checkIfMatch checks that the ETag of an object is one that If-Match asks for.
func checkIfMatch(h http.Header, etag string) *apiError {
	wanted := h.Get("If-Match")
	if wanted == "" || matchesETag(wanted, etag) {
		return nil
	}
	return newError("PreconditionFailed",
		"At least one of the pre-conditions you specified did not hold").
		with("Condition", "If-Match")
}

// isNotModified reports whether the client has the object already, by If-None-Match.
func isNotModified(h http.Header, etag string) bool {
	known := h.Get("If-None-Match")
	return known != "" && matchesETag(known, etag)
}

// setObjectHeader sets what every response has that is not an error.
func (c *call) setObjectHeader(h http.Header, o *object) {
	h.Set("Etag", o.content.etag)
	h.Set("Last-Modified", httpTime(o.modified))
	h.Set("X-Amz-Request-Id", c.record.ID)
}

// findObject returns the object that a call asks for. QuickSight's own bucket is
// open to nobody but QuickSight.
func (c *call) findObject() (*object, *apiError) {
	l := objectLocation(c.request)
	if l.bucket == c.server.ownBucketName() && !c.user.service {
		return nil, newError("AccessDenied", "Access Denied")
	}
	if l.key == "" {
		return nil, notInS3()
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.server.advanceLocked()
	objects, ok := c.server.buckets[l.bucket]
	if !ok {
		return nil, newError("NoSuchBucket", "The specified bucket does not exist").
			with("BucketName", l.bucket)
	}
	o := objects[l.key]
	if o == nil {
		return nil, newError("NoSuchKey", "The specified key does not exist.").
			with("Key", l.key)
	}
	return o, nil
}

// notInS3 returns the error for what the server can't do of S3.
func notInS3() *apiError {
	return newError("NotImplemented", "Of S3, only GetObject and HeadObject are here.")
}

// objectLocation reads the bucket and the key of a request. The bucket stands in
// the host (bucket.s3.region.suffix) or else in the path (/bucket/key).
func objectLocation(r *http.Request) location {
	path := strings.TrimPrefix(r.URL.Path, "/")
	host := s3Host.FindStringSubmatch(r.Host)
	if host != nil && host[1] != "" {
		return location{bucket: host[1], key: path}
	}
	bucket, key, _ := strings.Cut(path, "/")
	return location{bucket: bucket, key: key}
}

// writeObject writes the part of an object that was asked for, and its headers.
func (c *call) writeObject(w http.ResponseWriter, r *http.Request, object *content, part byteRange) {
	h := w.Header()
	status := http.StatusOK
	switch {
	case part.partial:
		status = http.StatusPartialContent
		last := part.first + part.length - 1
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", part.first, last, object.size))
	case wantsChecksum(r): // S3 gives no checksum of a range.
		h.Set("X-Amz-Checksum-Crc64nvme", base64.StdEncoding.EncodeToString(object.checksum()))
		h.Set("X-Amz-Checksum-Type", "FULL_OBJECT")
	}
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Type", "binary/octet-stream")
	h.Set("Content-Length", strconv.FormatInt(part.length, 10))
	w.WriteHeader(status)
	if c.request.Method == http.MethodGet {
		// Copy fails only if the client has gone.
		_, _ = io.Copy(w, io.NewSectionReader(object.data, part.first, part.length))
	}
}

// wantsChecksum reports whether a request asks for a checksum, in a header or, if
// it is presigned, in its query.
func wantsChecksum(r *http.Request) bool {
	mode := cmp.Or(r.Header.Get("X-Amz-Checksum-Mode"), r.URL.Query().Get("x-amz-checksum-mode"))
	return strings.EqualFold(mode, "ENABLED")
}

// matchesETag reports whether one of the tags in a header is the ETag, with or
// without quotes, or stands for any.
func matchesETag(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || tag == etag || `"`+tag+`"` == etag {
			return true
		}
	}
	return false
}
