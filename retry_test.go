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
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pauseOf is an option of a standard retryer that pauses for d between attempts.
func pauseOf(d time.Duration) func(*retry.StandardOptions) {
	return func(o *retry.StandardOptions) {
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) {
			return d, nil
		})
	}
}

// noPause is an option of a standard retryer that doesn't pause between attempts.
func noPause(o *retry.StandardOptions) { pauseOf(0)(o) }

// retryFile is what retries.json holds.
type retryFile struct {
	Vectors []retryVector
	// Attempts says how many of at most 3 attempts follow each other if they all fail
	// with the same status and code.
	Attempts []struct {
		Status int
		Code   string
		Want   int
	}
}

// retryVector is a sequence of responses, and the settings of the retryer that sees
// them.
type retryVector struct {
	ID           string
	Tokens       *uint // in the bucket at the start
	MaxAttempts  int
	MaxBackoffMS int
	BaseDelayMS  int
	Steps        []retryStep
}

type retryStep struct {
	Status int
	Code   string
	Header map[string]string
	Want   struct {
		Outcome string // "retry", or how the call ends
		DelayMS int
		Exact   string // what X-Amz-Retry-After makes of the delay
		Quota   *uint  // the tokens that are left
	}
}

// bucketSize is the number of tokens that a retryer has at first.
const bucketSize = 500

func (v retryVector) bucket(t *testing.T) *ratelimit.TokenRateLimit {
	t.Helper()
	bucket := ratelimit.NewTokenRateLimit(bucketSize)
	if v.Tokens != nil {
		_, err := bucket.GetToken(t.Context(), bucketSize-*v.Tokens)
		require.NoError(t, err)
	}
	return bucket
}

func (v retryVector) retryer(bucket *ratelimit.TokenRateLimit) *retry.Standard {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.RateLimiter = bucket
		o.BaseDelay = time.Duration(v.BaseDelayMS) * time.Millisecond
		if v.MaxAttempts > 0 {
			o.MaxAttempts = v.MaxAttempts
		}
		if v.MaxBackoffMS > 0 {
			o.MaxBackoff = time.Duration(v.MaxBackoffMS) * time.Millisecond
		}
	})
}

// delayRecorder is a standard retryer that keeps the delays it chose.
type delayRecorder struct {
	*retry.Standard
	delays []chosenDelay
}

// chosenDelay is a delay that the standard retryer chose at random, and the longest
// of many that it might have chosen.
type chosenDelay struct {
	delay   time.Duration
	longest time.Duration
}

func (r *delayRecorder) RetryDelay(attempt int, err error) (time.Duration, error) {
	delay, delayErr := r.Standard.RetryDelay(attempt, err)
	chosen := chosenDelay{delay: delay, longest: delay}
	for range 64 {
		other, _ := r.Standard.RetryDelay(attempt, err)
		chosen.longest = max(chosen.longest, other)
	}
	r.delays = append(r.delays, chosen)
	return delay, delayErr
}

// moment is when something happened, and the tokens that the bucket had then.
type moment struct {
	at     time.Time
	tokens uint
}

// vectorPlayer plays the service of a vector, for a client whose retryer it watches.
type vectorPlayer struct {
	steps   []retryStep
	bucket  *ratelimit.TokenRateLimit
	retryer *delayRecorder
	sent    []moment // the attempts
	checked int      // how many steps have been checked

	// surplus is how many tokens the bucket has more than in the vector. The SDK tells its
	// retryer which attempts are retries by a private value in their context. Without that,
	// a success adds a token also if it was retried.
	surplus uint
}

func newVectorPlayer(t *testing.T, vector retryVector) *vectorPlayer {
	t.Helper()
	bucket := vector.bucket(t)
	return &vectorPlayer{
		steps:   vector.Steps,
		bucket:  bucket,
		retryer: &delayRecorder{Standard: vector.retryer(bucket)},
	}
}

func (p *vectorPlayer) now() moment {
	return moment{at: time.Now(), tokens: p.bucket.Remaining()}
}

func (p *vectorPlayer) RoundTrip(*http.Request) (*http.Response, error) {
	step := p.steps[len(p.sent)]
	p.sent = append(p.sent, p.now())
	resp, err := mockResponse{status: step.Status, header: step.Header}.response()
	resp.Header.Set("X-Amzn-Errortype", step.Code)
	return resp, err
}

