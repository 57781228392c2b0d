package snapshotjob_test

import (
	"context"
	"errors"
	"net"
	"net/http"
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
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startScene is what happens at the service around one start.
type startScene struct {
	clock     time.Duration           // how far the service's clock is ahead
	existing  *snapshotjobtest.Life   // a job of the same id, started a minute before
	rival     *snapshotjobtest.Life   // a job of the same id, started while the first attempt gets lost
	starts    []snapshotjobtest.Fault // what the attempts to start meet
	describes []snapshotjobtest.Fault // what the attempts to describe the job meet

	options func(*snapshotjob.Options) // of the client, if it is not the usual one
	change  func(*startJobInput)       // of the input, if it is not the usual one
}

// startTally counts what a start did.
type startTally struct {
	attempts  int // how often the client asked to start the job
	described int // how often the client asked for the description of the job
	jobs      int // how many jobs the service made for these requests
}

// play starts a job in a scene. It must run in a bubble of testing/synctest.
func (s startScene) play(t *testing.T) (*snapshotjob.StartDashboardSnapshotJobOutput, startTally, error) {
	t.Helper()
	var tally startTally
	server := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		o.ClockSkew = s.clock
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
			tally.jobs++
			return snapshotjobtest.Completed().After(time.Minute, time.Minute)
		}
	})
	s.prepare(server)
	in := startInput()
	if s.change != nil {
		s.change(in)
	}
	client := server.Client()
	if s.options != nil {
		client = server.Client(s.options)
	}

	out, err := client.StartDashboardSnapshotJob(t.Context(), in)

	tally.attempts = startCount(server, startOperation)
	tally.described = startCount(server, describeOperation)
	return out, tally, err
}

// prepare makes the server ready for the start.
func (s startScene) prepare(server *snapshotjobtest.Server) {
	if s.existing != nil {
		server.AddJob(dailyJob, *s.existing)
		<-time.After(time.Minute)
	}
	if s.rival != nil {
		server.Fail(startOperation, startMeanwhile(func() { server.AddJob(dailyJob, *s.rival) }))
	}
	server.Fail(startOperation, s.starts...)
	server.Fail(describeOperation, s.describes...)
}

// startSuccess is a scene in which a start succeeds.
type startSuccess struct {
	name  string
	scene startScene
	want  startTally
}

func (s startSuccess) run(t *testing.T) {
	t.Helper()
	t.Run(s.name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			out, tally, err := s.scene.play(t)

			require.NoError(t, err)
			assert.Equal(t, dailyJob, out.Job)
			assert.Equal(t, 200, out.Status)
			assert.NotEmpty(t, out.RequestID)
			assert.True(t, strings.HasSuffix(out.ARN, "/daily"), out.ARN)
			assert.Equal(t, s.want, tally)
		})
	})
}

// startFailure is a scene in which a start fails.
type startFailure struct {
	name        string
	scene       startScene
	wantError   string // a part of the text
	wantUnknown bool   // whether the error matches ErrOutcomeUnknown
	wantOther   bool   // whether the error says that another job has the id
	want        startTally
}

// run plays the scene, and checks the error and what the start did.
func (f startFailure) run(t *testing.T) {
	t.Helper()
	t.Run(f.name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			out, tally, err := f.scene.play(t)

			assert.Nil(t, out)
			require.ErrorContains(t, err, f.wantError)
			const operation = "operation error QuickSight: StartDashboardSnapshotJob, "
			assert.True(t, strings.HasPrefix(err.Error(), operation), err.Error())
			assert.Equal(t, f.wantUnknown, errors.Is(err, snapshotjob.ErrOutcomeUnknown), err.Error())
			isOther := strings.HasSuffix(err.Error(), "; another job has this id")
			assert.Equal(t, f.wantOther, isOther, err.Error())
			assert.Equal(t, f.want, tally)
		})
	})
}

// The second attempt succeeds, so that nobody needs to ask for the job.
func TestStartIsTriedAgain(t *testing.T) {
	for _, tt := range []struct {
		name    string
		fault   snapshotjobtest.Fault
		options func(*snapshotjob.Options)
	}{
		{name: "after a broken connection", fault: snapshotjobtest.Drop()},
		{name: "after 500", fault: snapshotjobtest.ServerError(500)},
		{name: "after a throttled request", fault: snapshotjobtest.Throttle()},
		{name: "without a response in time", fault: snapshotjobtest.Stall(0), options: startShortAttempts},
	} {
		startSuccess{
			name:  tt.name,
			scene: startScene{starts: startFaults(tt.fault), options: tt.options},
			want:  startTally{attempts: 2, jobs: 1},
		}.run(t)
	}
}

