package main

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// actAsCommand is the variable that makes the test binary the command itself. So the tests
// run it as people do: as a process, with streams, signals and an exit code.
const actAsCommand = "SNAPSHOTJOB_TEST_ACT_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(actAsCommand) == "1" {
		main()
		return
	}
	os.Exit(m.Run())
}

// account is a fake account of AWS, and an environment with which the command uses it.
type account struct {
	t           *testing.T
	server      *snapshotjobtest.Server
	environment map[string]string
	dir         string // in which the command runs
	stdin       string // of the next command
}

// salesSheets returns the sheets of the dashboard "sales".
func salesSheets() []snapshotjob.DashboardSheet {
	return []snapshotjob.DashboardSheet{
		{
			SheetID: "summary",
			Name:    "Summary",
			Visuals: []snapshotjob.DashboardVisual{
				{VisualID: "orders", Kind: "TableVisual", Title: "Orders"},
				{VisualID: "trend", Kind: "LineChartVisual", Title: "Orders by month"},
			},
		},
		{
			SheetID: "details",
			Name:    "Details",
			Visuals: []snapshotjob.DashboardVisual{
				{VisualID: "returns", Kind: "PivotTableVisual", Title: "Returns"},
			},
		},
	}
}

// newAccount returns an account with the dashboards and jobs of "fake". Its jobs take no
// time.
func newAccount(t *testing.T, optFns ...func(*snapshotjobtest.Options)) *account {
	t.Helper()
	quick := func(o *snapshotjobtest.Options) {
		o.Credentials = fakeCredentials
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
			return snapshotjobtest.Completed()
		}
	}
	server := snapshotjobtest.NewTestServer(t, append([]func(*snapshotjobtest.Options){quick}, optFns...)...)
	server.AddDashboard("revenue", revenueSheets()...)
	server.AddDashboard("sales", salesSheets()...)
	for _, held := range heldJobs() {
		server.AddJob(held.job, held.life)
	}
	endpoint := httptest.NewServer(withCallerIdentity(server))
	t.Cleanup(endpoint.Close)
	a := &account{
		t:      t,
		server: server,
		dir:    t.TempDir(),
	}
	a.environment = a.newEnvironment(endpoint.URL)
	return a
}

// newEnvironment returns the environment that "fake" prints, and a home without AWS
// configuration.
func (a *account) newEnvironment(endpoint string) map[string]string {
	var exports bytes.Buffer
	require.NoError(a.t, printEnvironment(&exports, endpoint))
	environment := map[string]string{
		actAsCommand:                "1",
		"PATH":                      commandFolder(a.t) + ":" + os.Getenv("PATH"),
		"HOME":                      a.t.TempDir(),
		"AWS_EC2_METADATA_DISABLED": "true",
	}
	for line := range strings.Lines(exports.String()) {
		name, value, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(line, "export ")), "=")
		environment[name] = strings.Trim(value, "'")
	}
	return environment
}

// commandFolder returns a folder with the command snapshotjob, which is the test binary.
func commandFolder(t *testing.T) string {
	t.Helper()
	executable, err := os.Executable()
	require.NoError(t, err)
	folder := t.TempDir()
	require.NoError(t, os.Symlink(executable, filepath.Join(folder, "snapshotjob")))
	return folder
}

// command returns a command that is not started yet.
func (a *account) command(name string, arguments ...string) *exec.Cmd {
	cmd := exec.Command(name, arguments...) //nolint:noctx // The test that starts it ends it.
	cmd.Dir = a.dir
	for name, value := range a.environment {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Stdin = strings.NewReader(a.stdin)
	return cmd
}

// ended is what a command has left.
type ended struct {
	code   int
	stdout string
	stderr string
}

// run runs the command with these arguments in a pipe.
func (a *account) run(arguments ...string) ended {
	a.t.Helper()
	executable, err := os.Executable()
	require.NoError(a.t, err)
	return a.wait(a.command(executable, arguments...))
}

// shell runs a command line in a shell.
func (a *account) shell(line string) ended {
	a.t.Helper()
	return a.wait(a.command("sh", "-c", line))
}

// wait runs a command to its end.
func (a *account) wait(cmd *exec.Cmd) ended {
	a.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout = &stdout
	cmd.Stderr = &stderr
	err := cmd.Run()
	if _, isExit := errors.AsType[*exec.ExitError](err); !isExit {
		require.NoError(a.t, err)
	}
	return ended{
		code:   cmd.ProcessState.ExitCode(),
		stdout: stdout.String(),
		stderr: stderr.String(),
	}
}

// interruptWhen starts the command, interrupts it as Ctrl-C does once the condition holds,
// and returns what it has left.
func (a *account) interruptWhen(condition func() bool, arguments ...string) ended {
	a.t.Helper()
	executable, err := os.Executable()
	require.NoError(a.t, err)
	return a.signalWhen(condition, syscall.SIGINT, a.command(executable, arguments...))
}

// signalWhen starts a command, sends it a signal once the condition holds, and returns what
// it has left.
func (a *account) signalWhen(condition func() bool, signal syscall.Signal, cmd *exec.Cmd) ended {
	a.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout = &stdout
	cmd.Stderr = &stderr
	require.NoError(a.t, cmd.Start())
	assert.Eventually(a.t, condition, 20*time.Second, 10*time.Millisecond)
	require.NoError(a.t, cmd.Process.Signal(signal))
	cmd.Wait()
	return ended{
		code:   cmd.ProcessState.ExitCode(),
		stdout: stdout.String(),
		stderr: stderr.String(),
	}
}

// write writes a file into the folder in which the command runs.
func (a *account) write(name, content string) {
	a.t.Helper()
	require.NoError(a.t, os.WriteFile(filepath.Join(a.dir, name), []byte(content), 0o600))
}

// files returns the names in a folder below the one in which the command runs.
func (a *account) files(folder string) []string {
	a.t.Helper()
	entries, err := os.ReadDir(filepath.Join(a.dir, folder))
	require.NoError(a.t, err)
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// requests returns how many requests for an operation have arrived.
func (a *account) requests(operation snapshotjobtest.Operation) int {
	count := 0
	for _, request := range a.server.Requests() {
		if request.Operation == operation {
			count++
		}
	}
	return count
}
