package batch

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/internal/awscode"
)

// isLimitExceeded reports whether the account runs as many jobs as it may.
func isLimitExceeded(err error) bool {
	_, ok := errors.AsType[*snapshotjob.LimitExceededException](err)
	return ok
}

// isResourceExists reports whether the job exists already.
func isResourceExists(err error) bool {
	_, ok := errors.AsType[*snapshotjob.ResourceExistsException](err)
	return ok
}

// mayGoAway reports whether an error of a call may go away by itself. Once the service has
// accepted the credentials, that is also so for what keeps requests from being sent at all,
// such as a provider that can't renew the credentials for a while, and for credentials that
// the service calls expired.
func (r *run) mayGoAway(err error) bool {
	if errors.Is(err, snapshotjob.ErrOutcomeUnknown) || snapshotjob.IsTransient(err) {
		return true
	}
	if _, isRefused := errors.AsType[*snapshotjob.InvalidInputError](err); isRefused {
		return false
	}
	if !r.ledger.hasAcceptedCredentials() {
		return false
	}
	apiError, isOfService := errors.AsType[smithy.APIError](err)
	return !isOfService || awscode.IsExpired(apiError.ErrorCode())
}

// mayForeseeDeadline reports whether err may be that of a limiter, which refuses a wait that
// would outlast the deadline of ctx. A credentials provider with a deadline of its own may
// have such an error too, so that it is no proof that the end of ctx is near.
func mayForeseeDeadline(ctx context.Context, err error) bool {
	_, isCanceled := errors.AsType[*aws.RequestCanceledError](err)
	_, hasDeadline := ctx.Deadline()
	return isCanceled && hasDeadline
}

// isThrottled reports whether the service asks for fewer calls.
func isThrottled(err error) bool {
	return retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err).Bool()
}

// isNotFound reports whether the service says that a job is not there.
func isNotFound(err error) bool {
	_, ok := errors.AsType[*snapshotjob.ResourceNotFoundException](err)
	return ok
}

// contextError returns the error of ctx, which has ended, with its cause.
func contextError(ctx context.Context) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, ctx.Err()) {
		return cause
	}
	return fmt.Errorf("%w: %w", ctx.Err(), cause)
}

// notStartedError is the error of a request that was not started because ctx has ended.
func notStartedError(ctx context.Context) error {
	return fmt.Errorf("not started: %w", contextError(ctx))
}

// withContextError returns the error of a start during which ctx has ended. The response may
// have come just before, so that err is the service's.
func withContextError(ctx context.Context, err error) error {
	if errors.Is(err, ctx.Err()) {
		return err
	}
	return fmt.Errorf("%w: %w", notStartedError(ctx), err)
}
