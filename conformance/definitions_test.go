package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/quicksight"
	"github.com/aws/aws-sdk-go-v2/service/quicksight/types"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/quicksight-go/snapshotjob"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// describeOfficially has the official client describe a dashboard, and returns what this
// repository's client keeps of the output.
func describeOfficially(ctx context.Context, client *quicksight.Client, job snapshotjob.Job) (any, error) {
	in := &quicksight.DescribeDashboardDefinitionInput{
		AwsAccountId: &job.AWSAccountID,
		DashboardId:  &job.DashboardID,
	}
	if job.SnapshotJobID != "" {
		in.AliasName = &job.SnapshotJobID
	}
	out, err := client.DescribeDashboardDefinition(ctx, in)
	if err != nil {
		return nil, err
	}
	kept := &snapshotjob.DescribeDashboardDefinitionOutput{
		DashboardID:    aws.ToString(out.DashboardId),
		Name:           aws.ToString(out.Name),
		ResourceStatus: string(out.ResourceStatus),
		RequestID:      aws.ToString(out.RequestId),
		Status:         int(out.Status),
	}
	if out.Definition != nil {
		kept.Sheets = keptSheets(out.Definition.Sheets)
	}
	return kept, nil
}

// keptSheets returns what this repository's client keeps of sheets: those with ids.
func keptSheets(official []types.SheetDefinition) []snapshotjob.DashboardSheet {
	var sheets []snapshotjob.DashboardSheet
	for _, sheet := range official {
		if aws.ToString(sheet.SheetId) == "" {
			continue
		}
		kept := snapshotjob.DashboardSheet{SheetID: *sheet.SheetId, Name: aws.ToString(sheet.Name)}
		for _, visual := range sheet.Visuals {
			kept.Visuals = append(kept.Visuals, keptVisuals(visual)...)
		}
		sheets = append(sheets, kept)
	}
	return sheets
}

// keptVisuals returns the visuals with ids that stand in one element of a list.
func keptVisuals(official types.Visual) []snapshotjob.DashboardVisual {
	var visuals []snapshotjob.DashboardVisual
	union := reflect.ValueOf(official)
	for _, kind := range officialKinds {
		visual := union.FieldByName(kind)
		if visual.IsNil() {
			continue
		}
		id := visual.Elem().FieldByName("VisualId").Interface().(*string)
		if aws.ToString(id) == "" {
			continue
		}
		kept := snapshotjob.DashboardVisual{VisualID: *id, Kind: kind}
		if title := visual.Elem().FieldByName("Title"); title.IsValid() {
			kept.Title = titleText(title.Interface().(*types.VisualTitleLabelOptions))
		}
		visuals = append(visuals, kept)
	}
	return visuals
}

// officialKinds are the kinds of visuals that the official client knows, in alphabetical
// order.
var officialKinds = kindsOfVisuals()

func kindsOfVisuals() []string {
	var kinds []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[types.Visual]()) {
		if field.IsExported() {
			kinds = append(kinds, field.Name)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// anyTitle stands for the title of a rich text that is no XML.
const anyTitle = "any title"

// titleText returns the text of a title.
func titleText(title *types.VisualTitleLabelOptions) string {
	if title == nil || title.FormatText == nil {
		return ""
	}
	if plain := aws.ToString(title.FormatText.PlainText); plain != "" {
		return plain
	}
	text, err := xmlText(aws.ToString(title.FormatText.RichText))
	if err != nil {
		return anyTitle
	}
	return strings.Join(strings.Fields(oneLine(text)), " ")
}

// xmlText returns the text of XML, with a space for each line break.
func xmlText(rich string) (string, error) {
	if strings.Contains(rich, "<!") || strings.Contains(rich, "<?") {
		return "", errors.New("more than tags")
	}
	decoder := xml.NewDecoder(strings.NewReader("<r>" + rich + "</r>"))
	var text strings.Builder
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return text.String(), nil
		}
		if err != nil {
			return "", err
		}
		switch token := token.(type) {
		case xml.CharData:
			text.Write(token)
		case xml.StartElement:
			if token.Name.Local == "br" {
				text.WriteByte(' ')
			}
		}
	}
}

// pruned is a body with nothing but what this repository's client keeps, and that the
// official client knows.
type pruned struct {
	body    []byte
	applied []Difference // for which more was removed than what is never kept
}

// prune removes from a body what is not kept. What is of the wrong type stays.
func prune(body []byte) pruned {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return pruned{body: body}
	}
	var p pruned
	members := keep(value, "DashboardId", "Name", "ResourceStatus", "RequestId", "Definition")
	dashboard := keep(members["Definition"], "Sheets")
	sheets, _ := dashboard["Sheets"].([]any)
	for i, element := range sheets {
		if sheet := keep(element, "SheetId", "Name", "Visuals"); sheet != nil {
			p.needsID(sheet["SheetId"])
			p.pruneVisuals(sheet["Visuals"])
			sheets[i] = sheet
		}
	}
	p.body, _ = json.Marshal(value)
	return p
}

