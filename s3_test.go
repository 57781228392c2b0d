package snapshotjob

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// objectResign signs a request that a server has read once more, and returns
// what its Authorization should be.
func objectResign(t *testing.T, r *http.Request, region string) string {
	t.Helper()
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.ParseRequestURI(r.RequestURI)
	if err != nil {
		t.Fatal(err)
	}
	u.Scheme, u.Host = "https", r.Host
	again := &http.Request{Method: r.Method, URL: u, Host: r.Host, Header: r.Header.Clone()}
	again.Header.Del("Authorization")
	err = v4.NewSigner().SignHTTP(t.Context(), aws.Credentials(exampleCredentials), again, r.Header.Get("X-Amz-Content-Sha256"), "s3", region, at, func(o *v4.SignerOptions) {
		o.DisableURIPathEscaping = true
	})
	if err != nil {
		t.Fatal(err)
	}
	return again.Header.Get("Authorization")
}

func TestObjectRequestToS3(t *testing.T) {
	base := func(text string) func(*Options) { return func(o *Options) { o.S3BaseEndpoint = &text } }
	fips := func(o *Options) { o.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled }
	dualStack := func(o *Options) { o.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled }
	both := func(o *Options) { fips(o); dualStack(o) }
	none := func(*Options) {}
	for _, tt := range []struct {
		name, region, uri string
		set               func(*Options)
		want, signedFor   string
	}{
		{"virtual host", "us-east-1", "s3://bucket/key.csv", none, "https://bucket.s3.us-east-1.amazonaws.com/key.csv", "us-east-1"},
		{"China", "cn-north-1", "s3://bucket/key", none, "https://bucket.s3.cn-north-1.amazonaws.com.cn/key", "cn-north-1"},
		{"GovCloud", "us-gov-west-1", "s3://bucket/key", none, "https://bucket.s3.us-gov-west-1.amazonaws.com/key", "us-gov-west-1"},
		{"European sovereign cloud", "eusc-de-east-1", "s3://bucket/key", none, "https://bucket.s3.eusc-de-east-1.amazonaws.eu/key", "eusc-de-east-1"},
		{"ISO", "us-iso-east-1", "s3://bucket/key", none, "https://bucket.s3.us-iso-east-1.c2s.ic.gov/key", "us-iso-east-1"},
		{"ISOB", "us-isob-east-1", "s3://bucket/key", none, "https://bucket.s3.us-isob-east-1.sc2s.sgov.gov/key", "us-isob-east-1"},
		{"ISOE", "eu-isoe-west-1", "s3://bucket/key", none, "https://bucket.s3.eu-isoe-west-1.cloud.adc-e.uk/key", "eu-isoe-west-1"},
		{"ISOF", "us-isof-south-1", "s3://bucket/key", none, "https://bucket.s3.us-isof-south-1.csp.hci.ic.gov/key", "us-isof-south-1"},
		{"FIPS", "us-east-1", "s3://bucket/key", fips, "https://bucket.s3-fips.us-east-1.amazonaws.com/key", "us-east-1"},
		{"FIPS by the region's name", "fips-us-east-1", "s3://bucket/key", none, "https://bucket.s3-fips.us-east-1.amazonaws.com/key", "us-east-1"},
		{"dual-stack", "us-east-1", "s3://bucket/key", dualStack, "https://bucket.s3.dualstack.us-east-1.amazonaws.com/key", "us-east-1"},
		{"dual-stack in China", "cn-north-1", "s3://bucket/key", dualStack, "https://bucket.s3.dualstack.cn-north-1.amazonaws.com.cn/key", "cn-north-1"},
		{"FIPS and dual-stack", "us-gov-west-1", "s3://bucket/key", both, "https://bucket.s3-fips.dualstack.us-gov-west-1.amazonaws.com/key", "us-gov-west-1"},
		{"a dot in the bucket's name", "us-east-1", "s3://my.bucket/key", none, "https://s3.us-east-1.amazonaws.com/my.bucket/key", "us-east-1"},
		{"upper case in the bucket's name", "us-east-1", "s3://Bucket/key", none, "https://s3.us-east-1.amazonaws.com/Bucket/key", "us-east-1"},
		{"a hyphen at its end", "us-east-1", "s3://bucket-/key", none, "https://s3.us-east-1.amazonaws.com/bucket-/key", "us-east-1"},
		{"two letters", "us-east-1", "s3://bu/key", none, "https://s3.us-east-1.amazonaws.com/bu/key", "us-east-1"},
		{"a bucket that is none", "us-east-1", "s3://b@evil.example:80/key", none, "https://s3.us-east-1.amazonaws.com/b%40evil.example%3A80/key", "us-east-1"},
		{"an endpoint", "us-east-1", "s3://bucket/key", base("http://127.0.0.1:9000"), "http://127.0.0.1:9000/bucket/key", "us-east-1"},
		{"an endpoint with a path", "us-east-1", "s3://bucket/key", base("https://proxy.example/s3%20x/"), "https://proxy.example/s3%20x/bucket/key", "us-east-1"},
		{"an endpoint, whatever FIPS says", "us-east-1", "s3://bucket/key", func(o *Options) { fips(o); base("https://proxy.example")(o) }, "https://proxy.example/bucket/key", "us-east-1"},
		{"odd characters", "us-east-1", "s3://bucket/a b/ü+%=&?#'()*!~@:;,$/日.csv", none, "https://bucket.s3.us-east-1.amazonaws.com/a%20b/%C3%BC%2B%25%3D%26%3F%23%27%28%29%2A%21~%40%3A%3B%2C%24/%E6%97%A5.csv", "us-east-1"},
		{"an escape is data", "us-east-1", "s3://bucket/a%2Fb", none, "https://bucket.s3.us-east-1.amazonaws.com/a%252Fb", "us-east-1"},
		{"slashes", "us-east-1", "s3://bucket//a//b/", none, "https://bucket.s3.us-east-1.amazonaws.com//a//b/", "us-east-1"},
		{"bytes that are no text", "us-east-1", "s3://bucket/a\xff\x00\nb", none, "https://bucket.s3.us-east-1.amazonaws.com/a%FF%00%0Ab", "us-east-1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := answers(answer{status: 200, body: "x"})
			c := objectClient(s, func(o *Options) { o.Region = tt.region }, tt.set)
			if got, err := objectRead(t, c, objectFile(tt.uri)); err != nil || got != "x" {
				t.Fatalf("read %q, %v", got, err)
			}
			r, _ := received(t, s.requests[0])
			if got := s.requests[0].URL.Scheme + "://" + r.Host + r.RequestURI; got != tt.want {
				t.Errorf("asked:\n got %s\nwant %s", got, tt.want)
			}
			if got, want := r.Header.Get("Authorization"), objectResign(t, r, tt.signedFor); got != want {
				t.Errorf("signed:\n got %s\nwant %s", got, want)
			}
			if got := r.Header.Get("X-Amz-Checksum-Mode") + " " + r.Header.Get("X-Amz-Security-Token"); got != "ENABLED "+exampleToken {
				t.Errorf("checksum mode and token %q, want both", got)
			}
		})
	}
}

