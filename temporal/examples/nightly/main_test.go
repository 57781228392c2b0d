package main

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/mocks"
	sdk "go.temporal.io/sdk/temporal"

	"github.com/quicksight-go/snapshotjob/temporal"
)

const batchID = "nightly-2026-11-25T02:00:00Z"

func TestTheScheduleStartsABatchEachNight(t *testing.T) {
	options := newSchedule(flagValues{queue: "exports", dashboards: 40})
	assert.Equal(t, "nightly-exports", options.ID)
	require.Len(t, options.Spec.Calendars, 1)
	assert.Equal(t, []client.ScheduleRange{{Start: 2}}, options.Spec.Calendars[0].Hour)
	assert.Equal(t, enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, options.Overlap)
	action, ok := options.Action.(*client.ScheduleWorkflowAction)
	require.True(t, ok)
	assert.Equal(t, "exports", action.TaskQueue)
	assert.Equal(t, []any{temporal.BatchInput{Source: "dashboards:40"}}, action.Args)
	assert.Equal(t, nightlyPriority, action.Priority.PriorityKey)
}

func TestAScheduleThatExistsIsUsed(t *testing.T) {
	connection := mocks.NewClient(t)
	schedules := mocks.NewScheduleClient(t)
	existing := mocks.NewScheduleHandle(t)
	connection.On("ScheduleClient").Return(schedules)
	schedules.On("Create", mock.Anything, mock.Anything).Return(nil, sdk.ErrScheduleAlreadyRunning)
	schedules.On("GetHandle", mock.Anything, "nightly-exports").Return(existing)
	schedule, err := ensureSchedule(t.Context(), connection, flagValues{})
	require.NoError(t, err)
	assert.Same(t, existing, schedule)
}

func TestAScheduleThatCannotBeMade(t *testing.T) {
	connection := mocks.NewClient(t)
	schedules := mocks.NewScheduleClient(t)
	connection.On("ScheduleClient").Return(schedules)
	schedules.On("Create", mock.Anything, mock.Anything).Return(nil, errors.New("no such namespace"))
	_, err := ensureSchedule(t.Context(), connection, flagValues{})
	assert.EqualError(t, err, "make the schedule: no such namespace")
}

// started are the batches that a schedule has started.
func started(ids ...string) []client.ScheduleActionResult {
	var actions []client.ScheduleActionResult
	for _, id := range ids {
		actions = append(actions, client.ScheduleActionResult{
			StartWorkflowResult: &client.ScheduleWorkflowExecution{WorkflowID: id},
		})
	}
	return actions
}

func TestStartBatchFindsTheBatch(t *testing.T) {
	before := client.ScheduleInfo{
		NumActions:    1,
		RecentActions: started("nightly-yesterday"),
	}
	running := before
	running.RunningWorkflows = []client.ScheduleWorkflowExecution{{WorkflowID: batchID}}
	tests := []struct {
		name  string
		after client.ScheduleInfo
	}{
		{name: "that runs", after: running},
		{
			name: "that has ended already",
			after: client.ScheduleInfo{
				NumActions:    2,
				RecentActions: started("nightly-yesterday", batchID),
			},
		},
		{
			name: "that was skipped because of one that has ended since",
			after: client.ScheduleInfo{
				NumActions:               1,
				NumActionsSkippedOverlap: 1,
				RecentActions:            started(batchID),
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				schedule := mocks.NewScheduleHandle(t)
				// The server has not done anything yet when it is asked for the second time.
				schedule.On("Describe", mock.Anything).Return(&client.ScheduleDescription{Info: before}, nil).Twice()
				schedule.On("Describe", mock.Anything).Return(&client.ScheduleDescription{Info: test.after}, nil).Once()
				schedule.On("Trigger", mock.Anything, client.ScheduleTriggerOptions{}).Return(nil).Once()
				id, err := startBatch(t.Context(), schedule)
				require.NoError(t, err)
				assert.Equal(t, batchID, id)
			})
		})
	}
}

// newValue is a result as a server sends it.
func newValue(t *testing.T, value any) converter.EncodedValue {
	t.Helper()
	payloads, err := converter.GetDefaultDataConverter().ToPayloads(value)
	require.NoError(t, err)
	return client.NewValue(payloads)
}

func TestRunNowFollowsTheBatchToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		schedule := mocks.NewScheduleHandle(t)
		running := &client.ScheduleDescription{Info: client.ScheduleInfo{
			RunningWorkflows: []client.ScheduleWorkflowExecution{{WorkflowID: batchID}},
		}}
		schedule.On("Describe", mock.Anything).Return(running, nil)
		schedule.On("Trigger", mock.Anything, mock.Anything).Return(nil)
		batch := mocks.NewWorkflowRun(t)
		ends := time.After(12 * time.Second)
		batch.On("Get", mock.Anything, nil).WaitUntil(ends).Return(errors.New("1 of 30 exports did not complete"))
		connection := mocks.NewClient(t)
		connection.On("GetWorkflow", mock.Anything, batchID, "").Return(batch)
		progress := newValue(t, temporal.Progress{Requests: 30})
		query := connection.On("QueryWorkflow", mock.Anything, batchID, "", temporal.ProgressQuery)
		query.Return(progress, nil)
		assert.EqualError(t, runNow(t.Context(), connection, schedule), "1 of 30 exports did not complete")
		connection.AssertNumberOfCalls(t, "QueryWorkflow", 3) // each 5 seconds, and at the end
	})
}

func TestExportNowPassesTheBatch(t *testing.T) {
	run := mocks.NewWorkflowRun(t)
	run.On("GetID").Return("urgent")
	run.On("Get", mock.Anything, mock.Anything).Return(nil)
	connection := mocks.NewClient(t)
	isUrgent := func(options client.StartWorkflowOptions) bool {
		return options.Priority.PriorityKey < nightlyPriority &&
			options.TaskQueue == "exports" &&
			strings.HasPrefix(options.ID, "urgent-")
	}
	connection.On("ExecuteWorkflow", mock.Anything, mock.MatchedBy(isUrgent), mock.Anything, mock.Anything).Return(run, nil)
	require.NoError(t, exportNow(t.Context(), connection, "exports"))
}
