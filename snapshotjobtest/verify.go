package snapshotjobtest

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// unsignedPayload stands for the hash of a body that is not part of a signature.
const unsignedPayload = "UNSIGNED-PAYLOAD"

// verifyHeader signs the request of a call once more, with the keys that it should
// have been signed with. It reports whether that makes the same signature.
func (c *call) verifyHeader(sig *signature, keys aws.Credentials, payloadHash string) bool {
	r := unsignedRequest(c.request, sig.signedHeaders)
	r.Header.Del("X-Amz-Date") // The signer sets it.
	scope := sig.credential
	setOptions := func(o *v4.SignerOptions) {
		o.DisableSessionToken = true // It stands among the signed headers already.
		o.DisableURIPathEscaping = scope.service == "s3"
	}
	err := c.server.signer.SignHTTP(r.Context(), keys, r, payloadHash,
		scope.service, scope.region, sig.signedAt, setOptions)
	if err != nil {
		return false
	}
	again, ok := parseAuthorization(r.Header.Get("Authorization"))
	return ok && equalSecrets(again.value, sig.value)
}

// verifyQuery is verifyHeader for a presigned URL.
func (c *call) verifyQuery(sig *signature, keys aws.Credentials) bool {
	r := unsignedRequest(c.request, sig.signedHeaders)
	query := r.URL.Query()
	query.Del("X-Amz-Signature")
	r.URL.RawQuery = query.Encode()
	keepToken := func(o *v4.SignerOptions) {
		o.DisableSessionToken = true // It stands in the query already.
	}
	again, _, err := c.server.signer.PresignHTTP(r.Context(), keys, r, unsignedPayload,
		"s3", sig.credential.region, sig.signedAt, signAsS3, keepToken)
	if err != nil {
		return false
	}
	_, value, _ := strings.Cut(again, "&X-Amz-Signature=")
	return equalSecrets(value, sig.value)
}

// unsignedRequest returns a request as it was before it was signed, with only those
// of its headers that were signed. They get the names in the signature, which are
// in lower case: the signer passes over some headers, such as User-Agent, by their
// usual name, and there are clients that sign them.
func unsignedRequest(r *http.Request, signedHeaders []string) *http.Request {
	unsigned := &http.Request{
		Method: r.Method,
		Host:   r.Host,
		Header: http.Header{},
		URL: &url.URL{
			Path:     r.URL.Path,
			RawPath:  r.URL.RawPath,
			RawQuery: r.URL.RawQuery,
		},
	}
	for _, name := range signedHeaders {
		switch name {
		case "host", "x-amz-date":
			// The signer adds these two itself.
		case "content-length":
			unsigned.ContentLength = r.ContentLength
		default:
			if values := r.Header.Values(name); len(values) > 0 {
				unsigned.Header[name] = values
			}
		}
	}
	return unsigned
}

// signAsS3 sets what is particular to signatures for S3: the path is signed as it
// is sent.
func signAsS3(o *v4.SignerOptions) {
	o.DisableURIPathEscaping = true
	o.DisableHeaderHoisting = true
}

// equalSecrets compares two texts in a time that doesn't depend on what they are.
func equalSecrets(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
