package report_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob/cmd/snapshotjob/internal/report"
)

// night is when the runs of the tests begin.
var night = time.Date(2026, 11, 26, 2, 0, 0, 0, time.UTC)

// A run that was interrupted has taken up only some of its requests.
func TestRequestsThatWereNotTakenUpAreCounted(t *testing.T) {
	var page bytes.Buffer
	interrupted := run()
	interrupted.NotTakenUp = 9968
	require.NoError(t, report.Write(&page, interrupted))
	assert.Contains(t, page.String(), "<dt>not taken up</dt><dd>9968</dd>")
	page.Reset()
	require.NoError(t, report.Write(&page, run()))
	assert.NotContains(t, page.String(), "not taken up")
}

// at returns a time so many minutes after the beginning of the run.
func at(minutes float64) time.Time {
	return night.Add(time.Duration(minutes * float64(time.Minute)))
}

// run returns a run of an hour with a job of each outcome, and some more.
func run() report.Run {
	made := report.Run{
		Began: night,
		Ended: at(60),
		Jobs: []report.Job{
			{
				Name:     "111122223333/sales/good",
				Outcome:  report.Completed,
				Started:  at(0),
				Finished: at(10),
				Files:    2,
				Bytes:    3_100_000,
			},
			{
				Name:     "111122223333/sales/broken",
				Outcome:  report.Failed,
				Started:  at(1),
				Finished: at(31),
				Problem:  "DASHBOARD_ACCESS_DENIED: <b>the user</b> lost access",
				Advice:   "Share the dashboard again.",
			},
			{
				Name:    "111122223333/sales/refused",
				Outcome: report.NotStarted,
				Problem: "ResourceExistsException: " + strings.Repeat("averylongword", 20),
				Advice:  "Use another job id.",
			},
			{
				Name:     "111122223333/sales/endless",
				Outcome:  report.Unfinished,
				Started:  at(12),
				Finished: at(60),
				Problem:  "wait: last status RUNNING",
				Advice:   "Run the same command again.",
			},
		},
	}
	for i := range 30 {
		made.Jobs = append(made.Jobs, report.Job{
			Name:     fmt.Sprintf("111122223333/sales/more-%02d", i),
			Outcome:  report.Completed,
			Started:  at(float64(i)),
			Finished: at(float64(i) + 0.1),
			Files:    1,
			Bytes:    1000,
		})
	}
	return made
}

// page returns the page of a run.
func page(t *testing.T, run report.Run) string {
	t.Helper()
	var page bytes.Buffer
	require.NoError(t, report.Write(&page, run))
	return page.String()
}

func TestTotals(t *testing.T) {
	got := page(t, run())
	for _, total := range []string{
		"<dt>jobs</dt><dd>34</dd>",
		"<dt>completed</dt><dd>31</dd>",
		"<dt>failed</dt><dd>1</dd>",
		"<dt>not started</dt><dd>1</dd>",
		"<dt>unfinished</dt><dd>1</dd>",
		"<dt>files</dt><dd>32</dd>",
		"<dt>downloaded</dt><dd>3.1 MB</dd>",
		"<dt>took</dt><dd>1h0m0s</dd>",
	} {
		assert.Contains(t, got, total)
	}
}

func TestFailuresSayWhyAndWhatToDo(t *testing.T) {
	got := page(t, run())
	assert.Contains(t, got, "DASHBOARD_ACCESS_DENIED: &lt;b&gt;the user&lt;/b&gt; lost access</td>")
	assert.Contains(t, got, ">Share the dashboard again.</td>")
	assert.Contains(t, got, ">Use another job id.</td>")
}

func TestBarsAreWhereTheJobsRan(t *testing.T) {
	got := page(t, run())
	assert.Contains(t, got, `<rect class="completed" x="0.000%" width="16.667%" y="0" height="12">`)
	// It began while the first one ran, so that it has the second slot.
	assert.Contains(t, got, `<rect class="failed" x="1.667%" width="50.000%" y="14" height="12">`)
	assert.Equal(t, 33, strings.Count(got, "<title>111122223333/"))
}

func TestIdleTimeIsTold(t *testing.T) {
	half := report.Run{
		Began: night,
		Ended: at(60),
		Jobs: []report.Job{{
			Name:     "111122223333/sales/half",
			Outcome:  report.Completed,
			Started:  at(0),
			Finished: at(30),
		}},
	}
	assert.Contains(t, page(t, half), "Only 1 job ran at once. 50 % of the time of these slots was idle.")
}

func TestSlowestJobsComeFirst(t *testing.T) {
	_, table, _ := strings.Cut(page(t, run()), `id="slowest"`)
	endless := strings.Index(table, "sales/endless")
	broken := strings.Index(table, "sales/broken")
	good := strings.Index(table, "sales/good")
	assert.Less(t, endless, broken)
	assert.Less(t, broken, good)
	assert.Equal(t, 10, strings.Count(table, `data-name="Took"`))
}

func TestEmptyRun(t *testing.T) {
	got := page(t, report.Run{Began: night, Ended: at(1)})
	assert.Contains(t, got, "No job ran.")
	assert.Contains(t, got, "Nothing failed.")
}

func TestPageNeedsNoNetwork(t *testing.T) {
	got := page(t, run())
	assert.NotContains(t, got, "http:")
	assert.NotContains(t, got, "https:")
	assert.NotContains(t, got, "@import")
}
