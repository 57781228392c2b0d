package snapshotjob

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

var describeDefinition = operation{
	name:   "DescribeDashboardDefinition",
	method: http.MethodGet,
	exceptions: slices.Concat(commonExceptions, []string{
		"ConflictException",
		"InvalidParameterValueException",
		"ResourceExistsException",
	}),

	// A definition describes every visual down to its colors, which takes megabytes
	// for a large dashboard. Most of it is skipped.
	maxBody: 16 << 20,

	// To find repeated members, the decoder would have to keep the names of all those
	// that it skips.
	decodeOptions: []json.Options{jsontext.AllowDuplicateNames(true)},
}

// The kinds of visuals that CSV and Excel files can have.
const (
	kindTable      = "TableVisual"
	kindPivotTable = "PivotTableVisual"
)

// DescribeDashboardDefinitionInput names a dashboard, and perhaps a version of it.
type DescribeDashboardDefinitionInput struct {
	AWSAccountID string // 12 digits
	DashboardID  string

	// VersionNumber is the number of a version. If 0, the latest published version is
	// described, unless AliasName says otherwise.
	VersionNumber int64

	// AliasName names a version: "$LATEST", "$PUBLISHED", or letters, digits, "_" and
	// "-" (API reference, DescribeDashboardDefinition). It excludes VersionNumber. If
	// empty, VersionNumber decides.
	AliasName string
}

// DescribeDashboardDefinitionOutput is what can be exported from a dashboard. The rest of its
// definition is left out.
type DescribeDashboardDefinitionOutput struct {
	// DashboardID is the dashboard's id in the response, or the one that was asked
	// about if the response has none.
	DashboardID string

	Name string // as users see it

	// ResourceStatus is the status of the version, such as CREATION_SUCCESSFUL or
	// UPDATE_FAILED (API reference, DescribeDashboardDefinition).
	ResourceStatus string

	// Sheets are in the order of the definition. There are none if the response has no
	// definition. A sheet or a visual without an id, which the service model requires, is
	// left out.
	Sheets []DashboardSheet

	RequestID string // from the body, or from the header if the body has none
	Status    int    // the HTTP status
}

// DashboardSheet is a sheet of a dashboard.
type DashboardSheet struct {
	SheetID string // for [PDF], [CSV] and [Excel]
	Name    string // on the sheet's tab; empty if the definition has none

	// Visuals are in the order of the definition, which need not be that on the screen.
	Visuals []DashboardVisual
}

// DashboardVisual is a visual of a sheet.
type DashboardVisual struct {
	VisualID string // for [CSV] and [Excel]

	// Kind is the visual's key in the definition, such as "TableVisual" or
	// "BarChartVisual". A kind that is not known to this package is kept as it is.
	Kind string

	// Title is the visual's title as plain text. The markup of a title that is rich text
	// is removed. It is empty if the definition has no title, as where QuickSight makes
	// one of the fields of the visual.
	Title string
}

// Exportable reports whether a CSV or Excel file can have the visual. That is so for
// tables and pivot tables (API reference, SnapshotFileSheetSelection). A PDF has all
// visuals of a sheet.
func (v DashboardVisual) Exportable() bool {
	return v.Kind == kindTable || v.Kind == kindPivotTable
}

// DescribeDashboardDefinition returns the sheets of a dashboard and their visuals, with
// the ids that a start needs. A dashboard whose definition has more than 16 MiB is an
// error.
//
// Besides the errors that [Client] lists, there are [*ConflictException],
// [*InvalidParameterValueException] and [*ResourceExistsException].
func (c *Client) DescribeDashboardDefinition(
	ctx context.Context,
	in *DescribeDashboardDefinitionInput,
	optFns ...func(*Options),
) (*DescribeDashboardDefinitionOutput, error) {
	req, problems := newDefinitionRequest(in)
	var body describeDefinitionBody
	result, err := c.do(ctx, c.settingsFor(optFns), req, problems, &body)
	if err != nil {
		return nil, callError(req, err)
	}
	return &DescribeDashboardDefinitionOutput{
		DashboardID:    cmp.Or(body.DashboardID, in.DashboardID),
		Name:           body.Name,
		ResourceStatus: body.ResourceStatus,
		Sheets:         body.Definition.Sheets,
		RequestID:      result.requestIDOf(body.RequestID),
		Status:         result.status,
	}, nil
}

// dashboardName is how errors and logs name a dashboard: account/dashboard.
type dashboardName struct {
	account   string
	dashboard string
}

func (n dashboardName) String() string {
	return escapeID(n.account) + "/" + escapeID(n.dashboard)
}

// newDefinitionRequest returns the request for an input, and what is wrong with the
// input.
func newDefinitionRequest(in *DescribeDashboardDefinitionInput) (request, problemList) {
	var problems problemList
	if in == nil {
		problems.add("in", "is nil: want the dashboard to describe")
		return request{operation: &describeDefinition}, problems
	}
	problems.checkAccount(in.AWSAccountID)
	problems.checkID("DashboardID", in.DashboardID)
	in.checkVersion(&problems)
	return request{
		operation: &describeDefinition,
		path: newRequestPath(
			"accounts", in.AWSAccountID,
			"dashboards", in.DashboardID,
			"definition",
		),
		query: in.query(),
		subject: dashboardName{
			account:   in.AWSAccountID,
			dashboard: in.DashboardID,
		},
	}, problems
}

