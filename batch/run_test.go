package batch_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/batch"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// newServer returns a fake, and a client of it in memory.
func newServer(optFns ...func(*snapshotjobtest.Options)) (*snapshotjobtest.Server, *snapshotjob.Client) {
	server := snapshotjobtest.NewServer(optFns...)
	return server, server.Client()
}

// pdfRequest returns a request for a PDF.
func pdfRequest(id string) *snapshotjob.StartDashboardSnapshotJobInput {
	return &snapshotjob.StartDashboardSnapshotJobInput{
		Job: snapshotjob.Job{
			AWSAccountID:  "111122223333",
			DashboardID:   "sales",
			SnapshotJobID: id,
		},
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("overview")},
		},
		UserConfiguration: snapshotjob.AnonymousUser(),
	}
}

// pdfRequests returns so many requests, with the ids job-0, job-1 and so on.
func pdfRequests(count int) iter.Seq[*snapshotjob.StartDashboardSnapshotJobInput] {
	return func(yield func(*snapshotjob.StartDashboardSnapshotJobInput) bool) {
		for i := range count {
			if !yield(pdfRequest(fmt.Sprintf("job-%d", i))) {
				return
			}
		}
	}
}

func TestRunOfManyRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := newServer()
		began := time.Now()
		var handled []string
		summary, err := batch.Run(t.Context(), client, pdfRequests(100),
			func(_ context.Context, outcome batch.Outcome) error {
				handled = append(handled, outcome.Job.SnapshotJobID)
				return nil
			},
			func(o *batch.Options) { o.HandleConcurrency = 1 },
		)
		require.NoError(t, err)
		t.Log(time.Since(began), summary)
		assert.Equal(t, 100, summary.Completed)
		slices.Sort(handled)
		assert.Len(t, slices.Compact(handled), 100)
	})
}
