package snapshotjob_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// existing sets what Download does with files that the folder has.
func existing(e snapshotjob.Existing) func(*snapshotjob.DownloadOptions) {
	return func(o *snapshotjob.DownloadOptions) {
		o.Existing = e
	}
}

// folderWith returns a folder with a file of the name that the server's file is to get.
func folderWith(t *testing.T, content string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, objectName), []byte(content), 0o666))
	return dir
}

func TestDownloadReplacesExistingFiles(t *testing.T) {
	for _, e := range []snapshotjob.Existing{snapshotjob.ReplaceExisting, snapshotjob.KeepExisting} {
		server := newObjectServer("0123456789")
		dir := folderWith(t, "of another size")
		files, err := server.client().Download(t.Context(), dailyJob, dir, existing(e))
		require.NoError(t, err)
		require.Len(t, files, 1)
		assert.Equal(t, filepath.Join(dir, objectName), files[0].Path)
		assert.False(t, files[0].Kept)
		assert.Equal(t, map[string]string{objectName: "0123456789"}, downloadFolder(t, dir))
	}
}

func TestDownloadReplacesNothingIfItFails(t *testing.T) {
	for _, e := range []snapshotjob.Existing{snapshotjob.ReplaceExisting, snapshotjob.KeepExisting} {
		server := newObjectServer("0123456789")
		server.change = func(number int, response *http.Response) (*http.Response, error) {
			if number == 1 {
				return brokenAfter(response, 5), nil
			}
			return &http.Response{StatusCode: 404}, nil
		}
		dir := folderWith(t, "mine")
		_, err := server.client().Download(t.Context(), dailyJob, dir, existing(e))
		assert.ErrorContains(t, err, "StatusCode: 404")
		assert.Equal(t, map[string]string{objectName: "mine"}, downloadFolder(t, dir))
	}
}

func TestDownloadReplacesNoFolder(t *testing.T) {
	for _, e := range []snapshotjob.Existing{snapshotjob.ReplaceExisting, snapshotjob.KeepExisting} {
		dir := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(dir, objectName), 0o777))
		files, err := newObjectServer("0123456789").client().Download(t.Context(), dailyJob, dir, existing(e))
		assert.ErrorContains(t, err, filepath.Join(dir, objectName)+" is a folder: move it away")
		require.Len(t, files, 1)
		assert.Empty(t, files[0].Path)
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		assert.Len(t, entries, 1, "no temporary file")
	}
}

func TestDownloadKeepsAFileOfTheSize(t *testing.T) {
	for name, partSize := range map[string]int64{"one stream": 0, "parts": 3} {
		t.Run(name, func(t *testing.T) {
			server := newObjectServer("0123456789")
			dir := folderWith(t, "ten bytes.")
			set := func(o *snapshotjob.DownloadOptions) {
				o.Existing = snapshotjob.KeepExisting
				o.PartSize = partSize
			}
			files, err := server.client().Download(t.Context(), dailyJob, dir, set)
			require.NoError(t, err)
			require.Len(t, files, 1)
			assert.True(t, files[0].Kept)
			assert.Equal(t, filepath.Join(dir, objectName), files[0].Path)
			assert.EqualValues(t, 10, files[0].Size)
			assert.Equal(t, map[string]string{objectName: "ten bytes."}, downloadFolder(t, dir))
			assert.Zero(t, server.read(), "the object was not fetched")
		})
	}
}

func TestDownloadKeepsAFileOfASizeThatIsKnownAtTheEnd(t *testing.T) {
	server := newObjectServer("0123456789")
	server.change = func(_ int, response *http.Response) (*http.Response, error) {
		response.ContentLength = -1
		return response, nil
	}
	dir := folderWith(t, "ten bytes.")
	files, err := server.client().Download(t.Context(), dailyJob, dir, existing(snapshotjob.KeepExisting))
	require.NoError(t, err)
	require.Len(t, files, 1)
	assert.True(t, files[0].Kept)
	assert.Equal(t, map[string]string{objectName: "ten bytes."}, downloadFolder(t, dir))
}

