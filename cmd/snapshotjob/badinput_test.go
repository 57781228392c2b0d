package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// assertUsageError asserts that a command has ended with this line, and started nothing.
func (a *account) assertUsageError(got ended, line string) {
	a.t.Helper()
	assert.Equal(a.t, exitUsage, got.code)
	assert.Equal(a.t, "snapshotjob: "+line+"\n", got.stderr)
	assert.Empty(a.t, got.stdout)
	assert.Zero(a.t, a.requests(snapshotjobtest.StartDashboardSnapshotJob))
}

func TestBadArguments(t *testing.T) {
	for _, tt := range []struct {
		arguments string
		want      string
	}{
		{
			arguments: "exprot",
			want:      `unexpected argument exprot, did you mean "export"?: see "snapshotjob --help"`,
		},
		{
			arguments: "sheets",
			want:      `missing flags: --dashboard-id=ID: see "snapshotjob sheets --help"`,
		},
		{
			arguments: "export --dashboard-id sales",
			want:      "there is nothing to make: give --pdf, --csv, --excel, --all-sheets or --all-tables",
		},
		{
			arguments: "export --dashboard-id sales --pdf Sumary",
			want: `dashboard "sales" has no sheet "Sumary": the nearest are "Summary" (id summary), ` +
				`"Details" (id details); "snapshotjob sheets" lists all`,
		},
		{
			arguments: "start --dashboard-id sales --csv Details/Retruns",
			want: `sheet "Details" has no visual "Retruns": the nearest are "Returns" (id returns); ` +
				`"snapshotjob sheets" lists all`,
		},
		{
			arguments: "start --dashboard-id sales --csv Summary",
			want:      `"Summary" names no visual: want SHEET/VISUAL`,
		},
		{
			arguments: "start --dashboard-id sales --excel summary/trend",
			want: `the visual "summary/trend" is a LineChartVisual: ` +
				"CSV and Excel files have tables and pivot tables alone",
		},
		{
			arguments: "start --dashboard-id sales --all-sheets",
			want:      `the files need 2 jobs: use "export", or ask for fewer files`,
		},
		{
			arguments: "start --dashboard-id sales --pdf Summary --tag SECRET",
			want:      "--tag number 1 has not the form KEY=VALUE",
		},
		{
			arguments: "start --dashboard-id sales --pdf Summary --integer-param year=SECRET",
			want:      "the value of --integer-param year is wrong: want an integer",
		},
		{
			arguments: "start --dashboard-id sales --pdf Summary --tag a=b --registered-user",
			want:      "--tag is for anonymous users: it cannot be combined with --registered-user",
		},
		{
			arguments: "start --dashboard-id sales --pdf Summary --to reports/daily",
			want:      `"reports/daily" is no place in a bucket: want s3://BUCKET/PREFIX`,
		},
		{
			arguments: "wait --timeout 0s 111122223333/sales/complete",
			want:      "--timeout is 0s: want more than 0",
		},
		{
			arguments: "status 111122223333/sales/complete --dashboard-id sales",
			want:      `a job is named by an argument or by flags: "111122223333/sales/complete" is too much`,
		},
		{
			arguments: "status --snapshot-job-id complete",
			want:      "a job is named by both --dashboard-id and --snapshot-job-id",
		},
		{
			arguments: "status",
			want:      "standard input names no job",
		},
		{
			arguments: "status 111122223333/sales/complete --endpoint-url 127.0.0.1:1",
			want:      `--endpoint-url is no URL to send requests to: want one such as https://endpoint.example.com`,
		},
		{
			arguments: "status 111122223333/sales/complete --endpoint-url https://user:SECRET@example.com",
			want:      `--endpoint-url is no URL to send requests to: want one such as https://endpoint.example.com`,
		},
		{
			arguments: "fake --listen 127.0.0.1",
			want:      "listen tcp: address 127.0.0.1: missing port in address: give another --listen",
		},
		{
			arguments: "fake --duration=-1s",
			want:      "--duration is -1s: want 0 or more",
		},
		{
			arguments: "batch requests.csv",
			want:      "the file of requests cannot be read: open requests.csv: no such file or directory",
		},
		{
			arguments: "batch requests.csv --max-running=-1",
			want:      "--max-running is -1: want 0 or more",
		},
		{
			arguments: "batch requests.csv --report nowhere/report.html",
			want:      "--report cannot be written: open nowhere/report.html.part: no such file or directory",
		},
		{
			arguments: "export --dashboard-id sales --pdf Summary --report .",
			want:      "--report cannot be written: . is no file",
		},
		{
			arguments: "export --dashboard-id sales --pdf Summary --report /proc/report.html",
			want:      "--report cannot be written: open /proc/report.html.part: no such file or directory",
		},
	} {
		t.Run(tt.arguments, func(t *testing.T) {
			a := newAccount(t)
			a.assertUsageError(a.run(strings.Fields(tt.arguments)...), tt.want)
		})
	}
}

