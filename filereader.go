package snapshotjob

import (
	"cmp"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/encoding/httpbinding"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// ErrFileChanged is matched by the error of a file that was replaced meanwhile.
var ErrFileChanged = errors.New("the file changed while it was read: read it again from its beginning")

// ErrChecksum is matched by that of a file that doesn't agree with S3's checksum.
var ErrChecksum = errors.New("the file's bytes don't agree with its checksum")

var errStalled = &decidedError{errors.New("the server sent nothing for too long"), true}

const toEnd = math.MaxInt64

// object reads a file or a part of it, over as many connections as that takes.
type object struct {
	*download
	result  *DescribeDashboardSnapshotJobResultOutput // that uri is from; nil: the caller's
	uri     S3URI
	ctx     context.Context
	file    ResultFile
	whole   bool  // not a part
	at, end int64 // what is still to read
	total   int64 // of the whole file; -1: unknown
	etag    string

	failed   error     // what Read returns; there is no connection then
	failures int       // since the last progress
	renewed  bool      // the URL or the credentials, since then
	sum      hash.Hash // nil: S3 gave no checksum of what is read
	want     []byte

	attempt context.Context
	cancel  context.CancelCauseFunc
	creds   aws.Credentials
	stall   *time.Timer // ends the attempt
	body    io.ReadCloser
	skip    int64 // what body repeats, of a server that ignores ranges
}

// open asks for a file from start to end, of this etag if there is one.
func (d *download) open(ctx context.Context, file ResultFile, start, end int64, etag string) *object {
	o := &object{download: d, uri: file.URI, ctx: ctx, file: file, whole: end == toEnd, at: start, end: end, total: -1, etag: etag}
	o.failed = cmp.Or(file.URI.refuseRedacted(), o.locate(false))
	if o.failed == nil {
		o.failed = o.connect(nil)
	}
	return o
}

// locate takes the URI from the newest result or, if it has expired there, from a
// new one, for all files.
func (o *object) locate(expired bool) error {
	if expired {
		select {
		case o.renewing <- struct{}{}:
			defer func() { <-o.renewing }()
		case <-o.ctx.Done():
			return ended(o.ctx, nil, nil)
		}
		if o.newest.Load() == o.result {
			result, err := o.client.DescribeDashboardSnapshotJobResult(o.ctx, o.file.Job, o.ClientOptions...)
			if err != nil {
				return fmt.Errorf("ask for a fresh URL: %w", err)
			}
			o.newest.Store(result)
		}
	}
	if o.result = o.newest.Load(); o.result == nil {
		return nil
	}
	for f := range o.result.Files() {
		if f.URI != "" && f.Registered == o.file.Registered && f.User == o.file.User && f.Group == o.file.Group && f.Index == o.file.Index {
			o.uri = f.URI
			return nil
		}
	}
	return errors.New("ask for a fresh URL: the new result doesn't have the file")
}

// Read reads on, if need be over another connection.
func (o *object) Read(p []byte) (int, error) {
	for o.failed == nil && len(p) > 0 {
		limit := min(int64(len(p)), o.end-o.at)
		if limit == 0 {
			if o.sum != nil && string(o.sum.Sum(nil)) != string(o.want) {
				return 0, ErrChecksum
			}
			return 0, io.EOF
		}
		if o.skip > 0 {
			limit = min(limit, o.skip)
		}
		o.stall.Reset(o.StallTimeout)
		n, err := o.body.Read(p[:limit])
		o.stall.Stop() // a reader that takes its time is no stalled server
		switch {
		case n > 0 && o.skip > 0:
			o.skip -= int64(n)
		case n > 0:
			o.at += int64(n)
			o.failures, o.renewed = 0, false
			if o.sum != nil {
				o.sum.Write(p[:n])
			}
			return n, nil // an error comes again
		case err == io.EOF && o.end == toEnd && o.skip == 0:
			o.end = o.at
		case err != nil:
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			o.failed = o.connect(fmt.Errorf("read at byte %d: %w", o.at, o.drop(err)))
		}
	}
	return 0, o.failed
}

// Format shows no URI and no credentials.
func (o *object) Format(f fmt.State, _ rune) { io.WriteString(f, o.file.describe()) }

func (o *object) Close() error {
	if o.failed == nil {
		o.drop(nil)
		o.failed = os.ErrClosed
	}
	return nil
}

// drop ends an attempt that failed with err, unless it stalled.
func (o *object) drop(err error) error {
	if context.Cause(o.attempt) == errStalled {
		err = errStalled
	}
	o.cancel(nil)
	o.body.Close()
	return err
}

// connect asks until the server sends bytes. last is why a connection was lost.
func (o *object) connect(last error) error {
	for err := last; ; {
		if err != nil {
			last = err
			if o.failures++; o.failures >= o.MaxAttempts {
				return &retry.MaxAttemptsError{Attempt: o.failures, Err: err}
			}
			// 50 ms doubled up to 20 s, from 1 s if throttled.
			delay, _ := retry.NewStandard().RetryDelay(o.failures, err)
			sleep(o.ctx, delay)
		}
		if o.ctx.Err() != nil {
			return ended(o.ctx, last, nil)
		}
		if err = o.request(); err == nil {
			return nil
		}
		err = o.drop(err)
		if o.ctx.Err() != nil {
			return ended(o.ctx, err, last)
		}
		// Of an old URL S3 says 403, or ExpiredToken for what signed it.
		signed, expired := o.uri.isKey(), credentialsExpired(err)
		switch {
		case !o.renewed && signed && expired && o.refresh(o.ctx, o.creds):
		case !o.renewed && !signed && (expired || httpStatus(err) == http.StatusForbidden):
			if failed := o.locate(true); failed != nil {
				return after(failed, err)
			}
		case passing(err):
			continue
		default:
			return err
		}
		o.renewed, err = true, nil
	}
}

// request makes one attempt to have the body bring what comes at o.at.
func (o *object) request() error {
	ctx, cancel := context.WithCancelCause(o.ctx)
	o.attempt, o.cancel, o.body = ctx, cancel, http.NoBody
	o.stall = time.AfterFunc(o.StallTimeout, func() { cancel(errStalled) })
	defer o.stall.Stop()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "", nil) // its URL comes last
	// "identity" brings the bytes that length and checksum count.
	req.Header = http.Header{"User-Agent": {o.userAgent}, "Accept-Encoding": {"identity"}}
	if o.at > 0 || !o.whole {
		span := fmt.Sprintf("bytes=%d-", o.at)
		if o.end < toEnd {
			span += fmt.Sprint(o.end - 1)
		}
		req.Header.Set("Range", span)
	}
	if o.etag != "" {
		req.Header.Set("If-Match", o.etag)
	}
	var err error
	if place, ok := strings.CutPrefix(string(o.uri), "s3://"); ok {
		err = o.sign(req, place)
	} else {
		req.URL, err = presignedURL(o.uri)
	}
	if err != nil {
		return err
	}
	req.Host = req.URL.Host
	sent := time.Now()
	resp, err := roundTrip(o.DownloadTransport, req)
	if o.Logger != nil {
		attrs := []any{"job", o.file.Job.String(), "file", o.file.describe(), "offset", o.at, "duration", time.Since(sent)}
		if resp != nil {
			attrs = append(attrs, "status", resp.StatusCode)
		}
		o.Logger.DebugContext(ctx, "download attempt", attrs...)
	}
	if err != nil {
		return responseError(nil, sendError(err, o.creds))
	}
	o.body = resp.Body
	return o.accept(resp)
}

