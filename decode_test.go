package snapshotjob

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// node has a field of each kind that a response has.
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

func TestDecodeKeepsTheLastOfMembersWithOneName(t *testing.T) {
	for body, want := range map[string]node{
		`{"Id":"a","Id":"b"}`:                         {ID: "b"},
		`{"Id":1,"Id":"b"}`:                           {ID: "b"},
		`{"P":{"Id":"a"},"P":{"I":1}}`:                {P: &node{I: 1}},
		`{"L":[{"Id":"a","Id":"b"}]}`:                 {L: []node{{ID: "b"}}},
		`{"L":[{},{}],"L":null}`:                      {},
		`{"I":9007199254740993,"I":9007199254740993}`: {I: 9007199254740993},
	} {
		var got node
		require.NoError(t, decodeJSON([]byte(body), &got, parameterOptions), body)
		assert.Equal(t, want, got, body)
	}
}

func TestDecodeForgetsAnEarlierAttempt(t *testing.T) {
	got := node{ID: "of an attempt before", T: []string{"x"}}
	require.NoError(t, decodeJSON([]byte(`{"I":1}`), &got, parameterOptions))
	assert.Equal(t, node{I: 1}, got)
}

func TestDecodeOfNothing(t *testing.T) {
	for _, body := range []string{"", " \r\n", "null", " null "} {
		got := node{ID: "of an attempt before"}
		require.NoError(t, decodeJSON([]byte(body), &got, parameterOptions), "%q", body)
		assert.Zero(t, got, "%q", body)
	}
}

func TestDecodeIgnoresWhatFollowsTheValue(t *testing.T) {
	var got node
	require.NoError(t, decodeJSON([]byte(`{"Id":"a"}<html>`), &got, parameterOptions))
	assert.Equal(t, node{ID: "a"}, got)
}

// A value that is cut off is told from one that is whole and of another type.
func TestDecodeTellsCutOffFromWrong(t *testing.T) {
	for body, wantCutOff := range map[string]bool{
		`{"Id":"a"`:             true,
		`{"Id":1,"T":[`:         true,
		`{"Id":1,"Id":"a","T":`: true,
		`{"Id":1}`:              false,
		`{"P":[]}`:              false,
		`{"Id":"a","Id":1}`:     false,
		`"text"`:                false,
	} {
		err := decodeJSON([]byte(body), new(node), parameterOptions)
		require.Error(t, err, body)
		assert.Equal(t, wantCutOff, errors.Is(err, io.ErrUnexpectedEOF), body)
		assert.Equal(t, !wantCutOff, isWrongType(err), body)
	}
}

func TestEncodeWritesTheServicesForms(t *testing.T) {
	body := encodeJSON(Parameters{
		StringParameters: []StringParameter{{Name: "none"}},
		DecimalParameters: []DecimalParameter{{
			Name:   "d",
			Values: []float64{1.5, math.NaN(), math.Inf(1), math.Inf(-1)},
		}},
		DateTimeParameters: []DateTimeParameter{{
			Name:   "t",
			Values: []time.Time{time.UnixMilli(1700000000123)},
		}},
	})
	assert.Equal(t, `{"StringParameters":[{"Name":"none","Values":[]}],`+
		`"DecimalParameters":[{"Name":"d","Values":[1.5,"NaN","Infinity","-Infinity"]}],`+
		`"DateTimeParameters":[{"Name":"t","Values":[1700000000.123]}]}`, string(body))
}

// nodeOf makes a node of what package encoding/json has decoded, and reports whether
// all of its members have the right type.
func nodeOf(v any) (node, bool) {
	var n node
	if v == nil {
		return n, true
	}
	members, ok := v.(map[string]any)
	for name, value := range members {
		if value != nil && !n.set(name, value) {
			ok = false
		}
	}
	return n, ok
}

// set sets a member, and reports whether its value has the right type.
func (n *node) set(name string, value any) bool {
	ok := true
	switch name {
	case "Id":
		n.ID, ok = value.(string)
	case "F":
		n.F, ok = floatOf(value)
	case "I":
		n.I, ok = integerOf(value)
	case "L":
		n.L, ok = listOf(value, nodeOf)
	case "T":
		n.T, ok = listOf(value, textOf)
	case "P":
		n.P = new(node)
		*n.P, ok = nodeOf(value)
	}
	return ok
}

// floatOf returns a number, which may be one that JSON lacks.
func floatOf(value any) (float64, bool) {
	switch value := value.(type) {
	case json.Number:
		f, err := value.Float64()
		return f, err == nil
	case string:
		special := map[string]float64{
			"nan":       math.NaN(),
			"infinity":  math.Inf(1),
			"-infinity": math.Inf(-1),
		}
		f, ok := special[strings.ToLower(value)]
		return f, ok
	}
	return 0, false
}

func integerOf(value any) (int64, bool) {
	number, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := number.Int64()
	return i, err == nil
}

// textOf returns an element of a list of texts, in which null is empty.
func textOf(value any) (string, bool) {
	text, ok := value.(string)
	return text, ok || value == nil
}

