package snapshotjob

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
)

func made(uri S3URI) SnapshotJobS3Result { return SnapshotJobS3Result{S3URI: uri} }

func failed(types ...string) (r SnapshotJobS3Result) {
	for _, t := range types {
		r.ErrorInfo = append(r.ErrorInfo, SnapshotJobResultErrorInfo{ErrorType: t, ErrorMessage: "m"})
	}
	return r
}

func asked(formats ...SnapshotFileFormatType) (files []SnapshotFile) {
	for _, f := range formats {
		files = append(files, SnapshotFile{FormatType: f, SheetSelections: []SnapshotFileSheetSelection{{SheetID: "s"}}})
	}
	return files
}

// result is the output of a COMPLETED job of one anonymous user.
func result(groups ...SnapshotJobResultFileGroup) *DescribeDashboardSnapshotJobResultOutput {
	return &DescribeDashboardSnapshotJobResultOutput{Job: exampleJob, JobStatus: SnapshotJobStatusCompleted,
		Result: SnapshotJobResult{AnonymousUsers: []AnonymousUserSnapshotJobResult{{FileGroups: groups}}}}
}

func TestFiles(t *testing.T) {
	type group = SnapshotJobResultFileGroup
	both := result(group{Files: asked("CSV"), S3Results: []SnapshotJobS3Result{made("s3://b/1")}}, group{})
	both.Result.AnonymousUsers = append(both.Result.AnonymousUsers, AnonymousUserSnapshotJobResult{}, AnonymousUserSnapshotJobResult{
		FileGroups: []group{{}, {Files: asked("PDF"), S3Results: []SnapshotJobS3Result{made("s3://b/2")}}}})
	both.Result.RegisteredUsers = []RegisteredUserSnapshotJobResult{{FileGroups: []group{{Files: asked("EXCEL"), S3Results: []SnapshotJobS3Result{made("s3://b/3")}}}}}
	bucket := S3BucketConfiguration{BucketName: "b", BucketPrefix: "p", BucketRegion: "us-east-1"}
	tests := []struct {
		name string
		out  *DescribeDashboardSnapshotJobResultOutput
		want []string // registered user.group.index format uri
	}{
		{"nothing", &DescribeDashboardSnapshotJobResultOutput{}, nil},
		{"users without groups, groups without files", both, []string{"false 0.0.0 CSV s3://b/1", "false 2.1.0 PDF s3://b/2", "true 0.0.0 EXCEL s3://b/3"}},
		{"as many results as files", result(group{Files: asked("CSV", "PDF"), S3Results: []SnapshotJobS3Result{made("s3://b/1"), made("s3://b/2")}}),
			[]string{"false 0.0.0 CSV s3://b/1", "false 0.0.1 PDF s3://b/2"}},
		{"one file, several results", result(group{Files: asked("CSV"), S3Results: []SnapshotJobS3Result{made("s3://b/1"), made("s3://b/2")}}),
			[]string{"false 0.0.0 CSV s3://b/1", "false 0.0.1 CSV s3://b/2"}},
		{"fewer results than files", result(group{Files: asked("CSV", "PDF", "EXCEL"), S3Results: []SnapshotJobS3Result{made("s3://b/1")}}),
			[]string{"false 0.0.0  s3://b/1", "false 0.0.-1 PDF ", "false 0.0.-1 EXCEL "}},
		{"more results than files", result(group{Files: asked("CSV", "PDF"), S3Results: []SnapshotJobS3Result{made("s3://b/1"), made("s3://b/2"), made("s3://b/3")}}),
			[]string{"false 0.0.0  s3://b/1", "false 0.0.1  s3://b/2", "false 0.0.2  s3://b/3"}},
		{"no results", result(group{Files: asked("CSV")}), []string{"false 0.0.-1 CSV "}},
		{"no files", result(group{S3Results: []SnapshotJobS3Result{made("s3://b/1")}}), []string{"false 0.0.0  s3://b/1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for f := range tt.out.Files() {
				if f.Job != tt.out.Job {
					t.Errorf("file of job %v, want %v", f.Job, tt.out.Job)
				}
				if (f.Format == "") != (f.Sheets == nil) {
					t.Errorf("file with format %q and sheets %v, want both or neither", f.Format, f.Sheets)
				}
				got = append(got, fmt.Sprintf("%v %d.%d.%d %s %s", f.Registered, f.User, f.Group, f.Index, f.Format, f.URI))
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
			for stop := range len(tt.want) { // at each place
				n := 0
				for range tt.out.Files() {
					if n == stop {
						break
					}
					n++
				}
				if n != stop {
					t.Errorf("stopped after %d files, want %d", n, stop)
				}
			}
		})
	}
	own := result(group{S3Results: []SnapshotJobS3Result{{S3URI: "s3://b/p/1", S3DestinationConfiguration: &SnapshotS3DestinationConfiguration{BucketConfiguration: bucket}}, made("https://q/2")}})
	var destinations []*S3BucketConfiguration
	for f := range own.Files() {
		destinations = append(destinations, f.Destination)
	}
	if want := []*S3BucketConfiguration{&bucket, nil}; !reflect.DeepEqual(destinations, want) {
		t.Errorf("destinations %v, want %v", destinations, want)
	}
}

