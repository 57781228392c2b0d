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
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

const (
	downloadGet    = snapshotjobtest.GetObject
	downloadResult = snapshotjobtest.DescribeDashboardSnapshotJobResult
)

// downloadServer has startJob, finished, with these files.
func downloadServer(t *testing.T, files ...snapshotjobtest.File) *snapshotjobtest.Server {
	return downloadLife(t, snapshotjobtest.Completed(files...))
}

func downloadLife(t *testing.T, life snapshotjobtest.Life) *snapshotjobtest.Server {
	t.Helper()
	server := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) { o.RequestsPerSecond = -1 })
	server.AddJob(startJob, life)
	return server
}

// downloadBucket is a life whose files go to the caller's bucket.
func downloadBucket(bucket string, files ...snapshotjobtest.File) snapshotjobtest.Life {
	life := snapshotjobtest.Completed(files...)
	life.Destination = &snapshotjob.S3BucketConfiguration{BucketName: bucket, BucketPrefix: "daily reports/ü"}
	return life
}

// downloadFolder is what a folder holds, hidden files included: name and content.
func downloadFolder(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var list []string
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprintf("%s=%.20s", entry.Name(), content))
	}
	return strings.Join(list, " ")
}

// downloadCount counts the server's requests of an operation.
func downloadCount(server *snapshotjobtest.Server, op snapshotjobtest.Operation) (n int) {
	for _, r := range server.Requests() {
		if r.Operation == op {
			n++
		}
	}
	return n
}

func TestDownloadBringsEveryFile(t *testing.T) {
	files := []snapshotjobtest.File{
		snapshotjobtest.PDF("sheet-1").With("%PDF-1.7 all of it"),
		snapshotjobtest.CSV("sheet-1", "visual-1").With("a,b\n"),
		snapshotjobtest.CSV("sheet-1", "visual-2").With(""),
		snapshotjobtest.Excel("sheet-2", "visual-3", "visual-4").With("PK"),
	}
	registered := snapshotjobtest.Completed(files...)
	registered.Registered = true
	const want = "daily_sheet-1.pdf=%PDF-1.7 all of it daily_sheet-1_visual-1.csv=a,b\n daily_sheet-1_visual-2.csv= daily_sheet-2_visual-3.xlsx=PK"
	for name, life := range map[string]snapshotjobtest.Life{
		"anonymous user": snapshotjobtest.Completed(files...), "registered user": registered,
		"bucket": downloadBucket("reports", files...), "bucket with a dot": downloadBucket("reports.example", files...),
	} {
		for _, partSize := range []int64{0, 1, 3, 18, 1000} {
			t.Run(fmt.Sprintf("%s, parts of %d", name, partSize), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := downloadLife(t, life)
					dir := filepath.Join(t.TempDir(), "new", "folder")
					got, err := server.Client().Download(t.Context(), startJob, dir, func(o *snapshotjob.DownloadOptions) { o.PartSize = partSize })
					if err != nil {
						t.Fatal(err)
					}
					if folder := downloadFolder(t, dir); folder != want {
						t.Errorf("folder:\n got %q\nwant %q", folder, want)
					}
					for i, f := range got {
						if f.Err != nil || f.Size != int64(len(files[i].Content)) || f.File.Index != 0 || f.File.Group != i || f.File.Format != files[i].Format || filepath.Dir(f.Path) != dir {
							t.Errorf("file %d: %+v, want %d bytes of group %d in %s", i, f, len(files[i].Content), i, dir)
						}
					}
					if n := downloadCount(server, downloadResult); n != 1 || len(got) != len(files) {
						t.Errorf("%d files, asked for the result %d times, want %d and once", len(got), n, len(files))
					}
				})
			})
		}
	}
}

func TestDownloadOverASocket(t *testing.T) {
	server := downloadServer(t, snapshotjobtest.PDF("sheet-1").With("whole"))
	server.Start() // its URLs are plain http, of this machine
	dir := t.TempDir()
	if _, err := server.Client().Download(t.Context(), startJob, dir); err != nil {
		t.Fatal(err)
	}
	if got, want := downloadFolder(t, dir), "daily_sheet-1.pdf=whole"; got != want {
		t.Errorf("folder: got %q, want %q", got, want)
	}
}

func TestDownloadOfAResultInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := downloadLife(t, snapshotjobtest.Completed(snapshotjobtest.PDF("sheet-1")).After(time.Second, time.Minute))
		client := server.Client()
		result, err := client.Wait(t.Context(), startJob)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Download(t.Context(), startJob, t.TempDir(), func(o *snapshotjob.DownloadOptions) { o.Result = result }); err != nil {
			t.Fatal(err)
		}
		if n := downloadCount(server, downloadResult); n != 1 {
			t.Errorf("asked for the result %d times, want once: by Wait", n)
		}
	})
}

