package conformance

import (
	"encoding/hex"
	"net/url"
	"strings"
	"testing"

	"github.com/quicksight-go/snapshotjob"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCasesOfPaths replays ids and endpoints.
func TestCasesOfPaths(t *testing.T) {
	var file struct {
		Cases []struct {
			ID        string
			Account   string
			Dashboard string
			Job       string
			Base      string
		}
	}
	loadCases(t, "paths.json", &file)
	for _, c := range file.Cases {
		t.Run(c.ID, func(t *testing.T) {
			job := snapshotjob.Job{
				AWSAccountID:  decodeID(t, c.Account),
				DashboardID:   decodeID(t, c.Dashboard),
				SnapshotJobID: decodeID(t, c.Job),
			}
			request := call{op: result, job: job, region: Region, endpoint: c.Base}
			if _, err := url.Parse(c.Base); err != nil {
				// The official client panics or fails.
				checkRefusedEndpoint(t, request)
				return
			}
			t.Log(request.check(t))
		})
	}
}

// decodeID returns an id of the file. If it begins with "@", the rest is the id's
// bytes in hexadecimal.
func decodeID(t *testing.T, id string) string {
	t.Helper()
	digits, isHex := strings.CutPrefix(id, "@")
	if !isHex {
		return id
	}
	raw, err := hex.DecodeString(digits)
	require.NoError(t, err)
	return string(raw)
}

// checkRefusedEndpoint has this repository's client refuse the call's endpoint.
func checkRefusedEndpoint(t *testing.T, c call) {
	t.Helper()
	client := snapshotjob.NewFromConfig(c.config(&recorder{}))
	_, err := callOurs(t.Context(), client, c.op, c.job)
	var invalid *snapshotjob.InvalidInputError
	require.ErrorAs(t, err, &invalid)
	assert.Equal(t, "BaseEndpoint", invalid.Faults[0].Field)
}
