package snapshotjob

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// lenient reads JSON as the official client does: of a member that comes twice
// the last one counts, and invalid UTF-8 becomes U+FFFD.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// decodeJSON reads the first JSON value of body. An empty body and null give
// the zero value.
func decodeJSON[T any](body []byte, opts ...json.Options) (v T, err error) {
	// Package json would merge an object that comes twice into the one before,
	// where the last should count: such a body takes the way through a map.
	d := decoders.Get().(*decoder)
	d.body = *bytes.NewBuffer(body)
	d.Reset(&d.body, jsontext.AllowInvalidUTF8(true))
	err = json.UnmarshalDecode(&d.Decoder, &v, opts...)
	d.body = bytes.Buffer{}
	d.Reset(&d.body) // lets go of the body
	decoders.Put(d)
	switch {
	case err == io.EOF:
		return v, nil
	case !errors.Is(err, jsontext.ErrDuplicateName):
		return v, err
	}
	var members any
	err = json.UnmarshalDecode(jsontext.NewDecoder(bytes.NewBuffer(body), lenient), &members, keepNumbers)
	if err != nil {
		return v, err
	}
	once, err := json.Marshal(members, lenient)
	if err != nil {
		return v, err
	}
	v = *new(T)
	err = json.Unmarshal(once, &v, append(opts, lenient)...)
	return v, err
}

// decoders keep their stacks, and their cache of short strings such as the names
// of formats, from one body to the next.
var decoders = sync.Pool{New: func() any { return new(decoder) }}

type decoder struct {
	jsontext.Decoder
	body bytes.Buffer
}

// keepNumbers keeps the text of a number that is decoded into an any.
var keepNumbers = json.WithUnmarshalers(json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *any) error {
	if dec.PeekKind() != '0' {
		return errors.ErrUnsupported
	}
	number, err := dec.ReadValue()
	*v = number.Clone()
	return err
}))

// complete reports whether body begins with a whole JSON value, or with
// something that no further bytes would make one.
func complete(body []byte) bool {
	err := jsontext.NewDecoder(bytes.NewReader(body), lenient).SkipValue()
	return !errors.Is(err, io.ErrUnexpectedEOF)
}

// epochSeconds decodes a timestamp as the official client does: a JSON number
// of seconds, cut to milliseconds. Beyond the year 9999, where that client's
// nanoseconds wrap around in silence, it is an error.
type epochSeconds struct{ time.Time }

func (t *epochSeconds) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch value.Kind() {
	case 'n':
		t.Time = time.Time{}
		return nil
	case '0':
		seconds, err := strconv.ParseFloat(string(value), 64)
		if err != nil {
			return fmt.Errorf("timestamp %.32q is out of range", value)
		}
		// The comparison is false for any year that time can't write.
		if ms := seconds * 1e3; ms > -62167219200000 && ms < 253402300800000 {
			t.Time = time.UnixMilli(int64(ms)).UTC()
			return nil
		}
		return fmt.Errorf("timestamp %.32q is outside the years 0 to 9999", value)
	}
	return fmt.Errorf("expected Timestamp to be a JSON Number, got %s instead", value.Kind())
}

// bodyStatus is the Status that a body of DescribeDashboardSnapshotJob says. It
// is cosmetic, so one that is no integer is ignored.
type bodyStatus int32

func (s *bodyStatus) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	*s = 0
	n, err := strconv.ParseFloat(strings.Trim(string(value), `"`), 64)
	if err == nil && n == math.Trunc(n) && math.Abs(n) <= math.MaxInt32 {
		*s = bodyStatus(n)
	}
	return nil
}

// Parameters go over the wire as the official client sends them: times in epoch
// seconds, numbers that JSON lacks as strings.
var (
	parameterEncoders = json.WithMarshalers(json.JoinMarshalers(
		json.MarshalToFunc(func(enc *jsontext.Encoder, t time.Time) error {
			return enc.WriteToken(jsontext.Float(float64(t.UnixMilli()) / 1e3))
		}),
		json.MarshalToFunc(func(enc *jsontext.Encoder, f float64) error {
			switch {
			case math.IsNaN(f):
				return enc.WriteToken(jsontext.String("NaN"))
			case math.IsInf(f, 1):
				return enc.WriteToken(jsontext.String("Infinity"))
			case math.IsInf(f, -1):
				return enc.WriteToken(jsontext.String("-Infinity"))
			}
			return enc.WriteToken(jsontext.Float(f))
		}),
	))
	parameterDecoders = json.WithUnmarshalers(json.JoinUnmarshalers(
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, t *time.Time) error {
			var e epochSeconds
			err := e.UnmarshalJSONFrom(dec)
			*t = e.Time
			return err
		}),
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, f *float64) error {
			value, err := dec.ReadValue()
			if err != nil {
				return err
			}
			switch kind := value.Kind(); {
			case kind == 'n':
				*f = 0
			case kind == '0':
				*f, err = strconv.ParseFloat(string(value), 64)
			case strings.EqualFold(string(value), `"NaN"`):
				*f = math.NaN()
			case strings.EqualFold(string(value), `"Infinity"`):
				*f = math.Inf(1)
			case strings.EqualFold(string(value), `"-Infinity"`):
				*f = math.Inf(-1)
			default:
				err = fmt.Errorf("expected Double to be a JSON Number, got %s instead", kind)
			}
			return err
		}),
	))
)
