package snapshotjobtest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

const (
	pdf       = `{"Files":[{"FormatType":"PDF","SheetSelections":[{"SheetId":"s","SelectionScope":"ALL_VISUALS"}]}]}`
	csv       = `{"Files":[{"FormatType":"CSV","SheetSelections":[{"SheetId":"s","SelectionScope":"SELECTED_VISUALS","VisualIds":["v"]}]}]}`
	excel     = `{"Files":[{"FormatType":"EXCEL","SheetSelections":[{"SheetId":"s","SelectionScope":"SELECTED_VISUALS","VisualIds":["a","b"]},{"SheetId":"t","SelectionScope":"SELECTED_VISUALS","VisualIds":["c","d","e"]}]}]}`
	anonymous = `{"AnonymousUsers":[{"RowLevelPermissionTags":[{"Key":"tenant","Value":"SECRET"}]}]}`
)

var goodStart = startBody("weekly", pdf+","+csv, anonymous)

func startBody(id, groups, users string) string {
	return fmt.Sprintf(`{"SnapshotJobId":%q,"SnapshotConfiguration":{"FileGroups":[%s]},"UserConfiguration":%s}`, id, groups, users)
}

func TestStartRules(t *testing.T) {
	config := func(extra string) string {
		return fmt.Sprintf(`{"SnapshotJobId":"j","UserConfiguration":%s,"SnapshotConfiguration":{"FileGroups":[%s],%s}}`, anonymous, pdf, extra)
	}
	bucket := func(name, prefix, region string) string {
		return fmt.Sprintf(`{"BucketConfiguration":{"BucketName":%q,"BucketPrefix":%q,"BucketRegion":%q}}`, name, prefix, region)
	}
	destinations := func(list string) string {
		return config(`"DestinationConfiguration":{"S3Destinations":[` + list + `]}`)
	}
	tags := func(n int) string {
		return `{"AnonymousUsers":[{"RowLevelPermissionTags":[` + strings.TrimSuffix(strings.Repeat(`{"Key":"k","Value":"v"},`, n), ",") + `]}]}`
	}
	const invalid, serialization = "InvalidParameterValueException", "SerializationException"
	tests := []struct {
		name, body string
		status     int
		code       string
	}{
		{"PDF and CSV", goodStart, 200, ""},
		{"everything: 1 PDF, 1 Excel, 5 CSV", startBody("j", pdf+","+excel+strings.Repeat(","+csv, 5), anonymous), 200, ""},
		{"one empty anonymous user", startBody("j", pdf, `{"AnonymousUsers":[{}]}`), 200, ""},
		{"50 tags", startBody("j", pdf, tags(50)), 200, ""},
		{"an unknown member", strings.Replace(goodStart, "{", `{"New":[1],`, 1), 200, ""},
		{"a member of results only", strings.Replace(goodStart, `{"Files"`, `{"S3Results":[],"Files"`, 1), 200, ""},
		{"a member in another case, as an unknown one", strings.Replace(goodStart, "{", `{"usERconfiguration":7,`, 1), 200, ""},
		{"no list of destinations", config(`"DestinationConfiguration":{}`), 200, ""},
		{"a destination", destinations(bucket("b", "p", "us-east-1")), 200, ""},
		{"parameters", config(`"Parameters":{"StringParameters":[{"Name":"s","Values":["a"]}],"IntegerParameters":[{"Name":"i","Values":[1]}],"DecimalParameters":[{"Name":"d","Values":[1.5,"NaN"]}],"DateTimeParameters":[{"Name":"t","Values":[1700000000.5]}]}`), 200, ""},

		{"no body", "", 400, serialization},
		{"no object", "[]", 400, serialization},
		{"a member of the wrong type", strings.Replace(goodStart, `"weekly"`, `7`, 1), 400, serialization},
		{"no configuration", `{"SnapshotJobId":"j"}`, 400, invalid},
		{"a member of the start in lower case", strings.Replace(goodStart, "UserConfiguration", "userconfiguration", 1), 400, invalid},
		{"a member of a file in lower case", strings.Replace(goodStart, "FormatType", "formatType", 1), 400, invalid},
		{"two values", goodStart + "{}", 400, serialization},
		{"no job id", startBody("", pdf, anonymous), 400, invalid},
		{"a job id with a slash", startBody("a/b", pdf, anonymous), 400, invalid},
		{"a job id of 513 characters", startBody(strings.Repeat("a", 513), pdf, anonymous), 400, invalid},
		{"no group", startBody("j", "", anonymous), 400, invalid},
		{"8 groups", startBody("j", pdf+","+excel+strings.Repeat(","+csv, 6), anonymous), 400, invalid},
		{"6 CSV", startBody("j", csv+strings.Repeat(","+csv, 5), anonymous), 400, invalid},
		{"2 PDF", startBody("j", pdf+","+pdf, anonymous), 400, invalid},
		{"2 Excel", startBody("j", excel+","+excel, anonymous), 400, invalid},
		{"a group without files", startBody("j", `{"Files":[]}`, anonymous), 400, invalid},
		{"a group of two files", startBody("j", strings.Replace(pdf, `"Files":[`, `"Files":[`+csv[len(`{"Files":[`):len(csv)-2]+",", 1), anonymous), 400, invalid},
		{"an unknown format", startBody("j", strings.Replace(pdf, "PDF", "PNG", 1), anonymous), 400, invalid},
		{"a PDF of selected visuals", startBody("j", strings.Replace(pdf, "ALL_", "SELECTED_", 1), anonymous), 400, invalid},
		{"a PDF with visuals", startBody("j", strings.Replace(pdf, `}]}]}`, `,"VisualIds":["v"]}]}]}`, 1), anonymous), 400, invalid},
		{"a CSV of all visuals", startBody("j", strings.Replace(csv, "SELECTED_", "ALL_", 1), anonymous), 400, invalid},
		{"a CSV without visual", startBody("j", strings.Replace(csv, `["v"]`, `[]`, 1), anonymous), 400, invalid},
		{"a CSV of 2 visuals", startBody("j", strings.Replace(csv, `["v"]`, `["v","w"]`, 1), anonymous), 400, invalid},
		{"an Excel of 6 visuals", startBody("j", strings.Replace(excel, `"e"`, `"e","f"`, 1), anonymous), 400, invalid},
		{"no sheet", startBody("j", strings.Replace(pdf, `"SheetId":"s",`, "", 1), anonymous), 400, invalid},
		{"no user", startBody("j", pdf, "null"), 400, invalid},
		{"no anonymous user", startBody("j", pdf, `{"AnonymousUsers":[]}`), 400, invalid},
		{"2 anonymous users", startBody("j", pdf, `{"AnonymousUsers":[{},{}]}`), 400, invalid},
		{"an empty list of tags", startBody("j", pdf, tags(0)), 400, invalid},
		{"51 tags", startBody("j", pdf, tags(51)), 400, invalid},
		{"a tag without key", startBody("j", pdf, strings.Replace(anonymous, "tenant", "", 1)), 400, invalid},
		{"a tag's value of 257 characters", startBody("j", pdf, strings.Replace(anonymous, "SECRET", strings.Repeat("SECRET", 43), 1)), 400, invalid},
		{"no destination", destinations(""), 400, invalid},
		{"2 destinations", destinations(bucket("b", "p", "us-east-1") + "," + bucket("c", "p", "us-east-1")), 400, invalid},
		{"a destination without bucket", destinations(`{}`), 400, invalid},
		{"a destination without prefix", destinations(bucket("b", "", "us-east-1")), 400, invalid},
		{"a destination in another region", destinations(bucket("b", "p", "eu-west-1")), 400, invalid},
		{"a parameter without name", config(`"Parameters":{"StringParameters":[{"Values":["SECRET"]}]}`), 400, invalid},
		{"an integer in quotes", config(`"Parameters":{"IntegerParameters":[{"Name":"i","Values":["SECRET"]}]}`), 400, serialization},
		{"101 parameters", config(`"Parameters":{"StringParameters":[` + strings.Repeat(`{"Name":"s","Values":["a"]},`, 100) + `{"Name":"s","Values":["a"]}]}`), 400, invalid},
		{"a date as text", config(`"Parameters":{"DateTimeParameters":[{"Name":"t","Values":["2026-01-01"]}]}`), 400, serialization},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := snapshotjobtest.NewTestServer(t)
			got := post(jobs, tt.body).send(t, srv)
			got.want(t, tt.status, tt.code)
			if strings.Contains(got.body, "SECRET") {
				t.Errorf("the answer quotes a value that AWS marks as sensitive: %s", got.body)
			}
		})
	}
}

