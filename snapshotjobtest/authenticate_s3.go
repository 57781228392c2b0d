package snapshotjobtest

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// The texts are S3's own.

const (
	s3Mismatch = "The request signature we calculated does not match the signature you provided. Check your key and signing method."
	s3Skewed   = "The difference between the request time and the current time is too large."
)

// authenticateS3 checks a presigned URL, or else an Authorization header.
func (c *call) authenticateS3() error {
	r := c.request
	header, query := r.Header.Get("Authorization"), r.URL.Query()
	presigned := query.Has("X-Amz-Signature")
	switch {
	case presigned && header != "":
		err := refuse("InvalidArgument", "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified")
		return with(err, "ArgumentName", "Authorization")
	case presigned:
		return c.authenticatePresigned(query)
	case header == "":
		return refuse("AccessDenied", "Access Denied")
	}

	a, ok := parseAuthorization(header)
	if !ok {
		return refuse("AuthorizationHeaderMalformed", "The authorization header is malformed.")
	}
	signed, err := time.Parse(amzDate, r.Header.Get("X-Amz-Date"))
	if err != nil || !slices.Contains(a.signedHeaders, "x-amz-date") {
		return refuse("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header")
	}
	if err := c.checkScope(a, r.Header.Get("X-Amz-Security-Token"), r.Header.Get("X-Amz-Date")); err != nil {
		return err
	}
	if skew := c.now.Sub(signed); skew > maxSkewS3 || skew < -maxSkewS3 {
		return with(refuse("RequestTimeTooSkewed", s3Skewed), "ServerTime", c.now.UTC().Format(time.RFC3339))
	}
	hash := r.Header.Get("X-Amz-Content-Sha256")
	switch {
	case hash == "":
		return refuse("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
	case !c.signedBy(c.user, a, signed, hash):
		return refuse("SignatureDoesNotMatch", s3Mismatch)
	case hash == "UNSIGNED-PAYLOAD":
		return nil
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.LimitReader(r.Body, maxBody)); err != nil || hex.EncodeToString(sum.Sum(nil)) != hash {
		return refuse("XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	return nil
}

// checkScope finds the user, and compares the credential's scope with what it
// should be.
func (c *call) checkScope(a authorization, token, date string) error {
	u, state := c.whoIs(a.accessKeyID, token)
	switch {
	case state == unknownKey:
		return refuse("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
	case state == wrongToken && !u.service: // QuickSight has a session for each URL
		return refuse("InvalidToken", "The provided token is malformed or otherwise invalid.")
	case state == expiredKey:
		return refuse("ExpiredToken", "The provided token has expired.")
	case a.region != c.options.Region:
		err := refuse("AuthorizationHeaderMalformed", "The authorization header is malformed; the region '%s' is wrong; expecting '%s'", a.region, c.options.Region)
		return with(err, "Region", c.options.Region)
	case a.service != "s3" || a.terminator != "aws4_request" || !strings.HasPrefix(date, a.scopeDate):
		return refuse("AuthorizationHeaderMalformed", "The authorization header is malformed; the Credential is mal-formed; expecting \"<YOUR-AKID>/%s/%s/s3/aws4_request\".", c.now.UTC().Format("20060102"), c.options.Region)
	}
	c.user = u
	return nil
}

func (c *call) authenticatePresigned(query url.Values) error {
	r := c.request
	a := authorization{signedHeaders: strings.Split(query.Get("X-Amz-SignedHeaders"), ";"), signature: query.Get("X-Amz-Signature")}
	date := query.Get("X-Amz-Date")
	at, err := time.Parse(amzDate, date)
	seconds, secondsErr := strconv.Atoi(query.Get("X-Amz-Expires"))
	if !a.parseCredential(query.Get("X-Amz-Credential")) || query.Get("X-Amz-Algorithm") != algorithm || err != nil || secondsErr != nil || seconds < 0 || seconds > 7*24*3600 {
		return refuse("AuthorizationQueryParametersError", "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.")
	}
	if err := c.checkScope(a, query.Get("X-Amz-Security-Token"), date); err != nil {
		return err
	}
	expires := at.Add(time.Duration(seconds) * time.Second)
	switch {
	case c.now.After(expires):
		err := refuse("AccessDenied", "Request has expired")
		err = with(err, "X-Amz-Expires", strconv.Itoa(seconds))
		err = with(err, "Expires", expires.Format(time.RFC3339))
		return with(err, "ServerTime", c.now.UTC().Format(time.RFC3339))
	case at.Sub(c.now) > maxSkewS3:
		return refuse("AccessDenied", "Request is not yet valid")
	}
	for name := range r.Header {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-amz-") && !slices.Contains(a.signedHeaders, name) {
			return with(refuse("AccessDenied", "There were headers present in the request which were not signed"), "HeadersNotSigned", name)
		}
	}
	query.Del("X-Amz-Signature")
	again := c.unsigned(a.signedHeaders)
	again.URL.RawQuery = query.Encode()
	credentials := c.user.credentials
	signed, _, err := c.signer.PresignHTTP(r.Context(), credentials, again, "UNSIGNED-PAYLOAD", "s3", a.region, at, signAsS3, func(o *v4.SignerOptions) {
		o.DisableSessionToken = true // it stands in the query already
	})
	if err != nil {
		return refuse("SignatureDoesNotMatch", s3Mismatch)
	}
	_, signature, _ := strings.Cut(signed, "&X-Amz-Signature=")
	if !equal(signature, a.signature) {
		return refuse("SignatureDoesNotMatch", s3Mismatch)
	}
	return nil
}
