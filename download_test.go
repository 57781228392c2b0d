package snapshotjob_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDownloadBringsEveryFile(t *testing.T) {
	files := []snapshotjobtest.File{
		snapshotjobtest.PDF("sheet-1").With("%PDF-1.7 all of it"),
		snapshotjobtest.CSV("sheet-1", "visual-1").With("a,b\n"),
		snapshotjobtest.CSV("sheet-1", "visual-2").With(""),
		snapshotjobtest.Excel("sheet-2", "visual-3", "visual-4").With("PK"),
	}
	registered := snapshotjobtest.Completed(files...)
	registered.Registered = true
	lives := map[string]snapshotjobtest.Life{
		"anonymous user":    snapshotjobtest.Completed(files...),
		"registered user":   registered,
		"bucket":            downloadBucket("reports", files...),
		"bucket with a dot": downloadBucket("reports.example", files...),
	}
	for name, life := range lives {
		for _, partSize := range []int64{0, 1, 3, 18, 1000} {
			inBubble(t, fmt.Sprintf("%s, parts of %d", name, partSize), func(t *testing.T) {
				checkEveryFile(t, life, partSize)
			})
		}
	}
}

// checkEveryFile downloads the four files of TestDownloadBringsEveryFile.
func checkEveryFile(t *testing.T, life snapshotjobtest.Life, partSize int64) {
	t.Helper()
	server := downloadLife(t, life)
	dir := filepath.Join(t.TempDir(), "new", "folder")
	files, err := server.Client().Download(t.Context(), dailyJob, dir, func(o *snapshotjob.DownloadOptions) {
		o.PartSize = partSize
	})
	require.NoError(t, err)
	want := map[string]string{
		"daily_sheet-1.pdf":           "%PDF-1.7 all of it",
		"daily_sheet-1_visual-1.csv":  "a,b\n",
		"daily_sheet-1_visual-2.csv":  "",
		"daily_sheet-2_visual-3.xlsx": "PK",
	}
	assert.Equal(t, want, downloadFolder(t, dir))
	assert.Equal(t, 1, downloadCount(server, downloadResult))
	require.Len(t, files, len(life.Files))
	for i, made := range life.Files {
		got := files[i]
		assert.NoError(t, got.Err)
		assert.EqualValues(t, len(made.Content), got.Size)
		assert.Equal(t, made.Format, got.File.Format)
		assert.Equal(t, i, got.File.Group)
		assert.Equal(t, 0, got.File.Index)
		assert.Equal(t, dir, filepath.Dir(got.Path))
	}
}

func TestDownloadOverASocket(t *testing.T) {
	server := downloadServer(t, snapshotjobtest.PDF("sheet-1").With("whole"))
	server.Start() // its URLs are plain http, of this machine
	dir := t.TempDir()
	_, err := server.Client().Download(t.Context(), dailyJob, dir)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"daily_sheet-1.pdf": "whole"}, downloadFolder(t, dir))
}

func TestDownloadOfAResultInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		life := snapshotjobtest.Completed(snapshotjobtest.PDF("sheet-1"))
		server := downloadLife(t, life.After(time.Second, time.Minute))
		client := server.Client()
		result, err := client.Wait(t.Context(), dailyJob)
		require.NoError(t, err)

		_, err = client.Download(t.Context(), dailyJob, t.TempDir(), func(o *snapshotjob.DownloadOptions) {
			o.Result = result
		})
		require.NoError(t, err)
		assert.Equal(t, 1, downloadCount(server, downloadResult), "only Wait asks for the result")
	})
}

// halfADownload is a download of four files, of which the second is gone from S3 and QuickSight
// didn't make the third.
type halfADownload struct {
	dir     string
	files   []snapshotjob.DownloadedFile
	err     error
	refusal snapshotjobtest.Request // the request for the second file
}