func TestBadLinesOfStandardInput(t *testing.T) {
	for _, tt := range []struct {
		line string
		want string
	}{
		{
			line: "{",
			want: `want a job, or a JSON object on one line with a member "Job"`,
		},
		{
			line: `{"Job": 17}`,
			want: `want a job, or a JSON object on one line with a member "Job"`,
		},
		{
			line: `{"SheetId": "summary"}`,
			want: `the object has no member "Job"`,
		},
		{
			line: `{"Job": "1/2"}`,
			want: `invalid input: Job "1/2" has 2 parts: want account/dashboard/job, or the job's ARN`,
		},
	} {
		a := newAccount(t)
		a.stdin = "111122223333/sales/complete\n" + tt.line + "\n"
		a.assertUsageError(a.run("status"), "line 2 of standard input: "+tt.want)
	}
}

func TestFolderThatCannotBeMade(t *testing.T) {
	a := newAccount(t)
	a.write("taken", "a file")
	got := a.run("export", "--dashboard-id", "sales", "--pdf", "Summary", "--dir", "taken/reports")
	a.assertUsageError(got,
		"the folder for the files cannot be made, give another --dir: mkdir taken: not a directory")
}

// The limit of a file's size stands for a disk that fills.
func TestDiskThatFills(t *testing.T) {
	a := newAccount(t)
	a.server.AddJob(salesJob("large"), snapshotjobtest.Completed(
		snapshotjobtest.CSV("summary", "orders").With("small"),
		snapshotjobtest.File{Format: snapshotjob.SnapshotFileFormatTypePDF, Size: 5_000_000},
	))
	got := a.shell("ulimit -f 1000; snapshotjob download 111122223333/sales/large --dir reports")
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.stderr, "file too large")
	assert.Equal(t, []string{"large_summary_orders.csv"}, a.files("reports"))
}

// What was there before the disk was full stays, and the failures are told all the same.
func TestReportOnADiskThatFills(t *testing.T) {
	a := newAccount(t, func(o *snapshotjobtest.Options) {
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
			return snapshotjobtest.Failed(snapshotjob.ErrorTypeDatasetDeleted, "It is gone.")
		}
	})
	a.write("report.html", "the report of last night")
	got := a.shell("ulimit -f 2; snapshotjob export --dashboard-id sales --pdf Summary --report report.html")
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.stderr, "FAILED: DATASET_DELETED: It is gone.")
	assert.Contains(t, got.stderr, "; the report cannot be written: write report.html.part: file too large\n")
	report, err := os.ReadFile(filepath.Join(a.dir, "report.html"))
	require.NoError(t, err)
	assert.Equal(t, "the report of last night", string(report))
	assert.Equal(t, []string{"report.html"}, a.files("."))
}

