package snapshotjob_test

import (
	"context"
	"errors"
	"fmt"
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

// assertWaitCompletes wants a wait to see startJob completed, when its time has come and not before.
func assertWaitCompletes(
	t *testing.T,
	server *snapshotjobtest.Server,
	took time.Duration,
	optFns ...func(*snapshotjob.WaitOptions),
) {
	t.Helper()
	start := time.Now()
	out, err := server.Client().Wait(t.Context(), startJob, optFns...)
	require.NoError(t, err)
	assert.Equal(t, snapshotjob.SnapshotJobStatusCompleted, out.JobStatus)
	assert.Empty(t, server.Unused(), "faults that were not met")
	assert.GreaterOrEqual(t, time.Since(start), took)
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
		snapshotjobtest.Stall(31*time.Second), // an attempt may take 30
	) {
		t.Run(tt.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := waitServer(t, running)
				server.Fail(tt.operation, tt.fault.Times(times)...)
				var seen outage

				assertWaitCompletes(t, server, time.Minute+running, steady, onPoll(seen.report))

				assert.GreaterOrEqual(t, seen.failed, times/3, "a poll has 3 attempts")
				assert.Equal(t, time.Minute, seen.slowest, "want MaxErrorDelay")
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
				assertWaitCompletes(t, server, time.Minute+running, steady)
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
		snapshotjobtest.Answer(404, "ResourceNotFoundException", "m"),
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

				out, err := server.Client().Wait(t.Context(), startJob)

				assert.Nil(t, out)
				var wait *snapshotjob.WaitError
				require.ErrorAs(t, err, &wait)
				assert.Equal(t, 1, wait.Polls)
				assert.Equal(t, startJob, wait.Job)
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
				_, err := server.Client().Wait(t.Context(), startJob)
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
				server.AddJob(startJob, snapshotjobtest.Completed().After(0, -1))
				server.Fail(describeOperation, snapshotjobtest.Pass())
				server.Fail(describeOperation, fault.Times(1000)...)
				for at := time.Second; at < 3*time.Minute; at += 7100 * time.Millisecond {
					assertWaitEndsAfter(t, server, at)
				}
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

	out, err := server.Client().Wait(ctx, startJob)

	assert.Equal(t, at, time.Since(start))
	assert.Nil(t, out)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorIs(t, err, cause)
	var wait *snapshotjob.WaitError
	require.ErrorAs(t, err, &wait)
	assert.Equal(t, at, wait.Elapsed)
}

// No option makes a wait poll without pause, be it by an overflow.
func TestWaitWithExtremeOptions(t *testing.T) {
	for name, change := range map[string]func(*snapshotjob.WaitOptions){
		"long delays": func(o *snapshotjob.WaitOptions) {
			o.MinDelay = 100 * time.Hour
			o.MaxDelay = 1000 * time.Hour
		},
		"unbounded growth": func(o *snapshotjob.WaitOptions) {
			o.Growth = 1e300
			o.MaxDelay = time.Hour
		},
		"no bound": func(o *snapshotjob.WaitOptions) {
			o.Growth = 1e10
			o.MaxDelay = 1 << 62
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { assertWaitPauses(t, change) })
		})
	}
}

// assertWaitPauses wants a wait of 1000 hours to pause after each of its polls.
// The job never ends, and the service has an outage after two polls.
func assertWaitPauses(t *testing.T, change func(*snapshotjob.WaitOptions)) {
	t.Helper()
	const mostPolls = 20_000
	// Not a test server: the wait may end before all faults are met.
	server := snapshotjobtest.NewServer(func(o *snapshotjobtest.Options) {
		o.RequestsPerSecond = -1
	})
	server.AddJob(startJob, snapshotjobtest.Completed().After(0, -1))
	server.Fail(describeOperation, snapshotjobtest.Pass().Times(2)...)
	server.Fail(describeOperation, snapshotjobtest.ServerError(500).Times(90)...)
	ctx, cancel := context.WithTimeout(t.Context(), 1000*time.Hour)
	defer cancel()
	polls := 0
	report := func(p snapshotjob.Poll) {
		polls++
		if ctx.Err() == nil {
			assert.Positive(t, p.Next, "the delay after poll %d", p.Number)
		}
		if t.Failed() || polls > mostPolls {
			cancel() // such a wait might never end
		}
	}

	_, err := server.Client().Wait(ctx, startJob, change, onPoll(report))

	assert.LessOrEqual(t, polls, mostPolls)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestWaitReportsAnOutage(t *testing.T) {
	want := []string{
		"failed=false next=3.5s",
		"failed=true next=7.1s",
		"failed=true next=14.3s",
		"failed=true next=28.6s",
		"failed=true next=57.1s",
		"failed=true next=1m0s",
		"failed=true next=1m0s",
		"failed=true next=1m0s",
		"failed=false next=3.6s",
	}
	synctest.Test(t, func(t *testing.T) {
		files := snapshotjobtest.PDF("sheet-1")
		server := startServer(t, snapshotjobtest.Completed(files).After(0, 20*time.Minute))
		server.Fail(describeOperation, snapshotjobtest.Pass())
		server.Fail(describeOperation, snapshotjobtest.Drop().Times(21)...)
		var got []string
		report := func(p snapshotjob.Poll) {
			next := p.Next.Round(100 * time.Millisecond)
			got = append(got, fmt.Sprintf("failed=%t next=%v", p.Err != nil, next))
		}
		_, err := server.Client().Wait(t.Context(), startJob, steady, onPoll(report))
		require.NoError(t, err)
		require.Greater(t, len(got), len(want))
		assert.Equal(t, want, got[:len(want)])
	})
}