func TestDownloadTellsEveryFilesFate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := downloadServer(t,
			snapshotjobtest.PDF("sheet-1").With("first"),
			snapshotjobtest.CSV("sheet-1", "visual-1").With("second"),
			snapshotjobtest.CSV("sheet-1", "visual-2").Failing(snapshotjob.ErrorTypeDatasetDeleted, "The dataset is gone."),
			snapshotjobtest.Excel("sheet-2", "visual-3").With("fourth"),
		)
		server.Fail(downloadGet, snapshotjobtest.Pass(), snapshotjobtest.Answer(404, "NoSuchKey", "The specified key does not exist."))
		dir := t.TempDir()
		files, err := server.Client().Download(t.Context(), startJob, dir, func(o *snapshotjob.DownloadOptions) { o.Concurrency = 1 })
		if got, want := downloadFolder(t, dir), "daily_sheet-1.pdf=first daily_sheet-2_visual-3.xlsx=fourth"; got != want {
			t.Errorf("folder: got %q, want %q", got, want)
		}
		var failed *snapshotjob.DownloadError
		var job *snapshotjob.JobError
		var file *snapshotjob.FileError
		var api smithy.APIError
		if !errors.As(err, &failed) || !errors.As(err, &job) || !errors.As(err, &file) || !errors.As(err, &api) {
			t.Fatalf("err = %#v, want a DownloadError with a JobError, a FileError and S3's error", err)
		}
		if len(job.Files) != 1 || file.File.Group != 2 || api.ErrorCode() != "NoSuchKey" || len(failed.Files) != 4 || failed.Job != startJob {
			t.Errorf("job error %v, file %+v, code %s, want those of files 3 and 2", job, file.File, api.ErrorCode())
		}
		if !slices.EqualFunc(files, failed.Files, func(a, b snapshotjob.DownloadedFile) bool { return a.Path == b.Path && a.Err == b.Err }) {
			t.Errorf("files %+v, want those of the error, %+v", files, failed.Files)
		}
		for i, made := range []bool{true, false, false, true} {
			if f := files[i]; made != (f.Err == nil) || made != (f.Path != "") || made != (f.Size > 0) {
				t.Errorf("file %d: %+v, want made: %t", i, f, made)
			}
		}
		id := server.Requests()[2].ID
		want := "download of snapshot job 111122223333/sales/daily: 2 of 4 files failed: " +
			"snapshot job 111122223333/sales/daily: CSV of sheet sheet-1 visual visual-1: https response error StatusCode: 404, RequestID: " + id + ", api error NoSuchKey: The specified key does not exist.; " +
			"CSV of sheet sheet-1 visual visual-2: DATASET_DELETED: The dataset is gone. (a dataset of the dashboard was deleted: restore it, then start a new job); " +
			"fetched: " + filepath.Join(dir, "daily_sheet-1.pdf") + " (5 bytes), " + filepath.Join(dir, "daily_sheet-2_visual-3.xlsx") + " (6 bytes)"
		if got := err.Error(); got != want {
			t.Errorf("error:\n got %s\nwant %s", got, want)
		}
	})
}

func TestDownloadOfAFailedJob(t *testing.T) {
	server := downloadLife(t, snapshotjobtest.Failed(snapshotjob.ErrorTypeDashboardAccessDenied, "no access"))
	files, err := server.Client().Download(t.Context(), startJob, t.TempDir())
	var job *snapshotjob.JobError
	if !errors.As(err, &job) || job.ErrorType != snapshotjob.ErrorTypeDashboardAccessDenied || len(files) != 0 {
		t.Errorf("files %v, err = %v, want none and the JobError", files, err)
	}
	server.AddJob(startJob, snapshotjobtest.Completed().After(time.Hour, 0))
	if _, err := server.Client().Download(t.Context(), startJob, t.TempDir()); !errors.Is(err, snapshotjob.ErrJobNotFinished) {
		t.Errorf("err = %v, want ErrJobNotFinished", err)
	}
}

// downloadURI is a result of one file, which lies there.
func downloadURI(uri string) func(*snapshotjob.DownloadOptions) {
	result := &snapshotjob.DescribeDashboardSnapshotJobResultOutput{Job: startJob, JobStatus: "COMPLETED"}
	result.Result.AnonymousUsers = []snapshotjob.AnonymousUserSnapshotJobResult{{FileGroups: []snapshotjob.SnapshotJobResultFileGroup{{
		Files: snapshotjob.PDF("s").Files, S3Results: []snapshotjob.SnapshotJobS3Result{{S3URI: snapshotjob.S3URI(uri)}},
	}}}}
	return func(o *snapshotjob.DownloadOptions) { o.Result = result }
}

