package snapshotjobtest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// handSigner signs a GET by hand, with any list of signed headers. Unlike the SDK's signer it makes a
// signature that fits the list, however wrong that is: a server that takes the list as it comes accepts it.
type handSigner struct {
	service       string
	path          string // as it is signed
	signedHeaders string
}

// sign signs the request, which has no query. A header that it lacks is signed as an empty one.
func (s handSigner) sign(r *http.Request) {
	now := time.Now().UTC()
	r.Header.Set("X-Amz-Date", now.Format("20060102T150405Z"))
	scope := now.Format("20060102") + "/us-east-1/" + s.service + "/aws4_request"
	canonical := []string{http.MethodGet, s.path, ""}
	for name := range strings.SplitSeq(s.signedHeaders, ";") {
		value := r.Header.Get(name)
		if strings.EqualFold(name, "host") {
			value = r.URL.Host
		}
		canonical = append(canonical, name+":"+value)
	}
	canonical = append(canonical, "", s.signedHeaders, sha256Of(""))
	stringToSign := strings.Join([]string{
		"AWS4-HMAC-SHA256",
		r.Header.Get("X-Amz-Date"),
		scope,
		sha256Of(strings.Join(canonical, "\n")),
	}, "\n")
	key := []byte("AWS4" + ownKeys.SecretAccessKey)
	for part := range strings.SplitSeq(scope, "/") {
		key = hmacOf(key, part)
	}
	r.Header.Set("Authorization", fmt.Sprintf(
		"AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
		ownKeys.AccessKeyID, scope, s.signedHeaders, hex.EncodeToString(hmacOf(key, stringToSign))))
}

// hmacOf returns the HMAC-SHA256 of a text.
func hmacOf(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// apiHandSigner signs dailyResult with a list of headers.
func apiHandSigner(signedHeaders string) handSigner {
	return handSigner{
		service:       "quicksight",
		path:          dailyResultPath,
		signedHeaders: signedHeaders,
	}
}

// s3HandSigner signs reportsFile with a list of headers.
func s3HandSigner(signedHeaders string) handSigner {
	return handSigner{
		service:       "s3",
		path:          escapedKey,
		signedHeaders: signedHeaders,
	}
}

func TestSignatureByHand(t *testing.T) {
	for _, list := range []string{"host;x-amz-date", "host;x-amz-date;x-custom"} {
		signed := dailyResult.withHeader("X-Custom", "a").tampered(apiHandSigner(list).sign)
		signed.send(t, newSignatureServer(t)).assertOK(t)
	}
	file := reportsFile.tampered(s3HandSigner("host;x-amz-content-sha256;x-amz-date").sign)
	file.send(t, newBucketServer(t)).assertOK(t)
}

// AWS makes the list of signed headers by itself, so that a signature of any other list is none.
func TestSignatureOfWrongList(t *testing.T) {
	for _, list := range []string{
		"x-amz-date;host",
		"host;host;x-amz-date",
		"host;x-amz-date;x-amz-date",
		"Host;X-Amz-Date",
		"host;X-Amz-Date",
		"X-Amz-Date;host",
		"host;x-absent;x-amz-date",
		"host;x-amz-date;",
		";host;x-amz-date",
	} {
		t.Run(list, func(t *testing.T) {
			got := dailyResult.tampered(apiHandSigner(list).sign).send(t, newSignatureServer(t))
			got.assertError(t, 403, "InvalidSignatureException")
			assert.Contains(t, got.body, "does not match the signature you provided")
		})
	}
}

func TestSignatureOfListWithoutHost(t *testing.T) {
	got := dailyResult.tampered(apiHandSigner("x-amz-date").sign).send(t, newSignatureServer(t))
	got.assertError(t, 403, "InvalidSignatureException")
	file := reportsFile.tampered(s3HandSigner("x-amz-content-sha256;x-amz-date").sign)
	refused := file.send(t, newBucketServer(t))
	refused.assertS3Error(t, 403, "AccessDenied")
	assert.Contains(t, refused.body, "<HeadersNotSigned>host</HeadersNotSigned>")
}

func TestFileSignatureOfWrongList(t *testing.T) {
	for _, list := range []string{
		"x-amz-date;x-amz-content-sha256;host",
		"host;x-amz-content-sha256;x-amz-date;x-amz-date",
		"Host;X-Amz-Content-Sha256;X-Amz-Date",
		"host;x-absent;x-amz-content-sha256;x-amz-date",
	} {
		t.Run(list, func(t *testing.T) {
			got := reportsFile.tampered(s3HandSigner(list).sign).send(t, newBucketServer(t))
			got.assertS3Error(t, 403, "SignatureDoesNotMatch")
		})
	}
}
