package snapshotjob

import (
	"cmp"
	"context"
	"net/http"
)

var startSchedule = operation{
	name:       "StartDashboardSnapshotJobSchedule",
	method:     http.MethodPost,
	exceptions: commonExceptions + "InvalidParameterValue LimitExceeded",
}

// StartDashboardSnapshotJobScheduleInput names a schedule of a dashboard.
type StartDashboardSnapshotJobScheduleInput struct {
	AWSAccountID string // 12 digits
	DashboardID  string
	ScheduleID   string // from the console's Schedules pane of the dashboard
}

// StartDashboardSnapshotJobScheduleOutput is the service's answer.
type StartDashboardSnapshotJobScheduleOutput struct {
	RequestID string // as the body says it, else the header
	Status    int    // HTTP status; 202: the schedule was running already, and the request was skipped
}

// StartDashboardSnapshotJobSchedule runs a schedule of a dashboard now, which
// sends its snapshot by e-mail. While it runs, the service skips further requests
// with status 202 (API reference), so that a request sent twice runs once.
//
// Besides the errors that [Client] lists, there are
// [*InvalidParameterValueException] and [*LimitExceededException], which is not
// tried again.
func (c *Client) StartDashboardSnapshotJobSchedule(ctx context.Context, in *StartDashboardSnapshotJobScheduleInput, optFns ...func(*Options)) (*StartDashboardSnapshotJobScheduleOutput, error) {
	o := new(StartDashboardSnapshotJobScheduleOutput)
	call := &call{op: &startSchedule, into: o}
	if in == nil {
		call.faults.add("in", "is nil: want the schedule to start")
	} else {
		call.job = Job{in.AWSAccountID, in.DashboardID, in.ScheduleID}
		call.faults.checkAccount(in.AWSAccountID)
		call.faults.checkID("DashboardID", in.DashboardID)
		call.faults.checkID("ScheduleID", in.ScheduleID)
		call.setPath("/schedules/", in.ScheduleID, "")
	}
	if err := c.do(ctx, call, optFns); err != nil {
		return nil, err
	}
	o.RequestID, o.Status = cmp.Or(o.RequestID, call.requestID), call.status
	return o, nil
}
