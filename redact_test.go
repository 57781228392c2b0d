package snapshotjob

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// everyFailure makes one call after the other, each of which fails in a way of
// its own, against a server and a transport that repeat all that they were sent.
func everyFailure(t *testing.T, logger *slog.Logger, each func(name string, err error, req *http.Request)) {
	echo := func(status int, contentType, format string) transportFunc {
		return func(req *http.Request) (*http.Response, error) {
			_, wire := received(t, req)
			_, signature, _ := strings.Cut(req.Header.Get("Authorization"), "Signature=")
			body := strings.NewReplacer("ALL", jsonEscape(wire), "TOKEN", req.Header.Get("X-Amz-Security-Token"), "SIGNATURE", signature, "SECRET", exampleSecret, "PRESIGNED", string(presigned)).Replace(format)
			return answer{status: status, header: map[string]string{"Content-Type": contentType, "X-Amzn-Requestid": "R1"}, body: body}.response()
		}
	}
	refuse := func(text string) transportFunc {
		return func(req *http.Request) (*http.Response, error) {
			_, signature, _ := strings.Cut(req.Header.Get("Authorization"), "Signature=")
			return nil, &url.Error{Op: "Get", URL: req.URL.String() + "?X-Amz-Signature=" + signature, Err: errors.New(text)}
		}
	}
	const signedString = `The request signature we calculated does not match the signature you provided. The Canonical String for this request should have been 'GET\nx-amz-security-token:TOKEN\n' Signature=SIGNATURE SECRET`
	failures := map[string]transportFunc{
		"the request in HTML":               echo(403, "text/html", "<html><pre>ALL</pre></html>"),
		"the request in JSON":               echo(403, "application/json", `{"Message":"ALL"}`),
		"the request in JSON, cut off":      echo(403, "application/json", `{"Message":"ALL`),
		"the request in HTML, after a 200":  echo(200, "text/html", "<html><pre>ALL</pre></html>"),
		"the request in a code":             echo(403, "application/json", `{"code":"SECRET TOKEN","message":"m"}`),
		"a string to sign":                  echo(403, "application/json", `{"__type":"InvalidSignatureException","message":"`+signedString+`"}`),
		"a string to sign, plain":           echo(403, "text/plain", signedString),
		"a token beyond the snippet's end":  echo(200, "text/plain", strings.Repeat("x", snippetSize-4)+"TOKEN SECRET"),
		"a presigned URL in a 200":          echo(200, "text/plain", "see PRESIGNED"),
		"a presigned URL in JSON":           echo(200, "application/json", `{"JobStatus":"COMPLETED","Result":{"AnonymousUsers":"PRESIGNED"}}`),
		"a presigned URL in a wrong place":  echo(200, "application/json", `{"CreatedTime":"PRESIGNED"}`),
		"a presigned URL in a wrong number": echo(200, "application/json", `{"CreatedTime":PRESIGNED}`),
		"a presigned URL as a key":          echo(200, "application/json", `{"Result":{"AnonymousUsers":[{"PRESIGNED":1,"FileGroups":7}]}}`),
		"a presigned URL, cut off":          echo(200, "application/json", `{"Result":{"AnonymousUsers":[{"FileGroups":[{"S3Results":[{"S3Uri":"PRESIGNED`),
		"a presigned URL in a message":      echo(500, "application/json", `{"Message":"see PRESIGNED for more"}`),
		"a presigned URL in a content type": echo(200, "PRESIGNED?X-Amz-Signature=SECRET", "x"),
		"a broken connection":               refuse("connection reset by peer"),
	}
	o := options(nil)
	o.Logger = logger
	for name, transport := range failures {
		var last *http.Request
		o.Transport = transportFunc(func(req *http.Request) (*http.Response, error) { last = req; return transport(req) })
		_, err := describe(t, o)
		if err == nil {
			t.Errorf("%s: no error, want one", name)
			continue
		}
		each(name, err, last)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var last *http.Request
		o.Transport = transportFunc(func(req *http.Request) (*http.Response, error) { last = req; return nil, untilDone(req.Context()) })
		_, err := New(o).DescribeDashboardSnapshotJobResult(ctx, exampleJob)
		each("the context", err, last)
	})
}

func jsonEscape(text string) string {
	return strings.NewReplacer("\r", `\r`, "\n", `\n`, `"`, `\"`).Replace(text)
}

func secretsOf(req *http.Request) []string {
	_, signature, _ := strings.Cut(req.Header.Get("Authorization"), "Signature=")
	return []string{exampleSecret, exampleToken, signature, "X-Amz-Signature=0", "0123SECRET4567", exampleKeyID + "/"}
}

