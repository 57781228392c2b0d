package snapshotjob

import (
	"encoding/hex"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pathCase is a case of testdata/paths.json: the ids of a job, an endpoint, and the request URI that
// they make or the field that is refused.
type pathCase struct {
	ID      string `json:"id"`
	Account string `json:"account"`
	Board   string `json:"dashboard"`
	JobID   string `json:"job"`
	Base    string `json:"base"`
	Want    struct {
		URI   string `json:"uri"`
		Fault string `json:"fault"`
	} `json:"want"`
}

func (c pathCase) job(tb testing.TB) Job {
	tb.Helper()
	return Job{
		AWSAccountID:  decodeID(tb, c.Account),
		DashboardID:   decodeID(tb, c.Board),
		SnapshotJobID: decodeID(tb, c.JobID),
	}
}

// decodeID returns the id that the hex digits after "@" stand for. Any other text stands for itself.
func decodeID(tb testing.TB, text string) string {
	tb.Helper()
	digits, ok := strings.CutPrefix(text, "@")
	if !ok || digits == "" {
		return text
	}
	id, err := hex.DecodeString(digits)
	require.NoError(tb, err)
	return string(id)
}

func TestRequestURIAndSignature(t *testing.T) {
	var file struct{ Cases []pathCase }
	cases(t, "paths.json", &file)
	for _, tt := range file.Cases {
		t.Run(tt.ID, func(t *testing.T) {
			service := responses(completed)
			o := options(service)
			if tt.Base != "" {
				o.BaseEndpoint = &tt.Base
			}
			_, err := New(o).DescribeDashboardSnapshotJobResult(t.Context(), tt.job(t))
			if tt.Want.Fault != "" {
				assertInvalid(t, err, tt.Want.Fault)
				assert.Empty(t, service.requests)
				return
			}
			require.NoError(t, err)
			r, _ := received(t, service.requests[0])
			assert.Equal(t, tt.Want.URI, r.RequestURI)
			assert.NoError(t, verifySignature(r, exampleSecret, ""))
		})
	}
}

func FuzzPath(f *testing.F) {
	var file struct{ Cases []pathCase }
	cases(f, "paths.json", &file)
	for _, c := range file.Cases {
		job := c.job(f)
		f.Add(job.AWSAccountID, job.DashboardID, job.SnapshotJobID)
	}
	f.Fuzz(func(t *testing.T, account, dashboard, id string) {
		job := Job{
			AWSAccountID:  account,
			DashboardID:   dashboard,
			SnapshotJobID: id,
		}
		service := responses(completed)
		_, err := New(options(service)).DescribeDashboardSnapshotJobResult(t.Context(), job)
		if err != nil {
			checkRefusal(t, err, service)
			return
		}
		r, _ := received(t, service.requests[0])
		checkLabels(t, job, r.RequestURI)
		if err := verifySignature(r, exampleSecret, ""); err != nil {
			t.Error(err)
		}
	})
}

// checkLabels is the oracle for a request URI: it has the ids of the job in their places, as labels
// of the path that no proxy would change.
func checkLabels(t *testing.T, job Job, uri string) {
	t.Helper()
	parts := strings.Split(uri, "/")
	if len(parts) != 8 {
		t.Fatalf("%#v makes %s of %d parts", job, uri, len(parts))
	}
	fixed := []string{parts[1], parts[3], parts[5], parts[7]}
	if got := strings.Join(fixed, "/"); got != "accounts/dashboards/snapshot-jobs/result" {
		t.Fatalf("%#v makes %s", job, uri)
	}
	checkLabel(t, parts[2], job.AWSAccountID)
	checkLabel(t, parts[4], job.DashboardID)
	checkLabel(t, parts[6], job.SnapshotJobID)
}

// checkLabel is the oracle for a label of a path that stands for an id.
func checkLabel(t *testing.T, label, id string) {
	t.Helper()
	got, err := url.PathUnescape(label)
	if err != nil || got != id {
		t.Errorf("label %q stands for %q, %v, want %q", label, got, err, id)
	}
	if label == "" || label == "." || label == ".." {
		t.Errorf("label %q would be dropped from the path", label)
	}
}