// Each limit by its option: one more than the service's own, and none.
func TestStartLimits(t *testing.T) {
	of := func(format snapshotjob.SnapshotFileFormatType, n int) map[snapshotjob.SnapshotFileFormatType]int {
		return map[snapshotjob.SnapshotFileFormatType]int{format: n}
	}
	list := func(item string, n int) string { return strings.TrimSuffix(strings.Repeat(item+",", n), ",") }
	visuals := func(file string, last, n int) string {
		return startBody("j", strings.Replace(file, fmt.Sprintf(`"%c"]`, last), list(`"x"`, n)+"]", 1), anonymous)
	}
	config := func(extra string) string {
		return strings.Replace(goodStart, `{"FileGroups"`, "{"+extra+`,"FileGroups"`, 1)
	}
	const bucket = `{"BucketConfiguration":{"BucketName":"b","BucketPrefix":"p","BucketRegion":"us-east-1"}}`
	for _, tt := range []struct {
		name  string
		limit int // the service's own
		set   func(o *snapshotjobtest.Options, limit int)
		body  func(n int) string
	}{
		{"groups", 7, func(o *snapshotjobtest.Options, n int) { o.MaxFileGroups, o.MaxFiles = n, of("CSV", -1) },
			func(n int) string { return startBody("j", list(csv, n), anonymous) }},
		{"CSV files", 5, func(o *snapshotjobtest.Options, n int) { o.MaxFileGroups, o.MaxFiles = -1, of("CSV", n) },
			func(n int) string { return startBody("j", list(csv, n), anonymous) }},
		{"Excel files", 1, func(o *snapshotjobtest.Options, n int) { o.MaxFiles = of("EXCEL", n) },
			func(n int) string { return startBody("j", list(excel, n), anonymous) }},
		{"PDF files", 1, func(o *snapshotjobtest.Options, n int) { o.MaxFiles = of("PDF", n) },
			func(n int) string { return startBody("j", list(pdf, n), anonymous) }},
		{"visuals of a CSV", 1, func(o *snapshotjobtest.Options, n int) { o.MaxVisuals = of("CSV", n) },
			func(n int) string { return visuals(csv, 'v', n) }},
		{"visuals of an Excel", 5, func(o *snapshotjobtest.Options, n int) { o.MaxVisuals = of("EXCEL", n) },
			func(n int) string { return visuals(excel, 'e', n-4) }},
		{"visuals of a PDF", 0, func(o *snapshotjobtest.Options, n int) { o.MaxVisuals = of("PDF", n) },
			func(n int) string {
				return startBody("j", strings.Replace(pdf, `"ALL_VISUALS"`, `"ALL_VISUALS","VisualIds":[`+list(`"x"`, n)+"]", 1), anonymous)
			}},
		{"destinations", 1, func(o *snapshotjobtest.Options, n int) { o.MaxDestinations = n },
			func(n int) string {
				return config(`"DestinationConfiguration":{"S3Destinations":[` + list(bucket, n) + `]}`)
			}},
		{"anonymous users", 1, func(o *snapshotjobtest.Options, n int) { o.MaxAnonymousUsers = n },
			func(n int) string { return startBody("j", pdf, `{"AnonymousUsers":[`+list("{}", n)+`]}`) }},
		{"tags", 50, func(o *snapshotjobtest.Options, n int) { o.MaxTags = n },
			func(n int) string {
				return startBody("j", pdf, `{"AnonymousUsers":[{"RowLevelPermissionTags":[`+list(`{"Key":"k","Value":"v"}`, n)+`]}]}`)
			}},
		{"parameters", 100, func(o *snapshotjobtest.Options, n int) { o.MaxParameters = n },
			func(n int) string {
				return config(`"Parameters":{"StringParameters":[` + list(`{"Name":"s","Values":["a"]}`, n) + `]}`)
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, at := range []struct{ option, n, status int }{
				{0, tt.limit, 200}, {0, tt.limit + 1, 400}, {tt.limit + 1, tt.limit + 1, 200}, {tt.limit + 1, tt.limit + 2, 400}, {-1, 3 * tt.limit, 200},
			} {
				srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) { tt.set(o, at.option) })
				got := post(jobs, tt.body(at.n)).send(t, srv)
				got.want(t, at.status, map[int]string{400: "InvalidParameterValueException"}[at.status])
				if want := fmt.Sprintf("want at most %d ", max(at.option, tt.limit)); at.status == 400 && !strings.Contains(got.body, want) {
					t.Errorf("got %s, want %q in it", got.body, want)
				}
			}
		})
	}
}

