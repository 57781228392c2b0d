package s3test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/quicksight-go/snapshotjob"
	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"
)

const (
	accessKey = "AKIDEXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	region    = "us-east-1"
	bucket    = "reports.example" // a name with a dot: path style
)

var (
	job   = snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "sales", SnapshotJobID: "daily"}
	creds = aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}
)

// servers are what the tests run against: each starts one and returns its URL.
var servers = map[string]func(t *testing.T) string{
	"gofakes3": func(t *testing.T) string {
		faker := gofakes3.New(s3mem.New(), gofakes3.WithV4Auth(map[string]string{accessKey: secretKey}))
		server := httptest.NewServer(faker.Server())
		t.Cleanup(server.Close)
		return server.URL
	},
	"versitygw": func(t *testing.T) string {
		binary, err := exec.LookPath("versitygw")
		if err != nil {
			t.Skip("SKIPPED, NOT PROVEN: versitygw is not installed (go install github.com/versity/versitygw/cmd/versitygw@v1.8.0)")
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := listener.Addr().String()
		listener.Close()
		cmd := exec.Command(binary, "--access", accessKey, "--secret", secretKey, "--region", region, "--port", address, "posix", "--sidecar", t.TempDir(), t.TempDir())
		var log bytes.Buffer
		cmd.Stdout, cmd.Stderr = &log, &log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			cmd.Process.Kill()
			cmd.Wait()
			if t.Failed() {
				t.Log(log.String())
			}
		})
		for range 200 {
			conn, err := net.Dial("tcp", address)
			if err == nil {
				conn.Close()
				return "http://" + address
			}
			time.Sleep(50 * time.Millisecond) // a process of its own: no bubble can hold it
		}
		t.Fatalf("versitygw does not listen on %s", address)
		return ""
	},
}

// store is a server with a bucket.
type store struct {
	t   *testing.T
	url string
}

func newStore(t *testing.T, start func(*testing.T) string) *store {
	s := &store{t, start(t)}
	s.put("", nil)
	return s
}

// request makes a signed request for a key of the bucket, or for the bucket.
func (s *store) request(method, key string, content []byte) *http.Request {
	s.t.Helper()
	u := s.url + "/" + bucket
	if key != "" {
		u += "/" + escape(key)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, u, bytes.NewReader(content))
	if err != nil {
		s.t.Fatal(err)
	}
	return req
}

func escape(key string) string {
	return strings.NewReplacer("%2F", "/", "+", "%20").Replace(url.QueryEscape(key))
}

func asS3(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }

func (s *store) put(key string, content []byte) {
	s.t.Helper()
	req := s.request(http.MethodPut, key, content)
	sum := fmt.Sprintf("%x", sha256.Sum256(content))
	req.Header.Set("X-Amz-Content-Sha256", sum)
	if key != "" {
		crc := crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli))
		req.Header.Set("X-Amz-Checksum-Crc32c", base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc)))
	}
	if err := v4.NewSigner().SignHTTP(s.t.Context(), creds, req, sum, "s3", region, time.Now(), asS3); err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(resp.Body)
		s.t.Fatalf("PUT %s: got %s %s", key, resp.Status, body)
	}
}

// presign returns a URL that was signed some time ago, for five minutes.
func (s *store) presign(key string, ago time.Duration) string {
	s.t.Helper()
	req := s.request(http.MethodGet, key, nil)
	query := req.URL.Query()
	query.Set("X-Amz-Expires", "300")
	req.URL.RawQuery = query.Encode()
	signed, _, err := v4.NewSigner().PresignHTTP(s.t.Context(), creds, req, "UNSIGNED-PAYLOAD", "s3", region, time.Now().Add(-ago), asS3)
	if err != nil {
		s.t.Fatal(err)
	}
	return signed
}

// api answers DescribeDashboardSnapshotJobResult with a file for each URI.
type api struct {
	uris  func(call int) []string
	calls atomic.Int32
}

func (a *api) RoundTrip(req *http.Request) (*http.Response, error) {
	var groups []any
	for _, uri := range a.uris(int(a.calls.Add(1))) {
		groups = append(groups, map[string]any{
			"Files":     []any{map[string]any{"FormatType": "CSV", "SheetSelections": []any{map[string]any{"SheetId": "sheet", "SelectionScope": "SELECTED_VISUALS", "VisualIds": []string{"visual"}}}}},
			"S3Results": []any{map[string]any{"S3Uri": uri}},
		})
	}
	body, err := json.Marshal(map[string]any{"JobStatus": "COMPLETED", "Result": map[string]any{"AnonymousUsers": []any{map[string]any{"FileGroups": groups}}}})
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}, err
}

