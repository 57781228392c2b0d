package snapshotjobtest

import (
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// describeResult tells how a job ended and where its files are. Every call gets
// presigned URLs of its own.
func (c *call) describeResult() (*apiResponse, *apiError) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	now := c.server.advanceLocked()
	j, err := c.findJobLocked()
	if err != nil {
		return nil, err
	}
	if !j.hasEndedLocked(now) {
		return nil, newError(c.server.options.NotFinished,
			"Dashboard Snapshot Job with id %s has not reached a terminal state.", j.id.SnapshotJobID)
	}
	status, since := j.statusLocked(now)
	result := wireResult{
		ARN:             c.server.arn(j.id),
		JobStatus:       string(status),
		CreatedTime:     epoch(j.created),
		LastUpdatedTime: epoch(since),
		ErrorInfo:       j.errorInfo(),
		RequestID:       c.record.ID,
	}
	if status == snapshotjob.SnapshotJobStatusCompleted {
		result.Result = c.outcomeLocked(j, now)
	}
	return ok(result), nil
}

// errorInfo returns why the whole job failed, or nil if its life has no reason.
func (j *job) errorInfo() *wireError {
	if !j.life.hasReason() {
		return nil
	}
	return &wireError{
		ErrorType:    j.life.ErrorType,
		ErrorMessage: j.life.ErrorMessage,
	}
}

// outcomeLocked returns the files of a completed job, by user. Every anonymous user
// gets the same ones.
func (c *call) outcomeLocked(j *job, now time.Time) *wireOutcome {
	if j.life.Registered {
		user := wireUserResult{FileGroups: c.fileGroupsLocked(j, now)}
		return &wireOutcome{RegisteredUsers: []wireUserResult{user}}
	}
	outcome := &wireOutcome{}
	for range j.users.AnonymousUsers {
		user := wireUserResult{FileGroups: c.fileGroupsLocked(j, now)}
		outcome.AnonymousUsers = append(outcome.AnonymousUsers, user)
	}
	return outcome
}

// fileGroupsLocked returns a group for each file that was asked for.
func (c *call) fileGroupsLocked(j *job, now time.Time) []wireGroup {
	groups := make([]wireGroup, len(j.configuration.FileGroups))
	for i, group := range j.configuration.FileGroups {
		groups[i] = wireGroup{
			Files:     group.Files,
			S3Results: c.s3ResultsLocked(j, i, now),
		}
	}
	return groups
}

// s3ResultsLocked returns a result of the i-th file for each destination, or one
// result for QuickSight's own bucket if there is no destination. A file that was
// not made has errors in place of a URI.
func (c *call) s3ResultsLocked(j *job, i int, now time.Time) []wireS3Result {
	reasons := j.life.Files[i].wireErrors()
	objects := j.objects[i]
	made := len(objects) > 0
	destinations := j.configuration.destinations()
	if len(destinations) == 0 {
		result := wireS3Result{ErrorInfo: reasons}
		if made {
			result.S3URI = c.presignLocked(objects[0], now)
		}
		return []wireS3Result{result}
	}
	results := make([]wireS3Result, len(destinations))
	for d := range destinations {
		results[d] = wireS3Result{
			S3DestinationConfiguration: &destinations[d],
			ErrorInfo:                  reasons,
		}
		if made {
			results[d].S3URI = objects[d].location.uri()
		}
	}
	return results
}
