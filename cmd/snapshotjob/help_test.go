package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// commandNodes returns the commands as kong knows them.
func commandNodes(t *testing.T) []*kong.Node {
	t.Helper()
	parser, err := kong.New(&cli{})
	require.NoError(t, err)
	return parser.Model.Leaves(true)
}

// preformatted returns the lines of a help text that are indented, without the indent, up
// to the next line that is not.
func preformatted(help string) string {
	var block strings.Builder
	for line := range strings.Lines(help) {
		text, isIndented := strings.CutPrefix(line, "    ")
		if isIndented {
			block.WriteString(text)
		} else if block.Len() > 0 && strings.TrimSpace(line) != "" {
			break
		}
	}
	return block.String()
}

// examples returns the examples of a help text.
func examples(help string) []string {
	_, behind, _ := strings.Cut(help, "\nExamples")
	if strings.HasPrefix(help, "Examples") {
		behind = help
	}
	_, behind, _ = strings.Cut(behind, "\n")
	return strings.Split(strings.TrimSpace(preformatted(behind)), "\n")
}

func TestHelpTeachesWithExamples(t *testing.T) {
	for _, node := range commandNodes(t) {
		if node.Name == "completion" {
			continue // its help is that of its package
		}
		got := newAccount(t).run(node.Name, "--help")
		assert.Equal(t, exitOK, got.code)
		for _, example := range examples(node.Detail) {
			assert.Contains(t, got.stdout, example, node.Name)
		}
	}
}

func TestExamplesOfHelpRun(t *testing.T) {
	for _, node := range commandNodes(t) {
		if node.Name == "completion" || node.Name == "fake" {
			continue
		}
		t.Run(node.Name, func(t *testing.T) {
			a := newAccount(t)
			a.write("requests.csv", preformatted(node.Detail))
			for _, example := range examples(node.Detail) {
				require.Contains(t, example, "snapshotjob "+node.Name)
				got := a.shell(example)
				assert.Equal(t, exitOK, got.code, "%s: %s", example, got.stderr)
				assert.NotEmpty(t, got.stdout, example)
			}
		})
	}
}

func TestExampleOfFakeRuns(t *testing.T) {
	lines := examples(fakeCommand{}.Help())
	require.Len(t, lines, 3)
	a := newAccount(t)
	// Another program may use the port of the example.
	server := a.command("sh", "-c", "exec "+strings.Replace(lines[0], "fake", "fake --listen 127.0.0.1:0", 1))
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		server.Process.Signal(os.Interrupt)
		assert.NoError(t, server.Wait())
	})
	isServing := func() bool {
		environment, err := os.ReadFile(filepath.Join(a.dir, "fake.env"))
		return err == nil && strings.Contains(string(environment), "AWS_SESSION_TOKEN")
	}
	require.Eventually(t, isServing, 20*time.Second, 10*time.Millisecond)
	got := a.shell(strings.Join(lines[1:], "\n"))
	assert.Equal(t, exitOK, got.code, got.stderr)
	assert.Contains(t, got.stdout, `"Job":"111122223333/sales/complete"`)
	assert.Empty(t, a.server.Requests(), "the requests went to another server")
}

func TestHelpListsEveryExitCode(t *testing.T) {
	got := newAccount(t).run("--help")
	for _, code := range []string{"0", "1", "2", "130", "252", "253", "254", "255"} {
		assert.Regexp(t, `\n    `+code+` +[a-z]`, got.stdout)
	}
}

func TestShellsComplete(t *testing.T) {
	a := newAccount(t)
	a.environment["COMP_LINE"] = "snapshotjob st"
	assert.ElementsMatch(t, []string{"start", "status"}, strings.Fields(a.run().stdout))
	a.environment["COMP_LINE"] = "snapshotjob export --snapshot"
	assert.Equal(t, []string{"--snapshot-job-id"}, strings.Fields(a.run().stdout))
}
