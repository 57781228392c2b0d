package snapshotjob

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	smithymiddleware "github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// What the retry loop in transport.go asks between attempts.

// tokenContext tells the standard retryer which attempt a token is for, by a
// private value of the SDK's own loop. Without it, every attempt looks like a
// call's first and adds a token when it succeeds.
func tokenContext(ctx context.Context, attempt int) context.Context {
	if attempt == 1 {
		return ctx
	}
	return laterAttempt{ctx, secondAttempt()}
}

type laterAttempt struct {
	context.Context
	second context.Context
}

func (c laterAttempt) Value(key any) any {
	if v := c.second.Value(key); v != nil {
		return v
	}
	return c.Context.Value(key)
}

// secondAttempt is the context that the SDK's loop makes for a second attempt.
var secondAttempt = sync.OnceValue(func() (second context.Context) {
	loop := retry.NewAttemptMiddleware(retryOnce{}, func(req any) any { return req })
	loop.HandleFinalize(context.Background(), smithymiddleware.FinalizeInput{},
		smithymiddleware.FinalizeHandlerFunc(func(ctx context.Context, _ smithymiddleware.FinalizeInput) (out smithymiddleware.FinalizeOutput, md smithymiddleware.Metadata, err error) {
			second = ctx
			return out, md, errRetryOnce
		}))
	return second
})

var errRetryOnce = errors.New("retry once")

// retryOnce has the SDK's loop make two attempts without a pause.
type retryOnce struct{ aws.NopRetryer }

func (retryOnce) IsErrorRetryable(error) bool                  { return true }
func (retryOnce) MaxAttempts() int                             { return 2 }
func (retryOnce) RetryDelay(int, error) (time.Duration, error) { return 0, nil }

// atLeastAsked lengthens a delay to what X-Amz-Retry-After asks for in
// milliseconds, by 5 seconds at the most.
func atLeastAsked(delay time.Duration, header http.Header) time.Duration {
	ms, err := strconv.ParseInt(header.Get("X-Amz-Retry-After"), 10, 64)
	if err != nil || ms < 0 {
		return delay
	}
	most := delay + 5*time.Second
	if ms > most.Milliseconds() {
		return most
	}
	return max(delay, time.Duration(ms)*time.Millisecond)
}

// sleep reports whether d passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
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
	switch errorCode(err) {
	case "InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure", "RequestTimeTooSkewed", "AccessDeniedException":
		return wrong.Abs() > 4*time.Minute
	}
	return false
}

func credentialsExpired(err error) bool {
	code := errorCode(err)
	return code == "ExpiredTokenException" || code == "ExpiredToken"
}
