package snapshotjob

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
)

const (
	// maxShownFiles is how many files of a kind, failed or fetched, the text of a JobError
	// or a DownloadError lists.
	maxShownFiles = 10

	// maxShownReasons is how many errors of a file a text lists.
	maxShownReasons = 10

	// maxFailureLength bounds what a text says of a file, in bytes.
	maxFailureLength = 8 << 10

	// maxErrorFiles is how many failed files a JobError has. A real job has up to 7
	// files. The limit protects against a broken response with very many.
	maxErrorFiles = 1000
)

// ResultFile is one file of a result: one that was made, one that failed, or one that
// was asked for and is missing.
type ResultFile struct {
	Job Job

	// Registered reports whether a registered user asked for the file, and not an
	// anonymous one.
	Registered bool

	// User, Group and Index are the file's place in the result: it is
	// Users[User].FileGroups[Group].S3Results[Index]. Index is -1 for a file that was
	// asked for and has no result.
	User  int
	Group int
	Index int

	// Format and Sheets are those of the file that was asked for. They are zero where
	// the result doesn't tell which one that was.
	Format SnapshotFileFormatType
	Sheets []SnapshotFileSheetSelection

	URI         S3URI                  // empty if there is no file
	Destination *S3BucketConfiguration // the caller's bucket; nil if the file is in QuickSight's own

	// Errors say why the file failed. They are empty for a file without an error, and
	// for one that is missing. A file may have a URI and errors.
	Errors []SnapshotJobResultErrorInfo
}

// Err returns nil if the file was made without an error, and a [*FileError]
// otherwise.
func (f ResultFile) Err() error {
	if f.isGood() {
		return nil
	}
	return &FileError{File: f}
}

// isGood reports whether the file was made without an error.
func (f ResultFile) isGood() bool { return f.URI != "" && len(f.Errors) == 0 }

// wrap adds the job and the file to an error.
func (f ResultFile) wrap(err error) error {
	return fmt.Errorf("snapshot job %s: %s: %w", f.Job, f.describe(), err)
}

// describe names the file by its format, sheets and visuals, or by its place.
func (f ResultFile) describe() string {
	var text strings.Builder
	switch {
	case f.Format != "":
		text.WriteString(string(f.Format))
	case f.Index >= 0:
		fmt.Fprintf(&text, "file %d of group %d", f.Index, f.Group)
	default:
		fmt.Fprintf(&text, "a file of group %d", f.Group)
	}
	for i, sheet := range f.Sheets {
		if i == 0 {
			text.WriteString(" of sheet ")
		} else {
			text.WriteString(", sheet ")
		}
		text.WriteString(sheet.SheetID)
		for _, visual := range sheet.VisualIDs {
			text.WriteString(" visual " + visual)
		}
	}
	return shorten(oneLine(text.String()), maxMessageLength)
}

// failure says which file failed, and why.
func (f ResultFile) failure() string {
	switch {
	case len(f.Errors) > 0:
		return shorten(f.describe()+": "+f.reasons(), maxFailureLength)
	case f.Index < 0:
		return f.describe() + ": asked for, but not in the result"
	}
	return f.describe() + ": the result has neither a URI nor an error"
}

