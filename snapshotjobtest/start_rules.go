package snapshotjobtest

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/quicksight-go/snapshotjob"
)

// The rules of this file are those of the API reference, with
// StartDashboardSnapshotJob and its shapes. The limits are those of the Options.

// Each check returns an error for the first rule that is broken. It takes the name
// of what it checks, such as SnapshotConfiguration.FileGroups[0].Files, for the
// message of that error.

// formatRule is what a job may ask for in a format.
type formatRule struct {
	maxFiles      int    // in a job, unless Options say otherwise
	maxSelections int    // of sheets, in a file
	maxVisuals    int    // in a file, unless Options say otherwise
	scope         string // which visuals of a sheet are selected
}

// namesVisuals reports whether a file of the format names the visuals that are in it.
// A file of another format has whole sheets.
func (r formatRule) namesVisuals() bool {
	return r.scope == selectedVisuals
}

// The scopes of a sheet's selection.
const (
	allVisuals      = "ALL_VISUALS"
	selectedVisuals = "SELECTED_VISUALS"
)

// Limits of the service model that no option changes, in characters.
const (
	maxTagKey   = 128
	maxTagValue = 256
)

// formatRules are the rules by FormatType.
var formatRules = map[string]formatRule{
	"PDF":   {maxFiles: 1, maxSelections: 1, maxVisuals: 0, scope: allVisuals},
	"EXCEL": {maxFiles: 1, maxSelections: 5, maxVisuals: 5, scope: selectedVisuals},
	"CSV":   {maxFiles: 5, maxSelections: 1, maxVisuals: 1, scope: selectedVisuals},
}

// The service model's patterns.
var (
	accountPattern = regexp.MustCompile(`^[0-9]{12}$`)
	idPattern      = regexp.MustCompile(`^[\w\-]{1,512}$`)
)

// invalid returns the error for a parameter that breaks a rule.
func invalid(field, format string, args ...any) *apiError {
	return newError("InvalidParameterValueException", "Invalid parameter %s: %s",
		field, fmt.Sprintf(format, args...))
}

// at returns the name of an element of a list.
func at(list string, index int) string {
	return fmt.Sprintf("%s[%d]", list, index)
}

// checkIDs checks the ids of a job, the last of which has this name on the wire.
func checkIDs(id snapshotjob.Job, last string) *apiError {
	if err := checkDashboardIDs(id); err != nil {
		return err
	}
	return checkID(last, id.SnapshotJobID)
}

// checkDashboardIDs checks the ids of a dashboard and its account.
func checkDashboardIDs(id snapshotjob.Job) *apiError {
	if !accountPattern.MatchString(id.AWSAccountID) {
		return invalid("AwsAccountId", "want 12 digits, got %q", id.AWSAccountID)
	}
	return checkID("DashboardId", id.DashboardID)
}

// checkID checks the id of a dashboard, a job, a schedule, a sheet or a visual.
func checkID(field, id string) *apiError {
	if !idPattern.MatchString(id) {
		return invalid(field, `want [\w\-]+, 1 to 512 characters, got %q`, id)
	}
	return nil
}

// checkCount checks how many things a list has: at least one and at most the limit,
// unless that is negative.
func checkCount(field string, n, limit int, things string) *apiError {
	if n < 1 {
		return invalid(field, "want %s, got none", things)
	}
	if limit >= 0 && n > limit {
		return invalid(field, "want at most %d %s, got %d", limit, things, n)
	}
	return nil
}

// checkLength checks that a text has so many characters. The error doesn't quote
// the text, which may be a secret.
func checkLength(field, text string, longest int) *apiError {
	n := utf8.RuneCountInString(text)
	if n < 1 || n > longest {
		return invalid(field, "want 1 to %d characters, got %d", longest, n)
	}
	return nil
}

// checkConfiguration checks what a job is to make, and where to.
func (o *Options) checkConfiguration(in *wireConfiguration) *apiError {
	const field = "SnapshotConfiguration"
	if in == nil {
		return invalid(field, "it is required")
	}
	if err := o.checkFileGroups(field+".FileGroups", in.FileGroups); err != nil {
		return err
	}
	destinations := in.DestinationConfiguration
	if err := o.checkDestinations(field+".DestinationConfiguration", destinations); err != nil {
		return err
	}
	return checkParameters(field+".Parameters", in.Parameters, o.MaxParameters)
}

// checkFileGroups checks the groups, each of which must have one file.
func (o *Options) checkFileGroups(field string, groups []wireGroup) *apiError {
	if err := checkCount(field, len(groups), o.MaxFileGroups, "groups"); err != nil {
		return err
	}
	for i, group := range groups {
		files := at(field, i) + ".Files"
		if len(group.Files) != 1 {
			return invalid(files, "want 1 file, got %d", len(group.Files))
		}
		if err := o.checkFile(at(files, 0), group.Files[0]); err != nil {
			return err
		}
	}
	return o.checkFormats(field, groups)
}

