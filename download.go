package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/quicksight-go/snapshotjob/internal/taskgroup"
)

// The defaults of DownloadOptions.
const (
	defaultConcurrency  = 4
	defaultParts        = 4
	defaultFileAttempts = 5
	defaultStallTimeout = 30 * time.Second
)

// Existing says what [Client.Download] does where the folder has a file of the name
// that a new one is to get.
type Existing int

const (
	// NumberExisting gives the new file the name with "-2", or the next number that is
	// free. No file is overwritten. This is the default.
	NumberExisting Existing = iota

	// ReplaceExisting puts the new file in the place of the other one, once the new
	// one is whole.
	ReplaceExisting

	// KeepExisting keeps a regular file that has the size of the object. The contents
	// are not compared: a request for the object tells its size, and no body is read.
	// If the server doesn't tell the size, the object is fetched to learn it.
	// DownloadedFile.Kept says that a file was kept. A file of another size and a
	// symbolic link are replaced, as by ReplaceExisting.
	KeepExisting
)

// DownloadOptions configures [Client.Open] and [Client.Download]. Open uses MaxAttempts,
// StallTimeout and ClientOptions, and ignores the other fields. The zero value of a
// field means its default. A negative number is an [*InvalidInputError].
type DownloadOptions struct {
	// Result is a result that is at hand, such as that of [Client.Wait]. If nil,
	// Download asks for the result.
	Result *DescribeDashboardSnapshotJobResultOutput

	// Concurrency is how many files Download fetches at once. Default: 4.
	Concurrency int

	// PartSize is the size, in bytes, of the parts that Download fetches a larger file
	// in. Parts that are read at once are verified by length and ETag, and not by the
	// file's checksum. A file without a strong ETag, or from a server that ignores
	// ranges, comes as one stream. Default: 0, every file comes as one stream.
	PartSize int64

	// Parts is how many parts of a file are read at once. The second part is asked for
	// before the first one is read, so that a file has two responses open even if
	// Parts is 1. Default: 4.
	Parts int

	// MaxAttempts limits two things. So many attempts in a row may bring no new byte
	// before a file, or a part of it, fails. And Download reads a file from its
	// beginning so many times at most, and once more if its server sends the whole file
	// in place of a later part. Default: 5.
	//
	// Whatever MaxAttempts, a file fails after 1000 failed attempts in all, and one
	// more for each MiB that was read. Each MiB that is sent once more, by a server that
	// ignores ranges, counts as a failed attempt. The file's URL or its credentials are
	// renewed MaxAttempts times in all, and once more for each MiB that was read.
	MaxAttempts int

	// StallTimeout is how long a server may send nothing before it is asked again.
	// Default: 30 seconds.
	StallTimeout time.Duration

	// Existing says what Download does where the folder has a file of the name.
	// Default: NumberExisting.
	Existing Existing

	// OnProgress is called after bytes of a file were written, and before they are
	// synced to the disk. It is not called for an empty file, nor for one that is kept
	// without being fetched. Calls never overlap, so that a slow function slows the whole
	// download. If nil, nothing is called.
	OnProgress func(DownloadProgress)

	// ClientOptions change the options of the calls for results and, where they apply,
	// of the requests for files.
	ClientOptions []func(*Options)
}

// DownloadProgress is how far a file has come. If the file is begun anew, Bytes begins
// at 0 again.
type DownloadProgress struct {
	File  ResultFile
	Name  string // that the file is to get, unless another one has it by then
	Bytes int64  // that were written
	Total int64  // -1 if the server doesn't tell
}

// DownloadedFile is what became of one file.
type DownloadedFile struct {
	File ResultFile
	Path string // of the file in the folder; empty if Err is not nil
	Size int64  // in bytes; 0 if Err is not nil
	Kept bool   // whether the file was in the folder already; see KeepExisting

	// Err is nil if the file is there and whole. It is a *FileError if the job didn't
	// make the file.
	Err error
}

// DownloadError is the error of [Client.Download] if a file was not fetched, or if the
// job failed, even if all files that it made were fetched. Its chain has the errors of
// the files and, if the job or a file of it failed at QuickSight, the [*JobError].
type DownloadError struct {
	Job   Job
	Files []DownloadedFile // all of them, also those that were fetched

	jobError *JobError // nil if the job and its files went well at QuickSight
}

