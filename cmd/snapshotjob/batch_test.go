package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// writeRequests writes a CSV file of so many requests, for a PDF each.
func (a *account) writeRequests(count int) {
	var file strings.Builder
	file.WriteString("snapshot-job-id,dashboard-id,pdf\n")
	for i := range count {
		fmt.Fprintf(&file, "night-%02d,sales,summary\n", i)
	}
	a.write("requests.csv", file.String())
}

// starts returns how often each job was accepted by the service.
func (a *account) starts() map[string]int {
	starts := map[string]int{}
	for _, request := range a.server.Requests() {
		if request.Operation == snapshotjobtest.StartDashboardSnapshotJob && request.Status == 200 {
			starts[request.Job.SnapshotJobID]++
		}
	}
	return starts
}

// assertAllFetched asserts that every job was started once, and that the folder has the
// files of all and nothing else.
func (a *account) assertAllFetched(count int) {
	a.t.Helper()
	want := []string{}
	starts := map[string]int{}
	for i := range count {
		id := fmt.Sprintf("night-%02d", i)
		want = append(want, id+"_summary.pdf")
		starts[id] = 1
	}
	assert.Equal(a.t, want, a.files("reports"))
	assert.Equal(a.t, starts, a.starts())
}

func TestBatchThatWasKilledGoesOn(t *testing.T) {
	const count = 12
	a := newAccount(t, func(o *snapshotjobtest.Options) {
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
			return snapshotjobtest.Completed().After(0, time.Second)
		}
	})
	a.writeRequests(count)
	executable, err := os.Executable()
	require.NoError(t, err)
	cmd := a.command(executable, "batch", "requests.csv", "--dir", "reports")
	require.NoError(t, cmd.Start())
	hasStartedSome := func() bool { return len(a.starts()) >= 3 }
	require.Eventually(t, hasStartedSome, 20*time.Second, time.Millisecond)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	require.Less(t, len(a.starts()), count, "the batch was killed too late to test anything")

	got := a.run("batch", "requests.csv", "--dir", "reports")
	assert.Equal(t, exitOK, got.code, got.stderr)
	assert.Equal(t, count, strings.Count(got.stdout, `"JobStatus":"COMPLETED"`))
	a.assertAllFetched(count)
}

func TestBatchThatWasInterruptedGoesOn(t *testing.T) {
	const count = 3
	a := newAccount(t, func(o *snapshotjobtest.Options) {
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
			return snapshotjobtest.Completed().After(0, time.Second)
		}
	})
	a.writeRequests(count)
	isStarted := func() bool { return len(a.starts()) == count }
	interrupted := a.interruptWhen(isStarted, "batch", "requests.csv", "--dir", "reports")
	assert.Equal(t, exitInterrupted, interrupted.code)
	assert.Empty(t, interrupted.stdout, "a job that goes on has no outcome")
	_, advice, _ := strings.Cut(interrupted.stderr, "To go on: ")
	_, arguments, isCommand := strings.Cut(strings.TrimSpace(advice), " ")
	require.True(t, isCommand, interrupted.stderr)

	got := a.run(strings.Fields(arguments)...)
	assert.Equal(t, exitOK, got.code, got.stderr)
	a.assertAllFetched(count)
}

func TestBatchOfFailures(t *testing.T) {
	a := newAccount(t, func(o *snapshotjobtest.Options) {
		o.Life = func(job snapshotjob.Job) snapshotjobtest.Life {
			if job.SnapshotJobID == "night-01" {
				return snapshotjobtest.Failed(snapshotjob.ErrorTypeDashboardAccessDenied, "The user lost access.")
			}
			return snapshotjobtest.Completed()
		}
	})
	a.writeRequests(3)
	got := a.run("batch", "requests.csv", "--dir", "reports", "--report", "report.html")
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.stderr, "snapshotjob: 1 of 3 exports failed; the first: ")
	assert.Contains(t, got.stderr, "snapshot job 111122223333/sales/night-01 FAILED: DASHBOARD_ACCESS_DENIED")
	assert.Len(t, a.files("reports"), 2)
	page, err := os.ReadFile(filepath.Join(a.dir, "report.html"))
	require.NoError(t, err)
	assert.Contains(t, string(page), "Share the dashboard with the user again.")
}

func TestBatchOfJSONLines(t *testing.T) {
	a := newAccount(t)
	a.stdin = `{"DashboardId": "sales", "SnapshotJobId": "daily",
		"SnapshotConfiguration": {"FileGroups": [{"Files": [{"FormatType": "PDF",
			"SheetSelections": [{"SheetId": "summary", "SelectionScope": "ALL_VISUALS"}]}]}]},
		"UserConfiguration": {"AnonymousUsers": [{
			"RowLevelPermissionTags": [{"Key": "region", "Value": "EMEA"}]}]}}`
	got := a.run("batch", "-", "--dir", "reports")
	assert.Equal(t, exitOK, got.code, got.stderr)
	assert.Equal(t, []string{"daily_summary.pdf"}, a.files("reports"))
}

