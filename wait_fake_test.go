package snapshotjob_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// waitFault is what an operation meets that a wait calls.
type waitFault struct {
	operation snapshotjobtest.Operation
	fault     snapshotjobtest.Fault
}

func (f waitFault) String() string { return string(f.operation) + "/" + f.fault.String() }

// waitFaults lists each fault for each operation that a wait calls.
func waitFaults(faults ...snapshotjobtest.Fault) []waitFault {
	var list []waitFault
	for _, fault := range faults {
		list = append(list,
			waitFault{operation: describeOperation, fault: fault},
			waitFault{operation: resultOperation, fault: fault},
		)
	}
	return list
}

// waitServer is a service with a job that is queued for a minute, runs for so long, and makes a PDF.
func waitServer(t *testing.T, running time.Duration) *snapshotjobtest.Server {
	t.Helper()
	file := snapshotjobtest.PDF("sheet-1")
	return startServer(t, snapshotjobtest.Completed(file).After(time.Minute, running))
}

// assertWaitCompletes wants a wait to see dailyJob completed, when its time has come and not before.
func assertWaitCompletes(
	t *testing.T,
	server *snapshotjobtest.Server,
	took time.Duration,
	optFns ...func(*snapshotjob.WaitOptions),
) {
	t.Helper()
	start := time.Now()
	out, err := server.Client().Wait(t.Context(), dailyJob, optFns...)
	require.NoError(t, err)
	assert.Equal(t, snapshotjob.SnapshotJobStatusCompleted, out.JobStatus)
	assert.Empty(t, server.Unused(), "faults that were not met")
	assert.GreaterOrEqual(t, time.Since(start), took)
}

// limitAttempts bounds each attempt of a wait's calls by 30 seconds.
func limitAttempts(o *snapshotjob.WaitOptions) {
	o.ClientOptions = append(o.ClientOptions, func(o *snapshotjob.Options) {
		o.AttemptTimeout = 30 * time.Second
	})
}

func TestWaitRidesOutTheFaultsOfTheServer(t *testing.T) {
	const running = 10 * time.Minute
	const times = 60
	for _, tt := range waitFaults(
		snapshotjobtest.Throttle(),
		snapshotjobtest.ServerError(500),
		snapshotjobtest.ServerError(502),
		snapshotjobtest.ServerError(503),
		snapshotjobtest.ServerError(504),
		snapshotjobtest.HTML(502),
		snapshotjobtest.HTML(503),
		snapshotjobtest.Answer(429, "TooMuch", "m"),
		snapshotjobtest.Answer(400, "RequestTimeout", "m"),
		snapshotjobtest.Drop(),
		snapshotjobtest.DropAfterWork(),
		snapshotjobtest.CutBody(0),
		snapshotjobtest.CutBody(20),
		snapshotjobtest.StallBody(20, 0),
		snapshotjobtest.Stall(0),
		snapshotjobtest.Stall(31*time.Second),
	) {
		t.Run(tt.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := waitServer(t, running)
				server.Fail(tt.operation, tt.fault.Times(times)...)
				var seen outage

				assertWaitCompletes(t, server, time.Minute+running, limitAttempts, onPoll(seen.report))

				assert.GreaterOrEqual(t, seen.failed, times/3, "a poll has 3 attempts")
				assert.InDelta(t, 30*time.Second, seen.slowest, 3e9, "want MaxDelay")
			})
		})
	}
}

func TestWaitTakesSlowResponses(t *testing.T) {
	const running = 3 * time.Hour
	inTime := snapshotjobtest.Stall(29 * time.Second)
	for operation, times := range map[snapshotjobtest.Operation]int{
		describeOperation: 60,
		resultOperation:   1, // a result is asked for once
	} {
		t.Run(string(operation), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := waitServer(t, running)
				server.Fail(operation, inTime.Times(times)...)
				assertWaitCompletes(t, server, time.Minute+running)
			})
		})
	}
}

