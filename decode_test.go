package snapshotjob

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// node has a field of each kind that an answer has.
type node struct {
	ID string `json:"Id"`
	F  float64
	I  int64
	L  []node
	T  []string
	P  *node
}

// String tells NaN from numbers, and empty lists from absent ones.
func (n node) String() string {
	return fmt.Sprintf("{%q %v %d %t%v %t%q %v}", n.ID, n.F, n.I, n.L == nil, n.L, n.T == nil, n.T, n.P)
}

// nodeOf makes a node of what package encoding/json read, in which of a member
// that comes twice the last one stands.
func nodeOf(v any) (n node, ok bool) {
	if v == nil {
		return n, true
	}
	members, ok := v.(map[string]any)
	for name, v := range members {
		good := true
		switch v := v.(type) {
		case nil: // absent
		case string:
			switch name {
			case "Id":
				n.ID = v
			case "F": // what JSON has no number for
				good = slices.ContainsFunc([]string{"NaN", "Infinity", "-Infinity"}, func(s string) bool { return strings.EqualFold(s, v) })
				if good {
					n.F, _ = strconv.ParseFloat(v, 64)
				}
			case "I", "L", "T", "P":
				good = false
			}
		case json.Number:
			switch name {
			case "F":
				f, err := v.Float64()
				n.F, good = f, err == nil
			case "I":
				i, err := v.Int64()
				n.I, good = i, err == nil
			case "Id", "L", "T", "P":
				good = false
			}
		case []any:
			switch name {
			case "L":
				n.L = []node{}
				for _, v := range v {
					item, itemOK := nodeOf(v)
					n.L, good = append(n.L, item), good && itemOK
				}
			case "T":
				n.T = []string{}
				for _, v := range v {
					item, itemOK := v.(string)
					n.T, good = append(n.T, item), good && (itemOK || v == nil)
				}
			case "Id", "F", "I", "P":
				good = false
			}
		case map[string]any:
			switch name {
			case "P":
				n.P = new(node)
				*n.P, good = nodeOf(v)
			case "Id", "F", "I", "L", "T":
				good = false
			}
		case bool:
			good = !strings.Contains("Id F I L T P", name) || name == ""
		}
		ok = ok && good
	}
	return n, ok
}

// FuzzDecode compares the reader with package encoding/json, which reads for the
// official client.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{
		`{"Id":"a","F":-1.5e3,"I":7,"L":[{},{"Id":"b"},null],"T":["x",null,"y"],"P":{"P":{"L":[]}}}`,
		`{"Id":"\u00e9\ud83d\ude39\/\ud800x","text":"b","U":[1,{"a":[true,false,null]}]}`,
		`{"Id":1,"Id":"a","P":{"Id":"a"},"P":{"F":1},"L":[{}],"L":null}`,
		"{\"Id\":\"a\xffb\",\"\xff\":\"\"}", `{"Id":"a` + "\n" + `b"}`, `{"I":01}`, `{"I":1.0}`, `{"I":1e400,"F":1e400}`, `{"F":-}`, `{"F":1.`, `{"F":"NaN"}`, `{"F":"-\u0069NFINITY","L":[{"F":"x"}]}`,
		`{"a":1,}`, `{,}`, `{"L":[{},]}`, `{"L":[,]}`, `{"a" 1}`, `{"a":1 "b":2}`, `{a:1}`, `[]`, `nul`, `null1`, ` `, ``, `{"Id":"`, `{"Id":"\`, `{"Id":"\u12`, `{"T":["a"`,
		`{"a":` + strings.Repeat("[", 20000), `{"P":` + strings.Repeat(`{"P":`, 300) + `{}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		var v any
		err := d.Decode(&v)
		got := node{ID: "of an attempt before"}
		gotErr := decodeJSON(body, &got)
		switch {
		case err == io.EOF: // nothing
			if gotErr != nil || !reflect.DeepEqual(got, node{}) {
				t.Errorf("%q: %+v, %v, want the zero value", body, got, gotErr)
			}
		case err != nil:
			if gotErr == nil || errors.Is(gotErr, io.ErrUnexpectedEOF) != (err == io.ErrUnexpectedEOF) {
				t.Errorf("%q: error %v, want one like %v", body, gotErr, err)
			}
		default:
			want, ok := nodeOf(v)
			if ok != (gotErr == nil) || ok && got.String() != want.String() {
				t.Errorf("%q: %+v, %v, want %+v, %t", body, got, gotErr, want, ok)
			}
		}
	})
}

func FuzzSuccessBody(f *testing.F) {
	var file struct{ Cases []successCase }
	cases(f, "successes.json", &file)
	for _, c := range file.Cases {
		f.Add([]byte(c.Body))
	}
	f.Add([]byte(`{"Result":{"AnonymousUsers":[{"FileGroups":[{"Files":[{}],"S3Results":[{"S3Uri":"https://b/k?X-Amz-Signature=` + exampleToken + `"}]}]}]},"CreatedTime":1.5e9,"x":1,"x":2}`))
	f.Add([]byte(strings.Repeat("[", 20000)))
	f.Add([]byte(strings.Repeat(`{"a":`, 20000)))
	f.Add([]byte(`{"a":1,"a":` + strings.Repeat(`{"a":1,"a":`, 20000)))
	f.Add([]byte(`{"a":1,"a":` + strings.Repeat("[", 20000)))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := slices.Clone(body)
		sent := answers(answer{status: 200, header: map[string]string{"X-Amzn-Requestid": "R1"}, body: string(body)})
		o := options(sent)
		out, err := describe(t, o)
		if !slices.Equal(body, before) {
			t.Error("the body was changed")
		}
		if err == nil {
			if out == nil || out.Status != 200 || out.Job != exampleJob {
				t.Errorf("output %+v, want status 200 and the job", out)
			}
			for file := range out.Files() {
				if strings.Contains(fmt.Sprint(file.URI), "X-Amz-Signature") && !strings.HasPrefix(string(file.URI), "s3://") && strings.Contains(string(file.URI), "?X-Amz-Signature") {
					t.Errorf("%v shows a query", file.URI)
				}
			}
			if jobErr := out.Err(); jobErr != nil && strings.ContainsAny(jobErr.Error(), "\r\n") {
				t.Errorf("error %q, want one line", jobErr)
			}
			return
		}
		checkErrorText(t, err)
		if len(err.Error()) > 4<<10 {
			t.Errorf("an error of %d bytes, want a short one", len(err.Error()))
		}
		resp, ok := errorAs[*awshttp.ResponseError](err)
		if !ok || resp.HTTPStatusCode() != 200 || resp.ServiceRequestID() != "R1" || !errors.As(err, new(*smithy.DeserializationError)) {
			t.Errorf("error %v, want a *smithy.DeserializationError with status and request id", err)
		}
	})
}
