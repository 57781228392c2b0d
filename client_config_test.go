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
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// doFunc is an aws.HTTPClient of a type that NewFromConfig does not know.
type doFunc func(*http.Request) (*http.Response, error)

func (f doFunc) Do(req *http.Request) (*http.Response, error) { return f(req) }

// exampleConfig returns the least that NewFromConfig needs, with an HTTP client.
func exampleConfig(client aws.HTTPClient) aws.Config {
	return aws.Config{
		Region:      "us-east-1",
		Credentials: exampleCredentials,
		HTTPClient:  client,
	}
}

// sentBy makes one call with a client, and returns the request that its service got.
func sentBy(t *testing.T, client *Client, service *script) *http.Request {
	t.Helper()
	_, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
	require.NoError(t, err)
	return service.requests[len(service.requests)-1]
}

// sentWith returns the request that a client with a changed configuration sends.
func sentWith(t *testing.T, change func(*aws.Config)) *http.Request {
	t.Helper()
	hideEnvironment(t)
	service := responses(completed)
	cfg := exampleConfig(doFunc(service.RoundTrip))
	change(&cfg)
	return sentBy(t, NewFromConfig(cfg), service)
}

func TestRegionOfTheConfiguration(t *testing.T) {
	req := sentWith(t, func(c *aws.Config) { c.Region = "eu-west-1" })
	assert.Equal(t, "quicksight.eu-west-1.amazonaws.com", req.URL.Host)
}

func TestCredentialsOfTheConfiguration(t *testing.T) {
	credentials := staticCredentials{AccessKeyID: "AKIDOTHER", SecretAccessKey: "x"}
	req := sentWith(t, func(c *aws.Config) { c.Credentials = credentials })
	authorization := req.Header.Get("Authorization")
	assert.True(t, strings.HasPrefix(authorization, "AWS4-HMAC-SHA256 Credential=AKIDOTHER/"), authorization)
}

func TestBaseEndpointOfTheConfiguration(t *testing.T) {
	req := sentWith(t, func(c *aws.Config) { c.BaseEndpoint = aws.String("http://localhost:8000/p") })
	assert.Equal(t, "http://localhost:8000/p"+examplePath, req.URL.String())
}

func TestAppIDOfTheConfiguration(t *testing.T) {
	req := sentWith(t, func(c *aws.Config) { c.AppID = "my-app" })
	assert.Contains(t, req.UserAgent(), " app/my-app ")
}

func TestServiceOptionsOfTheConfiguration(t *testing.T) {
	req := sentWith(t, func(c *aws.Config) {
		setAppID := func(id string, o any) {
			assert.Equal(t, "QuickSight", id)
			o.(*Options).AppID = "service"
		}
		c.ServiceOptions = []func(string, any){setAppID}
	})
	assert.Contains(t, req.UserAgent(), " app/service ")
}

func TestHTTPClientOfTheConfiguration(t *testing.T) {
	req := sentWith(t, func(*aws.Config) {})
	assert.Equal(t, "GET", req.Method)
}

func TestNumberOfAttemptsOfTheConfiguration(t *testing.T) {
	tests := []struct {
		name   string
		change func(*aws.Config)
		want   string
	}{
		{
			name:   "RetryMaxAttempts",
			change: func(c *aws.Config) { c.RetryMaxAttempts = 9 },
			want:   "attempt=1; max=9",
		},
		{
			name:   "Retryer",
			change: func(c *aws.Config) { c.Retryer = func() aws.Retryer { return aws.NopRetryer{} } },
			want:   "attempt=1; max=1",
		},
		{
			name: "Retryer and RetryMaxAttempts",
			change: func(c *aws.Config) {
				c.Retryer = func() aws.Retryer { return retry.NewStandard() }
				c.RetryMaxAttempts = 2
			},
			want: "attempt=1; max=2",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := sentWith(t, tt.change)
			assert.Equal(t, tt.want, req.Header.Get("Amz-Sdk-Request"))
		})
	}
}

func TestRetryModeOfTheConfiguration(t *testing.T) {
	features := map[aws.RetryMode]string{
		aws.RetryModeStandard: " m/E",
		aws.RetryModeAdaptive: " m/F",
	}
	for mode, feature := range features {
		t.Run(string(mode), func(t *testing.T) {
			req := sentWith(t, func(c *aws.Config) { c.RetryMode = mode })
			assert.Equal(t, "attempt=1; max=3", req.Header.Get("Amz-Sdk-Request"))
			assert.True(t, strings.HasSuffix(req.UserAgent(), feature), req.UserAgent())
		})
	}
}

