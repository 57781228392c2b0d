package conformance

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/quicksight-go/snapshotjob"
)

// received is a request as a server reads it.
type received struct {
	*http.Request
	body []byte
}

// recorder is an HTTP client that writes requests as they go over the wire, and
// reads them again.
type recorder struct{ requests []received }

func (r *recorder) Do(req *http.Request) (*http.Response, error) {
	var wire bytes.Buffer
	if err := req.Write(&wire); err != nil {
		return nil, err
	}
	got, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(got.Body)
	r.requests = append(r.requests, received{got, body})
	return reply{status: 200, body: []byte("{}")}.response(req), err
}

// signature is what an Authorization header says.
type signature struct {
	Credential    string
	SignedHeaders string
	Signature     string
}

func (r received) signature() (s signature) {
	rest, _ := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	for part := range strings.SplitSeq(rest, ", ") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "Credential":
			s.Credential = value
		case "SignedHeaders":
			s.SignedHeaders = value
		case "Signature":
			s.Signature = value
		}
	}
	return s
}

// sign signs the request again, from nothing but what was received, after the
// headers in replaced have been given those values.
func (r received) sign(t *testing.T, keys aws.Credentials, replaced map[string]string) string {
	t.Helper()
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		t.Fatal(err)
	}
	scope := strings.Split(r.signature().Credential, "/")
	if len(scope) != 5 {
		t.Fatalf("Authorization is %q", r.Header.Get("Authorization"))
	}
	again := &http.Request{Method: r.Method, URL: r.URL, Host: r.Host, Header: http.Header{}, ContentLength: r.ContentLength}
	for name := range strings.SplitSeq(r.signature().SignedHeaders, ";") {
		if name == "host" || name == "content-length" {
			continue
		}
		again.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		if value, ok := replaced[name]; ok {
			again.Header.Set(name, value)
		}
	}
	sum := sha256.Sum256(r.body)
	if err := v4.NewSigner().SignHTTP(t.Context(), keys, again, hex.EncodeToString(sum[:]), scope[3], scope[2], at); err != nil {
		t.Fatal(err)
	}
	return received{Request: again}.signature().Signature
}

// wire is what a request says, without what is new in each.
type wire struct {
	Method, URI, Host     string
	Credential, Signed    string
	Signature             string // with the same invocation id
	Time, Token, Attempt  string
	ContentType, Trace    string
	TransferEncoding      []string
	Body                  any
	OwnSignatureIsCorrect bool
}

func (r received) wire(t *testing.T, keys aws.Credentials) wire {
	t.Helper()
	s := r.signature()
	w := wire{
		Method: r.Method, URI: r.RequestURI, Host: r.Host, Credential: s.Credential, Signed: s.SignedHeaders,
		Time: r.Header.Get("X-Amz-Date"), Token: r.Header.Get("X-Amz-Security-Token"), Attempt: r.Header.Get("Amz-Sdk-Request"),
		ContentType: r.Header.Get("Content-Type"), Trace: r.Header.Get("X-Amzn-Trace-Id"), TransferEncoding: r.TransferEncoding,
		OwnSignatureIsCorrect: r.sign(t, keys, nil) == s.Signature,
	}
	w.Signature = "differs with the body, which is the same value in other bytes"
	if len(r.body) > 0 {
		if err := json.Unmarshal(r.body, &w.Body); err != nil {
			t.Errorf("body %q: %v", r.body, err)
		}
	} else {
		w.Signature = r.sign(t, keys, map[string]string{"amz-sdk-invocation-id": "1"})
	}
	return w
}

// asked is what both clients are asked to send.
type asked struct {
	op       operation
	job      snapshotjob.Job
	endpoint string // "" for the region's own
	region   string
	token    string
}