// The first attempt starts the job, but its response is lost. The second finds that the id is taken.
func TestStartFindsTheJobOfItsFirstAttempt(t *testing.T) {
	lost := startFaults(snapshotjobtest.DropAfterWork())
	tags := func(in *startJobInput) {
		in.UserConfiguration = snapshotjob.AnonymousUser(
			snapshotjob.SessionTag{Key: "tenant", Value: "1"},
			snapshotjob.SessionTag{Key: "region", Value: "north"},
		)
	}
	page := startAnswer(503, "<html>")
	const throttled = `{"__type":"ThrottlingException"}`
	limit := snapshotjobtest.Answer(409, "LimitExceededException", "12 jobs")
	for _, tt := range []struct {
		name  string
		scene startScene
	}{
		{
			name:  "after a broken connection",
			scene: startScene{starts: lost},
		},
		{
			name:  "after a broken connection, into a bucket",
			scene: startScene{starts: lost, change: startInto(startBucket)},
		},
		{
			name:  "after a broken connection, with tags",
			scene: startScene{starts: lost, change: tags},
		},
		{
			name:  "after 500",
			scene: startScene{starts: startFaults(startAfterWork("500", startAnswer(500, "{}")))},
		},
		{
			name:  "after 503 of a proxy",
			scene: startScene{starts: startFaults(startAfterWork("503", page))},
		},
		{
			name: "without a response in time",
			scene: startScene{
				starts:  startFaults(startAfterWork("stall", startUntilDone)),
				options: startShortAttempts,
			},
		},
		{
			name:  "although it was throttled",
			scene: startScene{starts: startFaults(startAfterWork("429", startAnswer(429, throttled)))},
		},
		{
			name:  "which took the last place of the account",
			scene: startScene{starts: startFaults(snapshotjobtest.DropAfterWork(), limit)},
		},
	} {
		startSuccess{
			name:  tt.name,
			scene: tt.scene,
			want:  startTally{attempts: 2, described: 1, jobs: 1},
		}.run(t)
	}
}

func TestStartFindsItsJobAfterMoreAttempts(t *testing.T) {
	drop := snapshotjobtest.Drop()
	lost := snapshotjobtest.DropAfterWork()
	for _, tt := range []struct {
		name   string
		starts []snapshotjobtest.Fault
	}{
		{name: "lost after the work, and twice before", starts: startFaults(lost, drop, drop)},
		{name: "every response is lost", starts: lost.Times(3)},
	} {
		startSuccess{
			name:  tt.name,
			scene: startScene{starts: tt.starts},
			want:  startTally{attempts: 3, described: 1, jobs: 1},
		}.run(t)
	}
}

// A response with status 200 that can't be read is not tried again.
func TestStartFindsItsJobAfterABrokenResponse(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault snapshotjobtest.Fault
	}{
		{name: "cut off", fault: snapshotjobtest.CutBody(10)},
		{name: "a page", fault: startAfterWork("html", startAnswer(200, "<html>"))},
	} {
		startSuccess{
			name:  tt.name,
			scene: startScene{starts: startFaults(tt.fault)},
			want:  startTally{attempts: 1, described: 1, jobs: 1},
		}.run(t)
	}
}

// A description leaves out a list that was sent empty.
func TestStartFindsItsJobThoughAnEmptyListIsAbsent(t *testing.T) {
	const description = `{
		"Arn": "a/daily",
		"RequestId": "R",
		"CreatedTime": 946684800,
		"SnapshotConfiguration": {"FileGroups": [{"Files": [{
			"FormatType": "PDF",
			"SheetSelections": [{"SheetId": "sheet-1", "SelectionScope": "ALL_VISUALS"}]
		}]}]}
	}`
	startSuccess{
		name: "no visuals",
		scene: startScene{
			starts:    startFaults(snapshotjobtest.DropAfterWork()),
			describes: startFaults(startAfterWork("none", startAnswer(200, description))),
			change: func(in *startJobInput) {
				file := &in.SnapshotConfiguration.FileGroups[0].Files[0]
				file.SheetSelections[0].VisualIDs = []string{}
			},
		},
		want: startTally{attempts: 2, described: 1, jobs: 1},
	}.run(t)
}

