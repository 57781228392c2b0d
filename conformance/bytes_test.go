package conformance

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/quicksight"
	"github.com/quicksight-go/snapshotjob"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// call is what both clients are asked to send.
type call struct {
	op       operation
	job      snapshotjob.Job
	endpoint string // "" for that of the region
	region   string
	token    string // the session token, if any
}

// keys are the credentials of the call.
func (c call) keys() aws.Credentials {
	keys := Keys
	keys.SessionToken = c.token
	return keys
}

// config is the configuration of a client that sends the call.
func (c call) config(client aws.HTTPClient) aws.Config {
	cfg := Config(c.keys(), client)
	cfg.Region = c.region
	if c.endpoint != "" {
		cfg.BaseEndpoint = aws.String(c.endpoint)
	}
	return cfg
}

// refusals are the differences for which this repository's client sends nothing.
func (c call) refusals() []Difference {
	var refusals []Difference
	account := c.job.AWSAccountID
	isAccount := len(account) == 12 && strings.Trim(account, "0123456789") == ""
	namesJob := c.op != definition
	if !isAccount || isDots(c.job.DashboardID) || namesJob && isDots(c.job.SnapshotJobID) {
		refusals = append(refusals, RefusedID)
	}
	if c.op == definition && !isAlias(c.job.SnapshotJobID) {
		refusals = append(refusals, RefusedAlias)
	}
	if c.op == start && c.job.SnapshotJobID == "" {
		refusals = append(refusals, RefusedStart)
	}
	if c.region == "" {
		refusals = append(refusals, NeedsRegion)
	}
	if c.endpoint != "" && !isGoodEndpoint(c.endpoint) {
		refusals = append(refusals, RefusedEndpoint)
	}
	return refusals
}

func isDots(segment string) bool { return segment == "." || segment == ".." }

// aliasPattern is that of the service model.
var aliasPattern = regexp.MustCompile(`^([\w\-]+|(\$LATEST)|(\$PUBLISHED))$`)

// isAlias reports whether the service model allows an alias. An empty one is not sent.
func isAlias(name string) bool { return name == "" || aliasPattern.MatchString(name) }

// isGoodEndpoint reports whether an endpoint is a URL of nothing but scheme, host
// and path, and whether each segment of the path can be signed.
func isGoodEndpoint(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(endpoint, "#") {
		return false
	}
	segments := strings.Split(strings.TrimSuffix(u.Path, "/"), "/")
	if slices.ContainsFunc(segments, isDots) {
		return false
	}
	// What stands before the first slash is empty.
	return !slices.Contains(segments[1:], "")
}

// changes are the differences for which this repository's client sends something
// else than the official one.
func (c call) changes() []Difference {
	var changes []Difference
	u, err := url.Parse(c.endpoint)
	if err == nil && (u.RawPath != "" || u.EscapedPath() != u.Path) {
		changes = append(changes, EscapedEndpoint)
	}
	ids := c.job.DashboardID + c.job.SnapshotJobID
	for _, label := range []string{"{AwsAccountId", "{DashboardId", "{SnapshotJobId", "{ScheduleId"} {
		if strings.Contains(ids, label) {
			changes = append(changes, LabelInID)
		}
	}
	return changes
}

// send has both clients send the call, at the same time of a bubble's clock, and
// returns the requests of each.
func (c call) send(t *testing.T) (official, ours []received) {
	t.Helper()
	var toOfficial, toOurs recorder
	_, err := callOfficial(t.Context(), quicksight.NewFromConfig(c.config(&toOfficial)), c.op, c.job)
	if err != nil {
		assert.Empty(t, toOfficial.requests, "%+v: the official client sent, and failed: %v", c, err)
	}
	_, err = callOurs(t.Context(), snapshotjob.NewFromConfig(c.config(&toOurs)), c.op, c.job)
	if err != nil {
		assert.Empty(t, toOurs.requests, "%+v: snapshotjob sent, and failed: %v", c, err)
	}
	return toOfficial.requests, toOurs.requests
}

