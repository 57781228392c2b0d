package snapshotjobtest

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// apiError is an answer that is no success. Handlers return it, and writeError
// alone knows what it looks like on the wire.
type apiError struct {
	Status  int
	Code    string
	Message string
	Detail  []detail // more elements of S3's XML
}

type detail struct {
	XMLName xml.Name
	Value   string `xml:",chardata"`
}

func (e *apiError) Error() string { return e.Code + ": " + e.Message }

// statusOf each code: service model; AWS's common errors; S3's list of error
// codes.
var statusOf = map[string]int{
	"AccessDeniedException":           401,
	"InternalFailureException":        500,
	"InvalidParameterValueException":  400,
	"LimitExceededException":          409,
	"PreconditionNotMetException":     400,
	"ResourceExistsException":         409,
	"ResourceNotFoundException":       404,
	"ThrottlingException":             429,
	"UnsupportedPricingPlanException": 403,
	"UnsupportedUserEditionException": 403,

	"ExpiredTokenException":               403,
	"IncompleteSignatureException":        403,
	"InvalidSignatureException":           403,
	"MissingAuthenticationTokenException": 403,
	"RequestEntityTooLargeException":      413,
	"SerializationException":              400,
	"UnknownOperationException":           404,
	"UnrecognizedClientException":         403,

	"AccessDenied":                 403,
	"AuthorizationHeaderMalformed": 400,
	"ExpiredToken":                 400,
	"InvalidAccessKeyId":           403,
	"InvalidArgument":              400,
	"InvalidRange":                 416,
	"InvalidRequest":               400,
	"InvalidToken":                 400,
	"NoSuchBucket":                 404,
	"NoSuchKey":                    404,
	"NotImplemented":               501,
	"PreconditionFailed":           412,
	"RequestTimeTooSkewed":         403,
	"SignatureDoesNotMatch":        403,
	"XAmzContentSHA256Mismatch":    400,
}

func refuse(code, format string, args ...any) error {
	return &apiError{Status: or(statusOf[code], http.StatusBadRequest), Code: code, Message: fmt.Sprintf(format, args...)}
}

// with adds an element to an S3 error.
func with(err error, name, value string) error {
	e := err.(*apiError)
	e.Detail = append(e.Detail, detail{xml.Name{Local: name}, value})
	return e
}

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
