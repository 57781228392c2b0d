package snapshotjob

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// checkErrorText checks what every error's text keeps to.
func checkErrorText(t *testing.T, err error) {
	t.Helper()
	text := err.Error()
	for _, secret := range []string{exampleSecret, exampleToken} {
		if strings.Contains(text, secret) {
			t.Errorf("error %q holds %q", text, secret)
		}
	}
	if strings.ContainsAny(text, "\r\n\x00\x1b") {
		t.Errorf("error %q, want one line without control characters", text)
	}
}

func FuzzSuccessBody(f *testing.F) {
	var file struct{ Cases []successCase }
	cases(f, "successes.json", &file)
	for _, c := range file.Cases {
		f.Add([]byte(c.Body))
	}
	f.Add([]byte(`{"Result":{"AnonymousUsers":[{"FileGroups":[{"Files":[{}],"S3Results":[{"S3Uri":"https://b/k?X-Amz-Signature=` + exampleToken + `"}]}]}]},"CreatedTime":1.5e9,"x":1,"x":2}`))
	f.Add([]byte(strings.Repeat("[", 20000)))
	f.Add([]byte(strings.Repeat(`{"a":`, 20000)))
	f.Add([]byte(`{"a":1,"a":` + strings.Repeat(`{"a":1,"a":`, 20000)))
	f.Add([]byte(`{"a":1,"a":` + strings.Repeat("[", 20000)))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := slices.Clone(body)
		sent := answers(answer{status: 200, header: map[string]string{"X-Amzn-Requestid": "R1"}, body: string(body)})
		o := options(sent)
		out, err := describe(t, o)
		if !slices.Equal(body, before) {
			t.Error("the body was changed")
		}
		if err == nil {
			if out == nil || out.Status != 200 || out.Job != exampleJob {
				t.Errorf("output %+v, want status 200 and the job", out)
			}
			for file := range out.Files() {
				if strings.Contains(fmt.Sprint(file.URI), "X-Amz-Signature") && !strings.HasPrefix(string(file.URI), "s3://") && strings.Contains(string(file.URI), "?X-Amz-Signature") {
					t.Errorf("%v shows a query", file.URI)
				}
			}
			if jobErr := out.Err(); jobErr != nil && strings.ContainsAny(jobErr.Error(), "\r\n") {
				t.Errorf("error %q, want one line", jobErr)
			}
			return
		}
		checkErrorText(t, err)
		if len(err.Error()) > 4<<10 {
			t.Errorf("an error of %d bytes, want a short one", len(err.Error()))
		}
		resp, ok := errorAs[*awshttp.ResponseError](err)
		if !ok || resp.HTTPStatusCode() != 200 || resp.ServiceRequestID() != "R1" || !errors.As(err, new(*smithy.DeserializationError)) {
			t.Errorf("error %v, want a *smithy.DeserializationError with status and request id", err)
		}
	})
}

func FuzzErrorResponse(f *testing.F) {
	var file struct{ Cases []errorCase }
	cases(f, "errors.json", &file)
	for _, c := range file.Cases {
		f.Add(c.Status, c.Header["X-Amzn-Errortype"], []byte(c.Body))
	}
	f.Add(403, "", []byte(`{"code":"`+exampleToken+`","Message":"`+exampleSecret+`"}`))
	f.Add(403, "A"+exampleToken, []byte(`<a href="https://b/k?X-Amz-Signature=1">`+strings.Repeat("é", 300)))
	f.Add(500, "", []byte(strings.Repeat(`{"a":`, 20000)))
	f.Fuzz(func(t *testing.T, status int, code string, body []byte) {
		if status >= 200 && status <= 299 {
			return
		}
		header := map[string]string{"X-Amzn-Errortype": code, "X-Amzn-Requestid": "R1"}
		_, err := describe(t, options(answers(answer{status: status, header: header, body: string(body)})))
		if err == nil {
			t.Fatalf("no error for status %d", status)
		}
		checkErrorText(t, err)
		resp, ok := errorAs[*awshttp.ResponseError](err)
		if !ok || resp.HTTPStatusCode() != status || resp.ServiceRequestID() != "R1" {
			t.Errorf("error %v, want status %d and the request id", err, status)
		}
		api, ok := errorAs[smithy.APIError](err)
		if !ok || api.ErrorCode() == "" {
			t.Errorf("error %v, want a smithy.APIError with a code", err)
		}
	})
}

