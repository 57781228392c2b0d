package snapshotjob

import (
	"fmt"
	"net/url"
	"strings"
)

// Job names one snapshot job. It can be a map key. Its text form, which String,
// MarshalText and [ParseJob] share, is account/dashboard/job.
type Job struct {
	AWSAccountID  string // 12 digits
	DashboardID   string // not empty, "." or ".."; the service allows [\w\-]+, 1 to 512 characters
	SnapshotJobID string // likewise; unique to the dashboard while the job runs and for 24 hours after
}

// ParseJob reads a job's text form, account/dashboard/job, or its ARN,
// arn:<partition>:quicksight:<region>:<account>:dashboard/<id>/snapshot-job/<id>.
// In the text form, bytes of an id may be written %XX, and "/" and "%" must be. The
// error is an [*InvalidInputError].
func ParseJob(text string) (Job, error) {
	refuse := func(problem string) (Job, error) {
		return Job{}, &InvalidInputError{[]InputFault{{"Job", quote(text) + " " + problem}}}
	}
	var job Job
	if arn, ok := strings.CutPrefix(text, "arn:"); ok {
		part := strings.SplitN(arn, ":", 5) // partition, service, region, account, resource
		ids := strings.Split(part[len(part)-1], "/")
		if len(part) < 5 || part[1] != "quicksight" || len(ids) != 4 || ids[0] != "dashboard" || ids[2] != "snapshot-job" {
			return refuse("is not the ARN of a snapshot job: want arn:<partition>:quicksight:<region>:<account>:dashboard/<id>/snapshot-job/<id>")
		}
		job = Job{part[3], ids[1], ids[3]}
	} else {
		ids := strings.Split(text, "/")
		if len(ids) != 3 {
			return refuse(fmt.Sprintf("has %d parts: want account/dashboard/job, or the job's ARN", len(ids)))
		}
		for i, id := range ids {
			var err error
			if ids[i], err = url.PathUnescape(id); err != nil {
				return refuse("holds a % that is not followed by two hex digits: write %25 for a percent sign")
			}
		}
		job = Job{ids[0], ids[1], ids[2]}
	}
	if faults := job.faults(nil); len(faults) > 0 {
		return Job{}, &InvalidInputError{faults}
	}
	return job, nil
}

// String returns account/dashboard/job, each id escaped as in a request path,
// and "" for the zero Job.
func (j Job) String() string {
	if j == (Job{}) {
		return ""
	}
	return escapeID(j.AWSAccountID) + "/" + escapeID(j.DashboardID) + "/" + escapeID(j.SnapshotJobID)
}

// MarshalText returns String. A job that [ParseJob] would refuse is an
// [*InvalidInputError]; the zero Job is empty text.
func (j Job) MarshalText() ([]byte, error) {
	if faults := j.faults(nil); len(faults) > 0 && j != (Job{}) {
		return nil, &InvalidInputError{faults}
	}
	return []byte(j.String()), nil
}

// UnmarshalText reads what [ParseJob] reads, and empty text as the zero Job.
func (j *Job) UnmarshalText(text []byte) error {
	job, err := ParseJob(string(text))
	if err != nil && len(text) > 0 {
		return err
	}
	*j = job
	return nil
}

func (j Job) faults(faults faultList) faultList {
	faults.checkAccount(j.AWSAccountID)
	faults.checkID("DashboardID", j.DashboardID)
	faults.checkID("SnapshotJobID", j.SnapshotJobID)
	return faults
}

// escapeID writes every byte but the unreserved ones of RFC 3986 as %XX.
func escapeID(id string) string {
	return strings.ReplaceAll(url.QueryEscape(id), "+", "%20")
}
