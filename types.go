package snapshotjob

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Job names one snapshot job. It can be a map key. Its text form, which String,
// MarshalText and [ParseJob] share, is account/dashboard/job.
type Job struct {
	AWSAccountID  string // 12 digits
	DashboardID   string // not empty, "." or ".."; the service allows [\w\-]+, 1 to 512 characters
	SnapshotJobID string // likewise; unique to the dashboard while the job runs and for 24 hours after
}

// ParseJob reads a job's text form, account/dashboard/job, or its ARN,
// arn:<partition>:quicksight:<region>:<account>:dashboard/<id>/snapshot-job/<id>.
// In the text form, bytes of an id may be written %XX, and "/" and "%" must be. The
// error is an [*InvalidInputError].
func ParseJob(text string) (Job, error) {
	refuse := func(problem string) (Job, error) {
		return Job{}, &InvalidInputError{[]InputFault{{"Job", quote(text) + " " + problem}}}
	}
	var job Job
	if arn, ok := strings.CutPrefix(text, "arn:"); ok {
		part := strings.SplitN(arn, ":", 5) // partition, service, region, account, resource
		ids := strings.Split(part[len(part)-1], "/")
		if len(part) < 5 || part[1] != "quicksight" || len(ids) != 4 || ids[0] != "dashboard" || ids[2] != "snapshot-job" {
			return refuse("is not the ARN of a snapshot job: want arn:<partition>:quicksight:<region>:<account>:dashboard/<id>/snapshot-job/<id>")
		}
		job = Job{part[3], ids[1], ids[3]}
	} else {
		ids := strings.Split(text, "/")
		if len(ids) != 3 {
			return refuse(fmt.Sprintf("has %d parts: want account/dashboard/job, or the job's ARN", len(ids)))
		}
		for i, id := range ids {
			var err error
			if ids[i], err = url.PathUnescape(id); err != nil {
				return refuse("holds a % that is not followed by two hex digits: write %25 for a percent sign")
			}
		}
		job = Job{ids[0], ids[1], ids[2]}
	}
	if faults := job.faults(nil); len(faults) > 0 {
		return Job{}, &InvalidInputError{faults}
	}
	return job, nil
}

// String returns account/dashboard/job, each id escaped as in a request path,
// and "" for the zero Job.
func (j Job) String() string {
	if j == (Job{}) {
		return ""
	}
	return escapeID(j.AWSAccountID) + "/" + escapeID(j.DashboardID) + "/" + escapeID(j.SnapshotJobID)
}

// MarshalText returns String. A job that [ParseJob] would refuse is an
// [*InvalidInputError]; the zero Job is empty text.
func (j Job) MarshalText() ([]byte, error) {
	if faults := j.faults(nil); len(faults) > 0 && j != (Job{}) {
		return nil, &InvalidInputError{faults}
	}
	return []byte(j.String()), nil
}

// UnmarshalText reads what [ParseJob] reads, and empty text as the zero Job.
func (j *Job) UnmarshalText(text []byte) error {
	job, err := ParseJob(string(text))
	if err != nil && len(text) > 0 {
		return err
	}
	*j = job
	return nil
}

func (j Job) faults(faults faultList) faultList {
	faults.checkAccount(j.AWSAccountID)
	faults.checkID("DashboardID", j.DashboardID)
	faults.checkID("SnapshotJobID", j.SnapshotJobID)
	return faults
}

func (l *faultList) checkAccount(id string) {
	switch {
	case id == "":
		l.add("AWSAccountID", "is empty: want the 12 digits of the account that owns the dashboard")
	case len(id) != 12 || strings.Trim(id, "0123456789") != "":
		l.add("AWSAccountID", "%s is not an account id: want 12 digits", quote(id))
	}
}

func (l *faultList) checkID(field, id string) {
	switch id {
	case "":
		l.add(field, "is empty")
	case ".", "..":
		// A proxy or the service would take it for a path segment to remove.
		l.add(field, "%q cannot stand in a request path", id)
	}
}

// escapeID writes every byte but the unreserved ones of RFC 3986 as %XX.
func escapeID(id string) string {
	return strings.ReplaceAll(url.QueryEscape(id), "+", "%20")
}

// S3URI is where a file lies: s3://bucket/key in the caller's bucket, or a
// presigned https URL, with which anyone can read the file until it expires. So it
// shows its query as "?REDACTED", and user info as "REDACTED@", wherever it is
// formatted (fmt, slog) or marshalled (as JSON or text); string(uri) is the whole.
//
// Out of its reach are unexported fields that fmt prints, operands of %p and %w
// (go vet finds these), and the keys of a map[S3URI]T in encoding/json.
type S3URI string

const redactedQuery, redactedUser = "?" + redacted, "://" + redacted + "@"

var errRedacted = errors.New(`this URI was redacted when it was printed or marshalled: ask for the result again, and pass on string(uri) where the whole is needed`)

