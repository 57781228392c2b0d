package snapshotjob

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// ErrJobNotFinished is matched by the error of
// [Client.DescribeDashboardSnapshotJobResult] for a job that is still queued or
// running: any whose message says "has not reached a terminal state", in any
// case, since AWS documents the message, but not the exception.
var ErrJobNotFinished = errors.New("the snapshot job has not finished: wait until DescribeDashboardSnapshotJob says COMPLETED or FAILED")

// notFinishedError is no smithy.APIError itself: package aws/retry tells
// unmodelled errors by their type.
type notFinishedError struct{ err smithy.APIError }

func (e notFinishedError) Error() string {
	return e.err.Error() + " (it is queued or running: Wait polls until it has finished)"
}
func (e notFinishedError) Unwrap() []error { return []error{e.err, ErrJobNotFinished} }

func markNotFinished(err smithy.APIError) error {
	if strings.Contains(strings.ToLower(err.ErrorMessage()), "has not reached a terminal state") {
		return notFinishedError{err}
	}
	return err
}

// InvalidInputError lists all that is wrong with a call's input or options.
// Nothing was sent.
type InvalidInputError struct {
	Faults []InputFault // at least one
}

// InputFault is one thing that is wrong.
type InputFault struct {
	Field   string // the field's Go name, such as "DashboardID"
	Problem string // what is wrong, and what would be right
}

// Error returns all faults in one line.
func (e *InvalidInputError) Error() string {
	var texts []string
	for _, f := range e.Faults {
		texts = append(texts, f.Field+" "+f.Problem)
	}
	return "invalid input: " + strings.Join(texts, "; ")
}

// faultList collects what is wrong.
type faultList []InputFault

func (l *faultList) add(field, format string, args ...any) {
	*l = append(*l, InputFault{field, fmt.Sprintf(format, args...)})
}

func (l *faultList) needContext(ctx context.Context) {
	if ctx == nil {
		l.add("ctx", "is nil: want a context, such as context.Background()")
	}
}

// setDefault changes a duration of 0, and reports one that is negative.
func (l *faultList) setDefault(field string, d *time.Duration, byDefault time.Duration) {
	if *d < 0 {
		l.add(field, "is %v: want a positive duration, or 0 for the default", *d)
	}
	*d = cmp.Or(*d, byDefault)
}

// applyAll has the functions change options, and reports those that are nil.
func applyAll[T any](options *T, optFns []func(*T), faults *faultList) {
	for i, fn := range optFns {
		if fn == nil {
			faults.add("optFns", "has a nil function at index %d", i)
			continue
		}
		fn(options)
	}
}

// quote quotes the beginning of a value, without a presigned URL's query.
func quote(value string) string {
	value = redact(value, aws.Credentials{})
	if len(value) > 64 {
		return fmt.Sprintf("%.64q…", value)
	}
	return fmt.Sprintf("%q", value)
}

// errorBody is what an error response may say of itself. A member of the wrong
// type is ignored.
type errorBody struct {
	code, dunderType        string
	message                 string // of the key "Message", else "message": all that modelled errors know
	anyMessage              string // of either key in any case: what unmodelled errors have
	requestID, resourceType string
}

// parseErrorBody reads the first JSON value of body. It reports false unless
// that is an object, whole, or null.
func parseErrorBody(body []byte) (e errorBody, ok bool) {
	r := &reader{data: body}
	if r.next() != '{' {
		return e, string(r.skip()) == "null"
	}
	var lower string
	for key := range r.members {
		if r.next() != '"' {
			r.skip()
			continue
		}
		text := string(r.text())
		switch key {
		case "Message":
			e.message = text
		case "message":
			lower = text
		case "RequestId":
			e.requestID = text
		case "ResourceType":
			e.resourceType = text
		}
		switch {
		case strings.EqualFold(key, "code"):
			e.code = text
		case strings.EqualFold(key, "__type"):
			e.dunderType = text
		case strings.EqualFold(key, "message"):
			e.anyMessage = text
		}
	}
	e.message = cmp.Or(e.message, lower)
	return e, r.err == nil
}

// sanitizeCode takes the shape's name out of namespace#Name:uri.
func sanitizeCode(code string) string {
	code, _, _ = strings.Cut(code, ":")
	if _, name, ok := strings.Cut(code, "#"); ok {
		code = name
	}
	return strings.TrimSpace(code)
}