// reasons lists the first errors of a file, and says how many more there are.
func (f ResultFile) reasons() string {
	var reasons []string
	for _, info := range f.Errors[:min(maxShownReasons, len(f.Errors))] {
		reasons = append(reasons, explain(info.ErrorType, info.ErrorMessage))
	}
	if more := len(f.Errors) - len(reasons); more > 0 {
		reasons = append(reasons, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(reasons, ", ")
}

// Files walks every file of every user, those of anonymous users first, in the order
// of the result.
//
// A group of the result has Files, which were asked for, and S3Results. A result gets
// the format and the sheets of the element of Files
//
//   - with the same index, if there are as many results as Files
//   - that is the only one, if there is only one
//
// and otherwise none. If there are fewer results than Files, the last elements of Files
// count as missing, though the service does not say which ones are. They come last in
// their group, with Index -1.
func (o *DescribeDashboardSnapshotJobResultOutput) Files() iter.Seq[ResultFile] {
	return func(yield func(ResultFile) bool) {
		for i, user := range o.Result.AnonymousUsers {
			template := ResultFile{Job: o.Job, User: i}
			if !walkFiles(template, user.FileGroups, yield) {
				return
			}
		}
		for i, user := range o.Result.RegisteredUsers {
			template := ResultFile{Job: o.Job, User: i, Registered: true}
			if !walkFiles(template, user.FileGroups, yield) {
				return
			}
		}
	}
}

// walkFiles yields the files of a user's groups, until yield returns false. Each file
// begins as a copy of the template, which has the job and the user. It reports whether
// yield wants more.
func walkFiles(template ResultFile, groups []SnapshotJobResultFileGroup, yield func(ResultFile) bool) bool {
	for i, group := range groups {
		ofGroup := template
		ofGroup.Group = i
		for j := range group.S3Results {
			if !yield(newResultFile(ofGroup, group, j)) {
				return false
			}
		}
		for j := len(group.S3Results); j < len(group.Files); j++ {
			if !yield(newMissingFile(ofGroup, group.Files[j])) {
				return false
			}
		}
	}
	return true
}

// newMissingFile returns a file that was asked for and has no result.
func newMissingFile(template ResultFile, asked SnapshotFile) ResultFile {
	file := template
	file.Index = -1
	file.Format = asked.FormatType
	file.Sheets = asked.SheetSelections
	return file
}

// newResultFile returns the file of a group's result with this index.
func newResultFile(template ResultFile, group SnapshotJobResultFileGroup, index int) ResultFile {
	made := group.S3Results[index]
	file := template
	file.Index = index
	file.URI = made.S3URI
	file.Errors = made.ErrorInfo
	if made.S3DestinationConfiguration != nil {
		file.Destination = &made.S3DestinationConfiguration.BucketConfiguration
	}
	if asked, ok := group.askedFor(index); ok {
		file.Format = asked.FormatType
		file.Sheets = asked.SheetSelections
	}
	return file
}

// askedFor returns the file that was asked for where the result with this index is,
// if the group tells.
func (g SnapshotJobResultFileGroup) askedFor(index int) (SnapshotFile, bool) {
	if len(g.Files) == len(g.S3Results) {
		return g.Files[index], true
	}
	if len(g.Files) == 1 {
		return g.Files[0], true
	}
	return SnapshotFile{}, false
}

// Err returns nil only if the status is COMPLETED, ErrorInfo is nil, the job has at
// least one file, and every file was made without an error. Otherwise it returns a
// [*JobError].
func (o *DescribeDashboardSnapshotJobResultOutput) Err() error {
	e := &JobError{
		Job:    o.Job,
		Status: o.JobStatus,
	}
	if o.ErrorInfo != nil {
		shown := o.ErrorInfo.shown()
		e.ErrorType = shown.ErrorType
		e.Message = shown.ErrorMessage
	}
	for file := range o.Files() {
		e.total++
		if !file.isGood() {
			e.addFailed(file)
		}
	}
	isCompleted := o.JobStatus == SnapshotJobStatusCompleted && o.ErrorInfo == nil
	if isCompleted && e.total > 0 && e.failed == 0 {
		return nil
	}
	return e
}

// JobError is the error of a job that failed, or that completed without all of its
// files.
type JobError struct {
	Job       Job
	Status    SnapshotJobStatus
	ErrorType string       // of the job as a whole; see the ErrorType constants
	Message   string       // of the job as a whole, without secrets that it may have
	Files     []ResultFile // the files that failed or are missing, up to 1000

	total  int // how many files the job has
	failed int // how many of them failed or are missing
}

// addFailed adds a file that failed or is missing.
func (e *JobError) addFailed(file ResultFile) {
	e.failed++
	if len(e.Files) < maxErrorFiles {
		e.Files = append(e.Files, file)
	}
}

// failedFiles returns how many files failed or are missing. A JobError that other code
// made has Files, but no counts.
func (e *JobError) failedFiles() int { return max(e.failed, len(e.Files)) }

// Error returns, in one line, what failed and, where AWS documents it, what to do.
func (e *JobError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "snapshot job %s %s", e.Job, e.outcome())
	if reason := e.reason(); reason != "" {
		text.WriteString(": " + reason)
	}
	shown := e.Files[:min(maxShownFiles, len(e.Files))]
	for i, file := range shown {
		if i == 0 {
			text.WriteString(": ")
		} else {
			text.WriteString("; ")
		}
		text.WriteString(file.failure())
	}
	if more := e.failedFiles() - len(shown); more > 0 {
		fmt.Fprintf(&text, "; and %d more", more)
	}
	return text.String()
}

// outcome says how the job ended.
func (e *JobError) outcome() string {
	failed := e.failedFiles()
	status := redactCode(string(e.Status), noCredentials)
	switch {
	case e.Status == "":
		return "has no status"
	case !e.isCompleted():
		return status
	case failed > 0:
		return fmt.Sprintf("%s, but %d of %d files failed", status, failed, max(e.total, failed))
	case e.total == 0:
		return status + " without any file"
	}
	return status + " with an error"
}

// reason says why the job failed as a whole, or "" if its files tell that.
func (e *JobError) reason() string {
	if reason := explain(e.ErrorType, e.Message); reason != "" {
		return reason
	}
	if e.Status == SnapshotJobStatusFailed && len(e.Files) == 0 {
		return "the service gave no reason"
	}
	return ""
}

// Unwrap returns a [*FileError] for each of Files.
func (e *JobError) Unwrap() []error {
	errs := make([]error, len(e.Files))
	for i, file := range e.Files {
		errs[i] = &FileError{File: file}
	}
	return errs
}

// TryAgain reports whether another job that makes the same files may succeed. It needs
// an id of its own, because that of the failed job is taken for 24 hours. TryAgain is true
// if nothing went wrong except that row-level or column-level security changed while the
// job ran.
func (e *JobError) TryAgain() bool {
	for _, errorType := range e.errorTypes() {
		if errorType != ErrorTypeRLSChanged && errorType != ErrorTypeCLSChanged {
			return false
		}
	}
	return true
}

// Fault says who can fix what went wrong. The first of these cases decides:
//
//   - If the job COMPLETED, and one of its errors has no type, it is smithy.FaultServer.
//     Such errors are also a missing file, a file with neither a URI nor an error, a
//     Message without ErrorType, and a job without any file.
//   - If AWS does not document the type of an error, or if the job did not complete and
//     ErrorType is empty, it is smithy.FaultUnknown.
//   - Otherwise it is smithy.FaultClient, because all documented types are about the
//     account and its dashboard.
func (e *JobError) Fault() smithy.ErrorFault {
	types := e.errorTypes()
	if e.isCompleted() && slices.Contains(types, "") {
		return smithy.FaultServer
	}
	for _, errorType := range types {
		if !isDocumented(errorType) {
			return smithy.FaultUnknown
		}
	}
	return smithy.FaultClient
}

// isCompleted reports whether the status is COMPLETED.
func (e *JobError) isCompleted() bool { return e.Status == SnapshotJobStatusCompleted }

// errorTypes returns the type of every error, at least one. An error without a type,
// and a file that a COMPLETED job lost without an error, have the type "".
func (e *JobError) errorTypes() []string {
	var types []string
	// A job that did not complete has an error of its own, besides those of its files.
	// So has one that completed without any file that failed.
	hasOwnError := e.ErrorType != "" || e.Message != "" || !e.isCompleted() || len(e.Files) == 0
	if hasOwnError {
		types = append(types, e.ErrorType)
	}
	for _, file := range e.Files {
		if e.isCompleted() && len(file.Errors) == 0 {
			types = append(types, "")
		}
		for _, info := range file.Errors {
			types = append(types, info.ErrorType)
		}
	}
	return types
}

// FileError is the error of a file that failed, or that is missing from the result.
type FileError struct {
	File ResultFile
}

// Error returns the job, the file, what went wrong and, where AWS documents it, what
// to do.
func (e *FileError) Error() string {
	return fmt.Sprintf("snapshot job %s: %s", e.File.Job, e.File.failure())
}

// advice says what to do about each documented error type (API reference,
// DescribeDashboardSnapshotJobResult).
var advice = map[string]string{
	ErrorTypeDashboardAccessDenied: "the registered user lost access to the dashboard: " +
		"share it again, then start a new job",
	ErrorTypeCapabilityRestricted: "the registered user may not export data in this format: " +
		"lift the restriction, or leave the format out",
	ErrorTypeRLSChanged:     "row-level security changed while the job ran: start a new job",
	ErrorTypeCLSChanged:     "column-level security changed while the job ran: start a new job",
	ErrorTypeDatasetDeleted: "a dataset of the dashboard was deleted: restore it, then start a new job",
}

// isDocumented reports whether AWS documents an error type.
func isDocumented(errorType string) bool { return advice[errorType] != "" }

// explain returns an error's type and message, without secrets, and what to do about
// it. It returns "" if there is neither type nor message.
func explain(errorType, message string) string {
	errorType = redactCode(errorType, noCredentials)
	message = redactMessage(message, noCredentials)
	text := errorType
	if errorType != "" && message != "" {
		text += ": "
	}
	text += message
	if isDocumented(errorType) {
		text += " (" + advice[errorType] + ")"
	}
	return text
}
