package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"unicode"
)

// maxErrorBody is how much of an error's body this repository's client reads, and the
// others are how much it shows of a code or a request id, and of a message. All are in
// bytes.
const (
	maxErrorBody     = 64 << 10
	maxCodeLength    = 128
	maxMessageLength = 4 << 10
)

// expectation is the outcome that this repository's client must have. It is
// derived from that of the official client by the differences that apply. Where
// the official client leaves no trace of what it received, the outcome of this
// repository's client fills the gap.
type expectation struct {
	t       *testing.T
	op      operation
	reply   reply
	ours    outcome // what this repository's client made of the reply
	want    outcome // at first what the official client made of it
	applied []Difference
}

// expect derives what this repository's client must make of a reply.
func expect(t *testing.T, op operation, r reply, official, ours outcome) *expectation {
	e := &expectation{t: t, op: op, reply: r, ours: ours, want: official}
	e.requestID()
	switch {
	case !r.isSuccess():
		e.afterError()
	case official.Output != nil:
		e.afterOutput()
	default:
		e.afterBrokenSuccess()
	}
	e.describesLostStart()
	return e
}

func (e *expectation) apply(d Difference) {
	if !slices.Contains(e.applied, d) {
		e.applied = append(e.applied, d)
	}
}

// headerRequestID is the header's request id, as this repository's client shows it.
func (e *expectation) headerRequestID() string {
	return e.bounded(oneLine(e.reply.requestID()), maxCodeLength)
}

// requestID expects a request id of one line that isn't too long.
func (e *expectation) requestID() {
	if id := e.reply.requestID(); id != oneLine(id) {
		e.apply(OneLine)
		e.want.RequestID = oneLine(e.want.RequestID)
	}
	e.want.RequestID = e.bounded(e.want.RequestID, maxCodeLength)
}

// bounded returns a text as an error shows it if it may have a number of bytes.
func (e *expectation) bounded(text string, length int) string {
	if len(text) <= length {
		return text
	}
	e.apply(BoundedText)
	return strings.ToValidUTF8(text[:length], "") + "…"
}

// describesLostStart expects that the job is described after a start of which it is
// not clear whether it took place, and never otherwise.
func (e *expectation) describesLostStart() {
	unclear := e.reply.status <= 299 || e.reply.status >= 500
	e.want.Described = e.op == start && e.want.Output == nil && unclear
	if e.want.Described {
		e.apply(DescribesLostStart)
	}
}

// afterOutput is what follows from a 2xx response that the official client
// decoded.
func (e *expectation) afterOutput() {
	if e.farTimestamp() {
		return
	}
	if e.op == result && e.ours.Output == nil && bytes.Contains(e.reply.body, []byte(`?REDACTED"`)) {
		e.apply(RedactedURI)
		e.want = e.ours
		return
	}
	out := e.want.Output
	status := bodyStatus(e.reply.body)
	cut := int64(int32(status))
	if status != cut && out["status"] == cut {
		e.apply(LargeStatus)
		out["status"] = status
	}
	if id := e.headerRequestID(); id != "" && out["requestid"] == nil {
		e.apply(HeaderRequestID)
		out["requestid"] = id
	}
	switch e.op {
	case schedule:
	case definition:
		e.setAskedID("dashboardid", exampleJob.DashboardID)
		e.definitionIsKept()
	default:
		e.setAskedID("awsaccountid", exampleJob.AWSAccountID)
		e.setAskedID("dashboardid", exampleJob.DashboardID)
		e.setAskedID("snapshotjobid", exampleJob.SnapshotJobID)
	}
}

// setAskedID sets an id that the output lacks.
func (e *expectation) setAskedID(name, asked string) {
	if e.want.Output[name] == nil {
		e.apply(AskedIDs)
		e.want.Output[name] = asked
	}
}

