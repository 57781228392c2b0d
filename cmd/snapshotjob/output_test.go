package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what the commands print now to testdata")

// changing are the parts of an output that differ from run to run, with what stands for
// them in testdata.
var changing = []struct {
	pattern *regexp.Regexp
	stand   string
}{
	{pattern: regexp.MustCompile(`\d{4}-\d\d-\d\dT[\d:.]+Z`), stand: "TIME"},
	{pattern: regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ`), stand: "TIME                "},
	{pattern: regexp.MustCompile(`http://127\.0\.0\.1:\d+`), stand: "http://SERVER"},
}

// assertGolden asserts that an output is that of a file in testdata.
func assertGolden(t *testing.T, name, output string) {
	t.Helper()
	for _, part := range changing {
		output = part.pattern.ReplaceAllString(output, part.stand)
	}
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(output), 0o666))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "go test -run %s -update . writes it", t.Name())
	assert.Equal(t, string(want), output)
}

func TestOutputs(t *testing.T) {
	for name, arguments := range map[string]string{
		"sheets":   "sheets --dashboard-id sales",
		"status":   "status 111122223333/sales/failed 111122223333/sales/nope",
		"result":   "result 111122223333/sales/complete 111122223333/sales/partial 111122223333/sales/failed",
		"download": "download 111122223333/sales/complete 111122223333/sales/partial --dir reports",
	} {
		for _, format := range []outputFormat{formatJSON, formatText, formatTable} {
			t.Run(name+"/"+string(format), func(t *testing.T) {
				a := newAccount(t)
				got := a.run(append(strings.Fields(arguments), "--output", string(format))...)
				// Request ids are random, and part of errors.
				stable := regexp.MustCompile(`RequestID: [0-9a-f-]+`).ReplaceAllString(got.stdout, "RequestID: ID")
				assertGolden(t, name+"."+string(format), stable)
			})
		}
	}
}

func TestFormatOfEnvironment(t *testing.T) {
	for _, tt := range []struct {
		value string
		want  string // how the output begins
	}{
		{value: "text", want: "summary\tSummary\torders\t"},
		{value: "table", want: "NAME  "},
		{value: "yaml", want: `{"SheetId":"summary"`}, // is not one of this program
	} {
		a := newAccount(t)
		a.environment["AWS_DEFAULT_OUTPUT"] = tt.value
		got := a.run("sheets", "--dashboard-id", "sales")
		assert.True(t, strings.HasPrefix(got.stdout, tt.want), "%s: %s", tt.value, got.stdout)
	}
}

func TestDashboardWithoutSheets(t *testing.T) {
	a := newAccount(t)
	got := a.run("sheets", "--dashboard-id", "empty")
	assert.Equal(t, exitOK, got.code)
	assert.Empty(t, got.stdout)
	assert.Equal(t, "The dashboard empty has no sheets.\n", got.stderr)
}

func TestURLsAreShownOnRequestAlone(t *testing.T) {
	a := newAccount(t)
	for _, format := range []string{"json", "text", "table"} {
		got := a.run("result", "111122223333/sales/complete", "--output", format)
		assert.NotContains(t, got.stdout, "X-Amz-Signature")
		assert.Contains(t, got.stdout, "?REDACTED")
	}
	for _, format := range []string{"json", "text", "table"} {
		got := a.run("result", "111122223333/sales/complete", "--output", format, "--show-urls")
		assert.Contains(t, got.stdout, "X-Amz-Signature")
	}
}

func TestDebugShowsNoSecret(t *testing.T) {
	a := newAccount(t)
	got := a.run("export", "--dashboard-id", "sales", "--pdf", "Summary", "--dir", "reports", "--debug",
		"--tag", "region=SECRET", "--param", "year=SECRET")
	assert.Equal(t, exitOK, got.code)
	assert.Contains(t, got.stderr, "msg=attempt")
	all := got.stdout + got.stderr
	assert.NotContains(t, all, "SECRET")
	assert.NotContains(t, all, "X-Amz-Signature")
	assert.NotContains(t, all, fakeCredentials.SecretAccessKey)
}

func TestEventsAreLines(t *testing.T) {
	a := newAccount(t)
	arguments := []string{"export", "--dashboard-id", "sales", "--pdf", "Summary", "--verbose"}
	text := a.run(append(arguments, "--dir", "text")...)
	assert.Regexp(t, `(?m)^time=\S+ level=INFO msg=poll job=\S+ status=COMPLETED `, text.stderr)
	lines := a.run(append(arguments, "--dir", "json", "--output", "json")...)
	for line := range strings.Lines(lines.stderr) {
		assert.Regexp(t, `^\{"time":.*\}\n$`, line)
	}
	assert.Contains(t, lines.stderr, `"msg":"file"`)
}

func TestPipeIsSilent(t *testing.T) {
	a := newAccount(t)
	got := a.run("export", "--dashboard-id", "sales", "--pdf", "Summary", "--dir", "reports")
	assert.Equal(t, exitOK, got.code)
	assert.Empty(t, got.stderr)
}

func TestCommandsArePiped(t *testing.T) {
	a := newAccount(t)
	got := a.shell("snapshotjob start --dashboard-id sales --snapshot-job-id daily --pdf Summary |" +
		"snapshotjob wait | snapshotjob download --dir reports | snapshotjob status --output text")
	assert.Equal(t, exitOK, got.code, got.stderr)
	assert.Regexp(t, `^111122223333/sales/daily\tCOMPLETED\t`, got.stdout)
	assert.Equal(t, []string{"daily_summary.pdf"}, a.files("reports"))
}

func TestJobIsNamedInEveryWay(t *testing.T) {
	a := newAccount(t)
	for _, arguments := range [][]string{
		{"111122223333/sales/complete"},
		{"arn:aws:quicksight:us-east-1:111122223333:dashboard/sales/snapshot-job/complete"},
		{"--aws-account-id", "111122223333", "--dashboard-id", "sales", "--snapshot-job-id", "complete"},
		{"--dashboard-id", "sales", "--snapshot-job-id", "complete"},
	} {
		got := a.run(append([]string{"status", "--output", "text"}, arguments...)...)
		assert.Regexp(t, `^111122223333/sales/complete\t`, got.stdout, "%q", arguments)
	}
	a.stdin = "111122223333/sales/complete\n\n{\"Job\": \"111122223333/sales/partial\"}\n"
	got := a.run("status", "-", "--output", "text")
	assert.Regexp(t, `^111122223333/sales/complete\t.*\n111122223333/sales/partial\t`, got.stdout)
}

func TestTextOfTheServiceIsMadeHarmless(t *testing.T) {
	assert.Equal(t, "a b [2Jc d", oneLine("a\nb\x1b[2Jc\u202ed"))
}
