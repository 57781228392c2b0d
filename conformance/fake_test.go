package conformance

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/quicksight"
	"github.com/aws/aws-sdk-go-v2/service/quicksight/types"
	"github.com/aws/smithy-go"
	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// sockets runs a test against a fake on a plain and on a TLS socket.
func sockets(t *testing.T, test func(t *testing.T, srv *snapshotjobtest.Server), optFns ...func(*snapshotjobtest.Options)) {
	for name, start := range map[string]func(*snapshotjobtest.Server) string{
		"plain": (*snapshotjobtest.Server).Start, "TLS": (*snapshotjobtest.Server).StartTLS,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := snapshotjobtest.NewTestServer(t, append(optFns, func(o *snapshotjobtest.Options) {
				o.RequestsPerSecond = -1
				o.Life = func(snapshotjob.Job) snapshotjobtest.Life { return snapshotjobtest.Completed() }
			})...)
			start(srv)
			test(t, srv)
		})
	}
}

func official(srv *snapshotjobtest.Server, client aws.HTTPClient, keys aws.Credentials) *quicksight.Client {
	cfg := Config(keys, client)
	if url := srv.URL(); url != "" {
		cfg.BaseEndpoint = aws.String(url)
	}
	return quicksight.NewFromConfig(cfg)
}

var describeInput = &quicksight.DescribeDashboardSnapshotJobInput{AwsAccountId: aws.String(AccountID), DashboardId: aws.String("sales"), SnapshotJobId: aws.String("daily")}

// TestOfficialClientOnTheFake runs every operation.
func TestOfficialClientOnTheFake(t *testing.T) {
	sockets(t, func(t *testing.T, srv *snapshotjobtest.Server) {
		ctx := t.Context()
		client := official(srv, srv.HTTPClient(), Keys)
		started, err := client.StartDashboardSnapshotJob(ctx, &quicksight.StartDashboardSnapshotJobInput{
			AwsAccountId: aws.String(AccountID), DashboardId: aws.String("sales"), SnapshotJobId: aws.String("daily"),
			SnapshotConfiguration: &types.SnapshotConfiguration{FileGroups: []types.SnapshotFileGroup{{Files: []types.SnapshotFile{{
				FormatType: types.SnapshotFileFormatTypeCsv,
				SheetSelections: []types.SnapshotFileSheetSelection{{
					SheetId: aws.String("summary"), SelectionScope: types.SnapshotFileSheetSelectionScopeSelectedVisuals, VisualIds: []string{"orders"},
				}},
			}}}}},
			UserConfiguration: &types.SnapshotUserConfiguration{AnonymousUsers: []types.SnapshotAnonymousUser{{}}},
		})
		if err != nil || aws.ToString(started.SnapshotJobId) != "daily" || aws.ToString(started.Arn) == "" || started.Status != 200 {
			t.Fatalf("start: %+v, %v", started, err)
		}
		described, err := client.DescribeDashboardSnapshotJob(ctx, describeInput)
		if err != nil || described.JobStatus != types.SnapshotJobStatusCompleted || aws.ToString(described.Arn) != aws.ToString(started.Arn) ||
			len(described.SnapshotConfiguration.FileGroups) != 1 || described.CreatedTime == nil {
			t.Fatalf("describe: %+v, %v", described, err)
		}
		got, err := client.DescribeDashboardSnapshotJobResult(ctx, &quicksight.DescribeDashboardSnapshotJobResultInput{
			AwsAccountId: describeInput.AwsAccountId, DashboardId: describeInput.DashboardId, SnapshotJobId: describeInput.SnapshotJobId,
		})
		if err != nil {
			t.Fatalf("result: %v", err)
		}
		uri := aws.ToString(got.Result.AnonymousUsers[0].FileGroups[0].S3Results[0].S3Uri)
		if !strings.HasPrefix(uri, "https://") && !strings.HasPrefix(uri, "http://") {
			t.Errorf("the file's URI is %q", uri)
		}
		if _, err := client.StartDashboardSnapshotJobSchedule(ctx, &quicksight.StartDashboardSnapshotJobScheduleInput{
			AwsAccountId: aws.String(AccountID), DashboardId: aws.String("sales"), ScheduleId: aws.String("weekly"),
		}); err != nil {
			t.Errorf("schedule: %v", err)
		}
		_, err = client.DescribeDashboardSnapshotJob(ctx, &quicksight.DescribeDashboardSnapshotJobInput{
			AwsAccountId: aws.String(AccountID), DashboardId: aws.String("sales"), SnapshotJobId: aws.String("none"),
		})
		var notFound *types.ResourceNotFoundException
		if !errors.As(err, &notFound) || aws.ToString(notFound.Message) == "" || aws.ToString(notFound.RequestId) == "" {
			t.Errorf("unknown job: got %v, want a whole ResourceNotFoundException", err)
		}
	})
}

