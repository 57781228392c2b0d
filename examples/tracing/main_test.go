package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// content is what the file of the job holds.
const content = "region,orders\nEMEA,42\n"

// sessionToken is the one of the server's user.
const sessionToken = "example/session+token="

// newServer returns a server whose job makes a file with the content. Its user has a session token.
func newServer(t *testing.T) *snapshotjobtest.Server {
	t.Helper()
	return snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		o.Credentials = aws.Credentials{
			AccessKeyID:     "AKIDEXAMPLE",
			SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
			SessionToken:    sessionToken,
		}
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
			return snapshotjobtest.Completed(snapshotjobtest.PDF("overview").With(content))
		}
	})
}

// recording is what became of a report.
type recording struct {
	spans tracetest.SpanStubs
	sent  *sentSecrets
	err   error // of the report
}

// record makes a report with a server. As with an HTTP client of one's own, the errors of requests have
// their URLs in their texts.
func record(t *testing.T, server *snapshotjobtest.Server) recording {
	t.Helper()
	spans := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	sent := &sentSecrets{base: server.Transport()}
	cfg := server.Config()
	cfg.HTTPClient = &http.Client{Transport: sent}
	cfg.ServiceOptions = nil // which would have files come without that HTTP client
	client := snapshotjob.NewFromConfig(cfg, traced(provider))

	err := report(t.Context(), provider, client, startInput(), t.TempDir())
	return recording{
		spans: spans.GetSpans(),
		sent:  sent,
		err:   err,
	}
}

// named returns the spans of a name, in the order of their ends.
func (r recording) named(name string) []tracetest.SpanStub {
	var found []tracetest.SpanStub
	for _, span := range r.spans {
		if span.Name == name {
			found = append(found, span)
		}
	}
	return found
}

// sentSecrets is a transport that remembers the secrets of the requests which it sends.
type sentSecrets struct {
	base http.RoundTripper

	mu      sync.Mutex // guards what follows
	queries int        // how many requests had a query
	secrets []string
}

// RoundTrip remembers the query, and the headers that authenticate.
func (s *sentSecrets) RoundTrip(req *http.Request) (*http.Response, error) {
	s.remember(req)
	return s.base.RoundTrip(req)
}

// remember adds the secrets of a request.
func (s *sentSecrets) remember(req *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if req.URL.RawQuery != "" {
		s.queries++
	}
	query := req.URL.Query()
	s.add(req.URL.RawQuery)
	s.add(query.Get("X-Amz-Signature"))
	s.add(query.Get("X-Amz-Security-Token"))
	s.add(query.Get("X-Amz-Credential"))
	s.add(req.Header.Get("Authorization"))
	s.add(req.Header.Get("X-Amz-Security-Token"))
}

// add remembers a secret, both as it is and as it stands in a query.
func (s *sentSecrets) add(secret string) {
	if secret != "" {
		s.secrets = append(s.secrets, secret, url.QueryEscape(secret))
	}
}

func TestEveryRequestHasSpan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := record(t, newServer(t))
		require.NoError(t, got.err)
		require.Len(t, got.named("report"), 1)
		root := got.named("report")[0]
		for _, name := range []string{
			"QuickSight.StartDashboardSnapshotJob",
			"QuickSight.DescribeDashboardSnapshotJob",
			"QuickSight.DescribeDashboardSnapshotJobResult",
			"S3.GetObject",
		} {
			require.Len(t, got.named(name), 1, name)
			span := got.named(name)[0]
			assert.Equal(t, root.SpanContext.SpanID(), span.Parent.SpanID(), name)
			assert.Equal(t, codes.Unset, span.Status.Code, name)
			assert.Contains(t, span.Attributes, semconv.HTTPResponseStatusCode(200), name)
		}
		assert.Len(t, got.spans, 5)
	})
}

func TestSpanOfFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := record(t, newServer(t))
		require.NoError(t, got.err)
		require.Len(t, got.named("S3.GetObject"), 1)
		want := []attribute.KeyValue{
			semconv.HTTPRequestMethodGet,
			semconv.ServerAddress("quicksight-snapshots-us-east-1.s3.us-east-1.amazonaws.com"),
			semconv.HTTPResponseStatusCode(200),
			semconv.HTTPResponseBodySize(len(content)),
		}
		assert.Equal(t, want, got.named("S3.GetObject")[0].Attributes)
	})
}

