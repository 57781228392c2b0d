package snapshotjob

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// tokenContext tells the standard retryer that a token is for no call's first
// attempt, by a private value that only the SDK's own loop can set. Without it,
// every success adds a token.
func tokenContext(ctx context.Context, attempt int) context.Context {
	if attempt == 1 {
		return ctx
	}
	once := retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = 2, 0 })
	second := ctx // what it is when the loop has ended
	retry.NewAttemptMiddleware(once, func(req any) any { return req }).HandleFinalize(ctx, middleware.FinalizeInput{},
		middleware.FinalizeHandlerFunc(func(ctx context.Context, _ middleware.FinalizeInput) (out middleware.FinalizeOutput, md middleware.Metadata, err error) {
			second = ctx
			return out, md, &decidedError{errors.New("again"), true}
		}))
	return second
}

// passing reports whether err passes with time, as package aws/retry sees it, or
// says that a finished job's result is not there yet.
func passing(err error) bool {
	return errors.Is(err, ErrJobNotFinished) ||
		retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(unmisread(err)).Bool()
}

// atLeastAsked lengthens a delay to the milliseconds that X-Amz-Retry-After asks
// for, by 5 seconds at the most.
func atLeastAsked(delay time.Duration, header http.Header) time.Duration {
	ms, err := strconv.ParseInt(header.Get("X-Amz-Retry-After"), 10, 64)
	if err != nil {
		return delay
	}
	asked := time.Duration(max(0, min(ms, 1e9))) * time.Millisecond
	return max(delay, min(asked, delay+5*time.Second))
}

// sleep reports whether d passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// observeSkew returns how far the service's clock is ahead of ours. An answer
// from a cache, or after more than 15 minutes, does not tell.
func observeSkew(header http.Header, sent, received time.Time) (time.Duration, bool) {
	date, err := smithyhttp.ParseTime(header.Get("Date"))
	if err != nil || header.Get("Age") != "" || received.Sub(sent) > 15*time.Minute {
		return 0, false
	}
	return date.Sub(received), true
}

// isClockSkew reports whether a clock that is wrong by this much explains err.
func isClockSkew(err error, wrong time.Duration) bool {
	return wrong.Abs() > 4*time.Minute && slices.Contains([]string{"InvalidSignatureException", "SignatureDoesNotMatch",
		"AuthFailure", "RequestTimeTooSkewed", "AccessDeniedException"}, errorCode(err))
}

func credentialsExpired(err error) bool {
	code := errorCode(err)
	return code == "ExpiredTokenException" || code == "ExpiredToken"
}