func listOf[T any](value any, elementOf func(any) (T, bool)) ([]T, bool) {
	values, ok := value.([]any)
	list := []T{}
	for _, value := range values {
		element, elementOK := elementOf(value)
		list = append(list, element)
		ok = ok && elementOK
	}
	return list, ok
}

// FuzzDecode compares decodeJSON with package encoding/json, which decodes for the
// official client.
func FuzzDecode(f *testing.F) {
	for _, body := range decodeSeeds {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.UseNumber()
		var v any
		err := decoder.Decode(&v)
		got := node{ID: "of an attempt before"}
		gotErr := decodeJSON(body, &got, parameterOptions)
		switch {
		case err == io.EOF: // nothing
			if gotErr != nil || !reflect.DeepEqual(got, node{}) {
				t.Errorf("%q: %+v, %v, want the zero value", body, got, gotErr)
			}
		case err != nil:
			// Of "{[" one decoder says that it is cut off, and the other that it is wrong.
			missed := errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(gotErr, io.ErrUnexpectedEOF)
			if gotErr == nil || missed {
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

// decodeSeeds are what FuzzDecode begins with.
var decodeSeeds = []string{
	`{"Id":"a","F":-1.5e3,"I":7,"L":[{},{"Id":"b"},null],"T":["x",null,"y"],"P":{"P":{"L":[]}}}`,
	`{"Id":"\u00e9\ud83d\ude39\/\ud800x","text":"b","U":[1,{"a":[true,false,null]}]}`,
	`{"Id":1,"Id":"a","P":{"Id":"a"},"P":{"F":1},"L":[{}],"L":null}`,
	"{\"Id\":\"a\xffb\",\"\xff\":\"\"}",
	"{\"Id\":\"a\nb\"}",
	`{"I":01}`, `{"I":1.0}`, `{"I":1e400,"F":1e400}`, `{"F":-}`, `{"F":1.`,
	`{"F":"NaN"}`, `{"F":"-\u0069NFINITY","L":[{"F":"x"}]}`,
	`{"a":1,}`, `{,}`, `{"L":[{},]}`, `{"L":[,]}`, `{"a" 1}`, `{"a":1 "b":2}`, `{a:1}`,
	`[]`, `nul`, `null1`, ` `, ``, `{"Id":"`, `{"Id":"\`, `{"Id":"\u12`, `{"T":["a"`,
	`{"a":` + strings.Repeat("[", 20000),
	`{"P":` + strings.Repeat(`{"P":`, 300) + `{}`,
}

func FuzzSuccessBody(f *testing.F) {
	var file struct{ Cases []successCase }
	cases(f, "successes.json", &file)
	for _, c := range file.Cases {
		f.Add([]byte(c.Body))
	}
	const uri = "https://b/k?X-Amz-Signature=" + exampleToken
	f.Add([]byte(`{"Result":{"AnonymousUsers":[{"FileGroups":[{"Files":[{}],` +
		`"S3Results":[{"S3Uri":"` + uri + `"}]}]}]},"CreatedTime":1.5e9,"x":1,"x":2}`))
	f.Add([]byte(strings.Repeat("[", 20000)))
	f.Add([]byte(strings.Repeat(`{"a":`, 20000)))
	f.Add([]byte(`{"a":1,"a":` + strings.Repeat(`{"a":1,"a":`, 20000)))
	f.Add([]byte(`{"a":1,"a":` + strings.Repeat("[", 20000)))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := slices.Clone(body)
		out, err := describe(t, options(responses(mockResponse{
			status: 200,
			header: map[string]string{"X-Amzn-Requestid": "R1"},
			body:   string(body),
		})))
		if !slices.Equal(body, before) {
			t.Error("the body was changed")
		}
		if err != nil {
			checkBodyError(t, err)
			return
		}
		checkOutput(t, out)
	})
}

// checkOutput checks what holds for the output of any body.
func checkOutput(t *testing.T, out *DescribeDashboardSnapshotJobResultOutput) {
	t.Helper()
	if out == nil || out.Status != 200 || out.Job != exampleJob {
		t.Errorf("output %+v, want status 200 and the job", out)
	}
	for file := range out.Files() {
		isPresigned := !strings.HasPrefix(string(file.URI), "s3://") &&
			strings.Contains(string(file.URI), "?X-Amz-Signature")
		if isPresigned && strings.Contains(fmt.Sprint(file.URI), "X-Amz-Signature") {
			t.Errorf("%v shows a query", file.URI)
		}
	}
	if err := out.Err(); err != nil && strings.ContainsAny(err.Error(), "\r\n") {
		t.Errorf("error %q, want one line", err)
	}
}

// checkBodyError checks what holds for the error of any 2xx body.
func checkBodyError(t *testing.T, err error) {
	t.Helper()
	checkErrorText(t, err)
	if len(err.Error()) > 4<<10 {
		t.Errorf("an error of %d bytes, want a short one", len(err.Error()))
	}
	resp, ok := errors.AsType[*awshttp.ResponseError](err)
	if !ok || resp.HTTPStatusCode() != 200 || resp.ServiceRequestID() != "R1" {
		t.Errorf("error %v, want one with status and request id", err)
	}
	if _, ok := errors.AsType[*smithy.DeserializationError](err); !ok {
		t.Errorf("error %v, want a *smithy.DeserializationError", err)
	}
}