// decodeAPIError turns a response that is not 2xx into an exception, whatever
// its body.
func decodeAPIError(op *operation, header http.Header, body []byte, creds aws.Credentials) smithy.APIError {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\uFEFF")))
	var parsed errorBody
	if len(body) > 0 {
		var ok bool
		if parsed, ok = parseErrorBody(body); !ok {
			// HTML from a proxy, cut-off JSON: the text is the best message there is.
			text := snippet(body, creds)
			parsed = errorBody{message: text, anyMessage: text}
		}
	}
	code := cmp.Or(sanitizeCode(header.Get("X-Amzn-Errortype")), sanitizeCode(parsed.code), sanitizeCode(parsed.dunderType), unknownError)
	if e := newException(op, code, redact(parsed.message, creds), cmp.Or(parsed.requestID, headerRequestID(header)), parsed.resourceType); e != nil {
		return e
	}
	// An unmodelled 429 is retried only if the error is of this very type.
	return &smithy.GenericAPIError{
		Code:    redact(code, creds),
		Message: cmp.Or(redact(parsed.anyMessage, creds), unknownError),
	}
}

func headerRequestID(header http.Header) string {
	return oneLine(cmp.Or(header.Get("X-Amzn-Requestid"), header.Get("X-Amz-Requestid")))
}

// responseError adds what the response says. It keeps the headers but not the
// request, which holds the signature and the session token.
func responseError(resp *http.Response, err error) *awshttp.ResponseError {
	kept := &http.Response{Header: http.Header{}, Body: http.NoBody}
	if resp != nil {
		kept.Status, kept.StatusCode, kept.Proto = resp.Status, resp.StatusCode, resp.Proto
		kept.ProtoMajor, kept.ProtoMinor = resp.ProtoMajor, resp.ProtoMinor
		kept.Header, kept.ContentLength = resp.Header, resp.ContentLength
	}
	return &awshttp.ResponseError{
		ResponseError: &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: kept}, Err: err},
		RequestID:     headerRequestID(kept.Header),
	}
}

// oneLine turns control characters and line separators into spaces.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
}

const (
	unknownError = "UnknownError" // as the official client says it
	snippetSize  = 256
)

// snippet is the beginning of a body, fit to be printed. It is cut last, so that
// no half of a secret stays.
func snippet(body []byte, creds aws.Credentials) string {
	text := redact(strings.ToValidUTF8(string(body[:min(len(body), maxErrorBody)]), "\uFFFD"), creds)
	if len(text) <= snippetSize {
		return text
	}
	return strings.ToValidUTF8(text[:snippetSize], "") + "…"
}

