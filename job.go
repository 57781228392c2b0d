package snapshotjob

import (
	"fmt"
	"net/url"
	"strings"
)

// Job names one snapshot job. Jobs are comparable and can be map keys. String,
// MarshalText and [ParseJob] share one text form, account/dashboard/job.
type Job struct {
	// AWSAccountID is the account that owns the dashboard: 12 digits.
	AWSAccountID string

	// DashboardID is anything but empty, "." or "..". The service allows [\w\-]+
	// with 1 to 512 characters (API reference, StartDashboardSnapshotJob).
	DashboardID string

	// SnapshotJobID follows the rules of DashboardID. The caller chooses it. It is
	// unique to the dashboard while the job runs and for 24 hours after the job has
	// finished (API reference, StartDashboardSnapshotJob).
	SnapshotJobID string
}

const (
	jobARNForm  = "arn:<partition>:quicksight:<region>:<account>:dashboard/<id>/snapshot-job/<id>"
	jobTextForm = "account/dashboard/job"
)

// ParseJob parses the text form of a job, account/dashboard/job, or the ARN of a
// job, arn:<partition>:quicksight:<region>:<account>:dashboard/<id>/snapshot-job/<id>.
// In the text form a byte of an id may be written as %XX, and "/" and "%" must be.
// The error is an [*InvalidInputError].
func ParseJob(text string) (Job, error) {
	parse := parseJobText
	if strings.HasPrefix(text, "arn:") {
		parse = parseJobARN
	}
	job, problem := parse(text)
	if problem != "" {
		fault := InputFault{
			Field:   "Job",
			Problem: quote(text) + " " + problem,
		}
		return Job{}, &InvalidInputError{Faults: []InputFault{fault}}
	}
	if err := job.problems().err(); err != nil {
		return Job{}, err
	}
	return job, nil
}

// parseJobARN parses a job's ARN. It returns what is wrong with the text, or "".
func parseJobARN(text string) (job Job, problem string) {
	const problemText = "is not the ARN of a snapshot job: want " + jobARNForm
	const parts = 6 // arn, partition, service, region, account, resource
	part := strings.SplitN(text, ":", parts)
	if len(part) < parts || part[2] != "quicksight" {
		return Job{}, problemText
	}
	account := part[4]
	resource := strings.Split(part[5], "/")
	if len(resource) != 4 || resource[0] != "dashboard" || resource[2] != "snapshot-job" {
		return Job{}, problemText
	}
	return Job{
		AWSAccountID:  account,
		DashboardID:   resource[1],
		SnapshotJobID: resource[3],
	}, ""
}

// parseJobText parses a job's text form. It returns what is wrong with the text, or
// "".
func parseJobText(text string) (job Job, problem string) {
	ids := strings.Split(text, "/")
	if len(ids) != 3 {
		return Job{}, fmt.Sprintf("has %d parts: want %s, or the job's ARN", len(ids), jobTextForm)
	}
	for i, id := range ids {
		unescaped, err := url.PathUnescape(id)
		if err != nil {
			return Job{}, "holds a % that is not followed by two hex digits: write %25 for a percent sign"
		}
		ids[i] = unescaped
	}
	return Job{
		AWSAccountID:  ids[0],
		DashboardID:   ids[1],
		SnapshotJobID: ids[2],
	}, ""
}

// String returns the text form account/dashboard/job, with each id escaped as in the
// path of a request. It returns "" for the zero Job.
func (j Job) String() string {
	if j == (Job{}) {
		return ""
	}
	return escapeID(j.AWSAccountID) + "/" + escapeID(j.DashboardID) + "/" + escapeID(j.SnapshotJobID)
}

// MarshalText returns what String does. The error is an [*InvalidInputError] for a
// job that [ParseJob] would refuse. The zero Job is an empty text.
func (j Job) MarshalText() ([]byte, error) {
	if j == (Job{}) {
		return []byte{}, nil
	}
	if err := j.problems().err(); err != nil {
		return nil, err
	}
	return []byte(j.String()), nil
}

// UnmarshalText sets the job to what [ParseJob] returns. An empty text is the zero
// Job.
func (j *Job) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*j = Job{}
		return nil
	}
	job, err := ParseJob(string(text))
	if err != nil {
		return err
	}
	*j = job
	return nil
}

// problems returns what is wrong with the ids.
func (j Job) problems() problemList {
	var problems problemList
	problems.checkAccount(j.AWSAccountID)
	problems.checkID("DashboardID", j.DashboardID)
	problems.checkID("SnapshotJobID", j.SnapshotJobID)
	return problems
}

// path returns the path of the job, and of what follows below it.
func (j Job) path(below ...string) requestPath {
	const most = 8 // no call has more segments, so that they need no allocation
	segments := append(make([]string, 0, most),
		"accounts", j.AWSAccountID,
		"dashboards", j.DashboardID,
		"snapshot-jobs", j.SnapshotJobID,
	)
	return newRequestPath(append(segments, below...)...)
}

// escapeID escapes every byte of an id except the unreserved characters of RFC 3986:
// letters, digits, "-", ".", "_" and "~".
func escapeID(id string) string {
	return strings.ReplaceAll(url.QueryEscape(id), "+", "%20")
}