// TestFakeRefusesBadSignatures has the official client send what AWS refuses.
func TestFakeRefusesBadSignatures(t *testing.T) {
	sockets(t, func(t *testing.T, srv *snapshotjobtest.Server) {
		srv.AddJob(exampleJob, snapshotjobtest.Completed())
		srv.AddJob(snapshotjob.Job{AWSAccountID: AccountID, DashboardID: "sales", SnapshotJobID: "other"}, snapshotjobtest.Completed())
		session, err := srv.AddUser("session").Retrieve(t.Context())
		if err != nil || session.SessionToken == "" {
			t.Fatalf("AddUser: %+v, %v", session, err)
		}
		life := snapshotjobtest.Completed()
		life.User = "session"

		secret, key, token, noToken := Keys, Keys, session, session
		secret.SecretAccessKey += "x"
		key.AccessKeyID = "AKIDOTHER"
		token.SessionToken += "x"
		noToken.SessionToken = ""
		change := func(change func(*http.Request)) DoFunc {
			return func(req *http.Request) (*http.Response, error) {
				changed := req.Clone(req.Context())
				change(changed)
				return srv.HTTPClient().Do(changed)
			}
		}
		send := change(func(*http.Request) {})
		for _, test := range []struct {
			name string
			keys aws.Credentials
			send DoFunc
			code string // "": accepted
		}{
			{"right", Keys, send, ""},
			{"wrong secret", secret, send, "InvalidSignatureException"},
			{"unknown key", key, send, "UnrecognizedClientException"},
			{"wrong session token", token, send, "UnrecognizedClientException"},
			{"missing session token", noToken, send, "UnrecognizedClientException"},
			{"tampered path", Keys, change(func(req *http.Request) {
				req.URL.Path = strings.Replace(req.URL.Path, "daily", "other", 1)
				req.URL.RawPath = strings.Replace(req.URL.RawPath, "daily", "other", 1)
			}), "InvalidSignatureException"},
			{"tampered header", Keys, change(func(req *http.Request) { req.Header.Set("Amz-Sdk-Invocation-Id", "1") }), "InvalidSignatureException"},
			{"no signature", Keys, change(func(req *http.Request) { req.Header.Del("Authorization") }), "MissingAuthenticationTokenException"},
		} {
			t.Run(test.name, func(t *testing.T) {
				_, err := official(srv, test.send, test.keys).DescribeDashboardSnapshotJob(t.Context(), describeInput)
				if got := code(err); got != test.code {
					t.Errorf("got %q (%v), want %q", got, err, test.code)
				}
			})
		}
		srv.AddJob(exampleJob, life)
		if _, err := official(srv, srv.HTTPClient(), session).DescribeDashboardSnapshotJob(t.Context(), describeInput); err != nil {
			t.Errorf("with a session token: %v", err)
		}
	})
}

// tenMinutesAhead makes every signature of a machine whose clock is right too old.
func tenMinutesAhead(o *snapshotjobtest.Options) { o.ClockSkew = 10 * time.Minute }

