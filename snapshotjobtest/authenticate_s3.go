package snapshotjobtest

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
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
	presigned := query.Has("X-Amz-Algorithm") || query.Has("X-Amz-Signature")
	ofVersion2 := query.Has("Signature")
	inQuery := signatureParameter(query) != "" || ofVersion2
	hasHeader := len(c.request.Header.Values("Authorization")) > 0
	if hasHeader && inQuery {
		return newError("InvalidArgument",
			"Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "+
				"Signature query string parameter or the Authorization header should be specified").
			with("ArgumentName", "Authorization")
	}
	if presigned {
		return c.authenticateS3Query(query)
	}
	return c.authenticateS3Header()
}

// authenticateS3Header verifies a signature in the Authorization header.
func (c *call) authenticateS3Header() *apiError {
	sig, err := s3Signature(c.request.Header)
	if err != nil {
		return err
	}
	u, err := c.checkS3Signature(sig)
	if err != nil {
		return err
	}
	if err := c.checkS3Time(sig); err != nil {
		return err
	}
	// Two hashes are no hash of any body.
	payloadHash := strings.Join(c.request.Header.Values("X-Amz-Content-Sha256"), ",")
	if payloadHash == "" {
		return newError("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
	}
	if !sig.verifies(c.request, u.credentials.SecretAccessKey, payloadHash) {
		return s3SignatureMismatch()
	}
	if err := c.checkS3Payload(payloadHash); err != nil {
		return err
	}
	c.signature = sig
	c.user = u
	return nil
}

// authenticateS3Query verifies the signature of a presigned URL.
func (c *call) authenticateS3Query(query url.Values) *apiError {
	sig, err := querySignature(query)
	if err != nil {
		return err
	}
	u, err := c.checkS3Signature(sig)
	if err != nil {
		return err
	}
	if err := c.checkURLTime(sig); err != nil {
		return err
	}
	if !sig.verifies(c.request, u.credentials.SecretAccessKey, unsignedPayload) {
		return s3SignatureMismatch()
	}
	c.signature = sig
	c.user = u
	return nil
}

// checkS3Signature checks what a signature says, but not its value and not its time.
// It returns the user whose key the signature was made with.
func (c *call) checkS3Signature(sig *signature) (*user, *apiError) {
	if err := checkS3SignedHeaders(c.request.Header, sig); err != nil {
		return nil, err
	}
	u, err := c.findS3User(sig)
	if err != nil {
		return nil, err
	}
	if err := c.checkS3Scope(sig); err != nil {
		return nil, err
	}
	return u, nil
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
		// Each URL that QuickSight presigns has a session token of its own, of which
		// the server keeps no list. A forged one doesn't pass: the token is part of
		// the query, which the signature covers.
		return u, nil
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
	scope := sig.credential
	region := c.server.options.Region
	switch {
	case scope.region != region:
		return sig.newScopeError("the region '%s' is wrong; expecting '%s'", scope.region, region).
			with("Region", region)
	case scope.service != "s3":
		return sig.newScopeError(`incorrect service "%s". This endpoint belongs to "s3".`, scope.service)
	case scope.terminator != terminator:
		return sig.newScopeError(`incorrect terminal "%s". This endpoint uses "%s".`,
			scope.terminator, terminator)
	}
	if _, ok := parseDate(scopeDate, scope.date); !ok {
		return sig.newScopeError(`incorrect date format "%s". `+
			`This date in the credential must be in the format "yyyyMMdd".`, scope.date)
	}
	day := sig.date[:len(scopeDate)]
	if scope.date != day {
		return sig.newScopeError(`Invalid credential date "%s". `+
			`This date is not the same as X-Amz-Date: "%s".`, scope.date, day)
	}
	return nil
}

// newScopeError returns S3's error for the scope of a signature. S3 has one for the
// Authorization header, and another one for presigned URLs.
func (s *signature) newScopeError(format string, args ...any) *apiError {
	problem := fmt.Sprintf(format, args...)
	if s.presigned {
		return newQueryError("Error parsing the X-Amz-Credential parameter; %s", problem)
	}
	return newError("AuthorizationHeaderMalformed", "The authorization header is malformed; %s", problem)
}

// checkS3Time checks that a signature in the headers is not too old or too new by
// the call's clock.
func (c *call) checkS3Time(sig *signature) *apiError {
	if c.arrived.Sub(sig.signedAt).Abs() <= maxS3Skew {
		return nil
	}
	return newError("RequestTimeTooSkewed",
		"The difference between the request time and the current time is too large.").
		with("ServerTime", c.arrived.UTC().Format(time.RFC3339))
}

// checkURLTime checks that a presigned URL is good at this time by the call's clock.
func (c *call) checkURLTime(sig *signature) *apiError {
	if c.arrived.After(sig.expires()) {
		return newError("AccessDenied", "Request has expired").
			with("X-Amz-Expires", strconv.FormatInt(wholeSeconds(sig.lifetime), 10)).
			with("Expires", sig.expires().Format(time.RFC3339)).
			with("ServerTime", c.arrived.UTC().Format(time.RFC3339))
	}
	if sig.signedAt.Sub(c.arrived) > maxS3Skew {
		return newError("AccessDenied", "Request is not yet valid")
	}
	return nil
}

// checkS3SignedHeaders checks that a signature covers each header that it must cover.
func checkS3SignedHeaders(h http.Header, sig *signature) *apiError {
	name := sig.unsignedHeader(h)
	if name == "" {
		return nil
	}
	return newError("AccessDenied", "There were headers present in the request which were not signed").
		with("HeadersNotSigned", name)
}

// checkS3Payload checks that the body has the hash that was signed.
func (c *call) checkS3Payload(payloadHash string) *apiError {
	if payloadHash == unsignedPayload {
		return nil
	}
	body, err := c.readBody()
	if err != nil || hexSHA256(body) != payloadHash {
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
