package snapshotjob

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
)

// decodeJSON reads the first JSON value of body as the official client does:
// names are case-sensitive, of a member that comes twice the last value counts,
// null is absent, and invalid UTF-8 becomes U+FFFD. An empty body and null give
// the zero value. An error that matches io.ErrUnexpectedEOF means that the value
// goes on beyond the body.
func decodeJSON[T any](body []byte) (v T, err error) {
	r := readers.Get().(*reader)
	r.data, r.pos, r.err = body, 0, nil
	if r.next(); r.pos < len(body) {
		err = r.value(reflect.ValueOf(&v).Elem())
	}
	if err != nil {
		err = &typeError{err}
	}
	if r.err != nil {
		err = r.err
	}
	r.data, r.files, r.sheets, r.results = nil, nil, nil, nil
	readers.Put(r)
	return v, err
}

// typeError is a JSON value that is whole, and of another type than wanted.
type typeError struct{ error }

// reader reads JSON in one pass, several times as fast as package encoding/json,
// to which it leaves the rare parts of the language.
type reader struct {
	data []byte
	pos  int
	err  error // of the syntax; it ends the reading

	// Short strings that it has read. Most are names, which all answers have in
	// common, and ids, which those about a dashboard have.
	strings [256]string

	// Room for lists of one, which nearly all in a result are.
	files   []SnapshotFile
	sheets  []SnapshotFileSheetSelection
	results []SnapshotJobS3Result
}

var readers = sync.Pool{New: func() any { return new(reader) }}

// bodyStatus is the Status that a body of DescribeDashboardSnapshotJob says. It
// is cosmetic, so one that is no integer is ignored.
type bodyStatus int

// value reads the value at hand into v. The error is one of type.
func (r *reader) value(v reflect.Value) error {
	first := r.next()
	isNumber := first == '-' || '0' <= first && first <= '9'
	switch p := v.Addr().Interface().(type) {
	case *bodyStatus:
		n, err := strconv.ParseFloat(strings.Trim(string(r.skip()), `"`), 64)
		if *p = 0; err == nil && n == math.Trunc(n) && math.Abs(n) <= math.MaxInt32 {
			*p = bodyStatus(n)
		}
		return nil
	case *S3URI:
		if first == '"' {
			*p = S3URI(r.text()) // too long, and too secret, to keep
			return p.refuseRedacted()
		}
	case *time.Time:
		*p = time.Time{}
		text := r.skip()
		if !isNumber {
			return mismatch(first, "a number")
		}
		seconds, err := strconv.ParseFloat(string(text), 64)
		// Beyond the year 9999 the official client's nanoseconds wrap around in
		// silence.
		if ms := seconds * 1e3; err == nil && ms > -62167219200000 && ms < 253402300800000 {
			*p = time.UnixMilli(int64(ms)).UTC()
			return nil
		}
		return errors.New("the timestamp is outside the years 0 to 9999")
	case *[]SnapshotFile:
		makeRoom(r, p, &r.files)
	case *[]SnapshotFileSheetSelection:
		makeRoom(r, p, &r.sheets)
	case *[]SnapshotJobS3Result:
		makeRoom(r, p, &r.results)
	}
	switch kind := v.Kind(); {
	case first == 'n':
		v.SetZero()
		r.skip()
		return nil
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
	case kind == reflect.Int64 && isNumber:
		n, err := strconv.ParseInt(string(r.skip()), 10, 64)
		v.SetInt(n)
		return err
	case kind == reflect.Float64 && isNumber:
		n, err := strconv.ParseFloat(string(r.skip()), 64)
		v.SetFloat(n)
		return err
	case kind == reflect.Float64 && first == '"':
		switch s := strings.ToLower(r.short()); s {
		case "nan", "infinity", "-infinity":
			n, err := strconv.ParseFloat(s, 64)
			v.SetFloat(n)
			return err
		}
		return mismatch(first, "a number")
	}
	r.skip()
	return mismatch(first, v.Kind().String())
}

// mismatch is nil if the value is null.
func mismatch(first byte, want string) error {
	if first == 'n' {
		return nil
	}
	return fmt.Errorf("got a value that begins with %q, want %s", first, want)
}

// makeRoom gives a list that is still empty room for one element.
func makeRoom[T any](r *reader, list, room *[]T) {
	if len(r.data) < 4<<10 {
		return // too few to be worth it
	}
	if len(*room) == 0 {
		*room = make([]T, 7) // of a job's seven groups
	}
	*list, *room = (*room)[:0:1], (*room)[1:]
}

