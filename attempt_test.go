package snapshotjob

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// listen serves every connection with serve, and closes it afterwards. serve gets
// the bytes of a request up to the empty line behind its headers.
func listen(t *testing.T, serve func(conn *net.TCPConn, request string)) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var running sync.WaitGroup
	t.Cleanup(func() {
		listener.Close()
		running.Wait()
	})
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()
				request, err := readHead(conn)
				if err == nil {
					serve(conn.(*net.TCPConn), request)
				}
			})
		}
	})
	return "http://" + listener.Addr().String()
}

// readHead reads a request up to the empty line behind its headers.
func readHead(conn io.Reader) (string, error) {
	lines := bufio.NewReader(conn)
	var head strings.Builder
	for !strings.HasSuffix(head.String(), "\r\n\r\n") {
		line, err := lines.ReadString('\n')
		if err != nil {
			return "", err
		}
		head.WriteString(line)
	}
	return head.String(), nil
}

// socketOptions are the options of a client that really opens connections.
func socketOptions(t *testing.T, base string) Options {
	t.Helper()
	transport := awshttp.NewBuildableClient().GetTransport()
	t.Cleanup(transport.CloseIdleConnections)
	o := options(transport)
	o.BaseEndpoint = &base
	return o
}

// readerFunc is a body that a test plays itself.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
func (readerFunc) Close() error                 { return nil }

// bodyUntilDone is a body whose first byte never comes: reading it blocks until
// ctx is done.
func bodyUntilDone(ctx context.Context) io.ReadCloser {
	return readerFunc(func([]byte) (int, error) { return 0, untilDone(ctx) })
}

// brokenConnection is a case of connections.json. The server writes Raw and
// closes the connection.
type brokenConnection struct {
	ID    string
	Raw   string
	Reset bool // The connection ends with a RST instead of a FIN.
	Want  struct {
		Error     string // "send", "cut off", "api", or "" for a call that succeeds
		Code      string
		Message   string
		RequestID string
		JobStatus string
		Status    int
		Attempts  int
	}
}

func TestBrokenConnections(t *testing.T) {
	var file struct{ Cases []brokenConnection }
	cases(t, "connections.json", &file)
	for _, tt := range file.Cases {
		t.Run(tt.ID, func(t *testing.T) {
			var attempts atomic.Int32
			base := listen(t, func(conn *net.TCPConn, _ string) {
				attempts.Add(1)
				io.WriteString(conn, tt.Raw)
				if tt.Reset {
					conn.SetLinger(0)
				}
			})
			out, err := describe(t, socketOptions(t, base))
			assert.EqualValues(t, tt.Want.Attempts, attempts.Load(), "attempts")
			if tt.Want.Error == "" {
				require.NoError(t, err)
				assert.Equal(t, tt.Want.JobStatus, string(out.JobStatus))
				assert.Equal(t, 200, out.Status)
				return
			}
			assert.Nil(t, out)
			require.Error(t, err)
			assert.NotContains(t, err.Error(), base)
			tt.checkError(t, err)
		})
	}
}

func (c brokenConnection) checkError(t *testing.T, err error) {
	t.Helper()
	switch c.Want.Error {
	case "send":
		assert.ErrorAs(t, err, new(*smithyhttp.RequestSendError))
	case "cut off":
		assert.ErrorAs(t, err, new(*smithy.DeserializationError))
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
		checkResponse(t, err, 200, c.Want.RequestID)
	case "api":
		var api smithy.APIError
		require.ErrorAs(t, err, &api)
		assert.Equal(t, c.Want.Code, api.ErrorCode())
		assert.Equal(t, c.Want.Message, api.ErrorMessage())
		checkResponse(t, err, c.Want.Status, c.Want.RequestID)
	default:
		assert.Fail(t, "unknown kind of error in connections.json", c.Want.Error)
	}
}

// attemptOnTheWire is what the official client sends in an attempt. Placeholders
// stand for what names the module, the moment and the host.
const attemptOnTheWire = "GET /accounts/111122223333/dashboards/dash/snapshot-jobs/job/result HTTP/1.1\r\n" +
	"Host: HOST\r\n" +
	"User-Agent: UA\r\n" +
	"Amz-Sdk-Invocation-Id: ID\r\n" +
	"Amz-Sdk-Request: attempt=%d; max=3\r\n" +
	"Authorization: AWS4-HMAC-SHA256 " +
	"Credential=AKIDEXAMPLE/DAY/us-east-1/quicksight/aws4_request, " +
	"SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;host;x-amz-date;x-amz-security-token, " +
	"Signature=SIG\r\n" +
	"X-Amz-Date: DATE\r\n" +
	"X-Amz-Security-Token: TOKENEXAMPLE\r\n" +
	"Accept-Encoding: gzip\r\n\r\n"

