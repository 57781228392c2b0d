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
// without tags and comments, its entities decoded, in one line with single spaces. From
// a tag without an end on, all is text.
func plainText(rich string) string {
	var text strings.Builder
	for {
		before, rest, found := strings.Cut(rich, "<")
		text.WriteString(before)
		if !found {
			break
		}
		if !beginsMarkup(rest) {
			text.WriteByte('<')
			rich = rest
			continue
		}
		markup, after, ended := cutMarkup(rest)
		if !ended {
			text.WriteString("<" + rest)
			break
		}
		if breakingTags[tagName(markup)] {
			text.WriteByte(' ')
		}
		rich = after
	}
	line := oneLine(html.UnescapeString(text.String()))
	return strings.Join(strings.Fields(line), " ")
}

// commentStart is what follows the "<" of a comment.
const commentStart = "!--"

// beginsMarkup reports whether a text that follows a "<" begins a tag or a comment.
func beginsMarkup(text string) bool {
	if strings.HasPrefix(text, commentStart) {
		return true
	}
	name := strings.TrimPrefix(text, "/")
	return name != "" && isLetter(name[0])
}

func isLetter(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}

// cutMarkup cuts a text behind the end of the tag or the comment that it begins with.
func cutMarkup(text string) (markup, after string, ended bool) {
	if strings.HasPrefix(text, commentStart) {
		return strings.Cut(text, "-->")
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
		}
	}
	return text, "", false
}

// tagName returns the name of a tag, which begins and ends without its brackets, in lower
// case.
func tagName(tag string) string {
	tag = strings.TrimPrefix(tag, "/")
	if end := strings.IndexAny(tag, " \t\r\n/"); end >= 0 {
		tag = tag[:end]
	}
	return strings.ToLower(tag)
}
