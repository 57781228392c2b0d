package temporal_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

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
				assert.Contains(t, failure.Message(), "Options."+test.name+" panicked: out of order")
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
			"Options.Deliver failed: it took too long: context deadline exceeded", failure.Message())
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

// The server takes no failure whose text is not UTF-8, so that a worker that sent one
// would seem to be lost.
func TestErrorsOfTheUserAreWrittenAsUTF8(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want string
	}{
		{
			name: "no type",
			err:  errors.New("open caf\xe9.pdf: no such file"),
			want: "deliver snapshot job 111122223333/sales/nightly: open caf\uFFFD.pdf: no such file",
		},
		{
			name: "a type",
			err:  temporal.NewNonRetryableApplicationError("caf\xe9.pdf", "Unwanted", nil),
			want: "caf\uFFFD.pdf",
		},
		{
			name: "a cause",
			err:  temporal.NewNonRetryableApplicationError("no file", "Unwanted", errors.New("caf\xe9.pdf")),
			want: "no file",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				failure := failedDelivery(t, test.err)
				assert.Equal(t, test.want, failure.Message())
				assert.True(t, utf8.ValidString(failure.Error()), failure.Error())
			})
		})
	}
}

func TestErrorsOfTheUserAreCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failure := failedDelivery(t, errors.New(strings.Repeat("x", 1_000_000)))
		assert.Less(t, len(failure.Message()), 10_000)
		assert.True(t, strings.HasPrefix(failure.Message(), "deliver snapshot job 111122223333/sales/nightly: xxx"))
		assert.True(t, strings.HasSuffix(failure.Message(), "xxx…"))
	})
}

// failedDelivery returns the error of an export whose deliveries all fail with err.
func failedDelivery(t *testing.T, err error) *temporal.ApplicationError {
	t.Helper()
	_, err = runExport(t, exports.Options{
		Client:  newFake(t, nil).Client(),
		Deliver: func(context.Context, *snapshotjob.Client, snapshotjob.Job) error { return err },
	}, exports.ExportInput{Request: newRequest()})
	return applicationError(t, err)
}

// All failures of a batch together have to be small enough for a history.
func TestBatchCutsItsFailuresOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		final := temporal.NewNonRetryableApplicationError(strings.Repeat("x", 100_000), "Unwanted", nil)
		options := exports.Options{
			Client:  newFake(t, nil).Client(),
			Deliver: func(context.Context, *snapshotjob.Client, snapshotjob.Job) error { return final },
		}
		_, err := runBatch(t, options, exports.BatchInput{Requests: newRequests(2)})
		var progress exports.Progress
		require.NoError(t, applicationError(t, err).Details(&progress))
		require.Len(t, progress.Failures, 2)
		assert.Less(t, len(progress.Failures[0]), 10_000)
	})
}
