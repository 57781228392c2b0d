package snapshotjob

import (
	"bytes"
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
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ErrJobNotFinished is matched by the error of
// [Client.DescribeDashboardSnapshotJobResult] for a job that is still queued or
// running. The API reference gives only the message ("… has not reached a
// terminal state."), not the exception that carries it, so the message decides.
var ErrJobNotFinished = errors.New("the snapshot job has not finished: wait until DescribeDashboardSnapshotJob says COMPLETED or FAILED")

type notFinishedError struct{ smithy.APIError }

func (e notFinishedError) Unwrap() []error { return []error{e.APIError, ErrJobNotFinished} }

func markNotFinished(err smithy.APIError) error {
	if strings.Contains(strings.ToLower(err.ErrorMessage()), "has not reached a terminal state") {
		return notFinishedError{err}
	}
	return err
}

// InvalidInputError lists everything that is wrong with a call's input or with
// the client's options. Nothing was sent.
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
	text := "invalid input"
	sep := ": "
	for _, f := range e.Faults {
		text += sep + f.Field + " " + f.Problem
		sep = "; "
	}
	return text
}

func fault(field, format string, args ...any) InputFault {
	return InputFault{field, fmt.Sprintf(format, args...)}
}

func invalid(field, format string, args ...any) error {
	return &InvalidInputError{[]InputFault{fault(field, format, args...)}}
}

// quote quotes a caller's value for a fault, with an end to its length.
func quote(value string) string {
	if len(value) > 64 {
		return fmt.Sprintf("%.64q…", value)
	}
	return fmt.Sprintf("%q", value)
}

// errorBody is what an error response may say of itself. A member of the wrong
// type is ignored: it must not cost the reader the rest.
type errorBody struct {
	code, dunderType        string
	message                 string // of the key "Message", else "message": all that modelled errors know
	anyMessage              string // of either key in any case: what unmodelled errors have
	requestID, resourceType string
}

// parseErrorBody reads the first JSON value of body. It reports false unless
// that is an object, whole, or null.
func parseErrorBody(body []byte) (e errorBody, ok bool) {
	dec := jsontext.NewDecoder(bytes.NewReader(body), lenient)
	switch dec.PeekKind() {
	case 'n':
		return e, dec.SkipValue() == nil
	case '{':
	default:
		return e, false
	}
	dec.ReadToken()
	var lower string
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return e, false
		}
		key := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			return e, false
		}
		var text string
		if value.Kind() != '"' || json.Unmarshal(value, &text, lenient) != nil {
			continue
		}
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
	if e.message == "" {
		e.message = lower
	}
	_, err := dec.ReadToken() // the closing brace
	return e, err == nil
}

// sanitizeCode takes the shape's name out of namespace#Name:uri.
func sanitizeCode(code string) string {
	code, _, _ = strings.Cut(code, ":")
	if _, name, ok := strings.Cut(code, "#"); ok {
		code = name
	}
	return strings.TrimSpace(code)
}

// decodeAPIError turns a response that is not 2xx into an exception. The code
// of the header, the status and the request id survive any body.
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
	code := codeUnknown
	for _, candidate := range []string{header.Get("X-Amzn-Errortype"), parsed.code, parsed.dunderType} {
		if c := sanitizeCode(candidate); c != "" {
			code = c
			break
		}
	}
	if e := newException(op, code, redact(oneLine(parsed.message), creds), or(parsed.requestID, headerRequestID(header)), parsed.resourceType); e != nil {
		return e
	}
	// An unmodelled 429 is retried only if the error is of this very type.
	message := redact(oneLine(parsed.anyMessage), creds)
	if message == "" {
		message = codeUnknown
	}
	return &smithy.GenericAPIError{Code: oneLine(code), Message: message}
}

// newException returns nil for a code that the operation's model lacks.
func newException(op *operation, code, message, requestID, resourceType string) smithy.APIError {
	for _, known := range op.exceptions {
		if !strings.EqualFold(known, code) {
			continue
		}
		switch known {
		case codeAccessDenied:
			return &AccessDeniedException{message, requestID}
		case codeInternalFailure:
			return &InternalFailureException{message, requestID}
		case codeInvalidParameterValue:
			return &InvalidParameterValueException{message, requestID}
		case codePreconditionNotMet:
			return &PreconditionNotMetException{message, requestID}
		case codeResourceNotFound:
			return &ResourceNotFoundException{message, requestID, resourceType}
		case codeThrottling:
			return &ThrottlingException{message, requestID}
		case codeUnsupportedUserEdition:
			return &UnsupportedUserEditionException{message, requestID}
		case codeLimitExceeded:
			return &LimitExceededException{message, requestID, resourceType}
		case codeResourceExists:
			return &ResourceExistsException{message, requestID, resourceType}
		case codeUnsupportedPricingPlan:
			return &UnsupportedPricingPlanException{message, requestID}
		}
	}
	return nil
}

// or returns the fallback for an absent value.
func or(value, fallback string) string {
	if value != "" {
		return value
	}
	return fallback
}

func headerRequestID(header http.Header) string {
	if id := header.Get("X-Amzn-Requestid"); id != "" {
		return id
	}
	return header.Get("X-Amz-Requestid")
}

// responseError adds what the response itself says. It keeps the headers but
// not the request, which holds the signature and the session token.
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

const snippetSize = 256

