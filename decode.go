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
	d := newDecoder(body)
	err = json.UnmarshalDecode(&d.Decoder, &v, opts...)
	d.release()
	if err == nil || err == io.EOF {
		return v, nil
	}
	// The error may be of a value that a second member of its name replaces.
	members, again := lastMembers(jsontext.NewDecoder(bytes.NewBuffer(body), lenient))
	if again != nil {
		return v, err
	}
	once, again := json.Marshal(members, lenient)
	if again != nil {
		return v, err
	}
	v = *new(T)
	again = json.Unmarshal(once, &v, append(opts, lenient)...)
	if again != nil && !errors.Is(err, jsontext.ErrDuplicateName) {
		return v, err
	}
	return v, again
}

// decoder reads one body. In the pool it keeps its stacks, and its cache of short
// strings such as the names of formats, from one body to the next.
type decoder struct {
	jsontext.Decoder
	body    bytes.Buffer
	options json.Options
	results []SnapshotJobS3Result // room for lists of one, as nearly all are, in one piece
}

var decoders = sync.Pool{New: func() any {
	d := &decoder{}
	d.options = json.JoinOptions(jsontext.AllowInvalidUTF8(true), json.WithUnmarshalers(json.JoinUnmarshalers(
		json.UnmarshalFromFunc(beginGroups), json.UnmarshalFromFunc(d.beginResults))))
	return d
}}

// beginGroups and beginResults give a list room, and leave reading it to package
// json.
func beginGroups(dec *jsontext.Decoder, list *[]SnapshotJobResultFileGroup) error {
	if *list == nil && dec.PeekKind() == '[' {
		*list = make([]SnapshotJobResultFileGroup, 0, 7) // a job has no more
	}
	return errors.ErrUnsupported
}

func (d *decoder) beginResults(dec *jsontext.Decoder, list *[]SnapshotJobS3Result) error {
	if *list == nil && dec.PeekKind() == '[' {
		if len(d.results) == 0 {
			n := 7 // a job's; more than that are many
			if d.results != nil {
				n = 64
			}
			d.results = make([]SnapshotJobS3Result, n)
		}
		*list, d.results = d.results[:0:1], d.results[1:]
	}
	return errors.ErrUnsupported
}

func newDecoder(body []byte) *decoder {
	d := decoders.Get().(*decoder)
	d.body = *bytes.NewBuffer(body)
	if len(body) < 4<<10 { // too few lists to be worth it
		d.Reset(&d.body, jsontext.AllowInvalidUTF8(true))
	} else {
		d.Reset(&d.body, d.options)
	}
	return d
}

// release lets go of the body, and of what was made of it.
func (d *decoder) release() {
	d.body, d.results = bytes.Buffer{}, nil
	d.Reset(&d.body)
	decoders.Put(d)
}

// lastMembers reads the next value: an object as a map in which of a member
// that comes twice the last one stands, a scalar as its own text.
func lastMembers(dec *jsontext.Decoder) (any, error) {
	switch dec.PeekKind() {
	case '{':
		if _, err := dec.ReadToken(); err != nil { // too deep
			return nil, err
		}
		object := map[string]any{}
		for dec.PeekKind() == '"' {
			name, err := dec.ReadToken()
			if err != nil {
				return nil, err
			}
			key := name.String()
			if object[key], err = lastMembers(dec); err != nil {
				return nil, err
			}
		}
		_, err := dec.ReadToken() // the closing brace
		return object, err
	case '[':
		if _, err := dec.ReadToken(); err != nil {
			return nil, err
		}
		list := []any{}
		for kind := dec.PeekKind(); kind != ']' && kind != 0; kind = dec.PeekKind() {
			item, err := lastMembers(dec)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		_, err := dec.ReadToken() // the closing bracket
		return list, err
	}
	value, err := dec.ReadValue()
	return value.Clone(), err
}

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
