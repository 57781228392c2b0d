package batch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/quicksight-go/snapshotjob"
)

// Download returns a handle for [Run]. It downloads every file of a job into the folder
// dir, as [snapshotjob.Client.Download] does, and makes the folder if need be. It returns
// an error if a file that was made could not be fetched. What the job itself did not make is
// told by the outcome already. If there is no result, the handle does nothing.
//
// The files of a job that this run has started replace those that have their names. Those
// of an adopted job may be there already, from the run that was interrupted. They are kept
// if they have the right size, so that a second run fetches only what is missing; but if
// any of them is older than the job, by this machine's clock, all are replaced. The option
// functions may change that.
//
// The names are those of [snapshotjob.ResultFile.FileName], which begin with the job id.
// Jobs of one id in several dashboards may have files of the same name. The job that comes
// first is fetched then. For the other one, handle fetches nothing and returns an error:
// give each dashboard a folder of its own, or its jobs other ids. To find such files, handle
// remembers 32 bytes of each file.
func Download(
	client *snapshotjob.Client,
	dir string,
	optFns ...func(*snapshotjob.DownloadOptions),
) func(context.Context, Outcome) error {
	d := &downloader{
		client: client,
		dir:    dir,
		optFns: optFns,
		names:  newClaimedNames(),
	}
	return d.handle
}

// downloader downloads the files of jobs into one folder.
type downloader struct {
	client *snapshotjob.Client
	dir    string
	optFns []func(*snapshotjob.DownloadOptions)
	names  *claimedNames
}

// handle downloads the files of a request's job.
func (d *downloader) handle(ctx context.Context, outcome Outcome) error {
	if outcome.Result == nil {
		return nil
	}
	var names []string
	for file := range outcome.Result.Files() {
		names = append(names, file.FileName())
	}
	if name, ok := d.names.claim(outcome.Job, names); !ok {
		return fmt.Errorf("the file %s in %s is that of another job: "+
			"use a folder for each dashboard, or job ids that differ", name, d.dir)
	}
	setDefaults := func(o *snapshotjob.DownloadOptions) {
		o.Result = outcome.Result
		o.Existing = d.existing(outcome)
	}
	setLimiter := func(o *snapshotjob.DownloadOptions) {
		o.ClientOptions = append(slices.Clip(o.ClientOptions), limitBy(ctx))
	}
	optFns := []func(*snapshotjob.DownloadOptions){setDefaults}
	optFns = append(optFns, d.optFns...)
	optFns = append(optFns, setLimiter)
	_, err := d.client.Download(ctx, outcome.Job, d.dir, optFns...)
	if onlyJobFailed(err) {
		return nil
	}
	return err
}

// existing says what to do with files that are in the folder already. They can only be
// those of the job if it was adopted, and if they are newer than the job: its id may have
// been that of an earlier job.
func (d *downloader) existing(outcome Outcome) snapshotjob.Existing {
	if !outcome.Adopted {
		return snapshotjob.ReplaceExisting
	}
	for file := range outcome.Result.Files() {
		info, err := os.Stat(filepath.Join(d.dir, file.FileName()))
		if err == nil && info.ModTime().Before(outcome.Result.CreatedTime) {
			return snapshotjob.ReplaceExisting
		}
	}
	return snapshotjob.KeepExisting
}

// onlyJobFailed reports whether err says nothing but that the job itself failed, or did not
// make some files.
func onlyJobFailed(err error) bool {
	failure, ok := errors.AsType[*snapshotjob.DownloadError](err)
	if !ok {
		return false
	}
	for _, file := range failure.Files {
		if file.Err != nil && file.File.Err() == nil {
			return false
		}
	}
	return true
}
