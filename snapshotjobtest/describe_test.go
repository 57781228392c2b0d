package snapshotjobtest_test

import (
	"fmt"
	"math"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// A job's life as its descriptions show it, with the members of the service's
// JSON and no others.
func TestDescribe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it is 946684800
		srv := snapshotjobtest.NewTestServer(t)
		time.Sleep(123 * time.Millisecond)
		post(jobs, goodStart).send(t, srv).want(t, 200, "")
		configuration := `{"FileGroups":[` + pdf + "," + csv + "]}"
		for _, at := range []struct {
			after           time.Duration
			status, updated string
		}{
			{0, "QUEUED", "946684800.123"},
			{1999 * time.Millisecond, "QUEUED", "946684800.123"},
			{time.Millisecond, "RUNNING", "946684802.123"},
			{40*time.Second - time.Millisecond, "RUNNING", "946684802.123"},
			{time.Millisecond, "COMPLETED", "946684842.123"},
			{1000 * time.Hour, "COMPLETED", "946684842.123"},
		} {
			time.Sleep(at.after)
			got := get(jobs+"/weekly").send(t, srv)
			want := fmt.Sprintf(`{"Arn":"arn:aws:quicksight:us-east-1:111122223333:dashboard/sales/snapshot-job/weekly",`+
				`"AwsAccountId":"111122223333","DashboardId":"sales","SnapshotJobId":"weekly",`+
				`"UserConfiguration":{"AnonymousUsers":[{"RowLevelPermissionTagKeys":["tenant"]}]},`+
				`"SnapshotConfiguration":%s,"CreatedTime":946684800.123,"LastUpdatedTime":%s,"JobStatus":%q,"RequestId":%q,"Status":200}`,
				configuration, at.updated, at.status, got.header.Get("X-Amzn-Requestid"))
			if got.body != want {
				t.Errorf("got  %s\nwant %s", got.body, want)
			}
			early := get(jobs+"/weekly/result").send(t, srv)
			if at.status == "COMPLETED" {
				early.want(t, 200, "")
				continue
			}
			early.want(t, 400, "PreconditionNotMetException")
			if message := early.decode(t)["Message"]; message != "Dashboard Snapshot Job with id weekly has not reached a terminal state." {
				t.Errorf("got %q", message)
			}
		}
	})
}

// Jobs that don't end, in a century either.
func TestEndlessLives(t *testing.T) {
	for name, tt := range map[string]struct {
		life   snapshotjobtest.Life
		status string
	}{
		"queued for ever":        {snapshotjobtest.Completed().After(-1, 0), "QUEUED"},
		"running for ever":       {snapshotjobtest.Completed().After(time.Second, -1), "RUNNING"},
		"longer than a Duration": {snapshotjobtest.Completed().After(time.Second, math.MaxInt64), "RUNNING"},
		"status QUEUED":          {snapshotjobtest.Life{Status: "QUEUED"}, "QUEUED"},
		"status RUNNING":         {snapshotjobtest.Life{Status: "RUNNING", Queued: time.Second}, "RUNNING"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := snapshotjobtest.NewTestServer(t)
				srv.AddJob(daily, tt.life)
				for _, after := range []time.Duration{time.Second, 876_000 * time.Hour} {
					time.Sleep(after)
					if got := get(jobPath).send(t, srv).decode(t)["JobStatus"]; got != tt.status {
						t.Errorf("after %v: got %v, want %s", after, got, tt.status)
					}
					get(result).send(t, srv).want(t, 400, "PreconditionNotMetException")
				}
			})
		})
	}
}

