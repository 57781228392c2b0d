package main

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/quicksight-go/snapshotjob"
)

// tracerName says which code makes the spans.
const tracerName = "github.com/quicksight-go/snapshotjob/examples/tracing"

// traced makes a client's requests spans of a provider. Each attempt is a span of its own. The parent of a
// span is that of the context with which the client's method was called.
func traced(provider trace.TracerProvider) func(*snapshotjob.Options) {
	return func(o *snapshotjob.Options) {
		o.Transport = otelhttp.NewTransport(
			o.Transport,
			otelhttp.WithTracerProvider(provider),
			otelhttp.WithSpanNameFormatter(callName),
		)
		o.DownloadTransport = &fileTransport{
			base:   o.DownloadTransport,
			tracer: provider.Tracer(tracerName),
		}
	}
}

// callName names the span of a call, as in "QuickSight.StartDashboardSnapshotJob".
func callName(_ string, req *http.Request) string {
	ctx := req.Context()
	return awsmiddleware.GetServiceID(ctx) + "." + awsmiddleware.GetOperationName(ctx)
}

// fileTransport makes a span of each request for a file. It is used in place of package otelhttp, which
// records URLs and the texts of errors: with the query of a presigned URL, anyone can read the file. A span
// ends when the body of the response is closed.
type fileTransport struct {
	base   http.RoundTripper
	tracer trace.Tracer
}

// RoundTrip sends the request, and records the host, the status and the number of bytes, but nothing else
// of the URL.
func (t *fileTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, span := t.tracer.Start(
		req.Context(),
		"S3.GetObject",
		trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(
			semconv.HTTPRequestMethodKey.String(req.Method),
			semconv.ServerAddress(req.URL.Hostname()),
		),
	)
	resp, err := t.base.RoundTrip(req.WithContext(ctx))
	if err != nil {
		recordFailure(span, err)
		span.End()
		return resp, err
	}
	span.SetAttributes(semconv.HTTPResponseStatusCode(resp.StatusCode))
	if resp.StatusCode >= http.StatusBadRequest {
		span.SetStatus(codes.Error, "")
	}
	resp.Body = &fileBody{
		body: resp.Body,
		ctx:  ctx,
		span: span,
	}
	return resp, nil
}

// fileBody is the body of a response. It may be closed while it is read.
type fileBody struct {
	body  io.ReadCloser
	ctx   context.Context // of the request
	span  trace.Span
	bytes atomic.Int64 // that were read
}

// Read counts the bytes that it reads.
func (b *fileBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.bytes.Add(int64(n))
	if err != nil && err != io.EOF {
		recordFailure(b.span, err)
	}
	return n, err
}

// Close ends the span. A client closes the body of a stalled connection after it has canceled the request.
func (b *fileBody) Close() error {
	if err := b.ctx.Err(); err != nil {
		recordFailure(b.span, err)
	}
	b.span.SetAttributes(semconv.HTTPResponseBodySize(int(b.bytes.Load())))
	b.span.End()
	return b.body.Close()
}

// recordFailure records the type of an error, and not its text: that of an *url.Error has the URL in it.
func recordFailure(span trace.Span, err error) {
	span.SetStatus(codes.Error, "")
	span.SetAttributes(semconv.ErrorType(err))
}