// When a job was created is told by the service's clock, and compared by it.
func TestStartFindsItsJobByTheClockOfTheService(t *testing.T) {
	lost := snapshotjobtest.DropAfterWork()
	for _, tt := range []startSuccess{
		{
			name:  "3 hours ahead",
			scene: startScene{clock: 3 * time.Hour, starts: startFaults(lost)},
			want:  startTally{attempts: 3, described: 1, jobs: 1},
		},
		{
			name:  "3 hours behind",
			scene: startScene{clock: -3 * time.Hour, starts: startFaults(lost)},
			want:  startTally{attempts: 3, described: 1, jobs: 1},
		},
		{
			name:  "3 minutes behind, as the description alone tells",
			scene: startScene{clock: -3 * time.Minute, starts: lost.Times(3)},
			want:  startTally{attempts: 3, described: 1, jobs: 1},
		},
		{
			name: "3 minutes behind, as nobody learns",
			scene: startScene{
				clock:   -3 * time.Minute,
				starts:  startFaults(lost),
				options: func(o *snapshotjob.Options) { o.DisableClockSkewCorrection = true },
			},
			want: startTally{attempts: 2, described: 1, jobs: 1},
		},
	} {
		tt.run(t)
	}
}

// A ResourceExistsException is beyond doubt if no earlier attempt can have started the job.
func TestStartTellsThatTheJobExists(t *testing.T) {
	exists := snapshotjobtest.Answer(409, "ResourceExistsException", "it exists")
	others := startRunning(snapshotjobtest.PDF("sheet-2"))
	for _, tt := range []startFailure{
		{
			name:      "at once",
			scene:     startScene{starts: startFaults(exists)},
			wantError: "ResourceExistsException",
			want:      startTally{attempts: 1},
		},
		{
			name: "after a throttled request, as a job of other files",
			scene: startScene{
				existing: &others,
				starts:   startFaults(snapshotjobtest.Throttle()),
			},
			wantError: "ResourceExistsException",
			wantOther: true,
			want:      startTally{attempts: 2, described: 1},
		},
	} {
		tt.run(t)
	}
}

// Somebody else starts a job of the same id when the first attempt arrives.
func TestStartTellsItsJobFromAnothers(t *testing.T) {
	same := snapshotjobtest.PDF("sheet-1")
	intoBucket := func(prefix string) snapshotjobtest.Life {
		life := startRunning(same)
		life.Destination = &snapshotjob.S3BucketConfiguration{BucketName: "b", BucketPrefix: prefix}
		return life
	}
	withTag := func(in *startJobInput) {
		in.UserConfiguration = snapshotjob.AnonymousUser(snapshotjob.SessionTag{Key: "tenant", Value: "1"})
	}
	for _, tt := range []struct {
		name   string
		rival  snapshotjobtest.Life
		change func(*startJobInput)
	}{
		{name: "of another sheet", rival: startRunning(snapshotjobtest.PDF("sheet-2"))},
		{name: "of more files", rival: startRunning(same, snapshotjobtest.CSV("sheet-1", "v"))},
		{name: "with other tags", rival: startRunning(same), change: withTag},
		{name: "into a bucket", rival: intoBucket("p")},
		{name: "into another folder", rival: intoBucket("q"), change: startInto(startBucket)},
	} {
		startFailure{
			name:      tt.name,
			scene:     startScene{rival: &tt.rival, change: tt.change},
			wantError: "ResourceExistsException",
			wantOther: true,
			want:      startTally{attempts: 2, described: 1},
		}.run(t)
	}
}

// A job that asks for the same, but was started before the first attempt, is another one.
func TestStartTellsItsJobFromAnOlderOne(t *testing.T) {
	older := startRunning(snapshotjobtest.PDF("sheet-1"))
	drop := snapshotjobtest.Drop()
	for _, tt := range []startFailure{
		{
			name:      "after a broken connection",
			scene:     startScene{existing: &older, starts: startFaults(drop)},
			wantError: "ResourceExistsException",
			wantOther: true,
			want:      startTally{attempts: 2, described: 1},
		},
		{
			name:      "without any response",
			scene:     startScene{existing: &older, starts: drop.Times(3)},
			wantError: "connection reset",
			wantOther: true,
			want:      startTally{attempts: 3, described: 1},
		},
		{
			name:      "while the service is 3 hours ahead",
			scene:     startScene{existing: &older, starts: startFaults(drop), clock: 3 * time.Hour},
			wantError: "ResourceExistsException",
			wantOther: true,
			want:      startTally{attempts: 3, described: 1},
		},
	} {
		tt.run(t)
	}
}

