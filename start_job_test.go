package snapshotjob_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/quicksight-go/snapshotjob"
)

var startJob = snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "sales", SnapshotJobID: "daily"}

// startInput asks for a PDF, as an anonymous user.
func startInput(groups ...snapshotjob.SnapshotFileGroup) *snapshotjob.StartDashboardSnapshotJobInput {
	if groups == nil {
		groups = []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("sheet-1")}
	}
	return &snapshotjob.StartDashboardSnapshotJobInput{
		Job:                   startJob,
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{FileGroups: groups},
		UserConfiguration:     snapshotjob.AnonymousUser(),
	}
}

// startRecorder answers every request alike, and keeps the requests and bodies.
type startRecorder struct {
	status   int
	header   http.Header
	body     string
	requests []*http.Request
	sent     [][]byte
}

func (r *startRecorder) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
	}
	r.requests, r.sent = append(r.requests, req), append(r.sent, body)
	header := r.header
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: r.status, Header: header, Body: io.NopCloser(strings.NewReader(r.body)), ContentLength: int64(len(r.body))}, nil
}

func startClient(transport http.RoundTripper, optFns ...func(*snapshotjob.Options)) *snapshotjob.Client {
	return snapshotjob.New(snapshotjob.Options{
		Region: "us-east-1", Transport: transport, DownloadTransport: transport,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", SessionToken: "TOKENEXAMPLE"}, nil
		}),
	}, optFns...)
}

// startValue reads JSON so that two texts of the same numbers are equal.
func startValue(t *testing.T, text []byte) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	var plain func(any) any
	plain = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for key := range v {
				v[key] = plain(v[key])
			}
		case []any:
			for i := range v {
				v[i] = plain(v[i])
			}
		case json.Number:
			if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
				return n
			}
			f, err := strconv.ParseFloat(string(v), 64)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		return v
	}
	return plain(v)
}

// The files of testdata/start hold what the official client
// (service/quicksight v1.113.0) sent for the same input.
func TestStartSendsWhatTheOfficialClientSends(t *testing.T) {
	excel := snapshotjob.Excel("sheet-1", "visual-1", "visual-2")
	excel.Files[0].SheetSelections = append(excel.Files[0].SheetSelections, snapshotjob.Excel("sheet-2", "visual-3").Files[0].SheetSelections...)
	tags := startInput(excel)
	tags.UserConfiguration = snapshotjob.AnonymousUser(
		snapshotjob.SessionTag{Key: "tenant", Value: "Ünïcode <&> \"quoted\" \u2028 😀"},
		snapshotjob.SessionTag{Key: "region", Value: "north"})

	registered := startInput(snapshotjob.CSV("sheet-1", "visual-1"))
	registered.UserConfiguration = nil

	destination := startInput(snapshotjob.PDF("sheet-1"), snapshotjob.CSV("sheet-1", "visual-1"))
	destination.SnapshotConfiguration.DestinationConfiguration = &snapshotjob.SnapshotDestinationConfiguration{
		S3Destinations: []snapshotjob.SnapshotS3DestinationConfiguration{{BucketConfiguration: snapshotjob.S3BucketConfiguration{
			BucketName: "reports", BucketPrefix: "daily/pdf", BucketRegion: "us-east-1",
		}}},
	}

	parameters := startInput()
	parameters.SnapshotConfiguration.Parameters = &snapshotjob.Parameters{
		StringParameters:  []snapshotjob.StringParameter{{Name: "place", Values: []string{"north", "", "sü<&>d\t\x00"}}, {Name: "none"}},
		IntegerParameters: []snapshotjob.IntegerParameter{{Name: "n", Values: []int64{0, -1, math.MaxInt64, math.MinInt64, 1<<53 + 1}}},
		DecimalParameters: []snapshotjob.DecimalParameter{{Name: "x", Values: []float64{
			0, 0.1, -1.5e300, 5e-324, math.MaxFloat64, math.NaN(), math.Inf(1), math.Inf(-1), 1e21, 1e-7,
		}}},
		DateTimeParameters: []snapshotjob.DateTimeParameter{{Name: "t", Values: []time.Time{
			time.Unix(0, 0),
			time.Date(2026, 11, 23, 8, 30, 0, 123456789, time.FixedZone("", 3600)),
			time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC),
			time.Date(2200, 1, 1, 0, 0, 0, 1e6, time.UTC),
		}}},
	}

	emptyLists := startInput()
	emptyLists.SnapshotConfiguration.FileGroups[0].Files[0].SheetSelections[0].VisualIDs = []string{}
	emptyLists.SnapshotConfiguration.Parameters = &snapshotjob.Parameters{StringParameters: []snapshotjob.StringParameter{}}

	inputs := map[string]*snapshotjob.StartDashboardSnapshotJobInput{
		"pdf_anonymous": startInput(), "csv_registered": registered, "excel_tags": tags,
		"destination": destination, "parameters": parameters, "empty_lists": emptyLists,
	}
	files, err := filepath.Glob("testdata/start/*.json")
	if err != nil || len(files) != len(inputs) {
		t.Fatalf("%d files, %v, want one for each of the %d inputs", len(files), err, len(inputs))
	}
	for name, in := range inputs {
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile("testdata/start/" + name + ".json")
			if err != nil {
				t.Fatal(err)
			}
			before := fmt.Sprintf("%+v", in)
			r := &startRecorder{status: 200, body: `{"Arn":"A","SnapshotJobId":"daily","RequestId":"R"}`}
			out, err := startClient(r).StartDashboardSnapshotJob(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if wantOut := (snapshotjob.StartDashboardSnapshotJobOutput{Job: startJob, ARN: "A", RequestID: "R", Status: 200}); *out != wantOut {
				t.Errorf("output %+v, want %+v", *out, wantOut)
			}
			if got := startValue(t, r.sent[0]); !reflect.DeepEqual(got, startValue(t, want)) {
				t.Errorf("body:\n got %s\nwant %s", r.sent[0], want)
			}
			req := r.requests[0]
			got := fmt.Sprint(req.Method, " ", req.URL, " ", req.Header["Content-Type"], " ", req.ContentLength == int64(len(r.sent[0])))
			if want := "POST https://quicksight.us-east-1.amazonaws.com/accounts/111122223333/dashboards/sales/snapshot-jobs [application/json] true"; got != want {
				t.Errorf("request:\n got %s\nwant %s", got, want)
			}
			if after := fmt.Sprintf("%+v", in); after != before {
				t.Errorf("the input was changed:\n now %s\nwas %s", after, before)
			}
		})
	}
}

