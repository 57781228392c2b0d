package snapshotjob

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// callerKey is the key of a value that a caller's context has.
type callerKey struct{}

// seenContext keeps the context of a request.
func seenContext(seen *context.Context) transportFunc {
	return func(req *http.Request) (*http.Response, error) {
		*seen = req.Context()
		return completed.response()
	}
}

func TestContextTellsTheOperation(t *testing.T) {
	for _, tt := range apiCalls {
		t.Run(tt.operation, func(t *testing.T) {
			var seen context.Context
			ctx := context.WithValue(t.Context(), callerKey{}, "of the caller")
			require.NoError(t, tt.call(ctx, New(options(seenContext(&seen)))))
			assert.Equal(t, "QuickSight", awsmiddleware.GetServiceID(seen))
			assert.Equal(t, tt.operation, awsmiddleware.GetOperationName(seen))
			assert.Equal(t, "us-east-1", awsmiddleware.GetRegion(seen))
			assert.Equal(t, "of the caller", seen.Value(callerKey{}))
		})
	}
}

func TestContextTellsTheRegionOfTheCall(t *testing.T) {
	var seen context.Context
	client := New(options(seenContext(&seen)))
	inEurope := func(o *Options) { o.Region = "eu-west-1" }
	for _, tt := range apiCalls {
		require.NoError(t, tt.call(t.Context(), client, inEurope))
		assert.Equal(t, "eu-west-1", awsmiddleware.GetRegion(seen))
		require.NoError(t, tt.call(t.Context(), client))
		assert.Equal(t, "us-east-1", awsmiddleware.GetRegion(seen))
	}
}

// The context of another call, in which this one is made, tells another operation.
func TestContextOfAnotherCallIsNotBelieved(t *testing.T) {
	ctx := awsmiddleware.SetServiceID(t.Context(), "S3")
	ctx = middleware.WithStackValue(ctx, callerKey{}, "of the other call")
	var seen context.Context
	_, err := New(options(seenContext(&seen))).DescribeDashboardSnapshotJob(ctx, exampleJob)
	require.NoError(t, err)
	assert.Equal(t, "QuickSight", awsmiddleware.GetServiceID(seen))
}

func TestCancellationReachesTheTransport(t *testing.T) {
	for _, tt := range apiCalls {
		t.Run(tt.operation, func(t *testing.T) {
			errStop := errors.New("stop")
			ctx, cancel := context.WithCancelCause(t.Context())
			var cause error
			client := New(options(transportFunc(func(req *http.Request) (*http.Response, error) {
				cancel(errStop)
				<-req.Context().Done()
				cause = context.Cause(req.Context())
				return nil, req.Context().Err()
			})))
			assert.ErrorIs(t, tt.call(ctx, client), errStop)
			assert.Equal(t, errStop, cause)
		})
	}
}

func TestCredentialsAreRetrievedWithTheContextOfTheCall(t *testing.T) {
	for _, tt := range apiCalls {
		t.Run(tt.operation, func(t *testing.T) {
			ctx := context.WithValue(t.Context(), callerKey{}, "of the caller")
			provider := &contextProvider{}
			o := options(responses(completed))
			o.Credentials = provider
			require.NoError(t, tt.call(ctx, New(o)))
			assert.Equal(t, []any{"of the caller"}, provider.seen)
		})
	}
}

func TestCredentialsAreRenewedWithTheContextOfTheCall(t *testing.T) {
	ctx := context.WithValue(t.Context(), callerKey{}, "of the caller")
	provider := &contextProvider{}
	o := options(responses(exceptionResponse(403, "ExpiredTokenException"), completed))
	o.Credentials = provider
	_, err := New(o).DescribeDashboardSnapshotJob(ctx, exampleJob)
	require.NoError(t, err)
	assert.Equal(t, []any{"of the caller", "of the caller", "of the caller"}, provider.seen)
}

// How long an attempt may last, as its request's context tells.
func TestAttemptTimeoutOfEveryCall(t *testing.T) {
	tests := []struct {
		name   string
		client time.Duration
		call   []func(*Options)
		want   time.Duration // 0 for an attempt that is not bounded
	}{
		{name: "default", client: 0, want: 30 * time.Second},
		{name: "set", client: time.Minute, want: time.Minute},
		{name: "none", client: -1, want: 0},
		{name: "none, long", client: -time.Hour, want: 0},
		{name: "default of a call", client: -1, call: setAttemptTimeout(0), want: 30 * time.Second},
		{name: "set by a call", client: 0, call: setAttemptTimeout(time.Second), want: time.Second},
		{name: "none for a call", client: time.Minute, call: setAttemptTimeout(-1), want: 0},
		{name: "as the client's", client: 0, call: []func(*Options){func(*Options) {}}, want: 30 * time.Second},
	}
	for _, tt := range tests {
		for _, operation := range apiCalls {
			t.Run(tt.name+" "+operation.operation, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var got time.Duration
					o := options(transportFunc(func(req *http.Request) (*http.Response, error) {
						if deadline, ok := req.Context().Deadline(); ok {
							got = time.Until(deadline)
						}
						return completed.response()
					}))
					o.AttemptTimeout = tt.client
					require.NoError(t, operation.call(t.Context(), New(o), tt.call...))
					assert.Equal(t, tt.want, got)
				})
			})
		}
	}
}

// setAttemptTimeout returns the option functions of a call.
func setAttemptTimeout(d time.Duration) []func(*Options) {
	return []func(*Options){func(o *Options) { o.AttemptTimeout = d }}
}

func TestSilentServerEndsTheCallByDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options(transportFunc(hangBeforeHeaders))
		o.AttemptTimeout = 0
		start := time.Now()
		_, err := describe(t, o)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 3*30*time.Second, time.Since(start))
	})
}

// Some transports say something else when the context of a request is done.
func TestAttemptTimeoutIsInTheChainThoughTheTransportHidesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options(transportFunc(hangBeforeHeadersAndFail))
		o.AttemptTimeout = time.Second
		_, err := describe(t, o)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "AttemptTimeout, 1s")
	})
}

// contextProvider is a provider of credentials that notes what its contexts have. It has
// an Invalidate method.
type contextProvider struct {
	seen []any
}

func (p *contextProvider) Retrieve(ctx context.Context) (aws.Credentials, error) {
	p.seen = append(p.seen, ctx.Value(callerKey{}))
	return exampleCredentials.value(), nil
}

// Invalidate does nothing.
func (*contextProvider) Invalidate() {}
