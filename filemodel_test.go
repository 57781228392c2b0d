package snapshotjob_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/quicksight-go/snapshotjob"
)

var (
	modelSequences = flag.Int("sequences", 3000, "how many sequences of responses TestFileModel runs")
	modelSeed      = flag.Uint64("seed", 0, "of TestFileModel's sequences; 0: another one each time")
	modelSequence  = flag.Int("sequence", -1, "the only sequence that TestFileModel runs, and prints; -1: all")
)

// TestFileModel reads files from a server whose every response is drawn at random, and compares what
// comes out with a model of what may come out. Half of the servers are honest: they break connections,
// let URLs expire and replace the file, but no more often than a client puts up with, so that the file
// must come out. The others lie as well: then a file comes out that was sent as a whole, or an error.
func TestFileModel(t *testing.T) {
	seed := *modelSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	if *modelSequence >= 0 {
		newModelRun(seed, *modelSequence).check(t, modelFolder(t), true)
		return
	}
	t.Logf("run again with: go test -run TestFileModel -seed %d -sequences %d .", seed, *modelSequences)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		dir := modelFolder(t)
		workers.Go(func() {
			for !t.Failed() {
				number := int(next.Add(1)) - 1
				if number >= *modelSequences {
					return
				}
				newModelRun(seed, number).check(t, dir, false)
			}
		})
	}
	workers.Wait()
}

// modelFolder returns an empty folder, if possible in memory, where it takes no time to sync files.
func modelFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "snapshotjob-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// modelRun is one sequence of responses, and what reads a file from them.
type modelRun struct {
	seed   uint64
	number int
	server *modelServer
	random *rand.Rand

	isDownload  bool // or else the file is opened
	maxAttempts int
	partSize    int64 // 0: one stream
	parts       int
}

func newModelRun(seed uint64, number int) *modelRun {
	random := rand.New(rand.NewPCG(seed, uint64(number)))
	run := &modelRun{
		seed:        seed,
		number:      number,
		random:      random,
		isDownload:  random.IntN(2) == 0,
		maxAttempts: 1 + random.IntN(5),
		parts:       1,
	}
	if run.isDownload && random.IntN(2) == 0 {
		run.partSize = 1 + random.Int64N(40)
		run.parts = 1 + random.IntN(3)
	}
	run.server = newModelServer(run)
	return run
}

// maxModelRequests is how many requests a file may cost, whatever its server does.
const maxModelRequests = 4000

// check reads the file, and compares what comes out with the model.
func (r *modelRun) check(t *testing.T, dir string, print bool) {
	defer func() {
		if value := recover(); value != nil {
			t.Errorf("panic: %v%s", value, r.describe())
		}
	}()
	content, err := r.read(dir)
	if print {
		t.Logf("error %v, content %q%s", err, content, r.describe())
	}
	if err != nil && r.server.mustSucceed() {
		t.Errorf("the server was honest, and the error is %v%s", err, r.describe())
	}
	if err == nil && !r.server.mayComeOut(content) {
		t.Errorf("nobody sent the file %q%s", content, r.describe())
	}
	if requests := len(r.server.trace); requests > maxModelRequests {
		t.Errorf("%d requests%s", requests, r.describe())
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("error %v, left in the folder: %v%s", err, entries, r.describe())
	}
}

// describe tells what happened, and how to make it happen again.
func (r *modelRun) describe() string {
	trace := r.server.trace
	if shown := 100; len(trace) > shown {
		trace = append(slices.Clone(trace[:shown]), "...")
	}
	command := fmt.Sprintf("go test -run TestFileModel -seed %d -sequence %d .", r.seed, r.number)
	options := fmt.Sprintf("download: %v, attempts: %d, part size: %d, parts: %d, server: %+v",
		r.isDownload, r.maxAttempts, r.partSize, r.parts, r.server.style)
	return "\n" + command + "\n" + options + "\n" + strings.Join(trace, "\n")
}

// read returns the file that comes out.
func (r *modelRun) read(dir string) (string, error) {
	client := startClient(&resultServer{}, func(o *snapshotjob.Options) {
		o.DownloadTransport = r.server
		o.Retryer = withoutDelays
	})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if r.isDownload {
		return r.readByDownload(ctx, client, dir)
	}
	return r.readByOpen(ctx, client)
}

// withoutDelays is a retryer that tries again at once.
var withoutDelays = retry.NewStandard(func(o *retry.StandardOptions) {
	o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
})

func (r *modelRun) set(o *snapshotjob.DownloadOptions) {
	o.MaxAttempts = r.maxAttempts
	o.PartSize = r.partSize
	o.Parts = r.parts
}

func (r *modelRun) readByOpen(ctx context.Context, client *snapshotjob.Client) (string, error) {
	file := snapshotjob.ResultFile{Job: dailyJob, URI: objectURI}
	reader, err := client.Open(ctx, file, r.set)
	if err != nil {
		return "", err
	}
	defer reader.Close()
	var content bytes.Buffer
	buffer := make([]byte, 1+r.random.IntN(100))
	for {
		n, err := reader.Read(buffer[:1+r.random.IntN(len(buffer))])
		content.Write(buffer[:n])
		if err == io.EOF {
			return content.String(), checkModelSize(reader.Size(), content.Len())
		}
		if err != nil {
			return "", err
		}
	}
}

func (r *modelRun) readByDownload(ctx context.Context, client *snapshotjob.Client, dir string) (string, error) {
	files, err := client.Download(ctx, dailyJob, dir, r.set, downloadURI(objectURI))
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, objectName)
	if files[0].Path != path {
		return "", fmt.Errorf("the file's path is %s, want %s", files[0].Path, path)
	}
	defer os.Remove(path)
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return string(content), checkModelSize(files[0].Size, len(content))
}

// checkModelSize returns an error if another size was told than was read.
func checkModelSize(told int64, read int) error {
	if told >= 0 && told != int64(read) {
		return fmt.Errorf("the size is said to be %d, and %d bytes were read", told, read)
	}
	return nil
}
