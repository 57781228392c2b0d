package snapshotjob

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shownOfABody is how many bytes of a body an error shows.
const shownOfABody = 256

// echo is a transport that sends secrets back. In its header and body these words
// stand for others: ALL for the whole request, TOKEN and SIGNATURE for its parts,
// SECRET for the secret key, and PRESIGNED for a presigned URL.
type echo struct {
	status      int
	contentType string
	body        string
}

func (e echo) RoundTrip(req *http.Request) (*http.Response, error) {
	var wire strings.Builder
	if err := req.Write(&wire); err != nil {
		panic(err) // A strings.Builder takes everything.
	}
	secrets := strings.NewReplacer(
		"ALL", jsonEscape(wire.String()),
		"TOKEN", req.Header.Get("X-Amz-Security-Token"),
		"SIGNATURE", signatureOf(req),
		"SECRET", exampleSecret,
		"PRESIGNED", string(presigned),
	)
	return mockResponse{
		status: e.status,
		header: map[string]string{
			"Content-Type":     secrets.Replace(e.contentType),
			"X-Amzn-Requestid": "R1",
		},
		body: secrets.Replace(e.body),
	}.response()
}

func jsonEscape(text string) string {
	return strings.NewReplacer("\r", `\r`, "\n", `\n`, `"`, `\"`).Replace(text)
}

func signatureOf(req *http.Request) string {
	_, signature, _ := strings.Cut(req.Header.Get("Authorization"), "Signature=")
	return signature
}

func breakConnection(req *http.Request) (*http.Response, error) {
	return nil, &url.Error{
		Op:  "Get",
		URL: req.URL.String() + "?X-Amz-Signature=" + signatureOf(req),
		Err: errors.New("connection reset by peer"),
	}
}

func echoHTML(status int, body string) echo {
	return echo{status: status, contentType: "text/html", body: body}
}

func echoJSON(status int, body string) echo {
	return echo{status: status, contentType: "application/json", body: body}
}

func echoPlain(status int, body string) echo {
	return echo{status: status, contentType: "text/plain", body: body}
}

// signedString is the service's message about a wrong signature.
const signedString = `The request signature we calculated does not match the signature you provided. ` +
	`The Canonical String for this request should have been 'GET\nx-amz-security-token:TOKEN\n' ` +
	`Signature=SIGNATURE SECRET`

// leaks are transports that fail a call with an error that might hold secrets.
var leaks = map[string]http.RoundTripper{
	"a broken connection": transportFunc(breakConnection),
	"the context":         transportFunc(hangBeforeHeaders),

	"the request in HTML":              echoHTML(403, "<html><pre>ALL</pre></html>"),
	"the request in HTML, after a 200": echoHTML(200, "<html><pre>ALL</pre></html>"),
	"the request in JSON":              echoJSON(403, `{"Message":"ALL"}`),
	"the request in JSON, cut off":     echoJSON(403, `{"Message":"ALL`),

	"secrets in a code":            echoJSON(403, `{"code":"SECRET TOKEN","message":"m"}`),
	"secrets at the snippet's end": echoPlain(200, strings.Repeat("x", shownOfABody-4)+"TOKEN SECRET"),
	"a string to sign, plain":      echoPlain(403, signedString),
	"a string to sign": echoJSON(403,
		`{"__type":"InvalidSignatureException","message":"`+signedString+`"}`),

	"a presigned URL in a 200":     echoPlain(200, "see PRESIGNED"),
	"a presigned URL in a message": echoJSON(500, `{"Message":"see PRESIGNED for more"}`),
	"a presigned URL for a time":   echoJSON(200, `{"CreatedTime":"PRESIGNED"}`),
	"a presigned URL for a number": echoJSON(200, `{"CreatedTime":PRESIGNED}`),
	"a presigned URL for a list": echoJSON(200,
		`{"JobStatus":"COMPLETED","Result":{"AnonymousUsers":"PRESIGNED"}}`),
	"a presigned URL for a key": echoJSON(200,
		`{"Result":{"AnonymousUsers":[{"PRESIGNED":1,"FileGroups":7}]}}`),
	"user info in HTML":      echoHTML(502, "<a href='https://bob:hunter2@proxy/'>"),
	"user info in a message": echoJSON(500, `{"Message":"see https://hunter2@proxy"}`),
	"user info, after a 200": echoPlain(200, "see https://bob:hunter2@proxy"),
	"a presigned URL, cut off": echoJSON(200,
		`{"Result":{"AnonymousUsers":[{"FileGroups":[{"S3Results":[{"S3Uri":"PRESIGNED`),
	"a presigned URL for a content type": echo{
		status:      200,
		contentType: "PRESIGNED?X-Amz-Signature=SECRET",
		body:        "x",
	},
}

