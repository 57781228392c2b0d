package snapshotjob

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// successCase is a case of testdata/successes.json: a response with a 2xx status, and what it becomes.
type successCase struct {
	ID         string            `json:"id"`
	Status     int               `json:"status"`
	Header     map[string]string `json:"header"`
	Body       string            `json:"body"`
	BodyBase64 string            `json:"body_base64"` // instead of Body
	Gzip       bool              `json:"gzip"`        // the body comes compressed, over a socket
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
			response := tt.response(t)
			sent := responses(response)
			o := options(sent)
			if tt.Gzip {
				o.BaseEndpoint = gzipServer(t, response.body)
				o.Transport = http.DefaultTransport
			}
			out, err := describe(t, o)
			if tt.Want.Error != "" {
				assert.Nil(t, out)
				tt.checkError(t, err)
				assert.Len(t, sent.requests, tt.Want.Attempts)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.output(t), out)
		})
	}
}

// response is the response of the case.
func (c successCase) response(t *testing.T) mockResponse {
	t.Helper()
	body := c.Body
	if c.BodyBase64 != "" {
		body = fromBase64(t, c.BodyBase64)
	}
	return mockResponse{status: c.Status, header: c.Header, body: body}
}

// output is the output of a case that has no error.
func (c successCase) output(t *testing.T) *DescribeDashboardSnapshotJobResultOutput {
	t.Helper()
	out := &DescribeDashboardSnapshotJobResultOutput{
		Job:         exampleJob,
		ARN:         c.Want.ARN,
		JobStatus:   SnapshotJobStatus(c.Want.JobStatus),
		CreatedTime: c.Want.Created,
		RequestID:   c.Want.RequestID,
		Status:      c.Status,
	}
	if c.Want.ErrorType != "" {
		out.ErrorInfo = &SnapshotJobErrorInfo{ErrorType: c.Want.ErrorType}
	}
	if c.Want.Result != nil {
		require.NoError(t, json.Unmarshal(c.Want.Result, &out.Result))
	}
	return out
}

// checkError wants the error of a case that has one.
func (c successCase) checkError(t *testing.T, err error) {
	t.Helper()
	var resp *awshttp.ResponseError
	require.ErrorAs(t, err, &resp)
	assert.Equal(t, c.Status, resp.HTTPStatusCode())
	var deserialization *smithy.DeserializationError
	assert.ErrorAs(t, err, &deserialization)
	cutOff := errors.Is(err, io.ErrUnexpectedEOF)
	assert.Equal(t, c.Want.Error == "cut off", cutOff, "whether the body was cut off: %v", err)
	for _, text := range c.Want.Text {
		assert.ErrorContains(t, err, text)
	}
}

// gzipServer serves a compressed body on a socket, and returns its URL.
func gzipServer(t *testing.T, body string) *string {
	t.Helper()
	var compressed bytes.Buffer
	zip := gzip.NewWriter(&compressed)
	_, err := io.WriteString(zip, body)
	require.NoError(t, err)
	require.NoError(t, zip.Close())

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "gzip", r.Header.Get("Accept-Encoding"))
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(compressed.Bytes())
	}))
	t.Cleanup(server.Close)
	return &server.URL
}

// fullResultBody describes the result of exampleJob at a service that sends this body,
// and R2 as the request id in the header.
func fullResultBody(t *testing.T, body string) (*DescribeDashboardSnapshotJobResultOutput, error) {
	t.Helper()
	return describe(t, options(responses(mockResponse{
		status: 200,
		header: map[string]string{"X-Amzn-Requestid": "R2"},
		body:   body,
	})))
}

func TestTimestamps(t *testing.T) {
	var file struct {
		Cases []struct{ JSON, Want string }
	}
	cases(t, "timestamps.json", &file)
	for _, tt := range file.Cases {
		t.Run(tt.JSON, func(t *testing.T) {
			body := `{"LastUpdatedTime":` + tt.JSON + `,"CreatedTime":` + tt.JSON + `}`
			out, err := fullResultBody(t, body)
			if tt.Want == "" {
				var deserialization *smithy.DeserializationError
				assert.ErrorAs(t, err, &deserialization)
				return
			}
			require.NoError(t, err)
			for _, got := range []time.Time{out.CreatedTime, out.LastUpdatedTime} {
				assert.Equal(t, tt.Want, got.Format(time.RFC3339Nano))
				assert.Equal(t, time.UTC, got.Location())
			}
		})
	}
}

