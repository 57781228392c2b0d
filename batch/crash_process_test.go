package batch_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/batch"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// The tests of crash_test.go kill a real process in the middle of a batch. The process is this
// test binary, which runs exportAll instead of the tests if these variables are set.
const (
	endpointVariable = "SNAPSHOTJOB_BATCH_TEST_ENDPOINT" // the URL of the fake
	dirVariable      = "SNAPSHOTJOB_BATCH_TEST_DIR"      // the folder for the files
)

func TestMain(m *testing.M) {
	endpoint := os.Getenv(endpointVariable)
	if endpoint == "" {
		os.Exit(m.Run())
	}
	if err := exportAll(endpoint, os.Getenv(dirVariable)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// exports is how many requests a batch has. Each is for one file.
const exports = 200

// exporterCredentials are those of the process and of its fake.
var exporterCredentials = aws.Credentials{
	AccessKeyID:     "AKIAIOSFODNN7EXAMPLE",
	SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}

// exportAll is the program that is killed. It prints the size of each file as it grows and,
// at the end, the summary.
func exportAll(endpoint, dir string) error {
	out := json.NewEncoder(os.Stdout)
	printSize := func(o *snapshotjob.DownloadOptions) {
		o.OnProgress = func(p snapshotjob.DownloadProgress) {
			out.Encode(exporterLine{Bytes: p.Bytes})
		}
	}
	pollOften := func(o *snapshotjob.WaitOptions) {
		o.MinDelay = 20 * time.Millisecond
		o.MaxDelay = 100 * time.Millisecond
	}
	client := newExporterClient(endpoint)
	summary, err := batch.Run(
		context.Background(),
		client,
		manyRequests(exports),
		batch.Download(client, dir, printSize),
		func(o *batch.Options) {
			o.WaitOptions = append(o.WaitOptions, pollOften)
			o.HandleConcurrency = 1 // One file at a time prints its size.
			// However slow the disk is, the first files are there before the 70th start.
			o.MaxRunning = 30
			o.MaxUnhandled = 16
		},
	)
	if err != nil {
		return err
	}
	return out.Encode(exporterLine{Summary: &summary})
}

// exporterLine is a line of what exportAll prints.
type exporterLine struct {
	Bytes   int64          // of the file that grows
	Summary *batch.Summary // of the last line; nil before
}

// newExporterClient returns a client that makes as many calls a second as it can.
func newExporterClient(endpoint string) *snapshotjob.Client {
	provider := func(context.Context) (aws.Credentials, error) {
		return exporterCredentials, nil
	}
	return snapshotjob.New(snapshotjob.Options{
		Region:       "us-east-1",
		BaseEndpoint: &endpoint,
		Credentials:  aws.CredentialsProviderFunc(provider),
		Limiter:      rate.NewLimiter(rate.Inf, 0),
	})
}

// exporter is a process that runs exportAll.
type exporter struct {
	command *exec.Cmd
	lines   chan exporterLine // that it has printed; closed at its end
	errors  bytes.Buffer      // that it has printed
}

// startExporter starts a process. It ends at the latest with the test.
func startExporter(t *testing.T, server *snapshotjobtest.Server, dir string) *exporter {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	e := &exporter{
		command: exec.CommandContext(t.Context(), program),
		lines:   make(chan exporterLine),
	}
	e.command.Env = append(os.Environ(),
		endpointVariable+"="+server.URL(),
		dirVariable+"="+dir,
	)
	e.command.Stderr = &e.errors
	stdout, err := e.command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, e.command.Start())
	go e.readLines(stdout)
	return e
}

// readLines reads what the process prints, until it ends.
func (e *exporter) readLines(stdout io.Reader) {
	defer close(e.lines)
	scanner := bufio.NewScanner(stdout)
	for scanner.Scan() {
		var line exporterLine
		if json.Unmarshal(scanner.Bytes(), &line) == nil {
			e.lines <- line
		}
	}
}

// finish waits until the process has ended well, and returns its summary.
func (e *exporter) finish(t *testing.T) batch.Summary {
	t.Helper()
	var last exporterLine
	for line := range e.lines {
		last = line
	}
	require.NoError(t, e.command.Wait(), "it printed: %s", &e.errors)
	require.NotNil(t, last.Summary)
	return *last.Summary
}

// waitUntil waits until something has happened that closes reached.
func (e *exporter) waitUntil(t *testing.T, reached <-chan struct{}) {
	t.Helper()
	for {
		select {
		case <-reached:
			return
		case _, isRunning := <-e.lines:
			require.True(t, isRunning, "the process ended by itself: %s", &e.errors)
		}
	}
}

// waitForSize waits until a file has grown to this size.
func (e *exporter) waitForSize(t *testing.T, size int64) {
	t.Helper()
	for line := range e.lines {
		if line.Bytes == size {
			return
		}
	}
	require.Fail(t, "the process ended by itself", "%s", &e.errors)
}

// kill kills the process, and waits for its end.
func (e *exporter) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, e.command.Process.Kill())
	for range e.lines {
		// What it has printed last doesn't matter.
	}
	require.Error(t, e.command.Wait())
}
