package snapshotjobtest_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// reportsFile is the request for the file of newBucketServer.
var reportsFile = getObject(reportsURL + escapedKey)

// signedHeadersOfFile are the headers that reportsFile signs.
const signedHeadersOfFile = "SignedHeaders=host;x-amz-content-sha256;x-amz-date"

// assertFileRefused checks that a bucket refuses each change of a good request with this error, in memory and
// over a socket.
func assertFileRefused(t *testing.T, status int, code string, changes map[string]func(*http.Request)) {
	t.Helper()
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			srv := newBucketServer(t)
			srv.Start()
			request := reportsFile.tampered(change)
			inMemory := do(t, &http.Client{Transport: srv.Transport()}, request.sign(t))
			inMemory.assertS3Error(t, status, code)
			overSocket := request.sendToSocket(t, srv)
			overSocket.assertS3Error(t, status, code)
		})
	}
}

func TestUntamperedFileIsReadOverSocket(t *testing.T) {
	srv := newBucketServer(t)
	srv.Start()
	reportsFile.sendToSocket(t, srv).assertOK(t)
}

// signingHeaders returns a change of reportsFile: it says that these headers are signed.
func signingHeaders(names string) func(*http.Request) {
	return editAuthorization(signedHeadersOfFile, "SignedHeaders="+names)
}

func TestBucketWantsCanonicalListOfSignedHeaders(t *testing.T) {
	assertFileRefused(t, 403, "SignatureDoesNotMatch", map[string]func(*http.Request){
		"out of order": signingHeaders("x-amz-date;x-amz-content-sha256;host"),
		"repeated":     signingHeaders("host;host;x-amz-content-sha256;x-amz-date"),
		"upper case":   signingHeaders("Host;X-Amz-Content-Sha256;X-Amz-Date"),
		"absent":       signingHeaders("host;x-absent;x-amz-content-sha256;x-amz-date"),
		"empty name":   signingHeaders("host;;x-amz-content-sha256;x-amz-date"),
	})
}

func TestBucketWantsSignedHeaders(t *testing.T) {
	assertFileRefused(t, 403, "AccessDenied", map[string]func(*http.Request){
		"host":          signingHeaders("x-amz-content-sha256;x-amz-date"),
		"hash":          signingHeaders("host;x-amz-date"),
		"date":          signingHeaders("host;x-amz-content-sha256"),
		"x-amz-* added": setHeader("X-Amz-Checksum-Mode", "ENABLED"),
	})
}

// The error names a header, the same one each time.
func TestBucketNamesFirstUnsignedHeader(t *testing.T) {
	addMany := func(r *http.Request) {
		for _, name := range []string{"X-Amz-D", "X-Amz-A", "X-Amz-C", "X-Amz-B"} {
			r.Header.Set(name, "a")
		}
	}
	const want = "<Message>There were headers present in the request which were not signed</Message>" +
		"<HeadersNotSigned>x-amz-a</HeadersNotSigned>"
	got := reportsFile.tampered(addMany).send(t, newBucketServer(t))
	assert.Contains(t, got.body, want)
	got = fetchDigits(t, addMany)
	assert.Contains(t, got.body, want)
}

func TestBucketNeedsNoSignatureOfOtherHeaders(t *testing.T) {
	for _, name := range []string{"Accept-Encoding", "If-Match", "X-Amzn-Trace-Id", "Content-Type"} {
		got := reportsFile.tampered(setHeader(name, "*")).send(t, newBucketServer(t))
		got.assertOK(t)
	}
	got := reportsFile.tampered(setHeader("Range", "bytes=0-0")).send(t, newBucketServer(t))
	got.assertStatus(t, http.StatusPartialContent)
}

// newTokenBucketServer is newBucketServer for a user with a session token, whose credentials it returns.
func newTokenBucketServer(t *testing.T) (*snapshotjobtest.Server, aws.Credentials) {
	t.Helper()
	srv, keys := newTokenServer(t)
	srv.AddJob(daily, inReports(snapshotjobtest.Completed(snapshotjobtest.CSV("s +ü", "v"))))
	return srv, keys
}

func TestBucketAcceptsSignedToken(t *testing.T) {
	srv, keys := newTokenBucketServer(t)
	reportsFile.by(keys).send(t, srv).assertOK(t)
}

func TestBucketWantsSignedToken(t *testing.T) {
	srv, keys := newTokenBucketServer(t)
	addToken := setHeader("X-Amz-Security-Token", keys.SessionToken)
	got := reportsFile.by(ownKeys).tampered(addToken).send(t, srv)
	got.assertS3Error(t, 403, "AccessDenied")
	assert.Contains(t, got.body, "<HeadersNotSigned>x-amz-security-token</HeadersNotSigned>")
}

func TestBucketRefusesDoubledToken(t *testing.T) {
	srv, keys := newTokenBucketServer(t)
	request := reportsFile.prepared(func(r *http.Request) {
		r.Header.Add("X-Amz-Security-Token", keys.SessionToken)
		r.Header.Add("X-Amz-Security-Token", keys.SessionToken)
	})
	got := request.send(t, srv)
	got.assertS3Error(t, 400, "InvalidToken")
}

