package snapshotjob

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// s3Request is what a client should ask S3 for when it reads a file.
type s3Request struct {
	name      string
	region    string         // of the client; empty: us-east-1
	options   func(*Options) // nil: none
	uri       string         // of the file; empty: s3://bucket/key
	want      string         // the URL of the request
	signedFor string         // the region in the signature; empty: the client's
}

func checkS3Requests(t *testing.T, requests []s3Request) {
	t.Helper()
	for _, request := range requests {
		t.Run(request.name, request.check)
	}
}

func (r s3Request) check(t *testing.T) {
	region := cmp.Or(r.region, "us-east-1")
	s3 := responses(mockResponse{status: 200, body: "x"})
	client := objectClient(s3, func(o *Options) {
		o.Region = region
		if r.options != nil {
			r.options(o)
		}
	})
	content, err := readObject(t, client, objectFile(cmp.Or(r.uri, "s3://bucket/key")))
	require.NoError(t, err)
	assert.Equal(t, "x", content)
	require.Len(t, s3.requests, 1)

	got, _ := received(t, s3.requests[0])
	assert.Equal(t, r.want, urlOf(s3.requests[0], got))
	want := s3Authorization(t, got, cmp.Or(r.signedFor, region))
	assert.Equal(t, want, got.Header.Get("Authorization"))
	assert.Equal(t, "ENABLED", got.Header.Get("X-Amz-Checksum-Mode"))
	assert.Equal(t, exampleToken, got.Header.Get("X-Amz-Security-Token"))
}

// urlOf returns the URL of a request, with the host and the path that a server received.
func urlOf(sent, received *http.Request) string {
	return sent.URL.Scheme + "://" + received.Host + received.RequestURI
}

// s3Authorization signs a request that a server has received once more, and returns what its
// Authorization should be.
func s3Authorization(t *testing.T, r *http.Request, region string) string {
	t.Helper()
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	require.NoError(t, err)
	u, err := url.ParseRequestURI(r.RequestURI)
	require.NoError(t, err)
	u.Scheme = "https"
	u.Host = r.Host
	again := &http.Request{
		Method: r.Method,
		URL:    u,
		Host:   r.Host,
		Header: r.Header.Clone(),
	}
	// The signature doesn't cover these, as it never covers Authorization and User-Agent.
	for _, name := range []string{"Authorization", "Accept-Encoding", "Range", "If-Match"} {
		again.Header.Del(name)
	}
	hash := r.Header.Get("X-Amz-Content-Sha256")
	credentials := aws.Credentials(exampleCredentials)
	asItIs := func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }
	err = v4.NewSigner().SignHTTP(t.Context(), credentials, again, hash, "s3", region, at, asItIs)
	require.NoError(t, err)
	return again.Header.Get("Authorization")
}

func useFIPS(o *Options) { o.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled }

func useDualStack(o *Options) { o.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled }

func TestS3HostOfARegion(t *testing.T) {
	hosts := map[string]string{
		"us-east-1":       "s3.us-east-1.amazonaws.com",
		"cn-north-1":      "s3.cn-north-1.amazonaws.com.cn",
		"us-gov-west-1":   "s3.us-gov-west-1.amazonaws.com",
		"eusc-de-east-1":  "s3.eusc-de-east-1.amazonaws.eu",
		"us-iso-east-1":   "s3.us-iso-east-1.c2s.ic.gov",
		"us-isob-east-1":  "s3.us-isob-east-1.sc2s.sgov.gov",
		"eu-isoe-west-1":  "s3.eu-isoe-west-1.cloud.adc-e.uk",
		"us-isof-south-1": "s3.us-isof-south-1.csp.hci.ic.gov",
	}
	for region, host := range hosts {
		request := s3Request{
			region: region,
			want:   "https://bucket." + host + "/key",
		}
		t.Run(region, request.check)
	}
}

func TestS3HostOfFIPSAndDualStack(t *testing.T) {
	checkS3Requests(t, []s3Request{
		{
			name:    "FIPS",
			options: useFIPS,
			want:    "https://bucket.s3-fips.us-east-1.amazonaws.com/key",
		},
		{
			name:      "FIPS by the region's name",
			region:    "fips-us-east-1",
			want:      "https://bucket.s3-fips.us-east-1.amazonaws.com/key",
			signedFor: "us-east-1",
		},
		{
			name:    "dual-stack",
			options: useDualStack,
			want:    "https://bucket.s3.dualstack.us-east-1.amazonaws.com/key",
		},
		{
			name:    "dual-stack in China",
			region:  "cn-north-1",
			options: useDualStack,
			want:    "https://bucket.s3.dualstack.cn-north-1.amazonaws.com.cn/key",
		},
		{
			name:   "FIPS and dual-stack",
			region: "us-gov-west-1",
			options: func(o *Options) {
				useFIPS(o)
				useDualStack(o)
			},
			want: "https://bucket.s3-fips.dualstack.us-gov-west-1.amazonaws.com/key",
		},
	})
}

