package snapshotjobtest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// The whole of the main job, with the real client, over each way to reach the
// server.
func TestClient(t *testing.T) {
	for _, tt := range []struct {
		name  string
		start func(*snapshotjobtest.Server)
	}{
		{"memory", func(*snapshotjobtest.Server) {}},
		{"http", func(s *snapshotjobtest.Server) { s.Start() }},
		{"https", func(s *snapshotjobtest.Server) { s.StartTLS() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
				o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
					return snapshotjobtest.Completed(snapshotjobtest.File{Content: []byte("%PDF")}, snapshotjobtest.File{Content: []byte("a,b\n")})
				}
			})
			tt.start(srv)
			for i, client := range []*snapshotjob.Client{srv.Client(), snapshotjob.NewFromConfig(srv.Config())} {
				job := daily
				job.SnapshotJobID += fmt.Sprint(i)
				in := &snapshotjob.StartDashboardSnapshotJobInput{
					Job:                   job,
					SnapshotConfiguration: snapshotjob.SnapshotConfiguration{FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("s"), snapshotjob.CSV("s", "v")}},
					UserConfiguration:     snapshotjob.AnonymousUser(snapshotjob.SessionTag{Key: "tenant", Value: "42"}),
				}
				if _, err := client.StartDashboardSnapshotJob(t.Context(), in); err != nil {
					t.Fatal(err)
				}
				described, err := client.DescribeDashboardSnapshotJob(t.Context(), job)
				if err != nil || !reflect.DeepEqual(described.SnapshotConfiguration, in.SnapshotConfiguration) {
					t.Errorf("described as %+v, %v", described, err)
				}
				out, err := client.DescribeDashboardSnapshotJobResult(t.Context(), job)
				if err != nil {
					t.Fatal(err)
				}
				var contents []string
				for file := range out.Files() {
					contents = append(contents, read(t, client, file))
				}
				if want := []string{"%PDF", "a,b\n"}; !reflect.DeepEqual(contents, want) {
					t.Errorf("got files %q, want %q", contents, want)
				}
				if err := out.Err(); err != nil {
					t.Error(err)
				}
				schedule := &snapshotjob.StartDashboardSnapshotJobScheduleInput{AWSAccountID: job.AWSAccountID, DashboardID: job.DashboardID, ScheduleID: "nightly"}
				if out, err := client.StartDashboardSnapshotJobSchedule(t.Context(), schedule); err != nil || out.Status != 200 {
					t.Errorf("schedule: %+v, %v", out, err)
				}
			}
		})
	}
}

func read(t *testing.T, client *snapshotjob.Client, file snapshotjob.ResultFile) string {
	t.Helper()
	r, err := client.Open(t.Context(), file)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

// A client's attempts can be told apart.
func TestRequestsOfRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t)
		srv.AddJob(daily, snapshotjobtest.Completed())
		srv.Fail(describeOp, snapshotjobtest.Throttle(), snapshotjobtest.Drop())
		client := srv.Client()
		for range 2 {
			if _, err := client.DescribeDashboardSnapshotJob(t.Context(), daily); err != nil {
				t.Fatal(err)
			}
		}
		requests := srv.Requests()
		var got []string
		for _, r := range requests {
			got = append(got, fmt.Sprint(r.Operation, " ", r.Job, " ", r.Attempt, " ", r.Status, " ", r.InvocationID == requests[0].InvocationID))
		}
		const op = "DescribeDashboardSnapshotJob 111122223333/sales/daily "
		want := []string{op + "1 429 true", op + "2 0 true", op + "3 200 true", op + "1 200 false"}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %q\nwant %q", got, want)
		}
		if requests[0].InvocationID == "" || requests[0].Header.Get("User-Agent") == "" || !requests[1].Time.After(requests[0].Time) {
			t.Errorf("got %+v", requests[0])
		}
	})
}