func TestConfigurationOfTheEnvironment(t *testing.T) {
	cfg, err := loadConfig(t, map[string]string{
		"AWS_REGION":                        "eu-west-1",
		"AWS_SDK_UA_APP_ID":                 "env-app",
		"AWS_MAX_ATTEMPTS":                  "7",
		"AWS_RETRY_MODE":                    "adaptive",
		"AWS_DISABLE_CLOCK_SKEW_CORRECTION": "true",
	}, "")
	require.NoError(t, err)
	service := responses(completed)
	client := NewFromConfig(cfg, func(o *Options) { o.Transport = service })

	req := sentBy(t, client, service)
	assert.Equal(t, "quicksight.eu-west-1.amazonaws.com", req.URL.Host)
	assert.Contains(t, req.UserAgent()+" ", " app/env-app ")
	assert.Equal(t, "attempt=1; max=7", req.Header.Get("Amz-Sdk-Request"))
	assert.True(t, optionsOf(t, client).DisableClockSkewCorrection)
}

func TestUserAgent(t *testing.T) {
	hideEnvironment(t)
	service := responses(completed)
	o := options(service)
	o.AppID = "my app"
	want := strings.Join([]string{
		"aws-sdk-go-v2/" + aws.SDKVersion,
		"ua/2.1",
		"os/" + agentOS(),
		"lang/go#" + strings.TrimPrefix(runtime.Version(), "go"),
		"md/GOOS#" + runtime.GOOS,
		"md/GOARCH#" + runtime.GOARCH,
		"lib/snapshotjob#" + version,
		"app/my-app",
		"m/E",
	}, " ")
	assert.Equal(t, want, sentBy(t, New(o), service).UserAgent())
}

// agentOS returns the SDK's name for the operating system.
func agentOS() string {
	if runtime.GOOS == "darwin" {
		return "macos"
	}
	return runtime.GOOS
}

func TestNoTraceIDOutsideLambda(t *testing.T) {
	hideEnvironment(t)
	service := responses(completed)
	req := sentBy(t, New(options(service)), service)
	assert.Empty(t, req.Header.Values("X-Amzn-Trace-Id"))
}

func TestTraceIDOfLambdaIsEscaped(t *testing.T) {
	const id = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8"
	hideEnvironment(t)
	service := responses(completed)
	client := New(options(service))
	t.Setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
	t.Setenv("_X_AMZN_TRACE_ID", id+"\n")
	req := sentBy(t, client, service)
	assert.Equal(t, []string{id + "%0A"}, req.Header.Values("X-Amzn-Trace-Id"))
}

func TestClientsWithoutHTTPClientShareATransport(t *testing.T) {
	clients := map[string]aws.HTTPClient{
		"no client":           nil,
		"nil BuildableClient": (*awshttp.BuildableClient)(nil),
		"nil http.Client":     (*http.Client)(nil),
	}
	shared := optionsOf(t, New(Options{})).Transport
	for name, client := range clients {
		t.Run(name, func(t *testing.T) {
			o := optionsOf(t, NewFromConfig(aws.Config{HTTPClient: client}))
			assert.Same(t, shared, o.Transport)
		})
	}
}

// leastPool is the number of idle connections that a transport needs for hundreds of callers.
const leastPool = 256

func TestDefaultTransport(t *testing.T) {
	transport, ok := optionsOf(t, New(Options{})).Transport.(*http.Transport)
	require.True(t, ok)
	assert.GreaterOrEqual(t, transport.MaxIdleConns, leastPool)
	assert.GreaterOrEqual(t, transport.MaxIdleConnsPerHost, leastPool)

	sdk := awshttp.NewBuildableClient().GetTransport()
	assert.Equal(t, sdk.TLSHandshakeTimeout, transport.TLSHandshakeTimeout)
	assert.Equal(t, sdk.IdleConnTimeout, transport.IdleConnTimeout)
	assert.Equal(t, sdk.ForceAttemptHTTP2, transport.ForceAttemptHTTP2)
}

