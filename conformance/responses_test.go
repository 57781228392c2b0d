package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"unicode"
)

// anything stands in an expected answer for what a difference leaves open.
const anything = "(anything)"

// expected makes of the official client's answer the one that ours must be, by
// the differences that apply. ours is only looked at where the official one
// leaves no trace of what it was told.
func expected(op operation, r reply, a, ours answer) (answer, []Difference) {
	var applied []Difference
	apply := func(d Difference) {
		if !slices.Contains(applied, d) {
			applied = append(applied, d)
		}
	}
	headerID := r.header.Get("X-Amzn-Requestid")
	if headerID == "" {
		headerID = r.header.Get("X-Amz-Requestid")
	}
	if headerID != oneLine(headerID) {
		apply(OneLine)
		headerID, a.RequestID = oneLine(headerID), oneLine(a.RequestID)
	}
	ok := r.status >= 200 && r.status <= 299

	if ok && (looseTimestamp(op, r.body) || len(r.body) > 16<<20) {
		apply(Timestamps)
		ours.Attempts = a.Attempts
		return ours, applied
	}
	if ok && op == result && a.Output != nil && ours.Output == nil && bytes.Contains(r.body, []byte(`?REDACTED"`)) {
		apply(RedactedURI)
		return ours, applied
	}
	if out := a.Output; out != nil {
		if status := bodyStatus(r.body); status != int64(int32(status)) && out["status"] == int64(int32(status)) {
			apply(LargeStatus)
			out["status"] = status
		}
		if headerID != "" && out["requestid"] == nil {
			apply(HeaderRequestID)
			out["requestid"] = headerID
		}
		for name, asked := range map[string]string{"awsaccountid": exampleJob.AWSAccountID, "dashboardid": exampleJob.DashboardID, "snapshotjobid": exampleJob.SnapshotJobID} {
			if op != schedule && out[name] == nil {
				apply(AskedIDs)
				out[name] = asked
			}
		}
	}
	if a.Type == "" {
		return a, applied
	}

	if ok && r.cutOff && ours.Output != nil && len(bytes.TrimSpace(r.body)) > 0 && scan(r.body) == nil {
		apply(WholeValue)
		return ours, applied
	}
	if text := strings.ToLower(r.header.Get("X-Amzn-Errortype") + string(r.body)); a.Attempts > ours.Attempts && (strings.Contains(text, "connection reset") || strings.Contains(text, "connection refused") || strings.Contains(text, "broken pipe")) {
		apply(NotByMessage)
		a.Attempts, a.Exhausted = ours.Attempts, ours.Exhausted
	}
	if ok { // a body that can't be decoded
		err := scan(r.body)
		whole := err == nil && len(bytes.TrimSpace(r.body)) > 0
		if errors.Is(err, io.ErrUnexpectedEOF) || r.cutOff && !whole {
			if !op.isPost() {
				apply(CutOff)
				a.Attempts, a.Exhausted = 3, true
			}
		}
		a.Message = anything
		return a, applied
	}

	if a.Type == "DeserializationError" || r.cutOff || len(r.body) > 64<<10 {
		apply(KeptError)
		if r.cutOff || len(r.body) > 64<<10 {
			apply(WholeBodyOnly)
		}
		code := strings.TrimSpace(sanitized(r.header.Get("X-Amzn-Errortype")))
		if code != "" && !strings.EqualFold(code, ours.Code) {
			a.Code = code
			return a, applied
		}
		a.Type, a.Code, a.Message, a.ExceptionID, a.Resource = ours.Type, ours.Code, ours.Message, ours.ExceptionID, ours.Resource
		if a.Attempts == 1 || r.status == 429 { // its code decides
			a.Attempts, a.Exhausted = ours.Attempts, ours.Exhausted
		}
		if a.Type == "DeserializationError" {
			a.Type = "an API error"
		}
	}
	if strings.TrimSpace(a.Code) != a.Code || a.Code == "" {
		apply(FirstUsableCode)
		a.Type, a.Code, a.Message, a.ExceptionID, a.Resource = ours.Type, ours.Code, ours.Message, ours.ExceptionID, ours.Resource
		a.Attempts, a.Exhausted = ours.Attempts, ours.Exhausted
	}
	if headerID != "" && a.ExceptionID == "" && a.Type != "GenericAPIError" {
		apply(HeaderRequestID)
		a.ExceptionID = headerID
	}
	if keys := messageKeys(r.body); len(keys) > 1 && a.Message != ours.Message {
		apply(MessageTwice)
		a.Message = ours.Message
	}
	if oneLine(a.Message) != a.Message || oneLine(a.Code) != a.Code {
		apply(OneLine)
		a.Message, a.Code = oneLine(a.Message), oneLine(a.Code)
	}
	if a.Message != ours.Message && strings.Contains(ours.Message, "REDACTED") && strings.ContainsAny(a.Message, "=:?") {
		apply(Redacted)
		a.Message = ours.Message
	}
	if a.Code == "ExpiredToken" || a.Code == "ExpiredTokenException" {
		if a.Attempts == 1 {
			apply(FreshCredentials)
			a.Attempts = 2
		}
	}
	if op.isPost() && a.Code == "LimitExceededException" {
		if a.Attempts > 1 && !r.retriedByStatus() {
			apply(LimitExceeded)
		}
		a.Attempts, a.Exhausted = 1, false
	}
	return a, applied
}

