package conformance

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/quicksight"
	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// otherJob is the job to which a changed path leads.
var otherJob = snapshotjob.Job{
	AWSAccountID:  AccountID,
	DashboardID:   "sales",
	SnapshotJobID: "other",
}

// forgery is a request that AWS refuses.
type forgery struct {
	name    string
	session bool                   // whether the keys are those of a session
	keys    func(*aws.Credentials) // what is changed before signing
	request func(*http.Request)    // what is changed after signing
	code    string                 // of the error; "" if the request is fine
}

var forgeries = []forgery{
	{
		name: "nothing is forged",
	},
	{
		name: "wrong secret",
		keys: func(keys *aws.Credentials) { keys.SecretAccessKey += "x" },
		code: "InvalidSignatureException",
	},
	{
		name: "unknown key",
		keys: func(keys *aws.Credentials) { keys.AccessKeyID = "AKIDOTHER" },
		code: "UnrecognizedClientException",
	},
	{
		name:    "wrong session token",
		session: true,
		keys:    func(keys *aws.Credentials) { keys.SessionToken += "x" },
		code:    "UnrecognizedClientException",
	},
	{
		name:    "missing session token",
		session: true,
		keys:    func(keys *aws.Credentials) { keys.SessionToken = "" },
		code:    "UnrecognizedClientException",
	},
	{
		name:    "tampered path",
		request: toOtherJob,
		code:    "InvalidSignatureException",
	},
	{
		name:    "tampered header",
		request: func(req *http.Request) { req.Header.Set("Amz-Sdk-Invocation-Id", "1") },
		code:    "InvalidSignatureException",
	},
	{
		name:    "no signature",
		request: func(req *http.Request) { req.Header.Del("Authorization") },
		code:    "MissingAuthenticationTokenException",
	},
}

// toOtherJob replaces the id of exampleJob in a request by that of otherJob.
func toOtherJob(req *http.Request) {
	req.URL.Path = strings.Replace(req.URL.Path, exampleJob.SnapshotJobID, otherJob.SnapshotJobID, 1)
	req.URL.RawPath = strings.Replace(req.URL.RawPath, exampleJob.SnapshotJobID, otherJob.SnapshotJobID, 1)
}

// client makes an official client that commits the forgery.
func (f forgery) client(srv *snapshotjobtest.Server, keys aws.Credentials) *quicksight.Client {
	if f.keys != nil {
		f.keys(&keys)
	}
	return officialClient(srv, DoFunc(func(req *http.Request) (*http.Response, error) {
		changed := req.Clone(req.Context())
		if f.request != nil {
			f.request(changed)
		}
		return srv.HTTPClient().Do(changed)
	}), keys)
}

// addSession adds a user with a session to the fake, and returns its credentials.
func addSession(t *testing.T, srv *snapshotjobtest.Server) aws.Credentials {
	t.Helper()
	session, err := srv.AddUser("session").Retrieve(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, session.SessionToken)
	return session
}

// TestFakeRefusesBadSignatures has the official client send what AWS refuses.
func TestFakeRefusesBadSignatures(t *testing.T) {
	onSockets(t, func(t *testing.T, srv *snapshotjobtest.Server) {
		srv.AddJob(exampleJob, snapshotjobtest.Completed())
		srv.AddJob(otherJob, snapshotjobtest.Completed())
		session := addSession(t, srv)
		for _, f := range forgeries {
			t.Run(f.name, func(t *testing.T) {
				keys := Keys
				if f.session {
					keys = session
				}
				_, err := f.client(srv, keys).DescribeDashboardSnapshotJob(t.Context(), describeInput)
				assert.Equal(t, f.code, errorCode(err))
			})
		}
	})
}

// TestFakeAcceptsSessions has the official client sign with the credentials of
// the session that the job belongs to.
func TestFakeAcceptsSessions(t *testing.T) {
	onSockets(t, func(t *testing.T, srv *snapshotjobtest.Server) {
		session := addSession(t, srv)
		life := snapshotjobtest.Completed()
		life.User = "session"
		srv.AddJob(exampleJob, life)
		client := officialClient(srv, srv.HTTPClient(), session)
		_, err := client.DescribeDashboardSnapshotJob(t.Context(), describeInput)
		assert.NoError(t, err)
	})
}

