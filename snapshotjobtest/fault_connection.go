package snapshotjobtest

import (
	"context"
	"net"
	"net/http"
	"time"
)

// Drop returns a fault that breaks the connection before the work is done.
func Drop() Fault {
	return insteadOfWork("drop", func(w http.ResponseWriter, _ *http.Request) {
		breakConnection(w)
	})
}

// DropAfterWork returns a fault that breaks the connection after the work was done:
// a job was started, but its client doesn't know.
func DropAfterWork() Fault {
	return aroundWork("drop after work", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&discardWriter{header: http.Header{}}, r)
		breakConnection(w)
	})
}

// breakConnection resets the connection. Where that can't be done, as in memory,
// the end of the handler breaks the connection. It does not return.
func breakConnection(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		resetConnection(conn)
	}
	panic(http.ErrAbortHandler)
}

// resetConnection closes a connection so that its other end sees a reset, and not
// an orderly end.
func resetConnection(conn net.Conn) {
	if secure, ok := conn.(interface{ NetConn() net.Conn }); ok { // It is a *tls.Conn.
		conn = secure.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// discardWriter is an http.ResponseWriter of a response that nobody gets.
type discardWriter struct{ header http.Header }

func (w *discardWriter) Header() http.Header         { return w.header }
func (w *discardWriter) WriteHeader(int)             {}
func (w *discardWriter) Write(p []byte) (int, error) { return len(p), nil }

// Stall returns a fault that waits for d before the work is done, unless the client
// gives up before. If d is 0, it waits until the client gives up.
func Stall(d time.Duration) Fault {
	name := "stall " + d.String()
	return aroundWork(name, func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		if !sleep(r.Context(), d) {
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
	})
}

// sleep waits for d, and reports whether ctx let it do so. If d is not positive, it
// waits until ctx is done.
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
