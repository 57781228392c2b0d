package snapshotjobtest_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// All through a job's life, its description has the members of the service's JSON, and no others. A
// bubble's clock begins at 946684800, which is the first second of the year 2000.
func TestDescribe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t)
		advanceClock(123 * time.Millisecond)
		post(jobsPath, goodStart).send(t, srv).assertOK(t)
		for _, step := range []struct {
			after   time.Duration
			status  string
			updated string
		}{
			{after: 0, status: "QUEUED", updated: "946684800.123"},
			{after: 1999 * time.Millisecond, status: "QUEUED", updated: "946684800.123"},
			{after: time.Millisecond, status: "RUNNING", updated: "946684802.123"},
			{after: 40*time.Second - time.Millisecond, status: "RUNNING", updated: "946684802.123"},
			{after: time.Millisecond, status: "COMPLETED", updated: "946684842.123"},
			{after: 1000 * time.Hour, status: "COMPLETED", updated: "946684842.123"},
		} {
			advanceClock(step.after)
			got := get(weeklyPath).send(t, srv)
			want := weeklyDescriptionBody(step.status, step.updated, got.requestID())
			got.assertBody(t, want)
		}
	})
}

// weeklyDescriptionBody is the body of a response that describes the job of goodStart.
func weeklyDescriptionBody(status, updated, requestID string) string {
	const identity = `"Arn":"arn:aws:quicksight:us-east-1:111122223333:dashboard/sales/snapshot-job/weekly",` +
		`"AwsAccountId":"111122223333","DashboardId":"sales","SnapshotJobId":"weekly"`
	const users = `"UserConfiguration":{"AnonymousUsers":[{"RowLevelPermissionTagKeys":["tenant"]}]}`
	configuration := `"SnapshotConfiguration":{"FileGroups":[` + pdfGroup + `,` + csvGroup + `]}`
	progress := fmt.Sprintf(`"CreatedTime":946684800.123,"LastUpdatedTime":%s,"JobStatus":%q`, updated, status)
	response := fmt.Sprintf(`"RequestId":%q,"Status":200`, requestID)
	members := []string{identity, users, configuration, progress, response}
	return "{" + strings.Join(members, ",") + "}"
}

// A job that was not started through the API has a configuration too: that of its files.
func TestDescribeAddedJob(t *testing.T) {
	srv := newDailyServer(t, completedPDF())
	described, err := srv.Client().DescribeDashboardSnapshotJob(t.Context(), daily)
	require.NoError(t, err)
	want := []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("s")}
	assert.Equal(t, want, described.SnapshotConfiguration.FileGroups)
}