// redact makes a text one line without the secrets that a server may send back:
// the caller's own, queries of URLs, and all that follows the name of another.
func redact(text string, creds aws.Credentials) string {
	text = oneLine(text)
	for _, secret := range []string{creds.SessionToken, creds.SecretAccessKey} {
		// In JSON, HTML or a URL all but letters and digits may be escaped.
		runs := strings.FieldsFunc(secret, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		for _, run := range append([]string{secret}, runs...) {
			if len(run) >= 8 || run != "" && run == secret {
				text = strings.ReplaceAll(text, run, redacted)
			}
		}
	}
	var b strings.Builder
	for found := true; found; {
		var before, query string
		before, query, found = strings.Cut(text, "?")
		b.WriteString(before)
		end := strings.IndexAny(query+" ", " \"'<>,") // of the URL
		if end > 0 {
			b.WriteString(redactedQuery)
		} else if found {
			b.WriteByte('?')
		}
		text = query[end:]
	}
	text = b.String()
	for _, name := range []string{"security-token", "signature", "credential", "sessiontoken", "secretaccesskey"} {
		for i := range len(text) - len(name) {
			end := i + len(name)
			if strings.EqualFold(text[i:end], name) && strings.IndexByte(`:="'%\&>`, text[end]) >= 0 {
				text = text[:end+1] + redacted
				break
			}
		}
	}
	return text
}

const redacted = "REDACTED"

// textError is errors under a text that need not be theirs.
type textError struct {
	text string
	errs []error
}

func (e *textError) Error() string   { return e.text }
func (e *textError) Unwrap() []error { return e.errs }

// ended is the error of a call whose context is done, with the context's cause
// and what went wrong before. Wrapped like this, the SDK's retryers know it for
// a cancellation.
func ended(ctx context.Context, err, last error) error {
	cause := context.Cause(ctx)
	e := &textError{ctx.Err().Error(), []error{ctx.Err(), cause}}
	if cause != ctx.Err() {
		e.text += ", cause: " + cause.Error()
	}
	for _, before := range []error{err, last} {
		if before != nil {
			e.text += ", after: " + before.Error()
			e.errs = append(e.errs, before)
		}
	}
	return &aws.RequestCanceledError{Err: e}
}

// limited is the error of a call that its limiter stopped.
func limited(ctx context.Context, err, last error) error {
	if ctx.Err() != nil {
		return ended(ctx, err, last)
	}
	err = fmt.Errorf("wait for the limiter: %w", err)
	// rate.Limiter fails early, with an error of its own, where waiting would
	// outlast the deadline.
	if _, ok := ctx.Deadline(); ok && strings.Contains(err.Error(), "deadline") && !errors.Is(err, context.DeadlineExceeded) {
		err = &aws.RequestCanceledError{Err: fmt.Errorf("%w: %w", context.DeadlineExceeded, err)}
	}
	return after(err, last)
}

// after adds the error that came before, if any.
func after(err, last error) error {
	if last == nil {
		return err
	}
	return fmt.Errorf("%w, after: %w", err, last)
}

func errorCode(err error) string {
	var e interface{ ErrorCode() string }
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return ""
}

func httpStatus(err error) int {
	var resp interface{ HTTPStatusCode() int }
	if errors.As(err, &resp) {
		return resp.HTTPStatusCode()
	}
	return 0
}

// unmisread hides the text of an answer's error from package aws/retry where it
// would take what the service writes for a broken connection.
func unmisread(err error) error {
	if text := err.Error(); strings.Contains(text, "connection reset") || strings.Contains(text, "use of closed network connection") {
		return &textError{"error response", []error{err}}
	}
	return err
}

// decidedError tells a retryer whether to try again.
type decidedError struct {
	error
	again bool
}

func (e *decidedError) Unwrap() error        { return e.error }
func (e *decidedError) RetryableError() bool { return e.again }

// attemptTimeoutError is an attempt that ran out of Options.AttemptTimeout.
type attemptTimeoutError struct{ error }

func (e *attemptTimeoutError) Unwrap() error { return e.error }
func (e *attemptTimeoutError) Timeout() bool { return true }

// cutOff is the error of a 2xx response whose body ended too soon.
func cutOff(got int, err error, again bool, creds aws.Credentials) error {
	text := fmt.Sprintf("failed to decode response body, cut off after %d bytes: %s", got, redact(err.Error(), creds))
	return &decidedError{&textError{text, []error{err, io.ErrUnexpectedEOF}}, again}
}

// undecodable is the error of a 2xx response whose body is not what the
// operation answers.
func undecodable(err error, contentType, shown string) error {
	return &textError{fmt.Sprintf("failed to decode response body, %s, Content-Type %s, body %q",
		redact(err.Error(), aws.Credentials{}), quote(contentType), shown), []error{err}}
}

// sendError is a request that got no response. What a server or a transport says
// of it may hold the request's headers.
func sendError(err error, creds aws.Credentials) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // its text holds the whole URL
	}
	if text := redact(err.Error(), creds); text != err.Error() {
		err = &textError{text, []error{err}}
	}
	if speaksNoTLS(err) {
		err = &decidedError{fmt.Errorf("the server does not speak TLS, check the endpoint's scheme: %w", err), false}
	}
	return &smithyhttp.RequestSendError{Err: err}
}

func speaksNoTLS(err error) bool {
	var header tls.RecordHeaderError
	return errors.As(err, &header) || errors.Is(err, http.ErrSchemeMismatch)
}

// neverConnected reports whether err says that there was no connection to send
// a request on.
func neverConnected(err error) bool {
	var dial *net.OpError
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &dial) && dial.Op == "dial" || errors.As(err, &dns) ||
		speaksNoTLS(err) || errors.As(err, &certificate)
}
