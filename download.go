package snapshotjob

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// DownloadOptions says how [Client.Open] and [Client.Download] fetch files. The
// zero value of a field stands for its default.
type DownloadOptions struct {
	// Result is a result in hand, such as [Client.Wait]'s. nil: Download asks for
	// it. Open doesn't read it.
	Result *DescribeDashboardSnapshotJobResultOutput

	// Concurrency is how many files Download fetches at once. Default: 4.
	Concurrency int

	// PartSize, in bytes, has Download fetch a larger file in parts of this size,
	// Parts at once, verified by length and ETag instead of a checksum. Defaults:
	// 0, every file in one stream; 4 parts at once.
	PartSize int64
	Parts    int

	// MaxAttempts is how often a file is asked for without a byte of progress.
	// Default: 5.
	MaxAttempts int

	// StallTimeout is how long a server may send nothing before the file is asked
	// for again. Default: 30 seconds.
	StallTimeout time.Duration

	// OnProgress is called as bytes reach the disk, never twice at once. nil:
	// none. Open doesn't call it.
	OnProgress func(DownloadProgress)

	// ClientOptions apply to the calls for results, and their credentials,
	// endpoints and transports to files too.
	ClientOptions []func(*Options)
}

// DownloadProgress is how far a file has come.
type DownloadProgress struct {
	File  ResultFile
	Name  string // of the file to be, unless that exists by then
	Bytes int64
	Total int64 // -1 if the server doesn't tell
}

// DownloadedFile is the fate of one file.
type DownloadedFile struct {
	File ResultFile
	Path string // in the folder; empty if there is no file
	Size int64  // in bytes
	Err  error  // nil: the file is there, whole; *FileError: the job didn't make it
}

// DownloadError says that not every file of a job was fetched. Its chain holds
// the files' errors and, if the job or a file failed in QuickSight, the
// [*JobError].
type DownloadError struct {
	Job   Job
	Files []DownloadedFile
	job   error // a *JobError, or nil
}

// Error tells in one line what failed, and what was fetched.
func (e *DownloadError) Error() string {
	var failed, fetched []string
	for _, f := range e.Files {
		var byJob *FileError
		switch {
		case f.Err == nil:
			fetched = append(fetched, fmt.Sprintf("%s (%d bytes)", f.Path, f.Size))
		case errors.As(f.Err, &byJob):
			failed = append(failed, f.File.describe()+": "+f.File.problem())
		default:
			failed = append(failed, f.Err.Error())
		}
	}
	text := fmt.Sprintf("download of snapshot job %s: %d of %d files failed: %s", e.Job, len(failed), len(e.Files), strings.Join(failed, "; "))
	if len(failed) == 0 {
		text = fmt.Sprintf("download of snapshot job %s: %v", e.Job, e.job)
	}
	if len(fetched) > 0 {
		text += "; fetched: " + strings.Join(fetched, ", ")
	}
	return text
}

// Unwrap returns the job's error, if any, and those of the files.
func (e *DownloadError) Unwrap() []error {
	var errs []error
	if e.job != nil {
		errs = append(errs, e.job)
	}
	for _, f := range e.Files {
		if f.Err != nil {
			errs = append(errs, f.Err)
		}
	}
	return errs
}

// Open streams one file of a result. The caller must close it, and may do so
// early.
//
// A presigned URL is fetched without credentials, over https alone (http from
// this machine's own addresses); a file in the caller's bucket by a GET signed
// for S3. A broken connection is resumed where it broke; an expired URL is
// replaced, once between any two bytes, by asking for the result again. Read
// ends with io.EOF only after all bytes have come. If they disagree with S3's
// checksum, its error matches [ErrChecksum]; if the object changed meanwhile,
// [ErrFileChanged].
//
// A file that the job didn't make is a [*FileError]; S3's own errors are
// *smithy.GenericAPIError behind an *awshttp.ResponseError; bad input is an
// [*InvalidInputError]. No error shows the query of a URL.
func (c *Client) Open(ctx context.Context, file ResultFile, optFns ...func(*DownloadOptions)) (io.ReadCloser, error) {
	o, faults := downloadOptions(optFns)
	d, faults := c.download(ctx, o, faults)
	if len(faults) > 0 {
		return nil, &InvalidInputError{faults}
	}
	if err := file.Err(); err != nil {
		return nil, err
	}
	r, err := d.open(ctx, file, 0, 0, "")
	if err != nil {
		return nil, d.fileError(file, err)
	}
	return r, nil
}

