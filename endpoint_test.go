package snapshotjob

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

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

type endpointFile struct {
	Cases     []endpointCase
	Overrides []overrideCase
}

func TestEndpoints(t *testing.T) {
	var file endpointFile
	cases(t, "endpoints.json", &file)
	for _, tt := range file.Cases {
		t.Run(tt.ID, func(t *testing.T) {
			sent := answers(completed)
			_, err := describe(t, options(sent), tt.apply)
			if tt.Want.Error != "" {
				if !isInvalid(err) || !strings.Contains(err.Error(), tt.Want.Error) {
					t.Errorf("error %v, want an *InvalidInputError that says %q", err, tt.Want.Error)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, want := sent.requests[0].URL.String(), tt.Want.URL+examplePath; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func isInvalid(err error) bool {
	var invalid *InvalidInputError
	return errors.As(err, &invalid)
}

// hideEnvironment takes the machine's AWS settings away for a test.
func hideEnvironment(t *testing.T) (dir string) {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "_X_AMZN_") {
			t.Setenv(name, "") // restores it afterwards
			os.Unsetenv(name)
		}
	}
	dir = t.TempDir()
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "credentials"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	return dir
}

// loadConfig loads a configuration from nothing but these.
func loadConfig(t *testing.T, env map[string]string, file string, optFns ...func(*config.LoadOptions) error) (aws.Config, error) {
	t.Helper()
	dir := hideEnvironment(t)
	for name, value := range env {
		t.Setenv(name, value)
	}
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.LoadDefaultConfig(t.Context(), append(optFns, config.WithCredentialsProvider(exampleCredentials))...)
}

func TestEndpointsOfTheConfiguration(t *testing.T) {
	var file endpointFile
	cases(t, "endpoints.json", &file)
	for _, tt := range file.Overrides {
		t.Run(tt.ID, func(t *testing.T) {
			cfg, err := loadConfig(t, tt.Env, tt.File, config.WithRegion(tt.Region))
			if tt.Want.LoadError != "" {
				if err == nil || !strings.Contains(err.Error(), tt.Want.LoadError) {
					t.Errorf("loading: error %v, want %q", err, tt.Want.LoadError)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if tt.ConfigBase != "" {
				cfg.BaseEndpoint = &tt.ConfigBase
			}
			sent := answers(completed)
			_, err = NewFromConfig(cfg, func(o *Options) {
				o.Transport = sent
				if tt.OptionBase != "" {
					o.BaseEndpoint = &tt.OptionBase
				}
			}).DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
			if tt.Want.Fault != "" {
				if got := faultFields(err); !reflect.DeepEqual(got, []string{tt.Want.Fault}) {
					t.Errorf("error %v, want a fault of %s", err, tt.Want.Fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := sent.requests[0].URL.String(); got != tt.Want.URL {
				t.Errorf("URL %s, want %s", got, tt.Want.URL)
			}
			r, _ := received(t, sent.requests[0])
			if r.Host != tt.Want.Host {
				t.Errorf("Host %s, want %s", r.Host, tt.Want.Host)
			}
			if auth := r.Header.Get("Authorization"); !strings.Contains(auth, "/"+tt.Want.Scope+",") {
				t.Errorf("Authorization %q, want the scope %s", auth, tt.Want.Scope)
			}
			if err := verifySignature(r, exampleSecret, ""); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestEndpointFaultsKeepPasswords(t *testing.T) {
	for _, base := range []string{"https://user:hunter2@example.com", "https://user:hunter2@exa mple.com", "user:hunter2@example.com", "https://example.com/%zz?token=hunter2", "https://example.com#hunter2"} {
		_, err := describe(t, options(answers(completed)), func(o *Options) { o.BaseEndpoint = &base })
		if !isInvalid(err) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("endpoint %q: error %v, want an *InvalidInputError without the secret", base, err)
		}
	}
}
