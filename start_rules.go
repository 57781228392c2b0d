package snapshotjob

import (
	"time"
	"unicode/utf8"
)

// formatRule is what AWS documents about files of a format (API reference,
// StartDashboardSnapshotJob and SnapshotFile).
type formatRule struct {
	scope         SnapshotFileSheetSelectionScope
	maxFiles      int // of the format in a job
	maxSelections int // of sheets, in a file
	maxVisuals    int // in a file; 0 if visuals are not selected
	extension     string
}

var formatRules = map[SnapshotFileFormatType]formatRule{
	SnapshotFileFormatTypePDF: {
		scope:         SnapshotFileSheetSelectionScopeAllVisuals,
		maxFiles:      1,
		maxSelections: 1,
		maxVisuals:    0,
		extension:     ".pdf",
	},
	SnapshotFileFormatTypeExcel: {
		scope:         SnapshotFileSheetSelectionScopeSelectedVisuals,
		maxFiles:      1,
		maxSelections: 5,
		maxVisuals:    5,
		extension:     ".xlsx",
	},
	SnapshotFileFormatTypeCSV: {
		scope:         SnapshotFileSheetSelectionScopeSelectedVisuals,
		maxFiles:      5,
		maxSelections: 1,
		maxVisuals:    1,
		extension:     ".csv",
	},
}

// The limits of a start that do not depend on a file's format (API reference,
// StartDashboardSnapshotJob and its shapes).
var (
	fileGroupLimits = countLimits{
		format: "has %d groups",
		least:  1,
		most:   7,
	}
	groupFileLimits = countLimits{
		format: "has %d files",
		least:  1,
		most:   1,
	}
	destinationLimits = countLimits{
		format:  "has %d destinations",
		least:   1,
		most:    1,
		comment: ", or no DestinationConfiguration",
	}
	anonymousUserLimits = countLimits{
		format:  "has %d users",
		least:   1,
		most:    1,
		comment: ", which may be empty, or no UserConfiguration for a registered user",
	}
	tagLimits = countLimits{
		format:  "has %d tags",
		least:   1,
		most:    50,
		comment: ", or nil for none",
	}
	tagKeyLimits = countLimits{
		format: "has %d characters",
		least:  1,
		most:   128,
	}
	tagValueLimits = countLimits{
		format: "has %d characters",
		least:  1,
		most:   256,
	}
	parameterLimits = countLimits{
		format: "has %d parameters",
		least:  0,
		most:   100,
	}
)

// problems returns how the input breaks the documented rules. No problem holds the
// value of a tag or a parameter.
func (in *StartDashboardSnapshotJobInput) problems() problemList {
	problems := in.Job.problems()
	problems.checkFileGroups(in.SnapshotConfiguration.FileGroups)
	problems.checkDestination(in.SnapshotConfiguration.DestinationConfiguration)
	problems.checkUsers(in.UserConfiguration)
	problems.checkParameters(in.SnapshotConfiguration.Parameters)
	return problems
}

func (l *problemList) checkFileGroups(groups []SnapshotFileGroup) {
	l.checkCount("FileGroups", len(groups), fileGroupLimits)
	filesOf := map[SnapshotFileFormatType]int{}
	for i, group := range groups {
		files := indexed("FileGroups", i) + ".Files"
		l.checkCount(files, len(group.Files), groupFileLimits)
		for j, file := range group.Files {
			filesOf[file.FormatType]++
			l.checkFile(indexed(files, j), file)
		}
	}
	l.checkFilesOfFormat(SnapshotFileFormatTypeCSV, filesOf)
	l.checkFilesOfFormat(SnapshotFileFormatTypeExcel, filesOf)
	l.checkFilesOfFormat(SnapshotFileFormatTypePDF, filesOf)
}

func (l *problemList) checkFilesOfFormat(format SnapshotFileFormatType, filesOf map[SnapshotFileFormatType]int) {
	l.checkCount("FileGroups", filesOf[format], countLimits{
		format:  "ask for %d " + string(format) + " files",
		least:   0,
		most:    formatRules[format].maxFiles,
		comment: " in a job",
	})
}

