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
		format: "has %d tags",
		least:  0,
		most:   50,
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

// startCheck collects what is wrong with the input of a start. No problem holds the
// value of a tag or a parameter.
type startCheck struct {
	problems problemList

	// withoutRules leaves out the documented limits, formats and scopes, as
	// Options.DisableInputRules asks for. What the request cannot do without is checked
	// all the same.
	withoutRules bool
}

// problems returns what is wrong with the input.
func (in *StartDashboardSnapshotJobInput) problems(withoutRules bool) problemList {
	check := &startCheck{
		problems:     in.Job.problems(),
		withoutRules: withoutRules,
	}
	check.fileGroups(in.SnapshotConfiguration.FileGroups)
	check.destination(in.SnapshotConfiguration.DestinationConfiguration)
	check.users(in.UserConfiguration)
	check.parameters(in.SnapshotConfiguration.Parameters)
	return check.problems
}

// count adds a problem if a documented limit is broken.
func (c *startCheck) count(field string, count int, limits countLimits) {
	if !c.withoutRules {
		c.problems.checkCount(field, count, limits)
	}
}

// required adds a problem if a required text is empty.
func (c *startCheck) required(field, text string) {
	if text == "" {
		c.problems.add(field, "is empty")
	}
}

// requiredList checks the number of elements of a list that a request cannot do without.
func (c *startCheck) requiredList(field string, count int, limits countLimits) {
	if c.withoutRules && count == 0 {
		c.problems.add(field, "is empty")
	}
	c.count(field, count, limits)
}

func (c *startCheck) fileGroups(groups []SnapshotFileGroup) {
	c.requiredList("FileGroups", len(groups), fileGroupLimits)
	filesOf := map[SnapshotFileFormatType]int{}
	for i, group := range groups {
		files := indexed("FileGroups", i) + ".Files"
		c.count(files, len(group.Files), groupFileLimits)
		for j, file := range group.Files {
			filesOf[file.FormatType]++
			c.file(indexed(files, j), file)
		}
	}
	c.filesOfFormat(SnapshotFileFormatTypeCSV, filesOf)
	c.filesOfFormat(SnapshotFileFormatTypeExcel, filesOf)
	c.filesOfFormat(SnapshotFileFormatTypePDF, filesOf)
}

func (c *startCheck) filesOfFormat(format SnapshotFileFormatType, filesOf map[SnapshotFileFormatType]int) {
	c.count("FileGroups", filesOf[format], countLimits{
		format:  "ask for %d " + string(format) + " files",
		least:   0,
		most:    formatRules[format].maxFiles,
		comment: " in a job",
	})
}

func (c *startCheck) file(field string, file SnapshotFile) {
	rule, isKnown := formatRules[file.FormatType]
	if file.FormatType == "" || !isKnown && !c.withoutRules {
		c.problems.add(field+".FormatType", "is %s: want CSV, PDF or EXCEL", quote(string(file.FormatType)))
		return
	}
	ofFormat := " for " + string(file.FormatType)
	selections := field + ".SheetSelections"
	c.requiredList(selections, len(file.SheetSelections), countLimits{
		format:  "has %d selections",
		least:   1,
		most:    rule.maxSelections,
		comment: ofFormat,
	})
	visuals := 0
	for i, selection := range file.SheetSelections {
		visuals += len(selection.VisualIDs)
		c.selection(indexed(selections, i), selection, file.FormatType)
	}
	c.count(selections, visuals, countLimits{
		format:  "select %d visuals",
		least:   0,
		most:    rule.maxVisuals,
		comment: ofFormat,
	})
}

func (c *startCheck) selection(field string, selection SnapshotFileSheetSelection, format SnapshotFileFormatType) {
	c.required(field+".SheetID", selection.SheetID)
	visuals := field + ".VisualIDs"
	for i, id := range selection.VisualIDs {
		c.required(indexed(visuals, i), id)
	}
	if c.withoutRules {
		c.required(field+".SelectionScope", string(selection.SelectionScope))
		return
	}
	rule := formatRules[format]
	if selection.SelectionScope != rule.scope {
		scope := quote(string(selection.SelectionScope))
		c.problems.add(field+".SelectionScope", "is %s: want %s for %s", scope, rule.scope, format)
	}
	if rule.maxVisuals > 0 && len(selection.VisualIDs) == 0 {
		c.problems.add(visuals, "is empty: %s takes the visuals one by one", format)
	}
}

func (c *startCheck) destination(destination *SnapshotDestinationConfiguration) {
	if destination == nil {
		return
	}
	c.count("S3Destinations", len(destination.S3Destinations), destinationLimits)
	for i, s3 := range destination.S3Destinations {
		field := indexed("S3Destinations", i) + ".BucketConfiguration"
		c.problems.checkNotBlank(field+".BucketName", s3.BucketConfiguration.BucketName)
		c.problems.checkNotBlank(field+".BucketPrefix", s3.BucketConfiguration.BucketPrefix)
		c.problems.checkNotBlank(field+".BucketRegion", s3.BucketConfiguration.BucketRegion)
	}
}

func (c *startCheck) users(configuration *SnapshotUserConfiguration) {
	if configuration == nil {
		return
	}
	c.count("AnonymousUsers", len(configuration.AnonymousUsers), anonymousUserLimits)
	for i, user := range configuration.AnonymousUsers {
		field := indexed("AnonymousUsers", i) + ".RowLevelPermissionTags"
		c.count(field, len(user.RowLevelPermissionTags), tagLimits)
		for j, tag := range user.RowLevelPermissionTags {
			c.tag(indexed(field, j), tag)
		}
	}
}

func (c *startCheck) tag(field string, tag SessionTag) {
	if c.withoutRules {
		c.required(field+".Key", tag.Key)
		c.required(field+".Value", tag.Value)
		return
	}
	c.count(field+".Key", utf8.RuneCountInString(tag.Key), tagKeyLimits)
	c.count(field+".Value", utf8.RuneCountInString(tag.Value), tagValueLimits)
}

func (c *startCheck) parameters(parameters *Parameters) {
	if parameters == nil {
		return
	}
	c.count("StringParameters", len(parameters.StringParameters), parameterLimits)
	for i, parameter := range parameters.StringParameters {
		c.problems.checkNotBlank(indexed("StringParameters", i)+".Name", parameter.Name)
	}
	c.count("IntegerParameters", len(parameters.IntegerParameters), parameterLimits)
	for i, parameter := range parameters.IntegerParameters {
		c.problems.checkNotBlank(indexed("IntegerParameters", i)+".Name", parameter.Name)
	}
	c.count("DecimalParameters", len(parameters.DecimalParameters), parameterLimits)
	for i, parameter := range parameters.DecimalParameters {
		c.problems.checkNotBlank(indexed("DecimalParameters", i)+".Name", parameter.Name)
	}
	c.count("DateTimeParameters", len(parameters.DateTimeParameters), parameterLimits)
	for i, parameter := range parameters.DateTimeParameters {
		field := indexed("DateTimeParameters", i)
		c.problems.checkNotBlank(field+".Name", parameter.Name)
		c.times(field+".Values", parameter.Values)
	}
}

// times adds a problem for each time that the service's form of it cannot tell.
func (c *startCheck) times(field string, times []time.Time) {
	for i, t := range times {
		if t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
			c.problems.add(indexed(field, i), "is the zero time, or beyond the year 9999")
		}
	}
}
