package snapshotjob

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

var startJob = operation{
	name:       "StartDashboardSnapshotJob",
	method:     http.MethodPost,
	exceptions: "AccessDenied InternalFailure InvalidParameterValue LimitExceeded ResourceExists ResourceNotFound Throttling UnsupportedPricingPlan UnsupportedUserEdition",
	final:      isLimitExceeded,
}

// isLimitExceeded keeps package aws/retry, which takes it for throttling, from
// trying again: 12 running jobs do not end within its few seconds.
func isLimitExceeded(err error) bool { return errorCode(err) == "LimitExceededException" }

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
// tables, in this order. For several sheets, append to its SheetSelections.
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
// again with the same id, which can't make two: [*ResourceExistsException] then
// means that it was started.
var ErrOutcomeUnknown = errors.New("whether the job was started is not known: describe it, or start it again with the same id: ResourceExistsException then means that it was started")

// StartDashboardSnapshotJob starts a job. It returns as soon as the service has
// accepted it: see [Client.Wait].
//
// A request that was sent, but not answered, or answered with a 5xx status, may
// have started the job all the same. If the call fails after such an attempt,
// the job's description decides: a job of this id with the same FileGroups,
// destination and keys of tags, created since the first attempt, is this one,
// and the call succeeds; with any other job of this id the error stands.
// Otherwise the error matches [ErrOutcomeUnknown].
//
// Besides the errors that [Client] lists, there are
// [*InvalidParameterValueException], [*ResourceExistsException],
// [*UnsupportedPricingPlanException], and [*LimitExceededException], which is
// not tried again: the account's running jobs don't end within the seconds that
// retries last. Start the job when another has finished.
func (c *Client) StartDashboardSnapshotJob(ctx context.Context, in *StartDashboardSnapshotJobInput, optFns ...func(*Options)) (*StartDashboardSnapshotJobOutput, error) {
	var out *StartDashboardSnapshotJobOutput
	call := &call{op: &startJob}
	if in == nil {
		call.faults.add("in", "is nil: want the job to start")
	} else {
		call.job = in.Job
		call.faults = in.faults()
		call.setPath("/snapshot-jobs", "", "")
		if len(call.faults) == 0 {
			var err error
			if call.body, err = in.encode(); err != nil {
				call.faults.add("in", "can't be encoded: %v", err)
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
			out = &StartDashboardSnapshotJobOutput{in.Job, b.ARN, cmp.Or(b.RequestID, headerRequestID(resp.Header)), resp.StatusCode}
			out.Job.SnapshotJobID = cmp.Or(b.SnapshotJobID, in.Job.SnapshotJobID)
		}
		return err
	}
	err := c.invoke(ctx, call, optFns)
	if err != nil && call.unanswered {
		return c.findOut(ctx, in, call, optFns, err)
	}
	return out, err
}

// findOut decides whether a start that failed with err, after an attempt whose
// outcome is unknown, has started the job.
func (c *Client) findOut(ctx context.Context, in *StartDashboardSnapshotJobInput, call *call, optFns []func(*Options), err error) (*StartDashboardSnapshotJobOutput, error) {
	found, describeErr := c.DescribeDashboardSnapshotJob(ctx, in.Job, optFns...)
	// The answers' Date headers, whole seconds, have told the service's clock.
	// Without them it may be as far off as a signature's time may be.
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
	// The operation stays outermost.
	return nil, operationError(call, fmt.Errorf("%w, after %w, %w", ErrOutcomeUnknown, errors.Unwrap(err), why))
}

// describedBy reports whether a description is that of the job that in asks for,
// as far as it tells: of tags it has the keys alone.
func (in *StartDashboardSnapshotJobInput) describedBy(found *DescribeDashboardSnapshotJobOutput) bool {
	if to := found.SnapshotConfiguration.DestinationConfiguration; to != nil {
		asked := in.SnapshotConfiguration.DestinationConfiguration
		if asked == nil || !slices.Equal(asked.S3Destinations, to.S3Destinations) {
			return false
		}
	}
	if u := found.UserConfiguration; u != nil {
		var asked, keys []string
		if in.UserConfiguration != nil {
			for _, tag := range in.UserConfiguration.AnonymousUsers[0].RowLevelPermissionTags {
				asked = append(asked, tag.Key)
			}
		}
		for _, user := range u.AnonymousUsers {
			keys = append(keys, user.RowLevelPermissionTagKeys...)
		}
		slices.Sort(asked)
		slices.Sort(keys)
		if !slices.Equal(asked, keys) {
			return false
		}
	}
	return slices.EqualFunc(in.SnapshotConfiguration.FileGroups, found.SnapshotConfiguration.FileGroups, func(a, b SnapshotFileGroup) bool {
		return slices.EqualFunc(a.Files, b.Files, func(a, b SnapshotFile) bool {
			return a.FormatType == b.FormatType && slices.EqualFunc(a.SheetSelections, b.SheetSelections, func(a, b SnapshotFileSheetSelection) bool {
				return a.SelectionScope == b.SelectionScope && a.SheetID == b.SheetID && slices.Equal(a.VisualIDs, b.VisualIDs)
			})
		})
	})
}

// encode writes the request's body as the official client does: times in epoch
// seconds, numbers that JSON lacks as strings.
func (in *StartDashboardSnapshotJobInput) encode() ([]byte, error) {
	type parameters struct {
		StringParameters   []wireParameter `json:",omitzero"`
		IntegerParameters  []wireParameter `json:",omitzero"`
		DecimalParameters  []wireParameter `json:",omitzero"`
		DateTimeParameters []wireParameter `json:",omitzero"`
	}
	var body struct {
		SnapshotJobID         string `json:"SnapshotJobId"`
		SnapshotConfiguration struct {
			SnapshotConfiguration
			Parameters *parameters `json:",omitzero"` // hides those that are embedded
		}
		UserConfiguration *SnapshotUserConfiguration `json:",omitzero"`
	}
	body.SnapshotJobID, body.UserConfiguration = in.Job.SnapshotJobID, in.UserConfiguration
	body.SnapshotConfiguration.SnapshotConfiguration = in.SnapshotConfiguration
	if p := in.SnapshotConfiguration.Parameters; p != nil {
		body.SnapshotConfiguration.Parameters = &parameters{
			wire(p.StringParameters, func(s string) any { return s }),
			wire(p.IntegerParameters, func(n int64) any { return n }),
			wire(p.DecimalParameters, func(f float64) any {
				switch {
				case math.IsNaN(f):
					return "NaN"
				case math.IsInf(f, 1):
					return "Infinity"
				case math.IsInf(f, -1):
					return "-Infinity"
				}
				return f
			}),
			wire(p.DateTimeParameters, func(t time.Time) any { return float64(t.UnixMilli()) / 1e3 }),
		}
	}
	return json.Marshal(body)
}

type wireParameter struct {
	Name   string
	Values []any
}

func wire[T any, P ~struct {
	Name   string
	Values []T
}](list []P, value func(T) any) (out []wireParameter) {
	if list != nil {
		out = []wireParameter{}
	}
	for _, p := range list {
		p := struct {
			Name   string
			Values []T
		}(p)
		w := wireParameter{p.Name, []any{}}
		for _, v := range p.Values {
			w.Values = append(w.Values, value(v))
		}
		out = append(out, w)
	}
	return out
}

// faults applies the rules of the service model and of the API reference
// (StartDashboardSnapshotJob and its shapes). It quotes no tag's and no
// parameter's value.
func (in *StartDashboardSnapshotJobInput) faults() faultList {
	faults := in.Job.faults(nil)
	groups := in.SnapshotConfiguration.FileGroups
	if n := len(groups); n < 1 || n > 7 {
		faults.add("FileGroups", "has %d groups: want 1 to 7", n)
	}
	count := map[SnapshotFileFormatType]int{}
	for i, g := range groups {
		field := fmt.Sprintf("FileGroups[%d].Files", i)
		if len(g.Files) != 1 {
			faults.add(field, "has %d files: want 1", len(g.Files))
		}
		for j, file := range g.Files {
			count[file.FormatType]++
			faults.checkFile(fmt.Sprintf("%s[%d]", field, j), file)
		}
	}
	for _, rule := range formatRules {
		if n := count[rule.format]; n > rule.files {
			faults.add("FileGroups", "ask for %d %s files: want at most %d in a job", n, rule.format, rule.files)
		}
	}

	if d := in.SnapshotConfiguration.DestinationConfiguration; d != nil {
		if n := len(d.S3Destinations); n != 1 {
			faults.add("S3Destinations", "has %d destinations: want 1, or no DestinationConfiguration", n)
		}
		for i, to := range d.S3Destinations {
			b := to.BucketConfiguration
			field := fmt.Sprintf("S3Destinations[%d].BucketConfiguration", i)
			faults.checkText(field+".BucketName", b.BucketName)
			faults.checkText(field+".BucketPrefix", b.BucketPrefix)
			faults.checkText(field+".BucketRegion", b.BucketRegion)
		}
	}
	if p := in.SnapshotConfiguration.Parameters; p != nil {
		faults.checkParameters(p)
	}

	if u := in.UserConfiguration; u != nil {
		if n := len(u.AnonymousUsers); n != 1 {
			faults.add("AnonymousUsers", "has %d users: want 1, which may be empty, or no UserConfiguration for a registered user", n)
		}
		for i, user := range u.AnonymousUsers {
			field := fmt.Sprintf("AnonymousUsers[%d].RowLevelPermissionTags", i)
			if tags := user.RowLevelPermissionTags; tags != nil && len(tags) == 0 || len(tags) > 50 {
				faults.add(field, "has %d tags: want 1 to 50, or nil for none", len(tags))
			}
			for j, tag := range user.RowLevelPermissionTags {
				faults.checkLength(fmt.Sprintf("%s[%d].Key", field, j), tag.Key, 128)
				faults.checkLength(fmt.Sprintf("%s[%d].Value", field, j), tag.Value, 256)
			}
		}
	}
	return faults
}

// formatRule is what a job may ask for in a format.
type formatRule struct {
	format                     SnapshotFileFormatType
	scope                      SnapshotFileSheetSelectionScope
	files, selections, visuals int // at most: of a job, of a file, of a file
}

var formatRules = []formatRule{
	{SnapshotFileFormatTypePDF, SnapshotFileSheetSelectionScopeAllVisuals, 1, 1, 0},
	{SnapshotFileFormatTypeExcel, SnapshotFileSheetSelectionScopeSelectedVisuals, 1, 5, 5},
	{SnapshotFileFormatTypeCSV, SnapshotFileSheetSelectionScopeSelectedVisuals, 5, 1, 1},
}

func (l *faultList) checkFile(field string, f SnapshotFile) {
	known := slices.IndexFunc(formatRules, func(rule formatRule) bool { return rule.format == f.FormatType })
	if known < 0 {
		l.add(field+".FormatType", "is %s: want CSV, PDF or EXCEL", quote(string(f.FormatType)))
		return
	}
	rule := formatRules[known]
	field += ".SheetSelections"
	if n := len(f.SheetSelections); n < 1 || n > rule.selections {
		want := "1"
		if rule.selections > 1 {
			want = fmt.Sprintf("1 to %d", rule.selections)
		}
		l.add(field, "has %d selections: want %s for %s", n, want, f.FormatType)
	}
	total := 0
	for i, s := range f.SheetSelections {
		name := fmt.Sprintf("%s[%d]", field, i)
		if s.SheetID == "" {
			l.add(name+".SheetID", "is empty")
		}
		if s.SelectionScope != rule.scope {
			l.add(name+".SelectionScope", "is %s: want %s for %s", quote(string(s.SelectionScope)), rule.scope, f.FormatType)
		}
		total += len(s.VisualIDs)
		if rule.visuals > 0 && len(s.VisualIDs) == 0 {
			l.add(name+".VisualIDs", "is empty: %s takes the visuals one by one", f.FormatType)
		}
		for j, id := range s.VisualIDs {
			if id == "" {
				l.add(fmt.Sprintf("%s.VisualIDs[%d]", name, j), "is empty")
			}
		}
	}
	if total > rule.visuals {
		l.add(field, "select %d visuals: want at most %d for %s", total, rule.visuals, f.FormatType)
	}
}

func (l *faultList) checkLength(field, text string, most int) {
	if n := utf8.RuneCountInString(text); n < 1 || n > most {
		l.add(field, "has %d characters: want 1 to %d", n, most)
	}
}

// checkText wants what the model's pattern .*\S.* does.
func (l *faultList) checkText(field, text string) {
	if strings.TrimSpace(text) == "" {
		l.add(field, "is empty")
	}
}

func (l *faultList) checkParameters(p *Parameters) {
	check := func(list string, n int, name func(int) string) {
		if n > 100 {
			l.add(list, "has %d parameters: want at most 100", n)
		}
		for i := range n {
			l.checkText(fmt.Sprintf("%s[%d].Name", list, i), name(i))
		}
	}
	check("StringParameters", len(p.StringParameters), func(i int) string { return p.StringParameters[i].Name })
	check("IntegerParameters", len(p.IntegerParameters), func(i int) string { return p.IntegerParameters[i].Name })
	check("DecimalParameters", len(p.DecimalParameters), func(i int) string { return p.DecimalParameters[i].Name })
	check("DateTimeParameters", len(p.DateTimeParameters), func(i int) string { return p.DateTimeParameters[i].Name })
	for i, parameter := range p.DateTimeParameters {
		for j, t := range parameter.Values {
			if t.Year() < 1 || t.Year() > 9999 || t.IsZero() {
				l.add(fmt.Sprintf("DateTimeParameters[%d].Values[%d]", i, j), "is the zero time, or beyond the year 9999")
			}
		}
	}
}