// accept checks that a response brings what was asked for.
func (o *object) accept(resp *http.Response) error {
	offset, total, changed := int64(0), resp.ContentLength, false
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusPartialContent:
		contentRange, ok := resp.Header.Get("Content-Range"), false
		if offset, total, ok = parseContentRange(contentRange); !ok || offset > o.at {
			return responseError(resp, fmt.Errorf("the Content-Range %s is not what was asked for", quote(contentRange)))
		}
	case http.StatusPreconditionFailed:
		changed = true
	case http.StatusRequestedRangeNotSatisfiable: // as every range of an empty object
		changed, total = o.at > 0, 0
	default:
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
		code, message := element(body, "Code"), element(body, "Message")
		if code == "" {
			code, message = unknownError, snippet(body, o.creds)
		}
		e := responseError(resp, &smithy.GenericAPIError{Code: redact(code, o.creds), Message: redact(message, o.creds)})
		e.RequestID = cmp.Or(e.RequestID, resp.Header.Get("X-Amz-Request-Id"))
		return e
	}
	etag := resp.Header.Get("Etag")
	if changed || o.etag != "" && etag != "" && etag != o.etag || o.total >= 0 && total >= 0 && total != o.total {
		return responseError(resp, ErrFileChanged)
	}
	o.etag = cmp.Or(o.etag, etag)
	if o.total < 0 && total >= 0 {
		o.total, o.end = total, min(o.end, total)
	}
	if o.at == 0 && o.whole && o.sum == nil {
		o.sum, o.want = checksum(resp.Header)
	}
	o.skip = o.at - offset
	return nil
}