// No wildcard certificate covers a bucket's name with a dot, and not every name is a host's.
func TestS3PathStyle(t *testing.T) {
	const s3 = "https://s3.us-east-1.amazonaws.com/"
	checkS3Requests(t, []s3Request{
		{
			name: "a dot in the bucket's name",
			uri:  "s3://my.bucket/key",
			want: s3 + "my.bucket/key",
		},
		{
			name: "upper case in the bucket's name",
			uri:  "s3://Bucket/key",
			want: s3 + "Bucket/key",
		},
		{
			name: "a hyphen at its end",
			uri:  "s3://bucket-/key",
			want: s3 + "bucket-/key",
		},
		{
			name: "two letters",
			uri:  "s3://bu/key",
			want: s3 + "bu/key",
		},
		{
			name: "a bucket that is none",
			uri:  "s3://b@evil.example:80/key",
			want: s3 + "b%40evil.example%3A80/key",
		},
	})
}

func TestS3BaseEndpoint(t *testing.T) {
	base := func(endpoint string) func(*Options) {
		return func(o *Options) { o.S3BaseEndpoint = &endpoint }
	}
	checkS3Requests(t, []s3Request{
		{
			name:    "a host",
			options: base("http://127.0.0.1:9000"),
			want:    "http://127.0.0.1:9000/bucket/key",
		},
		{
			name:    "with a path",
			options: base("https://proxy.example/s3%20x/"),
			want:    "https://proxy.example/s3%20x/bucket/key",
		},
		{
			name: "whatever FIPS says",
			options: func(o *Options) {
				useFIPS(o)
				base("https://proxy.example")(o)
			},
			want: "https://proxy.example/bucket/key",
		},
	})
}

func TestS3KeysAreEscaped(t *testing.T) {
	const bucket = "https://bucket.s3.us-east-1.amazonaws.com/"
	checkS3Requests(t, []s3Request{
		{
			name: "nothing to escape",
			uri:  "s3://bucket/key.csv",
			want: bucket + "key.csv",
		},
		{
			name: "odd characters",
			uri:  "s3://bucket/a b/ü+%=&?#'()*!~@:;,$/日.csv",
			want: bucket + "a%20b/%C3%BC%2B%25%3D%26%3F%23%27%28%29%2A%21~%40%3A%3B%2C%24/%E6%97%A5.csv",
		},
		{
			name: "an escape is data",
			uri:  "s3://bucket/a%2Fb",
			want: bucket + "a%252Fb",
		},
		{
			name: "slashes",
			uri:  "s3://bucket//a//b/",
			want: bucket + "/a//b/",
		},
		{
			name: "bytes that are no text",
			uri:  "s3://bucket/a\xff\x00\nb",
			want: bucket + "a%FF%00%0Ab",
		},
	})
}

// hostOfBucketRegion returns the host that a file is requested from if its result has this
// BucketRegion.
func hostOfBucketRegion(t *testing.T, region string) string {
	t.Helper()
	s3 := responses(mockResponse{status: 200, body: "x"})
	file := objectFile("s3://bucket/key")
	file.Destination = &S3BucketConfiguration{BucketRegion: region}
	_, err := readObject(t, objectClient(s3), file)
	require.NoError(t, err)
	require.Len(t, s3.requests, 1)
	return s3.requests[0].URL.Host
}

func TestS3BucketOfAnotherRegion(t *testing.T) {
	assert.Equal(t, "bucket.s3.eu-west-1.amazonaws.com", hostOfBucketRegion(t, "eu-west-1"))
}

// A region becomes part of a host's name, and of a signature.
func TestS3BucketRegionThatIsNoHostLabel(t *testing.T) {
	for _, region := range []string{
		"",
		"evil.example/",
		"eu-west-1.evil.example",
		"eu west 1",
		"@evil",
		strings.Repeat("x", 64),
	} {
		assert.Equal(t, "bucket.s3.us-east-1.amazonaws.com", hostOfBucketRegion(t, region), region)
	}
}

// bucketElsewhere are errors that S3 sends for a bucket of another region, by name.
var bucketElsewhere = map[string]mockResponse{
	"by its header": {
		status: 301,
		header: map[string]string{"X-Amz-Bucket-Region": "eu-central-1"},
		body:   "<Error><Code>PermanentRedirect</Code><Message>m</Message></Error>",
	},
	"by its body": {
		status: 400,
		body: "<Error><Code>AuthorizationHeaderMalformed</Code><Message>m</Message>" +
			"<Region>eu-central-1</Region></Error>",
	},
}

