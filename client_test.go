package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
)

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
