package main

import (
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/batch"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// endlessJob adds a job that runs forever, and returns it.
func (a *account) endlessJob() snapshotjob.Job {
	job := salesJob("endless")
	a.server.AddJob(job, snapshotjobtest.Life{Running: -1})
	return job
}

func TestExitCodes(t *testing.T) {
	for _, tt := range []struct {
		name      string
		arguments []string
		want      int
	}{
		{
			name:      "all went well",
			arguments: []string{"result", "111122223333/sales/complete"},
			want:      exitOK,
		},
		{
			name:      "a job failed",
			arguments: []string{"wait", "111122223333/sales/failed"},
			want:      exitFailed,
		},
		{
			name:      "a file is missing",
			arguments: []string{"download", "111122223333/sales/partial"},
			want:      exitFailed,
		},
		{
			name:      "one of several jobs failed",
			arguments: []string{"result", "111122223333/sales/complete", "111122223333/sales/partial"},
			want:      exitFailed,
		},
		{
			name:      "the wait ran out",
			arguments: []string{"wait", "111122223333/sales/endless", "--timeout", "50ms"},
			want:      exitTimeout,
		},
		{
			name:      "the wait of a download ran out",
			arguments: []string{"download", "111122223333/sales/endless", "--timeout", "50ms"},
			want:      exitTimeout,
		},
		{
			name:      "the wait for one of several jobs ran out",
			arguments: []string{"wait", "--timeout", "50ms", "111122223333/sales/endless", "111122223333/sales/failed"},
			want:      exitTimeout,
		},
		{
			name:      "there is no such flag",
			arguments: []string{"status", "--bogus"},
			want:      exitUsage,
		},
		{
			name:      "an id is wrong",
			arguments: []string{"status", "1/sales/daily"},
			want:      exitUsage,
		},
		{
			name:      "there is no region",
			arguments: []string{"status", "111122223333/sales/complete", "--profile", "empty"},
			want:      exitSetup,
		},
		{
			name:      "there is no such job",
			arguments: []string{"status", "111122223333/sales/nope"},
			want:      exitRefused,
		},
		{
			name:      "the result is not there yet",
			arguments: []string{"result", "111122223333/sales/endless"},
			want:      exitRefused,
		},
		{
			name:      "there is no server",
			arguments: []string{"status", "111122223333/sales/complete", "--endpoint-url", "http://127.0.0.1:1"},
			want:      exitOther,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newAccount(t)
			a.endlessJob()
			got := a.run(tt.arguments...)
			assert.Equal(t, tt.want, got.code, "%s%s", got.stdout, got.stderr)
			if tt.want != exitOK {
				assert.Regexp(t, `^snapshotjob: [^\n]+\n(To go on: [^\n]+\n)?$`, got.stderr)
			}
		})
	}
}

func TestMissingCredentials(t *testing.T) {
	a := newAccount(t)
	delete(a.environment, "AWS_ACCESS_KEY_ID")
	got := a.run("status", "111122223333/sales/complete")
	assert.Equal(t, exitSetup, got.code)
	assert.Contains(t, got.stderr, `snapshotjob: there are no credentials: run "aws configure"`)
	assert.Empty(t, a.server.Requests())
}

func TestMissingRegion(t *testing.T) {
	a := newAccount(t)
	delete(a.environment, "AWS_REGION")
	delete(a.environment, "AWS_DEFAULT_REGION")
	got := a.run("status", "111122223333/sales/complete")
	assert.Equal(t, exitSetup, got.code)
	assert.Contains(t, got.stderr, "snapshotjob: there is no region: give --region")
}

func TestWrongRegion(t *testing.T) {
	a := newAccount(t)
	got := a.run("status", "111122223333/sales/complete", "--region", "eu-west-1")
	assert.Equal(t, exitRefused, got.code)
	assert.Contains(t, got.stderr, "(region eu-west-1)\n")
}

