package snapshotjob

import (
	"context"
	"net/http"
)

var startSchedule = operation{
	name:   "StartDashboardSnapshotJobSchedule",
	method: http.MethodPost,
	exceptions: []string{
		codeAccessDenied, codeInternalFailure, codeInvalidParameterValue, codeLimitExceeded,
		codeResourceNotFound, codeThrottling, codeUnsupportedUserEdition,
	},
	final: isLimitExceeded,
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
	Status    int    // HTTP status; 202 means that the schedule was running already, and the request was skipped
}

// StartDashboardSnapshotJobSchedule runs a schedule of a dashboard now, which
// sends its snapshot by e-mail. While it runs, further requests are skipped with
// status 202 (API reference), so that a request that was sent twice runs once.
//
// Bad input is an [*InvalidInputError], and nothing was sent; the service's own
// errors are [*AccessDeniedException], [*InternalFailureException],
// [*InvalidParameterValueException], [*LimitExceededException] (not tried
// again), [*ResourceNotFoundException], [*ThrottlingException],
// [*UnsupportedUserEditionException], or *smithy.GenericAPIError for any other
// code.
func (c *Client) StartDashboardSnapshotJobSchedule(ctx context.Context, in *StartDashboardSnapshotJobScheduleInput, optFns ...func(*Options)) (*StartDashboardSnapshotJobScheduleOutput, error) {
	var out *StartDashboardSnapshotJobScheduleOutput
	call := &call{op: &startSchedule}
	if in == nil {
		call.faults = []InputFault{fault("in", "is nil: want the schedule to start")}
	} else {
		call.job = Job{in.AWSAccountID, in.DashboardID, in.ScheduleID}
		call.faults = accountFaults(nil, in.AWSAccountID)
		call.faults = idFaults(call.faults, "DashboardID", in.DashboardID)
		call.faults = idFaults(call.faults, "ScheduleID", in.ScheduleID)
		call.path = "/accounts/" + in.AWSAccountID + "/dashboards/" + in.DashboardID + "/schedules/" + in.ScheduleID
		call.rawPath = "/accounts/" + escapeID(in.AWSAccountID) + "/dashboards/" + escapeID(in.DashboardID) + "/schedules/" + escapeID(in.ScheduleID)
	}
	call.decode = func(resp *http.Response, body []byte) error {
		b, err := decodeJSON[struct {
			RequestID string `json:"RequestId"`
		}](body)
		if err == nil {
			out = &StartDashboardSnapshotJobScheduleOutput{or(b.RequestID, headerRequestID(resp.Header)), resp.StatusCode}
		}
		return err
	}
	if err := c.invoke(ctx, call, optFns); err != nil {
		return nil, err
	}
	return out, nil
}