// differences that apply to a request. With the first result, ours must send
// nothing.
func (a asked) differences() (refused, sentOtherwise []Difference) {
	digits := strings.Trim(a.job.AWSAccountID, "0123456789") == "" && len(a.job.AWSAccountID) == 12
	dots := func(id string) bool { return id == "." || id == ".." }
	if !digits || dots(a.job.DashboardID) || dots(a.job.SnapshotJobID) {
		refused = append(refused, RefusedID)
	}
	if a.op == start && a.job.SnapshotJobID == "" {
		refused = append(refused, RefusedStart)
	}
	if a.region == "" {
		refused = append(refused, NeedsRegion)
	}
	if a.endpoint != "" {
		u, err := url.Parse(a.endpoint)
		if err != nil || u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(a.endpoint, "#") {
			return append(refused, RefusedEndpoint), nil
		}
		for i, segment := range strings.Split(strings.TrimSuffix(u.Path, "/"), "/") {
			if segment == "." || segment == ".." || segment == "" && i > 0 {
				refused = append(refused, RefusedEndpoint)
				break
			}
		}
		if u.RawPath != "" || u.EscapedPath() != u.Path {
			sentOtherwise = append(sentOtherwise, EscapedEndpoint)
		}
	}
	for _, label := range []string{"{AwsAccountId", "{DashboardId", "{SnapshotJobId", "{ScheduleId"} {
		if strings.Contains(a.job.DashboardID+a.job.SnapshotJobID, label) {
			sentOtherwise = append(sentOtherwise, LabelInID)
		}
	}
	return refused, sentOtherwise
}

// send has both clients send the same, at the same time of a bubble's clock.
func (a asked) send(t *testing.T) (official, ours []received) {
	t.Helper()
	keys := Keys
	keys.SessionToken = a.token
	var sent [2]recorder
	for i := range sent {
		cfg := Config(keys, &sent[i])
		cfg.Region = a.region
		if a.endpoint != "" {
			cfg.BaseEndpoint = aws.String(a.endpoint)
		}
		pair := NewPair(cfg)
		var err error
		if i == 0 {
			_, err = callOfficial(t.Context(), pair.Official, a.op, a.job)
		} else {
			_, err = callOurs(t.Context(), pair.Ours, a.op, a.job)
		}
		if err != nil && len(sent[i].requests) > 0 {
			t.Errorf("%+v, client %d: sent, and failed: %v", a, i, err)
		}
	}
	return sent[0].requests, sent[1].requests
}

// check sends, and compares what was received.
func (a asked) check(t *testing.T) []Difference {
	t.Helper()
	keys := Keys
	keys.SessionToken = a.token
	refused, otherwise := a.differences()
	synctest.Test(t, func(t *testing.T) {
		official, ours := a.send(t)
		switch {
		case len(refused) > 0:
			if len(ours) > 0 {
				t.Errorf("%+v: sent %s, want nothing, for %q", a, ours[0].RequestURI, refused)
			}
			return
		case strings.Contains(a.endpoint, "//["):
			otherwise = append(otherwise, IPv6Endpoint)
			if len(official) != 0 || len(ours) != 1 || !ours[0].wire(t, keys).OwnSignatureIsCorrect {
				t.Errorf("%+v: the official client sent %d requests, ours %d, want 0 and 1, well signed", a, len(official), len(ours))
			}
			return
		case len(official) != len(ours):
			t.Errorf("%+v: the official client sent %d requests, ours %d", a, len(official), len(ours))
			return
		case len(ours) == 0:
			return
		}
		want, got := official[0].wire(t, keys), ours[0].wire(t, keys)
		if len(otherwise) > 0 {
			want.URI, want.Signature = a.uri(t), got.Signature
			want.OwnSignatureIsCorrect = true
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%+v:\nsnapshotjob %+v\nwant        %+v", a, got, want)
		}
		if !strings.Contains(ours[0].UserAgent(), "snapshotjob") {
			t.Errorf("User-Agent %q does not name the module", ours[0].UserAgent())
		}
	})
	return slices.Concat(refused, otherwise)
}

// uri is the request's by the rules: each id escaped by itself, below the
// endpoint's path as it was written.
func (a asked) uri(t *testing.T) string {
	t.Helper()
	escape := func(id string) string {
		var b strings.Builder
		for _, c := range []byte(id) {
			if strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", c) >= 0 {
				b.WriteByte(c)
			} else {
				fmt.Fprintf(&b, "%%%02X", c)
			}
		}
		return b.String()
	}
	path := ""
	if a.endpoint != "" {
		u, err := url.Parse(a.endpoint)
		if err != nil {
			t.Fatal(err)
		}
		path = u.EscapedPath()
		if !strings.HasSuffix(path, "%2F") {
			path = strings.TrimSuffix(path, "/")
		}
	}
	path += "/accounts/" + escape(a.job.AWSAccountID) + "/dashboards/" + escape(a.job.DashboardID)
	switch a.op {
	case start:
		return path + "/snapshot-jobs"
	case schedule:
		return path + "/schedules/" + escape(a.job.SnapshotJobID)
	case result:
		return path + "/snapshot-jobs/" + escape(a.job.SnapshotJobID) + "/result"
	}
	return path + "/snapshot-jobs/" + escape(a.job.SnapshotJobID)
}

