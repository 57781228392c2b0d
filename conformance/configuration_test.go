package conformance

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/quicksight"
	"github.com/quicksight-go/snapshotjob"
)

// TestCasesOfConfiguration has both clients load the same environment and
// configuration file: they go to the same place, and sign for the same scope,
// but for named differences.
func TestCasesOfConfiguration(t *testing.T) {
	var file struct {
		Overrides []struct {
			ID, Region, File       string
			Env                    map[string]string
			ConfigBase, OptionBase string
			Want                   struct{ LoadError, Fault string }
		}
	}
	loadInto(t, "endpoints.json", &file)
	seen := map[Difference]int{}
	for _, c := range file.Overrides {
		t.Run(c.ID, func(t *testing.T) {
			for _, pair := range os.Environ() {
				if name, value, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
					t.Setenv(name, value) // restores it
					os.Unsetenv(name)
				}
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "config"), []byte(c.File), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config"))
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "none"))
			t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			for name, value := range c.Env {
				t.Setenv(name, value)
			}
			cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion(c.Region), config.WithCredentialsProvider(Config(Keys, nil).Credentials))
			if err != nil {
				if c.Want.LoadError == "" {
					t.Fatal(err)
				}
				return // the same for both
			}
			if c.ConfigBase != "" {
				cfg.BaseEndpoint = &c.ConfigBase
			}
			var sent []string
			cfg.HTTPClient = DoFunc(func(req *http.Request) (*http.Response, error) {
				_, scope, _ := strings.Cut(req.Header.Get("Authorization"), "Credential="+AccessKeyID+"/")
				scope, _, _ = strings.Cut(scope, ",")
				_, scope, _ = strings.Cut(scope, "/") // without the date
				sent = append(sent, req.URL.String()+" "+scope)
				return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}"))}, nil
			})
			pair := Pair{
				quicksight.NewFromConfig(cfg, func(o *quicksight.Options) {
					if c.OptionBase != "" {
						o.BaseEndpoint = &c.OptionBase
					}
				}),
				snapshotjob.NewFromConfig(cfg, func(o *snapshotjob.Options) {
					if c.OptionBase != "" {
						o.BaseEndpoint = &c.OptionBase
					}
				}),
			}
			got := map[string]string{}
			for _, who := range pair.callers() {
				sent = nil
				if err := who.call(t.Context()); err != nil {
					got[who.name] = "refused"
					if len(sent) > 0 {
						t.Errorf("%s sent %v, and failed: %v", who.name, sent, err)
					}
					continue
				}
				got[who.name] = strings.Join(sent, ", ")
			}
			official, ours := got["official"], got["snapshotjob"]
			switch {
			case c.Want.Fault == "Region" && ours == "refused":
				seen[NeedsRegion]++
				official = ours
			case c.Want.Fault == "BaseEndpoint" && ours == "refused":
				seen[RefusedEndpoint]++
				official = ours
			case strings.Contains(c.Region, "fips"):
				seen[RealRegion]++
				official = strings.Replace(official, " "+c.Region+"/", " us-east-1/", 1)
			}
			if official != ours {
				t.Errorf("official: %s\n    ours: %s", official, ours)
			}
		})
	}
	for _, d := range []Difference{NeedsRegion, RefusedEndpoint, RealRegion} {
		if seen[d] == 0 {
			t.Errorf("no case shows the difference: %s", d)
		}
	}
}

// TestCasesOfContexts ends a call at several places: whenever the official
// client's error matches the context's, so does ours, and ours always does.
func TestCasesOfContexts(t *testing.T) {
	cause := errors.New("the caller's reason")
	wait := func(req *http.Request) (*http.Response, error) {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	for _, c := range []struct {
		name string
		send DoFunc
		end  func(context.Context) (context.Context, context.CancelFunc)
	}{
		{"cancelled before the call", wait, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			cancel(cause)
			return ctx, func() {}
		}},
		{"deadline while waiting for the headers", wait, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeoutCause(ctx, time.Second, cause)
		}},
		{"deadline between attempts", func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 429, Header: http.Header{"X-Amz-Retry-After": {"5000"}}, Body: http.NoBody}, nil
		}, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeoutCause(ctx, time.Second, cause)
		}},
		{"deadline while reading an error's body", func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 404, Header: http.Header{}, Body: untilDone{req.Context()}}, nil
		}, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeoutCause(ctx, time.Second, cause)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for i := range 2 {
				synctest.Test(t, func(t *testing.T) {
					who := NewPair(Config(Keys, c.send)).callers()[i]
					ctx, cancel := c.end(t.Context())
					defer cancel()
					err := who.call(ctx)
					if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
						t.Errorf("%s: error %v, want one that matches %v", who.name, err, ctx.Err())
					}
					if who.name == "snapshotjob" && !errors.Is(err, cause) {
						t.Errorf("error %v, want the context's cause in its chain", err)
					}
				})
			}
		})
	}
}

// untilDone is a body that brings nothing until the context is done.
type untilDone struct{ ctx context.Context }

func (b untilDone) Read([]byte) (int, error) {
	<-b.ctx.Done()
	return 0, b.ctx.Err()
}

func (untilDone) Close() error { return nil }
