// Command fakeserver serves a fake QuickSight, with its files, for AWS clients in any language:
//
//	go run ./examples/fakeserver -listen 127.0.0.1:18181 >fake.env
//
// Once it has printed which jobs it holds, use it from another shell:
//
//	. ./fake.env
//	aws quicksight describe-dashboard-snapshot-job-result \
//		--aws-account-id 111122223333 --dashboard-id sales --snapshot-job-id partial
//
// Jobs can be started on any dashboard. That of the id "revenue" has sheets and visuals to describe. The command
// serves until it is interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

const (
	region    = "us-east-1"
	accountID = "111122223333"
)

// credentials are the key pair of AWS's documentation.
var credentials = aws.Credentials{
	AccessKeyID:     "AKIDEXAMPLE",
	SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "fakeserver:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. It writes to out what a shell needs, and to info what a person wants to know.
func run(ctx context.Context, args []string, out, info io.Writer) error {
	values, err := parseFlags(args, info)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", values.listen)
	if err != nil {
		return err
	}
	fake := newFake(values.duration)

	// The environment goes out first: it may be what the caller waits for.
	endpoint := "http://" + dialAddress(listener.Addr())
	printEnvironment(out, endpoint)
	fmt.Fprintf(info, "A fake QuickSight on %s, account %s, with the jobs\n", endpoint, accountID)
	for _, held := range heldJobs() {
		fake.AddJob(held.job, held.life)
		fmt.Fprintf(info, "  %-32s %s\n", held.job, held.about)
	}
	return serve(ctx, listener, fake)
}

// flagValues are what the flags say.
type flagValues struct {
	listen   string        // the address to serve on
	duration time.Duration // how long a job takes
}

// parseFlags reads the flags. It writes its help, and what is wrong with the flags, to info.
func parseFlags(args []string, info io.Writer) (flagValues, error) {
	var values flagValues
	flags := flag.NewFlagSet("fakeserver", flag.ContinueOnError)
	flags.SetOutput(info)
	flags.StringVar(&values.listen, "listen", "127.0.0.1:18181", "`address` to serve on; port 0 is any free one")
	flags.DurationVar(&values.duration, "duration", 5*time.Second, "how long a job takes")
	if err := flags.Parse(args); err != nil {
		return flagValues{}, err
	}
	if flags.NArg() > 0 {
		return flagValues{}, fmt.Errorf("%q is no flag: there are -listen and -duration", flags.Arg(0))
	}
	if values.duration < 0 {
		return flagValues{}, fmt.Errorf("-duration is %v: want 0 or more", values.duration)
	}
	return values, nil
}

// newFake makes a server whose jobs are queued for a fifth of the duration, and run for the rest of it.
func newFake(duration time.Duration) *snapshotjobtest.Server {
	queued := duration / 5
	fake := snapshotjobtest.NewServer(func(o *snapshotjobtest.Options) {
		o.Region = region
		o.AccountID = accountID
		o.Credentials = credentials
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
			return snapshotjobtest.Completed().After(queued, duration-queued)
		}
		// Nobody asks for the recorded requests. However long the server runs, it must not pile them up.
		o.MaxRequests = 1
	})
	fake.AddDashboard("revenue", revenueSheets()...)
	return fake
}

// revenueSheets returns the sheets of the dashboard that can be described.
func revenueSheets() []snapshotjob.DashboardSheet {
	return []snapshotjob.DashboardSheet{
		{
			SheetID: "overview",
			Name:    "Overview",
			Visuals: []snapshotjob.DashboardVisual{
				{VisualID: "trend", Kind: "LineChartVisual", Title: "Revenue by month"},
				{VisualID: "regions", Kind: "PivotTableVisual", Title: "Revenue by region"},
			},
		},
		{
			SheetID: "orders",
			Name:    "Orders",
			Visuals: []snapshotjob.DashboardVisual{
				{VisualID: "open", Kind: "TableVisual", Title: "Open orders"},
				{VisualID: "closed", Kind: "TableVisual", Title: "Closed orders"},
			},
		},
	}
}

// printEnvironment writes the commands with which a shell makes AWS clients use the server.
func printEnvironment(out io.Writer, endpoint string) {
	export := func(name, value string) {
		fmt.Fprintf(out, "export %s='%s'\n", name, value)
	}
	export("AWS_ENDPOINT_URL_QUICKSIGHT", endpoint)
	export("AWS_ENDPOINT_URL_S3", endpoint)
	export("AWS_REGION", region)
	export("AWS_DEFAULT_REGION", region)
	export("AWS_ACCESS_KEY_ID", credentials.AccessKeyID)
	export("AWS_SECRET_ACCESS_KEY", credentials.SecretAccessKey)
	// A token that the shell has belongs to other keys.
	export("AWS_SESSION_TOKEN", "")
}

// serve serves until ctx ends.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })
	err := server.Serve(listener)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// dialAddress returns the address at which a client on this machine reaches a listener. A listener on all
// addresses has none that a client can dial.
func dialAddress(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
	}
	return addr.String()
}

// heldJob is a job that the server has from the start.
type heldJob struct {
	job   snapshotjob.Job
	life  snapshotjobtest.Life
	about string // the status, and what there is to see
}

// heldJobs returns the jobs that the server has from the start. All of them have ended, so that they don't
// count among the running jobs, of which an account has only a few.
func heldJobs() []heldJob {
	pdf := snapshotjobtest.PDF("summary")
	orders := snapshotjobtest.CSV("summary", "orders").With("region,orders\nEMEA,42\n")
	const changed = "Row-level security settings have changed. Re-run the job with current settings."
	const lostAccess = "The registered user lost access to the dashboard."
	brokenCSV := snapshotjobtest.CSV("summary", "orders").Failing(snapshotjob.ErrorTypeRLSChanged, changed)
	inBucket := snapshotjobtest.Completed(orders)
	inBucket.Destination = &snapshotjob.S3BucketConfiguration{BucketName: "reports", BucketPrefix: "daily"}
	return []heldJob{
		{
			job:   salesJob("complete"),
			life:  snapshotjobtest.Completed(pdf, orders),
			about: "COMPLETED, a PDF and a CSV",
		},
		{
			job:   salesJob("partial"),
			life:  snapshotjobtest.Completed(pdf, brokenCSV),
			about: "COMPLETED, but the CSV failed",
		},
		{
			job:   salesJob("failed"),
			life:  snapshotjobtest.Failed(snapshotjob.ErrorTypeDashboardAccessDenied, lostAccess),
			about: "FAILED",
		},
		{
			job:   salesJob("bucket"),
			life:  inBucket,
			about: "COMPLETED, a CSV in s3://reports/daily",
		},
	}
}

// salesJob returns a job of the dashboard "sales".
func salesJob(id string) snapshotjob.Job {
	return snapshotjob.Job{AWSAccountID: accountID, DashboardID: "sales", SnapshotJobID: id}
}
