package snapshotjob

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
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

func TestStatuses(t *testing.T) {
	for status, want := range map[SnapshotJobStatus]bool{
		SnapshotJobStatusCompleted: true, SnapshotJobStatusFailed: true,
		SnapshotJobStatusQueued: false, SnapshotJobStatusRunning: false, "": false, "completed": false, "STOPPED": false,
	} {
		if got := status.IsTerminal(); got != want {
			t.Errorf("%q.IsTerminal() is %v, want %v", status, got, want)
		}
	}
}

const (
	presigned = S3URI("https://quicksight-bucket.s3.us-east-1.amazonaws.com/job/file.csv?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0123SECRET4567")
	shown     = "https://quicksight-bucket.s3.us-east-1.amazonaws.com/job/file.csv?REDACTED"
	hidden    = "SECRET"
)

func TestS3URIString(t *testing.T) {
	tests := []struct{ uri, want string }{
		{string(presigned), shown},
		{"s3://bucket/key", "s3://bucket/key"},
		{"s3://bucket/a?b=c", "s3://bucket/a?b=c"}, // all of it is the key
		{"https://b.s3.amazonaws.com/k", "https://b.s3.amazonaws.com/k"},
		{"https://b.s3.amazonaws.com/k?", "https://b.s3.amazonaws.com/k?REDACTED"},
		{"https://b.s3.amazonaws.com/k?SECRET?SECRET", "https://b.s3.amazonaws.com/k?REDACTED"},
		{"http://user:SECRET@host/k", "http://REDACTED@host/k"},
		{"HTTPS://user:SECRET@host/k?SECRET", "HTTPS://REDACTED@host/k?REDACTED"},
		{"https://user:SEC@SECRET@host", "https://REDACTED@host"},
		{"https://host?SECRET@SECRET", "https://host?REDACTED"},
		{"https://host#a@b", "https://host#a@b"},
		{"https://bucket/joe@example.com.csv", "https://bucket/joe@example.com.csv"},
		{"https://user:SECRET@bucket/joe@example.com.csv?SECRET", "https://REDACTED@bucket/joe@example.com.csv?REDACTED"},
		{"bucket/k?SECRET", "bucket/k?REDACTED"},
		{"S3://bucket/k?SECRET", "S3://bucket/k?REDACTED"},
		{"", ""},
	}
	for _, tt := range tests {
		got := S3URI(tt.uri).String()
		if strings.Contains(got, hidden) {
			t.Errorf("String of %q is %q, want nothing secret", tt.uri, got)
		}
		if got != tt.want {
			t.Errorf("String of %q is %q, want %q", tt.uri, got, tt.want)
		}
	}
	if got := string(presigned); !strings.HasSuffix(got, "=0123SECRET4567") {
		t.Errorf("string(uri) is %q, want the whole", got)
	}
}

// containers are all the ways in which a URI comes to be printed.
func containers() map[string]any {
	uri := presigned
	out := &DescribeDashboardSnapshotJobResultOutput{Job: exampleJob, JobStatus: SnapshotJobStatusCompleted, Result: SnapshotJobResult{
		AnonymousUsers: []AnonymousUserSnapshotJobResult{{FileGroups: []SnapshotJobResultFileGroup{{
			S3Results: []SnapshotJobS3Result{{S3URI: uri}, {S3URI: uri, ErrorInfo: []SnapshotJobResultErrorInfo{{ErrorType: "X"}}}},
		}}}},
	}}
	var file ResultFile
	for file = range out.Files() {
	}
	return map[string]any{
		"alone": uri, "pointer": &uri, "output": out, "output by value": *out, "slice": []S3URI{uri}, "array": [1]S3URI{uri},
		"map": map[string]S3URI{"k": uri}, "any": []any{uri}, "struct": struct{ URI S3URI }{uri}, "result file": ResultFile{URI: uri},
		"pointers": map[string]*S3URI{"k": &uri}, "job error": out.Err(), "file error": error(&FileError{ResultFile{URI: uri, Errors: file.Errors}}),
		"wrapped error": fmt.Errorf("wrapped: %w", out.Err()),
	}
}

