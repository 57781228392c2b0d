package snapshotjob_test

import (
	"errors"
	"math"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

func describeBody(t *testing.T, body string, header ...string) (*snapshotjob.DescribeDashboardSnapshotJobOutput, error) {
	t.Helper()
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	r := &startRecorder{status: 200, header: h, body: body}
	out, err := startClient(r).DescribeDashboardSnapshotJob(t.Context(), startJob)
	if got, want := r.requests[0].URL.Path, "/accounts/111122223333/dashboards/sales/snapshot-jobs/daily"; r.requests[0].Method != "GET" || got != want {
		t.Errorf("request %s %s, want GET %s", r.requests[0].Method, got, want)
	}
	return out, err
}

func TestDescribeJobMembers(t *testing.T) {
	got, err := describeBody(t, `{
		"Arn": "arn:aws:quicksight:us-east-1:444455556666:dashboard/d/snapshot-job/j",
		"AwsAccountId": "444455556666", "DashboardId": "d", "SnapshotJobId": "j",
		"JobStatus": "RUNNING", "CreatedTime": 1795419000.1239, "LastUpdatedTime": 1795419060, "RequestId": "R", "Status": 200, "Unknown": {"a": [1]},
		"UserConfiguration": {"AnonymousUsers": [{"RowLevelPermissionTagKeys": ["tenant", "region"]}, {}]},
		"SnapshotConfiguration": {
			"FileGroups": [{"Files": [{"FormatType": "EXCEL", "SheetSelections": [{"SheetId": "s", "SelectionScope": "SELECTED_VISUALS", "VisualIds": ["v", "w"]}]}]}, {}],
			"DestinationConfiguration": {"S3Destinations": [{"BucketConfiguration": {"BucketName": "b", "BucketPrefix": "p", "BucketRegion": "eu-central-1"}}]},
			"Parameters": {
				"StringParameters": [{"Name": "place", "Values": ["north", ""]}],
				"IntegerParameters": [{"Name": "n", "Values": [0, 9223372036854775807, -9223372036854775808]}],
				"DecimalParameters": [{"Name": "x", "Values": [0.1, 1e300, "Infinity", "-Infinity", null]}],
				"DateTimeParameters": [{"Name": "t", "Values": [0, 1795419000.123, -1.5]}]
			}
		}
	}`, "X-Amzn-Requestid", "H")
	if err != nil {
		t.Fatal(err)
	}
	want := &snapshotjob.DescribeDashboardSnapshotJobOutput{
		Job:         snapshotjob.Job{AWSAccountID: "444455556666", DashboardID: "d", SnapshotJobID: "j"},
		ARN:         "arn:aws:quicksight:us-east-1:444455556666:dashboard/d/snapshot-job/j",
		JobStatus:   snapshotjob.SnapshotJobStatusRunning,
		CreatedTime: time.UnixMilli(1795419000123).UTC(), LastUpdatedTime: time.UnixMilli(1795419060000).UTC(),
		RequestID: "R", Status: 200,
		UserConfiguration: &snapshotjob.SnapshotUserConfigurationRedacted{AnonymousUsers: []snapshotjob.SnapshotAnonymousUserRedacted{
			{RowLevelPermissionTagKeys: []string{"tenant", "region"}}, {},
		}},
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.Excel("s", "v", "w"), {}},
			DestinationConfiguration: &snapshotjob.SnapshotDestinationConfiguration{S3Destinations: []snapshotjob.SnapshotS3DestinationConfiguration{
				{BucketConfiguration: snapshotjob.S3BucketConfiguration{BucketName: "b", BucketPrefix: "p", BucketRegion: "eu-central-1"}},
			}},
			Parameters: &snapshotjob.Parameters{
				StringParameters:  []snapshotjob.StringParameter{{Name: "place", Values: []string{"north", ""}}},
				IntegerParameters: []snapshotjob.IntegerParameter{{Name: "n", Values: []int64{0, math.MaxInt64, math.MinInt64}}},
				DecimalParameters: []snapshotjob.DecimalParameter{{Name: "x", Values: []float64{0.1, 1e300, math.Inf(1), math.Inf(-1), 0}}},
				DateTimeParameters: []snapshotjob.DateTimeParameter{{Name: "t", Values: []time.Time{
					time.UnixMilli(0).UTC(), time.UnixMilli(1795419000123).UTC(), time.UnixMilli(-1500).UTC(),
				}}},
			},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("output:\n got %+v\nwant %+v", got, want)
	}
}