// downloadHalf makes that download. It must run in a synctest bubble.
func downloadHalf(t *testing.T) halfADownload {
	t.Helper()
	const reason = snapshotjob.ErrorTypeDatasetDeleted
	server := downloadServer(t,
		snapshotjobtest.PDF("sheet-1").With("first"),
		snapshotjobtest.CSV("sheet-1", "visual-1").With("second"),
		snapshotjobtest.CSV("sheet-1", "visual-2").Failing(reason, "The dataset is gone."),
		snapshotjobtest.Excel("sheet-2", "visual-3").With("fourth"),
	)
	gone := snapshotjobtest.Answer(404, "NoSuchKey", "The specified key does not exist.")
	server.Fail(downloadGet, snapshotjobtest.Pass(), gone)
	oneByOne := func(o *snapshotjob.DownloadOptions) {
		o.Concurrency = 1
	}
	d := halfADownload{dir: t.TempDir()}
	d.files, d.err = server.Client().Download(t.Context(), dailyJob, d.dir, oneByOne)
	require.Error(t, d.err)
	require.Len(t, d.files, 4)
	d.refusal = server.Requests()[2]
	return d
}

func TestDownloadTellsEveryFilesFate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := downloadHalf(t)
		want := map[string]string{
			"daily_sheet-1.pdf":           "first",
			"daily_sheet-2_visual-3.xlsx": "fourth",
		}
		assert.Equal(t, want, downloadFolder(t, d.dir))
		for i, made := range []bool{true, false, false, true} {
			file := d.files[i]
			assert.Equal(t, made, file.Err == nil, "file %d: error %v", i, file.Err)
			assert.Equal(t, made, file.Path != "", "file %d: path %q", i, file.Path)
			assert.Equal(t, made, file.Size > 0, "file %d: size %d", i, file.Size)
		}
	})
}

func TestDownloadErrorHoldsTheFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := downloadHalf(t)
		var failed *snapshotjob.DownloadError
		require.ErrorAs(t, d.err, &failed)
		assert.Equal(t, dailyJob, failed.Job)
		assert.Equal(t, d.files, failed.Files)
		assert.ErrorIs(t, d.err, d.files[1].Err)
		assert.ErrorIs(t, d.err, d.files[2].Err)
	})
}

func TestDownloadErrorHoldsTheCauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := downloadHalf(t)
		var job *snapshotjob.JobError
		require.ErrorAs(t, d.err, &job)
		assert.Len(t, job.Files, 1)

		var file *snapshotjob.FileError
		require.ErrorAs(t, d.err, &file)
		assert.Equal(t, 2, file.File.Group)

		var api smithy.APIError
		require.ErrorAs(t, d.err, &api)
		assert.Equal(t, "NoSuchKey", api.ErrorCode())
	})
}

// A job may fail although it made files.
func TestDownloadErrorOfAJobThatFailed(t *testing.T) {
	server := newObjectServer("0123456789")
	result := func(o *snapshotjob.DownloadOptions) {
		downloadURI(objectURI)(o)
		o.Result.JobStatus = snapshotjob.SnapshotJobStatusFailed
		o.Result.ErrorInfo = &snapshotjob.SnapshotJobErrorInfo{
			ErrorType:    "INTERNAL_FAULT",
			ErrorMessage: "m",
		}
	}
	_, err := server.client().Download(t.Context(), dailyJob, t.TempDir(), result)
	assert.ErrorContains(t, err, "download of snapshot job 111122223333/sales/daily: ")
	assert.ErrorContains(t, err, "FAILED: INTERNAL_FAULT: m")
	assert.ErrorContains(t, err, "; fetched: ")

	server.change = func(int, *http.Response) (*http.Response, error) {
		return &http.Response{StatusCode: 404}, nil
	}
	_, err = server.client().Download(t.Context(), dailyJob, t.TempDir(), result)
	assert.ErrorContains(t, err, "1 of 1 files failed: ")
	assert.ErrorContains(t, err, "StatusCode: 404")
	assert.ErrorContains(t, err, "FAILED: INTERNAL_FAULT: m")
}

// Thousands of files don't make an error of thousands of lines.
func TestDownloadErrorListsTheFirstFiles(t *testing.T) {
	failed := &snapshotjob.DownloadError{Job: dailyJob}
	for i := range 25 {
		err := fmt.Errorf("failure %d", i)
		failed.Files = append(failed.Files, snapshotjob.DownloadedFile{
			File: snapshotjob.ResultFile{URI: objectURI},
			Err:  err,
		})
	}
	for i := range 12 {
		path := fmt.Sprintf("path-%d", i)
		failed.Files = append(failed.Files, snapshotjob.DownloadedFile{Path: path})
	}
	text := failed.Error()
	assert.Contains(t, text, "25 of 37 files failed: failure 0; ")
	assert.Contains(t, text, "; failure 9; and 15 more; fetched: path-0 (0 bytes), ")
	assert.True(t, strings.HasSuffix(text, ", path-9 (0 bytes), and 2 more"), text)
	assert.NotContains(t, text, "failure 10")
	assert.NotContains(t, text, "path-10")
	assert.Len(t, failed.Unwrap(), 25, "all of them")
}

func TestDownloadErrorIsOneLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := downloadHalf(t)
		want := "download of snapshot job 111122223333/sales/daily: 2 of 4 files failed: " +
			"snapshot job 111122223333/sales/daily: CSV of sheet sheet-1 visual visual-1: " +
			"https response error StatusCode: 404, RequestID: " + d.refusal.ID + ", " +
			"api error NoSuchKey: The specified key does not exist.; " +
			"CSV of sheet sheet-1 visual visual-2: DATASET_DELETED: The dataset is gone. " +
			"(a dataset of the dashboard was deleted: restore it, then start a new job); " +
			"fetched: " + filepath.Join(d.dir, "daily_sheet-1.pdf") + " (5 bytes), " +
			filepath.Join(d.dir, "daily_sheet-2_visual-3.xlsx") + " (6 bytes)"
		assert.EqualError(t, d.err, want)
	})
}

func TestDownloadOfAFailedJob(t *testing.T) {
	life := snapshotjobtest.Failed(snapshotjob.ErrorTypeDashboardAccessDenied, "no access")
	server := downloadLife(t, life)
	files, err := server.Client().Download(t.Context(), dailyJob, t.TempDir())
	assert.Empty(t, files)
	var job *snapshotjob.JobError
	require.ErrorAs(t, err, &job)
	assert.Equal(t, snapshotjob.ErrorTypeDashboardAccessDenied, job.ErrorType)
}

func TestDownloadOfAQueuedJob(t *testing.T) {
	server := downloadLife(t, snapshotjobtest.Completed().After(time.Hour, 0))
	_, err := server.Client().Download(t.Context(), dailyJob, t.TempDir())
	assert.ErrorIs(t, err, snapshotjob.ErrJobNotFinished)
}

// presignedQuery is a query that no error may show.
const presignedQuery = "?X-Amz-Signature=0123SECRET4567"

// checkRefusedURI checks that a file at this URI is not asked for, and that its error gives the reason.
func checkRefusedURI(t *testing.T, uri, reason string) {
	t.Helper()
	server := downloadServer(t)
	dir := t.TempDir()
	files, err := server.Client().Download(t.Context(), dailyJob, dir, downloadURI(uri))
	assert.ErrorContains(t, err, reason, uri)
	require.Len(t, files, 1, uri)
	assert.EqualError(t, files[0].Err, "snapshot job 111122223333/sales/daily: PDF of sheet s: "+reason)
	assert.Empty(t, server.Requests(), uri)
	assert.Empty(t, downloadFolder(t, dir), uri)
}

func TestDownloadRefusesURIsThatAreNotHTTPS(t *testing.T) {
	addresses := map[string]string{
		"plain http": "http://bucket.s3.amazonaws.com/k",
		"a host that only looks like this machine": "http://localhost.example.com/k",
		"ftp": "ftp://host/k",
	}
	for name, address := range addresses {
		t.Run(name, func(t *testing.T) {
			reason := "the URI " + address + "?REDACTED is not https: whoever listens would read the file"
			checkRefusedURI(t, address+presignedQuery, reason)
		})
	}
}

func TestDownloadRefusesURIsThatAreNone(t *testing.T) {
	const neither = " is neither s3://bucket/key nor a URL"
	checkRefusedURI(t, "file:///etc/passwd", "the URI file:///etc/passwd"+neither)
	checkRefusedURI(t, "https://ho st/k"+presignedQuery, "the URI https://ho st/k?REDACTED"+neither)
	checkRefusedURI(t, "s3://bucket", "the URI s3://bucket is not s3://bucket/key")
	checkRefusedURI(t, "s3:///key", "the URI s3:///key is not s3://bucket/key")
	checkRefusedURI(t, "", "the result has neither a URI nor an error")
}

