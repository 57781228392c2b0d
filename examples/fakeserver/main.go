// Command fakeserver serves a fake QuickSight, with its files, for AWS clients in
// any language:
//
//	go run ./examples/fakeserver -listen 127.0.0.1:18181 >fake.env
//
// and, once it says what it holds, in another shell:
//
//	. ./fake.env
//	aws quicksight describe-dashboard-snapshot-job-result \
//		--aws-account-id 111122223333 --dashboard-id sales --snapshot-job-id partial
//
// Jobs can be started on any dashboard. It serves until it is interrupted.
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

// The key pair of AWS's documentation.
var credentials = aws.Credentials{
	AccessKeyID:     "AKIDEXAMPLE",
	SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "fakeserver:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. It writes what a shell needs to out, and what a
// person wants to know to info.
func run(ctx context.Context, args []string, out, info io.Writer) error {
	flags := flag.NewFlagSet("fakeserver", flag.ContinueOnError)
	flags.SetOutput(info)
	listen := flags.String("listen", "127.0.0.1:18181", "`address` to serve on; port 0 is any free one")
	duration := flags.Duration("duration", 5*time.Second, "how long a job takes from its start to its end")
	switch err := flags.Parse(args); {
	case err != nil:
		return err
	case flags.NArg() > 0:
		return fmt.Errorf("%q is no flag: there are -listen and -duration", flags.Arg(0))
	case *duration < 0:
		return fmt.Errorf("-duration is %v: want 0 or more", *duration)
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	fake := snapshotjobtest.NewServer(func(o *snapshotjobtest.Options) {
		o.Region, o.AccountID, o.Credentials = region, accountID, credentials
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
			return snapshotjobtest.Completed().After(*duration/5, *duration-*duration/5)
		}
		o.MaxRequests = 1 // nobody asks for them, however long it serves
	})
	// Lines go to out first: it may be what the caller waits for.
	endpoint := "http://" + address(listener.Addr())
	for _, v := range [][2]string{
		{"AWS_ENDPOINT_URL_QUICKSIGHT", endpoint},
		{"AWS_ENDPOINT_URL_S3", endpoint},
		{"AWS_REGION", region},
		{"AWS_DEFAULT_REGION", region},
		{"AWS_ACCESS_KEY_ID", credentials.AccessKeyID},
		{"AWS_SECRET_ACCESS_KEY", credentials.SecretAccessKey},
		{"AWS_SESSION_TOKEN", ""}, // one that the shell has would not fit
	} {
		fmt.Fprintf(out, "export %s='%s'\n", v[0], v[1])
	}
	fmt.Fprintf(info, "A fake QuickSight on %s, account %s, with the jobs\n", endpoint, accountID)
	for _, j := range jobs() {
		fake.AddJob(j.id, j.life)
		fmt.Fprintf(info, "  %-32s %s\n", j.id, j.about)
	}

	server := &http.Server{Handler: fake, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// address returns one that a client can dial.
func address(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(tcp.Port))
}

type heldJob struct {
	id    snapshotjob.Job
	life  snapshotjobtest.Life
	about string
}

// jobs are those that the server holds from the start. All have ended, so that
// they don't count among the account's running ones.
func jobs() []heldJob {
	id := func(job string) snapshotjob.Job {
		return snapshotjob.Job{AWSAccountID: accountID, DashboardID: "sales", SnapshotJobID: job}
	}
	orders := snapshotjobtest.CSV("summary", "orders").With("region,orders\nEMEA,42\n")
	changed := snapshotjobtest.CSV("summary", "orders").
		Failing(snapshotjob.ErrorTypeRLSChanged, "Row-level security settings have changed. Re-run the job with current settings.")
	inBucket := snapshotjobtest.Completed(orders)
	inBucket.Destination = &snapshotjob.S3BucketConfiguration{BucketName: "reports", BucketPrefix: "daily"}
	return []heldJob{
		{id("complete"), snapshotjobtest.Completed(snapshotjobtest.PDF("summary"), orders), "COMPLETED, a PDF and a CSV"},
		{id("partial"), snapshotjobtest.Completed(snapshotjobtest.PDF("summary"), changed), "COMPLETED, but the CSV failed"},
		{id("failed"), snapshotjobtest.Failed(snapshotjob.ErrorTypeDashboardAccessDenied, "The registered user lost access to the dashboard."), "FAILED"},
		{id("bucket"), inBucket, "COMPLETED, a CSV in s3://reports/daily"},
	}
}
