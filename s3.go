package snapshotjob

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"math/bits"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/encoding/httpbinding"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// keyURL returns the URL of the key that a URI names.
func (s *fileSource) keyURL(uri S3URI) (*url.URL, error) {
	bucket, key := uri.bucketAndKey()
	if bucket == "" || key == "" {
		return nil, fmt.Errorf("the URI %s is not s3://bucket/key", uri)
	}
	u := s.session.settings.s3URL(s.bucketRegion(), bucket, key)
	return &u, nil
}

// signForS3 signs a request for a key.
func (a *fileAttempt) signForS3(ctx context.Context, req *http.Request) error {
	settings := a.source.session.settings
	credentials, err := settings.retrieveCredentials(ctx)
	if err != nil {
		return err
	}
	a.credentials = credentials
	a.skew = a.source.session.s3ClockSkew()
	req.Header.Set("X-Amz-Content-Sha256", emptyPayloadHash)
	if a.wanted.isWhole() {
		req.Header.Set("X-Amz-Checksum-Mode", "ENABLED")
	}
	region := a.source.bucketRegion()
	signedAt := time.Now().Add(a.skew)
	// S3 expects a signature of the path as it is sent.
	return settings.signer.SignHTTP(ctx, credentials, req, emptyPayloadHash, "s3", region, signedAt, leavePath)
}

// bucketRegion returns the region of the bucket that has the file. The result of a job
// may name it.
func (s *fileSource) bucketRegion() string {
	if destination := s.file.Destination; destination != nil {
		// It becomes part of a host name.
		if smithyhttp.ValidHostLabel(destination.BucketRegion) {
			return destination.BucketRegion
		}
	}
	return s.session.settings.endpoint.region
}

// s3URL returns the URL of a key in a bucket.
func (s *settings) s3URL(region, bucket, key string) url.URL {
	pathStyle := "/" + bucket + "/" + key
	if s.s3Endpoint != nil {
		return s.s3Endpoint.url(newS3Path(pathStyle))
	}
	host := s.s3Host(region)
	path := newS3Path(pathStyle)
	if isVirtualHost(bucket) {
		host = bucket + "." + host
		path = newS3Path("/" + key)
	}
	base := endpoint{scheme: "https", host: host}
	return base.url(path)
}

// newS3Path returns the path of a request to S3, in which slashes are not escaped.
func newS3Path(path string) requestPath {
	return requestPath{
		plain:   path,
		escaped: httpbinding.EscapePath(path, false),
	}
}

// s3Host returns S3's host in a region, of the kind that the options ask for.
func (s *settings) s3Host(region string) string {
	host := "s3"
	// The endpoint's region is another than the option only for a name such as
	// "fips-us-east-1", which asks for FIPS.
	namesFIPS := s.options.Region != s.endpoint.region
	if namesFIPS || s.options.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled {
		host += "-fips"
	}
	if s.options.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled {
		host += ".dualstack"
	}
	return host + "." + region + "." + partitionOf(region).dnsSuffix
}

// isVirtualHost reports whether a bucket's name can be the first label of a host name.
// A name with dots cannot, because no wildcard certificate covers it.
func isVirtualHost(bucket string) bool {
	return len(bucket) >= 3 &&
		smithyhttp.ValidHostLabel(bucket) &&
		bucket == strings.ToLower(bucket) &&
		bucket == strings.Trim(bucket, "-")
}

// parsePresignedURL parses a URI that is fetched as it is.
func parsePresignedURL(uri S3URI) (*url.URL, error) {
	refuse := func(problem string) (*url.URL, error) {
		return nil, fmt.Errorf("the URI %s %s", uri, problem)
	}
	u, err := url.Parse(string(uri))
	switch {
	case err != nil || u.Host == "":
		return refuse("is neither s3://bucket/key nor a URL")
	case u.User != nil:
		return refuse("has user info")
	case u.Scheme == "http" && !isLoopback(u.Hostname()), u.Scheme != "http" && u.Scheme != "https":
		return refuse("is not https: whoever listens would read the file")
	}
	u.Fragment = ""
	u.RawFragment = ""
	return u, nil
}