func TestBucketRefusesMalformedAuthorization(t *testing.T) {
	assertFileRefused(t, 400, "AuthorizationHeaderMalformed", map[string]func(*http.Request){
		"header twice":         doubleHeader("Authorization"),
		"Credential twice":     doubleElement("Credential"),
		"SignedHeaders twice":  doubleElement("SignedHeaders"),
		"Signature twice":      doubleElement("Signature"),
		"unknown element":      editAuthorization("Credential=", "Other=a, Credential="),
		"element without =":    editAuthorization("Credential=", "Other, Credential="),
		"Credential too short": editAuthorization("/s3/aws4_request", "/s3"),
	})
}

func TestBucketRefusesMalformedDate(t *testing.T) {
	assertFileRefused(t, 403, "AccessDenied", map[string]func(*http.Request){
		"header twice": doubleHeader("X-Amz-Date"),
		"fraction":     editHeader("X-Amz-Date", "Z", ".5Z"),
		"none":         deleteHeader("X-Amz-Date"),
	})
}

// A scope has the day of the request, written out. A bubble's clock begins with the year 2000.
func TestBucketRefusesDateOfScope(t *testing.T) {
	const wrong = "The authorization header is malformed; "
	const format = `This date in the credential must be in the format "yyyyMMdd".`
	for scope, want := range map[string]string{
		"19991231":  `Invalid credential date "19991231". This date is not the same as X-Amz-Date: "20000101".`,
		"2000":      `incorrect date format "2000". ` + format,
		"":          `incorrect date format "". ` + format,
		"200001010": `incorrect date format "200001010". ` + format,
	} {
		runInBubble(t, "scope "+scope, func(t *testing.T) {
			toScope := editAuthorization("/20000101/", "/"+scope+"/")
			got := reportsFile.tampered(toScope).send(t, newBucketServer(t))
			got.assertS3Error(t, 400, "AuthorizationHeaderMalformed")
			assert.Contains(t, unescapeXML(got.body), "<Message>"+wrong+want+"</Message>")
		})
	}
}

// unescapeXML returns a document with the quotes of its texts as they are.
func unescapeXML(document string) string {
	return strings.ReplaceAll(document, "&#34;", `"`)
}

func TestBucketRefusesAuthorizationInHeaderAndQuery(t *testing.T) {
	for _, name := range append([]string{"Signature"}, signatureParameters...) {
		got := getObject(reportsURL+escapedKey+"?"+name+"=a").send(t, newBucketServer(t))
		got.assertS3Error(t, 400, "InvalidArgument")
	}
	emptyHeader := func(r *http.Request) {
		r.Header["Authorization"] = []string{""}
	}
	fetchDigits(t, emptyHeader).assertS3Error(t, 400, "InvalidArgument")
}

// addedQueries are changes of a request, by name: each adds to the query what was not signed.
var addedQueries = map[string]func(*http.Request){
	"semicolon":  addQuery("a;b=c"),
	"bad escape": addQuery("a=%zz"),
	"parameter":  addQuery("versionId=1"),
}

func TestBucketRefusesAddedQuery(t *testing.T) {
	assertFileRefused(t, 403, "SignatureDoesNotMatch", addedQueries)
}

func TestBucketRefusesDoubledHash(t *testing.T) {
	request := reportsFile.prepared(doubleHeader("X-Amz-Content-Sha256"))
	got := request.send(t, newBucketServer(t))
	got.assertS3Error(t, 403, "SignatureDoesNotMatch")
}

// The hash is that of the whole body, however long.
func TestBucketRefusesHashOfPartOfBody(t *testing.T) {
	for _, hashed := range []int{1, 1 << 20, 1<<20 + 1} {
		body := strings.Repeat("a", hashed)
		request := newRequest(http.MethodGet, reportsURL+escapedKey, body).forService("s3")
		got := request.tampered(func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(body + "b"))
		}).send(t, newBucketServer(t))
		got.assertS3Error(t, 400, "XAmzContentSHA256Mismatch")
	}
}

// S3 signs the path in one form, whatever form it was sent in.
func TestBucketPathIsSignedInCanonicalForm(t *testing.T) {
	const rawPath = "/p/111122223333/sales/daily/1-s%20+%C3%BC-v.csv"
	toRaw := func(r *http.Request) {
		r.URL.RawPath = rawPath
	}
	got := reportsFile.tampered(toRaw).send(t, newBucketServer(t))
	got.assertOK(t)
	got = reportsFile.prepared(toRaw).send(t, newBucketServer(t))
	got.assertS3Error(t, 403, "SignatureDoesNotMatch")
}

// presign returns a URL for the file of newBucketServer that the server's own user has signed. The query is
// part of it, without X-Amz-Expires.
func presign(t *testing.T, query string) string {
	t.Helper()
	req := unsignedGet(t, reportsURL+escapedKey+"?"+query)
	setOptions := func(o *v4.SignerOptions) {
		o.DisableURIPathEscaping = true
	}
	uri, _, err := v4.NewSigner().PresignHTTP(t.Context(), ownKeys, req, "UNSIGNED-PAYLOAD",
		"s3", "us-east-1", time.Now(), setOptions)
	require.NoError(t, err)
	return uri
}