func TestStartWhoseOutcomeIsUnknownIsNotRefused(t *testing.T) {
	refusal := &snapshotjob.ResourceExistsException{}
	assert.Equal(t, exitRefused, exitCode(refusal))
	assert.Equal(t, exitOther, exitCode(errors.Join(snapshotjob.ErrOutcomeUnknown, refusal)))
}

func TestInterruptedWait(t *testing.T) {
	a := newAccount(t)
	job := a.endlessJob()
	isPolled := func() bool { return a.requests(snapshotjobtest.DescribeDashboardSnapshotJob) > 0 }
	got := a.interruptWhen(isPolled, "wait", job.String())
	assert.Equal(t, exitInterrupted, got.code)
	assert.Empty(t, got.stdout)
	assert.Regexp(t, "^snapshotjob: interrupted at job 111122223333/sales/endless: 0 of 1 job done\n"+
		"To go on: snapshotjob wait 111122223333/sales/endless\n$", got.stderr)
}

func TestInterruptedStart(t *testing.T) {
	a := newAccount(t)
	a.server.Fail(snapshotjobtest.StartDashboardSnapshotJob, snapshotjobtest.Stall(0))
	isStarting := func() bool { return a.requests(snapshotjobtest.StartDashboardSnapshotJob) > 0 }
	got := a.interruptWhen(isStarting, "export", "--dashboard-id", "sales", "--snapshot-job-id", "daily",
		"--pdf", "Summary", "--tag", "region=SECRET")
	assert.Equal(t, exitInterrupted, got.code)
	assert.Contains(t, got.stderr, "To go on: the same command, with --snapshot-job-id daily\n")
	assert.NotContains(t, got.stderr, "SECRET")
}

func TestInterruptedExportWhileItsJobRuns(t *testing.T) {
	a := newAccount(t, func(o *snapshotjobtest.Options) {
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
			return snapshotjobtest.Life{Running: -1}
		}
	})
	isPolled := func() bool { return a.requests(snapshotjobtest.DescribeDashboardSnapshotJob) > 0 }
	got := a.interruptWhen(isPolled, "export", "--dashboard-id", "sales", "--snapshot-job-id", "daily",
		"--pdf", "Summary", "--dir", "my reports")
	assert.Equal(t, exitInterrupted, got.code)
	assert.Contains(t, got.stderr, "snapshotjob: interrupted: 1 export asked for, 0 exports done, 1 job under way\n")
	assert.Contains(t, got.stderr, "To go on: snapshotjob download --dir 'my reports' 111122223333/sales/daily\n")
	assert.Empty(t, a.files("my reports"))
}

func TestExportWhoseWaitRanOut(t *testing.T) {
	a := newAccount(t, func(o *snapshotjobtest.Options) {
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
			return snapshotjobtest.Life{Running: -1}
		}
	})
	got := a.run("export", "--dashboard-id", "sales", "--snapshot-job-id", "daily",
		"--pdf", "Summary", "--timeout", "50ms")
	assert.Equal(t, exitTimeout, got.code, got.stderr)
	assert.Contains(t, got.stderr, "To go on: snapshotjob download --dir . 111122223333/sales/daily\n")
}

func TestInterruptNamesAllJobsThatAreLeft(t *testing.T) {
	a := newAccount(t)
	job := a.endlessJob()
	isPolled := func() bool { return a.requests(snapshotjobtest.DescribeDashboardSnapshotJob) > 1 }
	got := a.interruptWhen(isPolled, "wait", "111122223333/sales/failed", job.String(), "111122223333/sales/bucket")
	assert.Equal(t, exitInterrupted, got.code)
	assert.Contains(t, got.stderr,
		"To go on: snapshotjob wait 111122223333/sales/endless 111122223333/sales/bucket\n")
}

func TestInterruptedRequest(t *testing.T) {
	a := newAccount(t)
	a.server.Fail(snapshotjobtest.DescribeDashboardDefinition, snapshotjobtest.Stall(0))
	isAsking := func() bool { return a.requests(snapshotjobtest.DescribeDashboardDefinition) > 0 }
	got := a.interruptWhen(isAsking, "sheets", "--dashboard-id", "sales")
	assert.Equal(t, exitInterrupted, got.code)
	assert.Equal(t, "snapshotjob: interrupted\n", got.stderr)
}

