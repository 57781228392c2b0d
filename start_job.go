package snapshotjob

import (
	"cmp"
	"context"
	"net/http"
	"slices"
)

var startJob = operation{
	name:   "StartDashboardSnapshotJob",
	method: http.MethodPost,
	exceptions: slices.Concat(commonExceptions, []string{
		"InvalidParameterValueException",
		"LimitExceededException",
		"ResourceExistsException",
		"UnsupportedPricingPlanException",
	}),
}

// StartDashboardSnapshotJobInput says which snapshot to make of a dashboard.
type StartDashboardSnapshotJobInput struct {
	// Job has an id that is new to the dashboard, or whose job finished more than 24
	// hours ago.
	Job Job

	SnapshotConfiguration SnapshotConfiguration

	// UserConfiguration has one anonymous user, as [AnonymousUser] makes it. It must
	// be nil with the identity-enhanced credentials of a registered user.
	UserConfiguration *SnapshotUserConfiguration
}

// StartDashboardSnapshotJobOutput is what the service says of a job that it has
// accepted.
type StartDashboardSnapshotJobOutput struct {
	Job       Job // the input's, with the job id of the response
	ARN       string
	RequestID string // from the body, or from the header if the body has none
	Status    int    // the HTTP status
}

// PDF returns a group of one PDF file, of a sheet with all its visuals.
func PDF(sheetID string) SnapshotFileGroup {
	return newFileGroup(SnapshotFileFormatTypePDF, sheetID, nil)
}

// CSV returns a group of one CSV file, of a visual that is a table or a pivot table.
func CSV(sheetID, visualID string) SnapshotFileGroup {
	return newFileGroup(SnapshotFileFormatTypeCSV, sheetID, []string{visualID})
}

// Excel returns a group of one Excel workbook, of up to 5 visuals that are tables or
// pivot tables, in this order. To add a visual of another sheet, append to the
// SheetSelections of its file.
func Excel(sheetID string, visualIDs ...string) SnapshotFileGroup {
	return newFileGroup(SnapshotFileFormatTypeExcel, sheetID, visualIDs)
}

// newFileGroup returns a group of one file.
func newFileGroup(format SnapshotFileFormatType, sheetID string, visualIDs []string) SnapshotFileGroup {
	selection := SnapshotFileSheetSelection{
		SelectionScope: formatRules[format].scope,
		SheetID:        sheetID,
		VisualIDs:      visualIDs,
	}
	file := SnapshotFile{
		FormatType:      format,
		SheetSelections: []SnapshotFileSheetSelection{selection},
	}
	return SnapshotFileGroup{Files: []SnapshotFile{file}}
}

// AnonymousUser returns a configuration of one anonymous user with these tags of
// row-level security, or without tags.
func AnonymousUser(tags ...SessionTag) *SnapshotUserConfiguration {
	user := SnapshotAnonymousUser{RowLevelPermissionTags: tags}
	return &SnapshotUserConfiguration{
		AnonymousUsers: []SnapshotAnonymousUser{user},
	}
}

// startRequestBody is the body of the request.
type startRequestBody struct {
	SnapshotJobID         string                     `json:"SnapshotJobId"`
	SnapshotConfiguration SnapshotConfiguration      `json:"SnapshotConfiguration"`
	UserConfiguration     *SnapshotUserConfiguration `json:"UserConfiguration,omitzero"`
}

// startResponseBody is the body of the response.
type startResponseBody struct {
	ARN           string `json:"Arn"`
	RequestID     string `json:"RequestId"`
	SnapshotJobID string `json:"SnapshotJobId"`
}

// StartDashboardSnapshotJob starts a job. It returns as soon as the service has
// accepted the job. [Client.Wait] waits until the job has finished.
//
// A request that got no response, or one with a 5xx status, may have started the job
// all the same. So may one that was followed by ResourceExistsException when it was sent
// again. The description of the job then decides, by [DescribeDashboardSnapshotJobOutput.Matches].
// If it matches the input, and the job was created since the first attempt, it is this
// job, and the call succeeds. If the description is of another job, the error of the call
// stands. If there is no description, the error matches [ErrOutcomeUnknown].
//
// Besides the errors that [Client] lists, there are
// [*InvalidParameterValueException], [*ResourceExistsException],
// [*UnsupportedPricingPlanException], and [*LimitExceededException]. The latter is
// not tried again, unless by a Retryer of the caller's, because the running jobs outlast
// the retries: start the job again when another one has finished.
func (c *Client) StartDashboardSnapshotJob(
	ctx context.Context,
	in *StartDashboardSnapshotJobInput,
	optFns ...func(*Options),
) (*StartDashboardSnapshotJobOutput, error) {
	settings := c.settingsFor(optFns)
	req, problems := newStartRequest(in, settings.options.DisableInputRules)
	var body startResponseBody
	result, err := c.do(ctx, settings, req, problems, &body)
	if err != nil && leavesStartOpen(result, err) {
		lost := lostStart{
			client:    c,
			input:     in,
			optFns:    optFns,
			firstSent: result.firstSent,
		}
		output, err := lost.resolve(ctx, settings, err)
		if err != nil {
			return nil, callError(req, err)
		}
		return output, nil
	}
	if err != nil {
		return nil, callError(req, err)
	}
	job := in.Job
	job.SnapshotJobID = cmp.Or(body.SnapshotJobID, job.SnapshotJobID)
	return &StartDashboardSnapshotJobOutput{
		Job:       job,
		ARN:       body.ARN,
		RequestID: cmp.Or(body.RequestID, result.requestID),
		Status:    result.status,
	}, nil
}

// newStartRequest returns the request for an input, and what is wrong with the input.
func newStartRequest(in *StartDashboardSnapshotJobInput, withoutRules bool) (*request, problemList) {
	req := &request{operation: &startJob}
	var problems problemList
	if in == nil {
		problems.add("in", "is nil: want the job to start")
		return req, problems
	}
	if problems := in.problems(withoutRules); len(problems) > 0 {
		return req, problems
	}
	req.path = newRequestPath(
		"accounts", in.Job.AWSAccountID,
		"dashboards", in.Job.DashboardID,
		"snapshot-jobs",
	)
	req.subject = in.Job
	req.body = encodeJSON(startRequestBody{
		SnapshotJobID:         in.Job.SnapshotJobID,
		SnapshotConfiguration: in.SnapshotConfiguration,
		UserConfiguration:     in.UserConfiguration,
	})
	return req, nil
}
