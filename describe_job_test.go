package snapshotjob_test

import (
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// describeBody describes dailyJob at a service that sends this body, and these headers.
func describeBody(
	t *testing.T, body string, header ...string,
) (*snapshotjob.DescribeDashboardSnapshotJobOutput, error) {
	t.Helper()
	recorder := &startRecorder{status: 200, header: header, body: body}
	out, err := startClient(recorder).DescribeDashboardSnapshotJob(t.Context(), dailyJob)
	require.NotEmpty(t, recorder.requests)
	req := recorder.requests[0]
	assert.Equal(t, http.MethodGet, req.Method)
	assert.Equal(t, "/accounts/111122223333/dashboards/sales/snapshot-jobs/daily", req.URL.Path)
	return out, err
}

func TestDescribeJobMembers(t *testing.T) {
	const body = `{
		"Arn": "arn:aws:quicksight:us-east-1:444455556666:dashboard/d/snapshot-job/j",
		"AwsAccountId": "444455556666",
		"DashboardId": "d",
		"SnapshotJobId": "j",
		"JobStatus": "RUNNING",
		"CreatedTime": 1795419000.1239,
		"LastUpdatedTime": 1795419060,
		"RequestId": "R",
		"Status": 200,
		"Unknown": {"a": [1]},
		"UserConfiguration": {"AnonymousUsers": [{"RowLevelPermissionTagKeys": ["tenant", "region"]}, {}]},
		"SnapshotConfiguration": ` + describedConfigurationBody + `
	}`
	want := &snapshotjob.DescribeDashboardSnapshotJobOutput{
		Job: snapshotjob.Job{
			AWSAccountID:  "444455556666",
			DashboardID:   "d",
			SnapshotJobID: "j",
		},
		ARN:             "arn:aws:quicksight:us-east-1:444455556666:dashboard/d/snapshot-job/j",
		JobStatus:       snapshotjob.SnapshotJobStatusRunning,
		CreatedTime:     time.UnixMilli(1795419000123).UTC(),
		LastUpdatedTime: time.UnixMilli(1795419060000).UTC(),
		RequestID:       "R",
		Status:          200,
		UserConfiguration: &snapshotjob.SnapshotUserConfigurationRedacted{
			AnonymousUsers: []snapshotjob.SnapshotAnonymousUserRedacted{
				{RowLevelPermissionTagKeys: []string{"tenant", "region"}},
				{},
			},
		},
		SnapshotConfiguration: describedConfiguration(),
	}
	got, err := describeBody(t, body, "X-Amzn-Requestid", "H")
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

// describedConfigurationBody is a configuration with all of its members.
const describedConfigurationBody = `{
	"FileGroups": [
		{"Files": [{
			"FormatType": "EXCEL",
			"SheetSelections": [
				{"SheetId": "s", "SelectionScope": "SELECTED_VISUALS", "VisualIds": ["v", "w"]}
			]
		}]},
		{}
	],
	"DestinationConfiguration": {"S3Destinations": [
		{"BucketConfiguration": {"BucketName": "b", "BucketPrefix": "p", "BucketRegion": "eu-central-1"}}
	]},
	"Parameters": {
		"StringParameters": [
			{"Name": "place", "Values": ["north", ""]}
		],
		"IntegerParameters": [
			{"Name": "n", "Values": [0, 9223372036854775807, -9223372036854775808]}
		],
		"DecimalParameters": [
			{"Name": "x", "Values": [0.1, 1e300, "Infinity", "-Infinity", null]}
		],
		"DateTimeParameters": [
			{"Name": "t", "Values": [0, 1795419000.123, -1.5]}
		]
	}
}`

// describedConfiguration is what describedConfigurationBody says.
func describedConfiguration() snapshotjob.SnapshotConfiguration {
	return snapshotjob.SnapshotConfiguration{
		FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.Excel("s", "v", "w"), {}},
		DestinationConfiguration: &snapshotjob.SnapshotDestinationConfiguration{
			S3Destinations: []snapshotjob.SnapshotS3DestinationConfiguration{
				{BucketConfiguration: snapshotjob.S3BucketConfiguration{
					BucketName:   "b",
					BucketPrefix: "p",
					BucketRegion: "eu-central-1",
				}},
			},
		},
		Parameters: &snapshotjob.Parameters{
			StringParameters: []snapshotjob.StringParameter{
				{Name: "place", Values: []string{"north", ""}},
			},
			IntegerParameters: []snapshotjob.IntegerParameter{
				{Name: "n", Values: []int64{0, math.MaxInt64, math.MinInt64}},
			},
			DecimalParameters: []snapshotjob.DecimalParameter{
				{Name: "x", Values: []float64{0.1, 1e300, math.Inf(1), math.Inf(-1), 0}},
			},
			DateTimeParameters: []snapshotjob.DateTimeParameter{
				{Name: "t", Values: []time.Time{
					time.UnixMilli(0).UTC(),
					time.UnixMilli(1795419000123).UTC(),
					time.UnixMilli(-1500).UTC(),
				}},
			},
		},
	}
}

func TestDescribeJobReadsNaN(t *testing.T) {
	const body = `{"SnapshotConfiguration":{"Parameters":{"DecimalParameters":[
		{"Name":"x","Values":["NaN","nan"]}
	]}}}`
	out, err := describeBody(t, body)
	require.NoError(t, err)
	values := out.SnapshotConfiguration.Parameters.DecimalParameters[0].Values
	assert.Len(t, values, 2)
	for _, value := range values {
		assert.True(t, math.IsNaN(value), "got %v, want NaN", value)
	}
}

func TestDescribeJobAbsentMembers(t *testing.T) {
	want := &snapshotjob.DescribeDashboardSnapshotJobOutput{Job: dailyJob, RequestID: "H"}
	const nullConfiguration = `{"SnapshotConfiguration": {
		"FileGroups": null,
		"DestinationConfiguration": null,
		"Parameters": null
	}}`
	for name, body := range map[string]string{
		"no body":         ``,
		"no member":       `{}`,
		"null":            `null`,
		"null everywhere": describedNulls,
		"null inside":     nullConfiguration,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := describeBody(t, body, "X-Amzn-Requestid", "H")
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

// describedNulls has every member, and a value for none.
const describedNulls = `{
	"Arn": null,
	"AwsAccountId": null,
	"DashboardId": null,
	"SnapshotJobId": null,
	"JobStatus": null,
	"CreatedTime": null,
	"LastUpdatedTime": null,
	"SnapshotConfiguration": null,
	"UserConfiguration": null,
	"RequestId": null,
	"Status": null
}`

func TestDescribeJobStatusOfTheBody(t *testing.T) {
	for text, want := range map[string]int{
		`200`:        200,
		`-1`:         -1,
		`0`:          0,
		`2147483647`: math.MaxInt32,
		`null`:       0,
	} {
		t.Run(text, func(t *testing.T) {
			out, err := describeBody(t, `{"Status":`+text+`,"JobStatus":"QUEUED"}`)
			require.NoError(t, err)
			assert.Equal(t, want, out.Status)
			assert.Equal(t, snapshotjob.SnapshotJobStatusQueued, out.JobStatus)
		})
	}
}

// The official client refuses these too.
func TestDescribeJobRefusesAStatusThatIsNoInteger(t *testing.T) {
	for _, text := range []string{
		`200.0`, `2e2`, `"200"`, `true`, `1e99`, `""`, `"NaN"`, `[200]`, `{"a":200}`,
	} {
		t.Run(text, func(t *testing.T) {
			_, err := describeBody(t, `{"Status":`+text+`}`)
			assert.Error(t, err)
		})
	}
}

func TestDescribeJobKeepsUnknownStatuses(t *testing.T) {
	out, err := describeBody(t, `{"JobStatus":"PAUSED"}`)
	require.NoError(t, err)
	assert.Equal(t, snapshotjob.SnapshotJobStatus("PAUSED"), out.JobStatus)
	assert.False(t, out.JobStatus.IsTerminal())
}

func TestDescribeJobRefusesWrongTypes(t *testing.T) {
	parameter := func(kind, value string) string {
		list := `[{"Name":"x","Values":[` + value + `]}]`
		return `{"SnapshotConfiguration":{"Parameters":{"` + kind + `":` + list + `}}}`
	}
	for name, body := range map[string]string{
		"a number as a status":     `{"JobStatus":1}`,
		"a text as a time":         `{"CreatedTime":"2026-11-23T00:00:00Z"}`,
		"a list as an object":      `{"SnapshotConfiguration":[]}`,
		"a list":                   `[]`,
		"a text":                   `"text"`,
		"a body that is cut off":   `{"JobStatus":"RUNNING"`,
		"a text as a decimal":      parameter("DecimalParameters", `"one"`),
		"an integer beyond 64 bit": parameter("IntegerParameters", `9223372036854775808`),
		"a time beyond all years":  parameter("DateTimeParameters", `1e300`),
	} {
		t.Run(name, func(t *testing.T) {
			out, err := describeBody(t, body)
			assert.Error(t, err)
			assert.Nil(t, out)
		})
	}
}

// startAndDescribe starts a job, and describes it.
func startAndDescribe(t *testing.T, in *startJobInput) *snapshotjob.DescribeDashboardSnapshotJobOutput {
	t.Helper()
	client := snapshotjobtest.NewTestServer(t).Client()
	_, err := client.StartDashboardSnapshotJob(t.Context(), in)
	require.NoError(t, err)
	out, err := client.DescribeDashboardSnapshotJob(t.Context(), in.Job)
	require.NoError(t, err)
	return out
}

func TestDescribeJobThatWasStarted(t *testing.T) {
	in := startInput(snapshotjob.PDF("sheet-1"), snapshotjob.CSV("sheet-1", "visual-1"))
	in.SnapshotConfiguration.Parameters = &snapshotjob.Parameters{
		DecimalParameters: []snapshotjob.DecimalParameter{
			{Name: "x", Values: []float64{math.Inf(-1), 0.1}},
		},
		DateTimeParameters: []snapshotjob.DateTimeParameter{
			{Name: "t", Values: []time.Time{time.UnixMilli(1795419000123).UTC()}},
		},
	}
	out := startAndDescribe(t, in)
	assert.Equal(t, in.Job, out.Job)
	assert.False(t, out.CreatedTime.IsZero())
	assert.Equal(t, in.SnapshotConfiguration, out.SnapshotConfiguration)
}

// AWS marks a tag's value as sensitive, and tells its key alone.
func TestDescribeJobTellsTheKeysOfTags(t *testing.T) {
	in := startInput()
	in.UserConfiguration = snapshotjob.AnonymousUser(
		snapshotjob.SessionTag{Key: "tenant", Value: "secret"},
	)
	want := &snapshotjob.SnapshotUserConfigurationRedacted{
		AnonymousUsers: []snapshotjob.SnapshotAnonymousUserRedacted{
			{RowLevelPermissionTagKeys: []string{"tenant"}},
		},
	}
	out := startAndDescribe(t, in)
	assert.Equal(t, want, out.UserConfiguration)
}

func TestDescribeJobThatDoesNotExist(t *testing.T) {
	server := snapshotjobtest.NewTestServer(t)
	_, err := server.Client().DescribeDashboardSnapshotJob(t.Context(), dailyJob)
	var notFound *snapshotjob.ResourceNotFoundException
	assert.ErrorAs(t, err, &notFound)
}

func TestDescribeJobOfAnotherUser(t *testing.T) {
	life := snapshotjobtest.Completed()
	life.User = "other"
	server := startServer(t, life)
	_, err := server.Client().DescribeDashboardSnapshotJob(t.Context(), dailyJob)
	var denied *snapshotjob.AccessDeniedException
	assert.ErrorAs(t, err, &denied)
}

func TestDescribeJobTellsOfAllProblems(t *testing.T) {
	server := snapshotjobtest.NewTestServer(t)
	_, err := server.Client().DescribeDashboardSnapshotJob(t.Context(), snapshotjob.Job{})
	var invalid *snapshotjob.InvalidInputError
	require.ErrorAs(t, err, &invalid)
	assert.Len(t, invalid.Faults, 3)
}
