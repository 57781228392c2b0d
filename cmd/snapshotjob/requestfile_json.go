package main

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/quicksight-go/snapshotjob"
)

// jsonRequest is a request as the AWS CLI takes it:
//
//	aws quicksight start-dashboard-snapshot-job --cli-input-json REQUEST
type jsonRequest struct {
	AWSAccountID          string                                 `json:"AwsAccountId"`
	DashboardID           string                                 `json:"DashboardId"`
	SnapshotJobID         string                                 `json:"SnapshotJobId"`
	SnapshotConfiguration snapshotjob.SnapshotConfiguration      `json:"SnapshotConfiguration"`
	UserConfiguration     *snapshotjob.SnapshotUserConfiguration `json:"UserConfiguration"`
}

// input returns the request as the client takes it.
func (r *jsonRequest) input() *snapshotjob.StartDashboardSnapshotJobInput {
	return &snapshotjob.StartDashboardSnapshotJobInput{
		Job: snapshotjob.Job{
			AWSAccountID:  r.AWSAccountID,
			DashboardID:   r.DashboardID,
			SnapshotJobID: r.SnapshotJobID,
		},
		SnapshotConfiguration: r.SnapshotConfiguration,
		UserConfiguration:     r.UserConfiguration,
	}
}

// parseJSONRequests parses requests that are JSON objects, one after the other.
func parseJSONRequests(name string, data []byte) ([]fileRequest, error) {
	decoder := jsontext.NewDecoder(bytes.NewReader(data))
	var requests []fileRequest
	for {
		kind := decoder.PeekKind()
		begin := positionOf(name, data, decoder.InputOffset())
		var request jsonRequest
		err := json.UnmarshalDecode(decoder, &request, json.RejectUnknownMembers(true))
		if kind == 0 && errors.Is(err, io.EOF) {
			return requests, nil
		}
		if err != nil {
			return nil, jsonError(name, data, err)
		}
		requests = append(requests, fileRequest{
			position: begin,
			input:    request.input(),
		})
	}
}

// jsonError returns an error that says where the JSON is wrong. It shows no value, which
// may be that of a tag or a parameter.
func jsonError(name string, data []byte, err error) error {
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return positionOf(name, data, syntactic.ByteOffset).errorf("this is no JSON: %w", syntactic.Err)
	}
	semantic, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return usagef("%s: %w", name, err)
	}
	at := positionOf(name, data, semantic.ByteOffset)
	if errors.Is(err, json.ErrUnknownName) {
		return at.errorf("a request has no member %s", semantic.JSONPointer)
	}
	return at.errorf("the member %s cannot be a JSON %v", semantic.JSONPointer, semantic.JSONKind)
}

// positionOf returns the position of a byte. White space before a value is not part of it.
func positionOf(name string, data []byte, offset int64) position {
	rest := data[min(offset, int64(len(data))):]
	skipped := len(rest) - len(bytes.TrimLeft(rest, " \t\r\n"))
	before := data[:len(data)-len(rest)+skipped]
	lastNewline := bytes.LastIndexByte(before, '\n')
	return position{
		file:   name,
		line:   1 + bytes.Count(before, []byte("\n")),
		column: len(before) - lastNewline,
	}
}
