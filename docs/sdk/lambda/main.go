// Lambda is a function for AWS Lambda that makes the PDF of a sheet, and puts it into a bucket.
package main

import (
	"context"
	"errors"
	"log"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/quicksight-go/snapshotjob"
)

// request is the event of an invocation. The JSON of a job is a text: account/dashboard/job.
type request struct {
	Job     snapshotjob.Job `json:"job"`
	SheetID string          `json:"sheet"`
}

// response says how far the job is. It has files once the status is COMPLETED.
type response struct {
	Status snapshotjob.SnapshotJobStatus `json:"status"`
	Files  []string                      `json:"files"` // as s3://bucket/key
}

// function is what all invocations share.
type function struct {
	client *snapshotjob.Client
	bucket snapshotjob.S3BucketConfiguration
}

// reserve is the time that an invocation keeps to respond before Lambda ends it.
const reserve = 20 * time.Second

// handle starts the job if that has not been done, and waits for it. If the job takes longer than the
// invocation may, the response has the status RUNNING or QUEUED, or none if it was not learnt in time. Another
// invocation goes on.
func (f *function) handle(ctx context.Context, req request) (response, error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-reserve))
		defer cancel()
	}
	if err := f.startOnce(ctx, req); err != nil {
		return response{}, err
	}
	result, err := f.client.Wait(ctx, req.Job)
	var unfinished *snapshotjob.WaitError
	if errors.As(err, &unfinished) && ctx.Err() != nil {
		return response{Status: unfinished.Status}, nil
	}
	if err != nil {
		return response{}, err
	}
	done := response{Status: result.JobStatus}
	for file := range result.Files() {
		done.Files = append(done.Files, string(file.URI)) // s3://, and no secret
	}
	return done, nil
}

// startOnce starts the job. An earlier invocation may have done that.
func (f *function) startOnce(ctx context.Context, req request) error {
	input := f.input(req)
	_, err := f.client.StartDashboardSnapshotJob(ctx, input)
	var exists *snapshotjob.ResourceExistsException
	if !errors.As(err, &exists) {
		return err
	}
	found, describeErr := f.client.DescribeDashboardSnapshotJob(ctx, req.Job)
	if describeErr != nil {
		return describeErr
	}
	if !found.Matches(input) {
		return err // another job has this id
	}
	return nil
}

// input returns the start of the job.
func (f *function) input(req request) *snapshotjob.StartDashboardSnapshotJobInput {
	return &snapshotjob.StartDashboardSnapshotJobInput{
		Job: req.Job,
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF(req.SheetID)},
			DestinationConfiguration: &snapshotjob.SnapshotDestinationConfiguration{
				S3Destinations: []snapshotjob.SnapshotS3DestinationConfiguration{
					{BucketConfiguration: f.bucket},
				},
			},
		},
		UserConfiguration: snapshotjob.AnonymousUser(),
	}
}

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	f := &function{
		client: snapshotjob.NewFromConfig(cfg),
		bucket: snapshotjob.S3BucketConfiguration{
			BucketName:   os.Getenv("BUCKET"),
			BucketPrefix: "reports",
			BucketRegion: cfg.Region,
		},
	}
	lambda.Start(f.handle)
}