func TestURLOfUser(t *testing.T) {
	for _, seconds := range []string{"1", "604800"} {
		srv := newBucketServer(t)
		fetch(t, srv, presign(t, "X-Amz-Expires="+seconds)).assertOK(t)
	}
}

// X-Amz-Expires is a number of seconds from 1 to 604,800, which is a week.
func TestURLWithRefusedLifetime(t *testing.T) {
	for _, seconds := range []string{"0", "-1", "%2B300", "0300", "300.0", "604801", "", "a"} {
		srv := newBucketServer(t)
		got := fetch(t, srv, presign(t, "X-Amz-Expires="+seconds))
		got.assertS3Error(t, 400, "AuthorizationQueryParametersError")
	}
}

// assertURLRefused checks that a bucket refuses each change of a presigned URL with this error, in memory and
// over a socket.
func assertURLRefused(t *testing.T, status int, code string, changes map[string]func(*http.Request)) {
	t.Helper()
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			srv := newBucketServer(t)
			uri := presign(t, "X-Amz-Expires=300")
			fetch(t, srv, uri, change).assertS3Error(t, status, code)
			srv.Start()
			req := unsignedGet(t, uri, change)
			overSocket := do(t, srv.HTTPClient(), toSocket(t, srv, req))
			overSocket.assertS3Error(t, status, code)
		})
	}
}

func TestURLWithChangedSignedHeaders(t *testing.T) {
	list := func(names string) func(*http.Request) {
		return replaceQuery("SignedHeaders=host", "SignedHeaders="+names)
	}
	assertURLRefused(t, 403, "SignatureDoesNotMatch", map[string]func(*http.Request){
		"repeated":   list("host%3Bhost"),
		"upper case": list("Host"),
		"absent":     list("host%3Bx-absent"),
		"empty name": list("host%3B"),
		"present":    list("host%3Buser-agent"),
	})
}

func TestURLWithoutSignedHost(t *testing.T) {
	assertURLRefused(t, 403, "AccessDenied", map[string]func(*http.Request){
		"none":    replaceQuery("SignedHeaders=host", "SignedHeaders="),
		"another": replaceQuery("SignedHeaders=host", "SignedHeaders=range"),
	})
}

// doubleQuery returns a change of a URL: it repeats a parameter of the query.
func doubleQuery(name string) func(*http.Request) {
	return func(r *http.Request) {
		value := r.URL.Query().Get(name)
		addQuery(name + "=" + url.QueryEscape(value))(r)
	}
}

func TestURLWithDoubledParameter(t *testing.T) {
	changes := map[string]func(*http.Request){}
	for _, name := range []string{
		"X-Amz-Algorithm",
		"X-Amz-Credential",
		"X-Amz-Date",
		"X-Amz-Expires",
		"X-Amz-Signature",
		"X-Amz-SignedHeaders",
	} {
		changes[name] = doubleQuery(name)
	}
	assertURLRefused(t, 400, "AuthorizationQueryParametersError", changes)
}

func TestURLOfServiceWithDoubledToken(t *testing.T) {
	got := fetchDigits(t, doubleQuery("X-Amz-Security-Token"))
	got.assertS3Error(t, 400, "AuthorizationQueryParametersError")
}

func TestURLWithoutParameter(t *testing.T) {
	changes := map[string]func(*http.Request){}
	for _, name := range []string{
		"X-Amz-Algorithm",
		"X-Amz-Credential",
		"X-Amz-Date",
		"X-Amz-Expires",
		"X-Amz-SignedHeaders",
	} {
		changes[name] = replaceQuery(name, "a")
	}
	assertURLRefused(t, 400, "AuthorizationQueryParametersError", changes)
}

// editScope returns a change of a URL: it replaces a part of X-Amz-Credential, such as the third one, the
// region.
func editScope(index int, with string) func(*http.Request) {
	return func(r *http.Request) {
		query := r.URL.Query()
		parts := strings.Split(query.Get("X-Amz-Credential"), "/")
		parts[index] = with
		query.Set("X-Amz-Credential", strings.Join(parts, "/"))
		r.URL.RawQuery = query.Encode()
	}
}

// The error for the scope of a URL is another one than that for the scope of a header.
func TestURLWithWrongScope(t *testing.T) {
	assertURLRefused(t, 400, "AuthorizationQueryParametersError", map[string]func(*http.Request){
		"date":       editScope(1, "20000101"),
		"short date": editScope(1, "2000"),
		"region":     editScope(2, "eu-west-1"),
		"service":    editScope(3, "quicksight"),
		"terminator": editScope(4, "aws5_request"),
		"parts":      editScope(4, "aws4_request/a"),
	})
}

func TestURLWithAddedQuery(t *testing.T) {
	assertURLRefused(t, 403, "SignatureDoesNotMatch", addedQueries)
}
