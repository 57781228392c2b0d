package snapshotjob

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/go-json-experiment/json"
)

// operation describes an operation of the API to the code that sends its calls.
// Whatever is special about an operation is a field of it, set in the operation's
// own file.
type operation struct {
	name   string
	method string

	// exceptions are the codes of the exceptions in the operation's model.
	exceptions []string

	// maxBody bounds what is read of a 2xx response, in bytes. If 0, it is
	// defaultMaxBody.
	maxBody int

	// decodeOptions are what the body of the response needs to be decoded, besides the
	// rules of decodeJSON.
	decodeOptions []json.Options

	// refineException gives an exception the meaning that it has for this
	// operation alone. If nil, exceptions stay as they are.
	refineException func(smithy.APIError) error
}

// bodyLimit returns how many bytes of a 2xx response are read at most.
func (op *operation) bodyLimit() int {
	return cmp.Or(op.maxBody, defaultMaxBody)
}

// request is what every attempt of a call sends.
type request struct {
	operation *operation
	path      requestPath
	query     string // encoded, without a question mark; empty if the request has none
	body      []byte // nil if the request has none

	// subject is what the call is about, for errors and logs. It may be nil if the input
	// is refused.
	subject fmt.Stringer
}

// callResult is what a call has learned besides the body of its response. A call that
// fails has one as well.
type callResult struct {
	requestID string    // in the header of the 2xx response
	status    int       // the HTTP status of the 2xx response
	attempts  int       // how many were sent
	firstSent time.Time // when the first attempt was sent; zero if none was

	// credentials signed the last attempt. Its response may repeat them.
	credentials aws.Credentials

	// outcomeUnknown reports whether an attempt failed in a way that leaves open
	// whether the service has done what it was asked for.
	outcomeUnknown bool
}

// requestIDOf returns the request id in the body of the response, fit to be shown, or the
// one in the header if the body has none.
func (r callResult) requestIDOf(inBody string) string {
	if inBody == "" {
		return r.requestID
	}
	return showRequestID(inBody, r.credentials)
}

// do checks the context and the settings, and sends a request as often as the retryer
// allows, until an attempt succeeds, an error is final, or ctx ends. It decodes the body
// of the response into what body points to. It sends nothing if there are problems, with
// the input, the context or the settings.
//
// The error does not name the operation yet: StartDashboardSnapshotJob needs it bare. In
// the end every caller passes it to callError.
func (c *Client) do(
	ctx context.Context,
	settings *settings,
	req request,
	inputProblems problemList,
	body any,
) (callResult, error) {
	problems := inputProblems
	problems.needContext(ctx)
	problems = append(problems, settings.problems...)
	if err := problems.err(); err != nil {
		return callResult{}, err
	}
	return c.send(settings.withOperation(ctx, req.operation), settings, req, body)
}

// callError adds the operation's name to the error of a call and, unless the
// input was refused, what the call is about.
func callError(req request, err error) error {
	if _, refused := errors.AsType[*InvalidInputError](err); !refused {
		err = fmt.Errorf("%s: %w", req.subject, err)
	}
	return &smithy.OperationError{
		ServiceID:     serviceID,
		OperationName: req.operation.name,
		Err:           err,
	}
}
