package snapshotjob

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

type successCase struct {
	ID         string            `json:"id"`
	Status     int               `json:"status"`
	Header     map[string]string `json:"header"`
	Body       string            `json:"body"`
	BodyBase64 string            `json:"body_base64"`
	Gzip       bool              `json:"gzip"`
	Want       struct {
		ARN       string          `json:"arn"`
		JobStatus string          `json:"jobStatus"`
		RequestID string          `json:"requestID"`
		Created   time.Time       `json:"created"`
		ErrorType string          `json:"errorType"`
		Result    json.RawMessage `json:"result"`

		Error    string   `json:"error"` // "deserialization" or "cut off"
		Attempts int      `json:"attempts"`
		Text     []string `json:"text"`
	} `json:"want"`
}

func TestSuccessBodies(t *testing.T) {
	var file struct{ Cases []successCase }
	cases(t, "successes.json", &file)
	for _, tt := range file.Cases {
		t.Run(tt.ID, func(t *testing.T) {
			a := answer{status: tt.Status, header: tt.Header, body: tt.Body}
			if tt.BodyBase64 != "" {
				a.body = fromBase64(t, tt.BodyBase64)
			}
			sent := answers(a)
			o := options(sent)
			if tt.Gzip {
				o.BaseEndpoint, o.Transport = gzipServer(t, a.body), http.DefaultTransport
			}
			out, err := describe(t, o)
			if tt.Want.Error != "" {
				checkDecodeError(t, out, err, tt)
				if got := len(sent.requests); got != tt.Want.Attempts {
					t.Errorf("%d attempts, want %d", got, tt.Want.Attempts)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := &DescribeDashboardSnapshotJobResultOutput{
				Job: exampleJob, ARN: tt.Want.ARN, JobStatus: SnapshotJobStatus(tt.Want.JobStatus),
				CreatedTime: tt.Want.Created, RequestID: tt.Want.RequestID, Status: tt.Status,
			}
			if tt.Want.ErrorType != "" {
				want.ErrorInfo = &SnapshotJobErrorInfo{ErrorType: tt.Want.ErrorType}
			}
			if tt.Want.Result != nil {
				if err := json.Unmarshal(tt.Want.Result, &want.Result); err != nil {
					t.Fatal(err)
				}
			}
			if !reflect.DeepEqual(out, want) {
				t.Errorf("got  %+v\nwant %+v", out, want)
			}
		})
	}
}

func checkDecodeError(t *testing.T, out *DescribeDashboardSnapshotJobResultOutput, err error, tt successCase) {
	t.Helper()
	if out != nil || err == nil {
		t.Fatalf("output %+v and error %v, want an error alone", out, err)
	}
	resp, ok := errorAs[*awshttp.ResponseError](err)
	if !ok || resp.HTTPStatusCode() != tt.Status {
		t.Errorf("error %v, want a *awshttp.ResponseError with status %d in the chain", err, tt.Status)
	}
	if _, ok := errorAs[*smithy.DeserializationError](err); !ok {
		t.Errorf("no *smithy.DeserializationError in the chain of %v", err)
	}
	if got, want := errors.Is(err, io.ErrUnexpectedEOF), tt.Want.Error == "cut off"; got != want {
		t.Errorf("errors.Is(err, io.ErrUnexpectedEOF) is %v, want %v: %v", got, want, err)
	}
	for _, text := range tt.Want.Text {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error %q, want %q in it", err, text)
		}
	}
}

func gzipServer(t *testing.T, body string) *string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			t.Errorf("Accept-Encoding %q, want gzip", r.Header.Get("Accept-Encoding"))
		}
		w.Header().Set("Content-Encoding", "gzip")
		var buf bytes.Buffer
		zip := gzip.NewWriter(&buf)
		io.WriteString(zip, body)
		zip.Close()
		w.Write(buf.Bytes())
	}))
	t.Cleanup(server.Close)
	return &server.URL
}

