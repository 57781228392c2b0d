package snapshotjobtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

const describeOp = snapshotjobtest.DescribeDashboardSnapshotJob

// Each fault, as a client sees it in memory and over a socket.
func TestFaults(t *testing.T) {
	tests := []struct {
		name   string
		fault  snapshotjobtest.Fault
		status int    // 0: no answer
		code   string // in X-Amzn-Errortype
		body   string // begins so
		cut    bool   // reading the body fails
	}{
		{"pass", snapshotjobtest.Pass(), 200, "", `{"Arn":`, false},
		{"throttle", snapshotjobtest.Throttle(), 429, "ThrottlingException", `{"Message":"Rate exceeded"`, false},
		{"500", snapshotjobtest.ServerError(500), 500, "InternalFailureException", `{"Message":`, false},
		{"503", snapshotjobtest.ServerError(503), 503, "ServiceUnavailable", `{"Message":`, false},
		{"expired token", snapshotjobtest.ExpiredToken(), 403, "ExpiredTokenException", `{"Message":`, false},
		{"any answer", snapshotjobtest.Answer(403, "UnsupportedUserEditionException", "m"), 403, "UnsupportedUserEditionException", `{"Message":"m",`, false},
		{"garbage", snapshotjobtest.Garbage(), 200, "", "\x00\xff", false},
		{"a page", snapshotjobtest.HTML(502), 502, "", "<html>", false},
		{"drop", snapshotjobtest.Drop(), 0, "", "", false},
		{"drop after work", snapshotjobtest.DropAfterWork(), 0, "", "", false},
		{"a cut body", snapshotjobtest.CutBody(7), 200, "", `{"Arn":`, true},
		{"a body cut before it begins", snapshotjobtest.CutBody(0), 200, "", "", true},
		{"a corrupt body", snapshotjobtest.Corrupt(), 200, "", "\x84\"Arn\":", false},
		{"a small skew", snapshotjobtest.SkewedDate(4 * time.Minute), 200, "", `{"Arn":`, false},
		{"a large skew", snapshotjobtest.SkewedDate(time.Hour), 403, "InvalidSignatureException", `{"Message":"Signature expired: `, false},
		{"a skew to the past", snapshotjobtest.SkewedDate(-time.Hour), 403, "InvalidSignatureException", `{"Message":"Signature not yet current: `, false},
	}
	run := func(t *testing.T, srv *snapshotjobtest.Server, base string) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				srv.AddJob(daily, snapshotjobtest.Completed())
				srv.Fail(describeOp, tt.fault)
				resp, err := srv.HTTPClient().Do(raw{method: "GET", url: base + jobPath}.request(t))
				if tt.status == 0 {
					if !errors.Is(err, syscall.ECONNRESET) {
						t.Fatalf("got error %v, want a connection reset", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				if resp.StatusCode != tt.status || resp.Header.Get("X-Amzn-Errortype") != tt.code || !strings.HasPrefix(string(body), tt.body) {
					t.Errorf("got %d %q %.60q, want %d %q %q", resp.StatusCode, resp.Header.Get("X-Amzn-Errortype"), body, tt.status, tt.code, tt.body)
				}
				if cut := errors.Is(err, io.ErrUnexpectedEOF); cut != tt.cut || err != nil && !cut {
					t.Errorf("reading the body ends with %v; cut: %v", err, tt.cut)
				}
				if tt.cut && (len(body) != len(tt.body) || resp.ContentLength <= int64(len(body))) {
					t.Errorf("got %d bytes of %d, want %d", len(body), resp.ContentLength, len(tt.body))
				}
				if resp.Header.Get("Date") == "" {
					t.Error("the answer has no Date")
				}
			})
		}
	}
	unlimited := func(o *snapshotjobtest.Options) { o.RequestsPerSecond = -1 }
	t.Run("memory", func(t *testing.T) { run(t, snapshotjobtest.NewTestServer(t, unlimited), api) })
	t.Run("http", func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t, unlimited)
		base := srv.Start()
		srv.HTTPClient().Transport.(*http.Transport).DisableKeepAlives = true // or net/http sends a GET again
		run(t, srv, base)
	})
	t.Run("https", func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t, unlimited)
		base := srv.StartTLS()
		srv.HTTPClient().Transport.(*http.Transport).DisableKeepAlives = true
		run(t, srv, base)
	})
}

func TestFaultsOfFiles(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	srv.AddJob(daily, snapshotjobtest.Completed(snapshotjobtest.CSV("s", "v").With("content")))
	uri := get(result).send(t, srv).uris(t)[0]
	for _, tt := range []struct {
		fault  snapshotjobtest.Fault
		status int
		code   string
	}{
		{snapshotjobtest.Throttle(), 503, "SlowDown"},
		{snapshotjobtest.ServerError(500), 500, "InternalError"},
		{snapshotjobtest.ServerError(503), 503, "ServiceUnavailable"},
		{snapshotjobtest.ExpiredToken(), 400, "ExpiredToken"},
		{snapshotjobtest.Answer(404, "NoSuchKey", "m"), 404, "NoSuchKey"},
		{snapshotjobtest.Pass(), 200, ""},
	} {
		srv.Fail(snapshotjobtest.GetObject, tt.fault)
		plain(t, srv, uri, nil).wantS3(t, tt.status, tt.code)
	}
	srv.Fail(snapshotjobtest.GetObject, snapshotjobtest.CutBody(3))
	if got := plain(t, srv, uri, nil); got.body != "con" || !errors.Is(got.err, io.ErrUnexpectedEOF) {
		t.Errorf("got %q, %v", got.body, got.err)
	}
}

