package batch_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// crashServer is a fake that outlives the processes which use it.
type crashServer struct {
	*snapshotjobtest.Server
	starts atomic.Int64    // that were accepted
	stops  map[int64]*stop // by the number of the start; does not change
	ended  <-chan struct{} // closed when the test has ended
}

// stop is a start at which the process is killed. The start gets no response before.
type stop struct {
	reached chan struct{}
	killed  chan struct{}
}

// wait waits until the process has been killed, or the test has ended before.
func (s *stop) wait(ended <-chan struct{}) {
	select {
	case <-s.killed:
	case <-ended:
	}
}

// newCrashServer returns a server whose jobs take a twentieth of a second. It holds up the
// starts of these numbers.
func newCrashServer(t *testing.T, stopAt ...int64) *crashServer {
	t.Helper()
	s := &crashServer{
		stops: map[int64]*stop{},
		ended: t.Context().Done(),
	}
	for _, number := range stopAt {
		s.stops[number] = &stop{
			reached: make(chan struct{}),
			killed:  make(chan struct{}),
		}
	}
	s.Server = snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		o.Credentials = exporterCredentials
		o.Life = s.life
		o.RequestsPerSecond = -1
		o.MaxRunningJobs = 20
	})
	s.Start()
	return s
}

// life returns the life of a job, which makes one file.
func (s *crashServer) life(job snapshotjob.Job) snapshotjobtest.Life {
	if stop := s.stops[s.starts.Add(1)]; stop != nil {
		close(stop.reached)
		stop.wait(s.ended)
	}
	file := snapshotjobtest.PDF("overview").With(fileContent(job.SnapshotJobID))
	return snapshotjobtest.Completed(file).After(10*time.Millisecond, 40*time.Millisecond)
}

// fileSize is the size of a file in bytes.
const fileSize = 100_000

// fileContent returns what the file of a job holds: its id, many times over.
func fileContent(id string) string {
	return strings.Repeat(id+"\n", fileSize)[:fileSize]
}

// killedAt runs a process, and kills it at the start of this number, at which the server
// stops.
func (s *crashServer) killedAt(t *testing.T, dir string, number int64) {
	t.Helper()
	stop := s.stops[number]
	process := startExporter(t, s.Server, dir)
	process.waitUntil(t, stop.reached)
	process.kill(t)
	close(stop.killed)
}

// successes returns how many calls of an operation had a response with status 200, for
// each job.
func (s *crashServer) successes(operation snapshotjobtest.Operation) map[string]int {
	count := map[string]int{}
	for _, request := range s.Requests() {
		if request.Operation == operation && request.Status == 200 {
			count[request.Job.SnapshotJobID]++
		}
	}
	return count
}

// assertInTheMiddle fails the test unless the process that was killed had some files, but
// not all, and jobs whose end it had not seen.
func (s *crashServer) assertInTheMiddle(t *testing.T, dir string) {
	t.Helper()
	files := namedFiles(t, dir)
	assert.NotEmpty(t, files)
	assert.Less(t, len(files), exports)
	started := s.starts.Load()
	assert.Less(t, started, int64(exports))
	seen := s.successes(snapshotjobtest.DescribeDashboardSnapshotJobResult)
	assert.Greater(t, started, int64(len(seen)), "no job is under way")
}

// assertAllOnce fails the test unless the service has accepted each job once, and each
// file is there, whole.
func (s *crashServer) assertAllOnce(t *testing.T, dir string) {
	t.Helper()
	assert.Equal(t, int64(exports), s.starts.Load(), "jobs that the service has run")
	files := namedFiles(t, dir)
	accepted := s.successes(snapshotjobtest.StartDashboardSnapshotJob)
	for request := range manyRequests(exports) {
		id := request.Job.SnapshotJobID
		assert.Equal(t, 1, accepted[id], "starts of %s that were accepted", id)
		assert.Equal(t, id, files[id+"_overview.pdf"], "the job whose whole file has the name")
	}
	assert.Len(t, accepted, exports)
	assert.Len(t, files, exports)
}

// namedFiles returns the files that have got their names, and for each one the id of the
// job whose content it has. The id is "" if the file is not whole.
func namedFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue // It is the temporary file of a process that was killed.
		}
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		require.NoError(t, err)
		files[entry.Name()] = jobOfContent(string(content))
	}
	return files
}

// jobOfContent returns the id of the job whose file has this content, or "" if there is none.
func jobOfContent(content string) string {
	id, _, _ := strings.Cut(content, "\n")
	if content != fileContent(id) {
		return ""
	}
	return id
}

func TestRunAfterKill(t *testing.T) {
	t.Parallel() // It waits most of the time.
	const killAt = 100
	dir := t.TempDir()
	server := newCrashServer(t, killAt)
	server.killedAt(t, dir, killAt)
	server.assertInTheMiddle(t, dir)

	summary := startExporter(t, server.Server, dir).finish(t)
	server.assertAllOnce(t, dir)
	assert.Equal(t, exports, summary.Completed)
	assert.Equal(t, killAt, summary.Adopted)
	assert.Equal(t, exports-killAt, summary.Started)
}

func TestRunAfterTwoKills(t *testing.T) {
	t.Parallel() // It waits most of the time.
	const (
		firstKill  = 70
		secondKill = 140
	)
	dir := t.TempDir()
	server := newCrashServer(t, firstKill, secondKill)
	server.killedAt(t, dir, firstKill)
	server.assertInTheMiddle(t, dir)
	server.killedAt(t, dir, secondKill)
	server.assertInTheMiddle(t, dir)

	summary := startExporter(t, server.Server, dir).finish(t)
	server.assertAllOnce(t, dir)
	assert.Equal(t, secondKill, summary.Adopted)
	assert.Equal(t, exports-secondKill, summary.Started)
}

// The first 20 files come whole. The next one stops in its middle, until the process is
// killed.
func TestRunAfterKillInTheMiddleOfAFile(t *testing.T) {
	t.Parallel() // It waits most of the time.
	const (
		wholeBefore = 20
		half        = 33_333
	)
	dir := t.TempDir()
	server := newCrashServer(t)
	server.Fail(snapshotjobtest.GetObject, snapshotjobtest.Pass().Times(wholeBefore)...)
	server.Fail(snapshotjobtest.GetObject, snapshotjobtest.StallBody(half, 0))
	process := startExporter(t, server.Server, dir)
	process.waitForSize(t, half)
	process.kill(t)
	assert.Len(t, namedFiles(t, dir), wholeBefore)
	assert.Less(t, server.starts.Load(), int64(exports))
	leftBehind := temporaryFile(t, dir)
	info, err := os.Stat(leftBehind)
	require.NoError(t, err)
	assert.Equal(t, int64(half), info.Size())

	// A later night removes what the killed process has left.
	yesterday := time.Now().Add(-24 * time.Hour)
	require.NoError(t, os.Chtimes(leftBehind, yesterday, yesterday))
	startExporter(t, server.Server, dir).finish(t)
	server.assertAllOnce(t, dir)
	assert.NoFileExists(t, leftBehind)
}

// temporaryFile returns the path of the only temporary file.
func temporaryFile(t *testing.T, dir string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, ".snapshotjob-*"))
	require.NoError(t, err)
	require.Len(t, paths, 1)
	return paths[0]
}