func (l *problemList) checkFile(field string, file SnapshotFile) {
	rule, ok := formatRules[file.FormatType]
	if !ok {
		l.add(field+".FormatType", "is %s: want CSV, PDF or EXCEL", quote(string(file.FormatType)))
		return
	}
	ofFormat := " for " + string(file.FormatType)
	selections := field + ".SheetSelections"
	l.checkCount(selections, len(file.SheetSelections), countLimits{
		format:  "has %d selections",
		least:   1,
		most:    rule.maxSelections,
		comment: ofFormat,
	})
	visuals := 0
	for i, selection := range file.SheetSelections {
		visuals += len(selection.VisualIDs)
		l.checkSelection(indexed(selections, i), selection, file.FormatType)
	}
	l.checkCount(selections, visuals, countLimits{
		format:  "select %d visuals",
		least:   0,
		most:    rule.maxVisuals,
		comment: ofFormat,
	})
}

func (l *problemList) checkSelection(
	field string,
	selection SnapshotFileSheetSelection,
	format SnapshotFileFormatType,
) {
	rule := formatRules[format]
	if selection.SheetID == "" {
		l.add(field+".SheetID", "is empty")
	}
	if selection.SelectionScope != rule.scope {
		scope := quote(string(selection.SelectionScope))
		l.add(field+".SelectionScope", "is %s: want %s for %s", scope, rule.scope, format)
	}
	visuals := field + ".VisualIDs"
	if rule.maxVisuals > 0 && len(selection.VisualIDs) == 0 {
		l.add(visuals, "is empty: %s takes the visuals one by one", format)
	}
	for i, id := range selection.VisualIDs {
		if id == "" {
			l.add(indexed(visuals, i), "is empty")
		}
	}
}

func (l *problemList) checkDestination(destination *SnapshotDestinationConfiguration) {
	if destination == nil {
		return
	}
	l.checkCount("S3Destinations", len(destination.S3Destinations), destinationLimits)
	for i, s3 := range destination.S3Destinations {
		field := indexed("S3Destinations", i) + ".BucketConfiguration"
		l.checkText(field+".BucketName", s3.BucketConfiguration.BucketName)
		l.checkText(field+".BucketPrefix", s3.BucketConfiguration.BucketPrefix)
		l.checkText(field+".BucketRegion", s3.BucketConfiguration.BucketRegion)
	}
}

func (l *problemList) checkUsers(configuration *SnapshotUserConfiguration) {
	if configuration == nil {
		return
	}
	l.checkCount("AnonymousUsers", len(configuration.AnonymousUsers), anonymousUserLimits)
	for i, user := range configuration.AnonymousUsers {
		if user.RowLevelPermissionTags == nil {
			continue
		}
		field := indexed("AnonymousUsers", i) + ".RowLevelPermissionTags"
		l.checkCount(field, len(user.RowLevelPermissionTags), tagLimits)
		for j, tag := range user.RowLevelPermissionTags {
			l.checkTag(indexed(field, j), tag)
		}
	}
}

func (l *problemList) checkTag(field string, tag SessionTag) {
	l.checkCount(field+".Key", utf8.RuneCountInString(tag.Key), tagKeyLimits)
	l.checkCount(field+".Value", utf8.RuneCountInString(tag.Value), tagValueLimits)
}

func (l *problemList) checkParameters(parameters *Parameters) {
	if parameters == nil {
		return
	}
	l.checkCount("StringParameters", len(parameters.StringParameters), parameterLimits)
	for i, parameter := range parameters.StringParameters {
		l.checkText(indexed("StringParameters", i)+".Name", parameter.Name)
	}
	l.checkCount("IntegerParameters", len(parameters.IntegerParameters), parameterLimits)
	for i, parameter := range parameters.IntegerParameters {
		l.checkText(indexed("IntegerParameters", i)+".Name", parameter.Name)
	}
	l.checkCount("DecimalParameters", len(parameters.DecimalParameters), parameterLimits)
	for i, parameter := range parameters.DecimalParameters {
		l.checkText(indexed("DecimalParameters", i)+".Name", parameter.Name)
	}
	l.checkCount("DateTimeParameters", len(parameters.DateTimeParameters), parameterLimits)
	for i, parameter := range parameters.DateTimeParameters {
		field := indexed("DateTimeParameters", i)
		l.checkText(field+".Name", parameter.Name)
		l.checkTimes(field+".Values", parameter.Values)
	}
}

func (l *problemList) checkTimes(field string, times []time.Time) {
	for i, t := range times {
		if t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
			l.add(indexed(field, i), "is the zero time, or beyond the year 9999")
		}
	}
}
