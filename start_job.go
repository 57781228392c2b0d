package snapshotjob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/smithy-go"
	"github.com/go-json-experiment/json"
)

var startJob = operation{
	name:   "StartDashboardSnapshotJob",
	method: http.MethodPost,
	exceptions: []string{
		codeAccessDenied, codeInternalFailure, codeInvalidParameterValue, codeLimitExceeded, codeResourceExists,
		codeResourceNotFound, codeThrottling, codeUnsupportedPricingPlan, codeUnsupportedUserEdition,
	},
	final: isLimitExceeded,
}

// isLimitExceeded keeps package aws/retry, which takes it for throttling, from
// trying again: 12 running jobs do not end within its few seconds.
func isLimitExceeded(err error) bool { return errorCode(err) == codeLimitExceeded }

// StartDashboardSnapshotJobInput says which snapshot to make of a dashboard.
type StartDashboardSnapshotJobInput struct {
	// Job names the job to be. Its SnapshotJobID must be new to the dashboard,
	// or that of a job that finished more than 24 hours ago.
	Job Job
	// SnapshotConfiguration says which files to make.
	SnapshotConfiguration SnapshotConfiguration
	// UserConfiguration is one anonymous user, see [AnonymousUser]. With the
	// identity-enhanced credentials of a registered user it must be nil.
	UserConfiguration *SnapshotUserConfiguration
}

// StartDashboardSnapshotJobOutput is the service's answer.
type StartDashboardSnapshotJobOutput struct {
	Job       Job // the input's, with the id that the service answered
	ARN       string
	RequestID string // as the body says it, else the header
	Status    int    // HTTP status
}

// PDF is a group of one PDF of a sheet, with all its visuals.
func PDF(sheetID string) SnapshotFileGroup {
	return group(SnapshotFileFormatTypePDF, SnapshotFileSheetSelection{SnapshotFileSheetSelectionScopeAllVisuals, sheetID, nil})
}

// CSV is a group of one CSV file of a visual, a table or pivot table.
func CSV(sheetID, visualID string) SnapshotFileGroup {
	return group(SnapshotFileFormatTypeCSV, SnapshotFileSheetSelection{SnapshotFileSheetSelectionScopeSelectedVisuals, sheetID, []string{visualID}})
}

// Excel is a group of one Excel workbook of up to 5 visuals, tables or pivot
// tables, in this order. For visuals of several sheets, append further
// SheetSelections to the file.
func Excel(sheetID string, visualIDs ...string) SnapshotFileGroup {
	return group(SnapshotFileFormatTypeExcel, SnapshotFileSheetSelection{SnapshotFileSheetSelectionScopeSelectedVisuals, sheetID, visualIDs})
}

func group(format SnapshotFileFormatType, selection SnapshotFileSheetSelection) SnapshotFileGroup {
	return SnapshotFileGroup{[]SnapshotFile{{format, []SnapshotFileSheetSelection{selection}}}}
}

// AnonymousUser is a configuration of one anonymous user with these tags of
// row-level security, or with none.
func AnonymousUser(tags ...SessionTag) *SnapshotUserConfiguration {
	return &SnapshotUserConfiguration{[]SnapshotAnonymousUser{{tags}}}
}

// ErrOutcomeUnknown is matched by the error of a [Client.StartDashboardSnapshotJob]
// that can't tell whether the job was started. Describe the job, or start it
// again with the same id: that can't make two.
var ErrOutcomeUnknown = errors.New("whether the job was started is not known: describe it, or start it again with the same id")

