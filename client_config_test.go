package snapshotjob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// sentBy makes one call with a client and returns its request.
func sentBy(t *testing.T, client *Client, sent *script) *http.Request {
	t.Helper()
	if _, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob); err != nil {
		t.Fatal(err)
	}
	return sent.requests[len(sent.requests)-1]
}

func TestConfigurationIsHonoured(t *testing.T) {
	const standard = "attempt=1; max=3"
	tests := []struct {
		name string
		cfg  func(*aws.Config)
		want func(req *http.Request) (got, want string)
	}{
		{"region", func(c *aws.Config) { c.Region = "eu-west-1" }, func(r *http.Request) (string, string) {
			return r.URL.Host, "quicksight.eu-west-1.amazonaws.com"
		}},
		{"credentials", func(c *aws.Config) {
			c.Credentials = staticCredentials{AccessKeyID: "AKIDOTHER", SecretAccessKey: "x"}
		}, func(r *http.Request) (string, string) {
			return r.Header.Get("Authorization")[:38], "AWS4-HMAC-SHA256 Credential=AKIDOTHER/"
		}},
		{"base endpoint", func(c *aws.Config) { c.BaseEndpoint = aws.String("http://localhost:8000/p") }, func(r *http.Request) (string, string) {
			return r.URL.String(), "http://localhost:8000/p" + examplePath
		}},
		{"application id", func(c *aws.Config) { c.AppID = "my-app" }, func(r *http.Request) (string, string) {
			return fmt.Sprint(strings.Contains(r.UserAgent(), " app/my-app ")), "true"
		}},
		{"retryer", func(c *aws.Config) { c.Retryer = func() aws.Retryer { return aws.NopRetryer{} } }, func(r *http.Request) (string, string) {
			return r.Header.Get("Amz-Sdk-Request"), "attempt=1; max=1"
		}},
		{"number of attempts", func(c *aws.Config) { c.RetryMaxAttempts = 9 }, func(r *http.Request) (string, string) {
			return r.Header.Get("Amz-Sdk-Request"), "attempt=1; max=9"
		}},
		{"retryer and number of attempts", func(c *aws.Config) {
			c.Retryer = func() aws.Retryer { return retry.NewStandard() }
			c.RetryMaxAttempts = 2
		}, func(r *http.Request) (string, string) {
			return r.Header.Get("Amz-Sdk-Request"), "attempt=1; max=2"
		}},
		{"standard mode", func(c *aws.Config) { c.RetryMode = aws.RetryModeStandard }, func(r *http.Request) (string, string) {
			return r.Header.Get("Amz-Sdk-Request") + r.UserAgent()[len(r.UserAgent())-4:], standard + " m/E"
		}},
		{"adaptive mode", func(c *aws.Config) { c.RetryMode = aws.RetryModeAdaptive }, func(r *http.Request) (string, string) {
			return r.Header.Get("Amz-Sdk-Request") + r.UserAgent()[len(r.UserAgent())-4:], standard + " m/F"
		}},
		{"service options", func(c *aws.Config) {
			c.ServiceOptions = []func(string, any){func(id string, o any) {
				if id != "QuickSight" {
					t.Errorf("service options for %q, want QuickSight", id)
				}
				o.(*Options).AppID = "service"
			}}
		}, func(r *http.Request) (string, string) {
			return fmt.Sprint(strings.Contains(r.UserAgent(), " app/service ")), "true"
		}},
		{"any other HTTP client", func(c *aws.Config) {}, func(r *http.Request) (string, string) { return r.Method, "GET" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hideEnvironment(t)
			sent := answers(completed)
			cfg := aws.Config{Region: "us-east-1", Credentials: exampleCredentials, HTTPClient: doFunc(sent.RoundTrip)}
			tt.cfg(&cfg)
			if got, want := tt.want(sentBy(t, NewFromConfig(cfg), sent)); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// doFunc is an aws.HTTPClient that is neither of the known ones.
type doFunc func(*http.Request) (*http.Response, error)

func (f doFunc) Do(req *http.Request) (*http.Response, error) { return f(req) }

func TestConfigurationOfTheEnvironment(t *testing.T) {
	cfg, err := loadConfig(t, map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_SDK_UA_APP_ID": "env-app", "AWS_MAX_ATTEMPTS": "7", "AWS_RETRY_MODE": "adaptive",
		"AWS_DISABLE_CLOCK_SKEW_CORRECTION": "true",
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	sent := answers(completed)
	client := NewFromConfig(cfg, func(o *Options) { o.Transport = sent })
	req := sentBy(t, client, sent)
	if req.URL.Host != "quicksight.eu-west-1.amazonaws.com" || !strings.Contains(req.UserAgent()+" ", " app/env-app ") || req.Header.Get("Amz-Sdk-Request") != "attempt=1; max=7" {
		t.Errorf("request to %s with %v, want the environment's region, application id and number of attempts", req.URL.Host, req.Header)
	}
	if o := client.settings.options; !o.DisableClockSkewCorrection {
		t.Error("AWS_DISABLE_CLOCK_SKEW_CORRECTION is not honoured")
	}
}

func TestUserAgentAndTraceID(t *testing.T) {
	hideEnvironment(t)
	sent := answers(completed)
	o := options(sent)
	o.AppID = "my app"
	client := New(o)
	want := fmt.Sprintf("aws-sdk-go-v2/%s ua/2.1 os/%s lang/go#%s md/GOOS#%s md/GOARCH#%s lib/snapshotjob#%s app/my-app m/E",
		aws.SDKVersion, agentOS(), strings.TrimPrefix(runtime.Version(), "go"), runtime.GOOS, runtime.GOARCH, version)
	if got := sentBy(t, client, sent).UserAgent(); got != want {
		t.Errorf("User-Agent\n%q, want\n%q", got, want)
	}
	if got := sentBy(t, client, sent).Header.Values("X-Amzn-Trace-Id"); got != nil {
		t.Errorf("X-Amzn-Trace-Id %q outside Lambda, want none", got)
	}
	t.Setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
	t.Setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8\n")
	if got := sentBy(t, client, sent).Header.Values("X-Amzn-Trace-Id"); !reflect.DeepEqual(got, []string{"Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8%0A"}) {
		t.Errorf("X-Amzn-Trace-Id %q, want the escaped value of the environment", got)
	}
}

func agentOS() string {
	if runtime.GOOS == "darwin" {
		return "macos"
	}
	return runtime.GOOS
}

func TestTransportsOfHTTPClients(t *testing.T) {
	t.Run("none: the SDK's settings with a wide pool, shared", func(t *testing.T) {
		for _, client := range []aws.HTTPClient{nil, (*awshttp.BuildableClient)(nil), (*http.Client)(nil)} {
			o := NewFromConfig(aws.Config{HTTPClient: client}).settings.options
			if o.Transport != New(Options{}).settings.options.Transport {
				t.Errorf("%T: a transport of its own, want the shared one", client)
			}
		}
		tr := New(Options{}).settings.options.Transport.(*http.Transport)
		sdk := awshttp.NewBuildableClient().GetTransport()
		if tr.MaxIdleConnsPerHost < 256 || tr.MaxIdleConns < 256 || tr.TLSHandshakeTimeout != sdk.TLSHandshakeTimeout || tr.IdleConnTimeout != sdk.IdleConnTimeout || !tr.ForceAttemptHTTP2 == sdk.ForceAttemptHTTP2 {
			t.Errorf("transport %+v, want a pool for hundreds and the SDK's timeouts", tr)
		}
	})
	t.Run("buildable: its settings and our pool", func(t *testing.T) {
		buildable := awshttp.NewBuildableClient().WithTimeout(7 * time.Second).WithTransportOptions(func(tr *http.Transport) {
			tr.TLSHandshakeTimeout, tr.MaxIdleConnsPerHost, tr.MaxIdleConns = 3*time.Second, 2, 0
		})
		o := NewFromConfig(aws.Config{HTTPClient: buildable}).settings.options
		tr := reflect.Indirect(reflect.ValueOf(o.Transport))
		if wrapped := tr.FieldByName("tr"); wrapped.IsValid() { // in the SDK's own RoundTripper
			tr = reflect.Indirect(wrapped)
		}
		if tr.Kind() == reflect.Interface {
			tr = tr.Elem().Elem()
		}
		field := func(name string) int64 { return tr.FieldByName(name).Int() }
		if time.Duration(field("TLSHandshakeTimeout")) != 3*time.Second || field("MaxIdleConnsPerHost") < 256 || field("MaxIdleConns") != 0 || o.AttemptTimeout != 7*time.Second {
			t.Errorf("transport %+v and timeout %v, want the client's own with a wider pool", tr, o.AttemptTimeout)
		}
		if own := buildable.GetTransport(); own.MaxIdleConnsPerHost != 2 {
			t.Errorf("the caller's transport got a pool of %d", own.MaxIdleConnsPerHost)
		}
	})
	t.Run("*http.Client: copied, follows no redirect", func(t *testing.T) {
		hideEnvironment(t)
		sent := answers(answer{status: 307, header: map[string]string{"Location": "https://example.com/other"}})
		client := &http.Client{Transport: sent}
		_, err := NewFromConfig(aws.Config{Region: "us-east-1", Credentials: exampleCredentials, HTTPClient: client}).DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
		resp, ok := errorAs[*awshttp.ResponseError](err)
		if !ok || resp.HTTPStatusCode() != 307 || len(sent.requests) != 1 {
			t.Errorf("%d requests and error %v, want one and status 307", len(sent.requests), err)
		}
		if client.CheckRedirect != nil {
			t.Error("the caller's client was changed")
		}
	})
}

// A client's own timeouts end an attempt, not the call.
func TestTimeoutsOfHTTPClients(t *testing.T) {
	silent := func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go io.Copy(io.Discard, server)
		return client, nil
	}
	dial := func(tr *http.Transport) { tr.DialContext = silent }
	deadline := func(err error) bool { return errors.Is(err, context.DeadlineExceeded) }
	for _, tt := range []struct {
		name   string
		client func() aws.HTTPClient
		is     func(error) bool
	}{
		{"*http.Client", func() aws.HTTPClient {
			return &http.Client{Timeout: time.Second, Transport: &http.Transport{DialContext: silent}}
		}, deadline},
		{"BuildableClient", func() aws.HTTPClient {
			return awshttp.NewBuildableClient().WithTimeout(time.Second).WithTransportOptions(dial)
		}, deadline},
		{"BuildableClient, read timeout", func() aws.HTTPClient {
			return awshttp.NewBuildableClient().WithReadTimeout(time.Second).WithTransportOptions(dial)
		}, func(err error) bool { return errors.As(err, new(*awshttp.ResponseTimeoutError)) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			hideEnvironment(t)
			synctest.Test(t, func(t *testing.T) {
				cfg := aws.Config{Region: "us-east-1", Credentials: exampleCredentials, HTTPClient: tt.client(),
					BaseEndpoint: aws.String("http://pipe.example.com"), Retryer: func() aws.Retryer { return retry.NewStandard(noPause) }}
				start := time.Now()
				_, err := NewFromConfig(cfg).DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
				exhausted, ok := errorAs[*retry.MaxAttemptsError](err)
				if !ok || exhausted.Attempt != 3 || time.Since(start) != 3*time.Second {
					t.Errorf("after %v error %v, want three attempts of 1s", time.Since(start), err)
				}
				if !tt.is(err) {
					t.Errorf("error %v does not tell of the timeout", err)
				}
				if strings.Contains(err.Error(), "pipe.example.com") {
					t.Errorf("error %v holds the URL", err)
				}
			})
		})
	}
}

// cacheOf is a cache over a provider that gives new keys each time.
func cacheOf(asked *int) *aws.CredentialsCache {
	return aws.NewCredentialsCache(providerFunc(func(context.Context) (aws.Credentials, error) {
		*asked++
		return aws.Credentials{AccessKeyID: fmt.Sprintf("AKIDEXAMPLE%d", *asked), SecretAccessKey: exampleSecret, SessionToken: exampleToken}, nil
	}))
}

func TestExpiredCredentials(t *testing.T) {
	expired := apiError(403, "ExpiredTokenException")
	tests := []struct {
		name    string
		answers []answer
		cached  bool
		max     int
		sent    int
		asked   int
		want    string // the error's code
	}{
		{"renewed and tried again", []answer{expired, completed}, true, 0, 2, 2, ""},
		{"the other code", []answer{apiError(400, "ExpiredToken"), completed}, true, 0, 2, 2, ""},
		{"only once", []answer{expired}, true, 0, 2, 2, "ExpiredTokenException"},
		{"not beyond the number of attempts", []answer{expired, completed}, true, 1, 1, 1, "ExpiredTokenException"},
		{"not with a provider that can't", []answer{expired, completed}, false, 0, 1, 1, "ExpiredTokenException"},
		{"not for other refusals", []answer{apiError(403, "InvalidClientTokenId"), completed}, true, 0, 1, 1, "InvalidClientTokenId"},
		{"after a failure of another kind", []answer{{status: 500}, expired, completed}, true, 0, 3, 2, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked, sent := 0, answers(tt.answers...)
			o := options(sent)
			cache := cacheOf(&asked)
			o.Credentials = cache
			if !tt.cached {
				o.Credentials = providerFunc(cache.Retrieve)
			}
			o.RetryMaxAttempts = tt.max
			_, err := describe(t, o)
			if got := errorCode(err); got != tt.want || len(sent.requests) != tt.sent || asked != tt.asked {
				t.Errorf("%d requests, %d sets of keys and error %v, want %d, %d and %q", len(sent.requests), asked, err, tt.sent, tt.asked, tt.want)
			}
			last := sent.requests[len(sent.requests)-1].Header.Get("Authorization")
			if want := fmt.Sprintf("AKIDEXAMPLE%d/", tt.asked); !strings.Contains(last, want) {
				t.Errorf("the last request is signed with %s, want %s", last, want)
			}
		})
	}
}

// What a client is made of holds for all its calls: a retry quota, for one.
func TestCallsShareTheRetryQuota(t *testing.T) {
	o := options(answers(answer{status: 500}))
	client := New(o)
	quota := 0
	for range 30 {
		_, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob, func(o *Options) { o.AppID = "x" })
		if _, ok := errorAs[*retry.MaxAttemptsError](err); !ok && errors.As(err, new(smithy.APIError)) {
			quota++
		}
	}
	if want := 30 - 500/14/2; quota != want {
		t.Errorf("%d of 30 calls had no quota left, want %d", quota, want)
	}
}

func TestBodyIsReadWhole(t *testing.T) {
	big := bytes.Repeat([]byte(" "), 3<<20)
	copy(big, `{"JobStatus":"COMPLETED"`)
	big[len(big)-1] = '}'
	out, err := describe(t, options(answers(answer{status: 200, body: string(big)})))
	if err != nil || out.JobStatus != SnapshotJobStatusCompleted {
		t.Errorf("output %+v and error %v, want the answer of 3 MB", out, err)
	}
}
