package snapshotjob_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// startAfterWork does the work, throws its answer away, and answers as told.
func startAfterWork(name string, answer http.HandlerFunc) snapshotjobtest.Fault {
	return snapshotjobtest.NewFault(name, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(httptest.NewRecorder(), r)
			answer(w, r)
		})
	})
}

// startMeanwhile does something, and then breaks the connection before the work.
func startMeanwhile(do func()) snapshotjobtest.Fault {
	return snapshotjobtest.NewFault("meanwhile", func(http.Handler) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			do()
			panic(http.ErrAbortHandler)
		})
	})
}

func startAnswer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}

func startUntilDone(_ http.ResponseWriter, r *http.Request) {
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

var startShort = func(o *snapshotjob.Options) { o.AttemptTimeout = time.Second }

// startOthers is a job of the same id that somebody else has started.
func startOthers(file ...snapshotjobtest.File) snapshotjobtest.Life {
	return snapshotjobtest.Completed(file...).After(0, time.Hour)
}

func startIntoBucket(in *snapshotjob.StartDashboardSnapshotJobInput) {
	in.SnapshotConfiguration.DestinationConfiguration = &snapshotjob.SnapshotDestinationConfiguration{
		S3Destinations: []snapshotjob.SnapshotS3DestinationConfiguration{{BucketConfiguration: snapshotjob.S3BucketConfiguration{BucketName: "b", BucketPrefix: "p", BucketRegion: "us-east-1"}}},
	}
}

func TestStartWithLostAnswers(t *testing.T) {
	const start, describe = snapshotjobtest.StartDashboardSnapshotJob, snapshotjobtest.DescribeDashboardSnapshotJob
	drop, dropAfterWork := snapshotjobtest.Drop(), snapshotjobtest.DropAfterWork()
	same := snapshotjobtest.PDF("sheet-1")
	exists := snapshotjobtest.Answer(409, "ResourceExistsException", "it exists")
	for _, tt := range []struct {
		name      string
		before    func(*snapshotjobtest.Server) // a minute before the start
		faults    []snapshotjobtest.Fault       // of the start
		others    []snapshotjobtest.Life        // started by somebody else when the first attempt arrives
		describes []snapshotjobtest.Fault
		set       func(*snapshotjob.Options)
		change    func(*snapshotjob.StartDashboardSnapshotJobInput)
		clock     time.Duration // of the service, ahead

		want      string // "", or the code or text of the error
		unknown   bool
		attempts  int // at the start
		described int
		jobs      int // that this start made
	}{
		{name: "broken before the work", faults: []snapshotjobtest.Fault{drop}, attempts: 2, jobs: 1},
		{name: "broken after the work", faults: []snapshotjobtest.Fault{dropAfterWork}, attempts: 2, described: 1, jobs: 1},
		{name: "broken after the work, and then before", faults: []snapshotjobtest.Fault{dropAfterWork, drop, drop}, attempts: 3, described: 1, jobs: 1},
		{name: "every answer is lost", faults: dropAfterWork.Times(3), attempts: 3, described: 1, jobs: 1},
		{name: "every request is lost", faults: drop.Times(3), attempts: 3, described: 1, want: "ResourceNotFoundException", unknown: true},
		{name: "500 before the work", faults: []snapshotjobtest.Fault{snapshotjobtest.ServerError(500)}, attempts: 2, jobs: 1},
		{name: "500 after the work", faults: []snapshotjobtest.Fault{startAfterWork("500", startAnswer(500, "{}"))}, attempts: 2, described: 1, jobs: 1},
		{name: "503 after the work", faults: []snapshotjobtest.Fault{startAfterWork("503", startAnswer(503, "<html>"))}, attempts: 2, described: 1, jobs: 1},
		{name: "500 three times before the work", faults: snapshotjobtest.ServerError(500).Times(3), attempts: 3, described: 1, want: "InternalFailureException", unknown: true},
		{name: "a cut-off answer", faults: []snapshotjobtest.Fault{snapshotjobtest.CutBody(10)}, attempts: 1, described: 1, jobs: 1},
		{name: "a page after the work", faults: []snapshotjobtest.Fault{startAfterWork("html", startAnswer(200, "<html>"))}, attempts: 1, described: 1, jobs: 1},
		{name: "a page instead of the work", faults: []snapshotjobtest.Fault{snapshotjobtest.HTML(200)}, attempts: 1, described: 1, want: "text/html", unknown: true},
		{name: "no answer in time, before the work", faults: []snapshotjobtest.Fault{snapshotjobtest.Stall(0)}, set: startShort, attempts: 2, jobs: 1},
		{name: "no answer in time, after the work", faults: []snapshotjobtest.Fault{startAfterWork("stall", startUntilDone)}, set: startShort, attempts: 2, described: 1, jobs: 1},
		{name: "the lost job takes the last place", faults: []snapshotjobtest.Fault{dropAfterWork, snapshotjobtest.Answer(409, "LimitExceededException", "12 jobs")}, attempts: 2, described: 1, jobs: 1},
		{name: "throttled", faults: []snapshotjobtest.Fault{snapshotjobtest.Throttle()}, attempts: 2, jobs: 1},
		{name: "throttled, and somebody else's", faults: []snapshotjobtest.Fault{snapshotjobtest.Throttle(), exists}, attempts: 2, want: "ResourceExistsException"},
		{name: "an empty list comes back as none", faults: []snapshotjobtest.Fault{dropAfterWork}, change: func(in *snapshotjob.StartDashboardSnapshotJobInput) {
			in.SnapshotConfiguration.FileGroups[0].Files[0].SheetSelections[0].VisualIDs = []string{}
		}, describes: []snapshotjobtest.Fault{startAfterWork("none", startAnswer(200, `{"Arn":"a/daily","RequestId":"R","CreatedTime":946684800,
			"SnapshotConfiguration":{"FileGroups":[{"Files":[{"FormatType":"PDF","SheetSelections":[{"SheetId":"sheet-1","SelectionScope":"ALL_VISUALS"}]}]}]}}`))},
			attempts: 2, described: 1, jobs: 1},

		{name: "somebody else's", faults: []snapshotjobtest.Fault{exists}, attempts: 1, want: "ResourceExistsException"},
		{name: "somebody else's, of another sheet", others: []snapshotjobtest.Life{startOthers(snapshotjobtest.PDF("sheet-2"))},
			attempts: 2, described: 1, want: "ResourceExistsException"},
		{name: "somebody else's, of more files", others: []snapshotjobtest.Life{startOthers(same, snapshotjobtest.CSV("sheet-1", "v"))},
			attempts: 2, described: 1, want: "ResourceExistsException"},
		{name: "somebody else's, with other tags", others: []snapshotjobtest.Life{startOthers(same)}, change: func(in *snapshotjob.StartDashboardSnapshotJobInput) {
			in.UserConfiguration = snapshotjob.AnonymousUser(snapshotjob.SessionTag{Key: "tenant", Value: "1"})
		}, attempts: 2, described: 1, want: "ResourceExistsException"},
		{name: "somebody else's, into a bucket", others: []snapshotjobtest.Life{{
			Running: time.Hour, Files: []snapshotjobtest.File{same}, Destination: &snapshotjob.S3BucketConfiguration{BucketName: "b", BucketPrefix: "p"},
		}}, attempts: 2, described: 1, want: "ResourceExistsException"},
		{name: "somebody else's, into another folder of the bucket", others: []snapshotjobtest.Life{{
			Running: time.Hour, Files: []snapshotjobtest.File{same}, Destination: &snapshotjob.S3BucketConfiguration{BucketName: "b", BucketPrefix: "q"},
		}}, change: startIntoBucket, attempts: 2, described: 1, want: "ResourceExistsException"},
		{name: "broken after the work, into a bucket", faults: []snapshotjobtest.Fault{dropAfterWork}, change: startIntoBucket, attempts: 2, described: 1, jobs: 1},
		{name: "started before, of the same files", before: func(s *snapshotjobtest.Server) { s.AddJob(startJob, startOthers(same)) }, faults: []snapshotjobtest.Fault{drop},
			attempts: 2, described: 1, want: "ResourceExistsException"},
		{name: "started before by another user", before: func(s *snapshotjobtest.Server) {
			life := startOthers(same)
			life.User = "other"
			s.AddJob(startJob, life)
		}, faults: []snapshotjobtest.Fault{drop}, attempts: 2, described: 1, want: "AccessDeniedException", unknown: true},
		{name: "started before, and no answer at all", before: func(s *snapshotjobtest.Server) { s.AddJob(startJob, startOthers(same)) }, faults: drop.Times(3),
			attempts: 3, described: 1, want: "connection reset"},

		{name: "the description fails", faults: []snapshotjobtest.Fault{dropAfterWork}, describes: snapshotjobtest.ServerError(500).Times(3), attempts: 2, described: 3, want: "ResourceExistsException", unknown: true, jobs: 1},
		{name: "the description tells nothing", faults: []snapshotjobtest.Fault{dropAfterWork}, describes: []snapshotjobtest.Fault{startAfterWork("empty", startAnswer(200, "{}"))}, attempts: 2, described: 1, want: "ResourceExistsException", unknown: true, jobs: 1},

		{name: "the service is 3 hours ahead", clock: 3 * time.Hour, faults: []snapshotjobtest.Fault{dropAfterWork}, attempts: 3, described: 1, jobs: 1},
		{name: "the service is 3 hours behind", clock: -3 * time.Hour, faults: []snapshotjobtest.Fault{dropAfterWork}, attempts: 3, described: 1, jobs: 1},
		{name: "the service is 3 minutes behind, and only the description tells", clock: -3 * time.Minute, faults: dropAfterWork.Times(3), attempts: 3, described: 1, jobs: 1},
		{name: "the service is 3 minutes behind, and its clock is not asked", clock: -3 * time.Minute, faults: []snapshotjobtest.Fault{dropAfterWork},
			set: func(o *snapshotjob.Options) { o.DisableClockSkewCorrection = true }, attempts: 2, described: 1, jobs: 1},
		{name: "the service is 3 hours ahead, and the job was there before", clock: 3 * time.Hour, before: func(s *snapshotjobtest.Server) { s.AddJob(startJob, startOthers(same)) },
			faults: []snapshotjobtest.Fault{drop}, attempts: 3, described: 1, want: "ResourceExistsException"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				jobs := 0
				server := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
					o.ClockSkew = tt.clock
					o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
						jobs++
						return snapshotjobtest.Completed().After(time.Minute, time.Minute)
					}
				})
				if tt.before != nil {
					tt.before(server)
					time.Sleep(time.Minute)
				}
				for _, life := range tt.others {
					server.Fail(start, startMeanwhile(func() { server.AddJob(startJob, life) }))
				}
				server.Fail(start, tt.faults...)
				server.Fail(describe, tt.describes...)
				in := startInput()
				if tt.change != nil {
					tt.change(in)
				}
				client := server.Client()
				if tt.set != nil {
					client = server.Client(tt.set)
				}
				out, err := client.StartDashboardSnapshotJob(t.Context(), in)

				switch {
				case tt.want == "" && (err != nil || out.Job != startJob || out.Status != 200 || out.RequestID == "" || !strings.HasSuffix(out.ARN, "/daily")):
					t.Errorf("output %+v, %v, want the job", out, err)
				case tt.want != "" && (err == nil || out != nil || !strings.Contains(err.Error(), tt.want)):
					t.Errorf("output %+v, %v, want nil and %s", out, err, tt.want)
				case tt.want != "" && !strings.HasPrefix(err.Error(), "operation error QuickSight: StartDashboardSnapshotJob, "):
					t.Errorf("err = %v, want the operation first", err)
				}
				if got := errors.Is(err, snapshotjob.ErrOutcomeUnknown); got != tt.unknown {
					t.Errorf("err = %v matches ErrOutcomeUnknown: %t, want %t", err, got, tt.unknown)
				}
				attempts, described := 0, 0
				for _, r := range server.Requests() {
					switch r.Operation {
					case start:
						attempts++
					case describe:
						described++
					}
				}
				if attempts != tt.attempts || described != tt.described || jobs != tt.jobs {
					t.Errorf("%d attempts, %d descriptions, %d jobs, want %d, %d, %d", attempts, described, jobs, tt.attempts, tt.described, tt.jobs)
				}
			})
		})
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	for _, tt := range []struct {
		name    string
		fault   snapshotjobtest.Fault
		unknown bool
	}{
		{"before the work", snapshotjobtest.Stall(0), true},
		{"after the work", startAfterWork("stall", startUntilDone), true},
		{"while it waits to try again a throttled start", snapshotjobtest.Throttle(), false},
		{"while it waits to try again after a broken connection", snapshotjobtest.Drop(), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := snapshotjobtest.NewTestServer(t)
				server.Fail(snapshotjobtest.StartDashboardSnapshotJob, tt.fault)
				cause := errors.New("the shift is over")
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Minute, func() { cancel(cause) })
				_, err := server.Client(func(o *snapshotjob.Options) { o.Retryer = startPatient{retry.NewStandard()} }).StartDashboardSnapshotJob(ctx, startInput())
				if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || errors.Is(err, snapshotjob.ErrOutcomeUnknown) != tt.unknown {
					t.Errorf("err = %v, want the context's error and cause, outcome unknown: %t", err, tt.unknown)
				}
				if n := len(server.Requests()); n != 1 {
					t.Errorf("%d requests, want 1", n)
				}
			})
		})
	}
}

