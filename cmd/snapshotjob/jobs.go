package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/quicksight-go/snapshotjob"
)

// jobFlags name jobs that exist already.
type jobFlags struct {
	Jobs          []string `arg:"" optional:"" name:"job" help:"ACCOUNT/DASHBOARD/JOB or an ARN. \"-\" reads jobs from standard input, as does a pipe if no job is named."`
	AWSAccountID  string   `name:"aws-account-id" placeholder:"ID" help:"Account of the dashboard. Default: that of the credentials."`
	DashboardID   string   `name:"dashboard-id" placeholder:"ID" help:"Dashboard of the job."`
	SnapshotJobID string   `name:"snapshot-job-id" placeholder:"ID" help:"Id of the job."`
}

// jobs returns the jobs that the command line or standard input names, at least one.
func (f *jobFlags) jobs(ctx context.Context, s *session, c *connection) ([]snapshotjob.Job, error) {
	switch {
	case f.isNamedByFlags():
		job, err := f.jobOfFlags(ctx, c)
		return []snapshotjob.Job{job}, err
	case f.isPiped(s):
		return readJobs(s.stdin)
	case len(f.Jobs) == 0:
		return nil, usagef("there is no job: name it by ACCOUNT/DASHBOARD/JOB, by its ARN, " +
			"or by --dashboard-id and --snapshot-job-id")
	default:
		return parseJobs(f.Jobs)
	}
}

// isNamedByFlags reports whether there is a flag that names a job.
func (f *jobFlags) isNamedByFlags() bool {
	return f.AWSAccountID != "" || f.DashboardID != "" || f.SnapshotJobID != ""
}

// isPiped reports whether the jobs come from standard input.
func (f *jobFlags) isPiped(s *session) bool {
	if len(f.Jobs) == 0 {
		return !isTerminal(s.stdin)
	}
	return len(f.Jobs) == 1 && f.Jobs[0] == standardInput
}

// jobOfFlags returns the job that the three flags name.
func (f *jobFlags) jobOfFlags(ctx context.Context, c *connection) (snapshotjob.Job, error) {
	if len(f.Jobs) > 0 {
		return snapshotjob.Job{}, usagef("a job is named by an argument or by flags: %q is too much", f.Jobs[0])
	}
	if f.DashboardID == "" || f.SnapshotJobID == "" {
		return snapshotjob.Job{}, usagef("a job is named by both --dashboard-id and --snapshot-job-id")
	}
	account, err := c.accountID(ctx, f.AWSAccountID)
	if err != nil {
		return snapshotjob.Job{}, err
	}
	return snapshotjob.Job{
		AWSAccountID:  account,
		DashboardID:   f.DashboardID,
		SnapshotJobID: f.SnapshotJobID,
	}, nil
}

// parseJobs parses arguments that name jobs.
func parseJobs(arguments []string) ([]snapshotjob.Job, error) {
	var jobs []snapshotjob.Job
	for _, argument := range arguments {
		job, err := snapshotjob.ParseJob(argument)
		if err != nil {
			return nil, usagef("the job %q: %w", argument, err)
		}
		jobs = append(jobs, job)
	}
	return jobs, nil
}

// readJobs reads jobs, one a line: their names, or what a command of this program writes
// with --output json.
func readJobs(r io.Reader) ([]snapshotjob.Job, error) {
	var jobs []snapshotjob.Job
	lines := bufio.NewReader(r)
	for number := 1; ; number++ {
		line, err := lines.ReadString('\n')
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("standard input cannot be read: %w", err)
		}
		if text := strings.TrimSpace(line); text != "" {
			job, problem := parseJobLine(text)
			if problem != nil {
				return nil, usagef("line %d of standard input: %w", number, problem)
			}
			jobs = append(jobs, job)
		}
		if err == io.EOF {
			break
		}
	}
	if len(jobs) == 0 {
		return nil, usagef("standard input names no job")
	}
	return jobs, nil
}

// parseJobLine returns the job that a line of standard input names.
func parseJobLine(line string) (snapshotjob.Job, error) {
	if !strings.HasPrefix(line, "{") {
		return snapshotjob.ParseJob(line)
	}
	var record struct{ Job *string }
	if err := json.Unmarshal([]byte(line), &record); err != nil {
		return snapshotjob.Job{}, errors.New(`want a job, or a JSON object on one line with a member "Job"`)
	}
	if record.Job == nil {
		return snapshotjob.Job{}, errors.New(`the object has no member "Job"`)
	}
	return snapshotjob.ParseJob(*record.Job)
}
