package registered

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

const (
	accountID = "111122223333"
	userARN   = "arn:aws:quicksight:us-east-1:111122223333:user/default/ana"
	roleARN   = "arn:aws:iam::111122223333:role/reports"
)

// fakeAWS is a transport to a fake QuickSight, and to what the tests need of STS and of identity contexts.
type fakeAWS struct {
	server *snapshotjobtest.Server
	user   aws.CredentialsProvider // of the registered user

	contextPath string     // of the request for an identity context
	assumeRole  url.Values // the form that STS got
}

// RoundTrip responds to a request.
func (f *fakeAWS) RoundTrip(req *http.Request) (*http.Response, error) {
	switch {
	case strings.HasSuffix(req.URL.Path, "/identity-context"):
		f.contextPath = req.URL.Path
		return newResponse("application/json", `{"Context": "who-the-user-is", "RequestId": "r"}`), nil
	case strings.HasPrefix(req.URL.Host, "sts."):
		return f.serveSTS(req)
	}
	return f.server.Transport().RoundTrip(req)
}

// serveSTS remembers the form, and responds with the credentials of the user.
func (f *fakeAWS) serveSTS(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	f.assumeRole, err = url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	keys, err := f.user.Retrieve(context.Background())
	if err != nil {
		return nil, err
	}
	const format = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
		<Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey>
		<SessionToken>%s</SessionToken><Expiration>%s</Expiration></Credentials>
		</AssumeRoleResult></AssumeRoleResponse>`
	expiration := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	return newResponse("text/xml", fmt.Sprintf(format,
		keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken, expiration)), nil
}

// newResponse returns a response with status 200.
func newResponse(contentType, body string) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {contentType}},
		Body:       io.NopCloser(strings.NewReader(body)),
	}
}

func TestJobOfRegisteredUser(t *testing.T) {
	server := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life { return snapshotjobtest.Completed() }
	})
	fake := &fakeAWS{server: server, user: server.AddRegisteredUser("ana")}
	cfg := server.Config()
	cfg.HTTPClient = &http.Client{Transport: fake}
	client := newClient(cfg, accountID, userARN, roleARN)

	job := snapshotjob.Job{AWSAccountID: accountID, DashboardID: "sales", SnapshotJobID: "ana-daily"}
	_, err := client.StartDashboardSnapshotJob(t.Context(), &snapshotjob.StartDashboardSnapshotJobInput{
		Job: job,
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("overview")},
		},
		UserConfiguration: nil, // the credentials say who the user is
	})
	require.NoError(t, err)
	result, err := client.Wait(t.Context(), job)
	require.NoError(t, err)
	files := slices.Collect(result.Files())
	require.Len(t, files, 1)
	assert.True(t, files[0].Registered)

	assert.Equal(t, "/accounts/111122223333/identity-context", fake.contextPath)
	assert.Equal(t, roleARN, fake.assumeRole.Get("RoleArn"))
	assert.Equal(t, "who-the-user-is", fake.assumeRole.Get("ProvidedContexts.member.1.ContextAssertion"))
	assert.Equal(t, quickSightProvider, fake.assumeRole.Get("ProvidedContexts.member.1.ProviderArn"))
}
