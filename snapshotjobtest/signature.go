package snapshotjobtest

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"slices"
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

// authenticate reads an API request, finds out who signed it, and charges the
// account's rate if the signature is good.
func (c *call) authenticate() error {
	r := c.request
	var err error
	if c.body, err = io.ReadAll(io.LimitReader(r.Body, maxBody+1)); err != nil {
		return refuse("SerializationException", "The request's body broke off.")
	}
	if len(c.body) > maxBody {
		return refuse("RequestEntityTooLargeException", "The request's body is larger than %d bytes.", maxBody)
	}
	header := r.Header.Get("Authorization")
	if header == "" {
		return refuse("MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	a, ok := parseAuthorization(header)
	if !ok {
		return refuse("IncompleteSignatureException", "Authorization header requires 'Credential' parameter, 'SignedHeaders' parameter and 'Signature' parameter.")
	}
	date := r.Header.Get("X-Amz-Date")
	signed, err := time.Parse(amzDate, date)
	if err != nil || !slices.Contains(a.signedHeaders, "x-amz-date") {
		return refuse("IncompleteSignatureException", "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}

	u, state := c.whoIs(a.accessKeyID, r.Header.Get("X-Amz-Security-Token"))
	switch {
	case state == unknownKey || state == wrongToken || u.service:
		return refuse("UnrecognizedClientException", "The security token included in the request is invalid.")
	case state == expiredKey:
		return refuse("ExpiredTokenException", "The security token included in the request is expired")
	case a.terminator != "aws4_request":
		return refuse("InvalidSignatureException", "Credential should be scoped with a valid terminator: 'aws4_request', not '%s'.", a.terminator)
	case a.service != "quicksight":
		return refuse("InvalidSignatureException", "Credential should be scoped to correct service: 'quicksight'. ")
	case a.region != c.options.Region:
		return refuse("InvalidSignatureException", "Credential should be scoped to a valid region. ")
	case a.scopeDate != date[:8]:
		return refuse("InvalidSignatureException", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s', from '%s'.", a.scopeDate, date[:8], date)
	}
	if err := c.checkSkew(signed); err != nil {
		return err
	}
	hash := sha256.Sum256(c.body)
	if !c.signedBy(u, a, signed, hex.EncodeToString(hash[:])) {
		return refuse("InvalidSignatureException", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	c.user = u
	if c.op == StartDashboardSnapshotJob {
		c.readStart()
	}
	return c.charge()
}

// checkSkew compares a signature's time with the service's clock, as AWS words it.
func (c *call) checkSkew(signed time.Time) error {
	limit, now := c.options.MaxSignatureSkew, c.now.UTC()
	if limit < 0 {
		return nil
	}
	at, clock := signed.Format(amzDate), now.Format(amzDate)
	if oldest := now.Add(-limit).Truncate(time.Second); signed.Before(oldest) {
		return refuse("InvalidSignatureException", "Signature expired: %s is now earlier than %s (%s - %g min.)", at, oldest.Format(amzDate), clock, limit.Minutes())
	}
	if newest := now.Add(limit); signed.After(newest) {
		return refuse("InvalidSignatureException", "Signature not yet current: %s is still later than %s (%s + %g min.)", at, newest.Format(amzDate), clock, limit.Minutes())
	}
	return nil
}

// charge takes one request off the account's rate.
func (c *call) charge() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.accounts[c.job.AWSAccountID]
	if a != nil && !a.limiter.Allow() {
		return refuse("ThrottlingException", "Rate exceeded")
	}
	return nil
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
