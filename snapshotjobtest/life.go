package snapshotjobtest

import (
	"math"
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
