package snapshotjobtest

import (
	"net/url"
	"regexp"
	"strconv"
	"unicode/utf8"

	"github.com/quicksight-go/snapshotjob"
)

// aliasPattern is the service model's.
var aliasPattern = regexp.MustCompile(`^([\w\-]+|(\$LATEST)|(\$PUBLISHED))$`)

// maxAlias is the longest name of an alias, in characters.
const maxAlias = 2048

// describeDefinition tells the sheets and the visuals of a dashboard. A dashboard has a
// single definition, which is that of all its versions.
func (c *call) describeDefinition() (*apiResponse, *apiError) {
	if err := checkDashboardIDs(c.job); err != nil {
		return nil, err
	}
	if err := checkVersion(c.request.URL.Query()); err != nil {
		return nil, err
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if _, err := c.server.findDashboardLocked(c.job); err != nil {
		return nil, err
	}
	body := wireDescribedDefinition{
		DashboardID:    c.job.DashboardID,
		Name:           c.job.DashboardID,
		ResourceStatus: "CREATION_SUCCESSFUL",
		RequestID:      c.record.ID,
	}
	body.Definition.DataSetIdentifierDeclarations = []string{}
	if added := c.server.dashboards[c.job.DashboardID]; added != nil {
		body.Definition.Sheets = wireDefinitionSheets(added.sheets)
	}
	return ok(body), nil
}

// checkVersion checks the query, which may name a version.
func checkVersion(query url.Values) *apiError {
	if text := query.Get("version-number"); query.Has("version-number") {
		number, err := strconv.ParseInt(text, 10, 64)
		if err != nil || number < 1 {
			return invalid("VersionNumber", "want a positive number, got %q", text)
		}
	}
	if alias := query.Get("alias-name"); query.Has("alias-name") {
		if !aliasPattern.MatchString(alias) || utf8.RuneCountInString(alias) > maxAlias {
			return invalid("AliasName", "want %s, 1 to %d characters, got %q", aliasPattern, maxAlias, alias)
		}
	}
	return nil
}

// wireDefinitionSheets returns sheets as a definition has them.
func wireDefinitionSheets(sheets []snapshotjob.DashboardSheet) []wireDefinitionSheet {
	var list []wireDefinitionSheet
	for _, sheet := range sheets {
		wired := wireDefinitionSheet{SheetID: sheet.SheetID, Name: sheet.Name}
		for _, visual := range sheet.Visuals {
			wired.Visuals = append(wired.Visuals, wireDefinitionVisual(visual))
		}
		list = append(list, wired)
	}
	return list
}

// wireDefinitionVisual returns a visual as a definition has it.
func wireDefinitionVisual(visual snapshotjob.DashboardVisual) wireVisual {
	wired := wireVisualMembers{VisualID: visual.VisualID}
	if visual.Title != "" {
		wired.Title = &wireTitle{
			Visibility: "VISIBLE",
			FormatText: wireFormatText{PlainText: visual.Title},
		}
	}
	return wireVisual{visual.Kind: wired}
}