// checkVersion adds what is wrong with the version that is asked for.
func (in *DescribeDashboardDefinitionInput) checkVersion(problems *problemList) {
	if in.VersionNumber < 0 {
		problems.add("VersionNumber", "is %d: want the number of a version, "+
			"or 0 for the latest published one", in.VersionNumber)
	}
	if !isAlias(in.AliasName) {
		problems.add("AliasName", `is %s: want letters, digits, "_" and "-", or $LATEST or $PUBLISHED`,
			quote(in.AliasName))
	}
	if in.VersionNumber != 0 && in.AliasName != "" {
		problems.add("AliasName", "is set as well as VersionNumber: want one of the two")
	}
}

// isAlias reports whether a name has the form of an alias, [\w\-]+|(\$LATEST)|(\$PUBLISHED)
// in the service model, or is empty.
func isAlias(name string) bool {
	if name == "$LATEST" || name == "$PUBLISHED" {
		return true
	}
	const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
	return strings.Trim(name, characters) == ""
}

// query returns the query of the request, without a question mark.
func (in *DescribeDashboardDefinitionInput) query() string {
	query := url.Values{}
	if in.AliasName != "" {
		query.Set("alias-name", in.AliasName)
	}
	if in.VersionNumber != 0 {
		query.Set("version-number", strconv.FormatInt(in.VersionNumber, 10))
	}
	return query.Encode()
}

// describeDefinitionBody is the body of the response, as far as it is kept. The decoder
// skips everything else without a copy. It leaves out the member Status, because the
// model takes the output's Status from the status line of the response.
type describeDefinitionBody struct {
	DashboardID    string         `json:"DashboardId"`
	Name           string         `json:"Name"`
	ResourceStatus string         `json:"ResourceStatus"`
	Definition     definitionBody `json:"Definition"`
	RequestID      string         `json:"RequestId"`
}

// definitionBody is a definition.
type definitionBody struct {
	Sheets sheetList `json:"Sheets"`
}

// sheetList decodes the sheets of a definition. What has no id is left out while it is
// decoded, so that a hostile body of millions of empty objects takes little memory.
type sheetList []DashboardSheet

// sheetBody is a sheet of a definition.
type sheetBody struct {
	SheetID string     `json:"SheetId"`
	Name    string     `json:"Name"`
	Visuals visualList `json:"Visuals"`
}

// UnmarshalJSONFrom decodes a list of sheets.
func (l *sheetList) UnmarshalJSONFrom(decoder *jsontext.Decoder) error {
	*l = nil
	return decodeElements(decoder, '[', l.decodeSheet)
}

// decodeSheet adds the sheet that comes next.
func (l *sheetList) decodeSheet(decoder *jsontext.Decoder) error {
	var body sheetBody
	if err := json.UnmarshalDecode(decoder, &body); err != nil {
		return err
	}
	if body.SheetID != "" {
		*l = append(*l, DashboardSheet{
			SheetID: body.SheetID,
			Name:    body.Name,
			Visuals: body.Visuals,
		})
	}
	return nil
}

// visualList decodes the visuals of a sheet. Each is an object with a single member,
// whose name is the visual's kind. It is decoded token by token, because a kind may be
// new.
type visualList []DashboardVisual

// kindBody is what the visuals of all kinds have in common.
type kindBody struct {
	VisualID string    `json:"VisualId"`
	Title    titleBody `json:"Title"`
}

// UnmarshalJSONFrom decodes a list of visuals.
func (l *visualList) UnmarshalJSONFrom(decoder *jsontext.Decoder) error {
	*l = nil
	return decodeElements(decoder, '[', l.decodeVisual)
}

// decodeVisual adds the visual that comes next, or several if there are several members.
func (l *visualList) decodeVisual(decoder *jsontext.Decoder) error {
	return decodeElements(decoder, '{', l.decodeKind)
}

// decodeKind adds the visual of the member that comes next. A member that is not an
// object with an id is no visual.
func (l *visualList) decodeKind(decoder *jsontext.Decoder) error {
	name, err := decoder.ReadToken()
	if err != nil {
		return err
	}
	kind := name.String()
	if decoder.PeekKind() != '{' {
		return decoder.SkipValue()
	}
	var body kindBody
	if err := json.UnmarshalDecode(decoder, &body); err != nil {
		return err
	}
	if body.VisualID != "" {
		*l = append(*l, DashboardVisual{
			VisualID: body.VisualID,
			Kind:     kind,
			Title:    body.Title.text(),
		})
	}
	return nil
}

// titleBody is the title of a visual.
type titleBody struct {
	FormatText formatTextBody `json:"FormatText"`
}

// formatTextBody is a text in one of two forms.
type formatTextBody struct {
	PlainText string `json:"PlainText"`
	RichText  string `json:"RichText"`
}

// text returns the title without markup.
func (b *titleBody) text() string {
	if b.FormatText.PlainText != "" {
		return b.FormatText.PlainText
	}
	return plainText(b.FormatText.RichText)
}
