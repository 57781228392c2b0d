package batch

import (
	"context"

	"golang.org/x/time/rate"

	"github.com/quicksight-go/snapshotjob"
)

// callsPerSecond is how many calls a run makes if the client has no Limiter. AWS documents
// a limit of 10 for the account (API reference, StartDashboardSnapshotJob).
const callsPerSecond = 8

// newLimiter returns the limiter of a run whose client has none. Its burst of one call
// keeps every second within the limit.
func newLimiter() *rate.Limiter {
	const burst = 1
	return rate.NewLimiter(callsPerSecond, burst)
}

// limiterKey is the key of a run's limiter in the context that handle gets.
type limiterKey struct{}

// withLimiter returns a context that carries the limiter of a run.
func withLimiter(ctx context.Context, limiter *rate.Limiter) context.Context {
	return context.WithValue(ctx, limiterKey{}, limiter)
}

// limitBy returns a client option that limits calls by the limiter that ctx carries, if
// there is one and the client has none.
func limitBy(ctx context.Context) func(*snapshotjob.Options) {
	limiter, ok := ctx.Value(limiterKey{}).(*rate.Limiter)
	return func(o *snapshotjob.Options) {
		if ok && o.Limiter == nil {
			o.Limiter = limiter
		}
	}
}
