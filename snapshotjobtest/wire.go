package snapshotjobtest

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// The types of this file are the shapes of the API's JSON, with the names of the
// service model. They are this package's own, so that a wrong name in the client is
// not mirrored here.

// wireStart is the body of a StartDashboardSnapshotJob.
type wireStart struct {
	SnapshotJobID         string             `json:"SnapshotJobId"`
	SnapshotConfiguration *wireConfiguration `json:"SnapshotConfiguration"`
	UserConfiguration     *wireUsers         `json:"UserConfiguration"`
}

// wireConfiguration says what a job makes. A description gives it back as it came.
type wireConfiguration struct {
	FileGroups               []wireGroup       `json:"FileGroups,omitzero"`
	DestinationConfiguration *wireDestinations `json:"DestinationConfiguration,omitzero"`

	// Parameters stay as they came. A start checks them, but no file depends on them.
	Parameters json.RawMessage `json:"Parameters,omitzero"`
}

// destinations returns the buckets that the files go to. There are none if they go
// to QuickSight's own.
func (c *wireConfiguration) destinations() []wireDestination {
	if c.DestinationConfiguration == nil {
		return nil
	}
	return c.DestinationConfiguration.S3Destinations
}

// wireGroup is a group of files, which in fact has one file. In a result it has
// S3Results too, one for each destination.
type wireGroup struct {
	Files     []wireFile     `json:"Files,omitzero"`
	S3Results []wireS3Result `json:"S3Results,omitzero"`
}

// wireFile says what is in a file.
type wireFile struct {
	FormatType      string      `json:"FormatType,omitzero"`
	SheetSelections []wireSheet `json:"SheetSelections,omitzero"`
}

// wireSheet says which visuals of a sheet are in a file.
type wireSheet struct {
	SheetID        string   `json:"SheetId,omitzero"`
	SelectionScope string   `json:"SelectionScope,omitzero"`
	VisualIDs      []string `json:"VisualIds,omitzero"`
}

// wireDestinations says where the files go.
type wireDestinations struct {
	S3Destinations []wireDestination `json:"S3Destinations,omitzero"`
}

// wireDestination is a caller's bucket.
type wireDestination struct {
	BucketConfiguration *wireBucket `json:"BucketConfiguration,omitzero"`
}

// wireBucket names a bucket, and the prefix of keys in it.
type wireBucket struct {
	BucketName   string `json:"BucketName,omitzero"`
	BucketPrefix string `json:"BucketPrefix,omitzero"`
	BucketRegion string `json:"BucketRegion,omitzero"`
}

// wireUsers are the users that a job makes files for.
type wireUsers struct {
	AnonymousUsers []wireUser `json:"AnonymousUsers,omitzero"`
}

// wireUser is an anonymous user. A request has the user's tags, and a description
// only their keys.
type wireUser struct {
	RowLevelPermissionTags    []wireTag `json:"RowLevelPermissionTags,omitzero"`
	RowLevelPermissionTagKeys []string  `json:"RowLevelPermissionTagKeys,omitzero"`
}

// wireTag is a tag of row-level security. Its value may be a secret.
type wireTag struct {
	Key   string
	Value string
}

// wireStarted is the body of the response to a StartDashboardSnapshotJob.
type wireStarted struct {
	ARN           string `json:"Arn"`
	SnapshotJobID string `json:"SnapshotJobId"`
	RequestID     string `json:"RequestId"`
}

// wireScheduleStarted is the body of the response to a
// StartDashboardSnapshotJobSchedule.
type wireScheduleStarted struct {
	RequestID string `json:"RequestId"`
}

// wireJob is the body of the response to a DescribeDashboardSnapshotJob.
type wireJob struct {
	ARN                   string             `json:"Arn"`
	AWSAccountID          string             `json:"AwsAccountId"`
	DashboardID           string             `json:"DashboardId"`
	SnapshotJobID         string             `json:"SnapshotJobId"`
	UserConfiguration     *wireUsers         `json:"UserConfiguration,omitzero"`
	SnapshotConfiguration *wireConfiguration `json:"SnapshotConfiguration"`
	CreatedTime           epoch              `json:"CreatedTime"`
	LastUpdatedTime       epoch              `json:"LastUpdatedTime"`
	JobStatus             string             `json:"JobStatus"`
	RequestID             string             `json:"RequestId"`
	Status                int                `json:"Status"`
}

