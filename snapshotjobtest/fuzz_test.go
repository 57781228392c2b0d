package snapshotjobtest_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// checkWellFormed reports a response that a client could not read.
func checkWellFormed(t *testing.T, method string, got response) {
	t.Helper()
	if got.status < 200 || got.status > 599 {
		t.Errorf("the status is %d", got.status)
	}
	if got.header.Get("Date") == "" {
		t.Errorf("the header has no date: %v", got.header)
	}
	if strings.Contains(got.body, ownKeys.SecretAccessKey) {
		t.Errorf("the body shows the secret: %q", got.body)
	}
	if method != http.MethodHead && got.status != http.StatusNotModified {
		checkBody(t, got)
	}
}

// checkBody reports a body that is not what its Content-Type says, and an error of another type.
func checkBody(t *testing.T, got response) {
	t.Helper()
	switch contentType := got.header.Get("Content-Type"); contentType {
	case "application/json":
		if !json.Valid([]byte(got.body)) {
			t.Errorf("status %d with %.200q, which is no JSON", got.status, got.body)
		}
	case "application/xml":
		if err := parseXML(got.body); err != nil {
			t.Errorf("status %d with %.200q: %v", got.status, got.body, err)
		}
	default:
		if got.status >= 300 {
			t.Errorf("status %d with a %q", got.status, contentType)
		}
	}
}

// parseXML returns the first error of a document.
func parseXML(document string) error {
	decoder := xml.NewDecoder(strings.NewReader(document))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Any request, signed or not, gets a well-formed response.
func FuzzRequest(f *testing.F) {
	const (
		api    = "quicksight.us-east-1.amazonaws.com"
		signed = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20000101/us-east-1/"
		onAPI  = signed + "quicksight/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"
		onS3   = signed + "s3/aws4_request, SignedHeaders=host, Signature=00"
		date   = "20000101T000000Z"
		query  = "X-Amz-Algorithm=AWS4-HMAC-SHA256" +
			"&X-Amz-Credential=AKIDEXAMPLE/20000101/us-east-1/s3/aws4_request" +
			"&X-Amz-Date=20000101T000000Z&X-Amz-Expires=300&X-Amz-SignedHeaders=host&X-Amz-Signature=00"
	)
	f.Add("GET", api, dailyResultPath, "", "", "")
	f.Add("POST", "127.0.0.1:1", jobsPath, onAPI, date, goodStart)
	f.Add("GET", "b.s3.us-east-1.amazonaws.com", "/k%2F", onS3, date, "")
	f.Add("GET", "h", "/b/k?"+query, "", "", "")
	f.Fuzz(func(t *testing.T, method, host, target, authorization, date, body string) {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return // net/http itself responds with 400.
		}
		srv := snapshotjobtest.NewServer()
		srv.AddJob(daily, completedPDF())
		recorder := httptest.NewRecorder()
		srv.ServeHTTP(recorder, &http.Request{
			Method:     method,
			URL:        u,
			Host:       host,
			RequestURI: target,
			Header: http.Header{
				"Authorization":        {authorization},
				"X-Amz-Date":           {date},
				"X-Amz-Content-Sha256": {"UNSIGNED-PAYLOAD"},
			},
			ContentLength: int64(len(body)),
			Body:          io.NopCloser(strings.NewReader(body)),
		})
		checkWellFormed(t, method, response{
			status: recorder.Code,
			header: recorder.Header(),
			body:   recorder.Body.String(),
		})
		srv.Requests()
	})
}

// The body of a signed start may be anything. What was started can be described, and has a result.
func FuzzStart(f *testing.F) {
	f.Add(goodStart)
	f.Add(startOf(pdfGroup, excelGroup).forUsers(`{"AnonymousUsers":[{}]}`).json())
	f.Add(withParameters(`"IntegerParameters":[{"Name":"i","Values":[1]}]`))
	f.Add(`[`)
	f.Fuzz(func(t *testing.T, body string) {
		srv := snapshotjobtest.NewServer(completeAtOnce)
		got := post(jobsPath, body).send(t, srv)
		checkWellFormed(t, http.MethodPost, got)
		if got.status != http.StatusOK {
			got.assertErrorBody(t)
			return
		}
		path := jobsPath + "/" + got.object(t)["SnapshotJobId"].(string)
		get(path).send(t, srv).assertOK(t)
		result := get(path+"/result").send(t, srv)
		result.assertOK(t)
		for _, uri := range result.uris(t) {
			if strings.HasPrefix(uri, "https://") {
				fetch(t, srv, uri).assertOK(t)
			}
		}
	})
}

