package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"
)

// limiterFunc is a limiter that a test plays itself.
type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

// providerFunc is a provider of credentials that a test plays itself.
type providerFunc func(context.Context) (aws.Credentials, error)

func (f providerFunc) Retrieve(ctx context.Context) (aws.Credentials, error) { return f(ctx) }

// waiting is a retryer whose attempt tokens come when wait returns.
type waiting struct {
	*retry.Standard
	wait func(context.Context) error
}

func (w waiting) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if err := w.wait(ctx); err != nil {
		return nil, err
	}
	return w.Standard.GetAttemptToken(ctx)
}

// hoarding is a retryer whose retry tokens never come.
type hoarding struct{ *retry.Standard }

func (hoarding) GetRetryToken(ctx context.Context, _ error) (func(error) error, error) {
	return nil, untilDone(ctx)
}

// untilDone blocks until ctx is done, and returns its error.
func untilDone(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// untilDoneButOnce returns a function that returns nil at once when it is called
// for the first time, and is untilDone from then on.
func untilDoneButOnce() func(context.Context) error {
	called := false
	return func(ctx context.Context) error {
		if called {
			return untilDone(ctx)
		}
		called = true
		return nil
	}
}

// place is where a call can be when its context ends. A first attempt has been
// throttled before.
type place struct {
	name string
	// prepare makes a part of the client hang. If it is nil, the transport hangs.
	prepare func(*Options)
	// send is the transport's second attempt. If it is nil, there must be none.
	send transportFunc
}

var places = []place{
	{name: "limiter", prepare: hangInLimiter},
	{name: "limiter, with an error of its own", prepare: hangInLimiterThatFails},
	{name: "attempt token", prepare: hangBeforeAttemptToken},
	{name: "credentials", prepare: hangInProvider},
	{name: "retry token", prepare: hangBeforeRetryToken},
	{name: "between attempts", prepare: pauseForAnHour},
	{name: "headers", send: hangBeforeHeaders},
	{name: "headers, with an error of its own", send: hangBeforeHeadersAndFail},
	{name: "body of a 200", send: hangInBodyOf(200)},
	{name: "body of a 404", send: hangInBodyOf(404)},
	{name: "a response that came too late", send: respondTooLate},
}

func hangInLimiter(o *Options) {
	o.Limiter = limiterFunc(untilDoneButOnce())
}

func hangInLimiterThatFails(o *Options) {
	wait := untilDoneButOnce()
	o.Limiter = limiterFunc(func(ctx context.Context) error {
		if wait(ctx) != nil {
			return errors.New("limiter stopped")
		}
		return nil
	})
}

func hangBeforeAttemptToken(o *Options) {
	o.Retryer = waiting{Standard: retry.NewStandard(noPause), wait: untilDoneButOnce()}
}

func hangInProvider(o *Options) {
	wait := untilDoneButOnce()
	o.Credentials = providerFunc(func(ctx context.Context) (aws.Credentials, error) {
		if err := wait(ctx); err != nil {
			return aws.Credentials{}, fmt.Errorf("refresh: %w", err)
		}
		return exampleCredentials.value(), nil
	})
}

func hangBeforeRetryToken(o *Options) {
	o.Retryer = hoarding{Standard: retry.NewStandard(noPause)}
}

func pauseForAnHour(o *Options) {
	o.Retryer = retry.NewStandard(pauseOf(time.Hour))
}

func hangBeforeHeaders(req *http.Request) (*http.Response, error) {
	return nil, untilDone(req.Context())
}

func hangBeforeHeadersAndFail(req *http.Request) (*http.Response, error) {
	untilDone(req.Context())
	return nil, errors.New("use of closed network connection")
}

func hangInBodyOf(status int) transportFunc {
	return func(req *http.Request) (*http.Response, error) {
		resp, err := exceptionResponse(status, "ResourceNotFoundException").response()
		resp.Body = bodyUntilDone(req.Context())
		return resp, err
	}
}

func respondTooLate(req *http.Request) (*http.Response, error) {
	untilDone(req.Context())
	return exceptionResponse(500, "InternalFailureException").response()
}

// options are those of a client that hangs in the place.
func (p place) options(t *testing.T) Options {
	t.Helper()
	attempts := 0
	o := options(transportFunc(func(req *http.Request) (*http.Response, error) {
		attempts++
		if attempts == 1 {
			return exceptionResponse(429, "ThrottlingException").response()
		}
		if p.send == nil {
			assert.Fail(t, "a second attempt was sent")
			return completed.response()
		}
		return p.send(req)
	}))
	if p.prepare != nil {
		p.prepare(&o)
	}
	return o
}

var errWentHome = errors.New("the user went home")

// endings are the ways in which a context can end after a minute.
var endings = []struct {
	name  string
	start func(context.Context) (context.Context, func())
}{
	{
		name: "canceled",
		start: func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(time.Minute, func() { cancel(errWentHome) })
			return ctx, func() { cancel(nil) }
		},
	},
	{
		name: "deadline",
		start: func(ctx context.Context) (context.Context, func()) {
			return context.WithTimeoutCause(ctx, time.Minute, errWentHome)
		},
	},
	{
		name: "deadline without a cause",
		start: func(ctx context.Context) (context.Context, func()) {
			return context.WithTimeout(ctx, time.Minute)
		},
	},
}

