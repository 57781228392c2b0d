package snapshotjobtest_test

import (
	"fmt"
	"io"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// The API, the caller's bucket, and the paths that most tests use.
const (
	apiURL           = "https://quicksight.us-east-1.amazonaws.com"
	reportsURL       = "https://reports.s3.us-east-1.amazonaws.com"
	salesPath        = "/accounts/111122223333/dashboards/sales"
	otherPath        = "/accounts/111122223333/dashboards/other"
	jobsPath         = salesPath + "/snapshot-jobs"
	dailyPath        = jobsPath + "/daily"
	dailyResultPath  = dailyPath + "/result"
	weeklyPath       = jobsPath + "/weekly"
	weeklyResultPath = weeklyPath + "/result"
)

// describeOp is the operation that most tests of faults and retries use.
const describeOp = snapshotjobtest.DescribeDashboardSnapshotJob

var (
	// daily is the job that tests add to a server.
	daily = snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "sales", SnapshotJobID: "daily"}

	// weekly is the job that the body goodStart starts.
	weekly = snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "sales", SnapshotJobID: "weekly"}

	// ownKeys are the credentials of a server's own user.
	ownKeys = aws.Credentials{
		AccessKeyID:     "AKIDEXAMPLE",
		SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
	}
)

// newDailyServer returns a server that has the job daily, with the given life.
func newDailyServer(
	t *testing.T,
	life snapshotjobtest.Life,
	optFns ...func(*snapshotjobtest.Options),
) *snapshotjobtest.Server {
	t.Helper()
	srv := snapshotjobtest.NewTestServer(t, optFns...)
	srv.AddJob(daily, life)
	return srv
}

// completedPDF returns a life that leaves one PDF.
func completedPDF() snapshotjobtest.Life {
	return snapshotjobtest.Completed(snapshotjobtest.PDF("s"))
}

// completedCSV returns a life that leaves one CSV file with the given content.
func completedCSV(content string) snapshotjobtest.Life {
	return snapshotjobtest.Completed(snapshotjobtest.CSV("s", "v").With(content))
}

// inReports returns the life with its files in the caller's bucket "reports", below the prefix "p".
func inReports(life snapshotjobtest.Life) snapshotjobtest.Life {
	life.Destination = &snapshotjob.S3BucketConfiguration{BucketName: "reports", BucketPrefix: "p"}
	return life
}

// completeAtOnce lets every job that is started complete at once.
func completeAtOnce(o *snapshotjobtest.Options) {
	o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
		return snapshotjobtest.Completed()
	}
}

// noRateLimit lets any number of requests come at once.
func noRateLimit(o *snapshotjobtest.Options) {
	o.RequestsPerSecond = -1
}

// startMany starts n jobs, whose ids are the prefix and a number from 0.
func startMany(t *testing.T, srv *snapshotjobtest.Server, prefix string, n int) {
	t.Helper()
	for i := range n {
		startJobs(t, srv, fmt.Sprint(prefix, i))
	}
}

// startJobs starts a job with one PDF for each id, in this order.
func startJobs(t *testing.T, srv *snapshotjobtest.Server, ids ...string) {
	t.Helper()
	for _, id := range ids {
		start := startOf(pdfGroup).withID(id)
		post(jobsPath, start.json()).send(t, srv).assertOK(t)
	}
}

// A starter prepares a server for one way to reach it. It returns the server's URL, which is empty in
// memory.
type starter func(*snapshotjobtest.Server) string

// forEachWay runs a test for each way to reach a server.
func forEachWay(t *testing.T, test func(t *testing.T, start starter)) {
	t.Helper()
	for name, start := range map[string]starter{
		"memory": (*snapshotjobtest.Server).URL, // It starts nothing, and returns "".
		"http":   (*snapshotjobtest.Server).Start,
		"https":  (*snapshotjobtest.Server).StartTLS,
	} {
		t.Run(name, func(t *testing.T) {
			test(t, start)
		})
	}
}

// advanceClock lets the time d pass. The test must run in a testing/synctest bubble, whose clock jumps.
func advanceClock(d time.Duration) {
	time.Sleep(d)
}