func TestStartOfNothing(t *testing.T) {
	r := &startRecorder{}
	_, err := startClient(r).StartDashboardSnapshotJob(t.Context(), nil)
	want := "operation error QuickSight: StartDashboardSnapshotJob, invalid input: in is nil: want the job to start"
	if err == nil || err.Error() != want {
		t.Errorf("err = %v, want %s", err, want)
	}
	_, err = startClient(r).StartDashboardSnapshotJobSchedule(t.Context(), nil)
	want = "operation error QuickSight: StartDashboardSnapshotJobSchedule, invalid input: in is nil: want the schedule to start"
	if err == nil || err.Error() != want {
		t.Errorf("err = %v, want %s", err, want)
	}
	if len(r.requests) != 0 {
		t.Errorf("%d requests, want none", len(r.requests))
	}
}

func TestStartKeepsTheAnswersJob(t *testing.T) {
	r := &startRecorder{status: 202, header: http.Header{"X-Amzn-Requestid": {"H"}}, body: `{"SnapshotJobId":"other"}`}
	out, err := startClient(r).StartDashboardSnapshotJob(t.Context(), startInput())
	want := snapshotjob.StartDashboardSnapshotJobOutput{
		Job: snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "sales", SnapshotJobID: "other"}, RequestID: "H", Status: 202,
	}
	if err != nil || *out != want {
		t.Errorf("output %+v, %v, want %+v", out, err, want)
	}
}

// aws/retry takes LimitExceededException for throttling, whatever its status.
func TestStartIsNotTriedAgainAtTheLimit(t *testing.T) {
	for _, status := range []int{409, 429, 400} {
		r := &startRecorder{status: status, header: http.Header{"X-Amzn-Errortype": {"LimitExceededException"}}, body: `{"Message":"m","ResourceType":"SNAPSHOT_JOB"}`}
		client := startClient(r)
		_, jobErr := client.StartDashboardSnapshotJob(t.Context(), startInput())
		_, scheduleErr := client.StartDashboardSnapshotJobSchedule(t.Context(), startSchedule)
		for _, err := range []error{jobErr, scheduleErr} {
			var limit *snapshotjob.LimitExceededException
			if !errors.As(err, &limit) || limit.ResourceType != "SNAPSHOT_JOB" || errors.Is(err, snapshotjob.ErrOutcomeUnknown) {
				t.Errorf("%d: err = %v, want LimitExceededException", status, err)
			}
		}
		if len(r.requests) != 2 {
			t.Errorf("%d: %d requests, want one for each operation", status, len(r.requests))
		}
	}
}
