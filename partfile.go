package snapshotjob

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	// tempPrefix begins the names of a download's temporary files. A random text
	// follows.
	tempPrefix = ".snapshotjob-"

	// reservedPrefix begins the names of the empty files that reserve a name.
	reservedPrefix = tempPrefix + "name-"

	// tempLifetime is the age at which a temporary file counts as one that a killed
	// process has left. Its age is the time since it was last written to. A download
	// that is at work writes more often. One that has to wait for so long loses its file
	// to another Download into the folder, and fails.
	tempLifetime = time.Hour

	// syncInterval is how many bytes are written between two syncs of a file that
	// grows. The disk then works while the rest of the file comes. At the end little is
	// left to sync, so that a canceled download returns soon.
	syncInterval = 16 << 20
)

// partFile is a file on its way to its name. It is written under a temporary name,
// synced while it grows, and published when it is whole.
type partFile struct {
	file   *os.File
	folder string

	syncs     sync.WaitGroup // the syncs under way, at most one
	mu        sync.Mutex     // guards what follows
	unsynced  int64          // bytes written since the last sync began
	isSyncing bool
	syncErr   error // of the sync that failed; no other is begun after it
}

// createPartFile creates an empty file in a folder. Its permissions are those of any
// other new file.
func createPartFile(folder string) (*partFile, error) {
	// Not os.CreateTemp: its mode 0600 would survive the rename.
	path := filepath.Join(folder, tempPrefix+rand.Text())
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	return &partFile{file: file, folder: folder}, nil
}

// WriteAt writes at an offset of the file. It may be called from several goroutines.
func (p *partFile) WriteAt(b []byte, offset int64) (int, error) {
	n, err := p.file.WriteAt(b, offset)
	if err != nil {
		return n, err
	}
	return n, p.syncSoon(n)
}

// syncSoon begins to sync the file if enough was written, and returns the error of an
// earlier sync.
func (p *partFile) syncSoon(written int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unsynced += int64(written)
	if p.syncErr == nil && !p.isSyncing && p.unsynced >= syncInterval {
		p.unsynced = 0
		p.isSyncing = true
		p.syncs.Go(p.syncNow)
	}
	return p.syncErr
}

// syncNow syncs the file, and keeps the error.
func (p *partFile) syncNow() {
	err := p.file.Sync()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.isSyncing = false
	if err != nil {
		p.syncErr = err
	}
}

// finish cuts the file to its size, syncs it and closes it. It may be longer than that
// if an earlier try wrote more.
func (p *partFile) finish(size int64) error {
	p.syncs.Wait() // from now on nothing else uses syncErr, so that it needs no lock
	if p.syncErr != nil {
		return p.syncErr
	}
	if err := p.file.Truncate(size); err != nil {
		return err
	}
	if err := p.file.Sync(); err != nil {
		return err
	}
	return p.file.Close()
}

// discard closes the file and removes its temporary name. If the file was published by
// a link, it has two names until then. If it was renamed, nothing is left to remove.
func (p *partFile) discard() {
	p.syncs.Wait()
	_ = p.file.Close()
	os.Remove(p.file.Name())
}

// publish gives the file, which is finished, its name in the folder, or the next
// number of the name that is free. It returns the path.
func (p *partFile) publish(name string) (string, error) {
	for i := 1; ; i++ {
		path := filepath.Join(p.folder, numbered(name, i))
		err := publishNew(p.file.Name(), path)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		syncFolder(p.folder)
		return path, nil
	}
}

// replace gives the file, which is finished, its name in the folder, and so takes the
// place of a file that has it. It returns the path.
func (p *partFile) replace(name string) (string, error) {
	path := filepath.Join(p.folder, name)
	if err := os.Rename(p.file.Name(), path); err != nil {
		return "", explainReplace(path, err)
	}
	syncFolder(p.folder)
	return path, nil
}

// explainReplace returns err, because of which no file could take the place of the one
// at a path. Of a folder there, systems say that it exists, which is no explanation.
func explainReplace(path string, err error) error {
	info, lstatErr := lstat(path)
	if lstatErr != nil || info == nil || !info.IsDir() {
		return err
	}
	return fmt.Errorf("%s is a folder: move it away, or download into another folder: %w", path, err)
}

// publishNew gives a file a path that no other file has. The error matches
// fs.ErrExist if one has.
func publishNew(temp, path string) error {
	err := os.Link(temp, path) // os.Rename would replace a file
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return renameReserved(temp, path)
}

// renameReserved is publishNew for file systems without hard links. A rename would
// replace a file that another process publishes under the path at the same time. So a
// process first creates an empty file whose name is that of the path, behind
// reservedPrefix. Only one process can, and it alone may use the path. The error of the
// others matches fs.ErrExist, so that they take the next number.
func renameReserved(temp, path string) error {
	reserved := filepath.Join(filepath.Dir(path), reservedPrefix+filepath.Base(path))
	file, err := os.OpenFile(reserved, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer os.Remove(reserved)
	if err := file.Close(); err != nil {
		return err
	}
	existing, err := lstat(path)
	if err != nil {
		return err
	}
	if existing != nil {
		return fs.ErrExist
	}
	return os.Rename(temp, path)
}

// lstat returns what is known of the file at a path, or nil if there is none. It returns
// an error if nobody can tell.
func lstat(path string) (fs.FileInfo, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find out whether %s exists: %w", path, err)
	}
	return info, nil
}

// syncFolder brings the names in a folder to the disk, where the system can do that.
// Windows can't, and need not.
func syncFolder(path string) {
	folder, err := os.Open(path)
	if err != nil {
		return
	}
	defer folder.Close()
	_ = folder.Sync()
}

// removeLeftovers removes the temporary files that killed processes have left in a
// folder. What it can't remove stays.
func removeLeftovers(path string) {
	folder, err := os.Open(path)
	if err != nil {
		return
	}
	defer folder.Close()
	const namesAtOnce = 1000
	for {
		names, err := folder.Readdirnames(namesAtOnce)
		for _, name := range names {
			removeLeftover(filepath.Join(path, name))
		}
		if err != nil {
			return
		}
	}
}

// removeLeftover removes a file if it is a temporary one, and old.
func removeLeftover(path string) {
	if !isTempName(filepath.Base(path)) {
		return
	}
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	if isReservedName(filepath.Base(path)) && info.Size() > 0 {
		return // a reservation is empty, so that this is a user's file
	}
	if time.Since(info.ModTime()) > tempLifetime {
		os.Remove(path)
	}
}

// isReservedName reports whether a name is that of a reservation.
func isReservedName(name string) bool { return strings.HasPrefix(name, reservedPrefix) }

// isTempName reports whether a name is that of a temporary file, or of a reservation.
// A user's file may begin as they do.
func isTempName(name string) bool {
	if isReservedName(name) {
		return true
	}
	random, hasPrefix := strings.CutPrefix(name, tempPrefix)
	return hasPrefix && isRandomText(random)
}

// isRandomText reports whether rand.Text may have returned a text.
func isRandomText(text string) bool {
	const (
		base32    = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
		minLength = 26 // for 128 bits; later versions of Go may return more
	)
	return len(text) >= minLength && strings.Trim(text, base32) == ""
}
