package conformance

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/quicksight-go/snapshotjob"
)

// load reads a file of the cases that the library's own tests replay. Here they
// show that the official client does the same, but for named differences.
func load(t *testing.T, name string) (file struct {
	Cases, Attempts []struct {
		ID         string
		Status     int
		Code       string
		Header     map[string]string
		Body       string
		BodyBase64 []byte `json:"body_base64"`
		Gzip       bool
		Nested     int
		JSON       string

		Account, Dashboard, Job, Base string
	}
}) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return file
}

// TestCasesOfAnswers replays errors, results and timestamps.
func TestCasesOfAnswers(t *testing.T) {
	seen := map[Difference][]string{}
	replay := func(id string, r reply) {
		t.Run(id, func(t *testing.T) {
			for _, op := range operations {
				for _, d := range check(t, op, r) {
					seen[d] = append(seen[d], id)
				}
			}
		})
	}
	for _, name := range []string{"errors.json", "successes.json"} {
		for _, c := range load(t, name).Cases {
			r := reply{status: c.Status, header: http.Header{}, body: []byte(c.Body)}
			for name, value := range c.Header {
				r.header.Set(name, value)
			}
			if len(c.BodyBase64) > 0 {
				r.body = c.BodyBase64
			}
			if c.Nested > 0 {
				r.body = []byte(strings.Repeat(`{"a":`, c.Nested))
			}
			if c.Gzip {
				continue // net/http's transport decodes it, for both
			}
			replay(strings.TrimSuffix(name, ".json")+": "+c.ID, r)
		}
	}
	replay("whole, though the connection ended before it should", reply{status: 200, body: []byte(`{"Arn":"a"}`), cutOff: true})
	for _, c := range load(t, "timestamps.json").Cases {
		replay("timestamp "+c.JSON, reply{status: 200, body: []byte(`{"CreatedTime":` + c.JSON + `}`)})
	}
	for _, c := range load(t, "retries.json").Attempts {
		r := reply{status: c.Status, header: http.Header{}}
		if c.Code != "" {
			r.header.Set("X-Amzn-Errortype", c.Code)
		}
		replay("attempts "+c.Code+http.StatusText(c.Status), r)
	}
	for d, ids := range seen {
		t.Logf("%s: %d times, first in %q", d, len(ids), ids[0])
	}
}

// TestCasesOfPaths replays ids and endpoints.
func TestCasesOfPaths(t *testing.T) {
	for _, c := range load(t, "paths.json").Cases {
		t.Run(c.ID, func(t *testing.T) {
			a := asked{op: result, region: Region, endpoint: c.Base}
			for id, to := range map[*string]*string{&c.Account: &a.job.AWSAccountID, &c.Dashboard: &a.job.DashboardID, &c.Job: &a.job.SnapshotJobID} {
				*to = *id
				if text, ok := strings.CutPrefix(*id, "@"); ok {
					raw, err := hex.DecodeString(text)
					if err != nil {
						t.Fatal(err)
					}
					*to = string(raw)
				}
			}
			if _, err := url.Parse(c.Base); err != nil {
				// The official client panics or fails.
				_, err := snapshotjob.New(snapshotjob.Options{Region: a.region, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return Keys, nil }), BaseEndpoint: &c.Base}).DescribeDashboardSnapshotJobResult(t.Context(), a.job)
				if invalid := (*snapshotjob.InvalidInputError)(nil); !errors.As(err, &invalid) || invalid.Faults[0].Field != "BaseEndpoint" {
					t.Errorf("error %v, want one that names BaseEndpoint", err)
				}
				return
			}
			t.Log(a.check(t))
		})
	}
}
