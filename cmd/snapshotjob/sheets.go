package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/quicksight-go/snapshotjob"
)

// sheetsCommand lists the sheets and visuals of a dashboard.
type sheetsCommand struct {
	dashboardFlags
}

// Help returns what the help shows below the usage.
func (sheetsCommand) Help() string {
	return `A PDF can be made of every sheet; CSV and Excel files of tables and pivot tables.

Examples:

    snapshotjob sheets --dashboard-id revenue
    snapshotjob sheets --dashboard-id revenue --output json
`
}

// Run runs the command.
func (c *sheetsCommand) Run(ctx context.Context, s *session) error {
	connected, err := s.connect(ctx)
	if err != nil {
		return err
	}
	account, err := connected.accountID(ctx, c.AWSAccountID)
	if err != nil {
		return err
	}
	dashboard := &snapshotjob.DescribeDashboardDefinitionInput{
		AWSAccountID: account,
		DashboardID:  c.DashboardID,
	}
	definition, err := connected.client.DescribeDashboardDefinition(ctx, dashboard)
	if err != nil {
		return err
	}
	if len(definition.Sheets) == 0 {
		fmt.Fprintf(s.stderr, "The dashboard %s has no sheets.\n", oneLine(c.DashboardID))
	}
	output := s.newPrinter("NAME", "ID", "KIND", "EXPORT AS")
	for _, sheet := range definition.Sheets {
		if err := output.print(newSheetRecord(sheet)); err != nil {
			return err
		}
	}
	return output.flush()
}

// sheetRecord is what "sheets" shows of a sheet.
type sheetRecord struct {
	SheetID string `json:"SheetId"`
	Name    string
	Visuals []visualRecord
}

// visualRecord is what "sheets" shows of a visual.
type visualRecord struct {
	VisualID   string `json:"VisualId"`
	Kind       string
	Title      string `json:",omitzero"`
	Exportable bool   // as CSV or Excel
}

// newSheetRecord returns the record of a sheet.
func newSheetRecord(sheet snapshotjob.DashboardSheet) sheetRecord {
	record := sheetRecord{
		SheetID: sheet.SheetID,
		Name:    sheet.Name,
		Visuals: []visualRecord{},
	}
	for _, visual := range sheet.Visuals {
		record.Visuals = append(record.Visuals, visualRecord{
			VisualID:   visual.VisualID,
			Kind:       visual.Kind,
			Title:      visual.Title,
			Exportable: visual.Exportable(),
		})
	}
	return record
}

// tableRows returns the sheet and its visuals as a tree.
func (r sheetRecord) tableRows() []row {
	rows := []row{{r.Name, r.SheetID, "sheet", "PDF"}}
	for i, visual := range r.Visuals {
		branch := "├─ "
		if i == len(r.Visuals)-1 {
			branch = "└─ "
		}
		formats := ""
		if visual.Exportable {
			formats = "CSV, Excel"
		}
		rows = append(rows, row{branch + visual.Title, visual.VisualID, visual.Kind, formats})
	}
	return rows
}

// textRows returns a row for each visual, or one for the sheet if it has none.
func (r sheetRecord) textRows() []row {
	if len(r.Visuals) == 0 {
		return []row{{r.SheetID, r.Name, "", "", "", ""}}
	}
	var rows []row
	for _, visual := range r.Visuals {
		rows = append(rows, row{
			r.SheetID,
			r.Name,
			visual.VisualID,
			visual.Title,
			visual.Kind,
			strconv.FormatBool(visual.Exportable),
		})
	}
	return rows
}

// problem returns an empty text: a sheet has no problem.
func (r sheetRecord) problem() string { return "" }
