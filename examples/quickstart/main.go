// Quickstart describes the results of snapshot jobs and prints them.
//
// Without flags it asks a fake QuickSight in this process about five jobs, each of
// which went another way. With them, it asks the real service about one:
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
	var job snapshotjob.Job
	region := flag.String("region", "", "AWS region of the dashboard; by default that of the environment or the profile")
	flag.StringVar(&job.AWSAccountID, "account", "", "AWS account id")
	flag.StringVar(&job.DashboardID, "dashboard", "", "dashboard id")
	flag.StringVar(&job.SnapshotJobID, "job", "", "snapshot job id")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	if flag.NFlag() == 0 {
		fmt.Fprintln(os.Stderr, "no flags: a fake QuickSight answers")
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
	if !show(ctx, snapshotjob.NewFromConfig(cfg), job) {
		os.Exit(1)
	}
}

// show prints a job's result, and reports whether all of it is good.
func show(ctx context.Context, client *snapshotjob.Client, job snapshotjob.Job) bool {
	fmt.Println("job", job)
	out, err := client.DescribeDashboardSnapshotJobResult(ctx, job)
	if errors.Is(err, snapshotjob.ErrJobNotFinished) {
		fmt.Println("  still running: ask again later, or use Wait")
		return false
	}
	if err != nil {
		fmt.Println(" ", err)
		return false
	}
	fmt.Printf("  %s after %v\n", out.JobStatus, out.LastUpdatedTime.Sub(out.CreatedTime).Round(time.Second))
	for file := range out.Files() {
		if file.Err() == nil {
			fmt.Printf("  %-5s %s\n", file.Format, file.URI) // shows no secret; string(file.URI) is the whole
		}
	}
	if err := out.Err(); err != nil {
		fmt.Println(" ", err)
		return false
	}
	return true
}

// fake is a QuickSight in this process with five jobs.
func fake() (*snapshotjob.Client, []snapshotjob.Job) {
	server := snapshotjobtest.NewServer()
	job := func(id string) snapshotjob.Job {
		return snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "sales", SnapshotJobID: id}
	}
	server.AddJob(job("anonymous"), snapshotjobtest.Completed(
		snapshotjobtest.PDF("overview"),
		snapshotjobtest.CSV("overview", "orders"),
	))
	registered := snapshotjobtest.Completed(
		snapshotjobtest.PDF("overview"),
		snapshotjobtest.CSV("overview", "orders").Failing(snapshotjob.ErrorTypeRLSChanged, "Row-level security settings have changed."),
	)
	registered.Registered = true
	server.AddJob(job("registered"), registered)
	server.AddJob(job("failed"), snapshotjobtest.Failed(snapshotjob.ErrorTypeDashboardAccessDenied, "The user lost access to the dashboard."))
	server.AddJob(job("running"), snapshotjobtest.Completed(snapshotjobtest.PDF("overview")).After(time.Second, time.Minute))
	return server.Client(), []snapshotjob.Job{job("anonymous"), job("registered"), job("failed"), job("unknown"), job("running")}
}
