package snapshotjob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	smithyrand "github.com/aws/smithy-go/rand"
)

// retryLoop sends the attempts of one call. The retryer decides which errors are
// tried again, how often, and when.
type retryLoop struct {
	client   *Client
	settings *settings
	attempt  attempt

	result    callResult
	lastError error // of the last attempt, as its caller would see it

	// releaseRetryToken pays back the retryer's token for the attempt under way.
	// It does nothing for an attempt that took none.
	releaseRetryToken func(error) error

	// renewedCredentials reports whether the call has had its one attempt with
	// renewed credentials.
	renewedCredentials bool
}

// send sends a request until the service responds, refuses it, or ctx ends.
func (c *Client) send(ctx context.Context, s *settings, req *request, body any) (callResult, error) {
	loop := &retryLoop{
		client:            c,
		settings:          s,
		attempt:           newAttempt(s, req, body),
		releaseRetryToken: noToken,
	}
	if !s.options.DisableClockSkewCorrection {
		loop.attempt.skew = c.clockSkew.load()
	}
	err := loop.run(ctx)
	return loop.result, err
}

// noToken is the release of a token that was never taken.
func noToken(error) error { return nil }

// newInvocationID returns the random id that all attempts of a call share.
func newInvocationID() string {
	id, err := smithyrand.NewUUID(rand.Reader).GetUUID()
	if err != nil {
		panic(err) // crypto/rand ends the program rather than return an error
	}
	return id
}

// run sends attempts until one succeeds or the error is final, and returns the
// error of the call.
func (l *retryLoop) run(ctx context.Context) error {
	for number := 1; ; number++ {
		releaseAttempt, err := l.admit(ctx)
		if err != nil {
			return err
		}
		err = l.sendAttempt(ctx, number, releaseAttempt)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if l.renewCredentials(ctx, err) {
			continue
		}
		if err := l.prepareRetry(ctx, err); err != nil {
			return err
		}
	}
}

// admit waits until one more attempt may be sent: for the limiter, and for the
// retryer's token. It returns the function that releases the token.
func (l *retryLoop) admit(ctx context.Context) (func(error) error, error) {
	if ctx.Err() != nil {
		return nil, canceledError(ctx, l.lastError)
	}
	if l.settings.options.Limiter != nil {
		if err := l.settings.options.Limiter.Wait(ctx); err != nil {
			return nil, admissionError(ctx, fmt.Errorf("wait for the limiter: %w", err), l.lastError)
		}
	}
	release, err := l.settings.retryer.GetAttemptToken(ctx)
	if err != nil {
		return nil, admissionError(ctx, fmt.Errorf("failed to get retry Send token, %w", err), l.lastError)
	}
	return release, nil
}

// sendAttempt sends one attempt, releases its tokens, and keeps what it learnt.
// The error is the one that the call would end with.
func (l *retryLoop) sendAttempt(ctx context.Context, number int, releaseAttempt func(error) error) error {
	l.attempt.number = number
	signedWith := l.attempt.skew
	learned, err := l.attempt.send(ctx)
	l.attempt.skew = learned.skew
	l.keep(learned)
	if err != nil && ctx.Err() != nil {
		err = canceledError(ctx, err, l.lastError)
	}
	l.releaseRetryToken(err)
	releaseAttempt(err)
	if learned.skew != signedWith {
		l.client.clockSkew.store(learned.skew)
	}
	if err == nil || ctx.Err() != nil {
		return err
	}
	if isClockSkew(err, learned.skew-signedWith) {
		err = clockSkewError(err, learned.skew)
	}
	l.lastError = err
	return err
}

// keep adds what an attempt learnt to what the call has learnt.
func (l *retryLoop) keep(learned attemptResult) {
	l.result.requestID = learned.requestID
	l.result.status = learned.status
	if !learned.sent.IsZero() {
		l.result.attempts++
	}
	if l.result.firstSent.IsZero() {
		l.result.firstSent = learned.sent
	}
	if learned.outcomeUnknown {
		l.result.outcomeUnknown = true
	}
	l.attempt.previous = learned
}

// renewCredentials renews credentials that the service calls expired, once in a
// call, and reports whether the call is to be tried again with fresh ones.
func (l *retryLoop) renewCredentials(ctx context.Context, err error) bool {
	if l.renewedCredentials || !credentialsExpired(err) || l.isLastAttempt() {
		return false
	}
	if !l.settings.renewCredentials(ctx, l.attempt.previous.credentials) {
		return false
	}
	l.renewedCredentials = true
	l.releaseRetryToken = noToken
	l.attempt.log(ctx, "retry", "decision", "again with fresh credentials")
	return true
}