// checkCall checks the steps of a call that has just ended with err.
func (p *vectorPlayer) checkCall(t *testing.T, err error) {
	t.Helper()
	require.Greater(t, len(p.sent), p.checked, "nothing was sent")
	moments := append(slices.Clone(p.sent), p.now())
	first := p.checked
	for p.checked < len(p.sent) {
		outcome := "retry"
		if p.checked == len(p.sent)-1 {
			outcome = outcomeOf(err)
			if outcome == "success" && p.checked > first {
				p.surplus++
			}
		}
		want := p.steps[p.checked].Want.Outcome
		require.Equal(t, want, outcome, "step %d of a call with error %v", p.checked, err)
		p.checkStep(t, moments[p.checked], moments[p.checked+1])
		p.checked++
	}
}

// checkStep checks what happened between an attempt and the next moment: another
// attempt, or the end of the call.
func (p *vectorPlayer) checkStep(t *testing.T, sent, next moment) {
	t.Helper()
	want := p.steps[p.checked].Want
	if want.Quota != nil {
		tokens := *want.Quota + p.surplus
		assert.Equal(t, min(bucketSize, tokens), next.tokens, "step %d: tokens left", p.checked)
	}
	slept := next.at.Sub(sent.at)
	if want.Outcome == "retry" {
		p.checkDelay(t, slept)
	} else {
		assert.Zero(t, slept, "step %d: delay", p.checked)
	}
}

// checkDelay checks the next delay that the retryer chose at random, and what came
// of it: X-Amz-Retry-After asks for another, within bounds.
func (p *vectorPlayer) checkDelay(t *testing.T, slept time.Duration) {
	t.Helper()
	require.NotEmpty(t, p.retryer.delays)
	chosen := p.retryer.delays[0]
	p.retryer.delays = p.retryer.delays[1:]

	want := p.steps[p.checked].Want
	wantSlept := chosen.delay
	bound := time.Duration(want.DelayMS) * time.Millisecond
	switch want.Exact {
	case "asked":
		wantSlept = bound
		bound = 50 * time.Millisecond
	case "5s more":
		wantSlept = chosen.delay + 5*time.Second
		bound -= 5 * time.Second
	}
	assert.Equal(t, wantSlept, slept, "step %d: delay", p.checked)
	// The longest of many random delays is somewhat less than the bound.
	assert.LessOrEqual(t, chosen.longest, bound, "step %d", p.checked)
	assert.GreaterOrEqual(t, chosen.longest, bound/2, "step %d", p.checked)
}

func outcomeOf(err error) string {
	_, exhausted := errors.AsType[*retry.MaxAttemptsError](err)
	_, quotaExceeded := errors.AsType[ratelimit.QuotaExceededError](err)
	switch {
	case err == nil:
		return "success"
	case exhausted:
		return "max attempts exceeded"
	case quotaExceeded:
		return "retry quota exceeded"
	default:
		return "fail"
	}
}

// TestRetryVectors runs the vectors that all SDKs share.
func TestRetryVectors(t *testing.T) {
	var file retryFile
	cases(t, "retries.json", &file)
	for _, tt := range file.Vectors {
		t.Run(tt.ID, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				player := newVectorPlayer(t, tt)
				o := options(player)
				o.Retryer = player.retryer
				client := New(o)
				for player.checked < len(tt.Steps) {
					_, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
					player.checkCall(t, err)
				}
			})
		})
	}
}

func TestAttemptsByStatusAndCode(t *testing.T) {
	var file retryFile
	cases(t, "retries.json", &file)
	for _, tt := range file.Attempts {
		t.Run(strings.TrimSpace(fmt.Sprint(tt.Status, " ", tt.Code)), func(t *testing.T) {
			checkAttempts(t, withCode(tt.Status, tt.Code), tt.Want)
		})
	}
}

// withCode is a response with an error code and nothing else.
func withCode(status int, code string) mockResponse {
	return mockResponse{status: status, header: map[string]string{"X-Amzn-Errortype": code}}
}

// checkAttempts checks how many attempts there are if all fail in the same way.
func checkAttempts(t *testing.T, failure mockResponse, want int) {
	t.Helper()
	sent := responses(failure)
	_, err := describe(t, options(sent))
	assert.Error(t, err)
	assert.Len(t, sent.requests, want)
}