func (r reply) retriedByStatus() bool { return r.status >= 500 && r.status <= 504 && r.status != 501 }

// check compares the answers of both clients to a reply.
func check(t *testing.T, op operation, r reply) []Difference {
	t.Helper()
	var applied []Difference
	synctest.Test(t, func(t *testing.T) {
		official, ours := ask(t, op, r)
		want, differences := expected(op, r, official, ours)
		if want.Described = op == start && want.Output == nil && (r.status <= 299 || r.status >= 500); want.Described {
			differences = append(differences, DescribesLostStart)
		}
		applied = differences
		if want.Message == anything {
			want.Message = ours.Message
		}
		if !reflect.DeepEqual(ours, want) {
			t.Errorf("%s, %v:\nsnapshotjob %+v\nwant        %+v\nofficial    %+v\ndifferences applied: %q", op, r, ours, want, official, differences)
		}
	})
	return applied
}

// scan reads the first JSON value of body, as encoding/json does.
func scan(body []byte) error {
	var v json.RawMessage
	err := json.NewDecoder(bytes.NewReader(body)).Decode(&v)
	if err == io.EOF {
		return nil
	}
	return err
}

// looseTimestamp reports whether a body holds a time that nanoseconds don't.
func looseTimestamp(op operation, body []byte) bool {
	var v any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if dec.Decode(&v) != nil {
		return false
	}
	var far func(any) bool
	far = func(v any) bool {
		switch v := v.(type) {
		case map[string]any:
			for _, item := range v {
				if far(item) {
					return true
				}
			}
		case []any:
			for _, item := range v {
				if far(item) {
					return true
				}
			}
		case json.Number:
			f, err := strconv.ParseFloat(string(v), 64)
			return err == nil && math.Abs(f) > 9.2e9
		}
		return false
	}
	return far(v)
}

func bodyStatus(body []byte) int64 {
	var v struct{ Status int64 }
	json.NewDecoder(bytes.NewReader(body)).Decode(&v)
	return v.Status
}

func messageKeys(body []byte) []string {
	var v map[string]any
	json.NewDecoder(bytes.NewReader(body)).Decode(&v)
	var keys []string
	for key := range v {
		if strings.EqualFold(key, "message") {
			keys = append(keys, key)
		}
	}
	return keys
}

func sanitized(code string) string {
	code, _, _ = strings.Cut(code, ":")
	if _, name, ok := strings.Cut(code, "#"); ok {
		return name
	}
	return code
}

func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
}

// words are what random bodies and headers are made of.
var words = []string{
	"AccessDeniedException", "ThrottlingException", "ResourceNotFoundException", "LimitExceededException", "InternalFailureException",
	"UnsupportedUserEditionException", "ExpiredTokenException", "TooManyRequestsException", "NoSuchException", "throttlingexception",
	"com.amazon#PreconditionNotMetException:http://internal.amazon.com/", "InvalidSignatureException", "RequestTimeout", "",
	"has not reached a terminal state", "ünïcode \\ud800", "line\\nbreak", "connection reset by peer",
}

var members = []string{"Message", "message", "code", "__type", "RequestId", "ResourceType", "Arn", "JobStatus", "CreatedTime", "Status", "ErrorInfo", "Result"}

// mutate changes a body in a few random places.
func mutate(rng *rand.Rand, body []byte) []byte {
	body = bytes.Clone(body)
	for range rng.IntN(4) {
		if len(body) == 0 {
			break
		}
		at := rng.IntN(len(body))
		switch rng.IntN(6) {
		case 0:
			body = body[:at]
		case 1:
			body[at] = byte(rng.Uint32())
		case 2:
			body = append(body[:at:at], body[min(at+1+rng.IntN(20), len(body)):]...)
		case 3:
			body = append(body[:at:at], append([]byte(`"`+words[rng.IntN(len(words))]+`"`), body[at:]...)...)
		case 4:
			values := []string{"null", "1", "-1.5e3", "true", "{}", "[]", `""`, "1e400"}
			if colon := bytes.IndexByte(body[at:], ':'); colon >= 0 {
				from := at + colon + 1
				to := from
				for to < len(body) && body[to] != ',' && body[to] != '}' {
					to++
				}
				body = append(body[:from:from], append([]byte(values[rng.IntN(len(values))]), body[to:]...)...)
			}
		case 5:
			member := `"` + members[rng.IntN(len(members))] + `":"` + words[rng.IntN(len(words))] + `",`
			if brace := bytes.IndexByte(body, '{'); brace >= 0 {
				body = append(body[:brace+1:brace+1], append([]byte(member), body[brace+1:]...)...)
			}
		}
	}
	return body
}

