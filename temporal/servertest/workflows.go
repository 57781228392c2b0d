package main

import (
	"context"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/quicksight-go/snapshotjob"
)

// The inputs of the workflows, in the form that a client in another language would send.
// The package above can't be imported: it needs another version of Temporal's SDK than
// the server.

type exportInput struct {
	Request request
}

type request struct {
	AWSAccountID          string
	DashboardID           string
	SnapshotConfiguration snapshotjob.SnapshotConfiguration
}

type batchInput struct {
	Requests []request `json:",omitempty"`
	Source   string    `json:",omitempty"`
	Window   int       `json:",omitempty"`
}

// newRequest asks for a PDF of a dashboard.
func newRequest(dashboardID string) request {
	return request{
		AWSAccountID: "111122223333",
		DashboardID:  dashboardID,
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("summary")},
		},
	}
}

// startBatch starts a batch.
func (l *lab) startBatch(ctx context.Context, in batchInput) (client.WorkflowRun, error) {
	return l.startWorkflow(ctx, "nightly", "Batch", in)
}

// startWorkflow starts a workflow by its name.
func (l *lab) startWorkflow(ctx context.Context, id, name string, in any) (client.WorkflowRun, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return l.connection.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:        id,
		TaskQueue: taskQueue,
	}, name, in)
}
