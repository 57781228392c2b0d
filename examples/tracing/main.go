// Tracing makes OpenTelemetry spans of a snapshot job: of every call to QuickSight, and of every request for
// a file. It prints the spans to stdout, one JSON object a line.
//
//	go -C examples/tracing run .
//
// A fake QuickSight in this process does the work, in seconds. What a program needs is in tracing.go: for the
// real service, it passes traced's result to snapshotjob.NewFromConfig.
package main

import (
	"context"
	"errors"
	"log"
	"os"
	"os/signal"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// Wait has no other limit than the deadline of its context.
	ctx, cancel := context.WithTimeout(ctx, 30*time.Minute)
	defer cancel()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

// run makes a report with a fake QuickSight, and prints its spans.
func run(ctx context.Context) error {
	exporter, err := stdouttrace.New()
	if err != nil {
		return err
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
	err = runTraced(ctx, provider)
	// The last spans are printed even if the context has ended.
	return errors.Join(err, provider.Shutdown(context.WithoutCancel(ctx)))
}

// runTraced makes a report in a folder that is removed afterwards.
func runTraced(ctx context.Context, provider trace.TracerProvider) error {
	dir, err := os.MkdirTemp("", "snapshots-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	client := fake().Client(traced(provider))
	return report(ctx, provider, client, startInput(), dir)
}

// report makes the files of a job, within a span that is the parent of all others.
func report(
	ctx context.Context,
	provider trace.TracerProvider,
	client *snapshotjob.Client,
	input *snapshotjob.StartDashboardSnapshotJobInput,
	dir string,
) error {
	ctx, span := provider.Tracer(tracerName).Start(ctx, "report")
	defer span.End()
	err := makeFiles(ctx, client, input, dir)
	if err != nil {
		// The errors of a client show no secret.
		span.SetStatus(codes.Error, err.Error())
	}
	return err
}

// makeFiles starts a job, waits for its end and downloads its files into dir.
func makeFiles(
	ctx context.Context,
	client *snapshotjob.Client,
	input *snapshotjob.StartDashboardSnapshotJobInput,
	dir string,
) error {
	started, err := client.StartDashboardSnapshotJob(ctx, input)
	if err != nil {
		return err
	}
	result, err := client.Wait(ctx, started.Job)
	if result == nil {
		return err
	}
	// The job has finished. If err is not nil, the job or some of its files failed: Download fetches
	// the files that there are, and its error tells of all that failed.
	_, err = client.Download(ctx, started.Job, dir, func(o *snapshotjob.DownloadOptions) {
		o.Result = result
	})
	return err
}

// startInput returns a job that makes a PDF, as a user sees it who may see the region "north".
func startInput() *snapshotjob.StartDashboardSnapshotJobInput {
	return &snapshotjob.StartDashboardSnapshotJobInput{
		Job: snapshotjob.Job{
			AWSAccountID:  "111122223333",
			DashboardID:   "sales",
			SnapshotJobID: "daily",
		},
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("overview")},
		},
		UserConfiguration: snapshotjob.AnonymousUser(snapshotjob.SessionTag{Key: "region", Value: "north"}),
	}
}

// fake returns a QuickSight in this process whose jobs take three seconds.
func fake() *snapshotjobtest.Server {
	return snapshotjobtest.NewServer(func(o *snapshotjobtest.Options) {
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
			return snapshotjobtest.Completed().After(time.Second, 2*time.Second)
		}
	})
}
