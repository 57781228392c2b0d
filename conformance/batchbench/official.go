package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/quicksight"
	"github.com/aws/aws-sdk-go-v2/service/quicksight/types"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/conformance"
)

const (
	// workers is how many jobs the programs with the official client run at once: as many
	// as the account may.
	workers = 12

	// pollInterval is how often such a worker asks for the status of its job, and after
	// how long it tries a start again that was refused.
	pollInterval = 5 * time.Second
)

// runOfficial runs the jobs with the official client. A request has failed if one of its
// calls has, after the client's default retries.
func runOfficial(ctx context.Context, clients conformance.Pair, jobs []snapshotjob.Job) ([]error, error) {
	e := exporter{client: clients.Official}
	return e.exportAll(ctx, jobs), nil
}

// runOfficialWithRetry does the same, but tries a start again for as long as the account
// runs as many jobs as it may.
func runOfficialWithRetry(ctx context.Context, clients conformance.Pair, jobs []snapshotjob.Job) ([]error, error) {
	e := exporter{client: clients.Official, retriesLimit: true}
	return e.exportAll(ctx, jobs), nil
}

// exporter runs jobs with the official client.
type exporter struct {
	client       *quicksight.Client
	retriesLimit bool // whether a start is tried again after a LimitExceededException

	mu       sync.Mutex // guards failures
	failures []error
}

// exportAll runs the jobs, and returns the errors of those that failed.
func (e *exporter) exportAll(ctx context.Context, jobs []snapshotjob.Job) []error {
	queue := make(chan snapshotjob.Job)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for job := range queue {
				e.note(e.export(ctx, job))
			}
		})
	}
	for _, job := range jobs {
		queue <- job
	}
	close(queue)
	group.Wait()
	return e.failures
}

// note keeps the error of a job, unless it is nil.
func (e *exporter) note(err error) {
	if err == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.failures = append(e.failures, err)
}

// export runs one job, and asks for its result.
func (e *exporter) export(ctx context.Context, job snapshotjob.Job) error {
	if err := e.start(ctx, job); err != nil {
		return err
	}
	if err := e.wait(ctx, job); err != nil {
		return err
	}
	_, err := e.client.DescribeDashboardSnapshotJobResult(ctx, &quicksight.DescribeDashboardSnapshotJobResultInput{
		AwsAccountId:  aws.String(job.AWSAccountID),
		DashboardId:   aws.String(job.DashboardID),
		SnapshotJobId: aws.String(job.SnapshotJobID),
	})
	return err
}

// start starts a job.
func (e *exporter) start(ctx context.Context, job snapshotjob.Job) error {
	for {
		_, err := e.client.StartDashboardSnapshotJob(ctx, officialRequest(job))
		_, refused := errors.AsType[*types.LimitExceededException](err)
		if !refused || !e.retriesLimit {
			return err
		}
		time.Sleep(pollInterval)
	}
}

// wait polls until a job has completed.
func (e *exporter) wait(ctx context.Context, job snapshotjob.Job) error {
	for {
		time.Sleep(pollInterval)
		found, err := e.client.DescribeDashboardSnapshotJob(ctx, &quicksight.DescribeDashboardSnapshotJobInput{
			AwsAccountId:  aws.String(job.AWSAccountID),
			DashboardId:   aws.String(job.DashboardID),
			SnapshotJobId: aws.String(job.SnapshotJobID),
		})
		if err != nil {
			return err
		}
		switch found.JobStatus {
		case types.SnapshotJobStatusCompleted:
			return nil
		case types.SnapshotJobStatusFailed:
			return fmt.Errorf("the job %s has failed", job)
		}
	}
}

// officialRequest returns the request for a job: a PDF of one sheet.
func officialRequest(job snapshotjob.Job) *quicksight.StartDashboardSnapshotJobInput {
	file := types.SnapshotFile{
		FormatType: types.SnapshotFileFormatTypePdf,
		SheetSelections: []types.SnapshotFileSheetSelection{{
			SheetId:        aws.String("overview"),
			SelectionScope: types.SnapshotFileSheetSelectionScopeAllVisuals,
		}},
	}
	return &quicksight.StartDashboardSnapshotJobInput{
		AwsAccountId:  aws.String(job.AWSAccountID),
		DashboardId:   aws.String(job.DashboardID),
		SnapshotJobId: aws.String(job.SnapshotJobID),
		SnapshotConfiguration: &types.SnapshotConfiguration{
			FileGroups: []types.SnapshotFileGroup{{Files: []types.SnapshotFile{file}}},
		},
		UserConfiguration: &types.SnapshotUserConfiguration{
			AnonymousUsers: []types.SnapshotAnonymousUser{{}},
		},
	}
}