// isKey reports whether the URI names a bucket's key. A "?" is part of it then,
// and nothing in it is secret.
func (u S3URI) isKey() bool { return strings.HasPrefix(string(u), "s3://") }

// String returns the URI without its query and user info.
func (u S3URI) String() string {
	if u.isKey() {
		return string(u)
	}
	s, _, presigned := strings.Cut(string(u), "?")
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		authority := strings.IndexAny(rest+"/", "/#")
		if at := strings.LastIndexByte(rest[:authority], '@'); at >= 0 {
			s = scheme + redactedUser + rest[at+1:]
		}
	}
	if presigned {
		s += redactedQuery
	}
	return s
}

// Format prints String for every verb and flag.
func (u S3URI) Format(f fmt.State, verb rune) {
	fmt.Fprintf(f, fmt.FormatString(f, verb), u.String())
}

// MarshalText returns String.
func (u S3URI) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText refuses what MarshalText has redacted.
func (u *S3URI) UnmarshalText(text []byte) error {
	*u = S3URI(text)
	return u.refuseRedacted()
}

func (u S3URI) refuseRedacted() error {
	address, _, _ := strings.Cut(string(u), "?")
	if !u.isKey() && (strings.Contains(string(u), redactedQuery) || strings.Contains(address, redactedUser)) {
		return errRedacted
	}
	return nil
}

// SnapshotJobStatus is the status of a job. Unknown values are kept.
type SnapshotJobStatus string

// The statuses of a job (API reference, DescribeDashboardSnapshotJob).
const (
	SnapshotJobStatusQueued    SnapshotJobStatus = "QUEUED"
	SnapshotJobStatusRunning   SnapshotJobStatus = "RUNNING"
	SnapshotJobStatusCompleted SnapshotJobStatus = "COMPLETED"
	SnapshotJobStatusFailed    SnapshotJobStatus = "FAILED"
)

// IsTerminal reports whether the job has finished: COMPLETED or FAILED.
func (s SnapshotJobStatus) IsTerminal() bool {
	return s == SnapshotJobStatusCompleted || s == SnapshotJobStatusFailed
}

// SnapshotFileFormatType is the format of a file. Unknown values are kept.
type SnapshotFileFormatType string

// The formats of a file (API reference, SnapshotFile).
const (
	SnapshotFileFormatTypeCSV   SnapshotFileFormatType = "CSV"
	SnapshotFileFormatTypePDF   SnapshotFileFormatType = "PDF"
	SnapshotFileFormatTypeExcel SnapshotFileFormatType = "EXCEL"
)

// SnapshotFileSheetSelectionScope says which visuals of a sheet are exported.
// Unknown values are kept.
type SnapshotFileSheetSelectionScope string

// The scopes (API reference, SnapshotFileSheetSelection): a PDF takes
// ALL_VISUALS, CSV and Excel take SELECTED_VISUALS.
const (
	SnapshotFileSheetSelectionScopeAllVisuals      SnapshotFileSheetSelectionScope = "ALL_VISUALS"
	SnapshotFileSheetSelectionScopeSelectedVisuals SnapshotFileSheetSelectionScope = "SELECTED_VISUALS"
)

// The error types that AWS documents for a snapshot (API reference,
// DescribeDashboardSnapshotJobResult). Others may come.
const (
	ErrorTypeDashboardAccessDenied = "DASHBOARD_ACCESS_DENIED" // the registered user lost access to the dashboard; the job fails
	ErrorTypeCapabilityRestricted  = "CAPABILITY_RESTRICTED"   // the registered user may not export data, at all (the job fails) or in this format
	ErrorTypeRLSChanged            = "RLS_CHANGED"             // row-level security changed while the job ran
	ErrorTypeCLSChanged            = "CLS_CHANGED"             // column-level security, likewise
	ErrorTypeDatasetDeleted        = "DATASET_DELETED"         // a dataset of the dashboard is gone
)

// SnapshotJobResult is what a finished job made, for either kind of user.
type SnapshotJobResult struct {
	AnonymousUsers  []AnonymousUserSnapshotJobResult  `json:",omitzero"`
	RegisteredUsers []RegisteredUserSnapshotJobResult `json:",omitzero"` // at most one
}

// AnonymousUserSnapshotJobResult holds one anonymous user's files.
type AnonymousUserSnapshotJobResult struct {
	FileGroups []SnapshotJobResultFileGroup `json:",omitzero"`
}

// RegisteredUserSnapshotJobResult holds a registered user's files.
type RegisteredUserSnapshotJobResult struct {
	FileGroups []SnapshotJobResultFileGroup `json:",omitzero"`
}

// SnapshotJobResultFileGroup is the files asked for, and what came of them.
type SnapshotJobResultFileGroup struct {
	Files     []SnapshotFile        `json:",omitzero"`
	S3Results []SnapshotJobS3Result `json:",omitzero"`
}

