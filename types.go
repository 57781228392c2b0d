package snapshotjob

import "time"

// SnapshotJobStatus is the status of a job. A value that is not among the constants
// is kept as it is.
type SnapshotJobStatus string

// The statuses of a job (API reference, DescribeDashboardSnapshotJob).
const (
	SnapshotJobStatusQueued    SnapshotJobStatus = "QUEUED"
	SnapshotJobStatusRunning   SnapshotJobStatus = "RUNNING"
	SnapshotJobStatusCompleted SnapshotJobStatus = "COMPLETED"
	SnapshotJobStatusFailed    SnapshotJobStatus = "FAILED"
)

// IsTerminal reports whether the job has finished: its status is COMPLETED or FAILED.
func (s SnapshotJobStatus) IsTerminal() bool {
	return s == SnapshotJobStatusCompleted || s == SnapshotJobStatusFailed
}

// SnapshotFileFormatType is the format of a file. A value that is not among the
// constants is kept as it is.
type SnapshotFileFormatType string

// The formats of a file (API reference, SnapshotFile).
const (
	SnapshotFileFormatTypeCSV   SnapshotFileFormatType = "CSV"
	SnapshotFileFormatTypePDF   SnapshotFileFormatType = "PDF"
	SnapshotFileFormatTypeExcel SnapshotFileFormatType = "EXCEL"
)

// SnapshotFileSheetSelectionScope says which visuals of a sheet are exported. A value
// that is not among the constants is kept as it is.
type SnapshotFileSheetSelectionScope string

// The scopes of a sheet selection. A PDF takes ALL_VISUALS, CSV and Excel take
// SELECTED_VISUALS (API reference, SnapshotFileSheetSelection).
const (
	SnapshotFileSheetSelectionScopeAllVisuals      SnapshotFileSheetSelectionScope = "ALL_VISUALS"
	SnapshotFileSheetSelectionScopeSelectedVisuals SnapshotFileSheetSelectionScope = "SELECTED_VISUALS"
)

// The error types of a snapshot that AWS documents (API reference,
// DescribeDashboardSnapshotJobResult). The service may send others.
const (
	// ErrorTypeDashboardAccessDenied means that the registered user has lost access
	// to the dashboard. The job fails as a whole.
	ErrorTypeDashboardAccessDenied = "DASHBOARD_ACCESS_DENIED"

	// ErrorTypeCapabilityRestricted means that the registered user may not export
	// data. If that is so for all formats of the job, the job fails as a whole. If it
	// is so for some of them, their files fail, and the job completes.
	ErrorTypeCapabilityRestricted = "CAPABILITY_RESTRICTED"

	// ErrorTypeRLSChanged means that row-level security changed while the job ran. A
	// file fails, and the job completes.
	ErrorTypeRLSChanged = "RLS_CHANGED"

	// ErrorTypeCLSChanged means that column-level security changed while the job ran. A
	// file fails, and the job completes.
	ErrorTypeCLSChanged = "CLS_CHANGED"

	// ErrorTypeDatasetDeleted means that a dataset of the dashboard is gone. A file
	// fails, and the job completes.
	ErrorTypeDatasetDeleted = "DATASET_DELETED"
)

// SnapshotJobResult is what a finished job has made. At most one of the two lists has
// elements, because a job is either that of an anonymous user or that of a registered
// one.
type SnapshotJobResult struct {
	AnonymousUsers []AnonymousUserSnapshotJobResult `json:"AnonymousUsers,omitzero"`

	// RegisteredUsers has at most one element (API reference,
	// DescribeDashboardSnapshotJobResult).
	RegisteredUsers []RegisteredUserSnapshotJobResult `json:"RegisteredUsers,omitzero"`
}

// AnonymousUserSnapshotJobResult has the files of an anonymous user.
type AnonymousUserSnapshotJobResult struct {
	FileGroups []SnapshotJobResultFileGroup `json:"FileGroups,omitzero"`
}

// RegisteredUserSnapshotJobResult has the files of a registered user.
type RegisteredUserSnapshotJobResult struct {
	FileGroups []SnapshotJobResultFileGroup `json:"FileGroups,omitzero"`
}

// SnapshotJobResultFileGroup has the files that were asked for, and what came of
// them. [DescribeDashboardSnapshotJobResultOutput.Files] tells which result is that of
// which file.
type SnapshotJobResultFileGroup struct {
	Files     []SnapshotFile        `json:"Files,omitzero"`
	S3Results []SnapshotJobS3Result `json:"S3Results,omitzero"`
}

// SnapshotFile describes a file to make.
type SnapshotFile struct {
	FormatType      SnapshotFileFormatType       `json:"FormatType,omitzero"`
	SheetSelections []SnapshotFileSheetSelection `json:"SheetSelections,omitzero"`
}

// SnapshotFileSheetSelection selects a sheet and, for CSV and Excel, visuals of it.
type SnapshotFileSheetSelection struct {
	SelectionScope SnapshotFileSheetSelectionScope `json:"SelectionScope,omitzero"`
	SheetID        string                          `json:"SheetId,omitzero"`
	VisualIDs      []string                        `json:"VisualIds,omitzero"`
}

// SnapshotJobS3Result is where a file is, or why there is none.
type SnapshotJobS3Result struct {
	S3URI S3URI `json:"S3Uri,omitzero"`

	// S3DestinationConfiguration is nil for a file in QuickSight's own bucket.
	S3DestinationConfiguration *SnapshotS3DestinationConfiguration `json:"S3DestinationConfiguration,omitzero"`

	// ErrorInfo says what went wrong. It is empty for a file without an error.
	ErrorInfo []SnapshotJobResultErrorInfo `json:"ErrorInfo,omitzero"`
}

