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
	// hours ago (API reference, StartDashboardSnapshotJob).
	Job Job

	// SnapshotConfiguration says which files to make, and where to put them.
	SnapshotConfiguration SnapshotConfiguration

	// UserConfiguration has one anonymous user, as [AnonymousUser] makes it. It must
	// be nil with the identity-enhanced credentials of a registered user (API reference,
	// StartDashboardSnapshotJob).
	UserConfiguration *SnapshotUserConfiguration
}

// StartDashboardSnapshotJobOutput is what the service says of a job that it has
// accepted.
type StartDashboardSnapshotJobOutput struct {
	Job Job // the input's, with the job id of the response
	ARN string

	// RequestID comes from the body, or from the header if the body has none. If the
	// response was lost, and a description has shown that the job was started, it is
	// the request id of the description.
	RequestID string

	// Status is the HTTP status. It is 200 if the response was lost.
	Status int
}

// PDF returns a group of one PDF file, of a sheet with all its visuals.
func PDF(sheetID string) SnapshotFileGroup {
	return newFileGroup(SnapshotFileFormatTypePDF, sheetID, nil)
}

// CSV returns a group of one CSV file, of a visual that is a table or a pivot table (API
// reference, SnapshotFileSheetSelection).
func CSV(sheetID, visualID string) SnapshotFileGroup {
	return newFileGroup(SnapshotFileFormatTypeCSV, sheetID, []string{visualID})
}

// Excel returns a group of one Excel workbook, of up to 5 visuals that are tables or
// pivot tables, in this order (API reference, SnapshotFileSheetSelection). To add a
// visual of another sheet, append to the SheetSelections of its file.
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
// A call that fails may have started the job all the same: if a request got no response,
// a 5xx status, or a 2xx response that cannot be read, and if ResourceExistsException
// followed a request that was sent again. StartDashboardSnapshotJob then asks for the
// job's description.
//
//   - If the description matches the input, by
//     [DescribeDashboardSnapshotJobOutput.Matches], and the job is not older than the
//     call, this call has started it, and succeeds.
//   - If the description does not match, or the job is older, another job has the id, and
//     this call returns its own error, which says so.
//   - If there is no description, or it does not tell enough, the error matches
//     [ErrOutcomeUnknown].
//
// Besides the errors that [Client] lists, there are
// [*InvalidParameterValueException], [*ResourceExistsException],
// [*UnsupportedPricingPlanException], and [*LimitExceededException]. The latter is not
// tried again, except by a Retryer of the caller's, because the running jobs outlast the
// retries: start the job again when another one has finished.
func (c *Client) StartDashboardSnapshotJob(
	ctx context.Context,
	in *StartDashboardSnapshotJobInput,
	optFns ...func(*Options),
) (*StartDashboardSnapshotJobOutput, error) {
	settings := c.settingsFor(optFns)
	req, problems := newStartRequest(in, settings.options.DisableInputRules)
	var body startResponseBody
	result, err := c.do(ctx, settings, req, problems, &body)
	if err == nil {
		return body.output(in.Job, result), nil
	}
	failed := &failedStart{
		client:   c,
		settings: settings,
		input:    in,
		result:   result,
		err:      err,
	}
	output, err := failed.resolve(ctx)
	if err != nil {
		return nil, callError(req, err)
	}
	return output, nil
}

// output fills in what the body lacks.
func (b *startResponseBody) output(asked Job, result callResult) *StartDashboardSnapshotJobOutput {
	job := asked
	job.SnapshotJobID = cmp.Or(b.SnapshotJobID, asked.SnapshotJobID)
	return &StartDashboardSnapshotJobOutput{
		Job:       job,
		ARN:       b.ARN,
		RequestID: result.requestIDOf(b.RequestID),
		Status:    result.status,
	}
}

// newStartRequest returns the request for an input, and what is wrong with the input.
func newStartRequest(in *StartDashboardSnapshotJobInput, withoutRules bool) (request, problemList) {
	req := request{operation: &startJob}
	if in == nil {
		var problems problemList
		problems.add("in", "is nil: want the job to start")
		return req, problems
	}
	problems := in.problems(withoutRules)
	if len(problems) > 0 {
		return req, problems // encodeJSON needs an input without problems
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
