package snapshotjob

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// resultOf is the body of a result with so many file groups, each with one file
// and a presigned URL of real size.
func resultOf(groups int) []byte {
	var b strings.Builder
	b.WriteString(`{"Arn":"arn:aws:quicksight:us-east-1:111122223333:dashboard/dash/snapshot-job/job","JobStatus":"COMPLETED","CreatedTime":1700000000.123,"LastUpdatedTime":1700000060.456,"Result":{"AnonymousUsers":[{"FileGroups":[`)
	const id = "1b555617-993c-4ef8-8e60-49bbce8cdb0d_e9c59c06-179b-404d-bce0-e26353bfc7c2"
	for i := range groups {
		if i > 0 {
			b.WriteByte(',')
		}
		url := fmt.Sprintf("https://quicksight-snapshots.s3.us-east-1.amazonaws.com/111122223333/job/%08d.csv?X-Amz-Security-Token=%s&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261123T161736Z&X-Amz-SignedHeaders=host&X-Amz-Expires=300&X-Amz-Credential=%s%%2F20261123%%2Fus-east-1%%2Fs3%%2Faws4_request&X-Amz-Signature=%064x", i, strings.Repeat("IQoJb3JpZ2luX2VjE", 72), exampleKeyID, i)
		fmt.Fprintf(&b, `{"Files":[{"FormatType":"CSV","SheetSelections":[{"SheetId":"%[2]s_%08[1]d","SelectionScope":"SELECTED_VISUALS","VisualIds":["%[2]s_%08[1]d"]}]}],"S3Results":[{"S3Uri":"%[3]s"}]}`, i, id, url)
	}
	b.WriteString(`]}]},"RequestId":"7f1d1a2b-0c3d-4e5f-8a9b-0c1d2e3f4a5b","Status":200}`)
	return []byte(b.String())
}

var benchmarkGroups = []int{1, 7, 100, 400}

// inMemory answers every request with the same body, and costs little itself.
func inMemory(status int, body []byte) transportFunc {
	header := http.Header{
		"Content-Type": {"application/json"}, "X-Amzn-Requestid": {"7f1d1a2b-0c3d-4e5f-8a9b-0c1d2e3f4a5b"},
		"Date": {time.Now().UTC().Format(http.TimeFormat)},
	}
	if status != 200 {
		header["X-Amzn-Errortype"] = []string{"ResourceNotFoundException"}
	}
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: header, ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body))}, nil
	}
}

func benchmarkClient(transport http.RoundTripper) *Client {
	return New(Options{Region: "us-east-1", Credentials: aws.NewCredentialsCache(exampleCredentials), Transport: transport})
}

// A whole call: validation, request, credentials, signature, body, decoding.
func BenchmarkDescribeResult(b *testing.B) {
	for _, groups := range benchmarkGroups {
		body := resultOf(groups)
		b.Run(fmt.Sprintf("groups=%d", groups), func(b *testing.B) {
			client := benchmarkClient(inMemory(200, body))
			ctx := context.Background()
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				out, err := client.DescribeDashboardSnapshotJobResult(ctx, exampleJob)
				if err != nil || len(out.Result.AnonymousUsers[0].FileGroups) != groups {
					b.Fatal(out, err)
				}
			}
		})
	}
}

func BenchmarkErrorResponse(b *testing.B) {
	client := benchmarkClient(inMemory(404, []byte(`{"Message":"Dashboard dash is not found","ResourceType":"DASHBOARD","RequestId":"7f1d1a2b-0c3d-4e5f-8a9b-0c1d2e3f4a5b"}`)))
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.DescribeDashboardSnapshotJobResult(ctx, exampleJob); err == nil {
			b.Fatal("no error")
		}
	}
}

// benchmarkAttempt is the first attempt of a call, not sent yet.
func benchmarkAttempt(client *Client) attempt {
	req := request{
		operation: &describeResult,
		path:      exampleJob.path("result"),
		subject:   exampleJob,
	}
	a := newAttempt(client.settings, req, nil)
	a.number = 1
	return a
}

// The stages of a call, each alone.

func BenchmarkStageRequest(b *testing.B) {
	client := benchmarkClient(inMemory(200, nil))
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		a := benchmarkAttempt(client)
		if req := a.newHTTPRequest(ctx, a.attemptHeader(ctx)); req.URL.Path != examplePath {
			b.Fatal(req.URL)
		}
	}
}

func BenchmarkStageSign(b *testing.B) {
	client := benchmarkClient(inMemory(200, nil))
	ctx := context.Background()
	a := benchmarkAttempt(client)
	req := a.newHTTPRequest(ctx, a.attemptHeader(ctx))
	hash := sha256Hex("")
	b.ReportAllocs()
	for b.Loop() {
		if err := a.settings.signer.SignHTTP(ctx, exampleCredentials.value(), req, hash, "quicksight", "us-east-1", time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStageDecode(b *testing.B) {
	for _, groups := range benchmarkGroups {
		body := resultOf(groups)
		b.Run(fmt.Sprintf("groups=%d", groups), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				v := new(describeResultBody)
				if err := decodeJSON(body, v); err != nil || len(v.Result.AnonymousUsers[0].FileGroups) != groups {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkStageDecodeError(b *testing.B) {
	header := http.Header{"X-Amzn-Errortype": {"ResourceNotFoundException"}, "X-Amzn-Requestid": {"R1"}}
	body := []byte(`{"Message":"Dashboard dash is not found","ResourceType":"DASHBOARD"}`)
	b.ReportAllocs()
	for b.Loop() {
		if err := decodeException(&describeResult, header, body, exampleCredentials.value()); err.ErrorCode() != "ResourceNotFoundException" {
			b.Fatal(err)
		}
	}
}

// The benchmarks measure responses of the size that they say.
func TestBenchmarkBodies(t *testing.T) {
	if got := len(resultOf(7)); got < 13_000 || got > 14_000 {
		t.Errorf("a result of 7 groups has %d bytes, want about 13.6 KB", got)
	}
	for _, groups := range benchmarkGroups {
		out, err := benchmarkClient(inMemory(200, resultOf(groups))).DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
		if err != nil || out.Err() != nil {
			t.Errorf("%d groups: %v, %v, want a good result", groups, err, out.Err())
		}
	}
}
