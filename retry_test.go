package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

type retryFile struct {
	Vectors []struct {
		ID           string
		Tokens       *uint
		MaxAttempts  int
		MaxBackoffMS int
		BaseDelayMS  int
		Steps        []struct {
			Status int
			Code   string
			Header map[string]string
			Want   struct {
				Outcome string
				DelayMS int
				Exact   string
				Quota   *uint
			}
		}
	}
	Attempts []struct {
		Status int
		Code   string
		Want   int
	}
}

// recorder keeps the delays that the standard retryer chose at random, and the
// longest of many that it might have chosen.
type recorder struct {
	*retry.Standard
	delays, longest []time.Duration
}

func (r *recorder) RetryDelay(attempt int, err error) (time.Duration, error) {
	delay, delayErr := r.Standard.RetryDelay(attempt, err)
	longest := delay
	for range 64 {
		other, _ := r.Standard.RetryDelay(attempt, err)
		longest = max(longest, other)
	}
	r.delays, r.longest = append(r.delays, delay), append(r.longest, longest)
	return delay, delayErr
}

func TestRetryVectors(t *testing.T) {
	var file retryFile
	cases(t, "retries.json", &file)
	for _, tt := range file.Vectors {
		t.Run(tt.ID, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bucket := ratelimit.NewTokenRateLimit(500)
				if tt.Tokens != nil {
					bucket.GetToken(t.Context(), 500-*tt.Tokens)
				}
				retryer := &recorder{Standard: retry.NewStandard(func(o *retry.StandardOptions) {
					o.RateLimiter = bucket
					if tt.MaxAttempts > 0 {
						o.MaxAttempts = tt.MaxAttempts
					}
					if tt.MaxBackoffMS > 0 {
						o.MaxBackoff = time.Duration(tt.MaxBackoffMS) * time.Millisecond
					}
					o.BaseDelay = time.Duration(tt.BaseDelayMS) * time.Millisecond
				})}
				var times []time.Time
				var quotas []uint
				o := options(transportFunc(func(*http.Request) (*http.Response, error) {
					times, quotas = append(times, time.Now()), append(quotas, bucket.Remaining())
					step := tt.Steps[len(times)-1]
					a := answer{status: step.Status, header: map[string]string{"X-Amzn-Errortype": step.Code}}
					for name, value := range step.Header {
						a.header[name] = value
					}
					return a.response()
				}))
				o.Retryer = retryer
				client := New(o)
				surplus := uint(0) // a retried success adds a token that the vectors don't have
				for first := 0; first < len(tt.Steps); {
					i := first
					_, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
					ended, quota := time.Now(), bucket.Remaining()
					for ; i < len(times); i++ {
						want, last := tt.Steps[i].Want, i == len(times)-1
						outcome, after, slept := "retry", quota, time.Duration(0)
						if last {
							outcome, slept = outcomeOf(err), ended.Sub(times[i])
						} else {
							after, slept = quotas[i+1], times[i+1].Sub(times[i])
						}
						if outcome != want.Outcome {
							t.Fatalf("step %d: outcome %q, want %q (%v)", i, outcome, want.Outcome, err)
						}
						if outcome == "success" && i > first {
							surplus++
						}
						if want.Quota != nil && after != min(500, *want.Quota+surplus) {
							t.Errorf("step %d: %d tokens left, want %d", i, after, min(500, *want.Quota+surplus))
						}
						if outcome != "retry" {
							if slept != 0 {
								t.Errorf("step %d: slept %v, want no delay", i, slept)
							}
							continue
						}
						chosen, longest := retryer.delays[0], retryer.longest[0]
						retryer.delays, retryer.longest = retryer.delays[1:], retryer.longest[1:]
						checkDelay(t, i, chosen, longest, slept, time.Duration(want.DelayMS)*time.Millisecond, want.Exact)
					}
					first = i
				}
			})
		})
	}
}

