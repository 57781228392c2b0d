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

// A job that completes.
func Example() {
	srv := snapshotjobtest.NewServer() // In a test, NewTestServer(t) is better.
	job := snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "sales", SnapshotJobID: "daily"}
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

// A job may complete although one of its files failed.
func Example_partialFailure() {
	const reason = "Row-level security settings have changed."
	srv := snapshotjobtest.NewServer()
	job := snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "sales", SnapshotJobID: "daily"}
	srv.AddJob(job, snapshotjobtest.Completed(
		snapshotjobtest.PDF("summary"),
		snapshotjobtest.CSV("summary", "orders").Failing(snapshotjob.ErrorTypeRLSChanged, reason),
	))

	out, err := srv.Client().DescribeDashboardSnapshotJobResult(context.Background(), job)
	if err != nil {
		fmt.Println(err)
		return
	}
	for file := range out.Files() {
		fmt.Println(file.Format, file.Err() == nil)
	}
	fmt.Println(out.JobStatus)

	var failed *snapshotjob.JobError
	if errors.As(out.Err(), &failed) {
		fmt.Println("Is it worth another try?", failed.TryAgain())
	}
	// Output:
	// PDF true
	// CSV false
	// COMPLETED
	// Is it worth another try? true
}

// twoAttempts makes a client try twice, without a pause. In a testing/synctest bubble, there is no need for
// that: the pauses take no time.
func twoAttempts(o *snapshotjob.Options) {
	o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 2
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) {
			return 0, nil
		})
	})
}

// A client makes another attempt when it was throttled once, and gives up when it is throttled again.
func Example_throttled() {
	srv := snapshotjobtest.NewServer()
	job := snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "sales", SnapshotJobID: "daily"}
	srv.AddJob(job, snapshotjobtest.Completed())
	client := srv.Client(twoAttempts)

	throttle := snapshotjobtest.Throttle()
	srv.Fail(snapshotjobtest.DescribeDashboardSnapshotJob, throttle)
	out, err := client.DescribeDashboardSnapshotJob(context.Background(), job)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("throttled once:", out.JobStatus)

	srv.Fail(snapshotjobtest.DescribeDashboardSnapshotJob, throttle, throttle)
	_, err = client.DescribeDashboardSnapshotJob(context.Background(), job)
	var throttled *snapshotjob.ThrottlingException
	if errors.As(err, &throttled) {
		fmt.Println("throttled twice:", throttled.Message)
	}

	for _, r := range srv.Requests() {
		fmt.Println(r.Operation, r.Attempt, r.Status)
	}
	fmt.Println("unused faults:", srv.Unused())
	// Output:
	// throttled once: COMPLETED
	// throttled twice: Rate exceeded
	// DescribeDashboardSnapshotJob 1 429
	// DescribeDashboardSnapshotJob 2 200
	// DescribeDashboardSnapshotJob 1 429
	// DescribeDashboardSnapshotJob 2 429
	// unused faults: []
}

// startRequest returns the start of a job that makes a PDF.
func startRequest(id string) *snapshotjob.StartDashboardSnapshotJobInput {
	return &snapshotjob.StartDashboardSnapshotJobInput{
		Job: snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "sales", SnapshotJobID: id},
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("summary")},
		},
		UserConfiguration: snapshotjob.AnonymousUser(),
	}
}

// While as many jobs are running as the account may run, no further job can be started. Here that is one job
// instead of 12, and it runs forever.
func Example_limit() {
	srv := snapshotjobtest.NewServer(func(o *snapshotjobtest.Options) {
		o.MaxRunningJobs = 1
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
			return snapshotjobtest.Completed().After(0, -1)
		}
	})
	client := srv.Client()

	first := startRequest("first")
	if _, err := client.StartDashboardSnapshotJob(context.Background(), first); err != nil {
		fmt.Println(err)
		return
	}
	out, err := client.DescribeDashboardSnapshotJob(context.Background(), first.Job)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("first:", out.JobStatus)

	_, err = client.StartDashboardSnapshotJob(context.Background(), startRequest("second"))
	var limit *snapshotjob.LimitExceededException
	if errors.As(err, &limit) {
		fmt.Println("second:", limit.Message)
	}
	// Output:
	// first: RUNNING
	// second: The account has reached its limit of 1 running snapshot jobs.
}

// A simulation draws the lives of its jobs. Here, about one in a hundred fails.
func ExampleDistribution() {
	lives := snapshotjobtest.Distribution{
		Seed:    1,
		Queued:  2 * time.Second,
		Running: time.Minute,
		Failed:  0.01,
	}
	srv := snapshotjobtest.NewServer(func(o *snapshotjobtest.Options) {
		o.Life = lives.Life
	})
	_ = srv.Client() // The simulation starts its jobs with this client.

	failed := 0
	for i := range 1000 {
		id := fmt.Sprint(i)
		job := snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "sales", SnapshotJobID: id}
		if lives.Life(job).ErrorType != "" {
			failed++
		}
	}
	fmt.Println(failed, "of 1000 jobs fail")
	// Output: 10 of 1000 jobs fail
}
