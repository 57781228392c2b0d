package conformance

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/quicksight-go/snapshotjob"
)

// outcome is what became of a call, in a form that is the same for both clients.
type outcome struct {
	Attempts  int
	Described bool           // whether the job of a start was described after it
	Output    map[string]any // nil if the call failed

	// Sheets are those of a definition. They are not in Output.
	Sheets []snapshotjob.DashboardSheet

	Type        string // the exception's type, or DeserializationError
	Code        string
	Message     string
	Status      int
	RequestID   string // of the response
	ExceptionID string // the request id that the exception holds
	Resource    string // the exception's ResourceType
	Exhausted   bool   // whether the call failed because no attempts were left
}

// outcomeOf returns the outcome of a call that returned out and err.
func outcomeOf(out any, err error) outcome {
	if err != nil {
		return failureOf(err)
	}
	o := outcome{Output: membersOf(out)}
	if described, ok := out.(*snapshotjob.DescribeDashboardDefinitionOutput); ok {
		o.Sheets = described.Sheets
		delete(o.Output, "sheets")
	}
	return o
}

func failureOf(err error) outcome {
	var o outcome
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		o.Status = response.HTTPStatusCode()
		o.RequestID = response.RequestID
	}
	var exhausted *retry.MaxAttemptsError
	o.Exhausted = errors.As(err, &exhausted)

	var undecodable *smithy.DeserializationError
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		o.setException(api)
	case errors.As(err, &undecodable):
		o.Type = "DeserializationError"
	default:
		o.Type = fmt.Sprintf("%T", err)
		o.Message = err.Error()
	}
	return o
}

// setException notes what an exception says.
func (o *outcome) setException(api smithy.APIError) {
	o.Type = reflect.Indirect(reflect.ValueOf(api)).Type().Name()
	o.Code = api.ErrorCode()
	o.Message = api.ErrorMessage()
	members := membersOf(api)
	o.ExceptionID, _ = members["requestid"].(string)
	o.Resource, _ = members["resourcetype"].(string)
}

// copyException takes over the exception of another outcome.
func (o *outcome) copyException(other outcome) {
	o.Type = other.Type
	o.Code = other.Code
	o.Message = other.Message
	o.ExceptionID = other.ExceptionID
	o.Resource = other.Resource
}

// copyAttempts takes over how often another outcome's call was tried.
func (o *outcome) copyAttempts(other outcome) {
	o.Attempts = other.Attempts
	o.Exhausted = other.Exhausted
}

// membersOf returns the canonical members of a structure. It is never nil.
func membersOf(structure any) map[string]any {
	members, ok := canonical(reflect.ValueOf(structure)).(map[string]any)
	if !ok {
		return map[string]any{}
	}
	return members
}

// canonical turns a value into maps, lists and scalars, without what is absent.
// Pointers and values then compare equal, and so do names in either style. It
// returns nil for what is absent.
func canonical(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return canonical(v.Elem())
	case reflect.Slice:
		return canonicalList(v)
	case reflect.Struct:
		if at, ok := v.Interface().(time.Time); ok {
			return canonicalTime(at)
		}
		return canonicalStruct(v)
	case reflect.Float64:
		return canonicalNumber(v.Float())
	case reflect.String:
		if text := v.String(); text != "" {
			return text
		}
		return nil
	case reflect.Int, reflect.Int32, reflect.Int64:
		if n := v.Int(); n != 0 {
			return n
		}
		return nil
	default:
		return v.Interface()
	}
}

// canonicalList keeps the place of an absent element: it becomes an empty map.
func canonicalList(v reflect.Value) any {
	if v.IsNil() {
		return nil
	}
	list := make([]any, v.Len())
	for i := range list {
		list[i] = canonical(v.Index(i))
		if list[i] == nil {
			list[i] = map[string]any{}
		}
	}
	return list
}

func canonicalTime(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return at.UTC().Format(time.RFC3339Nano)
}

// canonicalNumber makes NaN comparable.
func canonicalNumber(f float64) any {
	if math.IsNaN(f) {
		return "NaN"
	}
	return f
}

// canonicalStruct returns the members of a structure, by their names in lower
// case. The members of a Job, which the official outputs do not have, become
// members of the structure around it.
func canonicalStruct(v reflect.Value) any {
	members := map[string]any{}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() || field.Name == "ResultMetadata" {
			continue
		}
		value := canonical(v.Field(i))
		job, isMap := value.(map[string]any)
		switch {
		case value == nil:
		case isMap && field.Name == "Job":
			for name, id := range job {
				members[name] = id
			}
		default:
			members[strings.ToLower(field.Name)] = value
		}
	}
	if len(members) == 0 {
		return nil
	}
	return members
}
