package batch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/quicksight-go/snapshotjob"
)

// Download returns a handle for [Run]: it downloads every file of a job into the folder
// dir, as [snapshotjob.Client.Download] does, with KeepExisting as the default, so that a
// second run fetches only what is missing. The option functions may change that.
//
// It returns an error if a file that was made could not be fetched. What the job itself
// did not make is told by the outcome already. If there is no result, Download does
// nothing.
//
// The names of the files begin with the job id. If jobs of several dashboards or accounts
// have the same id, their files would take each other's place. Of these jobs, Download
// fetches the first one that it sees, and returns an error for the others: give each
// dashboard a folder of its own, or its jobs other ids.
func Download(
	client *snapshotjob.Client,
	dir string,
	optFns ...func(*snapshotjob.DownloadOptions),
) func(context.Context, Outcome) error {
	d := &downloader{
		client: client,
		dir:    dir,
		optFns: optFns,
		hasher: newJobHasher(),
		owners: map[jobHash]jobHash{},
	}
	return d.handle
}

// downloader downloads the files of jobs into one folder.
type downloader struct {
	client *snapshotjob.Client
	dir    string
	optFns []func(*snapshotjob.DownloadOptions)
	hasher jobHasher

	mu     sync.Mutex          // guards owners
	owners map[jobHash]jobHash // from a job id alone to the job that has the names of it
}

// handle downloads the files of a request's job.
func (d *downloader) handle(ctx context.Context, outcome Outcome) error {
	if outcome.Result == nil {
		return nil
	}
	if !d.claimNames(outcome.Job) {
		return fmt.Errorf("the folder %s has files of another dashboard's job with the id %q: "+
			"use a folder for each dashboard, or ids that differ", d.dir, outcome.Job.SnapshotJobID)
	}
	prepare := func(o *snapshotjob.DownloadOptions) {
		o.Result = outcome.Result
		o.Existing = snapshotjob.KeepExisting
		o.ClientOptions = []func(*snapshotjob.Options){limitBy(ctx)}
	}
	optFns := slices.Concat([]func(*snapshotjob.DownloadOptions){prepare}, d.optFns)
	_, err := d.client.Download(ctx, outcome.Job, d.dir, optFns...)
	if onlyJobFailed(err) {
		return nil
	}
	return err
}

// claimNames gives a job the names that begin with its id. It reports false if another
// job has them. Some file systems don't tell upper from lower case.
func (d *downloader) claimNames(job snapshotjob.Job) bool {
	id := d.hasher.hash(snapshotjob.Job{SnapshotJobID: strings.ToLower(job.SnapshotJobID)})
	claimant := d.hasher.hash(job)
	d.mu.Lock()
	defer d.mu.Unlock()
	owner, isTaken := d.owners[id]
	if !isTaken {
		d.owners[id] = claimant
		return true
	}
	return owner == claimant
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
