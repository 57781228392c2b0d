package snapshotjob

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// verifySignature checks a received request against Signature Version 4, from
// its documentation and apart from the SDK's signer: the URI of the request
// line, escaped once more, the signed headers, and the body's hash.
func verifySignature(r *http.Request, secret, body string) error {
	var credential, signed, signature string
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		return fmt.Errorf("Authorization %q, want AWS4-HMAC-SHA256", r.Header.Get("Authorization"))
	}
	for part := range strings.SplitSeq(rest, ", ") {
		switch name, value, _ := strings.Cut(part, "="); name {
		case "Credential":
			credential = value
		case "SignedHeaders":
			signed = value
		case "Signature":
			signature = value
		}
	}
	_, scope, _ := strings.Cut(credential, "/")
	names := strings.Split(signed, ";")
	if !slices.IsSorted(names) {
		return fmt.Errorf("signed headers %q are not in order", names)
	}
	for name := range r.Header {
		lower := strings.ToLower(name)
		if (strings.HasPrefix(lower, "x-amz-") || lower == "content-type") && !slices.Contains(names, lower) {
			return fmt.Errorf("header %s is not signed", name)
		}
	}
	uri, query, _ := strings.Cut(r.RequestURI, "?")
	var path strings.Builder
	for _, c := range []byte(uri) {
		if c == '/' || strings.IndexByte("-._~", c) >= 0 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
			path.WriteByte(c)
		} else {
			fmt.Fprintf(&path, "%%%02X", c)
		}
	}
	canonical := r.Method + "\n" + path.String() + "\n" + query + "\n"
	for _, name := range names {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = fmt.Sprint(r.ContentLength)
		}
		canonical += name + ":" + strings.Join(strings.Fields(value), " ") + "\n"
	}
	canonical += "\n" + signed + "\n" + sha256Hex(body)
	key := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = hmacSHA256(key, part)
	}
	want := hex.EncodeToString(hmacSHA256(key, "AWS4-HMAC-SHA256\n"+r.Header.Get("X-Amz-Date")+"\n"+scope+"\n"+sha256Hex(canonical)))
	if signature != want {
		return fmt.Errorf("signature %s, want %s of\n%s", signature, want, canonical)
	}
	return nil
}

func sha256Hex(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func hmacSHA256(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// received is the request as a server reads it.
func received(t *testing.T, req *http.Request) (r *http.Request, wire string) {
	t.Helper()
	var buf bytes.Buffer
	if err := req.Write(&buf); err != nil {
		t.Fatal(err)
	}
	wire = buf.String()
	r, err := http.ReadRequest(bufio.NewReader(&buf))
	if err != nil {
		t.Fatalf("a server can't read the request: %v", err)
	}
	return r, wire
}

// The check itself is right: it agrees with what the official client sent.
func TestSignatureOfTheOfficialClient(t *testing.T) {
	const wire = "GET /accounts/111122223333/dashboards/dash/snapshot-jobs/job/result HTTP/1.1\r\n" +
		"Host: 127.0.0.1:40249\r\n" +
		"User-Agent: aws-sdk-go-v2/1.48.0 ua/2.1 os/linux lang/go#1.26.8 md/GOOS#linux md/GOARCH#amd64 api/quicksight#1.113.0 app/my-app-1 m/E,e\r\n" +
		"Amz-Sdk-Invocation-Id: 1b555617-993c-4ef8-8e60-49bbce8cdb0d\r\n" +
		"Amz-Sdk-Request: attempt=1; max=3\r\n" +
		"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261123/us-east-1/quicksight/aws4_request, SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;host;x-amz-date;x-amz-security-token, Signature=7814aa5d1edee5fc87b3eb864dc64283519a8c37608395c922fedd6d01d9535e\r\n" +
		"X-Amz-Date: 20261123T161736Z\r\n" +
		"X-Amz-Security-Token: TOKEN\r\n" +
		"Accept-Encoding: gzip\r\n\r\n"
	for _, tt := range []struct {
		name, wire string
		want       bool
	}{
		{"as sent", wire, true},
		{"another path", strings.Replace(wire, "/dash/", "/dash2/", 1), false},
		{"another token", strings.Replace(wire, "TOKEN", "token", 1), false},
		{"another attempt", strings.Replace(wire, "attempt=1", "attempt=2", 1), false},
	} {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(tt.wire)))
		if err != nil {
			t.Fatal(err)
		}
		if err := verifySignature(r, "SECRET", ""); (err == nil) != tt.want {
			t.Errorf("%s: the signature holds: %v, want %v (%v)", tt.name, err == nil, tt.want, err)
		}
	}
}
