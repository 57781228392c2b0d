package snapshotjob

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
)

// decodeJSON reads the first JSON value of body into what into points to, as the
// official client does: case matters in names, of a member that comes twice the
// last value counts, null is absent, and invalid UTF-8 becomes U+FFFD. Of no body
// and null it makes the zero value. If the value goes on beyond the body, the
// error is io.ErrUnexpectedEOF.
func decodeJSON(body []byte, into any) (err error) {
	r := readers.Get().(*reader)
	r.data, r.pos, r.err = body, 0, nil
	v := reflect.ValueOf(into).Elem()
	v.SetZero()
	if r.next(); r.pos < len(body) {
		err = r.value(v)
	}
	if err != nil {
		err = &typeError{err}
	}
	if r.err != nil {
		err = r.err
	}
	r.data, r.files, r.sheets, r.results = nil, nil, nil, nil
	readers.Put(r)
	return err
}

// typeError is a JSON value that is whole, and of another type than wanted.
type typeError struct{ error }

// reader reads JSON in one pass, several times as fast as package encoding/json,
// to which it leaves what is rare.
type reader struct {
	data []byte
	pos  int
	err  error // of the syntax; it ends the reading

	fields map[reflect.Type]map[string]int // that it has needed

	strings [1024]string // short ones it has read: names and ids come again

	// Room for lists of one, as nearly all are.
	files   []SnapshotFile
	sheets  []SnapshotFileSheetSelection
	results []SnapshotJobS3Result
}

var readers = sync.Pool{New: func() any { return &reader{fields: map[reflect.Type]map[string]int{}} }}

// value reads the value at hand into v. The error is one of type.
func (r *reader) value(v reflect.Value) error {
	v.SetZero() // what a member with the same name has left
	first := r.next()
	if first == 'n' {
		r.skip()
		return nil
	}
	switch p := v.Addr().Interface().(type) {
	case *S3URI:
		if first == '"' {
			*p = S3URI(r.text()) // too long, and too secret, to keep
			return p.refuseRedacted()
		}
	case *time.Time:
		seconds, err := strconv.ParseFloat(string(r.skip()), 64)
		// Beyond them the official client's nanoseconds wrap around in silence.
		if ms := seconds * 1e3; err == nil && ms > -62167219200000 && ms < 253402300800000 {
			*p = time.UnixMilli(int64(ms)).UTC()
			return nil
		}
		return errors.New("want seconds, within the years 0 to 9999")
	case *[]SnapshotFile:
		makeRoom(r, p, &r.files)
	case *[]SnapshotFileSheetSelection:
		makeRoom(r, p, &r.sheets)
	case *[]SnapshotJobS3Result:
		makeRoom(r, p, &r.results)
	}
	switch kind := v.Kind(); {
	case kind == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return r.value(v.Elem())
	case kind == reflect.Struct && first == '{':
		return r.object(v)
	case kind == reflect.Slice && first == '[':
		return r.list(v)
	case kind == reflect.String && first == '"':
		v.SetString(r.short())
		return nil
	case kind == reflect.Float64 && first == '"':
		switch s := strings.ToLower(string(r.text())); s {
		case "nan", "infinity", "-infinity":
			n, err := strconv.ParseFloat(s, 64)
			v.SetFloat(n)
			return err
		}
		return errors.New("want a number")
	}
	return json.Unmarshal(r.skip(), v.Addr().Interface())
}

// makeRoom gives a list room for one element, of the many that a long result has.
func makeRoom[T any](r *reader, list, room *[]T) {
	if len(*room) == 0 {
		*room = make([]T, max(1, (len(r.data)+1000)/2000))
	}
	*list, *room = (*room)[:0:1], (*room)[1:]
}

// object reads the members that a struct's fields name, and skips others.
func (r *reader) object(v reflect.Value) error {
	fields := r.fieldsOf(v.Type())
	wrong := map[string]error{} // the members whose last value is
	for name := range r.members {
		if field, ok := fields[string(name)]; !ok {
			r.skip()
		} else if err := r.value(v.Field(field)); err != nil {
			wrong[string(name)] = fmt.Errorf("%s: %w", name, err)
		} else if len(wrong) > 0 {
			delete(wrong, string(name))
		}
	}
	for _, err := range wrong {
		return err
	}
	return nil
}

var initialisms = strings.NewReplacer("ARN", "Arn", "AWS", "Aws", "ID", "Id", "URI", "Uri")

