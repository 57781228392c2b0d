package snapshotjob

import (
	"encoding/hex"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

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

func (c pathCase) job(t testing.TB) Job {
	job := Job{c.Account, c.Board, c.JobID}
	for _, id := range []*string{&job.AWSAccountID, &job.DashboardID, &job.SnapshotJobID} {
		if digits, ok := strings.CutPrefix(*id, "@"); ok && digits != "" {
			data, err := hex.DecodeString(digits)
			if err != nil {
				t.Fatal(err)
			}
			*id = string(data)
		}
	}
	return job
}

func TestRequestURIAndSignature(t *testing.T) {
	var file struct{ Cases []pathCase }
	cases(t, "paths.json", &file)
	for _, tt := range file.Cases {
		t.Run(tt.ID, func(t *testing.T) {
			sent := answers(completed)
			o := options(sent)
			if tt.Base != "" {
				o.BaseEndpoint = &tt.Base
			}
			_, err := New(o).DescribeDashboardSnapshotJobResult(t.Context(), tt.job(t))
			if tt.Want.Fault != "" {
				if got := faultFields(err); !reflect.DeepEqual(got, []string{tt.Want.Fault}) {
					t.Errorf("error %v, want a fault of %s", err, tt.Want.Fault)
				}
				if len(sent.requests) > 0 {
					t.Errorf("%s was sent, want nothing", sent.requests[0].URL)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			r, _ := received(t, sent.requests[0])
			if r.RequestURI != tt.Want.URI {
				t.Errorf("request URI\n%s, want\n%s", r.RequestURI, tt.Want.URI)
			}
			if err := verifySignature(r, exampleSecret, ""); err != nil {
				t.Error(err)
			}
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
		job := Job{account, dashboard, id}
		sent := answers(completed)
		_, err := New(options(sent)).DescribeDashboardSnapshotJobResult(t.Context(), job)
		if err != nil {
			if len(sent.requests) > 0 || !isInvalid(err) {
				t.Fatalf("%d requests and error %v, want none and an *InvalidInputError", len(sent.requests), err)
			}
			checkErrorText(t, err)
			return
		}
		r, _ := received(t, sent.requests[0])
		parts := strings.Split(r.RequestURI, "/")
		if len(parts) != 8 || parts[1] != "accounts" || parts[3] != "dashboards" || parts[5] != "snapshot-jobs" || parts[7] != "result" {
			t.Fatalf("%#v makes %s, want three labels in their places", job, r.RequestURI)
		}
		for i, want := range []string{account, dashboard, id} {
			if got, err := url.PathUnescape(parts[2*i+2]); err != nil || got != want {
				t.Errorf("label %q stands for %q, %v, want %q", parts[2*i+2], got, err, want)
			}
			if label := parts[2*i+2]; label == "." || label == ".." || label == "" {
				t.Errorf("label %q stands in %s", label, r.RequestURI)
			}
		}
		if err := verifySignature(r, exampleSecret, ""); err != nil {
			t.Error(err)
		}
	})
}
