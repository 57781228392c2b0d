package snapshotjob_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

const (
	startOperation         = snapshotjobtest.StartDashboardSnapshotJob
	startScheduleOperation = snapshotjobtest.StartDashboardSnapshotJobSchedule
	describeOperation      = snapshotjobtest.DescribeDashboardSnapshotJob
	resultOperation        = snapshotjobtest.DescribeDashboardSnapshotJobResult
)

// startJobInput is the input of a start under a shorter name.
type startJobInput = snapshotjob.StartDashboardSnapshotJobInput

// dailyJob is the job that tests start, describe and wait for.
var dailyJob = snapshotjob.Job{
	AWSAccountID:  "111122223333",
	DashboardID:   "sales",
	SnapshotJobID: "daily",
}

// startBucket is a place in a bucket of the caller.
var startBucket = snapshotjob.S3BucketConfiguration{
	BucketName:   "b",
	BucketPrefix: "p",
	BucketRegion: "us-east-1",
}

// startInput asks for these groups, or for one PDF if there are none, as an anonymous user.
func startInput(groups ...snapshotjob.SnapshotFileGroup) *startJobInput {
	if groups == nil {
		groups = []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("sheet-1")}
	}
	return &startJobInput{
		Job:                   dailyJob,
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{FileGroups: groups},
		UserConfiguration:     snapshotjob.AnonymousUser(),
	}
}

// startInto returns a change of an input: the files go to these places in the caller's buckets.
func startInto(buckets ...snapshotjob.S3BucketConfiguration) func(*startJobInput) {
	destinations := &snapshotjob.SnapshotDestinationConfiguration{}
	for _, bucket := range buckets {
		destinations.S3Destinations = append(destinations.S3Destinations,
			snapshotjob.SnapshotS3DestinationConfiguration{BucketConfiguration: bucket})
	}
	return func(in *startJobInput) {
		in.SnapshotConfiguration.DestinationConfiguration = destinations
	}
}

// startClient is a client whose requests, for files too, go through transport.
func startClient(transport http.RoundTripper, optFns ...func(*snapshotjob.Options)) *snapshotjob.Client {
	credentials := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{
			AccessKeyID:     "AKIDEXAMPLE",
			SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
			SessionToken:    "TOKENEXAMPLE",
		}, nil
	})
	return snapshotjob.New(snapshotjob.Options{
		Region:            "us-east-1",
		Credentials:       credentials,
		Transport:         transport,
		DownloadTransport: transport,
	}, optFns...)
}

// startTransport is a function that serves as a transport.
type startTransport func(*http.Request) (*http.Response, error)

func (f startTransport) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// startResponse is a response as a transport returns it.
// The header is given as names and values in turn.
func startResponse(status int, body string, header ...string) *http.Response {
	resp := &http.Response{
		StatusCode:    status,
		Header:        http.Header{},
		Body:          io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)),
	}
	for i := 0; i < len(header); i += 2 {
		resp.Header.Set(header[i], header[i+1])
	}
	return resp
}

// startRecorder is a transport that gives every request the same response.
// It keeps the requests and their bodies.
type startRecorder struct {
	status int
	header []string // names and values in turn
	body   string

	requests []*http.Request
	sent     [][]byte
}

// RoundTrip records a request.
func (r *startRecorder) RoundTrip(req *http.Request) (*http.Response, error) {
	var sent []byte
	if req.Body != nil {
		var err error
		sent, err = io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
	}
	r.requests = append(r.requests, req)
	r.sent = append(r.sent, sent)
	return startResponse(r.status, r.body, r.header...), nil
}

// startServer is a service that knows dailyJob, with this life, and takes any number of requests.
func startServer(t *testing.T, life snapshotjobtest.Life) *snapshotjobtest.Server {
	t.Helper()
	server := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		o.RequestsPerSecond = -1
	})
	server.AddJob(dailyJob, life)
	return server
}

// startCount counts the requests for an operation that a server has seen.
func startCount(server *snapshotjobtest.Server, operation snapshotjobtest.Operation) int {
	n := 0
	for _, request := range server.Requests() {
		if request.Operation == operation {
			n++
		}
	}
	return n
}

// startAnswer is a handler that sends this response.
func startAnswer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}

// startUntilDone is a handler that sends nothing for as long as the client waits.
func startUntilDone(_ http.ResponseWriter, r *http.Request) {
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

// startAfterWork is a fault that lets the service do its work,
// drops the response, and lets respond send another one.
func startAfterWork(name string, respond http.HandlerFunc) snapshotjobtest.Fault {
	return snapshotjobtest.NewFault(name, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(httptest.NewRecorder(), r)
			respond(w, r)
		})
	})
}

// startMeanwhile is a fault that calls do, and breaks the connection before the service does its work.
func startMeanwhile(do func()) snapshotjobtest.Fault {
	return snapshotjobtest.NewFault("meanwhile", func(http.Handler) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			do()
			panic(http.ErrAbortHandler)
		})
	})
}
