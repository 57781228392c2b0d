package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// objectClient is a client whose files come from this transport.
func objectClient(transport http.RoundTripper, optFns ...func(*Options)) *Client {
	return New(Options{Region: "us-east-1", Credentials: exampleCredentials, DownloadTransport: transport}, optFns...)
}

func objectFile(uri string) ResultFile {
	return ResultFile{Job: exampleJob, Format: "PDF", URI: S3URI(uri)}
}

// objectRead opens a file and reads it to its end.
func objectRead(t *testing.T, c *Client, file ResultFile) (string, error) {
	t.Helper()
	r, err := c.Open(t.Context(), file)
	if err != nil {
		return "", err
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	return string(content), err
}

// objectProvider counts how often it was asked and invalidated.
type objectProvider struct{ asked, invalidated int }

func (p *objectProvider) Retrieve(context.Context) (aws.Credentials, error) {
	p.asked++
	return exampleCredentials.value(), nil
}
func (p *objectProvider) Invalidate() { p.invalidated++ }

func TestObjectExpiredCredentialsAreInvalidatedOnce(t *testing.T) {
	expired := answer{status: 400, body: "<Error><Code>ExpiredToken</Code></Error>"}
	p := &objectProvider{}
	s := answers(expired, expired)
	_, err := objectRead(t, objectClient(s, func(o *Options) { o.Credentials = p }), objectFile("s3://bucket/key"))
	if err == nil || errorCode(err) != "ExpiredToken" || p.asked != 3 || p.invalidated != 1 || len(s.requests) != 2 {
		t.Errorf("err = %v, asked %d times, invalidated %d times, %d requests, want ExpiredToken, 3, 1, 2", err, p.asked, p.invalidated, len(s.requests))
	}
	s = answers(expired)
	if _, err := objectRead(t, objectClient(s), objectFile("s3://bucket/key")); errorCode(err) != "ExpiredToken" || len(s.requests) != 1 {
		t.Errorf("err = %v after %d requests, want one: these credentials can't be renewed", err, len(s.requests))
	}
}

func TestObjectBadTransports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		for name, transport := range map[string]transportFunc{
			"neither":         func(*http.Request) (*http.Response, error) { calls++; return nil, nil },
			"without a body":  func(*http.Request) (*http.Response, error) { calls++; return &http.Response{StatusCode: 500}, nil },
			"a broken body":   func(*http.Request) (*http.Response, error) { calls++; return objectBroken(200), nil },
			"a broken answer": func(*http.Request) (*http.Response, error) { calls++; return objectBroken(503), nil },
		} {
			calls = 0
			if _, err := objectRead(t, objectClient(transport), objectFile("https://host/key")); err == nil || !strings.Contains(err.Error(), "exceeded maximum number of attempts, 5") {
				t.Errorf("%s: err = %v, want that the attempts ran out", name, err)
			}
			if calls != 5 {
				t.Errorf("%s: %d attempts, want 5", name, calls)
			}
		}
	})
}

func objectBroken(status int) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, ContentLength: 9, Body: objectReader(func([]byte) (int, error) { return 0, errors.New("connection reset by peer") })}
}

type objectReader func([]byte) (int, error)

func (f objectReader) Read(p []byte) (int, error) { return f(p) }
func (objectReader) Close() error                 { return nil }

func TestObjectShowsNoURIWhenItIsPrinted(t *testing.T) {
	r, err := objectClient(answers(answer{status: 200, body: "x"})).Open(t.Context(), objectFile("https://host/key?X-Amz-Signature=0123SECRET4567"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		if got := fmt.Sprintf(verb, r); got != "PDF" {
			t.Errorf("%s: got %.200q, want PDF", verb, got)
		}
	}
}

func TestObjectOfNoLengthIsReadToItsEnd(t *testing.T) {
	transport := transportFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: -1, Body: io.NopCloser(strings.NewReader("whole"))}, nil
	})
	if got, err := objectRead(t, objectClient(transport), objectFile("https://host/key")); got != "whole" || err != nil {
		t.Errorf("read %q, %v, want it whole", got, err)
	}
}

func TestObjectIsEmpty(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer answer
		end    int64
	}{
		{"200", answer{status: 200}, toEnd},
		{"no such range", answer{status: 416, body: "<Code>InvalidRange</Code>"}, 10},
		{"200 to a range", answer{status: 200}, 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			down, _ := objectClient(answers(tt.answer)).download(t.Context(), nil)
			r := down.open(t.Context(), objectFile("https://host/key"), 0, tt.end, "")
			if r.failed != nil {
				t.Fatal(r.failed)
			}
			defer r.Close()
			if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF || r.total != 0 {
				t.Errorf("Read = %d, %v of %d, want the end of nothing", n, err, r.total)
			}
			if n, err := r.Read(nil); n != 0 || err != nil {
				t.Errorf("Read(nil) = %d, %v, want 0, nil", n, err)
			}
		})
	}
}

// A body that trickles is no stalled server, however long it takes to skip what
// is there already.
func TestObjectSkipsSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		transport := transportFunc(func(req *http.Request) (*http.Response, error) {
			calls++
			n, first := 0, calls == 1
			body := objectReader(func(p []byte) (int, error) {
				if first && n == 8 {
					return 0, errors.New("connection reset by peer")
				}
				select {
				case <-req.Context().Done():
					return 0, req.Context().Err()
				case <-time.After(20 * time.Second):
				}
				n++
				p[0] = byte('0' + n)
				return 1, nil
			})
			return &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: 9, Body: body}, nil
		})
		if got, err := objectRead(t, objectClient(transport), objectFile("https://host/key")); got != "123456789" || err != nil || calls != 2 {
			t.Errorf("read %q, %v over %d connections, want it whole over 2", got, err, calls)
		}
	})
}

func TestObjectGivesItsErrorAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := 0
		client := objectClient(transportFunc(func(*http.Request) (*http.Response, error) {
			if answers++; answers > 1 {
				return nil, errors.New("connection reset")
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: 10, Body: io.NopCloser(strings.NewReader("12345"))}, nil
		}))
		r, err := client.Open(t.Context(), objectFile("s3://bucket/key"))
		if err != nil {
			t.Fatal(err)
		}
		_, first := io.ReadAll(r)
		_, second := r.Read(make([]byte, 1))
		if first == nil || second != first {
			t.Errorf("errors %v, then %v, want the first again", first, second)
		}
		r.Close()
		if _, err := r.Read(make([]byte, 1)); err != first {
			t.Errorf("after Close: %v, want the first again", err)
		}
		if answers != 5 {
			t.Errorf("%d requests, want 5: the first, and MaxAttempts less one without progress", answers)
		}
	})
}

// A file that broke off has no size: there is nothing of it on disk.
func TestFailedDownloadHasNoSize(t *testing.T) {
	o := options(answers(answer{status: 200, body: `{"JobStatus":"COMPLETED","Result":{"AnonymousUsers":[{"FileGroups":[{"S3Results":[{"S3Uri":"https://b/k"}]}]}]}}`}))
	o.DownloadTransport = transportFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("half")), ContentLength: 8}, nil
	})
	files, err := New(o).Download(t.Context(), exampleJob, t.TempDir(), func(o *DownloadOptions) { o.MaxAttempts = 1 })
	if err == nil || len(files) != 1 || files[0].Size != 0 || files[0].Path != "" || files[0].Err == nil {
		t.Errorf("files %+v, %v, want one that failed, without path and size", files, err)
	}
}
