package conformance

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// connectionCase is what a server writes before it ends the connection.
type connectionCase struct {
	ID    string
	Raw   string
	Reset bool // whether the connection is reset instead of closed
	Want  struct {
		Error    string
		Attempts int
	}
}

// brokenServer is a server that treats every connection in the same way.
type brokenServer struct {
	behavior connectionCase
	listener net.Listener
	attempts atomic.Int32
}

// startBrokenServer starts a server that runs until the test ends.
func startBrokenServer(t *testing.T, c connectionCase) *brokenServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	s := &brokenServer{behavior: c, listener: listener}
	go s.serve()
	return s
}

// serve accepts connections until the listener is closed.
func (s *brokenServer) serve() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.attempts.Add(1)
		s.handle(conn)
	}
}

func (s *brokenServer) handle(conn net.Conn) {
	defer conn.Close()
	// The whole request fits into one segment.
	conn.Read(make([]byte, 4096))
	io.WriteString(conn, s.behavior.Raw)
	if s.behavior.Reset {
		conn.(*net.TCPConn).SetLinger(0)
	}
}

// connectionOutcome is what a client makes of a broken connection.
type connectionOutcome struct {
	ok       bool
	attempts int
	code     string // of the API error, if there is one
}

// outcomeOf calls the server and returns what became of the call.
func (s *brokenServer) outcomeOf(ctx context.Context, client caller) connectionOutcome {
	s.attempts.Store(0)
	err := client.call(ctx)
	o := connectionOutcome{ok: err == nil, attempts: int(s.attempts.Load())}
	var api smithy.APIError
	if errors.As(err, &api) {
		o.code = api.ErrorCode()
	}
	return o
}

// expect turns what the official client made of the case into what this
// repository's client must make of it, and returns the differences that applied.
func (c connectionCase) expect(official, ours connectionOutcome) (connectionOutcome, []Difference) {
	want := official
	var applied []Difference
	if c.Want.Error == "cut off" && official.attempts == 1 {
		applied = append(applied, CutOff)
		want.ok = ours.ok
		want.attempts = ours.attempts
	}
	if c.Want.Error == "api" && official.code == "" {
		applied = append(applied, KeptError)
		want.code = ours.code
	}
	if strings.HasPrefix(c.Raw, "HTTP/1.1 307") {
		applied = append(applied, Redirects)
		want.attempts = ours.attempts
	}
	return want, applied
}

// TestPlainServer calls a server that speaks no TLS by https. See PlainServer.
func TestPlainServer(t *testing.T) {
	server := startBrokenServer(t, connectionCase{Raw: "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"})
	cfg := Config(Keys, nil)
	cfg.BaseEndpoint = aws.String("https://" + server.listener.Addr().String())
	clients := NewPair(cfg).callers()
	official := server.outcomeOf(t.Context(), clients[0])
	ours := server.outcomeOf(t.Context(), clients[1])
	assert.Equal(t, connectionOutcome{ok: false, attempts: 3}, official)
	assert.Equal(t, connectionOutcome{ok: false, attempts: 1}, ours)
}

// TestCasesOfConnections replays what a server wrote before the connection
// ended. What the two clients make of it may differ by CutOff, KeptError and
// Redirects alone.
func TestCasesOfConnections(t *testing.T) {
	var file struct{ Cases []connectionCase }
	loadCases(t, "connections.json", &file)
	met := tally{}
	for _, c := range file.Cases {
		t.Run(c.ID, func(t *testing.T) {
			server := startBrokenServer(t, c)
			cfg := Config(Keys, nil)
			cfg.BaseEndpoint = aws.String("http://" + server.listener.Addr().String())
			clients := NewPair(cfg).callers()
			official := server.outcomeOf(t.Context(), clients[0])
			ours := server.outcomeOf(t.Context(), clients[1])

			want, applied := c.expect(official, ours)
			met.add(applied...)
			assert.Equal(t, want, ours)
			assert.Equal(t, c.Want.Attempts, ours.attempts)
		})
	}
	met.assertMet(t, CutOff, KeptError, Redirects)
}
