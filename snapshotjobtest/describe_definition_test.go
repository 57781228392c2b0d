package snapshotjobtest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// definitionPath is the path of a request for the definition of the dashboard sales.
const definitionPath = salesPath + "/definition"

// salesSheet is a sheet with a table, a pivot table without a title, and a chart.
var salesSheet = snapshotjob.DashboardSheet{
	SheetID: "summary",
	Name:    "Summary",
	Visuals: []snapshotjob.DashboardVisual{
		{VisualID: "orders", Kind: "TableVisual", Title: "All orders"},
		{VisualID: "regions", Kind: "PivotTableVisual"},
		{VisualID: "trend", Kind: "LineChartVisual"},
	},
}

// newSalesServer returns a server with the dashboard sales, which has salesSheet and an empty sheet.
func newSalesServer(t *testing.T, optFns ...func(*snapshotjobtest.Options)) *snapshotjobtest.Server {
	t.Helper()
	srv := snapshotjobtest.NewTestServer(t, optFns...)
	srv.AddDashboard("sales", salesSheet, snapshotjob.DashboardSheet{SheetID: "empty"})
	return srv
}

// salesDefinition is the body of a response, but for the request id.
const salesDefinition = `{"DashboardId":"sales","Name":"sales","ResourceStatus":"CREATION_SUCCESSFUL",` +
	`"Definition":{"DataSetIdentifierDeclarations":[],"Sheets":[` +
	`{"SheetId":"summary","Name":"Summary","Visuals":[` +
	`{"TableVisual":{"VisualId":"orders","Title":{"Visibility":"VISIBLE","FormatText":{"PlainText":"All orders"}}}},` +
	`{"PivotTableVisual":{"VisualId":"regions"}},` +
	`{"LineChartVisual":{"VisualId":"trend"}}]},` +
	`{"SheetId":"empty"}]},"RequestId":"`

func TestDescribeDefinition(t *testing.T) {
	srv := newSalesServer(t)
	got := get(definitionPath).send(t, srv)
	got.assertStatus(t, 200)
	got.assertBody(t, salesDefinition+got.requestID()+`"}`)
	requests := srv.Requests()
	require.Len(t, requests, 1)
	assert.Equal(t, snapshotjobtest.DescribeDashboardDefinition, requests[0].Operation)
	assert.Equal(t, snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "sales"}, requests[0].Job)
}

func TestDescribeDefinitionOfAnyVersion(t *testing.T) {
	srv := newSalesServer(t)
	for _, query := range []string{
		"?version-number=1",
		"?version-number=9223372036854775807",
		"?alias-name=blue_2",
		"?alias-name=%24LATEST",
		"?alias-name=%24PUBLISHED",
	} {
		t.Run(query, func(t *testing.T) {
			got := get(definitionPath+query).send(t, srv)
			got.assertBody(t, salesDefinition+got.requestID()+`"}`)
		})
	}
}

func TestDescribeDefinitionRefusesAVersion(t *testing.T) {
	srv := newSalesServer(t)
	for _, query := range []string{
		"?version-number=",
		"?version-number=0",
		"?version-number=-1",
		"?version-number=latest",
		"?alias-name=",
		"?alias-name=a.b",
		"?alias-name=" + strings.Repeat("a", 2049),
		"?alias-name=%24DRAFT",
	} {
		t.Run(query, func(t *testing.T) {
			got := get(definitionPath+query).send(t, srv)
			got.assertError(t, 400, "InvalidParameterValueException")
		})
	}
}

// A dashboard that was not added has a definition without sheets.
func TestDescribeDefinitionWithoutSheets(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	got := get(definitionPath).send(t, srv)
	want := `{"DashboardId":"sales","Name":"sales","ResourceStatus":"CREATION_SUCCESSFUL",` +
		`"Definition":{"DataSetIdentifierDeclarations":[]},"RequestId":"` + got.requestID() + `"}`
	got.assertBody(t, want)
}

func TestDescribeDefinitionOfNoDashboard(t *testing.T) {
	srv := newSalesServer(t, func(o *snapshotjobtest.Options) {
		o.Dashboards = []string{}
	})
	get(definitionPath).send(t, srv).assertOK(t)
	get(otherPath+"/definition").send(t, srv).assertError(t, 404, "ResourceNotFoundException")
	get("/accounts/444455556666/dashboards/sales/definition").send(t, srv).
		assertError(t, 401, "AccessDeniedException")
	get("/accounts/111122223333/dashboards/a.b/definition").send(t, srv).
		assertError(t, 400, "InvalidParameterValueException")
}

// The client reads what the server writes.
func TestDescribeDefinitionByTheClient(t *testing.T) {
	srv := newSalesServer(t)
	in := &snapshotjob.DescribeDashboardDefinitionInput{
		AWSAccountID: "111122223333",
		DashboardID:  "sales",
		AliasName:    "$LATEST",
	}
	out, err := srv.Client().DescribeDashboardDefinition(t.Context(), in)
	require.NoError(t, err)
	assert.Equal(t, []snapshotjob.DashboardSheet{salesSheet, {SheetID: "empty"}}, out.Sheets)
	assert.Equal(t, "sales", out.Name)
}

func TestDescribeDefinitionMeetsAFault(t *testing.T) {
	srv := newSalesServer(t)
	srv.Fail(snapshotjobtest.DescribeDashboardDefinition, snapshotjobtest.Throttle())
	got := get(definitionPath).send(t, srv)
	got.assertError(t, 429, "ThrottlingException")
	assert.Empty(t, srv.Unused())
}
