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
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// secretTag is the value of a session tag, and secretSignature that of a URL in a bad response.
const (
	secretTag       = "the tag's value"
	secretSignature = "0123SECRET4567"
)

// secretKeeper is a transport that remembers what must not be shown: the secrets of all requests.
type secretKeeper struct {
	next http.RoundTripper

	mu      sync.Mutex
	secrets map[string]bool
}

// keep adds a secret. What is too short to be told from other texts is none.
func (k *secretKeeper) keep(secret string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(secret) > 8 {
		k.secrets[secret] = true
		k.secrets[url.QueryEscape(secret)] = true
	}
}

// RoundTrip fails as http.Client does, with the URL in its error, and as careless proxies do.
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
		return nil, &url.Error{Op: "Get", URL: req.URL.String(), Err: err}
	}
	return resp, nil
}

// check fails the test if a text shows a secret.
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
		_, value, shown := strings.Cut(text, name)
		if shown && !strings.HasPrefix(value, "REDACTED") {
			t.Errorf("%s shows %s: %.600q", what, name, text)
		}
	}
}

// checkPrinted checks a value in all the ways in which fmt may print it.
func (k *secretKeeper) checkPrinted(t *testing.T, v any) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
		k.check(t, fmt.Sprintf("%T by %s", v, verb), fmt.Sprintf(verb, v))
	}
}

// checkError checks an error, and all those in its chain.
func (k *secretKeeper) checkError(t *testing.T, err error) {
	t.Helper()
	k.checkPrinted(t, err)
	v := reflect.ValueOf(err)
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		k.checkPrinted(t, v.Elem().Interface())
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

// secretEcho responds with all that it was sent, in place of ALL in the format.
func secretEcho(status int, format string) snapshotjobtest.Fault {
	return snapshotjobtest.NewFault(fmt.Sprint("echo ", status), func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			address := "https://" + r.Host + r.RequestURI
			var all strings.Builder
			fmt.Fprintln(&all, address)
			r.Header.Write(&all)
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Location", address)
			w.WriteHeader(status)
			io.WriteString(w, strings.ReplaceAll(format, "ALL", all.String()))
		})
	})
}

// secretFaults are lists of faults that requests meet, by name.
func secretFaults() map[string]fileFaults {
	const xml = "<Error>" +
		"<Code>SignatureDoesNotMatch</Code>" +
		"<Message>You sent ALL</Message>" +
		"<StringToSign>ALL</StringToSign>" +
		"</Error>"
	const badRange = "bytes https://h/?X-Amz-Signature=" + secretSignature
	return map[string]fileFaults{
		"as it should":   {},
		"echo":           {secretEcho(400, "ALL")},
		"echo in XML":    {secretEcho(400, xml)},
		"echo in a code": {secretEcho(400, "<Code>ALL</Code><Message>m</Message>")},
		"echo in JSON":   {secretEcho(400, `{"Message":"ALL"}`)},
		"forbidden":      secretEcho(403, xml).Times(2),
		"redirect":       {secretEcho(307, "ALL")},
		"500":            secretEcho(500, "ALL"+xml).Times(5),
		"200":            {secretEcho(200, "ALL")},
		"dropped":        snapshotjobtest.Drop().Times(5),
		"stalled":        snapshotjobtest.Stall(0).Times(5),
		"cut off":        snapshotjobtest.CutBody(3).Times(5),
		"range":          {snapshotjobtest.CutBody(3), downloadFault(206, "x", "Content-Range", badRange)},
		"expired":        snapshotjobtest.ExpiredToken().Times(5),
		"corrupt":        snapshotjobtest.Corrupt().Times(5),
	}
}

func TestDownloadShowsNoSecret(t *testing.T) {
	operations := []snapshotjobtest.Operation{
		downloadGet,
		downloadResult,
		snapshotjobtest.DescribeDashboardSnapshotJob,
		snapshotjobtest.StartDashboardSnapshotJob,
	}
	files := []snapshotjobtest.File{
		snapshotjobtest.PDF("sheet-1").With("content"),
		snapshotjobtest.CSV("sheet-1", "v").Failing("E", "m"),
	}
	presigned := snapshotjobtest.Completed(files...)
	for name, faults := range secretFaults() {
		for _, op := range operations {
			inBubble(t, fmt.Sprintf("%s/%s", name, op), func(t *testing.T) {
				checkSecrets(t, presigned, op, faults)
			})
		}
		inBubble(t, fmt.Sprintf("%s/%s from a bucket", name, downloadGet), func(t *testing.T) {
			checkSecrets(t, downloadBucket("reports", files...), downloadGet, faults)
		})
	}
}

