package snapshotjob_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startSchedule names a schedule that a server of package snapshotjobtest knows by default.
var startSchedule = &snapshotjob.StartDashboardSnapshotJobScheduleInput{
	AWSAccountID: "111122223333",
	DashboardID:  "sales",
	ScheduleID:   "weekly",
}

// The service skips a schedule that runs already, and says so by status 202.
func TestStartScheduleTwice(t *testing.T) {
	server := snapshotjobtest.NewTestServer(t)
	for i, wantStatus := range []int{200, 202} {
		out, err := server.Client().StartDashboardSnapshotJobSchedule(t.Context(), startSchedule)
		require.NoError(t, err)
		assert.Equal(t, wantStatus, out.Status)

		requests := server.Requests()
		require.Len(t, requests, i+1)
		assert.Equal(t, requests[i].ID, out.RequestID)
		assert.Equal(t, startScheduleOperation, requests[i].Operation)
	}
}

func TestStartScheduleOutput(t *testing.T) {
	recorder := &startRecorder{status: 200, header: []string{"X-Amzn-Requestid", "H"}}
	want := &snapshotjob.StartDashboardSnapshotJobScheduleOutput{RequestID: "H", Status: 200}
	got, err := startClient(recorder).StartDashboardSnapshotJobSchedule(t.Context(), startSchedule)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestStartScheduleRequest(t *testing.T) {
	for _, tt := range []struct {
		name      string
		dashboard string
		schedule  string
		wantPath  string
	}{
		{
			name:      "plain",
			dashboard: "sales",
			schedule:  "weekly",
			wantPath:  "/accounts/111122223333/dashboards/sales/schedules/weekly",
		},
		{
			name:      "escaped once",
			dashboard: "a/b c",
			schedule:  "ü%2F+~",
			wantPath:  "/accounts/111122223333/dashboards/a%2Fb%20c/schedules/%C3%BC%252F%2B~",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wire := startScheduleOnTheWire(t, tt.dashboard, tt.schedule)
			assert.True(t, strings.HasPrefix(wire, "POST "+tt.wantPath+" HTTP/1.1\r\n"), wire)
			assert.Contains(t, wire, "\r\nContent-Length: 0\r\n")
			assert.NotContains(t, wire, "Content-Type")
			assert.True(t, strings.HasSuffix(wire, "\r\n\r\n"), "%s\nhas a body", wire)
		})
	}
}

// startScheduleOnTheWire is the request for a schedule, as a connection would carry it.
func startScheduleOnTheWire(t *testing.T, dashboard, schedule string) string {
	t.Helper()
	recorder := &startRecorder{status: 200}
	in := &snapshotjob.StartDashboardSnapshotJobScheduleInput{
		AWSAccountID: "111122223333",
		DashboardID:  dashboard,
		ScheduleID:   schedule,
	}
	_, err := startClient(recorder).StartDashboardSnapshotJobSchedule(t.Context(), in)
	require.NoError(t, err)
	require.Len(t, recorder.requests, 1)
	var wire bytes.Buffer
	require.NoError(t, recorder.requests[0].Write(&wire))
	return wire.String()
}

func TestStartScheduleOfNilInput(t *testing.T) {
	const want = "operation error QuickSight: StartDashboardSnapshotJobSchedule, " +
		"invalid input: in is nil: want the schedule to start"
	recorder := &startRecorder{}
	_, err := startClient(recorder).StartDashboardSnapshotJobSchedule(t.Context(), nil)
	assert.EqualError(t, err, want)
	assert.Empty(t, recorder.requests)
}

func TestStartScheduleTellsOfAllProblems(t *testing.T) {
	const want = "operation error QuickSight: StartDashboardSnapshotJobSchedule, invalid input: " +
		`AWSAccountID "1" is not an account id: want 12 digits; ` +
		`DashboardID is empty; ` +
		`ScheduleID "." cannot stand in a request path`
	recorder := &startRecorder{}
	in := &snapshotjob.StartDashboardSnapshotJobScheduleInput{AWSAccountID: "1", ScheduleID: "."}
	_, err := startClient(recorder).StartDashboardSnapshotJobSchedule(t.Context(), in)
	assert.EqualError(t, err, want)
	assert.Empty(t, recorder.requests)
}

func TestStartScheduleThatDoesNotExist(t *testing.T) {
	server := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		o.Schedules = []string{"monthly"}
	})
	_, err := server.Client().StartDashboardSnapshotJobSchedule(t.Context(), startSchedule)
	var notFound *snapshotjob.ResourceNotFoundException
	assert.ErrorAs(t, err, &notFound)
}

// The service model lists no ResourceExistsException for this operation.
func TestStartScheduleKeepsACodeThatTheModelLacks(t *testing.T) {
	server := snapshotjobtest.NewTestServer(t)
	server.Fail(startScheduleOperation, snapshotjobtest.Answer(409, "ResourceExistsException", "m"))

	_, err := server.Client().StartDashboardSnapshotJobSchedule(t.Context(), startSchedule)

	var exists *snapshotjob.ResourceExistsException
	assert.NotErrorAs(t, err, &exists)
	var api smithy.APIError
	require.ErrorAs(t, err, &api)
	assert.Equal(t, "ResourceExistsException", api.ErrorCode())
}

// Package aws/retry takes LimitExceededException for throttling, whatever its status.
func TestStartScheduleIsNotTriedAgainAtTheLimit(t *testing.T) {
	for _, status := range []int{409, 429, 400} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			recorder := startAtTheLimit(status)
			_, err := startClient(recorder).StartDashboardSnapshotJobSchedule(t.Context(), startSchedule)
			assertAtTheLimit(t, err)
			assert.Len(t, recorder.requests, 1)
		})
	}
}
