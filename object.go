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
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/encoding/httpbinding"
)

// ErrFileChanged is matched by the error of a file that was replaced while it
// was read.
var ErrFileChanged = errors.New("the file changed while it was read: read it again from its beginning")

// ErrChecksum is matched by the error of a file whose bytes don't agree with the
// checksum that S3 gave.
var ErrChecksum = errors.New("the file's bytes don't agree with its checksum")

var errClosed = errors.New("read of a closed file")

var errNotInResult = errors.New("ask for a fresh URL: the new result doesn't have the file")

// object reads a file, or a part of it, across broken connections and expired
// URLs. It is an io.ReadCloser.
type object struct {
	*download
	ctx     context.Context
	file    ResultFile
	uri     S3URI
	result  int    // of download.results, which the uri is from
	region  string // of the bucket
	at, end int64  // what is still to read; end is -1 for the rest
	total   int64  // the whole object's size; -1: unknown
	etag    string // of the object that was begun

	failed   error // what every further Read returns
	body     io.ReadCloser
	attempt  context.Context
	cancel   context.CancelCauseFunc // of the attempt
	stall    *time.Timer             // cancels an attempt that brings nothing
	failures int                     // attempts since the last progress
	renewed  bool                    // the URL, since the last progress
	sum      hash.Hash               // nil: S3 gave no checksum, or not of all that is read
	want     []byte
}

// open asks for the file from start to end; an end of -1 means the rest. With
// an etag, it must still be that object.
func (d *download) open(ctx context.Context, file ResultFile, start, end int64, etag string) (*object, error) {
	if err := file.URI.refuseRedacted(); err != nil {
		return nil, err
	}
	o := &object{download: d, ctx: ctx, file: file, at: start, end: end, total: -1, etag: etag}
	if o.uri, o.result = d.newest(file); o.uri == "" {
		return nil, errNotInResult
	}
	o.region = d.endpoint.region
	if file.Destination != nil && file.Destination.BucketRegion != "" {
		o.region = file.Destination.BucketRegion
	}
	return o, o.connect(nil)
}

// Read reads on, if need be over another connection.
func (o *object) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if o.failed != nil {
			return 0, o.failed
		}
		left := int64(len(p))
		if end := o.last(); end >= 0 {
			if left = min(left, end-o.at); left == 0 {
				return 0, o.verify()
			}
		}
		o.stall.Reset(o.options.StallTimeout)
		n, err := o.body.Read(p[:left])
		o.stall.Stop() // a reader that takes its time is no stalled server
		if n > 0 {
			o.at += int64(n)
			o.failures, o.renewed = 0, false
			if o.sum != nil {
				o.sum.Write(p[:n])
			}
			return n, nil // an error comes again with the next Read
		}
		if err == io.EOF {
			if o.last() < 0 {
				return 0, o.verify()
			}
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			o.failed = o.connect(fmt.Errorf("read at byte %d: %w", o.at, o.why(err)))
		}
	}
}

// Format prints the file's name alone, since fmt would show a URI that is a
// field of a field.
func (o *object) Format(f fmt.State, _ rune) { io.WriteString(f, o.file.describe()) }

// Close ends the reading, wherever it is.
func (o *object) Close() error {
	o.drop()
	o.failed = cmp.Or(o.failed, errClosed)
	return nil
}

// last is where reading ends: -1 if that is not known.
func (o *object) last() int64 {
	if o.end >= 0 && (o.total < 0 || o.end < o.total) {
		return o.end
	}
	return o.total
}

func (o *object) verify() error {
	if o.sum != nil && string(o.sum.Sum(nil)) != string(o.want) {
		return ErrChecksum
	}
	return io.EOF
}

func (o *object) drop() {
	if o.body != nil {
		o.body.Close()
		o.body = nil
	}
	if o.cancel != nil {
		o.stall.Stop()
		o.cancel(nil)
		o.cancel = nil
	}
}

var errStalled = errors.New("the server sent nothing for too long")

// why tells a stalled attempt, which was cancelled, from one that failed with err.
func (o *object) why(err error) error {
	if context.Cause(o.attempt) == errStalled {
		return errStalled
	}
	return err
}

// connect asks for the bytes from o.at on until the server sends some, trying
// again what may pass. before is why an earlier connection was lost.
func (o *object) connect(before error) error {
	err := before
	for {
		if err != nil {
			o.failures++
			if o.failures >= o.options.MaxAttempts {
				return &retry.MaxAttemptsError{Attempt: o.failures, Err: err}
			}
			delay, _ := o.backoff.RetryDelay(o.failures, err)
			if !sleep(o.ctx, delay) {
				return ended(o.ctx, err, nil)
			}
		}
		o.drop()
		if o.ctx.Err() != nil {
			return ended(o.ctx, err, before)
		}
		if err = o.request(); err == nil {
			o.stall.Stop() // until the first Read
			return nil
		}
		o.drop()
		if o.ctx.Err() != nil {
			return ended(o.ctx, err, before)
		}
		if o.expired(err) && !o.renewed {
			if renewErr := o.renew(o.ctx, o.result); renewErr != nil {
				return fmt.Errorf("%w, after: %w", renewErr, err)
			}
			if o.uri, o.result = o.newest(o.file); o.uri == "" {
				return fmt.Errorf("%w, after: %w", errNotInResult, err)
			}
			o.renewed, err = true, nil
			continue
		}
		if o.invalidated(err) {
			err = nil
			continue
		}
		if !passing(err) {
			return err
		}
	}
}