// leakingCall makes a call that fails, over one of leaks. It returns the last request
// and the error.
func leakingCall(t *testing.T, leak http.RoundTripper, logger *slog.Logger) (*http.Request, error) {
	t.Helper()
	var last *http.Request
	o := options(transportFunc(func(req *http.Request) (*http.Response, error) {
		last = req
		return leak.RoundTrip(req)
	}))
	o.Logger = logger
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := New(o).DescribeDashboardSnapshotJobResult(ctx, exampleJob)
	require.Error(t, err)
	require.NotNil(t, last)
	return last, err
}

// checkNoSecret checks that a text shows no secret of a call, and nothing of the URL
// that leaks send back.
func checkNoSecret(t *testing.T, text string, req *http.Request) {
	t.Helper()
	secrets := []string{
		exampleSecret,
		exampleToken,
		exampleKeyID + "/",
		signatureOf(req),
		"X-Amz-Signature=0",
		"0123SECRET4567",
		"hunter2",
	}
	for _, secret := range secrets {
		assert.NotContains(t, text, secret)
	}
}

func TestNoErrorHoldsASecret(t *testing.T) {
	for name, leak := range leaks {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				req, err := leakingCall(t, leak, nil)
				for _, e := range chain(err) {
					for _, text := range printed(e) {
						checkNoSecret(t, text, req)
					}
				}
			})
		})
	}
}

// chain is an error and all errors behind it.
func chain(err error) []error {
	if err == nil {
		return nil
	}
	all := []error{err}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		all = append(all, chain(e.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, next := range e.Unwrap() {
			all = append(all, chain(next)...)
		}
	}
	return all
}

// printed is all that can be printed of an error, and of what it points to.
func printed(err error) []string {
	texts := []string{
		err.Error(),
		fmt.Sprintf("%v", err),
		fmt.Sprintf("%+v", err),
		fmt.Sprintf("%#v", err),
		fmt.Sprintf("%q", err),
	}
	pointer := reflect.ValueOf(err)
	if pointer.Kind() == reflect.Pointer && !pointer.IsNil() && pointer.Elem().CanInterface() {
		value := pointer.Elem().Interface()
		texts = append(texts, fmt.Sprintf("%+v", value), fmt.Sprintf("%#v", value))
	}
	return texts
}

// debugLogger is a logger that writes all records as text, without their time.
func debugLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, attr slog.Attr) slog.Attr {
			if attr.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return attr
		},
	}))
}

func TestNoLogHoldsASecret(t *testing.T) {
	for name, leak := range leaks {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				handler := slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})
				req, _ := leakingCall(t, leak, slog.New(handler))
				assert.Contains(t, log.String(), `"msg":"attempt"`)
				checkNoSecret(t, log.String(), req)
			})
		})
	}
}

func TestSilentWithoutLogger(t *testing.T) {
	o := options(responses(mockResponse{status: 500}, completed))
	require.Nil(t, o.Logger)
	_, err := describe(t, o)
	assert.NoError(t, err)
}

func TestLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := responses(
			mockResponse{err: errors.New("connection reset by peer")},
			exceptionResponse(503, "ServiceUnavailable"),
			completed,
		)
		o := options(transportFunc(func(req *http.Request) (*http.Response, error) {
			<-time.After(10 * time.Millisecond)
			return sent.RoundTrip(req)
		}))
		o.Retryer = retry.NewStandard(pauseOf(time.Second))
		var log strings.Builder
		o.Logger = debugLogger(&log)
		_, err := describe(t, o)
		require.NoError(t, err)

		const common = "operation=DescribeDashboardSnapshotJobResult job=111122223333/dash/job "
		const timing = "duration=10ms skew=0s "
		want := []string{
			"level=DEBUG msg=attempt " + common + "attempt=1 " + timing +
				`error="https response error StatusCode: 0, RequestID: , ` +
				`request send failed, connection reset by peer"`,
			"level=DEBUG msg=retry " + common + "attempt=1 decision=yes delay=1s",
			"level=DEBUG msg=attempt " + common + "attempt=2 " + timing + "status=503 requestID=R1 " +
				`error="https response error StatusCode: 503, RequestID: R1, ` +
				`api error ServiceUnavailable: m"`,
			"level=DEBUG msg=retry " + common + "attempt=2 decision=yes delay=1s",
			"level=DEBUG msg=attempt " + common + "attempt=3 " + timing + `status=200 requestID=""`,
		}
		assert.Equal(t, want, strings.Split(strings.TrimSpace(log.String()), "\n"))
	})
}

// decision is what a client decides after its first attempt.
type decision struct {
	name      string
	responses []mockResponse
	want      string
}

var decisions = []decision{
	{
		name:      "final",
		responses: []mockResponse{{status: 404}},
		want:      "no: the error is final",
	},
	{
		name:      "last attempt",
		responses: []mockResponse{{status: 500}},
		want:      "no: that was the last attempt",
	},
	{
		name:      "fresh credentials",
		responses: []mockResponse{exceptionResponse(403, "ExpiredToken"), completed},
		want:      "again with fresh credentials",
	},
}

// options are those of a client whose credentials can be fresh.
func (d decision) options(logger *slog.Logger) Options {
	asked := 0
	o := options(responses(d.responses...))
	o.Credentials = cacheOf(&asked)
	o.Logger = logger
	return o
}

func TestLogOfDecisions(t *testing.T) {
	for _, tt := range decisions {
		t.Run(tt.name, func(t *testing.T) {
			var log strings.Builder
			describe(t, tt.options(debugLogger(&log)))
			assert.Contains(t, log.String(), `decision="`+tt.want+`"`)
		})
	}
}

func TestLogAboveTheDebugLevelIsEmpty(t *testing.T) {
	for _, tt := range decisions {
		t.Run(tt.name, func(t *testing.T) {
			var log strings.Builder
			describe(t, tt.options(slog.New(slog.NewTextHandler(&log, nil))))
			assert.Empty(t, log.String())
		})
	}
}

// messageOf makes a call with a session token and returns the message of the error
// that comes of the response.
func messageOf(t *testing.T, sessionToken, body string) string {
	t.Helper()
	o := options(responses(mockResponse{status: 400, body: body}))
	o.Credentials = staticCredentials{
		AccessKeyID:     exampleKeyID,
		SecretAccessKey: exampleSecret,
		SessionToken:    sessionToken,
	}
	_, err := describe(t, o)
	var api smithy.APIError
	require.ErrorAs(t, err, &api)
	return api.ErrorMessage()
}

// What a server sends back of a request may be escaped, quoted or cut.
// hexDigits have the length of a signature.
var hexDigits = strings.Repeat("0123456789abcdef", 4)