func TestNoErrorHoldsASecret(t *testing.T) {
	everyFailure(t, nil, func(name string, err error, req *http.Request) {
		for _, e := range chain(err) {
			texts := []string{e.Error(), fmt.Sprintf("%v", e), fmt.Sprintf("%+v", e), fmt.Sprintf("%#v", e), fmt.Sprintf("%q", e)}
			if m := reflect.ValueOf(e); m.Kind() == reflect.Pointer && !m.IsNil() && m.Elem().CanInterface() {
				texts = append(texts, fmt.Sprintf("%+v", m.Elem().Interface()), fmt.Sprintf("%#v", m.Elem().Interface()))
			}
			for _, text := range texts {
				for _, secret := range secretsOf(req) {
					if strings.Contains(text, secret) {
						t.Errorf("%s: %T says %.600q, which holds %q", name, e, text, secret)
					}
				}
			}
		}
	})
}

// chain is an error and all errors behind it.
func chain(err error) []error {
	all := []error{err}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if next := e.Unwrap(); next != nil {
			all = append(all, chain(next)...)
		}
	case interface{ Unwrap() []error }:
		for _, next := range e.Unwrap() {
			if next != nil {
				all = append(all, chain(next)...)
			}
		}
	}
	return all
}

func TestNoLogHoldsASecret(t *testing.T) {
	var buf bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&buf, &slog.HandlerOptions{Level: slog.LevelDebug}))
	everyFailure(t, logger, func(name string, _ error, req *http.Request) {
		if !strings.Contains(buf.String(), `"msg":"attempt"`) {
			t.Errorf("%s: no record of an attempt in %s", name, buf.String())
		}
		for _, secret := range secretsOf(req) {
			if strings.Contains(buf.String(), secret) {
				t.Errorf("%s: the log\n%s holds %q", name, buf.String(), secret)
			}
		}
		buf.Reset()
	})
}

func TestSilentWithoutLogger(t *testing.T) {
	o := options(answers(answer{status: 500}, completed))
	if _, err := describe(t, o); err != nil {
		t.Errorf("without a logger: %v", err)
	}
}

func TestLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var buf bytes.Buffer
		handler := slog.NewTextHandler(&buf, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}})
		n := 0
		o := options(transportFunc(func(req *http.Request) (*http.Response, error) {
			time.Sleep(10 * time.Millisecond)
			n++
			switch n {
			case 1:
				return nil, errors.New("connection reset by peer")
			case 2:
				return apiError(503, "ServiceUnavailable").response()
			}
			return completed.response()
		}))
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return time.Second, nil })
		})
		o.Logger = slog.New(handler)
		if _, err := describe(t, o); err != nil {
			t.Fatal(err)
		}
		const common = "operation=DescribeDashboardSnapshotJobResult job=111122223333/dash/job attempt="
		want := []string{
			"level=DEBUG msg=attempt " + common + `1 duration=10ms skew=0s error="https response error StatusCode: 0, RequestID: , request send failed, connection reset by peer"`,
			"level=DEBUG msg=retry " + common + "1 decision=yes delay=1s",
			"level=DEBUG msg=attempt " + common + `2 duration=10ms skew=0s status=503 requestID=R1 error="https response error StatusCode: 503, RequestID: R1, api error ServiceUnavailable: m"`,
			"level=DEBUG msg=retry " + common + "2 decision=yes delay=1s",
			"level=DEBUG msg=attempt " + common + `3 duration=10ms skew=0s status=200 requestID=""`,
		}
		if got := strings.TrimSpace(buf.String()); got != strings.Join(want, "\n") {
			t.Errorf("log\n%s\nwant\n%s", got, strings.Join(want, "\n"))
		}
	})
}

func TestLogOfDecisions(t *testing.T) {
	asked := 0
	tests := []struct {
		name    string
		set     func(*Options)
		answers []answer
		want    string
	}{
		{"final", nil, []answer{{status: 404}}, "no: the error is final"},
		{"last attempt", nil, []answer{{status: 500}}, "no: that was the last attempt"},
		{"fresh credentials", func(o *Options) { o.Credentials = cacheOf(&asked) }, []answer{apiError(403, "ExpiredToken"), completed}, "again with fresh credentials"},
	}
	for _, tt := range tests {
		var buf bytes.Buffer
		o := options(answers(tt.answers...))
		if tt.set != nil {
			tt.set(&o)
		}
		o.Logger = slog.New(slog.NewTextHandler(&buf, &slog.HandlerOptions{Level: slog.LevelDebug}))
		describe(t, o)
		if !strings.Contains(buf.String(), `decision="`+tt.want+`"`) {
			t.Errorf("%s: log\n%s, want the decision %q", tt.name, buf.String(), tt.want)
		}
		buf.Reset()
		o.Logger = slog.New(slog.NewTextHandler(&buf, nil)) // not for debug records
		describe(t, o)
		if buf.Len() > 0 {
			t.Errorf("%s: log above the debug level\n%s, want nothing", tt.name, buf.String())
		}
	}
}

