package snapshotjob

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

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

type errorCase struct {
	ID         string            `json:"id"`
	Status     int               `json:"status"`
	Header     map[string]string `json:"header"`
	Body       string            `json:"body"`
	BodyBase64 string            `json:"body_base64"`
	Nested     int               `json:"nested"`
	Want       wantError         `json:"want"`
}

func (c errorCase) answer(t *testing.T) answer {
	a := answer{status: c.Status, header: c.Header, body: c.Body}
	if c.BodyBase64 != "" {
		a.body = fromBase64(t, c.BodyBase64)
	}
	if c.Nested > 0 {
		a.body = strings.Repeat(`{"a":`, c.Nested) + "1" + strings.Repeat("}", c.Nested)
	}
	return a
}

func TestErrorResponses(t *testing.T) {
	var file struct{ Cases []errorCase }
	cases(t, "errors.json", &file)
	for _, tt := range file.Cases {
		t.Run(tt.ID, func(t *testing.T) {
			sent := answers(tt.answer(t))
			out, err := describe(t, options(sent))
			if out != nil || err == nil {
				t.Fatalf("output %+v and error %v, want an error alone", out, err)
			}
			checkAPIError(t, err, tt.Want)
			if got := len(sent.requests); got != tt.Want.Attempts {
				t.Errorf("%d attempts, want %d", got, tt.Want.Attempts)
			}
		})
	}
}

// checkAPIError checks the whole chain of an error that came in a response.
func checkAPIError(t *testing.T, err error, want wantError) {
	t.Helper()
	if op, ok := err.(*smithy.OperationError); !ok || op.ServiceID != "QuickSight" || op.OperationName != "DescribeDashboardSnapshotJobResult" {
		t.Errorf("the outermost error is %T, want a *smithy.OperationError with the operation's names", err)
	}
	if exhausted, ok := errorAs[*retry.MaxAttemptsError](err); ok != (want.Attempts > 1) || ok && exhausted.Attempt != want.Attempts {
		t.Errorf("MaxAttemptsError in the chain: %v, want %v", ok, want.Attempts > 1)
	}
	resp, ok := errorAs[*awshttp.ResponseError](err)
	if !ok {
		t.Fatalf("no *awshttp.ResponseError in the chain of %v", err)
	}
	if resp.HTTPStatusCode() != want.Status || resp.ServiceRequestID() != want.RequestID {
		t.Errorf("status %d and request id %q, want %d and %q", resp.HTTPStatusCode(), resp.ServiceRequestID(), want.Status, want.RequestID)
	}
	api, ok := errorAs[smithy.APIError](err)
	if !ok {
		t.Fatalf("no smithy.APIError in the chain of %v", err)
	}
	got := wantError{
		Type: strings.TrimPrefix(fmt.Sprintf("%T", api), "*snapshotjob."), Code: api.ErrorCode(), Message: api.ErrorMessage(),
		Fault: api.ErrorFault().String(),
	}
	if got.Type == "*smithy.GenericAPIError" {
		got.Type = "GenericAPIError"
	}
	if want.MessageStarts != "" {
		if !strings.HasPrefix(got.Message, want.MessageStarts) || len(got.Message) > 300 {
			t.Errorf("message %q, want at most 300 bytes that begin with %q", got.Message, want.MessageStarts)
		}
		got.Message = ""
	}
	if got, want := got, (wantError{Type: want.Type, Code: want.Code, Message: want.Message, Fault: want.Fault}); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if want.Type != "GenericAPIError" {
		id := want.ExceptionRequestID
		if id == "" {
			id = want.RequestID
		}
		fields := reflect.ValueOf(api).Elem()
		if got := fields.FieldByName("RequestID").String(); got != id {
			t.Errorf("the exception's RequestID is %q, want %q", got, id)
		}
		if f := fields.FieldByName("ResourceType"); f.IsValid() && f.String() != want.ResourceType {
			t.Errorf("ResourceType %q, want %q", f.String(), want.ResourceType)
		}
	}
	if strings.ContainsAny(err.Error(), "\n\r") {
		t.Errorf("error %q, want one line", err)
	}
}