// keep removes the other members of an object, and returns it. It returns nil for what is
// no object.
func keep(value any, names ...string) object {
	members, _ := value.(object)
	maps.DeleteFunc(members, func(name string, _ any) bool { return !slices.Contains(names, name) })
	return members
}

// pruneVisuals prunes each visual of a list.
func (p *pruned) pruneVisuals(value any) {
	list, _ := value.([]any)
	for _, element := range list {
		visual, _ := element.(object)
		for kind, value := range visual {
			members, isObject := value.(object)
			_, hasTitle := members["Title"]
			switch {
			case !isObject:
				delete(visual, kind)
				continue
			case !slices.Contains(officialKinds, kind):
				p.applied = append(p.applied, UnknownKind)
				delete(visual, kind)
				continue
			case kind == "EmptyVisual" && hasTitle:
				p.applied = append(p.applied, UnknownKind)
				delete(members, "Title")
			}
			p.needsID(members["VisualId"])
			p.pruneTitle(keep(value, "VisualId", "Title")["Title"])
		}
	}
}

// pruneTitle prunes the title of a visual.
func (p *pruned) pruneTitle(title any) {
	text := keep(keep(title, "FormatText")["FormatText"], "PlainText", "RichText")
	if rich, _ := text["RichText"].(string); strings.ContainsAny(rich, "<&") {
		p.applied = append(p.applied, PlainTitle)
	}
}

// needsID notes that there is no id.
func (p *pruned) needsID(id any) {
	if id == nil || id == "" {
		p.applied = append(p.applied, NeedsID)
	}
}

// repeatsMember reports whether a member stands twice in the first value of a body.
func repeatsMember(body []byte) bool {
	decoder := jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowInvalidUTF8(true))
	return errors.Is(decoder.SkipValue(), jsontext.ErrDuplicateName)
}

// definitionIsKept is what follows from a definition that the official client decoded.
func (e *expectation) definitionIsKept() {
	if repeatsMember(e.reply.body) {
		e.apply(RepeatedMember)
		e.want = e.ours
		return
	}
	applied := prune(e.reply.body).applied
	for _, d := range applied {
		e.apply(d)
	}
	unknown := slices.Contains(applied, UnknownKind)
	if e.ours.Output == nil && unknown {
		e.want = e.ours // the wrong type is in the visual of that kind
		return
	}
	for i := range min(len(e.want.Sheets), len(e.ours.Sheets)) {
		e.want.Sheets[i].Visuals = takeUnknown(e.want.Sheets[i].Visuals, e.ours.Sheets[i].Visuals)
	}
}

// skipsWrongTypes reports whether the official client decodes the body without what is
// not kept. It then expects that output.
func (e *expectation) skipsWrongTypes() bool {
	if repeatsMember(e.reply.body) {
		e.apply(RepeatedMember)
		e.want = e.ours
		return true
	}
	r := e.reply
	r.body = prune(r.body).body
	official := exchangeOfficially(e.t, definition, r)
	if official.Output == nil {
		return false
	}
	e.apply(KeptOfDefinition)
	e.want = official
	e.afterOutput()
	return true
}

// takeUnknown takes from our visuals what the official client can't tell: visuals of kinds
// that it doesn't know, and titles.
func takeUnknown(want, ours []snapshotjob.DashboardVisual) []snapshotjob.DashboardVisual {
	var taken []snapshotjob.DashboardVisual
	for _, visual := range ours {
		switch {
		case !slices.Contains(officialKinds, visual.Kind):
			taken = append(taken, visual)
		case len(want) > 0:
			if want[0].Title == anyTitle || visual.Kind == "EmptyVisual" {
				want[0].Title = visual.Title
			}
			taken = append(taken, want[0])
			want = want[1:]
		}
	}
	return append(taken, want...)
}

// odds are how often a member of a random definition is odd.
const (
	oddsOfNull      = 12
	oddsOfAbsence   = 10
	oddsOfWrongType = 150
)

// set gives an object a member, or now and then null, nothing, or a value of any type.
func set(rng *rand.Rand, o object, name string, value any) {
	switch {
	case rng.IntN(oddsOfNull) == 0:
		o[name] = nil
	case rng.IntN(oddsOfAbsence) == 0:
	case rng.IntN(oddsOfWrongType) == 0:
		o[name] = json.RawMessage(pick(rng, []string{"1", "true", "{}", "[]", `"text"`, "[null]"}))
	default:
		o[name] = value
	}
}

// randomDefinition returns the body of a response that describes a dashboard.
func randomDefinition(rng *rand.Rand) []byte {
	sheets := make([]any, rng.IntN(4))
	for i := range sheets {
		sheets[i] = randomSheet(rng)
	}
	inner := object{}
	set(rng, inner, "Sheets", sheets)
	set(rng, inner, "DataSetIdentifierDeclarations", []object{{"Identifier": "i", "DataSetArn": "a"}})
	body := object{}
	set(rng, body, "Definition", inner)
	set(rng, body, "DashboardId", pick(rng, words))
	set(rng, body, "Name", pick(rng, words))
	set(rng, body, "ResourceStatus", "UPDATE_FAILED")
	set(rng, body, "RequestId", "R5")
	set(rng, body, "Errors", []object{{"Type": "PARAMETER_NOT_FOUND"}})
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return text
}

