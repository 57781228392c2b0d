package batch_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/batch"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// errNoCredentials is the error of a provider that has none for a while.
var errNoCredentials = errors.New("the provider has no credentials now")

// withGap is a client option whose credentials cannot be had from one time of the test to
// another.
func withGap(from, to time.Duration) func(*snapshotjob.Options) {
	began := time.Now()
	return func(o *snapshotjob.Options) {
		provider := o.Credentials
		o.Credentials = aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
			if elapsed := time.Since(began); elapsed >= from && elapsed < to {
				return aws.Credentials{}, errNoCredentials
			}
			return provider.Retrieve(ctx)
		})
	}
}

func TestCredentialsThatFailForAWhile(t *testing.T) {
	tests := map[string]struct {
		from time.Duration
		to   time.Duration
	}{
		"while jobs are started":          {from: time.Second, to: 31 * time.Second},
		"when a job is polled first":      {from: 500 * time.Millisecond, to: 3 * time.Second},
		"when the last request was taken": {from: 3 * time.Second, to: 8 * time.Second},
		"while jobs run":                  {from: 20 * time.Second, to: 10 * time.Minute},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *Server) {
				client := server.Client(withGap(test.from, test.to))
				var got outcomes
				summary, err := batch.Run(t.Context(), client, manyRequests(20), got.keep)
				require.NoError(t, err)
				assert.Equal(t, 20, summary.Completed)
			})
		})
	}
}

// The service has said that a job exists, so that it has accepted the credentials.
func TestCredentialsThatFailWhenAJobIsLookedUp(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		server.AddJob(jobOf("a"), good())
		server.AddJob(jobOf("b"), good())
		gap := withGap(time.Millisecond, 30*time.Second)
		server.Fail(start, snapshotjobtest.Stall(2*time.Millisecond))
		client := server.Client(gap)
		var got outcomes
		summary, err := batch.Run(t.Context(), client, requestsOf("a", "b"), got.keep)
		require.NoError(t, err)
		assert.Equal(t, 2, summary.Adopted)
	})
}

// withTimeouts is a client option whose credentials provider has a deadline of its own, and
// runs out of it so many times. Its error looks like that of a canceled call.
func withTimeouts(times int) func(*snapshotjob.Options) {
	return func(o *snapshotjob.Options) {
		provider := o.Credentials
		o.Credentials = aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
			if times > 0 {
				times--
				return aws.Credentials{}, &aws.RequestCanceledError{Err: context.DeadlineExceeded}
			}
			return provider.Retrieve(ctx)
		})
	}
}

// The deadline of the run is far away when credentials can't be had for a while.
func TestCredentialsThatTimeOutBeforeADeadline(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Hour)
		defer cancel()
		var got outcomes
		_, err := batch.Run(ctx, server.Client(withTimeouts(3)), requestsOf("a"), got.keep)
		require.NoError(t, err)
		waited := got.only(t).Started.Sub(got.only(t).Queued)
		assert.Greater(t, waited, 3*time.Second)
		assert.Less(t, waited, time.Minute)
	})
}

// The deadline of the run is far away, and credentials can never be had.
func TestCredentialsThatAlwaysTimeOut(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Hour)
		defer cancel()
		var got outcomes
		_, err := batch.Run(ctx, server.Client(withTimeouts(1_000_000)), requestsOf("a"), got.keep)
		assert.ErrorContains(t, err, "get credentials")
		waited := got.only(t).Finished.Sub(got.only(t).Queued)
		assert.GreaterOrEqual(t, waited, 10*time.Minute)
		assert.Less(t, waited, 11*time.Minute)
	})
}

// Credentials that never worked are wrong.
func TestCredentialsThatNeverWork(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		client := server.Client(withGap(0, time.Hour))
		var got outcomes
		summary, err := batch.Run(t.Context(), client, manyRequests(3), got.keep)
		assert.ErrorIs(t, err, errNoCredentials)
		assert.Equal(t, 3, summary.Failed)
		assert.Less(t, got.all[2].Finished.Sub(got.all[0].Queued), time.Second)
	})
}

func TestCredentialsThatExpireForAWhile(t *testing.T) {
	codes := []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
	for _, code := range codes {
		inBubble(t, func(t *testing.T, server *Server) {
			expired := snapshotjobtest.Answer(http.StatusForbidden, code, "expired")
			server.Fail(start, snapshotjobtest.Pass())
			server.Fail(start, expired.Times(9)...)
			got := runBatch(t, server, manyRequests(3))
			require.NoError(t, got.err, code)
			assert.Equal(t, 3, got.summary.Completed)
		})
	}
}

// OnPoll and WaitError tell of one wait, although Run begins it anew when the last request
// was taken, and after a gap.
func TestWaitIsToldAsOne(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		var polls []snapshotjob.Poll
		watch := func(o *snapshotjob.WaitOptions) {
			o.OnPoll = func(poll snapshotjob.Poll) {
				if poll.Job == jobOf("endless") {
					polls = append(polls, poll)
				}
			}
		}
		requests := func(yield func(*Input) bool) {
			yield(pdfRequest("endless"))
			time.Sleep(3 * time.Minute)
			yield(pdfRequest("b"))
		}
		client := server.Client(withGap(3*time.Minute-time.Second, 3*time.Minute+40*time.Second))
		var got outcomes
		_, err := batch.Run(t.Context(), client, requests, got.keep, func(o *batch.Options) {
			o.JobTimeout = time.Hour
			o.WaitOptions = []func(*snapshotjob.WaitOptions){watch}
		})
		waitError, ok := errors.AsType[*snapshotjob.WaitError](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, time.Hour, waitError.Elapsed)
		assert.Equal(t, snapshotjob.SnapshotJobStatusRunning, waitError.Status)
		assert.Equal(t, polls[len(polls)-1].Number, waitError.Polls)
		assert.InDelta(t, len(polls), waitError.Polls, 2) // those that a change of delays ended are not told
		for i := 1; i < len(polls); i++ {
			assert.Greater(t, polls[i].Number, polls[i-1].Number)
		}
	}, livesOf(lives{"endless": good().After(0, -1)}))
}

// The more jobs are under way, the more rarely each is polled, so that there are calls left
// to start others.
func TestManyJobsUnderWay(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		began := time.Now()
		got := runBatch(t, server, manyRequests(600))
		require.NoError(t, got.err)
		byStart := func(a, b batch.Outcome) int { return a.Started.Compare(b.Started) }
		last := slices.MaxFunc(got.all, byStart).Started.Sub(began)
		assert.Less(t, last, 8*time.Minute) // 20 minutes, if each were polled every 5 seconds
	}, livesOf(nil), func(o *snapshotjobtest.Options) { o.MaxRunningJobs = -1 })
}