func TestObjectBucketOfAnotherRegion(t *testing.T) {
	s := answers(answer{status: 200, body: "x"})
	file := objectFile("s3://bucket/key")
	file.Destination = &S3BucketConfiguration{BucketRegion: "eu-west-1"}
	if _, err := objectRead(t, objectClient(s), file); err != nil {
		t.Fatal(err)
	}
	if got, want := s.requests[0].URL.Host, "bucket.s3.eu-west-1.amazonaws.com"; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

func TestObjectWithoutCredentials(t *testing.T) {
	s := answers(answer{status: 200, body: "x"})
	c := objectClient(s, func(o *Options) { o.Credentials = staticCredentials{} })
	if _, err := objectRead(t, c, objectFile("s3://bucket/key")); err == nil || !strings.HasSuffix(err.Error(), "get identity: get credentials: the provider returned none, without an error") || len(s.requests) != 0 {
		t.Errorf("err = %v after %d requests, want that there are no credentials", err, len(s.requests))
	}
	if got, err := objectRead(t, c, objectFile("https://host/key?X-Amz-Signature=1")); err != nil || got != "x" {
		t.Errorf("read %q, %v, want it: a presigned URL needs none", got, err)
	}
}

func TestPresignedURLIsFetchedAsItIs(t *testing.T) {
	for _, tt := range []struct{ uri, want string }{
		{"https://b.s3.amazonaws.com/a%2Fb%20c//d?X-Amz-Signature=1&x=%2f+a;b", "https://b.s3.amazonaws.com/a%2Fb%20c//d?X-Amz-Signature=1&x=%2f+a;b"},
		{"HTTPS://b.s3.amazonaws.com/a#fragment", "https://b.s3.amazonaws.com/a"},
		{"http://127.0.0.1:9000/a?b", "http://127.0.0.1:9000/a?b"},
		{"http://[::1]:9000/a", "http://[::1]:9000/a"},
		{"http://localhost/a", "http://localhost/a"},
	} {
		s := answers(answer{status: 200, body: "x"})
		if _, err := objectRead(t, objectClient(s), objectFile(tt.uri)); err != nil {
			t.Errorf("%s: %v", tt.uri, err)
			continue
		}
		req := s.requests[0]
		r, _ := received(t, req)
		if got := req.URL.Scheme + "://" + r.Host + r.RequestURI; got != tt.want {
			t.Errorf("%s: asked %s, want %s", tt.uri, got, tt.want)
		}
		for name := range r.Header {
			if name == "Authorization" || strings.HasPrefix(name, "X-Amz-") || strings.HasPrefix(name, "Amz-") {
				t.Errorf("%s: header %s was sent", tt.uri, name)
			}
		}
	}
}

func FuzzPresignedURL(f *testing.F) {
	for _, uri := range []string{"https://b.s3.amazonaws.com/k?X-Amz-Signature=1", "http://127.0.0.1/k", "http://example.com/", "https://u:p@h/", "s3://b/k", "https://h/%zz?q", "//h/k", "https:///k?"} {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		u, err := presignedURL(S3URI(uri))
		if err != nil {
			if _, query, ok := strings.Cut(uri, "?"); ok && len(query) > 20 && strings.Contains(err.Error(), query) {
				t.Errorf("the error shows the query: %v", err)
			}
			return
		}
		if u.User != nil || u.Host == "" || u.Fragment != "" || u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())) {
			t.Errorf("%q was taken for %q", uri, u)
		}
	})
}