var operations = []operation{describe, result, schedule, start}

// TestSameBytes has both clients send every byte, and adversarial ids, to
// endpoints with and without a path.
func TestSameBytes(t *testing.T) {
	ids := []string{
		"d", "a/b", "a b", "a+b", "%41", "%2F", "ü", "\xff\xfe", "日本", "a?b#c", "a;b=c&d", "{SnapshotJobId}", "{DashboardId}", "{ScheduleId+}",
		"{}", "{Other}", ".", "..", "...", "~", "", strings.Repeat("x", 512), "a\nb", "\x00",
	}
	for b := range 256 {
		ids = append(ids, string([]byte{'x', byte(b)}))
	}
	endpoints := []string{"", "https://quicksight.example.com", "https://example.com/", "http://example.com:8080/base", "https://example.com/a/b/",
		"https://example.com/pre%20fix", "https://example.com/a%2Fb", "https://example.com//x", "https://example.com/a/../b", "https://example.com/p?x=y", "https://example.com/#f", "https://u:p@example.com", "http://[::1]:80", "https://EXAMPLE.com"}
	rng := rand.New(rand.NewPCG(3, 4))
	seen := map[Difference]int{}
	count := func(a asked) {
		for _, d := range a.check(t) {
			seen[d]++
		}
	}
	for _, id := range ids {
		for _, op := range operations {
			count(asked{op: op, job: snapshotjob.Job{AWSAccountID: AccountID, DashboardID: id, SnapshotJobID: "j"}, region: Region})
			count(asked{op: op, job: snapshotjob.Job{AWSAccountID: AccountID, DashboardID: "d", SnapshotJobID: id}, region: Region, token: "TOKEN",
				endpoint: endpoints[rng.IntN(len(endpoints))]})
		}
	}
	for _, endpoint := range endpoints {
		for _, id := range []string{"d", "a/b"} {
			count(asked{op: result, job: snapshotjob.Job{AWSAccountID: AccountID, DashboardID: id, SnapshotJobID: "j"}, region: "eu-west-1", endpoint: endpoint})
		}
	}
	for _, account := range []string{"", "1", "11112222333a", "1111222233334", "１１１１２２２２３３３３"} {
		count(asked{op: result, job: snapshotjob.Job{AWSAccountID: account, DashboardID: "d", SnapshotJobID: "j"}, region: Region})
	}
	count(asked{op: result, job: exampleJob, endpoint: "https://example.com"})
	for d, n := range seen {
		t.Logf("%4d %s", n, d)
	}
}

// FuzzBytes does the same with what the fuzzer draws.
func FuzzBytes(f *testing.F) {
	f.Add(0, AccountID, "d", "j", "", Region, "")
	f.Add(1, AccountID, "a/b", "{DashboardId}", "/base", "eu-central-1", "TOKEN")
	f.Add(2, AccountID, "ü", "..", "/pre%20fix", "cn-north-1", "")
	f.Add(3, AccountID, "a/b", "{SnapshotJobId}", "/base", "eu-west-1", "TOKEN")
	f.Fuzz(func(t *testing.T, op int, account, dashboard, id, path, region, token string) {
		if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Skip("no token")
		}
		if strings.Trim(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.Contains(region, "fips") || len(region) > 40 || strings.Trim(region, "-") != region {
			t.Skip("no region: endpoints are another test's")
		}
		a := asked{op: operations[uint(op)%uint(len(operations))], job: snapshotjob.Job{AWSAccountID: account, DashboardID: dashboard, SnapshotJobID: id}, region: region, token: token}
		if path != "" {
			a.endpoint = "https://example.com/" + path
			if _, err := url.Parse(a.endpoint); err != nil {
				t.Skip("no URL")
			}
		}
		a.check(t)
	})
}
