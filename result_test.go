package snapshotjob

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// completedJob is the output of a COMPLETED job of one anonymous user with these groups.
func completedJob(groups ...SnapshotJobResultFileGroup) *DescribeDashboardSnapshotJobResultOutput {
	return &DescribeDashboardSnapshotJobResultOutput{
		Job:       exampleJob,
		JobStatus: SnapshotJobStatusCompleted,
		Result: SnapshotJobResult{
			AnonymousUsers: []AnonymousUserSnapshotJobResult{{FileGroups: groups}},
		},
	}
}

// resultGroup is a group that asked for files of these formats, and got these results.
func resultGroup(
	formats []SnapshotFileFormatType, results ...SnapshotJobS3Result,
) SnapshotJobResultFileGroup {
	group := SnapshotJobResultFileGroup{S3Results: results}
	for _, format := range formats {
		group.Files = append(group.Files, SnapshotFile{
			FormatType:      format,
			SheetSelections: []SnapshotFileSheetSelection{{SheetID: "s"}},
		})
	}
	return group
}

// resultCSV is a job that asked for one CSV file, and got these results.
func resultCSV(results ...SnapshotJobS3Result) *DescribeDashboardSnapshotJobResultOutput {
	return completedJob(resultGroup(resultFormats("CSV"), results...))
}

// resultFormats is a list of formats.
func resultFormats(formats ...SnapshotFileFormatType) []SnapshotFileFormatType {
	return formats
}

// resultMade is a file that was made.
func resultMade(uri S3URI) SnapshotJobS3Result {
	return SnapshotJobS3Result{S3URI: uri}
}

// resultFailed is a file that was not made, for these reasons, each with the message "m".
func resultFailed(errorTypes ...string) SnapshotJobS3Result {
	var failed SnapshotJobS3Result
	for _, errorType := range errorTypes {
		failed.ErrorInfo = append(failed.ErrorInfo, SnapshotJobResultErrorInfo{
			ErrorType:    errorType,
			ErrorMessage: "m",
		})
	}
	return failed
}

// filesCase is a result, and a line for each of its files: whether its user is registered, its place
// (user.group.index), its format and its URI. A hyphen stands for no format, and for no URI.
type filesCase struct {
	name string
	out  *DescribeDashboardSnapshotJobResultOutput
	want []string
}

// filesCases are results whose groups ask for as many files as they got, or for another number.
func filesCases() []filesCase {
	one := resultMade("s3://b/1")
	two := resultMade("s3://b/2")
	three := resultMade("s3://b/3")
	return []filesCase{
		{
			name: "nothing",
			out:  &DescribeDashboardSnapshotJobResultOutput{},
		},
		{
			name: "users without groups, groups without files",
			out:  resultOfBothKindsOfUsers(),
			want: []string{
				"registered=false 0.0.0 CSV s3://b/1",
				"registered=false 2.1.0 PDF s3://b/2",
				"registered=true 0.0.0 EXCEL s3://b/3",
			},
		},
		{
			name: "as many results as files",
			out:  completedJob(resultGroup(resultFormats("CSV", "PDF"), one, two)),
			want: []string{
				"registered=false 0.0.0 CSV s3://b/1",
				"registered=false 0.0.1 PDF s3://b/2",
			},
		},
		{
			name: "one file, several results",
			out:  completedJob(resultGroup(resultFormats("CSV"), one, two)),
			want: []string{
				"registered=false 0.0.0 CSV s3://b/1",
				"registered=false 0.0.1 CSV s3://b/2",
			},
		},
		{
			name: "fewer results than files",
			out:  completedJob(resultGroup(resultFormats("CSV", "PDF", "EXCEL"), one)),
			want: []string{
				"registered=false 0.0.0 - s3://b/1",
				"registered=false 0.0.-1 PDF -",
				"registered=false 0.0.-1 EXCEL -",
			},
		},
		{
			name: "more results than files",
			out:  completedJob(resultGroup(resultFormats("CSV", "PDF"), one, two, three)),
			want: []string{
				"registered=false 0.0.0 - s3://b/1",
				"registered=false 0.0.1 - s3://b/2",
				"registered=false 0.0.2 - s3://b/3",
			},
		},
		{
			name: "no results",
			out:  completedJob(resultGroup(resultFormats("CSV"))),
			want: []string{"registered=false 0.0.-1 CSV -"},
		},
		{
			name: "no files",
			out:  completedJob(resultGroup(nil, one)),
			want: []string{"registered=false 0.0.0 - s3://b/1"},
		},
	}
}

