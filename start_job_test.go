package snapshotjob_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The files of testdata/start hold what the official client
// (service/quicksight v1.113.0) sent for the inputs of startExamples.
func TestStartSendsWhatTheOfficialClientSends(t *testing.T) {
	for name, in := range startExamples() {
		t.Run(name, func(t *testing.T) {
			official := startOfficialBody(t, name)
			recorder := &startRecorder{status: 200, body: `{}`}

			_, err := startClient(recorder).StartDashboardSnapshotJob(t.Context(), in)

			require.NoError(t, err)
			require.Len(t, recorder.sent, 1)
			assert.Equal(t, official, startReadJSON(t, recorder.sent[0]), "the body %s", recorder.sent[0])
		})
	}
}

func TestStartHasAnExampleForEveryFile(t *testing.T) {
	files, err := filepath.Glob("testdata/start/*.json")
	require.NoError(t, err)
	assert.Len(t, files, len(startExamples()))
}

func TestStartRequest(t *testing.T) {
	const wantURL = "https://quicksight.us-east-1.amazonaws.com" +
		"/accounts/111122223333/dashboards/sales/snapshot-jobs"
	for name, in := range startExamples() {
		t.Run(name, func(t *testing.T) {
			recorder := &startRecorder{status: 200, body: `{}`}

			_, err := startClient(recorder).StartDashboardSnapshotJob(t.Context(), in)

			require.NoError(t, err)
			require.Len(t, recorder.requests, 1)
			req := recorder.requests[0]
			assert.Equal(t, http.MethodPost, req.Method)
			assert.Equal(t, wantURL, req.URL.String())
			assert.Equal(t, []string{"application/json"}, req.Header["Content-Type"])
			assert.Equal(t, int64(len(recorder.sent[0])), req.ContentLength)
		})
	}
}