func TestDownloadRefusesURIs(t *testing.T) {
	const query = "?X-Amz-Signature=0123SECRET4567"
	for _, tt := range []struct{ name, uri, want string }{
		{"plain http", "http://bucket.s3.amazonaws.com/k" + query, "the URI http://bucket.s3.amazonaws.com/k?REDACTED is not https: whoever listens would read the file"},
		{"a host that only looks like this machine", "http://localhost.example.com/k" + query, "the URI http://localhost.example.com/k?REDACTED is not https: whoever listens would read the file"},
		{"user info", "https://user:0123SECRET4567@s3.amazonaws.com/k" + query, "the URI https://REDACTED@s3.amazonaws.com/k?REDACTED has user info"},
		{"another scheme", "file:///etc/passwd", "the URI file:///etc/passwd is neither s3://bucket/key nor a URL"},
		{"ftp", "ftp://host/k" + query, "the URI ftp://host/k?REDACTED is not https: whoever listens would read the file"},
		{"no URL", "https://ho st/k" + query, "the URI https://ho st/k?REDACTED is neither s3://bucket/key nor a URL"},
		{"a bucket alone", "s3://bucket", "the URI s3://bucket is not s3://bucket/key"},
		{"a key alone", "s3:///key", "the URI s3:///key is not s3://bucket/key"},
		{"what was printed", "https://bucket.s3.amazonaws.com/k?REDACTED", "this URI was redacted when it was printed or marshalled: ask for the result again, and pass on string(uri) where the whole is needed"},
		{"what was printed, with user info", "https://REDACTED@s3.amazonaws.com/k", "this URI was redacted when it was printed or marshalled: ask for the result again, and pass on string(uri) where the whole is needed"},
		{"nothing", "", "the result has neither a URI nor an error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := downloadServer(t)
			dir := t.TempDir()
			files, err := server.Client().Download(t.Context(), startJob, dir, downloadURI(tt.uri))
			if err == nil || len(files) != 1 || !strings.HasSuffix(files[0].Err.Error(), ": "+tt.want) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v, want %s", err, tt.want)
			}
			if n, folder := len(server.Requests()), downloadFolder(t, dir); n != 0 || folder != "" {
				t.Errorf("%d requests, folder %q, want none", n, folder)
			}
		})
	}
}

func TestDownloadFaults(t *testing.T) {
	server := downloadServer(t)
	other := downloadURI("s3://b/k")
	_, err := server.Client().Download(t.Context(), snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "d", SnapshotJobID: ""}, "", nil, other, func(o *snapshotjob.DownloadOptions) {
		o.Concurrency, o.Parts, o.MaxAttempts, o.PartSize, o.StallTimeout = -1, -2, -3, -4, -5
		o.ClientOptions = []func(*snapshotjob.Options){nil}
	})
	want := `invalid input: optFns has a nil function at index 0; Concurrency is -1: want a positive value, or 0 for the default; ` +
		`PartSize is -4: want a positive value, or 0 for the default; Parts is -2: want a positive value, or 0 for the default; ` +
		`MaxAttempts is -3: want a positive value, or 0 for the default; StallTimeout is -5ns: want a positive value, or 0 for the default; ` +
		`optFns has a nil function at index 0; SnapshotJobID is empty; dir is empty: want a folder, such as "."; Result is that of 111122223333/sales/daily: want that of 111122223333/d/`
	var invalid *snapshotjob.InvalidInputError
	if !errors.As(err, &invalid) || err.Error() != want {
		t.Errorf("error:\n got %v\nwant %s", err, want)
	}
	var none context.Context
	if _, err := server.Client().Open(none, snapshotjob.ResultFile{URI: "s3://b/k"}); !errors.As(err, &invalid) {
		t.Errorf("err = %v, want an InvalidInputError of the context", err)
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}

func TestDownloadNeverOverwrites(t *testing.T) {
	server := downloadServer(t,
		snapshotjobtest.CSV("sheet-1", "visual").With("1"), snapshotjobtest.CSV("sheet-1", "visual").With("2"),
		snapshotjobtest.CSV("sheet-1", "VISUAL").With("3"), snapshotjobtest.CSV("sheet-1", "vis/al").With("4"), snapshotjobtest.CSV("sheet-1", "vis_al").With("5"),
		snapshotjobtest.PDF("sheet-1").With("6"))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "daily_sheet-1.pdf"), []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "daily_sheet-1-2.pdf")); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Client().Download(t.Context(), startJob, dir); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(dir, "daily_sheet-1-2.pdf"))
	want := "daily_sheet-1-3.pdf=6 daily_sheet-1.pdf=mine daily_sheet-1_VISUAL-3.csv=3 daily_sheet-1_vis_al-2.csv=5 daily_sheet-1_vis_al.csv=4 daily_sheet-1_visual-2.csv=2 daily_sheet-1_visual.csv=1"
	if got := downloadFolder(t, dir); got != want {
		t.Errorf("folder:\n got %q\nwant %q", got, want)
	}
	files, err := server.Client().Download(t.Context(), startJob, dir)
	if err != nil || files[5].Path != filepath.Join(dir, "daily_sheet-1-2.pdf") {
		t.Errorf("a second time: %+v, %v, want the first free name", files, err)
	}
}

