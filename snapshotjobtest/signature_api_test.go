package snapshotjobtest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The tests of this file tamper with what a request says about its signature. The signature itself stays
// that of a good request, so that only a server which reads the rest as strictly as AWS refuses it.

// signedHeadersOfGet are the headers that dailyResult signs.
const signedHeadersOfGet = "SignedHeaders=host;x-amz-date"

// assertTamperingRefused checks that a server refuses each change of a good request with status 403 and this
// code, in memory and over a socket.
func assertTamperingRefused(t *testing.T, code string, changes map[string]func(*http.Request)) {
	t.Helper()
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			srv := newSignatureServer(t)
			srv.Start()
			request := dailyResult.tampered(change)
			inMemory := do(t, &http.Client{Transport: srv.Transport()}, request.sign(t))
			inMemory.assertError(t, 403, code)
			overSocket := request.sendToSocket(t, srv)
			overSocket.assertError(t, 403, code)
			overSocket.assertShowsNoKey(t)
		})
	}
}

func TestUntamperedRequestIsAcceptedOverSocket(t *testing.T) {
	srv := newSignatureServer(t)
	srv.Start()
	dailyResult.sendToSocket(t, srv).assertOK(t)
}

// AWS's documentation wants the list of signed headers in lower case and in order, and each of the headers in
// the request.
func TestListOfSignedHeadersIsCanonical(t *testing.T) {
	list := func(names string) func(*http.Request) {
		return editAuthorization(signedHeadersOfGet, "SignedHeaders="+names)
	}
	assertTamperingRefused(t, "InvalidSignatureException", map[string]func(*http.Request){
		"out of order": list("x-amz-date;host"),
		"repeated":     list("host;host;x-amz-date"),
		"upper case":   list("Host;X-Amz-Date"),
		"absent":       list("host;x-absent;x-amz-date"),
		"empty name":   list("host;;x-amz-date"),
		"spaces":       list("host; x-amz-date"),
		"trailing":     list("host;x-amz-date;"),
	})
}

// AWS's documentation wants the host and all x-amz-* headers signed.
func TestHeadersThatMustBeSigned(t *testing.T) {
	list := func(names string) func(*http.Request) {
		return editAuthorization(signedHeadersOfGet, "SignedHeaders="+names)
	}
	assertTamperingRefused(t, "InvalidSignatureException", map[string]func(*http.Request){
		"host":          list("x-amz-date"),
		"date":          list("host"),
		"no header":     list(""),
		"x-amz-* added": setHeader("X-Amz-Target", "a"),
	})
}

func TestMessageNamesFirstUnsignedHeader(t *testing.T) {
	request := dailyResult.tampered(func(r *http.Request) {
		for _, name := range []string{"X-Amz-D", "X-Amz-A", "X-Amz-C", "X-Amz-B"} {
			r.Header.Set(name, "a")
		}
	})
	got := request.send(t, newSignatureServer(t))
	got.assertError(t, 403, "InvalidSignatureException")
	want := "'x-amz-a' must be a 'SignedHeader' in the AWS Authorization."
	assert.Equal(t, want, got.object(t)["Message"])
}

func TestMessageOfUnsignedHost(t *testing.T) {
	unsigned := editAuthorization(signedHeadersOfGet, "SignedHeaders=x-amz-date")
	got := dailyResult.tampered(unsigned).send(t, newSignatureServer(t))
	want := "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
	assert.Equal(t, want, got.object(t)["Message"])
}

func TestHeadersThatNeedNotBeSigned(t *testing.T) {
	for _, name := range []string{"Accept-Encoding", "Range", "If-Match", "X-Amzn-Trace-Id", "Content-Type"} {
		got := dailyResult.tampered(setHeader(name, "a")).send(t, newSignatureServer(t))
		got.assertOK(t)
	}
}

// A token that belongs to the key must be signed all the same.
func TestSessionTokenMustBeSigned(t *testing.T) {
	srv, keys := newTokenServer(t)
	addToken := setHeader("X-Amz-Security-Token", keys.SessionToken)
	got := dailyResult.by(ownKeys).tampered(addToken).send(t, srv)
	got.assertError(t, 403, "InvalidSignatureException")
}

// Two tokens are none, although the first one belongs to the key and both are signed.
func TestDoubledSessionToken(t *testing.T) {
	srv, keys := newTokenServer(t)
	request := dailyResult.prepared(func(r *http.Request) {
		r.Header.Add("X-Amz-Security-Token", keys.SessionToken)
		r.Header.Add("X-Amz-Security-Token", keys.SessionToken)
	})
	got := request.send(t, srv)
	got.assertError(t, 403, "UnrecognizedClientException")
}

