package snapshotjobtest_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

func TestUsersSeeOnlyTheirOwnJobs(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t, completeAtOnce)
	bob := keysOf(t, srv.AddUser("bob"))
	post(jobsPath, goodStart).send(t, srv).assertOK(t)
	for _, path := range []string{weeklyPath, weeklyResultPath} {
		get(path).send(t, srv).assertOK(t)
		ofBob := get(path).by(bob).send(t, srv)
		ofBob.assertError(t, 401, "AccessDeniedException")
	}
}

func TestLifeNamesUser(t *testing.T) {
	life := snapshotjobtest.Completed()
	life.User = "somebody"
	srv := newDailyServer(t, life)
	got := get(dailyResultPath).send(t, srv)
	got.assertError(t, 401, "AccessDeniedException")
}

// startWithoutUsers is the body that starts the job weekly without a UserConfiguration.
var startWithoutUsers = startOf(pdfGroup).withID("weekly").forUsers("null").json()

// startByAlice starts the job weekly for the registered user alice, whose keys it returns.
func startByAlice(t *testing.T, srv *snapshotjobtest.Server) aws.Credentials {
	t.Helper()
	alice := keysOf(t, srv.AddRegisteredUser("alice"))
	post(jobsPath, startWithoutUsers).by(alice).send(t, srv).assertOK(t)
	return alice
}

func TestRegisteredUserStartsNoAnonymousJob(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	alice := keysOf(t, srv.AddRegisteredUser("alice"))
	got := post(jobsPath, goodStart).by(alice).send(t, srv)
	got.assertError(t, 400, "InvalidParameterValueException")
}

func TestResultOfRegisteredUser(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t, completeAtOnce)
	alice := startByAlice(t, srv)
	got := get(weeklyResultPath).by(alice).send(t, srv)
	got.assertOK(t)
	var body struct {
		Result struct {
			RegisteredUsers []any
			AnonymousUsers  []any
		}
	}
	got.unmarshal(t, &body)
	assert.NotEmpty(t, body.Result.RegisteredUsers)
	assert.Empty(t, body.Result.AnonymousUsers)
}

func TestDescriptionOfRegisteredUser(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	alice := startByAlice(t, srv)
	got := get(weeklyPath).by(alice).send(t, srv)
	got.assertOK(t)
	assert.NotContains(t, got.object(t), "UserConfiguration")
}

// A registered user and another user of the same name are two people.
func TestUsersOfOneName(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	registered := keysOf(t, srv.AddRegisteredUser("alice"))
	other := keysOf(t, srv.AddUser("alice"))
	start := startOf(pdfGroup).withID("other")
	post(jobsPath, start.json()).by(other).send(t, srv).assertOK(t)
	post(jobsPath, startWithoutUsers).by(registered).send(t, srv).assertOK(t)
}
