package snapshotjob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mebibyte is the largest body of a 2xx response.
const mebibyte = 1 << 20

// bodyOf returns a response of just less than a mebibyte: the element as often as it fits
// between what stands before and after it.
func bodyOf(before, element, after string) string {
	count := (mebibyte - len(before) - len(after)) / (len(element) + 1)
	return before + strings.TrimSuffix(strings.Repeat(element+",", count), ",") + after
}

// tinyElements are bodies of as many elements as a response can have.
func tinyElements() map[string]string {
	const users = `{"JobStatus":"COMPLETED","Result":{"AnonymousUsers":[`
	const groups = users + `{"FileGroups":[`
	const results = groups + `{"S3Results":[`
	const infos = results + `{"ErrorInfo":[`
	const files = groups + `{"Files":[`
	return map[string]string{
		"users":   bodyOf(users, `{}`, `]}}`),
		"groups":  bodyOf(groups, `{}`, `]}]}}`),
		"results": bodyOf(results, `{}`, `]}]}]}}`),
		"infos":   bodyOf(infos, `{}`, `]}]}]}]}}`),
		"files":   bodyOf(files, `{}`, `]}]}]}}`),
		"sheets":  bodyOf(files+`{"SheetSelections":[`, `{}`, `]}]}]}]}}`),
		"visuals": bodyOf(files+`{"SheetSelections":[{"VisualIds":[`, `""`, `]}]}]}]}]}}`),
		"twice":   bodyOf(`{"Result":{},"Result":{"AnonymousUsers":[`, `{}`, `]}}`),
	}
}

// judge asks for a result and judges it. It returns how many bytes that took, and the
// error of the job.
func judge(t *testing.T, body string) (uint64, error) {
	t.Helper()
	client := New(options(responses(mockResponse{status: 200, body: body})))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	out, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
	require.NoError(t, err)
	jobErr := out.Err()
	text := jobErr.Error()
	runtime.ReadMemStats(&after)
	assert.Less(t, len(text), 128<<10)
	return after.TotalAlloc - before.TotalAlloc, jobErr
}

func TestManyTinyElementsCostLittle(t *testing.T) {
	const bound = 256 << 20 // coarse: some 100 MiB are usual, much of it garbage
	for name, body := range tinyElements() {
		t.Run(name, func(t *testing.T) {
			allocated, _ := judge(t, body)
			t.Logf("%d MiB", allocated>>20)
			assert.Less(t, allocated, uint64(bound))
		})
	}
}

func TestJobErrorListsTheFirstFilesAndCountsTheRest(t *testing.T) {
	body := tinyElements()["results"]
	total := strings.Count(body, "{}")
	require.Greater(t, total, 300_000)
	_, jobErr := judge(t, body)
	assert.ErrorContains(t, jobErr, fmt.Sprintf("but %d of %d files failed", total, total))
	assert.True(t, strings.HasSuffix(jobErr.Error(), fmt.Sprintf("; and %d more", total-10)), "its end")

	failed, ok := errors.AsType[*JobError](jobErr)
	require.True(t, ok)
	assert.Len(t, failed.Files, 1000)
	assert.Len(t, failed.Unwrap(), 1000)
}

func TestFileErrorListsTheFirstReasonsAndCountsTheRest(t *testing.T) {
	file := ResultFile{Job: exampleJob, Errors: make([]SnapshotJobResultErrorInfo, 5000)}
	for i := range file.Errors {
		file.Errors[i].ErrorType = fmt.Sprint("X", i)
	}
	text := file.Err().Error()
	assert.Contains(t, text, "X0, X1, ")
	assert.True(t, strings.HasSuffix(text, "X9, and 4990 more"), text)
}

// Any text of a response may be long.
func TestLongTextsOfAResultAreShortened(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	sheet := SnapshotFileSheetSelection{SheetID: long, VisualIDs: []string{long, long}}
	info := SnapshotJobResultErrorInfo{ErrorType: long, ErrorMessage: long}
	file := ResultFile{
		Job:    exampleJob,
		Format: SnapshotFileFormatType(long),
		Sheets: []SnapshotFileSheetSelection{sheet, sheet},
		Errors: []SnapshotJobResultErrorInfo{info, info},
	}
	assert.Less(t, len(file.Err().Error()), 16<<10)
	jobErr := &JobError{
		Job:       exampleJob,
		Status:    SnapshotJobStatus(long),
		ErrorType: long,
		Message:   long,
		Files:     []ResultFile{file, file},
	}
	assert.Less(t, len(jobErr.Error()), 64<<10)
}

func TestInvalidInputErrorListsTheFirstProblemsAndCountsTheRest(t *testing.T) {
	in := exampleStart()
	in.UserConfiguration = AnonymousUser(make([]SessionTag, 100_000)...)
	_, err := New(options(responses(completed))).StartDashboardSnapshotJob(t.Context(), in)
	var invalid *InvalidInputError
	require.ErrorAs(t, err, &invalid)
	assert.Len(t, invalid.Faults, 200_001)
	assert.Less(t, len(err.Error()), 8<<10)
	assert.True(t, strings.HasSuffix(err.Error(), "; and 199971 more"), err.Error())
	assert.Contains(t, err.Error(), "RowLevelPermissionTags[14].Key")
}