func TestBuildableClientGivesItsSettings(t *testing.T) {
	buildable := awshttp.NewBuildableClient().WithTimeout(7 * time.Second)
	buildable = buildable.WithTransportOptions(func(tr *http.Transport) {
		tr.TLSHandshakeTimeout = 3 * time.Second
		tr.MaxIdleConnsPerHost = 2
		tr.MaxIdleConns = 0
	})
	o := optionsOf(t, NewFromConfig(aws.Config{HTTPClient: buildable}))
	assert.Equal(t, 7*time.Second, o.AttemptTimeout)

	transport := innerTransport(o.Transport)
	assert.EqualValues(t, 3*time.Second, transport.FieldByName("TLSHandshakeTimeout").Int())
	assert.GreaterOrEqual(t, transport.FieldByName("MaxIdleConnsPerHost").Int(), int64(leastPool))
	assert.Zero(t, transport.FieldByName("MaxIdleConns").Int(), "0 means no limit")

	assert.Equal(t, 2, buildable.GetTransport().MaxIdleConnsPerHost, "the caller's own transport")
}

// innerTransport returns the http.Transport of a BuildableClient. The SDK hides it in the unexported
// field tr of a RoundTripper of its own.
func innerTransport(transport http.RoundTripper) reflect.Value {
	outer := reflect.Indirect(reflect.ValueOf(transport))
	field := outer.FieldByName("tr")
	if field.Kind() == reflect.Interface {
		field = field.Elem()
	}
	return reflect.Indirect(field)
}

func TestHTTPClientIsCopiedAndFollowsNoRedirect(t *testing.T) {
	hideEnvironment(t)
	service := responses(mockResponse{
		status: 307,
		header: map[string]string{"Location": "https://example.com/other"},
	})
	client := &http.Client{Transport: service}
	_, err := NewFromConfig(exampleConfig(client)).DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)

	var resp *awshttp.ResponseError
	require.ErrorAs(t, err, &resp)
	assert.Equal(t, 307, resp.HTTPStatusCode())
	assert.Len(t, service.requests, 1)
	assert.Nil(t, client.CheckRedirect, "the caller's client is as it was")
}

// dialSilence connects to a server that reads and never responds.
func dialSilence(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	go func() { _, _ = io.Copy(io.Discard, server) }()
	return client, nil
}

// silentClient returns a BuildableClient whose connections are those of dialSilence.
func silentClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.DialContext = dialSilence
	})
}

// checkAttemptTimeout calls a silent server with an HTTP client whose timeout is one second, which
// ends each attempt, but not the call. It returns the error of the call.
func checkAttemptTimeout(t *testing.T, client aws.HTTPClient) error {
	t.Helper()
	cfg := exampleConfig(client)
	cfg.BaseEndpoint = aws.String("http://pipe.example.com")
	cfg.Retryer = func() aws.Retryer { return options(nil).Retryer }
	start := time.Now()
	_, err := NewFromConfig(cfg).DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)

	var exhausted *retry.MaxAttemptsError
	require.ErrorAs(t, err, &exhausted)
	assert.Equal(t, 3, exhausted.Attempt)
	assert.Equal(t, 3*time.Second, time.Since(start), "by the clock of the bubble")
	assert.NotContains(t, err.Error(), "pipe.example.com")
	return err
}

