package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// terminal is a real terminal: tmux draws what the command writes.
type terminal struct {
	account *account
	socket  string
}

// newTerminal opens a terminal of so many columns with a shell. The test is skipped where
// there is no tmux.
func newTerminal(a *account, columns int) *terminal {
	a.t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		a.t.Skip("tmux is not installed: the command is not tested on a real terminal")
	}
	term := &terminal{
		account: a,
		socket:  filepath.Join(a.t.TempDir(), "tmux"),
	}
	a.environment["TERM"] = "xterm-256color"
	a.environment["LANG"] = "C.UTF-8"
	term.tmux("-f", "/dev/null", "new-session", "-d", "-x", fmt.Sprint(columns), "-y", "24", "sh")
	a.t.Cleanup(func() { term.tmux("kill-server") })
	term.enter("stty -echo; PS1=")
	return term
}

// tmux runs a command of tmux, and returns what it prints.
func (term *terminal) tmux(arguments ...string) string {
	term.account.t.Helper()
	cmd := term.account.command("tmux", append([]string{"-u", "-S", term.socket}, arguments...)...)
	output, err := cmd.CombinedOutput()
	require.NoError(term.account.t, err, "%s", output)
	return string(output)
}

// enter types a line.
func (term *terminal) enter(line string) {
	term.account.t.Helper()
	term.tmux("send-keys", "-l", line)
	term.tmux("send-keys", "Enter")
}

// press presses a key, such as "C-c".
func (term *terminal) press(key string) {
	term.account.t.Helper()
	term.tmux("send-keys", key)
}

// screen returns what the terminal shows, without the lines that are empty at its end.
func (term *terminal) screen() string {
	term.account.t.Helper()
	return strings.TrimRight(term.tmux("capture-pane", "-p"), "\n") + "\n"
}

// coloredScreen returns what the terminal shows, with the sequences that make the colors.
func (term *terminal) coloredScreen() string {
	term.account.t.Helper()
	return term.tmux("capture-pane", "-p", "-e")
}

// waitFor waits until the terminal shows all of the texts, and returns what it shows then.
func (term *terminal) waitFor(texts ...string) string {
	term.account.t.Helper()
	var screen string
	showsAll := func() bool {
		screen = term.screen()
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return false
			}
		}
		return true
	}
	assert.Eventually(term.account.t, showsAll, 20*time.Second, 20*time.Millisecond)
	require.True(term.account.t, showsAll(), "the terminal shows:\n%s", screen)
	return screen
}

// exitLine is the last line of what run runs.
var exitLine = regexp.MustCompile(`(?m)^exit \d+$`)

// run clears the terminal, runs a command line to its end, and returns what the terminal
// shows then, with the exit code on the last line.
func (term *terminal) run(line string) string {
	term.account.t.Helper()
	term.enter("clear; " + line + `; echo "exit $?"`)
	var screen string
	isOver := func() bool {
		screen = term.screen()
		return exitLine.MatchString(screen)
	}
	require.Eventually(term.account.t, isOver, 20*time.Second, 20*time.Millisecond)
	return screen
}

// slowly makes jobs run for some seconds, and pauses within each file, so that there is
// something to see.
func slowly(o *snapshotjobtest.Options) {
	o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
		large := snapshotjobtest.File{Size: 4_000_000}
		return snapshotjobtest.Completed(large, large).After(0, 2*time.Second)
	}
}

// stallFiles makes so many files pause in the middle until their client gives up.
func (a *account) stallFiles(count int) {
	a.server.Fail(snapshotjobtest.GetObject, snapshotjobtest.StallBody(2_000_000, 0).Times(count)...)
}

const exportCommandLine = "snapshotjob export --dashboard-id sales --snapshot-job-id daily " +
	"--pdf Summary --csv Summary/Orders --dir reports"

func TestScreens(t *testing.T) {
	for name, line := range map[string]string{
		"sheets":   "snapshotjob sheets --dashboard-id sales",
		"download": "snapshotjob download 111122223333/sales/partial --dir reports",
		"usage":    "snapshotjob export --dashboard-id sales --pdf Sumary",
		"batch":    "snapshotjob batch requests.csv --dir reports",
	} {
		for _, columns := range []int{100, 40} {
			name := fmt.Sprintf("%s.%d.screen", name, columns)
			t.Run(name, func(t *testing.T) {
				a := newAccount(t)
				a.write("requests.csv", preformatted(batchCommand{}.Help()))
				screen := newTerminal(a, columns).run(line)
				// Times and rates differ from run to run.
				stable := regexp.MustCompile(`\d+(\.\d+)? [KM]?B/s`).ReplaceAllString(screen, "RATE")
				stable = regexp.MustCompile(`\b\d+s\b`).ReplaceAllString(stable, "Ns")
				assertGolden(t, name, stable)
			})
		}
	}
}

