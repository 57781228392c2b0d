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
	"golang.org/x/time/rate"
)

// limiterFunc and providerFunc are parts of a client that a test plays itself.
type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

type providerFunc func(context.Context) (aws.Credentials, error)

func (f providerFunc) Retrieve(ctx context.Context) (aws.Credentials, error) { return f(ctx) }

// waiting is a retryer whose attempt tokens have to be waited for.
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

func untilDone(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

// A context that ends is told of by every error of every place where a call can
// be: with its own error, its cause, and what the service said before.
func TestContextEndsTheCall(t *testing.T) {
	hangingBody := func(status int) func(*http.Request) (*http.Response, error) {
		return func(req *http.Request) (*http.Response, error) {
			resp, err := apiError(status, "ResourceNotFoundException").response()
			resp.Body = readerFunc(func([]byte) (int, error) { return 0, untilDone(req.Context()) })
			return resp, err
		}
	}
	tests := []struct {
		where string
		// set makes every attempt after the first hang until the context is done.
		set func(o *Options, first func() bool)
		// send is what the transport does after the first attempt; nil: nothing.
		send func(*http.Request) (*http.Response, error)
	}{
		{where: "limiter", set: func(o *Options, first func() bool) {
			o.Limiter = limiterFunc(func(ctx context.Context) error {
				if first() {
					return nil
				}
				return untilDone(ctx)
			})
		}},
		{where: "limiter, with an error of its own", set: func(o *Options, first func() bool) {
			o.Limiter = limiterFunc(func(ctx context.Context) error {
				if first() {
					return nil
				}
				untilDone(ctx)
				return errors.New("limiter stopped")
			})
		}},
		{where: "attempt token", set: func(o *Options, first func() bool) {
			o.Retryer = waiting{o.Retryer.(*retry.Standard), func(ctx context.Context) error {
				if first() {
					return nil
				}
				return untilDone(ctx)
			}}
		}},
		{where: "credentials", set: func(o *Options, first func() bool) {
			o.Credentials = providerFunc(func(ctx context.Context) (aws.Credentials, error) {
				if !first() {
					return aws.Credentials{}, fmt.Errorf("refresh: %w", untilDone(ctx))
				}
				return exampleCredentials.value(), nil
			})
		}},
		{where: "retry token", set: func(o *Options, _ func() bool) {
			o.Retryer = hoarding{o.Retryer.(*retry.Standard)}
		}},
		{where: "between attempts", set: func(o *Options, _ func() bool) {
			o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return time.Hour, nil })
			})
		}},
		{where: "headers", send: func(req *http.Request) (*http.Response, error) { return nil, untilDone(req.Context()) }},
		{where: "headers, with an error of its own", send: func(req *http.Request) (*http.Response, error) {
			untilDone(req.Context())
			return nil, errors.New("use of closed network connection")
		}},
		{where: "body of a 200", send: hangingBody(200)},
		{where: "body of a 404", send: hangingBody(404)},
		{where: "an answer that came too late", send: func(req *http.Request) (*http.Response, error) {
			untilDone(req.Context())
			return apiError(500, "InternalFailureException").response()
		}},
	}
	cause := errors.New("the user went home")
	endings := map[string]func(context.Context) (context.Context, func()){
		"cancelled": func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithCancelCause(ctx)
			go func() { time.Sleep(time.Minute); cancel(cause) }()
			return ctx, func() { cancel(nil) }
		},
		"deadline": func(ctx context.Context) (context.Context, func()) {
			return context.WithTimeoutCause(ctx, time.Minute, cause)
		},
		"deadline without a cause": func(ctx context.Context) (context.Context, func()) {
			return context.WithTimeout(ctx, time.Minute)
		},
	}
	for _, tt := range tests {
		for ending, end := range endings {
			t.Run(tt.where+"/"+ending, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					attempts, asked := 0, 0
					o := options(transportFunc(func(req *http.Request) (*http.Response, error) {
						if attempts++; attempts == 1 {
							return apiError(429, "ThrottlingException").response()
						}
						if tt.send == nil {
							t.Errorf("attempt %d was sent, want one only", attempts)
							return completed.response()
						}
						return tt.send(req)
					}))
					if tt.set != nil {
						tt.set(&o, func() bool { asked++; return asked == 1 })
					}
					ctx, stop := end(t.Context())
					defer stop()
					start := time.Now()
					out, err := New(o).DescribeDashboardSnapshotJobResult(ctx, exampleJob)
					if out != nil || err == nil {
						t.Fatalf("output %+v and error %v, want an error alone", out, err)
					}
					checkEnded(t, ctx, err)
					if _, ok := errorAs[*ThrottlingException](err); !ok {
						t.Errorf("the service's last error is not in the chain of %v", err)
					}
					if got := time.Since(start); got != time.Minute {
						t.Errorf("the call took %v, want it to end with its context after 1m", got)
					}
				})
			})
		}
	}
}

