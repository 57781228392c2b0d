package snapshotjob

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// baseEndpoint returns a function that sets Options.BaseEndpoint.
func baseEndpoint(url string) func(*Options) {
	return func(o *Options) { o.BaseEndpoint = &url }
}

// checkRefused changes good options for the worse, once those of a client and once those of a call.
// Either call must complain about the fields, in this order, and send nothing.
func checkRefused(t *testing.T, job Job, change func(*Options), fields ...string) {
	t.Helper()
	service := responses(completed)
	t.Run("options of the client", func(t *testing.T) {
		client := New(options(service), change)
		_, err := client.DescribeDashboardSnapshotJobResult(t.Context(), job)
		assertRefused(t, err, fields...)
	})
	t.Run("options of the call", func(t *testing.T) {
		client := New(options(service))
		_, err := client.DescribeDashboardSnapshotJobResult(t.Context(), job, change)
		assertRefused(t, err, fields...)
	})
	assert.Empty(t, service.requests)
}

// assertRefused checks the problems that an error reports, and that it names the operation.
func assertRefused(t *testing.T, err error, fields ...string) {
	t.Helper()
	assertInvalid(t, err, fields...)
	var operation *smithy.OperationError
	require.ErrorAs(t, err, &operation)
	assert.Equal(t, "QuickSight", operation.Service())
	assert.Equal(t, "DescribeDashboardSnapshotJobResult", operation.Operation())
}

func TestBadIDsAreRefused(t *testing.T) {
	tests := []struct {
		name   string
		job    Job
		fields []string
	}{
		{
			name:   "missing",
			job:    Job{},
			fields: []string{"AWSAccountID", "DashboardID", "SnapshotJobID"},
		},
		{
			name:   "dots",
			job:    Job{AWSAccountID: "111122223333", DashboardID: ".", SnapshotJobID: ".."},
			fields: []string{"DashboardID", "SnapshotJobID"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checkRefused(t, tt.job, func(*Options) {}, tt.fields...)
		})
	}
}

func TestEverythingBadIsReportedAtOnce(t *testing.T) {
	job := Job{
		AWSAccountID:  "1",
		DashboardID:   "",
		SnapshotJobID: ".",
	}
	change := func(o *Options) {
		*o = Options{
			RetryMaxAttempts: -1,
			RetryMode:        "x",
		}
	}
	checkRefused(t, job, change,
		"AWSAccountID", "DashboardID", "SnapshotJobID",
		"Region", "Credentials", "RetryMaxAttempts", "RetryMode")
}

func TestBadRegionIsRefused(t *testing.T) {
	regions := map[string]string{
		"missing":           "",
		"not a host label":  "us east/1",
		"a host of its own": "evil.example.com/",
	}
	for name, region := range regions {
		t.Run(name, func(t *testing.T) {
			checkRefused(t, exampleJob, func(o *Options) { o.Region = region }, "Region")
		})
	}
}

func TestRegionIsRequiredWithABaseEndpointToo(t *testing.T) {
	change := func(o *Options) {
		o.Region = ""
		o.BaseEndpoint = aws.String("https://example.com")
	}
	checkRefused(t, exampleJob, change, "Region")
}

func TestMissingCredentialsAreRefused(t *testing.T) {
	providers := map[string]aws.CredentialsProvider{
		"none":                 nil,
		"anonymous":            aws.AnonymousCredentials{},
		"anonymous, a pointer": &aws.AnonymousCredentials{},
		"anonymous, cached":    aws.NewCredentialsCache(aws.AnonymousCredentials{}),
	}
	for name, provider := range providers {
		t.Run(name, func(t *testing.T) {
			checkRefused(t, exampleJob, func(o *Options) { o.Credentials = provider }, "Credentials")
		})
	}
}

func TestBadBaseEndpointIsRefused(t *testing.T) {
	endpoints := map[string]string{
		"empty":             "",
		"no scheme":         "quicksight.us-east-1.amazonaws.com",
		"scheme alone":      "https://",
		"port alone":        "https://:443",
		"other scheme":      "ftp://example.com",
		"opaque":            "https:example.com",
		"user info":         "https://u:p@example.com",
		"empty user info":   "https://@example.com",
		"query":             "https://example.com?x=y",
		"empty query":       "https://example.com?",
		"fragment":          "https://example.com#f",
		"empty fragment":    "https://example.com#",
		"control character": "https://example.com\n",
		"space":             " https://example.com",
		"bad escape":        "https://example.com/%zz",
		"bad port":          "https://example.com:x",
		"port out of range": "https://example.com:99999",
	}
	for name, endpoint := range endpoints {
		t.Run(name, func(t *testing.T) {
			checkRefused(t, exampleJob, baseEndpoint(endpoint), "BaseEndpoint")
		})
	}
}

func TestBaseEndpointExcludesFIPSAndDualStack(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Options)
		field  string
	}{
		{
			name:   "FIPS",
			change: func(o *Options) { o.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled },
			field:  "UseFIPSEndpoint",
		},
		{
			name:   "FIPS pseudo region",
			change: func(o *Options) { o.Region = "fips-us-east-1" },
			field:  "UseFIPSEndpoint",
		},
		{
			name:   "dual-stack",
			change: func(o *Options) { o.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled },
			field:  "UseDualStackEndpoint",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			change := func(o *Options) {
				o.BaseEndpoint = aws.String("https://example.com")
				tt.change(o)
			}
			checkRefused(t, exampleJob, change, tt.field)
		})
	}
}

func TestNilContextIsRefused(t *testing.T) {
	service := responses(completed)
	var none context.Context
	_, err := New(options(service)).DescribeDashboardSnapshotJobResult(none, exampleJob)
	assertInvalid(t, err, "ctx")
	assert.Empty(t, service.requests)
}

