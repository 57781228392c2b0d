package snapshotjob

import (
	"bytes"
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
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The keys are those of AWS's documentation.
const (
	exampleKeyID  = "AKIDEXAMPLE"
	exampleSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	exampleToken  = "TOKENEXAMPLE"
)

// examplePath is the path of a request for the result of exampleJob.
const examplePath = "/accounts/111122223333/dashboards/dash/snapshot-jobs/job/result"

var (
	exampleJob = Job{
		AWSAccountID:  "111122223333",
		DashboardID:   "dash",
		SnapshotJobID: "job",
	}
	exampleCredentials = staticCredentials{
		AccessKeyID:     exampleKeyID,
		SecretAccessKey: exampleSecret,
		SessionToken:    exampleToken,
	}
)

// staticCredentials is a provider that always returns the same keys. It has no Invalidate method.
type staticCredentials aws.Credentials

func (c staticCredentials) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials(c), nil
}

func (c staticCredentials) value() aws.Credentials { return aws.Credentials(c) }

// transportFunc is a mock of the service.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// mockResponse is what a mock of the service sends back: a response with a status, some headers and
// a body, or an error instead of all that.
type mockResponse struct {
	status int
	header map[string]string
	body   string
	err    error
}

// completed is the response to a call for the result of a job that has completed.
var completed = mockResponse{status: 200, body: `{"JobStatus":"COMPLETED"}`}

// exceptionResponse returns the service's response for an exception. Its request id is R1, and its
// message is m.
func exceptionResponse(status int, code string) mockResponse {
	return mockResponse{
		status: status,
		header: map[string]string{
			"X-Amzn-Errortype": code,
			"X-Amzn-Requestid": "R1",
		},
		body: `{"Message":"m"}`,
	}
}

// response returns what a RoundTrip returns.
func (r mockResponse) response() (*http.Response, error) {
	if r.err != nil {
		return nil, r.err
	}
	header := http.Header{}
	for name, value := range r.header {
		header.Set(name, value)
	}
	return &http.Response{
		Status:        http.StatusText(r.status),
		StatusCode:    r.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Body:          io.NopCloser(strings.NewReader(r.body)),
		ContentLength: int64(len(r.body)),
	}, nil
}

// script is a mock of the service that sends its responses one after the other. From then on, it
// sends the last one again. It keeps the requests.
type script struct {
	responses []mockResponse
	requests  []*http.Request
}

// responses returns a mock of the service that sends these responses.
func responses(r ...mockResponse) *script { return &script{responses: r} }

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	i := min(len(s.requests), len(s.responses)-1)
	s.requests = append(s.requests, req)
	return s.responses[i].response()
}

// options returns the least that a client needs. The retryer does not pause between attempts.
func options(transport http.RoundTripper) Options {
	return Options{
		Region:      "us-east-1",
		Credentials: exampleCredentials,
		Transport:   transport,
		// Only the test's context bounds an attempt.
		AttemptTimeout: -1,
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	}
}

// describe asks a new client for the result of exampleJob.
func describe(
	t *testing.T, o Options, optFns ...func(*Options),
) (*DescribeDashboardSnapshotJobResultOutput, error) {
	t.Helper()
	return New(o).DescribeDashboardSnapshotJobResult(t.Context(), exampleJob, optFns...)
}

// optionsOf returns the options that a call of the client begins with.
func optionsOf(t *testing.T, client *Client) Options {
	t.Helper()
	var seen Options
	look := func(o *Options) {
		seen = *o
		o.Transport = responses(completed)
	}
	// The call itself does not matter: it fails if options are missing.
	_, _ = client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob, look)
	return seen
}

// cases reads a file of testdata into v, except for what describes the file: "about" and "left_out".
// A key that v has no field for fails the test.
func cases(tb testing.TB, name string, v any) {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(tb, err)
	checkLeftOut(tb, name, data)

	var lists map[string]json.RawMessage
	require.NoError(tb, json.Unmarshal(data, &lists), name)
	delete(lists, "about")
	delete(lists, "left_out")
	rest, err := json.Marshal(lists)
	require.NoError(tb, err)

	decoder := json.NewDecoder(bytes.NewReader(rest))
	decoder.DisallowUnknownFields()
	require.NoError(tb, decoder.Decode(v), name)
}

// checkLeftOut checks that each case that a file leaves out has an id and a reason.
func checkLeftOut(tb testing.TB, name string, data []byte) {
	tb.Helper()
	var file struct {
		About   string `json:"about"`
		LeftOut []struct {
			ID  string `json:"id"`
			Why string `json:"why"`
		} `json:"left_out"`
	}
	require.NoError(tb, json.Unmarshal(data, &file), name)
	for _, left := range file.LeftOut {
		require.NotEmpty(tb, left.ID, "%s: a case without id is left out", name)
		require.NotEmpty(tb, left.Why, "%s: %q is left out without a reason", name, left.ID)
	}
}

func fromBase64(t *testing.T, text string) string {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	return string(data)
}

// assertInvalid checks that err is an *InvalidInputError with one problem for each of the fields, in
// this order, and with no other.
func assertInvalid(t *testing.T, err error, fields ...string) {
	t.Helper()
	var invalid *InvalidInputError
	if !assert.ErrorAs(t, err, &invalid) {
		return
	}
	var got []string
	for _, problem := range invalid.Faults {
		got = append(got, problem.Field)
	}
	assert.Equal(t, fields, got, "fields of error %v", err)
}

// isInvalid reports whether err has an *InvalidInputError in its chain.
func isInvalid(err error) bool {
	_, ok := errors.AsType[*InvalidInputError](err)
	return ok
}
