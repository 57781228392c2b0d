package snapshotjobtest

import (
	"bytes"
	"fmt"
	"net/http"
	"time"
)

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
