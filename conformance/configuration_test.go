package conformance

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/quicksight"
	"github.com/quicksight-go/snapshotjob"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// overrideCase is an environment, a configuration file and options that say where
// requests go.
type overrideCase struct {
	ID         string
	Region     string
	File       string // the text of the configuration file
	Env        map[string]string
	ConfigBase string // the endpoint that the aws.Config holds
	OptionBase string // the endpoint that the client's options hold
	Want       struct {
		LoadError string // why the configuration can't be loaded
		Fault     string // the option that is refused
	}
}

// setUp replaces the AWS settings of the environment by those of the case.
func (c overrideCase) setUp(t *testing.T) {
	t.Helper()
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value) // restores the variable after the test
			os.Unsetenv(name)
		}
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "config")
	require.NoError(t, os.WriteFile(file, []byte(c.File), 0o600))
	t.Setenv("AWS_CONFIG_FILE", file)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "none"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	for name, value := range c.Env {
		t.Setenv(name, value)
	}
}

// pair makes both clients from a configuration.
func (c overrideCase) pair(cfg aws.Config) Pair {
	if c.ConfigBase != "" {
		cfg.BaseEndpoint = &c.ConfigBase
	}
	official := func(o *quicksight.Options) {
		if c.OptionBase != "" {
			o.BaseEndpoint = &c.OptionBase
		}
	}
	ours := func(o *snapshotjob.Options) {
		if c.OptionBase != "" {
			o.BaseEndpoint = &c.OptionBase
		}
	}
	return Pair{
		Official: quicksight.NewFromConfig(cfg, official),
		Ours:     snapshotjob.NewFromConfig(cfg, ours),
	}
}

// refused is the target of a client that refuses its configuration.
const refused = "refused"

// expect turns the target of the official client into that of this repository's
// client, and returns the difference that applied, if any.
func (c overrideCase) expect(official, ours string) (string, []Difference) {
	switch {
	case c.Want.Fault == "Region" && ours == refused:
		return refused, []Difference{NeedsRegion}
	case c.Want.Fault == "BaseEndpoint" && ours == refused:
		return refused, []Difference{RefusedEndpoint}
	case strings.Contains(c.Region, "fips"):
		inRealRegion := strings.Replace(official, " "+c.Region+"/", " us-east-1/", 1)
		return inRealRegion, []Difference{RealRegion}
	default:
		return official, nil
	}
}

// targets is an HTTP client that notes the URL and the signature's scope of each
// request.
type targets struct {
	sent []string
}

// Do implements aws.HTTPClient.
func (s *targets) Do(req *http.Request) (*http.Response, error) {
	credential := parseAuthorization(req.Header).credential
	dated, _ := strings.CutPrefix(credential, AccessKeyID+"/")
	_, scope, _ := strings.Cut(dated, "/")
	s.sent = append(s.sent, req.URL.String()+" "+scope)
	return empty.response(req), nil
}

// of has a client make a call, and returns where it was sent.
func (s *targets) of(t *testing.T, client caller) string {
	t.Helper()
	s.sent = nil
	err := client.call(t.Context())
	if err != nil {
		assert.Empty(t, s.sent, "%s sent, and failed: %v", client.name, err)
		return refused
	}
	return strings.Join(s.sent, ", ")
}

// TestCasesOfConfiguration has both clients load the same environment and
// configuration file: they send to the same place, and sign for the same scope,
// except for named differences.
func TestCasesOfConfiguration(t *testing.T) {
	var file struct{ Overrides []overrideCase }
	loadCases(t, "endpoints.json", &file)
	met := tally{}
	for _, c := range file.Overrides {
		t.Run(c.ID, func(t *testing.T) {
			c.setUp(t)
			cfg, err := config.LoadDefaultConfig(t.Context(),
				config.WithRegion(c.Region), config.WithCredentialsProvider(Config(Keys, nil).Credentials))
			if err != nil {
				assert.NotEmpty(t, c.Want.LoadError, "the configuration can't be loaded: %v", err)
				return
			}
			var service targets
			cfg.HTTPClient = &service
			clients := c.pair(cfg).callers()
			official := service.of(t, clients[0])
			ours := service.of(t, clients[1])

			want, applied := c.expect(official, ours)
			met.add(applied...)
			assert.Equal(t, want, ours)
		})
	}
	met.assertMet(t, NeedsRegion, RefusedEndpoint, RealRegion)
}

// TestCallWithoutCredentials shows what each client sends without credentials. See
// NeedsCredentials.
func TestCallWithoutCredentials(t *testing.T) {
	for client, want := range []int{1, 0} {
		t.Run(clientNames[client], func(t *testing.T) {
			sent := 0
			send := func(req *http.Request) (*http.Response, error) {
				sent++
				assert.Empty(t, req.Header.Get("Authorization"))
				return emptyResponse(http.StatusForbidden, "", nil), nil
			}
			cfg := Config(Keys, DoFunc(send))
			cfg.Credentials = nil
			err := NewPair(cfg).callers()[client].call(t.Context())
			assert.Error(t, err)
			assert.Equal(t, want, sent)
		})
	}
}