func TestParseContentRange(t *testing.T) {
	for _, tt := range []struct {
		text         string
		first, total int64
		ok           bool
	}{
		{"bytes 0-9/10", 0, 10, true}, {"bytes 4-9/10", 4, 10, true}, {"bytes 4-9/*", 4, -1, true}, {"bytes 9223372036854775806-9223372036854775806/9223372036854775807", 1<<63 - 2, 1<<63 - 1, true},
		{"", 0, 0, false}, {"bytes */10", 0, 0, false}, {"bytes 10-9/10", 0, 0, false}, {"bytes -1-9/10", 0, 0, false}, {"bytes 4/10", 0, 0, false},
		{"bytes 4-9", 0, 0, false}, {"items 4-9/10", 0, 0, false}, {"bytes 4-9/x", 0, 0, false}, {"bytes 4-9/-1", 0, 0, false}, {"bytes 99999999999999999999-9/10", 0, 0, false},
	} {
		if first, total, ok := parseContentRange(tt.text); ok != tt.ok || ok && (first != tt.first || total != tt.total) {
			t.Errorf("%q: got %d, %d, %t, want %d, %d, %t", tt.text, first, total, ok, tt.first, tt.total, tt.ok)
		}
	}
}

func FuzzContentRange(f *testing.F) {
	f.Add("bytes 4-9/10")
	f.Add("bytes 4-9/*")
	f.Add("bytes +4-/+5")
	f.Fuzz(func(t *testing.T, text string) {
		first, total, ok := parseContentRange(text)
		if ok && (first < 0 || total != -1 && total <= first) {
			t.Errorf("%q: got %d of %d", text, first, total)
		}
		if ok && !strings.Contains(text, strconv.FormatInt(first, 10)) {
			t.Errorf("%q: got %d", text, first)
		}
	})
}

func FuzzElement(f *testing.F) {
	f.Add("<Error><Code>NoSuchKey</Code></Error>", "Code")
	f.Add("<Code>&amp;lt;</Code><Code>", "Code")
	f.Add("</Code><Code></Code>", "")
	f.Fuzz(func(t *testing.T, body, name string) {
		got := xmlElement([]byte(body), name)
		if len(got) > len(body) {
			t.Errorf("xmlElement(%q, %q) = %q is longer than its source", body, name, got)
		}
		if strings.ContainsAny(name, "<>&/") || name == "" {
			return
		}
		// What is written is what is read.
		written := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(body)
		if got := xmlElement([]byte("<Error><"+name+">"+written+"</"+name+"></Error>"), name); got != body && name != "Error" {
			t.Errorf("element of %q: got %q, want %q", written, got, body)
		}
	})
}

