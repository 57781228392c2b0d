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
}

var formatRules = map[SnapshotFileFormatType]formatRule{
	SnapshotFileFormatTypePDF: {
		scope:         SnapshotFileSheetSelectionScopeAllVisuals,
		maxFiles:      1,
		maxSelections: 1,
		maxVisuals:    0,
	},
	SnapshotFileFormatTypeExcel: {
		scope:         SnapshotFileSheetSelectionScopeSelectedVisuals,
		maxFiles:      1,
		maxSelections: 5,
		maxVisuals:    5,
	},
	SnapshotFileFormatTypeCSV: {
		scope:         SnapshotFileSheetSelectionScopeSelectedVisuals,
		maxFiles:      5,
		maxSelections: 1,
		maxVisuals:    1,
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

// startCheck collects what is wrong with the input of a start. No text of a problem
// quotes the value of a tag or a parameter, because AWS marks them as sensitive.
//
// There are three checks of texts that say nothing:
//
//   - checkID is for ids in the path of the request, which "", "." and ".." would change
//   - checkNotBlank is for members whose pattern in the service model asks for at least
//     one character that is not a space
//   - checkNotEmpty is for all other members that the service model requires
type startCheck struct {
	problems problemList

	// withoutRules leaves out the documented limits, formats and scopes, as
	// Options.DisableInputRules asks for. What the service model requires is checked in
	// any case.
	withoutRules bool
}

// problems returns what is wrong with the input.
func (in *StartDashboardSnapshotJobInput) problems(withoutRules bool) problemList {
	check := &startCheck{
		problems:     in.Job.problems(),
		withoutRules: withoutRules,
	}
	check.checkFileGroups(in.SnapshotConfiguration.FileGroups)
	check.checkDestination(in.SnapshotConfiguration.DestinationConfiguration)
	check.checkUsers(in.UserConfiguration)
	check.checkParameters(in.SnapshotConfiguration.Parameters)
	return check.problems
}

// checkCount adds a problem if a count breaks a documented limit.
func (c *startCheck) checkCount(path string, count int, limits countLimits) {
	if !c.withoutRules {
		c.problems.checkCount(path, count, limits)
	}
}

// checkNotEmpty adds a problem if a text is empty.
func (c *startCheck) checkNotEmpty(path, text string) {
	if text == "" {
		c.problems.add(path, "is empty")
	}
}

// checkListLength adds a problem if a required list is empty, or if its length breaks a
// documented limit.
func (c *startCheck) checkListLength(path string, length int, limits countLimits) {
	if c.withoutRules && length == 0 {
		c.problems.add(path, "is empty")
	}
	c.checkCount(path, length, limits)
}

// checkFileGroups checks the groups, their files, and how many files of each format the
// job has.
func (c *startCheck) checkFileGroups(groups []SnapshotFileGroup) {
	c.checkListLength("FileGroups", len(groups), fileGroupLimits)
	filesOf := map[SnapshotFileFormatType]int{}
	for i, group := range groups {
		path := indexed("FileGroups", i) + ".Files"
		c.checkCount(path, len(group.Files), groupFileLimits)
		for j, file := range group.Files {
			filesOf[file.FormatType]++
			c.checkFile(indexed(path, j), file)
		}
	}
	c.checkFilesOfFormat(SnapshotFileFormatTypeCSV, filesOf)
	c.checkFilesOfFormat(SnapshotFileFormatTypeExcel, filesOf)
	c.checkFilesOfFormat(SnapshotFileFormatTypePDF, filesOf)
}

// checkFilesOfFormat adds a problem if the job has too many files of a format.
func (c *startCheck) checkFilesOfFormat(
	format SnapshotFileFormatType,
	filesOf map[SnapshotFileFormatType]int,
) {
	c.checkCount("FileGroups", filesOf[format], countLimits{
		format:  "ask for %d " + string(format) + " files",
		least:   0,
		most:    formatRules[format].maxFiles,
		comment: " in a job",
	})
}

// checkFile checks the format of a file and, if that can be sent, its selections.
func (c *startCheck) checkFile(path string, file SnapshotFile) {
	_, isKnown := formatRules[file.FormatType]
	if file.FormatType == "" || !isKnown && !c.withoutRules {
		c.problems.add(path+".FormatType", "is %s: want CSV, PDF or EXCEL", quote(string(file.FormatType)))
		return
	}
	c.checkSelections(path+".SheetSelections", file)
}

// checkSelections checks the selections of a file, one by one and together.
func (c *startCheck) checkSelections(path string, file SnapshotFile) {
	rule := formatRules[file.FormatType]
	ofFormat := " for " + string(file.FormatType)
	c.checkListLength(path, len(file.SheetSelections), countLimits{
		format:  "has %d selections",
		least:   1,
		most:    rule.maxSelections,
		comment: ofFormat,
	})
	for i, selection := range file.SheetSelections {
		c.checkSelection(indexed(path, i), selection, file.FormatType)
	}
	c.checkCount(path, countVisuals(file), countLimits{
		format:  "select %d visuals",
		least:   0,
		most:    rule.maxVisuals,
		comment: ofFormat,
	})
}

// countVisuals returns how many visuals a file has.
func countVisuals(file SnapshotFile) int {
	count := 0
	for _, selection := range file.SheetSelections {
		count += len(selection.VisualIDs)
	}
	return count
}

// checkSelection checks a selection of a file of this format.
func (c *startCheck) checkSelection(
	path string,
	selection SnapshotFileSheetSelection,
	format SnapshotFileFormatType,
) {
	c.checkNotEmpty(path+".SheetID", selection.SheetID)
	visuals := path + ".VisualIDs"
	for i, id := range selection.VisualIDs {
		c.checkNotEmpty(indexed(visuals, i), id)
	}
	if c.withoutRules {
		c.checkNotEmpty(path+".SelectionScope", string(selection.SelectionScope))
		return
	}
	rule := formatRules[format]
	if selection.SelectionScope != rule.scope {
		scope := quote(string(selection.SelectionScope))
		c.problems.add(path+".SelectionScope", "is %s: want %s for %s", scope, rule.scope, format)
	}
	if rule.maxVisuals > 0 && len(selection.VisualIDs) == 0 {
		c.problems.add(visuals, "is empty: want the ids of the visuals for %s", format)
	}
}

// checkDestination checks the caller's bucket, if there is one.
func (c *startCheck) checkDestination(configuration *SnapshotDestinationConfiguration) {
	if configuration == nil {
		return
	}
	c.checkCount("S3Destinations", len(configuration.S3Destinations), destinationLimits)
	for i, destination := range configuration.S3Destinations {
		path := indexed("S3Destinations", i) + ".BucketConfiguration"
		bucket := destination.BucketConfiguration
		c.problems.checkNotBlank(path+".BucketName", bucket.BucketName)
		c.problems.checkNotBlank(path+".BucketPrefix", bucket.BucketPrefix)
		c.problems.checkNotBlank(path+".BucketRegion", bucket.BucketRegion)
	}
}

// checkUsers checks the anonymous users and their tags.
func (c *startCheck) checkUsers(configuration *SnapshotUserConfiguration) {
	if configuration == nil {
		return
	}
	c.checkCount("AnonymousUsers", len(configuration.AnonymousUsers), anonymousUserLimits)
	for i, user := range configuration.AnonymousUsers {
		path := indexed("AnonymousUsers", i) + ".RowLevelPermissionTags"
		c.checkCount(path, len(user.RowLevelPermissionTags), tagLimits)
		for j, tag := range user.RowLevelPermissionTags {
			c.checkTag(indexed(path, j), tag)
		}
	}
}

// checkTag checks the lengths of a tag's key and value.
func (c *startCheck) checkTag(path string, tag SessionTag) {
	if c.withoutRules {
		c.checkNotEmpty(path+".Key", tag.Key)
		c.checkNotEmpty(path+".Value", tag.Value)
		return
	}
	c.checkCount(path+".Key", utf8.RuneCountInString(tag.Key), tagKeyLimits)
	c.checkCount(path+".Value", utf8.RuneCountInString(tag.Value), tagValueLimits)
}

// checkParameters checks the number of the parameters, their names, and their times.
func (c *startCheck) checkParameters(parameters *Parameters) {
	if parameters == nil {
		return
	}
	checkParameterList(c, "StringParameters", parameters.StringParameters)
	checkParameterList(c, "IntegerParameters", parameters.IntegerParameters)
	checkParameterList(c, "DecimalParameters", parameters.DecimalParameters)
	checkParameterList(c, "DateTimeParameters", parameters.DateTimeParameters)
	for i, parameter := range parameters.DateTimeParameters {
		c.checkTimes(indexed("DateTimeParameters", i)+".Values", parameter.Values)
	}
}

// checkParameterList checks the number and the names of the parameters of one type.
func checkParameterList[P parameter[P]](c *startCheck, list string, parameters []P) {
	c.checkCount(list, len(parameters), parameterLimits)
	for i, parameter := range parameters {
		c.problems.checkNotBlank(indexed(list, i)+".Name", parameter.name())
	}
}

// checkTimes adds a problem for each time that is the zero time, or not in the years 1 to
// 9999. A zero time is one that the caller forgot to set.
func (c *startCheck) checkTimes(path string, times []time.Time) {
	for i, t := range times {
		if t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
			c.problems.add(indexed(path, i), "is not set, or out of range: want a time in the years 1 to 9999")
		}
	}
}
