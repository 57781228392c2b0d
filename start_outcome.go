package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sort"
	"time"
)

// ErrOutcomeUnknown is matched by the error of a [Client.StartDashboardSnapshotJob]
// that can't tell whether the job was started. It says what to do; a second start
// with the same id can't make two jobs.
var ErrOutcomeUnknown = errors.New("whether the job was started is not known: describe it, or start it again with the same id: ResourceExistsException then means that it was started")

// findOut decides whether a start that failed with err, after an attempt whose
// outcome is unknown, has started the job.
func (c *Client) findOut(ctx context.Context, in *StartDashboardSnapshotJobInput, call *call, optFns []func(*Options), err error) (*StartDashboardSnapshotJobOutput, error) {
	found, describeErr := c.DescribeDashboardSnapshotJob(ctx, in.Job, optFns...)
	// The answers' Date headers, whole seconds, have told the service's clock;
	// unheeded, it may be as far off as a signature's time.
	earliest := call.firstSent.Add(time.Duration(c.skew.Load()) - 2*time.Second)
	if c.with(optFns).DisableClockSkewCorrection {
		earliest = call.firstSent.Add(-5 * time.Minute)
	}
	var why error
	switch {
	case errorCode(describeErr) == "ResourceNotFoundException":
		why = fmt.Errorf("and no job of this id is there yet: %w", describeErr)
	case describeErr != nil:
		why = fmt.Errorf("and describing it failed: %w", describeErr)
	case found.CreatedTime.IsZero() || len(found.SnapshotConfiguration.FileGroups) == 0:
		why = errors.New("and its description does not tell when it was created, and of what")
	case found.CreatedTime.Before(earliest) || !in.describedBy(found):
		return nil, err
	default:
		return &StartDashboardSnapshotJobOutput{in.Job, found.ARN, found.RequestID, http.StatusOK}, nil
	}
	err = errors.Unwrap(errors.Unwrap(err)) // what call.failed was told
	return nil, call.failed(fmt.Errorf("%w, after %w, %w", ErrOutcomeUnknown, err, why))
}

// describedBy reports whether a description fits in, as far as it tells: of tags
// it has the keys alone.
func (in *StartDashboardSnapshotJobInput) describedBy(found *DescribeDashboardSnapshotJobOutput) bool {
	same := func(a, b any) bool { return fmt.Sprintf("%q", a) == fmt.Sprintf("%q", b) } // an empty list prints as none does
	var tags, keys []string
	if u := in.UserConfiguration; u != nil {
		for _, tag := range u.AnonymousUsers[0].RowLevelPermissionTags {
			tags = append(tags, tag.Key)
		}
	}
	if u := found.UserConfiguration; u != nil {
		for _, user := range u.AnonymousUsers {
			keys = append(keys, user.RowLevelPermissionTagKeys...)
		}
	}
	sort.Strings(tags)
	sort.Strings(keys)
	asked, told := in.SnapshotConfiguration, found.SnapshotConfiguration
	return same(asked.FileGroups, told.FileGroups) &&
		(found.UserConfiguration == nil || same(tags, keys)) &&
		(told.DestinationConfiguration == nil || same(asked.DestinationConfiguration, told.DestinationConfiguration))
}
