package snapshotjob

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
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

func TestBadInputIsNamedAndNothingIsSent(t *testing.T) {
	base := func(s string) func(*Options) { return func(o *Options) { o.BaseEndpoint = &s } }
	tests := []struct {
		name string
		job  Job
		ctx  context.Context
		fn   func(*Options)
		want []string
	}{
		{name: "every id", job: Job{}, want: []string{"AWSAccountID", "DashboardID", "SnapshotJobID"}},
		{name: "dots", job: Job{"111122223333", ".", ".."}, want: []string{"DashboardID", "SnapshotJobID"}},
		{name: "everything at once", job: Job{"1", "", "."}, fn: func(o *Options) { *o = Options{RetryMaxAttempts: -1, RetryMode: "x", AttemptTimeout: -1} },
			want: []string{"AWSAccountID", "DashboardID", "SnapshotJobID", "Region", "Credentials", "RetryMaxAttempts", "RetryMode", "AttemptTimeout"}},
		{name: "no region", fn: func(o *Options) { o.Region = "" }, want: []string{"Region"}},
		{name: "no region with an endpoint of its own", fn: func(o *Options) { o.Region = ""; base("https://example.com")(o) }, want: []string{"Region"}},
		{name: "a region that is no host label", fn: func(o *Options) { o.Region = "us east/1" }, want: []string{"Region"}},
		{name: "a region that is another host", fn: func(o *Options) { o.Region = "evil.example.com/" }, want: []string{"Region"}},
		{name: "no credentials", fn: func(o *Options) { o.Credentials = nil }, want: []string{"Credentials"}},
		{name: "anonymous credentials", fn: func(o *Options) { o.Credentials = aws.AnonymousCredentials{} }, want: []string{"Credentials"}},
		{name: "anonymous credentials by pointer", fn: func(o *Options) { o.Credentials = &aws.AnonymousCredentials{} }, want: []string{"Credentials"}},
		{name: "anonymous credentials in a cache", fn: func(o *Options) { o.Credentials = aws.NewCredentialsCache(aws.AnonymousCredentials{}) }, want: []string{"Credentials"}},
		{name: "endpoint: empty", fn: base(""), want: []string{"BaseEndpoint"}},
		{name: "endpoint: no scheme", fn: base("quicksight.us-east-1.amazonaws.com"), want: []string{"BaseEndpoint"}},
		{name: "endpoint: scheme alone", fn: base("https://"), want: []string{"BaseEndpoint"}},
		{name: "endpoint: port alone", fn: base("https://:443"), want: []string{"BaseEndpoint"}},
		{name: "endpoint: other scheme", fn: base("ftp://example.com"), want: []string{"BaseEndpoint"}},
		{name: "endpoint: opaque", fn: base("https:example.com"), want: []string{"BaseEndpoint"}},
		{name: "endpoint: user info", fn: base("https://u:p@example.com"), want: []string{"BaseEndpoint"}},
		{name: "endpoint: empty user info", fn: base("https://@example.com"), want: []string{"BaseEndpoint"}},
		{name: "endpoint: query", fn: base("https://example.com?x=y"), want: []string{"BaseEndpoint"}},
		{name: "endpoint: empty query", fn: base("https://example.com?"), want: []string{"BaseEndpoint"}},
		{name: "endpoint: fragment", fn: base("https://example.com#f"), want: []string{"BaseEndpoint"}},
		{name: "endpoint: empty fragment", fn: base("https://example.com#"), want: []string{"BaseEndpoint"}},
		{name: "endpoint: control character", fn: base("https://example.com\n"), want: []string{"BaseEndpoint"}},
		{name: "endpoint: space", fn: base(" https://example.com"), want: []string{"BaseEndpoint"}},
		{name: "endpoint: bad escape", fn: base("https://example.com/%zz"), want: []string{"BaseEndpoint"}},
		{name: "endpoint: bad port", fn: base("https://example.com:x"), want: []string{"BaseEndpoint"}},
		{name: "endpoint: port out of range", fn: base("https://example.com:99999"), want: []string{"BaseEndpoint"}},
		{name: "endpoint with FIPS", fn: func(o *Options) {
			base("https://example.com")(o)
			o.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
		}, want: []string{"UseFIPSEndpoint"}},
		{name: "endpoint with dual-stack", fn: func(o *Options) {
			base("https://example.com")(o)
			o.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
		}, want: []string{"UseDualStackEndpoint"}},
		{name: "endpoint with a FIPS pseudo region", fn: func(o *Options) { base("https://example.com")(o); o.Region = "fips-us-east-1" }, want: []string{"UseFIPSEndpoint"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			job := tt.job
			if job == (Job{}) && tt.name != "every id" {
				job = exampleJob
			}
			fn := tt.fn
			if fn == nil {
				fn = func(*Options) {}
			}
			sent := answers(completed)
			for place, call := range map[string]func() error{
				"of the client": func() error {
					_, err := New(options(sent), fn).DescribeDashboardSnapshotJobResult(t.Context(), job)
					return err
				},
				"of the call": func() error {
					_, err := New(options(sent)).DescribeDashboardSnapshotJobResult(t.Context(), job, fn)
					return err
				},
			} {
				err := call()
				if got := faultFields(err); !reflect.DeepEqual(got, tt.want) {
					t.Errorf("options %s: faults %q, want %q (error: %v)", place, got, tt.want, err)
				}
				if op, ok := errorAs[*smithy.OperationError](err); !ok || op.Operation() != "DescribeDashboardSnapshotJobResult" || op.Service() != "QuickSight" {
					t.Errorf("options %s: error %v does not name the operation", place, err)
				}
			}
			if len(sent.requests) > 0 {
				t.Errorf("%d requests were sent, want none", len(sent.requests))
			}
		})
	}
}

