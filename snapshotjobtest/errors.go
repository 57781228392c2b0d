package snapshotjobtest

import (
	"encoding/xml"
	"fmt"
	"net/http"
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
