package snapshotjob

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"sort"
	"strings"
	"time"
	"unicode/utf8"
)

var startJob = operation{
	name:       "StartDashboardSnapshotJob",
	method:     http.MethodPost,
	exceptions: commonExceptions + "InvalidParameterValue LimitExceeded ResourceExists UnsupportedPricingPlan",
}

// StartDashboardSnapshotJobInput says which snapshot to make of a dashboard.
type StartDashboardSnapshotJobInput struct {
	Job                   Job // of an id that is new to the dashboard, or whose job finished over 24 hours ago
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
func PDF(sheetID string) SnapshotFileGroup { return group(SnapshotFileFormatTypePDF, sheetID) }

// CSV is a group of one CSV file of a visual, a table or pivot table.
func CSV(sheetID, visualID string) SnapshotFileGroup {
	return group(SnapshotFileFormatTypeCSV, sheetID, visualID)
}

// Excel is a group of one Excel workbook of up to 5 visuals, tables or pivot
// tables, in this order. For several sheets, append to its SheetSelections.
func Excel(sheetID string, visualIDs ...string) SnapshotFileGroup {
	return group(SnapshotFileFormatTypeExcel, sheetID, visualIDs...)
}

func group(format SnapshotFileFormatType, sheetID string, visualIDs ...string) SnapshotFileGroup {
	return SnapshotFileGroup{[]SnapshotFile{{format, []SnapshotFileSheetSelection{{formatRules[format].scope, sheetID, visualIDs}}}}}
}

// AnonymousUser is one anonymous user with these tags of row-level security, or
// with none.
func AnonymousUser(tags ...SessionTag) *SnapshotUserConfiguration {
	return &SnapshotUserConfiguration{[]SnapshotAnonymousUser{{tags}}}
}

// ErrOutcomeUnknown is matched by the error of a [Client.StartDashboardSnapshotJob]
// that can't tell whether the job was started. It says what to do; a second start
// with the same id can't make two jobs.
var ErrOutcomeUnknown = errors.New("whether the job was started is not known: describe it, or start it again with the same id: ResourceExistsException then means that it was started")

// StartDashboardSnapshotJob starts a job. It returns as soon as the service has
// accepted it: see [Client.Wait].
//
// A request without an answer, or with a 5xx one, may have started the job all the
// same. If the call fails after such an attempt, the job's description decides: a
// job with the same FileGroups, destination and keys of tags, created since the
// first attempt, is this one, and the call succeeds; with any other the error
// stands. Otherwise the error matches [ErrOutcomeUnknown].
//
// Besides the errors that [Client] lists, there are
// [*InvalidParameterValueException], [*ResourceExistsException],
// [*UnsupportedPricingPlanException], and [*LimitExceededException], which is not
// tried again, since jobs outlast retries: start it when one has finished.
func (c *Client) StartDashboardSnapshotJob(ctx context.Context, in *StartDashboardSnapshotJobInput, optFns ...func(*Options)) (*StartDashboardSnapshotJobOutput, error) {
	var b struct{ ARN, RequestID, SnapshotJobID string }
	call := &call{op: &startJob, into: &b}
	if in == nil {
		call.faults.add("in", "is nil: want the job to start")
	} else {
		call.job = in.Job
		call.setPath("/snapshot-jobs", "", "")
		call.body, call.faults = in.encode()
	}
	err := c.do(ctx, call, optFns)
	if err != nil && call.unanswered {
		return c.findOut(ctx, in, call, optFns, err)
	}
	if err != nil {
		return nil, err
	}
	job := in.Job
	job.SnapshotJobID = cmp.Or(b.SnapshotJobID, job.SnapshotJobID)
	return &StartDashboardSnapshotJobOutput{job, b.ARN, cmp.Or(b.RequestID, call.requestID), call.status}, nil
}

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

// encode checks the input, and writes the body.
func (in *StartDashboardSnapshotJobInput) encode() ([]byte, faultList) {
	faults := in.faults()
	var body struct {
		SnapshotJobID         string `json:"SnapshotJobId"`
		SnapshotConfiguration struct {
			SnapshotConfiguration
			Parameters map[string][]parameter `json:",omitzero"` // hides those that are embedded
		}
		UserConfiguration *SnapshotUserConfiguration `json:",omitzero"`
	}
	body.SnapshotJobID, body.UserConfiguration = in.Job.SnapshotJobID, in.UserConfiguration
	body.SnapshotConfiguration.SnapshotConfiguration = in.SnapshotConfiguration
	if p := in.SnapshotConfiguration.Parameters; p != nil {
		lists := map[string][]parameter{}
		v := reflect.ValueOf(*p)
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; !v.Field(i).IsNil() {
				lists[name] = wire(name, v.Field(i), &faults)
			}
		}
		body.SnapshotConfiguration.Parameters = lists
	}
	text, _ := json.Marshal(body) // never fails
	return text, faults
}

// parameter has the shape that the four types of parameters share.
type parameter struct {
	Name   string
	Values []any
}

// wire checks parameters, and readies them for JSON: times in epoch seconds,
// numbers that JSON lacks as strings, no values as an empty list.
func wire(field string, list reflect.Value, faults *faultList) []parameter {
	faults.checkCount(field, "has %d parameters", list.Len(), 0, 100, "")
	wired := make([]parameter, list.Len())
	for i := range wired {
		name, from := list.Index(i).Field(0).String(), list.Index(i).Field(1)
		faults.checkText(at(field, i)+".Name", name)
		values := make([]any, from.Len())
		for j := range values {
			values[j] = from.Index(j).Interface()
			switch v := values[j].(type) {
			case time.Time:
				if v.Year() < 1 || v.Year() > 9999 || v.IsZero() {
					faults.add(at(at(field, i)+".Values", j), "is the zero time, or beyond the year 9999")
				}
				values[j] = float64(v.UnixMilli()) / 1e3
			case float64:
				if math.IsNaN(v) || math.IsInf(v, 0) {
					values[j] = strings.TrimPrefix(strings.Replace(fmt.Sprint(v), "Inf", "Infinity", 1), "+")
				}
			}
		}
		wired[i] = parameter{name, values}
	}
	return wired
}

