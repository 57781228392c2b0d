package temporal

import (
	"context"
	"fmt"
	"runtime/debug"

	"go.temporal.io/sdk/activity"
)

// callUser calls the function of the user's that the options have under a name. A panic
// becomes an error, which counts like any other. Temporal's SDK would have the activity
// repeated for as long as stepTimeout allows, and would write the stack to the history.
// It goes to the worker's log instead.
func callUser(ctx context.Context, name string, function func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			activity.GetLogger(ctx).Error("A function of the options has panicked.",
				"Function", name,
				"Panic", fmt.Sprint(value),
				"Stack", string(debug.Stack()),
			)
			err = fmt.Errorf("Options.%s panicked: %v", name, value)
		}
	}()
	return function()
}