func TestMalformedAuthorization(t *testing.T) {
	const otherAuthorization = "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=0"
	assertTamperingRefused(t, "IncompleteSignatureException", map[string]func(*http.Request){
		"header twice":         doubleHeader("Authorization"),
		"another header":       addHeader("Authorization", otherAuthorization),
		"algorithm twice":      editAuthorization("AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 AWS4-HMAC-SHA256 "),
		"Credential twice":     doubleElement("Credential"),
		"SignedHeaders twice":  doubleElement("SignedHeaders"),
		"Signature twice":      doubleElement("Signature"),
		"Signature first":      editAuthorization("Credential=", "Signature=0, Credential="),
		"unknown element":      editAuthorization("Credential=", "Other=a, Credential="),
		"element without =":    editAuthorization("Credential=", "Other, Credential="),
		"empty element":        editAuthorization("Credential=", ", Credential="),
		"no SignedHeaders":     editAuthorization(signedHeadersOfGet+", ", ""),
		"Credential too short": editAuthorization("/aws4_request", ""),
		"Credential too long":  editAuthorization("/aws4_request", "/aws4_request/a"),
	})
}

func TestMalformedDate(t *testing.T) {
	assertTamperingRefused(t, "IncompleteSignatureException", map[string]func(*http.Request){
		"header twice": doubleHeader("X-Amz-Date"),
		"another date": addHeader("X-Amz-Date", "20000101T000000Z"),
		"fraction":     editHeader("X-Amz-Date", "Z", ".5Z"),
		"no zone":      editHeader("X-Amz-Date", "Z", ""),
	})
}

// The whole query is signed, also what package net/url can't read.
func TestAddedQuery(t *testing.T) {
	assertTamperingRefused(t, "InvalidSignatureException", map[string]func(*http.Request){
		"semicolon":             addQuery("a;b=c"),
		"bad escape":            addQuery("a=%zz"),
		"bad escape of a name":  addQuery("%zz"),
		"name without a value":  addQuery("a"),
		"another authorization": addQuery("X-Amz-Algorithm=AWS4-HMAC-SHA256"),
	})
}

// X-Amz-Signature is not signed in a presigned URL, but in any other query it is.
func TestSignatureAddedToQuery(t *testing.T) {
	added := post(jobsPath, goodStart).tampered(addQuery("X-Amz-Signature=0"))
	got := added.send(t, newSignatureServer(t))
	got.assertError(t, 403, "InvalidSignatureException")
}

// A request is signed in its headers or in its query, even if both are signed.
func TestAuthorizationInHeaderAndQuery(t *testing.T) {
	for _, name := range signatureParameters {
		got := post(jobsPath+"?"+name+"=a", goodStart).send(t, newSignatureServer(t))
		got.assertError(t, 403, "InvalidSignatureException")
		want := "Found both '" + name + "' as a query-string param and 'Authorization' as HTTP header."
		assert.Equal(t, want, got.object(t)["Message"])
	}
}

// signatureParameters are the parameters of the query of a request that is signed there.
var signatureParameters = []string{
	"X-Amz-Algorithm",
	"X-Amz-Credential",
	"X-Amz-Date",
	"X-Amz-Expires",
	"X-Amz-Security-Token",
	"X-Amz-Signature",
	"X-Amz-SignedHeaders",
}

// Over the wire the names of headers have no case. In memory they have, so that the transport must see to it.
func TestDoubledHeaderInOtherCase(t *testing.T) {
	srv := newSignatureServer(t)
	got := dailyResult.tampered(func(r *http.Request) {
		r.Header["authorization"] = r.Header["Authorization"]
	}).send(t, srv)
	got.assertError(t, 403, "IncompleteSignatureException")
	got = dailyResult.tampered(func(r *http.Request) {
		r.Header["x-amz-target"] = []string{"a"}
	}).send(t, srv)
	got.assertError(t, 403, "InvalidSignatureException")
}

// What a client may write in more than one way is accepted in each of them.
func TestOtherFormsOfAuthorization(t *testing.T) {
	for name, change := range map[string]func(*http.Request){
		"no spaces": editAuthorization(", "+signedHeadersOfGet+", ", ","+signedHeadersOfGet+","),
		"another order": func(r *http.Request) {
			beginning, signature, _ := strings.Cut(r.Header.Get("Authorization"), ", Signature=")
			algorithm, elements, _ := strings.Cut(beginning, " ")
			r.Header.Set("Authorization", algorithm+" Signature="+signature+", "+elements)
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := dailyResult.tampered(change).send(t, newSignatureServer(t))
			got.assertOK(t)
		})
	}
}

// The query is signed in one form, whatever form it was sent in.
func TestOtherFormsOfQuery(t *testing.T) {
	request := get(dailyResultPath + "?a=1&a=2%2F&b=%20c")
	for _, query := range []string{"b=+c&a=2%2f&a=1", "a=2/&%62=%20c&a=%31", "&a=1&&a=2/&b=%20c&"} {
		got := request.tampered(func(r *http.Request) {
			r.URL.RawQuery = query
		}).send(t, newSignatureServer(t))
		got.assertOK(t)
	}
}