func TestDownloadRefusesUserInfo(t *testing.T) {
	uri := "https://user:0123SECRET4567@s3.amazonaws.com/k" + presignedQuery
	checkRefusedURI(t, uri, "the URI https://REDACTED@s3.amazonaws.com/k?REDACTED has user info")
}

func TestDownloadRefusesURIsThatWereRedacted(t *testing.T) {
	const reason = "this URI was redacted when it was printed or marshalled: " +
		"ask for the result again, and pass on string(uri) where the whole is needed"
	checkRefusedURI(t, "https://bucket.s3.amazonaws.com/k?REDACTED", reason)
	checkRefusedURI(t, "https://REDACTED@s3.amazonaws.com/k", reason)
}

func TestDownloadNamesEveryProblemOfItsInput(t *testing.T) {
	server := downloadServer(t)
	job := snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "d"}
	set := func(o *snapshotjob.DownloadOptions) {
		o.Concurrency = -1
		o.Parts = -2
		o.MaxAttempts = -3
		o.PartSize = -4
		o.StallTimeout = -5
		o.ClientOptions = []func(*snapshotjob.Options){nil}
	}
	_, err := server.Client().Download(t.Context(), job, "", nil, downloadURI("s3://b/k"), set)
	var invalid *snapshotjob.InvalidInputError
	assert.ErrorAs(t, err, &invalid)
	want := "invalid input: optFns has a nil function at index 0; " +
		"Concurrency is -1: want a positive value, or 0 for the default; " +
		"PartSize is -4: want a positive value, or 0 for the default; " +
		"Parts is -2: want a positive value, or 0 for the default; " +
		"MaxAttempts is -3: want a positive value, or 0 for the default; " +
		"StallTimeout is -5ns: want a positive value, or 0 for the default; " +
		"optFns has a nil function at index 0; " +
		"SnapshotJobID is empty; " +
		`dir is empty: want a folder, such as "."; ` +
		"Result is that of 111122223333/sales/daily: want that of 111122223333/d/"
	assert.EqualError(t, err, want)
	assert.Empty(t, server.Requests())
}

func TestOpenRefusesANilContext(t *testing.T) {
	server := downloadServer(t)
	var none context.Context
	_, err := server.Client().Open(none, snapshotjob.ResultFile{URI: "s3://b/k"})
	var invalid *snapshotjob.InvalidInputError
	assert.ErrorAs(t, err, &invalid)
	assert.Empty(t, server.Requests())
}

func TestDownloadNumbersFilesOfOneName(t *testing.T) {
	server := downloadServer(t,
		snapshotjobtest.CSV("sheet-1", "visual").With("1"),
		snapshotjobtest.CSV("sheet-1", "visual").With("2"),
		snapshotjobtest.CSV("sheet-1", "VISUAL").With("3"),
		snapshotjobtest.CSV("sheet-1", "vis/al").With("4"),
		snapshotjobtest.CSV("sheet-1", "vis_al").With("5"),
	)
	dir := t.TempDir()
	_, err := server.Client().Download(t.Context(), dailyJob, dir)
	require.NoError(t, err)
	want := map[string]string{
		"daily_sheet-1_visual.csv":   "1",
		"daily_sheet-1_visual-2.csv": "2",
		"daily_sheet-1_VISUAL-3.csv": "3",
		"daily_sheet-1_vis_al.csv":   "4",
		"daily_sheet-1_vis_al-2.csv": "5",
	}
	assert.Equal(t, want, downloadFolder(t, dir))
}

func TestDownloadNeverOverwrites(t *testing.T) {
	server := downloadServer(t, snapshotjobtest.PDF("sheet-1").With("new"))
	dir := t.TempDir()
	link := filepath.Join(dir, "daily_sheet-1-2.pdf")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "daily_sheet-1.pdf"), []byte("mine"), 0o666))
	require.NoError(t, os.Symlink("nowhere", link))

	_, err := server.Client().Download(t.Context(), dailyJob, dir)
	require.NoError(t, err)
	require.NoError(t, os.Remove(link), "the link to nowhere is still there")
	want := map[string]string{
		"daily_sheet-1.pdf":   "mine",
		"daily_sheet-1-3.pdf": "new",
	}
	assert.Equal(t, want, downloadFolder(t, dir))
}

