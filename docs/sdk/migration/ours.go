package migration

import (
	"context"

	"github.com/quicksight-go/snapshotjob"
)

// job is the job of the examples.
var job = snapshotjob.Job{
	AWSAccountID:  "111122223333",
	DashboardID:   "sales",
	SnapshotJobID: "daily",
}

// start starts a job that makes a CSV file.
func start(ctx context.Context, client *snapshotjob.Client) error {
	_, err := client.StartDashboardSnapshotJob(ctx, &snapshotjob.StartDashboardSnapshotJobInput{
		Job: job,
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.CSV("overview", "orders")},
		},
		UserConfiguration: snapshotjob.AnonymousUser(),
	})
	return err
}

// waitAndDownload waits until the job has finished, and fetches its files.
func waitAndDownload(
	ctx context.Context,
	client *snapshotjob.Client,
	dir string,
) ([]snapshotjob.DownloadedFile, error) {
	result, err := client.Wait(ctx, job)
	if result == nil {
		return nil, err
	}
	return client.Download(ctx, job, dir, func(o *snapshotjob.DownloadOptions) { o.Result = result })
}
