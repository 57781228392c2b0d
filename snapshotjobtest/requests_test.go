package snapshotjobtest_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

func TestRequestsTellAttemptsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newDailyServer(t, snapshotjobtest.Completed())
		srv.Fail(describeOp, snapshotjobtest.Throttle(), snapshotjobtest.Drop())
		client := srv.Client()
		require.NoError(t, describeDaily(t, client))
		require.NoError(t, describeDaily(t, client))

		type attempt struct {
			number    int
			status    int
			firstCall bool
		}
		var got []attempt
		requests := srv.Requests()
		for _, r := range requests {
			assert.Equal(t, describeOp, r.Operation)
			assert.Equal(t, daily, r.Job)
			firstCall := r.InvocationID == requests[0].InvocationID
			got = append(got, attempt{number: r.Attempt, status: r.Status, firstCall: firstCall})
		}
		want := []attempt{
			{number: 1, status: 429, firstCall: true},
			{number: 2, status: 0, firstCall: true},
			{number: 3, status: 200, firstCall: true},
			{number: 1, status: 200, firstCall: false},
		}
		assert.Equal(t, want, got)
	})
}

func TestRequestsKeepHeadersAndTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newDailyServer(t, snapshotjobtest.Completed())
		srv.Fail(describeOp, snapshotjobtest.Throttle())
		require.NoError(t, describeDaily(t, srv.Client()))

		requests := srv.Requests()
		require.Len(t, requests, 2)
		assert.NotEmpty(t, requests[0].InvocationID)
		assert.NotEmpty(t, requests[0].Header.Get("User-Agent"))
		assert.Greater(t, requests[1].Time, requests[0].Time)
	})
}

// When a connection breaks that was used before, net/http sends a GET again. The server takes that for the
// same attempt, so that it meets the same fault as over a connection that is new.
func TestResentRequestMeetsSameFault(t *testing.T) {
	for _, tt := range []struct {
		name        string
		maxAttempts int
		drops       int
		fails       bool
		requests    int
		lastAttempt int
	}{
		{
			name:        "fewer drops than attempts",
			maxAttempts: 3,
			drops:       1,
			requests:    4,
			lastAttempt: 2,
		},
		{
			name:        "one drop and one attempt",
			maxAttempts: 1,
			drops:       1,
			fails:       true,
			requests:    3,
			lastAttempt: 1,
		},
		{
			name:        "as many drops as attempts",
			maxAttempts: 3,
			drops:       3,
			fails:       true,
			requests:    5,
			lastAttempt: 3,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := newDailyServer(t, snapshotjobtest.Completed())
			srv.Start()
			client := srv.Client(retryAtOnce(tt.maxAttempts))
			require.NoError(t, describeDaily(t, client)) // From now on there is a connection to reuse.
			srv.Fail(describeOp, snapshotjobtest.Drop().Times(tt.drops)...)
			err := describeDaily(t, client)
			assert.Equal(t, tt.fails, err != nil, "the error is %v", err)

			got := srv.Requests()
			require.Len(t, got, tt.requests)
			assert.Equal(t, got[1].InvocationID, got[2].InvocationID)
			for _, resent := range got[1:3] {
				assert.Equal(t, 1, resent.Attempt)
				assert.Equal(t, "drop", resent.Fault)
			}
			last := got[len(got)-1]
			assert.Equal(t, tt.lastAttempt, last.Attempt)
		})
	}
}

// retryAtOnce makes a client try so many times, without a pause.
func retryAtOnce(maxAttempts int) func(*snapshotjob.Options) {
	standard := retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = maxAttempts
	})
	return func(o *snapshotjob.Options) { o.Retryer = impatient{standard} }
}

// impatient is a retryer that waits for nothing.
type impatient struct{ aws.Retryer }

func (impatient) RetryDelay(int, error) (time.Duration, error) {
	return 0, nil
}

// A flush sends the status 200 if the handler has sent none.
func TestRequestsTellStatusOfFlush(t *testing.T) {
	srv := newDailyServer(t, snapshotjobtest.Completed())
	flush := func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			assert.NoError(t, http.NewResponseController(w).Flush())
		})
	}
	srv.Fail(describeOp, snapshotjobtest.NewFault("flush", flush))
	get(dailyPath).send(t, srv).assertOK(t)
	requests := srv.Requests()
	require.Len(t, requests, 1)
	assert.Equal(t, "flush", requests[0].Fault)
	assert.Equal(t, http.StatusOK, requests[0].Status)
}

func TestMaxRequests(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		o.MaxRequests = 2
	})
	for i := range 4 {
		get(fmt.Sprint(jobsPath, "/", i)).send(t, srv)
	}
	requests := srv.Requests()
	require.Len(t, requests, 2)
	assert.Equal(t, "2", requests[0].Job.SnapshotJobID)
	assert.Equal(t, "3", requests[1].Job.SnapshotJobID)
}
