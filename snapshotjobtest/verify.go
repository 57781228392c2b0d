package snapshotjobtest

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/smithy-go/encoding/httpbinding"
)

// This file computes signatures as the IAM User Guide has it under "Create a signed
// AWS API request". It doesn't call the SDK's signer for that: the signer puts right
// what a client does wrong, such as the order of the signed headers, so that its
// signature would be good for requests that AWS refuses.

// unsignedPayload stands for the hash of a body that is not part of a signature.
const unsignedPayload = "UNSIGNED-PAYLOAD"

// verifies reports whether the signature is the one that the secret key makes for a
// request. The hash is that of the body, as the signature has it.
func (s *signature) verifies(r *http.Request, secretKey, payloadHash string) bool {
	canonical, ok := s.canonicalRequest(r, payloadHash)
	if !ok {
		return false
	}
	stringToSign := strings.Join([]string{
		algorithm,
		s.date,
		s.credential.scope(),
		hexSHA256([]byte(canonical)),
	}, "\n")
	value := hmacSHA256(s.signingKey(secretKey), stringToSign)
	return equalSecrets(hex.EncodeToString(value), s.value)
}

// signingKey returns the key that a secret key makes for the signature's scope.
func (s *signature) signingKey(secretKey string) []byte {
	key := []byte("AWS4" + secretKey)
	key = hmacSHA256(key, s.credential.date)
	key = hmacSHA256(key, s.credential.region)
	key = hmacSHA256(key, s.credential.service)
	return hmacSHA256(key, s.credential.terminator)
}

// canonicalRequest returns the form of a request that is signed. It reports false if
// the request has none, so that no signature is good for it.
func (s *signature) canonicalRequest(r *http.Request, payloadHash string) (string, bool) {
	if !s.hasCanonicalList() {
		return "", false
	}
	query, ok := s.canonicalQuery(r.URL.RawQuery)
	if !ok {
		return "", false
	}
	headers, ok := s.canonicalHeaders(r)
	if !ok {
		return "", false
	}
	return strings.Join([]string{
		r.Method,
		s.canonicalPath(r.URL),
		query,
		headers,
		strings.Join(s.signedHeaders, ";"),
		payloadHash,
	}, "\n"), true
}

// hasCanonicalList reports whether the names of the signed headers are in lower case
// and in alphabetical order, each one once.
func (s *signature) hasCanonicalList() bool {
	for i, name := range s.signedHeaders {
		if name != strings.ToLower(name) {
			return false
		}
		if i > 0 && name <= s.signedHeaders[i-1] {
			return false
		}
	}
	return true
}

// canonicalPath returns the path of a URL as it is signed. S3 signs it in one form,
// whatever escapes it was sent with. All other services escape once more what was
// sent.
func (s *signature) canonicalPath(u *url.URL) string {
	path := u.EscapedPath()
	if s.credential.service == "s3" {
		path = u.Path
	}
	return httpbinding.EscapePath(cmp.Or(path, "/"), false)
}

// canonicalQuery returns a query as it is signed: sorted, without the signature of a
// presigned URL. It reports false if an escape in the query is malformed.
//
// It doesn't use url.ParseQuery, which drops what it can't read. What is dropped would
// not be signed.
func (s *signature) canonicalQuery(raw string) (string, bool) {
	var parameters []queryParameter
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		p, ok := canonicalParameter(part)
		if !ok {
			return "", false
		}
		if s.presigned && p.name == "X-Amz-Signature" {
			continue
		}
		parameters = append(parameters, p)
	}
	slices.SortFunc(parameters, queryParameter.compare)
	texts := make([]string, len(parameters))
	for i, p := range parameters {
		texts[i] = p.name + "=" + p.value
	}
	return strings.Join(texts, "&"), true
}

// queryParameter is a parameter of a query, in the form that is signed.
type queryParameter struct {
	name  string
	value string
}

// compare orders parameters by name, and those of one name by value.
func (p queryParameter) compare(other queryParameter) int {
	return cmp.Or(
		strings.Compare(p.name, other.name),
		strings.Compare(p.value, other.value),
	)
}

// canonicalParameter reads a part of a query, such as a=b%2fc. It reports false if an
// escape is malformed.
func canonicalParameter(part string) (queryParameter, bool) {
	name, value, _ := strings.Cut(part, "=")
	name, err := url.QueryUnescape(name)
	if err != nil {
		return queryParameter{}, false
	}
	value, err = url.QueryUnescape(value)
	if err != nil {
		return queryParameter{}, false
	}
	return queryParameter{
		name:  httpbinding.EscapePath(name, true),
		value: httpbinding.EscapePath(value, true),
	}, true
}

// canonicalHeaders returns the signed headers of a request, one a line. It reports
// false if the request lacks one of them.
func (s *signature) canonicalHeaders(r *http.Request) (string, bool) {
	var lines strings.Builder
	for _, name := range s.signedHeaders {
		values := headerValues(r, name)
		if len(values) == 0 {
			return "", false
		}
		canonical := make([]string, len(values))
		for i, value := range values {
			canonical[i] = collapseSpaces(value)
		}
		lines.WriteString(name + ":" + strings.Join(canonical, ",") + "\n")
	}
	return lines.String(), true
}

// headerValues returns the values of a header. Package net/http keeps some headers
// elsewhere than in Request.Header.
func headerValues(r *http.Request, name string) []string {
	values := r.Header.Values(name)
	switch {
	case name == "host":
		return []string{r.Host}
	case name == "content-length" && len(values) == 0 && r.ContentLength > 0:
		return []string{strconv.FormatInt(r.ContentLength, 10)}
	}
	return values
}

// collapseSpaces returns the value of a header as it is signed: without spaces around
// it, and with one space for several in a row.
func collapseSpaces(value string) string {
	words := strings.FieldsFunc(strings.TrimSpace(value), func(r rune) bool {
		return r == ' '
	})
	return strings.Join(words, " ")
}

// hexSHA256 returns the hash of data as a signature has it.
func hexSHA256(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// hmacSHA256 returns the HMAC of a text.
func hmacSHA256(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// equalSecrets compares two texts in a time that doesn't depend on what they are.
func equalSecrets(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