func TestWaitIsEndedByWhatWouldComeAgain(t *testing.T) {
	lastStatus := map[snapshotjobtest.Operation]snapshotjob.SnapshotJobStatus{
		describeOperation: "",
		resultOperation:   snapshotjob.SnapshotJobStatusCompleted,
	}
	for _, tt := range waitFaults(
		snapshotjobtest.Answer(401, "AccessDeniedException", "connection reset by peer"),
		snapshotjobtest.Answer(400, "InvalidParameterValueException", "m"),
		snapshotjobtest.Answer(403, "UnsupportedUserEditionException", "m"),
		snapshotjobtest.HTML(200),
		snapshotjobtest.HTML(403),
		snapshotjobtest.Garbage(),
		snapshotjobtest.Corrupt(),
	) {
		t.Run(tt.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := startServer(t, snapshotjobtest.Completed(snapshotjobtest.PDF("sheet-1")))
				server.Fail(tt.operation, tt.fault)

				out, err := server.Client().Wait(t.Context(), dailyJob)

				assert.Nil(t, out)
				var wait *snapshotjob.WaitError
				require.ErrorAs(t, err, &wait)
				assert.Equal(t, 1, wait.Polls)
				assert.Equal(t, dailyJob, wait.Job)
				assert.Equal(t, lastStatus[tt.operation], wait.Status)
			})
		})
	}
}

func TestWaitOutlivesCredentialsAndClocks(t *testing.T) {
	fail := func(fault snapshotjobtest.Fault) func(*snapshotjobtest.Server) {
		return func(server *snapshotjobtest.Server) { server.Fail(describeOperation, fault) }
	}
	for name, trouble := range map[string]func(*snapshotjobtest.Server){
		"credentials expire":        (*snapshotjobtest.Server).ExpireCredentials,
		"are said to have expired":  fail(snapshotjobtest.ExpiredToken()),
		"a clock jumps ahead once":  fail(snapshotjobtest.SkewedDate(time.Hour)),
		"a clock jumps behind once": fail(snapshotjobtest.SkewedDate(-time.Hour)),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				files := snapshotjobtest.PDF("sheet-1")
				server := startServer(t, snapshotjobtest.Completed(files).After(0, 51*time.Minute))
				for i := range 5 {
					time.AfterFunc(time.Duration(i*10+1)*time.Minute, func() { trouble(server) })
				}
				_, err := server.Client().Wait(t.Context(), dailyJob)
				assert.NoError(t, err)
			})
		})
	}
}

func TestWaitEndsWhereverItsContextDoes(t *testing.T) {
	for name, fault := range map[string]snapshotjobtest.Fault{
		"in a delay":   snapshotjobtest.Pass(),
		"in a poll":    snapshotjobtest.Stall(0),
		"in an outage": snapshotjobtest.ServerError(500),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				// Not a test server: the waits end before all faults are met.
				server := snapshotjobtest.NewServer()
				server.AddJob(dailyJob, snapshotjobtest.Completed().After(0, -1))
				server.Fail(describeOperation, snapshotjobtest.Pass())
				server.Fail(describeOperation, fault.Times(1000)...)
				for at := time.Second; at < 3*time.Minute; at += 7100 * time.Millisecond {
					assertWaitEndsAfter(t, server, at)
				}
				assert.Greater(t, downloadMet(server, fault), 1)
			})
		})
	}
}

// assertWaitEndsAfter wants a wait to end with a context that ends after so long, and at that time.
func assertWaitEndsAfter(t *testing.T, server *snapshotjobtest.Server, at time.Duration) {
	t.Helper()
	cause := errors.New("the shift is over")
	ctx, cancel := context.WithTimeoutCause(t.Context(), at, cause)
	defer cancel()
	start := time.Now()

	out, err := server.Client().Wait(ctx, dailyJob)

	assert.Equal(t, at, time.Since(start))
	assert.Nil(t, out)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorIs(t, err, cause)
	var wait *snapshotjob.WaitError
	require.ErrorAs(t, err, &wait)
	assert.Equal(t, at, wait.Elapsed)
}