func (s *store) client(api *api, with ...func(*snapshotjob.Options)) *snapshotjob.Client {
	return snapshotjob.New(snapshotjob.Options{
		Region: region, Transport: api, S3BaseEndpoint: &s.url,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return creds, nil }),
	}, with...)
}

func always(uris ...string) *api { return &api{uris: func(int) []string { return uris }} }

func eachServer(t *testing.T, test func(*testing.T, *store)) {
	for name, start := range servers {
		t.Run(name, func(t *testing.T) { test(t, newStore(t, start)) })
	}
}

func random(size int) []byte {
	b := make([]byte, size)
	rand.Read(b)
	return b
}

// wantFile fails the test unless the file holds the content and its folder
// nothing that should not be there.
func wantFile(t *testing.T, f snapshotjob.DownloadedFile, content []byte) {
	t.Helper()
	if f.Err != nil {
		t.Fatalf("Err = %v, want nil", f.Err)
	}
	got, err := os.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, content) || f.Size != int64(len(content)) {
		t.Errorf("%s: got %d bytes, Size %d, want the %d bytes that were stored", f.Path, len(got), f.Size, len(content))
	}
	hidden, _ := filepath.Glob(filepath.Join(filepath.Dir(f.Path), ".*"))
	if len(hidden) > 0 {
		t.Errorf("left behind: %v", hidden)
	}
}

func TestDownload(t *testing.T) {
	eachServer(t, func(t *testing.T, s *store) {
		plain, empty, large := random(100_000), []byte{}, random(20<<20)
		const odd = "a b/ü+%=&?#'()*!~@:;,$/c.csv"
		s.put("plain.csv", plain)
		s.put("empty.csv", empty)
		s.put("large.csv", large)
		s.put(odd, plain)
		for _, test := range []struct {
			name    string
			uri     string
			content []byte
		}{
			{"signed", "s3://" + bucket + "/plain.csv", plain},
			{"signed, empty", "s3://" + bucket + "/empty.csv", empty},
			{"signed, large", "s3://" + bucket + "/large.csv", large},
			{"signed, odd key", "s3://" + bucket + "/" + odd, plain},
			{"presigned", s.presign("plain.csv", 0), plain},
			{"presigned, empty", s.presign("empty.csv", 0), empty},
			{"presigned, large", s.presign("large.csv", 0), large},
			{"presigned, odd key", s.presign(odd, 0), plain},
		} {
			for _, size := range []int64{0, 1 << 20} {
				t.Run(fmt.Sprintf("%s, parts of %d", test.name, size), func(t *testing.T) {
					files, err := s.client(always(test.uri)).Download(t.Context(), job, t.TempDir(), func(o *snapshotjob.DownloadOptions) { o.PartSize = size })
					if err != nil {
						t.Fatal(err)
					}
					wantFile(t, files[0], test.content)
				})
			}
		}
	})
}

func TestDownloadRefused(t *testing.T) {
	eachServer(t, func(t *testing.T, s *store) {
		content := random(1000)
		s.put("plain.csv", content)
		wrong := func(o *snapshotjob.Options) {
			o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: "wrong"}, nil
			})
		}
		tampered := s.presign("plain.csv", 0)
		tampered = tampered[:len(tampered)-4] + "0000"
		for _, test := range []struct {
			name, uri, code string
			client          *snapshotjob.Client
		}{
			{"no such key", "s3://" + bucket + "/missing.csv", "NoSuchKey", nil},
			{"no such bucket", "s3://missing.example/plain.csv", "NoSuchBucket", nil},
			{"wrong secret", "s3://" + bucket + "/plain.csv", "SignatureDoesNotMatch", s.client(always("s3://"+bucket+"/plain.csv"), wrong)},
			{"tampered URL", tampered, "SignatureDoesNotMatch", nil},
		} {
			t.Run(test.name, func(t *testing.T) {
				client := test.client
				if client == nil {
					client = s.client(always(test.uri))
				}
				dir := t.TempDir()
				files, err := client.Download(t.Context(), job, dir)
				var code interface{ ErrorCode() string }
				if !errors.As(err, &code) || code.ErrorCode() != test.code {
					t.Errorf("err = %v, want code %s", err, test.code)
				}
				if strings.Contains(fmt.Sprintf("%v %+v %#v", err, files, files), "X-Amz-Signature=") {
					t.Errorf("the error shows the signature: %v", err)
				}
				if left, _ := os.ReadDir(dir); len(left) > 0 {
					t.Errorf("left in the folder: %v", left)
				}
			})
		}
	})
}

