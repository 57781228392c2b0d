package snapshotjobtest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

func TestFaultsThatRespondWithError(t *testing.T) {
	const unsupported = "UnsupportedUserEditionException"
	const badSignature = "InvalidSignatureException"
	for _, tt := range []struct {
		fault   snapshotjobtest.Fault
		status  int
		code    string
		message string // how the body goes on after the message's opening quote
	}{
		{
			fault:  snapshotjobtest.ServerError(500),
			status: 500,
			code:   "InternalFailureException",
		},
		{
			fault:  snapshotjobtest.ServerError(503),
			status: 503,
			code:   "ServiceUnavailable",
		},
		{
			fault:  snapshotjobtest.ExpiredToken(),
			status: 403,
			code:   "ExpiredTokenException",
		},
		{
			fault:   snapshotjobtest.Throttle(),
			status:  429,
			code:    "ThrottlingException",
			message: `Rate exceeded"`,
		},
		{
			fault:   snapshotjobtest.Answer(403, unsupported, "m"),
			status:  403,
			code:    unsupported,
			message: `m",`,
		},
		{
			fault:   snapshotjobtest.SkewedDate(time.Hour),
			status:  403,
			code:    badSignature,
			message: "Signature expired: ",
		},
		{
			fault:   snapshotjobtest.SkewedDate(-time.Hour),
			status:  403,
			code:    badSignature,
			message: "Signature not yet current: ",
		},
	} {
		forEachWay(t, func(t *testing.T, start starter) {
			got, err := meetFault(t, start, tt.fault)
			require.NoError(t, err)
			got.assertError(t, tt.status, tt.code)
			assertPrefix(t, `{"Message":"`+tt.message, got.body)
			assert.NoError(t, got.bodyErr)
		})
	}
}

func TestFaultsThatRespondWithoutError(t *testing.T) {
	for _, tt := range []struct {
		fault  snapshotjobtest.Fault
		status int
		begins string
	}{
		{
			fault:  snapshotjobtest.Pass(),
			status: 200,
			begins: `{"Arn":`,
		},
		{
			fault:  snapshotjobtest.SkewedDate(4 * time.Minute),
			status: 200,
			begins: `{"Arn":`,
		},
		{
			fault:  snapshotjobtest.Garbage(),
			status: 200,
			begins: "\x00\xff",
		},
		{
			fault:  snapshotjobtest.HTML(502),
			status: 502,
			begins: "<html>",
		},
		{
			fault:  snapshotjobtest.Corrupt(),
			status: 200,
			begins: "\x84\"Arn\":", // The first byte was an opening brace.
		},
	} {
		forEachWay(t, func(t *testing.T, start starter) {
			got, err := meetFault(t, start, tt.fault)
			require.NoError(t, err)
			got.assertStatus(t, tt.status)
			assert.Empty(t, got.header.Get("X-Amzn-Errortype"))
			assertPrefix(t, tt.begins, got.body)
			assert.NoError(t, got.bodyErr)
		})
	}
}

func TestSkewedDateIsInHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newDailyServer(t, snapshotjobtest.Completed())
		srv.Fail(describeOp, snapshotjobtest.SkewedDate(4*time.Minute))
		got := get(dailyPath).send(t, srv)
		assert.Equal(t, "Sat, 01 Jan 2000 00:04:00 GMT", got.header.Get("Date"))
	})
}

func TestFaultsOfFiles(t *testing.T) {
	for _, tt := range []struct {
		fault  snapshotjobtest.Fault
		status int
		code   string
	}{
		{
			fault:  snapshotjobtest.Throttle(),
			status: 503,
			code:   "SlowDown",
		},
		{
			fault:  snapshotjobtest.ServerError(500),
			status: 500,
			code:   "InternalError",
		},
		{
			fault:  snapshotjobtest.ServerError(503),
			status: 503,
			code:   "ServiceUnavailable",
		},
		{
			fault:  snapshotjobtest.ExpiredToken(),
			status: 400,
			code:   "ExpiredToken",
		},
		{
			fault:  snapshotjobtest.Answer(404, "NoSuchKey", "m"),
			status: 404,
			code:   "NoSuchKey",
		},
	} {
		t.Run(tt.fault.String(), func(t *testing.T) {
			srv := newDailyServer(t, completedCSV("content"))
			uri := dailyURI(t, srv)
			srv.Fail(snapshotjobtest.GetObject, tt.fault)
			got := fetch(t, srv, uri)
			got.assertS3Error(t, tt.status, tt.code)
		})
	}
}

// A skewed clock judges the signature of a file as S3 does: a presigned URL by its own lifetime, another
// request by 15 minutes.
func TestSkewedDateOfFiles(t *testing.T) {
	const denied = "AccessDenied"
	const tooSkewed = "RequestTimeTooSkewed"
	for _, tt := range []struct {
		skew      time.Duration
		presigned string // the code of the response, or "" for a success
		signed    string
	}{
		{skew: time.Minute},
		{skew: 6 * time.Minute, presigned: denied},
		{skew: time.Hour, presigned: denied, signed: tooSkewed},
		{skew: -time.Hour, presigned: denied, signed: tooSkewed},
	} {
		runInBubble(t, tt.skew.String(), func(t *testing.T) {
			srv := newDailyServer(t, completedPDF())
			srv.AddJob(weekly, inReports(completedCSV("content")))
			uri := dailyURI(t, srv)
			skewed := snapshotjobtest.SkewedDate(tt.skew)
			srv.Fail(snapshotjobtest.GetObject, skewed, skewed)
			assertRefusal(t, fetch(t, srv, uri), tt.presigned)
			got := getObject(reportsURL+"/p/111122223333/sales/weekly/1-s-v.csv").send(t, srv)
			assertRefusal(t, got, tt.signed)
		})
	}
}

// assertRefusal checks that S3 refused a request with status 403, or accepted it if there is no code.
func assertRefusal(t *testing.T, got response, code string) {
	t.Helper()
	if code == "" {
		got.assertOK(t)
	} else {
		got.assertS3Error(t, 403, code)
	}
}
