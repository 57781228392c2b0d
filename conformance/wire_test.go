package conformance

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// signatureTime is the layout of the X-Amz-Date header.
const signatureTime = "20060102T150405Z"

// received is a request as a server reads it.
type received struct {
	request *http.Request
	body    []byte
}

// recorder is an HTTP client that writes each request as it goes over the wire,
// reads it again, and keeps it.
type recorder struct {
	requests []received
}

// Do implements aws.HTTPClient.
func (r *recorder) Do(req *http.Request) (*http.Response, error) {
	var wire bytes.Buffer
	if err := req.Write(&wire); err != nil {
		return nil, err
	}
	got, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(got.Body)
	if err != nil {
		return nil, err
	}
	r.requests = append(r.requests, received{request: got, body: body})
	return empty.response(req), nil
}

// authorization is what an Authorization header says.
type authorization struct {
	credential    string
	signedHeaders string
	signature     string
}

func parseAuthorization(header http.Header) authorization {
	var a authorization
	rest, _ := strings.CutPrefix(header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	for part := range strings.SplitSeq(rest, ", ") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "Credential":
			a.credential = value
		case "SignedHeaders":
			a.signedHeaders = value
		case "Signature":
			a.signature = value
		}
	}
	return a
}

// sign signs the request again, from nothing but what was received, and returns
// the signature. An invocation id that is not empty replaces that of the request.
func (r received) sign(t *testing.T, keys aws.Credentials, invocationID string) string {
	t.Helper()
	got := parseAuthorization(r.request.Header)
	scope := strings.Split(got.credential, "/")
	require.Len(t, scope, 5, "Authorization is %q", r.request.Header.Get("Authorization"))
	region := scope[2]
	service := scope[3]
	at, err := time.Parse(signatureTime, r.request.Header.Get("X-Amz-Date"))
	require.NoError(t, err)

	again := r.signedPart(got.signedHeaders)
	if invocationID != "" {
		again.Header.Set("Amz-Sdk-Invocation-Id", invocationID)
	}
	sum := sha256.Sum256(r.body)
	hash := hex.EncodeToString(sum[:])
	err = v4.NewSigner().SignHTTP(t.Context(), keys, again, hash, service, region, at)
	require.NoError(t, err)
	return parseAuthorization(again.Header).signature
}

// signedPart returns the request with no other headers than those that were
// signed.
func (r received) signedPart(signedHeaders string) *http.Request {
	part := &http.Request{
		Method:        r.request.Method,
		URL:           r.request.URL,
		Host:          r.request.Host,
		Header:        http.Header{},
		ContentLength: r.request.ContentLength,
	}
	for name := range strings.SplitSeq(signedHeaders, ";") {
		// The signer takes these two from the request itself.
		if name != "host" && name != "content-length" {
			part.Header[http.CanonicalHeaderKey(name)] = r.request.Header.Values(name)
		}
	}
	return part
}

// wire is what a request says, without what is new in every request.
type wire struct {
	Method                string
	URI                   string
	Host                  string
	Credential            string
	SignedHeaders         string
	Signature             string // what it would be with another invocation id
	OwnSignatureIsCorrect bool
	Time                  string
	Token                 string
	Attempt               string
	ContentType           string
	Trace                 string
	TransferEncoding      []string
	Body                  any // the value of the JSON
}

// wire returns what the request says. Where there is a body, the two clients
// write the same value in other bytes, so that their signatures differ.
func (r received) wire(t *testing.T, keys aws.Credentials) wire {
	t.Helper()
	header := r.request.Header
	got := parseAuthorization(header)
	w := wire{
		Method:                r.request.Method,
		URI:                   r.request.RequestURI,
		Host:                  r.request.Host,
		Credential:            got.credential,
		SignedHeaders:         got.signedHeaders,
		OwnSignatureIsCorrect: r.sign(t, keys, "") == got.signature,
		Time:                  header.Get("X-Amz-Date"),
		Token:                 header.Get("X-Amz-Security-Token"),
		Attempt:               header.Get("Amz-Sdk-Request"),
		ContentType:           header.Get("Content-Type"),
		Trace:                 header.Get("X-Amzn-Trace-Id"),
		TransferEncoding:      r.request.TransferEncoding,
	}
	if len(r.body) == 0 {
		w.Signature = r.sign(t, keys, "1")
		return w
	}
	assert.NoError(t, json.Unmarshal(r.body, &w.Body), "body %q", r.body)
	return w
}
