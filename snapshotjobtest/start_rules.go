package snapshotjobtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/quicksight-go/snapshotjob"
)

func bad(field, format string, args ...any) error {
	return refuse("InvalidParameterValueException", "Invalid parameter %s: %s", field, fmt.Sprintf(format, args...))
}

// checkCount checks how many things there are: at least one, and at most the
// limit, unless that is negative.
func checkCount(field string, n, limit int, things string) error {
	switch {
	case n < 1:
		return bad(field, "want %s, got none", things)
	case limit >= 0 && n > limit:
		return bad(field, "want at most %d %s, got %d", limit, things, n)
	}
	return nil
}

var (
	accountPattern = regexp.MustCompile(`^[0-9]{12}$`)
	idPattern      = regexp.MustCompile(`^[\w\-]{1,512}$`)
)

// checkIDs checks a job's ids, of which the last one has this wire name.
func checkIDs(id snapshotjob.Job, last string) error {
	switch {
	case !accountPattern.MatchString(id.AWSAccountID):
		return bad("AwsAccountId", "want 12 digits, got %q", id.AWSAccountID)
	case !idPattern.MatchString(id.DashboardID):
		return bad("DashboardId", `want [\w\-]+, 1 to 512 characters, got %q`, id.DashboardID)
	case !idPattern.MatchString(id.SnapshotJobID):
		return bad(last, `want [\w\-]+, 1 to 512 characters, got %q`, id.SnapshotJobID)
	}
	return nil
}

func (c *call) checkConfiguration(in *wireConfiguration) error {
	const field = "SnapshotConfiguration"
	if in == nil {
		return bad(field, "it is required")
	}
	if err := checkCount(field+".FileGroups", len(in.FileGroups), c.options.MaxFileGroups, "groups"); err != nil {
		return err
	}
	count := map[string]int{}
	for i, group := range in.FileGroups {
		field := fmt.Sprintf("%s.FileGroups[%d].Files", field, i)
		if len(group.Files) != 1 {
			return bad(field, "want 1 file, got %d", len(group.Files))
		}
		count[group.Files[0].FormatType]++
		if err := c.checkFile(field+"[0]", group.Files[0]); err != nil {
			return err
		}
	}
	for _, format := range slices.Sorted(maps.Keys(count)) {
		limit := or(c.options.MaxFiles[snapshotjob.SnapshotFileFormatType(format)], rules[format].files)
		if err := checkCount(field+".FileGroups", count[format], limit, format+" files"); err != nil {
			return err
		}
	}
	if d := in.DestinationConfiguration; d != nil && d.S3Destinations != nil {
		field := field + ".DestinationConfiguration.S3Destinations"
		if err := checkCount(field, len(d.S3Destinations), c.options.MaxDestinations, "destinations"); err != nil {
			return err
		}
		for i, to := range d.S3Destinations {
			field := fmt.Sprintf("%s[%d].BucketConfiguration", field, i)
			switch b := to.BucketConfiguration; {
			case b == nil || blank(b.BucketName) || blank(b.BucketPrefix) || blank(b.BucketRegion):
				return bad(field, "BucketName, BucketPrefix and BucketRegion are required")
			case b.BucketRegion != c.options.Region:
				return bad(field+".BucketRegion", "the bucket must be in %s, got %q", c.options.Region, b.BucketRegion)
			}
		}
	}
	return checkParameters(field+".Parameters", in.Parameters, c.options.MaxParameters)
}

// rules by format: how many files in a job, unless Options say otherwise;
// selections in a file; visuals in a file, as with files; and which visuals of a
// sheet.
var rules = map[string]struct {
	files, selections, visuals int
	scope                      string
}{
	"PDF":   {files: 1, selections: 1, visuals: 0, scope: "ALL_VISUALS"},
	"EXCEL": {files: 1, selections: 5, visuals: 5, scope: "SELECTED_VISUALS"},
	"CSV":   {files: 5, selections: 1, visuals: 1, scope: "SELECTED_VISUALS"},
}

