package snapshotjob_test

import (
	"context"
	"net"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/quicksight-go/snapshotjob"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Steps of a scriptedJob. Three attempts of a poll that are down make the poll fail.
const (
	expired = "403 ExpiredTokenException"
	down    = "503 ServiceUnavailable"
)

func TestWaitOutlivesCredentialsThatWorked(t *testing.T) {
	running := []string{"RUNNING"}
	completed := []string{"COMPLETED"}
	for name, steps := range map[string][]string{
		"the provider fails once":    {"RUNNING", providerFails, "COMPLETED"},
		"the provider fails long":    slices.Concat(running, repeated(providerFails, 50), completed),
		"they expire":                {"RUNNING", expired, expired, "COMPLETED"},
		"they expire in other words": {"RUNNING", "400 ExpiredToken", "400 RequestExpired", "COMPLETED"},
		"the provider fails later":   {"QUEUED", "RUNNING", providerFails, "RUNNING", "COMPLETED"},
		"after a job is not found":   {notFound, providerFails, expired, "COMPLETED"},
		"before the result":          {"COMPLETED", providerFails, "COMPLETED"},
		"after an outage":            {down, down, down, providerFails, "COMPLETED"},
		"before an outage":           {"RUNNING", providerFails, down, down, down, "COMPLETED"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := newScriptedJob(t, waitCase{Status: steps}).wait(t)
				assertWaitResult(t, got)
			})
		})
	}
}

// The delay doubles as after any other poll that fails.
func TestWaitForCredentialsDoublesItsDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		steps := []string{"RUNNING", providerFails, providerFails, expired, "COMPLETED"}
		got := newScriptedJob(t, waitCase{Status: steps}).wait(t)
		assertWaitResult(t, got)
		require.Len(t, got.polls, len(steps))
		assertDelay(t, 3*time.Second, got.polls[0])
		assertDelay(t, 6*time.Second, got.polls[1])
		assertDelay(t, 12*time.Second, got.polls[2])
		assertDelay(t, 24*time.Second, got.polls[3])
		assert.ErrorIs(t, got.polls[2].Err, errNoCredentials)
	})
}

func TestWaitForCredentialsEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := newScriptedJob(t, waitCase{Status: []string{"RUNNING", providerFails}}).wait(t)
		assert.ErrorIs(t, got.err, context.DeadlineExceeded)
		assert.ErrorIs(t, got.err, errNoCredentials)
	})
}

// A provider that fails because the context has ended is not asked again.
func TestWaitEndedWhileItAsksForCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		retrievals := 0
		provider := aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
			retrievals++
			if retrievals > 1 {
				<-ctx.Done()
				return aws.Credentials{}, errNoCredentials
			}
			return (&scriptedJob{steps: []string{"RUNNING"}}).Retrieve(ctx)
		})
		job := newScriptedJob(t, waitCase{Status: []string{"RUNNING"}})
		client := startClient(job, func(o *snapshotjob.Options) { o.Credentials = provider })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var last snapshotjob.Poll

		_, err := client.Wait(ctx, dailyJob, onPoll(func(p snapshotjob.Poll) { last = p }))

		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorIs(t, err, errNoCredentials)
		assert.Equal(t, 2, last.Number)
		assert.Zero(t, last.Next)
	})
}

func TestWaitWithCredentialsThatNeverWorked(t *testing.T) {
	for _, tt := range []struct {
		name      string
		steps     []string
		wantPolls int
	}{
		{
			name:      "they expired before",
			steps:     []string{expired},
			wantPolls: 1,
		},
		{
			name:      "they expired before, or in an outage",
			steps:     []string{down, down, down, expired},
			wantPolls: 2,
		},
		{
			name:      "no provider",
			steps:     []string{providerFails},
			wantPolls: 1,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := newScriptedJob(t, waitCase{Status: tt.steps}).wait(t)
				assert.Nil(t, got.output)
				var wait *snapshotjob.WaitError
				require.ErrorAs(t, got.err, &wait)
				assert.Equal(t, tt.wantPolls, wait.Polls)
				assert.NotErrorIs(t, got.err, context.DeadlineExceeded)
			})
		})
	}
}

// A provider's own error may be of a kind that a wait would ride out.
func TestWaitWithAProviderOutOfReach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outOfReach := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		provider := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, outOfReach
		})
		life := &jobLife{}
		client := startClient(life, func(o *snapshotjob.Options) { o.Credentials = provider })
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err := client.Wait(ctx, dailyJob)
		assert.ErrorIs(t, err, outOfReach)
		var wait *snapshotjob.WaitError
		require.ErrorAs(t, err, &wait)
		assert.Equal(t, 1, wait.Polls)
		assert.Empty(t, life.polls)
	})
}
