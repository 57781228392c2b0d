package snapshotjob

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// failedText begins the text of every error of describe that comes from an
// attempt.
const failedText = "operation error QuickSight: DescribeDashboardSnapshotJobResult, " +
	"111122223333/dash/job: "

// errorCase is a case of errors.json: a response, and what must be known of it.
type errorCase struct {
	ID         string            `json:"id"`
	Status     int               `json:"status"`
	Header     map[string]string `json:"header"`
	Body       string            `json:"body"`
	BodyBase64 string            `json:"body_base64"`
	Nested     int               `json:"nested"`
	Want       wantError         `json:"want"`
}

// wantError is what must be known of an error response.
type wantError struct {
	Type               string `json:"type"`
	Code               string `json:"code"`
	Message            string `json:"message"`
	MessageStarts      string `json:"message_starts"`
	Status             int    `json:"status"`
	RequestID          string `json:"requestID"`
	ExceptionRequestID string `json:"exceptionRequestID"`
	ResourceType       string `json:"resourceType"`
	Fault              string `json:"fault"`
	Attempts           int    `json:"attempts"`
}

func (c errorCase) response(t *testing.T) mockResponse {
	t.Helper()
	body := c.Body
	switch {
	case c.BodyBase64 != "":
		body = fromBase64(t, c.BodyBase64)
	case c.Nested > 0:
		body = strings.Repeat(`{"a":`, c.Nested) + "1" + strings.Repeat("}", c.Nested)
	}
	return mockResponse{status: c.Status, header: c.Header, body: body}
}

func TestErrorResponses(t *testing.T) {
	var file struct{ Cases []errorCase }
	cases(t, "errors.json", &file)
	for _, tt := range file.Cases {
		t.Run(tt.ID, func(t *testing.T) {
			sent := responses(tt.response(t))
			out, err := describe(t, options(sent))
			require.Error(t, err)
			assert.Nil(t, out)
			assert.Len(t, sent.requests, tt.Want.Attempts)
			checkOperation(t, err)
			checkExhausted(t, err, tt.Want.Attempts)
			checkResponse(t, err, tt.Want.Status, tt.Want.RequestID)
			checkException(t, err, tt.Want)
			assert.NotRegexp(t, `[\r\n]`, err.Error())
		})
	}
}

// checkOperation checks that the outermost error names the operation of describe.
func checkOperation(t *testing.T, err error) {
	t.Helper()
	require.IsType(t, &smithy.OperationError{}, err)
	outermost := err.(*smithy.OperationError)
	assert.Equal(t, "QuickSight", outermost.ServiceID)
	assert.Equal(t, "DescribeDashboardSnapshotJobResult", outermost.OperationName)
}

// checkExhausted checks that err says how many attempts there were, if there were
// several.
func checkExhausted(t *testing.T, err error, attempts int) {
	t.Helper()
	if attempts <= 1 {
		assert.NotErrorAs(t, err, new(*retry.MaxAttemptsError))
		return
	}
	var exhausted *retry.MaxAttemptsError
	require.ErrorAs(t, err, &exhausted)
	assert.Equal(t, attempts, exhausted.Attempt)
}

// checkResponse checks that err knows the status and the request id of the response.
func checkResponse(t *testing.T, err error, status int, requestID string) {
	t.Helper()
	var resp *awshttp.ResponseError
	require.ErrorAs(t, err, &resp)
	assert.Equal(t, status, resp.HTTPStatusCode())
	assert.Equal(t, requestID, resp.ServiceRequestID())
}

// checkException checks what err says of the service's exception.
func checkException(t *testing.T, err error, want wantError) {
	t.Helper()
	var api smithy.APIError
	require.ErrorAs(t, err, &api)
	assert.Equal(t, want.Type, exceptionType(api))
	assert.Equal(t, want.Code, api.ErrorCode())
	assert.Equal(t, want.Fault, api.ErrorFault().String())
	if want.MessageStarts != "" {
		start := api.ErrorMessage()[:min(len(want.MessageStarts), len(api.ErrorMessage()))]
		assert.Equal(t, want.MessageStarts, start)
		assert.LessOrEqual(t, len(api.ErrorMessage()), 300)
	} else {
		assert.Equal(t, want.Message, api.ErrorMessage())
	}
	if want.Type == "GenericAPIError" {
		return
	}
	requestID, _ := exceptionField(api, "RequestID")
	assert.Equal(t, cmp.Or(want.ExceptionRequestID, want.RequestID), requestID)
	if resourceType, ok := exceptionField(api, "ResourceType"); ok {
		assert.Equal(t, want.ResourceType, resourceType)
	}
}