// check sends the call with both clients and compares what was received. It
// returns the differences that applied.
func (c call) check(t *testing.T) []Difference {
	t.Helper()
	refusals := c.refusals()
	changes := c.changes()
	if strings.Contains(c.endpoint, "//[") {
		changes = append(changes, IPv6Endpoint)
	}
	synctest.Test(t, func(t *testing.T) {
		official, ours := c.send(t)
		switch {
		case len(refusals) > 0:
			assert.Empty(t, ours, "%+v: snapshotjob sent something, in spite of %q", c, refusals)
		case slices.Contains(changes, IPv6Endpoint):
			assert.Empty(t, official, "%+v: the official client takes an IPv6 address", c)
			require.Len(t, ours, 1, "%+v", c)
			assert.True(t, ours[0].wire(t, c.keys()).OwnSignatureIsCorrect, "%+v", c)
		case len(official) != len(ours):
			t.Errorf("%+v: the official client sent %d requests, snapshotjob %d", c, len(official), len(ours))
		case len(ours) > 0:
			c.compare(t, official[0], ours[0], len(changes) > 0)
		}
	})
	return slices.Concat(refusals, changes)
}

// compare compares two requests. If one of the changes applies, the path of ours
// must be that of the rules, and its signature its own.
func (c call) compare(t *testing.T, official, ours received, changed bool) {
	t.Helper()
	want := official.wire(t, c.keys())
	got := ours.wire(t, c.keys())
	if changed {
		want.URI = c.uri(t)
		want.Signature = got.Signature
		want.OwnSignatureIsCorrect = true
	}
	assert.True(t, got.OwnSignatureIsCorrect, "%+v", c)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v:\nsnapshotjob %+v\nwant        %+v", c, got, want)
	}
	assert.Contains(t, ours.request.UserAgent(), "snapshotjob")
}

// uri is the request URI by the rules: each id is escaped by itself, below the
// endpoint's path as it was written.
func (c call) uri(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(c.endpoint)
	require.NoError(t, err)
	path := u.EscapedPath()
	if !strings.HasSuffix(path, "%2F") {
		path = strings.TrimSuffix(path, "/")
	}
	path += "/accounts/" + escape(c.job.AWSAccountID) + "/dashboards/" + escape(c.job.DashboardID)
	id := escape(c.job.SnapshotJobID)
	switch c.op {
	case start:
		return path + "/snapshot-jobs"
	case schedule:
		return path + "/schedules/" + id
	case result:
		return path + "/snapshot-jobs/" + id + "/result"
	case definition:
		if id == "" {
			return path + "/definition"
		}
		return path + "/definition?alias-name=" + id
	default:
		return path + "/snapshot-jobs/" + id
	}
}

