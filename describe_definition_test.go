package snapshotjob_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// definitionInput is the input of a description under a shorter name.
type definitionInput = snapshotjob.DescribeDashboardDefinitionInput

// salesDashboard names the dashboard that these tests describe.
var salesDashboard = &definitionInput{AWSAccountID: "111122223333", DashboardID: "sales"}

// describeDefinition describes salesDashboard at a service that sends this body.
func describeDefinition(t *testing.T, body string) (*snapshotjob.DescribeDashboardDefinitionOutput, error) {
	t.Helper()
	recorder := &startRecorder{status: 200, header: []string{"X-Amzn-Requestid", "H"}, body: body}
	return startClient(recorder).DescribeDashboardDefinition(t.Context(), salesDashboard)
}

// describeVisuals describes a dashboard with one sheet, whose visuals are these.
func describeVisuals(t *testing.T, visuals string) ([]snapshotjob.DashboardVisual, error) {
	t.Helper()
	out, err := describeDefinition(t, `{"Definition":{"Sheets":[{"SheetId":"s","Visuals":`+visuals+`}]}}`)
	if err != nil {
		return nil, err
	}
	require.Len(t, out.Sheets, 1)
	return out.Sheets[0].Visuals, nil
}

// definitionBody is a definition with what is kept, and with much that is not.
const definitionBody = `{
	"DashboardId": "d",
	"Name": "Sales",
	"ResourceStatus": "UPDATE_SUCCESSFUL",
	"RequestId": "R",
	"Status": 500,
	"ThemeArn": "arn",
	"Errors": [{"Type": "ACCESS_DENIED", "Message": "m", "ViolatedEntities": [{"Path": "p"}]}],
	"Definition": {
		"DataSetIdentifierDeclarations": [{"Identifier": "i", "DataSetArn": "a"}],
		"Sheets": [
			{
				"SheetId": "s",
				"Name": "Summary",
				"Title": "another title",
				"Layouts": [{"Configuration": {"GridLayout": {"Elements": [{"ElementId": "t"}]}}}],
				"Visuals": [
					{"TableVisual": {
						"VisualId": "t",
						"Title": {"Visibility": "VISIBLE", "FormatText": {"PlainText": "Orders"}},
						"ChartConfiguration": {"FieldWells": {"VisualId": "no", "Title": {}}}
					}},
					{"BarChartVisual": {"VisualId": "b"}}
				]
			},
			{"SheetId": "u"}
		],
		"CalculatedFields": [{"Name": "n", "Expression": "sum({x})"}]
	}
}`

