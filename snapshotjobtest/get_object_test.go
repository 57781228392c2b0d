package snapshotjobtest_test

import (
	"encoding/base64"
	"hash/crc64"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

func TestGetOfPresignedURL(t *testing.T) {
	fetchDigits(t).assertDigits(t)
}

func TestIfMatch(t *testing.T) {
	srv := newDailyServer(t, completedCSV(digits))
	uri := dailyURI(t, srv)
	etag := fetch(t, srv, uri).header.Get("Etag")
	for _, matching := range []string{etag, "*"} {
		got := fetch(t, srv, uri, setHeader("If-Match", matching))
		got.assertDigits(t)
	}
}

func TestIfMatchOfAnotherFile(t *testing.T) {
	srv := newDailyServer(t, completedCSV(digits))
	uri := dailyURI(t, srv)
	ifOther := setHeader("If-Match", `"other"`)
	for name, got := range map[string]response{
		"whole file": fetch(t, srv, uri, ifOther),
		"range":      fetch(t, srv, uri, ifOther, setHeader("Range", "bytes=99-")),
	} {
		t.Run(name, func(t *testing.T) {
			got.assertS3Error(t, 412, "PreconditionFailed")
			got.assertContentRange(t, "")
		})
	}
}

func TestIfNoneMatch(t *testing.T) {
	srv := newDailyServer(t, completedCSV(digits))
	uri := dailyURI(t, srv)
	etag := fetch(t, srv, uri).header.Get("Etag")
	got := fetch(t, srv, uri, setHeader("If-None-Match", etag))
	got.assertStatus(t, http.StatusNotModified)
	got.assertContentRange(t, "")
}

// assertBucketHeader checks the header of a response for the file of newBucketServer.
func assertBucketHeader(t *testing.T, got response) {
	t.Helper()
	got.assertOK(t)
	assert.Equal(t, checksumOf("a,b\n"), got.header.Get("X-Amz-Checksum-Crc64nvme"))
	assert.Equal(t, "4", got.header.Get("Content-Length"))
}

func TestBucketHosts(t *testing.T) {
	for name, url := range map[string]string{
		"virtual host":        reportsURL,
		"path style":          "https://s3.us-east-1.amazonaws.com/reports",
		"FIPS":                "https://reports.s3-fips.us-east-1.amazonaws.com",
		"dual-stack":          "https://reports.s3.dualstack.us-east-1.amazonaws.com",
		"FIPS and dual-stack": "https://reports.s3-fips.dualstack.us-east-1.amazonaws.com",
		"FIPS, path style":    "https://s3-fips.us-east-1.amazonaws.com/reports",
	} {
		t.Run(name, func(t *testing.T) {
			request := getObject(url+escapedKey).withHeader("X-Amz-Checksum-Mode", "ENABLED")
			got := request.send(t, newBucketServer(t))
			assertBucketHeader(t, got)
			assert.Equal(t, "a,b\n", got.body)
		})
	}
}

func TestBucketHead(t *testing.T) {
	request := newRequest(http.MethodHead, reportsURL+escapedKey, "").forService("s3")
	got := request.withHeader("X-Amz-Checksum-Mode", "ENABLED").send(t, newBucketServer(t))
	assertBucketHeader(t, got)
}

func TestBucketRefusesRequest(t *testing.T) {
	request := getObject(reportsURL + escapedKey)
	for _, tt := range []struct {
		name    string
		request signedRequest
		status  int
		code    string
	}{
		{
			name:    "no such key",
			request: getObject(reportsURL + "/p/other"),
			status:  404,
			code:    "NoSuchKey",
		},
		{
			name:    "no such bucket",
			request: getObject("https://other.s3.us-east-1.amazonaws.com" + escapedKey),
			status:  404,
			code:    "NoSuchBucket",
		},
		{
			name:    "list",
			request: getObject(reportsURL + "/"),
			status:  501,
			code:    "NotImplemented",
		},
		{
			name:    "no content hash",
			request: request.tampered(deleteHeader("X-Amz-Content-Sha256")),
			status:  400,
			code:    "InvalidRequest",
		},
		{
			name:    "no signature",
			request: request.tampered(deleteHeader("Authorization")),
			status:  403,
			code:    "AccessDenied",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.request.send(t, newBucketServer(t))
			got.assertS3Error(t, tt.status, tt.code)
		})
	}
}

// checksumOf returns the CRC-64/NVME of a file, as S3 words it.
func checksumOf(content string) string {
	hash := crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5))
	io.WriteString(hash, content)
	return base64.StdEncoding.EncodeToString(hash.Sum(nil))
}

// AWS's SDKs check their own code with this value.
func TestChecksumOf(t *testing.T) {
	assert.Equal(t, "rosUhgp5mIg=", checksumOf("123456789"))
}

// Of S3, the server has only what reads a file.
func TestBucketRefusesOtherMethods(t *testing.T) {
	for _, method := range []string{http.MethodPut, http.MethodPost, http.MethodDelete} {
		t.Run(method, func(t *testing.T) {
			srv := snapshotjobtest.NewServer()
			request := newRequest(method, reportsURL+escapedKey, "").forService("s3")
			request.send(t, srv).assertS3Error(t, 501, "NotImplemented")
			assert.Empty(t, srv.Requests()[0].Operation)
		})
	}
}

// An error has no header of the file that it is not.
func TestIfMatchErrorHasNoETag(t *testing.T) {
	got := fetchDigits(t, setHeader("If-Match", `"other"`))
	got.assertS3Error(t, 412, "PreconditionFailed")
	assert.Empty(t, got.header.Get("Etag"))
	assert.Empty(t, got.header.Get("Last-Modified"))
}