// farTimestamp allows everything but another number of attempts if the body holds
// a number that overflows the official client's timestamps.
func (e *expectation) farTimestamp() bool {
	if e.op == definition || !holdsFarNumber(e.reply.body) {
		return false
	}
	e.apply(Timestamps)
	attempts := e.want.Attempts
	e.want = e.ours
	e.want.Attempts = attempts
	return true
}

// afterBrokenSuccess is what follows from a 2xx response that the official client
// could not decode.
func (e *expectation) afterBrokenSuccess() {
	if e.farTimestamp() {
		return
	}
	err := scan(e.reply.body)
	whole := err == nil && len(bytes.TrimSpace(e.reply.body)) > 0
	if whole && e.reply.cutOff && e.ours.Output != nil {
		e.apply(WholeValue)
		e.want = e.ours
		return
	}
	if e.op == definition && whole && e.skipsWrongTypes() {
		return
	}
	e.attemptsIgnoreWords()
	cutOff := errors.Is(err, io.ErrUnexpectedEOF) || e.reply.cutOff && !whole
	if cutOff && !e.op.isPost() {
		e.apply(CutOff)
		e.want.Attempts = 3
		e.want.Exhausted = true
	}
	// The message may be any.
	e.want.Message = e.ours.Message
}

// attemptsIgnoreWords expects no further attempt because of what a text says.
func (e *expectation) attemptsIgnoreWords() {
	if e.want.Attempts <= e.ours.Attempts {
		return
	}
	text := strings.ToLower(e.reply.header.Get("X-Amzn-Errortype") + string(e.reply.body))
	for _, words := range []string{"connection reset", "connection refused", "broken pipe"} {
		if strings.Contains(text, words) {
			e.apply(NotByMessage)
			e.want.copyAttempts(e.ours)
		}
	}
}

// afterError is what follows from a response that is not 2xx.
func (e *expectation) afterError() {
	e.attemptsIgnoreWords()
	if !e.errorIsKept() {
		return
	}
	e.codeIsUsable()
	if id := e.headerRequestID(); id != "" && e.want.ExceptionID == "" && e.want.Type != "GenericAPIError" {
		e.apply(HeaderRequestID)
		e.want.ExceptionID = id
	}
	e.texts()
	e.credentialsAreRefreshed()
	e.limitIsFinal()
}

// errorIsKept expects an exception although the body can't be read. Which one is
// known if the header has a code. It returns false if this repository's client
// has an exception of another code: nothing else is worth comparing then.
func (e *expectation) errorIsKept() bool {
	tooLong := len(e.reply.body) > maxErrorBody
	if e.want.Type != "DeserializationError" && !e.reply.cutOff && !tooLong {
		return true
	}
	e.apply(KeptError)
	if e.reply.cutOff || tooLong {
		e.apply(WholeBodyOnly)
	}
	code := strings.TrimSpace(bareCode(e.reply.header.Get("X-Amzn-Errortype")))
	code = e.bounded(oneLine(code), maxCodeLength)
	if code != "" && !strings.EqualFold(code, e.ours.Code) {
		e.want.Code = code
		return false
	}
	// The official client tried again, or not, without knowing the code.
	if e.want.Attempts == 1 || e.reply.status == http.StatusTooManyRequests {
		e.want.copyAttempts(e.ours)
	}
	e.want.copyException(e.ours)
	if e.want.Type == "DeserializationError" {
		e.want.Type = "an API error"
	}
	return true
}

// codeIsUsable expects another code where that of the official client is empty or
// has spaces around it.
func (e *expectation) codeIsUsable() {
	if e.want.Code != "" && strings.TrimSpace(e.want.Code) == e.want.Code {
		return
	}
	e.apply(FirstUsableCode)
	e.want.copyException(e.ours)
	e.want.copyAttempts(e.ours)
}

