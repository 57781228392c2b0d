package snapshotjobtest

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// writeError answers with err, which is an *apiError.
func (c *call) writeError(w http.ResponseWriter, err error) {
	var e *apiError
	if !errors.As(err, &e) {
		e = &apiError{Status: 500, Code: "InternalFailureException", Message: err.Error()}
	}
	if c.op == GetObject {
		c.writeS3Error(w, e)
		return
	}
	w.Header().Set("X-Amzn-Errortype", e.Code)
	writeJSON(w, c.record.ID, e.Status, struct {
		Message   string
		RequestID string `json:"RequestId"`
	}{e.Message, c.record.ID})
}

// writeJSON answers with a body of the API. The length is set, so that a body
// that is cut off can be told from a whole one.
func writeJSON(w http.ResponseWriter, requestID string, status int, answer any) {
	body, err := json.Marshal(answer)
	if err != nil {
		panic(fmt.Sprintf("snapshotjobtest: marshal an answer: %v", err))
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Amzn-Requestid", requestID)
	w.WriteHeader(status)
	w.Write(body)
}

func (c *call) writeS3Error(w http.ResponseWriter, e *apiError) {
	body, err := xml.Marshal(struct {
		XMLName   xml.Name `xml:"Error"`
		Code      string
		Message   string
		Detail    []detail
		RequestID string `xml:"RequestId"`
		HostID    string `xml:"HostId"`
	}{Code: e.Code, Message: e.Message, Detail: e.Detail, RequestID: c.record.ID, HostID: "snapshotjobtest"})
	if err != nil {
		panic(fmt.Sprintf("snapshotjobtest: marshal an error: %v", err))
	}
	h := w.Header()
	h.Set("Content-Type", "application/xml")
	h.Set("X-Amz-Request-Id", c.record.ID)
	if c.request.Method == http.MethodHead {
		w.WriteHeader(e.Status) // an error of HEAD has no body, and so no code
		return
	}
	body = append([]byte(xml.Header), body...)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(e.Status)
	w.Write(body)
}