// isLoopback reports whether a host is a loopback address, or localhost, which is taken
// for one.
func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// s3ErrorBody is the body of an error of S3.
type s3ErrorBody struct {
	XMLName xml.Name `xml:"Error"`
	Code    string   `xml:"Code"`
	Message string   `xml:"Message"`
	Region  string   `xml:"Region"`
}

// s3Error makes an error of a response that doesn't bring the file.
func (a *fileAttempt) s3Error(resp *http.Response) error {
	// Even a part of an error's body is better than none.
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	var body s3ErrorBody
	if err := xml.NewDecoder(bytes.NewReader(text)).Decode(&body); err != nil || body.Code == "" {
		body = s3ErrorBody{
			Code:    unknownError,
			Message: snippet(text, a.credentials),
		}
	}
	message := redact(cmp.Or(body.Message, statusMessage(resp.StatusCode)), a.credentials)
	if region := a.otherRegion(resp.Header, body); region != "" {
		message += " (the bucket is in the region " + region + ")"
	}
	err := responseError(resp, &smithy.GenericAPIError{
		Code:    redact(body.Code, a.credentials),
		Message: message,
	})
	err.RequestID = s3RequestID(resp.Header, a.credentials)
	return err
}

// statusMessage returns the message of an error whose response has none.
func statusMessage(status int) string {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return "the server redirects, which is not followed"
	}
	return cmp.Or(http.StatusText(status), unknownError)
}

// otherRegion returns the region of the bucket if an error tells that it is another
// than the request was signed for.
func (a *fileAttempt) otherRegion(header http.Header, body s3ErrorBody) string {
	if !a.location.uri.isKey() {
		return ""
	}
	region := header.Get("X-Amz-Bucket-Region")
	if region == "" {
		region = body.Region
	}
	if region == a.source.bucketRegion() || !smithyhttp.ValidHostLabel(region) {
		return ""
	}
	return region
}

// s3RequestID returns the request id in the header of a response of S3.
func s3RequestID(header http.Header, credentials aws.Credentials) string {
	if id := header.Get("X-Amz-Request-Id"); id != "" {
		return redactCode(id, credentials)
	}
	return headerRequestID(header, credentials)
}

// fileChecksum compares the bytes of a file with what S3 says that they come to.
type fileChecksum struct {
	hash hash.Hash // of the bytes so far
	want []byte
}

// agrees reports whether the bytes so far are those that S3 has.
func (c *fileChecksum) agrees() bool { return bytes.Equal(c.hash.Sum(nil), c.want) }

// crc64NVMETable is for CRC-64/NVME, the checksum that S3 chooses by itself. Its
// polynomial is 0xad93d23594c93659 in the catalogue of CRCs at
// https://reveng.sourceforge.io/crc-catalogue/; package crc64 wants its bits reversed.
var crc64NVMETable = crc64.MakeTable(bits.Reverse64(0xad93d23594c93659))

// s3Checksums are the checksums of S3 by the name in their header, those first that
// are computed fastest.
var s3Checksums = []struct {
	name    string
	newHash func() hash.Hash
}{
	{name: "Crc32c", newHash: func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }},
	{name: "Crc32", newHash: func() hash.Hash { return crc32.NewIEEE() }},
	{name: "Crc64nvme", newHash: func() hash.Hash { return crc64.New(crc64NVMETable) }},
	{name: "Sha256", newHash: sha256.New},
	{name: "Sha1", newHash: sha1.New},
}

// checksumOf returns a checksum that S3 gives of a whole object, or nil. A checksum of
// the checksums of parts is none: its type is COMPOSITE, or its value ends in "-" and
// a number.
func checksumOf(header http.Header) *fileChecksum {
	if header.Get("X-Amz-Checksum-Type") == "COMPOSITE" {
		return nil
	}
	for _, candidate := range s3Checksums {
		text := header.Get("X-Amz-Checksum-" + candidate.name)
		if text == "" {
			continue
		}
		want, err := base64.StdEncoding.DecodeString(text)
		hash := candidate.newHash()
		if err == nil && len(want) == hash.Size() {
			return &fileChecksum{hash: hash, want: want}
		}
	}
	return nil
}
