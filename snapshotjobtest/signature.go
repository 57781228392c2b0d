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
	scopeDate  = "20060102"         // the layout of the date in a scope
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
	signedHeaders []string  // their names, as they were sent
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

// scope returns what a signature was made for, in the form that is signed.
func (c credential) scope() string {
	return strings.Join([]string{c.date, c.region, c.service, c.terminator}, "/")
}

// What can be wrong with the headers that a signature stands in. The API and S3
// report these in different ways.
var (
	errNotSigned     = errors.New("no Authorization header")
	errAuthorization = errors.New("malformed or doubled Authorization header")
	errDate          = errors.New("no valid X-Amz-Date header, or two of them")
)

// headerSignature reads the signature in the headers of a request. Its error is
// one of those above.
func headerSignature(h http.Header) (*signature, error) {
	authorizations := h.Values("Authorization")
	if strings.Join(authorizations, "") == "" {
		return nil, errNotSigned
	}
	if len(authorizations) > 1 {
		return nil, errAuthorization
	}
	sig, ok := parseAuthorization(authorizations[0])
	if !ok {
		return nil, errAuthorization
	}
	dates := h.Values("X-Amz-Date")
	if len(dates) != 1 {
		return nil, errDate
	}
	sig.date = dates[0]
	sig.signedAt, ok = parseDate(amzDate, sig.date)
	if !ok {
		return nil, errDate
	}
	// Two tokens are signed as one, which is not that of the key.
	sig.token = strings.Join(h.Values("X-Amz-Security-Token"), ",")
	return sig, nil
}

// parseAuthorization reads an Authorization header, such as
//
//	AWS4-HMAC-SHA256 Credential=key/scope, SignedHeaders=host;x-amz-date, Signature=5d67
//
// It reports false unless each of the three parts is there once, and nothing else.
func parseAuthorization(header string) (*signature, bool) {
	list, ok := strings.CutPrefix(header, algorithm+" ")
	if !ok {
		return nil, false
	}
	elements := map[string]string{}
	for element := range strings.SplitSeq(list, ",") {
		name, value, hasValue := strings.Cut(strings.TrimSpace(element), "=")
		_, doubled := elements[name]
		if !hasValue || doubled || !isAuthorizationElement(name) {
			return nil, false
		}
		elements[name] = value
	}
	if len(elements) != len(authorizationElements) {
		return nil, false
	}
	credential, ok := parseCredential(elements["Credential"])
	if !ok {
		return nil, false
	}
	return &signature{
		credential:    credential,
		signedHeaders: strings.Split(elements["SignedHeaders"], ";"),
		value:         elements["Signature"],
	}, true
}

// authorizationElements are what an Authorization header has after the algorithm.
var authorizationElements = []string{"Credential", "SignedHeaders", "Signature"}

// isAuthorizationElement reports whether an Authorization header may have an element
// of this name.
func isAuthorizationElement(name string) bool {
	return slices.Contains(authorizationElements, name)
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

// parseDate reads a date in the very form of a layout. Package time alone would take
// a fraction of a second too, which the layout doesn't have.
func parseDate(layout, text string) (time.Time, bool) {
	t, err := time.Parse(layout, text)
	return t, err == nil && t.Format(layout) == text
}

// urlParameters are the parameters that the query of a presigned URL must have.
var urlParameters = []string{
	"X-Amz-Algorithm",
	"X-Amz-Credential",
	"X-Amz-Signature",
	"X-Amz-Date",
	"X-Amz-SignedHeaders",
	"X-Amz-Expires",
}

// securityToken is the parameter of a presigned URL that holds the session token. A URL
// that was made with keys without a token has none.
const securityToken = "X-Amz-Security-Token"

// signatureParameter returns the name of a parameter that is part of a signature in a
// query. It returns "" if the query has none.
func signatureParameter(query url.Values) string {
	for _, name := range urlParameters {
		if query.Has(name) {
			return name
		}
	}
	if query.Has(securityToken) {
		return securityToken
	}
	return ""
}

// querySignature reads the signature in the query of a presigned URL. If a part is
// missing, doubled or malformed, it returns S3's error.
func querySignature(query url.Values) (*signature, *apiError) {
	if !hasURLParameters(query) {
		return nil, newQueryError("Query-string authentication version 4 requires the X-Amz-Algorithm, " +
			"X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, " +
			"and X-Amz-Expires parameters.")
	}
	if query.Get("X-Amz-Algorithm") != algorithm {
		return nil, newQueryError("X-Amz-Algorithm only supports %q", algorithm)
	}
	credential, ok := parseCredential(query.Get("X-Amz-Credential"))
	if !ok {
		return nil, newQueryError("Error parsing the X-Amz-Credential parameter; " +
			"the Credential is mal-formed; expecting " +
			`"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".`)
	}
	date := query.Get("X-Amz-Date")
	signedAt, ok := parseDate(amzDate, date)
	if !ok {
		return nil, newQueryError("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
	}
	lifetime, ok := parseLifetime(query.Get("X-Amz-Expires"))
	if !ok {
		return nil, newQueryError("X-Amz-Expires must be a number of seconds from 1 to %d",
			wholeSeconds(maxURLLifetime))
	}
	return &signature{
		credential:    credential,
		signedHeaders: strings.Split(query.Get("X-Amz-SignedHeaders"), ";"),
		value:         query.Get("X-Amz-Signature"),
		date:          date,
		signedAt:      signedAt,
		token:         query.Get(securityToken),
		presigned:     true,
		lifetime:      lifetime,
	}, nil
}

// newQueryError returns S3's error for the signature of a presigned URL.
func newQueryError(format string, args ...any) *apiError {
	return newError("AuthorizationQueryParametersError", format, args...)
}

// hasURLParameters reports whether a query has each parameter of a presigned URL
// once, and at most one session token.
func hasURLParameters(query url.Values) bool {
	for _, name := range urlParameters {
		if len(query[name]) != 1 {
			return false
		}
	}
	return len(query[securityToken]) <= 1
}

// parseLifetime reads X-Amz-Expires, which is a number of seconds from 1 to a week.
func parseLifetime(text string) (time.Duration, bool) {
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(seconds, 10) != text { // as with +300 and 0300
		return 0, false
	}
	if seconds < 1 || seconds > wholeSeconds(maxURLLifetime) {
		return 0, false
	}
	return time.Duration(seconds) * time.Second, true
}

// expires returns when the presigned URL stops to be good.
func (s *signature) expires() time.Time {
	return s.signedAt.Add(s.lifetime)
}

// unsignedHeader returns the name of a header that must be signed, but isn't: the
// host, or one that begins with "x-amz-" (IAM User Guide, create a signed AWS API
// request). It returns the first one in alphabetical order, or "" if there is none.
func (s *signature) unsignedHeader(h http.Header) string {
	required := []string{"host"}
	for name := range h {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-amz-") {
			required = append(required, name)
		}
	}
	slices.Sort(required)
	for _, name := range required {
		if !s.lists(name) {
			return name
		}
	}
	return ""
}

// lists reports whether a header is among those that are said to be signed. It passes
// over the case of names: a name in upper case makes another signature anyway.
func (s *signature) lists(name string) bool {
	return slices.ContainsFunc(s.signedHeaders, func(signed string) bool {
		return strings.EqualFold(signed, name)
	})
}