func TestS3ErrorNamesTheRegionOfTheBucket(t *testing.T) {
	for name, response := range bucketElsewhere {
		s3 := responses(response)
		_, err := readObject(t, objectClient(s3), objectFile("s3://bucket/key"))
		assert.ErrorContains(t, err, ": m (the bucket is in the region eu-central-1)", name)
		assert.Len(t, s3.requests, 1, name)
	}
}

func TestS3ErrorNamesNoRegionThatItShouldNot(t *testing.T) {
	for name, region := range map[string]string{
		"the same":      "us-east-1",
		"no host label": "evil region",
	} {
		s3 := responses(mockResponse{
			status: 403,
			header: map[string]string{"X-Amz-Bucket-Region": region},
			body:   "<Error><Code>AccessDenied</Code><Message>m</Message></Error>",
		})
		_, err := readObject(t, objectClient(s3), objectFile("s3://bucket/key"))
		requireCode(t, err, "AccessDenied")
		assert.NotContains(t, err.Error(), "region", name)
	}
}

func TestPresignedURLIsFetchedAsItIs(t *testing.T) {
	odd := "https://b.s3.amazonaws.com/a%2Fb%20c//d?X-Amz-Signature=1&x=%2f+a;b"
	urls := map[string]string{
		odd:                                     odd,
		"HTTPS://b.s3.amazonaws.com/a#fragment": "https://b.s3.amazonaws.com/a",
		"http://127.0.0.1:9000/a?b":             "http://127.0.0.1:9000/a?b",
		"http://[::1]:9000/a":                   "http://[::1]:9000/a",
		"http://localhost/a":                    "http://localhost/a",
	}
	for uri, want := range urls {
		t.Run(uri, func(t *testing.T) {
			s3 := responses(mockResponse{status: 200, body: "x"})
			_, err := readObject(t, objectClient(s3), objectFile(uri))
			require.NoError(t, err)
			got, _ := received(t, s3.requests[0])
			assert.Equal(t, want, urlOf(s3.requests[0], got))
			assert.NotContains(t, got.Header, "Authorization")
			for name := range got.Header {
				assert.NotRegexp(t, "^(X-)?Amz-", name)
			}
		})
	}
}

// Whatever the URI, it is refused without showing its query, or fetched from where that is safe.
func FuzzPresignedURL(f *testing.F) {
	f.Add("https://b.s3.amazonaws.com/k?X-Amz-Signature=1")
	f.Add("http://127.0.0.1/k")
	f.Add("http://example.com/?X-Amz-Signature=0123456789abcdef")
	f.Add("https://u:p@h/")
	f.Add("https://h/%zz?q")
	f.Add("https://h/k#fragment")
	f.Add("//h/k")
	f.Add("https:///k?")
	f.Fuzz(func(t *testing.T, uri string) {
		if strings.HasPrefix(uri, "s3://") {
			t.Skip("not presigned")
		}
		const secret = "SECRETSECRETSECRET"
		signed := uri + "?X-Amz-Signature=" + secret
		s3 := responses(mockResponse{status: 200, body: "x"})
		_, err := readObject(t, objectClient(s3), objectFile(signed))
		if err != nil {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows the signature: %v", err)
			}
			return
		}
		u := s3.requests[0].URL
		loopback := u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback()
		safe := u.Scheme == "https" || u.Scheme == "http" && loopback
		if u.User != nil || u.Host == "" || u.Fragment != "" || !safe {
			t.Errorf("%q was taken for %q", signed, u)
		}
	})
}

// checksummed is the content that the catalogues of checksums give their check values for.
const checksummed = "123456789"

// checkValues returns these values by the last part of the header's name: X-Amz-Checksum-Crc32.
func checkValues(t *testing.T) map[string][]byte {
	t.Helper()
	values := map[string][]byte{}
	for name, digits := range map[string]string{
		"Crc64nvme": "ae8b14860a799888",
		"Crc32c":    "e3069283",
		"Crc32":     "cbf43926",
		"Sha1":      "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
		"Sha256":    "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
	} {
		value, err := hex.DecodeString(digits)
		require.NoError(t, err)
		values[name] = value
	}
	return values
}

// readChecksummed reads a file that comes with these headers of a checksum.
func readChecksummed(t *testing.T, checksums map[string]string) error {
	t.Helper()
	header := map[string]string{}
	for name, value := range checksums {
		header["X-Amz-Checksum-"+name] = value
	}
	s3 := responses(mockResponse{status: 200, header: header, body: checksummed})
	content, err := readObject(t, objectClient(s3), objectFile("s3://b/k"))
	assert.Equal(t, checksummed, content)
	return err
}

