package snapshotjob

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"reflect"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The values of tags and parameters. Each is found in no other text.
const (
	secretText    = "TAGVALUE7351"
	secretInteger = 735142996
	secretNumber  = 7351.42996
)

var secretTime = time.Date(1973, 5, 14, 2, 9, 9, 0, time.UTC)

// secretForms are how fmt may print the values.
func secretForms() []string {
	forms := []string{"TAGVALUE", "7351.4", "1973-05"}
	for _, verb := range []string{"%s", "%x", "%X", "% x", "%q"} {
		forms = append(forms, fmt.Sprintf(verb, secretText))
	}
	for _, verb := range []string{"%d", "%x", "%X", "%b", "%o"} {
		forms = append(forms, fmt.Sprintf(verb, secretInteger))
	}
	for _, verb := range []string{"%b", "%x", "%e"} {
		forms = append(forms, fmt.Sprintf(verb, secretNumber))
	}
	return forms
}

// secretParameters have a value of each type.
func secretParameters() *Parameters {
	return &Parameters{
		StringParameters:   []StringParameter{{Name: "p", Values: []string{secretText}}},
		IntegerParameters:  []IntegerParameter{{Name: "p", Values: []int64{secretInteger}}},
		DecimalParameters:  []DecimalParameter{{Name: "p", Values: []float64{secretNumber}}},
		DateTimeParameters: []DateTimeParameter{{Name: "p", Values: []time.Time{secretTime}}},
	}
}

// secretInput is the input of a start that has values of tags and parameters.
func secretInput() *StartDashboardSnapshotJobInput {
	in := exampleStart()
	in.SnapshotConfiguration.Parameters = secretParameters()
	in.UserConfiguration = AnonymousUser(SessionTag{Key: "tenant", Value: secretText})
	return in
}

// valueHolders are a value of every type that leads to the value of a tag or a parameter.
func valueHolders() map[string]any {
	in := secretInput()
	parameters := in.SnapshotConfiguration.Parameters
	user := in.UserConfiguration.AnonymousUsers[0]
	return map[string]any{
		"tag":                user.RowLevelPermissionTags[0],
		"string":             parameters.StringParameters[0],
		"integer":            parameters.IntegerParameters[0],
		"decimal":            parameters.DecimalParameters[0],
		"time":               parameters.DateTimeParameters[0],
		"parameters":         *parameters,
		"configuration":      in.SnapshotConfiguration,
		"user":               user,
		"user configuration": *in.UserConfiguration,
		"input":              *in,
		"description":        DescribeDashboardSnapshotJobOutput{SnapshotConfiguration: in.SnapshotConfiguration},
	}
}

// uriHolders are a value of every type that leads to a URI, except for those that have no
// Format method.
func uriHolders() map[string]any {
	out := presignedOutput()
	group := out.Result.AnonymousUsers[0].FileGroups[0]
	file := ResultFile{Job: exampleJob, URI: presigned}
	return map[string]any{
		"URI":             presigned,
		"output":          *out,
		"result":          out.Result,
		"user":            out.Result.AnonymousUsers[0],
		"registered user": RegisteredUserSnapshotJobResult{FileGroups: []SnapshotJobResultFileGroup{group}},
		"group":           group,
		"S3 result":       group.S3Results[0],
		"downloaded file": DownloadedFile{File: file},
		"progress":        DownloadProgress{File: file},
		"file error":      FileError{File: file},
		"job error":       *out.Err().(*JobError),
		"download error":  DownloadError{Files: []DownloadedFile{{File: file}}},
		"job's message":   JobError{Status: SnapshotJobStatusFailed, Message: "see " + string(presigned)},
	}
}

// field is a user's structure that has a value. Its fields are exported, as fmt calls
// methods of such fields alone.
type field struct{ Value any }

// waysToPrint are a value and what a user may have it in.
func waysToPrint(value any) map[string]any {
	pointer := reflect.New(reflect.TypeOf(value))
	pointer.Elem().Set(reflect.ValueOf(value))
	ways := map[string]any{}
	for name, v := range map[string]reflect.Value{"value": pointer.Elem(), "pointer": pointer} {
		typeOfField := reflect.StructOf([]reflect.StructField{{Name: "Value", Type: v.Type()}})
		structure := reflect.New(typeOfField)
		structure.Elem().Field(0).Set(v)
		slice := reflect.Append(reflect.Zero(reflect.SliceOf(v.Type())), v)
		byName := reflect.MakeMap(reflect.MapOf(reflect.TypeFor[string](), v.Type()))
		byName.SetMapIndex(reflect.ValueOf("k"), v)
		ways[name] = v.Interface()
		ways["structure of "+name] = structure.Elem().Interface()
		ways["pointer to structure of "+name] = structure.Interface()
		ways["slice of "+name] = slice.Interface()
		ways["map of "+name] = byName.Interface()
		ways["field of "+name] = field{Value: v.Interface()}
		ways["slices of "+name] = []any{[]any{v.Interface()}}
	}
	return ways
}