// Error returns, in one line, what failed, and what was fetched. It lists the first ten
// files of either kind, and counts the others.
func (e *DownloadError) Error() string {
	var failed, fetched []string
	for _, file := range e.Files {
		if file.Err != nil {
			failed = append(failed, file.failure())
		} else {
			fetched = append(fetched, fmt.Sprintf("%s (%d bytes)", file.Path, file.Size))
		}
	}
	var parts []string
	if len(failed) > 0 {
		summary := fmt.Sprintf("%d of %d files failed", len(failed), len(e.Files))
		parts = append(parts, summary+": "+joinFirst(failed, "; "))
	}
	if e.jobError != nil && (len(failed) == 0 || !e.jobError.isCompleted()) {
		// The error of a completed job would only list the failed files once more.
		parts = append(parts, e.jobError.Error())
	}
	if len(fetched) > 0 {
		parts = append(parts, "fetched: "+joinFirst(fetched, ", "))
	}
	return fmt.Sprintf("download of snapshot job %s: %s", e.Job, strings.Join(parts, "; "))
}

// failure says why the file, which failed, did so.
func (f DownloadedFile) failure() string {
	if f.File.Err() != nil {
		return f.File.failure()
	}
	return f.Err.Error()
}

// joinFirst joins the first texts, and says how many more there are.
func joinFirst(texts []string, separator string) string {
	shown := texts[:min(maxShownFiles, len(texts))]
	joined := strings.Join(shown, separator)
	if more := len(texts) - len(shown); more > 0 {
		joined += fmt.Sprintf("%sand %d more", separator, more)
	}
	return joined
}

// Unwrap returns the error of the job, if any, and those of the files.
func (e *DownloadError) Unwrap() []error {
	var errs []error
	if e.jobError != nil {
		errs = append(errs, e.jobError)
	}
	for _, file := range e.Files {
		if file.Err != nil {
			errs = append(errs, file.Err)
		}
	}
	return errs
}

// Download fetches every file of a finished job into the folder dir, which it makes if
// need be. It returns what became of each file, in the order of the result's Files. A
// file that fails doesn't stop the others.
//
// The error is nil only if the job went well and every file is there. It is a
// [*DownloadError] if a file is missing, and also if the job failed but all files that
// it made are there. Otherwise it is an [*InvalidInputError], or the error of asking
// for the result or of making the folder; no file was fetched then.
//
// A file is whole or not there. It is written under a temporary name that begins with
// ".snapshotjob-", read as [Client.Open] says, and synced. Only then it gets its name,
// which [ResultFile.FileName] returns. A file that was changed or cut off while it was
// read is begun anew; see [DownloadOptions].MaxAttempts. What the folder has already is
// not overwritten, unless Existing says so. Two files of a job never get the same name,
// also where case doesn't matter. Temporary files that a killed process has left are
// removed after an hour, by the next Download into the folder.
//
// Download calls functions of the caller on goroutines of its own: OnProgress, and the
// methods of the transports, the credentials provider, the Retryer and the Logger. If
// one of them panics, Download stops, and then panics with the same value. If one ends
// its goroutine, as a test's FailNow does, the file at work fails.
func (c *Client) Download(
	ctx context.Context,
	job Job,
	dir string,
	optFns ...func(*DownloadOptions),
) ([]DownloadedFile, error) {
	session, problems := c.newDownloadSession(ctx, optFns)
	problems = append(problems, job.problems()...)
	if dir == "" {
		problems.add("dir", `is empty: want a folder, such as "."`)
	}
	result := session.options.Result
	if result != nil && result.Job != job {
		problems.add("Result", "is that of %s: want that of %s", result.Job, job)
	}
	if err := problems.err(); err != nil {
		return nil, err
	}
	if result == nil {
		var err error
		result, err = c.result(ctx, session.settings, job)
		if err != nil {
			return nil, err
		}
	}
	session.newest.Store(result)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("download of snapshot job %s: %w", job, err)
	}
	removeLeftovers(dir)
	files := session.downloadAll(ctx, result, dir)
	failure := &DownloadError{
		Job:   job,
		Files: files,
	}
	failure.jobError, _ = errors.AsType[*JobError](result.Err())
	if len(failure.Unwrap()) > 0 {
		return files, failure
	}
	return files, nil
}

// downloadAll fetches the files of a result, several at once.
func (d *downloadSession) downloadAll(
	ctx context.Context,
	result *DescribeDashboardSnapshotJobResultOutput,
	folder string,
) []DownloadedFile {
	files := slices.Collect(result.Files())
	outcomes := make([]DownloadedFile, len(files))
	names := takenNames{}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group := taskgroup.New(cancel, d.options.Concurrency)
	for i, file := range files {
		outcomes[i].File = file
		if err := file.Err(); err != nil {
			outcomes[i].Err = err
			continue
		}
		download := &fileDownload{
			session: d,
			file:    file,
			origin:  result,
			folder:  folder,
			name:    names.next(file.FileName()),
		}
		task := func() error { return download.run(ctx) }
		group.Start(task, func(err error) { outcomes[i] = download.outcome(err) })
	}
	group.Wait()
	return outcomes
}
