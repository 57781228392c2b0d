package snapshotjob

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

const (
	exampleKeyID  = "AKIDEXAMPLE"
	exampleSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	exampleToken  = "TOKENEXAMPLE"
)

var (
	exampleJob         = Job{"111122223333", "dash", "job"}
	exampleCredentials = staticCredentials{AccessKeyID: exampleKeyID, SecretAccessKey: exampleSecret, SessionToken: exampleToken}
)

const examplePath = "/accounts/111122223333/dashboards/dash/snapshot-jobs/job/result"

// staticCredentials is a provider without an Invalidate method.
type staticCredentials aws.Credentials

func (c staticCredentials) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials(c), nil
}

// transportFunc is a mock of the service.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// answer is what a mock answers: the status, some headers, the body.
type answer struct {
	status int
	header map[string]string
	body   string
	err    error // instead of all that
}

func (a answer) response() (*http.Response, error) {
	if a.err != nil {
		return nil, a.err
	}
	header := http.Header{}
	for name, value := range a.header {
		header[http.CanonicalHeaderKey(name)] = []string{value}
	}
	return &http.Response{
		Status: http.StatusText(a.status), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(strings.NewReader(a.body)), ContentLength: int64(len(a.body)),
	}, nil
}

// script answers the attempts one after the other, the last one for ever, and
// keeps the requests.
type script struct {
	answers  []answer
	requests []*http.Request
}

func answers(a ...answer) *script { return &script{answers: a} }

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	i := min(len(s.requests), len(s.answers)-1)
	s.requests = append(s.requests, req)
	return s.answers[i].response()
}

var completed = answer{status: 200, body: `{"JobStatus":"COMPLETED"}`}

func apiError(status int, code string) answer {
	return answer{status: status, header: map[string]string{"X-Amzn-Errortype": code, "X-Amzn-Requestid": "R1"}, body: `{"Message":"m"}`}
}

// options are those of a client that needs no more; the retryer does not pause.
func options(transport http.RoundTripper) Options {
	return Options{
		Region: "us-east-1", Credentials: exampleCredentials, Transport: transport,
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	}
}

func describe(t *testing.T, o Options, optFns ...func(*Options)) (*DescribeDashboardSnapshotJobResultOutput, error) {
	t.Helper()
	return New(o).DescribeDashboardSnapshotJobResult(t.Context(), exampleJob, optFns...)
}

// cases reads a file of testdata into v.
func cases(tb testing.TB, name string, v any) {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.DisallowUnknownFields()
	var file struct {
		About   string `json:"about"`
		LeftOut []struct {
			ID  string `json:"id"`
			Why string `json:"why"`
		} `json:"left_out"`
		Rest any `json:"-"`
	}
	var lists map[string]json.RawMessage
	if err := json.Unmarshal(data, &lists); err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	if err := json.Unmarshal(data, &file); err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	for _, left := range file.LeftOut {
		if left.ID == "" || left.Why == "" {
			tb.Fatalf("%s: %q is left out without a reason", name, left.ID)
		}
	}
	delete(lists, "about")
	delete(lists, "left_out")
	rest, err := json.Marshal(lists)
	if err != nil {
		tb.Fatal(err)
	}
	dec = json.NewDecoder(strings.NewReader(string(rest)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
}

func fromBase64(t *testing.T, text string) string {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// faultFields returns the fields that an *InvalidInputError complains about.
func faultFields(err error) (fields []string) {
	var invalid *InvalidInputError
	if errors.As(err, &invalid) {
		for _, f := range invalid.Faults {
			fields = append(fields, f.Field)
		}
	}
	return fields
}

func errorAs[E error](err error) (E, bool) {
	var e E
	ok := errors.As(err, &e)
	return e, ok
}

func (c staticCredentials) value() aws.Credentials { return aws.Credentials(c) }
