package snapshotjob

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"strings"
	"time"
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
