package main

import (
	"context"
	"iter"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/batch"
	"github.com/quicksight-go/snapshotjob/conformance"
)

// runBatch runs the jobs with batch.Run and its default options.
func runBatch(ctx context.Context, clients conformance.Pair, jobs []snapshotjob.Job) ([]error, error) {
	var failures []error
	handle := func(_ context.Context, outcome batch.Outcome) error {
		if outcome.Err != nil {
			failures = append(failures, outcome.Err)
		}
		return nil
	}
	oneAtATime := func(o *batch.Options) { o.HandleConcurrency = 1 }
	_, err := batch.Run(ctx, clients.Ours, batchRequests(jobs), handle, oneAtATime)
	if len(failures) > 0 {
		return failures, nil
	}
	return nil, err
}

// batchRequests returns a request for each job: a PDF of one sheet.
func batchRequests(jobs []snapshotjob.Job) iter.Seq[*snapshotjob.StartDashboardSnapshotJobInput] {
	return func(yield func(*snapshotjob.StartDashboardSnapshotJobInput) bool) {
		for _, job := range jobs {
			request := &snapshotjob.StartDashboardSnapshotJobInput{
				Job: job,
				SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
					FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("overview")},
				},
				UserConfiguration: snapshotjob.AnonymousUser(),
			}
			if !yield(request) {
				return
			}
		}
	}
}
