package snapshotjobtest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

const (
	api     = "https://quicksight.us-east-1.amazonaws.com"
	jobs    = "/accounts/111122223333/dashboards/sales/snapshot-jobs"
	jobPath = jobs + "/daily"
	result  = jobPath + "/result"
)

var (
	daily  = snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "sales", SnapshotJobID: "daily"}
	weekly = snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "sales", SnapshotJobID: "weekly"} // goodStart's
	own    = aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
)

// raw is a signed request that needs no client of ours.
type raw struct {
	method, url, body string
	header            map[string]string
	credentials       aws.Credentials // default: own
	service, region   string          // default: quicksight, us-east-1
	skew              time.Duration
	tamper            func(*http.Request) // after it was signed
}

func (r raw) request(t testing.TB) *http.Request {
	t.Helper()
	if strings.HasPrefix(r.url, "/") {
		r.url = api + r.url
	}
	req, err := http.NewRequestWithContext(t.Context(), r.method, r.url, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	if r.credentials.AccessKeyID == "" {
		r.credentials = own
	}
	service, region := "quicksight", "us-east-1"
	if r.service != "" {
		service = r.service
	}
	if r.region != "" {
		region = r.region
	}
	hash := sha256.Sum256([]byte(r.body))
	payload := hex.EncodeToString(hash[:])
	if service == "s3" {
		req.Header.Set("X-Amz-Content-Sha256", payload)
	}
	err = v4.NewSigner().SignHTTP(t.Context(), r.credentials, req, payload, service, region, time.Now().Add(r.skew), func(o *v4.SignerOptions) {
		o.DisableURIPathEscaping = service == "s3"
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.tamper != nil {
		r.tamper(req)
	}
	return req
}

// sign signs a request without a body, as it stands.
func sign(t testing.TB, req *http.Request, credentials aws.Credentials, service string) {
	t.Helper()
	hash := sha256.Sum256(nil)
	err := v4.NewSigner().SignHTTP(t.Context(), credentials, req, hex.EncodeToString(hash[:]), service, "us-east-1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
}

// answer is a response, read to its end.
type answer struct {
	status int
	header http.Header
	body   string
	err    error // of reading the body
}

// send sends the request in memory.
func (r raw) send(t testing.TB, srv *snapshotjobtest.Server) answer {
	t.Helper()
	return do(t, srv.HTTPClient(), r.request(t))
}

func do(t testing.TB, client *http.Client, req *http.Request) answer {
	t.Helper()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", req.Method, req.URL.Path, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(body), err}
}

func get(url string) raw        { return raw{method: "GET", url: url} }
func post(url, body string) raw { return raw{method: "POST", url: url, body: body} }

// code returns the exception's name, and reports an error that is not well formed.
func (a answer) code(t testing.TB) string {
	t.Helper()
	if a.status < 300 {
		return ""
	}
	var body struct{ Message, RequestId string }
	dec := json.NewDecoder(strings.NewReader(a.body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&body); err != nil {
		t.Errorf("the body of status %d: %v: %q", a.status, err, a.body)
	}
	if id := a.header.Get("X-Amzn-Requestid"); id == "" || id != body.RequestId {
		t.Errorf("request id: header %q, body %q", id, body.RequestId)
	}
	if body.Message == "" || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("an error without message, or not JSON: %q %v", a.body, a.header)
	}
	return a.header.Get("X-Amzn-Errortype")
}

func (a answer) want(t testing.TB, status int, code string) {
	t.Helper()
	if got := a.code(t); a.status != status || got != code {
		t.Errorf("got %d %q, want %d %q; body %.300s", a.status, got, status, code, a.body)
	}
}

// wantS3 is want for an answer of S3.
func (a answer) wantS3(t testing.TB, status int, code string) {
	t.Helper()
	_, rest, _ := strings.Cut(a.body, "<Error><Code>")
	got, _, _ := strings.Cut(rest, "</Code>")
	if a.status != status || code != "" && got != code {
		t.Errorf("got %d %q, want %d %q; body %.300s", a.status, got, status, code, a.body)
	}
}

// decode returns a body of unknown shape.
func (a answer) decode(t testing.TB) map[string]any {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatalf("decode %.200q: %v", a.body, err)
	}
	return body
}

// uris returns the S3Uri of every file of a result.
func (a answer) uris(t testing.TB) (uris []string) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader([]byte(a.body)))
	for {
		token, err := dec.Token()
		if err != nil {
			return uris
		}
		if token == "S3Uri" {
			uri, _ := dec.Token()
			uris = append(uris, uri.(string))
		}
	}
}