// SnapshotJobResultErrorInfo says why a file failed. ErrorType is one of the
// ErrorType constants, or another.
type SnapshotJobResultErrorInfo struct {
	ErrorType    string `json:"ErrorType,omitzero"`
	ErrorMessage string `json:"ErrorMessage,omitzero"`
}

// SnapshotJobErrorInfo says why a job failed as a whole. ErrorType is one of the
// ErrorType constants, or another.
type SnapshotJobErrorInfo struct {
	ErrorType    string `json:"ErrorType,omitzero"`
	ErrorMessage string `json:"ErrorMessage,omitzero"`
}

// SnapshotS3DestinationConfiguration names a bucket of the caller.
type SnapshotS3DestinationConfiguration struct {
	BucketConfiguration S3BucketConfiguration `json:"BucketConfiguration,omitzero"`
}

// S3BucketConfiguration is a place in the caller's bucket. A start needs all three
// fields. The service asks for a bucket in the region of the call (API reference,
// S3BucketConfiguration), which the client does not check.
type S3BucketConfiguration struct {
	// BucketName is the name of the bucket, without a scheme.
	BucketName string `json:"BucketName,omitzero"`

	// BucketPrefix is what the keys of the files begin with.
	BucketPrefix string `json:"BucketPrefix,omitzero"`

	// BucketRegion is the region of the bucket, such as "us-east-1".
	BucketRegion string `json:"BucketRegion,omitzero"`
}

// SnapshotConfiguration says which files to make, and where to put them.
type SnapshotConfiguration struct {
	// FileGroups, from 1 to 7, have one file each: at most one PDF, one Excel
	// workbook, and five CSV files in all (API reference, SnapshotConfiguration and
	// StartDashboardSnapshotJob). [PDF], [CSV] and [Excel] make groups.
	FileGroups []SnapshotFileGroup `json:"FileGroups,omitzero"`

	// DestinationConfiguration names a bucket of the caller. If nil, the files go to
	// QuickSight's own bucket, and are fetched by presigned URLs.
	DestinationConfiguration *SnapshotDestinationConfiguration `json:"DestinationConfiguration,omitzero"`

	// Parameters are values for the dashboard's parameters. If nil, there are none.
	Parameters *Parameters `json:"Parameters,omitzero"`
}

// SnapshotFileGroup has one file (API reference, SnapshotFileGroup).
type SnapshotFileGroup struct {
	Files []SnapshotFile `json:"Files,omitzero"`
}

// SnapshotDestinationConfiguration has one destination (API reference,
// SnapshotDestinationConfiguration).
type SnapshotDestinationConfiguration struct {
	S3Destinations []SnapshotS3DestinationConfiguration `json:"S3Destinations,omitzero"`
}

// SnapshotUserConfiguration has one anonymous user, as [AnonymousUser] makes it (API
// reference, SnapshotUserConfiguration). The job of a registered user, whom the
// credentials name, has no user configuration.
type SnapshotUserConfiguration struct {
	AnonymousUsers []SnapshotAnonymousUser `json:"AnonymousUsers,omitzero"`
}

// SnapshotAnonymousUser sees the rows that its tags allow. If RowLevelPermissionTags
// is empty, the user has no tags. There may be up to 50 (API reference,
// SnapshotAnonymousUser).
type SnapshotAnonymousUser struct {
	RowLevelPermissionTags []SessionTag `json:"RowLevelPermissionTags,omitempty"`
}

// SessionTag is a tag of row-level security. AWS marks its value as sensitive. Packages
// fmt and log/slog print the tag, and the structures of this package around it, without
// the value. Package encoding/json writes the value. So does a slog.JSONHandler for a
// list of tags, or for another structure with a tag inside.
//
// A key has 1 to 128 characters, a value 1 to 256 (API reference, SessionTag).
type SessionTag struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

// SnapshotUserConfigurationRedacted is a user configuration with the keys of its tags
// and without their values.
type SnapshotUserConfigurationRedacted struct {
	AnonymousUsers []SnapshotAnonymousUserRedacted `json:"AnonymousUsers,omitzero"`
}

// SnapshotAnonymousUserRedacted is a user with the keys of its tags alone.
type SnapshotAnonymousUserRedacted struct {
	RowLevelPermissionTagKeys []string `json:"RowLevelPermissionTagKeys,omitzero"`
}

// Parameters are values for a dashboard's parameters, up to 100 of each type (API
// reference, Parameters). AWS marks the values as sensitive. They are printed like those
// of a [SessionTag].
type Parameters struct {
	StringParameters   []StringParameter   `json:"StringParameters,omitzero"`
	IntegerParameters  []IntegerParameter  `json:"IntegerParameters,omitzero"`
	DecimalParameters  []DecimalParameter  `json:"DecimalParameters,omitzero"`
	DateTimeParameters []DateTimeParameter `json:"DateTimeParameters,omitzero"`
}

// StringParameter has values that are strings.
type StringParameter struct {
	Name   string   `json:"Name"`
	Values []string `json:"Values"`
}

// IntegerParameter has values that are integers.
type IntegerParameter struct {
	Name   string  `json:"Name"`
	Values []int64 `json:"Values"`
}

// DecimalParameter has values that are numbers. NaN and the infinities are allowed.
type DecimalParameter struct {
	Name   string    `json:"Name"`
	Values []float64 `json:"Values"`
}

// DateTimeParameter has values that are times, in the years 1 to 9999. They are sent with
// millisecond precision. The zero time is refused.
type DateTimeParameter struct {
	Name   string      `json:"Name"`
	Values []time.Time `json:"Values"`
}