func TestInterruptedStartOfAJob(t *testing.T) {
	a := newAccount(t)
	a.server.Fail(snapshotjobtest.StartDashboardSnapshotJob, snapshotjobtest.Stall(0))
	isStarting := func() bool { return a.requests(snapshotjobtest.StartDashboardSnapshotJob) > 0 }
	got := a.interruptWhen(isStarting, "start", "--dashboard-id", "sales", "--snapshot-job-id", "daily",
		"--pdf", "Summary")
	assert.Equal(t, exitInterrupted, got.code)
	assert.Equal(t, "snapshotjob: interrupted: whether the job 111122223333/sales/daily was started is not known\n"+
		"To see whether it was: snapshotjob status 111122223333/sales/daily\n", got.stderr)
}

// largeJob adds a finished job whose file stalls in the middle, and returns it with a
// condition: half the file is on disk.
func (a *account) largeJob() (job snapshotjob.Job, isFetching func() bool) {
	job = salesJob("large")
	a.server.AddJob(job, snapshotjobtest.Completed(snapshotjobtest.File{
		Format: snapshotjob.SnapshotFileFormatTypePDF,
		Size:   10_000_000,
	}))
	a.server.Fail(snapshotjobtest.GetObject, snapshotjobtest.StallBody(1_000_000, 0))
	return job, func() bool {
		written, err := filepath.Glob(filepath.Join(a.dir, "reports", ".snapshotjob-*"))
		// The check of the folder makes such a file too, before the first request.
		return err == nil && len(written) > 0 && a.requests(snapshotjobtest.GetObject) > 0
	}
}

func TestInterruptedDownload(t *testing.T) {
	a := newAccount(t)
	job, isFetching := a.largeJob()
	got := a.interruptWhen(isFetching, "download", job.String(), "--dir", "reports")
	assert.Equal(t, exitInterrupted, got.code)
	assert.Equal(t, "snapshotjob: interrupted at job 111122223333/sales/large: 0 of 1 job done\n"+
		"To go on: snapshotjob download --dir reports 111122223333/sales/large\n", got.stderr)
	assert.Empty(t, a.files("reports"), "half a file was left")
}

// receiveHangups has commands that the test starts receive SIGHUP, also if the tests
// themselves run under nohup, whose setting the commands would inherit.
func receiveHangups(t *testing.T) {
	t.Helper()
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(hangups) })
}

func TestDownloadWhoseTerminalIsClosed(t *testing.T) {
	receiveHangups(t)
	a := newAccount(t)
	job, isFetching := a.largeJob()
	cmd := a.command("sh", "-c", "exec snapshotjob download --dir reports "+job.String())
	got := a.signalWhen(isFetching, syscall.SIGHUP, cmd)
	assert.Equal(t, exitInterrupted, got.code)
	assert.Empty(t, a.files("reports"), "half a file was left")
}

// The trap does what nohup does.
func TestNohupOutlivesTheTerminal(t *testing.T) {
	a := newAccount(t)
	job := a.endlessJob()
	isPolled := func() bool { return a.requests(snapshotjobtest.DescribeDashboardSnapshotJob) > 0 }
	cmd := a.command("sh", "-c", "trap '' HUP; exec snapshotjob wait --timeout 1s "+job.String())
	got := a.signalWhen(isPolled, syscall.SIGHUP, cmd)
	assert.Equal(t, exitTimeout, got.code, got.stderr)
}

func TestWaitThatRanOut(t *testing.T) {
	a := newAccount(t)
	got := a.run("wait", a.endlessJob().String(), "--timeout", "50ms")
	assert.Equal(t, exitTimeout, got.code)
	assert.Contains(t, got.stderr, "cause: --timeout, 50ms, has run out; the job goes on\n")
}