func TestS3URIIsNeverPrinted(t *testing.T) {
	var verbs []string
	for _, flags := range []string{"", "+", "#", "-", " ", "0", "+#", "# ", "+-# 0", "3", ".3", "300.300", "-90"} {
		for verb := rune('a'); verb <= 'z'; verb++ {
			verbs = append(verbs, "%"+flags+string(verb), "%"+flags+strings.ToUpper(string(verb)))
		}
	}
	for name, value := range containers() {
		for _, verb := range verbs {
			if strings.HasSuffix(verb, "p") || strings.HasSuffix(verb, "w") {
				continue // fmt does not ask the operand, as the type's comment says; vet finds it
			}
			if name == "wrapped error" && !strings.ContainsAny(verb, "svqxX") {
				continue // an unexported field of package fmt, likewise
			}
			text := fmt.Sprintf(verb, value)
			for _, secret := range []string{hidden, fmt.Sprintf("%x", hidden), fmt.Sprintf("%X", hidden), fmt.Sprintf("% x", hidden), "X-Amz-Signature"} {
				if strings.Contains(text, secret) {
					t.Errorf("%s with %s: %q holds %q", name, verb, text, secret)
				}
			}
		}
		for _, text := range []string{fmt.Sprint(value), fmt.Sprintln(value)} {
			if strings.Contains(text, hidden) {
				t.Errorf("%s: %q holds the secret", name, text)
			}
		}
	}
	for verb, want := range map[string]string{"%s": shown, "%v": shown, "%+v": shown, "%#v": `"` + shown + `"`, "%q": `"` + shown + `"`, "%.5s": "https", "%80s": strings.Repeat(" ", 80-len(shown)) + shown} {
		if got := fmt.Sprintf(verb, presigned); got != want {
			t.Errorf("%s prints %q, want %q", verb, got, want)
		}
	}
}

func TestS3URIIsNeverLogged(t *testing.T) {
	for handler, make := range map[string]func(io.Writer) slog.Handler{
		"text": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
		"JSON": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
	} {
		for name, value := range containers() {
			var buf bytes.Buffer
			log := slog.New(make(&buf))
			log.Info("m", "uri", value)
			log.Info("m", slog.Group("g", slog.Any("uri", value)))
			log.With("uri", value).Info("m")
			log.Info(fmt.Sprint(value))
			if strings.Contains(buf.String(), hidden) {
				t.Errorf("%s handler, %s: %s holds the secret", handler, name, buf.String())
			}
			if name == "alone" && strings.Count(buf.String(), shown) != 4 {
				t.Errorf("%s handler, %s: %s, want the redacted URI four times", handler, name, buf.String())
			}
		}
	}
}

func TestS3URIIsNeverMarshalled(t *testing.T) {
	for name, value := range containers() {
		if _, isError := value.(error); isError {
			continue // errors are not marshalled
		}
		data, err := json.Marshal(value)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(string(data), hidden) || !strings.Contains(string(data), shown) {
			t.Errorf("%s: %s, want the redacted URI", name, data)
		}
	}
	type holder struct{ URI S3URI }
	if data, err := xml.Marshal(holder{presigned}); err != nil || strings.Contains(string(data), hidden) {
		t.Errorf("encoding/xml writes %s, %v", data, err)
	}
}

func TestRedactedURIIsRefused(t *testing.T) {
	type holder struct{ URI S3URI }
	data, err := json.Marshal(holder{presigned})
	if err != nil {
		t.Fatal(err)
	}
	var back holder
	if err := json.Unmarshal(data, &back); err == nil || !strings.Contains(err.Error(), "this URI was redacted when it was printed or marshalled") {
		t.Errorf("error %v, want one that says that the URI was redacted", err)
	}
	for _, redacted := range []S3URI{S3URI(S3URI("https://user:SECRET@host/k").String()), "https://REDACTED@host/k?x=y", presigned + "?REDACTED&x=y", S3URI(shown + "&x=y")} {
		if err := json.Unmarshal([]byte(`"`+string(redacted)+`"`), &back.URI); err == nil {
			t.Errorf("%q is taken for a whole URI", string(redacted))
		}
	}
	for _, whole := range []S3URI{"s3://bucket/key", "", "https://b.s3.amazonaws.com/k", "https://bucket/joe@example.com.csv", "s3://bucket/a?REDACTED"} {
		data, err := json.Marshal(holder{whole})
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &back); err != nil || back.URI != whole {
			t.Errorf("%q came back as %q, %v", string(whole), string(back.URI), err)
		}
	}
	var whole S3URI
	if err := json.Unmarshal([]byte(`"`+string(presigned)+`"`), &whole); err != nil || whole != presigned {
		t.Errorf("a whole URI comes back as %q, %v", string(whole), err)
	}
}
