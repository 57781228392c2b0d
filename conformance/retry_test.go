package conformance

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// noJitter is the standard retryer, but for the chance in its delays.
type noJitter struct{ *retry.Standard }

func (noJitter) RetryDelay(attempt int, _ error) (time.Duration, error) {
	return 50 * time.Millisecond << (attempt - 1), nil
}

// TestCasesOfRetries replays the vectors that all SDKs share: with the same
// retryer both clients send at the same moments, and leave the same tokens.
func TestCasesOfRetries(t *testing.T) {
	var file struct {
		Vectors []struct {
			ID          string
			Tokens      *uint
			MaxAttempts int
			Steps       []struct {
				Status int
				Code   string
				Header map[string]string
			}
		}
	}
	loadInto(t, "retries.json", &file)
	for _, v := range file.Vectors {
		t.Run(v.ID, func(t *testing.T) {
			var traces [2]string
			for i := range traces {
				synctest.Test(t, func(t *testing.T) {
					bucket := ratelimit.NewTokenRateLimit(500)
					if v.Tokens != nil {
						bucket.GetToken(t.Context(), 500-*v.Tokens)
					}
					step, start := 0, time.Now()
					trace := func(what string) {
						traces[i] += fmt.Sprintf("%s at %v with %d tokens; ", what, time.Since(start), bucket.Remaining())
					}
					cfg := Config(Keys, DoFunc(func(*http.Request) (*http.Response, error) {
						trace("sent")
						s := v.Steps[min(step, len(v.Steps)-1)]
						step++
						resp := &http.Response{StatusCode: s.Status, Header: http.Header{}, Body: http.NoBody}
						for name, value := range s.Header {
							resp.Header.Set(name, value)
						}
						if s.Code != "" {
							resp.Header.Set("X-Amzn-Errortype", s.Code)
						}
						return resp, nil
					}))
					standard := retry.NewStandard(func(o *retry.StandardOptions) {
						o.RateLimiter = bucket
						if v.MaxAttempts > 0 {
							o.MaxAttempts = v.MaxAttempts
						}
					})
					cfg.Retryer = func() aws.Retryer { return noJitter{standard} }
					for who := NewPair(cfg).callers()[i]; step < len(v.Steps); {
						err := who.call(t.Context())
						var exhausted *retry.MaxAttemptsError
						var quota ratelimit.QuotaExceededError
						trace(fmt.Sprintf("ended (ok %t, exhausted %t, quota %t)", err == nil, errors.As(err, &exhausted), errors.As(err, &quota)))
					}
					if step != len(v.Steps) {
						t.Errorf("%d attempts, want %d", step, len(v.Steps))
					}
				})
			}
			if traces[0] != traces[1] {
				t.Errorf("official: %s\n    ours: %s", traces[0], traces[1])
			}
		})
	}
}
