package snapshotjob

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// listen serves every connection with serve, which gets the request's bytes up
// to the empty line, and closes it afterwards.
func listen(t *testing.T, serve func(conn *net.TCPConn, request string)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				var request strings.Builder
				for r := bufio.NewReader(conn); !strings.HasSuffix(request.String(), "\r\n\r\n"); {
					line, err := r.ReadString('\n')
					if err != nil {
						return
					}
					request.WriteString(line)
				}
				serve(conn.(*net.TCPConn), request.String())
			})
		}
	})
	return "http://" + l.Addr().String()
}

// socketOptions are options of a client that really opens connections.
func socketOptions(t *testing.T, base string) Options {
	transport := awshttp.NewBuildableClient().GetTransport()
	t.Cleanup(transport.CloseIdleConnections)
	o := options(transport)
	o.BaseEndpoint = &base
	return o
}

func TestBrokenConnections(t *testing.T) {
	var file struct {
		Cases []struct {
			ID, Raw string
			Reset   bool
			Want    struct {
				Error, Code, Message, RequestID, JobStatus string
				Status, Attempts                           int
			}
		}
	}
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
			if got := int(attempts.Load()); got != tt.Want.Attempts {
				t.Errorf("%d attempts, want %d", got, tt.Want.Attempts)
			}
			resp, _ := errorAs[*awshttp.ResponseError](err)
			switch tt.Want.Error {
			case "":
				if err != nil || string(out.JobStatus) != tt.Want.JobStatus || out.Status != 200 {
					t.Errorf("output %+v and error %v, want status 200 and %q", out, err, tt.Want.JobStatus)
				}
				return
			case "send":
				if _, ok := errorAs[*smithyhttp.RequestSendError](err); !ok {
					t.Errorf("no *http.RequestSendError in the chain of %v", err)
				}
				if strings.Contains(err.Error(), base) {
					t.Errorf("error %v, want none of the URL", err)
				}
			case "cut off":
				if _, ok := errorAs[*smithy.DeserializationError](err); !ok || !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("error %v, want a *smithy.DeserializationError that matches io.ErrUnexpectedEOF", err)
				}
				if resp == nil || resp.HTTPStatusCode() != 200 || resp.ServiceRequestID() != tt.Want.RequestID {
					t.Errorf("error %v, want status 200 and request id %q", err, tt.Want.RequestID)
				}
			case "api":
				api, ok := errorAs[smithy.APIError](err)
				if !ok || resp == nil || api.ErrorCode() != tt.Want.Code || api.ErrorMessage() != tt.Want.Message ||
					resp.HTTPStatusCode() != tt.Want.Status || resp.ServiceRequestID() != tt.Want.RequestID {
					t.Errorf("error %v, want %+v", err, tt.Want)
				}
			}
			if out != nil {
				t.Errorf("output %+v, want none beside an error", out)
			}
		})
	}
}

