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
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
	smithyrand "github.com/aws/smithy-go/rand"
)

const (
	// signingService is the service's name in a signature.
	signingService = "quicksight"

	// defaultMaxBody bounds what is read of a 2xx response, in bytes, if the operation has
	// no bound of its own. A result of 7 files, which is the largest response of such an
	// operation, has some 14 KB. Decoded, a hostile body takes up to 80 times its size.
	defaultMaxBody = 1 << 20

	// maxErrorBody bounds what is read of any other response, in bytes. An error shows a
	// small part of it.
	maxErrorBody = 64 << 10

	// maxPooledBody bounds the buffers that are kept for later responses.
	maxPooledBody = 1 << 20
)

// emptyPayloadHash is the hash of a request without a body.
var emptyPayloadHash = payloadHash(nil)

// payloadHash returns the hash of a request's body as signatures hold it.
func payloadHash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// attempt sends a request of a call once, signed. The loop sets number and skew before
// each attempt; the rest is the same for all attempts of the call.
type attempt struct {
	settings     *settings
	request      request
	body         any // points to what the body of a 2xx response is decoded into
	invocationID string
	payloadHash  string
	maxAttempts  int // 0 if the retryer sets no limit

	number int           // 1 for the first
	skew   time.Duration // what is added to this machine's clock to sign
}

// attemptResult is what an attempt learnt besides the body of its response. An
// attempt that fails has one as well.
type attemptResult struct {
	credentials aws.Credentials // which signed the request
	sent        time.Time       // when the request was handed to the transport; zero if it was not
	header      http.Header     // of the response; nil if there was none
	requestID   string          // in the header of a 2xx response
	status      int             // the HTTP status of a 2xx response
	signedSkew  time.Duration   // how far ahead the service's clock was taken to be
	skew        time.Duration   // how far ahead it is, as far as the response told
	skewIsKnown bool            // whether the response told it

	// outcomeUnknown reports whether the service may have done what it was asked
	// for although the attempt failed.
	outcomeUnknown bool
}

// newAttempt returns the attempt of a request before it is sent the first time.
func newAttempt(s *settings, req request, body any) attempt {
	hash := emptyPayloadHash
	if req.body != nil {
		hash = payloadHash(req.body)
	}
	return attempt{
		settings:     s,
		request:      req,
		body:         body,
		invocationID: newInvocationID(),
		payloadHash:  hash,
		maxAttempts:  s.retryer.MaxAttempts(),
	}
}

// newInvocationID returns the random id that all attempts of a call share.
func newInvocationID() string {
	id, err := smithyrand.NewUUID(rand.Reader).GetUUID()
	if err != nil {
		panic(err) // crypto/rand ends the program rather than return an error
	}
	return id
}

// send signs the request, sends it once, and reads the response. All of that but the
// asking for credentials is bounded by Options.AttemptTimeout.
func (a *attempt) send(ctx context.Context) (attemptResult, error) {
	learned := attemptResult{signedSkew: a.skew, skew: a.skew}
	credentials, err := a.settings.retrieveCredentials(ctx)
	learned.credentials = credentials
	if err != nil {
		return learned, err
	}
	limited := ctx
	if timeout := a.settings.options.AttemptTimeout; timeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	req := a.newHTTPRequest(limited, a.attemptHeader(ctx))
	if err := a.sign(limited, req, credentials); err != nil {
		return learned, fmt.Errorf("sign the request: %w", err)
	}
	err = a.exchange(req, &learned)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		err = a.timeoutError(err)
	}
	learned.outcomeUnknown = leavesOutcomeUnknown(err)
	return learned, err
}

// exchange sends a signed request, and reads and logs its response. It adds to learned
// what it learns, also if it fails.
func (a *attempt) exchange(req *http.Request, learned *attemptResult) error {
	learned.sent = time.Now()
	resp, err := roundTrip(a.settings.options.Transport, req)
	received := time.Now()
	if err != nil {
		err = responseError(nil, sendError(err, learned.credentials))
	} else {
		learned.header = resp.Header
		a.learnSkew(learned, received)
		err = a.readResponse(req.Context(), resp, learned)
	}
	if a.settings.options.Logger != nil {
		attributes := []any{"duration", time.Since(learned.sent), "skew", a.skew}
		if resp != nil {
			requestID := headerRequestID(resp.Header, learned.credentials)
			attributes = append(attributes, "status", resp.StatusCode, "requestID", requestID)
		}
		if err != nil {
			attributes = append(attributes, "error", err.Error())
		}
		a.log(req.Context(), "attempt", attributes...)
	}
	return err
}

// learnSkew adds to learned what the response tells of the service's clock, unless the
// options switch that off.
func (a *attempt) learnSkew(learned *attemptResult, received time.Time) {
	if a.settings.options.DisableClockSkewCorrection {
		return
	}
	if skew, ok := observeSkew(learned.header, learned.sent, received); ok {
		learned.skew = skew
		learned.skewIsKnown = true
	}
}

