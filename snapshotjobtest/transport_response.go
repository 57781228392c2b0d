package snapshotjobtest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
)

// maxBuffered is how many bytes of a body are kept until the handler has returned. A
// larger body streams: the handler can write no faster than the client reads.
const maxBuffered = 64 << 10

// memoryWriter is the response that a handler writes for a memoryTransport.
//
// The handler's goroutine writes its fields. Those of RoundTrip and of the body read
// them without a lock, but only after a channel was closed. Once streaming is closed,
// status, sentHeader and buffer stay as they are. Once done is closed, so do all.
type memoryWriter struct {
	request *http.Request
	cancel  context.CancelFunc // ends the context of the handler

	header     http.Header
	status     int         // 0 until it was written
	sentHeader http.Header // the header when the status was written
	buffer     bytes.Buffer
	written    int64 // bytes of the body, buffered or not
	aborted    bool  // the handler broke the connection

	streams    bool
	streaming  chan struct{} // closed when the response begins to stream
	done       chan struct{} // closed when the handler has returned
	pipeReader *io.PipeReader
	pipeWriter *io.PipeWriter
}

// newMemoryWriter returns a writer for the response to req.
func newMemoryWriter(req *http.Request, cancel context.CancelFunc) *memoryWriter {
	w := &memoryWriter{
		request:   req,
		cancel:    cancel,
		header:    http.Header{},
		streaming: make(chan struct{}),
		done:      make(chan struct{}),
	}
	w.pipeReader, w.pipeWriter = io.Pipe()
	return w
}

// Header returns the header, which the handler may change until it writes the status.
func (w *memoryWriter) Header() http.Header {
	return w.header
}

// WriteHeader keeps the first status, and the header of that moment.
func (w *memoryWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		w.sentHeader = w.header.Clone()
	}
}

// Write keeps the body until it is too large. From then on it waits for the body's
// reader. If the response has no body, Write drops p, as net/http's server does.
func (w *memoryWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if !w.statusAllowsBody() {
		return 0, http.ErrBodyNotAllowed
	}
	if !w.hasBody() {
		return len(p), nil
	}
	w.written += int64(len(p))
	if !w.streams && w.buffer.Len()+len(p) <= maxBuffered {
		return w.buffer.Write(p)
	}
	w.Flush()
	return w.pipeWriter.Write(p)
}

// Flush lets the client have the response before it is complete.
func (w *memoryWriter) Flush() {
	w.WriteHeader(http.StatusOK)
	if !w.streams {
		w.streams = true
		close(w.streaming)
	}
}

// run runs the handler to its end.
func (w *memoryWriter) run(handler http.Handler, r *http.Request) {
	defer close(w.done)
	defer w.cancel()
	defer r.Body.Close()
	// A handler that writes to a client that has given up must not wait for it.
	stop := context.AfterFunc(r.Context(), func() {
		w.pipeWriter.CloseWithError(r.Context().Err())
	})
	defer stop()
	w.serve(handler, r)
}

// serve calls the handler and ends the body as the handler has ended. Like
// net/http's server, it takes a panic with http.ErrAbortHandler for a wish to break
// the connection. It does the same for runtime.Goexit, which FailNow of a test calls.
func (w *memoryWriter) serve(handler http.Handler, r *http.Request) {
	w.aborted = true // until the handler returns
	defer func() {
		//nolint:errorlint // net/http takes a panic with this value alone for such a wish.
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			panic(p)
		}
		w.endBody(r.Context())
	}()
	handler.ServeHTTP(w, r)
	w.aborted = false
	w.WriteHeader(http.StatusOK)
}

// endBody tells the reader of a body how the body ended.
func (w *memoryWriter) endBody(ctx context.Context) {
	switch {
	case !w.hasBody():
		_ = w.pipeWriter.Close() // The client has nothing to miss.
	case w.aborted && ctx.Err() != nil:
		w.pipeWriter.CloseWithError(ctx.Err())
	case w.aborted || w.isCutOff():
		w.pipeWriter.CloseWithError(io.ErrUnexpectedEOF)
	default:
		_ = w.pipeWriter.Close()
	}
}

// connectionError returns the error of a call whose handler broke the connection
// before the response began to stream, and otherwise nil. What the handler has written
// by then is lost, as it is in the buffer of net/http's server. If the response has
// begun to stream, the reader of its body gets the error.
func (w *memoryWriter) connectionError() error {
	if !w.aborted {
		return nil
	}
	// A handler whose client gives up returns by breaking the connection.
	if err := w.request.Context().Err(); err != nil {
		return err
	}
	if !w.streams {
		return errReset
	}
	return nil
}

// statusAllowsBody reports whether a response of the status can have a body.
func (w *memoryWriter) statusAllowsBody() bool {
	return w.status != http.StatusNotModified && w.status != http.StatusNoContent
}

// hasBody reports whether the response can have a body.
func (w *memoryWriter) hasBody() bool {
	return w.statusAllowsBody() && w.request.Method != http.MethodHead
}

// isCutOff reports whether the body is shorter than the header says.
func (w *memoryWriter) isCutOff() bool {
	return w.written < w.contentLength()
}

// contentLength returns the length that the header tells, or -1.
func (w *memoryWriter) contentLength() int64 {
	n, err := strconv.ParseInt(w.sentHeader.Get("Content-Length"), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// response returns the response as a client gets it. Even a response without a body has
// a Body whose end comes after the handler has returned.
func (w *memoryWriter) response() *http.Response {
	resp := &http.Response{
		Status:        strconv.Itoa(w.status) + " " + http.StatusText(w.status),
		StatusCode:    w.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        w.sentHeader.Clone(),
		ContentLength: w.contentLength(),
		Request:       w.request,
		Body: &memoryBody{
			writer: w,
			reader: io.MultiReader(&w.buffer, w.pipeReader),
		},
	}
	if w.hasBody() && resp.ContentLength < 0 && !w.streams {
		resp.ContentLength = int64(w.buffer.Len())
	}
	return resp
}

// memoryBody is the body of a response. When it was closed, or read to its end, the
// handler has returned.
type memoryBody struct {
	writer *memoryWriter
	reader io.Reader
	closed atomic.Bool
}

// Read returns io.EOF, or any other error, only after the handler has returned.
func (b *memoryBody) Read(p []byte) (int, error) {
	if b.closed.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.reader.Read(p)
	if err != nil {
		<-b.writer.done
	}
	return n, err
}

// Close ends the context of the handler, and waits for it to return.
func (b *memoryBody) Close() error {
	b.closed.Store(true)
	b.writer.cancel() // The handler has nobody left to write for.
	<-b.writer.done
	return nil
}
