package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// secretLeak stands in a text that a transport tells of a request.
const secretLeak = "X-Amz-Security-Token: " + exampleToken + " Signature=0123SECRET4567"

// leakyError is an error of a transport that tells the request.
type leakyError struct {
	text string
	err  error
}

func (e *leakyError) Error() string { return e.text }
func (e *leakyError) Unwrap() error { return e.err }

// leakyValue is an error of a transport that is no pointer, so that fmt prints all of it.
type leakyValue struct {
	text string
	err  error
}

func (e leakyValue) Error() string { return e.text }
func (e leakyValue) Unwrap() error { return e.err }

// leakyErrors are errors of transports, by where the request stands in them, that all
// wrap an error of the network.
func leakyErrors(network error) map[string]error {
	leaky := &leakyError{text: secretLeak, err: network}
	return map[string]error{
		"outermost":  leaky,
		"a value":    leakyValue{text: secretLeak, err: network},
		"inside":     &leakyError{text: "broken", err: leaky},
		"in a list":  &textError{text: "broken", errs: []error{io.ErrNoProgress, leaky}},
		"joined":     errors.Join(errors.New("first"), leaky),
		"in a URL's": &url.Error{Op: "Get", URL: "https://x/?" + secretLeak, Err: leaky},
		"by fmt":     fmt.Errorf("two of them: %w, %w", io.ErrNoProgress, leaky),
	}
}

// brokenBody is a body that breaks off with an error.
type brokenBody struct{ err error }

func (b brokenBody) Read([]byte) (int, error) { return 0, b.err }
func (brokenBody) Close() error               { return nil }

// whereToFail are transports that fail a request with an error.
func whereToFail(err error) map[string]transportFunc {
	return map[string]transportFunc{
		"sending": func(*http.Request) (*http.Response, error) { return nil, err },
		"reading": func(*http.Request) (*http.Response, error) {
			resp, _ := completed.response()
			resp.Body = brokenBody{err: err}
			return resp, nil
		},
	}
}

// checkChainHides walks the chain of an error, as a logger may, and looks for secrets.
func checkChainHides(t *testing.T, err error, secrets ...string) {
	t.Helper()
	for _, link := range chain(err) {
		for _, text := range printed(link) {
			for _, secret := range secrets {
				assert.NotContains(t, text, secret, "%T", link)
			}
		}
	}
}

func TestChainKeepsNoTextOfATransport(t *testing.T) {
	network := &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	for name, leaky := range leakyErrors(network) {
		for where, transport := range whereToFail(leaky) {
			t.Run(where+", "+name, func(t *testing.T) {
				attempts := 0
				_, err := describe(t, options(transportFunc(func(req *http.Request) (*http.Response, error) {
					attempts++
					return transport(req)
				})))
				require.Error(t, err)
				checkChainHides(t, err, exampleToken, "SECRET")
				assert.ErrorIs(t, err, syscall.ECONNRESET)
				found, ok := errors.AsType[*net.OpError](err)
				require.True(t, ok)
				assert.Same(t, network, found)
				assert.Equal(t, 3, attempts, "it is tried again")
				assert.True(t, IsTransient(err))
			})
		}
	}
}

func TestChainOfACanceledCallKeepsNoTextOfATransport(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client := New(options(transportFunc(func(req *http.Request) (*http.Response, error) {
		cancel()
		return nil, &leakyError{text: secretLeak, err: req.Context().Err()}
	})))
	_, err := client.DescribeDashboardSnapshotJob(ctx, exampleJob)
	assert.ErrorIs(t, err, context.Canceled)
	checkChainHides(t, err, exampleToken, "SECRET")
}

func TestChainKeepsNoTextOfABody(t *testing.T) {
	bodies := []string{
		`{"CreatedTime":"Signature=SECRET ` + exampleToken + `"}`,
		`{"JobStatus":["Signature=SECRET ` + exampleToken + `"]}`,
		`{"Result":{"Signature=SECRET` + exampleToken + `":1,"AnonymousUsers":7}}`,
		`{"Signature=SECRET ` + exampleToken + `":<}`,
		`<html>Signature=SECRET ` + exampleToken,
	}
	for _, body := range bodies {
		_, err := describe(t, options(responses(mockResponse{status: 200, body: body})))
		require.Error(t, err)
		checkChainHides(t, err, exampleToken, "SECRET")
	}
}

