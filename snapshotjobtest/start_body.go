package snapshotjobtest

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// startMembers are the names in a start: service model, the shapes of
// StartDashboardSnapshotJob.
var startMembers = strings.Fields(`SnapshotJobId SnapshotConfiguration UserConfiguration FileGroups DestinationConfiguration Parameters
	Files FormatType SheetSelections SheetId SelectionScope VisualIds S3Destinations BucketConfiguration BucketName BucketPrefix
	BucketRegion StringParameters IntegerParameters DecimalParameters DateTimeParameters Name Values AnonymousUsers
	RowLevelPermissionTags Key Value`)

// readStart decodes the body of a start, which names the job, before the rate or
// a fault can stop it.
func (c *call) readStart() {
	known, err := onlyStartMembers(c.body)
	if err == nil {
		err = json.Unmarshal(known, &c.start)
	}
	if err != nil {
		c.unread = refuse("SerializationException", "The body is no StartDashboardSnapshotJob request: %v", err)
	}
	c.job.SnapshotJobID = c.start.SnapshotJobID
	c.mu.Lock()
	defer c.mu.Unlock()
	c.record.Job = c.job
}

// onlyStartMembers returns a body without the members that a start doesn't have.
// The service ignores them; encoding/json would take those whose names differ in
// case alone.
func onlyStartMembers(body []byte) ([]byte, error) {
	if err := json.Unmarshal(body, new(json.RawMessage)); err != nil {
		return nil, err
	}
	var keep func(v any) any
	keep = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for name, item := range v {
				if !slices.Contains(startMembers, name) {
					delete(v, name)
				}
				keep(item)
			}
		case []any:
			for _, item := range v {
				keep(item)
			}
		}
		return v
	}
	var v any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber() // numbers are given back as they came
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(keep(v))
}
