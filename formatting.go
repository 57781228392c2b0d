package snapshotjob

import (
	"fmt"
	"log/slog"

	"github.com/go-json-experiment/json"
)

// This file has the methods by which package fmt prints values that hold secrets. For a
// verb that does not suit a pointer, such as %s, fmt prints what the pointer points to
// without calling any method of what is inside. So not only the secrets themselves have
// a Format method, but also every structure that leads to them. Those that lead to the
// values of tags and parameters have a LogValue method as well, because the JSON of these
// structures, which a JSON log would hold, has the values.
//
// A Format method that passed its own value to fmt would be called again, without end.
// So each converts its value to a local type plain, which has the same fields and no
// methods. The methods of what is inside the value are still called.

// formatPlain prints a value that has no methods of its own, in one line, with the flags
// of f.
func formatPlain(f fmt.State, value any) {
	format := "%v"
	switch {
	case f.Flag('#'):
		format = "%#v"
	case f.Flag('+'):
		format = "%+v"
	}
	fmt.Fprint(f, oneLine(fmt.Sprintf(format, value)))
}

// logFormatted returns for a log what the Format method of a value prints.
func logFormatted(value any) slog.Value {
	return slog.StringValue(fmt.Sprintf("%+v", value))
}

// redactedValues stands in for the values of a parameter.
type redactedValues struct {
	Name   string
	Values string
}

// newRedactedValues tells how many values a parameter has.
func newRedactedValues(name string, count int) redactedValues {
	return redactedValues{
		Name:   name,
		Values: fmt.Sprintf("%d %s", count, redacted),
	}
}

// Format writes the tag without its value.
func (t SessionTag) Format(f fmt.State, _ rune) {
	type plain SessionTag
	shown := plain{Key: t.Key}
	if t.Value != "" {
		shown.Value = redacted
	}
	formatPlain(f, shown)
}

// LogValue returns the tag without its value.
func (t SessionTag) LogValue() slog.Value { return logFormatted(t) }

// Format writes the parameter without its values.
func (p StringParameter) Format(f fmt.State, _ rune) {
	formatPlain(f, newRedactedValues(p.Name, len(p.Values)))
}

// LogValue returns the parameter without its values.
func (p StringParameter) LogValue() slog.Value { return logFormatted(p) }

// Format writes the parameter without its values.
func (p IntegerParameter) Format(f fmt.State, _ rune) {
	formatPlain(f, newRedactedValues(p.Name, len(p.Values)))
}

// LogValue returns the parameter without its values.
func (p IntegerParameter) LogValue() slog.Value { return logFormatted(p) }

// Format writes the parameter without its values.
func (p DecimalParameter) Format(f fmt.State, _ rune) {
	formatPlain(f, newRedactedValues(p.Name, len(p.Values)))
}

// LogValue returns the parameter without its values.
func (p DecimalParameter) LogValue() slog.Value { return logFormatted(p) }

// Format writes the parameter without its values.
func (p DateTimeParameter) Format(f fmt.State, _ rune) {
	formatPlain(f, newRedactedValues(p.Name, len(p.Values)))
}

// LogValue returns the parameter without its values.
func (p DateTimeParameter) LogValue() slog.Value { return logFormatted(p) }

// Format writes the parameters without their values.
func (p Parameters) Format(f fmt.State, _ rune) {
	type plain Parameters
	formatPlain(f, plain(p))
}

// LogValue returns the parameters without their values.
func (p Parameters) LogValue() slog.Value { return logFormatted(p) }

// Format writes the configuration without the values of parameters.
func (c SnapshotConfiguration) Format(f fmt.State, _ rune) {
	type plain SnapshotConfiguration
	formatPlain(f, plain(c))
}

// LogValue returns the configuration without the values of parameters.
func (c SnapshotConfiguration) LogValue() slog.Value { return logFormatted(c) }

// Format writes the user without the values of tags.
func (u SnapshotAnonymousUser) Format(f fmt.State, _ rune) {
	type plain SnapshotAnonymousUser
	formatPlain(f, plain(u))
}

// LogValue returns the user without the values of tags.
func (u SnapshotAnonymousUser) LogValue() slog.Value { return logFormatted(u) }

// Format writes the configuration without the values of tags.
func (c SnapshotUserConfiguration) Format(f fmt.State, _ rune) {
	type plain SnapshotUserConfiguration
	formatPlain(f, plain(c))
}

// LogValue returns the configuration without the values of tags.
func (c SnapshotUserConfiguration) LogValue() slog.Value { return logFormatted(c) }

// Format writes the input without the values of tags and parameters.
func (in StartDashboardSnapshotJobInput) Format(f fmt.State, _ rune) {
	type plain StartDashboardSnapshotJobInput
	formatPlain(f, plain(in))
}

// LogValue returns the input without the values of tags and parameters.
func (in StartDashboardSnapshotJobInput) LogValue() slog.Value { return logFormatted(in) }

