package temporal_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	exports "github.com/quicksight-go/snapshotjob/temporal"
)

// TestReplay runs the workflows over histories of this release, which servertest has
// recorded on a real server. It fails if a change of their code would break workflows that
// are running when it is deployed. Such a change needs workflow.GetVersion, and its own
// histories beside these.
func TestReplay(t *testing.T) {
	files, err := filepath.Glob("testdata/histories/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			history := readHistory(t, file)
			started := history.Events[0].GetWorkflowExecutionStartedEventAttributes()
			replayer := worker.NewWorkflowReplayer()
			replayer.RegisterWorkflow(exports.Export)
			replayer.RegisterWorkflow(exports.Batch)
			err := replayer.ReplayWorkflowHistoryWithOptions(quiet, history, worker.ReplayWorkflowHistoryOptions{
				// The ids of exports and jobs follow from it.
				OriginalExecution: workflow.Execution{ID: started.WorkflowId},
			})
			assert.NoError(t, err)
		})
	}
}

// readHistory reads a history that servertest has written.
func readHistory(t *testing.T, name string) *historypb.History {
	t.Helper()
	file, err := os.Open(name)
	require.NoError(t, err)
	defer file.Close()
	history, err := client.HistoryFromJSON(file, client.HistoryJSONOptions{})
	require.NoError(t, err)
	return history
}