// tenMinutesAhead gives a fake a clock by which every signature is too old.
func tenMinutesAhead(o *snapshotjobtest.Options) { o.ClockSkew = 10 * time.Minute }

// describeOnFastFake has the official client describe a job of a fake whose clock
// is ahead, in so many attempts, and returns the code of the error.
func describeOnFastFake(t *testing.T, srv *snapshotjobtest.Server, attempts int) string {
	t.Helper()
	srv.AddJob(exampleJob, snapshotjobtest.Completed())
	client := officialClient(srv, srv.HTTPClient(), Keys)
	limit := func(o *quicksight.Options) { o.RetryMaxAttempts = attempts }
	_, err := client.DescribeDashboardSnapshotJob(t.Context(), describeInput, limit)
	return errorCode(err)
}

// TestFakeRefusesExpiredSignatures has the official client sign by another clock
// than that of the fake.
func TestFakeRefusesExpiredSignatures(t *testing.T) {
	onSockets(t, func(t *testing.T, srv *snapshotjobtest.Server) {
		assert.Equal(t, "InvalidSignatureException", describeOnFastFake(t, srv, 1))
	}, tenMinutesAhead)
}

// TestFakeTellsItsTime shows that the official client learns the fake's clock
// from a refusal: its second attempt is accepted.
func TestFakeTellsItsTime(t *testing.T) {
	onSockets(t, func(t *testing.T, srv *snapshotjobtest.Server) {
		assert.Empty(t, describeOnFastFake(t, srv, 2))
	}, tenMinutesAhead)
}

// TestFakeRefusesLateSignatures has a signature arrive late, by a bubble's clock.
func TestFakeRefusesLateSignatures(t *testing.T) {
	for _, test := range []struct {
		late time.Duration
		code string
	}{
		{late: 4 * time.Minute},
		{late: 6 * time.Minute, code: "InvalidSignatureException"},
	} {
		t.Run(test.late.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := snapshotjobtest.NewTestServer(t)
				srv.AddJob(exampleJob, snapshotjobtest.Completed())
				client := officialClient(srv, DoFunc(func(req *http.Request) (*http.Response, error) {
					time.Sleep(test.late)
					return srv.Transport().RoundTrip(req)
				}), Keys)
				_, err := client.DescribeDashboardSnapshotJob(t.Context(), describeInput)
				assert.Equal(t, test.code, errorCode(err))
			})
		})
	}
}

// recordedRequest is what the official client once sent.
type recordedRequest struct {
	ID     string
	Method string
	Host   string
	URI    string
	Body   string
	Header map[string]string
	Want   string // the code of the fake's error; "" if there is none
}

// send sends the request to the fake at the time at which it was signed, and
// returns the code of the response. A header that is named is changed before.
func (r recordedRequest) send(t *testing.T, change string) string {
	t.Helper()
	at, err := time.Parse(signatureTime, r.Header["X-Amz-Date"])
	require.NoError(t, err)
	sleepUntil(at)
	srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		o.Credentials = aws.Credentials{
			AccessKeyID:     AccessKeyID,
			SecretAccessKey: "SECRET",
			SessionToken:    "TOKEN",
		}
	})
	body := strings.NewReader(r.Body)
	req, err := http.NewRequestWithContext(t.Context(), r.Method, "http://"+r.Host+r.URI, body)
	require.NoError(t, err)
	for name, value := range r.Header {
		req.Header.Set(name, value)
	}
	if change != "" {
		req.Header.Set(change, "other")
	}
	resp, err := srv.Transport().RoundTrip(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.Header.Get("X-Amzn-Errortype")
}

// TestCasesOfRequests sends the fake what the official client once sent, at the
// time when it did: signatures that no code of this repository has made.
func TestCasesOfRequests(t *testing.T) {
	var file struct{ Cases []recordedRequest }
	loadCases(t, "requests.json", &file)
	for _, c := range file.Cases {
		for _, test := range []struct{ name, change, code string }{
			{name: "as it was", code: c.Want},
			{name: "signed header", change: "Amz-Sdk-Request", code: "InvalidSignatureException"},
			{name: "session token", change: "X-Amz-Security-Token", code: "UnrecognizedClientException"},
		} {
			t.Run(c.ID+"/"+test.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					assert.Equal(t, test.code, c.send(t, test.change))
				})
			})
		}
	}
}
