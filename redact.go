package snapshotjob

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
)

const (
	// redacted stands in for what is never shown.
	redacted = "REDACTED"

	// snippetSize bounds the part of a body that an error shows, in bytes.
	snippetSize = 256

	// shortestSecretPart is how many bytes a part of a secret has at least to be removed
	// on its own. A shorter part may be an ordinary word.
	shortestSecretPart = 8

	// urlDelimiters end a URL within a text.
	urlDelimiters = " \"'<>,"

	// authorityEnds end the user info, host and port of a URL within a text. Other
	// urlDelimiters may stand in a password.
	authorityEnds = " \"<>/?#\\"

	// secretSeparators may stand between the name of a secret and its value, after
	// spaces.
	secretSeparators = `:="'%\&>([{|;` //nolint:gosec // This is no secret.

	// maxCodeLength and maxMessageLength bound what an error shows of a code or a
	// request id, and of a message, in bytes.
	maxCodeLength    = 128
	maxMessageLength = 4 << 10
)

// authorityMarks stand before the user info, host and port of a URL, plain and in JSON.
var authorityMarks = []string{"://", `:\/\/`}

// secretNames are names, in lower case, whose values are never shown.
var secretNames = []string{
	"authorization",
	"security-token",
	"security_token",
	"session-token",
	"token-0", // in S3's errors
	"signature",
	"signatureprovided", // in the XML of an error of S3
	"credential",
	"sessiontoken",
	"session_token",
	"secretaccesskey",
	"secret_access_key",
}

// redact makes a text one line, and removes the secrets that a server may have sent
// back: the caller's own, the user info and the queries of URLs, and everything that
// follows the name of another secret.
func redact(text string, credentials aws.Credentials) string {
	text = oneLine(text)
	text = redactSecret(text, credentials.SessionToken)
	text = redactSecret(text, credentials.SecretAccessKey)
	for _, mark := range authorityMarks {
		text = redactUserInfos(text, mark)
	}
	text = redactQueries(text)
	text = redactSignatures(text)
	for _, name := range secretNames {
		text = redactAfterName(text, name)
	}
	return text
}

// noCredentials stands for the caller's credentials where nobody can have repeated them.
var noCredentials aws.Credentials

// redactSecret removes a secret, and its parts between characters that JSON, HTML
// or a URL may write in another way.
func redactSecret(text, secret string) string {
	if secret == "" {
		return text
	}
	text = strings.ReplaceAll(text, secret, redacted)
	for part := range strings.FieldsFuncSeq(secret, isEscapable) {
		if len(part) >= shortestSecretPart {
			text = strings.ReplaceAll(text, part, redacted)
		}
	}
	return text
}

// isEscapable reports whether a character may stand escaped in a text.
func isEscapable(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

// redactUserInfos removes the user info of each URL in a text. The mark stands before it.
func redactUserInfos(text, mark string) string {
	var shown strings.Builder
	for {
		before, after, found := strings.Cut(text, mark)
		shown.WriteString(before)
		if !found {
			return shown.String()
		}
		shown.WriteString(mark)
		text = after
		authority := text
		if end := strings.IndexAny(text, authorityEnds); end >= 0 {
			authority = text[:end]
		}
		if at := strings.LastIndexByte(authority, '@'); at >= 0 {
			shown.WriteString(redacted)
			text = text[at:]
		}
	}
}

// redactQueries removes the query of each URL in a text. A URL may have lost its beginning
// when the text was made one line, so that everything of the form name=value behind a "?"
// is taken for a query as well.
func redactQueries(text string) string {
	var shown strings.Builder
	for {
		before, after, found := strings.Cut(text, "?")
		shown.WriteString(before)
		if !found {
			return shown.String()
		}
		shown.WriteString("?")
		text = after
		query := text
		if end := strings.IndexAny(text, urlDelimiters); end >= 0 {
			query = text[:end]
		}
		start := strings.LastIndexAny(before, urlDelimiters) + 1
		isQuery := strings.Contains(before[start:], ":") || strings.Contains(query, "=")
		if query == "" || !isQuery {
			continue
		}
		shown.WriteString(redacted)
		text = text[len(query):]
	}
}

// signatureValue matches the value of a signature: 64 hexadecimal digits.
var signatureValue = regexp.MustCompile(`(?i)[0-9a-f]{64}`)

// redactSignatures removes the values of signatures from a text that tells of a signature,
// in whatever words.
func redactSignatures(text string) string {
	if !strings.Contains(strings.ToLower(text), "signature") {
		return text // the digits may be an id
	}
	return signatureValue.ReplaceAllString(text, redacted)
}

// redactAfterName removes everything that follows the first use of a secret's name
// as a name.
func redactAfterName(text, name string) string {
	for i := range len(text) - len(name) {
		end := i + len(name)
		if !strings.EqualFold(text[i:end], name) {
			continue
		}
		end += len(text[end:]) - len(strings.TrimLeftFunc(text[end:], unicode.IsSpace))
		if end < len(text) && strings.IndexByte(secretSeparators, text[end]) >= 0 {
			return text[:end+1] + redacted
		}
	}
	return text
}

// oneLine replaces control characters, line separators, and characters that change the
// direction of the text by spaces.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
}