// checkSecrets lets a client start, wait for and download a job, while an operation meets faults, and
// checks that neither what it returns nor what it logs shows a secret.
func checkSecrets(t *testing.T, life snapshotjobtest.Life, op snapshotjobtest.Operation, faults fileFaults) {
	t.Helper()
	// Not NewTestServer: not every fault is met.
	server := snapshotjobtest.NewServer(func(o *snapshotjobtest.Options) {
		o.RequestsPerSecond = -1
	})
	user := newSecretUser(t, server)
	life.User = user.name
	server.AddJob(dailyJob, life)
	server.Fail(op, faults...)

	user.start(t)
	user.wait(t)
	user.download(t)

	keeper := user.keeper
	keeper.check(t, "the text log", user.text.String())
	keeper.check(t, "the JSON log", user.records.String())
	if len(faults) > 0 {
		assert.NotZero(t, downloadMet(server, faults[0]), "the test proves nothing")
	}
	if op == downloadGet {
		assert.Contains(t, user.text.String(), `msg="download attempt"`, "the test proves nothing")
	}
	assert.GreaterOrEqual(t, len(keeper.secrets), 6, "the test proves nothing")
}

// secretUser is a user with a client that logs, and logs itself all that the client returns.
type secretUser struct {
	name          string
	keeper        *secretKeeper
	client        *snapshotjob.Client
	logger        *slog.Logger
	text, records bytes.Buffer // the log, as text and as JSON
}

func newSecretUser(t *testing.T, server *snapshotjobtest.Server) *secretUser {
	t.Helper()
	u := &secretUser{name: "somebody"}
	u.keeper = &secretKeeper{
		next:    server.Transport(),
		secrets: map[string]bool{secretSignature: true, secretTag: true},
	}
	provider := server.AddUser(u.name)
	credentials, err := provider.Retrieve(t.Context())
	require.NoError(t, err)
	u.keeper.keep(credentials.SessionToken)
	u.keeper.keep(credentials.SecretAccessKey)

	all := &slog.HandlerOptions{Level: slog.LevelDebug}
	text := slog.NewTextHandler(&u.text, all)
	records := slog.NewJSONHandler(&u.records, all)
	u.logger = slog.New(slog.NewMultiHandler(text, records))
	u.client = snapshotjob.New(snapshotjob.Options{
		Region:            "us-east-1",
		Credentials:       provider,
		Transport:         u.keeper,
		DownloadTransport: u.keeper,
		Logger:            u.logger,
		AttemptTimeout:    time.Minute,
	})
	return u
}

func (u *secretUser) start(t *testing.T) {
	t.Helper()
	in := startInput()
	in.UserConfiguration = snapshotjob.AnonymousUser(snapshotjob.SessionTag{Key: "k", Value: secretTag})
	_, err := u.client.StartDashboardSnapshotJob(t.Context(), in)
	u.checkError(t, err)
	u.checkValue(t, in.Job)
}

func (u *secretUser) wait(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	out, err := u.client.Wait(ctx, dailyJob)
	u.checkError(t, err)
	u.checkValue(t, out)
}

func (u *secretUser) download(t *testing.T) {
	t.Helper()
	files, err := u.client.Download(t.Context(), dailyJob, t.TempDir())
	u.checkError(t, err)
	u.checkValue(t, files)
	for _, file := range files {
		u.logger.Info("file", "file", file)
	}
}

// checkError checks an error, if it is one, and logs it.
func (u *secretUser) checkError(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	u.keeper.checkError(t, err)
	u.logger.Error("failed", "err", err)
}

// checkValue checks a value as fmt and JSON write it, and logs it.
func (u *secretUser) checkValue(t *testing.T, v any) {
	t.Helper()
	u.keeper.checkPrinted(t, v)
	asJSON, err := json.Marshal(v)
	assert.NoError(t, err)
	u.keeper.check(t, fmt.Sprintf("%T as JSON", v), string(asJSON))
	u.logger.Info("value", "value", v)
}
