package temporal

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"go.temporal.io/sdk/activity"
)

// reportMargin is how long before its activity the context of a function of the user's
// ends. The server then hears of a function that took too long. It would have an activity
// that has ended without a word repeated for as long as stepTimeout allows.
const reportMargin = time.Minute

// errTooLong is the cause of a context that has ended because a function of the user's took
// too long.
var errTooLong = errors.New("it took too long")

// callUser calls the function of the user's that the options have under a name, within the
// time that its activity has. The error of a function that took too long wraps errTooLong.
func callUser(ctx context.Context, name string, function func(context.Context) error) error {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, deadline.Add(-reportMargin), errTooLong)
		defer cancel()
	}
	err := callSafely(ctx, name, function)
	if err != nil && errors.Is(context.Cause(ctx), errTooLong) {
		return fmt.Errorf("call of Options.%s: %w: %w", name, errTooLong, err)
	}
	return err
}

// callSafely calls a function of the user's. A panic becomes an error, which counts like
// any other. Temporal's SDK would have the activity repeated for as long as stepTimeout
// allows, and would write the stack to the history. The worker's log gets it instead.
func callSafely(ctx context.Context, name string, function func(context.Context) error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			activity.GetLogger(ctx).Error("A function of the options has panicked.",
				"Function", name,
				"Panic", historyText(fmt.Sprint(value)),
				"Stack", string(debug.Stack()),
			)
			err = fmt.Errorf("panic in Options.%s: %v", name, value)
		}
	}()
	return function(ctx)
}
