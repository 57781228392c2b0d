package temporal_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"

	"github.com/quicksight-go/snapshotjob"
	exports "github.com/quicksight-go/snapshotjob/temporal"
)

// maxAttempts is how often a function of the user's is called that fails.
const maxAttempts = 10

func TestPanicsOfTheUserCountAsErrors(t *testing.T) {
	calls := 0
	mayPanic := func() {
		calls++
		if calls <= maxAttempts {
			panic("out of order")
		}
	}
	tests := []struct {
		name    string
		options exports.Options
	}{
		{
			name: "Deliver",
			options: exports.Options{Deliver: func(context.Context, *snapshotjob.Client, snapshotjob.Job) error {
				mayPanic()
				return nil
			}},
		},
		{
			name: "FillIn",
			options: exports.Options{FillIn: func(context.Context, *exports.Request) error {
				mayPanic()
				return nil
			}},
		},
		{
			name: "NextPage",
			options: exports.Options{NextPage: func(context.Context, string, string) (exports.Page, error) {
				mayPanic()
				return exports.Page{}, nil
			}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls = 0
				options := test.options
				options.Client = newFake(t, nil).Client()
				err := runOneOf(t, options)
				failure := applicationError(t, err)
				assert.Equal(t, exports.ErrorTypeFailed, failure.Type())
				assert.Contains(t, failure.Message(), "panic in Options."+test.name+": out of order")
				assert.NotContains(t, failure.Message(), "goroutine", "the stack is for the log")
				assert.Equal(t, maxAttempts, calls)
			})
		})
	}
}

func TestADeliveryThatTakesTooLongCountsAsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		env := newActivityEnvironment(t, exports.Options{
			Client: newFake(t, nil).Client(),
			Deliver: func(ctx context.Context, _ *snapshotjob.Client, _ snapshotjob.Job) error {
				<-ctx.Done()
				return ctx.Err()
			},
		})
		var last seen
		env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
			require.NoError(t, details.Get(&last))
		})
		_, err := env.ExecuteActivity("DeliverSnapshotJob", salesJob("daily"))
		failure := applicationError(t, err)
		assert.Equal(t, "deliver snapshot job 111122223333/sales/daily: "+
			"call of Options.Deliver: it took too long: context deadline exceeded", failure.Message())
		assert.Equal(t, 5*time.Second, failure.NextRetryDelay())
		assert.Equal(t, 1, last.Failures)
	})
}

func TestADeliveryMayTakeAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		_, err := runExport(t, exports.Options{
			Client: newFake(t, nil).Client(),
			Deliver: func(context.Context, *snapshotjob.Client, snapshotjob.Job) error {
				calls++
				time.Sleep(time.Hour)
				return nil
			},
		}, exports.ExportInput{Request: newRequest()})
		require.NoError(t, err)
		assert.Equal(t, 1, calls)
	})
}

// runOneOf runs a batch of pages if the options have any, and otherwise an export.
func runOneOf(t *testing.T, options exports.Options) error {
	t.Helper()
	if options.NextPage != nil {
		_, err := runBatch(t, options, exports.BatchInput{Source: "tenants"})
		return err
	}
	_, err := runExport(t, options, exports.ExportInput{Request: newRequest()})
	return err
}
