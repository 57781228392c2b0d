package docs_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// forTenant returns the request for a PDF of what a tenant may see of some regions.
func forTenant(date, tenant string, regions []string) *snapshotjob.StartDashboardSnapshotJobInput {
	return &snapshotjob.StartDashboardSnapshotJobInput{
		Job: snapshotjob.Job{
			AWSAccountID:  "111122223333",
			DashboardID:   "sales",
			SnapshotJobID: date + "_" + tenant, // another id for each tenant
		},
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("overview")},
			Parameters: &snapshotjob.Parameters{
				StringParameters: []snapshotjob.StringParameter{{
					Name:   "Currency",
					Values: []string{"EUR"},
				}},
			},
		},
		UserConfiguration: snapshotjob.AnonymousUser(
			snapshotjob.SessionTag{Key: "tenant", Value: tenant},
			snapshotjob.SessionTag{Key: "region", Value: strings.Join(regions, ",")},
		),
	}
}

// No value of a tag or a parameter is ever printed, and a description has only the keys of the tags.
func Example_anonymousUser() {
	ctx := context.Background()
	client := snapshotjobtest.NewServer(finishAtOnce).Client()
	input := forTenant("2026-11-23", "acme", []string{"north", "south"})
	_, err := client.StartDashboardSnapshotJob(ctx, input)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(input.UserConfiguration.AnonymousUsers[0].RowLevelPermissionTags)

	described, err := client.DescribeDashboardSnapshotJob(ctx, input.Job)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(described.UserConfiguration.AnonymousUsers[0].RowLevelPermissionTagKeys)
	// Output:
	// [{tenant REDACTED} {region REDACTED}]
	// [tenant region]
}