func TestBrokenRequestFiles(t *testing.T) {
	const header = "snapshot-job-id,dashboard-id,pdf,csv,integer-param:year\n"
	for _, tt := range []struct {
		name    string
		content string
		want    string
	}{
		{
			name:    "an empty file",
			content: "",
			want:    "requests is empty",
		},
		{
			name:    "no requests",
			content: header,
			want:    "requests has no requests",
		},
		{
			name:    "an unknown column",
			content: "snapshot-job-id,dashbord-id\n",
			want: `requests:1:17: there is no column "dashbord-id": the columns are aws-account-id, dashboard-id, ` +
				"snapshot-job-id, pdf, csv, excel, registered-user, to, tag:NAME, param:NAME, " +
				"integer-param:NAME, decimal-param:NAME, date-param:NAME",
		},
		{
			name:    "a missing column",
			content: "snapshot-job-id,pdf\n",
			want:    "requests:1:1: there is no column dashboard-id",
		},
		{
			name:    "a quote that is not closed",
			content: header + "a,sales,summary,,\nb,sales,\"summary,,\n",
			want:    "requests:3:20: this is no CSV: extraneous or missing \" in quoted-field",
		},
		{
			name:    "too few cells",
			content: header + "a,sales,summary\n",
			want:    "requests:2:1: the row has 3 cells, and the header has 5",
		},
		{
			name:    "a column that is there twice",
			content: "snapshot-job-id,dashboard-id,pdf, dashboard-id\n",
			want:    "requests:1:34: the column dashboard-id is there twice",
		},
		{
			name:    "the column of a tag that is there twice",
			content: "snapshot-job-id,dashboard-id,tag:a,tag:b,tag:a\n",
			want:    "requests:1:42: the column tag:a is there twice",
		},
		{
			name:    "no semicolons between columns",
			content: "snapshot-job-id;dashboard-id\na;sales\n",
			want: `requests:1:1: there is no column "snapshot-job-id;dashboard-id": ` +
				"want commas between the columns",
		},
		{
			name:    "a value that is no boolean",
			content: "snapshot-job-id,dashboard-id,pdf,registered-user\na,sales,summary,ja\n",
			want:    "requests:2:17: the value of registered-user is wrong: want true or false",
		},
		{
			name:    "a file that is not in UTF-8",
			content: "snapshot-job-id,dashboard-id,pdf,tag:city\na,sales,summary,Zürich\nb,sales,summary,Z\xfcrich\n",
			want:    "requests:3:18: this is not UTF-8: save the file as UTF-8",
		},
		{
			name:    "a value that is no integer",
			content: header + "a,sales,summary,,SECRET\n",
			want:    "requests:2:18: the value of --integer-param year is wrong: want an integer",
		},
		{
			name:    "a visual without a sheet",
			content: header + "a,sales,summary,orders,\n",
			want:    `requests:2:17: "orders" names no visual: want SHEET/VISUAL`,
		},
		{
			name:    "nothing to make",
			content: header + "a,sales,,,\n",
			want:    "requests:2:1: the row asks for no file: fill in pdf, csv or excel",
		},
		{
			name:    "more files than a job makes",
			content: header + "a,sales,summary;details,,\n",
			want:    "requests:2:1: the files need 2 jobs: make a row for each",
		},
		{
			name:    "one job twice",
			content: header + "a,sales,summary,,\nb,sales,summary,,\nA,other,summary,,\n",
			want: `requests:4:1: the job id "A" is that of line 2 too: ` +
				"give each request an id of its own, with which the names of its files begin",
		},
		{
			name:    "no JSON",
			content: "{\"DashboardId\": \"sales\"}\n{\"DashboardId\": sales}\n",
			want:    "requests:2:17: this is no JSON: invalid character 's' at start of value",
		},
		{
			name:    "a JSON value of another type",
			content: "{\"DashboardId\": 17}\n",
			want:    "requests:1:17: the member /DashboardId cannot be a JSON number",
		},
		{
			name:    "a JSON array",
			content: "\n[{\"DashboardId\": \"SECRET\"}]\n",
			want:    "requests:2:1: this is a JSON array: want its objects, one a line, as \"jq -c '.[]'\" writes them",
		},
		{
			name:    "an unknown JSON member",
			content: "{\n  \"DashbordId\": \"SECRET\"\n}\n",
			want:    "requests:2:3: a request has no member /DashbordId",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newAccount(t)
			a.write("requests", tt.content)
			a.assertUsageError(a.run("batch", "requests"), tt.want)
		})
	}
}

func TestRequestThatTheClientRefuses(t *testing.T) {
	a := newAccount(t)
	a.write("requests", `{"SnapshotJobId": "a", "DashboardId": "sales"}`)
	got := a.run("batch", "requests")
	assert.Equal(t, exitUsage, got.code)
	assert.Contains(t, got.stderr, "requests:1:1: ")
	assert.Contains(t, got.stderr, "FileGroups")
	assert.Zero(t, a.requests(snapshotjobtest.StartDashboardSnapshotJob))
}

// Nobody can make files in /proc, not even root.
func TestFolderThatCannotBeWritten(t *testing.T) {
	a := newAccount(t)
	got := a.run("download", "111122223333/sales/complete", "--dir", "/proc")
	assert.Equal(t, exitUsage, got.code)
	assert.Contains(t, got.stderr,
		"snapshotjob: the folder for the files cannot be written, give another --dir: open /proc/")
	assert.Empty(t, a.server.Requests())
}