// expired reports whether a presigned URL may have been refused for its age. S3
// says AccessDenied, or ExpiredToken for the credentials that signed it.
func (o *object) expired(err error) bool {
	var resp interface{ HTTPStatusCode() int }
	return !strings.HasPrefix(string(o.uri), "s3://") && errors.As(err, &resp) &&
		(resp.HTTPStatusCode() == http.StatusForbidden || errorCode(err) == "ExpiredToken")
}

// invalidated drops expired credentials, once between any two bytes, if the
// provider can get others.
func (o *object) invalidated(err error) bool {
	cache, ok := o.Credentials.(interface{ Invalidate() })
	if !ok || o.renewed || !credentialsExpired(err) {
		return false
	}
	cache.Invalidate()
	o.renewed = true
	return true
}

// request makes one attempt. Without an error, o.body brings the bytes from
// o.at on.
func (o *object) request() error {
	ctx, cancel := context.WithCancelCause(o.ctx)
	o.attempt, o.cancel = ctx, cancel
	o.stall = time.AfterFunc(o.options.StallTimeout, func() { cancel(errStalled) })
	req, creds, err := o.build(ctx)
	if err != nil {
		return err
	}
	sent := time.Now()
	resp, err := roundTrip(o.DownloadTransport, req)
	if o.debugs(ctx) {
		attrs := []slog.Attr{slog.String("job", o.job.String()), slog.String("file", o.file.describe()), slog.Int64("offset", o.at), slog.Duration("duration", time.Since(sent))}
		if resp != nil {
			attrs = append(attrs, slog.Int("status", resp.StatusCode))
		}
		o.Logger.LogAttrs(ctx, slog.LevelDebug, "download attempt", attrs...)
	}
	if err != nil {
		return responseError(nil, sendError(o.why(err)))
	}
	o.body = resp.Body
	return o.accept(resp, creds)
}

// accept checks that a response brings what was asked for.
func (o *object) accept(resp *http.Response, creds aws.Credentials) error {
	etag := resp.Header.Get("Etag")
	offset, total := int64(0), resp.ContentLength
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusPartialContent:
		var ok bool
		if offset, total, ok = parseContentRange(resp.Header.Get("Content-Range")); !ok || offset > o.at {
			return responseError(resp, fmt.Errorf("the answer's Content-Range %s is not what was asked for", quote(resp.Header.Get("Content-Range"))))
		}
	case http.StatusPreconditionFailed:
		return responseError(resp, ErrFileChanged)
	case http.StatusRequestedRangeNotSatisfiable:
		if o.at == 0 {
			// An empty object has no first byte to begin a range with.
			o.end, o.total = -1, 0
			return nil
		}
		return responseError(resp, ErrFileChanged)
	default:
		return o.refused(resp, creds)
	}
	if o.etag != "" && etag != "" && etag != o.etag || o.total >= 0 && total >= 0 && total != o.total {
		return responseError(resp, ErrFileChanged)
	}
	if o.etag == "" {
		o.etag = etag
	}
	if o.total < 0 {
		o.total = total
	}
	if o.at == 0 && offset == 0 && o.end < 0 && o.sum == nil {
		o.sum, o.want = checksum(resp.Header)
	}
	if skip := o.at - offset; skip > 0 {
		// The server doesn't know ranges.
		if _, err := io.CopyN(io.Discard, alive{o}, skip); err != nil {
			return responseError(resp, cutOff(int(skip), o.why(err), true))
		}
	}
	return nil
}

// alive reads an answer's body as long as the server does not stall.
type alive struct{ *object }

func (a alive) Read(p []byte) (int, error) {
	a.stall.Reset(a.options.StallTimeout)
	return a.body.Read(p)
}

// refused turns S3's XML into an error.
func (o *object) refused(resp *http.Response, creds aws.Credentials) error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	code, message := element(body, "Code"), element(body, "Message")
	if code == "" {
		code, message = unknownError, snippet(body, creds)
	}
	e := responseError(resp, &smithy.GenericAPIError{Code: redact(oneLine(code), creds), Message: redact(oneLine(message), creds)})
	e.RequestID = cmp.Or(e.RequestID, resp.Header.Get("X-Amz-Request-Id"))
	return e
}