// Download brings every file of a finished job into dir, which it makes if need
// be, and tells every file's fate, in the order of
// [DescribeDashboardSnapshotJobResultOutput.Files]. The error is nil only if the
// job went well and every file is there; otherwise it is a [*DownloadError], an
// [*InvalidInputError], or that of the call for the result or of making dir. One
// failing file doesn't lose the others.
//
// A file is whole or not there: it is written under a temporary name that begins
// with ".snapshotjob-", verified as [Client.Open] says, synced and only then
// named <SnapshotJobID>_<SheetID>_<VisualID> and .pdf, .csv or .xlsx: with the
// first sheet and visual of several, without the parts that a file doesn't have,
// each id cut to 60 characters, "_" for all but A-Z a-z 0-9 - . _, and a "_" in
// front of what would begin with a dot or is a device on Windows. A format that
// is not known here keeps the object's own ending, or gets .bin. If the folder
// has such a file already, or the job has one that differs in upper and lower
// case at most, "-2" or the next free number is added: no file is ever
// overwritten.
func (c *Client) Download(ctx context.Context, job Job, dir string, optFns ...func(*DownloadOptions)) ([]DownloadedFile, error) {
	o, faults := downloadOptions(optFns)
	faults = job.faults(faults)
	if dir == "" {
		faults.add("dir", `is empty: want a folder, such as "."`)
	}
	if o.Result != nil && o.Result.Job != job {
		faults.add("Result", "is that of %s: want that of %s", o.Result.Job, job)
	}
	d, faults := c.download(ctx, o, faults)
	if len(faults) > 0 {
		return nil, &InvalidInputError{faults}
	}
	result := o.Result
	if result == nil {
		var err error
		if result, err = c.DescribeDashboardSnapshotJobResult(ctx, job, o.ClientOptions...); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("download of snapshot job %s: %w", job, err)
	}
	var files []DownloadedFile
	names := names{}
	var tasks []func()
	for file := range result.Files() {
		files = append(files, DownloadedFile{File: file, Err: file.Err()})
	}
	for i := range files {
		f := &files[i]
		if f.Err != nil {
			continue
		}
		name := names.next(fileName(f.File))
		tasks = append(tasks, func() {
			f.Path, f.Size, f.Err = d.fetch(ctx, f.File, dir, name)
			if f.Err != nil {
				f.Err = d.fileError(f.File, f.Err)
			}
		})
	}
	inParallel(o.Concurrency, tasks)

	jobErr := result.Err()
	if jobErr != nil || slices.ContainsFunc(files, func(f DownloadedFile) bool { return f.Err != nil }) {
		return files, &DownloadError{job, files, jobErr}
	}
	return files, nil
}

// inParallel runs tasks, at most n at once, and returns when all are done.
func inParallel(n int, tasks []func()) {
	var wg sync.WaitGroup
	queue := make(chan func())
	for range min(n, len(tasks)) {
		wg.Go(func() {
			for task := range queue {
				task()
			}
		})
	}
	for _, task := range tasks {
		queue <- task
	}
	close(queue)
	wg.Wait()
}

func downloadOptions(optFns []func(*DownloadOptions)) (o DownloadOptions, faults faultList) {
	applyAll(&o, optFns, &faults)
	for _, n := range []struct {
		field string
		value *int
		by    int
	}{{"Concurrency", &o.Concurrency, 4}, {"Parts", &o.Parts, 4}, {"MaxAttempts", &o.MaxAttempts, 5}} {
		if *n.value < 0 {
			faults.add(n.field, "is %d: want a positive number, or 0 for the default, %d", *n.value, n.by)
		}
		*n.value = cmp.Or(*n.value, n.by)
	}
	if o.PartSize < 0 {
		faults.add("PartSize", "is %d: want a number of bytes, or 0 for one stream", o.PartSize)
	}
	faults.setDefault("StallTimeout", &o.StallTimeout, 30*time.Second)
	return o, faults
}

// download is what the files of one call share.
type download struct {
	*settings
	client  *Client
	options DownloadOptions
	backoff aws.Retryer // for its delays alone: 50 ms doubled up to 20 s, from 1 s if throttled

	renewing chan struct{}                                            // holds one value while a file asks for the result again
	newest   atomic.Pointer[DescribeDashboardSnapshotJobResultOutput] // that was asked for again; nil: none

	progress sync.Mutex
}