func TestDownloadTakesTheFirstFreeName(t *testing.T) {
	server := downloadServer(t, snapshotjobtest.PDF("sheet-1"))
	dir := t.TempDir()
	for _, name := range []string{"daily_sheet-1.pdf", "daily_sheet-1-3.pdf"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o666))
	}
	files, err := server.Client().Download(t.Context(), dailyJob, dir)
	require.NoError(t, err)
	require.Len(t, files, 1)
	assert.Equal(t, filepath.Join(dir, "daily_sheet-1-2.pdf"), files[0].Path)
}

func TestDownloadPermissionsAreThoseOfAnyFile(t *testing.T) {
	server := downloadServer(t, snapshotjobtest.PDF("sheet-1"))
	dir := t.TempDir()
	files, err := server.Client().Download(t.Context(), dailyJob, dir)
	require.NoError(t, err)
	got, err := os.Stat(files[0].Path)
	require.NoError(t, err)

	other, err := os.Create(filepath.Join(dir, "other"))
	require.NoError(t, err)
	defer other.Close()
	want, err := other.Stat()
	require.NoError(t, err)
	assert.Equal(t, want.Mode(), got.Mode())
}

func TestDownloadIntoNoFolder(t *testing.T) {
	server := downloadServer(t, snapshotjobtest.PDF("sheet-1"))
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte("mine"), 0o666))
	for _, dir := range []string{file, filepath.Join(file, "below")} {
		_, err := server.Client().Download(t.Context(), dailyJob, dir)
		var path *os.PathError
		require.ErrorAs(t, err, &path)
		assert.EqualError(t, err, "download of snapshot job 111122223333/sales/daily: "+path.Error())
	}
	assert.Equal(t, map[string]string{"file": "mine"}, downloadFolder(t, filepath.Dir(file)))
}

// progressChecker checks that the calls of OnProgress come one after the other, each with more bytes
// of its file than the one before.
type progressChecker struct {
	t      *testing.T
	totals map[string]int64 // by the file's name
	bytes  map[string]int64 // the same, as the last call told
	inside atomic.Int32
}

func (c *progressChecker) onProgress(p snapshotjob.DownloadProgress) {
	assert.EqualValues(c.t, 1, c.inside.Add(1), "calls at once")
	defer c.inside.Add(-1)
	runtime.Gosched()
	assert.Equal(c.t, dailyJob, p.File.Job)
	assert.Equal(c.t, c.totals[p.Name], p.Total, p.Name)
	assert.Greater(c.t, p.Bytes, c.bytes[p.Name], p.Name)
	c.bytes[p.Name] = p.Bytes
}

func TestDownloadProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		csv := snapshotjobtest.CSV("sheet-1", "visual-1")
		csv.Size = 300_000
		excel := snapshotjobtest.Excel("sheet-2", "visual-2")
		excel.Size = 1_000_000
		empty := snapshotjobtest.PDF("sheet-1").With("")
		checker := &progressChecker{
			t: t,
			totals: map[string]int64{
				"daily_sheet-1_visual-1.csv":  csv.Size,
				"daily_sheet-2_visual-2.xlsx": excel.Size,
			},
			bytes: map[string]int64{},
		}
		client := downloadServer(t, csv, excel, empty).Client()
		_, err := client.Download(t.Context(), dailyJob, t.TempDir(), func(o *snapshotjob.DownloadOptions) {
			o.PartSize = 50_000
			o.Parts = 8
			o.OnProgress = checker.onProgress
		})
		assert.NoError(t, err)
		assert.Equal(t, checker.totals, checker.bytes, "at the end")
	})
}

// noCredentials is a provider that fails the test if it is asked.
type noCredentials struct{ t *testing.T }

func (p noCredentials) Retrieve(context.Context) (aws.Credentials, error) {
	assert.Fail(p.t, "credentials were asked for")
	return aws.Credentials{}, errors.New("none")
}

