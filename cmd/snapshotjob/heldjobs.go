package main

import (
	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// revenueSheets returns the sheets of the dashboard "revenue", which can be described.
func revenueSheets() []snapshotjob.DashboardSheet {
	return []snapshotjob.DashboardSheet{
		{
			SheetID: "overview",
			Name:    "Overview",
			Visuals: []snapshotjob.DashboardVisual{
				{VisualID: "trend", Kind: "LineChartVisual", Title: "Revenue by month"},
				{VisualID: "regions", Kind: "PivotTableVisual", Title: "Revenue by region"},
			},
		},
		{
			SheetID: "orders",
			Name:    "Orders",
			Visuals: []snapshotjob.DashboardVisual{
				{VisualID: "open", Kind: "TableVisual", Title: "Open orders"},
				{VisualID: "closed", Kind: "TableVisual", Title: "Closed orders"},
			},
		},
	}
}

// heldJob is a job that the fake has from the start.
type heldJob struct {
	job   snapshotjob.Job
	life  snapshotjobtest.Life
	about string // the status, and what there is to see
}

// heldJobs returns the jobs that the fake has from the start. All of them have ended, so
// that they don't count among the running jobs, of which an account has only a few.
func heldJobs() []heldJob {
	pdf := snapshotjobtest.PDF("summary")
	orders := snapshotjobtest.CSV("summary", "orders").With("region,orders\nEMEA,42\n")
	const changed = "Row-level security settings have changed. Re-run the job with current settings."
	const lostAccess = "The registered user lost access to the dashboard."
	brokenCSV := snapshotjobtest.CSV("summary", "orders").Failing(snapshotjob.ErrorTypeRLSChanged, changed)
	inBucket := snapshotjobtest.Completed(orders)
	inBucket.Destination = &snapshotjob.S3BucketConfiguration{BucketName: "reports", BucketPrefix: "daily"}
	return []heldJob{
		{
			job:   salesJob("complete"),
			life:  snapshotjobtest.Completed(pdf, orders),
			about: "COMPLETED, a PDF and a CSV",
		},
		{
			job:   salesJob("partial"),
			life:  snapshotjobtest.Completed(pdf, brokenCSV),
			about: "COMPLETED, but the CSV failed",
		},
		{
			job:   salesJob("failed"),
			life:  snapshotjobtest.Failed(snapshotjob.ErrorTypeDashboardAccessDenied, lostAccess),
			about: "FAILED",
		},
		{
			job:   salesJob("bucket"),
			life:  inBucket,
			about: "COMPLETED, a CSV in s3://reports/daily",
		},
	}
}

// salesJob returns a job of the dashboard "sales".
func salesJob(id string) snapshotjob.Job {
	return snapshotjob.Job{
		AWSAccountID:  fakeAccountID,
		DashboardID:   "sales",
		SnapshotJobID: id,
	}
}