func TestErr(t *testing.T) {
	type group = SnapshotJobResultFileGroup
	one := func(r ...SnapshotJobS3Result) *DescribeDashboardSnapshotJobResultOutput {
		return result(group{Files: asked("CSV"), S3Results: r})
	}
	with := func(o *DescribeDashboardSnapshotJobResultOutput, status SnapshotJobStatus, info *SnapshotJobErrorInfo) *DescribeDashboardSnapshotJobResultOutput {
		o.JobStatus, o.ErrorInfo = status, info
		return o
	}
	info := func(errorType, message string) *SnapshotJobErrorInfo {
		return &SnapshotJobErrorInfo{ErrorType: errorType, ErrorMessage: message}
	}
	registered := &DescribeDashboardSnapshotJobResultOutput{Job: exampleJob, JobStatus: SnapshotJobStatusCompleted, Result: SnapshotJobResult{
		RegisteredUsers: []RegisteredUserSnapshotJobResult{{FileGroups: []group{{Files: asked("PDF"), S3Results: []SnapshotJobS3Result{failed("CLS_CHANGED")}}}}}}}
	const (
		client, server, unknown = smithy.FaultClient, smithy.FaultServer, smithy.FaultUnknown
		rls                     = "RLS_CHANGED: m (row-level security changed while the job ran: start a new job)"
		cls                     = "CLS_CHANGED: m (column-level security changed while the job ran: start a new job)"
		restricted              = "CAPABILITY_RESTRICTED: m (the registered user may not export data in this format: lift the restriction, or leave the format out)"
	)
	tests := []struct {
		name  string
		out   *DescribeDashboardSnapshotJobResultOutput
		want  string // "" for no error
		files int
		again bool
		fault smithy.ErrorFault
	}{
		{"every file made", one(made("s3://b/1")), "", 0, false, 0},
		{"completed without files", result(), "snapshot job 111122223333/dash/job COMPLETED without any file", 0, false, server},
		{"completed with empty groups", result(group{}, group{}), "snapshot job 111122223333/dash/job COMPLETED without any file", 0, false, server},
		{"neither URI nor error", one(SnapshotJobS3Result{}), "snapshot job 111122223333/dash/job COMPLETED, but 1 of 1 files failed: CSV of sheet s: the result has neither a URI nor an error", 1, false, server},
		{"asked for, not in the result", result(group{Files: asked("CSV")}), "snapshot job 111122223333/dash/job COMPLETED, but 1 of 1 files failed: CSV of sheet s: asked for, but not in the result", 1, false, server},
		{"row-level security changed", one(failed("RLS_CHANGED")), "snapshot job 111122223333/dash/job COMPLETED, but 1 of 1 files failed: CSV of sheet s: " + rls, 1, true, client},
		{"of a registered user", registered, "snapshot job 111122223333/dash/job COMPLETED, but 1 of 1 files failed: PDF of sheet s: " + cls, 1, true, client},
		{"a file with a URI and an error", one(SnapshotJobS3Result{S3URI: "s3://b/1", ErrorInfo: failed("RLS_CHANGED").ErrorInfo}), "snapshot job 111122223333/dash/job COMPLETED, but 1 of 1 files failed: CSV of sheet s: " + rls, 1, true, client},
		{"some failed", one(made("s3://b/1"), failed("CAPABILITY_RESTRICTED"), failed("RLS_CHANGED", "CLS_CHANGED")),
			"snapshot job 111122223333/dash/job COMPLETED, but 2 of 3 files failed: CSV of sheet s: " + restricted + "; CSV of sheet s: " + rls + ", " + cls, 2, false, client},
		{"an unknown type", one(failed("NEW_ONE")), "snapshot job 111122223333/dash/job COMPLETED, but 1 of 1 files failed: CSV of sheet s: NEW_ONE: m", 1, false, unknown},
		{"an unknown type beside a known one", one(failed("NEW_ONE", "RLS_CHANGED")), "snapshot job 111122223333/dash/job COMPLETED, but 1 of 1 files failed: CSV of sheet s: NEW_ONE: m, " + rls, 1, false, unknown},
		{"a missing file beside a known error", one(failed("RLS_CHANGED"), SnapshotJobS3Result{}), "snapshot job 111122223333/dash/job COMPLETED, but 2 of 2 files failed: CSV of sheet s: " + rls + "; CSV of sheet s: the result has neither a URI nor an error", 2, false, server},
		{"failed with a reason", with(result(), "FAILED", info("DASHBOARD_ACCESS_DENIED", "m")), "snapshot job 111122223333/dash/job FAILED: DASHBOARD_ACCESS_DENIED: m (the registered user lost access to the dashboard: share it again, then start a new job)", 0, false, client},
		{"failed with an unknown reason", with(result(), "FAILED", info("NEW_ONE", "")), "snapshot job 111122223333/dash/job FAILED: NEW_ONE", 0, false, unknown},
		{"failed with a message alone", with(result(), "FAILED", info("", "m")), "snapshot job 111122223333/dash/job FAILED: m", 0, false, unknown},
		{"failed without a reason", with(result(), "FAILED", nil), "snapshot job 111122223333/dash/job FAILED: the service gave no reason", 0, false, unknown},
		{"failed though every file is there", with(one(made("s3://b/1")), "FAILED", nil), "snapshot job 111122223333/dash/job FAILED: the service gave no reason", 0, false, unknown},
		{"completed with an error of the job", with(one(made("s3://b/1")), "COMPLETED", info("RLS_CHANGED", "m")), "snapshot job 111122223333/dash/job COMPLETED with an error: " + rls, 0, true, client},
		{"still running", with(one(made("s3://b/1")), "RUNNING", nil), "snapshot job 111122223333/dash/job RUNNING", 0, false, unknown},
		{"an unknown status", with(one(made("s3://b/1")), "PAUSED", nil), "snapshot job 111122223333/dash/job PAUSED", 0, false, unknown},
		{"no status", with(one(made("s3://b/1")), "", nil), "snapshot job 111122223333/dash/job has no status", 0, false, unknown},
		{"control characters and a presigned URL in a message", with(result(), "FAILED", info("X\n", "see https://b/k?X-Amz-Signature=SECRET\r\nnow")), "snapshot job 111122223333/dash/job FAILED: X : see https://b/k?REDACTED  now", 0, false, unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.out.Err()
			if tt.want == "" {
				if err != nil {
					t.Errorf("error %v, want none", err)
				}
				return
			}
			job, ok := errorAs[*JobError](err)
			if !ok {
				t.Fatalf("error %v, want a *JobError", err)
			}
			if err.Error() != tt.want {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
			if job.Job != exampleJob || job.Status != tt.out.JobStatus || len(job.Files) != tt.files {
				t.Errorf("job %v, status %q, %d files, want %v, %q, %d", job.Job, job.Status, len(job.Files), exampleJob, tt.out.JobStatus, tt.files)
			}
			if job.TryAgain() != tt.again || job.Fault() != tt.fault {
				t.Errorf("TryAgain %v and Fault %v, want %v and %v", job.TryAgain(), job.Fault(), tt.again, tt.fault)
			}
			var file *FileError
			if errors.As(err, &file) != (tt.files > 0) {
				t.Errorf("*FileError in the chain: %v, want %v", file, tt.files > 0)
			}
			if file != nil && file.File.Job != exampleJob {
				t.Errorf("the file's job is %v, want %v", file.File.Job, exampleJob)
			}
		})
	}
}

