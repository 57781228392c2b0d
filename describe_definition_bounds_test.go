package snapshotjob

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// maxDefinition is the largest body of a definition.
const maxDefinition = 16 << 20

// definitionOfSize returns a body with one visual, and with so many bytes that are not kept.
func definitionOfSize(skipped int) string {
	const skip = `{"Column":{"DataSetIdentifier":"d","ColumnName":"n\u00e9"},"Value":[1.5e3,true,null,{}]},`
	rest := strings.Repeat(skip, skipped/len(skip))
	return `{"Name":"Sales","Definition":{"FilterGroups":[` + rest + `0],"Sheets":[{"SheetId":"s",` +
		`"Layouts":[` + rest[:len(rest)/2/len(skip)*len(skip)] + `0],"Visuals":[{"TableVisual":{"VisualId":"v",` +
		`"ChartConfiguration":[` + rest[:len(rest)/2/len(skip)*len(skip)] + `0],` +
		`"Title":{"FormatText":{"PlainText":"t"}}}}]}]}}`
}

// allocatedBy returns how many bytes a function allocates.
func allocatedBy(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestNothingIsAllocatedForWhatADefinitionSkips(t *testing.T) {
	const mebibytes = 15
	body := []byte(definitionOfSize(mebibytes << 20 / 2))
	require.Greater(t, len(body), (mebibytes-1)<<20)
	require.Less(t, len(body), maxDefinition)

	var decoded describeDefinitionBody
	allocated := allocatedBy(func() {
		require.NoError(t, decodeJSON(body, &decoded, describeDefinition.decodeOptions...))
	})
	assert.Less(t, allocated, uint64(64<<10))
	visual := DashboardVisual{VisualID: "v", Kind: "TableVisual", Title: "t"}
	want := sheetList{{SheetID: "s", Visuals: []DashboardVisual{visual}}}
	assert.Equal(t, want, decoded.Definition.Sheets)
}

func TestLargeDefinitionIsRead(t *testing.T) {
	body := definitionOfSize(15 << 20 / 2)
	client := New(options(responses(mockResponse{status: 200, body: body})))
	out, err := client.DescribeDashboardDefinition(t.Context(), exampleDefinition)
	require.NoError(t, err)
	assert.Equal(t, "Sales", out.Name)
	require.Len(t, out.Sheets, 1)
	assert.Equal(t, "s", out.Sheets[0].SheetID)
}

func TestDefinitionOver16MebibytesIsRefused(t *testing.T) {
	for _, tt := range []struct {
		length  int
		wantErr bool
	}{
		{length: maxDefinition, wantErr: false},
		{length: maxDefinition + 1, wantErr: true},
	} {
		t.Run(fmt.Sprint(tt.length), func(t *testing.T) {
			const body = `{"Name":"Sales"}`
			sent := responses(mockResponse{status: 200, body: body + strings.Repeat(" ", tt.length-len(body))})
			_, err := New(options(sent)).DescribeDashboardDefinition(t.Context(), exampleDefinition)
			assert.Len(t, sent.requests, 1)
			if tt.wantErr {
				assert.ErrorContains(t, err, "longer than 16777216 bytes")
			} else {
				assert.NoError(t, err)
			}
		})
	}
}

// tinyParts are definitions of a quarter of as many parts as a response can have. The cost grows with
// the number of parts.
func tinyParts() map[string]string {
	const size = maxDefinition / 4
	const sheets = `{"Definition":{"Sheets":[`
	const visuals = sheets + `{"SheetId":"a","Visuals":[`
	fill := func(before, part, after string) string {
		return before + strings.Repeat(part+",", size/(len(part)+1)-100) + part + after
	}
	return map[string]string{
		"sheets":        fill(sheets, `{"SheetId":"a"}`, `]}}`),
		"empty sheets":  fill(sheets, `{}`, `]}}`),
		"visuals":       fill(visuals, `{"a":{"VisualId":"a"}}`, `]}]}}`),
		"empty visuals": fill(visuals, `{}`, `]}]}}`),
		"kinds":         fill(visuals+"{", `"a":{"VisualId":"a"}`, `}]}]}}`),
		"twice":         fill("{", `"Name":"x"`, "}"),
		"skipped twice": fill(`{"a":0,"a":[`, `{}`, `]}`),
		"tags":          fill(visuals+`{"a":{"VisualId":"a","Title":{"FormatText":{"RichText":"`, `<b`, `"}}}}]}]}}`),
	}
}

func TestManyTinyPartsOfADefinitionCostLittle(t *testing.T) {
	const bound = 192 << 20 // coarse: up to 100 MiB are usual, most of it garbage
	for name, body := range tinyParts() {
		t.Run(name, func(t *testing.T) {
			client := New(options(responses(mockResponse{status: 200, body: body})))
			allocated := allocatedBy(func() {
				_, err := client.DescribeDashboardDefinition(t.Context(), exampleDefinition)
				require.NoError(t, err)
			})
			t.Logf("%d MiB", allocated>>20)
			assert.Less(t, allocated, uint64(bound))
		})
	}
}

// To read a body with repeated members as other operations do would take gigabytes.
func TestWrongTypeInALargeDefinitionCostsLittle(t *testing.T) {
	body := `{"Name":1,` + strings.TrimPrefix(tinyParts()["skipped twice"], "{")
	client := New(options(responses(mockResponse{status: 200, body: body})))
	allocated := allocatedBy(func() {
		_, err := client.DescribeDashboardDefinition(t.Context(), exampleDefinition)
		require.ErrorContains(t, err, "failed to decode response body")
	})
	assert.Less(t, allocated, uint64(64<<20))
}
