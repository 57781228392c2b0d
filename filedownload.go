package snapshotjob

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/quicksight-go/snapshotjob/internal/taskgroup"
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
	written       atomic.Int64 // bytes of the try under way that were written to part

	// checksum is what the bytes of all parts, one after the other, must agree with. It
	// is nil if there is none, or if parts are read at once. A stream checks its own.
	checksum *fileChecksum
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
		isAffordable := f.source.countFailure()
		if ctx.Err() != nil || !beginsAnew(err) || failures >= f.session.options.MaxAttempts {
			return withPrevious(err, previous)
		}
		if !isAffordable {
			return withPrevious(unaffordableError(err), previous)
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
	f.checksum = nil
	f.size = whole.version.size
	if f.session.options.Existing == KeepExisting {
		kept, err := f.keepExisting()
		if kept || err != nil {
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
	if err := f.copyTo(0, f.size, whole); err != nil {
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

// fetchParts writes the file in parts. It takes the first part from whole, which is a
// response that brings all of the file. It asks for the second part before it reads
// whole: if the server turns out to ignore ranges, whole is simply read to its end, and
// no byte is fetched twice.
func (f *fileDownload) fetchParts(ctx context.Context, cancel context.CancelFunc, whole *rangeReader) error {
	firstPart := f.partFrom(0)
	secondPart := f.partFrom(firstPart.end)
	second, err := openRange(ctx, f.source, secondPart, whole.version)
	if errors.Is(err, errRangeIgnored) {
		return f.fetchStream(whole)
	}
	if err != nil {
		return err
	}
	defer second.close()
	if f.session.options.Parts == 1 {
		// One part comes after the other. endAt takes the checksum from whole, so that
		// it gets each byte once.
		f.checksum = whole.checksum
	}
	whole.endAt(firstPart.end)
	return f.copyParts(ctx, cancel, whole, second)
}

// copyParts writes the file in parts, several at once. The first two are open already.
// If a part fails, it cancels ctx to stop the others.
func (f *fileDownload) copyParts(
	ctx context.Context,
	cancel context.CancelFunc,
	first *rangeReader,
	second *rangeReader,
) error {
	version := first.version
	next := second.wanted.end
	failed := &firstError{cancel: cancel}
	group := taskgroup.New(cancel, f.session.options.Parts)
	group.Start(func() error { return f.copyPart(first) }, failed.set)
	group.Start(func() error { return f.copyPart(second) }, failed.set)
	for next < f.size && ctx.Err() == nil {
		part := f.partFrom(next)
		group.Start(func() error { return f.fetchPart(ctx, part, version) }, failed.set)
		next = part.end
	}
	group.Wait()
	if err := failed.get(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return canceledError(ctx) // before all parts were asked for
	}
	if f.checksum != nil && !f.checksum.agrees() {
		return ErrChecksum
	}
	return nil
}

// partFrom returns the part of the file that begins at first. Parts are computed one by
// one, when they are fetched: a list of them could take all memory, since the server
// says how large the file is.
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
	return f.copyPart(reader)
}

// copyTo writes what a reader brings to the file, from an offset on. The size, which may
// be unknownSize, says only how large a buffer is worth its memory. If f.checksum is not
// nil, it gets the bytes too; then only one copyTo may run at a time.
func (f *fileDownload) copyTo(offset, size int64, from io.Reader) error {
	bufferSize := int64(copyBufferSize)
	if size > 0 {
		bufferSize = min(bufferSize, size)
	}
	if f.checksum != nil {
		from = io.TeeReader(from, f.checksum.hash)
	}
	to := io.NewOffsetWriter(f, offset)
	_, err := io.CopyBuffer(to, from, make([]byte, bufferSize))
	return err
}

// copyPart writes the part of the file that a reader brings, which has a known end.
func (f *fileDownload) copyPart(from *rangeReader) error {
	part := from.wanted
	return f.copyTo(part.first, part.end-part.first, from)
}

// WriteAt writes at an offset of the file, and reports progress.
func (f *fileDownload) WriteAt(p []byte, offset int64) (int, error) {
	n, err := f.part.WriteAt(p, offset)
	if n > 0 {
		f.reportProgress(n)
	}
	return n, err
}

// reportProgress counts bytes that were written, and calls DownloadOptions.OnProgress.
func (f *fileDownload) reportProgress(written int) {
	onProgress := f.session.options.OnProgress
	if onProgress == nil {
		f.written.Add(int64(written))
		return
	}
	f.session.progressMu.Lock()
	defer f.session.progressMu.Unlock()
	onProgress(DownloadProgress{
		File:  f.file,
		Name:  f.name,
		Bytes: f.written.Add(int64(written)),
		Total: f.size,
	})
}

// publish gives the file, which is whole, its name.
func (f *fileDownload) publish() error {
	existing := f.session.options.Existing
	if existing == KeepExisting {
		// The size may be known only now, or another process was faster.
		kept, err := f.keepExisting()
		if kept || err != nil {
			return err
		}
	}
	var err error
	if existing == NumberExisting {
		f.path, err = f.part.publish(f.name)
	} else {
		f.path, err = f.part.replace(f.name)
	}
	return err
}

// keepExisting keeps the file that the folder has, and reports whether it does so: if
// that is a regular file of the name and the size. It returns an error if nobody can
// tell.
func (f *fileDownload) keepExisting() (bool, error) {
	path := filepath.Join(f.folder, f.name)
	info, err := lstat(path)
	if err != nil || info == nil {
		return false, err
	}
	if !info.Mode().IsRegular() || info.Size() != f.size {
		return false, nil
	}
	f.path = path
	f.kept = true
	return true, nil
}

// firstError keeps the first of several errors, and then calls cancel.
type firstError struct {
	cancel context.CancelFunc

	mu  sync.Mutex
	err error
}

// set keeps an error if it is the first one that is not nil.
func (e *firstError) set(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil || e.err != nil {
		return
	}
	e.err = err
	e.cancel()
}

// get returns the first error, or nil.
func (e *firstError) get() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}
