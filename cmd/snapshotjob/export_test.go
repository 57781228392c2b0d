package main

import (
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

func TestExportOfEverythingTakesSeveralJobs(t *testing.T) {
	a := newAccount(t)
	got := a.run("export", "--dashboard-id", "sales", "--snapshot-job-id", "all",
		"--all-sheets", "--all-tables", "--dir", "reports")
	assert.Equal(t, exitOK, got.code, got.stderr)
	assert.Equal(t, []string{
		"all-part1_details_returns.csv",
		"all-part1_summary.pdf",
		"all-part1_summary_orders.csv",
		"all-part2_details.pdf",
	}, a.files("reports"))
}

func TestExportFollowsTheLimitsOfAJob(t *testing.T) {
	var groups []snapshotjob.SnapshotFileGroup
	for range 6 {
		groups = append(groups, snapshotjob.CSV("s", "v"))
	}
	groups = append(groups, snapshotjob.PDF("s"), snapshotjob.Excel("s", "v"), snapshotjob.Excel("s", "v"))
	inputs := splitIntoJobs(snapshotjob.StartDashboardSnapshotJobInput{Job: salesJob("all")}, groups)
	require.Len(t, inputs, 2)
	assert.Len(t, inputs[0].SnapshotConfiguration.FileGroups, 7)
	assert.Len(t, inputs[1].SnapshotConfiguration.FileGroups, 2)
	assert.Equal(t, "all-part2", inputs[1].Job.SnapshotJobID)
}

func TestNoFileIsMadeTwice(t *testing.T) {
	a := newAccount(t)
	got := a.run("export", "--dashboard-id", "sales", "--snapshot-job-id", "daily", "--dir", "reports",
		"--pdf", "Summary", "--pdf", "summary", "--csv", "Summary/Orders", "--csv", "summary/orders")
	assert.Equal(t, exitOK, got.code, got.stderr)
	assert.Equal(t, []string{"daily_summary.pdf", "daily_summary_orders.csv"}, a.files("reports"))
}

// The first of the two jobs could be started.
func TestExportWithARequestThatTheClientRefuses(t *testing.T) {
	a := newAccount(t)
	six := strings.TrimSuffix(strings.Repeat("Summary/Orders,", 6), ",")
	got := a.run("export", "--dashboard-id", "sales", "--excel", "Summary/Orders", "--excel", six)
	a.assertUsageError(got, "invalid input: FileGroups[0].Files[0].SheetSelections select 6 visuals: "+
		"want at most 5 for EXCEL")
}

func TestExportIntoABucketDownloadsNothing(t *testing.T) {
	a := newAccount(t)
	arguments := []string{"export", "--dashboard-id", "sales", "--pdf", "Summary", "--to", "s3://reports/daily"}
	got := a.run(arguments...)
	assert.Equal(t, exitOK, got.code, got.stderr)
	assert.Contains(t, got.stdout, `"S3Uri":"s3://reports/daily/`)
	assert.Empty(t, a.files("."))
	got = a.run(append(arguments, "--dir", "copies")...)
	assert.Equal(t, exitOK, got.code, got.stderr)
	assert.Len(t, a.files("copies"), 1)
}

func TestExportAgainFetchesNothingTwice(t *testing.T) {
	a := newAccount(t)
	arguments := []string{"export", "--dashboard-id", "sales", "--snapshot-job-id", "daily",
		"--pdf", "Summary", "--dir", "reports"}
	first := a.run(arguments...)
	assert.Equal(t, exitOK, first.code, first.stderr)
	again := a.run(arguments...)
	assert.Equal(t, exitOK, again.code, again.stderr)
	assert.Contains(t, again.stdout, `"Kept":true`)
	assert.Equal(t, map[string]int{"daily": 1}, a.starts())
	assert.Len(t, a.files("reports"), 1)
}

func TestFileThatIsOlderThanTheJobIsReplaced(t *testing.T) {
	a := newAccount(t)
	const name = "complete_summary_orders.csv"
	a.write(name, "this is as long as it.") // as the file of the job
	lastNight := time.Now().Add(-24 * time.Hour)
	require.NoError(t, os.Chtimes(filepath.Join(a.dir, name), lastNight, lastNight))
	got := a.run("download", "111122223333/sales/complete")
	assert.Equal(t, exitOK, got.code, got.stderr)
	content, err := os.ReadFile(filepath.Join(a.dir, name))
	require.NoError(t, err)
	assert.Equal(t, "region,orders\nEMEA,42\n", string(content))
}

func TestExistingFileIsReplacedOrNumberedOnRequest(t *testing.T) {
	a := newAccount(t)
	a.write("complete_summary_orders.csv", "an older file")
	numbered := a.run("download", "111122223333/sales/complete", "--existing", "number")
	assert.Contains(t, numbered.stdout, `"Path":"complete_summary_orders-2.csv"`)
	replaced := a.run("download", "111122223333/sales/complete", "--existing", "replace")
	assert.Contains(t, replaced.stdout, `"Path":"complete_summary_orders.csv","Size":22}`)
}

func TestWhoMayNotReadTheDefinitionGivesIDs(t *testing.T) {
	a := newAccount(t)
	denied := snapshotjobtest.Answer(401, "AccessDeniedException", "You may not describe it.")
	a.server.Fail(snapshotjobtest.DescribeDashboardDefinition, denied)
	got := a.run("export", "--dashboard-id", "sales",
		"--pdf", "summary", "--csv", "summary/orders", "--dir", "reports")
	assert.Equal(t, exitOK, got.code, got.stderr)
	assert.Contains(t, got.stderr, "sheets and visuals must be ids")
	assert.Len(t, a.files("reports"), 2)
}

func TestNamesMayHaveSlashes(t *testing.T) {
	dashboard := &catalog{
		dashboardID: "sales",
		sheets: []snapshotjob.DashboardSheet{{
			SheetID: "s",
			Name:    "In/Out",
			Visuals: []snapshotjob.DashboardVisual{{VisualID: "v", Kind: "TableVisual", Title: "A/B"}},
		}},
	}
	found, err := dashboard.visual("in/out/a/b")
	require.NoError(t, err)
	assert.Equal(t, "v", found.visual.VisualID)
}

func TestAmbiguousNamesAreRefused(t *testing.T) {
	dashboard := &catalog{
		dashboardID: "sales",
		sheets:      []snapshotjob.DashboardSheet{{SheetID: "a", Name: "Same"}, {SheetID: "b", Name: "Same"}},
	}
	_, err := dashboard.sheet("Same")
	assert.EqualError(t, err, `dashboard "sales" has 2 sheets with the name "Same": give the id of one`)
	found, err := dashboard.sheet("b")
	require.NoError(t, err)
	assert.Equal(t, "b", found.SheetID)
}

func TestJobIDsDifferWithinASecond(t *testing.T) {
	assert.NotEqual(t, newJobID(), newJobID())
	assert.Regexp(t, `^[\w-]{1,512}$`, newJobID())
}
