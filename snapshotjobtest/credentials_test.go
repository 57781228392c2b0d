package snapshotjobtest_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// newTokenServer returns a server whose own user has a session token, and the user's credentials.
func newTokenServer(t *testing.T) (*snapshotjobtest.Server, aws.Credentials) {
	t.Helper()
	keys := ownKeys
	keys.SessionToken = "TOKENEXAMPLE"
	srv := newDailyServer(t, snapshotjobtest.Completed(), func(o *snapshotjobtest.Options) {
		o.Credentials = keys
	})
	return srv, keys
}

func TestSessionToken(t *testing.T) {
	srv, keys := newTokenServer(t)
	dailyResult.by(keys).send(t, srv).assertOK(t)

	without := keys
	without.SessionToken = ""
	got := dailyResult.by(without).send(t, srv)
	got.assertError(t, 403, "UnrecognizedClientException")

	other := keys
	other.SessionToken = "TOKENOTHER"
	got = dailyResult.by(other).send(t, srv)
	got.assertError(t, 403, "UnrecognizedClientException")
}

func TestRequestsShowNoCredentials(t *testing.T) {
	srv, keys := newTokenServer(t)
	other := keys
	other.SessionToken = "TOKENOTHER"
	for _, credentials := range []aws.Credentials{keys, ownKeys, other} {
		dailyResult.by(credentials).send(t, srv)
	}
	requests := srv.Requests()
	require.Len(t, requests, 3)
	for _, r := range requests {
		for name, values := range r.Header {
			shown := strings.Join(values, " ")
			assert.NotContains(t, shown, "TOKEN", name)
			assert.NotContains(t, shown, "Signature", name)
		}
	}
}

// Credentials that were renewed are those of the same user, whose jobs they may see.
func TestExpireCredentials(t *testing.T) {
	srv := newDailyServer(t, snapshotjobtest.Completed())
	dailyResult.send(t, srv).assertOK(t)
	srv.ExpireCredentials()
	expired := dailyResult.send(t, srv)
	expired.assertError(t, 403, "ExpiredTokenException")
	renewed := keysOf(t, srv.Config().Credentials)
	dailyResult.by(renewed).send(t, srv).assertOK(t)
}

func TestExpireCredentialsTwice(t *testing.T) {
	srv := newDailyServer(t, snapshotjobtest.Completed())
	srv.ExpireCredentials()
	second := keysOf(t, srv.Config().Credentials)
	srv.ExpireCredentials()
	third := keysOf(t, srv.Config().Credentials)
	assert.NotEqual(t, second.AccessKeyID, third.AccessKeyID)
	expired := dailyResult.by(second).send(t, srv)
	expired.assertError(t, 403, "ExpiredTokenException")
	dailyResult.by(third).send(t, srv).assertOK(t)
}
