package snapshotjobtest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
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

// signedRequest is a request as any AWS client may send it. It is signed without this module's client, so
// that a test can do wrong what that client does right.
type signedRequest struct {
	method      string
	url         string
	body        string
	header      http.Header
	credentials aws.Credentials
	service     string
	region      string
	skew        time.Duration       // by how much the signer's clock is ahead
	prepare     func(*http.Request) // changes the request before it is signed; nil changes nothing
	tamper      func(*http.Request) // changes the request after it was signed; nil changes nothing
}

// newRequest returns a request of the server's own user to the API. A URL that is only a path belongs to
// the API's usual host.
func newRequest(method, url, body string) signedRequest {
	if strings.HasPrefix(url, "/") {
		url = apiURL + url
	}
	return signedRequest{
		method:      method,
		url:         url,
		body:        body,
		header:      http.Header{},
		credentials: ownKeys,
		service:     "quicksight",
		region:      "us-east-1",
	}
}

// get returns a GET of the server's own user.
func get(url string) signedRequest {
	return newRequest(http.MethodGet, url, "")
}

// post returns a POST of the server's own user.
func post(url, body string) signedRequest {
	return newRequest(http.MethodPost, url, body)
}

// getObject returns a request to S3, signed by the server's own user.
func getObject(url string) signedRequest {
	return get(url).forService("s3")
}

// dailyResult is the request that most tests of signatures send.
var dailyResult = get(dailyResultPath)

// by returns the request, signed with these credentials.
func (r signedRequest) by(credentials aws.Credentials) signedRequest {
	r.credentials = credentials
	return r
}

// forService returns the request, signed for another service.
func (r signedRequest) forService(service string) signedRequest {
	r.service = service
	return r
}

// forRegion returns the request, signed for another region.
func (r signedRequest) forRegion(region string) signedRequest {
	r.region = region
	return r
}

// withHeader returns the request with one more header, which is signed too.
func (r signedRequest) withHeader(name, value string) signedRequest {
	r.header = r.header.Clone()
	r.header.Set(name, value)
	return r
}

// skewed returns the request, signed by a clock that is ahead by d.
func (r signedRequest) skewed(d time.Duration) signedRequest {
	r.skew = d
	return r
}

// tampered returns the request with a change that is made after it was signed.
func (r signedRequest) tampered(change func(*http.Request)) signedRequest {
	r.tamper = change
	return r
}

// prepared returns the request with a change that is made before it is signed.
func (r signedRequest) prepared(change func(*http.Request)) signedRequest {
	r.prepare = change
	return r
}

// sign returns the request in the form that net/http sends.
func (r signedRequest) sign(t *testing.T) *http.Request {
	t.Helper()
	body := strings.NewReader(r.body)
	req, err := http.NewRequestWithContext(t.Context(), r.method, r.url, body)
	require.NoError(t, err)
	req.Header = r.header.Clone()
	hash := sha256Of(r.body)
	if r.service == "s3" {
		req.Header.Set("X-Amz-Content-Sha256", hash)
	}
	if r.prepare != nil {
		r.prepare(req)
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) {
		o.DisableURIPathEscaping = r.service == "s3"
	})
	now := time.Now().Add(r.skew)
	err = signer.SignHTTP(t.Context(), r.credentials, req, hash, r.service, r.region, now)
	require.NoError(t, err)
	if r.tamper != nil {
		r.tamper(req)
	}
	return req
}

// send signs the request, sends it and reads the response to its end.
func (r signedRequest) send(t *testing.T, srv *snapshotjobtest.Server) response {
	t.Helper()
	return do(t, srv.HTTPClient(), r.sign(t))
}

// sendToSocket sends the request to the server's socket, whatever the URL of the request is. The server
// sees the host that was signed.
func (r signedRequest) sendToSocket(t *testing.T, srv *snapshotjobtest.Server) response {
	t.Helper()
	return do(t, srv.HTTPClient(), toSocket(t, srv, r.sign(t)))
}

// toSocket returns the request, redirected to the server's socket. Its Host header stays as it is.
func toSocket(t *testing.T, srv *snapshotjobtest.Server, req *http.Request) *http.Request {
	t.Helper()
	socket, err := url.Parse(srv.URL())
	require.NoError(t, err)
	req.URL.Scheme = socket.Scheme
	req.URL.Host = socket.Host
	return req
}

// sha256Of returns the hash of a body, as a signature needs it.
func sha256Of(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

// setHeader returns a change of a request, for fetch and tampered.
func setHeader(name, value string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set(name, value)
	}
}

// addHeader returns a change of a request, for fetch and tampered. A header of the name stays as it is.
func addHeader(name, value string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Add(name, value)
	}
}

// doubleHeader returns a change of a request, for tampered: it sends a header twice.
func doubleHeader(name string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Add(name, r.Header.Get(name))
	}
}

// editHeader returns a change of a request, for tampered: it replaces a part of a header. It panics if there
// is no such part, since a test would then send what it did not mean to.
func editHeader(name, part, with string) func(*http.Request) {
	return func(r *http.Request) {
		old := r.Header.Get(name)
		if !strings.Contains(old, part) {
			panic(fmt.Sprintf("the header %s is %q, without %q", name, old, part))
		}
		r.Header.Set(name, strings.Replace(old, part, with, 1))
	}
}

// editAuthorization is editHeader for Authorization.
func editAuthorization(part, with string) func(*http.Request) {
	return editHeader("Authorization", part, with)
}

// doubleElement returns a change of a request, for tampered: it repeats an element of Authorization, such as
// "Signature", in the same header.
func doubleElement(name string) func(*http.Request) {
	return func(r *http.Request) {
		old := r.Header.Get("Authorization")
		_, found, _ := strings.Cut(old, name+"=")
		value, _, _ := strings.Cut(found, ",")
		r.Header.Set("Authorization", old+", "+name+"="+value)
	}
}

