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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const signatureAlgorithm = "AWS4-HMAC-SHA256"

// verifySignature checks the signature of a request as a server receives it. It
// follows the documentation of Signature Version 4 and shares nothing with the
// SDK's signer. The signature covers the URI of the request line, escaped once
// more, the signed headers and the hash of the body.
func verifySignature(r *http.Request, secret, body string) error {
	auth, err := parseAuthorization(r.Header.Get("Authorization"))
	if err != nil {
		return err
	}
	if err := auth.checkSignedHeaders(r.Header); err != nil {
		return err
	}
	canonical := canonicalRequest(r, auth.signed, body)
	toSign := []string{signatureAlgorithm, r.Header.Get("X-Amz-Date"), auth.scope, sha256Hex(canonical)}
	key := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(auth.scope, "/") {
		key = hmacSHA256(key, part)
	}
	want := hex.EncodeToString(hmacSHA256(key, strings.Join(toSign, "\n")))
	if auth.signature != want {
		return fmt.Errorf("signature %s, want %s of\n%s", auth.signature, want, canonical)
	}
	return nil
}

// authorization is what an Authorization header of Signature Version 4 says.
type authorization struct {
	scope     string   // the day, the region, the service and "aws4_request"
	signed    []string // the names of the signed headers
	signature string
}

func parseAuthorization(header string) (authorization, error) {
	var auth authorization
	parts, ok := strings.CutPrefix(header, signatureAlgorithm+" ")
	if !ok {
		return auth, fmt.Errorf("Authorization %q, want %s", header, signatureAlgorithm)
	}
	for part := range strings.SplitSeq(parts, ", ") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "Credential":
			_, auth.scope, _ = strings.Cut(value, "/")
		case "SignedHeaders":
			auth.signed = strings.Split(value, ";")
		case "Signature":
			auth.signature = value
		}
	}
	return auth, nil
}

// checkSignedHeaders checks that the names are in order, and that the signature
// covers each header that it must cover.
func (a authorization) checkSignedHeaders(header http.Header) error {
	if !slices.IsSorted(a.signed) {
		return fmt.Errorf("signed headers %q are not in order", a.signed)
	}
	for name := range header {
		name = strings.ToLower(name)
		mustBeSigned := strings.HasPrefix(name, "x-amz-") || name == "content-type"
		if mustBeSigned && !slices.Contains(a.signed, name) {
			return fmt.Errorf("header %s is not signed", name)
		}
	}
	return nil
}

// canonicalRequest is the form of a request that its signature covers.
func canonicalRequest(r *http.Request, signed []string, body string) string {
	uri, query, _ := strings.Cut(r.RequestURI, "?")
	lines := []string{r.Method, escapeForSignature(uri), query}
	for _, name := range signed {
		value := strings.Join(r.Header.Values(name), ",")
		if name == "host" {
			value = r.Host
		}
		lines = append(lines, name+":"+strings.Join(strings.Fields(value), " "))
	}
	lines = append(lines, "", strings.Join(signed, ";"), sha256Hex(body))
	return strings.Join(lines, "\n")
}

// escapeForSignature escapes each byte of a path but slashes and those that a URI
// never escapes.
func escapeForSignature(path string) string {
	const kept = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var escaped strings.Builder
	for _, c := range []byte(path) {
		if strings.IndexByte(kept, c) >= 0 {
			escaped.WriteByte(c)
		} else {
			fmt.Fprintf(&escaped, "%%%02X", c)
		}
	}
	return escaped.String()
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

// received is the request as a server reads it, and its bytes.
func received(t *testing.T, req *http.Request) (r *http.Request, wire string) {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, req.Write(&buf))
	wire = buf.String()
	return readRequest(t, wire), wire
}

// readRequest reads the bytes of a request as a server does.
func readRequest(t *testing.T, wire string) *http.Request {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(wire)))
	require.NoError(t, err, "a server can't read the request")
	return r
}

// officialRequest is a request that the official client sent.
const officialRequest = "GET /accounts/111122223333/dashboards/dash/snapshot-jobs/job/result HTTP/1.1\r\n" +
	"Host: 127.0.0.1:40249\r\n" +
	"User-Agent: aws-sdk-go-v2/1.48.0 ua/2.1 os/linux lang/go#1.26.8 md/GOOS#linux md/GOARCH#amd64 " +
	"api/quicksight#1.113.0 app/my-app-1 m/E,e\r\n" +
	"Amz-Sdk-Invocation-Id: 1b555617-993c-4ef8-8e60-49bbce8cdb0d\r\n" +
	"Amz-Sdk-Request: attempt=1; max=3\r\n" +
	"Authorization: AWS4-HMAC-SHA256 " +
	"Credential=AKIDEXAMPLE/20261123/us-east-1/quicksight/aws4_request, " +
	"SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;host;x-amz-date;x-amz-security-token, " +
	"Signature=7814aa5d1edee5fc87b3eb864dc64283519a8c37608395c922fedd6d01d9535e\r\n" +
	"X-Amz-Date: 20261123T161736Z\r\n" +
	"X-Amz-Security-Token: TOKEN\r\n" +
	"Accept-Encoding: gzip\r\n\r\n"

// TestSignatureOfTheOfficialClient checks verifySignature itself.
func TestSignatureOfTheOfficialClient(t *testing.T) {
	assert.NoError(t, verifySignature(readRequest(t, officialRequest), "SECRET", ""))
}

func TestSignatureOfAChangedRequest(t *testing.T) {
	tests := []struct{ name, old, new string }{
		{name: "another path", old: "/dash/", new: "/dash2/"},
		{name: "another token", old: "TOKEN", new: "token"},
		{name: "another attempt", old: "attempt=1", new: "attempt=2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			changed := strings.Replace(officialRequest, tt.old, tt.new, 1)
			assert.Error(t, verifySignature(readRequest(t, changed), "SECRET", ""))
		})
	}
}