// What lies beyond the service's limits is in the descriptions and results too.
func TestStartBeyondLimits(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		o.MaxDestinations, o.MaxAnonymousUsers = 2, 2
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life { return snapshotjobtest.Completed() }
	})
	const to = `{"BucketConfiguration":{"BucketName":"%s","BucketPrefix":"p","BucketRegion":"us-east-1"}}`
	body := startBody("weekly", pdf, `{"AnonymousUsers":[{"RowLevelPermissionTags":[{"Key":"k","Value":"v"}]},{}]}`)
	body = strings.Replace(body, `{"FileGroups"`, `{"DestinationConfiguration":{"S3Destinations":[`+fmt.Sprintf(to+","+to, "b", "c")+`]},"FileGroups"`, 1)
	post(jobs, body).send(t, srv).want(t, 200, "")
	if got := get(jobs+"/weekly").send(t, srv).body; !strings.Contains(got, `"AnonymousUsers":[{"RowLevelPermissionTagKeys":["k"]},{}]`) {
		t.Errorf("described as %s", got)
	}
	uris := get(jobs+"/weekly/result").send(t, srv).uris(t)
	const key = "/p/111122223333/sales/weekly/1-s.pdf"
	if want := []string{"s3://b" + key, "s3://c" + key, "s3://b" + key, "s3://c" + key}; !slices.Equal(uris, want) {
		t.Errorf("got %q, want %q", uris, want)
	}
	srv.ReplaceFile(weekly, 0, []byte("new"))
	for _, bucket := range []string{"b", "c"} {
		got := raw{method: "GET", url: "https://" + bucket + ".s3.us-east-1.amazonaws.com" + key, service: "s3"}.send(t, srv)
		if got.body != "new" {
			t.Errorf("in %s: got %.20q", bucket, got.body)
		}
	}
}

