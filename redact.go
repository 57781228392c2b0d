package snapshotjob

import (
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// oneLine makes spaces of control characters and line separators.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
}

const (
	redacted     = "REDACTED"
	wordEnds     = " \"'<>,"
	unknownError = "UnknownError" // as the official client says it
	snippetSize  = 256
)

// snippet is the beginning of a body. It is cut last, so that no half of a
// secret stays.
func snippet(body []byte, creds aws.Credentials) string {
	text := redact(strings.ToValidUTF8(string(body[:min(len(body), maxErrorBody)]), "\uFFFD"), creds)
	if len(text) <= snippetSize {
		return text
	}
	return strings.ToValidUTF8(text[:snippetSize], "") + "…"
}

// redact makes a text one line without the secrets that a server may send back:
// the caller's own, queries of URLs, and all that follows the name of another.
func redact(text string, creds aws.Credentials) string {
	text = oneLine(text) + " " // where a URL at the end ends
	for _, secret := range []string{creds.SessionToken, creds.SecretAccessKey} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, redacted)
		}
		// In JSON, HTML or a URL all but letters and digits may be escaped.
		for run := range strings.FieldsFuncSeq(secret, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if len(run) >= 8 {
				text = strings.ReplaceAll(text, run, redacted)
			}
		}
	}
	var b strings.Builder
	for before, query, found := strings.Cut(text, "?"); found; before, query, found = strings.Cut(text, "?") {
		b.WriteString(before + "?")
		end := 0
		if url := before[strings.LastIndexAny(before, wordEnds)+1:]; strings.Contains(url, ":") {
			if end = strings.IndexAny(query, wordEnds); end > 0 {
				b.WriteString(redacted)
			}
		}
		text = query[end:]
	}
	text = b.String() + text
	for _, name := range []string{"security-token", "signature", "credential", "sessiontoken", "secretaccesskey"} {
		for i := range len(text) - len(name) {
			end := i + len(name)
			if strings.EqualFold(text[i:end], name) && strings.IndexByte(`:="'%\&>`, text[end]) >= 0 {
				text = text[:end+1] + redacted + " "
				break
			}
		}
	}
	return text[:len(text)-1]
}
