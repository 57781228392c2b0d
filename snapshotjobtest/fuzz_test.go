package snapshotjobtest_test

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// wellFormed reports an answer that a client couldn't read.
func wellFormed(t *testing.T, method string, status int, header http.Header, body string) {
	t.Helper()
	if status < 200 || status > 599 || header.Get("Date") == "" {
		t.Errorf("status %d, header %v", status, header)
	}
	if method == "HEAD" || status == 304 {
		return
	}
	switch kind := header.Get("Content-Type"); {
	case kind == "application/json" && !json.Valid([]byte(body)):
		t.Errorf("status %d with %.200q, which is no JSON", status, body)
	case kind == "application/xml":
		dec := xml.NewDecoder(strings.NewReader(body))
		for {
			if _, err := dec.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Errorf("status %d with %.200q: %v", status, body, err)
				break
			}
		}
	case kind != "application/json" && status >= 300:
		t.Errorf("status %d with a %q", status, kind)
	}
	if strings.Contains(body, own.SecretAccessKey) {
		t.Errorf("the answer tells the secret: %q", body)
	}
}

// Any request, signed or not, gets a well-formed answer.
func FuzzRequest(f *testing.F) {
	const scope = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20000101/us-east-1/"
	f.Add("GET", "quicksight.us-east-1.amazonaws.com", result, "", "", "")
	f.Add("POST", "127.0.0.1:1", jobs, scope+"quicksight/aws4_request, SignedHeaders=host;x-amz-date, Signature=00", "20000101T000000Z", goodStart)
	f.Add("GET", "b.s3.us-east-1.amazonaws.com", "/k%2F", scope+"s3/aws4_request, SignedHeaders=host, Signature=00", "20000101T000000Z", "")
	f.Add("GET", "h", "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE/20000101/us-east-1/s3/aws4_request&X-Amz-Date=20000101T000000Z&X-Amz-Expires=300&X-Amz-SignedHeaders=host&X-Amz-Signature=00", "", "", "")
	f.Fuzz(func(t *testing.T, method, host, target, authorization, date, body string) {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return // net/http answers 400 by itself
		}
		srv := snapshotjobtest.NewServer()
		srv.AddJob(daily, snapshotjobtest.Completed(snapshotjobtest.PDF("s")))
		w := httptest.NewRecorder()
		r := &http.Request{
			Method: method, URL: u, Host: host, RequestURI: target, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
			Header: http.Header{"Authorization": {authorization}, "X-Amz-Date": {date}, "X-Amz-Content-Sha256": {"UNSIGNED-PAYLOAD"}},
		}
		srv.ServeHTTP(w, r)
		wellFormed(t, method, w.Code, w.Header(), w.Body.String())
		srv.Requests()
	})
}

// Any body of a signed Start gets an answer, and a job that was started can be
// described, and has a result.
func FuzzStart(f *testing.F) {
	f.Add(goodStart)
	f.Add(startBody("j", pdf+","+excel, `{"AnonymousUsers":[{}]}`))
	f.Add(`{"SnapshotJobId":"j","SnapshotConfiguration":{"Parameters":{"IntegerParameters":[{"Name":"i","Values":[1]}]},"FileGroups":[` + pdf + `]},"UserConfiguration":` + anonymous + `}`)
	f.Add(`[`)
	f.Fuzz(func(t *testing.T, body string) {
		srv := snapshotjobtest.NewServer(func(o *snapshotjobtest.Options) {
			o.Life = func(snapshotjob.Job) snapshotjobtest.Life { return snapshotjobtest.Completed() }
		})
		got := post(jobs, body).send(t, srv)
		wellFormed(t, "POST", got.status, got.header, got.body)
		if got.status != 200 {
			got.code(t)
			return
		}
		id := got.decode(t)["SnapshotJobId"].(string)
		get(jobs+"/"+id).send(t, srv).want(t, 200, "")
		outcome := get(jobs+"/"+id+"/result").send(t, srv)
		outcome.want(t, 200, "")
		for _, uri := range outcome.uris(t) {
			if strings.HasPrefix(uri, "https://") {
				plain(t, srv, uri, nil).wantS3(t, 200, "")
			}
		}
	})
}

// What a server sees of a path is what its operation depends on.
func FuzzPath(f *testing.F) {
	f.Add("111122223333", "sales", "daily")
	f.Add("111122223333", "a/b", "%2F")
	f.Fuzz(func(t *testing.T, account, dashboard, id string) {
		job := snapshotjob.Job{AWSAccountID: account, DashboardID: dashboard, SnapshotJobID: id}
		if account == "" || dashboard == "" || id == "" {
			return
		}
		srv := snapshotjobtest.NewServer()
		srv.AddJob(job, snapshotjobtest.Completed())
		target := "/accounts/" + url.PathEscape(account) + "/dashboards/" + url.PathEscape(dashboard) + "/snapshot-jobs/" + url.PathEscape(id)
		get(target).send(t, srv).want(t, 200, "")
		if got := srv.Requests()[0].Job; got != job {
			t.Errorf("got %+v, want %+v", got, job)
		}
	})
}
