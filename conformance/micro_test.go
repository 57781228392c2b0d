package conformance

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/quicksight"
	"github.com/quicksight-go/snapshotjob"
)

// BenchmarkResult asks for a job's result, over an in-memory transport, signing
// included, by its number of file groups. A job has 7 at the most: the rest is
// stress.
func BenchmarkResult(b *testing.B) {
	for _, groups := range []int{1, 7, 100, 1000} {
		b.Run(fmt.Sprintf("groups=%d", groups), func(b *testing.B) {
			benchmarkPair(b, Results(groups), false)
		})
	}
}

// BenchmarkError asks for a result that the service refuses to give.
func BenchmarkError(b *testing.B) {
	b.Run("code=ResourceNotFound", func(b *testing.B) {
		benchmarkPair(b, &Service{Answers: []Answer{Error(404, "ResourceNotFoundException", "Dashboard Snapshot Job with id daily is not found.")}}, true)
	})
	b.Run("code=AccessDenied", func(b *testing.B) {
		benchmarkPair(b, &Service{Answers: []Answer{Error(401, "AccessDeniedException:http://internal.amazon.com/coral/com.amazon.coral.service/", "User is not authorized.")}}, true)
	})
}

func benchmarkPair(b *testing.B, service *Service, wantError bool) {
	pair := NewPair(Config(Keys, service))
	input := &quicksight.DescribeDashboardSnapshotJobResultInput{
		AwsAccountId: aws.String(AccountID), DashboardId: aws.String("sales"), SnapshotJobId: aws.String("daily"),
	}
	job := snapshotjob.Job{AWSAccountID: AccountID, DashboardID: "sales", SnapshotJobID: "daily"}
	run := func(client string, call func(context.Context) error) {
		b.Run("client="+client, func(b *testing.B) {
			ctx := context.Background()
			b.SetBytes(int64(len(service.Answers[0].Body)))
			b.ReportAllocs()
			start := cpuTime(b)
			for b.Loop() {
				if err := call(ctx); (err != nil) != wantError {
					b.Fatalf("got %v", err)
				}
			}
			b.ReportMetric(float64(cpuTime(b)-start)/float64(b.N), "cpu-ns/op")
		})
	}
	run("official", func(ctx context.Context) error {
		_, err := pair.Official.DescribeDashboardSnapshotJobResult(ctx, input)
		return err
	})
	run("snapshotjob", func(ctx context.Context) error {
		_, err := pair.Ours.DescribeDashboardSnapshotJobResult(ctx, job)
		return err
	})
}

// cpuTime is what the process has used so far, its garbage collector included.
func cpuTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
