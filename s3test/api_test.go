package s3test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/quicksight-go/snapshotjob"
)

// job is the job whose files are downloaded.
var job = snapshotjob.Job{
	AWSAccountID:  "111122223333",
	DashboardID:   "sales",
	SnapshotJobID: "daily",
}

// api is a transport in the place of QuickSight. It only knows the result of job,
// which has a file for each URI.
type api struct {
	uris  func(call int) []string // of the first call, the second call and so on
	calls atomic.Int32
}

// always returns an API that tells the same URIs in every call.
func always(uris ...string) *api {
	return &api{uris: func(int) []string { return uris }}
}

// object is a JSON object.
type object = map[string]any

// RoundTrip implements http.RoundTripper.
func (a *api) RoundTrip(*http.Request) (*http.Response, error) {
	call := int(a.calls.Add(1))
	var groups []object
	for _, uri := range a.uris(call) {
		groups = append(groups, fileGroup(uri))
	}
	body, err := json.Marshal(object{
		"JobStatus": "COMPLETED",
		"Result":    object{"AnonymousUsers": []object{{"FileGroups": groups}}},
	})
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{},
		Body:       io.NopCloser(bytes.NewReader(body)),
	}, nil
}

// fileGroup is the group of a CSV file.
func fileGroup(uri string) object {
	sheet := object{
		"SheetId":        "sheet",
		"SelectionScope": "SELECTED_VISUALS",
		"VisualIds":      []string{"visual"},
	}
	return object{
		"Files":     []object{{"FormatType": "CSV", "SheetSelections": []object{sheet}}},
		"S3Results": []object{{"S3Uri": uri}},
	}
}
