package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
)

// copyBufferSize is how much of a file is read and written at once, at most.
const copyBufferSize = 256 << 10

// fileDownload brings one file into a folder.
type fileDownload struct {
	session *downloadSession
	file    ResultFile
	origin  *DescribeDashboardSnapshotJobResultOutput // that has the file
	folder  string
	name    string // that the file is to get

	source *fileSource
	part   *partFile
	size   int64 // unknownSize while the server hasn't told it
	path   string
	kept   bool

	ignoresRanges bool         // whether the server has sent the whole file in place of a part
	written       atomic.Int64 // bytes of the try under way that reached the disk
}

// outcome returns what became of the file, whose run ended with err.
func (f *fileDownload) outcome(err error) DownloadedFile {
	if err != nil {
		return DownloadedFile{File: f.file, Err: f.file.wrap(err)}
	}
	return DownloadedFile{
		File: f.file,
		Path: f.path,
		Size: f.size,
		Kept: f.kept,
	}
}

// run fetches the file, and gives it its name when it is whole.
func (f *fileDownload) run(ctx context.Context) error {
	var err error
	f.source, err = newFileSource(f.session, f.file, f.origin)
	if err != nil {
		return err
	}
	f.part, err = createPartFile(f.folder)
	if err != nil {
		return err
	}
	defer f.part.discard()
	if err := f.fetch(ctx); err != nil {
		return err
	}
	if f.kept {
		return nil
	}
	if err := f.part.finish(f.size); err != nil {
		return err
	}
	return f.publish()
}

// fetch writes the file, from its beginning again if that is what its error asks for.
func (f *fileDownload) fetch(ctx context.Context) error {
	var previous error // why the file was begun anew
	failures := 0
	for {
		err := f.fetchOnce(ctx)
		if err == nil {
			return nil
		}
		if errors.Is(err, errRangeIgnored) && ctx.Err() == nil {
			// This happens once, since from now on the file comes as one stream. It is
			// no failure: MaxAttempts doesn't count it, and there is nothing to wait for.
			f.ignoresRanges = true
			previous = err
			f.source.log(ctx, "download retry", "decision", "begin anew, as one stream", "error", err.Error())
			continue
		}
		failures++
		if ctx.Err() != nil || !beginsAnew(err) || failures >= f.session.options.MaxAttempts {
			return withPrevious(err, previous)
		}
		delay := f.session.retryDelay(failures, err)
		f.source.log(ctx, "download retry", "decision", "begin anew", "delay", delay, "error", err.Error())
		if !sleep(ctx, delay) {
			return canceledError(ctx, err, previous)
		}
		previous = err
	}
}

// beginsAnew reports whether a file that failed with err may be right when it is
// fetched again from its beginning.
func beginsAnew(err error) bool {
	for _, reason := range []error{ErrFileChanged, ErrChecksum, errNotResumable} {
		if errors.Is(err, reason) {
			return true
		}
	}
	return false
}

// fetchOnce writes the file from its beginning to its end, unless the folder has it.
func (f *fileDownload) fetchOnce(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	whole, err := openRange(ctx, f.source, wholeFile, nil)
	if err != nil {
		return err
	}
	defer whole.close()
	f.written.Store(0)
	f.size = whole.version.size
	if f.session.options.Existing == KeepExisting {
		if err := f.keep(); f.kept || err != nil {
			return err
		}
	}
	if f.comesInParts(whole.version) {
		return f.fetchParts(ctx, cancel, whole)
	}
	return f.fetchStream(whole)
}

// fetchStream writes the file as one stream.
func (f *fileDownload) fetchStream(whole *rangeReader) error {
	if err := f.copy(whole, byteRange{first: 0, end: f.size}); err != nil {
		return err
	}
	f.size = f.written.Load()
	return nil
}

// comesInParts reports whether a file is worth being fetched in parts, and can be.
func (f *fileDownload) comesInParts(version *fileVersion) bool {
	partSize := f.session.options.PartSize
	isLarger := partSize > 0 && version.size > partSize
	return isLarger && version.etag != "" && !f.ignoresRanges
}

