package snapshotjobtest_test

import (
	"encoding/base64"
	"hash/crc64"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// plain is a GET without signature, as of a presigned URL.
func plain(t testing.TB, srv *snapshotjobtest.Server, url string, change func(*http.Request)) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(req)
	}
	return do(t, srv.HTTPClient(), req)
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func checksum(content string) string {
	h := crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5))
	io.WriteString(h, content)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

func TestPresignedGet(t *testing.T) {
	const content = "0123456789"
	tests := []struct {
		name         string
		change       func(*http.Request)
		status       int
		code         string // S3's
		body         string
		contentRange string
	}{
		{"all", nil, 200, "", content, ""},
		{"a range", header("Range", "bytes=2-4"), 206, "", "234", "bytes 2-4/10"},
		{"from a byte on", header("Range", "bytes=7-"), 206, "", "789", "bytes 7-9/10"},
		{"the last bytes", header("Range", "bytes=-2"), 206, "", "89", "bytes 8-9/10"},
		{"more than there is", header("Range", "bytes=7-99"), 206, "", "789", "bytes 7-9/10"},
		{"beyond the end", header("Range", "bytes=10-"), 416, "InvalidRange", "", "bytes */10"},
		{"no last bytes", header("Range", "bytes=-0"), 416, "InvalidRange", "", "bytes */10"},
		{"several ranges, which S3 ignores", header("Range", "bytes=0-1,3-4"), 200, "", content, ""},
		{"no range", header("Range", "bytes=a-b"), 200, "", content, ""},
		{"a range that ends before it begins", header("Range", "bytes=4-2"), 200, "", content, ""},
		{"another unit", header("Range", "lines=1-2"), 200, "", content, ""},
		{"if it is the same", func(r *http.Request) { r.Header.Set("If-Match", r.Header.Get("Test-Etag")) }, 200, "", content, ""},
		{"if it is any", header("If-Match", "*"), 200, "", content, ""},
		{"if it is another", header("If-Match", `"other"`), 412, "PreconditionFailed", "", ""},
		{"a range, if it is another", func(r *http.Request) { r.Header.Set("Range", "bytes=99-"); r.Header.Set("If-Match", `"other"`) }, 412, "PreconditionFailed", "", ""},
		{"if it is no longer the same", func(r *http.Request) { r.Header.Set("If-None-Match", r.Header.Get("Test-Etag")) }, 304, "", "", ""},
		{"tampered path", func(r *http.Request) { r.URL.Path += "x"; r.URL.RawPath = "" }, 403, "SignatureDoesNotMatch", "", ""},
		{"tampered expiry", func(r *http.Request) {
			r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "Expires=300", "Expires=3000", 1)
		}, 403, "SignatureDoesNotMatch", "", ""},
		{"tampered token", func(r *http.Request) {
			r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "Security-Token=", "Security-Token=A", 1)
		}, 403, "SignatureDoesNotMatch", "", ""},
		{"tampered signature", func(r *http.Request) { r.URL.RawQuery += "0" }, 403, "SignatureDoesNotMatch", "", ""},
		{"no expiry", func(r *http.Request) {
			r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "&X-Amz-Expires=300", "", 1)
		}, 400, "AuthorizationQueryParametersError", "", ""},
		{"no query", func(r *http.Request) { r.URL.RawQuery = "" }, 403, "AccessDenied", "", ""},
		{"another method", func(r *http.Request) { r.Method = "HEAD" }, 403, "", "", ""},
		{"an Authorization too", header("Authorization", "AWS4-HMAC-SHA256 Credential=a/b/c/d/e"), 400, "InvalidArgument", "", ""},
		{"a header that ought to be signed", header("X-Amz-Meta-A", "b"), 403, "AccessDenied", "", ""},
		{"a header that need not be signed", header("Amz-Sdk-Request", "attempt=1"), 200, "", content, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := snapshotjobtest.NewTestServer(t)
			srv.AddJob(daily, snapshotjobtest.Completed(snapshotjobtest.CSV("s", "v").With(content)))
			uri := get(result).send(t, srv).uris(t)[0]
			etag := plain(t, srv, uri, nil).header.Get("Etag")
			got := plain(t, srv, uri, func(r *http.Request) {
				r.Header.Set("Test-Etag", etag)
				if tt.change != nil {
					tt.change(r)
				}
			})
			got.wantS3(t, tt.status, tt.code)
			if tt.status < 300 && got.body != tt.body {
				t.Errorf("got %q, want %q", got.body, tt.body)
			}
			if cr := got.header.Get("Content-Range"); cr != tt.contentRange {
				t.Errorf("Content-Range is %q, want %q", cr, tt.contentRange)
			}
		})
	}
}

func TestPresignedExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t)
		srv.AddJob(daily, snapshotjobtest.Completed(snapshotjobtest.PDF("s")))
		uri := get(result).send(t, srv).uris(t)[0]
		time.Sleep(300 * time.Second)
		plain(t, srv, uri, nil).wantS3(t, 200, "")
		time.Sleep(time.Second)
		got := plain(t, srv, uri, nil)
		got.wantS3(t, 403, "AccessDenied")
		const want = "<Message>Request has expired</Message><X-Amz-Expires>300</X-Amz-Expires><Expires>2000-01-01T00:05:00Z</Expires><ServerTime>2000-01-01T00:05:01Z</ServerTime>"
		if !strings.Contains(got.body, want) {
			t.Errorf("got %s, want %s in it", got.body, want)
		}
		plain(t, srv, get(result).send(t, srv).uris(t)[0], nil).wantS3(t, 200, "")
	})
}

// A lifetime is whole seconds on the wire, and at least what was asked for.
func TestURLLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) { o.URLLifetime = 500 * time.Millisecond })
		srv.AddJob(daily, snapshotjobtest.Completed(snapshotjobtest.PDF("s")))
		uri := get(result).send(t, srv).uris(t)[0]
		time.Sleep(500 * time.Millisecond)
		plain(t, srv, uri, nil).wantS3(t, 200, "")
		time.Sleep(time.Second)
		plain(t, srv, uri, nil).wantS3(t, 403, "AccessDenied")
	})
}