func TestDownloadKeepsNoLink(t *testing.T) {
	dir := t.TempDir()
	elsewhere := folderWith(t, "ten bytes.")
	link := filepath.Join(dir, objectName)
	require.NoError(t, os.Symlink(filepath.Join(elsewhere, objectName), link))
	keep := existing(snapshotjob.KeepExisting)
	files, err := newObjectServer("0123456789").client().Download(t.Context(), dailyJob, dir, keep)
	require.NoError(t, err)
	require.Len(t, files, 1)
	assert.False(t, files[0].Kept)
	assert.Equal(t, map[string]string{objectName: "0123456789"}, downloadFolder(t, dir))
	assert.Equal(t, map[string]string{objectName: "ten bytes."}, downloadFolder(t, elsewhere))
}

// Files of one name in a job have other names each, also where those replace files.
func TestDownloadReplacesFilesOfOneName(t *testing.T) {
	inBubble(t, "twice", func(t *testing.T) {
		server := downloadServer(t, sevenFiles("whole")...)
		client := server.Client()
		dir := t.TempDir()
		for range 2 {
			_, err := client.Download(t.Context(), dailyJob, dir, existing(snapshotjob.ReplaceExisting))
			require.NoError(t, err)
		}
		assert.Len(t, downloadFolder(t, dir), 7)
	})
}

func TestDownloadRefusesAnUnknownExisting(t *testing.T) {
	server := newObjectServer("")
	for _, e := range []snapshotjob.Existing{-1, 3} {
		_, err := server.client().Download(t.Context(), dailyJob, t.TempDir(), existing(e))
		want := fmt.Sprintf("invalid input: Existing is %d: "+
			"want NumberExisting, ReplaceExisting or KeepExisting", e)
		assert.EqualError(t, err, want)
	}
	assert.Empty(t, server.requests)
}

// killedDir is the environment variable that makes a process download into its folder for ever.
const killedDir = "SNAPSHOTJOB_TEST_KILLED_DIR"

// TestDownloadUntilKilled is the process that TestDownloadRemovesWhatAKilledProcessLeft kills.
func TestDownloadUntilKilled(t *testing.T) {
	dir := os.Getenv(killedDir)
	if dir == "" {
		t.Skip("TestDownloadRemovesWhatAKilledProcessLeft runs this in a process of its own")
	}
	server := newObjectServer("0123456789")
	server.change = func(_ int, response *http.Response) (*http.Response, error) {
		response.Body = io.NopCloser(io.MultiReader(io.LimitReader(response.Body, 5), newBlockedReader(t.Context())))
		return response, nil
	}
	server.client().Download(context.Background(), dailyJob, dir, func(o *snapshotjob.DownloadOptions) {
		o.StallTimeout = time.Hour
		o.OnProgress = func(snapshotjob.DownloadProgress) { fmt.Println("some bytes are there") }
	})
}

// killDownload lets a process download into a folder, and kills it.
func killDownload(t *testing.T, dir string) {
	t.Helper()
	process := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDownloadUntilKilled$")
	process.Env = append(os.Environ(), killedDir+"="+dir)
	output, err := process.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, process.Start())
	line, err := bufio.NewReader(output).ReadString('\n')
	assert.NoError(t, err)
	assert.Equal(t, "some bytes are there\n", line)
	require.NoError(t, process.Process.Kill())
	assert.Error(t, process.Wait(), "it was killed")
}

func TestDownloadRemovesWhatAKilledProcessLeft(t *testing.T) {
	dir := t.TempDir()
	killDownload(t, dir)
	left, err := filepath.Glob(filepath.Join(dir, ".snapshotjob-*"))
	require.NoError(t, err)
	require.Len(t, left, 1)

	client := newObjectServer("0123456789").client()
	_, err = client.Download(t.Context(), dailyJob, dir)
	require.NoError(t, err)
	assert.Len(t, downloadFolder(t, dir), 2, "the process may be still alive, for all that Download knows")

	before := time.Now().Add(-2 * time.Hour)
	require.NoError(t, os.Chtimes(left[0], before, before))
	_, err = client.Download(t.Context(), dailyJob, dir, existing(snapshotjob.ReplaceExisting))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{objectName: "0123456789"}, downloadFolder(t, dir))
}

// Two processes that download into one folder, one file each, have two files in the end.
func TestDownloadOfManyIntoOneFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		const downloads = 20
		errs := make(chan error, downloads)
		for range downloads {
			go func() {
				_, err := newObjectServer("0123456789").client().Download(t.Context(), dailyJob, dir)
				errs <- err
			}()
		}
		for range downloads {
			assert.NoError(t, <-errs)
		}
		assert.Len(t, downloadFolder(t, dir), downloads)
	})
}