// checkFormats checks how many files of each format there are. The formats are
// checked in a fixed order, so that the same request always gets the same error.
func (o *Options) checkFormats(field string, groups []wireGroup) *apiError {
	count := map[string]int{}
	for _, group := range groups {
		count[group.Files[0].FormatType]++
	}
	for _, format := range slices.Sorted(maps.Keys(count)) {
		limit := cmp.Or(
			o.MaxFiles[snapshotjob.SnapshotFileFormatType(format)],
			formatRules[format].maxFiles,
		)
		if err := checkCount(field, count[format], limit, format+" files"); err != nil {
			return err
		}
	}
	return nil
}

// checkFile checks the format of a file, and what the format allows in it.
func (o *Options) checkFile(field string, file wireFile) *apiError {
	rule, ok := formatRules[file.FormatType]
	if !ok {
		return invalid(field+".FormatType", "want CSV, PDF or EXCEL, got %q", file.FormatType)
	}
	field += ".SheetSelections"
	if err := checkCount(field, len(file.SheetSelections), rule.maxSelections, "selections"); err != nil {
		return err
	}
	visuals := 0
	for i, sheet := range file.SheetSelections {
		if err := checkSheet(at(field, i), sheet, file.FormatType); err != nil {
			return err
		}
		visuals += len(sheet.VisualIDs)
	}
	format := snapshotjob.SnapshotFileFormatType(file.FormatType)
	limit := cmp.Or(o.MaxVisuals[format], rule.maxVisuals)
	if limit >= 0 && visuals > limit {
		return invalid(field, "want at most %d visuals for %s, got %d", limit, file.FormatType, visuals)
	}
	return nil
}

// checkSheet checks which visuals of a sheet a file of a format has.
func checkSheet(field string, sheet wireSheet, format string) *apiError {
	rule := formatRules[format]
	if err := checkID(field+".SheetId", sheet.SheetID); err != nil {
		return err
	}
	if sheet.SelectionScope != rule.scope {
		return invalid(field+".SelectionScope", "want %s for %s, got %q",
			rule.scope, format, sheet.SelectionScope)
	}
	if rule.namesVisuals() && len(sheet.VisualIDs) == 0 {
		return invalid(field+".VisualIds", "want visuals for %s, got none", format)
	}
	for i, id := range sheet.VisualIDs {
		if err := checkID(at(field+".VisualIds", i), id); err != nil {
			return err
		}
	}
	return nil
}

// checkDestinations checks the buckets that the files are to go to, if there are
// any.
func (o *Options) checkDestinations(field string, in *wireDestinations) *apiError {
	if in == nil || in.S3Destinations == nil {
		return nil // The files go to QuickSight's own bucket.
	}
	field += ".S3Destinations"
	if err := checkCount(field, len(in.S3Destinations), o.MaxDestinations, "destinations"); err != nil {
		return err
	}
	for i, destination := range in.S3Destinations {
		bucket := destination.BucketConfiguration
		if err := o.checkBucket(at(field, i)+".BucketConfiguration", bucket); err != nil {
			return err
		}
	}
	return nil
}

// checkBucket checks a bucket, which must be in the server's region.
func (o *Options) checkBucket(field string, in *wireBucket) *apiError {
	if in == nil || isBlank(in.BucketName) || isBlank(in.BucketPrefix) || isBlank(in.BucketRegion) {
		return invalid(field, "BucketName, BucketPrefix and BucketRegion are required")
	}
	if in.BucketRegion != o.Region {
		return invalid(field+".BucketRegion", "the bucket must be in %s, got %q", o.Region, in.BucketRegion)
	}
	return nil
}

// checkUsers checks for whom a job is. With the credentials of a registered user it
// is for that user, and otherwise for anonymous users, whom the request names.
func (o *Options) checkUsers(in *wireUsers, registered bool) *apiError {
	const field = "UserConfiguration"
	switch {
	case registered && in != nil:
		return invalid(field, "it must be absent with identity-enhanced credentials")
	case registered:
		return nil
	case in == nil:
		return invalid(field, "it is required without identity-enhanced credentials")
	}
	list := field + ".AnonymousUsers"
	if err := checkCount(list, len(in.AnonymousUsers), o.MaxAnonymousUsers, "users"); err != nil {
		return err
	}
	for i, user := range in.AnonymousUsers {
		tags := at(list, i) + ".RowLevelPermissionTags"
		if err := o.checkTags(tags, user.RowLevelPermissionTags); err != nil {
			return err
		}
	}
	return nil
}

// checkTags checks the tags of a user. A user without tags is legal, but an empty
// list of tags is not.
func (o *Options) checkTags(field string, tags []wireTag) *apiError {
	if tags == nil {
		return nil
	}
	if err := checkCount(field, len(tags), o.MaxTags, "tags"); err != nil {
		return err
	}
	for i, tag := range tags {
		if err := checkLength(at(field, i)+".Key", tag.Key, maxTagKey); err != nil {
			return err
		}
		if err := checkLength(at(field, i)+".Value", tag.Value, maxTagValue); err != nil {
			return err
		}
	}
	return nil
}

// isBlank reports whether a text is empty, or nothing but white space.
func isBlank(s string) bool {
	return strings.TrimSpace(s) == ""
}
