package temporal

import (
	"context"
	"errors"
	"fmt"

	"github.com/quicksight-go/snapshotjob"
)

// deliver gives a finished job to the user.
func (a *activities) deliver(ctx context.Context, job snapshotjob.Job) error {
	beats, stop := startHeartbeats(ctx)
	defer stop()
	if a.options.Deliver == nil {
		const text = "this worker has no Options.Deliver, although others of the queue have one"
		return boundedError(ctx, beats, errors.New(text), maxFailures)
	}
	err := callUser(ctx, "Deliver", func(ctx context.Context) error {
		return a.options.Deliver(ctx, a.options.Client, job)
	})
	if err != nil {
		return userError(ctx, beats, fmt.Errorf("deliver snapshot job %s: %w", job, err))
	}
	return nil
}
