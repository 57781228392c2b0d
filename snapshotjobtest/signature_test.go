package snapshotjobtest_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

func TestSignature(t *testing.T) {
	start := post(jobs, goodStart)
	change := func(r raw, f func(*raw)) raw { f(&r); return r }
	tests := []struct {
		name string
		raw
		status int
		code   string
	}{
		{"good", get(result), 200, ""},
		{"good with a body", start, 200, ""},
		{"good with a query", get(result + "?a=b%20c&d"), 200, ""},
		{"escaped slash in an id", get("/accounts/111122223333/dashboards/a%2Fb%20c/snapshot-jobs/d%25/result"), 200, ""},
		{"a signed header", raw{method: "GET", url: result, header: map[string]string{"X-Custom": " a  b "}}, 200, ""},
		{"no Authorization", raw{method: "GET", url: result, tamper: func(r *http.Request) { r.Header.Del("Authorization") }},
			403, "MissingAuthenticationTokenException"},
		{"another scheme", raw{method: "GET", url: result, tamper: func(r *http.Request) { r.SetBasicAuth("a", "b") }},
			403, "IncompleteSignatureException"},
		{"half an Authorization", raw{method: "GET", url: result, tamper: func(r *http.Request) {
			header := r.Header.Get("Authorization")
			r.Header.Set("Authorization", header[:strings.Index(header, ", Signature")])
		}}, 403, "IncompleteSignatureException"},
		{"no date", raw{method: "GET", url: result, tamper: func(r *http.Request) { r.Header.Del("X-Amz-Date") }},
			403, "IncompleteSignatureException"},
		{"unknown key", raw{method: "GET", url: result, credentials: aws.Credentials{AccessKeyID: "AKIDOTHER", SecretAccessKey: own.SecretAccessKey}},
			403, "UnrecognizedClientException"},
		{"wrong secret", raw{method: "GET", url: result, credentials: aws.Credentials{AccessKeyID: own.AccessKeyID, SecretAccessKey: "wrong"}},
			403, "InvalidSignatureException"},
		{"a token that these keys don't have", raw{method: "GET", url: result, credentials: aws.Credentials{AccessKeyID: own.AccessKeyID, SecretAccessKey: own.SecretAccessKey, SessionToken: "T"}},
			403, "UnrecognizedClientException"},
		{"another region", raw{method: "GET", url: result, region: "eu-west-1"}, 403, "InvalidSignatureException"},
		{"another service", raw{method: "POST", url: jobs, service: "execute-api"}, 403, "InvalidSignatureException"},
		{"tampered path", raw{method: "GET", url: result, tamper: func(r *http.Request) { r.URL.Path = jobs + "/weekly/result" }},
			403, "InvalidSignatureException"},
		{"tampered escape", raw{method: "GET", url: jobs + "/a%2Fb", tamper: func(r *http.Request) { r.URL.RawPath = jobs + "/a%2fb" }},
			403, "InvalidSignatureException"},
		{"tampered query", raw{method: "GET", url: result + "?a=b", tamper: func(r *http.Request) { r.URL.RawQuery = "a=c" }},
			403, "InvalidSignatureException"},
		{"tampered method", raw{method: "POST", url: jobPath, tamper: func(r *http.Request) { r.Method = "GET" }},
			403, "InvalidSignatureException"},
		{"tampered header", raw{method: "GET", url: result, header: map[string]string{"X-Custom": "a"}, tamper: func(r *http.Request) { r.Header.Set("X-Custom", "b") }},
			403, "InvalidSignatureException"},
		{"tampered host", raw{method: "GET", url: result, tamper: func(r *http.Request) { r.Host = "other.example" }},
			403, "InvalidSignatureException"},
		{"tampered body", change(start, func(r *raw) {
			r.tamper = func(r *http.Request) {
				other := post(jobs, strings.Replace(goodStart, "weekly", "yearly", 1)).request(t)
				r.Body, r.ContentLength = other.Body, other.ContentLength
			}
		}), 403, "InvalidSignatureException"},
		{"4 minutes old", raw{method: "GET", url: result, skew: -4*time.Minute - 59*time.Second}, 200, ""},
		{"4 minutes ahead", raw{method: "GET", url: result, skew: 4*time.Minute + 59*time.Second}, 200, ""},
		{"5 minutes old", raw{method: "GET", url: result, skew: -5*time.Minute - 2*time.Second}, 403, "InvalidSignatureException"},
		{"5 minutes ahead", raw{method: "GET", url: result, skew: 5*time.Minute + 2*time.Second}, 403, "InvalidSignatureException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := snapshotjobtest.NewTestServer(t)
				srv.AddJob(daily, snapshotjobtest.Completed())
				srv.AddJob(snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "a/b c", SnapshotJobID: "d%"}, snapshotjobtest.Completed())
				got := tt.send(t, srv)
				got.want(t, tt.status, tt.code)
				if strings.Contains(got.body, own.SecretAccessKey) || strings.Contains(got.body, "Signature=") {
					t.Errorf("the answer tells a secret: %s", got.body)
				}
			})
		})
	}
}