func TestBodyOverAMebibyteIsRefused(t *testing.T) {
	for _, announced := range []int64{-1, 2 * mebibyte} {
		attempts := 0
		transport := transportFunc(func(*http.Request) (*http.Response, error) {
			attempts++
			resp, err := completed.response()
			resp.Body = io.NopCloser(io.MultiReader(
				strings.NewReader(completed.body),
				bytes.NewReader(bytes.Repeat([]byte(" "), mebibyte)),
			))
			resp.ContentLength = announced
			return resp, err
		})
		_, err := describe(t, options(transport))
		assert.ErrorAs(t, err, new(*smithy.DeserializationError))
		assert.ErrorContains(t, err, "longer than 1048576 bytes")
		assert.Equal(t, 1, attempts)
	}
}

// The request holds the signature and the session token.
func TestErrorsKeepNoRequest(t *testing.T) {
	responses := map[string]mockResponse{
		"error":       exceptionResponse(403, "AccessDeniedException"),
		"undecodable": {status: 200, body: "<html>"},
		"cut off":     {status: 200, body: "{"},
	}
	for name, response := range responses {
		t.Run(name, func(t *testing.T) {
			_, err := describe(t, options(transportFunc(func(req *http.Request) (*http.Response, error) {
				resp, err := response.response()
				resp.Request = req
				return resp, err
			})))
			var kept *awshttp.ResponseError
			require.ErrorAs(t, err, &kept)
			assert.Nil(t, kept.Response.Request)
			assert.Equal(t, http.NoBody, kept.Response.Body)
			assert.Nil(t, kept.Response.TLS)
		})
	}
}

// closeCounter is a body that counts how often it is closed.
type closeCounter struct {
	io.Reader
	closed *int
}

func (c closeCounter) Close() error {
	*c.closed++
	return nil
}

func TestBodyOfEveryAttemptIsClosed(t *testing.T) {
	responses := map[string]mockResponse{
		"failed":      {status: 500, body: "{}"},
		"refused":     exceptionResponse(403, "AccessDeniedException"),
		"expired":     exceptionResponse(403, "ExpiredTokenException"),
		"undecodable": {status: 200, body: "<html>"},
		"cut off":     {status: 200, body: "{"},
		"good":        completed,
	}
	for name, response := range responses {
		t.Run(name, func(t *testing.T) {
			attempts, closed := 0, 0
			o := options(transportFunc(func(*http.Request) (*http.Response, error) {
				attempts++
				resp, err := response.response()
				resp.Body = closeCounter{Reader: resp.Body, closed: &closed}
				return resp, err
			}))
			o.Credentials = cacheOf(new(int))
			// Whether the call succeeds is not the point.
			_, _ = describe(t, o)
			assert.Positive(t, attempts)
			assert.Equal(t, attempts, closed)
		})
	}
}

func TestSnippetIsCutAfterItIsRedacted(t *testing.T) {
	sessionToken := strings.Repeat("Tk8x", 100)
	for _, status := range []int{200, 500} {
		for before := range shownOfABody {
			response := mockResponse{status: status, body: strings.Repeat("x", before) + sessionToken}
			o := options(responses(response))
			o.RetryMaxAttempts = 1
			o.Credentials = staticCredentials{
				AccessKeyID:     exampleKeyID,
				SecretAccessKey: exampleSecret,
				SessionToken:    sessionToken,
			}
			_, err := describe(t, o)
			require.Error(t, err)
			require.NotContains(t, err.Error(), "Tk8x", "after %d bytes", before)
		}
	}
}

// tokenCache is a provider that cannot be told apart by the id of its keys alone. It
// gives another session token with each retrieval but the last.
type tokenCache struct {
	tokens      []string
	invalidated int
}

func (c *tokenCache) Retrieve(context.Context) (aws.Credentials, error) {
	credentials := exampleCredentials.value()
	credentials.SessionToken = c.tokens[0]
	if len(c.tokens) > 1 {
		c.tokens = c.tokens[1:]
	}
	return credentials, nil
}

func (c *tokenCache) Invalidate() { c.invalidated++ }

func TestNewerCredentialsOfTheSameKeyAreKept(t *testing.T) {
	cache := &tokenCache{tokens: []string{"OLD", "NEW"}}
	o := options(responses(exceptionResponse(403, "ExpiredTokenException"), completed))
	o.Credentials = cache
	_, err := describe(t, o)
	require.NoError(t, err)
	assert.Zero(t, cache.invalidated)
}

func TestExpiredCredentialsAreForgotten(t *testing.T) {
	cache := &tokenCache{tokens: []string{"OLD"}}
	o := options(responses(exceptionResponse(403, "ExpiredTokenException"), completed))
	o.Credentials = cache
	_, err := describe(t, o)
	require.NoError(t, err)
	assert.Equal(t, 1, cache.invalidated)
}

func TestLargeBuffersAreNotKept(t *testing.T) {
	for range 200 {
		grown := new(bodyBuffer)
		grown.data.Grow(maxPooledBody + 1)
		grown.release()
		next := bodyBuffers.Get().(*bodyBuffer)
		require.LessOrEqual(t, next.data.Cap(), maxPooledBody)
	}
}

// allocationsOf returns how many allocations a call takes whose response has a header.
func allocationsOf(t *testing.T, header http.Header) float64 {
	t.Helper()
	client := New(options(transportFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode:    200,
			Header:        header,
			Body:          io.NopCloser(strings.NewReader(completed.body)),
			ContentLength: int64(len(completed.body)),
		}, nil
	})))
	return testing.AllocsPerRun(200, func() {
		if _, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob); err != nil {
			t.Error(err)
		}
	})
}

func TestResponseWithoutDateCostsNoMore(t *testing.T) {
	with := allocationsOf(t, http.Header{"Date": {"Tue, 03 Feb 2026 04:05:06 GMT"}})
	without := allocationsOf(t, http.Header{})
	// One more may be by chance: pools may be emptied at any time.
	assert.LessOrEqual(t, without, with+1)
}