func TestNilFunctionOfACallIsRefused(t *testing.T) {
	service := responses(completed)
	_, err := describe(t, options(service), func(*Options) {}, nil)
	assertInvalid(t, err, "optFns")
	assert.Empty(t, service.requests)
}

func TestNilFunctionOfTheClientIsRefused(t *testing.T) {
	service := responses(completed)
	client := New(options(service), nil)
	checkRefusedByEveryCall(t, client, "optFns")
	assert.Empty(t, service.requests)
}

func TestNilFunctionOfTheConfigurationIsRefused(t *testing.T) {
	service := responses(completed)
	cfg := aws.Config{
		Region:         "us-east-1",
		Credentials:    exampleCredentials,
		ServiceOptions: []func(string, any){nil},
	}
	client := NewFromConfig(cfg, func(o *Options) { o.Transport = service })
	checkRefusedByEveryCall(t, client, "ServiceOptions")
	assert.Empty(t, service.requests)
}

// checkRefusedByEveryCall checks that a call complains about the field, whether or not it changes the
// options of a client.
func checkRefusedByEveryCall(t *testing.T, client *Client, field string) {
	t.Helper()
	_, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
	assertInvalid(t, err, field)
	_, err = client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob, func(*Options) {})
	assertInvalid(t, err, field)
}

// callWithOtherOptions makes two calls with options that differ from the client's, and a third one
// with the client's own. It returns the requests of the first two.
func callWithOtherOptions(t *testing.T, client *Client) []*http.Request {
	t.Helper()
	service := responses(completed)
	change := func(o *Options) {
		assert.Equal(t, "client", o.AppID, "a call begins with the options of the client")
		o.AppID = "call"
		o.Region = "eu-west-1"
		o.Transport = service
		o.RetryMaxAttempts = 7
		o.BaseEndpoint = aws.String("https://other.example.com")
	}
	for range 2 {
		_, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob, change)
		require.NoError(t, err)
	}
	_, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
	require.NoError(t, err)
	return service.requests
}

func TestOptionsOfACallHoldForThatCall(t *testing.T) {
	service := responses(completed)
	setAppID := func(o *Options) { o.AppID = "client" }
	client := New(options(service), baseEndpoint("https://example.com/"), setAppID)
	changed := callWithOtherOptions(t, client)

	require.Len(t, changed, 2)
	second := changed[1]
	assert.Equal(t, "other.example.com", second.URL.Host)
	assert.Contains(t, second.UserAgent(), "app/call")
	assert.Contains(t, second.Header.Get("Amz-Sdk-Request"), "max=7")
	assert.Contains(t, second.Header.Get("Authorization"), "/eu-west-1/quicksight/")

	require.Len(t, service.requests, 1)
	unchanged := service.requests[0]
	assert.Equal(t, "example.com", unchanged.URL.Host)
	assert.Contains(t, unchanged.UserAgent(), "app/client")
	assert.Contains(t, unchanged.Header.Get("Amz-Sdk-Request"), "max=3")
	assert.Contains(t, unchanged.Header.Get("Authorization"), "/us-east-1/quicksight/")
}

func TestOptionsAreTheCallersOwn(t *testing.T) {
	base := "https://example.com/"
	o := options(responses(completed))
	o.BaseEndpoint = &base
	before := o
	callWithOtherOptions(t, New(o, func(o *Options) { o.AppID = "client" }))
	assert.Equal(t, before, o)
	assert.Equal(t, "https://example.com/", base)
}

// unmadeClients are clients that neither New nor NewFromConfig returned.
var unmadeClients = map[string]*Client{
	"nil client":  nil,
	"zero client": new(Client),
}

func TestClientThatNewDidNotMakeIsRefused(t *testing.T) {
	dir := t.TempDir()
	calls := map[string]func(context.Context, *Client) error{
		"describe": func(ctx context.Context, c *Client) error {
			_, err := c.DescribeDashboardSnapshotJobResult(ctx, exampleJob, func(*Options) {})
			return err
		},
		"wait": func(ctx context.Context, c *Client) error {
			_, err := c.Wait(ctx, exampleJob, func(o *WaitOptions) { o.MinDelay = 1 })
			return err
		},
		"open": func(ctx context.Context, c *Client) error {
			_, err := c.Open(ctx, ResultFile{Job: exampleJob, URI: "s3://b/k"})
			return err
		},
		"download": func(ctx context.Context, c *Client) error {
			_, err := c.Download(ctx, exampleJob, dir)
			return err
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			for kind, client := range unmadeClients {
				err := call(t.Context(), client)
				assert.ErrorAs(t, err, new(*InvalidInputError), kind)
				assert.ErrorContains(t, err, "Client is nil or zero", kind)
			}
		})
	}
}

func TestClientThatNewDidNotMakeIsPrinted(t *testing.T) {
	for kind, client := range unmadeClients {
		assert.Contains(t, fmt.Sprint(client), "snapshotjob.Client", kind)
	}
}

func TestBadS3EndpointDoesNotConcernOperations(t *testing.T) {
	o := options(responses(completed))
	o.S3BaseEndpoint = aws.String("localhost:9000")
	_, err := describe(t, o)
	assert.NoError(t, err)
}

func TestBadS3EndpointIsRefusedByOpen(t *testing.T) {
	o := options(responses(completed))
	o.S3BaseEndpoint = aws.String("localhost:9000")
	_, err := New(o).Open(t.Context(), ResultFile{Job: exampleJob, URI: "s3://b/k"})
	assert.ErrorContains(t, err, "S3BaseEndpoint is not an http or https URL")
}
