package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/quicksight-go/snapshotjob"
)

// catalog finds the sheets and visuals of a dashboard by their ids or names.
type catalog struct {
	dashboardID string

	// sheets are those of the dashboard. If there are none, because the definition could
	// not be read, every text is taken for an id.
	sheets []snapshotjob.DashboardSheet
}

// sheet returns the sheet that a text names, by its id or else by its name.
func (c *catalog) sheet(text string) (snapshotjob.DashboardSheet, error) {
	if len(c.sheets) == 0 {
		return snapshotjob.DashboardSheet{SheetID: text}, nil
	}
	found := named(c.sheets, text, sheetNames)
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return snapshotjob.DashboardSheet{}, usagef("dashboard %q has no sheet %q%s",
			c.dashboardID, text, nearest(c.sheets, text, sheetNames))
	default:
		return snapshotjob.DashboardSheet{}, usagef(
			"dashboard %q has %d sheets with the name %q: give the id of one", c.dashboardID, len(found), text)
	}
}

// visualRef is a visual and the sheet that it is on.
type visualRef struct {
	sheet  snapshotjob.DashboardSheet
	visual snapshotjob.DashboardVisual
}

// isSame reports whether another reference is to the same visual.
func (v visualRef) isSame(other visualRef) bool {
	return v.sheet.SheetID == other.sheet.SheetID && v.visual.VisualID == other.visual.VisualID
}

// visual returns the visual that a text of the form SHEET/VISUAL names. The error says so
// if CSV and Excel files cannot have it.
func (c *catalog) visual(text string) (visualRef, error) {
	sheetText, visualText, isPair := c.cut(text)
	if !isPair {
		return visualRef{}, usagef("%q names no visual: want SHEET/VISUAL", text)
	}
	sheet, err := c.sheet(sheetText)
	if err != nil {
		return visualRef{}, err
	}
	if len(c.sheets) == 0 {
		return visualRef{sheet: sheet, visual: snapshotjob.DashboardVisual{VisualID: visualText}}, nil
	}
	found := named(sheet.Visuals, visualText, visualNames)
	switch {
	case len(found) == 0:
		return visualRef{}, usagef("sheet %q has no visual %q%s",
			sheetText, visualText, nearest(sheet.Visuals, visualText, visualNames))
	case len(found) > 1:
		return visualRef{}, usagef("sheet %q has %d visuals with the title %q: give the id of one",
			sheetText, len(found), visualText)
	case !found[0].Exportable():
		return visualRef{}, usagef("the visual %q is a %s: CSV and Excel files have tables and pivot tables alone",
			text, found[0].Kind)
	}
	return visualRef{sheet: sheet, visual: found[0]}, nil
}

// cut splits a text of the form SHEET/VISUAL. Names may have slashes too: the first slash
// behind the name of a sheet counts.
func (c *catalog) cut(text string) (sheet, visual string, isPair bool) {
	for i, char := range text {
		if char != '/' {
			continue
		}
		if len(named(c.sheets, text[:i], sheetNames)) > 0 {
			return text[:i], text[i+1:], text[i+1:] != ""
		}
	}
	sheet, visual, isPair = strings.Cut(text, "/")
	return sheet, visual, isPair && sheet != "" && visual != ""
}

// tables returns the visuals that CSV and Excel files can have.
func (c *catalog) tables() []visualRef {
	var tables []visualRef
	for _, sheet := range c.sheets {
		for _, visual := range sheet.Visuals {
			if visual.Exportable() {
				tables = append(tables, visualRef{sheet: sheet, visual: visual})
			}
		}
	}
	return tables
}

// names are what an element is called: its id, and its name or title.
type names struct {
	id   string
	name string
}

// sheetNames returns what a sheet is called.
func sheetNames(sheet snapshotjob.DashboardSheet) names {
	return names{id: sheet.SheetID, name: sheet.Name}
}

// visualNames returns what a visual is called.
func visualNames(visual snapshotjob.DashboardVisual) names {
	return names{id: visual.VisualID, name: visual.Title}
}

// named returns the element with this id. If there is none, it returns the elements with
// this name, and if there are none either, those whose names differ from it in upper and
// lower case alone.
func named[E any](elements []E, text string, namesOf func(E) names) []E {
	matches := []func(names) bool{
		func(n names) bool { return n.id == text },
		func(n names) bool { return n.name == text },
		func(n names) bool { return strings.EqualFold(n.name, text) },
	}
	for _, match := range matches {
		var found []E
		for _, element := range elements {
			if match(namesOf(element)) {
				found = append(found, element)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// mostNear is how many elements an error suggests.
const mostNear = 3

// nearest returns the end of an error about a text that names none of the elements: it
// suggests those whose names differ least.
func nearest[E any](elements []E, text string, namesOf func(E) names) string {
	if len(elements) == 0 {
		return ": it has none"
	}
	wanted := strings.ToLower(text)
	distance := func(element E) int {
		n := namesOf(element)
		return min(
			levenshtein.ComputeDistance(wanted, strings.ToLower(n.id)),
			levenshtein.ComputeDistance(wanted, strings.ToLower(n.name)),
		)
	}
	sorted := slices.Clone(elements)
	slices.SortStableFunc(sorted, func(a, b E) int {
		return cmp.Compare(distance(a), distance(b))
	})
	var suggestions []string
	for _, element := range sorted[:min(mostNear, len(sorted))] {
		n := namesOf(element)
		suggestions = append(suggestions, fmt.Sprintf("%q (id %s)", n.name, n.id))
	}
	return ": the nearest are " + strings.Join(suggestions, ", ") +
		`; "snapshotjob sheets" lists all`
}
