package conformance

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/quicksight"
	"github.com/aws/aws-sdk-go-v2/service/quicksight/types"
	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sockets are the ways to run a fake on a socket.
var sockets = []struct {
	name  string
	start func(*snapshotjobtest.Server) string
}{
	{name: "plain", start: (*snapshotjobtest.Server).Start},
	{name: "TLS", start: (*snapshotjobtest.Server).StartTLS},
}

// onSockets runs a test against a fake on a plain and on a TLS socket. Jobs that
// are started there are complete at once.
func onSockets(
	t *testing.T,
	test func(t *testing.T, srv *snapshotjobtest.Server),
	optFns ...func(*snapshotjobtest.Options),
) {
	t.Helper()
	quick := func(o *snapshotjobtest.Options) {
		o.RequestsPerSecond = -1
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life { return snapshotjobtest.Completed() }
	}
	for _, socket := range sockets {
		t.Run(socket.name, func(t *testing.T) {
			t.Parallel()
			srv := snapshotjobtest.NewTestServer(t, append(slices.Clone(optFns), quick)...)
			socket.start(srv)
			test(t, srv)
		})
	}
}

// officialClient makes an official client of a fake.
func officialClient(
	srv *snapshotjobtest.Server, client aws.HTTPClient, keys aws.Credentials,
) *quicksight.Client {
	cfg := Config(keys, client)
	if url := srv.URL(); url != "" {
		cfg.BaseEndpoint = &url
	}
	return quicksight.NewFromConfig(cfg)
}

// describeInput asks the official client for exampleJob.
var describeInput = &quicksight.DescribeDashboardSnapshotJobInput{
	AwsAccountId:  &exampleJob.AWSAccountID,
	DashboardId:   &exampleJob.DashboardID,
	SnapshotJobId: &exampleJob.SnapshotJobID,
}

// startInput starts exampleJob with the official client: one CSV file.
var startInput = &quicksight.StartDashboardSnapshotJobInput{
	AwsAccountId:  &exampleJob.AWSAccountID,
	DashboardId:   &exampleJob.DashboardID,
	SnapshotJobId: &exampleJob.SnapshotJobID,
	SnapshotConfiguration: &types.SnapshotConfiguration{
		FileGroups: []types.SnapshotFileGroup{{Files: []types.SnapshotFile{ordersFile}}},
	},
	UserConfiguration: &types.SnapshotUserConfiguration{
		AnonymousUsers: []types.SnapshotAnonymousUser{{}},
	},
}

var ordersFile = types.SnapshotFile{
	FormatType: types.SnapshotFileFormatTypeCsv,
	SheetSelections: []types.SnapshotFileSheetSelection{{
		SheetId:        aws.String("summary"),
		SelectionScope: types.SnapshotFileSheetSelectionScopeSelectedVisuals,
		VisualIds:      []string{"orders"},
	}},
}

// TestOfficialClientStartsOnTheFake has the official client start a job, and
// describe it.
func TestOfficialClientStartsOnTheFake(t *testing.T) {
	onSockets(t, func(t *testing.T, srv *snapshotjobtest.Server) {
		client := officialClient(srv, srv.HTTPClient(), Keys)
		started, err := client.StartDashboardSnapshotJob(t.Context(), startInput)
		require.NoError(t, err)
		assert.Equal(t, "daily", aws.ToString(started.SnapshotJobId))
		assert.NotEmpty(t, aws.ToString(started.Arn))
		assert.Equal(t, int32(http.StatusOK), started.Status)

		described, err := client.DescribeDashboardSnapshotJob(t.Context(), describeInput)
		require.NoError(t, err)
		assert.Equal(t, types.SnapshotJobStatusCompleted, described.JobStatus)
		assert.Equal(t, started.Arn, described.Arn)
		assert.Len(t, described.SnapshotConfiguration.FileGroups, 1)
		assert.NotNil(t, described.CreatedTime)
	})
}

// TestOfficialClientReadsResultsOfTheFake has the official client start a job,
// and ask for its result.
func TestOfficialClientReadsResultsOfTheFake(t *testing.T) {
	onSockets(t, func(t *testing.T, srv *snapshotjobtest.Server) {
		client := officialClient(srv, srv.HTTPClient(), Keys)
		_, err := client.StartDashboardSnapshotJob(t.Context(), startInput)
		require.NoError(t, err)
		got, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleResultInput)
		require.NoError(t, err)
		uri := aws.ToString(got.Result.AnonymousUsers[0].FileGroups[0].S3Results[0].S3Uri)
		assert.Regexp(t, "^https?://", uri)
	})
}