func TestErrorTexts(t *testing.T) {
	tests := []struct {
		name    string
		job     Job
		answers []answer
		want    string
	}{
		{"typed", exampleJob, []answer{apiError(404, "ResourceNotFoundException")},
			"operation error QuickSight: DescribeDashboardSnapshotJobResult, 111122223333/dash/job: https response error StatusCode: 404, RequestID: R1, ResourceNotFoundException: m"},
		{"generic", exampleJob, []answer{apiError(400, "ValidationException")},
			"operation error QuickSight: DescribeDashboardSnapshotJobResult, 111122223333/dash/job: https response error StatusCode: 400, RequestID: R1, api error ValidationException: m"},
		{"exhausted", exampleJob, []answer{apiError(500, "InternalFailureException")},
			"operation error QuickSight: DescribeDashboardSnapshotJobResult, 111122223333/dash/job: exceeded maximum number of attempts, 3, https response error StatusCode: 500, RequestID: R1, InternalFailureException: m"},
		{"send failure", exampleJob, []answer{{err: errors.New("dial tcp 192.0.2.1:443: connect: connection refused")}},
			"operation error QuickSight: DescribeDashboardSnapshotJobResult, 111122223333/dash/job: exceeded maximum number of attempts, 3, https response error StatusCode: 0, RequestID: , request send failed, dial tcp 192.0.2.1:443: connect: connection refused"},
		{"cut-off body", exampleJob, []answer{{status: 200, header: map[string]string{"X-Amzn-Requestid": "R1"}, body: `{"JobSta`}},
			"operation error QuickSight: DescribeDashboardSnapshotJobResult, 111122223333/dash/job: exceeded maximum number of attempts, 3, https response error StatusCode: 200, RequestID: R1, deserialization failed, failed to decode response body, cut off after 8 bytes: jsontext: unexpected EOF after offset 8"},
		{"HTML with a 200", exampleJob, []answer{{status: 200, header: map[string]string{"Content-Type": "text/html", "X-Amzn-Requestid": "R1"}, body: "<html>\ncaptive portal</html>"}},
			`operation error QuickSight: DescribeDashboardSnapshotJobResult, 111122223333/dash/job: https response error StatusCode: 200, RequestID: R1, deserialization failed, failed to decode response body, jsontext: invalid character '<' at start of value, Content-Type "text/html", body "<html> captive portal</html>"`},
		{"HTML with a 502", exampleJob, []answer{{status: 502, body: "<html>bad gateway</html>"}},
			"operation error QuickSight: DescribeDashboardSnapshotJobResult, 111122223333/dash/job: exceeded maximum number of attempts, 3, https response error StatusCode: 502, RequestID: , api error UnknownError: <html>bad gateway</html>"},
		{"not finished", exampleJob, []answer{{status: 400, header: map[string]string{"X-Amzn-Errortype": "InvalidParameterValueException", "X-Amzn-Requestid": "R1"},
			body: `{"Message":"Dashboard Snapshot Job with id job has not reached a terminal state."}`}},
			"operation error QuickSight: DescribeDashboardSnapshotJobResult, 111122223333/dash/job: https response error StatusCode: 400, RequestID: R1, InvalidParameterValueException: Dashboard Snapshot Job with id job has not reached a terminal state. (it is queued or running: Wait polls until it has finished)"},
		{"many faults", Job{"12", "", ".."}, nil,
			`operation error QuickSight: DescribeDashboardSnapshotJobResult, invalid input: AWSAccountID "12" is not an account id: want 12 digits; DashboardID is empty; SnapshotJobID ".." cannot stand in a request path`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(options(answers(tt.answers...))).DescribeDashboardSnapshotJobResult(t.Context(), tt.job)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %v", err, tt.want)
			}
		})
	}
}

func TestFaultTexts(t *testing.T) {
	_, err := New(Options{}).DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
	const want = "operation error QuickSight: DescribeDashboardSnapshotJobResult, invalid input: " +
		"Region is missing: failed to resolve service endpoint, endpoint rule error, Invalid Configuration: Missing Region (set Options.Region, or AWS_REGION before config.LoadDefaultConfig; a custom endpoint needs it too, for the signature); " +
		"Credentials are missing: every request is signed (set Options.Credentials, or pass config.LoadDefaultConfig's result to NewFromConfig)"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %v", err, want)
	}
}

func TestNotFinished(t *testing.T) {
	const message = "Dashboard Snapshot Job with id job has not reached a terminal state."
	for _, code := range []string{"InvalidParameterValueException", "PreconditionNotMetException", "ResourceNotFoundException", "SomethingElse"} {
		_, err := describe(t, options(answers(answer{status: 400, header: map[string]string{"X-Amzn-Errortype": code}, body: `{"Message":"` + message + `","message":"` + message + `"}`})))
		if !errors.Is(err, ErrJobNotFinished) {
			t.Errorf("%s: %v does not match ErrJobNotFinished", code, err)
		}
		if api, ok := errorAs[smithy.APIError](err); !ok || api.ErrorCode() != code || api.ErrorMessage() != message {
			t.Errorf("%s: the exception is %v, want that code and message", code, api)
		}
	}
	_, err := describe(t, options(answers(answer{status: 400, header: map[string]string{"X-Amzn-Errortype": "InvalidParameterValueException"}, body: `{"Message":"` + message + `"}`})))
	if _, ok := errorAs[*InvalidParameterValueException](err); !ok {
		t.Errorf("%v: no *InvalidParameterValueException in the chain", err)
	}
	_, err = describe(t, options(answers(apiError(400, "InvalidParameterValueException"))))
	if errors.Is(err, ErrJobNotFinished) {
		t.Errorf("%v matches ErrJobNotFinished, want only the service's own words to", err)
	}
	refused := answers(answer{status: 400, header: map[string]string{"X-Amzn-Errortype": "InvalidParameterValueException"}, body: `{"Message":"` + message + `"}`})
	_, err = New(options(refused)).DescribeDashboardSnapshotJob(t.Context(), exampleJob)
	if err == nil || errors.Is(err, ErrJobNotFinished) {
		t.Errorf("%v matches ErrJobNotFinished, want only the error of a result to", err)
	}
}

