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
	"github.com/go-json-experiment/json/jsontext"
)

// unknownError is the code, and the message, of an error that has none. The
// official client says the same.
const unknownError = "UnknownError"

// decodeException makes an exception of a response that is not 2xx, whatever its
// body is: an error of the service, a proxy's page, or nothing.
func decodeException(
	op *operation,
	header http.Header,
	body []byte,
	credentials aws.Credentials,
) smithy.APIError {
	members := readErrorBody(body, credentials)
	code := errorCodeOf(header, members)
	if modelled, ok := modelledCode(op, code); ok {
		message := cmp.Or(members.exact("Message"), members.exact("message"))
		requestID := showRequestID(members.exact("RequestId"), credentials)
		return newException(modelled, exceptionFields{
			message:      redactMessage(message, credentials),
			requestID:    cmp.Or(requestID, headerRequestID(header, credentials)),
			resourceType: redactCode(members.exact("ResourceType"), credentials),
		})
	}
	// Package aws/retry tries an unmodelled 429 again only if the error has this type.
	return &smithy.GenericAPIError{
		Code:    redactCode(code, credentials),
		Message: cmp.Or(redactMessage(members.inAnyCase("message"), credentials), unknownError),
	}
}

// errorCodeOf returns the code of an error, without its namespace and its URI: that
// of the header, else that of the body's members.
func errorCodeOf(header http.Header, members errorMembers) string {
	candidates := []string{
		header.Get("X-Amzn-Errortype"),
		members.inAnyCase("code"),
		members.inAnyCase("__type"),
	}
	for _, candidate := range candidates {
		if code := bareCode(candidate); code != "" {
			return code
		}
	}
	return unknownError
}

// bareCode returns the name in namespace#name:uri.
func bareCode(text string) string {
	text, _, _ = strings.Cut(text, ":")
	text = text[strings.IndexByte(text, '#')+1:]
	return strings.TrimSpace(text)
}

// modelledCode returns the code of an operation's exception, in the model's
// spelling.
func modelledCode(op *operation, code string) (string, bool) {
	for _, modelled := range op.exceptions {
		if strings.EqualFold(modelled, code) {
			return modelled, true
		}
	}
	return "", false
}

// errorMember is a member of an error's body whose value is a string.
type errorMember struct {
	name  string
	value string
}

// errorMembers are the members of an error's body, in their order. If a name stands
// twice, the last one counts.
type errorMembers []errorMember

// exact returns the value of a name, or "" if there is none.
func (m errorMembers) exact(name string) string {
	return m.last(func(n string) bool { return n == name })
}

// inAnyCase returns the value of a name, without regard to upper and lower case, or "".
func (m errorMembers) inAnyCase(name string) string {
	return m.last(func(n string) bool { return strings.EqualFold(n, name) })
}

func (m errorMembers) last(matches func(string) bool) string {
	for i := len(m) - 1; i >= 0; i-- {
		if matches(m[i].name) {
			return m[i].value
		}
	}
	return ""
}

// readErrorBody returns the members of an error's body. If the body is not a JSON
// object, its beginning stands in for the message.
func readErrorBody(body []byte, credentials aws.Credentials) errorMembers {
	const byteOrderMark = "\uFEFF"
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte(byteOrderMark)))
	if len(body) == 0 || bytes.HasPrefix(body, []byte("null")) { // what follows a value is ignored
		return nil
	}
	members, err := readStringMembers(body)
	if err != nil {
		return errorMembers{{name: "message", value: snippet(body, credentials)}}
	}
	return members
}

// readStringMembers returns the members of a JSON object whose values are strings.
func readStringMembers(body []byte) (errorMembers, error) {
	decoder := jsontext.NewDecoder(bytes.NewReader(body), syntaxOptions, jsontext.AllowDuplicateNames(true))
	if decoder.PeekKind() != '{' {
		return nil, errors.New("not a JSON object")
	}
	if _, err := decoder.ReadToken(); err != nil {
		return nil, err
	}
	var members errorMembers
	for decoder.PeekKind() == '"' {
		name, err := decoder.ReadToken()
		if err != nil {
			return nil, err
		}
		member := errorMember{name: name.String()}
		if decoder.PeekKind() != '"' {
			if err := decoder.SkipValue(); err != nil {
				return nil, err
			}
			continue
		}
		value, err := decoder.ReadToken()
		if err != nil {
			return nil, err
		}
		member.value = value.String()
		members = append(members, member)
	}
	// The object's end, or what stands in its place.
	_, err := decoder.ReadToken()
	return members, err
}

// headerRequestID returns the request id in a response's header, fit to be shown.
func headerRequestID(header http.Header, credentials aws.Credentials) string {
	id := header.Get("X-Amzn-Requestid")
	if id == "" {
		id = header.Get("X-Amz-Requestid")
	}
	return showRequestID(id, credentials)
}

// showRequestID makes a request id from outside fit to be shown.
func showRequestID(id string, credentials aws.Credentials) string {
	if isUUID(id) {
		return id // as the service's are; it can hold no secret
	}
	return redactCode(id, credentials)
}

