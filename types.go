package snapshotjob

import (
	"time"
)

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