// placeholders are the parts of a request that vary, and what stands for them in
// attemptOnTheWire.
var placeholders = []struct {
	varying *regexp.Regexp
	text    string
}{
	{varying: regexp.MustCompile(`Host: [0-9.:]+`), text: "Host: HOST"},
	{varying: regexp.MustCompile(`User-Agent: .*\r`), text: "User-Agent: UA\r"},
	{varying: regexp.MustCompile(`Invocation-Id: [0-9a-f-]{36}`), text: "Invocation-Id: ID"},
	{varying: regexp.MustCompile(`Credential=AKIDEXAMPLE/\d{8}`), text: "Credential=AKIDEXAMPLE/DAY"},
	{varying: regexp.MustCompile(`Signature=[0-9a-f]{64}`), text: "Signature=SIG"},
	{varying: regexp.MustCompile(`X-Amz-Date: \d{8}T\d{6}Z`), text: "X-Amz-Date: DATE"},
}

// attemptsOfAFailingCall returns the bytes of the three requests of a call that
// the server fails.
func attemptsOfAFailingCall(t *testing.T) []string {
	t.Helper()
	hideEnvironment(t)
	var requests []string
	base := listen(t, func(conn *net.TCPConn, request string) {
		requests = append(requests, request) // One attempt follows the other.
		io.WriteString(conn, "HTTP/1.1 500 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	})
	_, err := describe(t, socketOptions(t, base))
	require.Error(t, err)
	require.Len(t, requests, 3)
	return requests
}

func TestBytesOnTheWire(t *testing.T) {
	for i, request := range attemptsOfAFailingCall(t) {
		got := request
		for _, p := range placeholders {
			got = p.varying.ReplaceAllString(got, p.text)
		}
		if want := fmt.Sprintf(attemptOnTheWire, i+1); got != want {
			t.Errorf("attempt %d:\n%q\nwant\n%q", i+1, got, want)
		}
	}
}

func TestEveryAttemptIsSigned(t *testing.T) {
	for i, request := range attemptsOfAFailingCall(t) {
		err := verifySignature(readRequest(t, request), exampleSecret, "")
		assert.NoError(t, err, "attempt %d", i+1)
	}
}

func TestAttemptsShareARandomInvocationID(t *testing.T) {
	const randomUUID = `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`
	ids := map[string]bool{}
	for _, request := range attemptsOfAFailingCall(t) {
		id := readRequest(t, request).Header.Get("Amz-Sdk-Invocation-Id")
		assert.Regexp(t, randomUUID, id)
		ids[id] = true
	}
	assert.Len(t, ids, 1)
}

// endless is a body of spaces without an end. It counts what is read of it, and
// how often it is closed.
type endless struct {
	read   atomic.Int64
	closed atomic.Int64
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read.Add(int64(len(p)))
	return len(p), nil
}

func (e *endless) Close() error {
	e.closed.Add(1)
	return nil
}

func TestBodiesAreBounded(t *testing.T) {
	tests := []struct {
		status int
		bound  int64
	}{
		{status: 200, bound: 1 << 20},
		{status: 404, bound: 64 << 10},
		{status: 503, bound: 64 << 10},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.status), func(t *testing.T) {
			body := &endless{}
			o := options(transportFunc(func(*http.Request) (*http.Response, error) {
				resp, err := exceptionResponse(tt.status, "ResourceNotFoundException").response()
				resp.Body = body
				resp.ContentLength = -1
				return resp, err
			}))
			o.RetryMaxAttempts = 1
			_, err := describe(t, o)
			checkResponse(t, err, tt.status, "R1")
			// One byte more shows that the body is too long.
			assert.LessOrEqual(t, body.read.Load(), tt.bound+1, "bytes read")
			assert.EqualValues(t, 1, body.closed.Load(), "how often the body was closed")
		})
	}
}

func TestAnnouncedLengthIsNotBelieved(t *testing.T) {
	for _, length := range []int64{-1, 0, 1, 1 << 62} {
		t.Run(fmt.Sprint(length), func(t *testing.T) {
			transport := transportFunc(func(*http.Request) (*http.Response, error) {
				resp, err := completed.response()
				resp.ContentLength = length
				return resp, err
			})
			out, err := describe(t, options(transport))
			require.NoError(t, err)
			assert.Equal(t, SnapshotJobStatusCompleted, out.JobStatus)
		})
	}
}

func TestTransportWithoutResponseAndError(t *testing.T) {
	o := options(transportFunc(func(*http.Request) (*http.Response, error) { return nil, nil }))
	o.RetryMaxAttempts = 1
	_, err := describe(t, o)
	assert.ErrorContains(t, err, "neither a response nor an error")
}

func TestTransportWithResponseAndError(t *testing.T) {
	body := &endless{}
	o := options(transportFunc(func(*http.Request) (*http.Response, error) {
		resp, _ := completed.response()
		resp.Body = body
		return resp, errors.New("both")
	}))
	o.RetryMaxAttempts = 1
	_, err := describe(t, o)
	assert.ErrorContains(t, err, "both")
	assert.EqualValues(t, 1, body.closed.Load(), "how often the body was closed")
}

func TestResponseWithoutBodyAndHeader(t *testing.T) {
	o := options(transportFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 404}, nil
	}))
	_, err := describe(t, o)
	assert.ErrorContains(t, err, "StatusCode: 404")
}