// texts expects texts of one line that hold no secret and aren't too long.
func (e *expectation) texts() {
	if e.want.Message != e.ours.Message && hasTwoMessages(e.reply.body) {
		e.apply(MessageTwice)
		e.want.Message = e.ours.Message
	}
	if oneLine(e.want.Message) != e.want.Message || oneLine(e.want.Code) != e.want.Code {
		e.apply(OneLine)
		e.want.Message = oneLine(e.want.Message)
		e.want.Code = oneLine(e.want.Code)
	}
	e.want.Code = e.bounded(e.want.Code, maxCodeLength)
	e.want.ExceptionID = e.bounded(e.want.ExceptionID, maxCodeLength)
	e.want.Message = e.bounded(e.want.Message, maxMessageLength)
	redacted := strings.Contains(e.ours.Message, "REDACTED") && strings.ContainsAny(e.want.Message, "=:?")
	if e.want.Message != e.ours.Message && redacted {
		e.apply(Redacted)
		e.want.Message = e.ours.Message
	}
}

// credentialsAreRefreshed expects a second attempt after expired credentials.
func (e *expectation) credentialsAreRefreshed() {
	expired := []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
	if slices.Contains(expired, e.want.Code) && e.want.Attempts == 1 {
		e.apply(FreshCredentials)
		e.want.Attempts = 2
	}
}

// limitIsFinal expects a single attempt of a start that the account's limit
// refuses.
func (e *expectation) limitIsFinal() {
	if !e.op.isPost() || e.want.Code != "LimitExceededException" {
		return
	}
	if e.want.Attempts > 1 {
		e.apply(LimitExceeded)
	}
	e.want.Attempts = 1
	e.want.Exhausted = false
}

// checkReply compares what both clients make of a reply, and returns the
// differences that applied.
func checkReply(t *testing.T, op operation, r reply) []Difference {
	t.Helper()
	var applied []Difference
	synctest.Test(t, func(t *testing.T) {
		official, ours := exchange(t, op, r)
		e := expect(t, op, r, official, ours)
		applied = e.applied
		if !reflect.DeepEqual(ours, e.want) {
			t.Errorf("%s, %v:\nsnapshotjob %+v\nwant        %+v\nofficial    %+v\ndifferences applied: %q",
				op, r, ours, e.want, official, e.applied)
		}
	})
	return applied
}

// scan reads the first JSON value of a body, which may also be empty.
func scan(body []byte) error {
	var value json.RawMessage
	err := json.NewDecoder(bytes.NewReader(body)).Decode(&value)
	if err == io.EOF {
		return nil
	}
	return err
}

// decodeFirst reads the first JSON value of a body as far as v has a place for
// it. A body that can't be read leaves v as it was read until then.
func decodeFirst(body []byte, v any) {
	json.NewDecoder(bytes.NewReader(body)).Decode(v)
}

// holdsFarNumber reports whether a body holds a number that is too large for a
// timestamp in nanoseconds.
func holdsFarNumber(body []byte) bool {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil {
		return false
	}
	return isFar(value)
}

func isFar(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		for _, member := range value {
			if isFar(member) {
				return true
			}
		}
		return false
	case []any:
		return slices.ContainsFunc(value, isFar)
	case json.Number:
		const nanosecondsEnd = 9.2e9 // seconds
		seconds, err := strconv.ParseFloat(string(value), 64)
		return err == nil && math.Abs(seconds) > nanosecondsEnd
	default:
		return false
	}
}

func bodyStatus(body []byte) int64 {
	var output struct{ Status int64 }
	decodeFirst(body, &output)
	return output.Status
}

// hasTwoMessages reports whether a body has its message under several keys.
func hasTwoMessages(body []byte) bool {
	var members map[string]any
	decodeFirst(body, &members)
	messages := 0
	for key := range members {
		if strings.EqualFold(key, "message") {
			messages++
		}
	}
	return messages > 1
}

// bareCode returns a code without its namespace and its URI.
func bareCode(code string) string {
	code, _, _ = strings.Cut(code, ":")
	if _, name, found := strings.Cut(code, "#"); found {
		return name
	}
	return code
}

// oneLine replaces control characters, line separators, and characters that change the
// direction of the text by spaces.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
}
