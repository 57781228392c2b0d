// Nightly exports a dashboard for many tenants: every sheet as PDF and every table as CSV, as each tenant sees
// them. If it is interrupted, the same command does the rest.
//
// Without -account a fake QuickSight in this process does the work, in seconds. With it, the real one does:
//
//	go run ./examples/nightly -account 111122223333 -dashboard revenue -tenants acme,globex -dir reports
//
// To see how an interrupted run is continued, let the fake be a process of its own. It prints the environment that
// the program needs. Start it in one shell:
//
//	go -C cmd/snapshotjob run . fake >/tmp/fake.env
//
// When it serves, use it in another shell:
//
//	. /tmp/fake.env
//	go run ./examples/nightly -account 111122223333 -dir /tmp/reports # interrupt it, and run it again
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"golang.org/x/time/rate"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/batch"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// night is what to export, and where to.
type night struct {
	date      string // part of the jobs' ids, so that each night has jobs of its own
	account   string
	dashboard string
	tagKey    string   // of the row-level permissions
	tenants   []string // the values of the tag
	dir       string
}

// export exports the dashboard for all tenants.
func (n night) export(ctx context.Context, client *snapshotjob.Client) error {
	definition, err := client.DescribeDashboardDefinition(ctx, &snapshotjob.DescribeDashboardDefinitionInput{
		AWSAccountID: n.account,
		DashboardID:  n.dashboard,
	})
	if err != nil {
		return err
	}
	if len(definition.Sheets) == 0 {
		return fmt.Errorf("the dashboard %q has no sheets", n.dashboard)
	}
	requests := n.requests(definition.Sheets)
	progress := newProgress(os.Stderr, len(requests))
	defer progress.end()
	_, err = batch.Run(ctx, client, slices.Values(requests), batch.Download(client, n.dir), func(o *batch.Options) {
		o.OnEvent = progress.show
	})
	return err
}

// requests returns the requests for all tenants. The id of a job says what it is for, so that the job is found
// again if the program is.
func (n night) requests(sheets []snapshotjob.DashboardSheet) []*snapshotjob.StartDashboardSnapshotJobInput {
	var requests []*snapshotjob.StartDashboardSnapshotJobInput
	for _, tenant := range n.tenants {
		for _, sheet := range sheets {
			for part, groups := range fileGroups(sheet) {
				id := n.date + "_" + tenant + "_" + sheet.SheetID
				if part > 0 {
					id += fmt.Sprintf("_part%d", part+1)
				}
				requests = append(requests, n.request(id, tenant, groups))
			}
		}
	}
	return requests
}

// request returns the request for a job, as a tenant sees the dashboard.
func (n night) request(
	id, tenant string,
	groups []snapshotjob.SnapshotFileGroup,
) *snapshotjob.StartDashboardSnapshotJobInput {
	return &snapshotjob.StartDashboardSnapshotJobInput{
		Job: snapshotjob.Job{
			AWSAccountID:  n.account,
			DashboardID:   n.dashboard,
			SnapshotJobID: id,
		},
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{FileGroups: groups},
		UserConfiguration: snapshotjob.AnonymousUser(snapshotjob.SessionTag{
			Key:   n.tagKey,
			Value: tenant,
		}),
	}
}

// csvsOfJob is how many CSV files a job may have (API reference, SnapshotFile). It may have one PDF besides.
const csvsOfJob = 5

// fileGroups returns the files of a sheet, for as many jobs as they take: one, unless the sheet has many tables.
func fileGroups(sheet snapshotjob.DashboardSheet) [][]snapshotjob.SnapshotFileGroup {
	var tables []snapshotjob.SnapshotFileGroup
	for _, visual := range sheet.Visuals {
		if visual.Exportable() {
			tables = append(tables, snapshotjob.CSV(sheet.SheetID, visual.VisualID))
		}
	}
	jobs := slices.Collect(slices.Chunk(tables, csvsOfJob))
	pdf := []snapshotjob.SnapshotFileGroup{snapshotjob.PDF(sheet.SheetID)}
	if len(jobs) == 0 {
		return [][]snapshotjob.SnapshotFileGroup{pdf}
	}
	jobs[0] = slices.Concat(pdf, jobs[0])
	return jobs
}

