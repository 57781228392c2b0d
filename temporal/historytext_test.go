package temporal_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/quicksight-go/snapshotjob"
	exports "github.com/quicksight-go/snapshotjob/temporal"
)

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

func TestErrorsOfTheUserHaveNoPresignedURL(t *testing.T) {
	failedGet := &url.Error{
		Op:  "Get",
		URL: "https://bucket.s3.amazonaws.com/a.pdf?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE&X-Amz-Signature=0123abcd",
		Err: errors.New("stopped after 10 redirects"),
	}
	const want = `Get "https://bucket.s3.amazonaws.com/a.pdf?REDACTED": stopped after 10 redirects`
	tests := []struct {
		name string
		err  error
		want string
	}{
		{
			name: "no type",
			err:  failedGet,
			want: "deliver snapshot job 111122223333/sales/nightly: " + want,
		},
		{
			name: "a type",
			err:  temporal.NewNonRetryableApplicationError(failedGet.Error(), "Unwanted", nil),
			want: want,
		},
		{
			name: "a cause",
			err:  temporal.NewNonRetryableApplicationError("no file", "Unwanted", failedGet),
			want: "no file",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				failure := failedDelivery(t, test.err)
				assert.Equal(t, test.want, failure.Message())
				assert.NotContains(t, failure.Error(), "0123abcd")
			})
		})
	}
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