func TestRedactedMessages(t *testing.T) {
	const sessionToken = "IQoJb3JpZ2luX2VjE/abcdefghij+klmnopqrst=="
	tests := []struct{ name, message, want string }{
		{
			name:    "query in JSON",
			message: `https:\/\/b\/k?X-Amz-Signature\u003dXXX`,
			want:    `https:\/\/b\/k?REDACTED`,
		},
		{
			name:    "query behind an escape",
			message: `k\u003fX-Amz-Signature\u003dXXX`,
			want:    `k\u003fX-Amz-Signature\REDACTED`,
		},
		{
			name:    "URL in a query",
			message: `/login?next=https%3A%2F%2Fb%2Fk%3FX-Amz-Signature%3DXXX now`,
			want:    `/login?REDACTED now`,
		},
		{
			name:    "URL in a form",
			message: `next=https%3A%2F%2Fb%2Fk%3FX-Amz-Signature%3DXXX`,
			want:    `next=https%3A%2F%2Fb%2Fk%3FX-Amz-Signature%REDACTED`,
		},
		{
			name:    "token in HTML",
			message: `IQoJb3JpZ2luX2VjE&#x2F;abcdefghij&#43;klmnopqrst&#61;&#61; x`,
			want:    `REDACTED&#x2F;REDACTED&#43;REDACTED&#61;&#61; x`,
		},
		{
			name:    "token in a URL",
			message: `IQoJb3JpZ2luX2VjE%2Fabcdefghij%2Bklmnopqrst%3D%3D`,
			want:    `REDACTED%2FREDACTED%2BREDACTED%3D%3D`,
		},
		{
			name:    "signature as a member",
			message: `{"X-Amz-Signature":"XXX", "x": 1}`,
			want:    `{"X-Amz-Signature"REDACTED`,
		},
		{
			name:    "token as a header",
			message: `x-amz-security-token: XXX`,
			want:    `x-amz-security-token:REDACTED`,
		},
		{
			name:    "signature in brackets",
			message: "bad signature (XXX)",
			want:    "bad signature (REDACTED",
		},
		{
			name:    "signature in a table",
			message: "| Signature | XXX |",
			want:    "| Signature |REDACTED",
		},
		{
			name:    "another header with credentials",
			message: "Proxy-Authorization: Basic XXX",
			want:    "Proxy-Authorization:REDACTED",
		},
		{
			name:    "the word authorization",
			message: "Authorization header requires existence of a date.",
			want:    "Authorization header requires existence of a date.",
		},
		{
			name:    "token as S3 sends it back",
			message: "<Code>ExpiredToken</Code><Token-0>XXX</Token-0>",
			want:    "<Code>ExpiredToken</Code><Token-0>REDACTED",
		},
		{
			name:    "token with another name",
			message: "aws_security_token = XXX",
			want:    "aws_security_token =REDACTED",
		},
		{
			name:    "user info",
			message: `a https://bob:hunter2@host/x, b http://bob@host`,
			want:    `a https://REDACTED@host/x, b http://REDACTED@host`,
		},
		{
			name:    "user info before a query",
			message: `"https://bob:hunter2@host?q=XXX"`,
			want:    `"https://REDACTED@host?REDACTED"`,
		},
		{
			name:    "user info with an at sign and delimiters",
			message: `<https://bob:hun'@,ter2@host/x>`,
			want:    `<https://REDACTED@host/x>`,
		},
		{
			name:    "user info in JSON",
			message: `https:\/\/bob:hunter2@host\/x`,
			want:    `https:\/\/REDACTED@host\/x`,
		},
		{
			name:    "an address behind a URL",
			message: `see https://host/a@b or "https://host" and mail bob@host`,
			want:    `see https://host/a@b or "https://host" and mail bob@host`,
		},
		{
			name:    "an ARN with an address",
			message: `arn:aws:quicksight:us-east-1:111122223333:user/default/bob@example.com`,
			want:    `arn:aws:quicksight:us-east-1:111122223333:user/default/bob@example.com`,
		},
		{
			name:    "a question",
			message: "The request signature we calculated is wrong. Why? Check the key",
			want:    "The request signature we calculated is wrong. Why? Check the key",
		},
		{
			name:    "the word signature",
			message: "InvalidSignatureException: Signature expired",
			want:    "InvalidSignatureException: Signature expired",
		},
		{
			name:    "query of a URL with a line break",
			message: "https://b/k\u202e\n?q=XXX",
			want:    "https://b/k  ?REDACTED",
		},
		{
			name:    "query without an equals sign, in a URL",
			message: "https://b/k?XXX now",
			want:    "https://b/k?REDACTED now",
		},
		{
			name:    "signature in other words",
			message: "The signature we got is (" + hexDigits + ") and " + strings.ToUpper(hexDigits),
			want:    "The signature we got is (REDACTED) and REDACTED",
		},
		{
			name:    "signature in XML",
			message: "<SignatureProvided>" + hexDigits + "</SignatureProvided>",
			want:    "<SignatureProvided>REDACTED",
		},
		{
			name:    "an id of hexadecimal digits",
			message: "Dashboard Snapshot Job with id " + hexDigits + " is not found.",
			want:    "Dashboard Snapshot Job with id " + hexDigits + " is not found.",
		},
		{
			name:    "several lines",
			message: "two\r\nlines",
			want:    "two  lines",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body, err := json.Marshal(map[string]string{"Message": tt.message})
			require.NoError(t, err)
			assert.Equal(t, tt.want, messageOf(t, sessionToken, string(body)))
		})
	}
}