// checkDelay checks a pause that the retryer chose at random, and what came of
// it: with X-Amz-Retry-After, the delay that was asked for within bounds.
func checkDelay(t *testing.T, step int, chosen, longest, slept, want time.Duration, exact string) {
	t.Helper()
	bound, asked := want, chosen
	switch exact {
	case "asked":
		bound, asked = 50*time.Millisecond, want
	case "5s more":
		bound, asked = want-5*time.Second, chosen+5*time.Second
	}
	if longest > bound || longest < bound/2 {
		t.Errorf("step %d: of many delays the retryer chose %v at the most, want somewhat less than %v", step, longest, bound)
	}
	if slept != asked {
		t.Errorf("step %d: slept %v, want %v", step, slept, asked)
	}
}

func outcomeOf(err error) string {
	var exhausted *retry.MaxAttemptsError
	var quota ratelimit.QuotaExceededError
	switch {
	case err == nil:
		return "success"
	case errors.As(err, &exhausted):
		return "max attempts exceeded"
	case errors.As(err, &quota):
		return "retry quota exceeded"
	}
	return "fail"
}

func TestAttemptsByStatusAndCode(t *testing.T) {
	var file retryFile
	cases(t, "retries.json", &file)
	for _, tt := range file.Attempts {
		t.Run(strings.TrimSpace(fmt.Sprint(tt.Status, " ", tt.Code)), func(t *testing.T) {
			sent := answers(answer{status: tt.Status, header: map[string]string{"X-Amzn-Errortype": tt.Code}})
			_, err := describe(t, options(sent))
			if err == nil || len(sent.requests) != tt.Want {
				t.Errorf("%d attempts and error %v, want %d attempts and an error", len(sent.requests), err, tt.Want)
			}
		})
	}
}

func TestWhatIsNotTriedAgain(t *testing.T) {
	tests := []struct {
		name   string
		answer answer
		want   int
	}{
		// The retryer looks for these words in the error's text.
		{"a message about a broken connection", answer{status: 400, header: map[string]string{"X-Amzn-Errortype": "InvalidParameterValueException"}, body: `{"Message":"connection reset by peer, use of closed network connection, connection refused"}`}, 1},
		{"a code about a broken connection", answer{status: 400, header: map[string]string{"X-Amzn-Errortype": "connection reset"}}, 1},
		{"HTML about a broken connection", answer{status: 400, body: "<html>connection reset by peer</html>"}, 1},
		{"a whole 200 that makes no sense", answer{status: 200, body: `["connection reset"]`}, 1},
		{"a redirect", answer{status: 307, header: map[string]string{"Location": "https://example.com/"}}, 1},
		{"Retry-After does not make it so", answer{status: 404, header: map[string]string{"Retry-After": "1"}}, 1},
		{"a modelled 429", answer{status: 429, header: map[string]string{"X-Amzn-Errortype": "PreconditionNotMetException"}}, 1},
		{"an unmodelled 429 is", answer{status: 429, header: map[string]string{"X-Amzn-Errortype": "Whatever"}}, 3},
		{"a refused connection is", answer{err: errors.New("connection refused")}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sent := answers(tt.answer)
			_, err := describe(t, options(sent))
			if err == nil || len(sent.requests) != tt.want {
				t.Errorf("%d attempts and error %v, want %d attempts", len(sent.requests), err, tt.want)
			}
		})
	}
}

