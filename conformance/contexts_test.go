package conformance

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// errReason is why the context of a test ends.
var errReason = errors.New("the caller's reason")

// canceled returns a context that has been canceled.
func canceled(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	cancel(errReason)
	return ctx, func() {}
}

// oneSecond returns a context that ends after a second.
func oneSecond(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, time.Second, errReason)
}

// sendNothing waits for headers that never come.
func sendNothing(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

// sendRetryLater asks for a pause that is longer than the context lasts.
func sendRetryLater(*http.Request) (*http.Response, error) {
	pause := map[string]string{"X-Amz-Retry-After": "5000"}
	return emptyResponse(http.StatusTooManyRequests, "", pause), nil
}

// sendHalfAnError sends the headers of an error, and nothing of its body.
func sendHalfAnError(req *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusNotFound,
		Header:     http.Header{},
		Body:       silentBody{ctx: req.Context()},
	}, nil
}

// silentBody is a body that brings nothing until a context is done.
type silentBody struct{ ctx context.Context }

// Read waits for the context.
func (b silentBody) Read([]byte) (int, error) {
	<-b.ctx.Done()
	return 0, b.ctx.Err()
}

// Close does nothing.
func (silentBody) Close() error { return nil }

// contextCases end a call at several places.
var contextCases = []struct {
	name string
	send DoFunc
	end  func(context.Context) (context.Context, context.CancelFunc)
}{
	{name: "canceled before the call", send: sendNothing, end: canceled},
	{name: "deadline while waiting for the headers", send: sendNothing, end: oneSecond},
	{name: "deadline between attempts", send: sendRetryLater, end: oneSecond},
	{name: "deadline while reading an error's body", send: sendHalfAnError, end: oneSecond},
}

// TestContexts shows that the errors of both clients match the context's error,
// and that ours also matches the cause. See CauseOfContext.
func TestContexts(t *testing.T) {
	for _, c := range contextCases {
		for client, name := range clientNames {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := c.end(t.Context())
					defer cancel()
					err := NewPair(Config(Keys, c.send)).callers()[client].call(ctx)
					require.Error(t, ctx.Err(), "the call ended before its context")
					assert.ErrorIs(t, err, ctx.Err())
					if name == "snapshotjob" {
						assert.ErrorIs(t, err, errReason)
					}
				})
			})
		}
	}
}

// TestDeadConnection counts the attempts that each client makes within two minutes if no
// response ever comes. See AttemptTimeout.
func TestDeadConnection(t *testing.T) {
	for client, want := range []int{1, 3} {
		t.Run(clientNames[client], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
				defer cancel()
				attempts := 0
				send := func(req *http.Request) (*http.Response, error) {
					attempts++
					return sendNothing(req)
				}
				err := NewPair(Config(Keys, DoFunc(send))).callers()[client].call(ctx)
				assert.Error(t, err)
				assert.Equal(t, want, attempts)
			})
		})
	}
}
