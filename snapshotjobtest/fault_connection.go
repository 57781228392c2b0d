package snapshotjobtest

import (
	"context"
	"net"
	"net/http"
	"time"
)

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

func (n *nowhere) Header() http.Header { return n.header }

func (n *nowhere) WriteHeader(int) {}

func (n *nowhere) Write(p []byte) (int, error) { return len(p), nil }

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