// Format writes the output without the values of parameters.
func (o DescribeDashboardSnapshotJobOutput) Format(f fmt.State, _ rune) {
	type plain DescribeDashboardSnapshotJobOutput
	formatPlain(f, plain(o))
}

// LogValue returns the output without the values of parameters.
func (o DescribeDashboardSnapshotJobOutput) LogValue() slog.Value { return logFormatted(o) }

// Format writes the output without the secrets of its URIs.
func (o DescribeDashboardSnapshotJobResultOutput) Format(f fmt.State, _ rune) {
	type plain DescribeDashboardSnapshotJobResultOutput
	formatPlain(f, plain(o))
}

// Format writes the result without the secrets of its URIs.
func (r SnapshotJobResult) Format(f fmt.State, _ rune) {
	type plain SnapshotJobResult
	formatPlain(f, plain(r))
}

// Format writes the result without the secrets of its URIs.
func (r AnonymousUserSnapshotJobResult) Format(f fmt.State, _ rune) {
	type plain AnonymousUserSnapshotJobResult
	formatPlain(f, plain(r))
}

// Format writes the result without the secrets of its URIs.
func (r RegisteredUserSnapshotJobResult) Format(f fmt.State, _ rune) {
	type plain RegisteredUserSnapshotJobResult
	formatPlain(f, plain(r))
}

// Format writes the group without the secrets of its URIs.
func (g SnapshotJobResultFileGroup) Format(f fmt.State, _ rune) {
	type plain SnapshotJobResultFileGroup
	formatPlain(f, plain(g))
}

// Format writes the result without the secrets of its URI.
func (r SnapshotJobS3Result) Format(f fmt.State, _ rune) {
	type plain SnapshotJobS3Result
	formatPlain(f, plain(r))
}

// shownErrorInfo is an error of a job or a file as it is shown.
type shownErrorInfo struct {
	ErrorType    string `json:"ErrorType,omitzero"`
	ErrorMessage string `json:"ErrorMessage,omitzero"`
}

// newShownErrorInfo removes the secrets that the message of an error may have.
func newShownErrorInfo(errorType, message string) shownErrorInfo {
	return shownErrorInfo{
		ErrorType:    redactCode(errorType, noCredentials),
		ErrorMessage: redactMessage(message, noCredentials),
	}
}

func (i SnapshotJobResultErrorInfo) shown() shownErrorInfo {
	return newShownErrorInfo(i.ErrorType, i.ErrorMessage)
}

// Format writes the error without the secrets that its message may have.
func (i SnapshotJobResultErrorInfo) Format(f fmt.State, _ rune) {
	formatPlain(f, i.shown())
}

// MarshalJSON returns the error without the secrets that its message may have.
func (i SnapshotJobResultErrorInfo) MarshalJSON() ([]byte, error) {
	return json.Marshal(i.shown())
}

func (i SnapshotJobErrorInfo) shown() shownErrorInfo {
	return newShownErrorInfo(i.ErrorType, i.ErrorMessage)
}

// Format writes the error without the secrets that its message may have.
func (i SnapshotJobErrorInfo) Format(f fmt.State, _ rune) {
	formatPlain(f, i.shown())
}

// MarshalJSON returns the error without the secrets that its message may have.
func (i SnapshotJobErrorInfo) MarshalJSON() ([]byte, error) {
	return json.Marshal(i.shown())
}

// Format formats the text of the error as a string, for every verb and flag.
func (e JobError) Format(f fmt.State, verb rune) { formatText(f, verb, e.Error()) }

// Format formats the text of the error as a string, for every verb and flag.
func (e FileError) Format(f fmt.State, verb rune) { formatText(f, verb, e.Error()) }

// Format formats the text of the error as a string, for every verb and flag.
func (e DownloadError) Format(f fmt.State, verb rune) { formatText(f, verb, e.Error()) }

// formatText formats a text that stands for a value.
func formatText(f fmt.State, verb rune, text string) {
	fmt.Fprintf(f, fmt.FormatString(f, verb), text)
}

// String returns the file without the secrets of its URI.
//
// ResultFile cannot have a method Format, because it has a field Format. So a *ResultFile
// inside of another value shows its whole URI under a verb that does not suit it, such as
// %t. go vet reports such verbs.
func (f ResultFile) String() string {
	type plain ResultFile
	return oneLine(fmt.Sprintf("%+v", plain(f)))
}

// GoString is String for the verb %#v.
func (f ResultFile) GoString() string {
	type plain ResultFile
	return fmt.Sprintf("%#v", plain(f))
}

// Format writes the file without the secrets of its URI.
func (f DownloadedFile) Format(s fmt.State, _ rune) {
	type plain DownloadedFile
	formatPlain(s, plain(f))
}

// Format writes the progress without the secrets of the file's URI.
func (p DownloadProgress) Format(f fmt.State, _ rune) {
	type plain DownloadProgress
	formatPlain(f, plain(p))
}
