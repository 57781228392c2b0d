package conformance

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/stretchr/testify/assert"
)

// noJitter is the standard retryer with fixed delays.
type noJitter struct{ *retry.Standard }

// RetryDelay doubles the delay after every attempt.
func (noJitter) RetryDelay(attempt int, _ error) (time.Duration, error) {
	return 50 * time.Millisecond << (attempt - 1), nil
}

// retryVector is the responses to all attempts of one or several calls.
type retryVector struct {
	ID          string
	Tokens      *uint // how many tokens the retryer has; nil stands for all of them
	MaxAttempts int   // 0 stands for the retryer's default
	Steps       []retryStep
}

// retryStep is the response to one attempt.
type retryStep struct {
	Status int
	Code   string
	Header map[string]string
}

const allTokens = 500

// retryReplay is an HTTP client that plays a vector to a client, and writes down
// what happens when.
type retryReplay struct {
	vector retryVector
	bucket *ratelimit.TokenRateLimit
	began  time.Time
	sent   int // how many attempts there were
	trace  []retryEvent

	retriedSuccesses uint // calls that have succeeded after a retry
}

// retryEvent is something that happens while a vector is played.
type retryEvent struct {
	what   string
	at     time.Duration
	tokens uint

	// retriedSuccesses is how many calls had succeeded after a retry by then.
	retriedSuccesses uint
}

func newRetryReplay(t *testing.T, v retryVector) *retryReplay {
	t.Helper()
	bucket := ratelimit.NewTokenRateLimit(allTokens)
	if v.Tokens != nil {
		_, err := bucket.GetToken(t.Context(), allTokens-*v.Tokens)
		assert.NoError(t, err)
	}
	return &retryReplay{vector: v, bucket: bucket, began: time.Now()}
}

// retryer returns a standard retryer that takes its tokens from the bucket.
func (r *retryReplay) retryer() aws.Retryer {
	return noJitter{retry.NewStandard(func(o *retry.StandardOptions) {
		o.RateLimiter = r.bucket
		if r.vector.MaxAttempts > 0 {
			o.MaxAttempts = r.vector.MaxAttempts
		}
	})}
}

// note writes down that something happened.
func (r *retryReplay) note(what string) {
	r.trace = append(r.trace, retryEvent{
		what:             what,
		at:               time.Since(r.began),
		tokens:           r.bucket.Remaining(),
		retriedSuccesses: r.retriedSuccesses,
	})
}

// Do implements aws.HTTPClient. It repeats the last response for ever.
func (r *retryReplay) Do(*http.Request) (*http.Response, error) {
	r.note("sent")
	step := r.vector.Steps[min(r.sent, len(r.vector.Steps)-1)]
	r.sent++
	return emptyResponse(step.Status, step.Code, step.Header), nil
}

// play has one of the clients make calls until all responses are used up.
func (r *retryReplay) play(t *testing.T, client int) {
	t.Helper()
	retryer := r.retryer()
	cfg := Config(Keys, r)
	cfg.Retryer = func() aws.Retryer { return retryer }
	who := NewPair(cfg).callers()[client]
	for r.sent < len(r.vector.Steps) {
		first := r.sent
		err := who.call(t.Context())
		if err == nil && r.sent > first+1 {
			r.retriedSuccesses++
		}
		var maxAttempts *retry.MaxAttemptsError
		var quota ratelimit.QuotaExceededError
		noAttempt := errors.As(err, &maxAttempts)
		noToken := errors.As(err, &quota)
		r.note(fmt.Sprintf("ended: error %t, no attempt left %t, no token left %t",
			err != nil, noAttempt, noToken))
	}
	assert.Equal(t, len(r.vector.Steps), r.sent, "attempts")
}

// addRetryTokens returns what happened with the tokens that retried successes add to
// our client's retryer.
func addRetryTokens(t *testing.T, official []retryEvent) []retryEvent {
	t.Helper()
	expected := slices.Clone(official)
	for i, event := range expected {
		expected[i].tokens = min(allTokens, event.tokens+event.retriedSuccesses)
	}
	if !slices.Equal(expected, official) {
		t.Log(RetryTokens)
	}
	return expected
}

// TestCasesOfRetries replays the vectors that all SDKs share: with the same
// retryer both clients send at the same moments, and leave the same tokens, but
// for those that retried successes add.
func TestCasesOfRetries(t *testing.T) {
	var file struct{ Vectors []retryVector }
	loadCases(t, "retries.json", &file)
	for _, v := range file.Vectors {
		t.Run(v.ID, func(t *testing.T) {
			var traces [2][]retryEvent
			for client := range traces {
				synctest.Test(t, func(t *testing.T) {
					replay := newRetryReplay(t, v)
					replay.play(t, client)
					traces[client] = replay.trace
				})
			}
			assert.Equal(t, addRetryTokens(t, traces[0]), traces[1], "the official client, then ours")
		})
	}
}
