package main

import (
	"context"
	"slices"

	"github.com/quicksight-go/snapshotjob"
)

// batchCommand exports what a file of requests asks for.
type batchCommand struct {
	File       string `arg:"" help:"File of requests, as CSV or JSON lines; \"-\" is standard input."`
	MaxRunning int    `placeholder:"N" help:"How many jobs run at once. Default: as many as the account allows."`
	waitFlags
	downloadFlags
	reportFlags
}

// Help returns what the help shows below the usage.
func (batchCommand) Help() string {
	return `The columns of a CSV file have the names of flags of "export": aws-account-id,
dashboard-id, snapshot-job-id, pdf, csv, excel, registered-user, to, and with a name
behind a colon tag:KEY, param:NAME, integer-param:NAME, decimal-param:NAME and
date-param:NAME. A parameter with several values has a column for each. Sheets and visuals
are ids, with semicolons between several files:

    snapshot-job-id,dashboard-id,pdf,csv,tag:region
    daily-emea,revenue,overview,overview/regions;orders/open,EMEA
    daily-apac,revenue,overview,,APAC

A line of JSON is what "aws quicksight start-dashboard-snapshot-job --cli-input-json"
takes.

If anything in the file is wrong, nothing is started. The same command, run again, goes on
where it stopped: it starts no job twice, and fetches no file twice. Give the requests
new ids before you change values of tags, and when their jobs finished 24 hours ago.

Examples:

    snapshotjob batch requests.csv --dir reports --report report.html
    snapshotjob batch - --dir reports <requests.csv
`
}

// Run runs the command.
func (c *batchCommand) Run(ctx context.Context, s *session) error {
	if err := c.check(); err != nil {
		return err
	}
	connected, err := s.connect(ctx)
	if err != nil {
		return err
	}
	requests, err := c.requests(ctx, s, connected)
	if err != nil {
		return err
	}
	// Files that stay in buckets need no folder.
	if slices.ContainsFunc(requests, c.wants) {
		if err := c.downloadFlags.check(); err != nil {
			return err
		}
	}
	exporter := s.newExporter(connected, len(requests), &c.downloadFlags, exportOptions{
		jobTimeout: c.Timeout,
		maxRunning: c.MaxRunning,
		report:     c.reportFlags,
	})
	err = exporter.run(ctx, requests)
	return adviseIfStopped(err, c.howToGoOn(s))
}

// howToGoOn returns how to go on after an interruption.
func (c *batchCommand) howToGoOn(s *session) string {
	if c.File == standardInput {
		return "the same command, with the same standard input"
	}
	return shellCommand(s.arguments...)
}

// check returns what is wrong with the flags.
func (c *batchCommand) check() error {
	if c.MaxRunning < 0 {
		return usagef("--max-running is %d: want 0 or more", c.MaxRunning)
	}
	if err := c.waitFlags.check(); err != nil {
		return err
	}
	return c.reportFlags.check()
}

// requests returns the requests of the file. None of them was sent.
func (c *batchCommand) requests(
	ctx context.Context,
	s *session,
	connected *connection,
) ([]*snapshotjob.StartDashboardSnapshotJobInput, error) {
	read, err := readRequests(s, c.File, connected.config.Region)
	if err != nil {
		return nil, err
	}
	if err := completeRequests(ctx, connected, read); err != nil {
		return nil, err
	}
	if err := checkRequests(connected.client, read); err != nil {
		return nil, err
	}
	var requests []*snapshotjob.StartDashboardSnapshotJobInput
	for _, request := range read {
		requests = append(requests, request.input)
	}
	return requests, nil
}