func TestObjectChecksums(t *testing.T) {
	const content = "123456789"
	sum := func(h hash.Hash) string {
		h.Write([]byte(content))
		return base64.StdEncoding.EncodeToString(h.Sum(nil))
	}
	// The check values of the catalogues, for this very content.
	if got := fmt.Sprintf("%x", crc64.Checksum([]byte(content), crc64NVME)); got != "ae8b14860a799888" {
		t.Fatalf("CRC-64/NVME is %s, want ae8b14860a799888", got)
	}
	good := map[string]string{
		"Crc64nvme": sum(crc64.New(crc64NVME)), "Crc32c": sum(crc32.New(crc32.MakeTable(crc32.Castagnoli))), "Crc32": sum(crc32.NewIEEE()),
		"Sha1": sum(sha1.New()), "Sha256": sum(sha256.New()),
	}
	type headers map[string]string
	type test struct {
		name   string
		header headers
		bad    bool
	}
	tests := []test{
		{"none", headers{}, false},
		{"composite", headers{"Sha256": good["Crc32"] + "-2"}, false},
		{"composite by type", headers{"Crc32": base64.StdEncoding.EncodeToString([]byte("0000")), "Type": "COMPOSITE"}, false},
		{"no base64", headers{"Crc32": "!"}, false},
		{"of another length", headers{"Sha256": good["Crc32"]}, false},
		{"one that can be read, after one that can't", headers{"Crc64nvme": "!", "Crc32": base64.StdEncoding.EncodeToString([]byte("0000"))}, true},
		{"full object", headers{"Crc32": good["Crc32"], "Type": "FULL_OBJECT"}, false},
	}
	for name, value := range good {
		raw, _ := base64.StdEncoding.DecodeString(value)
		raw[0] ^= 1
		wrong := base64.StdEncoding.EncodeToString(raw)
		tests = append(tests, test{name, headers{name: value}, false}, test{name + ", wrong", headers{name: wrong}, true})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			header := map[string]string{}
			for name, value := range tt.header {
				header["X-Amz-Checksum-"+name] = value
			}
			got, err := objectRead(t, objectClient(answers(answer{status: 200, header: header, body: content})), objectFile("s3://b/k"))
			if got != content || errors.Is(err, ErrChecksum) != tt.bad || err != nil && !tt.bad {
				t.Errorf("read %q, %v, want all of it, and ErrChecksum: %t", got, err, tt.bad)
			}
		})
	}
}

func TestObjectInAnotherRegionIsAnError(t *testing.T) {
	s := answers(answer{status: 301, header: map[string]string{"X-Amz-Bucket-Region": "eu-central-1"}, body: "<Error><Code>PermanentRedirect</Code><Message>m</Message></Error>"})
	if _, err := objectRead(t, objectClient(s), objectFile("s3://bucket/key")); errorCode(err) != "PermanentRedirect" || len(s.requests) != 1 {
		t.Errorf("err = %v after %d requests, want PermanentRedirect after one: QuickSight writes to buckets of its own region alone", err, len(s.requests))
	}
}

func TestObjectErrorsOfS3(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer answer
		want   string
	}{
		{"XML", answer{status: 404, header: map[string]string{"X-Amz-Request-Id": "R"}, body: `<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>The &lt;key&gt; &amp;amp; all.</Message></Error>`},
			"https response error StatusCode: 404, RequestID: R, api error NoSuchKey: The <key> &amp; all."},
		{"no XML", answer{status: 404, body: "not\nfound"}, "https response error StatusCode: 404, RequestID: , api error UnknownError: not found"},
		{"nothing", answer{status: 404}, "https response error StatusCode: 404, RequestID: , api error UnknownError: "},
		{"cut-off XML", answer{status: 400, body: "<Error><Code>NoSuch"}, "https response error StatusCode: 400, RequestID: , api error UnknownError: <Error><Code>NoSuch"},
		{"no content", answer{status: 204}, "https response error StatusCode: 204, RequestID: , api error UnknownError: "},
		{"line feeds", answer{status: 400, body: "<Code>A\nB</Code><Message>c\r\nd</Message>"}, "https response error StatusCode: 400, RequestID: , api error A B: c  d"},
		{"a redirect", answer{status: 307, header: map[string]string{"Location": "https://evil.example/"}}, "https response error StatusCode: 307, RequestID: , api error UnknownError: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := answers(tt.answer)
			_, err := objectRead(t, objectClient(s), objectFile("https://host/key"))
			if want := "snapshot job 111122223333/dash/job: PDF: " + tt.want; err == nil || err.Error() != want {
				t.Errorf("error:\n got %v\nwant %s", err, want)
			}
			if len(s.requests) != 1 {
				t.Errorf("%d requests, want 1", len(s.requests))
			}
		})
	}
}
