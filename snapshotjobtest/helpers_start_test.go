package snapshotjobtest_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// startJSON makes the body of a start. Its parts are JSON, since some tests need what no Go type can say.
type startJSON struct {
	id      string   // the job's id, as plain text
	groups  []string // the file groups
	users   string   // the UserConfiguration
	members []string // more members of the SnapshotConfiguration, as "name":value
}

// startOf returns the start of a job "j" with these file groups for an anonymous user.
func startOf(groups ...string) startJSON {
	return startJSON{id: "j", groups: groups, users: anonymousUser}
}

// withID returns the start of a job of another id.
func (s startJSON) withID(id string) startJSON {
	s.id = id
	return s
}

// forUsers returns the start with another UserConfiguration.
func (s startJSON) forUsers(users string) startJSON {
	s.users = users
	return s
}

// with returns the start with one more member of its SnapshotConfiguration.
func (s startJSON) with(member string) startJSON {
	s.members = append(slices.Clone(s.members), member)
	return s
}

// json returns the body.
func (s startJSON) json() string {
	all := s.with(`"FileGroups":` + listOf(s.groups...))
	configuration := strings.Join(all.members, ",")
	const body = `{"SnapshotJobId":%q,"SnapshotConfiguration":{%s},"UserConfiguration":%s}`
	return fmt.Sprintf(body, s.id, configuration, s.users)
}

// Parts of a start.
const (
	anonymousUser = `{"AnonymousUsers":[{"RowLevelPermissionTags":[{"Key":"tenant","Value":"SECRET"}]}]}`
	wholeSheet    = `{"SheetId":"s","SelectionScope":"ALL_VISUALS"}`
)

var (
	pdfFile    = fileOf("PDF", wholeSheet)
	csvFile    = fileOf("CSV", visualsOf("s", "v"))
	excelFile  = excelOf("c", "d", "e")
	pdfGroup   = groupOf(pdfFile)
	csvGroup   = groupOf(csvFile)
	excelGroup = groupOf(excelFile)

	// goodStart is the body that starts the job weekly.
	goodStart = startOf(pdfGroup, csvGroup).withID("weekly").json()
)

// repeat returns a list of n equal values.
func repeat(value string, n int) []string {
	return slices.Repeat([]string{value}, n)
}

// listOf returns a JSON array of these values.
func listOf(values ...string) string {
	return "[" + strings.Join(values, ",") + "]"
}

// groupOf returns a file group.
func groupOf(files ...string) string {
	return `{"Files":` + listOf(files...) + `}`
}

// fileOf returns a file of a start.
func fileOf(format string, sheets ...string) string {
	return fmt.Sprintf(`{"FormatType":%q,"SheetSelections":%s}`, format, listOf(sheets...))
}

// excelOf returns an Excel file of the visuals a and b of the sheet s, and of these of the sheet t.
func excelOf(visuals ...string) string {
	return fileOf("EXCEL", visualsOf("s", "a", "b"), visualsOf("t", visuals...))
}

// visualsOf returns a selection of a sheet's visuals.
func visualsOf(sheet string, visuals ...string) string {
	var ids []string
	for _, visual := range visuals {
		ids = append(ids, strconv.Quote(visual))
	}
	const selection = `{"SheetId":%q,"SelectionScope":"SELECTED_VISUALS","VisualIds":%s}`
	return fmt.Sprintf(selection, sheet, listOf(ids...))
}

// destinationsOf returns the member of a SnapshotConfiguration that has these destinations.
func destinationsOf(destinations ...string) string {
	return `"DestinationConfiguration":{"S3Destinations":` + listOf(destinations...) + `}`
}

// bucketOf returns a destination.
func bucketOf(name, prefix, region string) string {
	const destination = `{"BucketConfiguration":{"BucketName":%q,"BucketPrefix":%q,"BucketRegion":%q}}`
	return fmt.Sprintf(destination, name, prefix, region)
}

// userWithTags returns a UserConfiguration with n row-level permission tags.
func userWithTags(n int) string {
	tags := repeat(`{"Key":"k","Value":"v"}`, n)
	return `{"AnonymousUsers":[{"RowLevelPermissionTags":` + listOf(tags...) + `}]}`
}

// withParameters returns the body of a start with parameters of the given types.
func withParameters(types ...string) string {
	parameters := `"Parameters":{` + strings.Join(types, ",") + `}`
	return startOf(pdfGroup).with(parameters).json()
}
