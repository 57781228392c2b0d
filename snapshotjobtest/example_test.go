package snapshotjobtest_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

var job = snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "sales", SnapshotJobID: "daily"}

// A job that completes.
func Example() {
	srv := snapshotjobtest.NewServer() // in a test: NewTestServer(t)
	srv.AddJob(job, snapshotjobtest.Completed(
		snapshotjobtest.PDF("summary"),
		snapshotjobtest.CSV("summary", "orders").With("region,orders\nEMEA,42\n"),
	))

	out, err := srv.Client().DescribeDashboardSnapshotJobResult(context.Background(), job)
	if err != nil {
		fmt.Println(err)
		return
	}
	for file := range out.Files() {
		fmt.Println(file.Format, file.Sheets[0].SheetID, file.Err())
	}
	fmt.Println(out.JobStatus, out.Err())
	// Output:
	// PDF summary <nil>
	// CSV summary <nil>
	// COMPLETED <nil>
}

// A job that completes, but one of its files doesn't.
func Example_partialFailure() {
	srv := snapshotjobtest.NewServer()
	srv.AddJob(job, snapshotjobtest.Completed(
		snapshotjobtest.PDF("summary"),
		snapshotjobtest.CSV("summary", "orders").Failing(snapshotjob.ErrorTypeRLSChanged, "Row-level security settings have changed."),
	))

	out, err := srv.Client().DescribeDashboardSnapshotJobResult(context.Background(), job)
	if err != nil {
		fmt.Println(err)
		return
	}
	for file := range out.Files() {
		fmt.Println(file.Format, file.Err() == nil)
	}
	var failed *snapshotjob.JobError
	fmt.Println(out.JobStatus, errors.As(out.Err(), &failed) && failed.TryAgain())
	// Output:
	// PDF true
	// CSV false
	// COMPLETED true
}

// A service that throttles: once, which the client gets over, and then for ever.
func Example_throttled() {
	srv := snapshotjobtest.NewServer()
	srv.AddJob(job, snapshotjobtest.Completed())
	client := srv.Client(func(o *snapshotjob.Options) {
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 2
			// No pause between attempts; in a synctest bubble, pauses take no time anyway.
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	})

	srv.Fail(snapshotjobtest.DescribeDashboardSnapshotJob, snapshotjobtest.Throttle())
	out, err := client.DescribeDashboardSnapshotJob(context.Background(), job)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(out.JobStatus)

	srv.Fail(snapshotjobtest.DescribeDashboardSnapshotJob, snapshotjobtest.Throttle().Times(2)...)
	_, err = client.DescribeDashboardSnapshotJob(context.Background(), job)
	var throttled *snapshotjob.ThrottlingException
	fmt.Println(errors.As(err, &throttled))

	for _, r := range srv.Requests() {
		fmt.Println(r.Operation, r.Attempt, r.Status)
	}
	fmt.Println("unused faults:", srv.Unused())
	// Output:
	// COMPLETED
	// true
	// DescribeDashboardSnapshotJob 1 429
	// DescribeDashboardSnapshotJob 2 200
	// DescribeDashboardSnapshotJob 1 429
	// DescribeDashboardSnapshotJob 2 429
	// unused faults: []
}

// Lives for a simulation: about one job in a hundred fails.
func ExampleDistribution() {
	lives := snapshotjobtest.Distribution{Seed: 1, Queued: 2 * time.Second, Running: time.Minute, Failed: 0.01}
	srv := snapshotjobtest.NewServer(func(o *snapshotjobtest.Options) { o.Life = lives.Life })
	_ = srv.Client() // starts jobs

	failed := 0
	for i := range 1000 {
		job := snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "sales", SnapshotJobID: fmt.Sprint(i)}
		if lives.Life(job).ErrorType != "" {
			failed++
		}
	}
	fmt.Println(failed, "of 1000 jobs fail")
	// Output: 10 of 1000 jobs fail
}