// net/http sends a GET again when a reused connection breaks: the same attempt,
// and so the same fault, as if the connection had not been used before.
func TestRequestsOfResending(t *testing.T) {
	for _, tt := range []struct {
		name                  string
		maxAttempts, drops    int
		fails                 bool
		requests, lastAttempt int
	}{
		{"one drop", 3, 1, false, 4, 2},
		{"one drop and one attempt", 1, 1, true, 3, 1},
		{"as many drops as attempts", 3, 3, true, 5, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := snapshotjobtest.NewTestServer(t)
			srv.AddJob(daily, snapshotjobtest.Completed())
			srv.Start()
			client := srv.Client(func(o *snapshotjob.Options) {
				o.Retryer = atOnce{retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = tt.maxAttempts })}
			})
			if _, err := client.DescribeDashboardSnapshotJob(t.Context(), daily); err != nil { // now there is a connection to reuse
				t.Fatal(err)
			}
			srv.Fail(describeOp, snapshotjobtest.Drop().Times(tt.drops)...)
			if _, err := client.DescribeDashboardSnapshotJob(t.Context(), daily); (err != nil) != tt.fails {
				t.Errorf("got %v, want an error: %t", err, tt.fails)
			}
			got := srv.Requests()
			if len(got) != tt.requests {
				t.Fatalf("got %d requests, want %d: %+v", len(got), tt.requests, got)
			}
			first, again, last := got[1], got[2], got[len(got)-1]
			if first.InvocationID != again.InvocationID || first.Attempt != 1 || again.Attempt != 1 || first.Fault != "drop" || again.Fault != "drop" {
				t.Errorf("got %+v and %+v, want attempt 1 twice", first, again)
			}
			if last.Attempt != tt.lastAttempt {
				t.Errorf("the last attempt is %d, want %d", last.Attempt, tt.lastAttempt)
			}
		})
	}
}

// atOnce tries again without a pause.
type atOnce struct{ aws.Retryer }

func (atOnce) RetryDelay(int, error) (time.Duration, error) { return 0, nil }

// A client whose credentials expire asks for new ones, and goes on.
func TestClientRenewsCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t)
		srv.AddJob(daily, snapshotjobtest.Completed())
		client := srv.Client()
		for range 3 {
			if _, err := client.DescribeDashboardSnapshotJob(t.Context(), daily); err != nil {
				t.Fatal(err)
			}
			srv.ExpireCredentials()
		}
	})
}

func TestClientUsers(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	srv.AddJob(daily, snapshotjobtest.Completed())
	bob := srv.AddUser("bob")
	_, err := srv.Client(func(o *snapshotjob.Options) { o.Credentials = bob }).DescribeDashboardSnapshotJob(t.Context(), daily)
	if denied := new(snapshotjob.AccessDeniedException); !errors.As(err, &denied) {
		t.Errorf("got %v, want an AccessDeniedException", err)
	}
}

// A file that changes, breaks off or goes bad on the way arrives whole.
func TestClientDownloadFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		content := strings.Repeat("0123456789", 30_000)
		srv := snapshotjobtest.NewTestServer(t)
		life := snapshotjobtest.Completed(snapshotjobtest.CSV("s", "v").With(content))
		life.Destination = &snapshotjob.S3BucketConfiguration{BucketName: "reports", BucketPrefix: "p"}
		srv.AddJob(daily, life)
		srv.Fail(snapshotjobtest.GetObject, snapshotjobtest.Throttle(), snapshotjobtest.CutBody(70_000), snapshotjobtest.Drop(), snapshotjobtest.StallBody(1000, 0))
		client := srv.Client()
		out, err := client.DescribeDashboardSnapshotJobResult(t.Context(), daily)
		if err != nil {
			t.Fatal(err)
		}
		for file := range out.Files() {
			if got := read(t, client, file); got != content {
				t.Errorf("got %d bytes, want %d", len(got), len(content))
			}
			srv.Fail(snapshotjobtest.GetObject, snapshotjobtest.Corrupt())
			r, err := client.Open(t.Context(), file)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, r); !errors.Is(err, snapshotjob.ErrChecksum) {
				t.Errorf("a corrupt file: got %v, want ErrChecksum", err)
			}
			r.Close()
		}
	})
}