// runInBubble runs a subtest in a testing/synctest bubble.
func runInBubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, test)
	})
}

// keysOf returns the credentials of a provider.
func keysOf(t *testing.T, provider aws.CredentialsProvider) aws.Credentials {
	t.Helper()
	keys, err := provider.Retrieve(t.Context())
	require.NoError(t, err)
	return keys
}

// describeDaily asks the client for a description of the job daily, and returns what came of it.
func describeDaily(t *testing.T, client *snapshotjob.Client) error {
	t.Helper()
	_, err := client.DescribeDashboardSnapshotJob(t.Context(), daily)
	return err
}

// describeResult returns the result of the job daily.
func describeResult(
	t *testing.T,
	client *snapshotjob.Client,
) *snapshotjob.DescribeDashboardSnapshotJobResultOutput {
	t.Helper()
	out, err := client.DescribeDashboardSnapshotJobResult(t.Context(), daily)
	require.NoError(t, err)
	return out
}

// readFiles returns the content of every file of a result, read by the client.
func readFiles(
	t *testing.T,
	client *snapshotjob.Client,
	result *snapshotjob.DescribeDashboardSnapshotJobResultOutput,
) []string {
	t.Helper()
	var contents []string
	for file := range result.Files() {
		reader, err := client.Open(t.Context(), file)
		require.NoError(t, err)
		content, err := io.ReadAll(reader)
		assert.NoError(t, err)
		assert.NoError(t, reader.Close())
		contents = append(contents, string(content))
	}
	return contents
}

// dailyURIs returns the URIs of the files of the job daily.
func dailyURIs(t *testing.T, srv *snapshotjobtest.Server) []string {
	t.Helper()
	uris := get(dailyResultPath).send(t, srv).uris(t)
	require.NotEmpty(t, uris)
	return uris
}

// dailyURI returns the URI of the first file of the job daily.
func dailyURI(t *testing.T, srv *snapshotjobtest.Server) string {
	t.Helper()
	return dailyURIs(t, srv)[0]
}

// fetchDaily fetches the first file of the job daily by its presigned URL.
func fetchDaily(t *testing.T, srv *snapshotjobtest.Server, changes ...func(*http.Request)) response {
	t.Helper()
	return fetch(t, srv, dailyURI(t, srv), changes...)
}

// meetFault asks a new server for a description of the job daily, which meets the fault. The error is
// that of a client which got no response.
func meetFault(t *testing.T, start starter, fault snapshotjobtest.Fault) (response, error) {
	t.Helper()
	t.Log("the fault is", fault)
	srv := newDailyServer(t, snapshotjobtest.Completed())
	url := start(srv)
	srv.Fail(describeOp, fault)
	req := get(url + dailyPath).sign(t)
	resp, err := srv.HTTPClient().Do(req)
	if err != nil {
		return response{}, err
	}
	got := readResponse(resp)
	// From this header a client learns how wrong its clock is, whatever else went wrong.
	assert.NotEmpty(t, got.header.Get("Date"))
	return got, nil
}

// assertReset checks that a request breaks its connection.
func assertReset(t *testing.T, srv *snapshotjobtest.Server, request signedRequest) {
	t.Helper()
	resp, err := srv.HTTPClient().Do(request.sign(t))
	assert.Nil(t, resp)
	assert.ErrorIs(t, err, syscall.ECONNRESET)
}

// digits is the content of a file.
const digits = "0123456789"

// fetchDigits fetches the file digits from a new server, by its presigned URL.
func fetchDigits(t *testing.T, changes ...func(*http.Request)) response {
	t.Helper()
	srv := newDailyServer(t, completedCSV(digits))
	return fetchDaily(t, srv, changes...)
}

// escapedKey is the path of a file of newBucketServer. Some of its characters need an escape.
const escapedKey = "/p/111122223333/sales/daily/1-s%20%2B%C3%BC-v.csv"

// newBucketServer returns a server that has a file at escapedKey of the bucket "reports".
func newBucketServer(t *testing.T) *snapshotjobtest.Server {
	t.Helper()
	file := snapshotjobtest.CSV("s +ü", "v").With("a,b\n")
	return newDailyServer(t, inReports(snapshotjobtest.Completed(file)))
}