func TestCSVCellsBecomeARequest(t *testing.T) {
	const file = "aws-account-id,dashboard-id,snapshot-job-id,pdf,csv,excel,to," +
		"tag:region,param:name,integer-param:year\n" +
		`111122223333,sales,daily,summary,s/a; s/b,"s/a,t/c",s3://reports/daily,EMEA,Ann,2026` + "\n"
	requests, err := parseCSVRequests("requests.csv", []byte(file), "us-east-1")
	require.NoError(t, err)
	require.Len(t, requests, 1)
	got := requests[0].input
	assert.Equal(t, salesJob("daily"), got.Job)
	emea := snapshotjob.SessionTag{Key: "region", Value: "EMEA"}
	assert.Equal(t, snapshotjob.AnonymousUser(emea), got.UserConfiguration)
	excel := snapshotjob.Excel("s", "a")
	ofOtherSheet := snapshotjob.Excel("t", "c").Files[0].SheetSelections
	excel.Files[0].SheetSelections = append(excel.Files[0].SheetSelections, ofOtherSheet...)
	assert.Equal(t, []snapshotjob.SnapshotFileGroup{
		snapshotjob.PDF("summary"),
		snapshotjob.CSV("s", "a"),
		snapshotjob.CSV("s", "b"),
		excel,
	}, got.SnapshotConfiguration.FileGroups)
	assert.Equal(t, &snapshotjob.Parameters{
		StringParameters:  []snapshotjob.StringParameter{{Name: "name", Values: []string{"Ann"}}},
		IntegerParameters: []snapshotjob.IntegerParameter{{Name: "year", Values: []int64{2026}}},
	}, got.SnapshotConfiguration.Parameters)
	destination := got.SnapshotConfiguration.DestinationConfiguration.S3Destinations[0]
	assert.Equal(t, "reports", destination.BucketConfiguration.BucketName)
}

func TestFileOfASpreadsheet(t *testing.T) {
	a := newAccount(t)
	a.write("requests.csv", "\ufeffdashboard-id,snapshot-job-id,pdf\r\nsales,daily,summary\r\n")
	got := a.run("batch", "requests.csv", "--dir", "reports")
	assert.Equal(t, exitOK, got.code, got.stderr)
	assert.Equal(t, []string{"daily_summary.pdf"}, a.files("reports"))
}

func TestBlankRowsAreNoRequests(t *testing.T) {
	const file = "dashboard-id,snapshot-job-id,pdf\n\nsales,a,summary\n,,\n   \nsales,b,summary\n , ,\n"
	requests, err := parseCSVRequests("requests.csv", []byte(file), "us-east-1")
	require.NoError(t, err)
	require.Len(t, requests, 2)
	assert.Equal(t, 3, requests[0].position.line)
	assert.Equal(t, 6, requests[1].position.line)
}

func TestParameterHasAColumnForEachValue(t *testing.T) {
	const file = "dashboard-id,snapshot-job-id,pdf,param:city,param:city\nsales,a,summary,Bern,Basel\n"
	requests, err := parseCSVRequests("requests.csv", []byte(file), "us-east-1")
	require.NoError(t, err)
	require.Len(t, requests, 1)
	parameters := requests[0].input.SnapshotConfiguration.Parameters
	assert.Equal(t, []string{"Bern", "Basel"}, parameters.StringParameters[0].Values)
}

// Nobody can make files in /proc, not even root.
func TestBatchIntoBucketsNeedsNoFolder(t *testing.T) {
	a := newAccount(t)
	a.dir = "/proc"
	a.stdin = "dashboard-id,snapshot-job-id,pdf,to\nsales,daily,summary,s3://reports/daily\n"
	toBucket := a.run("batch", "-")
	assert.Equal(t, exitOK, toBucket.code, toBucket.stderr)
	a.stdin = "dashboard-id,snapshot-job-id,pdf,to\nsales,daily,summary,\n"
	toFolder := a.run("batch", "-")
	assert.Equal(t, exitUsage, toFolder.code)
	assert.Contains(t, toFolder.stderr, "the folder for the files cannot be written")
}

func TestFilesOfOneNameAreNotMixedUp(t *testing.T) {
	a := newAccount(t)
	other := snapshotjob.Job{AWSAccountID: fakeAccountID, DashboardID: "other", SnapshotJobID: "complete"}
	a.server.AddJob(other, snapshotjobtest.Completed(snapshotjobtest.PDF("summary")))
	got := a.run("download", salesJob("complete").String(), other.String(), "--dir", "reports")
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.stderr, "job 111122223333/other/complete: the file complete_summary.pdf is that of "+
		"job 111122223333/sales/complete: give each a folder of its own")
	assert.Len(t, a.files("reports"), 2)
}