// presignedURL reads a URI that is to be fetched as it is.
func presignedURL(uri S3URI) (*url.URL, error) {
	u, err := url.Parse(string(uri))
	problem := "is not https: whoever listens would read the file"
	switch {
	case err != nil || u.Host == "":
		problem = "is neither s3://bucket/key nor a URL"
	case u.User != nil:
		problem = "has user info"
	case u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()):
		u.Fragment, u.RawFragment = "", ""
		return u, nil
	}
	return nil, fmt.Errorf("the URI %s %s", uri, problem)
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// sign makes req a signed GET of bucket/key in S3.
func (o *object) sign(req *http.Request, place string) (err error) {
	bucket, key, _ := strings.Cut(place, "/")
	if bucket == "" || key == "" {
		return fmt.Errorf("the URI %s is not s3://bucket/key", o.uri)
	}
	region := o.endpoint.region
	if d := o.file.Destination; d != nil {
		region = cmp.Or(d.BucketRegion, region)
	}
	s3, path := o.s3, "/"+place
	if s3 == nil {
		host := "s3"
		if o.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled || o.Region != o.endpoint.region {
			host += "-fips"
		}
		if o.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled {
			host += ".dualstack"
		}
		host += "." + region + "." + partitionOf(region).dnsSuffix
		// Virtual-host style, but no wildcard certificate covers a name with dots.
		if len(bucket) >= 3 && smithyhttp.ValidHostLabel(bucket) && bucket == strings.ToLower(strings.Trim(bucket, "-")) {
			host, path = bucket+"."+host, "/"+key
		}
		s3 = &endpoint{scheme: "https", host: host}
	}
	req.URL = &url.URL{Scheme: s3.scheme, Host: s3.host, Path: s3.path + path, RawPath: s3.rawPath + httpbinding.EscapePath(path, false)}
	if o.creds, err = o.credentials(o.attempt); err != nil {
		return err
	}
	req.Header.Set("X-Amz-Content-Sha256", emptyPayloadHash)
	if o.at == 0 && o.whole {
		req.Header.Set("X-Amz-Checksum-Mode", "ENABLED")
	}
	now := time.Now()
	if !o.DisableClockSkewCorrection {
		now = now.Add(time.Duration(o.client.skew.Load()))
	}
	return o.signer.SignHTTP(o.attempt, o.creds, req, emptyPayloadHash, "s3", region, now, leavePath) // S3 signs the path as it is sent
}

// element returns the text of the first XML element of this name.
func element(body []byte, name string) string {
	_, rest, _ := strings.Cut(string(body), "<"+name+">")
	text, _, whole := strings.Cut(rest, "</"+name+">")
	if !whole {
		return ""
	}
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&amp;", "&").Replace(text)
}

// parseContentRange reads "bytes first-last/total", of which total may be "*".
func parseContentRange(text string) (first, total int64, ok bool) {
	var last int64
	text, unknown := strings.CutSuffix(text, "/*")
	n, _ := fmt.Sscanf(text, "bytes %d-%d/%d", &first, &last, &total)
	if unknown {
		return first, -1, n == 2 && first >= 0
	}
	return first, total, n == 3 && first >= 0 && total > first
}

// crc64NVME is of S3's own choice of checksum.
var crc64NVME = crc64.MakeTable(0x9a6c9329ac4bc9b5)

// checksum returns one that S3 gives of a whole object, and what it should come
// to. One of its parts is COMPOSITE, or ends in "-N".
func checksum(header http.Header) (hash.Hash, []byte) {
	whole := header.Get("X-Amz-Checksum-Type") != "COMPOSITE"
	for name, sum := range map[string]hash.Hash{
		"Crc64nvme": crc64.New(crc64NVME),
		"Crc32c":    crc32.New(crc32.MakeTable(crc32.Castagnoli)),
		"Crc32":     crc32.NewIEEE(),
		"Sha256":    sha256.New(),
		"Sha1":      sha1.New(),
	} {
		want, err := base64.StdEncoding.DecodeString(header.Get("X-Amz-Checksum-" + name))
		if whole && err == nil && len(want) == sum.Size() {
			return sum, want
		}
	}
	return nil, nil
}
