package docs_test

import (
	"expvar"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// loggingClient returns a client that logs every attempt and every retry, as debug records.
func loggingClient(cfg aws.Config, logger *slog.Logger) *snapshotjob.Client {
	return snapshotjob.NewFromConfig(cfg, func(o *snapshotjob.Options) {
		o.Logger = logger
	})
}

// countingTransport counts the attempts at each operation by what came of them.
type countingTransport struct {
	base     http.RoundTripper
	attempts *expvar.Map
}

// RoundTrip counts an attempt, as in "DescribeDashboardSnapshotJob 200".
func (t countingTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(req)
	outcome := "no response"
	if err == nil {
		outcome = strconv.Itoa(resp.StatusCode)
	}
	t.attempts.Add(awsmiddleware.GetOperationName(req.Context())+" "+outcome, 1)
	return resp, err
}

// counted makes a client count its attempts.
func counted(attempts *expvar.Map) func(*snapshotjob.Options) {
	return func(o *snapshotjob.Options) {
		o.Transport = countingTransport{
			base:     o.Transport, // the default transport, or the configuration's
			attempts: attempts,
		}
	}
}

func TestAttemptsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := snapshotjobtest.NewTestServer(t, finishAtOnce)
		server.Fail(snapshotjobtest.DescribeDashboardSnapshotJob, snapshotjobtest.Throttle(), snapshotjobtest.Drop())
		attempts := new(expvar.Map)
		_, err := report(t.Context(), server.Client(counted(attempts)), exampleJob, t.TempDir())
		require.NoError(t, err)
		assert.JSONEq(t, `{
			"StartDashboardSnapshotJob 200": 1,
			"DescribeDashboardSnapshotJob 429": 1,
			"DescribeDashboardSnapshotJob no response": 1,
			"DescribeDashboardSnapshotJob 200": 1,
			"DescribeDashboardSnapshotJobResult 200": 1
		}`, attempts.String())
	})
}

// secretRecorder is a transport that remembers the queries of URLs and the signatures.
type secretRecorder struct {
	base    http.RoundTripper
	secrets []string
}

// RoundTrip remembers the secrets of a request.
func (r *secretRecorder) RoundTrip(req *http.Request) (*http.Response, error) {
	for _, secret := range []string{req.URL.RawQuery, req.Header.Get("Authorization")} {
		if secret != "" {
			r.secrets = append(r.secrets, secret)
		}
	}
	return r.base.RoundTrip(req)
}

func TestLogHasAttemptsAndNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := snapshotjobtest.NewTestServer(t, finishAtOnce)
		server.Fail(snapshotjobtest.GetObject, snapshotjobtest.Answer(403, "AccessDenied", "Request has expired"))
		recorder := &secretRecorder{base: server.Transport()}
		cfg := server.Config()
		cfg.HTTPClient = &http.Client{Transport: recorder}
		var log strings.Builder
		handler := slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})
		client := loggingClient(cfg, slog.New(handler))
		_, err := report(t.Context(), client, exampleJob, t.TempDir())
		require.NoError(t, err)

		assert.Contains(t, log.String(), "operation=StartDashboardSnapshotJob")
		assert.Contains(t, log.String(), `msg="download attempt"`)
		assert.GreaterOrEqual(t, len(recorder.secrets), 5)
		for _, secret := range recorder.secrets {
			assert.NotContains(t, log.String(), secret)
		}
	})
}