// A test that ends on the server's goroutine, where it may not, makes no answer.
func TestClientOfGoexit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
			o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
				runtime.Goexit() // as FailNow does
				return snapshotjobtest.Life{}
			}
		})
		srv.Fail(describeOp, snapshotjobtest.NewFault("exit", func(http.Handler) http.Handler {
			return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runtime.Goexit() })
		}))
		for _, r := range []raw{post(jobs, goodStart), get(jobPath)} {
			if resp, err := srv.HTTPClient().Do(r.request(t)); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%s: got %v, %v, want a connection reset", r.method, resp, err)
			}
		}
	})
}

func TestMaxRequests(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) { o.MaxRequests = 2 })
	for i := range 4 {
		get(jobs+"/"+fmt.Sprint(i)).send(t, srv)
	}
	got := srv.Requests()
	if len(got) != 2 || got[0].Job.SnapshotJobID != "2" || got[1].Job.SnapshotJobID != "3" {
		t.Errorf("got %+v, want the last two", got)
	}
}

func TestConcurrentUse(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		o.RequestsPerSecond, o.MaxRunningJobs = -1, -1
		o.Life = snapshotjobtest.Distribution{Seed: 1}.Life
	})
	client := srv.Client()
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			job := snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: fmt.Sprint("d", i%5), SnapshotJobID: fmt.Sprint("j", i)}
			_, err := client.StartDashboardSnapshotJob(context.Background(), &snapshotjob.StartDashboardSnapshotJobInput{
				Job: job, UserConfiguration: snapshotjob.AnonymousUser(),
				SnapshotConfiguration: snapshotjob.SnapshotConfiguration{FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("s")}},
			})
			if err != nil {
				t.Error(err)
				return
			}
			out, err := client.DescribeDashboardSnapshotJobResult(context.Background(), job)
			if err != nil {
				t.Error(err)
				return
			}
			for file := range out.Files() {
				if r, err := client.Open(context.Background(), file); err != nil {
					t.Error(err)
				} else if _, err := io.Copy(io.Discard, r); err != nil || r.Close() != nil {
					t.Error(err)
				}
			}
			srv.AddJob(job, snapshotjobtest.Completed(snapshotjobtest.PDF("s")))
			srv.ReplaceFile(job, 0, []byte("x"))
			srv.Requests()
			srv.Unused()
			if i == 25 { // once: a call renews its credentials no more often
				srv.ExpireCredentials()
			}
		})
	}
	wg.Wait()
}

func TestLifecycle(t *testing.T) {
	srv := snapshotjobtest.NewServer()
	if srv.URL() != "" {
		t.Errorf("URL is %q before Start", srv.URL())
	}
	url := srv.Start()
	if srv.URL() != url || !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Errorf("Start returns %q, URL %q", url, srv.URL())
	}
	srv.AddJob(daily, snapshotjobtest.Completed())
	stalls := make(chan struct{})
	srv.Fail(describeOp, snapshotjobtest.NewFault("stall", func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(stalls)
			<-r.Context().Done() // Close must not wait for the client
		})
	}))
	done := make(chan error)
	go func() {
		_, err := srv.HTTPClient().Do(raw{method: "GET", url: url + jobPath}.request(t))
		done <- err
	}()
	<-stalls
	srv.Close()
	srv.Close()
	if err := <-done; err == nil {
		t.Error("a request that stalled was answered")
	}
	if url := srv.StartTLS(); !strings.HasPrefix(url, "https://") {
		t.Errorf("StartTLS returns %q", url)
	}
	srv.Close()
	get(jobPath).send(t, srv).want(t, 200, "") // in memory it goes on
}

// The server is a handler: it serves wherever it is put, and the files' URLs
// lead back there.
func TestHandlerElsewhere(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	srv.AddJob(daily, snapshotjobtest.Completed(snapshotjobtest.CSV("s", "v").With("a")))
	uri := raw{method: "GET", url: "http://fake.internal:8080" + result}.send(t, srv).uris(t)[0]
	if !strings.HasPrefix(uri, "http://fake.internal:8080/") {
		t.Errorf("got %s", uri)
	}
	if got := plain(t, srv, uri, nil); got.body != "a" {
		t.Errorf("got %d %s", got.status, got.body)
	}
	var _ http.Handler = srv
}

