// Package migration does the same thing with the official client and with this one.
package migration

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/quicksight"
	"github.com/aws/aws-sdk-go-v2/service/quicksight/types"
)

// startOfficial starts a job that makes a CSV file.
func startOfficial(ctx context.Context, client *quicksight.Client) error {
	_, err := client.StartDashboardSnapshotJob(ctx, &quicksight.StartDashboardSnapshotJobInput{
		AwsAccountId:  aws.String("111122223333"),
		DashboardId:   aws.String("sales"),
		SnapshotJobId: aws.String("daily"),
		SnapshotConfiguration: &types.SnapshotConfiguration{
			FileGroups: []types.SnapshotFileGroup{{
				Files: []types.SnapshotFile{{
					FormatType: types.SnapshotFileFormatTypeCsv,
					SheetSelections: []types.SnapshotFileSheetSelection{{
						SheetId:        aws.String("overview"),
						SelectionScope: types.SnapshotFileSheetSelectionScopeSelectedVisuals,
						VisualIds:      []string{"orders"},
					}},
				}},
			}},
		},
		UserConfiguration: &types.SnapshotUserConfiguration{
			AnonymousUsers: []types.SnapshotAnonymousUser{{}},
		},
	})
	return err
}

// waitOfficial waits until the job has finished, and returns its result.
func waitOfficial(
	ctx context.Context,
	client *quicksight.Client,
) (*quicksight.DescribeDashboardSnapshotJobResultOutput, error) {
	for {
		described, err := client.DescribeDashboardSnapshotJob(ctx, &quicksight.DescribeDashboardSnapshotJobInput{
			AwsAccountId:  aws.String("111122223333"),
			DashboardId:   aws.String("sales"),
			SnapshotJobId: aws.String("daily"),
		})
		if err != nil {
			return nil, err
		}
		status := described.JobStatus
		if status == types.SnapshotJobStatusCompleted || status == types.SnapshotJobStatusFailed {
			break
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(5 * time.Second):
		}
	}
	return client.DescribeDashboardSnapshotJobResult(ctx, &quicksight.DescribeDashboardSnapshotJobResultInput{
		AwsAccountId:  aws.String("111122223333"),
		DashboardId:   aws.String("sales"),
		SnapshotJobId: aws.String("daily"),
	})
}

// downloadOfficial fetches the files of an anonymous user.
func downloadOfficial(
	ctx context.Context,
	httpClient *http.Client,
	result *quicksight.DescribeDashboardSnapshotJobResultOutput,
	dir string,
) error {
	if result.JobStatus != types.SnapshotJobStatusCompleted {
		return errors.New("the job failed")
	}
	for _, user := range result.Result.AnonymousUsers {
		for i, group := range user.FileGroups {
			for _, file := range group.S3Results {
				if len(file.ErrorInfo) > 0 {
					return errors.New(aws.ToString(file.ErrorInfo[0].ErrorMessage))
				}
				path := filepath.Join(dir, fmt.Sprintf("daily-%d.csv", i))
				if err := fetch(ctx, httpClient, aws.ToString(file.S3Uri), path); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// fetch saves the file of a presigned URL.
func fetch(ctx context.Context, httpClient *http.Client, url, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := httpClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(file, resp.Body)
	return err
}
