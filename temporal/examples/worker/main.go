// Command worker makes the exports that examples/nightly asks for. It needs a Temporal
// server, such as the development server of Temporal's command line:
//
//	temporal server start-dev
//	go run ./examples/worker
//
// By default, it exports from a fake QuickSight in its own process. With -aws it uses the
// credentials, the region and the endpoints that AWS programs find in the environment, and
// then any number of workers may share the queue.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
	"github.com/quicksight-go/snapshotjob/temporal"
)

func main() {
	var values flagValues
	flag.StringVar(&values.server, "server", client.DefaultHostPort, "`address` of the Temporal server")
	flag.StringVar(&values.queue, "queue", "exports", "task `queue` of the workflows")
	flag.Float64Var(&values.starts, "starts", 1, "starts of jobs a second, of all workers together")
	flag.StringVar(&values.dir, "dir", "exports", "`folder` for the files, which all workers share")
	flag.BoolVar(&values.aws, "aws", false, "use AWS as the environment says, and not a fake")
	flag.Parse()
	if err := run(context.Background(), values, worker.InterruptCh()); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

// flagValues are what the flags say.
type flagValues struct {
	server string
	queue  string
	starts float64
	dir    string
	aws    bool
}

// run works until it is interrupted.
func run(ctx context.Context, values flagValues, interrupt <-chan any) error {
	connection, err := client.Dial(client.Options{HostPort: values.server})
	if err != nil {
		return err
	}
	defer connection.Close()
	quickSight, err := newClient(ctx, values.aws)
	if err != nil {
		return err
	}
	w, err := temporal.NewWorker(connection, newOptions(quickSight, values))
	if err != nil {
		return err
	}
	return w.Run(interrupt)
}

// newOptions says how the worker makes exports.
func newOptions(quickSight *snapshotjob.Client, values flagValues) temporal.Options {
	return temporal.Options{
		Client:          quickSight,
		TaskQueue:       values.queue,
		StartsPerSecond: values.starts,
		Deliver:         downloadInto(values.dir),
		FillIn:          addTags,
		NextPage:        nextPage,
	}
}

// newClient makes a client for AWS, or for a fake.
func newClient(ctx context.Context, useAWS bool) (*snapshotjob.Client, error) {
	if !useAWS {
		return snapshotjobtest.NewServer().Client(), nil
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	return snapshotjob.NewFromConfig(cfg), nil
}

// downloadInto returns a delivery that fetches the files of a job into a folder of the
// job's own. A file that is there already is kept, so that a delivery can be repeated.
func downloadInto(dir string) func(context.Context, *snapshotjob.Client, snapshotjob.Job) error {
	return func(ctx context.Context, client *snapshotjob.Client, job snapshotjob.Job) error {
		folder := dir + "/" + job.String()
		_, err := client.Download(ctx, job, folder, func(o *snapshotjob.DownloadOptions) {
			o.Existing = snapshotjob.KeepExisting
		})
		return err
	}
}

// addTags adds the tag of row-level security by which the reader sees its own rows. Its
// value stands in no history. A real worker would ask a database for it.
func addTags(_ context.Context, r *temporal.Request) error {
	tag := snapshotjob.SessionTag{Key: "reader", Value: "secret-of-" + r.DashboardID}
	r.UserConfiguration = snapshotjob.AnonymousUser(tag)
	return nil
}

// nextPage returns the requests of examples/nightly, page by page. A real worker would
// read them from a database: the source says which, and the cursor says from where on.
func nextPage(_ context.Context, source, cursor string) (temporal.Page, error) {
	var first, total int
	if _, err := fmt.Sscanf(source, "dashboards:%d", &total); err != nil {
		return temporal.Page{}, fmt.Errorf("the source is %q: want dashboards:<number>", source)
	}
	if cursor != "" {
		if _, err := fmt.Sscan(cursor, &first); err != nil {
			return temporal.Page{}, errors.New("the cursor is no number")
		}
	}
	const pageSize = 100
	end := min(first+pageSize, total)
	var page temporal.Page
	for i := first; i < end; i++ {
		page.Requests = append(page.Requests, newRequest(fmt.Sprintf("sales-%d", i)))
	}
	if end < total {
		page.Next = fmt.Sprint(end)
	}
	return page, nil
}

// newRequest asks for a PDF of a dashboard.
func newRequest(dashboardID string) temporal.Request {
	return temporal.Request{
		AWSAccountID: "111122223333",
		DashboardID:  dashboardID,
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("summary")},
		},
	}
}
