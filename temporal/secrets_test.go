package temporal_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
	exports "github.com/quicksight-go/snapshotjob/temporal"
)

// recorder is a data converter that keeps what goes into a history.
type recorder struct {
	converter.DataConverter

	mu      sync.Mutex
	written strings.Builder
}

// ToPayloads keeps inputs, results, details and heartbeats.
func (r *recorder) ToPayloads(values ...any) (*commonpb.Payloads, error) {
	payloads, err := r.DataConverter.ToPayloads(values...)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, payload := range payloads.GetPayloads() {
		r.written.Write(payload.Data)
	}
	return payloads, err
}

func TestNothingSecretIsInTheHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		fake.Fail(snapshotjobtest.GetObject, snapshotjobtest.Answer(http.StatusForbidden, "AccessDenied", "no").Times(20)...)
		env := newEnvironment(t, exports.Options{
			Client: fake.Client(),
			FillIn: func(_ context.Context, r *exports.Request) error {
				r.UserConfiguration = snapshotjob.AnonymousUser(snapshotjob.SessionTag{Key: "tenant", Value: "hidden-tag"})
				return nil
			},
			Deliver: func(ctx context.Context, client *snapshotjob.Client, job snapshotjob.Job) error {
				_, err := client.Download(ctx, job, t.TempDir())
				return err
			},
		})
		history := &recorder{DataConverter: converter.GetDefaultDataConverter()}
		env.SetDataConverter(history)
		execute(env, exports.Export, exports.ExportInput{Request: newRequest()})
		_, err := result[exports.Outcome](t, env)
		require.ErrorContains(t, err, "deliver snapshot job 111122223333/sales/nightly")
		written := history.written.String() + err.Error()
		assert.Contains(t, written, `"DashboardID":"sales"`, "the history was recorded")
		assert.NotContains(t, written, "hidden-tag")
		assert.NotContains(t, written, "X-Amz-")
		assert.NotContains(t, written, "wJalrXUtnFEMI")
	})
}