func TestErrTellsOfTenFiles(t *testing.T) {
	var results []SnapshotJobS3Result
	for range 25 {
		results = append(results, failed("X"))
	}
	err := result(SnapshotJobResultFileGroup{S3Results: results}).Err()
	text := err.Error()
	if strings.Count(text, "X: m") != 10 || !strings.HasSuffix(text, "; and 15 more") || !strings.Contains(text, "25 of 25 files failed: file 0 of group 0: X: m; file 1 of group 0: X: m") {
		t.Errorf("error %s, want ten files and how many more", text)
	}
	if job, _ := errorAs[*JobError](err); len(job.Files) != 25 || len(job.Unwrap()) != 25 {
		t.Errorf("%d files and %d errors behind it, want all 25", len(job.Files), len(job.Unwrap()))
	}
}

func TestFileError(t *testing.T) {
	file := ResultFile{Job: exampleJob, Format: "CSV", Sheets: []SnapshotFileSheetSelection{{SheetID: "s1", VisualIDs: []string{"v1", "v2"}}, {SheetID: "s2"}}, Errors: failed("RLS_CHANGED").ErrorInfo}
	const want = "snapshot job 111122223333/dash/job: CSV of sheet s1 visual v1 visual v2, sheet s2: RLS_CHANGED: m (row-level security changed while the job ran: start a new job)"
	if err := file.Err(); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %v", err, want)
	}
	if err := (ResultFile{URI: "s3://b/k"}).Err(); err != nil {
		t.Errorf("a file that was made has error %v, want none", err)
	}
}
