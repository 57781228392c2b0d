package snapshotjobtest

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	amzDate   = "20060102T150405Z"
	algorithm = "AWS4-HMAC-SHA256"

	maxSkewS3 = 15 * time.Minute // S3 API reference, signing and authenticating REST requests

	maxBody = 1 << 20 // far more than the largest legal request
)

// authorization is what an Authorization header says.
type authorization struct {
	accessKeyID                            string
	scopeDate, region, service, terminator string
	signedHeaders                          []string
	signature                              string
}

func parseAuthorization(header string) (a authorization, ok bool) {
	rest, ok := strings.CutPrefix(header, algorithm+" ")
	if !ok {
		return a, false
	}
	for field := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch name {
		case "Credential":
			if ok := a.parseCredential(value); !ok {
				return a, false
			}
		case "SignedHeaders":
			a.signedHeaders = strings.Split(value, ";")
		case "Signature":
			a.signature = value
		}
	}
	return a, a.accessKeyID != "" && len(a.signedHeaders) > 0 && a.signature != ""
}

// parseCredential reads key/20261123/us-east-1/quicksight/aws4_request.
func (a *authorization) parseCredential(value string) bool {
	part := strings.Split(value, "/")
	if len(part) != 5 {
		return false
	}
	a.accessKeyID, a.scopeDate, a.region, a.service, a.terminator = part[0], part[1], part[2], part[3], part[4]
	return true
}

// signedBy signs the request once more, with the user's secret, and compares.
func (c *call) signedBy(u *user, a authorization, at time.Time, payloadHash string) bool {
	again := c.unsigned(a.signedHeaders)
	again.Header.Del("X-Amz-Date") // the signer sets it
	err := c.signer.SignHTTP(again.Context(), u.credentials, again, payloadHash, a.service, a.region, at, func(o *v4.SignerOptions) {
		o.DisableSessionToken = true // it stands among the signed headers
		o.DisableURIPathEscaping = a.service == "s3"
	})
	want, ok := parseAuthorization(again.Header.Get("Authorization"))
	return err == nil && ok && equal(want.signature, a.signature)
}

// unsigned returns the request as it was before it was signed, with no header but
// these. Their names are in lower case, since the signer passes over some, such
// as User-Agent, by their usual name, and there are clients that sign them.
func (c *call) unsigned(headers []string) *http.Request {
	r := c.request
	again := &http.Request{
		Method: r.Method, Host: r.Host, Header: http.Header{},
		URL: &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery},
	}
	for _, name := range headers {
		switch name {
		case "host", "x-amz-date":
		case "content-length":
			again.ContentLength = r.ContentLength
		default:
			if values := r.Header.Values(name); len(values) > 0 {
				again.Header[name] = values
			}
		}
	}
	return again
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
