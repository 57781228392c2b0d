package batch_test

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/batch"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// nightly exports every sheet of a dashboard as PDF and every table as CSV, as each tenant sees them. The ids of
// the jobs begin with the date. If nightly is interrupted, the same call does the rest.
func nightly(
	ctx context.Context,
	client *snapshotjob.Client,
	dashboard *snapshotjob.DescribeDashboardDefinitionInput,
	tenants []string,
	date, dir string,
) (batch.Summary, error) {
	definition, err := client.DescribeDashboardDefinition(ctx, dashboard)
	if err != nil {
		return batch.Summary{}, err
	}
	var requests []*snapshotjob.StartDashboardSnapshotJobInput
	for _, tenant := range tenants {
		for _, sheet := range definition.Sheets {
			requests = append(requests, &snapshotjob.StartDashboardSnapshotJobInput{
				Job: snapshotjob.Job{
					AWSAccountID:  dashboard.AWSAccountID,
					DashboardID:   dashboard.DashboardID,
					SnapshotJobID: date + "_" + tenant + "_" + sheet.SheetID,
				},
				SnapshotConfiguration: snapshotjob.SnapshotConfiguration{FileGroups: filesOf(sheet)},
				UserConfiguration:     snapshotjob.AnonymousUser(snapshotjob.SessionTag{Key: "tenant", Value: tenant}),
			})
		}
	}
	return batch.Run(ctx, client, slices.Values(requests), batch.Download(client, dir))
}

// filesOf returns a PDF of a sheet, and a CSV of each table. A job may have five CSV files: examples/nightly makes
// several jobs for a sheet with more tables.
func filesOf(sheet snapshotjob.DashboardSheet) []snapshotjob.SnapshotFileGroup {
	files := []snapshotjob.SnapshotFileGroup{snapshotjob.PDF(sheet.SheetID)}
	for _, visual := range sheet.Visuals {
		if visual.Exportable() {
			files = append(files, snapshotjob.CSV(sheet.SheetID, visual.VisualID))
		}
	}
	return files
}

// fake returns a QuickSight in this process with a dashboard. Its jobs have finished as soon as they are started.
func fake() *snapshotjobtest.Server {
	server := snapshotjobtest.NewServer(func(o *snapshotjobtest.Options) {
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life { return snapshotjobtest.Completed() }
	})
	server.AddDashboard("revenue", snapshotjob.DashboardSheet{
		SheetID: "orders",
		Visuals: []snapshotjob.DashboardVisual{
			{VisualID: "trend", Kind: "LineChartVisual"},
			{VisualID: "open", Kind: "TableVisual"},
		},
	})
	return server
}

// Export a dashboard for two tenants. When the same call is made again, the jobs and the files are there.
func Example() {
	dir, err := os.MkdirTemp("", "reports")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	client := fake().Client() // A program calls snapshotjob.NewFromConfig.
	dashboard := &snapshotjob.DescribeDashboardDefinitionInput{
		AWSAccountID: "111122223333",
		DashboardID:  "revenue",
	}
	tenants := []string{"acme", "globex"}
	for range 2 {
		summary, err := nightly(context.Background(), client, dashboard, tenants, "2026-11-23", dir)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%d completed, %d started, %d adopted\n", summary.Completed, summary.Started, summary.Adopted)
	}

	files, err := os.ReadDir(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, file := range files {
		fmt.Println(file.Name())
	}
	// Output:
	// 2 completed, 2 started, 0 adopted
	// 2 completed, 0 started, 2 adopted
	// 2026-11-23_acme_orders_orders.pdf
	// 2026-11-23_acme_orders_orders_open.csv
	// 2026-11-23_globex_orders_orders.pdf
	// 2026-11-23_globex_orders_orders_open.csv
}
