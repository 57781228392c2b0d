// Downloadbench fetches one large object over loopback with this repository's
// client, with the official transfer manager and with curl, in turns, and prints
// a markdown table of the medians:
//
//	cd conformance && go run ./downloadbench -size 1024 -rounds 5 -dir /tmp
//
// Every fetch is a process of its own, so that its memory can be told, on Linux.
// What a client had before it began to fetch is its idle memory. curl's is not told.
// snapshotjob makes the file last (fsync) and gives it its name only when it is
// whole, as neither of the others does: the transfer manager is also measured with
// an fsync after it.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/quicksight-go/snapshotjob"
)

var (
	size   = flag.Int64("size", 1024, "of the object, in MiB")
	rounds = flag.Int("rounds", 5, "how often each client fetches it")
	dir    = flag.String("dir", os.TempDir(), "where the files go")
	client = flag.String("client", "", "fetch once with this client, and report in JSON")
	url    = flag.String("url", "", "of the server")
	serve  = flag.Bool("serve", false, "be the server")
)

func main() {
	log.SetFlags(0)
	flag.Parse()
	switch {
	case *serve:
		log.Fatal(runServer())
	case *client != "":
		if err := fetchOnce(); err != nil {
			log.Fatal(err)
		}
	default:
		if err := compare(); err != nil {
			log.Fatal(err)
		}
	}
}

const synced = "transfermanager and fsync"

// object is as large as it has to be, and takes no memory.
type object struct{}

var pattern = bytes.Repeat([]byte("snapshotjob,"), 1<<16)

func (object) ReadAt(p []byte, at int64) (int, error) {
	for n := 0; n < len(p); {
		n += copy(p[n:], pattern[(at+int64(n))%int64(len(pattern)):])
	}
	return len(p), nil
}

func runServer() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	return http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"bench"`)
		http.ServeContent(w, r, "object.bin", time.Unix(1, 0), io.NewSectionReader(object{}, 0, *size<<20))
	}))
}

// report is what one fetch took.
type report struct {
	Seconds    float64
	Idle, Peak int64 // KiB
}

func compare() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	server := exec.Command(self, "-serve", fmt.Sprint("-size=", *size))
	stdin, err := server.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	defer func() { stdin.Close(); server.Wait() }()
	var address string
	if _, err := fmt.Fscanln(stdout, &address); err != nil {
		return err
	}
	clients := []string{"curl", "transfermanager", synced, "snapshotjob"}
	all := map[string][]report{}
	for range *rounds {
		for _, name := range clients {
			r, err := fetch(self, name, address)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			all[name] = append(all[name], r)
		}
	}
	fmt.Printf("%d MiB over loopback, medians of %d\n\n| | MiB/s | peak memory | above idle |\n| --- | ---: | ---: | ---: |\n", *size, *rounds)
	for _, name := range clients {
		figure := func(of func(report) float64) float64 {
			var values []float64
			for _, r := range all[name] {
				values = append(values, of(r))
			}
			slices.Sort(values)
			return values[len(values)/2]
		}
		memory := "– | –"
		if name != "curl" {
			memory = fmt.Sprintf("%.1f MiB | %.1f MiB", figure(func(r report) float64 { return float64(r.Peak) / 1024 }),
				figure(func(r report) float64 { return float64(r.Peak-r.Idle) / 1024 }))
		}
		fmt.Printf("| %s | %.0f | %s |\n", name, figure(func(r report) float64 { return float64(*size) / r.Seconds }), memory)
	}
	return nil
}

func fetch(self, name, address string) (r report, err error) {
	into, err := os.MkdirTemp(*dir, "downloadbench-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(into)
	if name == "curl" {
		cmd := exec.Command("curl", "--silent", "--show-error", "--fail", "--output", filepath.Join(into, "object.bin"), address+"/bucket/object.bin")
		start := time.Now()
		out, err := cmd.CombinedOutput()
		if err != nil {
			return r, fmt.Errorf("%w: %s", err, out)
		}
		return report{Seconds: time.Since(start).Seconds()}, nil
	}
	out, err := exec.Command(self, "-client", name, "-url", address, "-dir", into, fmt.Sprint("-size=", *size)).Output()
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(out, &r)
}

var credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}, nil
})

// fetchOnce fetches the object in this process, from the signed request to the
// file.
func fetchOnce() error {
	ctx := context.Background()
	var r report
	var err error
	switch *client {
	case "snapshotjob":
		job := snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "bench", SnapshotJobID: "bench"}
		result := &snapshotjob.DescribeDashboardSnapshotJobResultOutput{
			Job: job, JobStatus: snapshotjob.SnapshotJobStatusCompleted,
			Result: snapshotjob.SnapshotJobResult{AnonymousUsers: []snapshotjob.AnonymousUserSnapshotJobResult{{FileGroups: []snapshotjob.SnapshotJobResultFileGroup{
				{S3Results: []snapshotjob.SnapshotJobS3Result{{S3URI: "s3://bucket/object.bin"}}},
			}}}},
		}
		c := snapshotjob.New(snapshotjob.Options{Region: "us-east-1", Credentials: credentials, S3BaseEndpoint: url})
		r, err = measure(func() error {
			_, err := c.Download(ctx, job, *dir, func(o *snapshotjob.DownloadOptions) { o.Result = result })
			return err
		})
	case "transfermanager", synced:
		c := transfermanager.New(s3.New(s3.Options{Region: "us-east-1", Credentials: credentials, BaseEndpoint: url, UsePathStyle: true}))
		r, err = measure(func() error {
			file, err := os.Create(filepath.Join(*dir, "object.bin"))
			if err != nil {
				return err
			}
			defer file.Close()
			_, err = c.DownloadObject(ctx, &transfermanager.DownloadObjectInput{Bucket: aws.String("bucket"), Key: aws.String("object.bin"), WriterAt: file})
			if err == nil && *client == synced {
				err = file.Sync()
			}
			return err
		})
	default:
		err = fmt.Errorf("there is no client %q", *client)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

func measure(fetch func() error) (r report, err error) {
	r.Idle = peakMemory()
	start := time.Now()
	err = fetch()
	r.Seconds = time.Since(start).Seconds()
	r.Peak = peakMemory()
	files, globErr := filepath.Glob(filepath.Join(*dir, "*"))
	if err == nil && globErr == nil && len(files) != 1 {
		err = fmt.Errorf("want one file, got %v", files)
	}
	if err == nil {
		var info os.FileInfo
		if info, err = os.Stat(files[0]); err == nil && info.Size() != *size<<20 {
			err = fmt.Errorf("want %d bytes, got %d", *size<<20, info.Size())
		}
	}
	return r, err
}

// peakMemory is this process's largest resident set so far, in KiB, as Linux
// tells it. (The kernel's figure for a finished child also counts what its
// parent had before the exec.)
func peakMemory() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		log.Fatal(err)
	}
	_, line, _ := strings.Cut(string(status), "VmHWM:")
	var kib int64
	if _, err := fmt.Sscan(line, &kib); err != nil {
		log.Fatal(err)
	}
	return kib
}
