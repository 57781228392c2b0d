package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/quicksight-go/snapshotjob"
)

// existingDefault is the default of --existing.
const existingDefault = "keep"

// downloadFlags say where files go.
type downloadFlags struct {
	Dir      string `placeholder:"FOLDER" help:"Folder for the files, which is made if need be. Default: the current one."`
	Existing string `enum:"keep,replace,number" default:"keep" placeholder:"WAY" help:"What to do where the folder has a file of the name. keep: keep it if it is newer than the job and has the right size, and otherwise replace it. replace: replace it. number: give the new file a number. Default: keep."`
}

// folder returns the folder for the files.
func (f *downloadFlags) folder() string {
	if f.Dir == "" {
		return "."
	}
	return f.Dir
}

// arguments returns the arguments of a download with these flags.
func (f *downloadFlags) arguments() []string {
	arguments := []string{"download", "--dir", f.folder()}
	if f.Existing != existingDefault {
		arguments = append(arguments, "--existing", f.Existing)
	}
	return arguments
}

// wants reports whether the files of a job are downloaded. Those that go to a bucket of
// the user stay there, unless a folder is named.
func (f *downloadFlags) wants(request *snapshotjob.StartDashboardSnapshotJobInput) bool {
	return f.Dir != "" || request.SnapshotConfiguration.DestinationConfiguration == nil
}

// check makes the folder, and returns an error if no file can be written there. So nothing
// is started whose files could not be kept.
func (f *downloadFlags) check() error {
	if err := os.MkdirAll(f.folder(), 0o777); err != nil {
		return usagef("the folder for the files cannot be made, give another --dir: %w", err)
	}
	probe, err := os.CreateTemp(f.folder(), ".snapshotjob-")
	if err != nil {
		return usagef("the folder for the files cannot be written, give another --dir: %w", err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// downloadCommand downloads the files of jobs.
type downloadCommand struct {
	jobFlags
	waitFlags
	downloadFlags
}

// Help returns what the help shows below the usage.
func (downloadCommand) Help() string {
	return `A job that has not finished is waited for. A file has its name only when it is whole. What
is there already is not fetched again, so that the same command goes on after an
interruption.

Examples:

    snapshotjob download 111122223333/sales/complete --dir reports
    snapshotjob start --dashboard-id revenue --pdf Overview | snapshotjob download --dir reports
`
}

// Run runs the command.
func (c *downloadCommand) Run(ctx context.Context, s *session) error {
	if err := c.waitFlags.check(); err != nil {
		return err
	}
	if err := c.downloadFlags.check(); err != nil {
		return err
	}
	progress := s.newJobProgress()
	files := newDownloader(&c.downloadFlags, progress)
	download := func(ctx context.Context, connected *connection, job snapshotjob.Job) (jobRecord, error) {
		result, err := c.wait(ctx, connected, job, progress)
		if result == nil {
			return jobRecord{}, err
		}
		downloaded, err := files.download(ctx, connected.client, result)
		return s.downloadRecord(result, downloaded), err
	}
	command := &eachJob{
		session:  s,
		flags:    &c.jobFlags,
		table:    fileTable,
		progress: progress,
		action:   download,
		goOn:     c.downloadFlags.arguments(),
	}
	return command.run(ctx)
}

// downloader downloads the files of jobs into one folder.
type downloader struct {
	flags    *downloadFlags
	progress progress

	mu     sync.Mutex                 // guards owners
	owners map[string]snapshotjob.Job // the job that has a file of a name
}

// newDownloader returns a downloader into the folder of the flags.
func newDownloader(flags *downloadFlags, progress progress) *downloader {
	return &downloader{
		flags:    flags,
		progress: progress,
		owners:   map[string]snapshotjob.Job{},
	}
}

// download downloads the files of a job that has finished.
func (d *downloader) download(
	ctx context.Context,
	client *snapshotjob.Client,
	result *snapshotjob.DescribeDashboardSnapshotJobResultOutput,
) ([]snapshotjob.DownloadedFile, error) {
	if err := d.claimNames(result); err != nil {
		return nil, err
	}
	files, err := client.Download(ctx, result.Job, d.flags.folder(), func(o *snapshotjob.DownloadOptions) {
		o.Result = result
		o.Existing = d.existing(result)
		o.OnProgress = d.progress.fetched
	})
	for _, file := range files {
		d.progress.downloaded(file)
	}
	return files, err
}

// existing returns what to do where the folder has a file of a name already. A file that is
// older than the job is not that of the job, whatever its size: if there is one, all files
// of the job are fetched.
func (d *downloader) existing(result *snapshotjob.DescribeDashboardSnapshotJobResultOutput) snapshotjob.Existing {
	switch d.flags.Existing {
	case "replace":
		return snapshotjob.ReplaceExisting
	case "number":
		return snapshotjob.NumberExisting
	}
	for file := range result.Files() {
		info, err := os.Stat(filepath.Join(d.flags.folder(), file.FileName()))
		if err == nil && info.ModTime().Before(result.CreatedTime) {
			return snapshotjob.ReplaceExisting
		}
	}
	return snapshotjob.KeepExisting
}

// claimNames returns an error if another job has a file with the name of one of this job.
// Some file systems do not tell upper from lower case.
func (d *downloader) claimNames(result *snapshotjob.DescribeDashboardSnapshotJobResultOutput) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for file := range result.Files() {
		name := strings.ToLower(file.FileName())
		owner, isTaken := d.owners[name]
		if isTaken && owner != result.Job {
			return fmt.Errorf("job %s: the file %s is that of job %s: give each a folder of its own",
				result.Job, file.FileName(), owner)
		}
		d.owners[name] = result.Job
	}
	return nil
}