// A file's signature is held against a skewed clock too, by S3's rules.
func TestSkewedDateOfFiles(t *testing.T) {
	life := snapshotjobtest.Completed(snapshotjobtest.CSV("s", "v").With("content"))
	life.Destination = &snapshotjob.S3BucketConfiguration{BucketName: "reports", BucketPrefix: "p"}
	signed := raw{method: "GET", url: "https://reports.s3.us-east-1.amazonaws.com/p/111122223333/sales/weekly/1-s-v.csv", service: "s3"}
	for _, tt := range []struct {
		skew                  time.Duration
		presigned, inBucket   int
		preCode, inBucketCode string
	}{
		{time.Minute, 200, 200, "", ""},
		{6 * time.Minute, 403, 200, "AccessDenied", ""},
		{time.Hour, 403, 403, "AccessDenied", "RequestTimeTooSkewed"},
		{-time.Hour, 403, 403, "AccessDenied", "RequestTimeTooSkewed"},
	} {
		synctest.Test(t, func(t *testing.T) {
			srv := snapshotjobtest.NewTestServer(t)
			srv.AddJob(daily, snapshotjobtest.Completed(snapshotjobtest.PDF("s")))
			srv.AddJob(weekly, life)
			uri := get(result).send(t, srv).uris(t)[0]
			srv.Fail(snapshotjobtest.GetObject, snapshotjobtest.SkewedDate(tt.skew).Times(2)...)
			plain(t, srv, uri, nil).wantS3(t, tt.presigned, tt.preCode)
			signed.send(t, srv).wantS3(t, tt.inBucket, tt.inBucketCode)
		})
	}
}

func TestFaultOrder(t *testing.T) {
	srv := snapshotjobtest.NewServer()
	srv.AddJob(daily, snapshotjobtest.Completed(snapshotjobtest.PDF("s")))
	uri := get(result).send(t, srv).uris(t)[0]
	srv.Fail(snapshotjobtest.AnyOperation, snapshotjobtest.ServerError(503))
	srv.Fail(describeOp, snapshotjobtest.Throttle(), snapshotjobtest.Pass(), snapshotjobtest.ServerError(500))
	srv.Fail(snapshotjobtest.StartDashboardSnapshotJob, snapshotjobtest.Drop().Times(2)...)

	plain(t, srv, uri, nil).wantS3(t, 200, "")                      // a file is no operation of the API
	raw{method: "GET", url: jobPath, region: "x"}.send(t, srv)      // a bad signature meets no fault
	raw{method: "GET", url: jobPath, skew: -time.Hour}.send(t, srv) // nor does an old one
	get(jobPath).send(t, srv).want(t, 429, "ThrottlingException")   // the operation's own come first,
	get(result).send(t, srv).want(t, 503, "ServiceUnavailable")     // those for any go to another operation,
	get(jobPath).send(t, srv).want(t, 200, "")                      // in order
	get(result).send(t, srv).want(t, 200, "")
	want := []string{"DescribeDashboardSnapshotJob: server error 500", "StartDashboardSnapshotJob: drop (2 times)"}
	if got := srv.Unused(); !reflect.DeepEqual(got, want) {
		t.Errorf("unused faults: got %q, want %q", got, want)
	}
	var met []string
	for _, r := range srv.Requests() {
		met = append(met, fmt.Sprintf("%s %d %s", r.Operation, r.Status, r.Fault))
	}
	wantMet := []string{
		"DescribeDashboardSnapshotJobResult 200 ", "GetObject 200 ",
		"DescribeDashboardSnapshotJob 403 ", "DescribeDashboardSnapshotJob 403 ",
		"DescribeDashboardSnapshotJob 429 throttle", "DescribeDashboardSnapshotJobResult 503 server error 503",
		"DescribeDashboardSnapshotJob 200 pass", "DescribeDashboardSnapshotJobResult 200 ",
	}
	if !reflect.DeepEqual(met, wantMet) {
		t.Errorf("requests:\n got %q\nwant %q", met, wantMet)
	}
}

// The difference between the two drops is whether there is a job afterwards.
func TestDrop(t *testing.T) {
	for _, tt := range []struct {
		fault  snapshotjobtest.Fault
		status int
		code   string
	}{{snapshotjobtest.Drop(), 404, "ResourceNotFoundException"}, {snapshotjobtest.DropAfterWork(), 200, ""}} {
		srv := snapshotjobtest.NewTestServer(t)
		srv.Fail(snapshotjobtest.StartDashboardSnapshotJob, tt.fault)
		if _, err := srv.HTTPClient().Do(post(jobs, goodStart).request(t)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: got %v", tt.fault, err)
		}
		get(jobs+"/weekly").send(t, srv).want(t, tt.status, tt.code)
		if r := srv.Requests()[0]; r.Status != 0 || r.Job != weekly {
			t.Errorf("%s: recorded as %+v, want %s", tt.fault, r, weekly)
		}
	}
}

