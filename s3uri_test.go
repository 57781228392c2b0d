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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// presigned is a URI of a file with a signature, which must never be shown.
	presigned = S3URI("https://quicksight-bucket.s3.us-east-1.amazonaws.com/job/file.csv?" +
		"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0123SECRET4567")

	// shown is what presigned is printed and marshaled as.
	shown = "https://quicksight-bucket.s3.us-east-1.amazonaws.com/job/file.csv?REDACTED"

	// hidden is a part of presigned's signature.
	hidden = "SECRET"
)

func TestS3URIString(t *testing.T) {
	tests := []struct {
		uri  S3URI
		want string
	}{
		{
			uri:  presigned,
			want: shown,
		},
		{
			uri:  "https://b.s3.amazonaws.com/k?",
			want: "https://b.s3.amazonaws.com/k?REDACTED",
		},
		{
			uri:  "https://b.s3.amazonaws.com/k?SECRET?SECRET",
			want: "https://b.s3.amazonaws.com/k?REDACTED",
		},
		{
			uri:  "http://user:SECRET@host/k",
			want: "http://REDACTED@host/k",
		},
		{
			uri:  "HTTPS://user:SECRET@host/k?SECRET",
			want: "HTTPS://REDACTED@host/k?REDACTED",
		},
		{
			uri:  "https://user:SEC@SECRET@host",
			want: "https://REDACTED@host",
		},
		{
			uri:  "https://host?SECRET@SECRET",
			want: "https://host?REDACTED",
		},
		{
			uri:  "https://user:SECRET@bucket/joe@example.com.csv?SECRET",
			want: "https://REDACTED@bucket/joe@example.com.csv?REDACTED",
		},
		{
			uri:  "bucket/k?SECRET",
			want: "bucket/k?REDACTED",
		},
		{
			uri:  "S3://bucket/k?SECRET",
			want: "S3://bucket/k?REDACTED",
		},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			assert.Equal(t, tt.want, tt.uri.String())
			assert.NotContains(t, tt.uri.String(), hidden)
		})
	}
}

// wholeURIs are URIs without a secret. A question mark in an s3 URI is part of the key.
var wholeURIs = []S3URI{
	"",
	"s3://bucket/key",
	"s3://bucket/a?b=c",
	"s3://bucket/a?REDACTED",
	"https://b.s3.amazonaws.com/k",
	"https://bucket/joe@example.com.csv",
	"https://host#a@b",
}

func TestS3URIWithoutSecretIsShownWhole(t *testing.T) {
	for _, uri := range wholeURIs {
		assert.Equal(t, string(uri), uri.String())
	}
}

func TestConversionOfS3URIIsTheWholeURI(t *testing.T) {
	assert.True(t, strings.HasSuffix(string(presigned), "=0123SECRET4567"))
}

// presignedOutput returns the result of a job with two files. The second one failed.
func presignedOutput() *DescribeDashboardSnapshotJobResultOutput {
	failure := []SnapshotJobResultErrorInfo{{ErrorType: "X"}}
	return completedJob(SnapshotJobResultFileGroup{
		S3Results: []SnapshotJobS3Result{
			{S3URI: presigned},
			{S3URI: presigned, ErrorInfo: failure},
		},
	})
}

// printables returns the values, by name, in which a URI comes to be printed and marshaled.
func printables() map[string]any {
	uri := presigned
	out := presignedOutput()
	return map[string]any{
		"alone":           uri,
		"pointer":         &uri,
		"output":          out,
		"output by value": *out,
		"slice":           []S3URI{uri},
		"array":           [1]S3URI{uri},
		"map":             map[string]S3URI{"k": uri},
		"any":             []any{uri},
		"struct":          struct{ URI S3URI }{uri},
		"result file":     ResultFile{URI: uri},
		"pointers":        map[string]*S3URI{"k": &uri},
	}
}

// wrappedError is the name of an error that package fmt made.
const wrappedError = "wrapped error"

// printableErrors returns the errors, by name, in which a URI comes to be printed.
func printableErrors() map[string]error {
	out := presignedOutput()
	var last ResultFile
	for file := range out.Files() {
		last = file
	}
	failed := ResultFile{URI: presigned, Errors: last.Errors}
	return map[string]error{
		"job error":  out.Err(),
		"file error": &FileError{File: failed},
		wrappedError: fmt.Errorf("wrapped: %w", out.Err()),
	}
}

// containers returns all the values, by name, in which a URI comes to be printed.
func containers() map[string]any {
	all := printables()
	for name, err := range printableErrors() {
		all[name] = err
	}
	return all
}

// printVerbs returns the verbs of package fmt with all kinds of flags, except those by which fmt does
// not ask the operand for its text: %p and %w. The comment of S3URI says so, and vet finds them.
func printVerbs() []string {
	flags := []string{"", "+", "#", "-", " ", "0", "+#", "# ", "+-# 0", "3", ".3", "300.300", "-90"}
	var verbs []string
	for _, flag := range flags {
		for letter := 'a'; letter <= 'z'; letter++ {
			if letter != 'p' && letter != 'w' {
				verbs = append(verbs, "%"+flag+string(letter))
			}
			verbs = append(verbs, "%"+flag+strings.ToUpper(string(letter)))
		}
	}
	return verbs
}

