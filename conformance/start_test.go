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
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSameStart has both clients start jobs with random configurations, within
// the documented rules, at random endpoints, with and without a session. Their
// bodies must hold the same values.
func TestSameStart(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		in := randomStart(rng)
		endpoint := pick(rng, []string{"", "https://example.com", "http://127.0.0.1:8080/base"})
		token := pick(rng, []string{"", "TOKEN"})
		synctest.Test(t, func(t *testing.T) {
			compareStarts(t, in, endpoint, token)
		})
		if t.Failed() {
			break
		}
	}
}

// compareStarts has both clients send a start, and compares what was received.
func compareStarts(t *testing.T, in *snapshotjob.StartDashboardSnapshotJobInput, endpoint, token string) {
	t.Helper()
	keys := Keys
	keys.SessionToken = token
	config := func(client aws.HTTPClient) aws.Config {
		cfg := Config(keys, client)
		if endpoint != "" {
			cfg.BaseEndpoint = &endpoint
		}
		return cfg
	}
	var toOfficial, toOurs recorder
	official := quicksight.NewFromConfig(config(&toOfficial))
	_, err := official.StartDashboardSnapshotJob(t.Context(), officialStart(in))
	require.NoError(t, err, "official")
	ours := snapshotjob.NewFromConfig(config(&toOurs))
	_, err = ours.StartDashboardSnapshotJob(t.Context(), in)
	require.NoError(t, err, "snapshotjob")

	want := toOfficial.requests[0].wire(t, keys)
	got := toOurs.requests[0].wire(t, keys)
	assert.True(t, got.OwnSignatureIsCorrect, "%+v", in)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v:\nsnapshotjob %s %+v\nofficial    %s %+v",
			in, toOurs.requests[0].body, got, toOfficial.requests[0].body, want)
	}
}

// startMaker makes up inputs of starts.
type startMaker struct {
	rng *rand.Rand
}

// randomStart returns an input with up to seven files, and with or without a
// destination, parameters and a user.
func randomStart(rng *rand.Rand) *snapshotjob.StartDashboardSnapshotJobInput {
	m := startMaker{rng: rng}
	in := &snapshotjob.StartDashboardSnapshotJobInput{
		Job: snapshotjob.Job{
			AWSAccountID:  AccountID,
			DashboardID:   m.text(),
			SnapshotJobID: m.text(),
		},
	}
	in.SnapshotConfiguration.FileGroups = m.groups()
	if m.rng.IntN(2) == 0 {
		in.SnapshotConfiguration.DestinationConfiguration = m.destination()
	}
	if m.rng.IntN(2) == 0 {
		in.SnapshotConfiguration.Parameters = m.parameters()
	}
	switch m.rng.IntN(3) {
	case 0:
		in.UserConfiguration = snapshotjob.AnonymousUser()
	case 1:
		in.UserConfiguration = snapshotjob.AnonymousUser(m.tag(), m.tag())
	}
	return in
}

// text returns a text of characters that are encoded in different ways.
func (m startMaker) text() string {
	alphabet := []string{
		"a", "Z", "0", "-", "_", "<&>", `"`, `\`, "ü", "日", "\u2028", "/", "\x7f", "\x01", "😀",
	}
	var b strings.Builder
	for range 1 + m.rng.IntN(6) {
		b.WriteString(pick(m.rng, alphabet))
	}
	return b.String()
}

// name returns a text that is the name of a parameter.
func (m startMaker) name() string { return fmt.Sprintf("n%d", m.rng.IntN(100)) + m.text() }

func (m startMaker) tag() snapshotjob.SessionTag {
	return snapshotjob.SessionTag{Key: m.text(), Value: m.text()}
}

// groups returns some of the file groups that a job may have.
func (m startMaker) groups() []snapshotjob.SnapshotFileGroup {
	groups := []snapshotjob.SnapshotFileGroup{
		snapshotjob.PDF(m.text()),
		snapshotjob.Excel(m.text(), m.text(), m.text()),
	}
	for range 5 {
		groups = append(groups, snapshotjob.CSV(m.text(), m.text()))
	}
	m.rng.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	return groups[:1+m.rng.IntN(len(groups))]
}

func (m startMaker) destination() *snapshotjob.SnapshotDestinationConfiguration {
	bucket := snapshotjob.S3BucketConfiguration{
		BucketName:   m.text() + "b",
		BucketPrefix: m.text() + "p",
		BucketRegion: Region,
	}
	return &snapshotjob.SnapshotDestinationConfiguration{
		S3Destinations: []snapshotjob.SnapshotS3DestinationConfiguration{{BucketConfiguration: bucket}},
	}
}

// parameters returns a parameter of each kind, whose values are the usual ones
// and the extremes.
func (m startMaker) parameters() *snapshotjob.Parameters {
	return &snapshotjob.Parameters{
		StringParameters: []snapshotjob.StringParameter{{
			Name:   m.name(),
			Values: []string{m.text(), ""},
		}},
		IntegerParameters: []snapshotjob.IntegerParameter{{
			Name:   m.name(),
			Values: []int64{m.rng.Int64(), -1, math.MaxInt64},
		}},
		DecimalParameters: []snapshotjob.DecimalParameter{{
			Name:   m.name(),
			Values: m.decimals(),
		}},
		DateTimeParameters: []snapshotjob.DateTimeParameter{{
			Name:   m.name(),
			Values: m.times(),
		}},
	}
}

func (m startMaker) decimals() []float64 {
	return []float64{m.rng.NormFloat64(), 1e21, 1e-9, 0, math.NaN(), math.Inf(1), math.Inf(-1)}
}

// times returns a time with nanoseconds, another one before 1970, and one of another zone.
func (m startMaker) times() []time.Time {
	return []time.Time{
		time.Unix(m.rng.Int64N(4e9), m.rng.Int64N(1e9)),
		time.Unix(-m.rng.Int64N(4e9), m.rng.Int64N(1e9)).UTC(),
		time.Date(2026, 11, 23, 1, 2, 3, 0, time.FixedZone("", 3600)),
	}
}
