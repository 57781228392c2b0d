package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// retryLoop sends the attempts of one call. The retryer decides which errors are
// tried again, how often, and when. It hands out two kinds of tokens: an attempt token
// before every attempt, by which the adaptive mode limits the rate, and a retry token
// before every retry, which costs some of the 500 that a client has (see the package
// comment).
type retryLoop struct {
	client  *Client
	attempt attempt // with the settings and the request of the call

	result    callResult
	last      attemptResult // of the last attempt, whether it was sent or not
	lastError error         // of that attempt

	// releaseRetryToken tells the retryer how the attempt under way ended. After a
	// success the retryer takes back the retry token of that attempt. The function does
	// nothing if the attempt took no retry token.
	releaseRetryToken func(error) error

	// renewedCredentials reports whether the call has had its one attempt with
	// renewed credentials.
	renewedCredentials bool
}

// send makes the retry loop of a call, and runs it.
func (c *Client) send(ctx context.Context, s *settings, req request, body any) (callResult, error) {
	loop := &retryLoop{
		client:            c,
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

// run sends attempts until one succeeds, an error is final, or ctx ends. It returns the
// error of the call.
func (l *retryLoop) run(ctx context.Context) error {
	for number := 1; ; number++ {
		releaseAttemptToken, err := l.admit(ctx)
		if err != nil {
			return err
		}
		err = l.sendAttempt(ctx, number)
		isCanceled := err != nil && ctx.Err() != nil
		if isCanceled {
			err = canceledError(ctx, err, l.lastError)
		}
		_ = l.releaseRetryToken(err)
		_ = releaseAttemptToken(err)
		if err == nil || isCanceled {
			return err
		}
		l.lastError = l.markClockSkew(err)
		if l.renewCredentials(ctx) {
			continue
		}
		if err := l.prepareRetry(ctx); err != nil {
			return err
		}
	}
}

// admit waits until one more attempt may be sent: for the limiter, and for an attempt
// token. It returns the function that releases the token.
func (l *retryLoop) admit(ctx context.Context) (func(error) error, error) {
	if ctx.Err() != nil {
		return nil, canceledError(ctx, l.lastError)
	}
	settings := l.attempt.settings
	if settings.options.Limiter != nil {
		if err := settings.options.Limiter.Wait(ctx); err != nil {
			return nil, admissionError(ctx, fmt.Errorf("wait for the limiter: %w", err), l.lastError)
		}
	}
	release, err := settings.retryer.GetAttemptToken(ctx)
	if err != nil {
		err = fmt.Errorf("failed to get retry Send token, %w", err) // the SDK's words
		return nil, admissionError(ctx, err, l.lastError)
	}
	return release, nil
}

// sendAttempt sends one attempt, and keeps what it learnt.
func (l *retryLoop) sendAttempt(ctx context.Context, number int) error {
	l.attempt.number = number
	learned, err := l.attempt.send(ctx)
	if learned.skewIsKnown {
		l.attempt.skew = learned.skew
		l.client.clockSkew.store(learned.skew)
	}
	l.last = learned
	l.result.credentials = learned.credentials
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
	return err
}

// markClockSkew returns err as one that is tried again if a wrong clock can explain it,
// now that the service's clock is known. It returns any other err as it is.
func (l *retryLoop) markClockSkew(err error) error {
	if !isClockSkew(err, l.last.skew-l.last.signedSkew) {
		return err
	}
	return clockSkewError(err, l.last.skew)
}

// renewCredentials renews credentials that the service calls expired, once in a call.
// It reports whether the call is to be tried again for that reason.
func (l *retryLoop) renewCredentials(ctx context.Context) bool {
	if l.renewedCredentials || !credentialsExpired(l.lastError) || l.isLastAttempt() {
		return false
	}
	if !l.attempt.settings.invalidateCredentials(ctx, l.last.credentials) {
		return false
	}
	l.renewedCredentials = true
	l.releaseRetryToken = noToken // this further attempt costs no retry token
	l.attempt.log(ctx, "retry", "decision", "again with fresh credentials")
	return true
}

// isLastAttempt reports whether no attempt may follow the one just sent.
func (l *retryLoop) isLastAttempt() bool {
	return l.attempt.maxAttempts > 0 && l.attempt.number >= l.attempt.maxAttempts
}

// prepareRetry asks the retryer whether to try again after the last error. If so, it
// takes a retry token, waits, and returns nil. Otherwise it returns the error of the
// call.
func (l *retryLoop) prepareRetry(ctx context.Context) error {
	retryer := l.attempt.settings.retryer
	errForRetryer := forRetryer(l.lastError)
	if !retryer.IsErrorRetryable(errForRetryer) {
		l.attempt.log(ctx, "retry", "decision", "no: the error is final")
		return l.lastError
	}
	if l.isLastAttempt() {
		l.attempt.log(ctx, "retry", "decision", "no: that was the last attempt")
		return &retry.MaxAttemptsError{Attempt: l.attempt.number, Err: l.lastError}
	}
	release, tokenErr := retryer.GetRetryToken(ctx, errForRetryer)
	if tokenErr != nil {
		return l.withoutToken(ctx, tokenErr)
	}
	l.releaseRetryToken = release
	delay, delayErr := retryer.RetryDelay(l.attempt.number, errForRetryer)
	if delayErr != nil {
		return withPrevious(delayErr, l.lastError)
	}
	delay = atLeastAsked(delay, l.last.header)
	l.attempt.log(ctx, "retry", "decision", "yes", "delay", delay)
	sleep(ctx, delay) // if ctx ends meanwhile, admit says so
	return nil
}

// withoutToken returns the error of a call that gets no retry token.
func (l *retryLoop) withoutToken(ctx context.Context, tokenErr error) error {
	if ctx.Err() != nil {
		return canceledError(ctx, tokenErr, l.lastError)
	}
	l.attempt.log(ctx, "retry", "decision", "no: the retry quota is used up")
	return fmt.Errorf("%w, not tried again: %w", l.lastError, tokenErr)
}

// longestExtension is by how much X-Amz-Retry-After can make a delay longer, as in the
// AWS SDKs.
const longestExtension = 5 * time.Second

// atLeastAsked makes a delay as long as the header X-Amz-Retry-After asks for, in
// milliseconds, but by no more than longestExtension longer.
func atLeastAsked(delay time.Duration, header http.Header) time.Duration {
	milliseconds, err := strconv.ParseInt(header.Get("X-Amz-Retry-After"), 10, 64)
	if err != nil {
		return delay
	}
	longest := delay + longestExtension
	if milliseconds > longest.Milliseconds() {
		return longest
	}
	return max(delay, time.Duration(milliseconds)*time.Millisecond)
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
// input: after throttling, after LimitExceededException, after a 5xx status, after a
// timeout, if there was no response at all, or if a result was asked for before the job
// had finished. It is false for nil, for a call that its context has ended, for an
// [*InvalidInputError], and for a [*JobError] or a [*FileError] that is not wrapped. It is
// also false if a host does not exist, does not speak TLS, or sent a redirect.
func IsTransient(err error) bool {
	if err == nil || isVerdict(err) || isCanceled(err) {
		return false
	}
	if errors.Is(err, ErrJobNotFinished) || httpStatus(err) >= http.StatusInternalServerError {
		return true
	}
	retryable := retry.IsErrorRetryables(retry.DefaultRetryables)
	return retryable.IsErrorRetryable(forRetryer(err)).Bool()
}

// isVerdict reports whether an error is about the input or about the job, whatever words
// of the service its text repeats. Of a JobError and a FileError only err itself counts,
// because a *DownloadError has them in its chain beside errors that are transient.
func isVerdict(err error) bool {
	if _, isRefused := errors.AsType[*InvalidInputError](err); isRefused {
		return true
	}
	//nolint:errorlint // Only err itself counts.
	switch err.(type) {
	case *JobError, *FileError:
		return true
	}
	return false
}

// isCanceled reports whether the caller's context has ended the call. An attempt that ran
// out of AttemptTimeout has context.DeadlineExceeded in its chain too, and one that its
// transport has canceled has context.Canceled, so that these errors alone do not tell.
func isCanceled(err error) bool {
	if _, isEnded := errors.AsType[*aws.RequestCanceledError](err); isEnded {
		return true
	}
	_, isOfTransport := errors.AsType[*smithyhttp.RequestSendError](err)
	return errors.Is(err, context.Canceled) && !isOfTransport
}

// forRetryer returns the error as a retryer is to see it. Package aws/retry takes an
// error for a broken connection if its text has words such as "connection reset". A
// response may have these words too. Its error then gets another text.
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