func TestBucketGet(t *testing.T) {
	inBucket := snapshotjobtest.Completed(snapshotjobtest.CSV("s +ü", "v").With("a,b\n"))
	inBucket.Destination = &snapshotjob.S3BucketConfiguration{BucketName: "reports", BucketPrefix: "p"}
	const host, pathStyle = "https://reports.s3.us-east-1.amazonaws.com", "https://s3.us-east-1.amazonaws.com/reports"
	const key = "/p/111122223333/sales/daily/1-s%20%2B%C3%BC-v.csv"
	s3 := func(method, url string) raw {
		return raw{method: method, url: url, service: "s3", header: map[string]string{"X-Amz-Checksum-Mode": "ENABLED"}}
	}
	with := func(r raw, change func(*raw)) raw { change(&r); return r }
	tests := []struct {
		name string
		raw
		status int
		code   string
	}{
		{"virtual host", s3("GET", host+key), 200, ""},
		{"path style", s3("GET", pathStyle+key), 200, ""},
		{"HEAD", s3("HEAD", host+key), 200, ""},
		{"FIPS", s3("GET", "https://reports.s3-fips.us-east-1.amazonaws.com"+key), 200, ""},
		{"dual-stack", s3("GET", "https://reports.s3.dualstack.us-east-1.amazonaws.com"+key), 200, ""},
		{"FIPS and dual-stack", s3("GET", "https://reports.s3-fips.dualstack.us-east-1.amazonaws.com"+key), 200, ""},
		{"FIPS, path style", s3("GET", "https://s3-fips.us-east-1.amazonaws.com/reports"+key), 200, ""},
		{"no such key", s3("GET", host+"/p/other"), 404, "NoSuchKey"},
		{"no such bucket", s3("GET", "https://other.s3.us-east-1.amazonaws.com"+key), 404, "NoSuchBucket"},
		{"a list", s3("GET", host+"/"), 501, "NotImplemented"},
		{"wrong secret", with(s3("GET", host+key), func(r *raw) {
			r.credentials = aws.Credentials{AccessKeyID: own.AccessKeyID, SecretAccessKey: "wrong"}
		}), 403, "SignatureDoesNotMatch"},
		{"unknown key", with(s3("GET", host+key), func(r *raw) {
			r.credentials = aws.Credentials{AccessKeyID: "AKIDOTHER", SecretAccessKey: "wrong"}
		}), 403, "InvalidAccessKeyId"},
		{"wrong token", with(s3("GET", host+key), func(r *raw) { r.credentials = own; r.credentials.SessionToken = "T" }), 400, "InvalidToken"},
		{"another region", with(s3("GET", host+key), func(r *raw) { r.region = "eu-west-1" }), 400, "AuthorizationHeaderMalformed"},
		{"another service", with(s3("GET", host+key), func(r *raw) { r.service = "quicksight" }), 400, "AuthorizationHeaderMalformed"},
		{"20 minutes old", with(s3("GET", host+key), func(r *raw) { r.skew = -20 * time.Minute }), 403, "RequestTimeTooSkewed"},
		{"20 minutes ahead", with(s3("GET", host+key), func(r *raw) { r.skew = 20 * time.Minute }), 403, "RequestTimeTooSkewed"},
		{"no content hash", with(s3("GET", host+key), func(r *raw) {
			r.tamper = func(r *http.Request) { r.Header.Del("X-Amz-Content-Sha256") }
		}), 400, "InvalidRequest"},
		{"unsigned", with(s3("GET", host+key), func(r *raw) {
			r.tamper = func(r *http.Request) { r.Header.Del("Authorization") }
		}), 403, "AccessDenied"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := snapshotjobtest.NewTestServer(t)
			srv.AddJob(daily, inBucket)
			got := tt.send(t, srv)
			got.wantS3(t, tt.status, tt.code)
			if tt.status == 200 {
				if want := checksum("a,b\n"); got.header.Get("X-Amz-Checksum-Crc64nvme") != want || got.header.Get("Content-Length") != "4" {
					t.Errorf("got %v, want checksum %s and length 4", got.header, want)
				}
			}
			if tt.status == 200 && tt.method == "GET" && got.body != "a,b\n" {
				t.Errorf("got %q", got.body)
			}
		})
	}
}

// QuickSight's own bucket is open to its presigned URLs alone.
func TestServiceBucket(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	srv.AddJob(daily, snapshotjobtest.Completed(snapshotjobtest.PDF("s")))
	bob, _ := srv.AddUser("bob").Retrieve(t.Context())
	url, _, _ := strings.Cut(get(result).send(t, srv).uris(t)[0], "?")
	for _, keys := range []aws.Credentials{own, bob} {
		raw{method: "GET", url: url, service: "s3", credentials: keys}.send(t, srv).wantS3(t, 403, "AccessDenied")
	}
}

// A bucket's name may be the beginning of the API's paths.
func TestBucketOfTheAPI(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	life := snapshotjobtest.Completed(snapshotjobtest.CSV("s", "v").With("content"))
	life.Destination = &snapshotjob.S3BucketConfiguration{BucketName: "accounts", BucketPrefix: "111122223333/dashboards/d/snapshot-jobs"}
	srv.AddJob(daily, life)
	uri := get(result).send(t, srv).uris(t)[0]
	for _, host := range []string{"https://s3.us-east-1.amazonaws.com/", "https://fake.example/"} {
		got := raw{method: "GET", url: host + strings.TrimPrefix(uri, "s3://"), service: "s3"}.send(t, srv)
		if got.body != "content" {
			t.Errorf("%s: got %d %s", host, got.status, got.body)
		}
	}
}

