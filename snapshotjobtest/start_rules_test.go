package snapshotjobtest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// assertSecretsKept checks that a response does not quote a value that AWS marks as sensitive. The tests'
// bodies have SECRET in the place of each.
func (r response) assertSecretsKept(t *testing.T) {
	t.Helper()
	assert.NotContains(t, r.body, "SECRET")
}

// assertStarts checks that the service accepts each of the bodies, which stand under their names.
func assertStarts(t *testing.T, bodies map[string]string) {
	t.Helper()
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			srv := snapshotjobtest.NewTestServer(t)
			got := post(jobsPath, body).send(t, srv)
			got.assertOK(t)
			got.assertSecretsKept(t)
		})
	}
}

// assertMalformed checks that the service cannot read any of the bodies.
func assertMalformed(t *testing.T, bodies map[string]string) {
	t.Helper()
	assertRefused(t, "SerializationException", bodies)
}

// assertInvalid checks that the service reads each of the bodies, and refuses a value.
func assertInvalid(t *testing.T, bodies map[string]string) {
	t.Helper()
	assertRefused(t, "InvalidParameterValueException", bodies)
}

func assertRefused(t *testing.T, code string, bodies map[string]string) {
	t.Helper()
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			srv := snapshotjobtest.NewTestServer(t)
			got := post(jobsPath, body).send(t, srv)
			got.assertError(t, 400, code)
			got.assertSecretsKept(t)
		})
	}
}

// replaced returns the body goodStart with a change of its text.
func replaced(from, to string) string {
	return strings.Replace(goodStart, from, to, 1)
}

func TestStartAccepts(t *testing.T) {
	everything := append(repeat(csvGroup, 5), pdfGroup, excelGroup)
	assertStarts(t, map[string]string{
		"PDF and CSV":                       goodStart,
		"everything: 1 PDF, 1 Excel, 5 CSV": startOf(everything...).json(),
		"one empty anonymous user":          startOf(pdfGroup).forUsers(`{"AnonymousUsers":[{}]}`).json(),
		"50 tags":                           startOf(pdfGroup).forUsers(userWithTags(50)).json(),
		"no list of destinations":           startOf(pdfGroup).with(`"DestinationConfiguration":{}`).json(),
	})
}

// An unknown member is ignored, and so is a known one in another case.
func TestStartIgnoresUnknownMembers(t *testing.T) {
	assertStarts(t, map[string]string{
		"unknown":         replaced(`{`, `{"New":[1],`),
		"of results only": replaced(`{"Files"`, `{"S3Results":[],"Files"`),
		// If it counted, a number would be no UserConfiguration.
		"in another case": replaced(`{`, `{"usERconfiguration":7,`),
	})
}

func TestStartNeedsMembersInTheirCase(t *testing.T) {
	assertInvalid(t, map[string]string{
		"of the start": replaced("UserConfiguration", "userconfiguration"),
		"of a file":    replaced("FormatType", "formatType"),
	})
}

func TestStartRefusesMalformedBodies(t *testing.T) {
	assertMalformed(t, map[string]string{
		"no body":                  "",
		"no object":                "[]",
		"two values":               goodStart + "{}",
		"a member of another type": replaced(`"weekly"`, `7`),
		"an integer in quotes":     withParameters(`"IntegerParameters":[{"Name":"i","Values":["SECRET"]}]`),
		"a date that is no number": withParameters(`"DateTimeParameters":[{"Name":"t","Values":["2026-01-01"]}]`),
	})
}

func TestStartRefusesJobID(t *testing.T) {
	assertInvalid(t, map[string]string{
		"none":           startOf(pdfGroup).withID("").json(),
		"with a slash":   startOf(pdfGroup).withID("a/b").json(),
		"513 characters": startOf(pdfGroup).withID(strings.Repeat("a", 513)).json(),
	})
}