func TestDistribution(t *testing.T) {
	d := snapshotjobtest.Distribution{Seed: 7, Queued: 2 * time.Second, Running: time.Minute, Failed: 0.2, FileFailed: 0.1, Size: 1000}
	id := func(i int) snapshotjob.Job {
		return snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "d", SnapshotJobID: fmt.Sprint(i)}
	}
	const n = 10_000
	var failed, below, files, fileFailed int
	for i := range n {
		life := d.Life(id(i))
		if !reflect.DeepEqual(life, d.Life(id(i))) {
			t.Fatal("a job's life differs from one draw to the next")
		}
		if life.Running < time.Minute {
			below++
		}
		if life.Running > 20*time.Minute || life.Queued > 40*time.Second || life.Queued < 0 {
			t.Errorf("an outlier: %v, %v", life.Queued, life.Running)
		}
		if life.ErrorType != "" {
			failed++
		}
		for _, f := range life.Files {
			files++
			if len(f.Errors) > 0 {
				fileFailed++
			}
		}
	}
	for name, share := range map[string][2]float64{
		"failed":           {float64(failed) / n, 0.2},
		"below the median": {float64(below) / n, 0.5},
		"files failed":     {float64(fileFailed) / float64(files), 0.1},
	} {
		if got, want := share[0], share[1]; got < want-0.02 || got > want+0.02 {
			t.Errorf("%s: got %.3f, want %.3f", name, got, want)
		}
	}
	srv := snapshotjobtest.NewTestServer(t)
	srv.AddJob(daily, snapshotjobtest.Distribution{Size: 10}.Life(daily))
	out, err := srv.Client().DescribeDashboardSnapshotJobResult(t.Context(), daily)
	if err != nil {
		t.Fatal(err)
	}
	formats := map[snapshotjob.SnapshotFileFormatType]int{}
	for file := range out.Files() {
		formats[file.Format]++
		if len(file.Sheets) != 1 {
			t.Errorf("a file has %d sheets", len(file.Sheets))
		}
	}
	if want := (map[snapshotjob.SnapshotFileFormatType]int{"PDF": 1, "EXCEL": 1, "CSV": 5}); !reflect.DeepEqual(formats, want) {
		t.Errorf("a job that is added has %v, want %v", formats, want)
	}
	if other := (snapshotjobtest.Distribution{Seed: 8, Running: time.Minute}); other.Life(id(1)).Running == d.Life(id(1)).Running {
		t.Error("the seed makes no difference")
	}
	if life := (snapshotjobtest.Distribution{}).Life(id(1)); life.Queued+life.Running != 0 {
		t.Errorf("the zero value's jobs take %v", life.Queued+life.Running)
	}
}

// Two servers with one seed say the same.
func TestSeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		say := func(seed uint64) []byte {
			srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) { o.Seed = seed })
			srv.AddJob(daily, snapshotjobtest.Completed(snapshotjobtest.PDF("s")))
			got := get(result).send(t, srv)
			return []byte(got.body + plain(t, srv, got.uris(t)[0], nil).body)
		}
		if !bytes.Equal(say(1), say(1)) || bytes.Equal(say(1), say(2)) {
			t.Error("the seed doesn't decide")
		}
	})
}

// Files in the caller's bucket are the server's too, whichever way it is reached.
func TestClientBucket(t *testing.T) {
	for name, start := range map[string]func(*snapshotjobtest.Server) string{
		"memory": (*snapshotjobtest.Server).URL, "http": (*snapshotjobtest.Server).Start, "https": (*snapshotjobtest.Server).StartTLS,
	} {
		t.Run(name, func(t *testing.T) {
			srv := snapshotjobtest.NewTestServer(t)
			start(srv)
			life := snapshotjobtest.Completed(snapshotjobtest.CSV("s", "v").With("content"))
			life.Destination = &snapshotjob.S3BucketConfiguration{BucketName: "reports", BucketPrefix: "p q"}
			srv.AddJob(daily, life)
			client := srv.Client()
			out, err := client.DescribeDashboardSnapshotJobResult(t.Context(), daily)
			if err != nil {
				t.Fatal(err)
			}
			for file := range out.Files() {
				if got := read(t, client, file); got != "content" {
					t.Errorf("got %q", got)
				}
			}
		})
	}
}
