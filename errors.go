package snapshotjob

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// ErrJobNotFinished is matched by the error of
// [Client.DescribeDashboardSnapshotJobResult] for a job that is queued or running:
// any whose message says "has not reached a terminal state", since AWS documents
// the message, but not the exception.
var ErrJobNotFinished = errors.New("the snapshot job has not finished: wait until DescribeDashboardSnapshotJob says COMPLETED or FAILED")

func markNotFinished(err smithy.APIError) error {
	if strings.Contains(strings.ToLower(err.ErrorMessage()), "has not reached a terminal state") {
		return &textError{err.Error() + " (it is queued or running: Wait polls until it has finished)", []error{err, ErrJobNotFinished}}
	}
	return err
}

// decodeAPIError makes an exception of a response, whatever its body.
func decodeAPIError(op *operation, header http.Header, body []byte, creds aws.Credentials) smithy.APIError {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\uFEFF")))
	// By key, whose case matters in modelled errors alone.
	exact, lower := map[string]string{}, map[string]string{}
	ok := len(body) == 0 || bytes.HasPrefix(body, []byte("null"))
	if r := (&reader{data: body}); r.next() == '{' {
		for key := range r.members {
			if r.next() != '"' {
				r.skip()
				continue
			}
			text := string(r.text())
			exact[string(key)], lower[strings.ToLower(string(key))] = text, text
		}
		ok = r.err == nil
	}
	if !ok {
		// HTML from a proxy, cut-off JSON: there is no better message.
		text := map[string]string{"message": snippet(body, creds)}
		exact, lower = text, text
	}
	code := ""
	for _, c := range []string{header.Get("X-Amzn-Errortype"), lower["code"], lower["__type"], unknownError} {
		c, _, _ = strings.Cut(c, ":") // namespace#Name:uri
		code = cmp.Or(code, strings.TrimSpace(c[strings.IndexByte(c, '#')+1:]))
	}
	message := redact(cmp.Or(exact["Message"], exact["message"]), creds)
	for _, e := range exceptions(message, cmp.Or(exact["RequestId"], headerRequestID(header)), exact["ResourceType"]) {
		if name := e.ErrorCode(); strings.EqualFold(name, code) && strings.Contains(op.exceptions, strings.TrimSuffix(name, "Exception")) {
			return e
		}
	}
	// An unmodelled 429 is retried only if the error is of this very type.
	return &smithy.GenericAPIError{Code: redact(code, creds), Message: cmp.Or(redact(lower["message"], creds), unknownError)}
}

func headerRequestID(header http.Header) string {
	return oneLine(cmp.Or(header.Get("X-Amzn-Requestid"), header.Get("X-Amz-Requestid")))
}

// responseError adds what the response says, but not the request, which holds
// the signature and the session token.
func responseError(resp *http.Response, err error) *awshttp.ResponseError {
	kept := http.Response{Header: http.Header{}}
	if resp != nil {
		kept = *resp
	}
	kept.Body, kept.Request, kept.TLS = http.NoBody, nil, nil
	e := &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &kept}, Err: err}
	return &awshttp.ResponseError{ResponseError: e, RequestID: headerRequestID(kept.Header)}
}

// textError is errors under a text that need not be theirs.
type textError struct {
	text string
	errs []error
}

func (e *textError) Error() string   { return e.text }
func (e *textError) Unwrap() []error { return e.errs }

// ended is the error of a call whose context is done, with what went wrong before,
// as a cancellation that the SDK's retryers know.
func ended(ctx context.Context, before ...error) error {
	cause := context.Cause(ctx)
	e := &textError{ctx.Err().Error(), []error{ctx.Err(), cause}}
	if cause != ctx.Err() {
		e.text += ", cause: " + cause.Error()
	}
	for _, err := range before {
		if err != nil {
			e.text += ", after: " + err.Error()
			e.errs = append(e.errs, err)
		}
	}
	return &aws.RequestCanceledError{Err: e}
}

// stopped is the error of a call that something keeps from going on.
func stopped(ctx context.Context, err, last error) error {
	if ctx.Err() != nil {
		return ended(ctx, err, last)
	}
	// rate.Limiter says so early, and in its own way, if the deadline would pass.
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
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

// httpStatus returns 0 for an error without a response.
func httpStatus(err error) int {
	if e, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return e.HTTPStatusCode()
	}
	return 0
}

// unmisread hides a text that package aws/retry would take for a broken connection.
func unmisread(err error) error {
	text := err.Error()
	if httpStatus(err) > 0 && (strings.Contains(text, "connection reset") || strings.Contains(text, "use of closed network connection")) {
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

// sendError is a request without a response. Its text may hold request headers.
func sendError(err error, creds aws.Credentials) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
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
	_, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok || errors.Is(err, http.ErrSchemeMismatch)
}

// neverConnected reports whether there was no connection to send a request on.
func neverConnected(err error) bool {
	op, dial := errors.AsType[*net.OpError](err)
	_, dns := errors.AsType[*net.DNSError](err)
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	return dial && op.Op == "dial" || dns || certificate || speaksNoTLS(err)
}
