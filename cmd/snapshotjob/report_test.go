package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/batch"
	"github.com/quicksight-go/snapshotjob/cmd/snapshotjob/internal/report"
)

// failedBy returns an export of a job that has finished with this error.
func failedBy(err error) *export {
	return &export{outcome: batch.Outcome{
		Started: time.Now(),
		Result:  &snapshotjob.DescribeDashboardSnapshotJobResultOutput{},
		Err:     err,
	}}
}

func TestReportSaysWhatBecameOfAnExport(t *testing.T) {
	unfinished := failedBy(&snapshotjob.WaitError{Err: context.DeadlineExceeded})
	unfinished.outcome.Result = nil
	notStarted := &export{outcome: batch.Outcome{Err: &snapshotjob.ResourceExistsException{}}}
	notFetched := failedBy(nil)
	notFetched.downloadErr = errors.New("the disk is full")
	for _, tt := range []struct {
		export  *export
		outcome report.Outcome
		advice  string // its beginning
	}{
		{
			export:  failedBy(nil),
			outcome: report.Completed,
		},
		{
			export:  failedBy(&snapshotjob.JobError{ErrorType: snapshotjob.ErrorTypeCapabilityRestricted}),
			outcome: report.Failed,
			advice:  "Allow the user to export data",
		},
		{
			export:  failedBy(&snapshotjob.JobError{ErrorType: "NEW_TYPE"}),
			outcome: report.Failed,
			advice:  "Open the dashboard in QuickSight",
		},
		{
			export:  unfinished,
			outcome: report.Unfinished,
			advice:  "Run the same command again: the job goes on",
		},
		{
			export:  notStarted,
			outcome: report.NotStarted,
			advice:  "Use another job id",
		},
		{
			export:  notFetched,
			outcome: report.Failed,
			advice:  "Run the same command again: what is there already is kept.",
		},
	} {
		got := reportJob(tt.export)
		assert.Equal(t, tt.outcome, got.Outcome, got.Problem)
		assert.Regexp(t, "^"+tt.advice, got.Advice)
	}
}

func TestAdviceOfAFileOfTheJob(t *testing.T) {
	deleted := []snapshotjob.SnapshotJobResultErrorInfo{{ErrorType: snapshotjob.ErrorTypeDatasetDeleted}}
	failed := &snapshotjob.JobError{
		Status: snapshotjob.SnapshotJobStatusCompleted,
		Files:  []snapshotjob.ResultFile{{Errors: deleted}},
	}
	assert.Equal(t, "Repair the dashboard: a dataset of it is gone.", adviseOnJob(failed))
}

// A job that ran before is not seen to finish when it finished, but when it was asked for.
func TestReportShowsWhenAnAdoptedJobRan(t *testing.T) {
	created := time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)
	adopted := failedBy(nil)
	adopted.outcome.Adopted = true
	adopted.outcome.Started = created
	adopted.outcome.Finished = created.Add(8 * time.Hour)
	adopted.outcome.Result.CreatedTime = created
	adopted.outcome.Result.LastUpdatedTime = created.Add(time.Minute)
	got := reportJob(adopted)
	assert.Equal(t, created, got.Started)
	assert.Equal(t, created.Add(time.Minute), got.Finished)
}