// checkPrinted prints values in every way, with every verb, and looks for secrets.
func checkPrinted(t *testing.T, values map[string]any, secrets []string) {
	t.Helper()
	verbs := printVerbs()
	for name, value := range values {
		for way, printed := range waysToPrint(value) {
			for _, verb := range verbs {
				text := fmt.Sprintf(verb, printed)
				for _, secret := range secrets {
					if strings.Contains(text, secret) {
						t.Fatalf("%s as %s with %s shows %q: %s", name, way, verb, secret, text)
					}
				}
			}
		}
	}
}

func TestValuesAreNeverPrinted(t *testing.T) {
	checkPrinted(t, valueHolders(), secretForms())
}

func TestURIsAreNeverPrinted(t *testing.T) {
	checkPrinted(t, uriHolders(), []string{hidden, fmt.Sprintf("%x", hidden), fmt.Sprintf("%X", hidden)})
}

func TestMessagesAreNeverLoggedWithAURI(t *testing.T) {
	const hostileMessage = "see " + string(presigned) + " " + hostileKey
	output := DescribeDashboardSnapshotJobResultOutput{
		ErrorInfo: &SnapshotJobErrorInfo{ErrorType: hostileKey, ErrorMessage: hostileMessage},
	}
	info := SnapshotJobResultErrorInfo{ErrorType: hostileKey, ErrorMessage: hostileMessage}
	file := ResultFile{Errors: []SnapshotJobResultErrorInfo{info}}
	for name, handler := range logHandlers {
		for _, value := range []any{output, &output, file, []ResultFile{file}, field{Value: output.Err()}} {
			text := logged(handler, value)
			assert.Contains(t, text, "REDACTED", name)
			assert.NotContains(t, text, hidden, name)
			line := strings.ReplaceAll(text, "\n", "") // the log has lines
			assert.False(t, strings.ContainsAny(line, hostileCharacters), "%s: %q", name, text)
		}
	}
}

func TestPrintedInputTellsTheRest(t *testing.T) {
	in := secretInput()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
		text := fmt.Sprintf(verb, in)
		for _, want := range []string{"dash", "sheet", "PDF", "tenant", "REDACTED"} {
			assert.Contains(t, text, want, verb)
		}
	}
	assert.Contains(t, fmt.Sprintf("%+v", in.SnapshotConfiguration.Parameters), "{Name:p Values:1 REDACTED}")
	assert.Equal(t, "{Key:tenant Value:}", fmt.Sprintf("%+v", SessionTag{Key: "tenant"}))
}

func TestNilPointersArePrinted(t *testing.T) {
	assert.Equal(t, "<nil>", fmt.Sprint((*StartDashboardSnapshotJobInput)(nil)))
	assert.Equal(t, "<nil>", fmt.Sprint((*Parameters)(nil)))
	assert.Equal(t, "<nil>", fmt.Sprint((*JobError)(nil)))
}

// logHandlers make the handlers of package slog.
var logHandlers = map[string]func(io.Writer) slog.Handler{
	"text": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
	"JSON": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
}

func TestValuesAreNeverLogged(t *testing.T) {
	for handlerName, handler := range logHandlers {
		for name, value := range valueHolders() {
			ways := waysToPrint(value)
			for _, way := range []string{"value", "pointer"} {
				text := logged(handler, ways[way])
				assert.Contains(t, text, "msg")
				for _, secret := range secretForms() {
					assert.NotContains(t, text, secret, "%s, %s of %s", handlerName, way, name)
				}
			}
		}
	}
}

func TestJSONOfAnInputKeepsTheValues(t *testing.T) {
	data, err := json.Marshal(secretInput())
	require.NoError(t, err)
	assert.Contains(t, string(data), secretText)
	assert.Contains(t, string(data), fmt.Sprint(secretInteger))
	assert.Contains(t, string(data), "7351.42996")
	assert.Contains(t, string(data), "1973-05-14T02:09:09Z")

	var back StartDashboardSnapshotJobInput
	require.NoError(t, json.Unmarshal(data, &back))
	assert.Equal(t, *secretInput(), back)
}

func TestRequestKeepsTheValues(t *testing.T) {
	body := sentBody(t, secretInput())
	assert.Contains(t, body, `"Value":"`+secretText+`"`)
	assert.Contains(t, body, fmt.Sprint(secretInteger))
}

func TestParametersWithoutValuesArePrinted(t *testing.T) {
	decimal := DecimalParameter{Name: "p", Values: []float64{math.NaN()}}
	parameters := Parameters{DecimalParameters: []DecimalParameter{decimal}}
	assert.Contains(t, fmt.Sprintf("%+v", parameters), "DecimalParameters:[{Name:p Values:1 REDACTED}]")
}

// clientHolder is a user's structure, of the kind that is printed by mistake.
type clientHolder struct {
	Client *Client

	client *Client // fmt cannot call its methods
}

// optionsHolder is a user's structure with options.
type optionsHolder struct{ Options Options }

// secretOptions have credentials that fmt would print.
var secretOptions = Options{Region: "us-east-1", Credentials: exampleCredentials}

