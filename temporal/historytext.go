package temporal

import (
	"regexp"
	"strings"

	"go.temporal.io/sdk/temporal"
)

// maxErrorText is how many bytes of an error's text enter a history. The failures that a
// Progress lists are then far smaller than what the server takes.
const maxErrorText = 8 << 10

// signedQuery is the query of a presigned URL. The errors of net/http have the whole URL.
var signedQuery = regexp.MustCompile(`(?i)\?[^\s"'<>]*x-amz-(signature|credential|security-token)[^\s"'<>]*`)

// historyText returns a text as a history can hold it: without the queries of presigned
// URLs, of a limited length, and in valid UTF-8. A worker could not send anything but UTF-8
// to the server, and its activity would count as lost, again and again.
func historyText(text string) string {
	const replacement = "\uFFFD"
	text = signedQuery.ReplaceAllString(text, "?REDACTED")
	if len(text) <= maxErrorText {
		return strings.ToValidUTF8(text, replacement)
	}
	return strings.ToValidUTF8(text[:maxErrorText], replacement) + "…"
}

// withHistoryText returns an error of the user's as it is, if a history can hold it, and
// otherwise without its cause and its details.
func withHistoryText(err *temporal.ApplicationError) error {
	if text := err.Error(); historyText(text) == text {
		return err
	}
	text := historyText(err.Message())
	errorType := historyText(err.Type())
	return temporal.NewApplicationErrorWithOptions(text, errorType, temporal.ApplicationErrorOptions{
		NonRetryable:   err.NonRetryable(),
		Category:       err.Category(),
		NextRetryDelay: err.NextRetryDelay(),
	})
}
