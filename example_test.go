package snapshotjob_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// Start a job, wait for it, and have its files on disk.
func Example() {
	// A program calls snapshotjob.NewFromConfig(cfg), with the cfg of config.LoadDefaultConfig.
	// This server stands in for the service. Its jobs have finished as soon as they are started.
	server := snapshotjobtest.NewServer(func(o *snapshotjobtest.Options) {
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
			return snapshotjobtest.Completed(
				snapshotjobtest.PDF("overview").With("%PDF-1.7"),
				snapshotjobtest.CSV("overview", "table").With("a,b\n"),
			)
		}
	})
	client := server.Client()

	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	started, err := client.StartDashboardSnapshotJob(ctx, &snapshotjob.StartDashboardSnapshotJobInput{
		Job: snapshotjob.Job{
			AWSAccountID:  "111122223333",
			DashboardID:   "sales",
			SnapshotJobID: "daily-2026-11-23",
		},
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{
				snapshotjob.PDF("overview"),
				snapshotjob.CSV("overview", "table"),
			},
		},
		UserConfiguration: snapshotjob.AnonymousUser(
			snapshotjob.SessionTag{Key: "region", Value: "north"},
		),
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	result, err := client.Wait(ctx, started.Job)
	if err != nil {
		fmt.Println(err)
		return
	}

	dir, err := os.MkdirTemp("", "snapshot")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	files, err := client.Download(ctx, started.Job, dir, func(o *snapshotjob.DownloadOptions) {
		o.Result = result
	})
	for _, file := range files {
		fmt.Println(filepath.Base(file.Path), file.Size, file.Err)
	}
	fmt.Println(err)
	// Output:
	// daily-2026-11-23_overview.pdf 8 <nil>
	// daily-2026-11-23_overview_table.csv 4 <nil>
	// <nil>
}

// A start whose response is lost finds out by itself whether it has started the job.
func ExampleClient_StartDashboardSnapshotJob() {
	server := snapshotjobtest.NewServer()
	// The service starts the job, but the connection breaks before it can respond.
	server.Fail(snapshotjobtest.StartDashboardSnapshotJob, snapshotjobtest.DropAfterWork())
	client := server.Client()

	input := &snapshotjob.StartDashboardSnapshotJobInput{
		Job: snapshotjob.Job{
			AWSAccountID:  "111122223333",
			DashboardID:   "sales",
			SnapshotJobID: "daily",
		},
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("overview")},
		},
		UserConfiguration: snapshotjob.AnonymousUser(),
	}
	started, err := client.StartDashboardSnapshotJob(context.Background(), input)
	if errors.Is(err, snapshotjob.ErrOutcomeUnknown) {
		fmt.Println("Describe the job, or start it again with the same id.")
		fmt.Println("ResourceExistsException then means that it was started.")
		return
	}
	fmt.Println(started.Job, err)
	// Output: 111122223333/sales/daily <nil>
}

// What can be exported from a dashboard: a PDF of each sheet, and a CSV file of each table.
func ExampleClient_DescribeDashboardDefinition() {
	server := snapshotjobtest.NewServer()
	server.AddDashboard("sales", snapshotjob.DashboardSheet{
		SheetID: "overview",
		Name:    "Overview",
		Visuals: []snapshotjob.DashboardVisual{
			{VisualID: "trend", Kind: "LineChartVisual", Title: "Orders by day"},
			{VisualID: "orders", Kind: "TableVisual", Title: "All orders"},
		},
	})
	client := server.Client()

	ctx := context.Background()
	dashboard, err := client.DescribeDashboardDefinition(ctx, &snapshotjob.DescribeDashboardDefinitionInput{
		AWSAccountID: "111122223333",
		DashboardID:  "sales",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, sheet := range dashboard.Sheets {
		// A job makes one PDF, so that each sheet needs a job of its own.
		files := []snapshotjob.SnapshotFileGroup{snapshotjob.PDF(sheet.SheetID)}
		for _, visual := range sheet.Visuals {
			fmt.Println(visual.Kind, visual.Title, visual.Exportable())
			if visual.Exportable() { // at most 5 in a job
				files = append(files, snapshotjob.CSV(sheet.SheetID, visual.VisualID))
			}
		}
		started, err := client.StartDashboardSnapshotJob(ctx, &snapshotjob.StartDashboardSnapshotJobInput{
			Job: snapshotjob.Job{
				AWSAccountID:  "111122223333",
				DashboardID:   "sales",
				SnapshotJobID: "daily-" + sheet.SheetID,
			},
			SnapshotConfiguration: snapshotjob.SnapshotConfiguration{FileGroups: files},
			UserConfiguration:     snapshotjob.AnonymousUser(),
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(started.Job)
	}
	// Output:
	// LineChartVisual Orders by day false
	// TableVisual All orders true
	// 111122223333/sales/daily-overview
}

// A mock of the service is a RoundTripper.
func ExampleOptions_transport() {
	transport := roundTripper(func(req *http.Request) (*http.Response, error) {
		fmt.Println(req.Method, req.URL.Path)
		return &http.Response{
			StatusCode: http.StatusNotFound,
			Header:     http.Header{"X-Amzn-Errortype": {"ResourceNotFoundException"}},
			Body:       io.NopCloser(strings.NewReader(`{"Message":"no such job"}`)),
		}, nil
	})
	credentials := aws.Credentials{
		AccessKeyID:     "AKIDEXAMPLE",
		SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
	}
	client := snapshotjob.New(snapshotjob.Options{
		Region:    "us-east-1",
		Transport: transport,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return credentials, nil
		}),
	})

	job, err := snapshotjob.ParseJob("111122223333/sales/daily")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.DescribeDashboardSnapshotJob(context.Background(), job)
	var notFound *snapshotjob.ResourceNotFoundException
	if errors.As(err, &notFound) {
		fmt.Println(notFound.Message)
	}
	// Output:
	// GET /accounts/111122223333/dashboards/sales/snapshot-jobs/daily
	// no such job
}

// roundTripper is a function that serves as an http.RoundTripper.
type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip calls f.
func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// A job may complete without all of its files.
func ExampleDescribeDashboardSnapshotJobResultOutput_Err() {
	const reason = "Row-level security settings have changed."
	job := snapshotjob.Job{
		AWSAccountID:  "111122223333",
		DashboardID:   "sales",
		SnapshotJobID: "daily",
	}
	server := snapshotjobtest.NewServer()
	server.AddJob(job, snapshotjobtest.Completed(
		snapshotjobtest.PDF("overview"),
		snapshotjobtest.CSV("overview", "table").Failing(snapshotjob.ErrorTypeRLSChanged, reason),
	))

	result, err := server.Client().DescribeDashboardSnapshotJobResult(context.Background(), job)
	if err != nil {
		fmt.Println(err)
		return
	}
	for file := range result.Files() {
		fmt.Println(file.Format, file.Sheets[0].SheetID, file.Err() == nil)
	}
	var failed *snapshotjob.JobError
	if errors.As(result.Err(), &failed) {
		fmt.Println(failed.Status, len(failed.Files), failed.TryAgain())
	}
	// Output:
	// PDF overview true
	// CSV overview false
	// COMPLETED 1 true
}
