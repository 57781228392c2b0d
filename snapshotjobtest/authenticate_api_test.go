package snapshotjobtest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// newSignatureServer returns a server for the requests of tests of signatures.
func newSignatureServer(t *testing.T) *snapshotjobtest.Server {
	t.Helper()
	srv := newDailyServer(t, snapshotjobtest.Completed())
	oddIDs := snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "a/b c", SnapshotJobID: "d%"}
	srv.AddJob(oddIDs, snapshotjobtest.Completed())
	return srv
}

// assertShowsNoKey checks that a response shows neither a secret key nor a signature.
func (r response) assertShowsNoKey(t *testing.T) {
	t.Helper()
	assert.NotContains(t, r.body, ownKeys.SecretAccessKey)
	assert.NotContains(t, r.body, "Signature=")
}

func TestGoodSignature(t *testing.T) {
	for name, request := range map[string]signedRequest{
		"get":                    dailyResult,
		"body":                   post(jobsPath, goodStart),
		"query":                  get(dailyResultPath + "?a=b%20c&d"),
		"escaped slash":          get("/accounts/111122223333/dashboards/a%2Fb%20c/snapshot-jobs/d%25/result"),
		"signed header":          dailyResult.withHeader("X-Custom", " a  b "),
		"almost 5 minutes old":   dailyResult.skewed(-299 * time.Second),
		"almost 5 minutes ahead": dailyResult.skewed(299 * time.Second),
	} {
		runInBubble(t, name, func(t *testing.T) {
			got := request.send(t, newSignatureServer(t))
			got.assertOK(t)
			got.assertShowsNoKey(t)
		})
	}
}

// assertSignatureRefused checks that a server refuses each of the requests with status 403 and this code.
func assertSignatureRefused(t *testing.T, code string, requests map[string]signedRequest) {
	t.Helper()
	for name, request := range requests {
		runInBubble(t, name, func(t *testing.T) {
			got := request.send(t, newSignatureServer(t))
			got.assertError(t, 403, code)
			got.assertShowsNoKey(t)
		})
	}
}

func TestMissingSignature(t *testing.T) {
	assertSignatureRefused(t, "MissingAuthenticationTokenException", map[string]signedRequest{
		"no Authorization": dailyResult.tampered(deleteHeader("Authorization")),
	})
}

func TestIncompleteSignature(t *testing.T) {
	basicAuth := func(r *http.Request) {
		r.SetBasicAuth("a", "b")
	}
	cutSignature := func(r *http.Request) {
		authorization := r.Header.Get("Authorization")
		scope, _, _ := strings.Cut(authorization, ", Signature")
		r.Header.Set("Authorization", scope)
	}
	assertSignatureRefused(t, "IncompleteSignatureException", map[string]signedRequest{
		"another scheme":        dailyResult.tampered(basicAuth),
		"half an Authorization": dailyResult.tampered(cutSignature),
		"no date":               dailyResult.tampered(deleteHeader("X-Amz-Date")),
	})
}

func TestUnknownSigner(t *testing.T) {
	unknownKey := ownKeys
	unknownKey.AccessKeyID = "AKIDOTHER"
	unknownToken := ownKeys
	unknownToken.SessionToken = "T"
	assertSignatureRefused(t, "UnrecognizedClientException", map[string]signedRequest{
		"unknown key":                        dailyResult.by(unknownKey),
		"a token that these keys don't have": dailyResult.by(unknownToken),
	})
}

func TestInvalidSignature(t *testing.T) {
	wrongSecret := ownKeys
	wrongSecret.SecretAccessKey = "wrong"
	assertSignatureRefused(t, "InvalidSignatureException", map[string]signedRequest{
		"wrong secret":         dailyResult.by(wrongSecret),
		"another region":       dailyResult.forRegion("eu-west-1"),
		"another service":      post(jobsPath, "").forService("execute-api"),
		"over 5 minutes old":   dailyResult.skewed(-302 * time.Second),
		"over 5 minutes ahead": dailyResult.skewed(302 * time.Second),
	})
}

// The line of a request is signed: its method, path and query.
func TestTamperedRequestLine(t *testing.T) {
	toGet := func(r *http.Request) {
		r.Method = http.MethodGet
	}
	toWeekly := func(r *http.Request) {
		r.URL.Path = weeklyResultPath
	}
	toLowerCase := func(r *http.Request) {
		r.URL.RawPath = jobsPath + "/a%2fb"
	}
	toOtherQuery := func(r *http.Request) {
		r.URL.RawQuery = "a=c"
	}
	assertSignatureRefused(t, "InvalidSignatureException", map[string]signedRequest{
		"method": post(dailyPath, "").tampered(toGet),
		"path":   dailyResult.tampered(toWeekly),
		"escape": get(jobsPath + "/a%2Fb").tampered(toLowerCase),
		"query":  get(dailyResultPath + "?a=b").tampered(toOtherQuery),
	})
}