func TestOpenSendsNoCredentialsWithAPresignedURL(t *testing.T) {
	server := downloadServer(t, snapshotjobtest.PDF("sheet-1").With("0123456789"))
	file := onlyFile(t, server.Client())
	server.Fail(downloadGet, snapshotjobtest.CutBody(4))
	var sent []http.Header
	client := snapshotjob.New(snapshotjob.Options{
		Region:      "us-east-1",
		Credentials: noCredentials{t: t},
		DownloadTransport: startTransport(func(req *http.Request) (*http.Response, error) {
			header := req.Header.Clone()
			header.Del("User-Agent")
			sent = append(sent, header)
			return server.Transport().RoundTrip(req)
		}),
	})
	r, err := client.Open(t.Context(), file)
	require.NoError(t, err)
	defer r.Close()
	content, err := io.ReadAll(r)
	assert.NoError(t, err)
	assert.Equal(t, "0123456789", string(content))

	first := http.Header{"Accept-Encoding": {"identity"}}
	second := http.Header{
		"Accept-Encoding": {"identity"},
		"If-Match":        {`"781e5e245d69b566979b86e28d23f2c7"`},
		"Range":           {"bytes=4-9"},
	}
	assert.Equal(t, []http.Header{first, second}, sent)
}

// bucketFile returns a server of a file of digits in a bucket of the caller's, and the file.
func bucketFile(t *testing.T, set func(*snapshotjobtest.Options)) (*snapshotjobtest.Server, snapshotjob.ResultFile) {
	t.Helper()
	server := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		set(o)
	})
	server.AddJob(dailyJob, downloadBucket("reports", snapshotjobtest.PDF("sheet-1").With(digits)))
	return server, onlyFile(t, server.Client())
}

// S3 refuses what is signed by a wrong clock, and tells the right time.
func TestOpenLearnsTheClockOfS3(t *testing.T) {
	for _, skew := range []time.Duration{-24 * time.Hour, -time.Hour, time.Hour, 24 * time.Hour} {
		inBubble(t, skew.String(), func(t *testing.T) {
			server, file := bucketFile(t, func(o *snapshotjobtest.Options) {
				o.ClockSkew = skew
			})
			// Another client, which has learnt nothing from the API.
			r, err := server.Client().Open(t.Context(), file)
			require.NoError(t, err)
			defer r.Close()
			content, err := io.ReadAll(r)
			assert.NoError(t, err)
			assert.Equal(t, digits, string(content))
			assert.Equal(t, []string{"all: 403", "all: 200"}, downloadRequests(server))
		})
	}
}

func TestOpenDoesNotLearnTheClockIfItMayNot(t *testing.T) {
	inBubble(t, "an hour", func(t *testing.T) {
		server, file := bucketFile(t, func(o *snapshotjobtest.Options) {
			o.ClockSkew = time.Hour
		})
		client := server.Client(func(o *snapshotjob.Options) {
			o.DisableClockSkewCorrection = true
		})
		_, err := client.Open(t.Context(), file)
		assert.ErrorContains(t, err, "RequestTimeTooSkewed")
		assert.Equal(t, []string{"all: 403"}, downloadRequests(server))
	})
}

// A proxy may change what is not part of a signature.
func TestOpenThroughAProxyThatChangesHeaders(t *testing.T) {
	inBubble(t, "a proxy", func(t *testing.T) {
		server, file := bucketFile(t, func(*snapshotjobtest.Options) {})
		server.Fail(downloadGet, snapshotjobtest.CutBody(4))
		client := server.Client(func(o *snapshotjob.Options) {
			next := o.DownloadTransport
			o.DownloadTransport = startTransport(func(req *http.Request) (*http.Response, error) {
				changed := req.Clone(req.Context())
				changed.Header.Set("Accept-Encoding", "gzip, identity")
				changed.Header.Del("Range")
				changed.Header.Del("If-Match")
				changed.Header.Set("User-Agent", "proxy")
				return next.RoundTrip(changed)
			})
		})
		r, err := client.Open(t.Context(), file)
		require.NoError(t, err)
		defer r.Close()
		content, err := io.ReadAll(r)
		assert.NoError(t, err)
		assert.Equal(t, digits, string(content))
		assert.Equal(t, []string{"all: 200", "all: 200"}, downloadRequests(server))
	})
}

func TestOpenedFileCanBeClosedTwice(t *testing.T) {
	client := downloadServer(t, snapshotjobtest.PDF("sheet-1")).Client()
	r, err := client.Open(t.Context(), onlyFile(t, client))
	require.NoError(t, err)
	_, err = io.ReadAll(r)
	assert.NoError(t, err)
	assert.NoError(t, r.Close())
	assert.NoError(t, r.Close())

	_, err = r.Read(make([]byte, 1))
	assert.Error(t, err)
	assert.NotErrorIs(t, err, io.EOF)
}