// addQuery returns a change of a request: it appends to the query.
func addQuery(text string) func(*http.Request) {
	return func(r *http.Request) {
		if r.URL.RawQuery != "" {
			r.URL.RawQuery += "&"
		}
		r.URL.RawQuery += text
	}
}

// deleteHeader returns a change of a request, for fetch and tampered.
func deleteHeader(name string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Del(name) }
}

// unsignedGet returns a GET without a signature of its own, as for a presigned URL, after these changes.
func unsignedGet(t *testing.T, url string, changes ...func(*http.Request)) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	for _, change := range changes {
		change(req)
	}
	return req
}

// fetch sends a GET without a signature of its own, and reads the response to its end.
func fetch(
	t *testing.T,
	srv *snapshotjobtest.Server,
	url string,
	changes ...func(*http.Request),
) response {
	t.Helper()
	return do(t, srv.HTTPClient(), unsignedGet(t, url, changes...))
}

// do sends the request as it stands, and reads the response to its end.
func do(t *testing.T, client *http.Client, req *http.Request) response {
	t.Helper()
	resp, err := client.Do(req)
	require.NoError(t, err)
	return readResponse(resp)
}

// response is a response that was read to its end.
type response struct {
	status        int
	header        http.Header
	contentLength int64
	body          string
	bodyErr       error // why reading the body failed; nil if it did not
}

// readResponse reads and closes the body of a response.
func readResponse(resp *http.Response) response {
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return response{
		status:        resp.StatusCode,
		header:        resp.Header,
		contentLength: resp.ContentLength,
		body:          string(body),
		bodyErr:       err,
	}
}

// requestID returns the request id in the header of a response of the API.
func (r response) requestID() string {
	return r.header.Get("X-Amzn-Requestid")
}

// assertStatus checks the status, and shows the body if it is another one.
func (r response) assertStatus(t *testing.T, want int) {
	t.Helper()
	assert.Equal(t, want, r.status, "status; the body is %.300s", r.body)
}

// assertOK checks that the response, be it of the API or of S3, is a success.
func (r response) assertOK(t *testing.T) {
	t.Helper()
	r.assertStatus(t, http.StatusOK)
}

// assertError checks that the response is the given error of the API, and is well formed.
func (r response) assertError(t *testing.T, status int, code string) {
	t.Helper()
	r.assertStatus(t, status)
	assert.Equal(t, code, r.header.Get("X-Amzn-Errortype"), "code")
	r.assertErrorBody(t)
}

// assertErrorBody checks that the body is that of an error of the API: a message and the request id of
// the header, and nothing else.
func (r response) assertErrorBody(t *testing.T) {
	t.Helper()
	var body struct {
		Message   string
		RequestID string `json:"RequestId"`
	}
	decoder := json.NewDecoder(strings.NewReader(r.body))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&body)
	assert.NoError(t, err, "the body of status %d is %q", r.status, r.body)
	assert.NotEmpty(t, body.Message)
	assert.NotEmpty(t, r.requestID())
	assert.Equal(t, r.requestID(), body.RequestID)
	assert.Equal(t, "application/json", r.header.Get("Content-Type"))
}

// assertS3Error checks that the response is the given error of S3.
func (r response) assertS3Error(t *testing.T, status int, code string) {
	t.Helper()
	r.assertStatus(t, status)
	_, afterCode, _ := strings.Cut(r.body, "<Error><Code>")
	got, _, _ := strings.Cut(afterCode, "</Code>")
	assert.Equal(t, code, got, "S3's code")
}

// assertPrefix checks how a text begins.
func assertPrefix(t *testing.T, want, text string) {
	t.Helper()
	assert.True(t, strings.HasPrefix(text, want), "got %q, want it to begin with %q", text, want)
}

// assertBody checks the body, byte for byte.
func (r response) assertBody(t *testing.T, want string) {
	t.Helper()
	if r.body != want {
		t.Errorf("got  %s\nwant %s", r.body, want)
	}
}

// assertContentRange checks which part of a file the response is, or that it is none.
func (r response) assertContentRange(t *testing.T, want string) {
	t.Helper()
	assert.Equal(t, want, r.header.Get("Content-Range"), "Content-Range")
}

// assertDigits checks that the response is the whole file digits.
func (r response) assertDigits(t *testing.T) {
	t.Helper()
	r.assertOK(t)
	r.assertContentRange(t, "")
	assert.Equal(t, digits, r.body)
}

// unmarshal reads the body, which must be JSON.
func (r response) unmarshal(t *testing.T, into any) {
	t.Helper()
	err := json.Unmarshal([]byte(r.body), into)
	require.NoError(t, err, "the body is %.200q", r.body)
}

// object returns the body as a JSON object of unknown shape.
func (r response) object(t *testing.T) map[string]any {
	t.Helper()
	var object map[string]any
	r.unmarshal(t, &object)
	return object
}

// uris returns the URIs of all the files of a job's result, in their order.
func (r response) uris(t *testing.T) []string {
	t.Helper()
	type user struct {
		FileGroups []struct {
			S3Results []struct {
				URI string `json:"S3Uri"`
			}
		}
	}
	var body struct {
		Result struct {
			AnonymousUsers  []user
			RegisteredUsers []user
		}
	}
	r.unmarshal(t, &body)
	users := append(body.Result.AnonymousUsers, body.Result.RegisteredUsers...)
	var uris []string
	for _, user := range users {
		for _, group := range user.FileGroups {
			for _, result := range group.S3Results {
				if result.URI != "" {
					uris = append(uris, result.URI)
				}
			}
		}
	}
	return uris
}