// timeoutError says that err came of Options.AttemptTimeout, unless err is an
// exception of the service, which arrived in time.
func (a *attempt) timeoutError(err error) error {
	if _, isException := errors.AsType[smithy.APIError](err); isException {
		return err
	}
	timeout := a.settings.options.AttemptTimeout
	return &textError{
		text: fmt.Sprintf("no complete response within AttemptTimeout, %v: %v", timeout, err),
		errs: []error{context.DeadlineExceeded, err},
	}
}

// leavesOutcomeUnknown reports whether the service may have done its work although
// the attempt failed with err: the response is missing, unreadable, or 5xx.
func leavesOutcomeUnknown(err error) bool {
	if err == nil {
		return false
	}
	status := httpStatus(err)
	noResponse := status == 0
	unreadable := status/100 == 2
	return status >= 500 || unreadable || noResponse && !neverConnected(err)
}

// newHTTPRequest makes the request of this attempt, without its signature.
func (a *attempt) newHTTPRequest(ctx context.Context, attemptHeader string) *http.Request {
	req := emptyRequest(ctx, a.request.operation.method, a.request.body)
	*req.URL = a.settings.endpoint.url(a.request.path)
	req.URL.RawQuery = a.request.query
	req.Host = req.URL.Host
	// The values share one allocation. None has room to grow into the next.
	values := []string{a.settings.userAgent, a.invocationID, attemptHeader}
	req.Header["User-Agent"] = values[0:1:1]
	req.Header["Amz-Sdk-Invocation-Id"] = values[1:2:2]
	req.Header["Amz-Sdk-Request"] = values[2:3:3]
	if a.request.body != nil {
		req.Header["Content-Type"] = []string{"application/json"}
	}
	if id := lambdaTraceID(); id != "" {
		req.Header["X-Amzn-Trace-Id"] = []string{id}
	}
	return req
}

// emptyRequest returns a request without a URL and headers.
func emptyRequest(ctx context.Context, method string, body []byte) *http.Request {
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, "", reader)
	if err != nil {
		panic(err) // methods are constants, ctx was checked, and "" is a URL
	}
	return req
}

// attemptHeader returns the value of Amz-Sdk-Request. Like the official client, it has
// the deadline only if the service's clock is known to be ahead.
func (a *attempt) attemptHeader(ctx context.Context) string {
	const longest = 64 // bytes, so that one allocation is enough
	header := make([]byte, 0, longest)
	header = append(header, "attempt="...)
	header = strconv.AppendInt(header, int64(a.number), 10)
	if a.maxAttempts > 0 {
		header = append(header, "; max="...)
		header = strconv.AppendInt(header, int64(a.maxAttempts), 10)
	}
	if deadline, ok := ctx.Deadline(); ok && a.skew > 0 {
		header = append(header, "; ttl="...)
		header = deadline.Add(a.skew).UTC().AppendFormat(header, "20060102T150405Z")
	}
	return string(header)
}

// lambdaTraceID returns the trace id of the Lambda invocation that this code runs
// in, by which Lambda finds functions that call each other in a circle. Elsewhere it
// returns "".
func lambdaTraceID() string {
	// The middleware asks this too. Asking first saves its allocations.
	if _, inLambda := os.LookupEnv("AWS_LAMBDA_FUNCTION_NAME"); !inLambda {
		return ""
	}
	return builtHeader(&awsmiddleware.RecursionDetection{}, "X-Amzn-Trace-Id")
}

// sign signs req for the service. As SigV4 asks, it signs the path as it is sent,
// escaped a second time.
func (a *attempt) sign(ctx context.Context, req *http.Request, credentials aws.Credentials) error {
	var optFns []func(*v4.SignerOptions)
	if req.URL.RawPath == "" {
		// Nothing in the path needs escaping, so that escaping it again only takes time.
		optFns = signPathAsSent
	}
	return a.settings.signer.SignHTTP(
		ctx,
		credentials,
		req,
		a.payloadHash,
		signingService,
		a.settings.endpoint.region,
		time.Now().Add(a.skew),
		optFns...,
	)
}

// signPathAsSent are options with leavePath, made once.
var signPathAsSent = []func(*v4.SignerOptions){leavePath}

// leavePath has a signer sign the path as it is sent.
func leavePath(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }

// readResponse reads the response's body, within bounds, and closes it. The transport must
// end the body when ctx ends, as net/http does: a guard like that of files would cost every
// call, and help only mocks.
func (a *attempt) readResponse(ctx context.Context, resp *http.Response, learned *attemptResult) error {
	defer resp.Body.Close()
	buffer := bodyBuffers.Get().(*bodyBuffer)
	defer buffer.release()
	if resp.StatusCode/100 != 2 {
		// If the body breaks off, its beginning is still the best message there is.
		body, _ := buffer.read(ctx, resp, maxErrorBody)
		body = body[:min(len(body), maxErrorBody)]
		return a.exception(resp, body, learned.credentials)
	}
	body, readErr := buffer.read(ctx, resp, a.request.operation.bodyLimit())
	if err := a.decodeBody(resp, body, readErr, learned.credentials); err != nil {
		return err
	}
	learned.requestID = headerRequestID(resp.Header, learned.credentials)
	learned.status = resp.StatusCode
	return nil
}