func checkEnded(t *testing.T, ctx context.Context, err error) {
	t.Helper()
	if !errors.Is(err, ctx.Err()) || !errors.Is(err, context.Cause(ctx)) {
		t.Errorf("error %v, want one that matches %v and the cause %v", err, ctx.Err(), context.Cause(ctx))
	}
	var canceled *aws.RequestCanceledError
	if !errors.As(err, &canceled) || errors.As(err, new(*retry.MaxAttemptsError)) {
		t.Errorf("error %v, want a *aws.RequestCanceledError and no *retry.MaxAttemptsError", err)
	}
	if strings.ContainsAny(err.Error(), "\r\n") {
		t.Errorf("error %q, want one line", err)
	}
}

func TestContextEndedBeforeTheCall(t *testing.T) {
	cause := errors.New("the user went home")
	canceled, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	expired, stop := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer stop()
	for name, ctx := range map[string]context.Context{"cancelled": canceled, "deadline": expired} {
		sent := answers(completed)
		o := options(sent)
		o.Limiter = limiterFunc(func(context.Context) error { t.Errorf("%s: the limiter was asked", name); return nil })
		_, err := New(o).DescribeDashboardSnapshotJobResult(ctx, exampleJob)
		if err == nil {
			t.Fatalf("%s: no error", name)
		}
		checkEnded(t, ctx, err)
		if len(sent.requests) > 0 {
			t.Errorf("%s: %d requests were sent, want none", name, len(sent.requests))
		}
	}
}

func TestContextTexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		o := options(transportFunc(func(req *http.Request) (*http.Response, error) {
			cancel(errors.New("the user went home"))
			return apiError(500, "InternalFailureException").response()
		}))
		_, err := New(o).DescribeDashboardSnapshotJobResult(ctx, exampleJob)
		const want = "operation error QuickSight: DescribeDashboardSnapshotJobResult, 111122223333/dash/job: request canceled, context canceled, cause: the user went home, " +
			"after: https response error StatusCode: 500, RequestID: R1, InternalFailureException: m"
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %v", err, want)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := New(options(answers(completed))).DescribeDashboardSnapshotJobResult(ctx, exampleJob)
	const want = "operation error QuickSight: DescribeDashboardSnapshotJobResult, 111122223333/dash/job: request canceled, context canceled"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %v", err, want)
	}
}

// An answer that arrived whole is returned although the context ended meanwhile.
func TestAnswerBeatsTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out, err := New(options(transportFunc(func(*http.Request) (*http.Response, error) {
		cancel()
		return completed.response()
	}))).DescribeDashboardSnapshotJobResult(ctx, exampleJob)
	if err != nil || out.JobStatus != SnapshotJobStatusCompleted {
		t.Errorf("output %+v and error %v, want the answer", out, err)
	}
}

func TestLimiter(t *testing.T) {
	t.Run("paces every attempt", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var times []time.Duration
			start := time.Now()
			o := options(transportFunc(func(*http.Request) (*http.Response, error) {
				times = append(times, time.Since(start))
				return answer{status: 500}.response()
			}))
			o.Limiter = rate.NewLimiter(10, 1)
			describe(t, o)
			if got, want := fmt.Sprint(times), "[0s 100ms 200ms]"; got != want {
				t.Errorf("attempts at %s, want %s", got, want)
			}
		})
	})
	t.Run("fails early, as the deadline would", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			o := options(answers(apiError(500, "InternalFailureException")))
			limiter := rate.NewLimiter(rate.Every(time.Minute), 1)
			o.Limiter = limiter
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			start := time.Now()
			_, err := New(o).DescribeDashboardSnapshotJobResult(ctx, exampleJob)
			if ctx.Err() != nil || time.Since(start) != 0 {
				t.Fatalf("after %v the context says %v, want an early answer", time.Since(start), ctx.Err())
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v does not match context.DeadlineExceeded", err)
			}
			if _, ok := errorAs[*InternalFailureException](err); !ok {
				t.Errorf("the service's last error is not in the chain of %v", err)
			}
			const want = "operation error QuickSight: DescribeDashboardSnapshotJobResult, 111122223333/dash/job: request canceled, context deadline exceeded: " +
				"wait for the limiter: rate: Wait(n=1) would exceed context deadline, after: https response error StatusCode: 500, RequestID: R1, InternalFailureException: m"
			if err.Error() != want {
				t.Errorf("got  %v\nwant %v", err, want)
			}
		})
	})
	t.Run("its other errors are no deadline", func(t *testing.T) {
		sent := answers(completed)
		o := options(sent)
		o.Limiter = rate.NewLimiter(10, 0) // no burst: rate says so
		_, err := describe(t, o)
		if err == nil || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "wait for the limiter: rate: ") || len(sent.requests) > 0 {
			t.Errorf("error %v and %d requests, want the limiter's own error and none", err, len(sent.requests))
		}
	})
}

