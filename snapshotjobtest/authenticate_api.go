package snapshotjobtest

import (
	"errors"
	"net/http"
	"time"
)

// The messages of this file for signatures are worded as AWS's services word them.
// Those for a part that comes twice are made up.

// authenticateAPI verifies the signature of an API request. It sets the call's
// signature and user.
func (c *call) authenticateAPI(body []byte) *apiError {
	sig, err := apiSignature(c.request.Header)
	if err != nil {
		return err
	}
	if err := c.checkAPISignedHeaders(sig); err != nil {
		return err
	}
	u, err := c.findAPIUser(sig)
	if err != nil {
		return err
	}
	if err := c.checkAPIScope(sig); err != nil {
		return err
	}
	if err := c.checkAPITime(sig); err != nil {
		return err
	}
	if !sig.verifies(c.request, u.credentials.SecretAccessKey, hexSHA256(body)) {
		return newError("InvalidSignatureException",
			"The request signature we calculated does not match the signature you provided. "+
				"Check your AWS Secret Access Key and signing method. "+
				"Consult the service documentation for details.")
	}
	c.signature = sig
	c.user = u
	return nil
}

// apiSignature reads the signature in the headers of an API request.
func apiSignature(h http.Header) (*signature, *apiError) {
	sig, err := headerSignature(h)
	switch {
	case errors.Is(err, errNotSigned):
		return nil, newError("MissingAuthenticationTokenException", "Missing Authentication Token")
	case errors.Is(err, errAuthorization):
		return nil, newError("IncompleteSignatureException",
			"Authorization header requires 'Credential' parameter, "+
				"'SignedHeaders' parameter and 'Signature' parameter, and each of them once.")
	case errors.Is(err, errDate):
		return nil, newError("IncompleteSignatureException",
			"Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header, "+
				"in ISO-8601 'basic format'.")
	}
	return sig, nil
}

// checkAPISignedHeaders checks that a request is signed in one place, its headers, and
// that the signature covers each header that it must cover.
func (c *call) checkAPISignedHeaders(sig *signature) *apiError {
	const code = "InvalidSignatureException"
	if name := signatureParameter(c.request.URL.Query()); name != "" {
		return newError(code, "Found both '%s' as a query-string param "+
			"and 'Authorization' as HTTP header.", name)
	}
	switch name := sig.unsignedHeader(c.request.Header); name {
	case "":
		return nil
	case "host":
		return newError(code, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	default:
		return newError(code, "'%s' must be a 'SignedHeader' in the AWS Authorization.", name)
	}
}

// findAPIUser returns the user whose key a signature was made with. QuickSight's
// own key is good for files only.
func (c *call) findAPIUser(sig *signature) (*user, *apiError) {
	u, state := c.server.findKey(sig.credential.accessKeyID, sig.token)
	switch {
	case state == keyUnknown || state == keyWithWrongToken || u.service:
		return nil, newError("UnrecognizedClientException",
			"The security token included in the request is invalid.")
	case state == keyExpired:
		return nil, newError("ExpiredTokenException", "The security token included in the request is expired")
	}
	return u, nil
}

// checkAPIScope checks what a signature is for: QuickSight, in the server's region,
// on the day of its date.
func (c *call) checkAPIScope(sig *signature) *apiError {
	const code = "InvalidSignatureException"
	scope := sig.credential
	day := sig.date[:len(scopeDate)]
	switch {
	case scope.terminator != terminator:
		return newError(code, "Credential should be scoped with a valid terminator: '%s', not '%s'.",
			terminator, scope.terminator)
	case scope.service != "quicksight":
		return newError(code, "Credential should be scoped to correct service: 'quicksight'. ")
	case scope.region != c.server.options.Region:
		return newError(code, "Credential should be scoped to a valid region. ")
	case scope.date != day:
		return newError(code, "Date in Credential scope does not match YYYYMMDD "+
			"from ISO-8601 version of date from HTTP: '%s' != '%s', from '%s'.", scope.date, day, sig.date)
	}
	return nil
}

// checkAPITime checks that a signature is not too old or too new by the call's
// clock. The messages tell the service's time, from which clients learn their
// clock's skew.
func (c *call) checkAPITime(sig *signature) *apiError {
	const code = "InvalidSignatureException"
	limit := c.server.options.MaxSignatureSkew
	if limit < 0 {
		return nil
	}
	now := c.arrived.UTC()
	newest := now.Add(limit)
	// A signature has whole seconds. It is good if any part of its second is.
	oldest := now.Add(-limit).Truncate(time.Second)
	switch {
	case sig.signedAt.Before(oldest):
		return newError(code, "Signature expired: %s is now earlier than %s (%s - %g min.)",
			sig.signedAt.Format(amzDate), oldest.Format(amzDate), now.Format(amzDate), limit.Minutes())
	case sig.signedAt.After(newest):
		return newError(code, "Signature not yet current: %s is still later than %s (%s + %g min.)",
			sig.signedAt.Format(amzDate), newest.Format(amzDate), now.Format(amzDate), limit.Minutes())
	}
	return nil
}