func TestChainWithoutSecretsStays(t *testing.T) {
	network := &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	_, err := describe(t, options(responses(mockResponse{err: network})))
	assert.Contains(t, chain(err), error(network))
}

// A transport may wrap the error of an HTTP client, which names the URL.
func TestErrorOfAWrappingTransportStays(t *testing.T) {
	wrapping := errors.New("no tunnel")
	ofClient := &url.Error{Op: "Get", URL: "https://x/y?X-Amz-Signature=SECRET", Err: io.ErrUnexpectedEOF}
	_, err := describe(t, options(transportFunc(func(*http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("%w: %w", wrapping, ofClient)
	})))
	assert.ErrorContains(t, err, "no tunnel")
	assert.ErrorIs(t, err, wrapping)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	checkChainHides(t, err, "SECRET")
}

// headerResponses are error responses with a text in a header that errors show.
func headerResponses(text string) map[string]mockResponse {
	responses := map[string]mockResponse{}
	for _, name := range []string{"X-Amzn-Requestid", "X-Amz-Requestid", "X-Amzn-Errortype"} {
		responses[name] = mockResponse{status: 400, header: map[string]string{name: text}, body: "{}"}
	}
	responses["Content-Type"] = mockResponse{
		status: 200,
		header: map[string]string{"Content-Type": text},
		body:   "<html>",
	}
	for _, name := range []string{"code", "__type", "message", "RequestId", "ResourceType"} {
		responses[name] = mockResponse{
			status: 404,
			header: map[string]string{"X-Amzn-Errortype": "ResourceNotFoundException"},
			body:   fmt.Sprintf(`{%q:%q}`, name, text),
		}
		if name == "code" || name == "__type" {
			responses[name] = mockResponse{status: 400, body: responses[name].body}
		}
	}
	return responses
}

// textsOf returns what a call shows: its error's text, that of every error in the chain,
// the fields of the exception, and the log.
func textsOf(t *testing.T, response mockResponse, sessionToken string) []string {
	t.Helper()
	var log strings.Builder
	o := options(responses(response))
	o.Logger = debugLogger(&log)
	o.Credentials = staticCredentials{
		AccessKeyID:     exampleKeyID,
		SecretAccessKey: exampleSecret,
		SessionToken:    sessionToken,
	}
	_, err := describe(t, o)
	require.Error(t, err)
	texts := []string{log.String()}
	for _, link := range chain(err) {
		texts = append(texts, link.Error(), fmt.Sprintf("%+v", link))
		if exception, ok := link.(smithy.APIError); ok {
			texts = append(texts, exception.ErrorCode(), exception.ErrorMessage())
			if missing, ok := link.(*ResourceNotFoundException); ok {
				texts = append(texts, missing.RequestID, missing.ResourceType)
			}
		}
	}
	return texts
}

func TestHeadersAndCodesAreRedacted(t *testing.T) {
	sessionToken := strings.Repeat("Tk8x", 300)
	secrets := map[string]string{
		"the token":             "of " + sessionToken,
		"half of the token":     "https://x/?" + strings.Repeat("q", 390) + " " + sessionToken,
		"the secret":            exampleSecret,
		"a signature":           "Signature=Tk8xTk8x",
		"a presigned URL":       "https://b/k?X-Amz-Signature=Tk8xTk8x",
		"a signature, spaced":   "Signature = Tk8xTk8x",
		"a signature, far off":  "Signature    =    Tk8xTk8x",
		"a signature, by a tab": "Signature\t: Tk8xTk8x",
		"a quoted signature":    `"X-Amz-Signature" : "Tk8xTk8x"`,
		"a wide space":          "signature\u00a0= Tk8xTk8x",
	}
	for secretName, secret := range secrets {
		for place, response := range headerResponses(secret) {
			t.Run(place+" with "+secretName, func(t *testing.T) {
				for _, text := range textsOf(t, response, sessionToken) {
					assert.NotContains(t, text, "Tk8x")
					assert.NotContains(t, text, exampleSecret)
				}
			})
		}
	}
}