// The standard retryer looks for some words in the text of an error, which must not
// be those of a response.
func TestResponseIsNotABrokenConnection(t *testing.T) {
	message := withCode(400, "InvalidParameterValueException")
	message.body = `{"Message":"connection reset by peer, use of closed network connection, ` +
		`connection refused"}`
	tests := map[string]mockResponse{
		"message":                       message,
		"code":                          withCode(400, "connection reset"),
		"HTML":                          {status: 400, body: "<html>connection reset by peer</html>"},
		"whole 200 that makes no sense": {status: 200, body: `["connection reset"]`},
	}
	for name, failure := range tests {
		t.Run(name, func(t *testing.T) {
			checkAttempts(t, failure, 1)
		})
	}
}

func TestRefusedConnectionIsTriedAgain(t *testing.T) {
	checkAttempts(t, mockResponse{err: errors.New("connection refused")}, 3)
}

func TestRedirectIsFinal(t *testing.T) {
	redirect := mockResponse{status: 307, header: map[string]string{"Location": "https://example.com/"}}
	checkAttempts(t, redirect, 1)
}

func TestRetryAfterMakesNothingRetryable(t *testing.T) {
	checkAttempts(t, mockResponse{status: 404, header: map[string]string{"Retry-After": "1"}}, 1)
}

func Test429OfAModeledExceptionIsFinal(t *testing.T) {
	checkAttempts(t, withCode(429, "PreconditionNotMetException"), 1)
}

func Test429OfAnUnknownExceptionIsTriedAgain(t *testing.T) {
	checkAttempts(t, withCode(429, "Whatever"), 3)
}

// checkPause checks the pause after a response with a header, for a retryer that
// would pause for a second.
func checkPause(t *testing.T, header, value string, want time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		failure := mockResponse{status: 503, header: map[string]string{header: value}}
		o := options(responses(failure, completed))
		o.Retryer = retry.NewStandard(pauseOf(time.Second))
		start := time.Now()
		_, err := describe(t, o)
		require.NoError(t, err)
		assert.Equal(t, want, time.Since(start))
	})
}

// As with the SDK's clients, Retry-After says nothing.
func TestRetryAfterIsNotRead(t *testing.T) {
	for _, value := range []string{"3", "Wed, 21 Oct 2099 07:28:00 GMT"} {
		t.Run(value, func(t *testing.T) {
			checkPause(t, "Retry-After", value, time.Second)
		})
	}
}

// X-Amz-Retry-After asks for a pause in milliseconds. The client pauses so long, but
// at least as long as its retryer says, and at most 5 seconds longer.
func TestAmzRetryAfter(t *testing.T) {
	tests := []struct {
		name  string
		value string
		want  time.Duration
	}{
		{name: "longer than the retryer's", value: "1500", want: 1500 * time.Millisecond},
		{name: "shorter than the retryer's", value: "500", want: time.Second},
		{name: "years", value: "999999999999", want: 6 * time.Second},
		{name: "the largest number", value: "9223372036854775807", want: 6 * time.Second},
		{name: "beyond the largest number", value: "99999999999999999999", want: time.Second},
		{name: "negative", value: "-1", want: time.Second},
		{name: "not an integer", value: "1.5", want: time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checkPause(t, "X-Amz-Retry-After", tt.value, tt.want)
		})
	}
}

// A retry takes 14 tokens, or 5 after throttling. A success adds one, and gives back what
// its last retry took.
func TestTokenBucket(t *testing.T) {
	failed := mockResponse{status: 500}
	throttled := mockResponse{status: 429}
	calls := []struct {
		name      string
		responses []mockResponse
		want      uint // the tokens left, after this call and those above
	}{
		{
			name:      "a success at once",
			responses: []mockResponse{completed},
			want:      401,
		},
		{
			name:      "a success on the second attempt",
			responses: []mockResponse{failed, completed},
			want:      402,
		},
		{
			name:      "a success on the third attempt",
			responses: []mockResponse{failed, failed, completed},
			want:      389,
		},
		{
			name:      "an error that is final",
			responses: []mockResponse{{status: 404}},
			want:      389,
		},
		{
			name:      "three failures",
			responses: []mockResponse{failed},
			want:      361,
		},
		{
			name:      "a throttled attempt and a success",
			responses: []mockResponse{throttled, completed},
			want:      362,
		},
		{
			name:      "three throttled attempts",
			responses: []mockResponse{throttled},
			want:      352,
		},
	}
	bucket := ratelimit.NewTokenRateLimit(bucketSize)
	_, err := bucket.GetToken(t.Context(), 100)
	require.NoError(t, err)
	o := options(nil)
	o.Retryer = retry.NewStandard(noPause, func(o *retry.StandardOptions) {
		o.RateLimiter = bucket
	})
	client := New(o)
	for _, call := range calls {
		client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob, func(o *Options) {
			o.Transport = responses(call.responses...)
		})
		assert.Equal(t, call.want, bucket.Remaining(), call.name)
	}
}

