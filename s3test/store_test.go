package s3test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/quicksight-go/snapshotjob"
	"github.com/stretchr/testify/require"
)

const (
	accessKey = "AKIDEXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	region    = "us-east-1"
	bucket    = "reports.example" // The dot in the name demands the path style.
)

// creds are the credentials that the servers accept.
var creds = aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}

// store is a server with a bucket.
type store struct {
	t   *testing.T
	url string
}

// s3URI returns the URI of an object.
func s3URI(key string) string { return "s3://" + bucket + "/" + key }

// createBucket creates the bucket.
func (s *store) createBucket() {
	s.t.Helper()
	s.send(s.request(http.MethodPut, "", nil), nil)
}

// put stores an object with a checksum.
func (s *store) put(key string, content []byte) {
	s.t.Helper()
	req := s.request(http.MethodPut, key, content)
	checksum := crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli))
	raw := binary.BigEndian.AppendUint32(nil, checksum)
	req.Header.Set("X-Amz-Checksum-Crc32c", base64.StdEncoding.EncodeToString(raw))
	s.send(req, content)
}

// request makes a request for an object, or for the bucket if key is empty.
func (s *store) request(method, key string, content []byte) *http.Request {
	s.t.Helper()
	target := s.url + "/" + bucket
	if key != "" {
		target += "/" + escape(key)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, target, bytes.NewReader(content))
	require.NoError(s.t, err)
	return req
}

// escape escapes a key, except for its slashes.
func escape(key string) string {
	return strings.NewReplacer("%2F", "/", "+", "%20").Replace(url.QueryEscape(key))
}

// asS3 has a signature be one for S3, which does not escape the path once more.
func asS3(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }

// send signs and sends a request, which must succeed.
func (s *store) send(req *http.Request, content []byte) {
	s.t.Helper()
	sum := sha256.Sum256(content)
	hash := hex.EncodeToString(sum[:])
	req.Header.Set("X-Amz-Content-Sha256", hash)
	err := v4.NewSigner().SignHTTP(s.t.Context(), creds, req, hash, "s3", region, time.Now(), asS3)
	require.NoError(s.t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, resp.StatusCode, "PUT %s: %s", req.URL.Path, body)
}

// presign returns a URL that is valid for five minutes and was signed some time
// ago.
func (s *store) presign(key string, ago time.Duration) string {
	s.t.Helper()
	req := s.request(http.MethodGet, key, nil)
	query := req.URL.Query()
	query.Set("X-Amz-Expires", "300")
	req.URL.RawQuery = query.Encode()
	const hash = "UNSIGNED-PAYLOAD"
	at := time.Now().Add(-ago)
	signed, _, err := v4.NewSigner().PresignHTTP(s.t.Context(), creds, req, hash, "s3", region, at, asS3)
	require.NoError(s.t, err)
	return signed
}

// client makes a client of the API and of the store.
func (s *store) client(api *api, optFns ...func(*snapshotjob.Options)) *snapshotjob.Client {
	return snapshotjob.New(snapshotjob.Options{
		Region:         region,
		Credentials:    static(creds),
		Transport:      api,
		S3BaseEndpoint: &s.url,
	}, optFns...)
}

// static is a provider of credentials that never change.
func static(creds aws.Credentials) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return creds, nil })
}

// random returns random content.
func random(size int) []byte {
	content := make([]byte, size)
	rand.Read(content)
	return content
}