func TestProviderErrors(t *testing.T) {
	tests := []struct {
		name     string
		provider providerFunc
		want     string
		asked    int
	}{
		{"its own error", func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, errors.New("static credentials are empty")
		}, "operation error QuickSight: DescribeDashboardSnapshotJobResult, 111122223333/dash/job: get identity: get credentials: static credentials are empty", 1},
		{"nothing, without an error", func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, nil },
			"operation error QuickSight: DescribeDashboardSnapshotJobResult, 111122223333/dash/job: get identity: get credentials: the provider returned none, without an error", 1},
		{"no secret", func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: exampleKeyID}, nil
		},
			"operation error QuickSight: DescribeDashboardSnapshotJobResult, 111122223333/dash/job: get identity: get credentials: the provider returned none, without an error", 1},
		// As with the official client, a deadline of the provider's own is tried again.
		{"a deadline of its own", func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, context.DeadlineExceeded
		}, "operation error QuickSight: DescribeDashboardSnapshotJobResult, 111122223333/dash/job: exceeded maximum number of attempts, 3, get identity: get credentials: context deadline exceeded", 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked, sent := 0, answers(completed)
			o := options(sent)
			o.Credentials = providerFunc(func(ctx context.Context) (aws.Credentials, error) { asked++; return tt.provider(ctx) })
			_, err := describe(t, o)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %v", err, tt.want)
			}
			if asked != tt.asked || len(sent.requests) > 0 {
				t.Errorf("the provider was asked %d times and %d requests were sent, want %d and none", asked, len(sent.requests), tt.asked)
			}
		})
	}
}

func TestConnectionsThatCannotBeMade(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	t.Run("TLS to a plain server", func(t *testing.T) {
		o := socketOptions(t, strings.Replace(plain.URL, "http:", "https:", 1))
		_, err := describe(t, o)
		if err == nil || errors.As(err, new(*retry.MaxAttemptsError)) || !strings.Contains(err.Error(), "the server does not speak TLS, check the endpoint's scheme") {
			t.Errorf("error %v, want one that names the scheme, after one attempt", err)
		}
	})
	t.Run("a host that does not exist", func(t *testing.T) {
		sent := answers(answer{err: &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "x.invalid", IsNotFound: true}}})
		_, err := describe(t, options(sent))
		const want = "operation error QuickSight: DescribeDashboardSnapshotJobResult, 111122223333/dash/job: https response error StatusCode: 0, RequestID: , request send failed, dial tcp: lookup x.invalid: no such host"
		if err == nil || err.Error() != want || len(sent.requests) != 1 {
			t.Errorf("%d attempts and error\n%v, want 1 and\n%v", len(sent.requests), err, want)
		}
	})
	t.Run("a name server that does not answer", func(t *testing.T) {
		sent := answers(answer{err: &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "server misbehaving", Name: "x.invalid", IsTemporary: true}}})
		if _, err := describe(t, options(sent)); err == nil || len(sent.requests) != 3 {
			t.Errorf("%d attempts and error %v, want 3", len(sent.requests), err)
		}
	})
}

func TestQuotaText(t *testing.T) {
	o := options(answers(apiError(500, "InternalFailureException")))
	o.Retryer = retry.NewStandard(noPause, func(o *retry.StandardOptions) { o.RateLimiter = ratelimit.NewTokenRateLimit(1) })
	_, err := describe(t, o)
	const want = "operation error QuickSight: DescribeDashboardSnapshotJobResult, 111122223333/dash/job: https response error StatusCode: 500, RequestID: R1, InternalFailureException: m, " +
		"not tried again: failed to get rate limit token, retry quota exceeded, 1 available, 14 requested"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %v", err, want)
	}
	if _, ok := errorAs[*awshttp.ResponseError](err); !ok {
		t.Errorf("no *http.ResponseError in the chain of %v", err)
	}
}
