package snapshotjobtest

import (
	"net/http"

	"github.com/quicksight-go/snapshotjob"
)

func (c *call) describeResult() (int, any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	j, err := c.lookUp()
	if err != nil {
		return 0, nil, err
	}
	if j.ends().After(c.now) {
		return 0, nil, refuse(c.options.NotFinished, "Dashboard Snapshot Job with id %s has not reached a terminal state.", j.SnapshotJobID)
	}
	status, since := j.status(c.now)
	result := wireResult{
		ARN: c.arn(j.Job), JobStatus: string(status),
		CreatedTime: epoch(j.created), LastUpdatedTime: epoch(since), RequestID: c.record.ID,
	}
	if j.life.ErrorType != "" || j.life.ErrorMessage != "" {
		result.ErrorInfo = &wireError{ErrorType: j.life.ErrorType, ErrorMessage: j.life.ErrorMessage}
	}
	if status == snapshotjob.SnapshotJobStatusCompleted {
		of := []wireUserResult{{c.fileGroups(j)}}
		if j.life.Registered {
			result.Result = &wireOutcome{RegisteredUsers: of}
		} else {
			for len(of) < len(j.users.AnonymousUsers) {
				of = append(of, wireUserResult{c.fileGroups(j)})
			}
			result.Result = &wireOutcome{AnonymousUsers: of}
		}
	}
	return http.StatusOK, result, nil
}

// fileGroups pairs the files that were asked for with fresh URIs, one for each
// destination.
func (c *call) fileGroups(j *job) []wireGroup {
	groups := make([]wireGroup, len(j.life.Files))
	destinations := j.configuration.destinations()
	for i, file := range j.life.Files {
		results := make([]wireS3Result, max(1, len(destinations)))
		for k := range results {
			for _, e := range file.Errors {
				results[k].ErrorInfo = append(results[k].ErrorInfo, wireError{ErrorType: e.Type, ErrorMessage: e.Message})
			}
			if len(destinations) > 0 {
				results[k].S3DestinationConfiguration = &destinations[k]
			}
			switch {
			case j.objects[i] == nil:
			case len(destinations) > 0:
				results[k].S3URI = "s3://" + j.objects[i][k].bucket + "/" + j.objects[i][k].key
			default:
				results[k].S3URI = c.presign(j.objects[i][k])
			}
		}
		groups[i] = wireGroup{Files: []wireFile{file.wire()}, S3Results: results}
	}
	return groups
}
