package snapshotjobtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Fault is what goes wrong with one attempt: a wrapper over the handler that
// would have answered it.
type Fault struct {
	name string
	wrap func(next http.Handler) http.Handler
}

// NewFault makes a fault, with a name for reports. The handler that wrap returns
// must return when the request's context is done. It may panic with
// http.ErrAbortHandler to break the connection; FailNow or SkipNow of a test,
// whose goroutine it is not on, does so too.
func NewFault(name string, wrap func(next http.Handler) http.Handler) Fault { return Fault{name, wrap} }

// String returns the fault's name.
func (f Fault) String() string { return f.name }

// Times is the fault n times over, for [Server.Fail].
func (f Fault) Times(n int) []Fault {
	faults := make([]Fault, n)
	for i := range faults {
		faults[i] = f
	}
	return faults
}

// Pass lets one attempt through.
func Pass() Fault { return Fault{"pass", func(next http.Handler) http.Handler { return next }} }

// Answer answers with an exception, as the service words it, without doing the
// work.
func Answer(status int, code, message string) Fault {
	return Fault{fmt.Sprintf("answer %d %s", status, code), func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			callOf(r).writeError(w, &apiError{Status: status, Code: code, Message: message})
		})
	}}
}

// byOperation answers with one exception of the API, and another one of S3.
func byOperation(name string, api, s3 *apiError) Fault {
	return Fault{name, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c := callOf(r); c.op == GetObject {
				c.writeError(w, s3)
			} else {
				c.writeError(w, api)
			}
		})
	}}
}

// Throttle answers ThrottlingException (429), or SlowDown (503) for a file.
func Throttle() Fault {
	return byOperation("throttle",
		&apiError{Status: 429, Code: "ThrottlingException", Message: "Rate exceeded"},
		&apiError{Status: 503, Code: "SlowDown", Message: "Please reduce your request rate."})
}

// ServerError answers with an error of the service: 500, 503, or any other 5xx
// status. It panics if status is none.
func ServerError(status int) Fault {
	if status < 500 || status > 599 {
		panic(fmt.Sprintf("snapshotjobtest: ServerError: %d is no 5xx status; Answer takes any", status))
	}
	api := &apiError{Status: status, Code: "InternalFailureException", Message: "An internal failure occurred."}
	s3 := &apiError{Status: status, Code: "InternalError", Message: "We encountered an internal error. Please try again."}
	if status == http.StatusServiceUnavailable {
		api.Code, api.Message = "ServiceUnavailable", "The service is temporarily unavailable."
		s3.Code, s3.Message = "ServiceUnavailable", "Service is unable to handle request."
	}
	return byOperation("server error "+strconv.Itoa(status), api, s3)
}

// ExpiredToken answers that the credentials have expired. See
// [Server.ExpireCredentials] for credentials that stay expired.
func ExpiredToken() Fault {
	return byOperation("expired token",
		&apiError{Status: 403, Code: "ExpiredTokenException", Message: "The security token included in the request is expired"},
		&apiError{Status: 400, Code: "ExpiredToken", Message: "The provided token has expired."})
}

// SkewedDate answers as a service whose clock is ahead by d (behind, if d is
// negative): the Date header says so, and a signature that is too old or too new
// by that clock is refused. See [Options].ClockSkew for a clock that stays wrong.
func SkewedDate(d time.Duration) Fault {
	return Fault{"skewed date " + d.String(), func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			skewed := *callOf(r) // the work keeps the right clock
			skewed.now = skewed.now.Add(d)
			w.Header().Set("Date", skewed.now.UTC().Format(http.TimeFormat))
			var err error
			if skewed.op == GetObject {
				err = skewed.authenticateS3()
			} else {
				signed, _ := time.Parse(amzDate, r.Header.Get("X-Amz-Date")) // it is good: an attempt is well signed
				err = skewed.checkSkew(signed)
			}
			if err != nil {
				skewed.writeError(w, err)
				return
			}
			next.ServeHTTP(w, r)
		})
	}}
}

// Garbage answers 200 with a body that is no JSON, nor any file. As a file, a
// client takes it for a good one: there is no checksum to tell.
func Garbage() Fault {
	return page("garbage", http.StatusOK, "application/json", "\x00\xff{\"Arn\": garbage")
}

