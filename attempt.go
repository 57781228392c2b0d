package snapshotjob

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
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
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
)

const (
	maxBody       = 16 << 20 // of a 2xx response; the largest real answer has 14 KB
	maxErrorBody  = 64 << 10 // what is read of any other
	maxPooledBody = 2 << 20  // a buffer that has grown larger is not kept
)

var emptyPayloadHash = fmt.Sprintf("%x", sha256.Sum256(nil))

// attempt is one signed try, and what is the same for all tries of a call.
type attempt struct {
	*settings
	call                      *call
	invocationID, payloadHash string
	number, max               int
	skew                      time.Duration // added to the clock to sign; then what the answer shows
	creds                     aws.Credentials
	header                    http.Header // of the answer, if any
}

func (a *attempt) send(ctx context.Context) (err error) {
	a.header = nil
	if a.creds, err = a.credentials(ctx); err != nil {
		return err
	}
	skew, req := a.skew, a.request(ctx)
	// The signature's path is the request's, escaped once more: work that seldom
	// changes anything.
	escaping := func(*v4.SignerOptions) {}
	if req.URL.RawPath == "" {
		escaping = leavePath
	}
	if err = a.signer.SignHTTP(ctx, a.creds, req, a.payloadHash, "quicksight", a.endpoint.region, time.Now().Add(skew), escaping); err != nil {
		return fmt.Errorf("sign the request: %w", err)
	}
	limited := ctx
	if a.AttemptTimeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, a.AttemptTimeout)
		defer cancel()
		req = req.WithContext(limited)
	}
	sent := time.Now()
	a.call.firstSent = cmp.Or(a.call.firstSent, sent)
	resp, err := roundTrip(a.Transport, req)
	received := time.Now()
	if err != nil {
		err = responseError(nil, sendError(err, a.creds))
	} else {
		a.header = resp.Header
		if now, ok := observeSkew(resp.Header, sent, received); ok && !a.DisableClockSkewCorrection {
			a.skew = now
		}
		err = a.read(resp)
	}
	if err != nil {
		if _, answer := errors.AsType[smithy.APIError](err); !answer && limited.Err() != nil && ctx.Err() == nil {
			err = &textError{fmt.Sprintf("no whole answer within AttemptTimeout, %v: %v", a.AttemptTimeout, err), []error{context.DeadlineExceeded, err}}
		}
		// It may have done its work if the answer is missing, unreadable or 5xx.
		if status := httpStatus(err); status >= 500 || status < 300 && !neverConnected(err) {
			a.call.unanswered = true
		}
	}
	if a.Logger != nil {
		attrs := []any{"duration", received.Sub(sent), "skew", skew}
		if resp != nil {
			attrs = append(attrs, "status", resp.StatusCode, "requestID", headerRequestID(resp.Header))
		}
		if err != nil {
			attrs = append(attrs, "error", err.Error())
		}
		a.log(ctx, "attempt", attrs...)
	}
	return err
}

func leavePath(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }

func (s *settings) credentials(ctx context.Context) (aws.Credentials, error) {
	creds, err := s.Credentials.Retrieve(ctx)
	if err == nil && !creds.HasKeys() {
		err = errors.New("the provider returned none, without an error")
	}
	if err != nil {
		err = fmt.Errorf("get identity: get credentials: %w", err)
	}
	return creds, err
}

// refresh drops expired credentials, unless another call has done so, and
// reports whether there can be others.
func (s *settings) refresh(ctx context.Context, expired aws.Credentials) bool {
	cache, ok := s.Credentials.(interface{ Invalidate() })
	if ok {
		now, err := s.Credentials.Retrieve(ctx)
		if err == nil && now.AccessKeyID == expired.AccessKeyID && now.SessionToken == expired.SessionToken {
			cache.Invalidate()
		}
	}
	return ok
}