func TestStartNames(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) { o.Dashboards = []string{"sales"} })
	post("/accounts/111122223333/dashboards/other/snapshot-jobs", goodStart).send(t, srv).want(t, 404, "ResourceNotFoundException")
	post("/accounts/444455556666/dashboards/sales/snapshot-jobs", goodStart).send(t, srv).want(t, 401, "AccessDeniedException")
	post("/accounts/1/dashboards/sales/snapshot-jobs", goodStart).send(t, srv).want(t, 400, "InvalidParameterValueException")
	got := post(jobs, goodStart).send(t, srv)
	want := fmt.Sprintf(`{"Arn":"arn:aws:quicksight:us-east-1:111122223333:dashboard/sales/snapshot-job/weekly","SnapshotJobId":"weekly","RequestId":%q}`, got.header.Get("X-Amzn-Requestid"))
	if got.body != want {
		t.Errorf("got  %s\nwant %s", got.body, want)
	}
}

func TestJobIDReuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t)
		start := post(jobs, goodStart)
		start.send(t, srv).want(t, 200, "")
		for _, at := range []struct {
			after  time.Duration
			status int
			code   string
		}{
			{0, 409, "ResourceExistsException"},
			{41 * time.Second, 409, "ResourceExistsException"}, // running
			{24 * time.Hour, 409, "ResourceExistsException"},   // finished, but for a second less than a day
			{time.Second, 200, ""},
			{0, 409, "ResourceExistsException"},
		} {
			time.Sleep(at.after)
			start.send(t, srv).want(t, at.status, at.code)
		}
		post("/accounts/111122223333/dashboards/other/snapshot-jobs", goodStart).send(t, srv).want(t, 200, "") // an id is its dashboard's
	})
}

