package snapshotjobtest

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Parts of each signature, from AWS's documentation of Signature Version 4.
const (
	amzDate    = "20060102T150405Z" // the layout of X-Amz-Date
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request" // the end of each credential's scope
)

// maxURLLifetime is the longest lifetime of a presigned URL (S3 API reference,
// authenticating requests with query parameters).
const maxURLLifetime = 7 * 24 * time.Hour

// signature is what a request says about how it was signed, either in its headers
// or in the query of a presigned URL.
type signature struct {
	credential    credential
	signedHeaders []string  // their names, as a rule in lower case
	value         string    // hexadecimal
	date          string    // X-Amz-Date as it was sent
	signedAt      time.Time // the time of date
	token         string    // the session token; "" if there is none

	presigned bool
	lifetime  time.Duration // of a presigned URL, in whole seconds
}

// credential says which key a signature was made with, and for what: its scope.
type credential struct {
	accessKeyID string
	date        string // 20060102
	region      string
	service     string
	terminator  string
}

// What can be wrong with the headers that a signature stands in. The API and S3
// report these in different ways.
var (
	errNotSigned     = errors.New("no Authorization header")
	errAuthorization = errors.New("malformed Authorization header")
	errDate          = errors.New("no valid and signed X-Amz-Date header")
)

// headerSignature reads the signature in the headers of a request. Its error is
// one of those above.
func headerSignature(h http.Header) (*signature, error) {
	authorization := h.Get("Authorization")
	if authorization == "" {
		return nil, errNotSigned
	}
	sig, ok := parseAuthorization(authorization)
	if !ok {
		return nil, errAuthorization
	}
	sig.date = h.Get("X-Amz-Date")
	signedAt, err := time.Parse(amzDate, sig.date)
	if err != nil || !slices.Contains(sig.signedHeaders, "x-amz-date") {
		return nil, errDate
	}
	sig.signedAt = signedAt
	sig.token = h.Get("X-Amz-Security-Token")
	return sig, nil
}

// parseAuthorization reads an Authorization header, such as
//
//	AWS4-HMAC-SHA256 Credential=key/scope, SignedHeaders=host;x-amz-date, Signature=5d67
//
// It reports false if one of the parts is missing.
func parseAuthorization(header string) (*signature, bool) {
	fields, ok := strings.CutPrefix(header, algorithm+" ")
	if !ok {
		return nil, false
	}
	sig := &signature{}
	for field := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch name {
		case "Credential":
			sig.credential, ok = parseCredential(value)
			if !ok {
				return nil, false
			}
		case "SignedHeaders":
			sig.signedHeaders = strings.Split(value, ";")
		case "Signature":
			sig.value = value
		}
	}
	complete := sig.credential.accessKeyID != "" && len(sig.signedHeaders) > 0 && sig.value != ""
	return sig, complete
}

// parseCredential reads a Credential, such as
// AKIDEXAMPLE/20261123/us-east-1/quicksight/aws4_request.
func parseCredential(value string) (credential, bool) {
	parts := strings.Split(value, "/")
	if len(parts) != 5 {
		return credential{}, false
	}
	return credential{
		accessKeyID: parts[0],
		date:        parts[1],
		region:      parts[2],
		service:     parts[3],
		terminator:  parts[4],
	}, true
}

// querySignature reads the signature in the query of a presigned URL. It reports
// false if a part is missing or malformed.
func querySignature(query url.Values) (*signature, bool) {
	if query.Get("X-Amz-Algorithm") != algorithm {
		return nil, false
	}
	credential, ok := parseCredential(query.Get("X-Amz-Credential"))
	if !ok {
		return nil, false
	}
	date := query.Get("X-Amz-Date")
	signedAt, err := time.Parse(amzDate, date)
	if err != nil {
		return nil, false
	}
	lifetime, ok := parseLifetime(query.Get("X-Amz-Expires"))
	if !ok {
		return nil, false
	}
	return &signature{
		credential:    credential,
		signedHeaders: strings.Split(query.Get("X-Amz-SignedHeaders"), ";"),
		value:         query.Get("X-Amz-Signature"),
		date:          date,
		signedAt:      signedAt,
		token:         query.Get("X-Amz-Security-Token"),
		presigned:     true,
		lifetime:      lifetime,
	}, true
}

// parseLifetime reads X-Amz-Expires, which is a number of seconds.
func parseLifetime(text string) (time.Duration, bool) {
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds < 0 || seconds > int(maxURLLifetime/time.Second) {
		return 0, false
	}
	return time.Duration(seconds) * time.Second, true
}

// expires returns when the presigned URL stops to be good.
func (s *signature) expires() time.Time {
	return s.signedAt.Add(s.lifetime)
}
