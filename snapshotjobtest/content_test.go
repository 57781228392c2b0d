package snapshotjobtest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// Generated files take no memory: these have a terabyte each.
func TestGeneratedFiles(t *testing.T) {
	for begins, file := range map[string]snapshotjobtest.File{
		"row_number,": snapshotjobtest.CSV("s", "v"),
		"%PDF-":       snapshotjobtest.PDF("s"),
		"PK\x03\x04":  snapshotjobtest.Excel("s", "v"),
	} {
		t.Run(string(file.Format), func(t *testing.T) {
			file.Size = 1 << 40
			srv := newDailyServer(t, snapshotjobtest.Completed(file))
			uri := dailyURI(t, srv)
			first := fetch(t, srv, uri, setHeader("Range", "bytes=0-99999")).body
			require.Equal(t, 100_000, len(first))
			assert.Equal(t, begins, first[:len(begins)])
			part := fetch(t, srv, uri, setHeader("Range", "bytes=4090-8200")).body
			assert.True(t, part == first[4090:8201], "a range has the bytes of the whole file")
			end := fetch(t, srv, uri, setHeader("Range", "bytes=-3")).body
			assert.Len(t, end, 3)
		})
	}
}
