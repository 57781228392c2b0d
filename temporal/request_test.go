package temporal_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	exports "github.com/quicksight-go/snapshotjob/temporal"
)

func TestJobID(t *testing.T) {
	tests := []struct {
		name       string
		workflowID string
		want       string
	}{
		{name: "as it is", workflowID: "sales_2026-11-25", want: "sales_2026-11-25"},
		{name: "other characters", workflowID: "nightly/7", want: "nightly-7-3cef01201ce3"},
		{name: "a schedule's time", workflowID: "nightly-2026-11-25T02:00:00Z", want: "nightly-2026-11-25T02-00-00Z-"},
		{name: "not ASCII", workflowID: "übersicht", want: "-bersicht-"},
		{name: "empty", workflowID: "", want: "-"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			id := exports.JobID(test.workflowID)
			assert.True(t, strings.HasPrefix(id, test.want), id)
			assert.Regexp(t, `^[A-Za-z0-9_-]{1,500}$`, id)
			assert.Equal(t, id, exports.JobID(test.workflowID))
		})
	}
}

func TestJobIDTellsWorkflowsApart(t *testing.T) {
	long := strings.Repeat("x", 600)
	ids := map[string]string{}
	for _, workflowID := range []string{"a/1", "a-1", "a:1", "a_1", "", "-", long, long + "y"} {
		id := exports.JobID(workflowID)
		assert.NotContains(t, ids, id, "%q and %q", workflowID, ids[id])
		assert.LessOrEqual(t, len(id), 500)
		ids[id] = workflowID
	}
}