func TestReportOfAnInterruptedBatch(t *testing.T) {
	a := newAccount(t)
	a.writeRequests(9)
	a.server.Fail(snapshotjobtest.StartDashboardSnapshotJob, snapshotjobtest.Stall(0))
	isStarting := func() bool { return a.requests(snapshotjobtest.StartDashboardSnapshotJob) > 0 }
	got := a.interruptWhen(isStarting, "batch", "requests.csv", "--max-running", "1", "--report", "report.html")
	assert.Equal(t, exitInterrupted, got.code)
	page, err := os.ReadFile(filepath.Join(a.dir, "report.html"))
	require.NoError(t, err)
	assert.Contains(t, string(page), "<dt>not taken up</dt>")
	assert.Contains(t, string(page), "interrupted: whether the job was started is not known")
}

func TestInterruptedBatchOfStandardInput(t *testing.T) {
	a := newAccount(t)
	a.stdin = "dashboard-id,snapshot-job-id,pdf\nsales,daily,summary\n"
	a.server.Fail(snapshotjobtest.StartDashboardSnapshotJob, snapshotjobtest.Stall(0))
	isStarting := func() bool { return a.requests(snapshotjobtest.StartDashboardSnapshotJob) > 0 }
	got := a.interruptWhen(isStarting, "batch", "-", "--verbose")
	assert.Equal(t, exitInterrupted, got.code)
	assert.Contains(t, got.stderr, "To go on: the same command, with the same standard input\n")
	assert.NotContains(t, got.stderr, "failed=1", "an interruption is no failure")
}

func TestCommandThatGoesOnNamesJobsInOrder(t *testing.T) {
	var exports []*export
	for _, id := range []string{"daily-part2", "daily-part1"} {
		outcome := batch.Outcome{Job: salesJob(id), Started: time.Now()}
		exports = append(exports, &export{outcome: outcome})
	}
	command := &exportCommand{}
	command.Existing = existingDefault
	s := &session{flags: &globalFlags{}}
	assert.Equal(t, "snapshotjob download --dir . 111122223333/sales/daily-part1 111122223333/sales/daily-part2",
		command.howToGoOn(s, make([]*snapshotjob.StartDashboardSnapshotJobInput, 2), exports))
}

// Without the flag, the command that goes on would replace a file of the user.
func TestCommandThatGoesOnTreatsExistingFilesAlike(t *testing.T) {
	a := newAccount(t)
	job := a.endlessJob()
	got := a.run("download", job.String(), "--existing", "number", "--timeout", "50ms")
	assert.Contains(t, got.stderr,
		"To go on: snapshotjob download --dir . --existing number 111122223333/sales/endless\n")
}

func TestInterruptedDownloadOfAnExport(t *testing.T) {
	a := newAccount(t, slowly)
	a.stallFiles(2)
	isFetching := func() bool { return a.requests(snapshotjobtest.GetObject) == 2 }
	got := a.interruptWhen(isFetching, "export", "--dashboard-id", "sales", "--snapshot-job-id", "daily",
		"--pdf", "Summary", "--csv", "Summary/Orders", "--dir", "reports", "--report", "report.html")
	assert.Equal(t, exitInterrupted, got.code)
	assert.Empty(t, got.stdout, "an export that goes on has no outcome")
	assert.Contains(t, got.stderr, "To go on: snapshotjob download --dir reports 111122223333/sales/daily\n")
	page, err := os.ReadFile(filepath.Join(a.dir, "report.html"))
	require.NoError(t, err)
	assert.Contains(t, string(page), `class="unfinished">unfinished</td><td data-name="Why">interrupted</td>`)
	assert.NotContains(t, string(page), "context canceled")
}

func TestOutputThatNobodyReads(t *testing.T) {
	const count = 6
	a := newAccount(t)
	a.writeRequests(count)
	got := a.shell(`{ snapshotjob batch requests.csv --dir reports; echo "exit $?" >&2; } | true`)
	assert.Contains(t, got.stderr, "snapshotjob: the output cannot be written: write /dev/stdout: broken pipe\nexit 255\n")
	a.assertAllFetched(count)
}
