package snapshotjob_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// secretKeeper knows what must not be shown: what the requests carried.
type secretKeeper struct {
	next http.RoundTripper

	mu      sync.Mutex
	secrets map[string]bool
}

func (k *secretKeeper) keep(secret string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(secret) > 8 {
		k.secrets[secret] = true
		k.secrets[url.QueryEscape(secret)] = true
	}
}

func (k *secretKeeper) RoundTrip(req *http.Request) (*http.Response, error) {
	k.keep(req.Header.Get("X-Amz-Security-Token"))
	_, signature, _ := strings.Cut(req.Header.Get("Authorization"), "Signature=")
	k.keep(signature)
	k.keep(req.URL.RawQuery)
	query := req.URL.Query()
	for _, name := range []string{"X-Amz-Signature", "X-Amz-Security-Token", "X-Amz-Credential"} {
		k.keep(query.Get(name))
	}
	resp, err := k.next.RoundTrip(req)
	if err != nil {
		// As http.Client says it, and with what a careless proxy adds.
		return nil, &url.Error{Op: "Get", URL: req.URL.String(), Err: err}
	}
	return resp, nil
}

// check searches a text in all the ways that it may be shown.
func (k *secretKeeper) check(t *testing.T, what, text string) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	for secret := range k.secrets {
		if strings.Contains(text, secret) {
			t.Errorf("%s shows %.40q…: %.600q", what, secret, text)
		}
	}
	for _, name := range []string{"X-Amz-Signature=", "X-Amz-Credential=", "wJalrXUtnFEMI"} {
		if at := strings.Index(text, name); at >= 0 && !strings.HasPrefix(text[at+len(name):], "REDACTED") {
			t.Errorf("%s shows %s: %.600q", what, name, text)
		}
	}
}

func (k *secretKeeper) checkError(t *testing.T, err error) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
		k.check(t, fmt.Sprintf("%T by %s", err, verb), fmt.Sprintf(verb, err))
		if v := reflect.ValueOf(err); v.Kind() == reflect.Pointer && !v.IsNil() {
			k.check(t, fmt.Sprintf("*%T by %s", err, verb), fmt.Sprintf(verb, v.Elem().Interface()))
		}
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if next := e.Unwrap(); next != nil {
			k.checkError(t, next)
		}
	case interface{ Unwrap() []error }:
		for _, next := range e.Unwrap() {
			k.checkError(t, next)
		}
	}
}

// secretEcho answers with all that it was sent.
func secretEcho(status int, format string) snapshotjobtest.Fault {
	return snapshotjobtest.NewFault(fmt.Sprint("echo ", status), func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var all strings.Builder
			fmt.Fprintf(&all, "https://%s%s\n", r.Host, r.RequestURI)
			r.Header.Write(&all)
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Location", "https://"+r.Host+r.RequestURI)
			w.WriteHeader(status)
			io.WriteString(w, strings.ReplaceAll(format, "ALL", all.String()))
		})
	})
}

