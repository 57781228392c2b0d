package snapshotjobtest

import (
	"context"
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go/encoding/httpbinding"

	"github.com/quicksight-go/snapshotjob"
)

// object is a file in a bucket.
type object struct {
	bucket, key string
	exists      time.Time // since when
	modified    time.Time
	*content
}

// bucket is QuickSight's own; its name is made up.
func (s *Server) bucket() string { return "quicksight-snapshots-" + s.options.Region }

// put makes the i-th file of a job an object of each destination, or else of the
// service's own bucket, from the end of the job on. It needs the mutex.
func (s *Server) put(j *job, i int) (objects []*object) {
	s.objects++
	file := j.life.Files[i]
	name := strconv.Itoa(i + 1)
	for _, sheet := range file.Sheets {
		name += "-" + strings.Join(append([]string{sheet.SheetID}, sheet.VisualIDs...), "-")
	}
	name += map[snapshotjob.SnapshotFileFormatType]string{"CSV": ".csv", "EXCEL": ".xlsx", "PDF": ".pdf"}[file.Format]
	o := object{bucket: s.bucket(), key: fmt.Sprintf("%s/%d/%s", j.Job, s.objects, name), exists: j.ends(), modified: j.ends()}
	if file.Content != nil {
		o.content = bytesContent(file.Content)
	} else {
		h := fnv.New64a()
		fmt.Fprint(h, j.Job, i)
		o.content = generatedContent(file.Format, or(max(0, file.Size), 1024), s.options.Seed^h.Sum64())
	}
	for _, d := range j.configuration.destinations() {
		at := o
		at.bucket, at.key = d.BucketConfiguration.BucketName, strings.Trim(d.BucketConfiguration.BucketPrefix, "/")+"/"+j.Job.String()+"/"+name
		objects = append(objects, &at)
	}
	if objects == nil {
		objects = []*object{&o}
	}
	for _, o := range objects {
		s.store(o)
	}
	return objects
}

// store makes an object exist, in the place of one of the same key. It needs the
// mutex.
func (s *Server) store(o *object) {
	if s.buckets[o.bucket] == nil {
		s.buckets[o.bucket] = map[string]*object{}
	}
	s.buckets[o.bucket][o.key] = o
}

// ReplaceFile changes what a job's file holds, as if somebody had overwritten
// the object, in each of its destinations: its ETag and its time change too. The index is the file's place in
// the job, from 0; it panics if there is no such file.
func (s *Server) ReplaceFile(id snapshotjob.Job, index int, content []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var j *job
	if a := s.accounts[id.AWSAccountID]; a != nil {
		j = a.jobs[id]
	}
	if j == nil || index < 0 || index >= len(j.objects) || j.objects[index] == nil {
		panic(fmt.Sprintf("snapshotjobtest: ReplaceFile: job %s has no file %d", id, index))
	}
	for i, o := range j.objects[index] {
		changed := &object{o.bucket, o.key, o.exists, time.Now().Add(s.options.ClockSkew), bytesContent(content)}
		j.objects[index][i] = changed
		s.store(changed)
	}
}

// presign returns a URL for an object, which differs from all others by its
// session token. It has the host of the request that asks for it, so that the
// URL leads back here, unless that is the service's own. It needs the mutex.
func (c *call) presign(o *object) string {
	_, suffix := c.partition()
	u := &url.URL{Scheme: "https", Host: o.bucket + ".s3." + c.options.Region + "." + suffix, Path: "/" + o.key}
	if host := c.request.Host; !strings.HasPrefix(host, "quicksight") || !strings.Contains(host, "."+c.options.Region+".") {
		u.Host, u.Path = host, "/"+o.bucket+u.Path
		if c.request.TLS == nil {
			u.Scheme = "http"
		}
	}
	u.RawPath = httpbinding.EscapePath(u.Path, false)
	credentials := c.presigner
	credentials.SessionToken = randomText(c.random, 900)
	u.RawQuery = fmt.Sprintf("X-Amz-Expires=%d", (c.options.URLLifetime+time.Second-1)/time.Second)
	request := &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{}}
	signed, _, err := c.signer.PresignHTTP(context.Background(), credentials, request, "UNSIGNED-PAYLOAD", "s3", c.options.Region, c.now, signAsS3)
	if err != nil {
		panic(fmt.Sprintf("snapshotjobtest: presign: %v", err)) // the signer has no way to fail
	}
	return signed
}

// signAsS3 sets what is particular to S3: the path is signed as it is sent.
func signAsS3(o *v4.SignerOptions) {
	o.DisableURIPathEscaping = true
	o.DisableHeaderHoisting = true
}

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
