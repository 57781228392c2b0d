package snapshotjobtest_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// replaceQuery returns a change of the query of a URL.
func replaceQuery(from, to string) func(*http.Request) {
	return func(r *http.Request) {
		r.URL.RawQuery = strings.Replace(r.URL.RawQuery, from, to, 1)
	}
}

func TestTamperedURL(t *testing.T) {
	for name, change := range map[string]func(*http.Request){
		"path": func(r *http.Request) {
			r.URL.Path += "x"
			r.URL.RawPath = ""
		},
		"expiry": replaceQuery("Expires=300", "Expires=3000"),
		"token":  replaceQuery("Security-Token=", "Security-Token=A"),
		"signature": func(r *http.Request) {
			r.URL.RawQuery += "0"
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := fetchDigits(t, change)
			got.assertS3Error(t, 403, "SignatureDoesNotMatch")
			got.assertContentRange(t, "")
		})
	}
}

func TestRefusedURL(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*http.Request)
		status int
		code   string
	}{
		{
			name:   "no expiry",
			change: replaceQuery("&X-Amz-Expires=300", ""),
			status: 400,
			code:   "AuthorizationQueryParametersError",
		},
		{
			name: "no query",
			change: func(r *http.Request) {
				r.URL.RawQuery = ""
			},
			status: 403,
			code:   "AccessDenied",
		},
		{
			name:   "two signatures",
			change: setHeader("Authorization", "AWS4-HMAC-SHA256 Credential=a/b/c/d/e"),
			status: 400,
			code:   "InvalidArgument",
		},
		{
			name:   "header that ought to be signed",
			change: setHeader("X-Amz-Meta-A", "b"),
			status: 403,
			code:   "AccessDenied",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := fetchDigits(t, tt.change)
			got.assertS3Error(t, tt.status, tt.code)
			got.assertContentRange(t, "")
		})
	}
}

// A presigned URL is for one method. The response to a HEAD has no body to hold a code.
func TestURLWithAnotherMethod(t *testing.T) {
	got := fetchDigits(t, func(r *http.Request) {
		r.Method = http.MethodHead
	})
	got.assertStatus(t, http.StatusForbidden)
	got.assertContentRange(t, "")
}

func TestURLWithHeaderThatNeedsNoSignature(t *testing.T) {
	got := fetchDigits(t, setHeader("Amz-Sdk-Request", "attempt=1"))
	got.assertDigits(t)
}

func TestURLExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newDailyServer(t, completedPDF())
		uri := dailyURI(t, srv)
		advanceClock(300 * time.Second)
		fetch(t, srv, uri).assertOK(t)
		advanceClock(time.Second)
		got := fetch(t, srv, uri)
		got.assertS3Error(t, 403, "AccessDenied")
		assert.Contains(t, got.body, "<Message>Request has expired</Message>"+
			"<X-Amz-Expires>300</X-Amz-Expires>"+
			"<Expires>2000-01-01T00:05:00Z</Expires>"+
			"<ServerTime>2000-01-01T00:05:01Z</ServerTime>")
		fetch(t, srv, dailyURI(t, srv)).assertOK(t)
	})
}

// A lifetime is whole seconds on the wire, and at least what was asked for.
func TestURLLifetimeIsRoundedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newDailyServer(t, completedPDF(), func(o *snapshotjobtest.Options) {
			o.URLLifetime = 500 * time.Millisecond
		})
		uri := dailyURI(t, srv)
		advanceClock(500 * time.Millisecond)
		fetch(t, srv, uri).assertOK(t)
		advanceClock(time.Second)
		fetch(t, srv, uri).assertS3Error(t, 403, "AccessDenied")
	})
}

func TestBucketRefusesSignature(t *testing.T) {
	request := getObject(reportsURL + escapedKey)
	wrongSecret := ownKeys
	wrongSecret.SecretAccessKey = "wrong"
	unknownKey := ownKeys
	unknownKey.AccessKeyID = "AKIDOTHER"
	wrongToken := ownKeys
	wrongToken.SessionToken = "T"
	for _, tt := range []struct {
		name    string
		request signedRequest
		status  int
		code    string
	}{
		{
			name:    "wrong secret",
			request: request.by(wrongSecret),
			status:  403,
			code:    "SignatureDoesNotMatch",
		},
		{
			name:    "unknown key",
			request: request.by(unknownKey),
			status:  403,
			code:    "InvalidAccessKeyId",
		},
		{
			name:    "wrong token",
			request: request.by(wrongToken),
			status:  400,
			code:    "InvalidToken",
		},
		{
			name:    "another region",
			request: request.forRegion("eu-west-1"),
			status:  400,
			code:    "AuthorizationHeaderMalformed",
		},
		{
			name:    "another service",
			request: request.forService("quicksight"),
			status:  400,
			code:    "AuthorizationHeaderMalformed",
		},
		{
			name:    "20 minutes old",
			request: request.skewed(-20 * time.Minute),
			status:  403,
			code:    "RequestTimeTooSkewed",
		},
		{
			name:    "20 minutes ahead",
			request: request.skewed(20 * time.Minute),
			status:  403,
			code:    "RequestTimeTooSkewed",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.request.send(t, newBucketServer(t))
			got.assertS3Error(t, tt.status, tt.code)
		})
	}
}

// The bucket of QuickSight itself is open to its presigned URLs alone.
func TestServiceBucketIsClosed(t *testing.T) {
	srv := newDailyServer(t, completedPDF())
	bob := keysOf(t, srv.AddUser("bob"))
	url, _, _ := strings.Cut(dailyURI(t, srv), "?")
	for _, keys := range []aws.Credentials{ownKeys, bob} {
		got := getObject(url).by(keys).send(t, srv)
		got.assertS3Error(t, 403, "AccessDenied")
	}
}