// What goes over the wire is what the official client sends, but for what names
// the module, the moment and the host.
func TestBytesOnTheWire(t *testing.T) {
	const official = "GET /accounts/111122223333/dashboards/dash/snapshot-jobs/job/result HTTP/1.1\r\n" +
		"Host: HOST\r\n" +
		"User-Agent: UA\r\n" +
		"Amz-Sdk-Invocation-Id: ID\r\n" +
		"Amz-Sdk-Request: attempt=%d; max=3\r\n" +
		"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/DAY/us-east-1/quicksight/aws4_request, SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;host;x-amz-date;x-amz-security-token, Signature=SIG\r\n" +
		"X-Amz-Date: DATE\r\n" +
		"X-Amz-Security-Token: TOKENEXAMPLE\r\n" +
		"Accept-Encoding: gzip\r\n\r\n"
	var requests []string
	base := listen(t, func(conn *net.TCPConn, request string) {
		requests = append(requests, request) // one attempt after the other
		io.WriteString(conn, "HTTP/1.1 500 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	})
	hideEnvironment(t)
	if _, err := describe(t, socketOptions(t, base)); err == nil {
		t.Fatal("no error, want one")
	}
	if len(requests) != 3 {
		t.Fatalf("%d requests, want 3", len(requests))
	}
	varying := regexp.MustCompile(`(?m)(Host: )[0-9.:]+|(User-Agent: ).*?(\r)|(Invocation-Id: )[0-9a-f-]{36}|(Credential=AKIDEXAMPLE/)\d{8}|(Signature=)[0-9a-f]{64}|(X-Amz-Date: )\d{8}T\d{6}Z`)
	ids := map[string]bool{}
	for i, request := range requests {
		ids[regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`).FindString(request)] = true
		got := varying.ReplaceAllStringFunc(request, func(s string) string {
			for prefix, name := range map[string]string{"Host: ": "HOST", "User-Agent: ": "UA\r", "Invocation-Id: ": "ID", "Credential=AKIDEXAMPLE/": "DAY", "Signature=": "SIG", "X-Amz-Date: ": "DATE"} {
				if strings.HasPrefix(s, prefix) {
					return prefix + name
				}
			}
			return s
		})
		if want := fmt.Sprintf(official, i+1); got != want {
			t.Errorf("request %d:\n%q\nwant\n%q", i+1, got, want)
		}
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(request)))
		if err != nil {
			t.Fatal(err)
		}
		if err := verifySignature(r, exampleSecret, ""); err != nil {
			t.Errorf("request %d: %v", i+1, err)
		}
	}
	if len(ids) != 1 || ids[""] {
		t.Errorf("invocation ids %v, want one random UUID for the whole call", ids)
	}
}

// endless is a body without an end, that counts what is read of it.
type endless struct{ read, closed atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read.Add(int64(len(p)))
	return len(p), nil
}

func (e *endless) Close() error { e.closed.Add(1); return nil }

func TestBodiesAreBounded(t *testing.T) {
	tests := []struct {
		status int
		bound  int64
	}{{200, 16 << 20}, {404, 64 << 10}, {503, 64 << 10}}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.status), func(t *testing.T) {
			body := &endless{}
			o := options(transportFunc(func(*http.Request) (*http.Response, error) {
				resp, err := answer{status: tt.status, header: map[string]string{"X-Amzn-Requestid": "R1", "X-Amzn-Errortype": "ResourceNotFoundException"}}.response()
				resp.Body, resp.ContentLength = body, -1
				return resp, err
			}))
			o.RetryMaxAttempts = 1
			_, err := describe(t, o)
			resp, ok := errorAs[*awshttp.ResponseError](err)
			if !ok || resp.HTTPStatusCode() != tt.status || resp.ServiceRequestID() != "R1" {
				t.Fatalf("error %v, want one with status %d and request id R1", err, tt.status)
			}
			if got := body.read.Load(); got > tt.bound+1 {
				t.Errorf("%d bytes were read, want at most %d and one to tell", got, tt.bound)
			}
			if body.closed.Load() != 1 {
				t.Errorf("the body was closed %d times, want once", body.closed.Load())
			}
		})
	}
}

func TestAnnouncedLengthIsNotBelieved(t *testing.T) {
	for _, length := range []int64{-1, 0, 1, 1 << 62} {
		o := options(transportFunc(func(*http.Request) (*http.Response, error) {
			resp, err := completed.response()
			resp.ContentLength = length
			return resp, err
		}))
		if out, err := describe(t, o); err != nil || out.JobStatus != SnapshotJobStatusCompleted {
			t.Errorf("Content-Length %d: output %+v and error %v, want the body's own JSON", length, out, err)
		}
	}
}

func TestBadTransports(t *testing.T) {
	closed := &endless{}
	tests := []struct {
		name      string
		transport transportFunc
		want      string
	}{
		{"neither response nor error", func(*http.Request) (*http.Response, error) { return nil, nil }, "neither a response nor an error"},
		{"both", func(*http.Request) (*http.Response, error) {
			resp, _ := completed.response()
			resp.Body = closed
			return resp, errors.New("both")
		}, "both"},
		{"no body, no header", func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 404}, nil }, "StatusCode: 404"},
	}
	for _, tt := range tests {
		o := options(tt.transport)
		o.RetryMaxAttempts = 1
		out, err := describe(t, o)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: output %+v and error %v, want %q", tt.name, out, err, tt.want)
		}
	}
	if closed.closed.Load() != 1 {
		t.Error("the body of a response that came with an error was not closed")
	}
}

// trace notes the steps of attempts in their order.
type trace struct {
	steps []string
	aws.NopRetryer
	creds int
}

func (tr *trace) note(format string, args ...any) {
	tr.steps = append(tr.steps, fmt.Sprintf(format, args...))
}

func (tr *trace) Wait(context.Context) error { tr.note("limiter"); return nil }
func (tr *trace) GetAttemptToken(context.Context) (func(error) error, error) {
	tr.note("attempt token")
	return func(err error) error { tr.note("attempt token back, ok %v", err == nil); return nil }, nil
}
func (tr *trace) IsErrorRetryable(error) bool { return true }
func (tr *trace) MaxAttempts() int            { return 3 }
func (tr *trace) GetRetryToken(context.Context, error) (func(error) error, error) {
	tr.note("retry token")
	return func(err error) error { tr.note("retry token back, ok %v", err == nil); return nil }, nil
}
func (tr *trace) RetryDelay(attempt int, _ error) (time.Duration, error) {
	tr.note("delay %d", attempt)
	return time.Second, nil
}
func (tr *trace) Retrieve(ctx context.Context) (aws.Credentials, error) {
	_, bounded := ctx.Deadline()
	tr.note("credentials, bounded %v", bounded)
	tr.creds++
	return aws.Credentials{AccessKeyID: fmt.Sprintf("AKIDEXAMPLE%d", tr.creds), SecretAccessKey: exampleSecret}, nil
}
func (tr *trace) RoundTrip(req *http.Request) (*http.Response, error) {
	deadline, bounded := req.Context().Deadline()
	_, key, _ := strings.Cut(req.Header.Get("Authorization"), "Credential=")
	key, _, _ = strings.Cut(key, "/")
	tr.note("send as %s, bounded %v by %v", key, bounded, time.Until(deadline))
	if tr.creds == 1 {
		return answer{status: 500}.response()
	}
	return completed.response()
}

func TestOrderOfAnAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := &trace{}
		_, err := describe(t, Options{Region: "us-east-1", Credentials: tr, Transport: tr, Retryer: tr, Limiter: tr, AttemptTimeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{
			"limiter", "attempt token", "credentials, bounded false", "send as AKIDEXAMPLE1, bounded true by 1m0s", "attempt token back, ok false",
			"retry token", "delay 1",
			"limiter", "attempt token", "credentials, bounded false", "send as AKIDEXAMPLE2, bounded true by 1m0s", "retry token back, ok true", "attempt token back, ok true",
		}
		if !reflect.DeepEqual(tr.steps, want) {
			t.Errorf("steps\n%s\nwant\n%s", strings.Join(tr.steps, "\n"), strings.Join(want, "\n"))
		}
	})
}

func TestAttemptTimeout(t *testing.T) {
	hang := func(req *http.Request) error { <-req.Context().Done(); return req.Context().Err() }
	t.Run("while waiting for headers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := 0
			o := options(transportFunc(func(req *http.Request) (*http.Response, error) {
				if n++; n == 1 {
					return nil, hang(req)
				}
				return completed.response()
			}))
			o.AttemptTimeout = time.Second
			start := time.Now()
			if _, err := describe(t, o); err != nil || n != 2 || time.Since(start) != time.Second {
				t.Errorf("%d attempts in %v and error %v, want a second attempt after 1s", n, time.Since(start), err)
			}
		})
	})
	t.Run("while reading the body", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			o := options(transportFunc(func(req *http.Request) (*http.Response, error) {
				resp, err := completed.response()
				resp.Body = readerFunc(func([]byte) (int, error) { return 0, hang(req) })
				return resp, err
			}))
			o.AttemptTimeout = time.Second
			_, err := describe(t, o)
			const want = "operation error QuickSight: DescribeDashboardSnapshotJobResult, 111122223333/dash/job: exceeded maximum number of attempts, 3, " +
				"no whole answer within AttemptTimeout, 1s: https response error StatusCode: 200, RequestID: , deserialization failed, failed to decode response body, cut off after 0 bytes: context deadline exceeded"
			if err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %v", err, want)
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Error("the error does not match context.DeadlineExceeded")
			}
		})
	})
	t.Run("the caller's own deadline comes first", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := 0
			o := options(transportFunc(func(req *http.Request) (*http.Response, error) { n++; return nil, hang(req) }))
			o.AttemptTimeout = time.Minute
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := New(o).DescribeDashboardSnapshotJobResult(ctx, exampleJob)
			var canceled *aws.RequestCanceledError
			if n != 1 || !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &canceled) || errors.As(err, new(*retry.MaxAttemptsError)) {
				t.Errorf("%d attempts and error %v, want one, and a *aws.RequestCanceledError", n, err)
			}
		})
	})
}

// readerFunc is a body.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
func (readerFunc) Close() error                 { return nil }

// A whole value is an answer, however the connection ended; anything less was cut
// off.
func TestWholeButWrong(t *testing.T) {
	for body, attempts := range map[string]int{`[]`: 1, `"x"`: 1, `{"CreatedTime":"x"}`: 1, `{"Arn":1}`: 1, `{"Arn":1`: 3, `<html>`: 3, ``: 3} {
		sent := 0
		_, err := describe(t, options(transportFunc(func(*http.Request) (*http.Response, error) {
			sent++
			broken := io.MultiReader(strings.NewReader(body), readerFunc(func([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }))
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(broken), ContentLength: -1}, nil
		})))
		if err == nil || sent != attempts || errors.Is(err, io.ErrUnexpectedEOF) != (attempts > 1) {
			t.Errorf("%q: error %v after %d attempts, want one after %d", body, err, sent, attempts)
		}
	}
}

// Of the callers whose credentials have expired, one drops them: those that
// learn it later leave the fresh ones alone.
func TestExpiredCredentialsOfManyCallers(t *testing.T) {
	const callers = 50
	provided := 0
	cache := aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		provided++
		return aws.Credentials{AccessKeyID: fmt.Sprint("AKID", provided), SecretAccessKey: exampleSecret}, nil
	}))
	var first sync.WaitGroup // all have sent their first attempt before one is answered
	first.Add(callers)
	o := options(transportFunc(func(req *http.Request) (*http.Response, error) {
		if strings.Contains(req.Header.Get("Authorization"), "AKID1/") {
			first.Done()
			first.Wait()
			return apiError(403, "ExpiredTokenException").response()
		}
		return completed.response()
	}))
	o.Credentials = cache
	client := New(o)
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			if _, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if provided != 2 {
		t.Errorf("the provider was asked %d times, want 2", provided)
	}
}