func TestDescribeJobReadsNaN(t *testing.T) {
	out, err := describeBody(t, `{"SnapshotConfiguration":{"Parameters":{"DecimalParameters":[{"Name":"x","Values":["NaN","nan"]}]}}}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range out.SnapshotConfiguration.Parameters.DecimalParameters[0].Values {
		if !math.IsNaN(f) {
			t.Errorf("got %v, want NaN", f)
		}
	}
}

func TestDescribeJobAbsentMembers(t *testing.T) {
	want := snapshotjob.DescribeDashboardSnapshotJobOutput{Job: startJob, RequestID: "H"}
	for _, body := range []string{
		``, `{}`, `null`,
		`{"Arn":null,"AwsAccountId":null,"DashboardId":null,"SnapshotJobId":null,"JobStatus":null,"CreatedTime":null,"LastUpdatedTime":null,"SnapshotConfiguration":null,"UserConfiguration":null,"RequestId":null,"Status":null}`,
		`{"SnapshotConfiguration":{"FileGroups":null,"DestinationConfiguration":null,"Parameters":null}}`,
	} {
		out, err := describeBody(t, body, "X-Amzn-Requestid", "H")
		if err != nil || !reflect.DeepEqual(*out, want) {
			t.Errorf("%s: output %+v, %v, want %+v", body, out, err, want)
		}
	}
}

func TestDescribeJobStatusOfTheBody(t *testing.T) {
	for body, want := range map[string]int{`200`: 200, `-1`: -1, `0`: 0, `2147483647`: math.MaxInt32, `null`: 0} {
		out, err := describeBody(t, `{"Status":`+body+`,"JobStatus":"QUEUED"}`)
		if err != nil || out.Status != want || out.JobStatus != "QUEUED" {
			t.Errorf("Status %s: output %+v, %v, want %d", body, out, err, want)
		}
	}
	for _, body := range []string{`200.0`, `2e2`, `"200"`, `true`, `1e99`, `""`, `"NaN"`, `[200]`, `{"a":200}`} {
		if out, err := describeBody(t, `{"Status":`+body+`}`); err == nil {
			t.Errorf("Status %s: output %+v, want an error, as the official client's", body, out)
		}
	}
}

func TestDescribeJobKeepsUnknownStatuses(t *testing.T) {
	out, err := describeBody(t, `{"JobStatus":"PAUSED"}`)
	if err != nil || out.JobStatus != "PAUSED" || out.JobStatus.IsTerminal() {
		t.Errorf("output %+v, %v, want PAUSED, which is not terminal", out, err)
	}
}

func TestDescribeJobRefusesWrongTypes(t *testing.T) {
	for _, body := range []string{
		`{"JobStatus":1}`, `{"CreatedTime":"2026-11-23T00:00:00Z"}`, `{"SnapshotConfiguration":[]}`, `[]`, `"text"`, `{"JobStatus":"RUNNING"`,
		`{"SnapshotConfiguration":{"Parameters":{"DecimalParameters":[{"Name":"x","Values":["one"]}]}}}`,
		`{"SnapshotConfiguration":{"Parameters":{"IntegerParameters":[{"Name":"n","Values":[9223372036854775808]}]}}}`,
		`{"SnapshotConfiguration":{"Parameters":{"DateTimeParameters":[{"Name":"t","Values":[1e300]}]}}}`,
	} {
		if out, err := describeBody(t, body); err == nil || out != nil {
			t.Errorf("%s: output %+v, %v, want an error", body, out, err)
		}
	}
}

// What Start sent comes back from the fake as it was.
func TestDescribeJobThatWasStarted(t *testing.T) {
	server := snapshotjobtest.NewTestServer(t)
	in := startInput(snapshotjob.PDF("sheet-1"), snapshotjob.CSV("sheet-1", "visual-1"))
	in.UserConfiguration = snapshotjob.AnonymousUser(snapshotjob.SessionTag{Key: "tenant", Value: "secret"})
	in.SnapshotConfiguration.Parameters = &snapshotjob.Parameters{
		DecimalParameters:  []snapshotjob.DecimalParameter{{Name: "x", Values: []float64{math.Inf(-1), 0.1}}},
		DateTimeParameters: []snapshotjob.DateTimeParameter{{Name: "t", Values: []time.Time{time.UnixMilli(1795419000123).UTC()}}},
	}
	client := server.Client()
	if _, err := client.StartDashboardSnapshotJob(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	out, err := client.DescribeDashboardSnapshotJob(t.Context(), startJob)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(out.SnapshotConfiguration, in.SnapshotConfiguration) || out.Job != startJob || out.CreatedTime.IsZero() {
		t.Errorf("output %+v, want the configuration of %+v", out, in)
	}
	want := &snapshotjob.SnapshotUserConfigurationRedacted{AnonymousUsers: []snapshotjob.SnapshotAnonymousUserRedacted{{RowLevelPermissionTagKeys: []string{"tenant"}}}}
	if !reflect.DeepEqual(out.UserConfiguration, want) {
		t.Errorf("users %+v, want %+v", out.UserConfiguration, want)
	}
}

func TestDescribeJobExceptions(t *testing.T) {
	server := snapshotjobtest.NewTestServer(t)
	_, err := server.Client().DescribeDashboardSnapshotJob(t.Context(), startJob)
	var notFound *snapshotjob.ResourceNotFoundException
	if !errors.As(err, &notFound) {
		t.Errorf("err = %v, want ResourceNotFoundException", err)
	}
	life := snapshotjobtest.Completed()
	life.User = "other"
	server.AddJob(startJob, life)
	_, err = server.Client().DescribeDashboardSnapshotJob(t.Context(), startJob)
	var denied *snapshotjob.AccessDeniedException
	if !errors.As(err, &denied) {
		t.Errorf("err = %v, want AccessDeniedException: another user started the job", err)
	}
	_, err = server.Client().DescribeDashboardSnapshotJob(t.Context(), snapshotjob.Job{})
	var invalid *snapshotjob.InvalidInputError
	if !errors.As(err, &invalid) || len(invalid.Faults) != 3 {
		t.Errorf("err = %v, want an InvalidInputError of three faults", err)
	}
}
