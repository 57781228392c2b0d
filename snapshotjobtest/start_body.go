package snapshotjobtest

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// readStart decodes the body of a start. That happens before the rate or a fault
// can stop the call, because the body names the job that Server.Requests shows. A
// body that can't be decoded is reported when the call is served.
func (c *call) readStart(body []byte) {
	known, err := keepStartMembers(body)
	if err == nil {
		err = json.Unmarshal(known, &c.start)
	}
	if err != nil {
		c.startErr = newError("SerializationException",
			"The body is no StartDashboardSnapshotJob request: %v", err)
	}
	c.job.SnapshotJobID = c.start.SnapshotJobID
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.record.Job = c.job
}

// startMembers are the names of all members of a start, from the service model's
// shapes of StartDashboardSnapshotJob. One list serves all depths. A member that stands
// where it doesn't belong, such as SheetId beside SnapshotJobId, stays in the body, but
// there no field has its name, so that decoding ignores it.
var startMembers = strings.Fields(`
	SnapshotJobId SnapshotConfiguration UserConfiguration
	FileGroups Files FormatType SheetSelections SheetId SelectionScope VisualIds
	DestinationConfiguration S3Destinations BucketConfiguration BucketName BucketPrefix BucketRegion
	Parameters StringParameters IntegerParameters DecimalParameters DateTimeParameters Name Values
	AnonymousUsers RowLevelPermissionTags Key Value
`)

// keepStartMembers returns a body with only the members that a start has, since the
// service ignores all others. Decoding alone would not do: package encoding/json also
// takes members whose names differ from a field's in case alone, and those of results,
// which some of the shapes have too.
func keepStartMembers(body []byte) ([]byte, error) {
	// Decode would pass over what follows the value; Unmarshal reports it.
	if err := json.Unmarshal(body, new(json.RawMessage)); err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber() // A description gives numbers back as they came.
	var value any
	if err := dec.Decode(&value); err != nil {
		return nil, err
	}
	deleteUnknownMembers(value)
	return json.Marshal(value)
}

// deleteUnknownMembers deletes from a decoded value, at any depth, the members that
// a start doesn't have.
func deleteUnknownMembers(value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			if slices.Contains(startMembers, name) {
				deleteUnknownMembers(member)
			} else {
				delete(value, name)
			}
		}
	case []any:
		for _, element := range value {
			deleteUnknownMembers(element)
		}
	}
}
