package snapshotjob

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
)

// operation is what sending must know of an operation of the API.
type operation struct {
	name       string
	method     string
	exceptions string                      // that the operation's model lists
	final      func(error) bool            // not to be tried again, though the retryer would; nil: none
	mark       func(smithy.APIError) error // adds what the message tells; nil: nothing
}

// call is one call of an operation: built once, sent as often as needed.
type call struct {
	op            *operation
	job           Job
	path, rawPath string // below the endpoint's own; rawPath is path escaped
	body          []byte // nil: none
	faults        faultList
	decode        func(resp *http.Response, body []byte) error // of a 2xx response

	// What sending it has shown.
	firstSent  time.Time
	unanswered bool // an attempt may have done its work although it failed
}

const (
	maxBody      = 16 << 20 // of a 2xx response; the largest real answer has 14 KB
	maxErrorBody = 64 << 10 // what is read of any other
)

// perform makes a call. output makes what it returns of a 2xx response.
func perform[Body, Output any](ctx context.Context, c *Client, call *call, optFns []func(*Options), output func(Job, *Body, *http.Response) *Output) (out *Output, err error) {
	call.decode = func(resp *http.Response, body []byte) error {
		b, err := decodeJSON[Body](body)
		if err == nil {
			out = output(call.job, b, resp)
		}
		return err
	}
	err = c.invoke(ctx, call, optFns)
	return out, err
}

// invoke sends the call until it is answered, refused or ended by ctx.
func (c *Client) invoke(ctx context.Context, call *call, optFns []func(*Options)) error {
	s := c.with(optFns)
	faults := call.faults
	faults.needContext(ctx)
	if faults = append(faults, s.faults...); len(faults) > 0 {
		return &smithy.OperationError{ServiceID: serviceID, OperationName: call.op.name, Err: &InvalidInputError{faults}}
	}
	if err := c.send(ctx, s, call); err != nil {
		return call.failed(err)
	}
	return nil
}

// failed says of which operation and job err is.
func (c *call) failed(err error) error {
	return &smithy.OperationError{ServiceID: serviceID, OperationName: c.op.name, Err: fmt.Errorf("%s: %w", c.job, err)}
}

// send is the retry loop; the decisions are the retryer's.
func (c *Client) send(ctx context.Context, s *settings, call *call) error {
	a := attempt{settings: s, call: call, invocationID: newUUID(), payloadHash: emptyPayloadHash, max: s.retryer.MaxAttempts()}
	if call.body != nil {
		a.payloadHash = fmt.Sprintf("%x", sha256.Sum256(call.body))
	}
	if !s.DisableClockSkewCorrection {
		a.skew = time.Duration(c.skew.Load())
	}
	noToken := func(error) error { return nil }
	releaseRetry := noToken
	refreshed := false
	var last error
	for n := 1; ; n++ {
		if ctx.Err() != nil {
			return ended(ctx, last, nil)
		}
		if s.Limiter != nil {
			if err := s.Limiter.Wait(ctx); err != nil {
				return limited(ctx, err, last)
			}
		}
		releaseAttempt, err := s.retryer.GetAttemptToken(tokenContext(ctx, n))
		if err != nil {
			if ctx.Err() != nil {
				return ended(ctx, err, last)
			}
			return after(fmt.Errorf("failed to get retry Send token, %w", err), last)
		}
		a.number = n
		result := a.send(ctx)
		err = result.err
		if err != nil && ctx.Err() != nil {
			err = ended(ctx, err, last)
		}
		releaseRetry(err)
		releaseAttempt(err)
		signedWith := a.skew
		if result.hasSkew {
			a.skew = result.skew
			c.skew.Store(int64(result.skew))
		}
		if err == nil {
			return nil
		}
		call.unanswered = call.unanswered || result.unanswered()
		if ctx.Err() != nil {
			return err
		}
		if result.hasSkew && isClockSkew(err, result.skew-signedWith) {
			err = &decidedError{fmt.Errorf("probable clock skew of %v: %w", result.skew.Round(time.Second), err), true}
		}
		last = err

		if !refreshed && credentialsExpired(err) && (a.max == 0 || n < a.max) && s.refresh(ctx, result.creds) {
			refreshed, releaseRetry = true, noToken
			a.log(ctx, "retry", "decision", "again with fresh credentials")
			continue
		}
		verdict := err
		if result.answered {
			verdict = unmisread(err)
		}
		if !s.retryer.IsErrorRetryable(verdict) || call.op.final != nil && call.op.final(err) {
			a.log(ctx, "retry", "decision", "no: the error is final")
			return err
		}
		if a.max > 0 && n >= a.max {
			a.log(ctx, "retry", "decision", "no: that was the last attempt")
			return &retry.MaxAttemptsError{Attempt: n, Err: err}
		}
		if releaseRetry, err = s.retryer.GetRetryToken(ctx, verdict); err != nil {
			if ctx.Err() != nil {
				return ended(ctx, err, last)
			}
			a.log(ctx, "retry", "decision", "no: the retry quota is used up")
			return fmt.Errorf("%w, not tried again: %w", last, err)
		}
		delay, err := s.retryer.RetryDelay(n, verdict)
		if err != nil {
			return after(err, last)
		}
		delay = atLeastAsked(delay, result.header)
		a.log(ctx, "retry", "decision", "yes", "delay", delay)
		if !sleep(ctx, delay) {
			return ended(ctx, last, nil)
		}
	}
}

const emptyPayloadHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // SHA-256

// attempt is one signed try, and what is the same for all tries of a call.
type attempt struct {
	*settings
	call         *call
	invocationID string
	payloadHash  string
	number, max  int
	skew         time.Duration // added to the clock to sign
}

// attemptResult is what the loop learns from an attempt.
type attemptResult struct {
	err      error
	creds    aws.Credentials
	sent     bool // to the transport
	answered bool // err came in a response
	header   http.Header
	skew     time.Duration // observed
	hasSkew  bool
}

// unanswered reports whether a failed attempt may have done its work: it was
// sent, and the answer is missing, unreadable or 5xx.
func (r *attemptResult) unanswered() bool {
	if !r.answered {
		return r.sent && !neverConnected(r.err)
	}
	status := httpStatus(r.err)
	return status < 300 || status >= 500
}

func (a *attempt) send(ctx context.Context) (r attemptResult) {
	if r.creds, r.err = a.credentials(ctx); r.err != nil {
		return r
	}
	req := a.request(ctx)
	escaping := escapePath
	if req.URL.RawPath == "" {
		escaping = leavePath
	}
	if err := a.signer.SignHTTP(ctx, r.creds, req, a.payloadHash, "quicksight", a.endpoint.region, time.Now().Add(a.skew), escaping); err != nil {
		r.err = fmt.Errorf("sign the request: %w", err)
		return r
	}
	if a.AttemptTimeout > 0 {
		limited, cancel := context.WithTimeout(ctx, a.AttemptTimeout)
		defer cancel()
		req = req.WithContext(limited)
		defer func() {
			var answer smithy.APIError
			if r.err != nil && limited.Err() != nil && ctx.Err() == nil && !errors.As(r.err, &answer) {
				r.err = &attemptTimeoutError{fmt.Errorf("no whole answer within AttemptTimeout, %v: %w", a.AttemptTimeout, r.err)}
			}
		}()
	}
	sent := time.Now()
	if a.call.firstSent.IsZero() {
		a.call.firstSent = sent
	}
	resp, err := roundTrip(a.Transport, req)
	received := time.Now()
	if a.Logger != nil {
		defer func() {
			attrs := []any{"duration", received.Sub(sent), "skew", a.skew}
			if resp != nil {
				attrs = append(attrs, "status", resp.StatusCode, "requestID", headerRequestID(resp.Header))
			}
			if r.err != nil {
				attrs = append(attrs, "error", r.err.Error())
			}
			a.log(ctx, "attempt", attrs...)
		}()
	}
	r.sent = true
	if err != nil {
		r.err = responseError(nil, sendError(err, r.creds))
		return r
	}
	r.header, r.answered = resp.Header, true
	if !a.DisableClockSkewCorrection {
		r.skew, r.hasSkew = observeSkew(resp.Header, sent, received)
	}
	r.err = a.read(resp, r.creds)
	return r
}

// roundTrip makes up for what a transport leaves undone.
func roundTrip(transport http.RoundTripper, req *http.Request) (*http.Response, error) {
	resp, err := transport.RoundTrip(req)
	switch {
	case resp == nil && err == nil:
		err = errors.New("the transport returned neither a response nor an error")
	case resp != nil && resp.Body == nil:
		resp.Body = http.NoBody
	case resp != nil && err != nil:
		resp.Body.Close()
	}
	return resp, err
}

func (s *settings) credentials(ctx context.Context) (aws.Credentials, error) {
	creds, err := s.Credentials.Retrieve(ctx)
	if err == nil && !creds.HasKeys() {
		err = errors.New("the provider returned none, without an error")
	}
	if err != nil {
		return creds, fmt.Errorf("get identity: get credentials: %w", err)
	}
	return creds, nil
}

// refresh drops expired credentials, unless another call has done so. It reports
// false if the provider can't get others.
func (s *settings) refresh(ctx context.Context, expired aws.Credentials) bool {
	cache, ok := s.Credentials.(interface{ Invalidate() })
	if !ok {
		return false
	}
	if now, err := s.Credentials.Retrieve(ctx); err == nil && now.AccessKeyID == expired.AccessKeyID && now.SessionToken == expired.SessionToken {
		cache.Invalidate()
	}
	return true
}

