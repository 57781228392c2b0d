package snapshotjobtest

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"time"
)

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
