package snapshotjobtest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
)

// memoryWriter is a response that is kept until it is whole, or too large.
type memoryWriter struct {
	request *http.Request
	cancel  context.CancelFunc // of the handler's context
	header  http.Header

	status  int
	sent    http.Header // the header when the status was written
	kept    bytes.Buffer
	written int64
	aborted bool // the handler broke the connection

	streams   bool
	streaming chan struct{} // closed when streams
	done      chan struct{} // closed when the handler has returned
	reader    *io.PipeReader
	writer    *io.PipeWriter
}

func (w *memoryWriter) Header() http.Header { return w.header }

func (w *memoryWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status, w.sent = status, w.header.Clone()
	}
}

func (w *memoryWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.written += int64(len(p))
	if !w.streams && w.kept.Len()+len(p) <= streamFrom {
		return w.kept.Write(p)
	}
	w.Flush()
	return w.writer.Write(p)
}

// Flush makes the response begin.
func (w *memoryWriter) Flush() {
	w.WriteHeader(http.StatusOK)
	if !w.streams {
		w.streams = true
		close(w.streaming)
	}
}

// serve runs the handler, and tells the body's reader how that ended.
func (w *memoryWriter) serve(handler http.Handler, r *http.Request) {
	returned := false
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			panic(p)
		}
		w.aborted = !returned // it panicked, or called runtime.Goexit, as FailNow does
		if !w.aborted {
			w.WriteHeader(http.StatusOK)
		}
		switch {
		case w.aborted && r.Context().Err() != nil:
			w.writer.CloseWithError(r.Context().Err())
		case w.aborted || w.hasBody() && w.written < w.length():
			w.writer.CloseWithError(io.ErrUnexpectedEOF)
		default:
			w.writer.Close()
		}
	}()
	handler.ServeHTTP(w, r)
	returned = true
}

func (w *memoryWriter) hasBody() bool {
	return w.request.Method != http.MethodHead && w.status != http.StatusNotModified && w.status != http.StatusNoContent
}

func (w *memoryWriter) length() int64 {
	if n, err := strconv.ParseInt(w.sent.Get("Content-Length"), 10, 64); err == nil {
		return n
	}
	return -1
}

func (w *memoryWriter) response() *http.Response {
	resp := &http.Response{
		Status: strconv.Itoa(w.status) + " " + http.StatusText(w.status), StatusCode: w.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, ContentLength: w.length(), Request: w.request, Body: http.NoBody,
	}
	if !w.hasBody() {
		return resp
	}
	if resp.ContentLength < 0 && !w.streams {
		resp.ContentLength = int64(w.kept.Len())
	}
	resp.Body = &memoryBody{w: w, reader: io.MultiReader(&w.kept, w.reader)}
	return resp
}

// memoryBody lets the handler return when it is closed or read to its end.
type memoryBody struct {
	w      *memoryWriter
	reader io.Reader
	closed atomic.Bool
}

func (b *memoryBody) Read(p []byte) (int, error) {
	if b.closed.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.reader.Read(p)
	if err != nil {
		<-b.w.done
	}
	return n, err
}

func (b *memoryBody) Close() error {
	b.closed.Store(true)
	b.w.cancel()
	<-b.w.done
	return nil
}