// faults applies the rules of the service model and of the API reference
// (StartDashboardSnapshotJob), but for parameters. It quotes no tag's value.
func (in *StartDashboardSnapshotJobInput) faults() faultList {
	faults := in.Job.faults(nil)
	groups := in.SnapshotConfiguration.FileGroups
	faults.checkCount("FileGroups", "has %d groups", len(groups), 1, 7, "")
	count := map[SnapshotFileFormatType]int{}
	for i, g := range groups {
		field := at("FileGroups", i) + ".Files"
		faults.checkCount(field, "has %d files", len(g.Files), 1, 1, "")
		for j, file := range g.Files {
			count[file.FormatType]++
			faults.checkFile(at(field, j), file)
		}
	}
	for _, format := range []SnapshotFileFormatType{SnapshotFileFormatTypeCSV, SnapshotFileFormatTypeExcel, SnapshotFileFormatTypePDF} {
		faults.checkCount("FileGroups", "ask for %d "+string(format)+" files", count[format], 0, formatRules[format].files, " in a job")
	}
	if d := in.SnapshotConfiguration.DestinationConfiguration; d != nil {
		faults.checkCount("S3Destinations", "has %d destinations", len(d.S3Destinations), 1, 1, ", or no DestinationConfiguration")
		for i, to := range d.S3Destinations {
			field, b := at("S3Destinations", i)+".BucketConfiguration.", to.BucketConfiguration
			faults.checkText(field+"BucketName", b.BucketName)
			faults.checkText(field+"BucketPrefix", b.BucketPrefix)
			faults.checkText(field+"BucketRegion", b.BucketRegion)
		}
	}
	if u := in.UserConfiguration; u != nil {
		faults.checkCount("AnonymousUsers", "has %d users", len(u.AnonymousUsers), 1, 1, ", which may be empty, or no UserConfiguration for a registered user")
		for i, user := range u.AnonymousUsers {
			field, tags := at("AnonymousUsers", i)+".RowLevelPermissionTags", user.RowLevelPermissionTags
			if tags != nil {
				faults.checkCount(field, "has %d tags", len(tags), 1, 50, ", or nil for none")
			}
			for j, tag := range tags {
				faults.checkCount(at(field, j)+".Key", "has %d characters", utf8.RuneCountInString(tag.Key), 1, 128, "")
				faults.checkCount(at(field, j)+".Value", "has %d characters", utf8.RuneCountInString(tag.Value), 1, 256, "")
			}
		}
	}
	return faults
}

// formatRules are what a job may ask for in each format, and its files' ending.
var formatRules = map[SnapshotFileFormatType]struct {
	scope                      SnapshotFileSheetSelectionScope
	files, selections, visuals int // at most: of a job, of a file, of a file
	ending                     string
}{
	SnapshotFileFormatTypePDF:   {SnapshotFileSheetSelectionScopeAllVisuals, 1, 1, 0, ".pdf"},
	SnapshotFileFormatTypeExcel: {SnapshotFileSheetSelectionScopeSelectedVisuals, 1, 5, 5, ".xlsx"},
	SnapshotFileFormatTypeCSV:   {SnapshotFileSheetSelectionScopeSelectedVisuals, 5, 1, 1, ".csv"},
}

func (l *faultList) checkFile(field string, f SnapshotFile) {
	rule, ok := formatRules[f.FormatType]
	if !ok {
		l.add(field+".FormatType", "is %s: want CSV, PDF or EXCEL", quote(string(f.FormatType)))
		return
	}
	field += ".SheetSelections"
	ofFormat := " for " + string(f.FormatType)
	l.checkCount(field, "has %d selections", len(f.SheetSelections), 1, rule.selections, ofFormat)
	visuals := 0
	for i, s := range f.SheetSelections {
		name := at(field, i)
		if s.SheetID == "" {
			l.add(name+".SheetID", "is empty")
		}
		if s.SelectionScope != rule.scope {
			l.add(name+".SelectionScope", "is %s: want %s%s", quote(string(s.SelectionScope)), rule.scope, ofFormat)
		}
		visuals += len(s.VisualIDs)
		if rule.visuals > 0 && len(s.VisualIDs) == 0 {
			l.add(name+".VisualIDs", "is empty: %s takes the visuals one by one", f.FormatType)
		}
		for j, id := range s.VisualIDs {
			if id == "" {
				l.add(at(name+".VisualIDs", j), "is empty")
			}
		}
	}
	l.checkCount(field, "select %d visuals", visuals, 0, rule.visuals, ofFormat)
}

// checkCount wants n, of which format tells, to be from least to most.
func (l *faultList) checkCount(field, format string, n, least, most int, hint string) {
	if n >= least && n <= most {
		return
	}
	want := fmt.Sprint(least, " to ", most)
	switch least {
	case 0:
		want = fmt.Sprint("at most ", most)
	case most:
		want = fmt.Sprint(most)
	}
	l.add(field, format+": want %s%s", n, want, hint)
}

// checkText wants what the model's pattern .*\S.* does.
func (l *faultList) checkText(field, text string) {
	if strings.TrimSpace(text) == "" {
		l.add(field, "is empty")
	}
}

// at names an element of a list.
func at(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }
