package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// DownloadOptions says how [Client.Open] and [Client.Download] fetch files. The
// zero value of a field stands for its default.
type DownloadOptions struct {
	// Result is a result in hand, such as [Client.Wait] returns, so that Download
	// doesn't ask for it again. nil: Download asks. Open doesn't read it.
	Result *DescribeDashboardSnapshotJobResultOutput

	// Concurrency is how many files Download fetches at once. Default: 4.
	Concurrency int

	// PartSize, in bytes, has Download fetch a file that is larger in parts of
	// this size, Parts at once. A file fetched in parts is verified by its
	// length and ETag, not by a checksum. Defaults: 0, every file in one
	// stream; 4 parts at once.
	PartSize int64
	Parts    int

	// MaxAttempts is how often a file is asked for without a byte of progress
	// before it is given up. Default: 5.
	MaxAttempts int

	// StallTimeout is how long a server may send nothing before the connection
	// is given up and the file asked for again. Default: 30 seconds.
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

// DownloadError says that not every file of a job was fetched, and lists the
// fate of all of them. Its chain holds the files' errors and, if the job or one
// of its files failed in QuickSight, the [*JobError].
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
// A presigned URL is fetched by a plain GET without credentials, over https
// alone (over http from this machine's own addresses); a file in the caller's
// bucket by a GET signed for S3. A connection that breaks is resumed where it
// broke. A presigned URL that has expired is replaced, once between any two
// bytes, by asking for the result again. Read ends with io.EOF only after all
// bytes have come and agree with the checksum, if S3 gives one; if the object
// changed meanwhile, it ends with an error that matches [ErrFileChanged].
//
// A file that the job didn't make is a [*FileError]; S3's own errors are
// *smithy.GenericAPIError behind an *awshttp.ResponseError. No error shows the
// query of a URL.
func (c *Client) Open(ctx context.Context, file ResultFile, optFns ...func(*DownloadOptions)) (io.ReadCloser, error) {
	o, faults := downloadOptions(optFns)
	d, faults := c.download(ctx, file.Job, o, faults)
	if len(faults) > 0 {
		return nil, &InvalidInputError{faults}
	}
	if err := file.Err(); err != nil {
		return nil, err
	}
	r, err := d.open(ctx, file, 0, -1, "")
	if err != nil {
		return nil, d.fileError(file, err)
	}
	return r, nil
}

// Download brings every file of a finished job into dir, which it makes if need
// be, and tells every file's fate, in the order of
// [DescribeDashboardSnapshotJobResultOutput.Files]. The error is nil only if the
// job went well and every file is there; otherwise it is a [*DownloadError],
// which holds the [*JobError] if the job or a file failed in QuickSight, or the
// error of the call for the result. One failing file doesn't lose the others.
//
// A file is whole or not there: it is written under a temporary name that begins
// with ".snapshotjob-", verified as [Client.Open] says, synced and only then
// given its name. That is <SnapshotJobID>_<SheetID>_<VisualID> and .pdf, .csv or
// .xlsx (of a file of several sheets or visuals, the first of each; without the
// parts that a file doesn't have), where "_" stands for every character but A-Z
// a-z 0-9 - . _ and each id is cut to 60 characters. If there is such a file
// already, in the folder or among the job's others, upper and lower case taken
// as one, "-2" or the next free number is added: no file is ever overwritten.
func (c *Client) Download(ctx context.Context, job Job, dir string, optFns ...func(*DownloadOptions)) ([]DownloadedFile, error) {
	o, faults := downloadOptions(optFns)
	faults = job.faults(faults)
	if dir == "" {
		faults = append(faults, fault("dir", `is empty: want a folder, such as "."`))
	}
	if o.Result != nil && o.Result.Job != job {
		faults = append(faults, fault("Result", "is that of %s: want that of %s", o.Result.Job, job))
	}
	d, faults := c.download(ctx, job, o, faults)
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
	whole := jobErr == nil
	for _, f := range files {
		whole = whole && f.Err == nil
	}
	if !whole {
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

func downloadOptions(optFns []func(*DownloadOptions)) (o DownloadOptions, faults []InputFault) {
	for i, fn := range optFns {
		if fn == nil {
			faults = append(faults, fault("optFns", "has a nil function at index %d", i))
			continue
		}
		fn(&o)
	}
	for _, n := range []struct {
		field string
		value *int
		by    int
	}{{"Concurrency", &o.Concurrency, 4}, {"Parts", &o.Parts, 4}, {"MaxAttempts", &o.MaxAttempts, 5}} {
		switch {
		case *n.value < 0:
			faults = append(faults, fault(n.field, "is %d: want a positive number, or 0 for the default, %d", *n.value, n.by))
		case *n.value == 0:
			*n.value = n.by
		}
	}
	if o.PartSize < 0 {
		faults = append(faults, fault("PartSize", "is %d: want a number of bytes, or 0 for one stream", o.PartSize))
	}
	switch {
	case o.StallTimeout < 0:
		faults = append(faults, fault("StallTimeout", "is %v: want a positive duration, or 0 for the default", o.StallTimeout))
	case o.StallTimeout == 0:
		o.StallTimeout = 30 * time.Second
	}
	return o, faults
}

// download is what the files of one call share.
type download struct {
	*settings
	client  *Client
	job     Job
	options DownloadOptions

	mu    sync.Mutex
	fresh map[place]S3URI // of the last result that was asked for again
	asked time.Time       // when that was

	progress sync.Mutex
}

// place is where a file stands in its result.
type place struct {
	registered         bool
	user, group, index int
}

func (f ResultFile) place() place { return place{f.Registered, f.User, f.Group, f.Index} }

func (c *Client) download(ctx context.Context, job Job, o DownloadOptions, faults []InputFault) (*download, []InputFault) {
	s := c.with(o.ClientOptions)
	if ctx == nil {
		faults = append(faults, fault("ctx", "is nil: want a context, such as context.Background()"))
	}
	return &download{settings: s, client: c, job: job, options: o}, append(faults, s.faults...)
}

// renew returns a URI for file that is newer than the one that was refused at
// the given time. Files whose URLs expired together share one new result.
func (d *download) renew(ctx context.Context, file ResultFile, refused time.Time) (S3URI, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.asked.After(refused) {
		asked := time.Now()
		result, err := d.client.DescribeDashboardSnapshotJobResult(ctx, d.job, d.options.ClientOptions...)
		if err != nil {
			return "", fmt.Errorf("ask for a fresh URL: %w", err)
		}
		d.asked, d.fresh = asked, map[place]S3URI{}
		for f := range result.Files() {
			d.fresh[f.place()] = f.URI
		}
	}
	uri := d.fresh[file.place()]
	if uri == "" {
		return "", errors.New("ask for a fresh URL: the new result doesn't have the file")
	}
	return uri, nil
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
	temp, err := createTemp(dir)
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
	if err != nil {
		return "", 0, err
	}
	path, err = publish(temp.Name(), filepath.Join(dir, name))
	if err != nil {
		return "", 0, err
	}
	return path, size, nil
}

// write fetches the object, from its beginning, into temp.
func (d *download) write(ctx context.Context, file ResultFile, temp *os.File, name string) (int64, error) {
	firstEnd := int64(-1)
	if d.options.PartSize > 0 {
		firstEnd = d.options.PartSize
	}
	r, err := d.open(ctx, file, 0, firstEnd, "")
	if err != nil {
		return 0, err
	}
	defer r.Close()
	total := r.total
	var done int64
	var mu sync.Mutex
	count := func(n int) {
		mu.Lock()
		done += int64(n)
		now := done
		mu.Unlock()
		d.report(file, name, now, total)
	}
	if firstEnd < 0 || total <= firstEnd {
		return copyTo(temp, 0, r, count)
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
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