// isLastAttempt reports whether no attempt may follow the one just sent.
func (l *retryLoop) isLastAttempt() bool {
	return l.attempt.maxAttempts > 0 && l.attempt.number >= l.attempt.maxAttempts
}

// prepareRetry asks the retryer whether to try again after err. If so, it takes a
// token, waits, and returns nil. Otherwise it returns the error of the call.
func (l *retryLoop) prepareRetry(ctx context.Context, err error) error {
	retryer := l.settings.retryer
	judged := forRetryer(err)
	if !retryer.IsErrorRetryable(judged) {
		l.attempt.log(ctx, "retry", "decision", "no: the error is final")
		return err
	}
	if l.isLastAttempt() {
		l.attempt.log(ctx, "retry", "decision", "no: that was the last attempt")
		return &retry.MaxAttemptsError{Attempt: l.attempt.number, Err: err}
	}
	release, tokenErr := retryer.GetRetryToken(ctx, judged)
	if tokenErr != nil {
		return l.withoutToken(ctx, tokenErr)
	}
	l.releaseRetryToken = release
	delay, delayErr := retryer.RetryDelay(l.attempt.number, judged)
	if delayErr != nil {
		return withPrevious(delayErr, err)
	}
	delay = atLeastAsked(delay, l.attempt.previous.header)
	l.attempt.log(ctx, "retry", "decision", "yes", "delay", delay)
	sleep(ctx, delay)
	return nil
}

// withoutToken returns the error of a call that gets no token for a retry.
func (l *retryLoop) withoutToken(ctx context.Context, tokenErr error) error {
	if ctx.Err() != nil {
		return canceledError(ctx, tokenErr, l.lastError)
	}
	l.attempt.log(ctx, "retry", "decision", "no: the retry quota is used up")
	return fmt.Errorf("%w, not tried again: %w", l.lastError, tokenErr)
}

// atLeastAsked lengthens a delay to the milliseconds that X-Amz-Retry-After asks
// for, but by no more than 5 seconds.
func atLeastAsked(delay time.Duration, header http.Header) time.Duration {
	const longestExtension = 5 * time.Second
	const mostMilliseconds = 1_000_000_000 // some 11 days; keeps the product in range

	milliseconds, err := strconv.ParseInt(header.Get("X-Amz-Retry-After"), 10, 64)
	if err != nil {
		return delay
	}
	milliseconds = max(0, min(milliseconds, mostMilliseconds))
	asked := time.Duration(milliseconds) * time.Millisecond
	asked = min(asked, delay+longestExtension)
	return max(delay, asked)
}

// sleep waits for d or until ctx ends, and reports whether d has passed.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// IsTransient reports whether the same call may succeed later, without a change of its
// input: the service throttled the call or failed, the connection broke, or a result was
// asked for before the job had finished. It reports what package aws/retry would try
// again by default, and false for nil.
func IsTransient(err error) bool {
	if err == nil {
		return false
	}
	if errors.Is(err, ErrJobNotFinished) {
		return true
	}
	retryable := retry.IsErrorRetryables(retry.DefaultRetryables)
	return retryable.IsErrorRetryable(forRetryer(err)).Bool()
}

// forRetryer hides the text of a response, in which aws/retry looks for words such
// as "connection reset" that tell of a broken connection.
func forRetryer(err error) error {
	if httpStatus(err) == 0 {
		return err
	}
	text := err.Error()
	misleading := strings.Contains(text, "connection reset") ||
		strings.Contains(text, "use of closed network connection")
	if !misleading {
		return err
	}
	return &textError{text: "error response", errs: []error{err}}
}

// retryDecision is an error that tells retryers whether to try again. It has the
// text of the error that it wraps.
type retryDecision struct {
	err       error
	retryable bool
}

// Error returns the text of the wrapped error.
func (e *retryDecision) Error() string { return e.err.Error() }

// Unwrap returns the wrapped error.
func (e *retryDecision) Unwrap() error { return e.err }

// RetryableError is what package aws/retry asks of an error.
func (e *retryDecision) RetryableError() bool { return e.retryable }

// expiredCodes are the error codes that tell of expired credentials, of the API and of
// S3.
var expiredCodes = []string{
	"ExpiredToken",
	"ExpiredTokenException",
	"RequestExpired",
	"TokenRefreshRequired",
}

// credentialsExpired reports whether err says that the credentials have expired.
func credentialsExpired(err error) bool {
	return slices.Contains(expiredCodes, errorCode(err))
}