// A presigned URL keeps its query, which only printing hides.
func TestWholeResult(t *testing.T) {
	got, err := fullResultBody(t, wholeResultBody)
	require.NoError(t, err)
	assert.Equal(t, wholeResult(), got)
	file := got.Result.RegisteredUsers[0].FileGroups[0].S3Results[0]
	assert.Equal(t, "https://bucket.s3.amazonaws.com/file.pdf?X-Amz-Signature=abc", string(file.S3URI))
}

// wholeResultBody has every member of a result, and some that nobody knows.
const wholeResultBody = `{
	"Arn": "arn:aws:quicksight:us-east-1:111122223333:dashboard/dash/snapshot-job/job",
	"JobStatus": "COMPLETED",
	"CreatedTime": 1700000000.123,
	"LastUpdatedTime": 1700000060.5,
	"Result": {
		"AnonymousUsers": [{"FileGroups": [{
			"Files": [{"FormatType": "CSV", "SheetSelections": [
				{"SheetId": "s1", "SelectionScope": "SELECTED_VISUALS", "VisualIds": ["v1", "v2"]}
			]}],
			"S3Results": [{
				"S3DestinationConfiguration": {"BucketConfiguration": {
					"BucketName": "b",
					"BucketPrefix": "p",
					"BucketRegion": "us-east-1"
				}},
				"S3Uri": "s3://b/p/file.csv",
				"ErrorInfo": [{"ErrorMessage": "m", "ErrorType": "RLS_CHANGED"}]
			}]
		}]}],
		"RegisteredUsers": [{"FileGroups": [{
			"Files": [{"FormatType": "PDF", "SheetSelections": [
				{"SheetId": "s2", "SelectionScope": "ALL_VISUALS"}
			]}],
			"S3Results": [{"S3Uri": "https://bucket.s3.amazonaws.com/file.pdf?X-Amz-Signature=abc"}]
		}]}]
	},
	"ErrorInfo": {"ErrorMessage": "why", "ErrorType": "DASHBOARD_ACCESS_DENIED"},
	"RequestId": "R1",
	"Status": "200",
	"Job": 5
}`

// wholeResult is what wholeResultBody says.
func wholeResult() *DescribeDashboardSnapshotJobResultOutput {
	return &DescribeDashboardSnapshotJobResultOutput{
		Job:             exampleJob,
		ARN:             "arn:aws:quicksight:us-east-1:111122223333:dashboard/dash/snapshot-job/job",
		JobStatus:       SnapshotJobStatusCompleted,
		CreatedTime:     time.Date(2023, 11, 14, 22, 13, 20, 123e6, time.UTC),
		LastUpdatedTime: time.Date(2023, 11, 14, 22, 14, 20, 500e6, time.UTC),
		Result: SnapshotJobResult{
			AnonymousUsers: []AnonymousUserSnapshotJobResult{
				{FileGroups: []SnapshotJobResultFileGroup{wholeGroupOfCSV()}},
			},
			RegisteredUsers: []RegisteredUserSnapshotJobResult{
				{FileGroups: []SnapshotJobResultFileGroup{wholeGroupOfPDF()}},
			},
		},
		ErrorInfo: &SnapshotJobErrorInfo{
			ErrorMessage: "why",
			ErrorType:    ErrorTypeDashboardAccessDenied,
		},
		RequestID: "R1",
		Status:    200,
	}
}

// wholeGroupOfCSV is the group of the anonymous user in wholeResultBody.
func wholeGroupOfCSV() SnapshotJobResultFileGroup {
	bucket := S3BucketConfiguration{
		BucketName:   "b",
		BucketPrefix: "p",
		BucketRegion: "us-east-1",
	}
	return SnapshotJobResultFileGroup{
		Files: []SnapshotFile{{
			FormatType: SnapshotFileFormatTypeCSV,
			SheetSelections: []SnapshotFileSheetSelection{{
				SheetID:        "s1",
				SelectionScope: SnapshotFileSheetSelectionScopeSelectedVisuals,
				VisualIDs:      []string{"v1", "v2"},
			}},
		}},
		S3Results: []SnapshotJobS3Result{{
			S3DestinationConfiguration: &SnapshotS3DestinationConfiguration{BucketConfiguration: bucket},
			S3URI:                      "s3://b/p/file.csv",
			ErrorInfo: []SnapshotJobResultErrorInfo{
				{ErrorMessage: "m", ErrorType: ErrorTypeRLSChanged},
			},
		}},
	}
}