func (c *call) checkFile(field string, file wireFile) error {
	rule, ok := rules[file.FormatType]
	if !ok {
		return bad(field+".FormatType", "want CSV, PDF or EXCEL, got %q", file.FormatType)
	}
	if err := checkCount(field+".SheetSelections", len(file.SheetSelections), rule.selections, "selections"); err != nil {
		return err
	}
	limit := or(c.options.MaxVisuals[snapshotjob.SnapshotFileFormatType(file.FormatType)], rule.visuals)
	visuals := 0
	for i, sheet := range file.SheetSelections {
		field := fmt.Sprintf("%s.SheetSelections[%d]", field, i)
		switch {
		case !idPattern.MatchString(sheet.SheetID):
			return bad(field+".SheetId", `want [\w\-]+, 1 to 512 characters, got %q`, sheet.SheetID)
		case sheet.SelectionScope != rule.scope:
			return bad(field+".SelectionScope", "want %s for %s, got %q", rule.scope, file.FormatType, sheet.SelectionScope)
		case rule.visuals > 0 && len(sheet.VisualIDs) == 0:
			return bad(field+".VisualIds", "want visuals for %s, got none", file.FormatType)
		}
		for j, id := range sheet.VisualIDs {
			if !idPattern.MatchString(id) {
				return bad(fmt.Sprintf("%s.VisualIds[%d]", field, j), `want [\w\-]+, 1 to 512 characters, got %q`, id)
			}
		}
		visuals += len(sheet.VisualIDs)
	}
	if limit >= 0 && visuals > limit {
		return bad(field+".SheetSelections", "want at most %d visuals for %s, got %d", limit, file.FormatType, visuals)
	}
	return nil
}

// checkUsers quotes no tag's value, which may be a secret.
func (c *call) checkUsers(in *wireUsers) error {
	const field = "UserConfiguration"
	switch {
	case c.user.registered && in != nil:
		return bad(field, "it must be absent with identity-enhanced credentials")
	case c.user.registered:
		return nil
	case in == nil:
		return bad(field, "it is required without identity-enhanced credentials")
	}
	if err := checkCount(field+".AnonymousUsers", len(in.AnonymousUsers), c.options.MaxAnonymousUsers, "users"); err != nil {
		return err
	}
	for i, user := range in.AnonymousUsers {
		if user.RowLevelPermissionTags == nil {
			continue // an empty user is legal
		}
		list := fmt.Sprintf("%s.AnonymousUsers[%d].RowLevelPermissionTags", field, i)
		if err := checkCount(list, len(user.RowLevelPermissionTags), c.options.MaxTags, "tags"); err != nil {
			return err
		}
		for j, tag := range user.RowLevelPermissionTags {
			if n := utf8.RuneCountInString(tag.Key); n < 1 || n > 128 {
				return bad(fmt.Sprintf("%s[%d].Key", list, j), "want 1 to 128 characters, got %d", n)
			}
			if n := utf8.RuneCountInString(tag.Value); n < 1 || n > 256 {
				return bad(fmt.Sprintf("%s[%d].Value", list, j), "want 1 to 256 characters, got %d", n)
			}
		}
	}
	return nil
}

// checkParameters quotes no value either.
func checkParameters(field string, in json.RawMessage, limit int) error {
	if in == nil {
		return nil
	}
	var lists map[string][]struct {
		Name   string
		Values []json.RawMessage
	}
	if err := json.Unmarshal(in, &lists); err != nil {
		return refuse("SerializationException", "%s is not of the right shape.", field)
	}
	isNumber := func(v json.RawMessage) bool { return v[0] == '-' || '0' <= v[0] && v[0] <= '9' }
	fits := map[string]func(json.RawMessage) bool{
		"StringParameters":   func(v json.RawMessage) bool { return v[0] == '"' },
		"IntegerParameters":  func(v json.RawMessage) bool { return isNumber(v) && !strings.ContainsAny(string(v), ".eE") },
		"DecimalParameters":  func(v json.RawMessage) bool { return isNumber(v) || notFinite[string(v)] },
		"DateTimeParameters": isNumber,
	}
	for name, list := range lists {
		fit := fits[name]
		if fit == nil {
			continue // the service ignores what it doesn't know
		}
		if n := len(list); limit >= 0 && n > limit {
			return bad(field+"."+name, "want at most %d parameters, got %d", limit, n)
		}
		for i, parameter := range list {
			field := fmt.Sprintf("%s.%s[%d]", field, name, i)
			if blank(parameter.Name) || parameter.Values == nil {
				return bad(field, "Name and Values are required")
			}
			for _, value := range parameter.Values {
				if !fit(value) {
					return refuse("SerializationException", "%s has a value of the wrong type.", field)
				}
			}
		}
	}
	return nil
}

var notFinite = map[string]bool{`"NaN"`: true, `"Infinity"`: true, `"-Infinity"`: true}

func blank(s string) bool { return strings.TrimSpace(s) == "" }