func TestDownloadShowsNoSecret(t *testing.T) {
	const start, describe = snapshotjobtest.StartDashboardSnapshotJob, snapshotjobtest.DescribeDashboardSnapshotJob
	xml := "<Error><Code>SignatureDoesNotMatch</Code><Message>You sent ALL</Message><StringToSign>ALL</StringToSign></Error>"
	faults := map[string][]snapshotjobtest.Fault{
		"echo":           {secretEcho(400, "ALL")},
		"echo in XML":    {secretEcho(400, xml)},
		"echo in a code": {secretEcho(400, "<Code>ALL</Code><Message>m</Message>")},
		"echo in JSON":   {secretEcho(400, `{"Message":"ALL"}`)},
		"forbidden":      {secretEcho(403, xml), secretEcho(403, xml)},
		"redirect":       {secretEcho(307, "ALL")},
		"500":            secretEcho(500, "ALL"+xml).Times(5),
		"200":            {secretEcho(200, "ALL")},
		"dropped":        snapshotjobtest.Drop().Times(5),
		"stalled":        snapshotjobtest.Stall(0).Times(5),
		"cut off":        snapshotjobtest.CutBody(3).Times(5),
		"range":          {snapshotjobtest.CutBody(3), downloadAnswer(206, "x", "Content-Range", "bytes https://h/?X-Amz-Signature=0123SECRET4567")},
		"expired":        snapshotjobtest.ExpiredToken().Times(5),
		"corrupt":        snapshotjobtest.Corrupt().Times(5),
		"as it should":   {},
	}
	run := func(t *testing.T, bucket bool, op snapshotjobtest.Operation, faults []snapshotjobtest.Fault) {
		server := snapshotjobtest.NewServer(func(o *snapshotjobtest.Options) { o.RequestsPerSecond = -1 })
		life := snapshotjobtest.Completed(snapshotjobtest.PDF("sheet-1").With("content"), snapshotjobtest.CSV("sheet-1", "v").Failing("E", "m"))
		if bucket {
			life = downloadBucket("reports", life.Files...)
		}
		server.AddJob(startJob, life)
		server.Fail(op, faults...)
		keeper := &secretKeeper{next: server.Transport(), secrets: map[string]bool{"0123SECRET4567": true, "the tag's value": true}}
		provider := server.AddUser("somebody")
		credentials, err := provider.Retrieve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		keeper.keep(credentials.SessionToken)
		keeper.keep(credentials.SecretAccessKey)
		life.User = "somebody"
		server.AddJob(startJob, life)

		var text, records bytes.Buffer
		level := &slog.HandlerOptions{Level: slog.LevelDebug}
		logger := slog.New(slog.NewMultiHandler(slog.NewTextHandler(&text, level), slog.NewJSONHandler(&records, level)))
		client := snapshotjob.New(snapshotjob.Options{Region: "us-east-1", Credentials: provider, Transport: keeper, DownloadTransport: keeper, Logger: logger, AttemptTimeout: time.Minute})
		in := startInput()
		in.UserConfiguration = snapshotjob.AnonymousUser(snapshotjob.SessionTag{Key: "k", Value: "the tag's value"})
		_, startErr := client.StartDashboardSnapshotJob(t.Context(), in)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		out, waitErr := client.Wait(ctx, startJob)
		cancel()
		files, err := client.Download(t.Context(), startJob, t.TempDir())
		for _, err := range []error{startErr, waitErr, err} {
			if err == nil {
				continue
			}
			keeper.checkError(t, err)
			logger.Error("failed", "err", err)
		}
		logger.Info("files", "files", files, "out", out)
		for _, f := range files {
			logger.Info("file", "file", f)
		}
		for _, v := range []any{files, out, in.Job} {
			asJSON, err := json.Marshal(v)
			if err != nil {
				t.Error(err)
			}
			keeper.check(t, fmt.Sprintf("%T as JSON", v), string(asJSON))
			for _, verb := range []string{"%v", "%+v", "%#v"} {
				keeper.check(t, fmt.Sprintf("%T by %s", v, verb), fmt.Sprintf(verb, v))
			}
		}
		keeper.check(t, "the text log", text.String())
		keeper.check(t, "the JSON log", records.String())
		if !strings.Contains(text.String(), `msg="download attempt"`) && op == downloadGet || len(keeper.secrets) < 6 {
			t.Errorf("%d secrets, and a log of %s: the test proves nothing", len(keeper.secrets), text.String())
		}
	}
	for name, list := range faults {
		for _, op := range []snapshotjobtest.Operation{downloadGet, downloadResult, describe, start} {
			for _, bucket := range []bool{false, true} {
				if bucket && op != downloadGet {
					continue // those make no difference
				}
				t.Run(fmt.Sprintf("%s/%s/bucket=%t", name, op, bucket), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { run(t, bucket, op, list) })
				})
			}
		}
	}
}
