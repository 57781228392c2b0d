package snapshotjobtest

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// Life is what becomes of a job: how long it is queued and runs, how it ends,
// and what it leaves behind. The zero Life is COMPLETED at once, without files.
type Life struct {
	// Queued and Running are how long the job has these statuses. Negative: for ever.
	Queued, Running time.Duration

	// Status is the one that the job ends with. Default: COMPLETED, or FAILED if
	// there is an ErrorType. QUEUED and RUNNING are no end: the job has them for
	// ever.
	Status snapshotjob.SnapshotJobStatus

	// ErrorType and ErrorMessage say why the whole job failed. Such a job leaves
	// no files. Empty: it has no ErrorInfo.
	ErrorType, ErrorMessage string

	// Files are what the job was asked to make.
	Files []File

	// User is the name of who started the job. "": the server's own user.
	User string

	// Registered is whether the files are those of a registered user, and not of
	// an anonymous one.
	Registered bool

	// Destination is the caller's bucket that the files go to. nil: QuickSight's
	// own, with presigned URLs. An empty region is the server's.
	Destination *snapshotjob.S3BucketConfiguration
}

// Completed is the life of a job that is COMPLETED at once, with these files.
func Completed(files ...File) Life { return Life{Files: files} }

// Failed is the life of a job that is FAILED at once, for this reason.
func Failed(errorType, errorMessage string) Life {
	return Life{Status: snapshotjob.SnapshotJobStatusFailed, ErrorType: errorType, ErrorMessage: errorMessage}
}

// After returns a life that ends like l, after being queued and running for so
// long.
func (l Life) After(queued, running time.Duration) Life {
	l.Queued, l.Running = queued, running
	return l
}

// at returns the status that a job has some time after it was created, and how
// long after its creation it got that status.
func (l Life) at(age time.Duration) (snapshotjob.SnapshotJobStatus, time.Duration) {
	runs, ends := l.until()
	switch {
	case age < runs:
		return snapshotjob.SnapshotJobStatusQueued, 0
	case age < ends:
		return snapshotjob.SnapshotJobStatusRunning, runs
	}
	return l.end(), ends
}

// forever stands for what doesn't come.
const forever = time.Duration(math.MaxInt64)

// until returns how long after its creation a job begins to run, and ends.
func (l Life) until() (runs, ends time.Duration) {
	if l.Queued < 0 || l.Status == snapshotjob.SnapshotJobStatusQueued {
		return forever, forever
	}
	if l.Running < 0 || l.Status == snapshotjob.SnapshotJobStatusRunning || l.Running > forever-l.Queued {
		return l.Queued, forever
	}
	return l.Queued, l.Queued + l.Running
}

func (l Life) end() snapshotjob.SnapshotJobStatus {
	switch {
	case l.Status != "":
		return l.Status
	case l.ErrorType != "":
		return snapshotjob.SnapshotJobStatusFailed
	}
	return snapshotjob.SnapshotJobStatusCompleted
}

// File is one file of a job. [PDF], [CSV] and [Excel] make one.
type File struct {
	Format snapshotjob.SnapshotFileFormatType
	Sheets []snapshotjob.SnapshotFileSheetSelection

	// Content is what the file holds. nil: Size bytes are generated as they are
	// read, so that even a large file takes no memory: lines of CSV, else noise.
	Content []byte
	Size    int64 // 0: 1,024 bytes

	// Errors say why the file was not made: it has no URI. Empty: it was.
	Errors []FileError
}

// FileError is the reason why a file of an otherwise good job was not made.
type FileError struct{ Type, Message string }

// PDF is a file with all visuals of a sheet.
func PDF(sheetID string) File { return file(snapshotjob.PDF(sheetID)) }

// CSV is a file of one visual.
func CSV(sheetID, visualID string) File { return file(snapshotjob.CSV(sheetID, visualID)) }

