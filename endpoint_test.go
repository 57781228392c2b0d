package snapshotjob

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// endpointFile is what testdata/endpoints.json holds.
type endpointFile struct {
	Cases     []endpointCase
	Overrides []overrideCase
}

// endpointCase tells which endpoint, or which error, some options make.
type endpointCase struct {
	ID        string `json:"id"`
	Region    string `json:"region"`
	FIPS      bool   `json:"fips"`
	DualStack bool   `json:"dualStack"`
	Base      string `json:"base"`
	Want      struct {
		URL   string `json:"url"`
		Error string `json:"error"`
	} `json:"want"`
}

func (c endpointCase) apply(o *Options) {
	o.Region = c.Region
	if c.FIPS {
		o.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
	}
	if c.DualStack {
		o.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
	}
	if c.Base != "" {
		o.BaseEndpoint = &c.Base
	}
}

// overrideCase tells which request, or which error, the environment and a configuration file make.
type overrideCase struct {
	ID         string            `json:"id"`
	Region     string            `json:"region"`
	Env        map[string]string `json:"env"`
	File       string            `json:"file"`
	ConfigBase string            `json:"configBase"`
	OptionBase string            `json:"optionBase"`
	Want       struct {
		URL       string `json:"url"`
		Host      string `json:"host"`
		Scope     string `json:"scope"`
		Fault     string `json:"fault"`
		LoadError string `json:"loadError"`
	} `json:"want"`
}

// client returns a client of the loaded configuration, as code overrides it.
func (c overrideCase) client(cfg aws.Config, service *script) *Client {
	if c.ConfigBase != "" {
		cfg.BaseEndpoint = &c.ConfigBase
	}
	return NewFromConfig(cfg, func(o *Options) {
		o.Transport = service
		if c.OptionBase != "" {
			o.BaseEndpoint = &c.OptionBase
		}
	})
}

// checkRequest checks where a request goes, and that its signature is for that place.
func (c overrideCase) checkRequest(t *testing.T, req *http.Request) {
	t.Helper()
	assert.Equal(t, c.Want.URL, req.URL.String())
	r, _ := received(t, req)
	assert.Equal(t, c.Want.Host, r.Host)
	assert.Contains(t, r.Header.Get("Authorization"), "/"+c.Want.Scope+",")
	assert.NoError(t, verifySignature(r, exampleSecret, ""))
}

func TestEndpoints(t *testing.T) {
	var file endpointFile
	cases(t, "endpoints.json", &file)
	for _, tt := range file.Cases {
		t.Run(tt.ID, func(t *testing.T) {
			service := responses(completed)
			_, err := describe(t, options(service), tt.apply)
			if tt.Want.Error != "" {
				assert.ErrorAs(t, err, new(*InvalidInputError))
				assert.ErrorContains(t, err, tt.Want.Error)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.Want.URL+examplePath, service.requests[0].URL.String())
		})
	}
}

// hideEnvironment hides the machine's AWS settings from a test. It returns the folder where the test
// may write a configuration of its own.
func hideEnvironment(t *testing.T) string {
	t.Helper()
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "_X_AMZN_") {
			t.Setenv(name, "") // restores the variable after the test
			require.NoError(t, os.Unsetenv(name))
		}
	}
	dir := t.TempDir()
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "credentials"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	return dir
}

