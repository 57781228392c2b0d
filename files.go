package snapshotjob

import (
	"fmt"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
)

// ResultFile is one file of a result: made, failed, or asked for and missing.
type ResultFile struct {
	Job                Job
	Registered         bool // asked for by a registered user; otherwise by an anonymous one
	User, Group, Index int  // its place: Result.…Users[User].FileGroups[Group].S3Results[Index]; Index is -1 for a requested file without a result

	// Format and Sheets are those of the file that was asked for; zero where
	// the result does not tell which one that was.
	Format SnapshotFileFormatType
	Sheets []SnapshotFileSheetSelection

	URI         S3URI                  // empty: there is no file
	Destination *S3BucketConfiguration // the caller's own bucket; nil: QuickSight's
	Errors      []SnapshotJobResultErrorInfo
}

// Err returns nil if the file was made and carries no error, and otherwise a
// [*FileError].
func (f ResultFile) Err() error {
	if f.URI != "" && len(f.Errors) == 0 {
		return nil
	}
	return &FileError{f}
}

// Files walks every file of every user, anonymous users first, in the result's
// order. A file's format and sheets are those of its group's Files: of the same
// index where there are as many as results, else of the only one. Of a group
// with fewer results than files, the files beyond come last, with Index -1.
func (o *DescribeDashboardSnapshotJobResultOutput) Files() iter.Seq[ResultFile] {
	return func(yield func(ResultFile) bool) {
		for i, user := range o.Result.AnonymousUsers {
			if !walkGroups(ResultFile{Job: o.Job, User: i}, user.FileGroups, yield) {
				return
			}
		}
		for i, user := range o.Result.RegisteredUsers {
			if !walkGroups(ResultFile{Job: o.Job, Registered: true, User: i}, user.FileGroups, yield) {
				return
			}
		}
	}
}

func walkGroups(file ResultFile, groups []SnapshotJobResultFileGroup, yield func(ResultFile) bool) bool {
	for i, group := range groups {
		file.Group = i
		for j, result := range group.S3Results {
			f := file
			f.Index, f.URI, f.Errors = j, result.S3URI, result.ErrorInfo
			if d := result.S3DestinationConfiguration; d != nil {
				f.Destination = &d.BucketConfiguration
			}
			switch len(group.Files) {
			case len(group.S3Results):
				f.askedFor(group.Files[j])
			case 1:
				f.askedFor(group.Files[0])
			}
			if !yield(f) {
				return false
			}
		}
		for _, asked := range group.Files[min(len(group.S3Results), len(group.Files)):] {
			f := file
			f.Index = -1
			f.askedFor(asked)
			if !yield(f) {
				return false
			}
		}
	}
	return true
}

func (f *ResultFile) askedFor(file SnapshotFile) {
	f.Format, f.Sheets = file.FormatType, file.SheetSelections
}

// Err judges the result: nil only if the job COMPLETED, made at least one file,
// and every file has a URI and carries no error. Otherwise it is a [*JobError].
func (o *DescribeDashboardSnapshotJobResultOutput) Err() error {
	e := &JobError{Job: o.Job, Status: o.JobStatus}
	if o.ErrorInfo != nil {
		e.ErrorType, e.Message = o.ErrorInfo.ErrorType, o.ErrorInfo.ErrorMessage
	}
	for file := range o.Files() {
		e.total++
		if file.Err() != nil {
			e.Files = append(e.Files, file)
		}
	}
	if o.JobStatus == SnapshotJobStatusCompleted && o.ErrorInfo == nil && len(e.Files) == 0 && e.total > 0 {
		return nil
	}
	return e
}

// JobError says that a job failed, or completed without all of its files. Each
// of its failed files is a [*FileError] in its chain.
type JobError struct {
	Job       Job
	Status    SnapshotJobStatus
	ErrorType string       // of the job as a whole; see the ErrorType constants
	Message   string       // likewise
	Files     []ResultFile // the files that failed or are missing
	total     int          // files in all
}