// Wherever a call is when its context ends, the call ends at once. Its error tells
// of the context, of the cause, and of what the service said before.
func TestContextEndsTheCall(t *testing.T) {
	for _, place := range places {
		for _, ending := range endings {
			t.Run(place.name+"/"+ending.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, stop := ending.start(t.Context())
					defer stop()
					start := time.Now()
					client := New(place.options(t))
					out, err := client.DescribeDashboardSnapshotJobResult(ctx, exampleJob)
					assert.Nil(t, out)
					checkEnded(t, ctx, err)
					assert.ErrorAs(t, err, new(*ThrottlingException))
					assert.Equal(t, time.Minute, time.Since(start))
				})
			})
		}
	}
}

// checkEnded checks the error of a call that ended with its context.
func checkEnded(t *testing.T, ctx context.Context, err error) {
	t.Helper()
	require.Error(t, err)
	require.Error(t, ctx.Err())
	assert.ErrorIs(t, err, ctx.Err())
	assert.ErrorIs(t, err, context.Cause(ctx))
	assert.ErrorAs(t, err, new(*aws.RequestCanceledError))
	assert.NotErrorAs(t, err, new(*retry.MaxAttemptsError))
	assert.NotRegexp(t, `[\r\n]`, err.Error())
}

// checkNothingStarts checks that a call whose context is done asks for nothing and
// sends nothing.
func checkNothingStarts(t *testing.T, ctx context.Context) {
	t.Helper()
	sent := responses(completed)
	o := options(sent)
	o.Limiter = limiterFunc(func(context.Context) error {
		assert.Fail(t, "the limiter was asked")
		return nil
	})
	_, err := New(o).DescribeDashboardSnapshotJobResult(ctx, exampleJob)
	checkEnded(t, ctx, err)
	assert.Empty(t, sent.requests)
}

func TestContextCanceledBeforeTheCall(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errWentHome)
	checkNothingStarts(t, ctx)
}

func TestDeadlineBeforeTheCall(t *testing.T) {
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	checkNothingStarts(t, ctx)
}

func TestTextOfACanceledCall(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	o := options(transportFunc(func(*http.Request) (*http.Response, error) {
		cancel(errWentHome)
		return exceptionResponse(500, "InternalFailureException").response()
	}))
	_, err := New(o).DescribeDashboardSnapshotJobResult(ctx, exampleJob)
	assert.EqualError(t, err, failedText+
		"request canceled, context canceled, cause: the user went home, "+
		"after: https response error StatusCode: 500, RequestID: R1, InternalFailureException: m")
}

func TestTextOfACallCanceledBefore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := New(options(responses(completed))).DescribeDashboardSnapshotJobResult(ctx, exampleJob)
	assert.EqualError(t, err, failedText+"request canceled, context canceled")
}

// A response that arrived whole is returned although the context ended meanwhile.
func TestResponseBeatsTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client := New(options(transportFunc(func(*http.Request) (*http.Response, error) {
		cancel()
		return completed.response()
	})))
	out, err := client.DescribeDashboardSnapshotJobResult(ctx, exampleJob)
	require.NoError(t, err)
	assert.Equal(t, SnapshotJobStatusCompleted, out.JobStatus)
}

func TestLimiterPacesEveryAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var sent []time.Duration
		o := options(transportFunc(func(*http.Request) (*http.Response, error) {
			sent = append(sent, time.Since(start))
			return mockResponse{status: 500}.response()
		}))
		o.Limiter = rate.NewLimiter(10, 1)
		_, err := describe(t, o)
		require.Error(t, err)
		assert.Equal(t, []time.Duration{0, 100 * time.Millisecond, 200 * time.Millisecond}, sent)
	})
}

