package snapshotjobtest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

func TestStartOfWhatTheDashboardHas(t *testing.T) {
	srv := newSalesServer(t)
	body := startOf(
		groupOf(fileOf("PDF", `{"SheetId":"empty","SelectionScope":"ALL_VISUALS"}`)),
		groupOf(fileOf("CSV", visualsOf("summary", "orders"))),
		groupOf(fileOf("EXCEL", visualsOf("summary", "regions", "orders"))),
	).json()
	post(jobsPath, body).send(t, srv).assertOK(t)
}

func TestStartOfWhatTheDashboardLacks(t *testing.T) {
	const selections = "Invalid parameter SnapshotConfiguration.FileGroups[0].Files[0].SheetSelections"
	for _, tt := range []struct {
		name    string
		file    string
		message string
	}{
		{
			name: "sheet",
			file: pdfFile,
			message: selections + "[0].SheetId: " +
				`the dashboard has no sheet "s"`,
		},
		{
			name: "visual",
			file: fileOf("EXCEL", visualsOf("summary", "orders"), visualsOf("empty", "orders")),
			message: selections + "[1].VisualIds[0]: " +
				`the sheet "empty" has no visual "orders"`,
		},
		{
			name: "table",
			file: fileOf("CSV", visualsOf("summary", "trend")),
			message: selections + "[0].VisualIds[0]: " +
				`want a table or a pivot table for CSV, got the LineChartVisual "trend"`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := newSalesServer(t)
			got := post(jobsPath, startOf(groupOf(tt.file)).json()).send(t, srv)
			got.assertError(t, 400, "InvalidParameterValueException")
			assert.Equal(t, tt.message, got.object(t)["Message"])
		})
	}
}

// A dashboard that was not added has every sheet and visual.
func TestStartOfAnotherDashboard(t *testing.T) {
	srv := newSalesServer(t)
	post(otherPath+"/snapshot-jobs", goodStart).send(t, srv).assertOK(t)
}

func TestAddDashboardAgain(t *testing.T) {
	srv := newSalesServer(t)
	srv.AddDashboard("sales", snapshotjob.DashboardSheet{SheetID: "s"})
	post(jobsPath, startOf(pdfGroup).json()).send(t, srv).assertOK(t)
}

// What the caller does with the sheets afterwards changes nothing.
func TestAddDashboardCopiesTheSheets(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	visuals := []snapshotjob.DashboardVisual{{VisualID: "v", Kind: "TableVisual"}}
	sheets := []snapshotjob.DashboardSheet{{SheetID: "s", Visuals: visuals}}
	srv.AddDashboard("sales", sheets...)
	sheets[0].SheetID = "other"
	visuals[0].VisualID = "other"
	post(jobsPath, startOf(csvGroup).json()).send(t, srv).assertOK(t)
}

func TestAddDashboardWithoutAnID(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	const want = "snapshotjobtest: AddDashboard: the id is empty, so that no request could name the dashboard"
	assert.PanicsWithValue(t, want, func() { srv.AddDashboard("") })
}