// Error says in one line what failed and, for an error type that AWS
// documents, what to do.
func (e *JobError) Error() string {
	text := "snapshot job " + e.Job.String()
	switch {
	case e.Status == "":
		text += " has no status"
	case e.Status != SnapshotJobStatusCompleted:
		text += " " + string(e.Status)
	case len(e.Files) > 0:
		text += fmt.Sprintf(" COMPLETED, but %d of %d files failed", len(e.Files), max(e.total, len(e.Files)))
	case e.total == 0:
		text += " COMPLETED without any file"
	default:
		text += " COMPLETED with an error"
	}
	switch {
	case e.ErrorType != "" || e.Message != "":
		text += ": " + explain(e.ErrorType, e.Message)
	case e.Status == SnapshotJobStatusFailed && len(e.Files) == 0:
		text += ": the service gave no reason"
	}
	const most = 10
	sep := ": "
	for _, file := range e.Files[:min(len(e.Files), most)] {
		text += sep + file.describe() + ": " + file.problem()
		sep = "; "
	}
	if len(e.Files) > most {
		text += fmt.Sprintf("; and %d more", len(e.Files)-most)
	}
	return text
}

// Unwrap returns a [*FileError] for each of Files.
func (e *JobError) Unwrap() []error {
	var errs []error
	for _, file := range e.Files {
		errs = append(errs, &FileError{file})
	}
	return errs
}

// TryAgain reports whether the same job may succeed when started again: all that
// went wrong is a change of row-level or column-level security while it ran.
func (e *JobError) TryAgain() bool {
	types := e.types()
	for _, t := range types {
		if t != ErrorTypeRLSChanged && t != ErrorTypeCLSChanged {
			return false
		}
	}
	return len(types) > 0
}

// Fault says who can mend it: smithy.FaultClient if AWS documents every error
// type, since those are about the account's data and permissions;
// smithy.FaultServer if a COMPLETED job lost a file without an error; otherwise
// smithy.FaultUnknown.
func (e *JobError) Fault() smithy.ErrorFault {
	types := e.types()
	fault := smithy.FaultClient
	for _, t := range types {
		switch {
		case t == "" && e.Status == SnapshotJobStatusCompleted:
			return smithy.FaultServer
		case advice[t] == "":
			fault = smithy.FaultUnknown
		}
	}
	if len(types) == 0 {
		return smithy.FaultUnknown
	}
	return fault
}

// types returns the type of every error, "" for a file that is just missing.
func (e *JobError) types() (types []string) {
	if e.ErrorType != "" {
		types = append(types, e.ErrorType)
	} else if e.Status != SnapshotJobStatusCompleted || len(e.Files) == 0 {
		types = append(types, "")
	}
	for _, file := range e.Files {
		if len(file.Errors) == 0 && e.Status == SnapshotJobStatusCompleted {
			types = append(types, "")
		}
		for _, info := range file.Errors {
			types = append(types, info.ErrorType)
		}
	}
	return types
}

// FileError is a file that failed, or that is missing from the result.
type FileError struct{ File ResultFile }

// Error names the job and the file, and says what to do if AWS documents it.
func (e *FileError) Error() string {
	return fmt.Sprintf("snapshot job %s: %s: %s", e.File.Job, e.File.describe(), e.File.problem())
}

// describe names a file as its user would: by format, sheet and visual.
func (f ResultFile) describe() string {
	text := oneLine(string(f.Format))
	if text == "" {
		text = fmt.Sprintf("file %d of group %d", f.Index, f.Group)
	}
	sep := " of sheet "
	for _, sheet := range f.Sheets {
		text += sep + oneLine(sheet.SheetID)
		sep = ", sheet "
		for _, id := range sheet.VisualIDs {
			text += " visual " + oneLine(id)
		}
	}
	return text
}

func (f ResultFile) problem() string {
	switch {
	case len(f.Errors) > 0:
		var texts []string
		for _, info := range f.Errors {
			texts = append(texts, explain(info.ErrorType, info.ErrorMessage))
		}
		return strings.Join(texts, ", ")
	case f.Index < 0:
		return "asked for, but not in the result"
	}
	return "the result has neither a URI nor an error"
}

// advice is what AWS says to do (API reference,
// DescribeDashboardSnapshotJobResult), in this package's words.
var advice = map[string]string{
	ErrorTypeDashboardAccessDenied: "the registered user lost access to the dashboard: share it again, then start the job again",
	ErrorTypeCapabilityRestricted:  "the registered user may not export data in this format: lift the restriction, or leave the format out",
	ErrorTypeRLSChanged:            "row-level security changed while the job ran: start the job again",
	ErrorTypeCLSChanged:            "column-level security changed while the job ran: start the job again",
	ErrorTypeDatasetDeleted:        "a dataset of the dashboard was deleted: restore it before you start the job again",
}

func explain(errorType, message string) string {
	text := oneLine(errorType)
	if message != "" {
		if text != "" {
			text += ": "
		}
		text += redact(oneLine(message), aws.Credentials{})
	}
	if a := advice[errorType]; a != "" {
		text += " (" + a + ")"
	}
	return text
}
