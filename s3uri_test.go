package snapshotjob

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
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

const (
	presigned = S3URI("https://quicksight-bucket.s3.us-east-1.amazonaws.com/job/file.csv?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0123SECRET4567")
	shown     = "https://quicksight-bucket.s3.us-east-1.amazonaws.com/job/file.csv?REDACTED"
	hidden    = "SECRET"
)
