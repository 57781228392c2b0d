package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/quicksight"
	"github.com/aws/smithy-go"
	"github.com/quicksight-go/snapshotjob"
)

// operation is one of the operations, with either client.
type operation string

const (
	start    operation = "StartDashboardSnapshotJob"
	describe operation = "DescribeDashboardSnapshotJob"
	result   operation = "DescribeDashboardSnapshotJobResult"
	schedule operation = "StartDashboardSnapshotJobSchedule"
)

// callOfficial and callOurs ask the same with either client. For a schedule, the
// job's id is the schedule's.
func callOfficial(ctx context.Context, client *quicksight.Client, op operation, job snapshotjob.Job) (any, error) {
	account, dashboard, id := aws.String(job.AWSAccountID), aws.String(job.DashboardID), aws.String(job.SnapshotJobID)
	switch op {
	case start:
		in := &quicksight.StartDashboardSnapshotJobInput{}
		fill(reflect.ValueOf(in).Elem(), reflect.ValueOf(*startOf(job)))
		in.AwsAccountId, in.DashboardId, in.SnapshotJobId = account, dashboard, id
		return client.StartDashboardSnapshotJob(ctx, in)
	case describe:
		return client.DescribeDashboardSnapshotJob(ctx, &quicksight.DescribeDashboardSnapshotJobInput{AwsAccountId: account, DashboardId: dashboard, SnapshotJobId: id})
	case result:
		return client.DescribeDashboardSnapshotJobResult(ctx, &quicksight.DescribeDashboardSnapshotJobResultInput{AwsAccountId: account, DashboardId: dashboard, SnapshotJobId: id})
	}
	return client.StartDashboardSnapshotJobSchedule(ctx, &quicksight.StartDashboardSnapshotJobScheduleInput{AwsAccountId: account, DashboardId: dashboard, ScheduleId: id})
}

func callOurs(ctx context.Context, client *snapshotjob.Client, op operation, job snapshotjob.Job) (any, error) {
	switch op {
	case start:
		return client.StartDashboardSnapshotJob(ctx, startOf(job))
	case describe:
		return client.DescribeDashboardSnapshotJob(ctx, job)
	case result:
		return client.DescribeDashboardSnapshotJobResult(ctx, job)
	}
	return client.StartDashboardSnapshotJobSchedule(ctx, &snapshotjob.StartDashboardSnapshotJobScheduleInput{
		AWSAccountID: job.AWSAccountID, DashboardID: job.DashboardID, ScheduleID: job.SnapshotJobID,
	})
}

// startOf asks for a file, which is beside the point.
func startOf(job snapshotjob.Job) *snapshotjob.StartDashboardSnapshotJobInput {
	return &snapshotjob.StartDashboardSnapshotJobInput{
		Job: job, UserConfiguration: snapshotjob.AnonymousUser(),
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("summary")}},
	}
}

// isPost reports whether an operation is sent as a POST.
func (op operation) isPost() bool { return op == start || op == schedule }

var exampleJob = snapshotjob.Job{AWSAccountID: AccountID, DashboardID: "sales", SnapshotJobID: "daily"}

// reply is what the service says to every attempt of a call.
type reply struct {
	status int
	header http.Header
	body   []byte
	cutOff bool // the connection ended before the body did
}

func (r reply) String() string {
	return fmt.Sprintf("status %d, header %q, cut off %t, body %.2000q", r.status, r.header, r.cutOff, r.body)
}