// A job's id is unique to its dashboard only: its files' keys hold all its ids.
func TestBucketKeys(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	other := daily
	other.DashboardID = "other"
	for _, id := range []snapshotjob.Job{daily, other} {
		life := snapshotjobtest.Completed(snapshotjobtest.CSV("s", "v").With("of " + id.DashboardID))
		life.Destination = &snapshotjob.S3BucketConfiguration{BucketName: "reports", BucketPrefix: "p"}
		srv.AddJob(id, life)
	}
	for _, dashboard := range []string{"sales", "other"} {
		got := raw{method: "GET", url: "https://reports.s3.us-east-1.amazonaws.com/p/111122223333/" + dashboard + "/daily/1-s-v.csv", service: "s3"}.send(t, srv)
		if want := "of " + dashboard; got.body != want {
			t.Errorf("got %q, want %q", got.body, want)
		}
	}
}

// What AWS's SDKs check their own code with: the CRC-64/NVME of "123456789".
func TestChecksumPolynomial(t *testing.T) {
	if got := checksum("123456789"); got != "rosUhgp5mIg=" {
		t.Errorf("got %s", got)
	}
}

func TestFileExistsFromTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t)
		life := snapshotjobtest.Completed(snapshotjobtest.PDF("s")).After(0, time.Minute)
		life.Destination = &snapshotjob.S3BucketConfiguration{BucketName: "reports", BucketPrefix: "p"}
		srv.AddJob(daily, life)
		file := raw{method: "GET", url: "https://reports.s3.us-east-1.amazonaws.com/p/111122223333/sales/daily/1-s.pdf", service: "s3"}
		file.send(t, srv).wantS3(t, 404, "NoSuchKey")
		time.Sleep(time.Minute)
		got := file.send(t, srv)
		got.wantS3(t, 200, "")
		if got.header.Get("Last-Modified") != "Sat, 01 Jan 2000 00:01:00 GMT" {
			t.Errorf("got %v", got.header)
		}
	})
}

func TestReplaceFile(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	srv.AddJob(daily, snapshotjobtest.Completed(snapshotjobtest.PDF("s"), snapshotjobtest.CSV("s", "v").With("old")))
	uri := get(result).send(t, srv).uris(t)[1]
	old := plain(t, srv, uri, nil)
	srv.ReplaceFile(daily, 1, []byte("new"))
	plain(t, srv, uri, header("If-Match", old.header.Get("Etag"))).wantS3(t, 412, "PreconditionFailed")
	got := plain(t, srv, uri, nil)
	if got.body != "new" || got.header.Get("Etag") == old.header.Get("Etag") {
		t.Errorf("got %q %v", got.body, got.header)
	}
	defer func() {
		if recover() == nil {
			t.Error("ReplaceFile of a file that doesn't exist passes unnoticed")
		}
	}()
	srv.ReplaceFile(daily, 2, nil)
}

// Generated files are the same whichever way they are read, and take no memory.
func TestGeneratedFiles(t *testing.T) {
	const size = 1 << 40
	big := func(f snapshotjobtest.File) snapshotjobtest.File { f.Size = size; return f }
	srv := snapshotjobtest.NewTestServer(t)
	srv.AddJob(daily, snapshotjobtest.Completed(big(snapshotjobtest.CSV("s", "v")), big(snapshotjobtest.PDF("s")), big(snapshotjobtest.Excel("s", "v"))))
	for i, uri := range get(result).send(t, srv).uris(t) {
		whole := plain(t, srv, uri, header("Range", "bytes=0-99999"))
		if begins := []string{"row_number,", "%PDF-", "PK\x03\x04"}[i]; len(whole.body) != 100000 || !strings.HasPrefix(whole.body, begins) {
			t.Errorf("file %d: %d bytes that begin %.20q, want %q", i, len(whole.body), whole.body, begins)
		}
		part := plain(t, srv, uri, header("Range", "bytes=4090-8200"))
		if part.body != whole.body[4090:8201] {
			t.Errorf("file %d: a range differs from the whole", i)
		}
		if end := plain(t, srv, uri, header("Range", "bytes=-3")); len(end.body) != 3 {
			t.Errorf("file %d: the end has %d bytes", i, len(end.body))
		}
	}
}
