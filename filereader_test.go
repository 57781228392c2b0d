package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// objectClient returns a client whose files come from this transport.
func objectClient(transport http.RoundTripper, optFns ...func(*Options)) *Client {
	return New(Options{
		Region:            "us-east-1",
		Credentials:       exampleCredentials,
		DownloadTransport: transport,
	}, optFns...)
}

// objectFile returns a PDF of exampleJob at this URI.
func objectFile(uri string) ResultFile {
	return ResultFile{
		Job:    exampleJob,
		Format: SnapshotFileFormatTypePDF,
		URI:    S3URI(uri),
	}
}

// readObject opens a file and reads it to its end.
func readObject(t *testing.T, c *Client, file ResultFile) (string, error) {
	t.Helper()
	r, err := c.Open(t.Context(), file)
	if err != nil {
		return "", err
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	return string(content), err
}

// requireCode stops the test if err is no error of S3 with this code.
func requireCode(t *testing.T, err error, code string) {
	t.Helper()
	var api smithy.APIError
	require.ErrorAs(t, err, &api)
	require.Equal(t, code, api.ErrorCode())
}

// objectResponse returns a response that announces a body of so many bytes; -1 announces none. It
// has a strong ETag.
func objectResponse(status int, length int64, body io.Reader) *http.Response {
	return &http.Response{
		StatusCode:    status,
		Header:        http.Header{"Etag": {`"e"`}},
		ContentLength: length,
		Body:          io.NopCloser(body),
	}
}

// countingProvider counts how often it was asked, and how often it was invalidated.
type countingProvider struct {
	asked       int
	invalidated int
}

func (p *countingProvider) Retrieve(context.Context) (aws.Credentials, error) {
	p.asked++
	return aws.Credentials(exampleCredentials), nil
}

func (p *countingProvider) Invalidate() { p.invalidated++ }

// s3Response is an error of S3 with this code.
func s3Response(status int, code string) mockResponse {
	return mockResponse{status: status, body: "<Error><Code>" + code + "</Code></Error>"}
}

var expiredToken = s3Response(400, "ExpiredToken")

func TestOpenInvalidatesExpiredCredentialsOnce(t *testing.T) {
	for _, code := range []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"} {
		provider := &countingProvider{}
		s3 := responses(s3Response(400, code))
		client := objectClient(s3, func(o *Options) {
			o.Credentials = provider
		})
		_, err := readObject(t, client, objectFile("s3://bucket/key"))
		requireCode(t, err, code)
		assert.Equal(t, 3, provider.asked, code)
		assert.Equal(t, 1, provider.invalidated, code)
		assert.Len(t, s3.requests, 2, code)
	}
}

func TestOpenWithFreshCredentials(t *testing.T) {
	provider := &countingProvider{}
	client := objectClient(responses(expiredToken, mockResponse{status: 200, body: "x"}), func(o *Options) {
		o.Credentials = provider
	})
	content, err := readObject(t, client, objectFile("s3://bucket/key"))
	assert.NoError(t, err)
	assert.Equal(t, "x", content)
	assert.Equal(t, 1, provider.invalidated)
}

func TestOpenDoesNotTryAgainWithCredentialsThatStayExpired(t *testing.T) {
	s3 := responses(expiredToken)
	_, err := readObject(t, objectClient(s3), objectFile("s3://bucket/key"))
	requireCode(t, err, "ExpiredToken")
	assert.Len(t, s3.requests, 1)
}

func TestOpenWithoutCredentials(t *testing.T) {
	s3 := responses(mockResponse{status: 200, body: "x"})
	client := objectClient(s3, func(o *Options) {
		o.Credentials = staticCredentials{}
	})
	_, err := readObject(t, client, objectFile("s3://bucket/key"))
	assert.EqualError(t, err, "snapshot job 111122223333/dash/job: PDF: "+
		"get identity: get credentials: the provider returned none, without an error")
	assert.Empty(t, s3.requests)

	content, err := readObject(t, client, objectFile("https://host/key?X-Amz-Signature=1"))
	assert.NoError(t, err, "a presigned URL needs none")
	assert.Equal(t, "x", content)
}

