package snapshotjob

import (
	"cmp"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/encoding/httpbinding"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// ErrChecksum is matched by that of a file that doesn't agree with S3's checksum.
var ErrChecksum = errors.New("the file's bytes don't agree with its checksum")

// presignedURL reads a URI that is to be fetched as it is.
func presignedURL(uri S3URI) (*url.URL, error) {
	u, err := url.Parse(string(uri))
	problem := "is not https: whoever listens would read the file"
	switch {
	case err != nil || u.Host == "":
		problem = "is neither s3://bucket/key nor a URL"
	case u.User != nil:
		problem = "has user info"
	case u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()):
		u.Fragment, u.RawFragment = "", ""
		return u, nil
	}
	return nil, fmt.Errorf("the URI %s %s", uri, problem)
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// sign makes req a signed GET of bucket/key in S3.
func (o *object) sign(req *http.Request, place string) (err error) {
	bucket, key, _ := strings.Cut(place, "/")
	if bucket == "" || key == "" {
		return fmt.Errorf("the URI %s is not s3://bucket/key", o.uri)
	}
	region := o.settings.endpoint.region
	if d := o.file.Destination; d != nil {
		region = cmp.Or(d.BucketRegion, region)
	}
	s3, path := o.settings.s3Endpoint, "/"+place
	if s3 == nil {
		host := "s3"
		if o.settings.options.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled || o.settings.options.Region != o.settings.endpoint.region {
			host += "-fips"
		}
		if o.settings.options.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled {
			host += ".dualstack"
		}
		host += "." + region + "." + partitionOf(region).dnsSuffix
		// Virtual-host style, but no wildcard certificate covers a name with dots.
		if len(bucket) >= 3 && smithyhttp.ValidHostLabel(bucket) && bucket == strings.ToLower(strings.Trim(bucket, "-")) {
			host, path = bucket+"."+host, "/"+key
		}
		s3 = &endpoint{scheme: "https", host: host}
	}
	req.URL = &url.URL{Scheme: s3.scheme, Host: s3.host, Path: s3.path + path, RawPath: s3.rawPath + httpbinding.EscapePath(path, false)}
	if o.creds, err = o.settings.retrieveCredentials(o.attempt); err != nil {
		return err
	}
	req.Header.Set("X-Amz-Content-Sha256", emptyPayloadHash)
	if o.at == 0 && o.whole {
		req.Header.Set("X-Amz-Checksum-Mode", "ENABLED")
	}
	now := time.Now()
	if !o.settings.options.DisableClockSkewCorrection {
		now = now.Add(o.client.clockSkew.load())
	}
	return o.settings.signer.SignHTTP(o.attempt, o.creds, req, emptyPayloadHash, "s3", region, now, leavePath) // S3 signs the path as it is sent
}

// xmlElement returns the text of the first XML element of this name.
func xmlElement(body []byte, name string) string {
	_, rest, _ := strings.Cut(string(body), "<"+name+">")
	text, _, whole := strings.Cut(rest, "</"+name+">")
	if !whole {
		return ""
	}
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&amp;", "&").Replace(text)
}

// parseContentRange reads "bytes first-last/total", of which total may be "*".
func parseContentRange(text string) (first, total int64, ok bool) {
	var last int64
	text, unknown := strings.CutSuffix(text, "/*")
	n, _ := fmt.Sscanf(text, "bytes %d-%d/%d", &first, &last, &total)
	if unknown {
		return first, -1, n == 2 && first >= 0
	}
	return first, total, n == 3 && first >= 0 && total > first
}

// crc64NVME is of S3's own choice of checksum.
var crc64NVME = crc64.MakeTable(0x9a6c9329ac4bc9b5)

// checksum returns one that S3 gives of a whole object, and what it should come
// to. One of its parts is COMPOSITE, or ends in "-N".
func checksum(header http.Header) (hash.Hash, []byte) {
	whole := header.Get("X-Amz-Checksum-Type") != "COMPOSITE"
	for name, sum := range map[string]hash.Hash{
		"Crc64nvme": crc64.New(crc64NVME),
		"Crc32c":    crc32.New(crc32.MakeTable(crc32.Castagnoli)),
		"Crc32":     crc32.NewIEEE(),
		"Sha256":    sha256.New(),
		"Sha1":      sha1.New(),
	} {
		want, err := base64.StdEncoding.DecodeString(header.Get("X-Amz-Checksum-" + name))
		if whole && err == nil && len(want) == sum.Size() {
			return sum, want
		}
	}
	return nil, nil
}