func TestDownloadPermissionsAreThoseOfAnyFile(t *testing.T) {
	server := downloadServer(t, snapshotjobtest.PDF("sheet-1"))
	dir := t.TempDir()
	files, err := server.Client().Download(t.Context(), startJob, dir)
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.Create(filepath.Join(dir, "other"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	want, err := other.Stat()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.Stat(files[0].Path)
	if err != nil || got.Mode() != want.Mode() {
		t.Errorf("mode %v, %v, want %v", got.Mode(), err, want.Mode())
	}
}

func TestDownloadIntoNoFolder(t *testing.T) {
	server := downloadServer(t, snapshotjobtest.PDF("sheet-1"))
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below")} {
		_, err := server.Client().Download(t.Context(), startJob, dir)
		var path *os.PathError
		if !errors.As(err, &path) || !strings.HasPrefix(err.Error(), "download of snapshot job 111122223333/sales/daily: ") {
			t.Errorf("err = %v, want a PathError", err)
		}
	}
	if got := downloadFolder(t, filepath.Dir(file)); got != "file=mine" {
		t.Errorf("folder %q, want the file as it was", got)
	}
}

func TestDownloadProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		csv := snapshotjobtest.CSV("sheet-1", "visual-1")
		csv.Size = 300_000
		excel := snapshotjobtest.Excel("sheet-2", "visual-2")
		excel.Size = 1_000_000
		server := downloadServer(t, csv, excel, snapshotjobtest.PDF("sheet-1").With(""))
		var inside atomic.Int32
		last := map[string]int64{}
		_, err := server.Client().Download(t.Context(), startJob, t.TempDir(), func(o *snapshotjob.DownloadOptions) {
			o.PartSize, o.Parts = 50_000, 8
			o.OnProgress = func(p snapshotjob.DownloadProgress) {
				if inside.Add(1) > 1 {
					t.Error("called twice at once")
				}
				runtime.Gosched()
				want := map[string]int64{"daily_sheet-1_visual-1.csv": 300_000, "daily_sheet-2_visual-2.xlsx": 1_000_000}[p.Name]
				if p.Bytes <= last[p.Name] || p.Total != want || p.File.Job != startJob {
					t.Errorf("%s: %d of %d bytes after %d, want more, of %d", p.Name, p.Bytes, p.Total, last[p.Name], want)
				}
				last[p.Name] = p.Bytes
				inside.Add(-1)
			}
		})
		if want := "map[daily_sheet-1_visual-1.csv:300000 daily_sheet-2_visual-2.xlsx:1000000]"; err != nil || fmt.Sprint(last) != want {
			t.Errorf("at the end: %v, %v, want %s", last, err, want)
		}
	})
}

func TestDownloadSendsNoCredentialsWithAPresignedURL(t *testing.T) {
	server := downloadServer(t, snapshotjobtest.PDF("sheet-1").With("0123456789"))
	result, err := server.Client().DescribeDashboardSnapshotJobResult(t.Context(), startJob)
	if err != nil {
		t.Fatal(err)
	}
	server.Fail(downloadGet, snapshotjobtest.CutBody(4))
	var headers []string
	transport := startTransport(func(req *http.Request) (*http.Response, error) {
		for name, values := range req.Header {
			if name != "User-Agent" {
				headers = append(headers, fmt.Sprint(name, values))
			}
		}
		slices.Sort(headers)
		return server.Transport().RoundTrip(req)
	})
	client := snapshotjob.New(snapshotjob.Options{Region: "us-east-1", DownloadTransport: transport,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			t.Error("credentials were asked for")
			return aws.Credentials{}, errors.New("none")
		})})
	for file := range result.Files() {
		r, err := client.Open(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil || string(content) != "0123456789" || r.Close() != nil || r.Close() != nil {
			t.Errorf("content %q, %v, want it whole, and to be closed twice", content, err)
		}
		if _, err := r.Read(make([]byte, 1)); err == nil || err == io.EOF {
			t.Errorf("Read after Close: err = %v, want one", err)
		}
	}
	want := `Accept-Encoding[identity] Accept-Encoding[identity] If-Match["781e5e245d69b566979b86e28d23f2c7"] Range[bytes=4-9]`
	if got := strings.Join(headers, " "); got != want {
		t.Errorf("headers:\n got %s\nwant %s", got, want)
	}
}