// What a server sends back of a request may be escaped, quoted or cut.
func TestRedactEscapedSecrets(t *testing.T) {
	creds := aws.Credentials{SecretAccessKey: exampleSecret, SessionToken: "IQoJb3JpZ2luX2VjE/abcdefghij+klmnopqrst=="}
	for text, want := range map[string]string{
		`https:\/\/b\/k?X-Amz-Signature\u003dXXX`:                          `https:\/\/b\/k?REDACTED`,
		`k\u003fX-Amz-Signature\u003dXXX`:                                  `k\u003fX-Amz-Signature\REDACTED`,
		`/login?next=https%3A%2F%2Fb%2Fk%3FX-Amz-Signature%3DXXX now`:      `/login?next=https%3A%2F%2Fb%2Fk%3FX-Amz-Signature%REDACTED`,
		`next=https%3A%2F%2Fb%2Fk%3FX-Amz-Signature%3DXXX`:                 `next=https%3A%2F%2Fb%2Fk%3FX-Amz-Signature%REDACTED`,
		`IQoJb3JpZ2luX2VjE&#x2F;abcdefghij&#43;klmnopqrst&#61;&#61; x`:     `REDACTED&#x2F;REDACTED&#43;REDACTED&#61;&#61; x`,
		`IQoJb3JpZ2luX2VjE%2Fabcdefghij%2Bklmnopqrst%3D%3D`:                `REDACTED%2FREDACTED%2BREDACTED%3D%3D`,
		`{"X-Amz-Signature":"XXX", "x": 1}`:                                `{"X-Amz-Signature"REDACTED`,
		`x-amz-security-token: XXX`:                                        `x-amz-security-token:REDACTED`,
		"The request signature we calculated is wrong. Why? Check the key": "The request signature we calculated is wrong. Why? Check the key",
		"InvalidSignatureException: Signature expired":                     "InvalidSignatureException: Signature expired",
		"two\r\nlines": "two  lines",
	} {
		if got := redact(text, creds); got != want {
			t.Errorf("redact(%q) = %q, want %q", text, got, want)
		}
	}
	creds.SessionToken = "IQoJ" + strings.Repeat("t", 300)
	cut := snippet([]byte("https://proxy/?"+strings.Repeat("q", 1900)+" "+strings.Repeat("a", 100)+creds.SessionToken), creds)
	if strings.Contains(cut, "IQoJ") || len(cut) > snippetSize+len("…") {
		t.Errorf("a snippet shows the begin of a secret: %q", cut)
	}
}

func TestFormattedClientsHideCredentials(t *testing.T) {
	o := Options{Region: "us-east-1", Credentials: exampleCredentials}
	client := New(o)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "options", o, "client", client)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "options", o, "client", client)
	data, err := json.Marshal(map[string]any{"options": o, "client": client})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		fmt.Sprintf("%v %+v %#v %s", o, o, o, o), fmt.Sprintf("%v %+v %#v %s", client, client, client, client),
		fmt.Sprintf("%+v", []Options{o}), fmt.Sprintf("%+v", &o), log.String(), string(data),
	} {
		if strings.Contains(text, exampleSecret) || strings.Contains(text, exampleToken) || !strings.Contains(text, "us-east-1") && text != string(data) {
			t.Errorf("%s, want the region and no secret", text)
		}
	}
}

func TestTransportErrorsHideTheRequest(t *testing.T) {
	o := options(transportFunc(func(req *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("traced\n%v", req.Header)
	}))
	var log strings.Builder
	o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	_, err := describe(t, o)
	if err == nil || !strings.Contains(err.Error(), "traced map[") {
		t.Fatalf("error %v, want the transport's", err)
	}
	for _, text := range []string{err.Error(), log.String()} {
		if strings.Contains(text, exampleToken) || strings.Contains(text, "Signature=") && !strings.Contains(text, "Signature=REDACTED") {
			t.Errorf("%s shows a secret", text)
		}
	}
	checkErrorText(t, err)
}
