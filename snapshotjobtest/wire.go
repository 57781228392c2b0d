package snapshotjobtest

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// The shapes of the API's JSON, with the names of the service model. They are
// this package's own, so that a wrong name in the client is not mirrored here.

type wireStart struct {
	SnapshotJobID         string             `json:"SnapshotJobId"`
	SnapshotConfiguration *wireConfiguration `json:"SnapshotConfiguration"`
	UserConfiguration     *wireUsers         `json:"UserConfiguration"`
}

type wireConfiguration struct {
	FileGroups               []wireGroup       `json:"FileGroups,omitzero"`
	DestinationConfiguration *wireDestinations `json:"DestinationConfiguration,omitzero"`
	Parameters               json.RawMessage   `json:"Parameters,omitzero"` // given back as they came
}

// destinations are none for QuickSight's own bucket.
func (c *wireConfiguration) destinations() []wireDestination {
	if c.DestinationConfiguration == nil {
		return nil
	}
	return c.DestinationConfiguration.S3Destinations
}

type wireGroup struct {
	Files     []wireFile     `json:"Files,omitzero"`
	S3Results []wireS3Result `json:"S3Results,omitzero"` // of a result only
}

type wireFile struct {
	FormatType      string      `json:"FormatType,omitzero"`
	SheetSelections []wireSheet `json:"SheetSelections,omitzero"`
}

type wireSheet struct {
	SheetID        string   `json:"SheetId,omitzero"`
	SelectionScope string   `json:"SelectionScope,omitzero"`
	VisualIDs      []string `json:"VisualIds,omitzero"`
}

type wireDestinations struct {
	S3Destinations []wireDestination `json:"S3Destinations,omitzero"`
}

type wireDestination struct {
	BucketConfiguration *wireBucket `json:"BucketConfiguration,omitzero"`
}

type wireBucket struct {
	BucketName   string `json:"BucketName,omitzero"`
	BucketPrefix string `json:"BucketPrefix,omitzero"`
	BucketRegion string `json:"BucketRegion,omitzero"`
}

type wireUsers struct {
	AnonymousUsers []wireUser `json:"AnonymousUsers,omitzero"`
}

type wireUser struct {
	RowLevelPermissionTags    []wireTag `json:"RowLevelPermissionTags,omitzero"`    // of a request
	RowLevelPermissionTagKeys []string  `json:"RowLevelPermissionTagKeys,omitzero"` // of a description
}

type wireTag struct{ Key, Value string }

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

type wireResult struct {
	ARN             string       `json:"Arn"`
	JobStatus       string       `json:"JobStatus"`
	CreatedTime     epoch        `json:"CreatedTime"`
	LastUpdatedTime epoch        `json:"LastUpdatedTime"`
	Result          *wireOutcome `json:"Result,omitzero"`
	ErrorInfo       *wireError   `json:"ErrorInfo,omitzero"`
	RequestID       string       `json:"RequestId"`
}

type wireOutcome struct {
	AnonymousUsers  []wireUserResult `json:"AnonymousUsers,omitzero"`
	RegisteredUsers []wireUserResult `json:"RegisteredUsers,omitzero"`
}

type wireUserResult struct {
	FileGroups []wireGroup `json:"FileGroups"`
}

type wireS3Result struct {
	S3DestinationConfiguration *wireDestination `json:"S3DestinationConfiguration,omitzero"`
	S3URI                      string           `json:"S3Uri,omitzero"`
	ErrorInfo                  []wireError      `json:"ErrorInfo,omitzero"`
}

type wireError struct {
	ErrorMessage string `json:"ErrorMessage,omitzero"`
	ErrorType    string `json:"ErrorType,omitzero"`
}

type wireStarted struct {
	ARN           string `json:"Arn"`
	SnapshotJobID string `json:"SnapshotJobId"`
	RequestID     string `json:"RequestId"`
}

type wireScheduleStarted struct {
	RequestID string `json:"RequestId"`
}

// epoch is a time as seconds since 1970, with milliseconds.
type epoch time.Time

func (e epoch) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(time.Time(e).UnixMilli())/1e3, 'f', -1, 64), nil
}

func (f wireFile) public() File {
	file := File{Format: snapshotjob.SnapshotFileFormatType(f.FormatType)}
	for _, s := range f.SheetSelections {
		file.Sheets = append(file.Sheets, snapshotjob.SnapshotFileSheetSelection{
			SelectionScope: snapshotjob.SnapshotFileSheetSelectionScope(s.SelectionScope), SheetID: s.SheetID, VisualIDs: s.VisualIDs,
		})
	}
	return file
}

func (f File) wire() wireFile {
	file := wireFile{FormatType: string(f.Format)}
	for _, s := range f.Sheets {
		file.SheetSelections = append(file.SheetSelections, wireSheet{s.SheetID, string(s.SelectionScope), s.VisualIDs})
	}
	return file
}