// exceptionType is the name of an exception's type, without its package.
func exceptionType(exception smithy.APIError) string {
	return reflect.TypeOf(exception).Elem().Name()
}

// exceptionField is the value of an exception's field, if it has a field of the name.
func exceptionField(exception smithy.APIError, name string) (value string, ok bool) {
	field := reflect.ValueOf(exception).Elem().FieldByName(name)
	return field.String(), field.IsValid()
}

func TestErrorTexts(t *testing.T) {
	const requestID = "X-Amzn-Requestid"
	tests := []struct {
		name     string
		response mockResponse
		want     string // behind failedText
	}{
		{
			name:     "typed",
			response: exceptionResponse(404, "ResourceNotFoundException"),
			want: "https response error StatusCode: 404, RequestID: R1, " +
				"ResourceNotFoundException: m",
		},
		{
			name:     "generic",
			response: exceptionResponse(400, "ValidationException"),
			want: "https response error StatusCode: 400, RequestID: R1, " +
				"api error ValidationException: m",
		},
		{
			name:     "exhausted",
			response: exceptionResponse(500, "InternalFailureException"),
			want: "exceeded maximum number of attempts, 3, " +
				"https response error StatusCode: 500, RequestID: R1, " +
				"InternalFailureException: m",
		},
		{
			name:     "send failure",
			response: mockResponse{err: errors.New("dial tcp 192.0.2.1:443: connect: connection refused")},
			want: "exceeded maximum number of attempts, 3, " +
				"https response error StatusCode: 0, RequestID: , request send failed, " +
				"dial tcp 192.0.2.1:443: connect: connection refused",
		},
		{
			name: "cut-off body",
			response: mockResponse{
				status: 200,
				header: map[string]string{requestID: "R1"},
				body:   `{"JobSta`,
			},
			want: "exceeded maximum number of attempts, 3, " +
				"https response error StatusCode: 200, RequestID: R1, deserialization failed, " +
				"failed to decode response body, cut off after 8 bytes: jsontext: unexpected EOF after offset 8",
		},
		{
			name: "HTML with a 200",
			response: mockResponse{
				status: 200,
				header: map[string]string{"Content-Type": "text/html", requestID: "R1"},
				body:   "<html>\ncaptive portal</html>",
			},
			want: "https response error StatusCode: 200, RequestID: R1, deserialization failed, " +
				"failed to decode response body, jsontext: invalid character '<' at start of value, " +
				`Content-Type "text/html", body "<html> captive portal</html>"`,
		},
		{
			name:     "HTML with a 502",
			response: mockResponse{status: 502, body: "<html>bad gateway</html>"},
			want: "exceeded maximum number of attempts, 3, " +
				"https response error StatusCode: 502, RequestID: , " +
				"api error UnknownError: <html>bad gateway</html>",
		},
		{
			name:     "not finished",
			response: notFinished("InvalidParameterValueException"),
			want: "https response error StatusCode: 400, RequestID: R1, " +
				"InvalidParameterValueException: " + notFinishedMessage +
				" (it is queued or running: Wait polls until it has finished)",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := describe(t, options(responses(tt.response)))
			assert.EqualError(t, err, failedText+tt.want)
		})
	}
}

func TestTextOfABadJob(t *testing.T) {
	bad := Job{AWSAccountID: "12", SnapshotJobID: ".."}
	_, err := New(options(responses())).DescribeDashboardSnapshotJobResult(t.Context(), bad)
	assert.EqualError(t, err, "operation error QuickSight: DescribeDashboardSnapshotJobResult, "+
		`invalid input: AWSAccountID "12" is not an account id: want 12 digits; `+
		`DashboardID is empty; SnapshotJobID ".." cannot stand in a request path`)
}

func TestTextOfMissingOptions(t *testing.T) {
	_, err := describe(t, Options{})
	assert.EqualError(t, err, "operation error QuickSight: DescribeDashboardSnapshotJobResult, "+
		"invalid input: Region is missing: failed to resolve service endpoint, endpoint rule error, "+
		"Invalid Configuration: Missing Region (set Options.Region, or AWS_REGION before "+
		"config.LoadDefaultConfig; a custom endpoint needs it too, for the signature); "+
		"Credentials are missing: every request is signed (set Options.Credentials, or pass "+
		"config.LoadDefaultConfig's result to NewFromConfig)")
}

const notFinishedMessage = "Dashboard Snapshot Job with id job has not reached a terminal state."