// assertHidden checks that a text holds no secret, in plain or in hexadecimal digits.
func assertHidden(t *testing.T, text, name, verb string) {
	t.Helper()
	for _, secret := range []string{
		hidden,
		fmt.Sprintf("%x", hidden),
		fmt.Sprintf("%X", hidden),
		fmt.Sprintf("% x", hidden),
		"X-Amz-Signature",
	} {
		assert.NotContains(t, text, secret, "%s with %s", name, verb)
	}
}

func TestS3URIIsNeverPrinted(t *testing.T) {
	verbs := printVerbs()
	for name, value := range containers() {
		for _, verb := range verbs {
			if name == wrappedError && !strings.ContainsAny(verb, "svqxX") {
				continue // fmt prints the fields of its own error without asking them
			}
			assertHidden(t, fmt.Sprintf(verb, value), name, verb)
		}
		assertHidden(t, fmt.Sprint(value), name, "Sprint")
		assertHidden(t, fmt.Sprintln(value), name, "Sprintln")
	}
}

func TestS3URIWithVerbs(t *testing.T) {
	texts := map[string]string{
		"%s":   shown,
		"%v":   shown,
		"%+v":  shown,
		"%#v":  `"` + shown + `"`,
		"%q":   `"` + shown + `"`,
		"%.5s": "https",
		"%80s": strings.Repeat(" ", 80-len(shown)) + shown,
	}
	for verb, want := range texts {
		assert.Equal(t, want, fmt.Sprintf(verb, presigned), verb)
	}
}

// logged returns what a logger writes of a value in four ways.
func logged(newHandler func(io.Writer) slog.Handler, value any) string {
	var buf bytes.Buffer
	log := slog.New(newHandler(&buf))
	log.Info("m", "uri", value)
	log.Info("m", slog.Group("g", slog.Any("uri", value)))
	log.With("uri", value).Info("m")
	log.Info(fmt.Sprint(value))
	return buf.String()
}

func TestS3URIIsNeverLogged(t *testing.T) {
	handlers := map[string]func(io.Writer) slog.Handler{
		"text": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
		"JSON": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
	}
	for name, handler := range handlers {
		t.Run(name, func(t *testing.T) {
			for name, value := range containers() {
				assert.NotContains(t, logged(handler, value), hidden, name)
			}
			text := logged(handler, presigned)
			assert.Equal(t, 4, strings.Count(text, shown), text)
		})
	}
}

func TestS3URIIsNeverMarshaled(t *testing.T) {
	for name, value := range printables() {
		t.Run(name, func(t *testing.T) {
			data, err := json.Marshal(value)
			require.NoError(t, err)
			assert.Contains(t, string(data), shown)
			assert.NotContains(t, string(data), hidden)
		})
	}
}

// uriHolder is a structure that is marshaled.
type uriHolder struct{ URI S3URI }

func TestS3URIIsNeverMarshaledToXML(t *testing.T) {
	data, err := xml.Marshal(uriHolder{URI: presigned})
	require.NoError(t, err)
	assert.NotContains(t, string(data), hidden)
}

func TestMarshaledURIIsRefused(t *testing.T) {
	data, err := json.Marshal(uriHolder{URI: presigned})
	require.NoError(t, err)
	err = json.Unmarshal(data, new(uriHolder))
	assert.ErrorContains(t, err, "this URI was redacted when it was printed or marshalled")
}

func TestRedactedURIIsRefused(t *testing.T) {
	redacted := []string{
		S3URI("https://user:SECRET@host/k").String(),
		"https://REDACTED@host/k?x=y",
		string(presigned) + "?REDACTED&x=y",
		shown + "&x=y",
	}
	for _, text := range redacted {
		t.Run(text, func(t *testing.T) {
			assert.Error(t, json.Unmarshal([]byte(`"`+text+`"`), new(S3URI)))
		})
	}
}

func TestS3URIWithoutSecretSurvivesJSON(t *testing.T) {
	for _, uri := range wholeURIs {
		data, err := json.Marshal(uriHolder{URI: uri})
		require.NoError(t, err)
		var back uriHolder
		require.NoError(t, json.Unmarshal(data, &back))
		assert.Equal(t, string(uri), string(back.URI))
	}
}

func TestRedactedTextLeavesTheURIAsItWas(t *testing.T) {
	uri := presigned
	assert.Error(t, uri.UnmarshalText([]byte(shown)))
	assert.Equal(t, presigned, uri)
}

func TestPresignedURIIsUnmarshaled(t *testing.T) {
	var uri S3URI
	require.NoError(t, json.Unmarshal([]byte(`"`+string(presigned)+`"`), &uri))
	assert.Equal(t, string(presigned), string(uri))
}