// redactCode makes a code or a request id from outside fit to be shown.
func redactCode(code string, credentials aws.Credentials) string {
	return shorten(redactStart(code, credentials), maxCodeLength)
}

// redactStart is redact for a text that may be very long. It looks at the beginning
// alone, and removes the half of a secret that may stand at its end.
func redactStart(text string, credentials aws.Credentials) string {
	// A text of exactly this length may have been cut before it came here.
	mayBeCut := len(text) >= maxErrorBody
	text = text[:min(len(text), maxErrorBody)]
	if mayBeCut {
		text = trimHalfSecret(text, credentials.SessionToken)
		text = trimHalfSecret(text, credentials.SecretAccessKey)
	}
	return redact(text, credentials)
}

// trimHalfSecret removes from the end of a text the beginning of a secret, or of a part
// of it that redactSecret knows.
func trimHalfSecret(text, secret string) string {
	text = trimBeginning(text, secret)
	for part := range strings.FieldsFuncSeq(secret, isEscapable) {
		text = trimBeginning(text, part)
	}
	return text
}

// trimBeginning removes from the end of a text what a secret begins with.
func trimBeginning(text, secret string) string {
	for length := min(len(secret)-1, len(text)); length > 0; length-- {
		if strings.HasSuffix(text, secret[:length]) {
			return text[:len(text)-length]
		}
	}
	return text
}

// redactMessage makes a message from outside fit to be shown.
func redactMessage(message string, credentials aws.Credentials) string {
	return shorten(redact(message, credentials), maxMessageLength)
}

// shorten cuts a text to a number of bytes.
func shorten(text string, length int) string {
	if len(text) <= length {
		return text
	}
	return strings.ToValidUTF8(text[:length], "") + "…"
}

// snippet returns the beginning of a body, without secrets. It is cut after it is
// redacted, so that no half of a secret stays.
func snippet(body []byte, credentials aws.Credentials) string {
	return shorten(redactStart(string(body), credentials), snippetSize)
}

// quote quotes a value from outside, without the user info and the queries of URLs. It
// cuts off a long value.
func quote(value string) string {
	const longest = 64 // characters
	value = redact(value, noCredentials)
	if utf8.RuneCountInString(value) > longest {
		return fmt.Sprintf("%.*q…", longest, value)
	}
	return fmt.Sprintf("%q", value)
}

// hideSecrets returns an error from outside without the secrets in its text, and in the
// texts of the errors that it wraps.
func hideSecrets(err error, credentials aws.Credentials) error {
	if isShowable(err, credentials) {
		return err
	}
	return &hiddenError{
		text:   redactMessage(err.Error(), credentials),
		hidden: &err,
	}
}

// isShowable reports whether no error of a chain has anything in its text that is not
// shown.
func isShowable(err error, credentials aws.Credentials) bool {
	if err == nil {
		return true
	}
	text := err.Error()
	if redactMessage(text, credentials) != text {
		return false
	}
	//nolint:errorlint // This walks the whole chain itself.
	switch err := err.(type) {
	case interface{ Unwrap() error }:
		return isShowable(err.Unwrap(), credentials)
	case interface{ Unwrap() []error }:
		for _, wrapped := range err.Unwrap() {
			if !isShowable(wrapped, credentials) {
				return false
			}
		}
	}
	return true
}

// hiddenError gives an error another text, because its own has secrets. The error can be
// matched and found, but is not in the chain, which people print. It stands behind a
// pointer, so that no verb of fmt prints it.
type hiddenError struct {
	text   string
	hidden *error
}

// Error returns the text.
func (e *hiddenError) Error() string { return e.text }

// Is reports whether the hidden error matches target.
func (e *hiddenError) Is(target error) bool { return errors.Is(*e.hidden, target) }

// As finds an error of target's type in the hidden error's chain.
func (e *hiddenError) As(target any) bool { return errors.As(*e.hidden, target) }
