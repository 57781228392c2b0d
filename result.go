package snapshotjob

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
)

// ResultFile is one file of a result: made, failed, or asked for and missing.
type ResultFile struct {
	Job                Job
	Registered         bool // asked for by a registered user, not by an anonymous one
	User, Group, Index int  // its place: Result.…Users[User].FileGroups[Group].S3Results[Index]; Index is -1 without a result

	// Of the file that was asked for; zero where the result doesn't tell which.
	Format SnapshotFileFormatType
	Sheets []SnapshotFileSheetSelection

	URI         S3URI                  // empty: there is no file
	Destination *S3BucketConfiguration // the caller's own bucket; nil: QuickSight's
	Errors      []SnapshotJobResultErrorInfo
}

// Err returns nil if the file was made without an error, else a [*FileError].
func (f ResultFile) Err() error {
	if f.URI != "" && len(f.Errors) == 0 {
		return nil
	}
	return &FileError{f}
}

// Files walks every file of every user, anonymous users first, in the result's
// order. Its format and sheets are from its group's Files: of the same index where
// there are as many as results, else of the only one. Files beyond their group's
// results come last in it, with Index -1.
func (o *DescribeDashboardSnapshotJobResultOutput) Files() iter.Seq[ResultFile] {
	var files []ResultFile
	add := func(file ResultFile, groups []SnapshotJobResultFileGroup) {
		for i, group := range groups {
			asked, made := group.Files, group.S3Results
			for j := range max(len(asked), len(made)) {
				f := file
				f.Group, f.Index = i, -1
				if j < len(made) {
					f.Index, f.URI, f.Errors = j, made[j].S3URI, made[j].ErrorInfo
					if d := made[j].S3DestinationConfiguration; d != nil {
						f.Destination = &d.BucketConfiguration
					}
				}
				if len(asked) == len(made) || len(asked) == 1 || j >= len(made) {
					a := asked[min(j, len(asked)-1)]
					f.Format, f.Sheets = a.FormatType, a.SheetSelections
				}
				files = append(files, f)
			}
		}
	}
	for i, user := range o.Result.AnonymousUsers {
		add(ResultFile{Job: o.Job, User: i}, user.FileGroups)
	}
	for i, user := range o.Result.RegisteredUsers {
		add(ResultFile{Job: o.Job, User: i, Registered: true}, user.FileGroups)
	}
	return slices.Values(files)
}

// Err returns nil only if the job COMPLETED and made at least one file, and all
// of them without an error. Otherwise it is a [*JobError].
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
	if e.Status == SnapshotJobStatusCompleted && o.ErrorInfo == nil && len(e.Files) == 0 && e.total > 0 {
		return nil
	}
	return e
}

// JobError is a job that failed, or completed without all of its files.
type JobError struct {
	Job       Job
	Status    SnapshotJobStatus
	ErrorType string       // of the job as a whole; see the ErrorType constants
	Message   string       // likewise
	Files     []ResultFile // the files that failed or are missing
	total     int          // files in all
}

// Error says in one line what failed and, if AWS documents it, what to do.
func (e *JobError) Error() string {
	text := fmt.Sprintf("snapshot job %s %s", e.Job, oneLine(string(cmp.Or(e.Status, "has no status"))))
	failed := len(e.Files)
	switch {
	case e.Status != SnapshotJobStatusCompleted:
	case failed > 0:
		text += fmt.Sprintf(", but %d of %d files failed", failed, max(e.total, failed))
	case e.total == 0:
		text += " without any file"
	default:
		text += " with an error"
	}
	if why := explain(e.ErrorType, e.Message); why != "" {
		text += ": " + why
	} else if e.Status == SnapshotJobStatusFailed && failed == 0 {
		text += ": the service gave no reason"
	}
	sep := ": "
	for _, file := range e.Files[:min(10, failed)] {
		text += sep + file.failure()
		sep = "; "
	}
	if failed > 10 {
		text += fmt.Sprintf("; and %d more", failed-10)
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

// TryAgain reports whether a new job of the same input may succeed: only row- or
// column-level security changed while this one ran.
func (e *JobError) TryAgain() bool {
	return !slices.ContainsFunc(e.types(), func(t string) bool { return t != ErrorTypeRLSChanged && t != ErrorTypeCLSChanged })
}

// Fault says who can mend it: smithy.FaultServer if a COMPLETED job lost a file
// without an error; smithy.FaultClient if AWS documents every error type, all about
// the account; otherwise smithy.FaultUnknown.
func (e *JobError) Fault() smithy.ErrorFault {
	types := e.types()
	switch {
	case e.Status == SnapshotJobStatusCompleted && slices.Contains(types, ""):
		return smithy.FaultServer
	case slices.ContainsFunc(types, func(t string) bool { return advice[t] == "" }):
		return smithy.FaultUnknown
	}
	return smithy.FaultClient
}

// types returns the type of every error, "" for what failed without; at least
// one.
func (e *JobError) types() (types []string) {
	completed := e.Status == SnapshotJobStatusCompleted
	if e.ErrorType != "" || !completed || len(e.Files) == 0 {
		types = []string{e.ErrorType}
	}
	for _, file := range e.Files {
		if completed && len(file.Errors) == 0 {
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

// Error names the job and the file, and what to do if AWS documents it.
func (e *FileError) Error() string {
	return fmt.Sprintf("snapshot job %s: %s", e.File.Job, e.File.failure())
}

func (f ResultFile) wrap(err error) error {
	return fmt.Errorf("snapshot job %s: %s: %w", f.Job, f.describe(), err)
}

// describe names a file by format, sheet and visual.
func (f ResultFile) describe() string {
	text := cmp.Or(string(f.Format), fmt.Sprintf("file %d of group %d", f.Index, f.Group))
	sep := " of sheet "
	for _, sheet := range f.Sheets {
		text += sep + strings.Join(append([]string{sheet.SheetID}, sheet.VisualIDs...), " visual ")
		sep = ", sheet "
	}
	return oneLine(text)
}

// failure says which file failed, and why.
func (f ResultFile) failure() string {
	text, sep := f.describe(), ": "
	for _, info := range f.Errors {
		text += sep + explain(info.ErrorType, info.ErrorMessage)
		sep = ", "
	}
	switch {
	case len(f.Errors) > 0:
		return text
	case f.Index < 0:
		return text + ": asked for, but not in the result"
	}
	return text + ": the result has neither a URI nor an error"
}

// advice is that of AWS (API reference, DescribeDashboardSnapshotJobResult).
var advice = map[string]string{
	ErrorTypeDashboardAccessDenied: "the registered user lost access to the dashboard: share it again, then start a new job",
	ErrorTypeCapabilityRestricted:  "the registered user may not export data in this format: lift the restriction, or leave the format out",
	ErrorTypeRLSChanged:            "row-level security changed while the job ran: start a new job",
	ErrorTypeCLSChanged:            "column-level security changed while the job ran: start a new job",
	ErrorTypeDatasetDeleted:        "a dataset of the dashboard was deleted: restore it, then start a new job",
}

func explain(errorType, message string) string {
	text := oneLine(errorType) + ": " + redact(message, aws.Credentials{})
	text = strings.TrimPrefix(strings.TrimSuffix(text, ": "), ": ")
	if a := advice[errorType]; a != "" {
		text += " (" + a + ")"
	}
	return text
}
