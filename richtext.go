package snapshotjob

import (
	"html"
	"strings"
)

// breakingTags are the tags, in lower case, that separate words. Others, such as <b>,
// may stand within a word.
var breakingTags = map[string]bool{
	"br":    true,
	"block": true,
	"div":   true,
	"li":    true,
	"p":     true,
}

// plainText returns what is to be read of a rich text, which is a kind of XML: its text
// without tags and comments, its entities decoded, in one line with single spaces. A "<"
// that begins neither a tag nor a comment is text.
func plainText(rich string) string {
	var text strings.Builder
	for {
		before, rest, found := strings.Cut(rich, "<")
		text.WriteString(before)
		if !found {
			break
		}
		markup, after, ok := cutMarkup(rest)
		switch {
		case !ok:
			text.WriteByte('<')
			after = rest
		case breakingTags[tagName(markup)]:
			text.WriteByte(' ')
		}
		rich = after
	}
	line := oneLine(html.UnescapeString(text.String()))
	return strings.Join(strings.Fields(line), " ")
}

// cutMarkup cuts a text, which follows a "<", behind the tag or the comment that it
// begins with. It reports false if the text begins with neither. As in HTML, a comment
// without an end goes on to the end of the text.
func cutMarkup(text string) (markup, after string, ok bool) {
	if strings.HasPrefix(text, "!--") {
		markup, after, _ = strings.Cut(text, "-->")
		return markup, after, true
	}
	if name := strings.TrimPrefix(text, "/"); name == "" || !isLetter(name[0]) {
		return "", "", false
	}
	const outside = 0
	var quote byte = outside // a ">" within quotes belongs to the value of an attribute
	for i := range len(text) {
		b := text[i]
		switch {
		case quote != outside:
			if b == quote {
				quote = outside
			}
		case b == '"' || b == '\'':
			quote = b
		case b == '>':
			return text[:i], text[i+1:], true
		case b == '<':
			return "", "", false
		}
	}
	return "", "", false
}

func isLetter(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}

// tagName returns the name of a tag without its brackets, in lower case.
func tagName(tag string) string {
	tag = strings.TrimPrefix(tag, "/")
	if end := strings.IndexAny(tag, " \t\r\n/"); end >= 0 {
		tag = tag[:end]
	}
	return strings.ToLower(tag)
}
