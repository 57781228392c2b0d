package snapshotjobtest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The messages of this file are S3's.

// maxS3Skew is how much older or newer than S3's clock a signature may be (S3 API
// reference, signing and authenticating REST requests).
const maxS3Skew = 15 * time.Minute

// authenticateS3 verifies the signature of a request for a file, which is either
// presigned or has an Authorization header. It sets the call's signature and user.
func (c *call) authenticateS3() *apiError {
	query := c.request.URL.Query()
	presigned := query.Has("X-Amz-Signature")
	hasHeader := c.request.Header.Get("Authorization") != ""
	switch {
	case presigned && hasHeader:
		return newError("InvalidArgument",
			"Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "+
				"Signature query string parameter or the Authorization header should be specified").
			with("ArgumentName", "Authorization")
	case presigned:
		return c.authenticateS3Query(query)
	default:
		return c.authenticateS3Header()
	}
}

// authenticateS3Header verifies a signature in the Authorization header.
func (c *call) authenticateS3Header() *apiError {
	sig, err := s3Signature(c.request.Header)
	if err != nil {
		return err
	}
	u, err := c.findS3User(sig)
	if err != nil {
		return err
	}
	if err := c.checkS3Scope(sig); err != nil {
		return err
	}
	if err := c.checkS3Time(sig); err != nil {
		return err
	}
	payloadHash := c.request.Header.Get("X-Amz-Content-Sha256")
	if payloadHash == "" {
		return newError("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
	}
	if !c.verifyHeader(sig, u.credentials, payloadHash) {
		return s3SignatureMismatch()
	}
	if err := checkS3Payload(c.request.Body, payloadHash); err != nil {
		return err
	}
	c.signature = sig
	c.user = u
	return nil
}

// authenticateS3Query verifies the signature of a presigned URL.
func (c *call) authenticateS3Query(query url.Values) *apiError {
	sig, ok := querySignature(query)
	if !ok {
		return newError("AuthorizationQueryParametersError",
			"Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "+
				"X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.")
	}
	u, err := c.findS3User(sig)
	if err != nil {
		return err
	}
	if err := c.checkS3Scope(sig); err != nil {
		return err
	}
	if err := c.checkURLTime(sig); err != nil {
		return err
	}
	if err := checkAllSigned(c.request.Header, sig); err != nil {
		return err
	}
	if !c.verifyQuery(sig, u.credentials) {
		return s3SignatureMismatch()
	}
	c.signature = sig
	c.user = u
	return nil
}

// s3Signature reads the signature in the headers of a request to S3.
func s3Signature(h http.Header) (*signature, *apiError) {
	sig, err := headerSignature(h)
	switch {
	case errors.Is(err, errNotSigned):
		return nil, newError("AccessDenied", "Access Denied")
	case errors.Is(err, errAuthorization):
		return nil, newError("AuthorizationHeaderMalformed", "The authorization header is malformed.")
	case errors.Is(err, errDate):
		return nil, newError("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header")
	}
	return sig, nil
}

// findS3User returns the user whose key a signature was made with.
func (c *call) findS3User(sig *signature) (*user, *apiError) {
	u, state := c.server.findKey(sig.credential.accessKeyID, sig.token)
	switch {
	case state == keyUnknown:
		return nil, newError("InvalidAccessKeyId",
			"The AWS Access Key Id you provided does not exist in our records.")
	case state == keyWithWrongToken && u.service:
		return u, nil // QuickSight has a session, and so a token, for each URL.
	case state == keyWithWrongToken:
		return nil, newError("InvalidToken", "The provided token is malformed or otherwise invalid.")
	case state == keyExpired:
		return nil, newError("ExpiredToken", "The provided token has expired.")
	}
	return u, nil
}

// checkS3Scope checks what a signature is for: S3, in the server's region, on the
// day of its date.
func (c *call) checkS3Scope(sig *signature) *apiError {
	const code = "AuthorizationHeaderMalformed"
	scope := sig.credential
	region := c.server.options.Region
	if scope.region != region {
		return newError(code, "The authorization header is malformed; "+
			"the region '%s' is wrong; expecting '%s'", scope.region, region).
			with("Region", region)
	}
	sameDay := strings.HasPrefix(sig.date, scope.date)
	if scope.service != "s3" || scope.terminator != terminator || !sameDay {
		return newError(code, "The authorization header is malformed; the Credential is mal-formed; "+
			"expecting \"<YOUR-AKID>/%s/%s/s3/aws4_request\".", c.now.UTC().Format("20060102"), region)
	}
	return nil
}

// checkS3Time checks that a signature in the headers is not too old or too new by
// the call's clock.
func (c *call) checkS3Time(sig *signature) *apiError {
	if c.now.Sub(sig.signedAt).Abs() <= maxS3Skew {
		return nil
	}
	return newError("RequestTimeTooSkewed",
		"The difference between the request time and the current time is too large.").
		with("ServerTime", c.now.UTC().Format(time.RFC3339))
}

// checkURLTime checks that a presigned URL is good at this time by the call's clock.
func (c *call) checkURLTime(sig *signature) *apiError {
	if c.now.After(sig.expires()) {
		return newError("AccessDenied", "Request has expired").
			with("X-Amz-Expires", strconv.Itoa(int(sig.lifetime/time.Second))).
			with("Expires", sig.expires().Format(time.RFC3339)).
			with("ServerTime", c.now.UTC().Format(time.RFC3339))
	}
	if sig.signedAt.Sub(c.now) > maxS3Skew {
		return newError("AccessDenied", "Request is not yet valid")
	}
	return nil
}

// checkAllSigned checks that each header whose name begins with "X-Amz-" was
// signed. S3 asks that of presigned URLs.
func checkAllSigned(h http.Header, sig *signature) *apiError {
	for name := range h {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-amz-") && !slices.Contains(sig.signedHeaders, name) {
			return newError("AccessDenied",
				"There were headers present in the request which were not signed").
				with("HeadersNotSigned", name)
		}
	}
	return nil
}

// checkS3Payload checks that a body has the hash that was signed.
func checkS3Payload(body io.Reader, payloadHash string) *apiError {
	if payloadHash == unsignedPayload {
		return nil
	}
	hash := sha256.New()
	_, err := io.Copy(hash, io.LimitReader(body, maxBody))
	if err != nil || hex.EncodeToString(hash.Sum(nil)) != payloadHash {
		return newError("XAmzContentSHA256Mismatch",
			"The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	return nil
}

// s3SignatureMismatch returns the error for a signature that the user's keys don't
// make.
func s3SignatureMismatch() *apiError {
	return newError("SignatureDoesNotMatch",
		"The request signature we calculated does not match the signature you provided. "+
			"Check your key and signing method.")
}

// checkSignatureTime judges the time of a call's signature once more, by the call's
// clock, which may be another one than before.
func (c *call) checkSignatureTime() *apiError {
	switch {
	case c.operation != GetObject:
		return c.checkAPITime(c.signature)
	case c.signature.presigned:
		return c.checkURLTime(c.signature)
	default:
		return c.checkS3Time(c.signature)
	}
}
