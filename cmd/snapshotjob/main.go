// Command snapshotjob makes snapshots of Amazon QuickSight dashboards: it starts snapshot
// jobs, waits for them, and downloads their files.
//
//	go install github.com/quicksight-go/snapshotjob/cmd/snapshotjob@latest
//	snapshotjob sheets --dashboard-id revenue
//	snapshotjob export --dashboard-id revenue --pdf Overview --dir reports
//
// It takes region, credentials and profiles from where the AWS CLI takes them.
// "snapshotjob --help" lists the commands and the exit codes, and the help of a command
// has examples.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"
)

func main() {
	os.Exit(run(os.Args[1:]))
}

// run runs the command that the arguments name, and returns the exit code.
func run(args []string) int {
	var commands cli
	parser := kong.Must(&commands,
		kong.Name("snapshotjob"),
		kong.Description(description),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	// If a shell asks for completions, Register responds and exits.
	kongcompletion.Register(parser)
	parsed, err := parser.Parse(args)
	if err != nil {
		return writeError(os.Stderr, usagef(`%w: see "%s --help"`, err, failedCommand(err)))
	}
	surviveClosedPipes()
	ctx, stop := interruptible()
	defer stop()
	parsed.BindTo(ctx, (*context.Context)(nil))
	s := newSession(&commands.globalFlags)
	err = parsed.Run(s)
	switch {
	case isInterruption(err):
		err = clearInterruption(err)
	case isRefusal(err):
		err = fmt.Errorf("%w (region %s)", err, s.region)
	}
	return writeError(os.Stderr, err)
}

// failedCommand returns the command whose command line could not be parsed.
func failedCommand(err error) string {
	failed, ok := errors.AsType[*kong.ParseError](err)
	if !ok || failed.Context.Selected() == nil {
		return "snapshotjob"
	}
	return "snapshotjob " + failed.Context.Selected().Name
}

// interruptible returns a context that Ctrl-C ends, as do SIGTERM and the end of the
// terminal. A second Ctrl-C ends the process at once.
func interruptible() (context.Context, context.CancelFunc) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	// Under nohup, the process ignores the end of the terminal. It must go on doing so.
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// surviveClosedPipes makes a write to a pipe that nobody reads an error. Without it, such a
// write to standard output ends the process, in the middle of a file.
func surviveClosedPipes() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
}