// AWS's words carry what a client needs in order to correct its clock.
func TestSignatureSkewMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it is 2000-01-01T00:00:00Z
		srv := snapshotjobtest.NewTestServer(t)
		for skew, want := range map[time.Duration]string{
			-time.Hour: "Signature expired: 19991231T230000Z is now earlier than 19991231T235500Z (20000101T000000Z - 5 min.)",
			time.Hour:  "Signature not yet current: 20000101T010000Z is still later than 20000101T000500Z (20000101T000000Z + 5 min.)",
		} {
			got := raw{method: "GET", url: result, skew: skew}.send(t, srv)
			if message := got.decode(t)["Message"]; message != want {
				t.Errorf("skew %v: got %q, want %q", skew, message, want)
			}
			if date := got.header.Get("Date"); date != "Sat, 01 Jan 2000 00:00:00 GMT" {
				t.Errorf("Date is %q", date)
			}
		}
	})
}

func TestMaxSignatureSkew(t *testing.T) {
	for _, tt := range []struct {
		limit, skew time.Duration
		status      int
		code        string
	}{
		{time.Hour, -time.Hour, 200, ""},
		{time.Hour, time.Hour, 200, ""},
		{time.Hour, -time.Hour - 2*time.Second, 403, "InvalidSignatureException"},
		{time.Minute, 2 * time.Minute, 403, "InvalidSignatureException"},
		{-1, -1000 * time.Hour, 200, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) { o.MaxSignatureSkew = tt.limit })
			srv.AddJob(daily, snapshotjobtest.Completed())
			raw{method: "GET", url: result, skew: tt.skew}.send(t, srv).want(t, tt.status, tt.code)
		})
	}
}

func TestClockSkew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) { o.ClockSkew = time.Hour })
		srv.AddJob(daily, snapshotjobtest.Completed())
		get(result).send(t, srv).want(t, 403, "InvalidSignatureException")
		got := raw{method: "GET", url: result, skew: time.Hour}.send(t, srv)
		got.want(t, 200, "")
		if date := got.header.Get("Date"); date != "Sat, 01 Jan 2000 01:00:00 GMT" {
			t.Errorf("Date is %q, want an hour ahead", date)
		}
	})
}

// Some clients sign headers that the SDK's own signer passes over.
func TestSignatureOfUserAgent(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	srv.AddJob(daily, snapshotjobtest.Completed())
	req, err := http.NewRequestWithContext(t.Context(), "GET", api+result, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header["user-agent"] = []string{"tool/1"} // under this name, the signer signs it
	sign(t, req, own, "quicksight")
	delete(req.Header, "user-agent")
	req.Header.Set("User-Agent", "tool/1")
	if header := req.Header.Get("Authorization"); !strings.Contains(header, "user-agent") {
		t.Fatalf("the test signs no User-Agent: %s", header)
	}
	do(t, srv.HTTPClient(), req).want(t, 200, "")
	req.Header.Set("User-Agent", "tool/2")
	do(t, srv.HTTPClient(), req).want(t, 403, "InvalidSignatureException")
}

func TestSessionToken(t *testing.T) {
	withToken := own
	withToken.SessionToken = "TOKENEXAMPLE"
	srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) { o.Credentials = withToken })
	srv.AddJob(daily, snapshotjobtest.Completed())
	raw{method: "GET", url: result, credentials: withToken}.send(t, srv).want(t, 200, "")
	get(result).send(t, srv).want(t, 403, "UnrecognizedClientException")
	other := withToken
	other.SessionToken = "TOKENOTHER"
	raw{method: "GET", url: result, credentials: other}.send(t, srv).want(t, 403, "UnrecognizedClientException")

	for _, r := range srv.Requests() {
		for name, values := range r.Header {
			if v := strings.Join(values, " "); strings.Contains(v, "TOKEN") || strings.Contains(v, "Signature") {
				t.Errorf("Requests shows a credential in %s: %s", name, v)
			}
		}
	}
}

func TestExpireCredentials(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	srv.AddJob(daily, snapshotjobtest.Completed())
	get(result).send(t, srv).want(t, 200, "")
	srv.ExpireCredentials()
	get(result).send(t, srv).want(t, 403, "ExpiredTokenException")
	renewed, err := srv.Config().Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	raw{method: "GET", url: result, credentials: renewed}.send(t, srv).want(t, 200, "") // the same user's job
}
