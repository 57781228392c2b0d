package temporal

import (
	"slices"
	"strings"

	"github.com/quicksight-go/snapshotjob"
)

// shortestHidden is how many bytes a value has at least to be removed wherever it stands. A
// shorter one may be a part of any word, and is removed where it stands in quotes.
const shortestHidden = 4

// hideValues returns an error of the service without the values of the tags and of the
// string parameters of a request. The service may quote a value that it refuses, and the
// text of an error is no payload, which a codec would encrypt.
func hideValues(err error, r Request) error {
	values := hiddenValues(r)
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) }) // "acme-2" before "acme"
	text := err.Error()
	for _, value := range values {
		text = hideValue(text, value)
	}
	if text == err.Error() {
		return err
	}
	return &hiddenError{
		text: text,
		err:  err,
	}
}

// hideValue removes a value from a text.
func hideValue(text, value string) string {
	const hidden = "REDACTED"
	if len(value) >= shortestHidden {
		return strings.ReplaceAll(text, value, hidden)
	}
	for _, quote := range []string{`"`, "'", "`"} {
		text = strings.ReplaceAll(text, quote+value+quote, quote+hidden+quote)
	}
	return text
}

// hiddenValues returns the values of the tags and of the string parameters of a request.
func hiddenValues(r Request) []string {
	var values []string
	for _, user := range usersOf(r.UserConfiguration) {
		for _, tag := range user.RowLevelPermissionTags {
			values = append(values, tag.Value)
		}
	}
	if parameters := r.SnapshotConfiguration.Parameters; parameters != nil {
		for _, parameter := range parameters.StringParameters {
			values = append(values, parameter.Values...)
		}
	}
	return values
}

// usersOf returns the users of a configuration, which may be nil.
func usersOf(configuration *snapshotjob.SnapshotUserConfiguration) []snapshotjob.SnapshotAnonymousUser {
	if configuration == nil {
		return nil
	}
	return configuration.AnonymousUsers
}

// hiddenError gives an error of the service another text. The error can still be matched.
type hiddenError struct {
	text string
	err  error
}

// Error returns the text.
func (e *hiddenError) Error() string { return e.text }

// Unwrap returns the error of the service.
func (e *hiddenError) Unwrap() error { return e.err }