func TestOpenTriesBadTransportsAgain(t *testing.T) {
	reset := iotest.ErrReader(errors.New("connection reset by peer"))
	responses := map[string]func() *http.Response{
		"neither response nor error": func() *http.Response { return nil },
		"no body":                    func() *http.Response { return &http.Response{StatusCode: 500} },
		"a broken body":              func() *http.Response { return objectResponse(200, 9, reset) },
		"an error's broken body":     func() *http.Response { return objectResponse(503, 9, reset) },
	}
	for name, response := range responses {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				requests := 0
				client := objectClient(transportFunc(func(*http.Request) (*http.Response, error) {
					requests++
					return response(), nil
				}))
				_, err := readObject(t, client, objectFile("https://host/key"))
				assert.ErrorContains(t, err, "exceeded maximum number of attempts, 5")
				assert.Equal(t, 5, requests)
			})
		})
	}
}

func TestOpenedFileShowsNoURIWhenItIsPrinted(t *testing.T) {
	client := objectClient(responses(mockResponse{status: 200, body: "x"}))
	r, err := client.Open(t.Context(), objectFile("https://host/key?X-Amz-Signature=0123SECRET4567"))
	require.NoError(t, err)
	defer r.Close()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		assert.Equal(t, "PDF", fmt.Sprintf(verb, r), verb)
	}
}

func TestOpenWithoutALengthReadsToTheEnd(t *testing.T) {
	client := objectClient(transportFunc(func(*http.Request) (*http.Response, error) {
		return objectResponse(200, -1, strings.NewReader("whole")), nil
	}))
	content, err := readObject(t, client, objectFile("https://host/key"))
	assert.NoError(t, err)
	assert.Equal(t, "whole", content)
}

func TestOpenOfAnEmptyFile(t *testing.T) {
	client := objectClient(responses(mockResponse{status: 200}))
	r, err := client.Open(t.Context(), objectFile("https://host/key"))
	require.NoError(t, err)
	defer r.Close()
	n, err := r.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err)
	assert.Zero(t, n)

	n, err = r.Read(nil)
	assert.NoError(t, err)
	assert.Zero(t, n)
}

// oneFile is a result of exampleJob with a file at https://host/key.
var oneFile = mockResponse{status: 200, body: `{
	"JobStatus": "COMPLETED",
	"Result": {"AnonymousUsers": [{"FileGroups": [{"S3Results": [{"S3Uri": "https://host/key"}]}]}]}
}`}

// downloadOneFile downloads oneFile, which this transport brings, into dir.
func downloadOneFile(
	t *testing.T,
	transport http.RoundTripper,
	dir string,
	optFns ...func(*DownloadOptions),
) (DownloadedFile, error) {
	t.Helper()
	client := objectClient(transport, func(o *Options) {
		o.Transport = responses(oneFile)
	})
	files, err := client.Download(t.Context(), exampleJob, dir, optFns...)
	require.Len(t, files, 1)
	return files[0], err
}

// inPartsOf makes Download fetch a file in parts of this size.
func inPartsOf(size int64) func(*DownloadOptions) {
	return func(o *DownloadOptions) {
		o.PartSize = size
	}
}

func TestDownloadOfAnEmptyFileInParts(t *testing.T) {
	file, err := downloadOneFile(t, responses(mockResponse{status: 200}), t.TempDir(), inPartsOf(10))
	require.NoError(t, err)
	assert.Zero(t, file.Size)
	content, err := os.ReadFile(file.Path)
	assert.NoError(t, err)
	assert.Empty(t, content)
}

// A request for a whole file asks for no range, so that 416 tells nothing of the file.
func TestDownloadOfARangeThatWasNotAskedFor(t *testing.T) {
	response := mockResponse{status: 416, body: "<Error><Code>InvalidRange</Code></Error>"}
	for _, partSize := range []int64{0, 10} {
		dir := t.TempDir()
		_, err := downloadOneFile(t, responses(response), dir, inPartsOf(partSize))
		requireCode(t, err, "InvalidRange")
		assert.Empty(t, namesIn(t, dir))
	}
}

// twoUsers is a result of exampleJob with a file of an anonymous user and one of a registered user, in
// the same place of both. The URLs have this query.
func twoUsers(query string) mockResponse {
	file := func(name string) string {
		uri := "https://host/" + name + "?" + query
		return `[{"FileGroups": [{"S3Results": [{"S3Uri": "` + uri + `"}]}]}]`
	}
	users := `{"AnonymousUsers": ` + file("anonymous") + `, "RegisteredUsers": ` + file("registered") + `}`
	return mockResponse{status: 200, body: `{"JobStatus": "COMPLETED", "Result": ` + users + `}`}
}