// rate.Limiter fails before the deadline if it knows that waiting would pass it.
// The error is then that of a deadline, all the same.
func TestLimiterFailsBeforeTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options(responses(exceptionResponse(500, "InternalFailureException")))
		o.Limiter = rate.NewLimiter(rate.Every(time.Minute), 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := New(o).DescribeDashboardSnapshotJobResult(ctx, exampleJob)
		require.NoError(t, ctx.Err())
		require.Zero(t, time.Since(start))
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorAs(t, err, new(*InternalFailureException))
		assert.EqualError(t, err, failedText+
			"request canceled, context deadline exceeded: "+
			"wait for the limiter: rate: Wait(n=1) would exceed context deadline, "+
			"after: https response error StatusCode: 500, RequestID: R1, InternalFailureException: m")
	})
}

func TestOtherErrorsOfTheLimiter(t *testing.T) {
	sent := responses(completed)
	o := options(sent)
	o.Limiter = rate.NewLimiter(10, 0) // It can never give the one token that is asked for.
	_, err := describe(t, o)
	assert.ErrorContains(t, err, "wait for the limiter: rate: ")
	assert.NotErrorIs(t, err, context.DeadlineExceeded)
	assert.Empty(t, sent.requests)
}

func TestProviderErrors(t *testing.T) {
	tests := []struct {
		name  string
		creds aws.Credentials
		err   error
		want  string // behind failedText
		asked int    // how often the provider is asked
	}{
		{
			name:  "its own error",
			err:   errors.New("static credentials are empty"),
			want:  "get identity: get credentials: static credentials are empty",
			asked: 1,
		},
		{
			name:  "nothing, without an error",
			want:  "get identity: get credentials: the provider returned none, without an error",
			asked: 1,
		},
		{
			name:  "no secret",
			creds: aws.Credentials{AccessKeyID: exampleKeyID},
			want:  "get identity: get credentials: the provider returned none, without an error",
			asked: 1,
		},
		{
			// The official client tries it again as well.
			name: "a deadline of its own",
			err:  context.DeadlineExceeded,
			want: "exceeded maximum number of attempts, 3, get identity: get credentials: " +
				"context deadline exceeded",
			asked: 3,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			sent := responses(completed)
			o := options(sent)
			o.Credentials = providerFunc(func(context.Context) (aws.Credentials, error) {
				asked++
				return tt.creds, tt.err
			})
			_, err := describe(t, o)
			assert.EqualError(t, err, failedText+tt.want)
			assert.Equal(t, tt.asked, asked)
			assert.Empty(t, sent.requests)
		})
	}
}

func TestTLSToAPlainServer(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	o := socketOptions(t, strings.Replace(server.URL, "http:", "https:", 1))
	_, err := describe(t, o)
	assert.ErrorContains(t, err, "the server does not speak TLS, check the endpoint's scheme")
	assert.NotErrorAs(t, err, new(*retry.MaxAttemptsError))
}

// failedLookup is the error of a connection whose host has no address.
func failedLookup(dns *net.DNSError) mockResponse {
	dns.Name = "x.invalid"
	return mockResponse{err: &net.OpError{Op: "dial", Net: "tcp", Err: dns}}
}

func TestHostThatDoesNotExist(t *testing.T) {
	sent := responses(failedLookup(&net.DNSError{Err: "no such host", IsNotFound: true}))
	_, err := describe(t, options(sent))
	assert.EqualError(t, err, failedText+"https response error StatusCode: 0, RequestID: , "+
		"request send failed, dial tcp: lookup x.invalid: no such host")
	assert.Len(t, sent.requests, 1)
}

func TestNameServerThatFails(t *testing.T) {
	sent := responses(failedLookup(&net.DNSError{Err: "server misbehaving", IsTemporary: true}))
	_, err := describe(t, options(sent))
	assert.Error(t, err)
	assert.Len(t, sent.requests, 3)
}

func TestTextOfAUsedUpRetryQuota(t *testing.T) {
	o := options(responses(exceptionResponse(500, "InternalFailureException")))
	o.Retryer = retry.NewStandard(noPause, func(o *retry.StandardOptions) {
		o.RateLimiter = ratelimit.NewTokenRateLimit(1)
	})
	_, err := describe(t, o)
	assert.ErrorAs(t, err, new(*awshttp.ResponseError))
	assert.EqualError(t, err, failedText+
		"https response error StatusCode: 500, RequestID: R1, InternalFailureException: m, "+
		"not tried again: failed to get rate limit token, retry quota exceeded, 1 available, 14 requested")
}
