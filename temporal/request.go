package temporal

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/quicksight-go/snapshotjob"
)

// Request is one snapshot to make of a dashboard. It is what
// [snapshotjob.Client.StartDashboardSnapshotJob] takes, in a form that can be written to
// a workflow's history before the job has an id.
//
// The values of tags and parameters stand in the history as they are. Use
// [Options].FillIn for values that must not. A parameter that is NaN or infinite cannot
// be written, and must come from FillIn too.
type Request struct {
	AWSAccountID string
	DashboardID  string

	// SnapshotJobID is the id of the first job. If it is empty, the id is what [JobID]
	// returns for the id of the Export workflow.
	SnapshotJobID string `json:",omitempty"`

	SnapshotConfiguration snapshotjob.SnapshotConfiguration
	UserConfiguration     *snapshotjob.SnapshotUserConfiguration `json:",omitempty"`
}

// job names the job that the request asks for.
func (r *Request) job() snapshotjob.Job {
	return snapshotjob.Job{
		AWSAccountID:  r.AWSAccountID,
		DashboardID:   r.DashboardID,
		SnapshotJobID: r.SnapshotJobID,
	}
}

// input is the request as the client takes it.
func (r *Request) input() *snapshotjob.StartDashboardSnapshotJobInput {
	return &snapshotjob.StartDashboardSnapshotJobInput{
		Job:                   r.job(),
		SnapshotConfiguration: r.SnapshotConfiguration,
		UserConfiguration:     r.UserConfiguration,
	}
}

const (
	// maxJobID is how long the ids are that JobID returns. The service takes 512
	// characters; the rest is for the numbers that numberedID appends.
	maxJobID = 500

	// hashLength is how many characters of a hash tell two ids apart that would
	// otherwise become the same.
	hashLength = 12
)

// JobID returns the id of the first job that the Export workflow with this id starts, if
// its request names none. An id of 1 to 500 ASCII letters, digits, underscores and
// hyphens is returned as it is. In any other id, other characters become hyphens, and a
// hash of the workflow's id follows, so that different workflows have different jobs.
func JobID(workflowID string) string {
	id := strings.Map(jobIDCharacter, workflowID)
	if id == workflowID && id != "" && len(id) <= maxJobID {
		return id
	}
	hash := sha256.Sum256([]byte(workflowID))
	suffix := "-" + hex.EncodeToString(hash[:])[:hashLength]
	id = id[:min(len(id), maxJobID-len(suffix))]
	return id + suffix
}

// jobIDCharacter returns r, or a hyphen if the service takes no r in a job's id.
func jobIDCharacter(r rune) rune {
	isLetter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	isDigit := '0' <= r && r <= '9'
	if isLetter || isDigit || r == '_' || r == '-' {
		return r
	}
	return '-'
}

// numberedID returns the id of the n-th job of a request: id, id-2, id-3 and so on.
func numberedID(id string, n int) string {
	if n == 1 {
		return id
	}
	return fmt.Sprintf("%s-%d", id, n)
}
