package snapshotjob

import (
	"context"
	"net/http"
	"slices"
)

var startSchedule = operation{
	name:   "StartDashboardSnapshotJobSchedule",
	method: http.MethodPost,
	exceptions: slices.Concat(commonExceptions, []string{
		"InvalidParameterValueException",
		"LimitExceededException",
	}),
}

// StartDashboardSnapshotJobScheduleInput names a schedule of a dashboard.
type StartDashboardSnapshotJobScheduleInput struct {
	AWSAccountID string // 12 digits
	DashboardID  string
	ScheduleID   string // as the Schedules pane of the dashboard shows it
}

// StartDashboardSnapshotJobScheduleOutput is what the service says of a started
// schedule.
type StartDashboardSnapshotJobScheduleOutput struct {
	RequestID string // from the body, or from the header if the body has none

	// Status is the HTTP status. It is 202 if the schedule was running already, and
	// the request was skipped (API reference, StartDashboardSnapshotJobSchedule). That
	// may also mean that this call has started the schedule, by a first request whose
	// response was lost.
	Status int
}

// startScheduleBody is the body of the response.
type startScheduleBody struct {
	RequestID string `json:"RequestId"`
}

// StartDashboardSnapshotJobSchedule runs a schedule of a dashboard now, which sends
// its snapshot by e-mail. While the schedule runs, the service skips further requests
// with the status 202, so a request that is sent twice runs the schedule once (API
// reference, StartDashboardSnapshotJobSchedule).
//
// Besides the errors that [Client] lists, there are
// [*InvalidParameterValueException] and [*LimitExceededException]. The latter is not
// tried again, except by a Retryer of the caller's.
func (c *Client) StartDashboardSnapshotJobSchedule(
	ctx context.Context,
	in *StartDashboardSnapshotJobScheduleInput,
	optFns ...func(*Options),
) (*StartDashboardSnapshotJobScheduleOutput, error) {
	req, problems := newScheduleRequest(in)
	var body startScheduleBody
	result, err := c.do(ctx, c.settingsFor(optFns), req, problems, &body)
	if err != nil {
		return nil, callError(req, err)
	}
	return &StartDashboardSnapshotJobScheduleOutput{
		RequestID: result.requestIDOf(body.RequestID),
		Status:    result.status,
	}, nil
}

// scheduleName is how errors and logs name a schedule: account/dashboard/schedule.
type scheduleName struct {
	account   string
	dashboard string
	schedule  string
}

func (n scheduleName) String() string {
	return escapeID(n.account) + "/" + escapeID(n.dashboard) + "/" + escapeID(n.schedule)
}

// newScheduleRequest returns the request for an input, and what is wrong with the input.
func newScheduleRequest(in *StartDashboardSnapshotJobScheduleInput) (request, problemList) {
	var problems problemList
	if in == nil {
		problems.add("in", "is nil: want the schedule to start")
		return request{operation: &startSchedule}, problems
	}
	problems.checkAccount(in.AWSAccountID)
	problems.checkID("DashboardID", in.DashboardID)
	problems.checkID("ScheduleID", in.ScheduleID)
	return request{
		operation: &startSchedule,
		path: newRequestPath(
			"accounts", in.AWSAccountID,
			"dashboards", in.DashboardID,
			"schedules", in.ScheduleID,
		),
		subject: scheduleName{
			account:   in.AWSAccountID,
			dashboard: in.DashboardID,
			schedule:  in.ScheduleID,
		},
	}, problems
}