func TestStartThatNeverConnected(t *testing.T) {
	calls := 0
	transport := startTransport(func(*http.Request) (*http.Response, error) {
		calls++
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	})
	synctest.Test(t, func(t *testing.T) {
		_, err := startClient(transport).StartDashboardSnapshotJob(t.Context(), startInput())
		if err == nil || errors.Is(err, snapshotjob.ErrOutcomeUnknown) || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("err = %v, want a refused connection, and no doubt", err)
		}
		if calls != 3 {
			t.Errorf("%d requests, want 3 starts and no description", calls)
		}
	})
}

func TestStartOfManyAtOnceMakesOneJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		jobs := 0
		server := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
			o.RequestsPerSecond = -1
			o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
				jobs++
				return snapshotjobtest.Completed().After(0, time.Hour)
			}
		})
		server.Fail(snapshotjobtest.StartDashboardSnapshotJob, slices.Concat(snapshotjobtest.DropAfterWork().Times(4), snapshotjobtest.Drop().Times(4))...)
		client := server.Client()
		errs := make(chan error)
		for range 8 {
			go func() {
				_, err := client.StartDashboardSnapshotJob(t.Context(), startInput())
				errs <- err
			}()
		}
		for range 8 {
			if err := <-errs; err != nil {
				t.Errorf("err = %v, want nil: all asked for the same", err)
			}
		}
		if jobs != 1 {
			t.Errorf("%d jobs, want 1", jobs)
		}
	})
}