// HTML answers with a page, as a proxy does, and without a request id. As a file,
// a client takes a page with status 200 for a good one, see [Garbage].
func HTML(status int) Fault {
	text := fmt.Sprintf("%d %s", status, http.StatusText(status))
	return page("html "+strconv.Itoa(status), status, "text/html",
		"<html>\r\n<head><title>"+text+"</title></head>\r\n<body><center><h1>"+text+"</h1></center></body>\r\n</html>\r\n")
}

func page(name string, status int, contentType, body string) Fault {
	return Fault{name, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			w.WriteHeader(status)
			io.WriteString(w, body)
		})
	}}
}

// Drop breaks the connection before the work is done.
func Drop() Fault {
	return Fault{"drop", func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { breakConnection(w) })
	}}
}

// DropAfterWork breaks the connection after the work was done, so that a job was
// started, but its client doesn't know.
func DropAfterWork() Fault {
	return Fault{"drop after work", func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&nowhere{header: http.Header{}}, r)
			breakConnection(w)
		})
	}}
}

// breakConnection resets the connection. Where that can't be done, the end of
// the handler breaks it.
func breakConnection(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		raw := conn
		if t, ok := conn.(interface{ NetConn() net.Conn }); ok { // *tls.Conn
			raw = t.NetConn()
		}
		if tcp, ok := raw.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		raw.Close()
	}
	panic(http.ErrAbortHandler)
}

// nowhere is a response that nobody gets.
type nowhere struct{ header http.Header }

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) WriteHeader(int)             {}
func (n *nowhere) Write(p []byte) (int, error) { return len(p), nil }

// CutBody breaks the connection after n bytes of the body; the header announces
// all of them. A body of n bytes or fewer is not cut: see [Server.Unused].
func CutBody(n int64) Fault {
	return ofBody(fmt.Sprintf("cut body at %d", n), n, func(w http.ResponseWriter, r *http.Request, _ []byte) {
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
}

// StallBody pauses for d after n bytes of the body, or until the client gives
// up. 0: until then. For a body of n bytes or fewer, see [CutBody].
func StallBody(n int64, d time.Duration) Fault {
	return ofBody(fmt.Sprintf("stall body at %d", n), n, func(w http.ResponseWriter, r *http.Request, _ []byte) {
		http.NewResponseController(w).Flush()
		if !sleep(r.Context(), d) {
			panic(http.ErrAbortHandler)
		}
	})
}

// Stall waits for d before it does the work, or until the client gives up. 0:
// until then.
func Stall(d time.Duration) Fault {
	return Fault{"stall " + d.String(), func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !sleep(r.Context(), d) {
				panic(http.ErrAbortHandler)
			}
			next.ServeHTTP(w, r)
		})
	}}
}

// sleep reports whether it slept for all of d.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		<-ctx.Done()
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Corrupt changes the first byte of the body, and nothing of the header. Of a
// file, a checksum tells, but a presigned URL carries none. An empty body can't
// be changed: see [CutBody].
func Corrupt() Fault {
	return ofBody("corrupt", 0, func(_ http.ResponseWriter, _ *http.Request, rest []byte) {
		rest[0] = ^rest[0]
	})
}

// ofBody calls do after n bytes of the body have gone to the client, with a copy
// of those that follow. If there are none, the fault counts as unused.
func ofBody(name string, n int64, do func(w http.ResponseWriter, r *http.Request, rest []byte)) Fault {
	return Fault{name, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b := &bodyWriter{ResponseWriter: w, n: max(n, 0), do: func(rest []byte) { do(w, r, rest) }}
			next.ServeHTTP(b, r)
			if b.do != nil && b.err == nil {
				c := callOf(r)
				c.mu.Lock()
				defer c.mu.Unlock()
				c.idle = append(c.idle, fmt.Sprintf("%s: %s: the body was too short", c.op, name))
			}
		})
	}}
}

// bodyWriter interferes with a body.
type bodyWriter struct {
	http.ResponseWriter
	n   int64             // bytes until do
	do  func(rest []byte) // nil once it was called
	err error             // of the client's end
}

func (b *bodyWriter) Write(p []byte) (written int, err error) {
	if b.do != nil && int64(len(p)) > b.n {
		if written, b.err = b.ResponseWriter.Write(p[:b.n]); b.err != nil {
			return written, b.err
		}
		p = bytes.Clone(p[b.n:])
		b.do(p)
		b.do = nil
	}
	n, err := b.ResponseWriter.Write(p)
	b.n -= int64(n)
	b.err = err
	return written + n, err
}

func (b *bodyWriter) Unwrap() http.ResponseWriter { return b.ResponseWriter }
