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

	// DashboardID must not be empty, "." or "..". The client sends every other id. The
	// service accepts 1 to 512 characters of [\w\-] (API reference,
	// StartDashboardSnapshotJob).
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
// In the text form a byte of an id may be written as %XX, and "/" and "%" must be. In
// an ARN nothing is unescaped: %2F there stands for these three characters. The error
// is an [*InvalidInputError].
func ParseJob(text string) (Job, error) {
	parse := parseJobText
	if strings.HasPrefix(text, "arn:") {
		parse = parseJobARN
	}
	job, problem := parse(text)
	if problem != "" {
		var problems problemList
		problems.add("Job", "%s %s", quote(text), problem)
		return Job{}, problems.err()
	}
	if err := job.problems().err(); err != nil {
		return Job{}, err
	}
	return job, nil
}

// parseJobARN parses a job's ARN. It returns what is wrong with the text, or "".
func parseJobARN(text string) (job Job, problem string) {
	const problemText = "is not the ARN of a snapshot job: want " + jobARNForm
	// The sections are arn, partition, service, region, account and resource. Only
	// the resource may have colons.
	const sections = 6
	section := strings.SplitN(text, ":", sections)
	if len(section) < sections {
		return Job{}, problemText
	}
	service := section[2]
	account := section[4]
	resource := strings.Split(section[5], "/")
	if service != "quicksight" || len(resource) != 4 {
		return Job{}, problemText
	}
	if resource[0] != "dashboard" || resource[2] != "snapshot-job" {
		return Job{}, problemText
	}
	return Job{
		AWSAccountID:  account,
		DashboardID:   resource[1],
		SnapshotJobID: resource[3],
	}, ""
}

// parseJobText parses a job's text form. It returns what is wrong with the text, or "".
func parseJobText(text string) (job Job, problem string) {
	const want = "want " + jobTextForm + ", or the job's ARN"
	if text == "" {
		return Job{}, "is empty: " + want
	}
	ids := strings.Split(text, "/")
	switch len(ids) {
	case 3:
	case 1:
		return Job{}, "has 1 part: " + want
	default:
		return Job{}, fmt.Sprintf("has %d parts: %s", len(ids), want)
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

// MarshalText returns what String returns. The zero Job is an empty text. The error is
// an [*InvalidInputError] if the job has an id that [ParseJob] would refuse.
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
// Job. If there is an error, the job stays as it was.
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
	const capacity = 8 // more segments than any call needs, so that they need no allocation
	segments := append(make([]string, 0, capacity),
		"accounts", j.AWSAccountID,
		"dashboards", j.DashboardID,
		"snapshot-jobs", j.SnapshotJobID,
	)
	return newRequestPath(append(segments, below...)...)
}