// isUUID reports whether a text has the form of a UUID.
func isUUID(text string) bool {
	const form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
	if len(text) != len(form) {
		return false
	}
	for i := range len(form) {
		isRight := isHexDigit(text[i])
		if form[i] == '-' {
			isRight = text[i] == '-'
		}
		if !isRight {
			return false
		}
	}
	return true
}

// isHexDigit reports whether a byte is a hexadecimal digit.
func isHexDigit(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'f' || 'A' <= b && b <= 'F'
}

// responseError adds to err what a response says. It keeps neither the body nor the
// request, which holds the signature and the session token. A nil response stands
// for none.
func responseError(resp *http.Response, err error) *awshttp.ResponseError {
	return signedResponseError(resp, err, noCredentials)
}

// signedResponseError is responseError for a request that was signed with credentials,
// which the response may repeat.
func signedResponseError(resp *http.Response, err error, credentials aws.Credentials) *awshttp.ResponseError {
	kept := http.Response{Header: http.Header{}}
	if resp != nil {
		kept = *resp
	}
	kept.Body = http.NoBody
	kept.Request = nil
	kept.TLS = nil
	return &awshttp.ResponseError{
		ResponseError: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &kept},
			Err:      err,
		},
		RequestID: headerRequestID(kept.Header, credentials),
	}
}

// sendError is the error of a request that got no response. The text of a transport's
// error may repeat the request. It is shown without the user info and the queries of
// URLs, the caller's credentials, and what follows the name of a secret.
func sendError(err error, credentials aws.Credentials) error {
	//nolint:errorlint // What wraps such an error is not left out.
	if urlError, ok := err.(*url.Error); ok {
		err = urlError.Err // The request is known, and its URL may be presigned.
	}
	err = hideSecrets(err, credentials)
	if speaksNoTLS(err) {
		err = &retryDecision{
			err:       fmt.Errorf("the server does not speak TLS, check the endpoint's scheme: %w", err),
			retryable: false,
		}
	}
	return &smithyhttp.RequestSendError{Err: err}
}

// speaksNoTLS reports whether a server responded to https with plain HTTP.
func speaksNoTLS(err error) bool {
	_, isRecordHeader := errors.AsType[tls.RecordHeaderError](err)
	return isRecordHeader || errors.Is(err, http.ErrSchemeMismatch)
}

// connecting has the operations of package net, and of net/http's proxies, that come
// before a connection is there.
var connecting = map[string]bool{
	"dial":         true,
	"proxyconnect": true,
}

// neverConnected reports whether there was no connection to send a request on.
func neverConnected(err error) bool {
	if networkError, ok := errors.AsType[*net.OpError](err); ok && connecting[networkError.Op] {
		return true
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	return speaksNoTLS(err)
}

// errorCode returns the code of the service's error, or "" if err has none.
func errorCode(err error) string {
	if exception, ok := errors.AsType[smithy.APIError](err); ok {
		return exception.ErrorCode()
	}
	return ""
}

// httpStatus returns the status of an error's response, or 0 if there was none.
func httpStatus(err error) int {
	if responseErr, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return responseErr.HTTPStatusCode()
	}
	return 0
}

// textError gives errors another text, and keeps them in its chain.
type textError struct {
	text string
	errs []error
}

// Error returns the text.
func (e *textError) Error() string { return e.text }

// Unwrap returns the errors that the text is about.
func (e *textError) Unwrap() []error { return e.errs }

// canceledError is the error of a call whose context is done. It wraps ctx's error,
// its cause, and the errors that came before, in an *aws.RequestCanceledError, which
// retryers take for final. Errors that are nil are left out.
func canceledError(ctx context.Context, before ...error) error {
	cause := context.Cause(ctx)
	canceled := &textError{
		text: ctx.Err().Error(),
		errs: []error{ctx.Err(), cause},
	}
	//nolint:errorlint // A cause that wraps ctx.Err() tells more.
	if cause != ctx.Err() {
		canceled.text += ", cause: " + cause.Error()
	}
	for _, err := range before {
		if err != nil {
			canceled.text += ", after: " + err.Error()
			canceled.errs = append(canceled.errs, err)
		}
	}
	return &aws.RequestCanceledError{Err: canceled}
}

// admissionError is the error of a call that may not send another attempt. The last
// error is that of the attempt before; it may be nil.
func admissionError(ctx context.Context, err, last error) error {
	if ctx.Err() != nil {
		return canceledError(ctx, err, last)
	}
	if tellsOfDeadline(ctx, err) {
		err = &aws.RequestCanceledError{Err: fmt.Errorf("%w: %w", context.DeadlineExceeded, err)}
	}
	return withPrevious(err, last)
}

// tellsOfDeadline reports whether err says, in words of its own, that ctx's deadline
// would pass. rate.Limiter's Wait returns such an error before the deadline.
func tellsOfDeadline(ctx context.Context, err error) bool {
	_, hasDeadline := ctx.Deadline()
	return hasDeadline &&
		strings.Contains(err.Error(), "deadline") &&
		!errors.Is(err, context.DeadlineExceeded)
}

// withPrevious adds to err the error that came before it, which may be nil.
func withPrevious(err, previous error) error {
	if previous == nil {
		return err
	}
	return fmt.Errorf("%w, after: %w", err, previous)
}