// notFinished is the response to a call for the result of a job that is queued or
// running. AWS doesn't document its code.
func notFinished(code string) mockResponse {
	return mockResponse{
		status: 400,
		header: map[string]string{"X-Amzn-Errortype": code, "X-Amzn-Requestid": "R1"},
		body:   fmt.Sprintf(`{"Message":%q,"message":%[1]q}`, notFinishedMessage),
	}
}

func TestErrJobNotFinishedWhateverTheCode(t *testing.T) {
	codes := []string{
		"InvalidParameterValueException",
		"PreconditionNotMetException",
		"ResourceNotFoundException",
		"SomethingElse",
	}
	for _, code := range codes {
		t.Run(code, func(t *testing.T) {
			_, err := describe(t, options(responses(notFinished(code))))
			assert.ErrorIs(t, err, ErrJobNotFinished)
			var api smithy.APIError
			require.ErrorAs(t, err, &api)
			assert.Equal(t, code, api.ErrorCode())
			assert.Equal(t, notFinishedMessage, api.ErrorMessage())
		})
	}
}

func TestErrJobNotFinishedKeepsTheException(t *testing.T) {
	_, err := describe(t, options(responses(notFinished("InvalidParameterValueException"))))
	assert.ErrorIs(t, err, ErrJobNotFinished)
	assert.ErrorAs(t, err, new(*InvalidParameterValueException))
}

func TestOtherMessagesDoNotMatchErrJobNotFinished(t *testing.T) {
	_, err := describe(t, options(responses(exceptionResponse(400, "InvalidParameterValueException"))))
	require.Error(t, err)
	assert.NotErrorIs(t, err, ErrJobNotFinished)
}

func TestOtherOperationsDoNotMatchErrJobNotFinished(t *testing.T) {
	client := New(options(responses(notFinished("InvalidParameterValueException"))))
	_, err := client.DescribeDashboardSnapshotJob(t.Context(), exampleJob)
	require.Error(t, err)
	assert.NotErrorIs(t, err, ErrJobNotFinished)
}

// exceptionsOfEveryOperation are in the model of every operation.
var exceptionsOfEveryOperation = []string{
	"AccessDeniedException",
	"InternalFailureException",
	"ResourceNotFoundException",
	"ThrottlingException",
	"UnsupportedUserEditionException",
}

// exceptionsOfSomeOperations are in the models of the operations that they name.
var exceptionsOfSomeOperations = map[string][]string{
	"ConflictException":               {"definition"},
	"InvalidParameterValueException":  {"result", "start", "schedule", "definition"},
	"LimitExceededException":          {"start", "schedule"},
	"PreconditionNotMetException":     {"result"},
	"ResourceExistsException":         {"start", "definition"},
	"UnsupportedPricingPlanException": {"start"},
}

// callsByOperation are calls of the operations, that return their error.
var callsByOperation = map[string]func(*testing.T, *Client) error{
	"result": func(t *testing.T, c *Client) error {
		_, err := c.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
		return err
	},
	"job": func(t *testing.T, c *Client) error {
		_, err := c.DescribeDashboardSnapshotJob(t.Context(), exampleJob)
		return err
	},
	"start": func(t *testing.T, c *Client) error {
		_, err := c.StartDashboardSnapshotJob(t.Context(), &StartDashboardSnapshotJobInput{
			Job: exampleJob,
			SnapshotConfiguration: SnapshotConfiguration{
				FileGroups: []SnapshotFileGroup{PDF("sheet")},
			},
			UserConfiguration: AnonymousUser(),
		})
		return err
	},
	"schedule": func(t *testing.T, c *Client) error {
		_, err := c.StartDashboardSnapshotJobSchedule(t.Context(), &StartDashboardSnapshotJobScheduleInput{
			AWSAccountID: exampleJob.AWSAccountID,
			DashboardID:  exampleJob.DashboardID,
			ScheduleID:   "weekly",
		})
		return err
	},
	"definition": func(t *testing.T, c *Client) error {
		_, err := c.DescribeDashboardDefinition(t.Context(), exampleDefinition)
		return err
	},
}

// exceptionOf makes a call that fails with a code, and returns its exception.
func exceptionOf(t *testing.T, operation, code string) smithy.APIError {
	t.Helper()
	response := exceptionResponse(400, code)
	response.body = `{"Message":"m","ResourceType":"T"}`
	err := callsByOperation[operation](t, New(options(responses(response))))
	var exception smithy.APIError
	require.ErrorAs(t, err, &exception)
	assert.Equal(t, code, exception.ErrorCode())
	return exception
}