func TestStartRefusesGroups(t *testing.T) {
	eight := append(repeat(csvGroup, 6), pdfGroup, excelGroup)
	assertInvalid(t, map[string]string{
		"no configuration":      `{"SnapshotJobId":"j"}`,
		"no group":              startOf().json(),
		"8 groups":              startOf(eight...).json(),
		"6 CSV":                 startOf(repeat(csvGroup, 6)...).json(),
		"2 PDF":                 startOf(pdfGroup, pdfGroup).json(),
		"2 Excel":               startOf(excelGroup, excelGroup).json(),
		"a group without files": startOf(groupOf()).json(),
		"a group of two files":  startOf(groupOf(csvFile, pdfFile)).json(),
	})
}

func TestStartRefusesFiles(t *testing.T) {
	const (
		noVisuals   = `{"SheetId":"s","SelectionScope":"SELECTED_VISUALS"}`
		bothVisuals = `{"SheetId":"s","SelectionScope":"ALL_VISUALS","VisualIds":["v"]}`
		noSheet     = `{"SelectionScope":"ALL_VISUALS"}`
	)
	bodies := map[string]string{}
	for name, file := range map[string]string{
		"unknown format":          fileOf("PNG", wholeSheet),
		"PDF of selected visuals": fileOf("PDF", noVisuals),
		"PDF with visuals":        fileOf("PDF", bothVisuals),
		"CSV of all visuals":      fileOf("CSV", bothVisuals),
		"CSV without visual":      fileOf("CSV", visualsOf("s")),
		"CSV of 2 visuals":        fileOf("CSV", visualsOf("s", "v", "w")),
		"Excel of 6 visuals":      excelOf("c", "d", "e", "f"), // Two more are in its first sheet.
		"no sheet":                fileOf("PDF", noSheet),
	} {
		bodies[name] = startOf(groupOf(file)).json()
	}
	assertInvalid(t, bodies)
}

func TestStartRefusesUsers(t *testing.T) {
	longValue := strings.Repeat("SECRET", 43) // 258 characters
	bodies := map[string]string{}
	for name, users := range map[string]string{
		"none":              "null",
		"no anonymous user": `{"AnonymousUsers":[]}`,
		"2 anonymous users": `{"AnonymousUsers":[{},{}]}`,
		"no tag in a list":  userWithTags(0),
		"51 tags":           userWithTags(51),
		"tag without key":   strings.Replace(anonymousUser, "tenant", "", 1),
		"long tag value":    strings.Replace(anonymousUser, "SECRET", longValue, 1),
	} {
		bodies[name] = startOf(pdfGroup).forUsers(users).json()
	}
	assertInvalid(t, bodies)
}

// withDestinations returns the body of a start with these destinations.
func withDestinations(destinations ...string) string {
	return startOf(pdfGroup).with(destinationsOf(destinations...)).json()
}

func TestStartAcceptsDestination(t *testing.T) {
	assertStarts(t, map[string]string{
		"one": withDestinations(bucketOf("b", "p", "us-east-1")),
	})
}

func TestStartRefusesDestinations(t *testing.T) {
	first := bucketOf("b", "p", "us-east-1")
	second := bucketOf("c", "p", "us-east-1")
	assertInvalid(t, map[string]string{
		"none in a list": withDestinations(),
		"two":            withDestinations(first, second),
		"no bucket":      withDestinations(`{}`),
		"no prefix":      withDestinations(bucketOf("b", "", "us-east-1")),
		"another region": withDestinations(bucketOf("b", "p", "eu-west-1")),
	})
}

func TestStartAcceptsParameters(t *testing.T) {
	assertStarts(t, map[string]string{
		"of every type": withParameters(
			`"StringParameters":[{"Name":"s","Values":["a"]}]`,
			`"IntegerParameters":[{"Name":"i","Values":[1]}]`,
			`"DecimalParameters":[{"Name":"d","Values":[1.5,"NaN"]}]`,
			`"DateTimeParameters":[{"Name":"t","Values":[1700000000.5]}]`,
		),
	})
}

func TestStartRefusesParameters(t *testing.T) {
	many := repeat(`{"Name":"s","Values":["a"]}`, 101)
	assertInvalid(t, map[string]string{
		"no name":        withParameters(`"StringParameters":[{"Values":["SECRET"]}]`),
		"101 parameters": withParameters(`"StringParameters":` + listOf(many...)),
	})
}
