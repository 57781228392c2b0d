package snapshotjob

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// openDevice opens a device of Linux. Where there is none of its name, the test is skipped.
func openDevice(t *testing.T, path string) *os.File {
	t.Helper()
	device, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { device.Close() })
	return device
}

// writeZeros writes size zeros, in several steps, to a file on its way to its name.
func writeZeros(part *partFile, size int64) error {
	const step = 1 << 20
	for offset := int64(0); offset < size; offset += step {
		zeros := make([]byte, min(step, size-offset))
		if _, err := part.WriteAt(zeros, offset); err != nil {
			return err
		}
	}
	part.syncs.Wait()
	return part.syncErr
}

func TestPartFileOntoADevice(t *testing.T) {
	device := openDevice(t, "/dev/null")
	assert.NoError(t, writeZeros(&partFile{file: device}, syncInterval-1))
}

func TestPartFileOntoAFullDisk(t *testing.T) {
	device := openDevice(t, "/dev/full")
	err := writeZeros(&partFile{file: device}, 10)
	var path *os.PathError
	require.ErrorAs(t, err, &path)
	assert.Equal(t, "write", path.Op)
}

// Linux's /dev/null takes all that is written, and can't sync it.
func TestPartFileOntoADiskThatCannotSync(t *testing.T) {
	device := openDevice(t, "/dev/null")
	if device.Sync() == nil {
		t.Skip("here it can sync")
	}
	err := writeZeros(&partFile{file: device}, 3*syncInterval)
	var path *os.PathError
	require.ErrorAs(t, err, &path)
	assert.Equal(t, "sync", path.Op)
}

// newPartFile creates a file on its way to its name, with some content, and finishes
// it.
func newPartFile(t *testing.T, dir, content string) *partFile {
	t.Helper()
	part, err := createPartFile(dir)
	require.NoError(t, err)
	t.Cleanup(part.discard)
	_, err = part.WriteAt([]byte(content), 0)
	require.NoError(t, err)
	require.NoError(t, part.finish(int64(len(content))))
	return part
}

func TestPartFileThatIsGone(t *testing.T) {
	dir := t.TempDir()
	part := newPartFile(t, dir, "content")
	require.NoError(t, os.Remove(part.file.Name()))
	path, err := part.publish("name")
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.Empty(t, path)
	assert.Empty(t, namesIn(t, dir))
}

// namesIn returns the names in a folder.
func namesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestPartFileIsCutToItsSize(t *testing.T) {
	dir := t.TempDir()
	part, err := createPartFile(dir)
	require.NoError(t, err)
	defer part.discard()
	_, err = part.WriteAt([]byte("of an earlier try, and longer"), 0)
	require.NoError(t, err)
	require.NoError(t, part.finish(2))
	path, err := part.publish("name")
	require.NoError(t, err)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "of", string(content))
}

func TestRenameReservedReplacesNothing(t *testing.T) {
	dir := t.TempDir()
	existing := filepath.Join(dir, "name")
	require.NoError(t, os.WriteFile(existing, []byte("other"), 0o666))
	part := newPartFile(t, dir, "content")
	assert.ErrorIs(t, renameReserved(part.file.Name(), existing), fs.ErrExist)
	content, err := os.ReadFile(existing)
	require.NoError(t, err)
	assert.Equal(t, "other", string(content))
}

// Where there are no hard links, of several processes one gets each name.
func TestRenameReservedByMany(t *testing.T) {
	const files = 50
	dir := t.TempDir()
	var parts []*partFile
	for i := range files {
		parts = append(parts, newPartFile(t, dir, strconv.Itoa(i)))
	}
	var wg sync.WaitGroup
	for _, part := range parts {
		wg.Go(func() {
			for number := 1; ; number++ {
				err := renameReserved(part.file.Name(), filepath.Join(dir, numbered("name", number)))
				if !errors.Is(err, fs.ErrExist) {
					assert.NoError(t, err)
					return
				}
			}
		})
	}
	wg.Wait()
	assert.ElementsMatch(t, contentsOf(t, dir), numbersUpTo(files))
}

// contentsOf returns the contents of the files in a folder.
func contentsOf(t *testing.T, dir string) []string {
	t.Helper()
	var contents []string
	for _, name := range namesIn(t, dir) {
		content, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		contents = append(contents, string(content))
	}
	return contents
}

// numbersUpTo returns the numbers below n as texts.
func numbersUpTo(n int) []string {
	var numbers []string
	for i := range n {
		numbers = append(numbers, strconv.Itoa(i))
	}
	return numbers
}

// A path of which nobody can tell whether it exists is not taken for free.
func TestRenameReservedThatCannotTell(t *testing.T) {
	dir := t.TempDir()
	part := newPartFile(t, dir, "content")
	notAFolder := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(notAFolder, nil, 0o666))
	err := renameReserved(part.file.Name(), filepath.Join(notAFolder, "name"))
	assert.Error(t, err)
	assert.NotErrorIs(t, err, fs.ErrExist)
}

func TestLeftoversAreRemovedAfterAnHour(t *testing.T) {
	dir := t.TempDir()
	young := tempPrefix + rand.Text()
	for name, age := range map[string]time.Duration{
		tempPrefix + rand.Text():        2 * time.Hour,
		tempPrefix + "name-x.csv":       2 * time.Hour,
		tempPrefix + "NOTES":            2 * time.Hour,
		young:                           time.Minute,
		"somebody-else's.csv":           48 * time.Hour,
		"not" + tempPrefix + "OURS.csv": 48 * time.Hour,
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, nil, 0o666))
		touched := time.Now().Add(-age)
		require.NoError(t, os.Chtimes(path, touched, touched))
	}
	removeLeftovers(dir)
	want := []string{
		young,
		tempPrefix + "NOTES",
		"not" + tempPrefix + "OURS.csv",
		"somebody-else's.csv",
	}
	assert.ElementsMatch(t, want, namesIn(t, dir))
}

// A user's file whose name begins like that of a temporary one is not removed.
func TestLeftoversAreNoFilesOfAUser(t *testing.T) {
	for name, isTemp := range map[string]bool{
		tempPrefix + rand.Text():         true,
		reservedPrefix + "job_sheet.pdf": true,
		tempPrefix + rand.Text()[:25]:    false,
		tempPrefix + "NOTES":             false,
		tempPrefix + "notes.txt":         false,
		tempPrefix + "report-2.json":     false,
		".snapshotjob":                   false,
	} {
		assert.Equal(t, isTemp, isTempName(name), name)
	}
}

// A reservation is empty. So a file that has the prefix of one, and bytes, is a user's.
func TestLeftoversAreNoFullReservations(t *testing.T) {
	dir := t.TempDir()
	name := reservedPrefix + "list.csv"
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte("Ann, Bob"), 0o666))
	touched := time.Now().Add(-48 * time.Hour)
	require.NoError(t, os.Chtimes(path, touched, touched))
	removeLeftovers(dir)
	assert.Equal(t, []string{name}, namesIn(t, dir))
}

// A file of which nobody can tell whether it exists is neither kept nor replaced.
func TestKeepThatCannotTell(t *testing.T) {
	notAFolder := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(notAFolder, nil, 0o666))
	download := &fileDownload{folder: notAFolder, name: "name"}
	kept, err := download.keepExisting()
	assert.ErrorContains(t, err, "find out whether")
	assert.False(t, kept)
	assert.False(t, download.kept)
}
