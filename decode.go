package snapshotjob

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// lenient reads JSON as the official client does: of a member that comes twice
// the last one counts, and invalid UTF-8 becomes U+FFFD.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// decodeJSON reads the first JSON value of body. An empty body and null give
// the zero value.
func decodeJSON[T any](body []byte) (v T, err error) {
	// Package json would merge an object that comes twice into the one before,
	// where the last should count: such a body takes the way through a map.
	err = json.UnmarshalDecode(jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowInvalidUTF8(true)), &v)
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
	err = json.Unmarshal(once, &v, lenient)
	return v, err
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