// The header Retry-After is not read, X-Amz-Retry-After is.
func TestRetryAfter(t *testing.T) {
	tests := []struct {
		header, value string
		backoff, want time.Duration
	}{
		{"Retry-After", "3", 0, 0},
		{"Retry-After", "Wed, 21 Oct 2099 07:28:00 GMT", 0, 0},
		{"X-Amz-Retry-After", "1500", 0, 1500 * time.Millisecond},
		{"X-Amz-Retry-After", "1500", 2 * time.Second, 2 * time.Second},
		{"X-Amz-Retry-After", "999999999999", time.Second, 6 * time.Second},
		{"X-Amz-Retry-After", "9223372036854775807", time.Second, 6 * time.Second},
		{"X-Amz-Retry-After", "-1", time.Second, time.Second},
		{"X-Amz-Retry-After", "1.5", time.Second, time.Second},
		{"X-Amz-Retry-After", "99999999999999999999", time.Second, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.header+"="+tt.value, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := options(answers(answer{status: 503, header: map[string]string{tt.header: tt.value}}, completed))
				o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
					o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return tt.backoff, nil })
				})
				start := time.Now()
				if _, err := describe(t, o); err != nil {
					t.Fatal(err)
				}
				if got := time.Since(start); got != tt.want {
					t.Errorf("slept %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// A success adds a token, and gives those of its last retry back.
func TestTokenBucket(t *testing.T) {
	bucket := ratelimit.NewTokenRateLimit(500)
	bucket.GetToken(t.Context(), 100)
	o := options(answers(completed))
	o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
		o.RateLimiter = bucket
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
	})
	client := New(o)
	check := func(what string, want uint, script ...answer) {
		t.Helper()
		client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob, func(o *Options) { o.Transport = answers(script...) })
		if got := bucket.Remaining(); got != want {
			t.Errorf("after %s: %d tokens, want %d", what, got, want)
		}
	}
	check("a success at once", 401, completed)
	check("a success on the second attempt", 402, answer{status: 500}, completed)
	check("a success on the third attempt", 402-13, answer{status: 500}, answer{status: 500}, completed)
	check("an error that is final", 389, answer{status: 404})
	check("three failures", 389-28, answer{status: 500})
	check("a throttled attempt and a success", 362, answer{status: 429}, completed)
	check("three throttled attempts", 362-10, answer{status: 429})
}

// plain is a Retryer of the first kind, without GetAttemptToken.
type plain struct{ attempts, initial, released int }

func (p *plain) IsErrorRetryable(error) bool                  { return true }
func (p *plain) MaxAttempts() int                             { return p.attempts }
func (p *plain) RetryDelay(int, error) (time.Duration, error) { return 0, nil }
func (p *plain) GetRetryToken(context.Context, error) (func(error) error, error) {
	return func(error) error { return nil }, nil
}
func (p *plain) GetInitialToken() func(error) error {
	p.initial++
	return func(error) error { p.released++; return nil }
}

// refusing gives no attempt a token.
type refusing struct{ aws.NopRetryer }

func (refusing) GetAttemptToken(context.Context) (func(error) error, error) {
	return nil, errors.New("no token")
}

func TestRetryers(t *testing.T) {
	failing := answer{status: 500}
	old := &plain{attempts: 4}
	endless := &plain{attempts: 0}
	tests := []struct {
		name    string
		retryer aws.Retryer
		max     int
		answers []answer
		want    int
		header  string
	}{
		{"standard", retry.NewStandard(noPause), 0, []answer{failing}, 3, "attempt=3; max=3"},
		{"RetryMaxAttempts over it", retry.NewStandard(noPause), 5, []answer{failing}, 5, "attempt=5; max=5"},
		{"RetryMaxAttempts of one", retry.NewStandard(noPause), 1, []answer{failing}, 1, "attempt=1; max=1"},
		{"none", aws.NopRetryer{}, 0, []answer{failing}, 1, "attempt=1; max=1"},
		{"of the first kind", old, 0, []answer{failing}, 4, "attempt=4; max=4"},
		{"without an end", endless, 0, append(slices.Repeat([]answer{failing}, 9), completed), 10, "attempt=10"},
		{"adaptive", retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
			o.StandardOptions = append(o.StandardOptions, noPause)
		}), 0, []answer{failing}, 3, "attempt=3; max=3"},
		{"that gives no token", refusing{}, 0, []answer{failing}, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sent := answers(tt.answers...)
			o := options(sent)
			o.Retryer, o.RetryMaxAttempts = tt.retryer, tt.max
			_, err := describe(t, o)
			if len(sent.requests) != tt.want || (err == nil) != (tt.answers[len(tt.answers)-1].status == 200) {
				t.Fatalf("%d attempts and error %v, want %d", len(sent.requests), err, tt.want)
			}
			if tt.want > 0 {
				if got := sent.requests[tt.want-1].Header.Get("Amz-Sdk-Request"); got != tt.header {
					t.Errorf("Amz-Sdk-Request %q, want %q", got, tt.header)
				}
			}
		})
	}
	if old.initial != 4 || old.released != 4 {
		t.Errorf("the old Retryer gave %d tokens and got %d back, want one for each of 4 attempts", old.initial, old.released)
	}
}