func main() {
	log.SetFlags(0)
	var n night
	today := time.Now().UTC().Format(time.DateOnly)
	flag.StringVar(&n.date, "date", today, "`date` in the ids of the jobs; after midnight, give that of the first run")
	flag.StringVar(&n.account, "account", "", "AWS account `id`; without it, a fake in this process does the work")
	flag.StringVar(&n.dashboard, "dashboard", "revenue", "dashboard `id`")
	flag.StringVar(&n.tagKey, "tag", "tenant", "`key` of the row-level permission tag")
	flag.StringVar(&n.dir, "dir", "", "`folder` for the files (default with the fake: a temporary one)")
	region := flag.String("region", "", "AWS `region`; by default that of the environment or the profile")
	tenants := flag.String("tenants", strings.Join(fortyTenants(), ","), "`values` of the tag, with commas in between")
	flag.Parse()
	n.tenants = strings.Split(*tenants, ",")

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // A second interrupt ends the program at once.
	err := run(ctx, n, *region)
	if err != nil && ctx.Err() != nil {
		log.Fatal("Interrupted. The jobs that were started go on. Run the same command again for the rest.")
	}
	if err != nil {
		log.Fatal(err)
	}
}

// run exports with the real QuickSight, or with a fake if there is no account.
func run(ctx context.Context, n night, region string) error {
	if n.account == "" {
		return runWithFake(ctx, n)
	}
	if n.dir == "" {
		return errors.New("-dir is missing: want the folder for the files, which is that of the next run too")
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(region))
	if err != nil {
		return err
	}
	return n.export(ctx, snapshotjob.NewFromConfig(cfg))
}

// fortyTenants returns the tenants of the fake.
func fortyTenants() []string {
	var tenants []string
	for i := range 40 {
		tenants = append(tenants, fmt.Sprintf("tenant-%02d", i+1))
	}
	return tenants
}

// runWithFake exports with a fake in this process.
func runWithFake(ctx context.Context, n night) error {
	if n.dir == "" {
		temporary, err := os.MkdirTemp("", "snapshots-")
		if err != nil {
			return err
		}
		n.dir = temporary
	}
	fmt.Fprintln(os.Stderr, "There is no -account: a fake QuickSight does the work. The files go to", n.dir)
	n.account = "111122223333"
	return n.export(ctx, fakeClient(newFake(n.dashboard)))
}

// newFake returns a QuickSight in this process. Its jobs take a second, and its dashboard has two sheets.
func newFake(dashboard string) *snapshotjobtest.Server {
	server := snapshotjobtest.NewServer(func(o *snapshotjobtest.Options) {
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
			return snapshotjobtest.Completed().After(200*time.Millisecond, 800*time.Millisecond)
		}
		o.RequestsPerSecond = fakeRequestsPerSecond
	})
	server.AddDashboard(dashboard,
		snapshotjob.DashboardSheet{
			SheetID: "overview",
			Name:    "Overview",
			Visuals: []snapshotjob.DashboardVisual{
				{VisualID: "trend", Kind: "LineChartVisual", Title: "Revenue by month"},
				{VisualID: "regions", Kind: "PivotTableVisual", Title: "Revenue by region"},
			},
		},
		snapshotjob.DashboardSheet{
			SheetID: "orders",
			Name:    "Orders",
			Visuals: []snapshotjob.DashboardVisual{
				{VisualID: "open", Kind: "TableVisual", Title: "Open orders"},
				{VisualID: "closed", Kind: "TableVisual", Title: "Closed orders"},
			},
		},
	)
	return server
}

// fakeRequestsPerSecond is ten times what AWS allows, since the fake's jobs take a second and not a minute.
const fakeRequestsPerSecond = 100

// fakeClient returns a client of the fake. A client of the real service needs no limiter: package batch limits
// its calls.
func fakeClient(server *snapshotjobtest.Server) *snapshotjob.Client {
	return server.Client(func(o *snapshotjob.Options) {
		o.Limiter = rate.NewLimiter(fakeRequestsPerSecond, 1)
	})
}