// checkNoKey checks that a text holds no part of the credentials.
func checkNoKey(t *testing.T, text, name string) {
	t.Helper()
	secrets := []string{exampleKeyID, exampleSecret, exampleToken, fmt.Sprintf("%x", exampleSecret)}
	for _, secret := range secrets {
		assert.NotContains(t, text, secret, name)
	}
}

func TestClientsInAUsersStructureHideCredentials(t *testing.T) {
	holder := &clientHolder{Client: New(secretOptions), client: New(secretOptions)}
	for _, verb := range printVerbs() {
		checkNoKey(t, fmt.Sprintf(verb, holder), verb)
		checkNoKey(t, fmt.Sprintf(verb, *holder), verb)
		checkNoKey(t, fmt.Sprintf(verb, []*clientHolder{holder}), verb)
		checkNoKey(t, fmt.Sprintf(verb, holder.Client), verb)
		checkNoKey(t, fmt.Sprintf(verb, []*Client{holder.client}), verb)
	}
}

// SECURITY.md says where fmt cannot be kept from printing options.
func TestOptionsInAUsersStructureHideCredentials(t *testing.T) {
	for way, printed := range waysToPrint(secretOptions) {
		for _, verb := range printVerbs() {
			checkNoKey(t, fmt.Sprintf(verb, printed), way+verb)
		}
	}
	for _, verb := range printVerbs() {
		checkNoKey(t, fmt.Sprintf(verb, optionsHolder{Options: secretOptions}), verb)
		checkNoKey(t, fmt.Sprintf(verb, &optionsHolder{Options: secretOptions}), verb)
	}
}

func TestClientsInATemplateHideCredentials(t *testing.T) {
	templates := []string{
		`{{.}}`,
		`{{.Client}}`,
		`{{.Options}}`,
		`{{printf "%+v %s" .Client .Options}}`,
		`{{range .Clients}}{{.}}{{end}}`,
		`{{print .Client}}{{html .Client}}{{js .Options}}`,
	}
	client := New(secretOptions)
	data := struct {
		Client  *Client
		Options Options
		Clients []*Client
	}{
		Client:  client,
		Options: secretOptions,
		Clients: []*Client{client},
	}
	for _, text := range templates {
		var page strings.Builder
		require.NoError(t, template.Must(template.New("page").Parse(text)).Execute(&page, data))
		assert.NotEmpty(t, page.String())
		checkNoKey(t, page.String(), text)
	}
	var page strings.Builder
	require.NoError(t, template.Must(template.New("page").Parse("{{.}}")).Execute(&page, client))
	checkNoKey(t, page.String(), "the client itself")
}

// hostileKey is a key with characters that move the cursor of a terminal, end a line, or
// turn the direction of the text.
const hostileKey = "s3://b/a\r\n\x1b[2Jlevel=ERROR\u202egnp\u2066x\u2028y\u2029z\u0085"

// hostileCharacters are those of hostileKey.
const hostileCharacters = "\r\n\x1b\u202e\u2066\u2028\u2029\u0085"

func TestControlCharactersOfAURIAreNotPrinted(t *testing.T) {
	uri := S3URI(hostileKey)
	info := SnapshotJobResultErrorInfo{ErrorMessage: hostileKey}
	description := DescribeDashboardSnapshotJobOutput{ARN: hostileKey, JobStatus: hostileKey}
	selection := SnapshotFileSheetSelection{SheetID: hostileKey}
	output := DescribeDashboardSnapshotJobResultOutput{ARN: hostileKey, JobStatus: hostileKey}
	file := ResultFile{Job: exampleJob, URI: uri, Errors: []SnapshotJobResultErrorInfo{info}}
	texts := map[string]string{
		"String":     uri.String(),
		"%v":         fmt.Sprintf("%v", uri),
		"%+v":        fmt.Sprintf("%+v", file),
		"%#v":        fmt.Sprintf("%#v", SnapshotJobS3Result{ErrorInfo: file.Errors}),
		"file error": file.Err().Error(),
		"job error":  (&JobError{Status: hostileKey, ErrorType: hostileKey, Files: []ResultFile{file}}).Error(),

		"description": fmt.Sprintf("%+v", description),
		"output":      fmt.Sprintf("%v", output),
		"sheet":       fmt.Sprintf("%v", ResultFile{Sheets: []SnapshotFileSheetSelection{selection}}),
	}
	for name, text := range texts {
		assert.False(t, strings.ContainsAny(text, hostileCharacters), "%s: %q", name, text)
	}
}

func TestControlCharactersOfAURIAreNotLogged(t *testing.T) {
	for name, handler := range logHandlers {
		text := logged(handler, S3URI(hostileKey))
		line := strings.ReplaceAll(text, "\n", "") // the log has lines
		assert.False(t, strings.ContainsAny(line, hostileCharacters), "%s: %q", name, text)
		assert.Equal(t, 4, strings.Count(text, "\n"), "%s: %q", name, text)
	}
}

func TestHostileKeySurvivesJSON(t *testing.T) {
	data, err := json.Marshal(uriHolder{URI: hostileKey})
	require.NoError(t, err)
	var back uriHolder
	require.NoError(t, json.Unmarshal(data, &back))
	assert.True(t, bytes.Equal([]byte(hostileKey), []byte(back.URI)))
}