// build makes the request of one attempt, and returns the credentials that sign
// it, if any.
func (o *object) build(ctx context.Context) (*http.Request, aws.Credentials, error) {
	header := http.Header{
		"User-Agent":      {o.userAgent},
		"Accept-Encoding": {"identity"}, // the object's own bytes, as its length and checksum count them
	}
	if o.at > 0 || o.end >= 0 {
		to := ""
		if end := o.last(); end >= 0 {
			to = strconv.FormatInt(end-1, 10)
		}
		header.Set("Range", fmt.Sprintf("bytes=%d-%s", o.at, to))
	}
	if o.etag != "" {
		header.Set("If-Match", o.etag)
	}
	req := (&http.Request{Method: http.MethodGet, Header: header, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	var err error
	if rest, ok := strings.CutPrefix(string(o.uri), "s3://"); ok {
		bucket, key, _ := strings.Cut(rest, "/")
		if bucket == "" || key == "" {
			return nil, aws.Credentials{}, fmt.Errorf("the URI %s is not s3://bucket/key", o.uri)
		}
		creds, err := o.sign(ctx, req, bucket, key)
		return req, creds, err
	}
	if req.URL, err = presignedURL(o.uri); err != nil {
		return nil, aws.Credentials{}, err
	}
	req.Host = req.URL.Host
	return req, aws.Credentials{}, nil
}

// presignedURL reads a URI that is to be fetched as it is.
func presignedURL(uri S3URI) (*url.URL, error) {
	u, err := url.Parse(string(uri))
	switch {
	case err != nil || u.Host == "":
		return nil, fmt.Errorf("the URI %s is neither s3://bucket/key nor a URL", uri)
	case u.User != nil:
		return nil, fmt.Errorf("the URI %s has user info", uri)
	case u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()):
		u.Fragment, u.RawFragment = "", ""
		return u, nil
	}
	return nil, fmt.Errorf("the URI %s is not https: whoever listens would read the file", uri)
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// sign makes req a signed GET of an object in S3: virtual-host style where the
// bucket's name can stand in a host name that S3's certificate covers.
func (o *object) sign(ctx context.Context, req *http.Request, bucket, key string) (aws.Credentials, error) {
	path := "/" + bucket + "/" + key
	s3 := endpoint{scheme: "https", host: "s3"}
	if o.s3 != nil {
		s3 = *o.s3
	} else {
		if o.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled || realRegion(o.Region) != o.Region {
			s3.host += "-fips"
		}
		if o.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled {
			s3.host += ".dualstack"
		}
		s3.host += "." + o.region + "." + partitionOf(o.region).dnsSuffix
		if isHostLabel(bucket) {
			s3.host, path = bucket+"."+s3.host, "/"+key
		}
	}
	req.URL = &url.URL{Scheme: s3.scheme, Host: s3.host, Path: s3.path + path, RawPath: s3.rawPath + httpbinding.EscapePath(path, false)}
	req.Host = s3.host
	creds, err := o.credentials(ctx)
	if err != nil {
		return creds, err
	}
	req.Header.Set("X-Amz-Content-Sha256", emptyPayloadHash)
	if o.at == 0 && o.end < 0 {
		req.Header.Set("X-Amz-Checksum-Mode", "ENABLED")
	}
	now := time.Now()
	if !o.DisableClockSkewCorrection {
		now = now.Add(time.Duration(o.client.skew.Load()))
	}
	return creds, o.signer.SignHTTP(ctx, creds, req, emptyPayloadHash, "s3", o.region, now, func(so *v4.SignerOptions) {
		so.DisableURIPathEscaping = true // S3 signs the path as it is sent
	})
}

// isHostLabel reports whether a bucket's name is one label of a host name. No
// wildcard certificate covers a name with dots.
func isHostLabel(bucket string) bool {
	return len(bucket) >= 3 && len(bucket) <= 63 && bucket[0] != '-' && bucket[len(bucket)-1] != '-' &&
		strings.Trim(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
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
	text, bytes := strings.CutPrefix(text, "bytes ")
	span, size, _ := strings.Cut(text, "/")
	from, _, dash := strings.Cut(span, "-")
	first, err := strconv.ParseInt(from, 10, 64)
	if !bytes || !dash || err != nil {
		return 0, 0, false
	}
	if size == "*" {
		return first, -1, true
	}
	total, err = strconv.ParseInt(size, 10, 64)
	return first, total, err == nil && total > first
}

// crc64NVME is the polynomial of S3's own choice of checksum.
var crc64NVME = crc64.MakeTable(0x9a6c9329ac4bc9b5)

// checksum returns the first checksum that a response gives of a whole object,
// and what it should come to. One of an object's parts ends in "-N".
func checksum(header http.Header) (hash.Hash, []byte) {
	if header.Get("X-Amz-Checksum-Type") == "COMPOSITE" {
		return nil, nil
	}
	for _, c := range []struct {
		name string
		hash hash.Hash
	}{
		{"Crc64nvme", crc64.New(crc64NVME)},
		{"Crc32c", crc32.New(crc32.MakeTable(crc32.Castagnoli))},
		{"Crc32", crc32.NewIEEE()},
		{"Sha256", sha256.New()},
		{"Sha1", sha1.New()},
	} {
		want, err := base64.StdEncoding.DecodeString(header.Get("X-Amz-Checksum-" + c.name))
		if err == nil && len(want) == c.hash.Size() {
			return c.hash, want
		}
	}
	return nil, nil
}