// A long body is shortened after its secrets are gone, so that no half of one stays.
func TestShortenedBodyHoldsNoHalfOfASecret(t *testing.T) {
	sessionToken := "IQoJ" + strings.Repeat("t", 300)
	body := "https://proxy/?" + strings.Repeat("q", 1900) + " " + strings.Repeat("a", 100) + sessionToken
	message := messageOf(t, sessionToken, body)
	assert.NotContains(t, message, "IQoJ")
	assert.LessOrEqual(t, len(message), shownOfABody+len("…"))
}

func TestLongBodyIsShortened(t *testing.T) {
	message := messageOf(t, exampleToken, strings.Repeat("x", 2*shownOfABody))
	assert.Equal(t, strings.Repeat("x", shownOfABody)+"…", message)
}

func TestFormattedClientsHideCredentials(t *testing.T) {
	o := Options{Region: "us-east-1", Credentials: exampleCredentials}
	client := New(o)
	tests := map[string]any{
		"options":         o,
		"list of options": []Options{o},
		"pointer":         &o,
		"client":          client,
	}
	for name, value := range tests {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			t.Run(name+verb, func(t *testing.T) {
				checkShowsOnlyTheRegion(t, fmt.Sprintf(verb, value))
			})
		}
	}
}

func TestLoggedClientsHideCredentials(t *testing.T) {
	o := Options{Region: "us-east-1", Credentials: exampleCredentials}
	var text, jsonLines strings.Builder
	slog.New(slog.NewTextHandler(&text, nil)).Info("m", "options", o, "client", New(o))
	slog.New(slog.NewJSONHandler(&jsonLines, nil)).Info("m", "options", o, "client", New(o))
	checkShowsOnlyTheRegion(t, text.String())
	checkShowsOnlyTheRegion(t, jsonLines.String())
}

func checkShowsOnlyTheRegion(t *testing.T, text string) {
	t.Helper()
	assert.Contains(t, text, "us-east-1")
	assert.NotContains(t, text, exampleSecret)
	assert.NotContains(t, text, exampleToken)
}

func TestMarshaledClientsHideCredentials(t *testing.T) {
	o := Options{Region: "us-east-1", Credentials: exampleCredentials}
	data, err := json.Marshal(map[string]any{"options": o, "client": New(o)})
	require.NoError(t, err)
	assert.NotContains(t, string(data), exampleSecret)
	assert.NotContains(t, string(data), exampleToken)
}

// A transport's error may tell the headers of the request, for one that traces.
func TestTransportErrorsHideTheRequest(t *testing.T) {
	o := options(transportFunc(func(req *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("traced\n%v", req.Header)
	}))
	var log strings.Builder
	o.Logger = debugLogger(&log)
	_, err := describe(t, o)
	require.ErrorContains(t, err, "traced map[")
	checkErrorText(t, err)
	for _, text := range []string{err.Error(), log.String()} {
		assert.Contains(t, text, "Authorization:REDACTED")
		assert.NotContains(t, text, "Signature=")
		assert.NotContains(t, text, exampleToken)
	}
}

func TestTextIsCutBetweenCharacters(t *testing.T) {
	assert.Equal(t, "a…", shorten("aé", 2))
}