func TestStartWithUnknownOutcome(t *testing.T) {
	const vague = `{"CreatedTime": 946684800}`
	lost := snapshotjobtest.DropAfterWork()
	stranger := startRunning(snapshotjobtest.PDF("sheet-1"))
	stranger.User = "other"
	for _, tt := range []startFailure{
		{
			name:        "every request is lost",
			scene:       startScene{starts: snapshotjobtest.Drop().Times(3)},
			wantError:   "ResourceNotFoundException",
			wantUnknown: true,
			want:        startTally{attempts: 3, described: 1},
		},
		{
			name:        "500 three times",
			scene:       startScene{starts: snapshotjobtest.ServerError(500).Times(3)},
			wantError:   "InternalFailureException",
			wantUnknown: true,
			want:        startTally{attempts: 3, described: 1},
		},
		{
			name:        "a page with status 200",
			scene:       startScene{starts: startFaults(snapshotjobtest.HTML(200))},
			wantError:   "text/html",
			wantUnknown: true,
			want:        startTally{attempts: 1, described: 1},
		},
		{
			name: "a job of another user",
			scene: startScene{
				existing: &stranger,
				starts:   startFaults(snapshotjobtest.Drop()),
			},
			wantError:   "AccessDeniedException",
			wantUnknown: true,
			want:        startTally{attempts: 2, described: 1},
		},
		{
			name: "the description fails",
			scene: startScene{
				starts:    startFaults(lost),
				describes: snapshotjobtest.ServerError(500).Times(3),
			},
			wantError:   "ResourceExistsException",
			wantUnknown: true,
			want:        startTally{attempts: 2, described: 3, jobs: 1},
		},
		{
			name: "the description does not tell when the job was created",
			scene: startScene{
				starts:    startFaults(lost),
				describes: startFaults(startAfterWork("empty", startAnswer(200, "{}"))),
			},
			wantError:   "; the description does not tell when the job was created",
			wantUnknown: true,
			want:        startTally{attempts: 2, described: 1, jobs: 1},
		},
		{
			name: "the description does not tell which files the job makes",
			scene: startScene{
				starts:    startFaults(lost),
				describes: startFaults(startAfterWork("vague", startAnswer(200, vague))),
			},
			wantError:   "; the description does not tell which files the job makes",
			wantUnknown: true,
			want:        startTally{attempts: 2, described: 1, jobs: 1},
		},
	} {
		tt.run(t)
	}
}

// startUntilCanceled starts a job that meets a fault, and cancels the call after a minute.
// The retryer waits for longer. It must run in a bubble of testing/synctest.
func startUntilCanceled(t *testing.T, fault snapshotjobtest.Fault) error {
	t.Helper()
	server := snapshotjobtest.NewTestServer(t)
	server.Fail(startOperation, fault)
	client := server.Client(func(o *snapshotjob.Options) {
		o.Retryer = startPatient{retry.NewStandard()}
	})
	cause := errors.New("the shift is over")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(time.Minute, func() { cancel(cause) })

	_, err := client.StartDashboardSnapshotJob(ctx, startInput())

	assert.ErrorIs(t, err, context.Canceled)
	assert.ErrorIs(t, err, cause)
	assert.Len(t, server.Requests(), 1)
	return err
}

func TestStartThatIsCanceledHasAnUnknownOutcome(t *testing.T) {
	for name, fault := range map[string]snapshotjobtest.Fault{
		"before the work":           snapshotjobtest.Stall(0),
		"after the work":            startAfterWork("stall", startUntilDone),
		"after a broken connection": snapshotjobtest.Drop(),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				err := startUntilCanceled(t, fault)
				assert.ErrorIs(t, err, snapshotjob.ErrOutcomeUnknown)
			})
		})
	}
}

// A throttled request has certainly started nothing.
func TestStartThatIsCanceledAfterThrottling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		err := startUntilCanceled(t, snapshotjobtest.Throttle())
		assert.NotErrorIs(t, err, snapshotjob.ErrOutcomeUnknown)
	})
}

// Without a connection no request was sent, so that the outcome is certain.
func TestStartThatNeverConnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		client := startClient(startTransport(func(*http.Request) (*http.Response, error) {
			calls++
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		}))
		_, err := client.StartDashboardSnapshotJob(t.Context(), startInput())
		assert.ErrorIs(t, err, syscall.ECONNREFUSED)
		assert.NotErrorIs(t, err, snapshotjob.ErrOutcomeUnknown)
		assert.Equal(t, 3, calls, "want 3 starts and no description")
	})
}

func TestStartOfManyAtOnceMakesOneJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		jobs := 0
		server := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
			o.RequestsPerSecond = -1
			o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
				jobs++
				return startRunning()
			}
		})
		server.Fail(startOperation, snapshotjobtest.DropAfterWork().Times(4)...)
		server.Fail(startOperation, snapshotjobtest.Drop().Times(4)...)
		client := server.Client()

		errs := make(chan error)
		for range 8 {
			go func() {
				_, err := client.StartDashboardSnapshotJob(t.Context(), startInput())
				errs <- err
			}()
		}
		for range 8 {
			assert.NoError(t, <-errs, "all asked for the same")
		}
		assert.Equal(t, 1, jobs)
	})
}

func TestStartOutcomeUnknownText(t *testing.T) {
	const wantStart = "operation error QuickSight: StartDashboardSnapshotJob, 111122223333/sales/daily: " +
		"whether the job was started is not known: describe it, or start it again with the same id: " +
		"ResourceExistsException then means that it was started; " +
		"the start failed: exceeded maximum number of attempts, 1, " +
		"https response error StatusCode: 0, RequestID: , " +
		"request send failed, read tcp: read: connection reset by peer; "
	const wantDescribe = ": operation error QuickSight: DescribeDashboardSnapshotJob, " +
		"111122223333/sales/daily: https response error "
	for _, tt := range []struct {
		name      string
		describes []snapshotjobtest.Fault
		wantWhy   string // why the description does not help
		wantError string // the description's own error, with ID for its request id
		wantCode  string
	}{
		{
			name:    "no job",
			wantWhy: "there is no job of this id yet",
			wantError: "StatusCode: 404, RequestID: ID, " +
				"ResourceNotFoundException: Dashboard Snapshot Job with id daily is not found.",
			wantCode: "ResourceNotFoundException",
		},
		{
			name:      "no description",
			describes: startFaults(snapshotjobtest.Answer(401, "AccessDeniedException", "no")),
			wantWhy:   "describing the job failed",
			wantError: "StatusCode: 401, RequestID: ID, AccessDeniedException: no",
			wantCode:  "AccessDeniedException",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				requestID, err := startUnknown(t, tt.describes)
				wantError := strings.Replace(tt.wantError, "ID: ID,", "ID: "+requestID+",", 1)
				require.EqualError(t, err, wantStart+tt.wantWhy+wantDescribe+wantError)

				assert.ErrorIs(t, err, snapshotjob.ErrOutcomeUnknown)
				var attempts *retry.MaxAttemptsError
				assert.ErrorAs(t, err, &attempts)
				assert.ErrorIs(t, err, syscall.ECONNRESET)
				var api smithy.APIError
				require.ErrorAs(t, err, &api)
				assert.Equal(t, tt.wantCode, api.ErrorCode())
			})
		})
	}
}

// startUnknown is the error of a start whose only attempt was lost,
// and the id of the request that described the job then.
func startUnknown(t *testing.T, describes []snapshotjobtest.Fault) (requestID string, err error) {
	t.Helper()
	server := snapshotjobtest.NewTestServer(t)
	server.Fail(startOperation, snapshotjobtest.Drop())
	server.Fail(describeOperation, describes...)
	client := server.Client(func(o *snapshotjob.Options) { o.RetryMaxAttempts = 1 })
	_, err = client.StartDashboardSnapshotJob(t.Context(), startInput())
	requests := server.Requests()
	require.Len(t, requests, 2)
	return requests[1].ID, err
}

// startFaults is a list of faults.
func startFaults(faults ...snapshotjobtest.Fault) []snapshotjobtest.Fault {
	return faults
}

// startRunning is a job of these files that runs for an hour.
func startRunning(files ...snapshotjobtest.File) snapshotjobtest.Life {
	return snapshotjobtest.Completed(files...).After(0, time.Hour)
}

// startShortAttempts lets an attempt take a second.
func startShortAttempts(o *snapshotjob.Options) {
	o.AttemptTimeout = time.Second
}

// startPatient is a retryer that waits for an hour before it tries again.
type startPatient struct{ aws.Retryer }

// RetryDelay returns an hour.
func (startPatient) RetryDelay(int, error) (time.Duration, error) { return time.Hour, nil }