func TestChecksumsAreVerified(t *testing.T) {
	for name, value := range checkValues(t) {
		t.Run(name, func(t *testing.T) {
			good := base64.StdEncoding.EncodeToString(value)
			assert.NoError(t, readChecksummed(t, map[string]string{name: good}))

			value[0] ^= 1
			wrong := base64.StdEncoding.EncodeToString(value)
			assert.ErrorIs(t, readChecksummed(t, map[string]string{name: wrong}), ErrChecksum)
		})
	}
}

func TestChecksumOfTheFullObject(t *testing.T) {
	good := base64.StdEncoding.EncodeToString(checkValues(t)["Crc32"])
	err := readChecksummed(t, map[string]string{"Crc32": good, "Type": "FULL_OBJECT"})
	assert.NoError(t, err)
}

func TestChecksumsThatTellNothing(t *testing.T) {
	crc32 := base64.StdEncoding.EncodeToString(checkValues(t)["Crc32"])
	wrong := base64.StdEncoding.EncodeToString([]byte("0000"))
	checksums := map[string]map[string]string{
		"none":              {},
		"of parts":          {"Sha256": crc32 + "-2"},
		"of parts, by type": {"Crc32": wrong, "Type": "COMPOSITE"},
		"no base64":         {"Crc32": "!"},
		"of another length": {"Sha256": crc32},
	}
	for name, header := range checksums {
		t.Run(name, func(t *testing.T) {
			assert.NoError(t, readChecksummed(t, header))
		})
	}
}

func TestChecksumBesideOneThatTellsNothing(t *testing.T) {
	wrong := base64.StdEncoding.EncodeToString([]byte("0000"))
	err := readChecksummed(t, map[string]string{"Crc64nvme": "!", "Crc32": wrong})
	assert.ErrorIs(t, err, ErrChecksum)
}

func TestErrorsOfS3(t *testing.T) {
	for _, tt := range []struct {
		name     string
		response mockResponse
		want     string
	}{
		{
			name: "XML",
			response: mockResponse{
				status: 404,
				header: map[string]string{"X-Amz-Request-Id": "R"},
				body: `<?xml version="1.0"?><Error><Code>NoSuchKey</Code>` +
					`<Message>The &lt;key&gt; &amp;amp; all.</Message></Error>`,
			},
			want: "StatusCode: 404, RequestID: R, api error NoSuchKey: The <key> &amp; all.",
		},
		{
			name:     "no XML",
			response: mockResponse{status: 404, body: "not\nfound"},
			want:     "StatusCode: 404, RequestID: , api error UnknownError: not found",
		},
		{
			name:     "nothing",
			response: mockResponse{status: 404},
			want:     "StatusCode: 404, RequestID: , api error UnknownError: Not Found",
		},
		{
			name:     "cut-off XML",
			response: mockResponse{status: 400, body: "<Error><Code>NoSuch"},
			want:     "StatusCode: 400, RequestID: , api error UnknownError: <Error><Code>NoSuch",
		},
		{
			name:     "cut-off XML that repeats a signature",
			response: mockResponse{status: 400, body: "<Error><SignatureProvided>a1b2c3</SignatureProvided>"},
			want:     "StatusCode: 400, RequestID: , api error UnknownError: <Error><SignatureProvided>REDACTED",
		},
		{
			name:     "no content",
			response: mockResponse{status: 204},
			want:     "StatusCode: 204, RequestID: , api error UnknownError: No Content",
		},
		{
			name:     "a status that nobody knows",
			response: mockResponse{status: 299},
			want:     "StatusCode: 299, RequestID: , api error UnknownError: UnknownError",
		},
		{
			name:     "no message",
			response: mockResponse{status: 400, body: "<Error><Code>AccessDenied</Code></Error>"},
			want:     "StatusCode: 400, RequestID: , api error AccessDenied: Bad Request",
		},
		{
			name:     "line feeds",
			response: mockResponse{status: 400, body: "<Error><Code>A\nB</Code><Message>c\n\nd</Message></Error>"},
			want:     "StatusCode: 400, RequestID: , api error A B: c  d",
		},
		{
			name: "a redirect",
			response: mockResponse{
				status: 307,
				header: map[string]string{"Location": "https://evil.example/"},
			},
			want: "StatusCode: 307, RequestID: , api error UnknownError: the server redirects, which is not followed",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s3 := responses(tt.response)
			_, err := readObject(t, objectClient(s3), objectFile("https://host/key"))
			want := "snapshot job 111122223333/dash/job: PDF: https response error " + tt.want
			assert.EqualError(t, err, want)
			assert.Len(t, s3.requests, 1)
		})
	}
}