// StartDashboardSnapshotJob starts a job. It returns as soon as the service has
// accepted it: see [Client.Wait].
//
// A request that was sent, but not answered, or answered with a 5xx status, may
// have started the job all the same. It is sent again, as any other; but when
// the call fails after that, the job's description decides. A job of this id
// with the same FileGroups, created since the first attempt, is this one, and
// the call succeeds; any other job of this id means that this one was not
// started, and the error stands. Otherwise the error matches [ErrOutcomeUnknown].
//
// Bad input is an [*InvalidInputError] that names every fault, and nothing was
// sent; the service's own errors are [*AccessDeniedException],
// [*InternalFailureException], [*InvalidParameterValueException],
// [*LimitExceededException], [*ResourceExistsException],
// [*ResourceNotFoundException], [*ThrottlingException],
// [*UnsupportedPricingPlanException], [*UnsupportedUserEditionException], or
// *smithy.GenericAPIError for any other code.
//
// LimitExceededException is not tried again, since the account's 12 running jobs
// don't end within the seconds that retries last: start the job when another
// has finished, or leave that to package batch.
func (c *Client) StartDashboardSnapshotJob(ctx context.Context, in *StartDashboardSnapshotJobInput, optFns ...func(*Options)) (*StartDashboardSnapshotJobOutput, error) {
	var out *StartDashboardSnapshotJobOutput
	call := &call{op: &startJob}
	if in == nil {
		call.faults = []InputFault{fault("in", "is nil: want the job to start")}
	} else {
		call.job = in.Job
		call.faults = in.faults()
		call.path = "/accounts/" + in.Job.AWSAccountID + "/dashboards/" + in.Job.DashboardID + "/snapshot-jobs"
		call.rawPath = "/accounts/" + escapeID(in.Job.AWSAccountID) + "/dashboards/" + escapeID(in.Job.DashboardID) + "/snapshot-jobs"
		if len(call.faults) == 0 {
			var err error
			if call.body, err = in.encode(); err != nil {
				call.faults = []InputFault{fault("in", "can't be encoded: %v", err)}
			}
		}
	}
	call.decode = func(resp *http.Response, body []byte) error {
		b, err := decodeJSON[struct {
			ARN           string `json:"Arn"`
			RequestID     string `json:"RequestId"`
			SnapshotJobID string `json:"SnapshotJobId"`
		}](body)
		if err == nil {
			out = &StartDashboardSnapshotJobOutput{in.Job, b.ARN, or(b.RequestID, headerRequestID(resp.Header)), resp.StatusCode}
			out.Job.SnapshotJobID = or(b.SnapshotJobID, in.Job.SnapshotJobID)
		}
		return err
	}
	err := c.invoke(ctx, call, optFns)
	if err != nil && call.unanswered {
		out, err = c.findOut(ctx, in, call, optFns, err)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// findOut decides whether a start that failed with err, after an attempt whose
// outcome is unknown, has started the job.
func (c *Client) findOut(ctx context.Context, in *StartDashboardSnapshotJobInput, call *call, optFns []func(*Options), err error) (*StartDashboardSnapshotJobOutput, error) {
	// The answers' Date headers are whole seconds.
	earliest := call.firstSent.Add(time.Duration(c.skew.Load()) - 2*time.Second)
	found, describeErr := c.DescribeDashboardSnapshotJob(ctx, in.Job, optFns...)
	switch {
	case describeErr != nil:
		return nil, outcomeUnknown(err, fmt.Errorf("and describing it failed: %w", describeErr))
	case found.CreatedTime.IsZero() || len(found.SnapshotConfiguration.FileGroups) == 0:
		return nil, outcomeUnknown(err, errors.New("and its description does not tell when it was created, and of what"))
	case found.CreatedTime.Before(earliest) || !sameFiles(in.SnapshotConfiguration, found.SnapshotConfiguration):
		return nil, err
	}
	return &StartDashboardSnapshotJobOutput{in.Job, found.ARN, found.RequestID, http.StatusOK}, nil
}

func sameFiles(a, b SnapshotConfiguration) bool {
	x, errX := json.Marshal(a.FileGroups, lenient)
	y, errY := json.Marshal(b.FileGroups, lenient)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// outcomeUnknown marks the error of a call, keeping its operation outermost.
func outcomeUnknown(err, why error) error {
	var op *smithy.OperationError
	if !errors.As(err, &op) {
		op = &smithy.OperationError{ServiceID: serviceID, OperationName: startJob.name, Err: err}
	}
	return &smithy.OperationError{ServiceID: op.ServiceID, OperationName: op.OperationName, Err: fmt.Errorf("%w, after %w, %w", ErrOutcomeUnknown, op.Err, why)}
}

func (in *StartDashboardSnapshotJobInput) encode() ([]byte, error) {
	return json.Marshal(struct {
		SnapshotJobID         string `json:"SnapshotJobId"`
		SnapshotConfiguration *SnapshotConfiguration
		UserConfiguration     *SnapshotUserConfiguration `json:",omitzero"`
	}{in.Job.SnapshotJobID, &in.SnapshotConfiguration, in.UserConfiguration}, lenient, parameterEncoders)
}

// faults applies the rules of the service model and of the API reference
// (StartDashboardSnapshotJob and its shapes). It quotes no tag's and no
// parameter's value.
func (in *StartDashboardSnapshotJobInput) faults() []InputFault {
	faults := in.Job.faults(nil)
	add := func(field, format string, args ...any) { faults = append(faults, fault(field, format, args...)) }

	groups := in.SnapshotConfiguration.FileGroups
	if n := len(groups); n < 1 || n > 7 {
		add("FileGroups", "has %d groups: want 1 to 7", n)
	}
	count := map[SnapshotFileFormatType]int{}
	for i, g := range groups {
		if len(g.Files) != 1 {
			add(fmt.Sprintf("FileGroups[%d].Files", i), "has %d files: want 1", len(g.Files))
		}
		for j, file := range g.Files {
			count[file.FormatType]++
			faults = file.faults(faults, fmt.Sprintf("FileGroups[%d].Files[%d]", i, j))
		}
	}
	for _, most := range []struct {
		format SnapshotFileFormatType
		files  int
	}{{SnapshotFileFormatTypePDF, 1}, {SnapshotFileFormatTypeExcel, 1}, {SnapshotFileFormatTypeCSV, 5}} {
		if n := count[most.format]; n > most.files {
			add("FileGroups", "ask for %d %s files: want at most %d in a job", n, most.format, most.files)
		}
	}

	if d := in.SnapshotConfiguration.DestinationConfiguration; d != nil {
		if n := len(d.S3Destinations); n != 1 {
			add("S3Destinations", "has %d destinations: want 1, or no DestinationConfiguration", n)
		}
		for i, to := range d.S3Destinations {
			b := to.BucketConfiguration
			for _, member := range []struct{ name, value string }{{"BucketName", b.BucketName}, {"BucketPrefix", b.BucketPrefix}, {"BucketRegion", b.BucketRegion}} {
				if isBlank(member.value) {
					add(fmt.Sprintf("S3Destinations[%d].BucketConfiguration.%s", i, member.name), "is empty")
				}
			}
		}
	}
	if p := in.SnapshotConfiguration.Parameters; p != nil {
		faults = p.faults(faults)
	}

	if u := in.UserConfiguration; u != nil {
		if n := len(u.AnonymousUsers); n != 1 {
			add("AnonymousUsers", "has %d users: want 1, which may be empty, or no UserConfiguration for a registered user", n)
		}
		for i, user := range u.AnonymousUsers {
			field := fmt.Sprintf("AnonymousUsers[%d].RowLevelPermissionTags", i)
			if tags := user.RowLevelPermissionTags; tags != nil && len(tags) == 0 || len(tags) > 50 {
				add(field, "has %d tags: want 1 to 50, or nil for none", len(tags))
			}
			for j, tag := range user.RowLevelPermissionTags {
				if n := len([]rune(tag.Key)); n < 1 || n > 128 {
					add(fmt.Sprintf("%s[%d].Key", field, j), "has %d characters: want 1 to 128", n)
				}
				if n := len([]rune(tag.Value)); n < 1 || n > 256 {
					add(fmt.Sprintf("%s[%d].Value", field, j), "has %d characters: want 1 to 256", n)
				}
			}
		}
	}
	return faults
}

func (f SnapshotFile) faults(faults []InputFault, field string) []InputFault {
	add := func(name, format string, args ...any) {
		faults = append(faults, fault(field+name, format, args...))
	}
	// The rules by format: how many selections, of which scope, of how many visuals.
	scope, selections, visuals := SnapshotFileSheetSelectionScopeSelectedVisuals, 1, 1
	switch f.FormatType {
	case SnapshotFileFormatTypePDF:
		scope, visuals = SnapshotFileSheetSelectionScopeAllVisuals, 0
	case SnapshotFileFormatTypeCSV:
	case SnapshotFileFormatTypeExcel:
		selections, visuals = 5, 5
	default:
		add(".FormatType", "is %s: want CSV, PDF or EXCEL", quote(string(f.FormatType)))
		return faults
	}
	switch n := len(f.SheetSelections); {
	case n >= 1 && n <= selections:
	case selections == 1:
		add(".SheetSelections", "has %d selections: want 1 for %s", n, f.FormatType)
	default:
		add(".SheetSelections", "has %d selections: want 1 to %d for %s", n, selections, f.FormatType)
	}
	total := 0
	for i, s := range f.SheetSelections {
		name := fmt.Sprintf(".SheetSelections[%d]", i)
		if s.SheetID == "" {
			add(name+".SheetID", "is empty")
		}
		if s.SelectionScope != scope {
			add(name+".SelectionScope", "is %s: want %s for %s", quote(string(s.SelectionScope)), scope, f.FormatType)
		}
		total += len(s.VisualIDs)
		if visuals > 0 && len(s.VisualIDs) == 0 {
			add(name+".VisualIDs", "is empty: %s takes the visuals one by one", f.FormatType)
		}
		for j, id := range s.VisualIDs {
			if id == "" {
				add(fmt.Sprintf("%s.VisualIDs[%d]", name, j), "is empty")
			}
		}
	}
	if total > visuals {
		add(".SheetSelections", "select %d visuals: want at most %d for %s", total, visuals, f.FormatType)
	}
	return faults
}

func (p *Parameters) faults(faults []InputFault) []InputFault {
	check := func(list string, n int, name func(int) string) {
		if n > 100 {
			faults = append(faults, fault(list, "has %d parameters: want at most 100", n))
		}
		for i := range n {
			if isBlank(name(i)) {
				faults = append(faults, fault(fmt.Sprintf("%s[%d].Name", list, i), "is empty"))
			}
		}
	}
	check("StringParameters", len(p.StringParameters), func(i int) string { return p.StringParameters[i].Name })
	check("IntegerParameters", len(p.IntegerParameters), func(i int) string { return p.IntegerParameters[i].Name })
	check("DecimalParameters", len(p.DecimalParameters), func(i int) string { return p.DecimalParameters[i].Name })
	check("DateTimeParameters", len(p.DateTimeParameters), func(i int) string { return p.DateTimeParameters[i].Name })
	for i, parameter := range p.DateTimeParameters {
		for j, t := range parameter.Values {
			if t.Year() < 1 || t.Year() > 9999 || t.IsZero() {
				faults = append(faults, fault(fmt.Sprintf("DateTimeParameters[%d].Values[%d]", i, j), "is the zero time, or beyond the year 9999"))
			}
		}
	}
	return faults
}
