package snapshotjobtest

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"net/http"
)

// apiError is a response that reports an error, of the API or of S3. Handlers
// return it, and writeError alone knows what it looks like on the wire.
type apiError struct {
	status  int
	code    string
	message string
	details []errorDetail // further elements of S3's XML; the API's JSON has none
}

// errorDetail is an element of S3's XML, such as <BucketName>reports</BucketName>.
type errorDetail struct {
	XMLName xml.Name
	Value   string `xml:",chardata"`
}

// newError returns an error with the status that belongs to its code.
func newError(code, format string, args ...any) *apiError {
	return &apiError{
		status:  cmp.Or(statusOfCode[code], http.StatusBadRequest),
		code:    code,
		message: fmt.Sprintf(format, args...),
	}
}

// with adds an element to an error of S3, and returns the error.
func (e *apiError) with(name, value string) *apiError {
	e.details = append(e.details, errorDetail{
		XMLName: xml.Name{Local: name},
		Value:   value,
	})
	return e
}

// statusOfCode has the HTTP status of each code.
var statusOfCode = map[string]int{
	// The operations' own, from the service model.
	"AccessDeniedException":           401,
	"ConflictException":               409,
	"InternalFailureException":        500,
	"InvalidParameterValueException":  400,
	"LimitExceededException":          409,
	"PreconditionNotMetException":     400,
	"ResourceExistsException":         409,
	"ResourceNotFoundException":       404,
	"ThrottlingException":             429,
	"UnsupportedPricingPlanException": 403,
	"UnsupportedUserEditionException": 403,

	// Those that all AWS services have in common.
	"ExpiredTokenException":               403,
	"IncompleteSignatureException":        403,
	"InvalidSignatureException":           403,
	"MissingAuthenticationTokenException": 403,
	"RequestEntityTooLargeException":      413,
	"SerializationException":              400,
	"UnknownOperationException":           404,
	"UnrecognizedClientException":         403,

	// S3's, from its list of error codes.
	"AccessDenied":                      403,
	"AuthorizationHeaderMalformed":      400,
	"AuthorizationQueryParametersError": 400,
	"ExpiredToken":                      400,
	"InvalidAccessKeyId":                403,
	"InvalidArgument":                   400,
	"InvalidRange":                      416,
	"InvalidRequest":                    400,
	"InvalidToken":                      400,
	"NoSuchBucket":                      404,
	"NoSuchKey":                         404,
	"NotImplemented":                    501,
	"PreconditionFailed":                412,
	"RequestTimeTooSkewed":              403,
	"SignatureDoesNotMatch":             403,
	"XAmzContentSHA256Mismatch":         400,
}
