package docs_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// throughProxy returns an HTTP client whose requests go through a proxy. The proxy's certificates are signed by a
// CA of the company, in PEM.
func throughProxy(proxy *url.URL, companyCA []byte) (*awshttp.BuildableClient, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	if !roots.AppendCertsFromPEM(companyCA) {
		return nil, errors.New("the company's CA is not in PEM")
	}
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.Proxy = http.ProxyURL(proxy)
		t.TLSClientConfig.RootCAs = roots
	}), nil
}

// behindProxy returns a client whose requests go through a proxy: those of the API, those for files, and those of
// the credentials provider.
func behindProxy(ctx context.Context, proxy *url.URL, companyCA []byte) (*snapshotjob.Client, error) {
	httpClient, err := throughProxy(proxy, companyCA)
	if err != nil {
		return nil, err
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(httpClient))
	if err != nil {
		return nil, err
	}
	return snapshotjob.NewFromConfig(cfg), nil
}

// connectProxy is a proxy that connects to one address alone.
type connectProxy struct {
	address string // that of a fake QuickSight
	url     *url.URL
	ca      []byte // in PEM

	mu    sync.Mutex // guards what follows
	asked []string   // the addresses that clients asked for, in order
}

// ServeHTTP serves a CONNECT request.
func (p *connectProxy) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodConnect {
		http.Error(w, "want CONNECT", http.StatusMethodNotAllowed)
		return
	}
	p.mu.Lock()
	p.asked = append(p.asked, req.Host)
	p.mu.Unlock()
	if req.Host != p.address {
		http.Error(w, "forbidden", http.StatusForbidden)
		return
	}
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

// startProxy starts a proxy to a fake QuickSight, and sets the environment for it.
func startProxy(t *testing.T) *connectProxy {
	t.Helper()
	server := snapshotjobtest.NewServer(finishAtOnce, withExampleKeys)
	endpoint, err := url.Parse(server.StartTLS())
	require.NoError(t, err)
	t.Cleanup(server.Close)
	setEnvironment(t, endpoint.String())

	proxy := &connectProxy{
		address: endpoint.Host,
		ca:      certificateOf(t, server),
	}
	listener := httptest.NewServer(proxy)
	t.Cleanup(listener.Close)
	proxy.url, err = url.Parse(listener.URL)
	require.NoError(t, err)
	return proxy
}

func TestBehindProxy(t *testing.T) {
	proxy := startProxy(t)
	client, err := behindProxy(t.Context(), proxy.url, proxy.ca)
	require.NoError(t, err)
	files, err := report(t.Context(), client, exampleJob, t.TempDir())
	require.NoError(t, err)
	assert.Len(t, files, 1)
	assert.Equal(t, []string{proxy.address, proxy.address}, proxy.asked, "want connections for calls and for files")
}

// A role's credentials come from STS. The proxy of the test does not let that through, but it was asked.
func TestCredentialsComeThroughProxy(t *testing.T) {
	proxy := startProxy(t)
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("who we are"), 0o600))
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/reports")
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", token)
	t.Setenv("AWS_ENDPOINT_URL_STS", "https://sts.example")
	client, err := behindProxy(t.Context(), proxy.url, proxy.ca)
	require.NoError(t, err)
	_, err = client.DescribeDashboardSnapshotJob(t.Context(), exampleJob)
	require.ErrorContains(t, err, "Forbidden")
	assert.Contains(t, proxy.asked, "sts.example:443")
}

func TestBehindProxyWithoutPEM(t *testing.T) {
	_, err := behindProxy(t.Context(), &url.URL{}, []byte("a certificate in DER"))
	assert.EqualError(t, err, "the company's CA is not in PEM")
}