func TestDownloadRenewsTheURLOfTheSameUser(t *testing.T) {
	s3 := transportFunc(func(req *http.Request) (*http.Response, error) {
		if req.URL.RawQuery == "old" {
			return objectResponse(403, 0, http.NoBody), nil
		}
		return objectResponse(200, -1, strings.NewReader(req.URL.Path)), nil
	})
	client := objectClient(s3, func(o *Options) {
		o.Transport = responses(twoUsers("old"), twoUsers("new"))
	})
	files, err := client.Download(t.Context(), exampleJob, t.TempDir())
	require.NoError(t, err)
	require.Len(t, files, 2)
	for i, want := range []string{"/anonymous", "/registered"} {
		content, err := os.ReadFile(files[i].Path)
		assert.NoError(t, err)
		assert.Equal(t, want, string(content))
	}
}

// A file that is begun after another one had its URL renewed asks for nothing.
func TestDownloadOfALaterFileThatTheNewestResultLacks(t *testing.T) {
	const group = `{"S3Results": [{"S3Uri": "https://host/anonymous?new"}]}`
	const onlyFirst = `{"AnonymousUsers": [{"FileGroups": [` + group + `]}]}`
	s3 := transportFunc(func(req *http.Request) (*http.Response, error) {
		if req.URL.RawQuery == "old" {
			return objectResponse(403, 0, http.NoBody), nil
		}
		return objectResponse(200, 1, strings.NewReader("x")), nil
	})
	client := objectClient(s3, func(o *Options) {
		newest := mockResponse{status: 200, body: `{"JobStatus": "COMPLETED", "Result": ` + onlyFirst + `}`}
		o.Transport = responses(twoUsers("old"), newest)
	})
	files, err := client.Download(t.Context(), exampleJob, t.TempDir(), func(o *DownloadOptions) {
		o.Concurrency = 1
	})
	assert.Error(t, err)
	require.Len(t, files, 2)
	assert.NoError(t, files[0].Err)
	assert.ErrorContains(t, files[1].Err, "the newest result of the job doesn't have the file")
	assert.NotContains(t, files[1].Err.Error(), "ask for")
}

// trickle is a body that brings a byte every 20 seconds, and breaks after breakAt of them.
type trickle struct {
	ctx     context.Context
	content string
	breakAt int // 0: not at all
	read    int
}

func (b *trickle) Read(p []byte) (int, error) {
	if b.breakAt > 0 && b.read == b.breakAt {
		return 0, errors.New("connection reset by peer")
	}
	if b.read == len(b.content) {
		return 0, io.EOF
	}
	select {
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	case <-time.After(20 * time.Second):
	}
	p[0] = b.content[b.read]
	b.read++
	return 1, nil
}

// A body that trickles is no stalled server, however long it takes to skip what was read already.
func TestOpenSkipsSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const content = "123456789"
		requests := 0
		client := objectClient(transportFunc(func(req *http.Request) (*http.Response, error) {
			requests++
			body := &trickle{ctx: req.Context(), content: content}
			if requests == 1 {
				body.breakAt = 8
			}
			return objectResponse(200, int64(len(content)), body), nil
		}))
		got, err := readObject(t, client, objectFile("https://host/key"))
		assert.NoError(t, err)
		assert.Equal(t, content, got)
		assert.Equal(t, 2, requests)
	})
}

func TestOpenedFileGivesItsErrorAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		client := objectClient(transportFunc(func(*http.Request) (*http.Response, error) {
			requests++
			if requests > 1 {
				return nil, errors.New("connection reset")
			}
			return objectResponse(200, 10, strings.NewReader("12345")), nil
		}))
		r, err := client.Open(t.Context(), objectFile("s3://bucket/key"))
		require.NoError(t, err)
		_, first := io.ReadAll(r)
		require.Error(t, first)
		assert.Equal(t, 5, requests, "the first, and MaxAttempts less one without progress")

		_, again := r.Read(make([]byte, 1))
		assert.Same(t, first, again)
		assert.NoError(t, r.Close())
		_, again = r.Read(make([]byte, 1))
		assert.ErrorIs(t, again, os.ErrClosed)
		assert.Equal(t, 5, requests)
	})
}

// There is nothing on disk of a file that broke off.
func TestFailedDownloadHasNoSize(t *testing.T) {
	half := transportFunc(func(*http.Request) (*http.Response, error) {
		return objectResponse(200, 8, strings.NewReader("half")), nil
	})
	file, err := downloadOneFile(t, half, t.TempDir(), func(o *DownloadOptions) {
		o.MaxAttempts = 1
	})
	assert.Error(t, err)
	assert.Error(t, file.Err)
	assert.Empty(t, file.Path)
	assert.Zero(t, file.Size)
}
