package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// newNight returns a night of forty tenants, whose files go to a folder of the test.
func newNight(t *testing.T) night {
	t.Helper()
	return night{
		date:      "2026-11-23",
		account:   "111122223333",
		dashboard: "revenue",
		tagKey:    "tenant",
		tenants:   fortyTenants(),
		dir:       t.TempDir(),
	}
}

// wantFiles returns the names of the files of a night, in alphabetical order.
func wantFiles(n night) []string {
	var names []string
	for _, tenant := range n.tenants {
		prefix := n.date + "_" + tenant + "_"
		names = append(names,
			prefix+"orders_orders.pdf",
			prefix+"orders_orders_closed.csv",
			prefix+"orders_orders_open.csv",
			prefix+"overview_overview.pdf",
			prefix+"overview_overview_regions.csv",
		)
	}
	return names
}

// filesIn returns the names of the files in a folder, in alphabetical order.
func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// acceptedStarts returns the ids of the jobs that a server has accepted.
func acceptedStarts(server *snapshotjobtest.Server) []string {
	var ids []string
	for _, request := range server.Requests() {
		if request.Operation == snapshotjobtest.StartDashboardSnapshotJob && request.Status == 200 {
			ids = append(ids, request.Job.SnapshotJobID)
		}
	}
	return ids
}

// interruptFault interrupts the program instead of sending a file.
func interruptFault(interrupt context.CancelFunc) snapshotjobtest.Fault {
	return snapshotjobtest.NewFault("interrupt", func(http.Handler) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			interrupt()
			panic(http.ErrAbortHandler)
		})
	})
}

func TestExport(t *testing.T) {
	n := newNight(t)
	synctest.Test(t, func(t *testing.T) { // The jobs' seconds pass at once.
		require.NoError(t, n.export(t.Context(), fakeClient(newFake(n.dashboard))))
	})
	assert.Equal(t, wantFiles(n), filesIn(t, n.dir))
}

// The first run is interrupted when an eighth of the files is there, so that jobs are left to be started.
func TestExportAfterInterrupt(t *testing.T) {
	n := newNight(t)
	synctest.Test(t, func(t *testing.T) {
		server := newFake(n.dashboard)
		client := fakeClient(server)
		ctx, interrupt := context.WithCancel(t.Context())
		server.Fail(snapshotjobtest.GetObject, snapshotjobtest.Pass().Times(25)...)
		server.Fail(snapshotjobtest.GetObject, interruptFault(interrupt))
		require.ErrorIs(t, n.export(ctx, client), context.Canceled)
		assert.Empty(t, server.Unused())
		assert.GreaterOrEqual(t, len(filesIn(t, n.dir)), 15)
		assert.Less(t, len(acceptedStarts(server)), 80)

		require.NoError(t, n.export(t.Context(), client))
		started := acceptedStarts(server)
		assert.Len(t, started, 80)
		slices.Sort(started)
		assert.Len(t, slices.Compact(started), 80)
	})
	assert.Equal(t, wantFiles(n), filesIn(t, n.dir))
}

func TestExportOfDashboardWithoutSheets(t *testing.T) {
	n := newNight(t)
	err := n.export(t.Context(), snapshotjobtest.NewServer().Client())
	assert.EqualError(t, err, `the dashboard "revenue" has no sheets`)
}

func TestFileGroupsOfSheet(t *testing.T) {
	for _, tt := range []struct {
		tables int
		want   []int // files of each job
	}{
		{tables: 0, want: []int{1}},
		{tables: 1, want: []int{2}},
		{tables: 5, want: []int{6}},
		{tables: 6, want: []int{6, 1}},
		{tables: 11, want: []int{6, 5, 1}},
	} {
		var got []int
		for _, groups := range fileGroups(sheetOf(tt.tables)) {
			got = append(got, len(groups))
		}
		assert.Equal(t, tt.want, got, "%d tables", tt.tables)
	}
}

// A sheet with many tables takes several jobs, each of which the service accepts.
func TestExportOfManyTables(t *testing.T) {
	n := newNight(t)
	n.tenants = []string{"acme"}
	synctest.Test(t, func(t *testing.T) {
		server := newFake(n.dashboard)
		server.AddDashboard(n.dashboard, sheetOf(11))
		require.NoError(t, n.export(t.Context(), fakeClient(server)))
		want := []string{"2026-11-23_acme_s", "2026-11-23_acme_s_part2", "2026-11-23_acme_s_part3"}
		assert.Equal(t, want, acceptedStarts(server))
	})
	assert.Len(t, filesIn(t, n.dir), 12)
}

// sheetOf returns a sheet with a chart and so many tables.
func sheetOf(tables int) snapshotjob.DashboardSheet {
	sheet := snapshotjob.DashboardSheet{
		SheetID: "s",
		Visuals: []snapshotjob.DashboardVisual{{VisualID: "chart", Kind: "BarChartVisual"}},
	}
	for i := range tables {
		sheet.Visuals = append(sheet.Visuals, snapshotjob.DashboardVisual{
			VisualID: fmt.Sprintf("table-%d", i),
			Kind:     "TableVisual",
		})
	}
	return sheet
}