func TestJobIsShownOnOneLine(t *testing.T) {
	statusLine := regexp.MustCompile(`(?m)^RUNNING  \d+s  next poll in \d+s  endless$`)
	for _, columns := range []int{100, 40} {
		a := newAccount(t)
		term := newTerminal(a, columns)
		term.enter("clear; snapshotjob wait " + a.endlessJob().String())
		seen := map[string]bool{}
		changes := func() bool {
			lines := statusLine.FindAllString(term.screen(), -1)
			assert.LessOrEqual(t, len(lines), 1)
			for _, line := range lines {
				seen[line] = true
			}
			return len(seen) >= 3
		}
		assert.Eventually(t, changes, 20*time.Second, 20*time.Millisecond)
		term.press("C-c")
		term.waitFor("To go on: snapshotjob wait")
	}
}

func TestLongIDHidesNothing(t *testing.T) {
	a := newAccount(t)
	job := salesJob(strings.Repeat("long-", 20))
	a.server.AddJob(job, snapshotjobtest.Life{Running: -1})
	term := newTerminal(a, 40)
	term.enter("clear; snapshotjob wait " + job.String())
	assert.Regexp(t, `(?m)^RUNNING  \d+s  next poll in \d+s  long`, term.waitFor("next poll in"))
	term.press("C-c")
	term.waitFor("To go on: snapshotjob wait")
}

// A terminal shows ^C for Ctrl-C, where the cursor is.
func TestCtrlCLeavesTheBarsAsTheyAre(t *testing.T) {
	a := newAccount(t, slowly)
	a.write("requests.csv", preformatted(batchCommand{}.Help()))
	term := newTerminal(a, 100)
	term.enter("stty echo; clear; snapshotjob batch requests.csv --dir reports")
	term.waitFor("2 running")
	term.press("C-c")
	screen := term.waitFor("To go on: snapshotjob batch")
	assert.Equal(t, 1, strings.Count(screen, "0 of 2 exports"), "%s", screen)
	assert.Regexp(t, `(?m)^0 of 2 exports  \[`, screen)
	assert.NotContains(t, screen, "^C")
}

func TestErrorBeforeTheFirstPollStandsAlone(t *testing.T) {
	a := newAccount(t)
	screen := newTerminal(a, 100).run("snapshotjob wait 111122223333/sales")
	assert.Regexp(t, `^snapshotjob: the job "111122223333/sales": `, screen)
}

func TestFilesHaveBars(t *testing.T) {
	for columns, want := range map[int][]string{
		100: {
			"daily_summary.pdf          [",
			"2.0 MB / 4.0 MB",
			"/s ",
			" left",
			"daily_summary_orders.csv   [",
		},
		40: {
			"daily_summary.pdf  [",
			"daily_summary_order…  [",
			"] 2.0 MB",
		},
	} {
		a := newAccount(t, slowly)
		a.stallFiles(2)
		term := newTerminal(a, columns)
		term.enter("clear; " + exportCommandLine)
		screen := term.waitFor(want...)
		assert.Equal(t, 1, strings.Count(screen, "daily_summary.pdf"), "%s", screen)
		term.press("C-c")
		term.waitFor("To go on: snapshotjob download")
		assert.Empty(t, a.files("reports"))
	}
}

func TestBarsOfManyJobsDoNotPileUp(t *testing.T) {
	a := newAccount(t)
	line := "snapshotjob download --dir reports"
	for i := range 30 {
		job := salesJob(fmt.Sprintf("many-%02d", i))
		a.server.AddJob(job, snapshotjobtest.Completed(snapshotjobtest.PDF("summary")))
		line += " " + job.String()
	}
	term := newTerminal(a, 100)
	// tmux keeps what is cleared if it begins on the first line.
	term.run("echo begin; " + line)
	everything := term.tmux("capture-pane", "-p", "-S", "-1000")
	assert.NotContains(t, everything, "[==", "a bar was left")
	assert.Equal(t, 30, strings.Count(everything, "_summary.pdf"))
}

func TestBatchHasABar(t *testing.T) {
	for columns, want := range map[int][]string{
		100: {"0 of 2 exports  [--", "2 running, 0 done, 0 failed, 0 refused starts"},
		40:  {"0 of 2 exports  [--", "2 running, 0 done\n", "0 failed, 0 refused starts"},
	} {
		a := newAccount(t, slowly)
		a.write("requests.csv", preformatted(batchCommand{}.Help()))
		term := newTerminal(a, columns)
		term.enter("clear; snapshotjob batch requests.csv --dir reports")
		term.waitFor(want...)
		term.press("C-c")
		screen := term.waitFor("To go on: snapshotjob batch")
		assert.Contains(t, screen, "2 running, 0 done")
		assert.Contains(t, screen, "0 failed")
	}
}

func TestColors(t *testing.T) {
	const line = "snapshotjob status 111122223333/sales/failed"
	colored := newTerminal(newAccount(t), 100)
	colored.run(line)
	assert.Contains(t, colored.coloredScreen(), "\x1b[31mFAILED")
	plain := newTerminal(newAccount(t), 100)
	plain.run("NO_COLOR=1 " + line)
	assert.Contains(t, plain.coloredScreen(), "FAILED")
	assert.NotContains(t, plain.coloredScreen(), "\x1b[3")
}

func TestJSONOnATerminalIsNotTornByBars(t *testing.T) {
	a := newAccount(t)
	term := newTerminal(a, 200)
	screen := term.run("snapshotjob download 111122223333/sales/bucket --dir reports --output json")
	assert.Regexp(t, `(?m)^\{"Job":"111122223333/sales/bucket",`, screen)
}