func TestTamperedHeaderAndBody(t *testing.T) {
	toOtherHost := func(r *http.Request) {
		r.Host = "other.example"
	}
	otherStart := strings.Replace(goodStart, "weekly", "yearly", 1)
	toOtherBody := func(r *http.Request) {
		r.Body = io.NopCloser(strings.NewReader(otherStart))
		r.ContentLength = int64(len(otherStart))
	}
	withHeader := dailyResult.withHeader("X-Custom", "a")
	assertSignatureRefused(t, "InvalidSignatureException", map[string]signedRequest{
		"host":   dailyResult.tampered(toOtherHost),
		"header": withHeader.tampered(setHeader("X-Custom", "b")),
		"body":   post(jobsPath, goodStart).tampered(toOtherBody),
	})
}

// A bubble's clock begins with the year 2000.
const bubbleDate = "Sat, 01 Jan 2000 00:00:00 GMT"

// The words of AWS carry what a client needs in order to correct its clock.
func TestSkewMessages(t *testing.T) {
	for skew, want := range map[time.Duration]string{
		-time.Hour: "Signature expired: 19991231T230000Z is now earlier than 19991231T235500Z " +
			"(20000101T000000Z - 5 min.)",
		time.Hour: "Signature not yet current: 20000101T010000Z is still later than 20000101T000500Z " +
			"(20000101T000000Z + 5 min.)",
	} {
		runInBubble(t, skew.String(), func(t *testing.T) {
			got := dailyResult.skewed(skew).send(t, newSignatureServer(t))
			assert.Equal(t, want, got.object(t)["Message"])
			assert.Equal(t, bubbleDate, got.header.Get("Date"))
		})
	}
}

func TestMaxSignatureSkew(t *testing.T) {
	for _, tt := range []struct {
		name    string
		limit   time.Duration
		skew    time.Duration
		refused bool
	}{
		{name: "old enough", limit: time.Hour, skew: -time.Hour},
		{name: "new enough", limit: time.Hour, skew: time.Hour},
		{name: "too old", limit: time.Hour, skew: -3602 * time.Second, refused: true},
		{name: "too new", limit: time.Minute, skew: 2 * time.Minute, refused: true},
		{name: "no limit", limit: -1, skew: -1000 * time.Hour},
	} {
		runInBubble(t, tt.name, func(t *testing.T) {
			srv := newDailyServer(t, snapshotjobtest.Completed(), func(o *snapshotjobtest.Options) {
				o.MaxSignatureSkew = tt.limit
			})
			got := dailyResult.skewed(tt.skew).send(t, srv)
			if tt.refused {
				got.assertError(t, 403, "InvalidSignatureException")
			} else {
				got.assertOK(t)
			}
		})
	}
}

func TestClockSkew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newDailyServer(t, snapshotjobtest.Completed(), func(o *snapshotjobtest.Options) {
			o.ClockSkew = time.Hour
		})
		got := dailyResult.send(t, srv)
		got.assertError(t, 403, "InvalidSignatureException")
		got = dailyResult.skewed(time.Hour).send(t, srv)
		got.assertOK(t)
		assert.Equal(t, "Sat, 01 Jan 2000 01:00:00 GMT", got.header.Get("Date"))
	})
}

// Some clients sign the User-Agent, over which the SDK's signer passes.
func TestSignatureOfUserAgent(t *testing.T) {
	srv := newDailyServer(t, snapshotjobtest.Completed())
	req := unsignedGet(t, apiURL+dailyResultPath)
	req.Header["user-agent"] = []string{"tool/1"} // The signer knows only the canonical name.
	signer := v4.NewSigner()
	hash := sha256Of("")
	err := signer.SignHTTP(t.Context(), ownKeys, req, hash, "quicksight", "us-east-1", time.Now())
	require.NoError(t, err)
	require.Contains(t, req.Header.Get("Authorization"), "user-agent")
	delete(req.Header, "user-agent")

	req.Header.Set("User-Agent", "tool/1")
	do(t, srv.HTTPClient(), req).assertOK(t)
	req.Header.Set("User-Agent", "tool/2")
	tampered := do(t, srv.HTTPClient(), req)
	tampered.assertError(t, 403, "InvalidSignatureException")
}
