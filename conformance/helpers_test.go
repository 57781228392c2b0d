package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/quicksight"
	"github.com/aws/smithy-go"
	"github.com/quicksight-go/snapshotjob"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// exampleJob is the job that most tests ask about.
var exampleJob = snapshotjob.Job{
	AWSAccountID:  AccountID,
	DashboardID:   "sales",
	SnapshotJobID: "daily",
}

// exampleResultInput asks the official client for the result of exampleJob.
var exampleResultInput = &quicksight.DescribeDashboardSnapshotJobResultInput{
	AwsAccountId:  &exampleJob.AWSAccountID,
	DashboardId:   &exampleJob.DashboardID,
	SnapshotJobId: &exampleJob.SnapshotJobID,
}

// clientNames are the names of both clients, the official one first.
var clientNames = []string{"official", "snapshotjob"}

// caller asks one of the clients for the result of exampleJob.
type caller struct {
	name string
	call func(context.Context) error
}

// callers returns a caller of each client, in the order of clientNames.
func (p Pair) callers() []caller {
	official := func(ctx context.Context) error {
		_, err := p.Official.DescribeDashboardSnapshotJobResult(ctx, exampleResultInput)
		return err
	}
	ours := func(ctx context.Context) error {
		_, err := p.Ours.DescribeDashboardSnapshotJobResult(ctx, exampleJob)
		return err
	}
	return []caller{
		{name: clientNames[0], call: official},
		{name: clientNames[1], call: ours},
	}
}

// loadCases reads a file of the cases that the library's own tests replay. Here
// the cases show that the official client behaves in the same way, except for
// named differences.
func loadCases(t *testing.T, name string, file any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, file), name)
}

// emptyResponse returns a response without a body. It has the given headers and,
// in a header of its own, the code of an exception. An empty code is left out.
func emptyResponse(status int, code string, headers map[string]string) *http.Response {
	resp := &http.Response{
		StatusCode: status,
		Header:     http.Header{},
		Body:       http.NoBody,
	}
	for name, value := range headers {
		resp.Header.Set(name, value)
	}
	if code != "" {
		resp.Header.Set("X-Amzn-Errortype", code)
	}
	return resp
}

// sleepUntil moves the clock of a bubble forward to a certain time.
func sleepUntil(at time.Time) { time.Sleep(time.Until(at)) }

// errorCode returns the code of an API error, the text of any other error, and
// "" for none.
func errorCode(err error) string {
	var api smithy.APIError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &api):
		return api.ErrorCode()
	default:
		return err.Error()
	}
}

// tally counts how often a test met each difference.
type tally map[Difference]int

func (c tally) add(differences ...Difference) {
	for _, d := range differences {
		c[d]++
	}
}

// log writes the counts into the test's log.
func (c tally) log(t *testing.T) {
	t.Helper()
	for d, n := range c {
		t.Logf("%4d %s", n, d)
	}
}

// assertMet reports each of the differences that the test has not met.
func (c tally) assertMet(t *testing.T, differences ...Difference) {
	t.Helper()
	for _, d := range differences {
		assert.Positive(t, c[d], "no case shows the difference: %s", d)
	}
}