func TestNilContextAndNilFunctionsAreFaults(t *testing.T) {
	sent := answers(completed)
	ctx := t.Context()
	var none context.Context
	client := New(options(sent))
	tests := []struct {
		name string
		call func() error
		want []string
	}{
		{"context", func() error { _, err := client.DescribeDashboardSnapshotJobResult(none, exampleJob); return err }, []string{"ctx"}},
		{"function of the call", func() error {
			_, err := client.DescribeDashboardSnapshotJobResult(ctx, exampleJob, func(*Options) {}, nil)
			return err
		}, []string{"optFns"}},
		{"function of the client", func() error {
			_, err := New(options(sent), nil).DescribeDashboardSnapshotJobResult(ctx, exampleJob)
			return err
		}, []string{"optFns"}},
		{"function of the client, and a call with one", func() error {
			_, err := New(options(sent), nil).DescribeDashboardSnapshotJobResult(ctx, exampleJob, func(*Options) {})
			return err
		}, []string{"optFns"}},
		{"function of the configuration", func() error {
			cfg := aws.Config{Region: "us-east-1", Credentials: exampleCredentials, ServiceOptions: []func(string, any){nil}}
			_, err := NewFromConfig(cfg, func(o *Options) { o.Transport = sent }).DescribeDashboardSnapshotJobResult(ctx, exampleJob)
			return err
		}, []string{"ServiceOptions"}},
		{"function of the configuration, and a call with one", func() error {
			cfg := aws.Config{Region: "us-east-1", Credentials: exampleCredentials, ServiceOptions: []func(string, any){nil}}
			_, err := NewFromConfig(cfg, func(o *Options) { o.Transport = sent }).DescribeDashboardSnapshotJobResult(ctx, exampleJob, func(*Options) {})
			return err
		}, []string{"ServiceOptions"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.call(); !reflect.DeepEqual(faultFields(err), tt.want) {
				t.Errorf("error %v, want faults of %q", err, tt.want)
			}
		})
	}
	if len(sent.requests) > 0 {
		t.Errorf("%d requests were sent, want none", len(sent.requests))
	}
}

