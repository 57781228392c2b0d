package conformance

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/quicksight"
	"github.com/quicksight-go/snapshotjob"
)

// TestSameStart has both clients start jobs with random configurations, within
// the documented rules, at random endpoints, with and without a session. Their bodies must hold the same values.
func TestSameStart(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		in := randomStart(rng)
		synctest.Test(t, func(t *testing.T) {
			var sent [2]recorder
			keys, endpoint := Keys, []string{"", "https://example.com", "http://127.0.0.1:8080/base"}[rng.IntN(3)]
			keys.SessionToken = []string{"", "TOKEN"}[rng.IntN(2)]
			var cfg [2]aws.Config
			for i := range cfg {
				if cfg[i] = Config(keys, &sent[i]); endpoint != "" {
					cfg[i].BaseEndpoint = &endpoint
				}
			}
			official, ours := quicksight.NewFromConfig(cfg[0]), snapshotjob.NewFromConfig(cfg[1])
			var same quicksight.StartDashboardSnapshotJobInput
			fill(reflect.ValueOf(&same).Elem(), reflect.ValueOf(*in))
			fill(reflect.ValueOf(&same).Elem(), reflect.ValueOf(in.Job))
			if _, err := official.StartDashboardSnapshotJob(t.Context(), &same); err != nil {
				t.Fatalf("official: %v", err)
			}
			if _, err := ours.StartDashboardSnapshotJob(t.Context(), in); err != nil {
				t.Fatalf("snapshotjob: %v", err)
			}
			want, got := sent[0].requests[0].wire(t, keys), sent[1].requests[0].wire(t, keys)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%+v:\nsnapshotjob %s %+v\nofficial    %s %+v", in, sent[1].requests[0].body, got, sent[0].requests[0].body, want)
			}
		})
		if t.Failed() {
			break
		}
	}
}

// fill gives dst the fields of src that bear the same names, in whichever
// style. Zero values stay absent.
func fill(dst, src reflect.Value) {
	for src.Kind() == reflect.Pointer {
		if src.IsNil() {
			return
		}
		if src = src.Elem(); dst.Kind() == reflect.Pointer && src.IsZero() {
			dst.Set(reflect.New(dst.Type().Elem()))
		}
	}
	switch {
	case dst.Kind() == reflect.Pointer:
		if !src.IsZero() {
			dst.Set(reflect.New(dst.Type().Elem()))
			fill(dst.Elem(), src)
		}
	case dst.Kind() == reflect.Slice:
		if !src.IsNil() {
			dst.Set(reflect.MakeSlice(dst.Type(), src.Len(), src.Len()))
			for i := range src.Len() {
				fill(dst.Index(i), src.Index(i))
			}
		}
	case dst.Kind() == reflect.Struct && dst.Type() != reflect.TypeFor[time.Time]():
		for i := range src.NumField() {
			name := src.Type().Field(i).Name
			if to := dst.FieldByNameFunc(func(n string) bool { return strings.EqualFold(n, name) }); to.IsValid() {
				fill(to, src.Field(i))
			}
		}
	default:
		dst.Set(src.Convert(dst.Type()))
	}
}

func randomStart(rng *rand.Rand) *snapshotjob.StartDashboardSnapshotJobInput {
	text := func() string {
		alphabet := []string{"a", "Z", "0", "-", "_", "<&>", `"`, `\`, "ü", "日", "\u2028", "/", "\x7f", "\x01", "😀"}
		var b strings.Builder
		for range 1 + rng.IntN(6) {
			b.WriteString(alphabet[rng.IntN(len(alphabet))])
		}
		return b.String()
	}
	in := &snapshotjob.StartDashboardSnapshotJobInput{Job: snapshotjob.Job{AWSAccountID: AccountID, DashboardID: text(), SnapshotJobID: text()}}
	groups := []snapshotjob.SnapshotFileGroup{snapshotjob.PDF(text()), snapshotjob.Excel(text(), text(), text())}
	for range 5 {
		groups = append(groups, snapshotjob.CSV(text(), text()))
	}
	rng.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	in.SnapshotConfiguration.FileGroups = groups[:1+rng.IntN(len(groups))]
	if rng.IntN(2) == 0 {
		in.SnapshotConfiguration.DestinationConfiguration = &snapshotjob.SnapshotDestinationConfiguration{
			S3Destinations: []snapshotjob.SnapshotS3DestinationConfiguration{{BucketConfiguration: snapshotjob.S3BucketConfiguration{
				BucketName: text() + "b", BucketPrefix: text() + "p", BucketRegion: Region,
			}}},
		}
	}
	if rng.IntN(2) == 0 {
		name := func() string { return fmt.Sprintf("n%d", rng.IntN(100)) + text() }
		in.SnapshotConfiguration.Parameters = &snapshotjob.Parameters{
			StringParameters:  []snapshotjob.StringParameter{{Name: name(), Values: []string{text(), ""}}},
			IntegerParameters: []snapshotjob.IntegerParameter{{Name: name(), Values: []int64{rng.Int64(), -1, math.MaxInt64}}},
			DecimalParameters: []snapshotjob.DecimalParameter{{Name: name(), Values: []float64{rng.NormFloat64(), 1e21, 1e-9, 0, math.NaN(), math.Inf(1), math.Inf(-1)}}},
			DateTimeParameters: []snapshotjob.DateTimeParameter{{Name: name(), Values: []time.Time{
				time.Unix(rng.Int64N(4e9), rng.Int64N(1e9)), time.UnixMilli(-rng.Int64N(1e12)).UTC(), time.Date(2026, 11, 23, 1, 2, 3, 0, time.FixedZone("", 3600)),
			}}},
		}
	}
	switch rng.IntN(3) {
	case 0:
		in.UserConfiguration = snapshotjob.AnonymousUser()
	case 1:
		in.UserConfiguration = snapshotjob.AnonymousUser(snapshotjob.SessionTag{Key: text(), Value: text()}, snapshotjob.SessionTag{Key: text(), Value: text()})
	}
	return in
}