func (c *Client) download(ctx context.Context, o DownloadOptions, faults faultList) (*download, faultList) {
	s := c.with(o.ClientOptions)
	faults.needContext(ctx)
	return &download{settings: s, client: c, options: o, backoff: retry.NewStandard(), renewing: make(chan struct{}, 1)}, append(faults, s.faults...)
}

func (d *download) fileError(file ResultFile, err error) error {
	return fmt.Errorf("snapshot job %s: %s: %w", file.Job, file.describe(), err)
}

func (d *download) report(file ResultFile, name string, bytes, total int64) {
	if d.options.OnProgress == nil {
		return
	}
	d.progress.Lock()
	defer d.progress.Unlock()
	d.options.OnProgress(DownloadProgress{file, name, bytes, total})
}

// fetch brings one file into dir. It begins again when the object changes on
// the way, or has not come as S3 sent it.
func (d *download) fetch(ctx context.Context, file ResultFile, dir, name string) (path string, size int64, err error) {
	// With the permissions of any other file, unlike os.CreateTemp's.
	temp, err := os.OpenFile(filepath.Join(dir, ".snapshotjob-"+rand.Text()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return "", 0, err
	}
	defer func() {
		temp.Close()
		if removeErr := os.Remove(temp.Name()); err == nil && removeErr != nil && !errors.Is(removeErr, os.ErrNotExist) {
			err = removeErr
		}
	}()
	for attempt := 1; ; attempt++ {
		size, err = d.write(ctx, file, temp, name)
		if !errors.Is(err, ErrFileChanged) && !errors.Is(err, ErrChecksum) || attempt == d.options.MaxAttempts {
			break
		}
		if err := temp.Truncate(0); err != nil {
			return "", 0, err
		}
	}
	if err == nil {
		err = temp.Sync()
	}
	if closeErr := temp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		path, err = publish(temp.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		return "", 0, err
	}
	return path, size, nil
}

// write fetches the object, from its beginning, into temp.
func (d *download) write(ctx context.Context, file ResultFile, temp *os.File, name string) (int64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	firstEnd := d.options.PartSize
	r, err := d.open(ctx, file, 0, firstEnd, "")
	if err == nil && firstEnd > 0 && r.total < 0 {
		// How many parts there are is not known.
		r.Close()
		firstEnd = 0
		r, err = d.open(ctx, file, 0, 0, "")
	}
	if err != nil {
		return 0, err
	}
	defer r.Close()
	total := r.total
	var done int64
	var mu sync.Mutex
	count := func(n int) {
		mu.Lock()
		defer mu.Unlock() // the reports come in order
		done += int64(n)
		d.report(file, name, done, total)
	}
	if firstEnd == 0 || total <= firstEnd {
		return copyTo(temp, 0, r, count)
	}

	var first error // the first that failed, which cancels the others
	fail := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if first == nil {
			first = err
			cancel()
		}
	}
	tasks := []func(){func() {
		if _, err := copyTo(temp, 0, r, count); err != nil {
			fail(err)
		}
	}}
	for start := firstEnd; start < total; start += d.options.PartSize {
		tasks = append(tasks, func() {
			part, err := d.open(ctx, file, start, min(start+d.options.PartSize, total), r.etag)
			if err == nil {
				defer part.Close()
				_, err = copyTo(temp, start, part, count)
			}
			if err != nil {
				fail(err)
			}
		})
	}
	inParallel(d.options.Parts, tasks)
	if first != nil {
		return 0, first
	}
	return total, nil
}

var copyBuffers = sync.Pool{New: func() any { return new([256 << 10]byte) }}

// copyTo copies r to temp from an offset on, without more memory for a larger
// file.
func copyTo(temp *os.File, offset int64, r io.Reader, count func(int)) (written int64, err error) {
	buf := copyBuffers.Get().(*[256 << 10]byte)
	defer copyBuffers.Put(buf)
	for {
		n, readErr := r.Read(buf[:])
		if n > 0 {
			if _, err := temp.WriteAt(buf[:n], offset+written); err != nil {
				return written, err
			}
			written += int64(n)
			count(n)
		}
		if readErr == io.EOF {
			return written, nil
		}
		if readErr != nil {
			return written, readErr
		}
	}
}