// The ids that a client escapes in a path are those that the server reads.
func FuzzPath(f *testing.F) {
	f.Add("111122223333", "sales", "daily")
	f.Add("111122223333", "a/b", "%2F")
	f.Fuzz(func(t *testing.T, account, dashboard, id string) {
		if account == "" || dashboard == "" || id == "" {
			return
		}
		job := snapshotjob.Job{AWSAccountID: account, DashboardID: dashboard, SnapshotJobID: id}
		srv := snapshotjobtest.NewServer()
		srv.AddJob(job, snapshotjobtest.Completed())
		path := "/accounts/" + url.PathEscape(account) +
			"/dashboards/" + url.PathEscape(dashboard) +
			"/snapshot-jobs/" + url.PathEscape(id)
		get(path).send(t, srv).assertOK(t)
		if got := srv.Requests()[0].Job; got != job {
			t.Errorf("got %+v, want %+v", got, job)
		}
	})
}

// signatureElements returns the elements of an Authorization header, sorted. Their order and the spaces
// between them have no meaning.
func signatureElements(authorization string) []string {
	algorithm, list, _ := strings.Cut(authorization, " ")
	elements := []string{algorithm}
	for element := range strings.SplitSeq(list, ",") {
		elements = append(elements, strings.TrimSpace(element))
	}
	slices.Sort(elements)
	return elements
}

// Nothing in an Authorization header can be changed: neither what is signed, nor what says so.
func FuzzAuthorization(f *testing.F) {
	f.Add("SignedHeaders=host;", "SignedHeaders=host;host;")
	f.Add("SignedHeaders=host;x-amz-date", "SignedHeaders=x-amz-date;host")
	f.Add(", Signature", ",Signature=0, Signature")
	f.Add("/quicksight/", "//quicksight/")
	f.Add(" Credential", "  Credential")
	f.Fuzz(func(t *testing.T, part, with string) {
		srv := snapshotjobtest.NewServer()
		srv.AddJob(daily, snapshotjobtest.Completed())
		req := get(dailyPath).sign(t)
		good := req.Header.Get("Authorization")
		changed := strings.Replace(good, part, with, 1)
		recorder := httptest.NewRecorder()
		req.Header.Set("Authorization", changed)
		srv.ServeHTTP(recorder, req)
		same := slices.Equal(signatureElements(good), signatureElements(changed))
		if accepted := recorder.Code == http.StatusOK; accepted && !same {
			t.Errorf("accepted %q in place of %q", changed, good)
		}
	})
}

// Nothing in the query of a presigned URL can be changed, but for the order of parameters and their escapes.
func FuzzPresignedQuery(f *testing.F) {
	f.Add("SignedHeaders=host", "SignedHeaders=host%3Bhost")
	f.Add("X-Amz-Date=", "X-Amz-Date=20000101T000000Z&X-Amz-Date=")
	f.Add("Expires=300", "Expires=%33%30%30")
	f.Add("&X-Amz-Signature", "&a;b&X-Amz-Signature")
	f.Fuzz(func(t *testing.T, part, with string) {
		srv := snapshotjobtest.NewServer()
		srv.AddJob(daily, completedPDF())
		good, err := url.Parse(dailyURI(t, srv))
		if err != nil {
			t.Fatal(err)
		}
		changed, err := url.ParseRequestURI(strings.Replace(good.RequestURI(), part, with, 1))
		if err != nil {
			return // net/http itself responds with 400.
		}
		recorder := httptest.NewRecorder()
		srv.ServeHTTP(recorder, &http.Request{
			Method: http.MethodGet,
			URL:    changed,
			Host:   good.Host,
			Header: http.Header{},
			Body:   http.NoBody,
		})
		query, err := url.ParseQuery(changed.RawQuery)
		same := err == nil && changed.Path == good.Path && reflect.DeepEqual(query, good.Query())
		if accepted := recorder.Code == http.StatusOK; accepted && !same {
			t.Errorf("accepted %q in place of %q", changed, good.RequestURI())
		}
	})
}