func checkTyped(t *testing.T, operation, code string) {
	t.Helper()
	exception := exceptionOf(t, operation, code)
	assert.Equal(t, code, exceptionType(exception))
	assert.EqualError(t, exception, code+": m")
	if resourceType, ok := exceptionField(exception, "ResourceType"); ok {
		assert.Equal(t, "T", resourceType)
	}
}

func TestExceptionsOfEveryOperation(t *testing.T) {
	for operation := range callsByOperation {
		for _, code := range exceptionsOfEveryOperation {
			t.Run(operation+"/"+code, func(t *testing.T) {
				checkTyped(t, operation, code)
			})
		}
	}
}

// An exception has a type of its own only for the operations whose models have it.
func TestExceptionsOfSomeOperations(t *testing.T) {
	for code, operations := range exceptionsOfSomeOperations {
		for operation := range callsByOperation {
			t.Run(operation+"/"+code, func(t *testing.T) {
				if slices.Contains(operations, operation) {
					checkTyped(t, operation, code)
				} else {
					assert.Equal(t, "GenericAPIError", exceptionType(exceptionOf(t, operation, code)))
				}
			})
		}
	}
}

// The code, the status and the request id of a response's headers are known
// whatever its body is.
func TestHeadersSurviveAnyBody(t *testing.T) {
	const longestText = 500
	bodies := map[string]string{
		"nothing":          "",
		"HTML":             "<html><body>Service Unavailable</body></html>",
		"BOM":              "\uFEFF" + `{"Message":"m"}`,
		"cut off":          `{"Message":"m`,
		"binary":           "\x1f\x8b\x08\x00\xff\xfe",
		"very long":        strings.Repeat("x", 10<<20),
		"very long JSON":   `{"a":"` + strings.Repeat("x", 10<<20) + `","Message":"m"}`,
		"newlines":         strings.Repeat("line\r\n", 1000),
		"unterminated key": `{"Mess`,
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			response := exceptionResponse(404, "ResourceNotFoundException")
			response.body = body
			_, err := describe(t, options(responses(response)))
			var exception *ResourceNotFoundException
			require.ErrorAs(t, err, &exception)
			assert.Equal(t, "R1", exception.RequestID)
			checkResponse(t, err, 404, "R1")
			assert.LessOrEqual(t, len(err.Error()), longestText)
			assert.NotRegexp(t, `[\r\n]`, err.Error())
		})
	}
}

// checkErrorText checks that an error's text is one line without secrets.
func checkErrorText(t *testing.T, err error) {
	t.Helper()
	text := err.Error()
	for _, secret := range []string{exampleSecret, exampleToken} {
		if strings.Contains(text, secret) {
			t.Errorf("error %q holds %q", text, secret)
		}
	}
	if strings.ContainsAny(text, "\r\n\x00\x1b") {
		t.Errorf("error %q, want one line without control characters", text)
	}
}

func FuzzErrorResponse(f *testing.F) {
	var file struct{ Cases []errorCase }
	cases(f, "errors.json", &file)
	for _, c := range file.Cases {
		f.Add(c.Status, c.Header["X-Amzn-Errortype"], []byte(c.Body))
	}
	f.Add(403, "", []byte(`{"code":"`+exampleToken+`","Message":"`+exampleSecret+`"}`))
	html := `<a href="https://b/k?X-Amz-Signature=1">` + strings.Repeat("é", 300)
	f.Add(403, "A"+exampleToken, []byte(html))
	f.Add(500, "", []byte(strings.Repeat(`{"a":`, 20000)))
	f.Fuzz(func(t *testing.T, status int, code string, body []byte) {
		if status >= 200 && status <= 299 {
			return
		}
		response := exceptionResponse(status, code)
		response.body = string(body)
		_, err := describe(t, options(responses(response)))
		checkAnyFailure(t, err, status)
	})
}

// checkAnyFailure checks what holds for the error of any response that is not a
// success, with the request id R1.
func checkAnyFailure(t *testing.T, err error, status int) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error for status %d", status)
	}
	checkErrorText(t, err)
	resp, ok := errors.AsType[*awshttp.ResponseError](err)
	if !ok {
		t.Fatalf("no *http.ResponseError in the chain of %v", err)
	}
	if got := resp.HTTPStatusCode(); got != status {
		t.Errorf("error %v has status %d, want %d", err, got, status)
	}
	if got := resp.ServiceRequestID(); got != "R1" {
		t.Errorf("error %v has request id %q, want R1", err, got)
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || api.ErrorCode() == "" {
		t.Errorf("error %v, want a smithy.APIError with a code", err)
	}
}