func randomSheet(rng *rand.Rand) object {
	visuals := make([]any, rng.IntN(6))
	for i := range visuals {
		visuals[i] = randomVisual(rng)
	}
	sheet := object{}
	set(rng, sheet, "SheetId", fmt.Sprint("sheet-", rng.IntN(100)))
	set(rng, sheet, "Name", pick(rng, words))
	set(rng, sheet, "Title", "another title")
	set(rng, sheet, "Visuals", visuals)
	set(rng, sheet, "Layouts", []object{{"Configuration": object{"GridLayout": object{"Elements": []object{}}}}})
	return sheet
}

// randomVisual returns a visual of any kind, and now and then one of several kinds or of none.
func randomVisual(rng *rand.Rand) object {
	kinds := append(slices.Clone(officialKinds), "HologramVisual", "")
	visual := object{}
	for rng.IntN(8) > 0 {
		kind := pick(rng, kinds)
		members := object{}
		set(rng, members, "VisualId", fmt.Sprint("visual-", rng.IntN(100)))
		set(rng, members, "ChartConfiguration", object{})
		if kind != "EmptyVisual" {
			set(rng, members, "Title", randomTitle(rng))
		}
		set(rng, visual, kind, members)
		if rng.IntN(8) > 0 {
			break
		}
	}
	return visual
}

// texts are those of titles.
var texts = []string{"", "Orders", "a < b & c > d", " two  words\n", "\u2028é\u202e", `"quoted"`}

func randomTitle(rng *rand.Rand) object {
	text := pick(rng, texts)
	rich := "<visual-title><b>" + html.EscapeString(text) + "</b><br/> by &#100;ay</visual-title>"
	format := object{}
	set(rng, format, "PlainText", pick(rng, []any{nil, nil, text}))
	set(rng, format, "RichText", pick(rng, []any{rich, html.EscapeString(text), text}))
	title := object{}
	set(rng, title, "FormatText", format)
	set(rng, title, "Visibility", "VISIBLE")
	return title
}

// TestSameDefinitions has both clients read random definitions.
func TestSameDefinitions(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	met := tally{}
	for range 5000 {
		r := reply{status: http.StatusOK, body: randomDefinition(rng)}
		if rng.IntN(3) == 0 {
			r.body = mutate(rng, r.body)
		}
		met.add(checkReply(t, definition, r)...)
		if t.Failed() {
			break
		}
	}
	met.log(t)
	met.assertMet(t, KeptOfDefinition, NeedsID, UnknownKind, PlainTitle, RepeatedMember)
}

// TestEveryKindIsRead has both clients read a visual of each kind.
func TestEveryKindIsRead(t *testing.T) {
	require.Len(t, officialKinds, 25)
	for _, kind := range officialKinds {
		const form = `{"Definition":{"Sheets":[{"SheetId":"s","Visuals":[{%q:{"VisualId":"v"}}]}]}}`
		r := reply{status: http.StatusOK, body: fmt.Appendf(nil, form, kind)}
		synctest.Test(t, func(t *testing.T) {
			official, ours := exchange(t, definition, r)
			want := []snapshotjob.DashboardVisual{{VisualID: "v", Kind: kind}}
			require.Len(t, ours.Sheets, 1)
			assert.Equal(t, want, ours.Sheets[0].Visuals)
			assert.Equal(t, official.Sheets, ours.Sheets)
		})
	}
}

// TestSameBytesOfVersions has both clients ask for versions.
func TestSameBytesOfVersions(t *testing.T) {
	for _, version := range []int64{1, 7, math.MaxInt64} {
		synctest.Test(t, func(t *testing.T) {
			var toOfficial, toOurs recorder
			official := quicksight.NewFromConfig(Config(Keys, &toOfficial))
			_, err := official.DescribeDashboardDefinition(t.Context(), &quicksight.DescribeDashboardDefinitionInput{
				AwsAccountId:  &exampleJob.AWSAccountID,
				DashboardId:   &exampleJob.DashboardID,
				VersionNumber: &version,
			})
			require.NoError(t, err)
			ours := snapshotjob.NewFromConfig(Config(Keys, &toOurs))
			_, err = ours.DescribeDashboardDefinition(t.Context(), &snapshotjob.DescribeDashboardDefinitionInput{
				AWSAccountID:  exampleJob.AWSAccountID,
				DashboardID:   exampleJob.DashboardID,
				VersionNumber: version,
			})
			require.NoError(t, err)
			require.Len(t, toOurs.requests, 1)
			got := toOurs.requests[0].wire(t, Keys)
			assert.True(t, got.OwnSignatureIsCorrect)
			assert.Equal(t, toOfficial.requests[0].wire(t, Keys), got)
		})
	}
}