// loadConfig loads a configuration from these variables and this configuration file, and from nothing
// else.
func loadConfig(
	t *testing.T, env map[string]string, file string, optFns ...func(*config.LoadOptions) error,
) (aws.Config, error) {
	t.Helper()
	dir := hideEnvironment(t)
	for name, value := range env {
		t.Setenv(name, value)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config"), []byte(file), 0o600))
	optFns = append(optFns, config.WithCredentialsProvider(exampleCredentials))
	return config.LoadDefaultConfig(t.Context(), optFns...)
}

func TestEndpointsOfTheConfiguration(t *testing.T) {
	var file endpointFile
	cases(t, "endpoints.json", &file)
	for _, tt := range file.Overrides {
		t.Run(tt.ID, func(t *testing.T) {
			cfg, err := loadConfig(t, tt.Env, tt.File, config.WithRegion(tt.Region))
			if tt.Want.LoadError != "" {
				assert.ErrorContains(t, err, tt.Want.LoadError)
				return
			}
			require.NoError(t, err)
			service := responses(completed)
			client := tt.client(cfg, service)
			_, err = client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
			if tt.Want.Fault != "" {
				assertInvalid(t, err, tt.Want.Fault)
				return
			}
			require.NoError(t, err)
			tt.checkRequest(t, service.requests[0])
		})
	}
}

func TestErrorOfABadEndpointShowsNoPassword(t *testing.T) {
	endpoints := []string{
		"https://user:hunter2@example.com",
		"https://user:hunter2@exa mple.com",
		"user:hunter2@example.com",
		"https://example.com/%zz?token=hunter2",
		"https://example.com#hunter2",
	}
	for _, endpoint := range endpoints {
		t.Run(endpoint, func(t *testing.T) {
			_, err := describe(t, options(responses(completed)), baseEndpoint(endpoint))
			require.ErrorAs(t, err, new(*InvalidInputError))
			assert.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestURLOfRequest(t *testing.T) {
	service := responses(completed)
	_, err := describe(t, options(service))
	require.NoError(t, err)
	want := &url.URL{
		Scheme: "https",
		Host:   "quicksight.us-east-1.amazonaws.com",
		Path:   examplePath,
	}
	assert.Equal(t, want, service.requests[0].URL)
}

func TestCustomEndpointsAreSentAsWritten(t *testing.T) {
	prefixes := map[string]string{ // by endpoint
		"http://my_service:8080":       "http://my_service:8080",
		"https://h/a!b$&'()*,=;:@":     "https://h/a!b$&'()*,=;:@",
		"https://h/a%2Fb%20c/":         "https://h/a%2Fb%20c",
		"https://[::1]:8443/prefix/v1": "https://[::1]:8443/prefix/v1",
	}
	for endpoint, prefix := range prefixes {
		t.Run(endpoint, func(t *testing.T) {
			service := responses(completed)
			o := options(service)
			o.BaseEndpoint = &endpoint
			_, err := describe(t, o)
			require.NoError(t, err)
			assert.Equal(t, prefix+examplePath, service.requests[0].URL.String())
		})
	}
}

func TestEndpointWhoseHostIsNotSentAsWritten(t *testing.T) {
	endpoints := []string{
		`http://"`,
		"https://<endpoint>",
		"https://b\u00fccher.example.com",
		"https://b%C3%BCcher.example.com",
		"http://[fe80::1%25eth0]:8080",
	}
	for _, endpoint := range endpoints {
		t.Run(endpoint, func(t *testing.T) {
			service := responses(completed)
			_, err := describe(t, options(service), baseEndpoint(endpoint))
			require.ErrorAs(t, err, new(*InvalidInputError))
			assert.ErrorContains(t, err, "BaseEndpoint has a host with characters that no Host header can have")
			assert.Empty(t, service.requests)
		})
	}
}

func FuzzEndpoint(f *testing.F) {
	var file endpointFile
	cases(f, "endpoints.json", &file)
	for _, c := range file.Cases {
		f.Add(c.Region, c.FIPS, c.DualStack, c.Base)
	}
	for _, base := range []string{
		"https://u:" + exampleToken + "@h",
		"http://[::1]:8000/p",
		"https://h/%2F",
		"https://h/%2e%2e",
		"//h",
		"https://h:99999",
		"https://h\\@x",
		"HTTPS://H/",
		`HTTP://"`,
	} {
		f.Add("us-east-1", false, false, base)
	}
	f.Fuzz(func(t *testing.T, region string, fips, dualStack bool, base string) {
		c := endpointCase{Region: region, FIPS: fips, DualStack: dualStack, Base: base}
		service := responses(completed)
		_, err := describe(t, options(service), c.apply)
		if err != nil {
			checkRefusal(t, err, service)
			return
		}
		c.checkAccepted(t)
		c.checkURL(t, service.requests[0].URL)
		checkSentToPath(t, service.requests[0])
	})
}

// checkRefusal is the oracle for input that a call refuses.
func checkRefusal(t *testing.T, err error, service *script) {
	t.Helper()
	if len(service.requests) > 0 {
		t.Fatalf("%d requests were sent in spite of %v", len(service.requests), err)
	}
	if !isInvalid(err) {
		t.Fatalf("error %v, want an *InvalidInputError", err)
	}
	checkErrorText(t, err)
}

// checkAccepted is the oracle for the options that a call accepts.
func (c endpointCase) checkAccepted(t *testing.T) {
	t.Helper()
	if c.Region == "" {
		t.Error("no region was accepted")
	}
	if c.Base != "" && (c.FIPS || c.DualStack) {
		t.Errorf("%s with FIPS %v and dual-stack %v was accepted", c.Base, c.FIPS, c.DualStack)
	}
}

// checkURL is the oracle for the URL that accepted options make.
func (c endpointCase) checkURL(t *testing.T, got *url.URL) {
	t.Helper()
	if got.User != nil || got.RawQuery != "" || got.Fragment != "" {
		t.Errorf("region %q and base %q make %s", c.Region, c.Base, got)
	}
	again, err := url.Parse(got.String())
	if err != nil || again.Host != got.Host || again.EscapedPath() != got.EscapedPath() {
		t.Errorf("%s is read as %v, %v", got, again, err)
	}
	if c.Base == "" {
		if got.Scheme != "https" || !strings.HasPrefix(got.Host, "quicksight") {
			t.Errorf("region %q makes %s, want a QuickSight endpoint", c.Region, got)
		}
		return
	}
	base, err := url.Parse(c.Base)
	if err != nil || !strings.EqualFold(base.Host, got.Host) {
		t.Errorf("base %q sends to %s", c.Base, got.Host)
	}
}

// checkSentToPath is the oracle for a request as a server reads it.
func checkSentToPath(t *testing.T, req *http.Request) {
	t.Helper()
	r, _ := received(t, req)
	if !strings.HasSuffix(r.RequestURI, examplePath) {
		t.Errorf("request URI %s, want the operation's path at its end", r.RequestURI)
	}
	if err := verifySignature(r, exampleSecret, ""); err != nil {
		t.Error(err)
	}
}

func TestRegionWithOuterDashesIsRefused(t *testing.T) {
	for _, region := range []string{"-us-east-1", "us-east-1-", "us.-east-1"} {
		t.Run(region, func(t *testing.T) {
			o := options(responses(completed))
			o.Region = region
			_, err := describe(t, o)
			assertInvalid(t, err, "Region")
		})
	}
}

// brokenSource is a source of the configuration that can't be read.
type brokenSource struct{}

func (brokenSource) GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error) {
	return aws.FIPSEndpointStateUnset, false, errors.New("broken")
}

func TestConfigurationThatCannotBeReadIsRefused(t *testing.T) {
	hideEnvironment(t)
	cfg := exampleConfig(nil)
	cfg.ConfigSources = []any{brokenSource{}}
	_, err := NewFromConfig(cfg).DescribeDashboardSnapshotJob(t.Context(), exampleJob)
	assertInvalid(t, err, "UseFIPSEndpoint")
}
