package snapshotjobtest

import (
	"fmt"
	"slices"

	"github.com/quicksight-go/snapshotjob"
)

// AddDashboard makes a dashboard that has these sheets, and no others. It exists from
// now on, in every account. DescribeDashboardDefinition tells its sheets and visuals,
// whichever version is asked for. A start that names another sheet or visual is refused
// with InvalidParameterValueException, as is one for a CSV or Excel file of a visual
// that is not [snapshotjob.DashboardVisual.Exportable]. A dashboard of the same id is
// replaced; its jobs stay.
//
// A dashboard that was not added in this way accepts every sheet and visual, and has an
// empty definition. AddDashboard panics if the id is empty, since no request could name
// the dashboard.
func (s *Server) AddDashboard(id string, sheets ...snapshotjob.DashboardSheet) {
	if id == "" {
		panic("snapshotjobtest: AddDashboard: the id is empty, so that no request could name the dashboard")
	}
	added := &dashboard{}
	for _, sheet := range sheets {
		sheet.Visuals = slices.Clone(sheet.Visuals)
		added.sheets = append(added.sheets, sheet)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dashboards[id] = added
}

// dashboard is one that was added with its sheets. It does not change.
type dashboard struct {
	sheets []snapshotjob.DashboardSheet
}

// sheet returns the sheet of an id, or nil if there is none.
func (d *dashboard) sheet(id string) *snapshotjob.DashboardSheet {
	for i := range d.sheets {
		if d.sheets[i].SheetID == id {
			return &d.sheets[i]
		}
	}
	return nil
}

// findVisual returns the visual of an id. It reports false if the sheet has none.
func findVisual(sheet *snapshotjob.DashboardSheet, id string) (snapshotjob.DashboardVisual, bool) {
	for _, visual := range sheet.Visuals {
		if visual.VisualID == id {
			return visual, true
		}
	}
	return snapshotjob.DashboardVisual{}, false
}

// AWS documents neither that a start is refused for a sheet that the dashboard lacks, nor
// with which exception. InvalidParameterValueException is the one for a parameter's
// value. ResourceNotFoundException is for resources, which a sheet is not: the API's list
// of resource types has none.

// checkSheets checks that the dashboard has what the files of a start show.
func (d *dashboard) checkSheets(groups []wireGroup) *apiError {
	for i, group := range groups {
		file := group.Files[0]
		for j, selection := range file.SheetSelections {
			field := fmt.Sprintf("SnapshotConfiguration.FileGroups[%d].Files[0].SheetSelections[%d]", i, j)
			if err := d.checkSelection(field, selection, file.FormatType); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkSelection checks that the dashboard has a sheet, and the sheet the visuals, that
// a file of a format shows. CSV and Excel take tables and pivot tables alone (API
// reference, SnapshotFileSheetSelection).
func (d *dashboard) checkSelection(field string, selection wireSheet, format string) *apiError {
	sheet := d.sheet(selection.SheetID)
	if sheet == nil {
		return invalid(field+".SheetId", "the dashboard has no sheet %q", selection.SheetID)
	}
	for i, id := range selection.VisualIDs {
		name := at(field+".VisualIds", i)
		visual, found := findVisual(sheet, id)
		if !found {
			return invalid(name, "the sheet %q has no visual %q", sheet.SheetID, id)
		}
		if formatRules[format].namesVisuals() && !visual.Exportable() {
			return invalid(name, "want a table or a pivot table for %s, got the %s %q", format, visual.Kind, id)
		}
	}
	return nil
}
