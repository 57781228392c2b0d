package docs_test

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// behindProxy returns a client whose requests, also those for files, go through a proxy. The proxy's
// certificates are signed by a CA of the company, in PEM.
func behindProxy(cfg aws.Config, proxy *url.URL, companyCA []byte) (*snapshotjob.Client, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	roots.AppendCertsFromPEM(companyCA)
	cfg.HTTPClient = awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.Proxy = http.ProxyURL(proxy)
		t.TLSClientConfig.RootCAs = roots
	})
	return snapshotjob.NewFromConfig(cfg), nil
}

// connectProxy is a proxy that connects everything to one address, whatever a client asks for.
type connectProxy struct {
	address  string
	connects atomic.Int64 // how many connections were asked for
}

// ServeHTTP serves a CONNECT request.
func (p *connectProxy) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodConnect {
		http.Error(w, "want CONNECT", http.StatusMethodNotAllowed)
		return
	}
	p.connects.Add(1)
	var dialer net.Dialer
	server, err := dialer.DialContext(req.Context(), "tcp", p.address)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		server.Close()
		return
	}
	io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	relay(client, server)
}

// relay copies what either side sends, until one of them has ended.
func relay(a, b net.Conn) {
	var copying sync.WaitGroup
	copying.Go(func() { copyAll(a, b) })
	copying.Go(func() { copyAll(b, a) })
	copying.Wait()
}

// copyAll copies what a connection receives, and closes both.
func copyAll(to, from net.Conn) {
	io.Copy(to, from)
	to.Close()
	from.Close()
}

// certificateOf returns the certificate of a server, in PEM.
func certificateOf(t *testing.T, server *snapshotjobtest.Server) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL(), nil)
	require.NoError(t, err)
	response, err := server.HTTPClient().Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.NotEmpty(t, response.TLS.PeerCertificates)
	return pem.EncodeToMemory(&pem.Block{
		Type:  "CERTIFICATE",
		Bytes: response.TLS.PeerCertificates[0].Raw,
	})
}

func TestBehindProxy(t *testing.T) {
	server := snapshotjobtest.NewServer(finishAtOnce)
	endpoint, err := url.Parse(server.StartTLS())
	require.NoError(t, err)
	t.Cleanup(server.Close)
	proxy := &connectProxy{address: endpoint.Host}
	listener := httptest.NewServer(proxy)
	t.Cleanup(listener.Close)
	proxyURL, err := url.Parse(listener.URL)
	require.NoError(t, err)

	client, err := behindProxy(server.Config(), proxyURL, certificateOf(t, server))
	require.NoError(t, err)
	files, err := report(t.Context(), client, exampleJob, t.TempDir())
	require.NoError(t, err)
	assert.Len(t, files, 1)
	assert.EqualValues(t, 2, proxy.connects.Load(), "want a connection for calls and one for files")
}