func (r reply) response(req *http.Request) *http.Response {
	var body io.Reader = bytes.NewReader(r.body)
	length := int64(len(r.body))
	if r.cutOff {
		body = io.MultiReader(body, failingReader{})
		length++
	}
	header := r.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{
		Status: fmt.Sprint(r.status), StatusCode: r.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, ContentLength: length, Body: io.NopCloser(body), Request: req,
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// answer is what came of a call, in a form that is the same for both clients.
type answer struct {
	Attempts    int
	Described   bool           // after a start of unclear outcome
	Output      map[string]any // nil if the call failed
	Type        string         // the exception's; or DeserializationError
	Code        string
	Message     string
	Status      int
	RequestID   string // the response's
	ExceptionID string // the exception's own request id
	Resource    string // the exception's ResourceType
	Exhausted   bool   // the attempts ran out
}

// ask asks both clients, each of them new. It must run in a bubble, where the
// pauses between attempts take no time.
func ask(t *testing.T, op operation, r reply) (official, ours answer) {
	t.Helper()
	attempts, described := 0, false
	client := DoFunc(func(req *http.Request) (*http.Response, error) {
		if op == start && req.Method == http.MethodGet {
			described = true
			return reply{status: 200, body: []byte("{}")}.response(req), nil // which tells nothing
		}
		attempts++
		return r.response(req), nil
	})
	pair := NewPair(Config(Keys, client))
	out, err := callOfficial(t.Context(), pair.Official, op, exampleJob)
	official = answerOf(attempts, out, err)
	attempts = 0
	out, err = callOurs(t.Context(), pair.Ours, op, exampleJob)
	ours = answerOf(attempts, out, err)
	ours.Described = described
	return official, ours
}

func answerOf(attempts int, out any, err error) answer {
	a := answer{Attempts: attempts}
	if err == nil {
		if a.Output, _ = canonical(reflect.ValueOf(out)).(map[string]any); a.Output == nil {
			a.Output = map[string]any{}
		}
		return a
	}
	if resp := (*awshttp.ResponseError)(nil); errors.As(err, &resp) {
		a.Status, a.RequestID = resp.HTTPStatusCode(), resp.RequestID
	}
	if broken := (*smithy.DeserializationError)(nil); errors.As(err, &broken) {
		a.Type = "DeserializationError"
	}
	if api := smithy.APIError(nil); errors.As(err, &api) {
		a.Code, a.Message = api.ErrorCode(), api.ErrorMessage()
		if wrapper, ok := api.(interface{ Unwrap() []error }); ok {
			errors.As(wrapper.Unwrap()[0], &api)
		}
		v := reflect.Indirect(reflect.ValueOf(api))
		a.Type = v.Type().Name()
		for name, to := range map[string]*string{"RequestId": &a.ExceptionID, "RequestID": &a.ExceptionID, "ResourceType": &a.Resource} {
			if f := reflect.Indirect(v.FieldByName(name)); f.IsValid() {
				*to = f.String()
			}
		}
	}
	if last := (*retry.MaxAttemptsError)(nil); errors.As(err, &last) {
		a.Exhausted = true
	}
	if a.Type == "" {
		a.Type, a.Message = fmt.Sprintf("%T", err), err.Error()
	}
	return a
}

// canonical makes an output of maps, lists and scalars, without what is absent,
// so that pointers and values, and names in either style, compare equal.
func canonical(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return canonical(v.Elem())
	case reflect.Slice:
		if v.IsNil() {
			return nil
		}
		list := make([]any, v.Len())
		for i := range list {
			if list[i] = canonical(v.Index(i)); list[i] == nil {
				list[i] = map[string]any{}
			}
		}
		return list
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			if t.IsZero() {
				return nil
			}
			return t.UTC().Format(time.RFC3339Nano)
		}
		members := map[string]any{}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() || f.Name == "ResultMetadata" {
				continue
			}
			value := canonical(v.Field(i))
			if value == nil {
				continue
			}
			if job, ok := value.(map[string]any); ok && f.Name == "Job" {
				for name, id := range job {
					members[name] = id
				}
				continue
			}
			members[strings.ToLower(f.Name)] = value
		}
		if len(members) == 0 {
			return nil
		}
		return members
	case reflect.String:
		if v.Len() == 0 {
			return nil
		}
		return v.String()
	case reflect.Float64:
		if f := v.Float(); math.IsNaN(f) {
			return "NaN"
		}
		return v.Float()
	case reflect.Int, reflect.Int32, reflect.Int64:
		if v.Int() == 0 {
			return nil
		}
		return v.Int()
	}
	return v.Interface()
}