func noPause(o *retry.StandardOptions) {
	o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
}

// attentive is a retryer that keeps what it is attentive about.
type attentive struct {
	*retry.Standard
	errs, released []string
}

func (a *attentive) IsErrorRetryable(err error) bool {
	a.errs = append(a.errs, err.Error())
	return strings.Contains(err.Error(), "try later")
}

func (a *attentive) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	return func(err error) error {
		a.released = append(a.released, fmt.Sprintf("%T", err))
		return nil
	}, nil
}

func TestRetryersSeeTheError(t *testing.T) {
	later := answer{status: 400, body: `{"message":"try later"}`}
	sent := answers(later, completed)
	o := options(sent)
	a := &attentive{Standard: retry.NewStandard(noPause)}
	o.Retryer = a
	if _, err := describe(t, o); err != nil || len(sent.requests) != 2 {
		t.Errorf("error %v after %d requests, want none after 2: the retryer reads %q", err, len(sent.requests), a.errs)
	}

	ctx, cancel := context.WithCancel(t.Context())
	a = &attentive{Standard: retry.NewStandard(noPause)}
	o.Retryer, o.Transport = a, transportFunc(func(*http.Request) (*http.Response, error) {
		cancel()
		return nil, errors.New("too late")
	})
	if _, err := New(o).DescribeDashboardSnapshotJobResult(ctx, exampleJob); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the cancellation", err)
	}
	if want := []string{"*aws.RequestCanceledError"}; !slices.Equal(a.released, want) {
		t.Errorf("the token of a cancelled attempt is released with %q, want %q, as in the SDK's loop", a.released, want)
	}
}

// As in the SDK's clients, a call's own retryer brings its own number of attempts.
func TestRetryerOfOneCall(t *testing.T) {
	twice := func(o *Options) {
		o.Retryer = retry.NewStandard(noPause, func(o *retry.StandardOptions) { o.MaxAttempts = 2 })
	}
	for name, c := range map[string]struct {
		call func(*Options)
		want int
	}{
		"none":                   {func(*Options) {}, 5},
		"its own retryer":        {twice, 2},
		"its own number":         {func(o *Options) { o.RetryMaxAttempts = 4 }, 4},
		"no number":              {func(o *Options) { o.RetryMaxAttempts = 0 }, 5},
		"both":                   {func(o *Options) { twice(o); o.RetryMaxAttempts = 3 }, 3},
		"a retryer of before V2": {func(o *Options) { o.Retryer = &plain{attempts: 2} }, 2},
		"the default":            {func(o *Options) { o.Retryer = nil }, 5},
	} {
		synctest.Test(t, func(t *testing.T) {
			sent := answers(apiError(503, "ServiceUnavailable"))
			o := options(sent)
			o.RetryMaxAttempts = 5
			if _, err := describe(t, o, c.call); err == nil || len(sent.requests) != c.want {
				t.Errorf("%s: %d requests, want %d (%v)", name, len(sent.requests), c.want, err)
			}
		})
	}
}