// Excel is a workbook of up to 5 visuals.
func Excel(sheetID string, visualIDs ...string) File {
	return file(snapshotjob.Excel(sheetID, visualIDs...))
}

func file(group snapshotjob.SnapshotFileGroup) File {
	return File{Format: group.Files[0].FormatType, Sheets: group.Files[0].SheetSelections}
}

// With returns the file with this content.
func (f File) With(content string) File {
	f.Content = []byte(content)
	return f
}

// Failing returns the file as one that was not made, for this reason and those
// that it has already.
func (f File) Failing(errorType, message string) File {
	f.Errors = append(f.Errors[:len(f.Errors):len(f.Errors)], FileError{errorType, message})
	return f
}

// Distribution draws lives, for simulations:
//
//	Options.Life = snapshotjobtest.Distribution{Seed: 1, Queued: 2 * time.Second, Running: time.Minute, Failed: 0.01}.Life
//
// A job's draw depends on Seed and the job's ids only, whatever the order in
// which jobs are started. The zero value's jobs are completed at once. A job that
// is added with such a life has 1 PDF, 1 Excel and 5 CSV; one that is started, the
// files that it asks for.
type Distribution struct {
	Seed uint64

	// Queued and Running are medians. Durations are log-normal: two of three lie
	// between half the median and twice, and none is beyond 20 times.
	Queued, Running time.Duration

	// Failed is the share of jobs that fail, from 0 to 1, and FileFailed the
	// share of the other jobs' files that are not made. The reasons are those
	// that AWS documents.
	Failed, FileFailed float64

	// Size is the median of the files' sizes in bytes, spread like durations.
	// 0: 1,024 bytes each.
	Size int64
}

// Reasons as the API reference words them (DescribeDashboardSnapshotJobResult).
var (
	jobErrors = []FileError{
		{snapshotjob.ErrorTypeDashboardAccessDenied, "The registered user lost access to the dashboard."},
		{snapshotjob.ErrorTypeCapabilityRestricted, "The registered user is restricted from exporting data in all selected formats."},
	}
	fileErrors = []FileError{
		{snapshotjob.ErrorTypeCapabilityRestricted, "The registered user is restricted from exporting data in some selected formats."},
		{snapshotjob.ErrorTypeRLSChanged, "Row-level security settings have changed. Re-run the job with current settings."},
		{snapshotjob.ErrorTypeCLSChanged, "Column-level security settings have changed. Re-run the job with current settings."},
		{snapshotjob.ErrorTypeDatasetDeleted, "The dataset has been deleted. Verify the dataset exists before re-running the job."},
	}
)

// Life draws the life of a job. It fits [Options].Life.
func (d Distribution) Life(job snapshotjob.Job) Life {
	h := fnv.New64a()
	h.Write([]byte(job.AWSAccountID + "\x00" + job.DashboardID + "\x00" + job.SnapshotJobID))
	r := rand.New(rand.NewPCG(d.Seed, h.Sum64()))
	spread := func(median float64) float64 {
		return median * min(20, math.Exp2(r.NormFloat64()))
	}
	life := Life{Queued: time.Duration(spread(float64(d.Queued))), Running: time.Duration(spread(float64(d.Running)))}
	if r.Float64() < d.Failed {
		reason := jobErrors[r.IntN(len(jobErrors))]
		life.ErrorType, life.ErrorMessage = reason.Type, reason.Message
		return life
	}
	life.Files = []File{PDF("sheet"), Excel("sheet", "visual")} // as many as a job may ask for
	for i := range 5 {
		life.Files = append(life.Files, CSV("sheet", fmt.Sprint("visual-", i+1)))
	}
	for i := range life.Files {
		f := &life.Files[i]
		f.Size = int64(spread(float64(d.Size)))
		if r.Float64() < d.FileFailed {
			f.Errors = []FileError{fileErrors[r.IntN(len(fileErrors))]}
		}
	}
	return life
}
