package snapshotjob

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// publish gives a whole file its name, or the next that no file has.
func publish(temp, name string) (string, error) {
	for i := 1; ; i++ {
		path := numbered(name, i)
		if os.Link(temp, path) != nil { // os.Rename would replace a file
			if _, err := os.Lstat(path); err == nil {
				continue
			}
			// No hard links here; the gap since the look is small.
			if err := os.Rename(temp, path); err != nil {
				return "", err
			}
		}
		// So that the name lasts. Windows can't, and need not.
		if folder, err := os.Open(filepath.Dir(path)); err == nil {
			folder.Sync()
			folder.Close()
		}
		return path, nil
	}
}

// fetch brings one file into dir, again if it changed or its checksum is wrong.
func (d *download) fetch(ctx context.Context, file ResultFile, dir, name string) (path string, size int64, err error) {
	// os.CreateTemp's permissions are not those of any other file.
	temp, err := os.OpenFile(filepath.Join(dir, ".snapshotjob-"+rand.Text()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return "", 0, err
	}
	for range d.MaxAttempts {
		size, err = d.write(ctx, file, temp, name)
		if !errors.Is(err, ErrFileChanged) && !errors.Is(err, ErrChecksum) {
			break
		}
	}
	if err == nil {
		// An earlier attempt may have written more.
		err = cmp.Or(temp.Truncate(size), temp.Sync())
	}
	if err = cmp.Or(err, temp.Close()); err == nil {
		path, err = publish(temp.Name(), filepath.Join(dir, name))
	}
	if left := os.Remove(temp.Name()); err == nil && !errors.Is(left, os.ErrNotExist) {
		err = left
	}
	return path, size, err
}

// write fetches the object, from its beginning, into temp.
func (d *download) write(ctx context.Context, file ResultFile, temp *os.File, name string) (size int64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	partSize := d.PartSize
	first := d.open(ctx, file, 0, partSize, "")
	if first.failed == nil && first.total < 0 && partSize < toEnd {
		// How many parts there are is not known.
		first.Close()
		partSize = toEnd
		first = d.open(ctx, file, 0, toEnd, "")
	}
	total, etag := first.total, first.etag
	var once sync.Once
	check := func(failed error) { // the first failure ends the other parts
		if failed != nil {
			once.Do(func() { err = failed; cancel() })
		}
	}
	var disk sync.Mutex
	var syncing sync.WaitGroup
	synced := int64(0)
	count := func(n int) {
		d.progress.Lock()
		defer d.progress.Unlock()
		size += int64(n)
		// So that the disk works meanwhile, and little is left for the end, whoever
		// ends it: no sync outlives the call.
		if size-synced >= 16<<20 && disk.TryLock() {
			synced = size
			syncing.Go(func() {
				check(temp.Sync()) // a failure is told once
				disk.Unlock()
			})
		}
		if d.OnProgress != nil {
			d.OnProgress(DownloadProgress{file, name, size, total})
		}
	}
	var tasks []func()
	for start := int64(0); start == 0 || start < total; start += partSize {
		tasks = append(tasks, func() {
			part := first
			if start > 0 {
				part = d.open(ctx, file, start, min(start+partSize, total), etag)
			}
			defer part.Close()
			_, failed := io.CopyBuffer(io.MultiWriter(io.NewOffsetWriter(temp, start), counter(count)), part, make([]byte, 256<<10))
			check(failed)
		})
	}
	inParallel(d.Parts, tasks)
	syncing.Wait()
	return size, err
}

type counter func(int)

func (c counter) Write(p []byte) (int, error) {
	c(len(p))
	return len(p), nil
}