// fetchParts writes the file in parts, of which whole brings the first. Before a byte
// of whole is read, the second part is asked for: if the server ignores ranges, it
// does so once, and whole is read on to its end.
func (f *fileDownload) fetchParts(ctx context.Context, cancel context.CancelFunc, whole *rangeReader) error {
	version := whole.version
	firstPart := f.partFrom(0)
	secondPart := f.partFrom(firstPart.end)
	second, err := openRange(ctx, f.source, secondPart, version)
	if errors.Is(err, errRangeIgnored) {
		return f.fetchStream(whole)
	}
	if err != nil {
		return err
	}
	defer second.close()
	whole.endAt(firstPart.end)

	failed := &firstError{cancel: cancel}
	group := newTaskGroup(cancel, f.session.options.Parts)
	group.run(func() error { return f.copy(whole, firstPart) }, failed.set)
	group.run(func() error { return f.copy(second, secondPart) }, failed.set)
	for part := f.partFrom(secondPart.end); part.first < f.size && ctx.Err() == nil; part = f.partFrom(part.end) {
		group.run(func() error { return f.fetchPart(ctx, part, version) }, failed.set)
	}
	group.wait()
	if err := failed.get(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return canceledError(ctx) // before all parts were asked for
	}
	return nil
}

// partFrom returns the part of the file that begins at first. It is made when it is
// fetched, so that a size that a server tells takes no memory.
func (f *fileDownload) partFrom(first int64) byteRange {
	length := min(f.session.options.PartSize, f.size-first)
	return byteRange{first: first, end: first + length}
}

// fetchPart writes one part of the file.
func (f *fileDownload) fetchPart(ctx context.Context, part byteRange, version *fileVersion) error {
	reader, err := openRange(ctx, f.source, part, version)
	if err != nil {
		return err
	}
	defer reader.close()
	return f.copy(reader, part)
}

// copy writes a part of the file, which a reader brings.
func (f *fileDownload) copy(from io.Reader, part byteRange) error {
	size := int64(copyBufferSize)
	if part.end > part.first {
		size = min(size, part.end-part.first)
	}
	to := io.NewOffsetWriter(f, part.first)
	_, err := io.CopyBuffer(to, from, make([]byte, size))
	return err
}

// WriteAt writes at an offset of the file, and reports progress.
func (f *fileDownload) WriteAt(p []byte, offset int64) (int, error) {
	n, err := f.part.WriteAt(p, offset)
	if n > 0 {
		f.reportProgress(n)
	}
	return n, err
}

// reportProgress counts bytes that were written, and tells Options.OnProgress.
func (f *fileDownload) reportProgress(written int) {
	onProgress := f.session.options.OnProgress
	if onProgress == nil {
		f.written.Add(int64(written))
		return
	}
	f.session.report.Lock()
	defer f.session.report.Unlock()
	onProgress(DownloadProgress{
		File:  f.file,
		Name:  f.name,
		Bytes: f.written.Add(int64(written)),
		Total: f.size,
	})
}

// publish gives the file, which is whole, its name.
func (f *fileDownload) publish() error {
	var err error
	switch f.session.options.Existing {
	case ReplaceExisting:
		f.path, err = f.part.replace(f.name)
	case KeepExisting:
		// Only now the size is known, or another process was faster.
		if err := f.keep(); f.kept || err != nil {
			return err
		}
		f.path, err = f.part.replace(f.name)
	default:
		f.path, err = f.part.publish(f.name)
	}
	return err
}

// keep sets f.kept if the folder has a regular file of the name and the size. It
// returns an error if nobody can tell.
func (f *fileDownload) keep() error {
	path := filepath.Join(f.folder, f.name)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find out whether %s exists: %w", path, err)
	}
	if info.Mode().IsRegular() && info.Size() == f.size {
		f.path = path
		f.kept = true
	}
	return nil
}
