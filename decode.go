package snapshotjob

import (
	"bytes"
	jsonv1 "encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// syntaxOptions make the decoder accept invalid UTF-8, which becomes U+FFFD, as in the
// official client.
var syntaxOptions = jsontext.AllowInvalidUTF8(true)

// parameterOptions make the decoder read times and numbers anywhere in a value as the
// service writes them. The decoder then looks for them at every member, which takes time,
// so that only the body with a dashboard's parameters is read in this way.
var parameterOptions = json.WithUnmarshalers(json.JoinUnmarshalers(
	json.UnmarshalFromFunc(decodeTimestamp),
	json.UnmarshalFromFunc(decodeSpecialNumber),
))

// encodeOptions make the encoder write times and numbers as the service reads them.
var encodeOptions = json.JoinOptions(
	syntaxOptions,
	json.WithMarshalers(json.JoinMarshalers(
		json.MarshalToFunc(encodeTimestamp),
		json.MarshalToFunc(encodeSpecialNumber),
	)),
)

// jsonDecoder is a decoder with its source. Decoders are pooled. The decoder reads a
// *bytes.Buffer in place, without a copy.
type jsonDecoder struct {
	source  bytes.Buffer // a field, so that it is not allocated for each body
	decoder *jsontext.Decoder
}

var jsonDecoders = sync.Pool{
	New: func() any { return &jsonDecoder{decoder: new(jsontext.Decoder)} },
}

// decodeJSON decodes the first JSON value of body into what into points to, as the
// official client does. What follows the value is ignored, as are unknown members.
// Names are case-sensitive. If a member stands twice, the last one counts; with the
// option jsontext.AllowDuplicateNames, objects are merged instead. Null is absent. An
// empty body and null give the zero value.
//
// The error matches io.ErrUnexpectedEOF if the value goes on beyond the body, and
// isWrongType if the value is whole but of another type.
func decodeJSON(body []byte, into any, options ...json.Options) error {
	err := decodeUniqueMembers(body, into, options)
	if isWrongType(err) {
		// The decoder has stopped at the wrong type. What follows may be cut off, or have
		// the same member again, with the right type. So the rest's syntax decides first.
		if syntaxErr := checkSyntax(body, options); syntaxErr != nil {
			err = syntaxErr
		}
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		body, err = keepLastMembers(body)
		if err != nil {
			return err
		}
		return decodeUniqueMembers(body, into, options)
	}
	return err
}

// decodeUniqueMembers is decodeJSON for a value in which no member stands twice. For a
// value with such a member the error matches jsontext.ErrDuplicateName, unless there is
// a wrong type before it.
func decodeUniqueMembers(body []byte, into any, options []json.Options) error {
	// An earlier attempt may have decoded a part.
	reflect.ValueOf(into).Elem().SetZero()

	d := jsonDecoders.Get().(*jsonDecoder)
	defer jsonDecoders.Put(d)
	d.source = *bytes.NewBuffer(body)
	d.decoder.Reset(&d.source, syntaxOptions)
	err := json.UnmarshalDecode(d.decoder, into, options...)
	d.source = bytes.Buffer{}
	d.decoder.Reset(&d.source, syntaxOptions) // otherwise the decoder keeps the body
	if err == io.EOF {
		return nil // the body is empty
	}
	return err
}

// checkSyntax returns what is wrong with the syntax of the first JSON value of body.
func checkSyntax(body []byte, options []json.Options) error {
	options = append([]json.Options{syntaxOptions}, options...)
	return jsontext.NewDecoder(bytes.NewReader(body), options...).SkipValue()
}

// keepLastMembers returns the first JSON value of body without repeated members: of
// those with one name the last one stays. It uses encoding/json, which replaces a
// repeated object. The decoder above would merge the two.
func keepLastMembers(body []byte) ([]byte, error) {
	decoder := jsonv1.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return jsonv1.Marshal(value)
}

// isWrongType reports whether err is of a JSON value of another type than wanted.
func isWrongType(err error) bool {
	_, ok := errors.AsType[*json.SemanticError](err)
	return ok
}

// decodeElements has decode read each element of an array, or each member of an object
// from its name on. The kind that is wanted is '[' or '{'. Null has no elements.
func decodeElements(
	decoder *jsontext.Decoder,
	want jsontext.Kind,
	decode func(*jsontext.Decoder) error,
) error {
	begin, err := decoder.ReadToken()
	if err != nil || begin.Kind() == 'n' { // null
		return err
	}
	if begin.Kind() != want {
		return fmt.Errorf("want %s", want)
	}
	for hasMore(decoder) {
		if err := decode(decoder); err != nil {
			return err
		}
	}
	// The end, or what stands in its place.
	_, err = decoder.ReadToken()
	return err
}

// hasMore reports whether another element or member comes next. It reports false before
// a syntax error too, which the next read returns.
func hasMore(decoder *jsontext.Decoder) bool {
	switch decoder.PeekKind() {
	case ']', '}', jsontext.KindInvalid:
		return false
	}
	return true
}

// earliestTimestamp and latestTimestamp enclose the timestamps that are accepted, in
// milliseconds since 1970: those of the years 0 to 9999, which time.Time can marshal.
var (
	earliestTimestamp = float64(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli())
	latestTimestamp   = float64(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli())
)

// timestamp is a time in a body of its own type.
type timestamp time.Time

// UnmarshalJSONFrom decodes epoch seconds.
func (t *timestamp) UnmarshalJSONFrom(decoder *jsontext.Decoder) error {
	return decodeTimestamp(decoder, (*time.Time)(t))
}

// decodeTimestamp decodes epoch seconds. Like the official client, it cuts them to
// milliseconds.
func decodeTimestamp(decoder *jsontext.Decoder, t *time.Time) error {
	value, err := decoder.ReadValue()
	if err != nil {
		return err
	}
	if value.Kind() == 'n' { // null
		*t = time.Time{}
		return nil
	}
	seconds, err := strconv.ParseFloat(string(value), 64)
	milliseconds := seconds * 1e3
	inRange := milliseconds > earliestTimestamp && milliseconds < latestTimestamp
	if err != nil || !inRange {
		return errors.New("want seconds, within the years 0 to 9999")
	}
	*t = time.UnixMilli(int64(milliseconds)).UTC()
	return nil
}

// encodeTimestamp encodes epoch seconds, cut to milliseconds.
func encodeTimestamp(encoder *jsontext.Encoder, t time.Time) error {
	return encoder.WriteToken(jsontext.Float(float64(epochMilliseconds(t)) / 1e3))
}

// epochMilliseconds returns a time in milliseconds since 1970. Like the official client,
// it cuts the rest off, which makes a time before 1970 later. UnixMilli of package time
// makes it earlier.
func epochMilliseconds(t time.Time) int64 {
	milliseconds := t.UnixMilli()
	hasRest := t.Nanosecond()%int(time.Millisecond) != 0
	if milliseconds < 0 && hasRest {
		milliseconds++
	}
	return milliseconds
}

// decodeSpecialNumber decodes NaN and the infinities, which JSON does not have as
// numbers, and which the service writes as strings. For other numbers it returns
// errors.ErrUnsupported, at which the decoder decodes them in its own way.
func decodeSpecialNumber(decoder *jsontext.Decoder, number *float64) error {
	if decoder.PeekKind() != '"' {
		return errors.ErrUnsupported
	}
	token, err := decoder.ReadToken()
	if err != nil {
		return err
	}
	switch strings.ToLower(token.String()) {
	case "nan":
		*number = math.NaN()
	case "infinity":
		*number = math.Inf(1)
	case "-infinity":
		*number = math.Inf(-1)
	default:
		return errors.New("want a number")
	}
	return nil
}

// encodeSpecialNumber encodes NaN and the infinities as strings. For other numbers it
// returns errors.ErrUnsupported, at which the encoder encodes them in its own way.
func encodeSpecialNumber(encoder *jsontext.Encoder, number float64) error {
	switch {
	case math.IsNaN(number):
		return encoder.WriteToken(jsontext.String("NaN"))
	case math.IsInf(number, 1):
		return encoder.WriteToken(jsontext.String("Infinity"))
	case math.IsInf(number, -1):
		return encoder.WriteToken(jsontext.String("-Infinity"))
	}
	return errors.ErrUnsupported
}

// encodeJSON encodes a request's body. It panics for a value that cannot be encoded,
// which no request has once its input was checked.
func encodeJSON(value any) []byte {
	body, err := json.Marshal(value, encodeOptions)
	if err != nil {
		panic(fmt.Sprintf("snapshotjob: encode %T: %v", value, err))
	}
	return body
}