func TestStartOutcomeUnknownText(t *testing.T) {
	for _, tt := range []struct {
		name      string
		describes []snapshotjobtest.Fault
		want      string // what the description adds, less its own error
		code      string
	}{
		{"no job", nil, "and no job of this id is there yet", "404, RequestID: ID, ResourceNotFoundException: Dashboard Snapshot Job with id daily is not found."},
		{"no description", []snapshotjobtest.Fault{snapshotjobtest.Answer(401, "AccessDeniedException", "no")}, "and describing it failed", "401, RequestID: ID, AccessDeniedException: no"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := snapshotjobtest.NewTestServer(t)
				server.Fail(snapshotjobtest.StartDashboardSnapshotJob, snapshotjobtest.Drop())
				server.Fail(snapshotjobtest.DescribeDashboardSnapshotJob, tt.describes...)
				_, err := server.Client(func(o *snapshotjob.Options) { o.RetryMaxAttempts = 1 }).StartDashboardSnapshotJob(t.Context(), startInput())
				id := server.Requests()[1].ID
				want := "operation error QuickSight: StartDashboardSnapshotJob, 111122223333/sales/daily: whether the job was started is not known: describe it, or start it again with the same id: ResourceExistsException then means that it was started, " +
					"after exceeded maximum number of attempts, 1, https response error StatusCode: 0, RequestID: , request send failed, read tcp: read: connection reset by peer, " +
					tt.want + ": operation error QuickSight: DescribeDashboardSnapshotJob, 111122223333/sales/daily: https response error StatusCode: " + strings.ReplaceAll(tt.code, "ID, ", id+", ")
				if err == nil || err.Error() != want {
					t.Errorf("error:\n got %v\nwant %s", err, want)
				}
				var api smithy.APIError
				var attempts *retry.MaxAttemptsError
				if !errors.As(err, &api) || !strings.Contains(tt.code, api.ErrorCode()) || !errors.As(err, &attempts) || !errors.Is(err, syscall.ECONNRESET) || !errors.Is(err, snapshotjob.ErrOutcomeUnknown) {
					t.Errorf("err = %v, want ErrOutcomeUnknown, the attempts', the connection's and the description's errors in its chain", err)
				}
			})
		})
	}
}

// startPatient waits for an hour before it tries again.
type startPatient struct{ aws.Retryer }

func (startPatient) RetryDelay(int, error) (time.Duration, error) { return time.Hour, nil }

type startTransport func(*http.Request) (*http.Response, error)

func (f startTransport) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
