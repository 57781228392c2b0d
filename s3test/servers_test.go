package s3test

import (
	"bytes"
	"context"
	"net"
	"net/http/httptest"
	"os/exec"
	"testing"
	"time"

	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"
	"github.com/stretchr/testify/require"
)

// servers are the servers that the tests run against. Each function starts one
// and returns its URL.
var servers = map[string]func(t *testing.T) string{
	"gofakes3":  startGofakes3,
	"versitygw": startVersitygw,
}

// onEachServer runs a test with an empty bucket on each server.
func onEachServer(t *testing.T, test func(*testing.T, *store)) {
	t.Helper()
	for name, start := range servers {
		t.Run(name, func(t *testing.T) {
			s := &store{t: t, url: start(t)}
			s.createBucket()
			test(t, s)
		})
	}
}

func startGofakes3(t *testing.T) string {
	t.Helper()
	keys := map[string]string{accessKey: secretKey}
	faker := gofakes3.New(s3mem.New(), gofakes3.WithV4Auth(keys))
	server := httptest.NewServer(faker.Server())
	t.Cleanup(server.Close)
	return server.URL
}

func startVersitygw(t *testing.T) string {
	t.Helper()
	binary, err := exec.LookPath("versitygw")
	if err != nil {
		t.Skip("SKIPPED, NOT PROVEN: versitygw is not installed " +
			"(go install github.com/versity/versitygw/cmd/versitygw@v1.8.0)")
	}
	address := freeAddress(t)
	// The server is killed when the test's context ends.
	cmd := exec.CommandContext(t.Context(), binary,
		"--access", accessKey, "--secret", secretKey, "--region", region, "--port", address,
		"posix", "--sidecar", t.TempDir(), t.TempDir())
	var log bytes.Buffer
	cmd.Stdout = &log
	cmd.Stderr = &log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	listens := func() bool { return canConnect(t.Context(), address) }
	require.Eventually(t, listens, 10*time.Second, 50*time.Millisecond, "versitygw does not listen")
	return "http://" + address
}

// freeAddress returns an address of this machine at which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

func canConnect(ctx context.Context, address string) bool {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}