// TestOfficialClientStartsSchedulesOnTheFake has the official client start a
// schedule.
func TestOfficialClientStartsSchedulesOnTheFake(t *testing.T) {
	onSockets(t, func(t *testing.T, srv *snapshotjobtest.Server) {
		client := officialClient(srv, srv.HTTPClient(), Keys)
		input := &quicksight.StartDashboardSnapshotJobScheduleInput{
			AwsAccountId: &exampleJob.AWSAccountID,
			DashboardId:  &exampleJob.DashboardID,
			ScheduleId:   aws.String("weekly"),
		}
		_, err := client.StartDashboardSnapshotJobSchedule(t.Context(), input)
		assert.NoError(t, err)
	})
}

// salesSheets are the sheets of exampleJob's dashboard.
var salesSheets = []snapshotjob.DashboardSheet{
	{
		SheetID: "summary",
		Name:    "Summary",
		Visuals: []snapshotjob.DashboardVisual{
			{VisualID: "orders", Kind: "TableVisual", Title: "All orders"},
			{VisualID: "trend", Kind: "LineChartVisual"},
		},
	},
	{SheetID: "empty"},
}

// TestOfficialClientReadsDefinitionsOfTheFake has the official client describe the
// versions of a dashboard.
func TestOfficialClientReadsDefinitionsOfTheFake(t *testing.T) {
	onSockets(t, func(t *testing.T, srv *snapshotjobtest.Server) {
		srv.AddDashboard(exampleJob.DashboardID, salesSheets...)
		client := officialClient(srv, srv.HTTPClient(), Keys)
		for _, alias := range []string{"", "$LATEST", "blue"} {
			job := exampleJob
			job.SnapshotJobID = alias
			out, err := describeOfficially(t.Context(), client, job)
			require.NoError(t, err)
			got := out.(*snapshotjob.DescribeDashboardDefinitionOutput)
			assert.Equal(t, salesSheets, got.Sheets)
			assert.Equal(t, "CREATION_SUCCESSFUL", got.ResourceStatus)
		}
	})
}

// TestOfficialClientStartsWhatTheDashboardHas has the official client start jobs of a
// visual that is there, and of one that is not.
func TestOfficialClientStartsWhatTheDashboardHas(t *testing.T) {
	onSockets(t, func(t *testing.T, srv *snapshotjobtest.Server) {
		client := officialClient(srv, srv.HTTPClient(), Keys)
		srv.AddDashboard(exampleJob.DashboardID, salesSheets[1:]...)
		_, err := client.StartDashboardSnapshotJob(t.Context(), startInput)
		var invalid *types.InvalidParameterValueException
		assert.ErrorAs(t, err, &invalid)

		srv.AddDashboard(exampleJob.DashboardID, salesSheets...)
		_, err = client.StartDashboardSnapshotJob(t.Context(), startInput)
		assert.NoError(t, err)
	})
}

// TestOfficialClientReadsErrorsOfTheFake has the official client ask for a job
// that does not exist.
func TestOfficialClientReadsErrorsOfTheFake(t *testing.T) {
	onSockets(t, func(t *testing.T, srv *snapshotjobtest.Server) {
		client := officialClient(srv, srv.HTTPClient(), Keys)
		input := &quicksight.DescribeDashboardSnapshotJobInput{
			AwsAccountId:  &exampleJob.AWSAccountID,
			DashboardId:   &exampleJob.DashboardID,
			SnapshotJobId: aws.String("none"),
		}
		_, err := client.DescribeDashboardSnapshotJob(t.Context(), input)
		var notFound *types.ResourceNotFoundException
		require.ErrorAs(t, err, &notFound)
		assert.NotEmpty(t, aws.ToString(notFound.Message))
		assert.NotEmpty(t, aws.ToString(notFound.RequestId))
	})
}

// TestFaultsOnTheOfficialClient shows that the official client takes the fake's
// commonest faults for what they stand for: each of them is tried again.
func TestFaultsOnTheOfficialClient(t *testing.T) {
	for name, faults := range map[string][]snapshotjobtest.Fault{
		"throttled, then 503": {snapshotjobtest.Throttle(), snapshotjobtest.ServerError(503)},
		"a skewed Date":       {snapshotjobtest.SkewedDate(time.Hour)},
		"dropped":             {snapshotjobtest.Drop()},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := snapshotjobtest.NewTestServer(t)
				srv.AddJob(exampleJob, snapshotjobtest.Completed())
				srv.Fail(snapshotjobtest.DescribeDashboardSnapshotJob, faults...)
				client := officialClient(srv, DoFunc(srv.Transport().RoundTrip), Keys)
				_, err := client.DescribeDashboardSnapshotJob(t.Context(), describeInput)
				assert.NoError(t, err)
			})
		})
	}
}