// exception makes an error of a response that is not 2xx.
func (a *attempt) exception(resp *http.Response, body []byte, credentials aws.Credentials) error {
	operation := a.request.operation
	exception := decodeException(operation, resp.Header, body, credentials)
	if operation.refineException == nil {
		return signedResponseError(resp, exception, credentials)
	}
	return signedResponseError(resp, operation.refineException(exception), credentials)
}

// decodeBody decodes the body of a 2xx response, as far as it could be read before
// readErr. A JSON value that arrived completely is judged as it is, even if the
// connection broke behind it. An empty body is an output without values if the
// connection ended well, and otherwise a body that was cut off.
func (a *attempt) decodeBody(
	resp *http.Response,
	body []byte,
	readErr error,
	credentials aws.Credentials,
) error {
	failure := &bodyFailure{
		resp:        resp,
		body:        body,
		credentials: credentials,
	}
	if limit := a.request.operation.bodyLimit(); len(body) > limit {
		return failure.undecodable(fmt.Errorf("the response body is longer than %d bytes", limit))
	}
	isRead := a.request.operation.method == http.MethodGet
	if readErr != nil && len(bytes.TrimSpace(body)) == 0 {
		return failure.cutOff(readErr, isRead)
	}
	err := decodeJSON(body, a.body, a.request.operation.decodeOptions...)
	switch {
	case err == nil:
		return nil
	case isWrongType(err):
		return failure.undecodable(err)
	case readErr != nil:
		return failure.cutOff(readErr, isRead)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return failure.cutOff(err, isRead)
	}
	return failure.undecodable(err)
}

// bodyFailure makes the errors of a 2xx response whose body is of no use.
type bodyFailure struct {
	resp        *http.Response
	body        []byte
	credentials aws.Credentials
}

// undecodable is the error of a body that another attempt would not make better: it is
// too long, or arrived completely and makes no sense.
func (e *bodyFailure) undecodable(err error) error {
	text := fmt.Sprintf(
		"failed to decode response body, %s, Content-Type %s, body %q",
		redactMessage(err.Error(), e.credentials),
		quote(redactStart(e.resp.Header.Get("Content-Type"), e.credentials)),
		snippet(e.body, e.credentials),
	)
	return e.deserializationError(&textError{text: text, errs: []error{hideSecrets(err, e.credentials)}})
}

// cutOff is the error of a body that did not arrive completely.
func (e *bodyFailure) cutOff(err error, retryable bool) error {
	text := fmt.Sprintf(
		"failed to decode response body, cut off after %d bytes: %s",
		len(e.body),
		redactMessage(err.Error(), e.credentials),
	)
	return e.deserializationError(&retryDecision{
		err:       &textError{text: text, errs: []error{hideSecrets(err, e.credentials), io.ErrUnexpectedEOF}},
		retryable: retryable,
	})
}

func (e *bodyFailure) deserializationError(err error) error {
	return signedResponseError(e.resp, &smithy.DeserializationError{
		Err:      err,
		Snapshot: []byte(snippet(e.body, e.credentials)),
	}, e.credentials)
}

// bodyBuffer holds the body of a response while it is decoded.
type bodyBuffer struct {
	data bytes.Buffer

	// The readers are fields, so that they are not allocated for each response.
	careful carefulReader
	limited io.LimitedReader
}

var bodyBuffers = sync.Pool{
	New: func() any { return new(bodyBuffer) },
}

// read reads a response's body up to one byte beyond limit. The result is valid
// until the buffer is released.
func (b *bodyBuffer) read(ctx context.Context, resp *http.Response, limit int) ([]byte, error) {
	// ContentLength is -1 if it is not known, and a server may lie. ReadFrom needs
	// MinRead free bytes to find the end without growing the buffer again.
	announced := min(max(resp.ContentLength, 0), maxPooledBody)
	b.data.Grow(int(announced) + bytes.MinRead)
	b.careful = carefulReader{ctx: ctx, body: resp.Body}
	b.limited.R = &b.careful
	b.limited.N = int64(limit) + 1
	_, err := b.data.ReadFrom(&b.limited)
	return b.data.Bytes(), err
}

// release keeps the buffer for another response, unless it has grown too large.
func (b *bodyBuffer) release() {
	if b.data.Cap() > maxPooledBody {
		return
	}
	b.data.Reset()
	b.careful = carefulReader{}
	b.limited.R = nil
	bodyBuffers.Put(b)
}

// log writes a debug record about the attempt.
func (a *attempt) log(ctx context.Context, message string, attributes ...any) {
	logger := a.settings.options.Logger
	if logger == nil {
		return
	}
	common := []any{
		"operation", a.request.operation.name,
		"job", a.request.subject.String(),
		"attempt", a.number,
	}
	logger.DebugContext(ctx, message, append(common, attributes...)...)
}