// trace plays all parts of a client, and notes the steps of attempts in their order.
type trace struct {
	aws.NopRetryer
	steps     []string
	retrieved int // how often the credentials were asked for
}

func (tr *trace) note(format string, args ...any) {
	tr.steps = append(tr.steps, fmt.Sprintf(format, args...))
}

func (tr *trace) Wait(context.Context) error {
	tr.note("limiter")
	return nil
}

func (tr *trace) GetAttemptToken(context.Context) (func(error) error, error) {
	return tr.token("attempt token")
}

func (tr *trace) GetRetryToken(context.Context, error) (func(error) error, error) {
	return tr.token("retry token")
}

func (tr *trace) token(name string) (func(error) error, error) {
	tr.note("%s", name)
	release := func(err error) error {
		tr.note("%s back, ok %v", name, err == nil)
		return nil
	}
	return release, nil
}

func (tr *trace) IsErrorRetryable(error) bool { return true }

func (tr *trace) MaxAttempts() int { return 3 }

func (tr *trace) RetryDelay(attempt int, _ error) (time.Duration, error) {
	tr.note("delay %d", attempt)
	return time.Second, nil
}

func (tr *trace) Retrieve(ctx context.Context) (aws.Credentials, error) {
	_, bounded := ctx.Deadline()
	tr.note("credentials, bounded %v", bounded)
	tr.retrieved++
	return aws.Credentials{
		AccessKeyID:     fmt.Sprintf("AKIDEXAMPLE%d", tr.retrieved),
		SecretAccessKey: exampleSecret,
	}, nil
}

func (tr *trace) RoundTrip(req *http.Request) (*http.Response, error) {
	deadline, bounded := req.Context().Deadline()
	tr.note("send as %s, bounded %v by %v", accessKeyID(req), bounded, time.Until(deadline))
	if tr.retrieved == 1 {
		return mockResponse{status: 500}.response()
	}
	return completed.response()
}

// accessKeyID is the id of the key that a request is signed with.
func accessKeyID(req *http.Request) string {
	_, credential, _ := strings.Cut(req.Header.Get("Authorization"), "Credential=")
	id, _, _ := strings.Cut(credential, "/")
	return id
}

func TestOrderOfAnAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := &trace{}
		_, err := describe(t, Options{
			Region:         "us-east-1",
			Credentials:    tr,
			Transport:      tr,
			Retryer:        tr,
			Limiter:        tr,
			AttemptTimeout: time.Minute,
		})
		require.NoError(t, err)
		assert.Equal(t, []string{
			"limiter",
			"attempt token",
			"credentials, bounded false",
			"send as AKIDEXAMPLE1, bounded true by 1m0s",
			"attempt token back, ok false",
			"retry token",
			"delay 1",
			"limiter",
			"attempt token",
			"credentials, bounded false",
			"send as AKIDEXAMPLE2, bounded true by 1m0s",
			"retry token back, ok true",
			"attempt token back, ok true",
		}, tr.steps)
	})
}

func TestAttemptTimeoutBeforeTheHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		o := options(transportFunc(func(req *http.Request) (*http.Response, error) {
			attempts++
			if attempts == 1 {
				return nil, untilDone(req.Context())
			}
			return completed.response()
		}))
		o.AttemptTimeout = time.Second
		start := time.Now()
		_, err := describe(t, o)
		assert.NoError(t, err)
		assert.Equal(t, 2, attempts)
		assert.Equal(t, time.Second, time.Since(start))
	})
}

func TestAttemptTimeoutInTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options(transportFunc(func(req *http.Request) (*http.Response, error) {
			resp, err := completed.response()
			resp.Body = bodyUntilDone(req.Context())
			return resp, err
		}))
		o.AttemptTimeout = time.Second
		_, err := describe(t, o)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.EqualError(t, err, failedText+"exceeded maximum number of attempts, 3, "+
			"no complete response within AttemptTimeout, 1s: https response error StatusCode: 200, RequestID: , "+
			"deserialization failed, failed to decode response body, cut off after 0 bytes: "+
			"context deadline exceeded")
	})
}

func TestDeadlineBeforeTheAttemptTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		o := options(transportFunc(func(req *http.Request) (*http.Response, error) {
			attempts++
			return nil, untilDone(req.Context())
		}))
		o.AttemptTimeout = time.Minute
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := New(o).DescribeDashboardSnapshotJobResult(ctx, exampleJob)
		assert.Equal(t, 1, attempts)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorAs(t, err, new(*aws.RequestCanceledError))
		assert.NotErrorAs(t, err, new(*retry.MaxAttemptsError))
	})
}

// describeBrokenOff makes a call whose response breaks off behind body. It returns
// the number of attempts and the call's error.
func describeBrokenOff(t *testing.T, body string) (int, error) {
	t.Helper()
	attempts := 0
	breakOff := readerFunc(func([]byte) (int, error) { return 0, io.ErrUnexpectedEOF })
	o := options(transportFunc(func(*http.Request) (*http.Response, error) {
		attempts++
		return &http.Response{
			StatusCode:    200,
			Header:        http.Header{},
			Body:          io.NopCloser(io.MultiReader(strings.NewReader(body), breakOff)),
			ContentLength: -1,
		}, nil
	}))
	_, err := describe(t, o)
	return attempts, err
}

// A value that arrived whole is the service's response, however the connection
// ended: another attempt would bring it again.
func TestWholeButWrongBodyIsFinal(t *testing.T) {
	for _, body := range []string{`[]`, `"x"`, `{"CreatedTime":"x"}`, `{"Arn":1}`} {
		t.Run(body, func(t *testing.T) {
			attempts, err := describeBrokenOff(t, body)
			require.Error(t, err)
			assert.NotErrorIs(t, err, io.ErrUnexpectedEOF)
			assert.Equal(t, 1, attempts)
		})
	}
}

func TestCutOffBodyIsTriedAgain(t *testing.T) {
	for _, body := range []string{`{"Arn":1`, `<html>`, ``} {
		t.Run(body, func(t *testing.T) {
			attempts, err := describeBrokenOff(t, body)
			assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
			assert.Equal(t, 3, attempts)
		})
	}
}

// The first of many callers to learn that the credentials have expired drops them.
// The others find fresh ones, and leave those alone.
func TestExpiredCredentialsOfManyCallers(t *testing.T) {
	const callers = 50
	provided := 0
	provider := providerFunc(func(context.Context) (aws.Credentials, error) {
		provided++
		return aws.Credentials{
			AccessKeyID:     fmt.Sprint("AKID", provided),
			SecretAccessKey: exampleSecret,
		}, nil
	})
	// No first attempt has a response before all of them are sent.
	var firstAttempts sync.WaitGroup
	firstAttempts.Add(callers)
	o := options(transportFunc(func(req *http.Request) (*http.Response, error) {
		if accessKeyID(req) != "AKID1" {
			return completed.response()
		}
		firstAttempts.Done()
		firstAttempts.Wait()
		return exceptionResponse(403, "ExpiredTokenException").response()
	}))
	o.Credentials = aws.NewCredentialsCache(provider)
	client := New(o)

	var running sync.WaitGroup
	for range callers {
		running.Go(func() {
			_, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
			assert.NoError(t, err)
		})
	}
	running.Wait()
	assert.Equal(t, 2, provided, "how often the provider was asked")
}

func TestExceptionBeatsTheAttemptTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options(transportFunc(func(req *http.Request) (*http.Response, error) {
			resp, err := mockResponse{
				status: 400,
				header: map[string]string{"X-Amzn-Errortype": "InvalidParameterValueException"},
			}.response()
			resp.Body = bodyUntilDone(req.Context())
			return resp, err
		}))
		o.AttemptTimeout = time.Second
		_, err := describe(t, o)
		assert.ErrorAs(t, err, new(*InvalidParameterValueException))
		assert.NotErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestSpacesThatAreCutOffAreNoResult(t *testing.T) {
	_, err := describe(t, options(transportFunc(func(*http.Request) (*http.Response, error) {
		resp, err := completed.response()
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(" \n"), iotest.ErrReader(io.ErrUnexpectedEOF)))
		return resp, err
	})))
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
}