func TestOptionsAreTheCallersOwn(t *testing.T) {
	sent := answers(completed)
	base := "https://example.com/"
	o := options(sent)
	o.BaseEndpoint = &base
	before := o
	client := New(o, func(o *Options) { o.AppID = "client" })
	other := answers(completed)
	for range 2 {
		if _, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob, func(o *Options) {
			if o.AppID != "client" {
				t.Errorf("a call's function sees AppID %q, want the client's", o.AppID)
			}
			o.AppID, o.Region, o.Transport, o.RetryMaxAttempts = "call", "eu-west-1", other, 7
			o.BaseEndpoint = aws.String("https://other.example.com")
		}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob); err != nil {
		t.Fatal(err)
	}
	o.Transport, before.Transport = nil, nil // functions don't compare
	if !reflect.DeepEqual(o, before) || base != "https://example.com/" {
		t.Errorf("the caller's options became %+v, want them as they were", o)
	}
	if len(other.requests) != 2 || len(sent.requests) != 1 {
		t.Fatalf("%d and %d requests, want 2 through the call's transport and 1 through the client's", len(other.requests), len(sent.requests))
	}
	for _, want := range []struct {
		req               *http.Request
		host, app, max, r string
	}{
		{other.requests[1], "other.example.com", "app/call", "max=7", "/eu-west-1/quicksight/"},
		{sent.requests[0], "example.com", "app/client", "max=3", "/us-east-1/quicksight/"},
	} {
		h := want.req.Header
		if want.req.URL.Host != want.host || !strings.Contains(h.Get("User-Agent"), want.app) ||
			!strings.Contains(h.Get("Amz-Sdk-Request"), want.max) || !strings.Contains(h.Get("Authorization"), want.r) {
			t.Errorf("request to %s with headers %v, want %s %s %s %s", want.req.URL.Host, h, want.host, want.app, want.max, want.r)
		}
	}
}

func TestURLOfRequest(t *testing.T) {
	sent := answers(completed)
	if _, err := describe(t, options(sent)); err != nil {
		t.Fatal(err)
	}
	want := &url.URL{Scheme: "https", Host: "quicksight.us-east-1.amazonaws.com", Path: examplePath}
	if got := sent.requests[0].URL; *got != *want {
		t.Errorf("URL %#v, want %#v", got, want)
	}
}

func (c staticCredentials) value() aws.Credentials { return aws.Credentials(c) }

func TestClientThatNewDidNotMake(t *testing.T) {
	for name, c := range map[string]*Client{"nil": nil, "zero": new(Client)} {
		_, describeErr := c.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob, func(*Options) {})
		_, waitErr := c.Wait(t.Context(), exampleJob, func(o *WaitOptions) { o.FirstDelay = 1 })
		_, openErr := c.Open(t.Context(), ResultFile{Job: exampleJob, URI: "s3://b/k"})
		_, downloadErr := c.Download(t.Context(), exampleJob, t.TempDir())
		for call, err := range map[string]error{"describe": describeErr, "wait": waitErr, "open": openErr, "download": downloadErr} {
			if !errors.As(err, new(*InvalidInputError)) || !strings.Contains(err.Error(), "Client is nil or zero") {
				t.Errorf("%s of a %s client: error %v, want one that says so", call, name, err)
			}
		}
		if text := fmt.Sprint(c); !strings.Contains(text, "snapshotjob.Client") {
			t.Errorf("a %s client prints as %q", name, text)
		}
	}
}

// An endpoint of S3 is nothing to calls that fetch no file.
func TestBadS3EndpointStopsFilesAlone(t *testing.T) {
	o := options(answers(completed))
	o.S3BaseEndpoint = aws.String("localhost:9000")
	if _, err := describe(t, o); err != nil {
		t.Errorf("describe: error %v, want none", err)
	}
	_, err := New(o).Open(t.Context(), ResultFile{Job: exampleJob, URI: "s3://b/k"})
	if err == nil || !strings.Contains(err.Error(), "S3BaseEndpoint is no http or https URL") {
		t.Errorf("open: error %v, want the endpoint's fault", err)
	}
}

func TestCustomEndpointsAreSentAsWritten(t *testing.T) {
	for base, want := range map[string]string{
		"http://my_service:8080":       "http://my_service:8080" + examplePath,
		"https://h/a!b$&'()*,=;:@":     "https://h/a!b$&'()*,=;:@" + examplePath,
		"https://h/a%2Fb%20c/":         "https://h/a%2Fb%20c" + examplePath,
		"https://[::1]:8443/prefix/v1": "https://[::1]:8443/prefix/v1" + examplePath,
	} {
		sent := answers(completed)
		o := options(sent)
		o.BaseEndpoint = &base
		if _, err := describe(t, o); err != nil {
			t.Errorf("%s: %v", base, err)
		} else if got := sent.requests[0].URL.String(); got != want {
			t.Errorf("%s: request to %s, want %s", base, got, want)
		}
	}
}