func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t)
		srv.AddJob(daily, snapshotjobtest.Completed())
		begin := time.Now()
		srv.Fail(describeOp, snapshotjobtest.Stall(time.Minute), snapshotjobtest.StallBody(3, time.Minute), snapshotjobtest.Stall(0), snapshotjobtest.StallBody(3, 0))
		get(jobPath).send(t, srv).want(t, 200, "")
		get(jobPath).send(t, srv).want(t, 200, "")
		if took := time.Since(begin); took != 2*time.Minute {
			t.Errorf("two stalls of a minute took %v", took)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err := srv.HTTPClient().Do(raw{method: "GET", url: jobPath}.request(t).WithContext(ctx))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Hour+2*time.Minute {
			t.Errorf("a stall without end: %v after %v", err, time.Since(begin))
		}

		ctx, stop := context.WithCancel(t.Context())
		resp, err := srv.HTTPClient().Do(raw{method: "GET", url: jobPath}.request(t).WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Minute, stop)
		body, err := io.ReadAll(resp.Body)
		if len(body) != 3 || !errors.Is(err, context.Canceled) {
			t.Errorf("a body that stalls without end: %q, %v", body, err)
		}
		resp.Body.Close()
	})
}

// A fault that could do nothing to its body is no used one.
func TestFaultWithoutEffect(t *testing.T) {
	const size = 10
	life := snapshotjobtest.Completed(snapshotjobtest.CSV("s", "v").With(strings.Repeat("x", size)), snapshotjobtest.File{Content: []byte{}})
	for _, tt := range []struct {
		fault snapshotjobtest.Fault
		file  int
		want  []string
	}{
		{snapshotjobtest.CutBody(size - 1), 0, nil},
		{snapshotjobtest.CutBody(size), 0, []string{"GetObject: cut body at 10: the body was too short"}},
		{snapshotjobtest.StallBody(size-1, time.Second), 0, nil},
		{snapshotjobtest.StallBody(size, 0), 0, []string{"GetObject: stall body at 10: the body was too short"}},
		{snapshotjobtest.Corrupt(), 0, nil},
		{snapshotjobtest.Corrupt(), 1, []string{"GetObject: corrupt: the body was too short"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			srv := snapshotjobtest.NewServer()
			srv.AddJob(daily, life)
			uri := get(result).send(t, srv).uris(t)[tt.file]
			srv.Fail(snapshotjobtest.GetObject, tt.fault)
			plain(t, srv, uri, nil).wantS3(t, 200, "")
			if got := srv.Unused(); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%s of file %d: got %q, want %q", tt.fault, tt.file, got, tt.want)
			}
		})
	}
}

func TestFaultMisuse(t *testing.T) {
	srv := snapshotjobtest.NewServer()
	for name, misuse := range map[string]func(){
		"a zero fault":       func() { srv.Fail(describeOp, snapshotjobtest.Fault{}) },
		"another operation":  func() { srv.Fail("ListDashboards", snapshotjobtest.Drop()) },
		"no status":          func() { snapshotjobtest.ServerError(0) },
		"a client's error":   func() { snapshotjobtest.ServerError(404) },
		"beyond the classes": func() { snapshotjobtest.ServerError(600) },
	} {
		func() {
			defer func() {
				if text, ok := recover().(string); !ok || !strings.HasPrefix(text, "snapshotjobtest: ") {
					t.Errorf("%s: got %q, want a panic that names the package", name, text)
				}
			}()
			misuse()
		}()
	}
}

func TestNewFault(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	srv.Fail(describeOp, snapshotjobtest.NewFault("teapot", func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })
	}))
	if got := get(jobPath).send(t, srv); got.status != http.StatusTeapot {
		t.Errorf("got %d", got.status)
	}
	if got := srv.Requests()[0].Fault; got != "teapot" {
		t.Errorf("recorded as %q", got)
	}
}

// reports is a testing.TB that keeps what it is told.
type reports struct {
	errors   []string
	cleanups []func()
}

func (r *reports) Helper() {}
func (r *reports) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}
func (r *reports) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func TestNewTestServer(t *testing.T) {
	var tb reports
	srv := snapshotjobtest.NewTestServer(&tb)
	srv.Fail(describeOp, snapshotjobtest.Throttle().Times(2)...)
	get(jobPath).send(t, srv)
	get("/accounts/secret?token=1").send(t, srv)
	for _, f := range tb.cleanups {
		f()
	}
	want := []string{
		"snapshotjobtest: scripted faults without effect: DescribeDashboardSnapshotJob: throttle",
		"snapshotjobtest: a request that no route knew: GET /accounts/secret",
	}
	if !reflect.DeepEqual(tb.errors, want) {
		t.Errorf("got %q, want %q", tb.errors, want)
	}
}
