package snapshotjob

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
)

// ErrFileChanged is matched by the error of a file that was replaced meanwhile.
var ErrFileChanged = errors.New("the file changed while it was read: read it again from its beginning")

var errStalled = &retryDecision{err: errors.New("the server sent nothing for too long"), retryable: true}

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
			return canceledError(o.ctx, nil, nil)
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
			return canceledError(o.ctx, last, nil)
		}
		if err = o.request(); err == nil {
			return nil
		}
		err = o.drop(err)
		if o.ctx.Err() != nil {
			return canceledError(o.ctx, err, last)
		}
		// Of an old URL S3 says 403, or ExpiredToken for what signed it.
		signed, expired := o.uri.isKey(), credentialsExpired(err)
		switch {
		case !o.renewed && signed && expired && o.settings.invalidateCredentials(o.ctx, o.creds):
		case !o.renewed && !signed && (expired || httpStatus(err) == http.StatusForbidden):
			if failed := o.locate(true); failed != nil {
				return withPrevious(failed, err)
			}
		case IsTransient(err):
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
	req.Header = http.Header{"User-Agent": {o.settings.userAgent}, "Accept-Encoding": {"identity"}}
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
	resp, err := roundTrip(o.settings.options.DownloadTransport, req)
	if o.settings.options.Logger != nil {
		attrs := []any{"job", o.file.Job.String(), "file", o.file.describe(), "offset", o.at, "duration", time.Since(sent)}
		if resp != nil {
			attrs = append(attrs, "status", resp.StatusCode)
		}
		o.settings.options.Logger.DebugContext(ctx, "download attempt", attrs...)
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
		code, message := xmlElement(body, "Code"), xmlElement(body, "Message")
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