// firstRetryer is a retryer of the SDK's first kind: it has no GetAttemptToken. It
// tries everything again at once.
type firstRetryer struct {
	attempts int // MaxAttempts
	initial  int // how many initial tokens it has given
	released int // how many of these it has got back
}

func (r *firstRetryer) IsErrorRetryable(error) bool { return true }

func (r *firstRetryer) MaxAttempts() int { return r.attempts }

func (r *firstRetryer) RetryDelay(int, error) (time.Duration, error) { return 0, nil }

func (r *firstRetryer) GetRetryToken(context.Context, error) (func(error) error, error) {
	return func(error) error { return nil }, nil
}

func (r *firstRetryer) GetInitialToken() func(error) error {
	r.initial++
	return func(error) error {
		r.released++
		return nil
	}
}

// checkMaxAttempts checks that a client with these options makes so many attempts, and
// tells the service so.
func checkMaxAttempts(t *testing.T, want int, set func(*Options)) {
	t.Helper()
	sent := responses(mockResponse{status: 500})
	o := options(sent)
	set(&o)
	_, err := describe(t, o)
	assert.Error(t, err)
	require.Len(t, sent.requests, want)
	last := sent.requests[want-1].Header.Get("Amz-Sdk-Request")
	assert.Equal(t, fmt.Sprintf("attempt=%d; max=%[1]d", want), last)
}

func TestRetryersChooseTheNumberOfAttempts(t *testing.T) {
	adaptive := retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
		o.StandardOptions = append(o.StandardOptions, noPause)
	})
	tests := []struct {
		name    string
		retryer aws.Retryer
		want    int
	}{
		{name: "standard", retryer: retry.NewStandard(noPause), want: 3},
		{name: "adaptive", retryer: adaptive, want: 3},
		{name: "none", retryer: aws.NopRetryer{}, want: 1},
		{name: "of the first kind", retryer: &firstRetryer{attempts: 4}, want: 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checkMaxAttempts(t, tt.want, func(o *Options) {
				o.Retryer = tt.retryer
			})
		})
	}
}

func TestRetryMaxAttemptsOverridesTheRetryer(t *testing.T) {
	for _, attempts := range []int{1, 5} {
		t.Run(fmt.Sprint(attempts), func(t *testing.T) {
			checkMaxAttempts(t, attempts, func(o *Options) {
				o.Retryer = retry.NewStandard(noPause)
				o.RetryMaxAttempts = attempts
			})
		})
	}
}

func TestRetryerOfTheFirstKindGivesATokenForEveryAttempt(t *testing.T) {
	retryer := &firstRetryer{attempts: 4}
	o := options(responses(mockResponse{status: 500}))
	o.Retryer = retryer
	_, err := describe(t, o)
	assert.Error(t, err)
	assert.Equal(t, 4, retryer.initial, "tokens given")
	assert.Equal(t, 4, retryer.released, "tokens given back")
}

func TestRetryerWithoutAMaximum(t *testing.T) {
	failures := slices.Repeat([]mockResponse{{status: 500}}, 9)
	sent := responses(append(failures, completed)...)
	o := options(sent)
	o.Retryer = &firstRetryer{attempts: 0}
	_, err := describe(t, o)
	assert.NoError(t, err)
	require.Len(t, sent.requests, 10)
	assert.Equal(t, "attempt=10", sent.requests[9].Header.Get("Amz-Sdk-Request"))
}

// refusing is a retryer that gives no attempt a token.
type refusing struct{ aws.NopRetryer }

func (refusing) GetAttemptToken(context.Context) (func(error) error, error) {
	return nil, errors.New("no token")
}

func TestRetryerThatGivesNoAttemptToken(t *testing.T) {
	sent := responses(mockResponse{status: 500})
	o := options(sent)
	o.Retryer = refusing{}
	_, err := describe(t, o)
	assert.Error(t, err)
	assert.Empty(t, sent.requests)
}

// textRetryer is a retryer that tries again if the error's text says "try later".
// It keeps the texts, and the types of the errors that it gets with a token.
type textRetryer struct {
	*retry.Standard
	texts    []string
	released []string
}