func TestTimestamps(t *testing.T) {
	var file struct {
		Cases []struct{ JSON, Want string }
	}
	cases(t, "timestamps.json", &file)
	for _, tt := range file.Cases {
		t.Run(tt.JSON, func(t *testing.T) {
			body := `{"LastUpdatedTime":` + tt.JSON + `,"CreatedTime":` + tt.JSON + `}`
			out, err := describe(t, options(answers(answer{status: 200, body: body})))
			if tt.Want == "" {
				if _, ok := errorAs[*smithy.DeserializationError](err); !ok {
					t.Errorf("output %+v and error %v, want a *smithy.DeserializationError", out, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, got := range []time.Time{out.CreatedTime, out.LastUpdatedTime} {
				if text := got.Format(time.RFC3339Nano); text != tt.Want || got.Location() != time.UTC {
					t.Errorf("%s is %s, want %s", tt.JSON, text, tt.Want)
				}
			}
		})
	}
}

func TestWholeResult(t *testing.T) {
	const body = `{
		"Arn": "arn:aws:quicksight:us-east-1:111122223333:dashboard/dash/snapshot-job/job",
		"JobStatus": "COMPLETED", "CreatedTime": 1700000000.123, "LastUpdatedTime": 1700000060.5,
		"Result": {
			"AnonymousUsers": [{"FileGroups": [{
				"Files": [{"FormatType": "CSV", "SheetSelections": [{"SheetId": "s1", "SelectionScope": "SELECTED_VISUALS", "VisualIds": ["v1", "v2"]}]}],
				"S3Results": [{
					"S3DestinationConfiguration": {"BucketConfiguration": {"BucketName": "b", "BucketPrefix": "p", "BucketRegion": "us-east-1"}},
					"S3Uri": "s3://b/p/file.csv",
					"ErrorInfo": [{"ErrorMessage": "m", "ErrorType": "RLS_CHANGED"}]
				}]
			}]}],
			"RegisteredUsers": [{"FileGroups": [{
				"Files": [{"FormatType": "PDF", "SheetSelections": [{"SheetId": "s2", "SelectionScope": "ALL_VISUALS"}]}],
				"S3Results": [{"S3Uri": "https://bucket.s3.amazonaws.com/file.pdf?X-Amz-Signature=abc"}]
			}]}]
		},
		"ErrorInfo": {"ErrorMessage": "why", "ErrorType": "DASHBOARD_ACCESS_DENIED"},
		"RequestId": "R1", "Status": "200", "Job": 5
	}`
	got, err := describe(t, options(answers(answer{status: 200, header: map[string]string{"X-Amzn-Requestid": "R2"}, body: body})))
	if err != nil {
		t.Fatal(err)
	}
	want := &DescribeDashboardSnapshotJobResultOutput{
		Job: exampleJob, ARN: "arn:aws:quicksight:us-east-1:111122223333:dashboard/dash/snapshot-job/job", JobStatus: SnapshotJobStatusCompleted,
		CreatedTime:     time.Date(2023, 11, 14, 22, 13, 20, 123e6, time.UTC),
		LastUpdatedTime: time.Date(2023, 11, 14, 22, 14, 20, 500e6, time.UTC),
		Result: SnapshotJobResult{
			AnonymousUsers: []AnonymousUserSnapshotJobResult{{FileGroups: []SnapshotJobResultFileGroup{{
				Files: []SnapshotFile{{FormatType: SnapshotFileFormatTypeCSV, SheetSelections: []SnapshotFileSheetSelection{{
					SheetID: "s1", SelectionScope: SnapshotFileSheetSelectionScopeSelectedVisuals, VisualIDs: []string{"v1", "v2"}}}}},
				S3Results: []SnapshotJobS3Result{{
					S3DestinationConfiguration: &SnapshotS3DestinationConfiguration{BucketConfiguration: S3BucketConfiguration{BucketName: "b", BucketPrefix: "p", BucketRegion: "us-east-1"}},
					S3URI:                      "s3://b/p/file.csv",
					ErrorInfo:                  []SnapshotJobResultErrorInfo{{ErrorMessage: "m", ErrorType: ErrorTypeRLSChanged}},
				}},
			}}}},
			RegisteredUsers: []RegisteredUserSnapshotJobResult{{FileGroups: []SnapshotJobResultFileGroup{{
				Files: []SnapshotFile{{FormatType: SnapshotFileFormatTypePDF, SheetSelections: []SnapshotFileSheetSelection{{
					SheetID: "s2", SelectionScope: SnapshotFileSheetSelectionScopeAllVisuals}}}},
				S3Results: []SnapshotJobS3Result{{S3URI: "https://bucket.s3.amazonaws.com/file.pdf?X-Amz-Signature=abc"}},
			}}}},
		},
		ErrorInfo: &SnapshotJobErrorInfo{ErrorMessage: "why", ErrorType: ErrorTypeDashboardAccessDenied},
		RequestID: "R1", Status: 200,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if string(got.Result.RegisteredUsers[0].FileGroups[0].S3Results[0].S3URI) != "https://bucket.s3.amazonaws.com/file.pdf?X-Amz-Signature=abc" {
		t.Error("the presigned query is lost")
	}
}

// Every list of an answer is its own: neither a later answer nor an append to
// one list changes another.
func TestListsAreTheirOwn(t *testing.T) {
	body := func(tag string) []byte {
		group := func(n string) string {
			return `{"Files":[{"FormatType":"` + tag + n + `","SheetSelections":[{"SheetId":"` + tag + n + `","VisualIds":["` + tag + n + `"]}]}],` +
				`"S3Results":[{"S3Uri":"s3://` + tag + n + `","ErrorInfo":[{"ErrorType":"` + tag + n + `"}]}]}`
		}
		user := `{"FileGroups":[` + group("1") + `,` + group("2") + `]}`
		return []byte(`{"Result":{"AnonymousUsers":[` + user + `,` + user + `],"RegisteredUsers":[` + user + `]}}`)
	}
	decode := func(tag string) SnapshotJobResult {
		v := new(DescribeDashboardSnapshotJobResultOutput)
		err := decodeJSON(body(tag), v)
		if err != nil {
			t.Fatal(err)
		}
		return v.Result
	}
	text := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	first := decode("a")
	before := text(first)
	for range 10 {
		decode("b")
	}
	if got := text(first); got != before {
		t.Errorf("after other answers the first is\n%s, want\n%s", got, before)
	}
	for _, users := range first.AnonymousUsers {
		for _, group := range users.FileGroups {
			_ = append(group.Files, SnapshotFile{FormatType: "x"})
			_ = append(group.S3Results, SnapshotJobS3Result{S3URI: "x"})
			for _, file := range group.Files {
				_ = append(file.SheetSelections, SnapshotFileSheetSelection{SheetID: "x"})
				for _, sheet := range file.SheetSelections {
					_ = append(sheet.VisualIDs, "x")
				}
			}
			for _, result := range group.S3Results {
				_ = append(result.ErrorInfo, SnapshotJobResultErrorInfo{ErrorType: "x"})
			}
		}
		_ = append(users.FileGroups, SnapshotJobResultFileGroup{})
	}
	if got := text(first); got != before {
		t.Errorf("after appends to its lists the answer is\n%s, want\n%s", got, before)
	}
	if got := text(decode("a")); got != before {
		t.Errorf("a later answer is\n%s, want\n%s", got, before)
	}
}