// snippet is the beginning of a body, fit to be printed.
func snippet(body []byte, creds aws.Credentials) string {
	// Redacted before it is cut, so that no half of a secret stays.
	text := redact(oneLine(strings.ToValidUTF8(string(body[:min(len(body), 8*snippetSize)]), "\uFFFD")), creds)
	if len(text) <= snippetSize {
		return text
	}
	cut := snippetSize
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// redact hides what a server may send back of a signed request or a presigned
// URL: the caller's own secrets, queries of URLs, and the values of signatures,
// credentials and tokens.
func redact(text string, creds aws.Credentials) string {
	for _, secret := range []string{creds.SessionToken, creds.SecretAccessKey} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "REDACTED")
		}
	}
	if !strings.ContainsAny(text, "?=:") {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		// A word ends at what neither a URL nor a header's value contains.
		end := strings.IndexAny(text, " \t\r\n\"'<>,")
		word, sep := text, ""
		if end >= 0 {
			word, sep = text[:end], text[end:end+1]
		}
		b.WriteString(redactWord(word))
		b.WriteString(sep)
		text = text[len(word)+len(sep):]
	}
	return b.String()
}

var secretNames = []string{"x-amz-security-token", "x-amz-signature", "x-amz-credential", "signature", "credential", "sessiontoken", "secretaccesskey"}

func redactWord(word string) string {
	if i := strings.Index(word, "://"); i >= 0 {
		if q := strings.IndexByte(word[i:], '?'); q >= 0 {
			return word[:i+q] + redactedQuery
		}
	}
	lower := strings.ToLower(word)
	first := len(word)
	for _, name := range secretNames {
		i := strings.Index(lower, name)
		if value := i + len(name); i >= 0 && value < first && (lower[value] == '=' || lower[value] == ':') {
			first = value + 1
		}
	}
	if first < len(word) && len(lower) == len(word) {
		return word[:first] + "REDACTED"
	}
	return word
}

// endedError is why a call stopped with its context: the context's error and
// cause, and what went wrong before.
type endedError struct {
	err, cause error // of the context
	before     []error
}

// ended is the error of a call whose context is done. Wrapped like this, the
// SDK's retryers know it for a cancellation.
func ended(ctx context.Context, err, last error) error {
	e := &endedError{err: ctx.Err(), cause: context.Cause(ctx)}
	for _, before := range []error{err, last} {
		if before != nil {
			e.before = append(e.before, before)
		}
	}
	return &aws.RequestCanceledError{Err: e}
}

func (e *endedError) Error() string {
	text := e.err.Error()
	if e.cause != e.err {
		text += ", cause: " + e.cause.Error()
	}
	for _, before := range e.before {
		text += ", after: " + before.Error()
	}
	return text
}

func (e *endedError) Unwrap() []error { return append([]error{e.err, e.cause}, e.before...) }

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

// unreadable hides an error's text from a retryer, which takes one with
// "connection reset" in it for a broken connection.
type unreadable struct{ error }

func (unreadable) Error() string   { return "error response" }
func (e unreadable) Unwrap() error { return e.error }

// clockSkewError is a refused signature that a wrong clock explains.
type clockSkewError struct {
	skew time.Duration
	err  error
}

func (e *clockSkewError) Error() string {
	return fmt.Sprintf("probable clock skew of %v: %v", e.skew.Round(time.Second), e.err)
}
func (e *clockSkewError) Unwrap() error        { return e.err }
func (e *clockSkewError) RetryableError() bool { return true }

// attemptTimeoutError is an attempt that ran out of Options.AttemptTimeout.
type attemptTimeoutError struct {
	limit time.Duration
	err   error
}

func (e *attemptTimeoutError) Error() string {
	return fmt.Sprintf("no whole answer within AttemptTimeout, %v: %v", e.limit, e.err)
}
func (e *attemptTimeoutError) Unwrap() error { return e.err }
func (e *attemptTimeoutError) Timeout() bool { return true }

// cutOffError is a 2xx response whose body ended too soon.
type cutOffError struct {
	got   int
	err   error
	again bool
}

func (e *cutOffError) Error() string {
	return fmt.Sprintf("failed to decode response body, cut off after %d bytes: %v", e.got, e.err)
}
func (e *cutOffError) Unwrap() []error      { return []error{e.err, io.ErrUnexpectedEOF} }
func (e *cutOffError) RetryableError() bool { return e.again }

// decodeError is a 2xx response whose body is not what the operation answers.
// The decoder's own error may quote the body, so it is redacted too.
type decodeError struct {
	err         error
	contentType string
	shown       string
}

func (e *decodeError) Error() string {
	return fmt.Sprintf("failed to decode response body, %s, Content-Type %s, body %q",
		redact(oneLine(e.err.Error()), aws.Credentials{}), quote(e.contentType), e.shown)
}
func (e *decodeError) Unwrap() error { return e.err }

// sendError is a request that got no response.
func sendError(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // its text holds the whole URL
	}
	var notTLS tls.RecordHeaderError
	if errors.As(err, &notTLS) || errors.Is(err, http.ErrSchemeMismatch) {
		err = &schemeMismatchError{err}
	}
	return &smithyhttp.RequestSendError{Err: err}
}

// neverConnected reports whether err says that there was no connection to send
// a request on.
func neverConnected(err error) bool {
	var dial *net.OpError
	var dns *net.DNSError
	var scheme *schemeMismatchError
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &dial) && dial.Op == "dial" || errors.As(err, &dns) ||
		errors.As(err, &scheme) || errors.As(err, &certificate)
}

// isBlank reports whether a member misses the model's pattern .*\S.*
func isBlank(value string) bool { return strings.TrimSpace(value) == "" }

// schemeMismatchError is an https request to a server that speaks plain HTTP:
// another attempt would change nothing.
type schemeMismatchError struct{ err error }

func (e *schemeMismatchError) Error() string {
	return fmt.Sprintf("the server does not speak TLS, check the endpoint's scheme: %v", e.err)
}
func (e *schemeMismatchError) Unwrap() error        { return e.err }
func (e *schemeMismatchError) RetryableError() bool { return false }
