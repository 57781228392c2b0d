// Export starts a snapshot job, waits for it and brings its files to disk.
//
// Without -account a fake QuickSight in this process does the work, in seconds.
// With it, the real one does:
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
	job := snapshotjob.Job{SnapshotJobID: time.Now().UTC().Format("export-20060102-150405")}
	region := flag.String("region", "", "AWS region of the dashboard; by default that of the environment or the profile")
	flag.StringVar(&job.AWSAccountID, "account", "", "AWS account id; without it, a fake does the work")
	flag.StringVar(&job.DashboardID, "dashboard", "sales", "dashboard id")
	sheet := flag.String("sheet", "overview", "id of the sheet to export as PDF")
	dir := flag.String("dir", "", "folder for the files (default: a temporary one)")
	timeout := flag.Duration("timeout", 30*time.Minute, "how long to wait for the job")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()

	if *dir == "" {
		var err error
		if *dir, err = os.MkdirTemp("", "snapshots-"); err != nil {
			log.Fatal(err)
		}
	}
	client := fake()
	if job.AWSAccountID == "" {
		fmt.Fprintln(os.Stderr, "no -account: a fake QuickSight does the work")
		job.AWSAccountID = "111122223333"
	} else {
		cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(*region))
		if err != nil {
			log.Fatal(err)
		}
		client = snapshotjob.NewFromConfig(cfg)
	}
	if err := export(ctx, client, job, *sheet, *dir); err != nil {
		log.Fatal(err)
	}
}

// export makes a PDF of a sheet, as an anonymous user sees it.
func export(ctx context.Context, client *snapshotjob.Client, job snapshotjob.Job, sheet, dir string) error {
	_, err := client.StartDashboardSnapshotJob(ctx, &snapshotjob.StartDashboardSnapshotJobInput{
		Job:                   job,
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF(sheet)}},
		UserConfiguration:     snapshotjob.AnonymousUser(),
	})
	if err != nil {
		return err
	}
	result, waitErr := client.Wait(ctx, job, func(o *snapshotjob.WaitOptions) {
		o.OnPoll = func(p snapshotjob.Poll) { progress("%s after %v", p.Status, p.Elapsed.Round(time.Second)) }
	})
	if result == nil {
		return waitErr
	}
	// Some files may be there although others failed: fetch what there is.
	files, err := client.Download(ctx, job, dir, func(o *snapshotjob.DownloadOptions) {
		o.Result = result
		o.OnProgress = func(p snapshotjob.DownloadProgress) { progress("%s: %d of %d bytes", p.Name, p.Bytes, p.Total) }
	})
	progress("")
	for _, file := range files {
		if file.Err == nil {
			fmt.Printf("%s (%d bytes)\n", file.Path, file.Size)
		}
	}
	return err
}

// progress rewrites one line, on a terminal only.
func progress(format string, args ...any) {
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprintf(os.Stderr, "\r\x1b[K"+format, args...)
	}
}

// fake is a QuickSight in this process whose jobs take three seconds.
func fake() *snapshotjob.Client {
	return snapshotjobtest.NewServer(func(o *snapshotjobtest.Options) {
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
			return snapshotjobtest.Completed().After(time.Second, 2*time.Second)
		}
	}).Client()
}
