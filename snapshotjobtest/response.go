package snapshotjobtest

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// apiResponse is a successful response of the API.
type apiResponse struct {
	status int
	body   any // one of the wire shapes
}

// ok returns a response with status 200.
func ok(body any) *apiResponse {
	return &apiResponse{status: http.StatusOK, body: body}
}

// wireException is the body of an error of the API.
type wireException struct {
	Message   string
	RequestID string `json:"RequestId"`
}

// wireS3Error is the body of an error of S3.
type wireS3Error struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	Details   []errorDetail
	RequestID string `xml:"RequestId"`
	HostID    string `xml:"HostId"`
}

// writeError writes the response for an error, in the format of the API or of S3.
func (c *call) writeError(w http.ResponseWriter, e *apiError) {
	if c.toS3 {
		c.writeS3Error(w, e)
		return
	}
	w.Header().Set("X-Amzn-Errortype", e.code)
	c.writeJSON(w, e.status, wireException{Message: e.message, RequestID: c.record.ID})
}

// writeJSON writes a response of the API. It sets the length, so that a client can
// tell a body that was cut off from a whole one.
func (c *call) writeJSON(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("snapshotjobtest: marshal a response: %v", err))
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	h.Set("X-Amzn-Requestid", c.record.ID)
	w.WriteHeader(status)
	w.Write(data)
}

// writeS3Error writes an error in S3's XML. The response to a HEAD has no body, and
// therefore no code.
func (c *call) writeS3Error(w http.ResponseWriter, e *apiError) {
	element, err := xml.Marshal(wireS3Error{
		Code:      e.code,
		Message:   e.message,
		Details:   e.details,
		RequestID: c.record.ID,
		HostID:    "snapshotjobtest",
	})
	if err != nil {
		panic(fmt.Sprintf("snapshotjobtest: marshal an error: %v", err))
	}
	h := w.Header()
	h.Set("Content-Type", "application/xml")
	h.Set("X-Amz-Request-Id", c.record.ID)
	if c.request.Method == http.MethodHead {
		w.WriteHeader(e.status)
		return
	}
	data := append([]byte(xml.Header), element...)
	h.Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(e.status)
	w.Write(data)
}

// httpTime formats a time as the headers Date and Last-Modified have it.
func httpTime(t time.Time) string {
	return t.UTC().Format(http.TimeFormat)
}