func TestHeadersAndCodesAreBounded(t *testing.T) {
	for _, size := range []int{100_000, 9 << 20} {
		for place, response := range headerResponses(strings.Repeat("x ", size/2)) {
			t.Run(fmt.Sprint(place, size), func(t *testing.T) {
				for _, text := range textsOf(t, response, exampleToken) {
					assert.Less(t, len(text), 16<<10)
				}
			})
		}
	}
}

func TestHeadersAndCodesAreOneLine(t *testing.T) {
	for place, response := range headerResponses("a" + hostileCharacters) {
		t.Run(place, func(t *testing.T) {
			for i, text := range textsOf(t, response, exampleToken) {
				if i == 0 {
					text = strings.ReplaceAll(text, "\n", "") // the log has lines
				}
				assert.False(t, strings.ContainsAny(text, hostileCharacters), "%q", text)
			}
		})
	}
}

func TestRequestIDOfASuccessIsBounded(t *testing.T) {
	response := completed
	response.header = map[string]string{"X-Amzn-Requestid": strings.Repeat("x", 9<<20)}
	out, err := describe(t, options(responses(response)))
	require.NoError(t, err)
	assert.Less(t, len(out.RequestID), 1<<10)
}

func TestRequestIDInTheBodyOfASuccessIsShownAsThatOfTheHeader(t *testing.T) {
	tests := map[string]struct{ inBody, want string }{
		"as it is": {inBody: "R-7", want: "R-7"},
		"bounded":  {inBody: strings.Repeat("x", 1<<10), want: strings.Repeat("x", maxCodeLength) + "…"},
		"one line": {inBody: `a\n\u202eb`, want: "a  b"},
		"redacted": {inBody: "t " + exampleToken, want: "t REDACTED"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			response := mockResponse{status: 200, body: `{"RequestId":"` + tt.inBody + `"}`}
			for operation, requestID := range requestIDs(t, New(options(responses(response)))) {
				assert.Equal(t, tt.want, requestID, operation)
			}
		})
	}
}

// requestIDs calls every operation, and returns the request ids of the outputs.
func requestIDs(t *testing.T, client *Client) map[string]string {
	t.Helper()
	description, err := client.DescribeDashboardSnapshotJob(t.Context(), exampleJob)
	require.NoError(t, err)
	result, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
	require.NoError(t, err)
	start, err := client.StartDashboardSnapshotJob(t.Context(), exampleStart())
	require.NoError(t, err)
	schedule, err := client.StartDashboardSnapshotJobSchedule(t.Context(), exampleSchedule)
	require.NoError(t, err)
	definition, err := client.DescribeDashboardDefinition(t.Context(), exampleDefinition)
	require.NoError(t, err)
	return map[string]string{
		"description": description.RequestID,
		"result":      result.RequestID,
		"start":       start.RequestID,
		"schedule":    schedule.RequestID,
		"definition":  definition.RequestID,
	}
}

// Half a secret at the end of what is looked at may move to the front when the rest is
// redacted.
func TestHalfASecretAtTheEndOfALongTextIsRemoved(t *testing.T) {
	sessionToken := "Tk8x" + strings.Repeat("t", 1000) + "/" + strings.Repeat("Tk8x", 100)
	for _, shift := range []int{0, 1, 300, 900, 1100} {
		filler := maxErrorBody - len("https://x/? ") - len(sessionToken) + shift
		body := "https://x/?" + strings.Repeat("q", filler) + " " + sessionToken
		for _, text := range textsOf(t, mockResponse{status: 400, body: body}, sessionToken) {
			assert.NotContains(t, text, "Tk8", "shifted by %d", shift)
		}
		header := map[string]string{"X-Amzn-Requestid": body}
		for _, text := range textsOf(t, mockResponse{status: 400, header: header}, sessionToken) {
			assert.NotContains(t, text, "Tk8", "shifted by %d", shift)
		}
	}
}
