package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/quicksight-go/snapshotjob"
)

// credentials are the example keys of AWS's documentation. They are not those of
// package conformance, which would bring the official QuickSight client into the
// memory that is measured.
var credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{
		AccessKeyID:     "AKIDEXAMPLE",
		SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
	}, nil
})

// fetchAndReport fetches the object in this process, from the signed request to
// the file, and prints the report.
func fetchAndReport() error {
	fetch, err := newFetch(*client)
	if err != nil {
		return err
	}
	r, err := measure(fetch)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// newFetch returns a function that fetches the object with a client.
func newFetch(name string) (func() error, error) {
	switch name {
	case ours:
		return newOurFetch(), nil
	case transferManager:
		return newTransferManagerFetch(false), nil
	case synced:
		return newTransferManagerFetch(true), nil
	default:
		return nil, fmt.Errorf("there is no client %q", name)
	}
}

// newOurFetch makes this repository's client. Its download takes the object for
// the only file of a job.
func newOurFetch() func() error {
	job := snapshotjob.Job{
		AWSAccountID:  "111122223333",
		DashboardID:   "bench",
		SnapshotJobID: "bench",
	}
	group := snapshotjob.SnapshotJobResultFileGroup{
		S3Results: []snapshotjob.SnapshotJobS3Result{{S3URI: "s3://bucket/object.bin"}},
	}
	user := snapshotjob.AnonymousUserSnapshotJobResult{
		FileGroups: []snapshotjob.SnapshotJobResultFileGroup{group},
	}
	result := &snapshotjob.DescribeDashboardSnapshotJobResultOutput{
		Job:       job,
		JobStatus: snapshotjob.SnapshotJobStatusCompleted,
		Result: snapshotjob.SnapshotJobResult{
			AnonymousUsers: []snapshotjob.AnonymousUserSnapshotJobResult{user},
		},
	}
	c := snapshotjob.New(snapshotjob.Options{
		Region:         "us-east-1",
		Credentials:    credentials,
		S3BaseEndpoint: url,
	})
	return func() error {
		_, err := c.Download(context.Background(), job, *dir, func(o *snapshotjob.DownloadOptions) {
			o.Result = result
		})
		return err
	}
}

// newTransferManagerFetch makes a transfer manager. It may sync the file after the
// download.
func newTransferManagerFetch(sync bool) func() error {
	c := transfermanager.New(s3.New(s3.Options{
		Region:       "us-east-1",
		Credentials:  credentials,
		BaseEndpoint: url,
		UsePathStyle: true,
	}))
	return func() error {
		file, err := os.Create(filepath.Join(*dir, "object.bin"))
		if err != nil {
			return err
		}
		defer file.Close()
		_, err = c.DownloadObject(context.Background(), &transfermanager.DownloadObjectInput{
			Bucket:   aws.String("bucket"),
			Key:      aws.String("object.bin"),
			WriterAt: file,
		})
		if err != nil || !sync {
			return err
		}
		return file.Sync()
	}
}

// measure runs fetch, which must leave one file of the object's size.
func measure(fetch func() error) (report, error) {
	idle := peakMemory()
	start := time.Now()
	if err := fetch(); err != nil {
		return report{}, err
	}
	took := time.Since(start)
	r := report{Seconds: took.Seconds(), Idle: idle, Peak: peakMemory()}
	return r, checkFile()
}

// checkFile returns an error unless the folder holds one file of the object's
// size, and nothing else.
func checkFile() error {
	files, err := filepath.Glob(filepath.Join(*dir, "*"))
	if err != nil {
		return err
	}
	if len(files) != 1 {
		return fmt.Errorf("want one file, got %v", files)
	}
	info, err := os.Stat(files[0])
	if err != nil {
		return err
	}
	if want := *size << 20; info.Size() != want {
		return fmt.Errorf("want %d bytes, got %d", want, info.Size())
	}
	return nil
}

// peakMemory is this process's largest resident set so far, in KiB, as Linux
// tells it. The kernel's figure for a child that has ended would not do: it counts
// from before the exec.
func peakMemory() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		log.Fatal(err)
	}
	_, line, _ := strings.Cut(string(status), "VmHWM:")
	var kib int64
	if _, err := fmt.Sscan(line, &kib); err != nil {
		log.Fatal(err)
	}
	return kib
}