// An exception is one only for the operations whose model has it.
func TestExceptionsOfAnOperation(t *testing.T) {
	all := []string{
		"AccessDeniedException", "InternalFailureException", "InvalidParameterValueException", "LimitExceededException",
		"PreconditionNotMetException", "ResourceExistsException", "ResourceNotFoundException", "ThrottlingException",
		"UnsupportedPricingPlanException", "UnsupportedUserEditionException",
	}
	op := &operation{exceptions: all}
	for _, code := range all {
		header := http.Header{"X-Amzn-Errortype": {code}, "X-Amzn-Requestid": {"R1"}}
		err := decodeException(op, header, []byte(`{"Message":"m","ResourceType":"T"}`), exampleCredentials.value())
		if got := strings.TrimPrefix(fmt.Sprintf("%T", err), "*snapshotjob."); got != code || err.ErrorCode() != code {
			t.Errorf("code %s became a %s with code %s", code, got, err.ErrorCode())
		}
		if got, want := err.Error(), code+": m"; got != want {
			t.Errorf("text %q, want %q", got, want)
		}
		if f := reflect.ValueOf(err).Elem().FieldByName("ResourceType"); f.IsValid() && f.String() != "T" {
			t.Errorf("%s: ResourceType %q, want T", code, f)
		}
		if _, generic := decodeException(&operation{}, header, nil, exampleCredentials.value()).(*smithy.GenericAPIError); !generic {
			t.Errorf("%s became a type for an operation whose model lacks it", code)
		}
	}
}

func TestSurvivors(t *testing.T) {
	const maxSnippet = 400
	bodies := map[string]string{
		"nothing":          "",
		"HTML":             "<html><body>Service Unavailable</body></html>",
		"BOM":              "\uFEFF" + `{"Message":"m"}`,
		"cut off":          `{"Message":"m`,
		"binary":           string([]byte{0x1f, 0x8b, 8, 0, 0xff, 0xfe}),
		"very long":        strings.Repeat("x", 10<<20),
		"very long JSON":   `{"a":"` + strings.Repeat("x", 10<<20) + `","Message":"m"}`,
		"newlines":         strings.Repeat("line\r\n", 1000),
		"unterminated key": `{"Mess`,
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			header := map[string]string{"X-Amzn-Errortype": "ResourceNotFoundException", "X-Amzn-Requestid": "R1"}
			_, err := describe(t, options(answers(answer{status: 404, header: header, body: body})))
			e, ok := errorAs[*ResourceNotFoundException](err)
			if !ok || e.RequestID != "R1" {
				t.Fatalf("error %.200v, want a *ResourceNotFoundException with request id R1", err)
			}
			if resp, ok := errorAs[*awshttp.ResponseError](err); !ok || resp.HTTPStatusCode() != 404 || resp.ServiceRequestID() != "R1" {
				t.Errorf("error %.200v, want status 404 and request id R1", err)
			}
			if len(err.Error()) > maxSnippet+100 || strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("error of %d bytes, want one line of at most %d: %.300q", len(err.Error()), maxSnippet, err)
			}
		})
	}
}

// checkErrorText checks what every error's text keeps to.
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
	f.Add(403, "A"+exampleToken, []byte(`<a href="https://b/k?X-Amz-Signature=1">`+strings.Repeat("é", 300)))
	f.Add(500, "", []byte(strings.Repeat(`{"a":`, 20000)))
	f.Fuzz(func(t *testing.T, status int, code string, body []byte) {
		if status >= 200 && status <= 299 {
			return
		}
		header := map[string]string{"X-Amzn-Errortype": code, "X-Amzn-Requestid": "R1"}
		_, err := describe(t, options(answers(answer{status: status, header: header, body: string(body)})))
		if err == nil {
			t.Fatalf("no error for status %d", status)
		}
		checkErrorText(t, err)
		resp, ok := errorAs[*awshttp.ResponseError](err)
		if !ok || resp.HTTPStatusCode() != status || resp.ServiceRequestID() != "R1" {
			t.Errorf("error %v, want status %d and the request id", err, status)
		}
		api, ok := errorAs[smithy.APIError](err)
		if !ok || api.ErrorCode() == "" {
			t.Errorf("error %v, want a smithy.APIError with a code", err)
		}
	})
}
