// Quickstart describes the results of snapshot jobs and prints them.
//
// Without flags it asks a fake QuickSight in this process about five jobs with five different outcomes. With
// flags it asks the real service about one job:
//
//	go run ./examples/quickstart -region us-east-1 -account 111122223333 -dashboard sales -job daily
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

func main() {
	log.SetFlags(0)
	region := flag.String("region", "", "AWS `region`; by default that of the environment or the profile")
	account := flag.String("account", "", "AWS account `id`")
	dashboard := flag.String("dashboard", "", "dashboard `id`")
	id := flag.String("job", "", "snapshot job `id`")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	if flag.NFlag() == 0 {
		fmt.Fprintln(os.Stderr, "There are no flags: a fake QuickSight responds.")
		client, jobs := fake()
		for _, job := range jobs {
			show(ctx, client, job)
			fmt.Println()
		}
		return
	}

	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(*region))
	if err != nil {
		log.Fatal(err)
	}
	client := snapshotjob.NewFromConfig(cfg)
	job := snapshotjob.Job{AWSAccountID: *account, DashboardID: *dashboard, SnapshotJobID: *id}
	if !show(ctx, client, job) {
		os.Exit(1)
	}
}

// show prints the result of a job. It reports whether the job has completed with all of its files.
func show(ctx context.Context, client *snapshotjob.Client, job snapshotjob.Job) bool {
	fmt.Println("job", job)
	result, err := client.DescribeDashboardSnapshotJobResult(ctx, job)
	if errors.Is(err, snapshotjob.ErrJobNotFinished) {
		fmt.Println("  still running: ask again later, or use Wait")
		return false
	}
	if err != nil {
		fmt.Println(" ", err)
		return false
	}

	fmt.Printf("  %s%s\n", result.JobStatus, duration(result.CreatedTime, result.LastUpdatedTime))
	for file := range result.Files() {
		if file.Err() != nil {
			continue // result.Err tells of each such file.
		}
		// When the URI of a file is printed, its secret part is hidden. string(file.URI) is the whole URI.
		fmt.Printf("  %-5s %s\n", file.Format, file.URI)
	}
	if err := result.Err(); err != nil {
		fmt.Println(" ", err)
		return false
	}
	return true
}

// duration says how long a job took. It says nothing if one of the times is absent.
func duration(created, updated time.Time) string {
	if created.IsZero() || updated.IsZero() {
		return ""
	}
	return fmt.Sprintf(" after %v", updated.Sub(created).Round(time.Second))
}

// fake returns a client of a fake QuickSight in this process, and five jobs to ask about. The fake knows
// all of them but one.
func fake() (*snapshotjob.Client, []snapshotjob.Job) {
	anonymous := salesJob("anonymous")
	registered := salesJob("registered")
	failed := salesJob("failed")
	unknown := salesJob("unknown")
	running := salesJob("running")

	pdf := snapshotjobtest.PDF("overview")
	csv := snapshotjobtest.CSV("overview", "orders")
	const changed = "Row-level security settings have changed."
	brokenCSV := csv.Failing(snapshotjob.ErrorTypeRLSChanged, changed)
	partial := snapshotjobtest.Completed(pdf, brokenCSV)
	partial.Registered = true
	const lostAccess = "The user lost access to the dashboard."

	server := snapshotjobtest.NewServer()
	server.AddJob(anonymous, snapshotjobtest.Completed(pdf, csv))
	server.AddJob(registered, partial)
	server.AddJob(failed, snapshotjobtest.Failed(snapshotjob.ErrorTypeDashboardAccessDenied, lostAccess))
	server.AddJob(running, snapshotjobtest.Completed(pdf).After(time.Second, time.Minute))
	return server.Client(), []snapshotjob.Job{anonymous, registered, failed, unknown, running}
}

// salesJob returns a job of the dashboard "sales".
func salesJob(id string) snapshotjob.Job {
	return snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "sales", SnapshotJobID: id}
}