func TestStartOutput(t *testing.T) {
	want := &snapshotjob.StartDashboardSnapshotJobOutput{
		Job:       dailyJob,
		ARN:       "A",
		RequestID: "R",
		Status:    200,
	}
	for name, in := range startExamples() {
		t.Run(name, func(t *testing.T) {
			recorder := &startRecorder{
				status: 200,
				body:   `{"Arn":"A","SnapshotJobId":"daily","RequestId":"R"}`,
			}
			got, err := startClient(recorder).StartDashboardSnapshotJob(t.Context(), in)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestStartReturnsTheJobOfTheResponse(t *testing.T) {
	recorder := &startRecorder{
		status: 202,
		header: []string{"X-Amzn-Requestid", "H"},
		body:   `{"SnapshotJobId":"other"}`,
	}
	want := &snapshotjob.StartDashboardSnapshotJobOutput{
		Job:       dailyJob,
		RequestID: "H",
		Status:    202,
	}
	want.Job.SnapshotJobID = "other"

	got, err := startClient(recorder).StartDashboardSnapshotJob(t.Context(), startInput())

	require.NoError(t, err)
	assert.Equal(t, want, got)
}

// A second start of the same input sends the same again.
func TestStartLeavesItsInputAlone(t *testing.T) {
	for name, in := range startExamples() {
		t.Run(name, func(t *testing.T) {
			official := startOfficialBody(t, name)
			recorder := &startRecorder{status: 200, body: `{}`}
			client := startClient(recorder)

			for range 2 {
				_, err := client.StartDashboardSnapshotJob(t.Context(), in)
				require.NoError(t, err)
			}

			require.Len(t, recorder.sent, 2)
			assert.Equal(t, official, startReadJSON(t, recorder.sent[1]), "the body %s", recorder.sent[1])
		})
	}
}

func TestStartOfNilInput(t *testing.T) {
	const want = "operation error QuickSight: StartDashboardSnapshotJob, " +
		"invalid input: in is nil: want the job to start"
	recorder := &startRecorder{}
	_, err := startClient(recorder).StartDashboardSnapshotJob(t.Context(), nil)
	assert.EqualError(t, err, want)
	assert.Empty(t, recorder.requests)
}

// Package aws/retry takes LimitExceededException for throttling, whatever its status.
func TestStartIsNotTriedAgainAtTheLimit(t *testing.T) {
	for _, status := range []int{409, 429, 400} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			recorder := startAtTheLimit(status)
			_, err := startClient(recorder).StartDashboardSnapshotJob(t.Context(), startInput())
			assertAtTheLimit(t, err)
			assert.Len(t, recorder.requests, 1)
		})
	}
}

// startAtTheLimit is a service whose account can run no more jobs.
func startAtTheLimit(status int) *startRecorder {
	return &startRecorder{
		status: status,
		header: []string{"X-Amzn-Errortype", "LimitExceededException"},
		body:   `{"Message":"m","ResourceType":"SNAPSHOT_JOB"}`,
	}
}

// assertAtTheLimit wants the error of a service that startAtTheLimit made.
func assertAtTheLimit(t *testing.T, err error) {
	t.Helper()
	var limit *snapshotjob.LimitExceededException
	require.ErrorAs(t, err, &limit)
	assert.Equal(t, "SNAPSHOT_JOB", limit.ResourceType)
	assert.NotErrorIs(t, err, snapshotjob.ErrOutcomeUnknown)
}

// startExamples are inputs, each under the name of its file in testdata/start.
func startExamples() map[string]*startJobInput {
	registered := startInput(snapshotjob.CSV("sheet-1", "visual-1"))
	registered.UserConfiguration = nil
	return map[string]*startJobInput{
		"pdf_anonymous":  startInput(),
		"csv_registered": registered,
		"excel_tags":     startWithTags(),
		"destination":    startWithDestination(),
		"parameters":     startWithParameters(),
		"empty_lists":    startWithEmptyLists(),
	}
}

// startWithTags asks for a workbook of two sheets, for a user with tags of all kinds of characters.
func startWithTags() *startJobInput {
	excel := snapshotjob.Excel("sheet-1", "visual-1", "visual-2")
	second := snapshotjob.Excel("sheet-2", "visual-3")
	file := &excel.Files[0]
	file.SheetSelections = append(file.SheetSelections, second.Files[0].SheetSelections...)

	in := startInput(excel)
	in.UserConfiguration = snapshotjob.AnonymousUser(
		snapshotjob.SessionTag{Key: "tenant", Value: "Ünïcode <&> \"quoted\" \u2028 😀"},
		snapshotjob.SessionTag{Key: "region", Value: "north"},
	)
	return in
}

// startWithDestination asks for two files in the caller's bucket.
func startWithDestination() *startJobInput {
	in := startInput(snapshotjob.PDF("sheet-1"), snapshotjob.CSV("sheet-1", "visual-1"))
	startInto(snapshotjob.S3BucketConfiguration{
		BucketName:   "reports",
		BucketPrefix: "daily/pdf",
		BucketRegion: "us-east-1",
	})(in)
	return in
}

// startWithParameters has parameters of every type, with values at the ends of their ranges.
func startWithParameters() *startJobInput {
	in := startInput()
	in.SnapshotConfiguration.Parameters = &snapshotjob.Parameters{
		StringParameters: []snapshotjob.StringParameter{
			{Name: "place", Values: []string{"north", "", "sü<&>d\t\x00"}},
			{Name: "none"},
		},
		IntegerParameters: []snapshotjob.IntegerParameter{
			{Name: "n", Values: []int64{0, -1, math.MaxInt64, math.MinInt64, 1<<53 + 1}},
		},
		DecimalParameters: []snapshotjob.DecimalParameter{
			{Name: "x", Values: []float64{
				0, 0.1, -1.5e300, 5e-324, math.MaxFloat64,
				math.NaN(), math.Inf(1), math.Inf(-1),
				1e21, 1e-7,
			}},
		},
		DateTimeParameters: []snapshotjob.DateTimeParameter{
			{Name: "t", Values: []time.Time{
				time.Unix(0, 0),
				time.Date(2026, 11, 23, 8, 30, 0, 123456789, time.FixedZone("", 3600)),
				time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC),
				time.Date(1900, 1, 1, 0, 0, 0, 1_500_000, time.UTC),
				time.Date(2200, 1, 1, 0, 0, 0, 1e6, time.UTC),
			}},
		},
	}
	return in
}

// startWithEmptyLists has lists that are empty, not nil.
func startWithEmptyLists() *startJobInput {
	in := startInput()
	in.SnapshotConfiguration.FileGroups[0].Files[0].SheetSelections[0].VisualIDs = []string{}
	in.SnapshotConfiguration.Parameters = &snapshotjob.Parameters{
		StringParameters: []snapshotjob.StringParameter{},
	}
	return in
}

// startOfficialBody is the body that the official client sent for an example.
func startOfficialBody(t *testing.T, name string) any {
	t.Helper()
	official, err := os.ReadFile(filepath.Join("testdata", "start", name+".json"))
	require.NoError(t, err)
	return startReadJSON(t, official)
}

// startReadJSON reads a JSON text. Two texts of the same numbers become equal values.
func startReadJSON(t *testing.T, text []byte) any {
	t.Helper()
	var value any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&value), "in %s", text)
	return startPlainNumbers(t, value)
}

// startPlainNumbers makes an int64 of every number in value that is one, and a float64 of the others.
func startPlainNumbers(t *testing.T, value any) any {
	t.Helper()
	switch value := value.(type) {
	case map[string]any:
		for key, member := range value {
			value[key] = startPlainNumbers(t, member)
		}
	case []any:
		for i, element := range value {
			value[i] = startPlainNumbers(t, element)
		}
	case json.Number:
		if n, err := value.Int64(); err == nil {
			return n
		}
		f, err := value.Float64()
		require.NoError(t, err)
		return f
	}
	return value
}
