package main

import (
	"context"
	"fmt"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// waitFlags say how long to wait.
type waitFlags struct {
	Timeout time.Duration `default:"2h" placeholder:"DURATION" help:"How long to wait for a job, such as 90s or 1h30m. Default: 2h."`
}

// check returns an error if the timeout is no time to wait.
func (f *waitFlags) check() error {
	if f.Timeout <= 0 {
		return usagef("--timeout is %v: want more than 0", f.Timeout)
	}
	return nil
}

// waitCommand waits until jobs have finished.
type waitCommand struct {
	jobFlags
	waitFlags
}

// Help returns what the help shows below the usage.
func (waitCommand) Help() string {
	return `A job goes on when the wait runs out or is interrupted: wait again.

Examples:

    snapshotjob wait 111122223333/sales/complete
    snapshotjob start --dashboard-id revenue --pdf Overview | snapshotjob wait --timeout 30m
`
}

// Run runs the command.
func (c *waitCommand) Run(ctx context.Context, s *session) error {
	if err := c.waitFlags.check(); err != nil {
		return err
	}
	progress := s.newJobProgress()
	wait := func(ctx context.Context, connected *connection, job snapshotjob.Job) (jobRecord, error) {
		result, err := c.wait(ctx, connected, job, progress)
		if result == nil {
			return jobRecord{}, err
		}
		return s.resultRecord(result), err
	}
	command := &eachJob{
		session:  s,
		flags:    &c.jobFlags,
		table:    fileTable,
		progress: progress,
		action:   wait,
		goOn:     []string{"wait"},
	}
	return command.run(ctx)
}

// wait waits until a job has finished, and shows the progress. There is a result if the
// job has finished, even if it failed.
func (f *waitFlags) wait(
	ctx context.Context,
	c *connection,
	job snapshotjob.Job,
	progress progress,
) (*snapshotjob.DescribeDashboardSnapshotJobResultOutput, error) {
	runOut := fmt.Errorf("--timeout, %v, has run out; the job goes on", f.Timeout)
	ctx, cancel := context.WithTimeoutCause(ctx, f.Timeout, runOut)
	defer cancel()
	return c.client.Wait(ctx, job, func(o *snapshotjob.WaitOptions) {
		o.OnPoll = progress.polled
	})
}

// adviseIfStopped adds how to go on to the error of a command that was interrupted, or whose
// wait ran out.
func adviseIfStopped(err error, howToGoOn string) error {
	code := exitCode(err)
	if code != exitInterrupted && code != exitTimeout {
		return err
	}
	return adviseToGoOn(err, howToGoOn)
}
