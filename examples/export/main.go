// Export makes a PDF of a dashboard's sheet: it starts a snapshot job, waits for it and downloads its file.
//
// Without -account a fake QuickSight in this process does the work, in seconds. With it, the real one does:
//
//	go run ./examples/export -region us-east-1 -account 111122223333 -dashboard sales -sheet overview -dir reports
package main

import (
	"context"
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
	account := flag.String("account", "", "AWS account `id`; without it, a fake does the work")
	dashboard := flag.String("dashboard", "sales", "dashboard `id`")
	sheet := flag.String("sheet", "overview", "`id` of the sheet to export as PDF")
	dir := flag.String("dir", "", "`folder` for the files (default: a temporary one)")
	timeout := flag.Duration("timeout", 30*time.Minute, "how long all of it may take")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// Wait has no other limit than the deadline of its context.
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()

	job := snapshotjob.Job{
		AWSAccountID:  *account,
		DashboardID:   *dashboard,
		SnapshotJobID: time.Now().UTC().Format("export-20060102-150405"),
	}
	if err := run(ctx, job, *region, *sheet, *dir); err != nil {
		log.Fatal(err)
	}
}

// run exports with the real QuickSight, or with a fake if the job has no account.
func run(ctx context.Context, job snapshotjob.Job, region, sheet, dir string) error {
	if dir == "" {
		temporary, err := os.MkdirTemp("", "snapshots-")
		if err != nil {
			return err
		}
		dir = temporary
	}
	if job.AWSAccountID == "" {
		fmt.Fprintln(os.Stderr, "There is no -account: a fake QuickSight does the work.")
		job.AWSAccountID = "111122223333"
		return export(ctx, fake(), job, sheet, dir)
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(region))
	if err != nil {
		return err
	}
	return export(ctx, snapshotjob.NewFromConfig(cfg), job, sheet, dir)
}

// export starts the job, which makes a PDF of a sheet as an anonymous user sees it. It waits until the job
// has finished, and downloads the file into dir.
func export(ctx context.Context, client *snapshotjob.Client, job snapshotjob.Job, sheet, dir string) error {
	_, err := client.StartDashboardSnapshotJob(ctx, &snapshotjob.StartDashboardSnapshotJobInput{
		Job: job,
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF(sheet)},
		},
		UserConfiguration: snapshotjob.AnonymousUser(),
	})
	if err != nil {
		return err
	}

	result, err := client.Wait(ctx, job, func(o *snapshotjob.WaitOptions) {
		o.OnPoll = showPoll
	})
	showProgress("")
	if result == nil {
		return err
	}
	// The job has finished. If err is not nil, some of its files failed, but others may be there. Download
	// fetches those. Its error tells of the failed files as well, so that err says nothing more.
	return download(ctx, client, job, result, dir)
}

// download downloads the files of a job into dir, and prints where they are.
func download(
	ctx context.Context,
	client *snapshotjob.Client,
	job snapshotjob.Job,
	result *snapshotjob.DescribeDashboardSnapshotJobResultOutput,
	dir string,
) error {
	files, err := client.Download(ctx, job, dir, func(o *snapshotjob.DownloadOptions) {
		o.Result = result
		o.OnProgress = showDownload
	})
	showProgress("")
	for _, file := range files {
		if file.Err == nil {
			fmt.Printf("%s (%d bytes)\n", file.Path, file.Size)
		}
	}
	return err
}

func showPoll(p snapshotjob.Poll) {
	showProgress(fmt.Sprintf("%s after %v", p.Status, p.Elapsed.Round(time.Second)))
}

func showDownload(p snapshotjob.DownloadProgress) {
	showProgress(fmt.Sprintf("%s: %d of %d bytes", p.Name, p.Bytes, p.Total))
}

// showProgress replaces the current line of the terminal. It shows nothing if stderr is no terminal.
func showProgress(line string) {
	const clearLine = "\r\x1b[K"
	info, err := os.Stderr.Stat()
	if err != nil {
		return
	}
	if info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprint(os.Stderr, clearLine, line)
	}
}

// fake returns a client of a QuickSight in this process whose jobs take three seconds.
func fake() *snapshotjob.Client {
	server := snapshotjobtest.NewServer(func(o *snapshotjobtest.Options) {
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
			return snapshotjobtest.Completed().After(time.Second, 2*time.Second)
		}
	})
	return server.Client()
}
