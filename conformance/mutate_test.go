package conformance

import (
	"bytes"
	"math/rand/v2"
	"slices"
)

// bodies are the bodies from which the tests of responses start.
var bodies = []string{
	``,
	`null`,
	`{}`,
	`[]`,
	`"text"`,
	`<html><body>502 Bad Gateway</body></html>`,
	`{"Message":"m","RequestId":"R2","ResourceType":"DASHBOARD"}`,
	`{"__type":"com.amazonaws.quicksight#ThrottlingException","message":"slow down"}`,
	`{"code":"ResourceNotFoundException",` +
		`"Message":"Dashboard Snapshot Job with id x has not reached a terminal state."}`,
	`{"JobStatus":"QUEUED","Status":2147483648}`,
	`{"Arn":"a","JobStatus":"FAILED","CreatedTime":1700000000.123,"LastUpdatedTime":1.7E9,` +
		`"ErrorInfo":{"ErrorType":"CAPABILITY_RESTRICTED","ErrorMessage":"no"},"RequestId":"R3"}`,
	resultOfRegisteredUser,
	descriptionWithParameters,
	definitionOfDashboard,
}

const resultOfRegisteredUser = `{"JobStatus":"COMPLETED","Result":{"RegisteredUsers":[{"FileGroups":[{` +
	`"Files":[{"FormatType":"CSV","SheetSelections":[` +
	`{"SheetId":"s","SelectionScope":"SELECTED_VISUALS","VisualIds":["v"]}]}],` +
	`"S3Results":[{"S3Uri":"s3://b/k","S3DestinationConfiguration":{"BucketConfiguration":` +
	`{"BucketName":"b","BucketPrefix":"p","BucketRegion":"r"}},` +
	`"ErrorInfo":[{"ErrorType":"RLS_CHANGED","ErrorMessage":"m"}]}]}]}]}}`

const descriptionWithParameters = `{"AwsAccountId":"111122223333","DashboardId":"d","SnapshotJobId":"j",` +
	`"JobStatus":"QUEUED","Status":200,` +
	`"UserConfiguration":{"AnonymousUsers":[{"RowLevelPermissionTagKeys":["k"]}]},` +
	`"SnapshotConfiguration":{"FileGroups":[{"Files":[{"FormatType":"PDF"}]}],` +
	`"DestinationConfiguration":{"S3Destinations":[{"BucketConfiguration":{"BucketName":"b"}}]},` +
	`"Parameters":{"StringParameters":[{"Name":"n","Values":["v"]}],` +
	`"IntegerParameters":[{"Name":"n","Values":[1]}],` +
	`"DecimalParameters":[{"Name":"n","Values":[1.5,"NaN"]}],` +
	`"DateTimeParameters":[{"Name":"n","Values":[1.7e9]}]}}}`

const definitionOfDashboard = `{"DashboardId":"d","Name":"Sales","ResourceStatus":"CREATION_SUCCESSFUL",` +
	`"Errors":[{"Type":"ACCESS_DENIED","Message":"m"}],"ThemeArn":"t","RequestId":"R4","Definition":{` +
	`"DataSetIdentifierDeclarations":[{"Identifier":"i","DataSetArn":"a"}],"Sheets":[{"SheetId":"s","Name":"n",` +
	`"Visuals":[{"TableVisual":{"VisualId":"v","Title":{"Visibility":"VISIBLE","FormatText":{"PlainText":"p"}},` +
	`"ChartConfiguration":{"FieldWells":{}},"Actions":[]}},{"HologramVisual":{"VisualId":"w"}},` +
	`{"KPIVisual":{"VisualId":"k","Title":{"FormatText":{"RichText":"<b>r</b>"}}}}]}]}}`

// words are the codes and texts from which random bodies and headers are made.
var words = []string{
	"AccessDeniedException",
	"ThrottlingException",
	"ResourceNotFoundException",
	"LimitExceededException",
	"InternalFailureException",
	"UnsupportedUserEditionException",
	"ExpiredTokenException",
	"TooManyRequestsException",
	"NoSuchException",
	"throttlingexception",
	"com.amazon#PreconditionNotMetException:http://internal.amazon.com/",
	"InvalidSignatureException",
	"RequestTimeout",
	"",
	"has not reached a terminal state",
	"ünïcode \\ud800",
	"line\\nbreak",
	"connection reset by peer",
}

// memberNames are the keys that random bodies get.
var memberNames = []string{
	"Message", "message", "code", "__type", "RequestId", "ResourceType",
	"Arn", "JobStatus", "CreatedTime", "Status", "ErrorInfo", "Result",
}

// jsonValues are the values that random bodies get.
var jsonValues = []string{"null", "1", "-1.5e3", "true", "{}", "[]", `""`, "1e400"}

// pick returns a random element of a list.
func pick[E any](rng *rand.Rand, list []E) E { return list[rng.IntN(len(list))] }

// mutations are the changes that mutate makes to a body. Each of them changes the
// body at one place, or behind it, and may leave it as it is.
var mutations = []func(rng *rand.Rand, body []byte, place int) []byte{
	truncate,
	changeByte,
	removeBytes,
	insertWord,
	replaceValue,
	addMember,
}

// mutate changes a body at up to three random places.
func mutate(rng *rand.Rand, body []byte) []byte {
	body = bytes.Clone(body)
	for range rng.IntN(4) {
		if len(body) == 0 {
			break
		}
		place := rng.IntN(len(body))
		body = pick(rng, mutations)(rng, body, place)
	}
	return body
}

func truncate(_ *rand.Rand, body []byte, place int) []byte { return body[:place] }

func changeByte(rng *rand.Rand, body []byte, place int) []byte {
	body[place] = byte(rng.Uint32())
	return body
}

func removeBytes(rng *rand.Rand, body []byte, place int) []byte {
	end := place + 1 + rng.IntN(20)
	return slices.Delete(body, place, min(end, len(body)))
}

func insertWord(rng *rand.Rand, body []byte, place int) []byte {
	word := `"` + pick(rng, words) + `"`
	return slices.Insert(body, place, []byte(word)...)
}

// replaceValue replaces what stands between the next colon and the end of its
// member.
func replaceValue(rng *rand.Rand, body []byte, place int) []byte {
	colon := bytes.IndexByte(body[place:], ':')
	if colon < 0 {
		return body
	}
	begin := place + colon + 1
	end := len(body)
	if length := bytes.IndexAny(body[begin:], ",}"); length >= 0 {
		end = begin + length
	}
	return slices.Replace(body, begin, end, []byte(pick(rng, jsonValues))...)
}

// addMember adds a member to the outermost object.
func addMember(rng *rand.Rand, body []byte, _ int) []byte {
	member := `"` + pick(rng, memberNames) + `":"` + pick(rng, words) + `",`
	brace := bytes.IndexByte(body, '{')
	if brace < 0 {
		return body
	}
	return slices.Insert(body, brace+1, []byte(member)...)
}
