package snapshotjob

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// DownloadOptions are those of [Client.Open] and [Client.Download]. Zero means the
// default.
type DownloadOptions struct {
	// Result is one in hand, such as [Client.Wait]'s, for Download. nil: it asks.
	Result *DescribeDashboardSnapshotJobResultOutput

	Concurrency int // files that Download fetches at once. Default: 4

	// PartSize, in bytes, has Download fetch larger files in parts, Parts at once,
	// verified by length and ETag, not checksum. Defaults: 0, one stream; 4.
	PartSize int64
	Parts    int

	MaxAttempts int // to get a byte of progress. Default: 5

	StallTimeout time.Duration // how long a server may send nothing before it is asked again. Default: 30 seconds

	OnProgress func(DownloadProgress) // called, never twice at once, as Download's bytes reach the disk. nil: none

	ClientOptions []func(*Options) // for results and, where they fit, files
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

// DownloadError is a job whose files were not all fetched. Its chain holds the
// files' errors and, if QuickSight failed the job or a file, the [*JobError].
type DownloadError struct {
	Job   Job
	Files []DownloadedFile
	job   error // a *JobError, or nil
}

// Error says in one line what failed, and what was fetched.
func (e *DownloadError) Error() string {
	var failed, fetched []string
	for _, f := range e.Files {
		switch {
		case f.Err == nil:
			fetched = append(fetched, fmt.Sprintf("%s (%d bytes)", f.Path, f.Size))
		case f.File.Err() != nil:
			failed = append(failed, f.File.failure())
		default:
			failed = append(failed, f.Err.Error())
		}
	}
	text := fmt.Sprint(e.job)
	if failed != nil {
		text = fmt.Sprintf("%d of %d files failed: %s", len(failed), len(e.Files), strings.Join(failed, "; "))
	}
	if fetched != nil {
		text += "; fetched: " + strings.Join(fetched, ", ")
	}
	return fmt.Sprintf("download of snapshot job %s: %s", e.Job, text)
}

// Unwrap returns the job's error, if any, and those of the files.
func (e *DownloadError) Unwrap() []error {
	errs := []error{e.job}
	for _, f := range e.Files {
		errs = append(errs, f.Err)
	}
	return slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}

// Open streams one file of a result. The caller must close it, early or not.
//
// A presigned URL is fetched without credentials, over https alone (http from
// loopback addresses); a file in the caller's bucket by a GET signed for S3. A
// broken connection is resumed; an expired URL is replaced, once between any two
// bytes, by asking for the result again. Read ends with io.EOF only after all
// bytes. Its error matches [ErrChecksum] if S3's checksum is another,
// [ErrFileChanged] if the object changed meanwhile.
//
// A file that the job didn't make is a [*FileError]; S3's own errors are
// *smithy.GenericAPIError behind an *awshttp.ResponseError; bad input is an
// [*InvalidInputError]. No error shows the query of a URL.
func (c *Client) Open(ctx context.Context, file ResultFile, optFns ...func(*DownloadOptions)) (io.ReadCloser, error) {
	d, faults := c.download(ctx, optFns)
	if len(faults) > 0 {
		return nil, &InvalidInputError{Faults: faults}
	}
	if err := file.Err(); err != nil {
		return nil, err
	}
	o := d.open(ctx, file, 0, toEnd, "")
	if o.failed != nil {
		return nil, file.wrap(o.failed)
	}
	return o, nil
}

// Download brings every file of a finished job into dir, made if need be, and
// tells every file's fate, in the order of the result's Files; one failing file
// doesn't lose the others. The error is nil only if the job went well and every
// file is there; otherwise it is a [*DownloadError], an [*InvalidInputError], or
// that of asking for the result or making dir.
//
// A file is whole or not there: written under a temporary name that begins with
// ".snapshotjob-", verified as [Client.Open] says, synced and only then named
// <SnapshotJobID>_<SheetID>_<VisualID> and .pdf, .csv or .xlsx: with the first
// sheet and visual, if any, each id cut to 60 characters, "_" for all but A-Z a-z
// 0-9 - . _, and a "_" in front of a dot or a Windows device's name. An unknown
// format keeps the object's ending, or gets .bin. No file is overwritten: to a name
// that the folder has, or the job in any case of letters, "-2" or the next free
// number is added.
func (c *Client) Download(ctx context.Context, job Job, dir string, optFns ...func(*DownloadOptions)) ([]DownloadedFile, error) {
	d, faults := c.download(ctx, optFns)
	faults = append(faults, job.problems()...)
	if dir == "" {
		faults.add("dir", `is empty: want a folder, such as "."`)
	}
	if d.Result != nil && d.Result.Job != job {
		faults.add("Result", "is that of %s: want that of %s", d.Result.Job, job)
	}
	if len(faults) > 0 {
		return nil, &InvalidInputError{Faults: faults}
	}
	if d.Result == nil {
		var err error
		if d.Result, err = c.DescribeDashboardSnapshotJobResult(ctx, job, d.ClientOptions...); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("download of snapshot job %s: %w", job, err)
	}
	var files []DownloadedFile
	var tasks []func()
	names := names{}
	for file := range d.Result.Files() {
		i, err := len(files), file.Err()
		files = append(files, DownloadedFile{File: file, Err: err})
		if err == nil {
			name := names.next(fileName(file))
			tasks = append(tasks, func() {
				path, size, err := d.fetch(ctx, file, dir, name)
				if err != nil {
					size, err = 0, file.wrap(err)
				}
				files[i] = DownloadedFile{file, path, size, err}
			})
		}
	}
	inParallel(d.Concurrency, tasks)
	if e := (&DownloadError{job, files, d.Result.Err()}); len(e.Unwrap()) > 0 {
		return files, e
	}
	return files, nil
}

// inParallel runs tasks, at most n at once.
func inParallel(n int, tasks []func()) {
	var wg sync.WaitGroup
	running := make(chan struct{}, n)
	for _, task := range tasks {
		running <- struct{}{}
		wg.Go(func() {
			task()
			<-running
		})
	}
	wg.Wait()
}

// download is what the files of one call share.
type download struct {
	*settings
	DownloadOptions
	client   *Client
	progress sync.Mutex
	renewing chan struct{} // full while a file asks for a new result
	newest   atomic.Pointer[DescribeDashboardSnapshotJobResultOutput]
}

// download also returns what is wrong with the options.
func (c *Client) download(ctx context.Context, optFns []func(*DownloadOptions)) (d *download, faults problemList) {
	d = &download{client: c, renewing: make(chan struct{}, 1)}
	applyAll(&faults, &d.DownloadOptions, optFns)
	setDefault(&faults, "Concurrency", &d.Concurrency, 4)
	setDefault(&faults, "PartSize", &d.PartSize, toEnd)
	setDefault(&faults, "Parts", &d.Parts, 4)
	setDefault(&faults, "MaxAttempts", &d.MaxAttempts, 5)
	setDefault(&faults, "StallTimeout", &d.StallTimeout, 30*time.Second)
	faults.needContext(ctx)
	d.settings = c.settingsFor(d.ClientOptions)
	return d, slices.Concat(faults, d.settings.problems, d.settings.fileProblems)
}
