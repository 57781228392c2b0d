package snapshotjob

import (
	"errors"
	"net/url"
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

func FuzzEndpoint(f *testing.F) {
	var file endpointFile
	cases(f, "endpoints.json", &file)
	for _, c := range file.Cases {
		f.Add(c.Region, c.FIPS, c.DualStack, c.Base)
	}
	for _, base := range []string{"https://u:" + exampleToken + "@h", "http://[::1]:8000/p", "https://h/%2F", "https://h/%2e%2e", "//h", "https://h:99999", "https://h\\@x", "HTTPS://H/"} {
		f.Add("us-east-1", false, false, base)
	}
	f.Fuzz(func(t *testing.T, region string, fips, dualStack bool, base string) {
		c := endpointCase{Region: region, FIPS: fips, DualStack: dualStack, Base: base}
		sent := answers(completed)
		_, err := describe(t, options(sent), c.apply)
		if err != nil {
			if len(sent.requests) > 0 || !isInvalid(err) {
				t.Fatalf("%d requests and error %v, want none and an *InvalidInputError", len(sent.requests), err)
			}
			checkErrorText(t, err)
			return
		}
		req := sent.requests[0]
		if base == "" && (req.URL.Scheme != "https" || !strings.HasPrefix(req.URL.Host, "quicksight")) {
			t.Errorf("region %q makes %s, want a QuickSight endpoint", region, req.URL)
		}
		if base != "" && (fips || dualStack) {
			t.Errorf("%s with FIPS %v and dual-stack %v was accepted", base, fips, dualStack)
		}
		if req.URL.User != nil || req.URL.RawQuery != "" || req.URL.Fragment != "" || region == "" {
			t.Errorf("region %q and base %q make %s", region, base, req.URL)
		}
		if again, err := url.Parse(req.URL.String()); err != nil || again.Host != req.URL.Host || again.EscapedPath() != req.URL.EscapedPath() {
			t.Errorf("%s is read as %v, %v", req.URL, again, err)
		}
		if parsed, err := url.Parse(base); base != "" && (err != nil || !strings.EqualFold(parsed.Host, req.URL.Host)) {
			t.Errorf("base %q sends to %s", base, req.URL.Host)
		}
		r, _ := received(t, req)
		if !strings.HasSuffix(r.RequestURI, examplePath) {
			t.Errorf("request URI %s, want the operation's path at its end", r.RequestURI)
		}
		if err := verifySignature(r, exampleSecret, ""); err != nil {
			t.Error(err)
		}
	})
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