func TestDescribeDefinitionMembers(t *testing.T) {
	want := &snapshotjob.DescribeDashboardDefinitionOutput{
		DashboardID:    "d",
		Name:           "Sales",
		ResourceStatus: "UPDATE_SUCCESSFUL",
		Sheets: []snapshotjob.DashboardSheet{
			{
				SheetID: "s",
				Name:    "Summary",
				Visuals: []snapshotjob.DashboardVisual{
					{VisualID: "t", Kind: "TableVisual", Title: "Orders"},
					{VisualID: "b", Kind: "BarChartVisual"},
				},
			},
			{SheetID: "u"},
		},
		RequestID: "R",
		Status:    200,
	}
	got, err := describeDefinition(t, definitionBody)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

// A dashboard whose creation failed may have no definition.
func TestDescribeDefinitionOfLittle(t *testing.T) {
	for _, body := range []string{
		``,
		`null`,
		`{}`,
		`{"Definition":null}`,
		`{"Definition":{"Sheets":null},"Name":null}`,
		`{"Definition":{"Sheets":[]}}`,
		`{"Definition":{"Sheets":[null,{},{"Name":"n","Visuals":[{"TableVisual":{"VisualId":"v"}}]}]}}`,
	} {
		t.Run(body, func(t *testing.T) {
			want := &snapshotjob.DescribeDashboardDefinitionOutput{
				DashboardID: "sales",
				RequestID:   "H",
				Status:      200,
			}
			got, err := describeDefinition(t, body)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestDescribeDefinitionTitles(t *testing.T) {
	for _, tt := range []struct {
		name  string
		title string
		want  string
	}{
		{name: "null", title: `null`, want: ""},
		{name: "null text", title: `{"FormatText":null}`, want: ""},
		{name: "null plain text", title: `{"FormatText":{"PlainText":null}}`, want: ""},
		{name: "plain", title: `{"FormatText":{"PlainText":" a <b> &amp; "}}`, want: " a <b> &amp; "},
		{name: "rich", title: `{"FormatText":{"RichText":"<title><b>a</b> &amp;\n b</title>"}}`, want: "a & b"},
		{name: "both", title: `{"FormatText":{"RichText":"r","PlainText":"p"}}`, want: "p"},
		{name: "plain is empty", title: `{"FormatText":{"PlainText":"","RichText":"r"}}`, want: "r"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := describeVisuals(t, `[{"TableVisual":{"VisualId":"v","Title":`+tt.title+`}}]`)
			require.NoError(t, err)
			want := snapshotjob.DashboardVisual{VisualID: "v", Kind: "TableVisual", Title: tt.want}
			assert.Equal(t, []snapshotjob.DashboardVisual{want}, got)
		})
	}
}

func TestDescribeDefinitionOddVisuals(t *testing.T) {
	for _, tt := range []struct {
		name   string
		visual string
		want   []snapshotjob.DashboardVisual
	}{
		{name: "null", visual: `null`},
		{name: "empty", visual: `{}`},
		{name: "null kind", visual: `{"TableVisual":null}`},
		{name: "no id", visual: `{"TableVisual":{"Title":{"FormatText":{"PlainText":"t"}}}}`},
		{
			name:   "unknown kind",
			visual: `{"Hologram\u0056isual":{"VisualId":"v","Beams":[[{}]]}}`,
			want:   []snapshotjob.DashboardVisual{{Kind: "HologramVisual", VisualID: "v"}},
		},
		{
			name:   "null kinds around",
			visual: `{"BarChartVisual":null,"TableVisual":{"VisualId":"v"},"PieChartVisual":null}`,
			want:   []snapshotjob.DashboardVisual{{Kind: "TableVisual", VisualID: "v"}},
		},
		{
			name:   "members that are no visuals",
			visual: `{"Locked":true,"Order":[{"VisualId":"w"}],"TableVisual":{"VisualId":"v"},"Note":"n"}`,
			want:   []snapshotjob.DashboardVisual{{Kind: "TableVisual", VisualID: "v"}},
		},
		{
			name:   "two kinds",
			visual: `{"TableVisual":{"VisualId":"v"},"BarChartVisual":{"VisualId":"w"}}`,
			want: []snapshotjob.DashboardVisual{
				{Kind: "TableVisual", VisualID: "v"},
				{Kind: "BarChartVisual", VisualID: "w"},
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const next = `{"KPIVisual":{"VisualId":"next"}}`
			got, err := describeVisuals(t, `[`+tt.visual+`,`+next+`]`)
			require.NoError(t, err)
			want := append(tt.want, snapshotjob.DashboardVisual{Kind: "KPIVisual", VisualID: "next"})
			assert.Equal(t, want, got)
		})
	}
}

// What is kept must be of the right type.
func TestDescribeDefinitionOfWrongTypes(t *testing.T) {
	for _, body := range []string{
		`[]`,
		`{"Name":1}`,
		`{"Definition":[]}`,
		`{"Definition":{"Sheets":{}}}`,
		`{"Definition":{"Sheets":[1]}}`,
		`{"Definition":{"Sheets":[{"SheetId":{}}]}}`,
		`{"Definition":{"Sheets":[{"Visuals":{}}]}}`,
		`{"Definition":{"Sheets":[{"Visuals":["TableVisual"]}]}}`,
		`{"Definition":{"Sheets":[{"Visuals":[[]]}]}}`,
		`{"Definition":{"Sheets":[{"Visuals":[{"TableVisual":{"VisualId":1}}]}]}}`,
		`{"Definition":{"Sheets":[{"Visuals":[{"TableVisual":{"Title":"t"}}]}]}}`,
		`{"Definition":{"Sheets":[{"Visuals":[{"TableVisual":{"Title":{"FormatText":{"RichText":[]}}}}]}]}}`,
	} {
		t.Run(body, func(t *testing.T) {
			_, err := describeDefinition(t, body)
			assert.ErrorContains(t, err, "111122223333/sales: ")
			assert.ErrorContains(t, err, "failed to decode response body")
			assert.False(t, snapshotjob.IsTransient(err))
		})
	}
}

// A body that was cut off is asked for again, wherever its end is.
func TestDescribeDefinitionCutOff(t *testing.T) {
	for length := 1; length < len(definitionBody); length++ {
		recorder := &startRecorder{status: 200, body: definitionBody[:length]}
		client := startClient(recorder, func(o *snapshotjob.Options) { o.RetryMaxAttempts = 1 })
		_, err := client.DescribeDashboardDefinition(t.Context(), salesDashboard)
		require.ErrorContains(t, err, "cut off after")
		require.True(t, snapshotjob.IsTransient(err), "%v", err)
	}
}

func TestDescribeDefinitionSkipsWhatIsNotKept(t *testing.T) {
	for _, body := range []string{
		`{"Errors":1,"Definition":{"Sheets":[{"SheetId":"s","Layouts":"l"}],"Options":true}}`,
		`{"Status":"x","Definition":{"Options":{"a":1,"a":[]},"Sheets":[{"SheetId":"s","a":0,"a":0}]}}`,
	} {
		got, err := describeDefinition(t, body)
		require.NoError(t, err)
		assert.Equal(t, []snapshotjob.DashboardSheet{{SheetID: "s"}}, got.Sheets)
	}
}

// The request as a connection would carry it. The order of the headers is that of package net/http.
func TestDescribeDefinitionRequest(t *testing.T) {
	for _, tt := range []struct {
		name    string
		in      definitionInput
		wantURI string
	}{
		{
			name:    "published",
			in:      definitionInput{DashboardID: "sales"},
			wantURI: "/accounts/111122223333/dashboards/sales/definition",
		},
		{
			name:    "version",
			in:      definitionInput{DashboardID: "sales", VersionNumber: 7},
			wantURI: "/accounts/111122223333/dashboards/sales/definition?version-number=7",
		},
		{
			name:    "alias",
			in:      definitionInput{DashboardID: "sales", AliasName: "blue_2-x"},
			wantURI: "/accounts/111122223333/dashboards/sales/definition?alias-name=blue_2-x",
		},
		{
			name:    "escaped once",
			in:      definitionInput{DashboardID: "a/b ü?", AliasName: "$LATEST"},
			wantURI: "/accounts/111122223333/dashboards/a%2Fb%20%C3%BC%3F/definition?alias-name=%24LATEST",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.in.AWSAccountID = "111122223333"
			wire := definitionOnTheWire(t, &tt.in)
			assert.True(t, strings.HasPrefix(wire, "GET "+tt.wantURI+" HTTP/1.1\r\n"), wire)
			assert.NotContains(t, wire, "Content-")
		})
	}
}

// definitionOnTheWire is the request for a definition, as a connection would carry it.
func definitionOnTheWire(t *testing.T, in *definitionInput) string {
	t.Helper()
	recorder := &startRecorder{status: 200}
	_, err := startClient(recorder).DescribeDashboardDefinition(t.Context(), in)
	require.NoError(t, err)
	require.Len(t, recorder.requests, 1)
	assert.Equal(t, http.MethodGet, recorder.requests[0].Method)
	var wire bytes.Buffer
	require.NoError(t, recorder.requests[0].Write(&wire))
	return wire.String()
}

func TestDescribeDefinitionOfNilInput(t *testing.T) {
	const want = "operation error QuickSight: DescribeDashboardDefinition, " +
		"invalid input: in is nil: want the dashboard to describe"
	recorder := &startRecorder{}
	_, err := startClient(recorder).DescribeDashboardDefinition(t.Context(), nil)
	assert.EqualError(t, err, want)
	assert.Empty(t, recorder.requests)
}

func TestDescribeDefinitionTellsOfAllProblems(t *testing.T) {
	const want = "operation error QuickSight: DescribeDashboardDefinition, invalid input: " +
		`AWSAccountID "1" is not an account id: want 12 digits; ` +
		`DashboardID ".." cannot stand in a request path; ` +
		`VersionNumber is -1: want the number of a version, or 0 for the latest published one; ` +
		`AliasName is "a.b": want letters, digits, "_" and "-", or $LATEST or $PUBLISHED; ` +
		`AliasName is set as well as VersionNumber: want one of the two`
	recorder := &startRecorder{}
	in := &definitionInput{AWSAccountID: "1", DashboardID: "..", VersionNumber: -1, AliasName: "a.b"}
	_, err := startClient(recorder).DescribeDashboardDefinition(t.Context(), in)
	assert.EqualError(t, err, want)
	assert.Empty(t, recorder.requests)
}

func TestDescribeDefinitionRefusesAliases(t *testing.T) {
	for _, alias := range []string{" ", "$DRAFT", "latest$", "LATEST$LATEST$", "a b", "ü", "a/b", "a\n"} {
		in := &definitionInput{AWSAccountID: "111122223333", DashboardID: "sales", AliasName: alias}
		recorder := &startRecorder{}
		_, err := startClient(recorder).DescribeDashboardDefinition(t.Context(), in)
		var invalid *snapshotjob.InvalidInputError
		require.ErrorAs(t, err, &invalid, "alias %q", alias)
		assert.Equal(t, "AliasName", invalid.Faults[0].Field)
		assert.Empty(t, recorder.requests)
	}
}

func TestDescribeDefinitionIsTriedAgain(t *testing.T) {
	server := startServer(t, snapshotjobtest.Completed())
	server.AddDashboard("sales", snapshotjob.DashboardSheet{SheetID: "s"})
	server.Fail(snapshotjobtest.DescribeDashboardDefinition, snapshotjobtest.Drop())
	out, err := server.Client().DescribeDashboardDefinition(t.Context(), salesDashboard)
	require.NoError(t, err)
	assert.Equal(t, []snapshotjob.DashboardSheet{{SheetID: "s"}}, out.Sheets)
	assert.Equal(t, 2, startCount(server, snapshotjobtest.DescribeDashboardDefinition))
}

func TestDescribeDefinitionErrorNamesTheDashboard(t *testing.T) {
	server := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		o.Dashboards = []string{"other"}
	})
	_, err := server.Client().DescribeDashboardDefinition(t.Context(), salesDashboard)
	assert.ErrorAs(t, err, new(*snapshotjob.ResourceNotFoundException))
	assert.ErrorContains(t, err, "DescribeDashboardDefinition, 111122223333/sales: ")
}

// A change of the dashboard takes longer than the pauses between attempts.
func TestDescribeDefinitionIsNotTriedAgainAfterAConflict(t *testing.T) {
	server := snapshotjobtest.NewTestServer(t)
	server.Fail(snapshotjobtest.DescribeDashboardDefinition,
		snapshotjobtest.Answer(409, "ConflictException", "m"))
	_, err := server.Client().DescribeDashboardDefinition(t.Context(), salesDashboard)
	assert.ErrorAs(t, err, new(*snapshotjob.ConflictException))
	assert.Equal(t, 1, startCount(server, snapshotjobtest.DescribeDashboardDefinition))
}

func TestExportable(t *testing.T) {
	for kind, want := range map[string]bool{
		"TableVisual":      true,
		"PivotTableVisual": true,
		"BarChartVisual":   false,
		"HologramVisual":   false,
		"tablevisual":      false,
		"":                 false,
	} {
		visual := snapshotjob.DashboardVisual{VisualID: "v", Kind: kind}
		assert.Equal(t, want, visual.Exportable(), kind)
	}
}
