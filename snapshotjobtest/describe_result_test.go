package snapshotjobtest_test

import (
	"fmt"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// The result of a job is refused until the job has ended.
func TestDescribeResultNeedsEnd(t *testing.T) {
	const notFinished = "Dashboard Snapshot Job with id weekly has not reached a terminal state."
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t)
		post(jobsPath, goodStart).send(t, srv).assertOK(t)
		for _, d := range []time.Duration{
			0,
			1999 * time.Millisecond,
			time.Millisecond,
			40*time.Second - time.Millisecond,
		} {
			advanceClock(d)
			early := get(weeklyResultPath).send(t, srv)
			early.assertError(t, 400, "PreconditionNotMetException")
			assert.Equal(t, notFinished, early.object(t)["Message"])
		}
		for _, d := range []time.Duration{time.Millisecond, 1000 * time.Hour} {
			advanceClock(d)
			get(weeklyResultPath).send(t, srv).assertOK(t)
		}
	})
}

// Parts of the results that TestDescribeResult wants.
const (
	pdfInResult = `"Files":[{"FormatType":"PDF","SheetSelections":[` +
		`{"SheetId":"s","SelectionScope":"ALL_VISUALS"}]}]`
	csvInResult = `"Files":[{"FormatType":"CSV","SheetSelections":[` +
		`{"SheetId":"s","SelectionScope":"SELECTED_VISUALS","VisualIds":["v"]}]}]`
	bucketInResult = `"S3DestinationConfiguration":{"BucketConfiguration":` +
		`{"BucketName":"b","BucketPrefix":"p/q","BucketRegion":"us-east-1"}}`
	pdfInBucket = `"S3Uri":"s3://b/p/q/111122223333/sales/daily/1-s.pdf"`
	rowsChanged = `{"ErrorMessage":"m","ErrorType":"RLS_CHANGED"}`
	colsChanged = `{"ErrorMessage":"n","ErrorType":"CLS_CHANGED"}`
)

func TestDescribeResult(t *testing.T) {
	brokenCSV := snapshotjobtest.CSV("s", "v").Failing("RLS_CHANGED", "m")
	registered := completedPDF()
	registered.Registered = true
	bucket := snapshotjobtest.Completed(snapshotjobtest.PDF("s"), brokenCSV)
	bucket.Destination = &snapshotjob.S3BucketConfiguration{BucketName: "b", BucketPrefix: "p/q"}

	presigned := regexp.MustCompile(`https://[^"]*`)
	for _, tt := range []struct {
		name   string
		life   snapshotjobtest.Life
		status string
		want   string // the members that depend on the life; URI stands for a presigned URL
	}{
		{
			name:   "anonymous user",
			life:   completedPDF(),
			status: "COMPLETED",
			want: `"Result":{"AnonymousUsers":[{"FileGroups":[` +
				`{` + pdfInResult + `,"S3Results":[{"S3Uri":"URI"}]}]}]},`,
		},
		{
			name:   "registered user",
			life:   registered,
			status: "COMPLETED",
			want: `"Result":{"RegisteredUsers":[{"FileGroups":[` +
				`{` + pdfInResult + `,"S3Results":[{"S3Uri":"URI"}]}]}]},`,
		},
		{
			name:   "file with errors",
			life:   snapshotjobtest.Completed(brokenCSV.Failing("CLS_CHANGED", "n")),
			status: "COMPLETED",
			want: `"Result":{"AnonymousUsers":[{"FileGroups":[` +
				`{` + csvInResult + `,"S3Results":[{"ErrorInfo":[` + rowsChanged + `,` + colsChanged + `]}]}]}]},`,
		},
		{
			name:   "destination",
			life:   bucket,
			status: "COMPLETED",
			want: `"Result":{"AnonymousUsers":[{"FileGroups":[` +
				`{` + pdfInResult + `,"S3Results":[{` + bucketInResult + `,` + pdfInBucket + `}]},` +
				`{` + csvInResult + `,"S3Results":[{` + bucketInResult + `,"ErrorInfo":[` + rowsChanged + `]}]}]}]},`,
		},
		{
			name:   "failed",
			life:   snapshotjobtest.Failed("DASHBOARD_ACCESS_DENIED", "m"),
			status: "FAILED",
			want:   `"ErrorInfo":{"ErrorMessage":"m","ErrorType":"DASHBOARD_ACCESS_DENIED"},`,
		},
		{
			name:   "another status",
			life:   snapshotjobtest.Life{Status: "CANCELLED"},
			status: "CANCELLED",
		},
	} {
		runInBubble(t, tt.name, func(t *testing.T) {
			got := get(dailyResultPath).send(t, newDailyServer(t, tt.life))
			want := dailyResultBody(tt.status, tt.want, got.requestID())
			got.body = presigned.ReplaceAllString(got.body, "URI")
			got.assertBody(t, want)
		})
	}
}

// dailyResultBody is the body of a response with the result of the job daily. The members end with a comma,
// unless there are none. The job was made when the bubble's clock began, in the first second of 2000.
func dailyResultBody(status, members, requestID string) string {
	const arn = `"Arn":"arn:aws:quicksight:us-east-1:111122223333:dashboard/sales/snapshot-job/daily",`
	const times = `"CreatedTime":946684800,"LastUpdatedTime":946684800,`
	return fmt.Sprintf(`{%s"JobStatus":%q,%s%s"RequestId":%q}`, arn, status, times, members, requestID)
}