// wireResult is the body of the response to a DescribeDashboardSnapshotJobResult.
// A failed job has no Result.
type wireResult struct {
	ARN             string       `json:"Arn"`
	JobStatus       string       `json:"JobStatus"`
	CreatedTime     epoch        `json:"CreatedTime"`
	LastUpdatedTime epoch        `json:"LastUpdatedTime"`
	Result          *wireOutcome `json:"Result,omitzero"`
	ErrorInfo       *wireError   `json:"ErrorInfo,omitzero"`
	RequestID       string       `json:"RequestId"`
}

// wireOutcome has the files of a job, by user.
type wireOutcome struct {
	AnonymousUsers  []wireUserResult `json:"AnonymousUsers,omitzero"`
	RegisteredUsers []wireUserResult `json:"RegisteredUsers,omitzero"`
}

// wireUserResult has the files of a user.
type wireUserResult struct {
	FileGroups []wireGroup `json:"FileGroups"`
}

// wireS3Result says where a file is, or why it was not made. QuickSight's own bucket
// is no destination.
type wireS3Result struct {
	S3DestinationConfiguration *wireDestination `json:"S3DestinationConfiguration,omitzero"`
	S3URI                      string           `json:"S3Uri,omitzero"`
	ErrorInfo                  []wireError      `json:"ErrorInfo,omitzero"`
}

// wireDescribedDefinition is the body of the response to a DescribeDashboardDefinition.
type wireDescribedDefinition struct {
	DashboardID    string         `json:"DashboardId"`
	Name           string         `json:"Name"`
	ResourceStatus string         `json:"ResourceStatus"`
	Definition     wireDefinition `json:"Definition"`
	RequestID      string         `json:"RequestId"`
}

// wireDefinition is a definition with the member that the service model requires, and
// the sheets.
type wireDefinition struct {
	DataSetIdentifierDeclarations []string              `json:"DataSetIdentifierDeclarations"` // none
	Sheets                        []wireDefinitionSheet `json:"Sheets,omitzero"`
}

// wireDefinitionSheet is a sheet of a definition.
type wireDefinitionSheet struct {
	SheetID string       `json:"SheetId"`
	Name    string       `json:"Name,omitzero"`
	Visuals []wireVisual `json:"Visuals,omitzero"`
}

// wireVisual is a visual: an object with one member, which has the name of its kind.
type wireVisual map[string]wireVisualMembers

// wireVisualMembers are what visuals of all kinds have.
type wireVisualMembers struct {
	VisualID string     `json:"VisualId"`
	Title    *wireTitle `json:"Title,omitzero"`
}

// wireTitle is the title of a visual.
type wireTitle struct {
	Visibility string         `json:"Visibility"`
	FormatText wireFormatText `json:"FormatText"`
}

// wireFormatText is a text without markup.
type wireFormatText struct {
	PlainText string `json:"PlainText"`
}

// wireError is a reason why a job failed or a file was not made.
type wireError struct {
	ErrorMessage string `json:"ErrorMessage,omitzero"`
	ErrorType    string `json:"ErrorType,omitzero"`
}

// epoch is a time that the API has as seconds since 1970, with milliseconds as their
// fraction.
type epoch time.Time

// MarshalJSON implements json.Marshaler.
func (e epoch) MarshalJSON() ([]byte, error) {
	seconds := float64(time.Time(e).UnixMilli()) / 1e3
	return strconv.AppendFloat(nil, seconds, 'f', -1, 64), nil
}

// public returns the file in the types of this package.
func (f wireFile) public() File {
	file := File{Format: snapshotjob.SnapshotFileFormatType(f.FormatType)}
	for _, sheet := range f.SheetSelections {
		file.Sheets = append(file.Sheets, snapshotjob.SnapshotFileSheetSelection{
			SheetID:        sheet.SheetID,
			SelectionScope: snapshotjob.SnapshotFileSheetSelectionScope(sheet.SelectionScope),
			VisualIDs:      sheet.VisualIDs,
		})
	}
	return file
}

// wire returns the file as a request asks for it.
func (f File) wire() wireFile {
	file := wireFile{FormatType: string(f.Format)}
	for _, sheet := range f.Sheets {
		file.SheetSelections = append(file.SheetSelections, wireSheet{
			SheetID:        sheet.SheetID,
			SelectionScope: string(sheet.SelectionScope),
			VisualIDs:      sheet.VisualIDs,
		})
	}
	return file
}

// wireErrors returns why the file was not made, or nil if it was.
func (f File) wireErrors() []wireError {
	var reasons []wireError
	for _, e := range f.Errors {
		reasons = append(reasons, wireError{ErrorType: e.Type, ErrorMessage: e.Message})
	}
	return reasons
}