// SnapshotFile describes one file to make.
type SnapshotFile struct {
	FormatType      SnapshotFileFormatType       `json:",omitzero"`
	SheetSelections []SnapshotFileSheetSelection `json:",omitzero"`
}

// SnapshotFileSheetSelection selects a sheet and, for CSV and Excel, its visuals.
type SnapshotFileSheetSelection struct {
	SelectionScope SnapshotFileSheetSelectionScope `json:",omitzero"`
	SheetID        string                          `json:"SheetId,omitzero"`
	VisualIDs      []string                        `json:"VisualIds,omitzero"`
}

// SnapshotJobS3Result is one file, or the reasons why there is none.
type SnapshotJobS3Result struct {
	S3URI S3URI `json:"S3Uri,omitzero"`
	// S3DestinationConfiguration is nil for a file in QuickSight's own bucket.
	S3DestinationConfiguration *SnapshotS3DestinationConfiguration `json:",omitzero"`
	ErrorInfo                  []SnapshotJobResultErrorInfo        `json:",omitzero"`
}

// SnapshotJobResultErrorInfo says why one file failed.
type SnapshotJobResultErrorInfo struct {
	ErrorType, ErrorMessage string `json:",omitzero"` // see the ErrorType constants
}

// SnapshotJobErrorInfo says why a whole job failed.
type SnapshotJobErrorInfo struct {
	ErrorType, ErrorMessage string `json:",omitzero"` // see the ErrorType constants
}

// SnapshotS3DestinationConfiguration names the caller's bucket.
type SnapshotS3DestinationConfiguration struct {
	BucketConfiguration S3BucketConfiguration `json:",omitzero"`
}

// S3BucketConfiguration is a place in the caller's bucket, in the call's region.
type S3BucketConfiguration struct {
	BucketName, BucketPrefix, BucketRegion string `json:",omitzero"`
}

// SnapshotConfiguration says which files to make, and where to put them.
type SnapshotConfiguration struct {
	// FileGroups, 1 to 7, hold one file each: at most one PDF, one Excel
	// workbook and five CSV files. See [PDF], [CSV] and [Excel].
	FileGroups []SnapshotFileGroup `json:",omitzero"`
	// DestinationConfiguration names the caller's bucket. nil: QuickSight's own,
	// with presigned URLs.
	DestinationConfiguration *SnapshotDestinationConfiguration `json:",omitzero"`
	// Parameters are the dashboard's. nil: none.
	Parameters *Parameters `json:",omitzero"`
}

// SnapshotFileGroup holds one file.
type SnapshotFileGroup struct {
	Files []SnapshotFile `json:",omitzero"`
}

// SnapshotDestinationConfiguration holds one destination.
type SnapshotDestinationConfiguration struct {
	S3Destinations []SnapshotS3DestinationConfiguration `json:",omitzero"`
}

// SnapshotUserConfiguration holds one anonymous user, see [AnonymousUser]. A
// registered user, whom the credentials name, has none.
type SnapshotUserConfiguration struct {
	AnonymousUsers []SnapshotAnonymousUser `json:",omitzero"`
}

// SnapshotAnonymousUser sees the rows that its tags allow.
type SnapshotAnonymousUser struct {
	RowLevelPermissionTags []SessionTag `json:",omitzero"` // nil: none; up to 50
}

// SessionTag is a tag of row-level security. AWS marks the value as sensitive.
type SessionTag struct {
	Key, Value string // 1 to 128, and 1 to 256 characters
}

// SnapshotUserConfigurationRedacted has the tags' keys alone.
type SnapshotUserConfigurationRedacted struct {
	AnonymousUsers []SnapshotAnonymousUserRedacted `json:",omitzero"`
}

// SnapshotAnonymousUserRedacted is a user by the keys of its tags.
type SnapshotAnonymousUserRedacted struct {
	RowLevelPermissionTagKeys []string `json:",omitzero"`
}

// Parameters are values for a dashboard's parameters, up to 100 of each type.
// AWS marks the values as sensitive.
type Parameters struct {
	StringParameters   []StringParameter   `json:",omitzero"`
	IntegerParameters  []IntegerParameter  `json:",omitzero"`
	DecimalParameters  []DecimalParameter  `json:",omitzero"`
	DateTimeParameters []DateTimeParameter `json:",omitzero"`
}

// StringParameter has strings.
type StringParameter struct {
	Name   string
	Values []string
}

// IntegerParameter has integers.
type IntegerParameter struct {
	Name   string
	Values []int64
}

// DecimalParameter has numbers, NaN and infinities included.
type DecimalParameter struct {
	Name   string
	Values []float64
}

// DateTimeParameter has times, which are sent in milliseconds.
type DateTimeParameter struct {
	Name   string
	Values []time.Time
}