func TestFailedAttemptHasSpan(t *testing.T) {
	for _, tt := range []struct {
		fault snapshotjobtest.Fault
		want  []attribute.KeyValue // besides method and host
	}{
		{
			fault: snapshotjobtest.ServerError(503),
			want:  []attribute.KeyValue{semconv.HTTPResponseStatusCode(503)},
		},
		{
			fault: snapshotjobtest.Drop(),
			want:  []attribute.KeyValue{semconv.ErrorTypeKey.String("*url.Error")},
		},
		{
			fault: snapshotjobtest.CutBody(10),
			want: []attribute.KeyValue{
				semconv.HTTPResponseStatusCode(200),
				semconv.HTTPResponseBodySize(10),
				semconv.ErrorTypeKey.String("*errors.errorString"), // io.ErrUnexpectedEOF
			},
		},
		{
			fault: snapshotjobtest.StallBody(10, 0),
			want: []attribute.KeyValue{
				semconv.HTTPResponseStatusCode(200),
				semconv.HTTPResponseBodySize(10),
				semconv.ErrorTypeKey.String("*errors.errorString"), // context.Canceled
			},
		},
	} {
		t.Run(tt.fault.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newServer(t)
				server.Fail(snapshotjobtest.GetObject, tt.fault)
				got := record(t, server)
				require.NoError(t, got.err)
				require.Len(t, got.named("S3.GetObject"), 2)
				span := got.named("S3.GetObject")[0]
				assert.Equal(t, sdktrace.Status{Code: codes.Error}, span.Status)
				assert.Subset(t, span.Attributes, tt.want)
			})
		})
	}
}

func TestNoSpanShowsSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := record(t, newServer(t))
		require.NoError(t, got.err)
		assertNoSecret(t, got)
	})
}

func TestNoSpanOfFailedAttemptShowsSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		server.Fail(snapshotjobtest.StartDashboardSnapshotJob, snapshotjobtest.Drop())
		server.Fail(snapshotjobtest.DescribeDashboardSnapshotJob, snapshotjobtest.Throttle())
		server.Fail(snapshotjobtest.DescribeDashboardSnapshotJobResult, snapshotjobtest.ServerError(500))
		server.Fail(
			snapshotjobtest.GetObject,
			snapshotjobtest.Drop(),
			snapshotjobtest.Answer(403, "AccessDenied", "Request has expired"),
			snapshotjobtest.ServerError(503),
			snapshotjobtest.StallBody(4, 0),
			snapshotjobtest.CutBody(4),
		)
		got := record(t, server)
		require.NoError(t, got.err)
		assert.Len(t, got.named("S3.GetObject"), 6)
		assertNoSecret(t, got)
	})
}

func TestNoSpanOfFailedReportShowsSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		server.Fail(snapshotjobtest.GetObject, snapshotjobtest.Answer(404, "NoSuchKey", "gone"))
		got := record(t, server)
		require.Error(t, got.err)
		require.Len(t, got.named("report"), 1)
		status := got.named("report")[0].Status
		assert.Equal(t, codes.Error, status.Code)
		assert.Equal(t, got.err.Error(), status.Description)
		assertNoSecret(t, got)
	})
}

// assertNoSecret fails the test if a span shows a secret that was sent, or anything that looks like one.
func assertNoSecret(t *testing.T, got recording) {
	t.Helper()
	require.NotZero(t, got.sent.queries, "no presigned URL was used")
	// The text has all that a span has: name, attributes, events, status and what else there is.
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // which would change the & of a query
	require.NoError(t, encoder.Encode(got.spans))
	for _, secret := range got.sent.secrets {
		assert.NotContains(t, text.String(), secret)
	}
	tag := startInput().UserConfiguration.AnonymousUsers[0].RowLevelPermissionTags[0]
	for _, sign := range []string{"?", "X-Amz-", "AKIDEXAMPLE", "wJalrXUtnFEMI", sessionToken, tag.Value} {
		assert.NotContains(t, text.String(), sign)
	}
}