// escape escapes every byte of an id that RFC 3986 does not call unreserved.
func escape(id string) string {
	const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	var b strings.Builder
	for _, c := range []byte(id) {
		if strings.IndexByte(unreserved, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// oddIDs are ids that a client may get wrong.
var oddIDs = []string{
	"d", "a/b", "a b", "a+b", "%41", "%2F", "ü", "\xff\xfe", "日本", "a?b#c", "a;b=c&d",
	"{SnapshotJobId}", "{DashboardId}", "{ScheduleId+}", "{}", "{Other}",
	".", "..", "...", "~", "", strings.Repeat("x", 512), "a\nb", "\x00",
	"$LATEST", "$PUBLISHED", "$DRAFT",
}

// endpoints are custom endpoints, good and bad. The empty one stands for that of
// the region.
var endpoints = []string{
	"",
	"https://quicksight.example.com",
	"https://example.com/",
	"http://example.com:8080/base",
	"https://example.com/a/b/",
	"https://example.com/pre%20fix",
	"https://example.com/a%2Fb",
	"https://example.com//x",
	"https://example.com/a/../b",
	"https://example.com/p?x=y",
	"https://example.com/#f",
	"https://u:p@example.com",
	"http://[::1]:80",
	"https://EXAMPLE.com",
}

// TestSameBytesOfIDs has both clients send odd ids, and every byte in an id, to
// endpoints with and without a path.
func TestSameBytesOfIDs(t *testing.T) {
	ids := slices.Clone(oddIDs)
	for b := range 256 {
		ids = append(ids, string([]byte{'x', byte(b)}))
	}
	rng := rand.New(rand.NewPCG(3, 4))
	met := tally{}
	for _, id := range ids {
		for _, op := range operations {
			ofDashboard := call{
				op:     op,
				job:    snapshotjob.Job{AWSAccountID: AccountID, DashboardID: id, SnapshotJobID: "j"},
				region: Region,
			}
			met.add(ofDashboard.check(t)...)
			ofJob := call{
				op:       op,
				job:      snapshotjob.Job{AWSAccountID: AccountID, DashboardID: "d", SnapshotJobID: id},
				endpoint: pick(rng, endpoints),
				region:   Region,
				token:    "TOKEN",
			}
			met.add(ofJob.check(t)...)
		}
	}
	met.log(t)
}

// TestSameBytesOfEndpoints has both clients send to every endpoint.
func TestSameBytesOfEndpoints(t *testing.T) {
	met := tally{}
	for _, endpoint := range endpoints {
		for _, id := range []string{"d", "a/b"} {
			c := call{
				op:       result,
				job:      snapshotjob.Job{AWSAccountID: AccountID, DashboardID: id, SnapshotJobID: "j"},
				endpoint: endpoint,
				region:   "eu-west-1",
			}
			met.add(c.check(t)...)
		}
	}
	met.log(t)
}

// TestSameBytesOfAccounts has both clients send account ids that are none.
func TestSameBytesOfAccounts(t *testing.T) {
	for _, account := range []string{"", "1", "11112222333a", "1111222233334", "１１１１２２２２３３３３"} {
		job := snapshotjob.Job{AWSAccountID: account, DashboardID: "d", SnapshotJobID: "j"}
		differences := call{op: result, job: job, region: Region}.check(t)
		assert.Contains(t, differences, RefusedID)
	}
}

// TestSameBytesWithoutRegion has both clients send without a region.
func TestSameBytesWithoutRegion(t *testing.T) {
	differences := call{op: result, job: exampleJob, endpoint: "https://example.com"}.check(t)
	assert.Contains(t, differences, NeedsRegion)
}

// FuzzBytes has both clients send what the fuzzer makes up.
func FuzzBytes(f *testing.F) {
	f.Add(0, AccountID, "d", "j", "", Region, "")
	f.Add(1, AccountID, "a/b", "{DashboardId}", "/base", "eu-central-1", "TOKEN")
	f.Add(2, AccountID, "ü", "..", "/pre%20fix", "cn-north-1", "")
	f.Add(3, AccountID, "a/b", "{SnapshotJobId}", "/base", "eu-west-1", "TOKEN")
	f.Fuzz(func(t *testing.T, op int, account, dashboard, id, path, region, token string) {
		if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Skip("this is no token")
		}
		if !isPlainRegion(region) {
			t.Skip("this is no region: other tests are about the endpoints of regions")
		}
		job := snapshotjob.Job{AWSAccountID: account, DashboardID: dashboard, SnapshotJobID: id}
		c := call{op: operations[uint(op)%uint(len(operations))], job: job, region: region, token: token}
		if path != "" {
			c.endpoint = "https://example.com/" + path
		}
		if _, err := url.Parse(c.endpoint); err != nil {
			t.Skip("this is no URL")
		}
		c.check(t)
	})
}

// isPlainRegion reports whether a region consists of what regions consist of, and
// is no pseudo region. The empty region is plain.
func isPlainRegion(region string) bool {
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789-"
	switch {
	case len(region) > 40:
		return false
	case strings.Trim(region, alphabet) != "":
		return false
	case strings.Trim(region, "-") != region:
		return false
	default:
		return !strings.Contains(region, "fips")
	}
}