func (a *attempt) request(ctx context.Context) *http.Request {
	var body io.Reader
	if a.call.body != nil {
		body = bytes.NewReader(a.call.body)
	}
	req, _ := http.NewRequestWithContext(ctx, a.call.op.method, "", body)
	req.Host = a.endpoint.host
	*req.URL = url.URL{Scheme: a.endpoint.scheme, Host: req.Host, Path: a.endpoint.path + a.call.path}
	if a.endpoint.rawPath != "" || a.call.rawPath != a.call.path {
		req.URL.RawPath = a.endpoint.rawPath + a.call.rawPath
	}
	info := strconv.AppendInt(append(make([]byte, 0, 64), "attempt="...), int64(a.number), 10)
	if a.max > 0 {
		info = strconv.AppendInt(append(info, "; max="...), int64(a.max), 10)
	}
	if deadline, ok := ctx.Deadline(); ok && a.skew > 0 {
		// As the official client does, only with a known skew.
		info = deadline.Add(a.skew).UTC().AppendFormat(info, "; ttl=20060102T150405Z")
	}
	values := []string{a.userAgent, a.invocationID, string(info)}
	req.Header["User-Agent"] = values[0:1:1]
	req.Header["Amz-Sdk-Invocation-Id"] = values[1:2:2]
	req.Header["Amz-Sdk-Request"] = values[2:3:3]
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	// By this, Lambda detects functions that call each other in a circle.
	if _, ok := os.LookupEnv("AWS_LAMBDA_FUNCTION_NAME"); ok {
		if id := builtHeader(&awsmiddleware.RecursionDetection{}, "X-Amzn-Trace-Id"); id != "" {
			req.Header.Set("X-Amzn-Trace-Id", id)
		}
	}
	return req
}

// read reads the response's body, within bounds, and closes it.
func (a *attempt) read(resp *http.Response) (err error) {
	defer resp.Body.Close()
	pooled := bodies.Get().(*bodyBuffer)
	buf, limited := &pooled.buf, &pooled.limited
	defer func() {
		if buf.Cap() <= maxPooledBody {
			buf.Reset()
			limited.R = nil
			bodies.Put(pooled)
		}
	}()
	op, ok, limit := a.call.op, resp.StatusCode/100 == 2, maxErrorBody
	if ok {
		limit = maxBody
	}
	buf.Grow(int(min(max(resp.ContentLength, 0), maxPooledBody)) + bytes.MinRead)
	*limited = io.LimitedReader{R: resp.Body, N: int64(limit) + 1}
	_, cut := buf.ReadFrom(limited)
	body := buf.Bytes()
	if !ok {
		exception := decodeAPIError(op, resp.Header, body[:min(len(body), limit)], a.creds)
		if op == &describeResult {
			return responseError(resp, markNotFinished(exception))
		}
		return responseError(resp, exception)
	}
	if len(body) > limit {
		err = fmt.Errorf("the response body is longer than %d bytes", limit)
	} else if cut == nil || len(bytes.TrimSpace(body)) > 0 {
		// A whole value is an answer, right or wrong, however the connection ended;
		// nothing is one only if it ended well.
		if err = decodeJSON(body, a.call.into); err == nil {
			a.call.requestID, a.call.status = headerRequestID(resp.Header), resp.StatusCode
			return nil
		}
		if _, wrong := errors.AsType[*typeError](err); wrong {
			cut = nil
		} else if cut == nil && errors.Is(err, io.ErrUnexpectedEOF) {
			cut = err
		}
	}
	shown, text := snippet(body, a.creds), "failed to decode response body, "
	if cut != nil {
		text += fmt.Sprintf("cut off after %d bytes: %s", len(body), redact(cut.Error(), a.creds))
		err = &decidedError{&textError{text, []error{cut, io.ErrUnexpectedEOF}}, op.method == http.MethodGet}
	} else {
		text += fmt.Sprintf("%s, Content-Type %s, body %q", redact(err.Error(), a.creds), quote(resp.Header.Get("Content-Type")), shown)
		err = &textError{text, []error{err}}
	}
	return responseError(resp, &smithy.DeserializationError{Err: err, Snapshot: []byte(shown)})
}

var bodies = sync.Pool{New: func() any { return new(bodyBuffer) }}

type bodyBuffer struct {
	buf     bytes.Buffer
	limited io.LimitedReader // what it is read from
}

func (a *attempt) log(ctx context.Context, message string, attrs ...any) {
	if a.Logger != nil {
		a.Logger.DebugContext(ctx, message, append([]any{"operation", a.call.op.name, "job", a.call.job, "attempt", a.number}, attrs...)...)
	}
}