func TestExpiredURLIsRenewedOnce(t *testing.T) {
	eachServer(t, func(t *testing.T, s *store) {
		content := random(1000)
		s.put("plain.csv", content)
		old, fresh := s.presign("plain.csv", time.Hour), s.presign("plain.csv", 0)
		a := &api{uris: func(call int) []string {
			if call == 1 {
				return []string{old, old, old}
			}
			return []string{fresh, fresh, fresh}
		}}
		files, err := s.client(a).Download(t.Context(), job, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			wantFile(t, f, content)
		}
		if got := a.calls.Load(); got != 2 {
			t.Errorf("asked for the result %d times, want 2: once, and once for fresh URLs", got)
		}

		a = always(old)
		if _, err := s.client(a).Download(t.Context(), job, t.TempDir()); err == nil {
			t.Error("a URL that is expired again: got no error")
		}
		if got := a.calls.Load(); got != 2 {
			t.Errorf("asked for the result %d times, want 2", got)
		}
	})
}

// cutter breaks the connection of the first answers after some bytes, and then
// calls broken.
type cutter struct {
	after  int64
	left   atomic.Int32
	broken func()
	ranges []string
}

func (c *cutter) RoundTrip(req *http.Request) (*http.Response, error) {
	c.ranges = append(c.ranges, req.Header.Get("Range")+" "+map[bool]string{true: "If-Match"}[req.Header.Get("If-Match") != ""])
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err == nil && c.left.Add(-1) >= 0 {
		body := resp.Body
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(io.LimitReader(body, c.after), readFunc(func([]byte) (int, error) {
			if c.broken != nil {
				c.broken()
			}
			return 0, errors.New("connection reset by peer")
		})), body}
	}
	return resp, err
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func TestBrokenConnectionIsResumed(t *testing.T) {
	eachServer(t, func(t *testing.T, s *store) {
		content := random(1 << 20)
		s.put("plain.csv", content)
		for _, uri := range []string{"s3://" + bucket + "/plain.csv", s.presign("plain.csv", 0)} {
			c := &cutter{after: 300_000}
			c.left.Store(3)
			files, err := s.client(always(uri), func(o *snapshotjob.Options) { o.DownloadTransport = c }).Download(t.Context(), job, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			wantFile(t, files[0], content)
			want := "[   bytes=300000-1048575 If-Match bytes=600000-1048575 If-Match bytes=900000-1048575 If-Match]"
			if got := fmt.Sprint(c.ranges); strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") {
				t.Errorf("requests:\n got %s\nwant %s", got, want)
			}
		}
	})
}

func TestChangedObjectStartsAnew(t *testing.T) {
	eachServer(t, func(t *testing.T, s *store) {
		before, after := random(1<<20), random(1<<20)
		s.put("plain.csv", before)
		c := &cutter{after: 300_000, broken: func() { s.put("plain.csv", after) }}
		c.left.Store(1)
		client := s.client(always("s3://"+bucket+"/plain.csv"), func(o *snapshotjob.Options) { o.DownloadTransport = c })
		files, err := client.Download(t.Context(), job, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		wantFile(t, files[0], after)
		if len(c.ranges) != 3 {
			t.Errorf("requests: %v, want three: the first, the one that finds the change, and one from the beginning", c.ranges)
		}

		c.left.Store(1)
		c.broken = func() { s.put("plain.csv", before) }
		r, err := client.Open(t.Context(), files[0].File)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := io.Copy(io.Discard, r); !errors.Is(err, snapshotjob.ErrFileChanged) {
			t.Errorf("a stream can't start anew: err = %v, want ErrFileChanged", err)
		}
	})
}

// flipper changes one byte of the first answers.
type flipper struct{ left atomic.Int32 }

func (f *flipper) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err == nil && f.left.Add(-1) >= 0 {
		body, at := resp.Body, 0
		resp.Body = struct {
			io.Reader
			io.Closer
		}{readFunc(func(p []byte) (int, error) {
			n, err := body.Read(p)
			if at == 0 && n > 0 {
				p[0] ^= 1
			}
			at += n
			return n, err
		}), body}
	}
	return resp, err
}

func TestChecksumIsVerified(t *testing.T) {
	eachServer(t, func(t *testing.T, s *store) {
		content := random(100_000)
		s.put("plain.csv", content)
		uri := "s3://" + bucket + "/plain.csv"

		f := &flipper{}
		f.left.Store(1)
		with := func(o *snapshotjob.Options) { o.DownloadTransport = f }
		files, err := s.client(always(uri), with).Download(t.Context(), job, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		wantFile(t, files[0], content)

		f.left.Store(100)
		if _, err := s.client(always(uri), with).Download(t.Context(), job, t.TempDir()); !errors.Is(err, snapshotjob.ErrChecksum) {
			t.Errorf("every answer is corrupt: err = %v, want ErrChecksum", err)
		}
	})
}