// resultOfBothKindsOfUsers has two files of anonymous users and one of a registered user.
func resultOfBothKindsOfUsers() *DescribeDashboardSnapshotJobResultOutput {
	csv := resultGroup(resultFormats("CSV"), resultMade("s3://b/1"))
	pdf := resultGroup(resultFormats("PDF"), resultMade("s3://b/2"))
	excel := resultGroup(resultFormats("EXCEL"), resultMade("s3://b/3"))
	out := completedJob()
	out.Result = SnapshotJobResult{
		AnonymousUsers: []AnonymousUserSnapshotJobResult{
			{FileGroups: []SnapshotJobResultFileGroup{csv, {}}},
			{},
			{FileGroups: []SnapshotJobResultFileGroup{{}, pdf}},
		},
		RegisteredUsers: []RegisteredUserSnapshotJobResult{
			{FileGroups: []SnapshotJobResultFileGroup{excel}},
		},
	}
	return out
}

func TestFiles(t *testing.T) {
	for _, tt := range filesCases() {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for file := range tt.out.Files() {
				got = append(got, fileLine(file))
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

// fileLine is the line of a file in a filesCase.
func fileLine(file ResultFile) string {
	return fmt.Sprintf("registered=%t %d.%d.%d %s %s",
		file.Registered, file.User, file.Group, file.Index,
		cmp.Or(string(file.Format), "-"),
		cmp.Or(string(file.URI), "-"),
	)
}

func TestFilesKnowTheirJob(t *testing.T) {
	for _, tt := range filesCases() {
		t.Run(tt.name, func(t *testing.T) {
			for file := range tt.out.Files() {
				assert.Equal(t, tt.out.Job, file.Job)
			}
		})
	}
}

func TestFilesHaveFormatAndSheetsOrNeither(t *testing.T) {
	for _, tt := range filesCases() {
		t.Run(tt.name, func(t *testing.T) {
			for file := range tt.out.Files() {
				assert.Equal(t, file.Format == "", file.Sheets == nil, "%+v", file)
			}
		})
	}
}

func TestFilesStopAtEachPlace(t *testing.T) {
	for _, tt := range filesCases() {
		t.Run(tt.name, func(t *testing.T) {
			for stop := range len(tt.want) {
				seen := 0
				for range tt.out.Files() {
					if seen == stop {
						break
					}
					seen++
				}
				assert.Equal(t, stop, seen)
			}
		})
	}
}

func TestFilesKnowTheirDestination(t *testing.T) {
	bucket := S3BucketConfiguration{
		BucketName:   "b",
		BucketPrefix: "p",
		BucketRegion: "us-east-1",
	}
	own := resultMade("s3://b/p/1")
	own.S3DestinationConfiguration = &SnapshotS3DestinationConfiguration{BucketConfiguration: bucket}
	var got []*S3BucketConfiguration
	for file := range completedJob(resultGroup(nil, own, resultMade("https://q/2"))).Files() {
		got = append(got, file.Destination)
	}
	assert.Equal(t, []*S3BucketConfiguration{&bucket, nil}, got)
}

// What the texts of errors have in common.
const (
	textJob       = "snapshot job 111122223333/dash/job"
	textOneFailed = textJob + " COMPLETED, but 1 of 1 files failed: CSV of sheet s: "

	textRLS = "RLS_CHANGED: m (row-level security changed while the job ran: start a new job)"
	textCLS = "CLS_CHANGED: m (column-level security changed while the job ran: start a new job)"

	textRestricted = "CAPABILITY_RESTRICTED: m (the registered user may not export data in this format: " +
		"lift the restriction, or leave the format out)"
	textNoFormat = "a file of group 0 of sheet s: asked for, but not in the result"
	textNeither  = "the result has neither a URI nor an error"
)

// errCase is a result whose Err is a JobError.
type errCase struct {
	name  string
	out   *DescribeDashboardSnapshotJobResultOutput
	want  string // the text of the error
	files int    // how many of them failed
	again bool   // whether to try again
	fault smithy.ErrorFault
}

// run checks the error, and what is in its chain.
func (c errCase) run(t *testing.T) {
	t.Helper()
	t.Run(c.name, func(t *testing.T) {
		err := c.out.Err()
		require.EqualError(t, err, c.want)

		var job *JobError
		require.ErrorAs(t, err, &job)
		assert.Equal(t, exampleJob, job.Job)
		assert.Equal(t, c.out.JobStatus, job.Status)
		assert.Len(t, job.Files, c.files)
		assert.Equal(t, c.again, job.TryAgain(), "try again")
		assert.Equal(t, c.fault, job.Fault(), "whose fault it is")

		var file *FileError
		if c.files == 0 {
			assert.NotErrorAs(t, err, &file)
			return
		}
		require.ErrorAs(t, err, &file)
		assert.Equal(t, exampleJob, file.File.Job)
	})
}

func TestErrIsNilIfEveryFileWasMade(t *testing.T) {
	assert.NoError(t, resultCSV(resultMade("s3://b/1")).Err())
}

func TestErrOfMissingFiles(t *testing.T) {
	empty := SnapshotJobResultFileGroup{}
	for _, tt := range []errCase{
		{
			name:  "completed without groups",
			out:   completedJob(),
			want:  textJob + " COMPLETED without any file",
			fault: smithy.FaultServer,
		},
		{
			name:  "completed with empty groups",
			out:   completedJob(empty, empty),
			want:  textJob + " COMPLETED without any file",
			fault: smithy.FaultServer,
		},
		{
			name:  "neither URI nor error",
			out:   resultCSV(SnapshotJobS3Result{}),
			want:  textOneFailed + textNeither,
			files: 1,
			fault: smithy.FaultServer,
		},
		{
			name:  "asked for, not in the result",
			out:   resultCSV(),
			want:  textOneFailed + "asked for, but not in the result",
			files: 1,
			fault: smithy.FaultServer,
		},
		{
			name:  "asked for without a format, not in the result",
			out:   completedJob(resultGroup(resultFormats(""))),
			want:  textJob + " COMPLETED, but 1 of 1 files failed: " + textNoFormat,
			files: 1,
			fault: smithy.FaultServer,
		},
		{
			name: "a missing file beside a known error",
			out:  resultCSV(resultFailed("RLS_CHANGED"), SnapshotJobS3Result{}),
			want: textJob + " COMPLETED, but 2 of 2 files failed: " +
				"CSV of sheet s: " + textRLS + "; CSV of sheet s: " + textNeither,
			files: 2,
			fault: smithy.FaultServer,
		},
	} {
		tt.run(t)
	}
}

func TestErrOfFailedFiles(t *testing.T) {
	restricted := resultFailed("CAPABILITY_RESTRICTED")
	both := resultFailed("RLS_CHANGED", "CLS_CHANGED")
	madeAndFailed := resultFailed("RLS_CHANGED")
	madeAndFailed.S3URI = "s3://b/1"
	for _, tt := range []errCase{
		{
			name:  "row-level security changed",
			out:   resultCSV(resultFailed("RLS_CHANGED")),
			want:  textOneFailed + textRLS,
			files: 1,
			again: true,
			fault: smithy.FaultClient,
		},
		{
			name:  "of a registered user",
			out:   resultOfARegisteredUser(),
			want:  textJob + " COMPLETED, but 1 of 1 files failed: PDF of sheet s: " + textCLS,
			files: 1,
			again: true,
			fault: smithy.FaultClient,
		},
		{
			name:  "a file with a URI and an error",
			out:   resultCSV(madeAndFailed),
			want:  textOneFailed + textRLS,
			files: 1,
			again: true,
			fault: smithy.FaultClient,
		},
		{
			name: "some failed",
			out:  resultCSV(resultMade("s3://b/1"), restricted, both),
			want: textJob + " COMPLETED, but 2 of 3 files failed: " +
				"CSV of sheet s: " + textRestricted + "; CSV of sheet s: " + textRLS + ", " + textCLS,
			files: 2,
			fault: smithy.FaultClient,
		},
		{
			name:  "an unknown type",
			out:   resultCSV(resultFailed("NEW_ONE")),
			want:  textOneFailed + "NEW_ONE: m",
			files: 1,
			fault: smithy.FaultUnknown,
		},
		{
			name:  "an unknown type beside a known one",
			out:   resultCSV(resultFailed("NEW_ONE", "RLS_CHANGED")),
			want:  textOneFailed + "NEW_ONE: m, " + textRLS,
			files: 1,
			fault: smithy.FaultUnknown,
		},
	} {
		tt.run(t)
	}
}

// resultOfARegisteredUser has a PDF that was not made.
func resultOfARegisteredUser() *DescribeDashboardSnapshotJobResultOutput {
	group := resultGroup(resultFormats("PDF"), resultFailed("CLS_CHANGED"))
	out := completedJob()
	out.Result = SnapshotJobResult{
		RegisteredUsers: []RegisteredUserSnapshotJobResult{
			{FileGroups: []SnapshotJobResultFileGroup{group}},
		},
	}
	return out
}

// resultWith returns a copy of a result with another status, and a reason.
func resultWith(
	out *DescribeDashboardSnapshotJobResultOutput, status SnapshotJobStatus, reason *SnapshotJobErrorInfo,
) *DescribeDashboardSnapshotJobResultOutput {
	changed := *out
	changed.JobStatus = status
	changed.ErrorInfo = reason
	return &changed
}

func TestErrOfFailedJobs(t *testing.T) {
	failed := func(errorType, message string) *DescribeDashboardSnapshotJobResultOutput {
		reason := &SnapshotJobErrorInfo{ErrorType: errorType, ErrorMessage: message}
		return resultWith(completedJob(), SnapshotJobStatusFailed, reason)
	}
	made := resultCSV(resultMade("s3://b/1"))
	for _, tt := range []errCase{
		{
			name: "with a reason",
			out:  failed("DASHBOARD_ACCESS_DENIED", "m"),
			want: textJob + " FAILED: DASHBOARD_ACCESS_DENIED: m " +
				"(the registered user lost access to the dashboard: share it again, then start a new job)",
			fault: smithy.FaultClient,
		},
		{
			name: "with an unknown reason",
			out:  failed("NEW_ONE", ""),
			want: textJob + " FAILED: NEW_ONE",
		},
		{
			name: "with a message alone",
			out:  failed("", "m"),
			want: textJob + " FAILED: m",
		},
		{
			name: "without a reason",
			out:  resultWith(completedJob(), SnapshotJobStatusFailed, nil),
			want: textJob + " FAILED: the service gave no reason",
		},
		{
			name: "though every file is there",
			out:  resultWith(made, SnapshotJobStatusFailed, nil),
			want: textJob + " FAILED: the service gave no reason",
		},
		{
			name: "with control characters and a presigned URL in the message",
			out:  failed("X\n", "see https://b/k?X-Amz-Signature=SECRET\r\nnow"),
			want: textJob + " FAILED: X : see https://b/k?REDACTED  now",
		},
	} {
		tt.run(t)
	}
}

// All files are there, and yet the job did not simply complete.
func TestErrOfOtherStatuses(t *testing.T) {
	made := resultCSV(resultMade("s3://b/1"))
	changed := &SnapshotJobErrorInfo{ErrorType: "RLS_CHANGED", ErrorMessage: "m"}
	for _, tt := range []errCase{
		{
			name:  "completed with an error of the job",
			out:   resultWith(made, SnapshotJobStatusCompleted, changed),
			want:  textJob + " COMPLETED with an error: " + textRLS,
			again: true,
			fault: smithy.FaultClient,
		},
		{
			name: "still running",
			out:  resultWith(made, SnapshotJobStatusRunning, nil),
			want: textJob + " RUNNING",
		},
		{
			name: "an unknown status",
			out:  resultWith(made, "PAUSED", nil),
			want: textJob + " PAUSED",
		},
		{
			name: "no status",
			out:  resultWith(made, "", nil),
			want: textJob + " has no status",
		},
	} {
		tt.run(t)
	}
}

func TestErrTellsOfTenFiles(t *testing.T) {
	results := make([]SnapshotJobS3Result, 25)
	for i := range results {
		results[i] = resultFailed("X")
	}
	err := completedJob(resultGroup(nil, results...)).Err()
	assert.ErrorContains(t, err, "25 of 25 files failed: file 0 of group 0: X: m; file 1 of group 0: X: m")
	assert.Equal(t, 10, strings.Count(err.Error(), "X: m"))
	assert.True(t, strings.HasSuffix(err.Error(), "; and 15 more"), err.Error())

	var job *JobError
	require.ErrorAs(t, err, &job)
	assert.Len(t, job.Files, 25)
	assert.Len(t, job.Unwrap(), 25)
}

func TestFileError(t *testing.T) {
	file := ResultFile{
		Job:    exampleJob,
		Format: "CSV",
		Sheets: []SnapshotFileSheetSelection{
			{SheetID: "s1", VisualIDs: []string{"v1", "v2"}},
			{SheetID: "s2"},
		},
		Errors: resultFailed("RLS_CHANGED").ErrorInfo,
	}
	assert.EqualError(t, file.Err(), textJob+": CSV of sheet s1 visual v1 visual v2, sheet s2: "+textRLS)
}

func TestFileErrorIsNilForAFileThatWasMade(t *testing.T) {
	assert.NoError(t, ResultFile{URI: "s3://b/k"}.Err())
}