// object reads the members that a struct's fields name, and skips others.
func (r *reader) object(v reflect.Value) error {
	v.SetZero()
	fields := fieldsOf(v.Type())
	var wrong map[string]error // the members whose last value is
	for name := range r.members {
		field, ok := fields[name]
		if !ok {
			r.skip()
			continue
		}
		if err := r.value(v.Field(field)); err != nil {
			if wrong == nil {
				wrong = map[string]error{}
			}
			wrong[name] = fmt.Errorf("%s: %w", name, err)
		} else if wrong != nil {
			delete(wrong, name)
		}
	}
	for _, err := range wrong {
		return err
	}
	return nil
}

// fieldsOf returns the indices of a struct's fields by their names in JSON.
func fieldsOf(t reflect.Type) map[string]int {
	if known, ok := structs.Load(t); ok {
		return known.(map[string]int)
	}
	fields := map[string]int{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "" {
			name = t.Field(i).Name
		}
		fields[name] = i
	}
	structs.Store(t, fields)
	return fields
}

var structs sync.Map

// list reads a list's elements.
func (r *reader) list(v reflect.Value) (err error) {
	if v.Len() > 0 { // of a list before with the same name
		v.SetZero()
	}
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
		v.Set(reflect.MakeSlice(v.Type(), 0, 0)) // an empty list is none that is absent
	}
	return err
}

// members steps to the value of each member of the object at hand. The loop's
// body must read it.
func (r *reader) members(yield func(name string) bool) {
	r.pos++
	for first := true; r.more(first, '}'); first = false {
		if r.next() != '"' {
			r.fail(nil)
			return
		}
		name := r.short()
		if r.next() != ':' {
			r.fail(nil)
			return
		}
		r.pos++
		yield(name)
	}
}

// more steps to the next element of a list or an object, past the comma before
// all but the first. Past the closing end it reports false.
func (r *reader) more(first bool, end byte) bool {
	switch c := r.next(); {
	case c == end:
		r.pos++
		return false
	case first && r.pos < len(r.data):
		return true
	case c == ',':
		r.pos++
		return true
	}
	r.fail(nil)
	return false
}

// next steps to the next byte that is no space, and returns it: 0 if there is
// none.
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
	start := r.pos + 1
	i := start
	// Most of a result are the long tokens in its URLs: eight bytes at a time, as
	// long as none of them is one that the loop below looks for.
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
	r.fail(io.EOF)
	return nil
}

// short is text as a string that need not be made again if it comes again.
func (r *reader) short() string {
	text := r.text()
	if len(text) > 80 {
		return string(text)
	}
	known := &r.strings[maphash.Bytes(stringsSeed, text)%uint64(len(r.strings))]
	if *known != string(text) {
		*known = string(text)
	}
	return *known
}

var stringsSeed = maphash.MakeSeed()

// skip reads any value, and returns it as it stands.
func (r *reader) skip() []byte {
	first := r.next()
	start := r.pos
	switch {
	case first == '"':
		r.text()
	case first == '-' || '0' <= first && first <= '9':
		for r.pos < len(r.data) && strings.IndexByte("+-.0123456789eE", r.data[r.pos]) >= 0 {
			r.pos++
		}
		if !json.Valid(r.data[start:r.pos]) {
			r.pos = start
			r.rest(new(json.Number)) // fails
		}
	case bytes.HasPrefix(r.data[r.pos:], []byte("null")):
		r.pos += len("null")
	default:
		r.rest(new(json.RawMessage))
	}
	return r.data[start:r.pos]
}

// rest has package encoding/json read the value at hand.
func (r *reader) rest(v any) {
	d := json.NewDecoder(bytes.NewReader(r.data[r.pos:]))
	if err := d.Decode(v); err != nil {
		r.fail(err)
		return
	}
	r.pos += int(d.InputOffset())
}

// fail ends the reading. nil stands for a byte that does not belong here.
func (r *reader) fail(err error) {
	switch {
	case r.err != nil:
	case err == io.EOF || err == nil && r.pos == len(r.data):
		r.err = io.ErrUnexpectedEOF
	case err == nil:
		r.err = fmt.Errorf("invalid character %q at byte %d", r.data[r.pos], r.pos)
	default:
		r.err = err
	}
	r.pos = len(r.data)
}
