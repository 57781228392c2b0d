package docs_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// intoBucket returns a start whose files go to the caller's bucket.
func intoBucket(job snapshotjob.Job) *snapshotjob.StartDashboardSnapshotJobInput {
	return &snapshotjob.StartDashboardSnapshotJobInput{
		Job: job,
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("overview")},
			DestinationConfiguration: &snapshotjob.SnapshotDestinationConfiguration{
				S3Destinations: []snapshotjob.SnapshotS3DestinationConfiguration{{
					BucketConfiguration: snapshotjob.S3BucketConfiguration{
						BucketName:   "amzn-s3-demo-bucket",
						BucketPrefix: "reports",
						BucketRegion: "us-east-1", // that of the dashboard
					},
				}},
			},
		},
		UserConfiguration: snapshotjob.AnonymousUser(),
	}
}

func TestFilesIntoBucket(t *testing.T) {
	client := snapshotjobtest.NewTestServer(t, finishAtOnce).Client()
	_, err := client.StartDashboardSnapshotJob(t.Context(), intoBucket(exampleJob))
	require.NoError(t, err)
	result, err := client.Wait(t.Context(), exampleJob)
	require.NoError(t, err)
	files := slices.Collect(result.Files())
	require.Len(t, files, 1)
	assert.True(t, strings.HasPrefix(string(files[0].URI), "s3://amzn-s3-demo-bucket/reports"))
	_, err = client.Download(t.Context(), exampleJob, t.TempDir())
	assert.NoError(t, err)
}

// policy is what the tests read of an IAM policy.
type policy struct {
	Version   string
	Statement []struct {
		Effect   string
		Action   []string
		Resource []string
	}
}

// policiesOf returns the policies of a guide.
func policiesOf(t *testing.T, path string) []policy {
	t.Helper()
	var policies []policy
	for _, b := range readBlocks(t, path) {
		if b.language != "json" {
			continue
		}
		var p policy
		require.NoError(t, json.Unmarshal([]byte(strings.Join(b.lines, "\n")), &p))
		policies = append(policies, p)
	}
	return policies
}

// The caller's policy allows every request that a client can send, and no other one.
func TestPolicyAllowsEveryOperation(t *testing.T) {
	policies := policiesOf(t, "iam.md")
	require.NotEmpty(t, policies)
	var allowed []string
	for _, statement := range policies[0].Statement {
		assert.Equal(t, "Allow", statement.Effect)
		allowed = append(allowed, statement.Action...)
	}
	assert.ElementsMatch(t, []string{
		"quicksight:" + string(snapshotjobtest.StartDashboardSnapshotJob),
		"quicksight:" + string(snapshotjobtest.StartDashboardSnapshotJobSchedule),
		"quicksight:" + string(snapshotjobtest.DescribeDashboardSnapshotJob),
		"quicksight:" + string(snapshotjobtest.DescribeDashboardSnapshotJobResult),
		"quicksight:" + string(snapshotjobtest.DescribeDashboardDefinition),
		"s3:" + string(snapshotjobtest.GetObject),
		"s3:ListBucket",
	}, allowed)
}

// The Service Authorization Reference has no type of resource for the start of a schedule. IAM grants such an action
// only if the resource is "*". Every other action is granted for one dashboard or one bucket.
func TestPolicyGrantsOnlyScheduleForAllResources(t *testing.T) {
	policies := policiesOf(t, "iam.md")
	require.NotEmpty(t, policies)
	var forAll []string
	for _, statement := range policies[0].Statement {
		if slices.Contains(statement.Resource, "*") {
			forAll = append(forAll, statement.Action...)
		}
	}
	assert.Equal(t, []string{"quicksight:" + string(snapshotjobtest.StartDashboardSnapshotJobSchedule)}, forAll)
}

// An outdated version of the policy language lacks features, and IAM warns of it.
func TestPoliciesHaveVersion(t *testing.T) {
	for _, guide := range []string{"iam.md", "registered-users.md"} {
		policies := policiesOf(t, guide)
		require.NotEmpty(t, policies, guide)
		for _, p := range policies {
			assert.Equal(t, "2012-10-17", p.Version, guide)
		}
	}
}
