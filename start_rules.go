package snapshotjob

import "unicode/utf8"

// faults applies the rules of the service model and of the API reference
// (StartDashboardSnapshotJob), but for parameters. It quotes no tag's value.
func (in *StartDashboardSnapshotJobInput) faults() faultList {
	faults := in.Job.faults(nil)
	groups := in.SnapshotConfiguration.FileGroups
	faults.checkCount("FileGroups", "has %d groups", len(groups), 1, 7, "")
	count := map[SnapshotFileFormatType]int{}
	for i, g := range groups {
		field := at("FileGroups", i) + ".Files"
		faults.checkCount(field, "has %d files", len(g.Files), 1, 1, "")
		for j, file := range g.Files {
			count[file.FormatType]++
			faults.checkFile(at(field, j), file)
		}
	}
	for _, format := range []SnapshotFileFormatType{SnapshotFileFormatTypeCSV, SnapshotFileFormatTypeExcel, SnapshotFileFormatTypePDF} {
		faults.checkCount("FileGroups", "ask for %d "+string(format)+" files", count[format], 0, formatRules[format].files, " in a job")
	}
	if d := in.SnapshotConfiguration.DestinationConfiguration; d != nil {
		faults.checkCount("S3Destinations", "has %d destinations", len(d.S3Destinations), 1, 1, ", or no DestinationConfiguration")
		for i, to := range d.S3Destinations {
			field, b := at("S3Destinations", i)+".BucketConfiguration.", to.BucketConfiguration
			faults.checkText(field+"BucketName", b.BucketName)
			faults.checkText(field+"BucketPrefix", b.BucketPrefix)
			faults.checkText(field+"BucketRegion", b.BucketRegion)
		}
	}
	if u := in.UserConfiguration; u != nil {
		faults.checkCount("AnonymousUsers", "has %d users", len(u.AnonymousUsers), 1, 1, ", which may be empty, or no UserConfiguration for a registered user")
		for i, user := range u.AnonymousUsers {
			field, tags := at("AnonymousUsers", i)+".RowLevelPermissionTags", user.RowLevelPermissionTags
			if tags != nil {
				faults.checkCount(field, "has %d tags", len(tags), 1, 50, ", or nil for none")
			}
			for j, tag := range tags {
				faults.checkCount(at(field, j)+".Key", "has %d characters", utf8.RuneCountInString(tag.Key), 1, 128, "")
				faults.checkCount(at(field, j)+".Value", "has %d characters", utf8.RuneCountInString(tag.Value), 1, 256, "")
			}
		}
	}
	return faults
}

// formatRules are what a job may ask for in each format, and its files' ending.
var formatRules = map[SnapshotFileFormatType]struct {
	scope                      SnapshotFileSheetSelectionScope
	files, selections, visuals int // at most: of a job, of a file, of a file
	ending                     string
}{
	SnapshotFileFormatTypePDF:   {SnapshotFileSheetSelectionScopeAllVisuals, 1, 1, 0, ".pdf"},
	SnapshotFileFormatTypeExcel: {SnapshotFileSheetSelectionScopeSelectedVisuals, 1, 5, 5, ".xlsx"},
	SnapshotFileFormatTypeCSV:   {SnapshotFileSheetSelectionScopeSelectedVisuals, 5, 1, 1, ".csv"},
}

func (l *faultList) checkFile(field string, f SnapshotFile) {
	rule, ok := formatRules[f.FormatType]
	if !ok {
		l.add(field+".FormatType", "is %s: want CSV, PDF or EXCEL", quote(string(f.FormatType)))
		return
	}
	field += ".SheetSelections"
	ofFormat := " for " + string(f.FormatType)
	l.checkCount(field, "has %d selections", len(f.SheetSelections), 1, rule.selections, ofFormat)
	visuals := 0
	for i, s := range f.SheetSelections {
		name := at(field, i)
		if s.SheetID == "" {
			l.add(name+".SheetID", "is empty")
		}
		if s.SelectionScope != rule.scope {
			l.add(name+".SelectionScope", "is %s: want %s%s", quote(string(s.SelectionScope)), rule.scope, ofFormat)
		}
		visuals += len(s.VisualIDs)
		if rule.visuals > 0 && len(s.VisualIDs) == 0 {
			l.add(name+".VisualIDs", "is empty: %s takes the visuals one by one", f.FormatType)
		}
		for j, id := range s.VisualIDs {
			if id == "" {
				l.add(at(name+".VisualIDs", j), "is empty")
			}
		}
	}
	l.checkCount(field, "select %d visuals", visuals, 0, rule.visuals, ofFormat)
}