func TestDescribeResult(t *testing.T) {
	const arn = `{"Arn":"arn:aws:quicksight:us-east-1:111122223333:dashboard/sales/snapshot-job/daily",`
	const times = `"CreatedTime":946684800,"LastUpdatedTime":946684800,`
	const pdfFile = `"Files":[{"FormatType":"PDF","SheetSelections":[{"SheetId":"s","SelectionScope":"ALL_VISUALS"}]}]`
	const csvFile = `"Files":[{"FormatType":"CSV","SheetSelections":[{"SheetId":"s","SelectionScope":"SELECTED_VISUALS","VisualIds":["v"]}]}]`
	registered := snapshotjobtest.Completed(snapshotjobtest.PDF("s"))
	registered.Registered = true
	bucket := snapshotjobtest.Completed(snapshotjobtest.PDF("s"), snapshotjobtest.CSV("s", "v").Failing("RLS_CHANGED", "m"))
	bucket.Destination = &snapshotjob.S3BucketConfiguration{BucketName: "b", BucketPrefix: "p/q"}
	odd := snapshotjobtest.Life{Status: "CANCELLED"}
	tests := []struct {
		name string
		life snapshotjobtest.Life
		want string // with URI for a presigned URL, ID for the request's id
	}{
		{"anonymous", snapshotjobtest.Completed(snapshotjobtest.PDF("s")),
			arn + `"JobStatus":"COMPLETED",` + times + `"Result":{"AnonymousUsers":[{"FileGroups":[{` + pdfFile + `,"S3Results":[{"S3Uri":"URI"}]}]}]},"RequestId":"ID"}`},
		{"registered", registered,
			arn + `"JobStatus":"COMPLETED",` + times + `"Result":{"RegisteredUsers":[{"FileGroups":[{` + pdfFile + `,"S3Results":[{"S3Uri":"URI"}]}]}]},"RequestId":"ID"}`},
		{"a file with errors", snapshotjobtest.Completed(snapshotjobtest.CSV("s", "v").Failing("RLS_CHANGED", "m").Failing("CLS_CHANGED", "n")),
			arn + `"JobStatus":"COMPLETED",` + times + `"Result":{"AnonymousUsers":[{"FileGroups":[{` + csvFile + `,"S3Results":[{"ErrorInfo":[{"ErrorMessage":"m","ErrorType":"RLS_CHANGED"},{"ErrorMessage":"n","ErrorType":"CLS_CHANGED"}]}]}]}]},"RequestId":"ID"}`},
		{"a destination", bucket,
			arn + `"JobStatus":"COMPLETED",` + times + `"Result":{"AnonymousUsers":[{"FileGroups":[` +
				`{` + pdfFile + `,"S3Results":[{"S3DestinationConfiguration":{"BucketConfiguration":{"BucketName":"b","BucketPrefix":"p/q","BucketRegion":"us-east-1"}},"S3Uri":"s3://b/p/q/111122223333/sales/daily/1-s.pdf"}]},` +
				`{` + csvFile + `,"S3Results":[{"S3DestinationConfiguration":{"BucketConfiguration":{"BucketName":"b","BucketPrefix":"p/q","BucketRegion":"us-east-1"}},"ErrorInfo":[{"ErrorMessage":"m","ErrorType":"RLS_CHANGED"}]}]}]}]},"RequestId":"ID"}`},
		{"failed", snapshotjobtest.Failed("DASHBOARD_ACCESS_DENIED", "m"),
			arn + `"JobStatus":"FAILED",` + times + `"ErrorInfo":{"ErrorMessage":"m","ErrorType":"DASHBOARD_ACCESS_DENIED"},"RequestId":"ID"}`},
		{"another status", odd, arn + `"JobStatus":"CANCELLED",` + times + `"RequestId":"ID"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := snapshotjobtest.NewTestServer(t)
				srv.AddJob(daily, tt.life)
				got := get(result).send(t, srv)
				body := strings.ReplaceAll(got.body, got.header.Get("X-Amzn-Requestid"), "ID")
				body = regexp.MustCompile(`https://[^"]*`).ReplaceAllString(body, "URI")
				if body != tt.want {
					t.Errorf("got  %s\nwant %s", body, tt.want)
				}
			})
		})
	}
}

func TestPresignedURL(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	srv.AddJob(daily, snapshotjobtest.Completed(snapshotjobtest.PDF("s")))
	first, second := get(result).send(t, srv).uris(t)[0], get(result).send(t, srv).uris(t)[0]
	if first == second {
		t.Error("two results have the same URL")
	}
	u, err := url.Parse(first)
	if err != nil || u.Scheme != "https" || !strings.HasSuffix(u.Host, ".s3.us-east-1.amazonaws.com") {
		t.Errorf("got %s, %v", first, err)
	}
	for _, name := range []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Security-Token", "X-Amz-Signature", "X-Amz-SignedHeaders"} {
		if u.Query().Get(name) == "" {
			t.Errorf("the URL has no %s: %s", name, first)
		}
	}
	if len(first) < 1000 || len(first) > 2000 {
		t.Errorf("the URL has %d bytes; real ones have about 1,500", len(first))
	}
}

