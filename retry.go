package snapshotjob

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	smithyrand "github.com/aws/smithy-go/rand"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
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

func credentialsExpired(err error) bool {
	code := errorCode(err)
	return code == "ExpiredTokenException" || code == "ExpiredToken"
}

// send is the retry loop; the decisions are the retryer's.
func (c *Client) send(ctx context.Context, s *settings, call *call) error {
	id, _ := smithyrand.NewUUID(rand.Reader).GetUUID() // never fails
	a := attempt{settings: s, call: call, invocationID: id, payloadHash: emptyPayloadHash, max: s.retryer.MaxAttempts()}
	if call.body != nil {
		a.payloadHash = fmt.Sprintf("%x", sha256.Sum256(call.body))
	}
	if !s.DisableClockSkewCorrection {
		a.skew = time.Duration(c.skew.Load())
	}
	noToken := func(error) error { return nil }
	releaseRetry, refreshed := noToken, false
	var last error
	for n := 1; ; n++ {
		if ctx.Err() != nil {
			return ended(ctx, last)
		}
		if s.Limiter != nil {
			if err := s.Limiter.Wait(ctx); err != nil {
				return stopped(ctx, fmt.Errorf("wait for the limiter: %w", err), last)
			}
		}
		releaseAttempt, err := s.retryer.GetAttemptToken(tokenContext(ctx, n))
		if err != nil {
			return stopped(ctx, fmt.Errorf("failed to get retry Send token, %w", err), last)
		}
		signedWith := a.skew
		a.number = n
		if err = a.send(ctx); err != nil && ctx.Err() != nil {
			err = ended(ctx, err, last)
		}
		releaseRetry(err)
		releaseAttempt(err)
		if a.skew != signedWith {
			c.skew.Store(int64(a.skew))
		}
		if err == nil || ctx.Err() != nil {
			return err
		}
		if isClockSkew(err, a.skew-signedWith) {
			err = &decidedError{fmt.Errorf("probable clock skew of %v: %w", a.skew.Round(time.Second), err), true}
		}
		last = err

		if !refreshed && credentialsExpired(err) && (a.max == 0 || n < a.max) && s.refresh(ctx, a.creds) {
			refreshed, releaseRetry = true, noToken
			a.log(ctx, "retry", "decision", "again with fresh credentials")
			continue
		}
		verdict := unmisread(err)
		// Package aws/retry takes it for throttling: 12 running jobs outlast it.
		full := call.op.method == http.MethodPost && errorCode(err) == "LimitExceededException"
		if full || !s.retryer.IsErrorRetryable(verdict) {
			a.log(ctx, "retry", "decision", "no: the error is final")
			return err
		}
		if a.max > 0 && n >= a.max {
			a.log(ctx, "retry", "decision", "no: that was the last attempt")
			return &retry.MaxAttemptsError{Attempt: n, Err: err}
		}
		if releaseRetry, err = s.retryer.GetRetryToken(ctx, verdict); err != nil {
			if ctx.Err() != nil {
				return ended(ctx, err, last)
			}
			a.log(ctx, "retry", "decision", "no: the retry quota is used up")
			return fmt.Errorf("%w, not tried again: %w", last, err)
		}
		delay, err := s.retryer.RetryDelay(n, verdict)
		if err != nil {
			return after(err, last)
		}
		delay = atLeastAsked(delay, a.header)
		a.log(ctx, "retry", "decision", "yes", "delay", delay)
		sleep(ctx, delay)
	}
}