func (r *textRetryer) IsErrorRetryable(err error) bool {
	r.texts = append(r.texts, err.Error())
	return strings.Contains(err.Error(), "try later")
}

func (r *textRetryer) GetAttemptToken(context.Context) (func(error) error, error) {
	release := func(err error) error {
		r.released = append(r.released, fmt.Sprintf("%T", err))
		return nil
	}
	return release, nil
}

func TestRetryersReadTheError(t *testing.T) {
	sent := responses(mockResponse{status: 400, body: `{"message":"try later"}`}, completed)
	retryer := &textRetryer{Standard: retry.NewStandard(noPause)}
	o := options(sent)
	o.Retryer = retryer
	_, err := describe(t, o)
	assert.NoError(t, err)
	assert.Len(t, sent.requests, 2, "the retryer read %q", retryer.texts)
}

// As in the SDK's own loop, the attempt token comes back with the cancellation.
func TestRetryersSeeTheCancellation(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	retryer := &textRetryer{Standard: retry.NewStandard(noPause)}
	o := options(transportFunc(func(*http.Request) (*http.Response, error) {
		cancel()
		return nil, errors.New("too late")
	}))
	o.Retryer = retryer
	_, err := New(o).DescribeDashboardSnapshotJobResult(ctx, exampleJob)
	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, []string{"*aws.RequestCanceledError"}, retryer.released)
}

// As in the SDK's clients, a call's own retryer brings its own number of attempts.
func TestRetryerOfOneCall(t *testing.T) {
	twice := retry.NewStandard(noPause, func(o *retry.StandardOptions) {
		o.MaxAttempts = 2
	})
	tests := []struct {
		name string
		set  func(*Options)
		want int
	}{
		{
			name: "none",
			set:  func(*Options) {},
			want: 5,
		},
		{
			name: "its own retryer",
			set:  func(o *Options) { o.Retryer = twice },
			want: 2,
		},
		{
			name: "its own number",
			set:  func(o *Options) { o.RetryMaxAttempts = 4 },
			want: 4,
		},
		{
			name: "no number",
			set:  func(o *Options) { o.RetryMaxAttempts = 0 },
			want: 5,
		},
		{
			name: "both",
			set: func(o *Options) {
				o.Retryer = twice
				o.RetryMaxAttempts = 3
			},
			want: 3,
		},
		{
			name: "a retryer of the first kind",
			set:  func(o *Options) { o.Retryer = &firstRetryer{attempts: 2} },
			want: 2,
		},
		{
			name: "the default retryer",
			set:  func(o *Options) { o.Retryer = nil },
			want: 5,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sent := responses(exceptionResponse(503, "ServiceUnavailable"))
				o := options(sent)
				o.RetryMaxAttempts = 5
				_, err := describe(t, o, tt.set)
				assert.Error(t, err)
				assert.Len(t, sent.requests, tt.want)
			})
		})
	}
}

func TestClosedConnectionInAMessageIsFinal(t *testing.T) {
	sent := responses(mockResponse{
		status: 400,
		header: map[string]string{"X-Amzn-Errortype": "InvalidParameterValueException"},
		body:   `{"Message":"use of closed network connection"}`,
	})
	_, err := describe(t, options(sent))
	assert.Error(t, err)
	assert.Len(t, sent.requests, 1)
}

// tokenCounter counts how often retry tokens are given back.
type tokenCounter struct {
	aws.RetryerV2
	taken, returned int
}

func (c *tokenCounter) GetRetryToken(context.Context, error) (func(error) error, error) {
	c.taken++
	return func(error) error { c.returned++; return nil }, nil
}

// renewable is a provider whose credentials can be renewed.
type renewable struct{ staticCredentials }

func (renewable) Invalidate() {}

func TestRetryTokenIsReturnedOnce(t *testing.T) {
	o := options(responses(
		mockResponse{status: 500},
		mockResponse{status: 403, header: map[string]string{"X-Amzn-Errortype": "ExpiredTokenException"}},
		completed,
	))
	counter := &tokenCounter{RetryerV2: o.Retryer.(aws.RetryerV2)}
	o.Retryer = counter
	o.Credentials = renewable{staticCredentials: exampleCredentials}
	_, err := describe(t, o)
	require.NoError(t, err)
	assert.Equal(t, 1, counter.taken)
	assert.Equal(t, 1, counter.returned)
}