func TestRunningLimit(t *testing.T) {
	for _, tt := range []struct {
		name         string
		limit, jobs  int
		wait         time.Duration
		wantRejected bool
	}{
		{"12 by default, queued", 0, 12, 0, true},
		{"12 by default, running", 0, 12, 30 * time.Second, true},
		{"12 by default, ended", 0, 12, 42 * time.Second, false},
		{"11", 0, 11, 0, false},
		{"an option", 2, 2, 0, true},
		{"no limit", -1, 40, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
					o.MaxRunningJobs, o.RequestsPerSecond = tt.limit, -1
				})
				for i := range tt.jobs {
					post(jobs, startBody(fmt.Sprint("j", i), pdf, anonymous)).send(t, srv).want(t, 200, "")
				}
				time.Sleep(tt.wait)
				got := post(jobs, goodStart).send(t, srv)
				if tt.wantRejected {
					got.want(t, 409, "LimitExceededException")
				} else {
					got.want(t, 200, "")
				}
			})
		})
	}
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t)
		srv.AddJob(daily, snapshotjobtest.Completed())
		for range 20 { // a bad signature costs nothing
			raw{method: "GET", url: result, region: "eu-west-1"}.send(t, srv).want(t, 403, "InvalidSignatureException")
		}
		for range 10 {
			get(result).send(t, srv).want(t, 200, "")
		}
		get(result).send(t, srv).want(t, 429, "ThrottlingException")
		time.Sleep(100 * time.Millisecond)
		get(result).send(t, srv).want(t, 200, "")
		get(jobPath).send(t, srv).want(t, 429, "ThrottlingException") // all operations share the rate
		time.Sleep(time.Hour)
		for range 10 { // and the bucket holds 10
			get(result).send(t, srv).want(t, 200, "")
		}
		post(jobs, goodStart).send(t, srv).want(t, 429, "ThrottlingException")
		if r := srv.Requests(); r[len(r)-1].Job != weekly {
			t.Errorf("a throttled start is recorded as of %s", r[len(r)-1].Job)
		}
		get(result).send(t, srv).want(t, 429, "ThrottlingException")
	})
}

func TestUsers(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		o.RequestsPerSecond = -1
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life { return snapshotjobtest.Completed() }
	})
	bob, _ := srv.AddUser("bob").Retrieve(t.Context())
	alice, _ := srv.AddRegisteredUser("alice").Retrieve(t.Context())

	post(jobs, goodStart).send(t, srv).want(t, 200, "")
	for _, path := range []string{jobs + "/weekly", jobs + "/weekly/result"} {
		get(path).send(t, srv).want(t, 200, "")
		raw{method: "GET", url: path, credentials: bob}.send(t, srv).want(t, 401, "AccessDeniedException")
	}

	raw{method: "POST", url: jobs, body: startBody("hers", pdf, anonymous), credentials: alice}.send(t, srv).want(t, 400, "InvalidParameterValueException")
	raw{method: "POST", url: jobs, body: startBody("hers", pdf, "null"), credentials: alice}.send(t, srv).want(t, 200, "")
	got := raw{method: "GET", url: jobs + "/hers/result", credentials: alice}.send(t, srv).decode(t)["Result"].(map[string]any)
	if got["RegisteredUsers"] == nil || got["AnonymousUsers"] != nil {
		t.Errorf("a registered user's result is %v", got)
	}
	described := raw{method: "GET", url: jobs + "/hers", credentials: alice}.send(t, srv).decode(t)
	if _, ok := described["UserConfiguration"]; ok {
		t.Error("a registered user's job has a UserConfiguration")
	}

	other, _ := srv.AddUser("alice").Retrieve(t.Context()) // of the same name, and somebody else
	raw{method: "POST", url: jobs, body: startBody("theirs", pdf, anonymous), credentials: other}.send(t, srv).want(t, 200, "")
	raw{method: "POST", url: jobs, body: startBody("more", pdf, "null"), credentials: alice}.send(t, srv).want(t, 200, "")

	theirs := snapshotjobtest.Completed()
	theirs.User = "somebody"
	srv.AddJob(daily, theirs)
	get(result).send(t, srv).want(t, 401, "AccessDeniedException")
}