func TestTimeoutOfHTTPClientEndsAnAttempt(t *testing.T) {
	hideEnvironment(t)
	synctest.Test(t, func(t *testing.T) {
		err := checkAttemptTimeout(t, &http.Client{
			Timeout:   time.Second,
			Transport: &http.Transport{DialContext: dialSilence},
		})
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestTimeoutOfBuildableClientEndsAnAttempt(t *testing.T) {
	hideEnvironment(t)
	synctest.Test(t, func(t *testing.T) {
		err := checkAttemptTimeout(t, silentClient().WithTimeout(time.Second))
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestReadTimeoutOfBuildableClientEndsAnAttempt(t *testing.T) {
	hideEnvironment(t)
	synctest.Test(t, func(t *testing.T) {
		err := checkAttemptTimeout(t, silentClient().WithReadTimeout(time.Second))
		assert.ErrorAs(t, err, new(*awshttp.ResponseTimeoutError))
	})
}

// cacheOf returns a cache over a provider that gives new keys each time it is asked. It counts how
// often that is.
func cacheOf(asked *int) *aws.CredentialsCache {
	return aws.NewCredentialsCache(providerFunc(func(context.Context) (aws.Credentials, error) {
		*asked++
		return aws.Credentials{
			AccessKeyID:     fmt.Sprintf("AKIDEXAMPLE%d", *asked),
			SecretAccessKey: exampleSecret,
			SessionToken:    exampleToken,
		}, nil
	}))
}

func TestExpiredCredentialsAreRenewed(t *testing.T) {
	expired := exceptionResponse(403, "ExpiredTokenException")
	tests := map[string][]mockResponse{
		"ExpiredTokenException": {expired, completed},
		"ExpiredToken":          {exceptionResponse(400, "ExpiredToken"), completed},
		"after another failure": {{status: 500}, expired, completed},
	}
	for name, sequence := range tests {
		t.Run(name, func(t *testing.T) {
			asked := 0
			service := responses(sequence...)
			o := options(service)
			o.Credentials = cacheOf(&asked)
			_, err := describe(t, o)
			require.NoError(t, err)
			assert.Len(t, service.requests, len(sequence))
			assert.Equal(t, 2, asked)
			assertSignedBy(t, service, "AKIDEXAMPLE2")
		})
	}
}

func TestExpiredCredentialsAreRenewedOnce(t *testing.T) {
	asked := 0
	service := responses(exceptionResponse(403, "ExpiredTokenException"))
	o := options(service)
	o.Credentials = cacheOf(&asked)
	_, err := describe(t, o)
	assert.Equal(t, "ExpiredTokenException", errorCode(err))
	assert.Len(t, service.requests, 2)
	assert.Equal(t, 2, asked)
	assertSignedBy(t, service, "AKIDEXAMPLE2")
}

func TestCredentialsAreNotRenewed(t *testing.T) {
	tests := []struct {
		name   string
		code   string
		change func(*Options)
	}{
		{
			name:   "after the last attempt",
			code:   "ExpiredTokenException",
			change: func(o *Options) { o.RetryMaxAttempts = 1 },
		},
		{
			name:   "by a provider that cannot",
			code:   "ExpiredTokenException",
			change: func(o *Options) { o.Credentials = providerFunc(o.Credentials.Retrieve) },
		},
		{
			name:   "after another refusal",
			code:   "InvalidClientTokenId",
			change: func(*Options) {},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			service := responses(exceptionResponse(403, tt.code), completed)
			o := options(service)
			o.Credentials = cacheOf(&asked)
			tt.change(&o)
			_, err := describe(t, o)
			assert.Equal(t, tt.code, errorCode(err))
			assert.Len(t, service.requests, 1)
			assert.Equal(t, 1, asked)
			assertSignedBy(t, service, "AKIDEXAMPLE1")
		})
	}
}

// assertSignedBy checks the key that the last request is signed with.
func assertSignedBy(t *testing.T, service *script, key string) {
	t.Helper()
	last := service.requests[len(service.requests)-1]
	assert.Contains(t, last.Header.Get("Authorization"), key+"/")
}

// All calls of a client share the retry quota of its retryer, also a call with options of its own.
func TestCallsShareTheRetryQuota(t *testing.T) {
	const (
		calls          = 30
		quota          = 500
		retryCost      = 14
		retriesOfACall = 2
	)
	client := New(options(responses(mockResponse{status: 500})))
	withoutQuota := 0
	for range calls {
		_, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob,
			func(o *Options) { o.AppID = "x" })
		require.ErrorAs(t, err, new(smithy.APIError))
		if _, exhausted := errors.AsType[*retry.MaxAttemptsError](err); !exhausted {
			withoutQuota++
		}
	}
	assert.Equal(t, calls-quota/retryCost/retriesOfACall, withoutQuota)
}

func TestBodyIsReadWhole(t *testing.T) {
	const size = 1 << 20
	body := bytes.Repeat([]byte(" "), size)
	copy(body, `{"JobStatus":"COMPLETED"`)
	body[size-1] = '}'
	out, err := describe(t, options(responses(mockResponse{status: 200, body: string(body)})))
	require.NoError(t, err)
	assert.Equal(t, SnapshotJobStatusCompleted, out.JobStatus)
}

// fromEnvironment is a provider that tells where its credentials are from.
type fromEnvironment struct{ staticCredentials }

func (fromEnvironment) ProviderSources() []aws.CredentialSource {
	return []aws.CredentialSource{aws.CredentialSourceEnvVars}
}

func TestUserAgentTellsTheSourceOfCredentials(t *testing.T) {
	sent := responses(completed)
	o := options(sent)
	o.Credentials = fromEnvironment{staticCredentials: exampleCredentials}
	_, err := describe(t, o)
	require.NoError(t, err)
	assert.Contains(t, sent.requests[0].Header.Get("User-Agent"), "m/E,g")
}
