package main

import (
	"context"
	"slices"

	"github.com/quicksight-go/snapshotjob"
)

// exportCommand starts jobs, waits for them, and downloads their files.
type exportCommand struct {
	requestFlags
	waitFlags
	downloadFlags
	reportFlags
}

// Help returns what the help shows below the usage.
func (exportCommand) Help() string {
	return `A job makes 1 PDF, 1 Excel workbook and 5 CSV files. If more is asked for, there are more
jobs, whose ids end with -part1, -part2 and so on. If the account runs as many jobs as it
may, the command waits.

With --to the files stay in your bucket, unless --dir is given too.

The same command with the same --snapshot-job-id goes on where it stopped: it starts no
job twice, and fetches no file twice. With other values of tags, use another id: a job
does not tell the values that it was started with.

Examples:

    snapshotjob export --dashboard-id revenue --pdf Overview --csv "Orders/Open orders" --dir reports
    snapshotjob export --dashboard-id revenue --all-sheets --all-tables --tag region=EMEA --dir reports
    snapshotjob export --dashboard-id revenue --excel orders/open,orders/closed --to s3://reports/daily
`
}

// Run runs the command.
func (c *exportCommand) Run(ctx context.Context, s *session) error {
	if err := c.check(); err != nil {
		return err
	}
	c.setDefaults()
	connected, err := s.connect(ctx)
	if err != nil {
		return err
	}
	requests, err := c.inputs(ctx, s, connected)
	if err != nil {
		return err
	}
	exporter := s.newExporter(connected, len(requests), &c.downloadFlags, exportOptions{
		jobTimeout: c.Timeout,
		report:     c.reportFlags,
	})
	err = exporter.run(ctx, requests)
	return adviseIfStopped(err, c.howToGoOn(s, requests, exporter.exports))
}

// check returns what is wrong with the flags.
func (c *exportCommand) check() error {
	if err := c.requestFlags.check(); err != nil {
		return err
	}
	if err := c.waitFlags.check(); err != nil {
		return err
	}
	if err := c.reportFlags.check(); err != nil {
		return err
	}
	if c.To == "" || c.Dir != "" {
		return c.downloadFlags.check()
	}
	return nil
}

// howToGoOn returns how to go on after an interruption. It shows no tags and parameters.
func (c *exportCommand) howToGoOn(
	s *session,
	requests []*snapshotjob.StartDashboardSnapshotJobInput,
	exports []*export,
) string {
	started := 0
	for _, ended := range exports {
		if !ended.outcome.Started.IsZero() {
			started++
		}
	}
	if started < len(requests) {
		return "the same command, with --snapshot-job-id " + shellQuote(c.SnapshotJobID)
	}
	command := c.downloadFlags.arguments()
	if c.To != "" && c.Dir == "" {
		command = []string{"wait"}
	}
	var jobs []string
	for _, ended := range exports {
		jobs = append(jobs, ended.outcome.Job.String())
	}
	slices.Sort(jobs)
	return s.command(append(command, jobs...)...)
}