// wholeGroupOfPDF is the group of the registered user in wholeResultBody.
func wholeGroupOfPDF() SnapshotJobResultFileGroup {
	return SnapshotJobResultFileGroup{
		Files: []SnapshotFile{{
			FormatType: SnapshotFileFormatTypePDF,
			SheetSelections: []SnapshotFileSheetSelection{{
				SheetID:        "s2",
				SelectionScope: SnapshotFileSheetSelectionScopeAllVisuals,
			}},
		}},
		S3Results: []SnapshotJobS3Result{
			{S3URI: "https://bucket.s3.amazonaws.com/file.pdf?X-Amz-Signature=abc"},
		},
	}
}

// Results share no memory, whatever the decoder reuses.
func TestResultOutlivesLaterResponses(t *testing.T) {
	first := taggedResult(t, "a")
	before := resultJSON(t, first)
	for range 10 {
		taggedResult(t, "b")
	}
	assert.Equal(t, before, resultJSON(t, first))
	assert.Equal(t, before, resultJSON(t, taggedResult(t, "a")), "the last one")
}

// An append to one list of a result must not write into another one.
func TestListsOfAResultAreTheirOwn(t *testing.T) {
	result := taggedResult(t, "a")
	before := resultJSON(t, result)
	for _, user := range result.AnonymousUsers {
		for _, group := range user.FileGroups {
			appendToLists(group)
		}
		_ = append(user.FileGroups, SnapshotJobResultFileGroup{})
	}
	assert.Equal(t, before, resultJSON(t, result))
	assert.Equal(t, before, resultJSON(t, taggedResult(t, "a")), "a later one")
}

// appendToLists appends to each list of a group.
func appendToLists(group SnapshotJobResultFileGroup) {
	_ = append(group.Files, SnapshotFile{FormatType: "x"})
	_ = append(group.S3Results, SnapshotJobS3Result{S3URI: "x"})
	for _, file := range group.Files {
		_ = append(file.SheetSelections, SnapshotFileSheetSelection{SheetID: "x"})
		for _, sheet := range file.SheetSelections {
			_ = append(sheet.VisualIDs, "x")
		}
	}
	for _, made := range group.S3Results {
		_ = append(made.ErrorInfo, SnapshotJobResultErrorInfo{ErrorType: "x"})
	}
}

// taggedResult is a result of three users with two groups each, all of whose texts begin with tag.
func taggedResult(t *testing.T, tag string) SnapshotJobResult {
	t.Helper()
	const groupBody = `{
		"Files": [{"FormatType": "TAG", "SheetSelections": [{"SheetId": "TAG", "VisualIds": ["TAG"]}]}],
		"S3Results": [{"S3Uri": "s3://TAG", "ErrorInfo": [{"ErrorType": "TAG"}]}]
	}`
	first := strings.ReplaceAll(groupBody, "TAG", tag+"1")
	second := strings.ReplaceAll(groupBody, "TAG", tag+"2")
	user := `{"FileGroups":[` + first + `,` + second + `]}`
	body := `{"Result":{"AnonymousUsers":[` + user + `,` + user + `],"RegisteredUsers":[` + user + `]}}`
	out, err := fullResultBody(t, body)
	require.NoError(t, err)
	return out.Result
}

// resultJSON is the text of a result, to be compared with a later one.
func resultJSON(t *testing.T, result SnapshotJobResult) string {
	t.Helper()
	text, err := json.Marshal(result)
	require.NoError(t, err)
	return string(text)
}

func TestNotFinishedInAnyCase(t *testing.T) {
	_, err := describe(t, options(responses(mockResponse{
		status: 400,
		header: map[string]string{"X-Amzn-Errortype": "InvalidParameterValueException"},
		body:   `{"Message":"It Has Not Reached A Terminal State."}`,
	})))
	assert.ErrorIs(t, err, ErrJobNotFinished)
}