func FuzzPath(f *testing.F) {
	var file struct{ Cases []pathCase }
	cases(f, "paths.json", &file)
	for _, c := range file.Cases {
		job := c.job(f)
		f.Add(job.AWSAccountID, job.DashboardID, job.SnapshotJobID)
	}
	f.Fuzz(func(t *testing.T, account, dashboard, id string) {
		job := Job{account, dashboard, id}
		sent := answers(completed)
		_, err := New(options(sent)).DescribeDashboardSnapshotJobResult(t.Context(), job)
		if err != nil {
			if len(sent.requests) > 0 || !isInvalid(err) {
				t.Fatalf("%d requests and error %v, want none and an *InvalidInputError", len(sent.requests), err)
			}
			checkErrorText(t, err)
			return
		}
		r, _ := received(t, sent.requests[0])
		parts := strings.Split(r.RequestURI, "/")
		if len(parts) != 8 || parts[1] != "accounts" || parts[3] != "dashboards" || parts[5] != "snapshot-jobs" || parts[7] != "result" {
			t.Fatalf("%#v makes %s, want three labels in their places", job, r.RequestURI)
		}
		for i, want := range []string{account, dashboard, id} {
			if got, err := url.PathUnescape(parts[2*i+2]); err != nil || got != want {
				t.Errorf("label %q stands for %q, %v, want %q", parts[2*i+2], got, err, want)
			}
			if label := parts[2*i+2]; label == "." || label == ".." || label == "" {
				t.Errorf("label %q stands in %s", label, r.RequestURI)
			}
		}
		if err := verifySignature(r, exampleSecret, ""); err != nil {
			t.Error(err)
		}
	})
}

func FuzzParseJob(f *testing.F) {
	for _, text := range []string{
		"111122223333/dash/job", "111122223333/a%2Fb/%25", "", "///", "arn:aws:quicksight:us-east-1:111122223333:dashboard/dash/snapshot-job/job",
		"arn:aws:quicksight:us-east-1:111122223333:dashboard/%/snapshot-job/é", "111122223333/%2e%2e/\xff", "https://b/k?X-Amz-Signature=0",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		job, err := ParseJob(text)
		if err != nil {
			if job != (Job{}) || !isInvalid(err) {
				t.Errorf("job %v and error %v, want none and an *InvalidInputError", job, err)
			}
			checkErrorText(t, err)
			return
		}
		again, err := ParseJob(job.String())
		if err != nil || again != job {
			t.Errorf("%#v is written %q, which is read as %#v, %v", job, job, again, err)
		}
		marshalled, err := job.MarshalText()
		if err != nil || string(marshalled) != job.String() {
			t.Errorf("MarshalText gives %q, %v, want %q", marshalled, err, job)
		}
		if len(job.faults(nil)) > 0 {
			t.Errorf("%#v was accepted, want %v", job, job.faults(nil))
		}
	})
}

func FuzzEndpoint(f *testing.F) {
	var file endpointFile
	cases(f, "endpoints.json", &file)
	for _, c := range file.Cases {
		f.Add(c.Region, c.FIPS, c.DualStack, c.Base)
	}
	for _, base := range []string{"https://u:" + exampleToken + "@h", "http://[::1]:8000/p", "https://h/%2F", "https://h/%2e%2e", "//h", "https://h:99999", "https://h\\@x", "HTTPS://H/"} {
		f.Add("us-east-1", false, false, base)
	}
	f.Fuzz(func(t *testing.T, region string, fips, dualStack bool, base string) {
		c := endpointCase{Region: region, FIPS: fips, DualStack: dualStack, Base: base}
		sent := answers(completed)
		_, err := describe(t, options(sent), c.apply)
		if err != nil {
			if len(sent.requests) > 0 || !isInvalid(err) {
				t.Fatalf("%d requests and error %v, want none and an *InvalidInputError", len(sent.requests), err)
			}
			checkErrorText(t, err)
			return
		}
		req := sent.requests[0]
		if base == "" && (req.URL.Scheme != "https" || !strings.HasPrefix(req.URL.Host, "quicksight")) {
			t.Errorf("region %q makes %s, want a QuickSight endpoint", region, req.URL)
		}
		if base != "" && (fips || dualStack) {
			t.Errorf("%s with FIPS %v and dual-stack %v was accepted", base, fips, dualStack)
		}
		if req.URL.User != nil || req.URL.RawQuery != "" || req.URL.Fragment != "" || region == "" {
			t.Errorf("region %q and base %q make %s", region, base, req.URL)
		}
		if again, err := url.Parse(req.URL.String()); err != nil || again.Host != req.URL.Host || again.EscapedPath() != req.URL.EscapedPath() {
			t.Errorf("%s is read as %v, %v", req.URL, again, err)
		}
		if parsed, err := url.Parse(base); base != "" && (err != nil || !strings.EqualFold(parsed.Host, req.URL.Host)) {
			t.Errorf("base %q sends to %s", base, req.URL.Host)
		}
		r, _ := received(t, req)
		if !strings.HasSuffix(r.RequestURI, examplePath) {
			t.Errorf("request URI %s, want the operation's path at its end", r.RequestURI)
		}
		if err := verifySignature(r, exampleSecret, ""); err != nil {
			t.Error(err)
		}
	})
}