// fieldsOf returns the indices of a struct's fields by their names in JSON: those
// in Go, but for initialisms. An output's Job and Status are not from the body.
func (r *reader) fieldsOf(t reflect.Type) map[string]int {
	fields, ok := r.fields[t]
	if !ok {
		fields = map[string]int{}
		for i := range t.NumField() {
			if f := t.Field(i); f.Type != reflect.TypeFor[Job]() && f.Type != reflect.TypeFor[int]() {
				fields[initialisms.Replace(f.Name)] = i
			}
		}
		r.fields[t] = fields
	}
	return fields
}

func (r *reader) list(v reflect.Value) (err error) {
	r.pos++
	for n := 0; r.more(n == 0, ']'); n++ {
		if n == v.Cap() {
			v.Grow(1 + 5*min(n, 1)) // most have one or seven
		}
		v.SetLen(n + 1)
		if wrong := r.value(v.Index(n)); err == nil {
			err = wrong
		}
	}
	if v.IsNil() {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0)) // empty, not absent
	}
	return err
}

// members steps to the value of each member of the object at hand. The loop's
// body must read it.
func (r *reader) members(yield func(name []byte) bool) {
	r.pos++
	for first := true; r.more(first, '}'); first = false {
		name := r.text()
		if r.next() != ':' {
			r.fail()
			return
		}
		r.pos++
		yield(name)
	}
}

// more steps to the next element of a list or an object, past the comma before
// all but the first. Past the closing end it reports false.
func (r *reader) more(first bool, end byte) bool {
	c := r.next()
	if c == end || c == ',' && !first {
		r.pos++
	} else if c == 0 || !first {
		r.fail()
		return false
	}
	return c != end
}

// next steps to the next byte that is no space, and returns it: 0 at the end.
func (r *reader) next() byte {
	for ; r.pos < len(r.data); r.pos++ {
		if c := r.data[r.pos]; c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c
		}
	}
	return 0
}

// text reads the string at hand.
func (r *reader) text() []byte {
	if r.next() != '"' {
		r.fail()
		return nil
	}
	start := r.pos + 1
	i := start
	// Most of a result are URLs: eight bytes at a time, up to one that the loop
	// below looks for.
	for ; i+8 <= len(r.data); i += 8 {
		const ones = 0x0101010101010101 // times a byte: the byte eight times
		b := binary.LittleEndian.Uint64(r.data[i:])
		quote, escape := b^'"'*ones, b^'\\'*ones
		if (b|(b-' '*ones)|(quote-ones)|(escape-ones))&(0x80*ones) != 0 {
			break
		}
	}
	for ; i < len(r.data); i++ {
		switch c := r.data[i]; {
		case c == '"':
			r.pos = i + 1
			return r.data[start:i]
		case c == '\\' || c < ' ' || c >= 0x80:
			var s string
			r.rest(&s)
			return []byte(s)
		}
	}
	r.fail()
	return nil
}

// short is text as a string, which is made once.
func (r *reader) short() string {
	text := r.text()
	if len(text) > 80 {
		return string(text)
	}
	place := len(text)
	for _, c := range text[max(0, len(text)-6):] { // where ids differ most
		place = place*31 + int(c)
	}
	known := &r.strings[uint(place)%uint(len(r.strings))]
	if *known != string(text) {
		*known = string(text)
	}
	return *known
}

// skip reads any value, and returns it as it stands.
func (r *reader) skip() []byte {
	first := r.next()
	start := r.pos
	switch after := len(r.data) - len(bytes.TrimLeft(r.data[start:], "+-.0123456789eE")); {
	case first == '"':
		r.text()
	case bytes.HasPrefix(r.data[start:], []byte("null")):
		r.pos += len("null")
	case after > start && json.Valid(r.data[start:after]):
		r.pos = after
	default:
		r.rest(new(json.RawMessage))
	}
	return r.data[start:r.pos]
}

// rest has package encoding/json read the value at hand.
func (r *reader) rest(v any) {
	d := json.NewDecoder(bytes.NewReader(r.data[r.pos:]))
	if d.Decode(v) != nil {
		r.fail()
		return
	}
	r.pos += int(d.InputOffset())
}

// fail ends the reading, with the error that package encoding/json finds.
func (r *reader) fail() {
	if r.err == nil {
		r.pos = len(r.data)
		r.err = json.NewDecoder(bytes.NewReader(r.data)).Decode(new(json.RawMessage))
	}
}