func TestPartition(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) { o.Region = "cn-north-1" })
	srv.AddJob(daily, snapshotjobtest.Completed(snapshotjobtest.PDF("s")))
	got := raw{method: "GET", url: "https://quicksight.cn-north-1.amazonaws.com.cn" + result, region: "cn-north-1"}.send(t, srv)
	if arn := got.decode(t)["Arn"]; arn != "arn:aws-cn:quicksight:cn-north-1:111122223333:dashboard/sales/snapshot-job/daily" {
		t.Errorf("got %s", arn)
	}
	if uri := got.uris(t)[0]; !strings.Contains(uri, ".s3.cn-north-1.amazonaws.com.cn/") {
		t.Errorf("got %s", uri)
	}
}

func TestUnknownNames(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		o.Dashboards, o.Schedules, o.RequestsPerSecond = []string{}, []string{"nightly"}, -1
	})
	srv.AddJob(daily, snapshotjobtest.Completed())
	for _, tt := range []struct {
		raw
		status int
		code   string
	}{
		{get(jobs + "/other"), 404, "ResourceNotFoundException"},
		{get("/accounts/111122223333/dashboards/other/snapshot-jobs/daily/result"), 404, "ResourceNotFoundException"},
		{get("/accounts/444455556666/dashboards/sales/snapshot-jobs/daily"), 401, "AccessDeniedException"},
		{get("/accounts/1/dashboards/sales/snapshot-jobs/daily/result"), 400, "InvalidParameterValueException"},
		{get("/accounts/1/dashboards/sales/snapshot-jobs/daily"), 401, "AccessDeniedException"}, // the operation's model has no other
		{get(jobs + "/a.b/result"), 400, "InvalidParameterValueException"},
		{get(jobs + "/a.b"), 404, "ResourceNotFoundException"},
		{get("/accounts/111122223333/dashboards/a%20b/snapshot-jobs/daily"), 404, "ResourceNotFoundException"},
		{post("/accounts/111122223333/dashboards/sales/schedules/nightly", ""), 200, ""},
		{post("/accounts/111122223333/dashboards/sales/schedules/other", ""), 404, "ResourceNotFoundException"},
		{post("/accounts/111122223333/dashboards/other/schedules/nightly", ""), 404, "ResourceNotFoundException"},
		{post("/accounts/111122223333/dashboards/sales/schedules/a%20b", ""), 400, "InvalidParameterValueException"},
	} {
		t.Log(tt.method, tt.url)
		tt.send(t, srv).want(t, tt.status, tt.code)
	}
}

func TestUnknownRoutes(t *testing.T) {
	srv := snapshotjobtest.NewServer()
	srv.AddJob(daily, snapshotjobtest.Completed())
	for _, r := range []raw{
		get("/"), get(jobs), get(jobPath + "/"), get(result + "/"), get(jobPath + "/results"), get(jobPath + "/result/x"),
		post(jobPath, ""), post(jobs+"/", ""), {method: "PUT", url: jobPath}, {method: "HEAD", url: jobPath},
		get("/accounts/111122223333/data-sets/sales/snapshot-jobs/daily"), get("/accounts//dashboards"), get("/v1" + result),
		get("/accounts/111122223333/dashboards/sales/schedules/nightly"),
	} {
		got := r.send(t, srv)
		if r.method == "HEAD" {
			continue // its body stays on the way
		}
		t.Log(r.method, r.url)
		got.want(t, 404, "UnknownOperationException")
	}
	for _, r := range srv.Requests() {
		if r.Operation != "" || r.Status != 404 {
			t.Errorf("%s %s is recorded as %q, status %d", r.Method, r.Path, r.Operation, r.Status)
		}
	}
}

func TestSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t)
		schedule := post("/accounts/111122223333/dashboards/sales/schedules/nightly", "")
		for _, at := range []struct {
			after time.Duration
			want  int
		}{{0, 200}, {0, 202}, {41 * time.Second, 202}, {time.Second, 200}, {0, 202}} {
			time.Sleep(at.after)
			got := schedule.send(t, srv)
			if want := fmt.Sprintf(`{"RequestId":%q}`, got.header.Get("X-Amzn-Requestid")); got.status != at.want || got.body != want {
				t.Errorf("got %d %s, want %d %s", got.status, got.body, at.want, want)
			}
		}
		post("/accounts/111122223333/dashboards/sales/schedules/other", "").send(t, srv).want(t, 200, "")
	})
}
