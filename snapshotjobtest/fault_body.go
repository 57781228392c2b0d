package snapshotjobtest

import (
	"bytes"
	"fmt"
	"net/http"
	"time"
)

// CutBody returns a fault that breaks the connection after n bytes of the body. The
// Content-Length is that of the whole body. A body of n bytes or fewer is not cut, and
// the fault has no effect: see [Server.Unused].
func CutBody(n int64) Fault {
	name := fmt.Sprintf("cut body at %d", n)
	return bodyFault(name, n, func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
}

// StallBody returns a fault that pauses for d after n bytes of the body, and then sends
// the rest. If the client gives up during the pause, the response ends there. If d is 0,
// the pause lasts until the client gives up. A body of n bytes or fewer does not stall,
// and the fault has no effect: see [Server.Unused].
func StallBody(n int64, d time.Duration) Fault {
	name := fmt.Sprintf("stall body at %d", n)
	if d > 0 {
		name += " for " + d.String()
	}
	return bodyFault(name, n, func(w http.ResponseWriter, r *http.Request, _ []byte) {
		http.NewResponseController(w).Flush()
		if !sleep(r.Context(), d) {
			panic(http.ErrAbortHandler)
		}
	})
}

// Corrupt returns a fault that changes the first byte of the body, and nothing in
// the header. A client notices it by the checksum of a file, if it asked for one. With
// the presigned URLs of a result it can't ask. On an empty body the fault has no effect:
// see [Server.Unused].
func Corrupt() Fault {
	return bodyFault("corrupt", 0, func(_ http.ResponseWriter, _ *http.Request, rest []byte) {
		rest[0] = ^rest[0]
	})
}

// interferenceFunc does something in the middle of a body. rest are the next bytes that
// go to the client, but not always all that follow. It is never empty. The function may
// change these bytes, since they are a copy.
type interferenceFunc func(w http.ResponseWriter, r *http.Request, rest []byte)

// bodyFault makes a fault that calls interfere once, after n bytes of the body have
// gone to the client. If no more bytes follow, the fault counts as unused.
func bodyFault(name string, n int64, interfere interferenceFunc) Fault {
	return aroundWork(name, func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		body := &bodyWriter{
			ResponseWriter: w,
			passing:        max(n, 0),
			interfere:      func(rest []byte) { interfere(w, r, rest) },
		}
		next.ServeHTTP(body, r)
		clientLeft := body.err != nil
		if !body.interfered && !clientLeft {
			callOf(r).addTooShort(name)
		}
	})
}

// bodyWriter interferes once with a body that is written to it.
type bodyWriter struct {
	http.ResponseWriter
	passing    int64             // how many bytes are yet to pass before interfere is called
	interfere  func(rest []byte) // see interferenceFunc
	interfered bool              // whether it was called
	err        error             // of writing to the client
}

// Write calls interfere once the bytes that pass have gone to the client.
func (b *bodyWriter) Write(p []byte) (int, error) {
	if b.interfered || int64(len(p)) <= b.passing {
		return b.pass(p)
	}
	n, err := b.pass(p[:b.passing])
	if err != nil {
		return n, err
	}
	rest := bytes.Clone(p[n:])
	b.interfere(rest)
	b.interfered = true
	m, err := b.pass(rest)
	return n + m, err
}

// pass writes to the client.
func (b *bodyWriter) pass(p []byte) (int, error) {
	n, err := b.ResponseWriter.Write(p)
	b.passing -= int64(n)
	b.err = err
	return n, err
}

// Unwrap lets http.ResponseController find what b can't do itself.
func (b *bodyWriter) Unwrap() http.ResponseWriter {
	return b.ResponseWriter
}
