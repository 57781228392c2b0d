package conformance

import (
	"context"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/quicksight"
	"github.com/quicksight-go/snapshotjob"
)

// operation is an operation that both clients have.
type operation string

const (
	start      operation = "StartDashboardSnapshotJob"
	describe   operation = "DescribeDashboardSnapshotJob"
	result     operation = "DescribeDashboardSnapshotJobResult"
	schedule   operation = "StartDashboardSnapshotJobSchedule"
	definition operation = "DescribeDashboardDefinition"
)

var operations = []operation{describe, result, schedule, start, definition}

// isPost reports whether the operation is sent as a POST.
func (op operation) isPost() bool { return op == start || op == schedule }

// callOfficial calls an operation with the official client. For a schedule, the
// job's id is that of the schedule. For a definition, it is the alias.
func callOfficial(
	ctx context.Context, client *quicksight.Client, op operation, job snapshotjob.Job,
) (any, error) {
	switch op {
	case start:
		return client.StartDashboardSnapshotJob(ctx, officialStart(startOf(job)))
	case describe:
		in := &quicksight.DescribeDashboardSnapshotJobInput{
			AwsAccountId:  &job.AWSAccountID,
			DashboardId:   &job.DashboardID,
			SnapshotJobId: &job.SnapshotJobID,
		}
		return client.DescribeDashboardSnapshotJob(ctx, in)
	case result:
		in := &quicksight.DescribeDashboardSnapshotJobResultInput{
			AwsAccountId:  &job.AWSAccountID,
			DashboardId:   &job.DashboardID,
			SnapshotJobId: &job.SnapshotJobID,
		}
		return client.DescribeDashboardSnapshotJobResult(ctx, in)
	case definition:
		return describeOfficially(ctx, client, job)
	default:
		in := &quicksight.StartDashboardSnapshotJobScheduleInput{
			AwsAccountId: &job.AWSAccountID,
			DashboardId:  &job.DashboardID,
			ScheduleId:   &job.SnapshotJobID,
		}
		return client.StartDashboardSnapshotJobSchedule(ctx, in)
	}
}

// callOurs calls an operation with this repository's client. For a schedule, the
// job's id is that of the schedule. For a definition, it is the alias.
func callOurs(
	ctx context.Context, client *snapshotjob.Client, op operation, job snapshotjob.Job,
) (any, error) {
	switch op {
	case start:
		return client.StartDashboardSnapshotJob(ctx, startOf(job))
	case describe:
		return client.DescribeDashboardSnapshotJob(ctx, job)
	case result:
		return client.DescribeDashboardSnapshotJobResult(ctx, job)
	case definition:
		in := &snapshotjob.DescribeDashboardDefinitionInput{
			AWSAccountID: job.AWSAccountID,
			DashboardID:  job.DashboardID,
			AliasName:    job.SnapshotJobID,
		}
		return client.DescribeDashboardDefinition(ctx, in)
	default:
		in := &snapshotjob.StartDashboardSnapshotJobScheduleInput{
			AWSAccountID: job.AWSAccountID,
			DashboardID:  job.DashboardID,
			ScheduleID:   job.SnapshotJobID,
		}
		return client.StartDashboardSnapshotJobSchedule(ctx, in)
	}
}

// startOf returns an input that starts a job. Which file the job makes does not
// matter.
func startOf(job snapshotjob.Job) *snapshotjob.StartDashboardSnapshotJobInput {
	return &snapshotjob.StartDashboardSnapshotJobInput{
		Job:               job,
		UserConfiguration: snapshotjob.AnonymousUser(),
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("summary")},
		},
	}
}

// officialStart returns the official client's input that says the same as in. Its
// ids are present even if they are empty.
func officialStart(
	in *snapshotjob.StartDashboardSnapshotJobInput,
) *quicksight.StartDashboardSnapshotJobInput {
	official := &quicksight.StartDashboardSnapshotJobInput{}
	fill(reflect.ValueOf(official).Elem(), reflect.ValueOf(*in))
	official.AwsAccountId = &in.Job.AWSAccountID
	official.DashboardId = &in.Job.DashboardID
	official.SnapshotJobId = &in.Job.SnapshotJobID
	return official
}

// fill gives dst the value of src. Fields of structures are matched by their
// names, in whichever style these are written. Zero values stay absent.
func fill(dst, src reflect.Value) {
	switch {
	case src.Kind() == reflect.Pointer:
		fillFromPointer(dst, src)
	case dst.Kind() == reflect.Pointer:
		if !src.IsZero() {
			fillPointer(dst, src)
		}
	case dst.Kind() == reflect.Slice:
		fillSlice(dst, src)
	case dst.Kind() == reflect.Struct && dst.Type() != reflect.TypeFor[time.Time]():
		fillStruct(dst, src)
	default:
		dst.Set(src.Convert(dst.Type()))
	}
}

// fillFromPointer fills dst with what src points to. Where both are pointers, a
// zero value behind src is present: dst then points to a zero value as well.
func fillFromPointer(dst, src reflect.Value) {
	switch {
	case src.IsNil():
		return
	case dst.Kind() == reflect.Pointer:
		fillPointer(dst, src.Elem())
	default:
		fill(dst, src.Elem())
	}
}

func fillPointer(dst, src reflect.Value) {
	dst.Set(reflect.New(dst.Type().Elem()))
	fill(dst.Elem(), src)
}

func fillSlice(dst, src reflect.Value) {
	if src.IsNil() {
		return
	}
	dst.Set(reflect.MakeSlice(dst.Type(), src.Len(), src.Len()))
	for i := range src.Len() {
		fill(dst.Index(i), src.Index(i))
	}
}

func fillStruct(dst, src reflect.Value) {
	for i := range src.NumField() {
		name := src.Type().Field(i).Name
		field := dst.FieldByNameFunc(func(other string) bool { return strings.EqualFold(other, name) })
		if field.IsValid() {
			fill(field, src.Field(i))
		}
	}
}
