package snapshotjob

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestParseJob(t *testing.T) {
	const arn = "arn:aws:quicksight:us-east-1:111122223333:dashboard/dash/snapshot-job/job"
	tests := []struct {
		text string
		want Job
		err  string // of the error; "" for none
	}{
		{text: "111122223333/dash/job", want: exampleJob},
		{text: arn, want: exampleJob},
		{text: "arn:aws-us-gov:quicksight:us-gov-west-1:111122223333:dashboard/d:e/snapshot-job/j%2F", want: Job{"111122223333", "d:e", "j%2F"}},
		{text: "111122223333/a%2Fb/%25", want: Job{"111122223333", "a/b", "%"}},
		{text: "111122223333/a b/é", want: Job{"111122223333", "a b", "é"}},
		{text: "111122223333/{x}/a+b", want: Job{"111122223333", "{x}", "a+b"}},
		{text: "111122223333/%ff/j", want: Job{"111122223333", "\xff", "j"}},

		{text: "", err: "invalid input: Job \"\" has 1 parts: want account/dashboard/job, or the job's ARN"},
		{text: "111122223333/dash", err: "has 2 parts"},
		{text: "111122223333/dash/job/result", err: "has 4 parts"},
		{text: "111122223333/dash/%zz", err: "write %25 for a percent sign"},
		{text: "111122223333/dash/%", err: "write %25 for a percent sign"},
		{text: "1/./", err: `AWSAccountID "1" is not an account id: want 12 digits; DashboardID "." cannot stand in a request path; SnapshotJobID is empty`},
		{text: "111122223333/%2e%2E/job", err: `DashboardID ".." cannot stand`},
		{text: "arn:aws:quicksight:us-east-1:111122223333:dashboard/dash", err: "is not the ARN of a snapshot job"},
		{text: "arn:aws:quicksight:us-east-1:111122223333:analysis/dash/snapshot-job/job", err: "is not the ARN of a snapshot job"},
		{text: arn + "/result", err: "is not the ARN of a snapshot job"},
		{text: "arn:aws:s3:::bucket/dashboard/dash/snapshot-job/job", err: "is not the ARN of a snapshot job"},
		{text: "arn:aws:quicksight", err: "is not the ARN of a snapshot job"},
		{text: "arn:aws:quicksight:dashboard/dash/snapshot-job/job", err: "is not the ARN of a snapshot job"},
		{text: "arn:aws:quicksight:us-east-1::dashboard/dash/snapshot-job/job", err: "AWSAccountID is empty"},
		{text: "arn:aws:quicksight:us-east-1:111122223333:dashboard//snapshot-job/", err: "DashboardID is empty; SnapshotJobID is empty"},
		{text: strings.Repeat("x", 1000), err: strings.Repeat("x", 64) + `"… has 1 parts`},
		{text: "https://b.s3.amazonaws.com/k?X-Amz-Signature=SECRETSECRET", err: "?REDACTED"},
	}
	for _, tt := range tests {
		got, err := ParseJob(tt.text)
		if got != tt.want || (err == nil) != (tt.err == "") {
			t.Errorf("ParseJob(%.80q) = %#v, %v, want %#v and error %q", tt.text, got, err, tt.want, tt.err)
		}
		if err == nil {
			continue
		}
		if !strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), "SECRETSECRET") {
			t.Errorf("ParseJob(%.80q): error %v, want %q", tt.text, err, tt.err)
		}
		var invalid *InvalidInputError
		if !errors.As(err, &invalid) || len(invalid.Faults) == 0 {
			t.Errorf("ParseJob(%.80q): error %T, want an *InvalidInputError with faults", tt.text, err)
		}
	}
}

func TestJobText(t *testing.T) {
	tests := []struct {
		job  Job
		want string
	}{
		{exampleJob, "111122223333/dash/job"},
		{Job{"111122223333", "a/b", "%"}, "111122223333/a%2Fb/%25"},
		{Job{"111122223333", "é\n", "\xff"}, "111122223333/%C3%A9%0A/%FF"},
		{Job{}, ""},
	}
	for _, tt := range tests {
		if got := tt.job.String(); got != tt.want {
			t.Errorf("String of %#v is %q, want %q", tt.job, got, tt.want)
		}
		text, err := tt.job.MarshalText()
		if string(text) != tt.want || err != nil {
			t.Errorf("MarshalText of %#v is %q, %v, want %q", tt.job, text, err, tt.want)
		}
		got := Job{"x", "y", "z"}
		if err := got.UnmarshalText(text); err != nil || got != tt.job {
			t.Errorf("UnmarshalText(%q) gives %#v, %v, want %#v", text, got, err, tt.job)
		}
	}
	if _, err := (Job{"1", "", ""}).MarshalText(); !reflect.DeepEqual(faultFields(err), []string{"AWSAccountID", "DashboardID", "SnapshotJobID"}) {
		t.Errorf("MarshalText of a job that makes no sense: error %v, want its faults", err)
	}
	kept := exampleJob
	if err := kept.UnmarshalText([]byte("nonsense")); err == nil || kept != exampleJob {
		t.Errorf("UnmarshalText of nonsense: %v and %v, want an error and the job as it was", err, kept)
	}
	in := map[Job]Job{exampleJob: {"111122223333", "a/b", "c"}}
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out map[Job]Job
	if err := json.Unmarshal(data, &out); err != nil || !reflect.DeepEqual(in, out) {
		t.Errorf("through JSON: %s, %v, %v, want %v", data, out, err, in)
	}
}

func FuzzParseJob(f *testing.F) {
	for _, text := range []string{
		"111122223333/dash/job", "111122223333/a%2Fb/%25", "", "///", "arn:aws:quicksight:us-east-1:111122223333:dashboard/dash/snapshot-job/job",
		"arn:aws:quicksight:us-east-1:111122223333:dashboard/%/snapshot-job/é", "111122223333/%2e%2e/\xff", "https://b/k?X-Amz-Signature=0",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		job, err := ParseJob(text)
		if err != nil {
			if job != (Job{}) || !isInvalid(err) {
				t.Errorf("job %v and error %v, want none and an *InvalidInputError", job, err)
			}
			checkErrorText(t, err)
			return
		}
		again, err := ParseJob(job.String())
		if err != nil || again != job {
			t.Errorf("%#v is written %q, which is read as %#v, %v", job, job, again, err)
		}
		marshalled, err := job.MarshalText()
		if err != nil || string(marshalled) != job.String() {
			t.Errorf("MarshalText gives %q, %v, want %q", marshalled, err, job)
		}
		if len(job.problems()) > 0 {
			t.Errorf("%#v was accepted, want %v", job, job.problems())
		}
	})
}