// request builds the request of one attempt.
func (a *attempt) request(ctx context.Context) *http.Request {
	header := make(http.Header, 8)
	req := (&http.Request{Method: a.call.op.method, Host: a.endpoint.host, Header: header, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	req.URL = &url.URL{Scheme: a.endpoint.scheme, Host: a.endpoint.host, Path: a.endpoint.path + a.call.path}
	if raw := a.endpoint.rawPath + a.call.rawPath; !isPlain(raw) {
		req.URL.RawPath = raw
	}
	info := strconv.AppendInt(append(make([]byte, 0, 64), "attempt="...), int64(a.number), 10)
	if a.max > 0 {
		info = strconv.AppendInt(append(info, "; max="...), int64(a.max), 10)
	}
	if deadline, ok := ctx.Deadline(); ok && a.skew > 0 {
		// As the official client does, only with a skew that it knows.
		info = deadline.Add(a.skew).UTC().AppendFormat(append(info, "; ttl="...), "20060102T150405Z")
	}
	values := []string{a.userAgent, a.invocationID, string(info)}
	header["User-Agent"] = values[0:1:1]
	header["Amz-Sdk-Invocation-Id"] = values[1:2:2]
	header["Amz-Sdk-Request"] = values[2:3:3]
	if id := traceID(); id != "" {
		header["X-Amzn-Trace-Id"] = []string{id}
	}
	if body := a.call.body; body != nil {
		header["Content-Type"] = []string{"application/json"}
		req.ContentLength = int64(len(body))
		req.Body = io.NopCloser(bytes.NewReader(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	return req
}

// The signature's path is the request's, escaped once more: much work that
// changes nothing in a path of unreserved characters, which nearly all are.
func escapePath(*v4.SignerOptions)  {}
func leavePath(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }

func isPlain(path string) bool {
	for i := range len(path) {
		if path[i] != '/' && !unreserved(path[i]) {
			return false
		}
	}
	return true
}

// newUUID returns a random UUID, of version 4.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	x := hex.AppendEncode(make([]byte, 0, 32), b[:])
	return string(x[:8]) + "-" + string(x[8:12]) + "-" + string(x[12:16]) + "-" + string(x[16:20]) + "-" + string(x[20:])
}

// traceID is the header by which Lambda detects functions that call each other
// in a circle.
func traceID() string {
	if _, ok := os.LookupEnv("AWS_LAMBDA_FUNCTION_NAME"); !ok {
		return ""
	}
	return builtHeader(&awsmiddleware.RecursionDetection{}, "X-Amzn-Trace-Id")
}

// read reads the response's body, within bounds, and closes it.
func (a *attempt) read(resp *http.Response, creds aws.Credentials) error {
	defer resp.Body.Close()
	buf := bodies.Get().(*bodyBuffer)
	defer func() {
		if buf.Cap() <= maxPooledBody+2*bytes.MinRead {
			buf.Reset()
			buf.limited.R = nil
			bodies.Put(buf)
		}
	}()
	ok := resp.StatusCode >= 200 && resp.StatusCode <= 299
	limit := maxErrorBody
	if ok {
		limit = maxBody
	}
	if n := resp.ContentLength; n > 0 {
		buf.Grow(int(min(n, maxPooledBody)) + bytes.MinRead)
	}
	buf.limited = io.LimitedReader{R: resp.Body, N: int64(limit) + 1}
	_, readErr := buf.ReadFrom(&buf.limited)
	body := buf.Bytes()
	if !ok {
		exception := decodeAPIError(a.call.op, resp.Header, body[:min(len(body), limit)], creds)
		if a.call.op.mark != nil {
			return responseError(resp, a.call.op.mark(exception))
		}
		return responseError(resp, exception)
	}
	var err error
	var wrong *typeError
	switch {
	case len(body) > limit:
		err = fmt.Errorf("the response body is longer than %d bytes", limit)
	case readErr != nil && len(bytes.TrimSpace(body)) == 0: // an empty body is an answer only if it ended as it should
	default:
		// A value that arrived whole is an answer, also a wrong one, however the
		// connection ended.
		if err = a.call.decode(resp, body); err == nil {
			return nil
		}
		if errors.As(err, &wrong) {
			readErr = nil
		} else if readErr == nil && errors.Is(err, io.ErrUnexpectedEOF) {
			readErr = err
		}
	}
	shown := snippet(body, creds)
	if readErr != nil {
		err = cutOff(len(body), readErr, a.call.op.method == http.MethodGet, creds)
	} else {
		err = undecodable(err, resp.Header.Get("Content-Type"), shown)
	}
	return responseError(resp, &smithy.DeserializationError{Err: err, Snapshot: []byte(shown)})
}

const maxPooledBody = 2 << 20 // what has grown larger is not kept

var bodies = sync.Pool{New: func() any { return new(bodyBuffer) }}

type bodyBuffer struct {
	bytes.Buffer
	limited io.LimitedReader // what it is read from
}

// log writes a debug record about an attempt.
func (a *attempt) log(ctx context.Context, message string, attrs ...any) {
	if a.Logger != nil {
		a.Logger.DebugContext(ctx, message, append([]any{"operation", a.call.op.name, "job", a.call.job, "attempt", a.number}, attrs...)...)
	}
}