// TestFakeRefusesExpiredSignatures has the official client sign by another clock
// than a server on a socket: an attempt is refused, and the next one, by the
// clock that the answer told, is not.
func TestFakeRefusesExpiredSignatures(t *testing.T) {
	sockets(t, func(t *testing.T, srv *snapshotjobtest.Server) {
		srv.AddJob(exampleJob, snapshotjobtest.Completed())
		for attempts, want := range map[int]string{1: "InvalidSignatureException", 2: ""} {
			_, err := official(srv, srv.HTTPClient(), Keys).DescribeDashboardSnapshotJob(t.Context(), describeInput, func(o *quicksight.Options) { o.RetryMaxAttempts = attempts })
			if got := code(err); got != want {
				t.Errorf("%d attempts: got %q (%v), want %q", attempts, got, err, want)
			}
		}
	}, tenMinutesAhead)
}

// TestCasesOfRequests sends the fake what the official client once sent, at the
// time when it did: signatures that no code of this repository has made.
func TestCasesOfRequests(t *testing.T) {
	var file struct {
		Cases []struct {
			ID, Method, Host, URI, Body, Want string
			Header                            map[string]string
		}
	}
	loadInto(t, "requests.json", &file)
	for _, c := range file.Cases {
		for change, want := range map[string]string{"": c.Want, "Amz-Sdk-Request": "InvalidSignatureException", "X-Amz-Security-Token": "UnrecognizedClientException"} {
			t.Run(c.ID+" "+change, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					at, err := time.Parse("20060102T150405Z", c.Header["X-Amz-Date"])
					if err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Until(at))
					srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
						o.Credentials = aws.Credentials{AccessKeyID: AccessKeyID, SecretAccessKey: "SECRET", SessionToken: "TOKEN"}
					})
					req, err := http.NewRequestWithContext(t.Context(), c.Method, "http://"+c.Host+c.URI, strings.NewReader(c.Body))
					if err != nil {
						t.Fatal(err)
					}
					for name, value := range c.Header {
						req.Header.Set(name, value)
					}
					if change != "" {
						req.Header.Set(change, "other")
					}
					resp, err := srv.Transport().RoundTrip(req)
					if err != nil {
						t.Fatal(err)
					}
					resp.Body.Close()
					if got := resp.Header.Get("X-Amzn-Errortype"); got != want {
						t.Errorf("got %d %q, want %q", resp.StatusCode, got, want)
					}
				})
			})
		}
	}
}

// TestFakeRefusesOldSignatures has a signature arrive late, by a bubble's clock.
func TestFakeRefusesOldSignatures(t *testing.T) {
	for late, want := range map[time.Duration]string{4 * time.Minute: "", 6 * time.Minute: "InvalidSignatureException"} {
		t.Run(late.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := snapshotjobtest.NewTestServer(t)
				srv.AddJob(exampleJob, snapshotjobtest.Completed())
				client := official(srv, DoFunc(func(req *http.Request) (*http.Response, error) {
					time.Sleep(late)
					return srv.Transport().RoundTrip(req)
				}), Keys)
				_, err := client.DescribeDashboardSnapshotJob(t.Context(), describeInput)
				if got := code(err); got != want {
					t.Errorf("got %q (%v), want %q", got, err, want)
				}
			})
		})
	}
}

// TestFaultsOnTheOfficialClient shows that the fake's commonest faults are those
// that the official client takes for what they stand for.
func TestFaultsOnTheOfficialClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t)
		srv.AddJob(exampleJob, snapshotjobtest.Completed())
		client := official(srv, DoFunc(srv.Transport().RoundTrip), Keys)
		srv.Fail(snapshotjobtest.DescribeDashboardSnapshotJob, snapshotjobtest.Throttle(), snapshotjobtest.ServerError(503))
		if _, err := client.DescribeDashboardSnapshotJob(context.Background(), describeInput); err != nil {
			t.Errorf("throttled, then 503: %v", err)
		}
		srv.Fail(snapshotjobtest.DescribeDashboardSnapshotJob, snapshotjobtest.SkewedDate(time.Hour))
		if _, err := client.DescribeDashboardSnapshotJob(context.Background(), describeInput); err != nil {
			t.Errorf("a skewed Date, once: %v", err)
		}
		srv.Fail(snapshotjobtest.DescribeDashboardSnapshotJob, snapshotjobtest.Drop())
		if _, err := client.DescribeDashboardSnapshotJob(context.Background(), describeInput); err != nil {
			t.Errorf("dropped: %v", err)
		}
	})
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
