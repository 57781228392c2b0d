package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/quicksight-go/snapshotjob/conformance"
)

// runServer sends the largest real result in response to every request, until its
// standard input ends. Like QuickSight, it speaks HTTP/1.1. It prints its URL and
// its certificate.
func runServer(overTLS bool) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	scheme := "http"
	address := listener.Addr()
	var certificate []byte
	if overTLS {
		pair, err := newCertificate()
		if err != nil {
			return err
		}
		scheme = "https"
		certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})
		listener = tls.NewListener(listener, &tls.Config{
			Certificates: []tls.Certificate{pair},
			NextProtos:   []string{"http/1.1"},
		})
	}
	fmt.Printf("%s://%s\n%s\n", scheme, address, certificate)
	go exitAfterInput()
	server := &http.Server{Handler: newHandler(), ErrorLog: log.New(io.Discard, "", 0)}
	return server.Serve(listener)
}

// newHandler returns a handler that sends results and, on request, the CPU time
// that this process has used.
func newHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/accounts/", conformance.Results(7))
	mux.HandleFunc("/cpu", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, int64(cpuTime()))
	})
	return mux
}

// exitAfterInput ends the process as soon as its standard input ends.
func exitAfterInput() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// newCertificate makes a certificate for this machine, which signs itself.
func newCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "bench"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// server is runServer in a process of its own, so that its CPU time does not count
// as a client's.
type server struct {
	url   string
	roots *x509.CertPool // the certificates to trust
	cmd   *exec.Cmd
	stdin io.Closer
}

// startServer starts a server of the kind "tls" or "plain", and waits until it
// listens.
func startServer(kind string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "-serve", kind)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{roots: x509.NewCertPool(), cmd: cmd, stdin: stdin}
	s.readGreeting(stdout)
	return s, nil
}

// readGreeting reads what a server prints: a line with its URL, and lines with its
// certificate, up to an empty one.
func (s *server) readGreeting(stdout io.Reader) {
	lines := bufio.NewScanner(stdout)
	if lines.Scan() {
		s.url = lines.Text()
	}
	var certificate strings.Builder
	for lines.Scan() && lines.Text() != "" {
		certificate.WriteString(lines.Text() + "\n")
	}
	s.roots.AppendCertsFromPEM([]byte(certificate.String()))
}

// stop ends the server's process.
func (s *server) stop() {
	_ = s.stdin.Close()
	_ = s.cmd.Wait()
}

// cpuTime is the CPU time that this process has used so far.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