var bodies = []string{
	``, `null`, `{}`, `[]`, `"text"`, `<html><body>502 Bad Gateway</body></html>`,
	`{"Message":"m","RequestId":"R2","ResourceType":"DASHBOARD"}`,
	`{"__type":"com.amazonaws.quicksight#ThrottlingException","message":"slow down"}`,
	`{"code":"ResourceNotFoundException","Message":"Dashboard Snapshot Job with id x has not reached a terminal state."}`,
	`{"JobStatus":"QUEUED","Status":2147483648}`,
	`{"Arn":"a","JobStatus":"FAILED","CreatedTime":1700000000.123,"LastUpdatedTime":1.7E9,"ErrorInfo":{"ErrorType":"CAPABILITY_RESTRICTED","ErrorMessage":"no"},"RequestId":"R3"}`,
	`{"JobStatus":"COMPLETED","Result":{"RegisteredUsers":[{"FileGroups":[{"Files":[{"FormatType":"CSV","SheetSelections":[{"SheetId":"s","SelectionScope":"SELECTED_VISUALS","VisualIds":["v"]}]}],"S3Results":[{"S3Uri":"s3://b/k","S3DestinationConfiguration":{"BucketConfiguration":{"BucketName":"b","BucketPrefix":"p","BucketRegion":"r"}},"ErrorInfo":[{"ErrorType":"RLS_CHANGED","ErrorMessage":"m"}]}]}]}]}}`,
	`{"AwsAccountId":"111122223333","DashboardId":"d","SnapshotJobId":"j","JobStatus":"QUEUED","Status":200,"UserConfiguration":{"AnonymousUsers":[{"RowLevelPermissionTagKeys":["k"]}]},"SnapshotConfiguration":{"FileGroups":[{"Files":[{"FormatType":"PDF"}]}],"DestinationConfiguration":{"S3Destinations":[{"BucketConfiguration":{"BucketName":"b"}}]},"Parameters":{"StringParameters":[{"Name":"n","Values":["v"]}],"IntegerParameters":[{"Name":"n","Values":[1]}],"DecimalParameters":[{"Name":"n","Values":[1.5,"NaN"]}],"DateTimeParameters":[{"Name":"n","Values":[1.7e9]}]}}}`,
}

var statuses = []int{200, 200, 200, 201, 202, 204, 301, 400, 401, 403, 404, 408, 409, 413, 429, 500, 501, 502, 503, 504, 599}

// TestSameAnswers has both clients read bodies that were changed at random.
func TestSameAnswers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	seen := map[Difference]int{}
	for range 2000 {
		r := reply{status: statuses[rng.IntN(len(statuses))], header: http.Header{}, body: mutate(rng, []byte(bodies[rng.IntN(len(bodies))]))}
		if rng.IntN(2) == 0 {
			r.header.Set("X-Amzn-Errortype", strings.TrimSpace(oneLine(words[rng.IntN(len(words))])))
		}
		if rng.IntN(2) == 0 {
			r.header.Set([]string{"X-Amzn-Requestid", "X-Amz-Requestid"}[rng.IntN(2)], "R1")
		}
		if rng.IntN(4) == 0 {
			r.header.Set("Date", []string{"Sat, 01 Jan 2000 00:00:00 GMT", "Sat, 01 Jan 2000 00:10:00 GMT", "yesterday"}[rng.IntN(3)])
		}
		r.cutOff = rng.IntN(10) == 0
		for _, d := range check(t, operations[rng.IntN(len(operations))], r) {
			seen[d]++
		}
		if t.Failed() {
			break
		}
	}
	for d, n := range seen {
		t.Logf("%4d %s", n, d)
	}
}

// FuzzAnswers does the same with what the fuzzer draws.
func FuzzAnswers(f *testing.F) {
	for i, body := range bodies {
		f.Add(i, 404, "ResourceNotFoundException", "R1", []byte(body), false)
		f.Add(i, 200, "", "", []byte(body), false)
		f.Add(i, 503, "x#ThrottlingException:y", "", []byte(body), i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, op, status int, code, id string, body []byte, cutOff bool) {
		if status < 200 || status > 999 || len(body) > 32<<10 || strings.ContainsFunc(code+id, unicode.IsControl) {
			t.Skip("no HTTP response")
		}
		header := http.Header{}
		header.Set("X-Amzn-Errortype", strings.TrimSpace(code))
		header.Set("X-Amzn-Requestid", strings.TrimSpace(id))
		check(t, operations[uint(op)%uint(len(operations))], reply{status, header, body, cutOff})
	})
}
