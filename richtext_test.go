package snapshotjob

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
)

func TestPlainText(t *testing.T) {
	for _, tt := range []struct {
		name string
		rich string
		want string
	}{
		{name: "nothing", rich: "", want: ""},
		{name: "no markup", rich: "Orders", want: "Orders"},
		{name: "a title", rich: "<visual-title>\n  <b>Orders</b> by day\n</visual-title>", want: "Orders by day"},
		{name: "a parameter", rich: "Orders of <parameter>${Region}</parameter>", want: "Orders of ${Region}"},
		{name: "within a word", rich: "<b>O</b>rders", want: "Orders"},
		{name: "a break", rich: "Orders<br/>by day<BR>and week", want: "Orders by day and week"},
		{name: "blocks", rich: "<block align='center'>Orders</block><p>by</p><div>day</div>", want: "Orders by day"},
		{name: "ends of blocks", rich: "<p>Orders</p>by<p>day</p >and week", want: "Orders by day and week"},
		{name: "attributes", rich: `<inline color="#f00" note="a>b" other='"> '>Orders</inline>`, want: "Orders"},
		{name: "a comment", rich: "Orders<!-- <b>no</b> > -->", want: "Orders"},
		{name: "entities", rich: "A &amp; B &lt;b&gt; &#65;&#x42;&nbsp;&eacute;", want: "A & B <b> AB é"},
		{name: "an entity of an entity", rich: "&amp;lt;", want: "&lt;"},
		{name: "no entity", rich: "A & B &foo; &", want: "A & B &foo; &"},
		{name: "less than", rich: "1 < 2 <= 3 <", want: "1 < 2 <= 3 <"},
		{name: "a tag without an end", rich: "<b>A</b> <i B <b>C</b", want: "A <i B C</b"},
		{name: "quotes without an end", rich: `A<i b=">C</i>`, want: `A<i b=">C`},
		{name: "a comment without an end", rich: "A<!-- <b>B</b>", want: "A"},
		{name: "control characters", rich: "A\x00B\u2028C\u202eD&#27;E", want: "A B C D E"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, plainText(tt.rich))
		})
	}
}

// xmlText returns the text of a rich text that is XML, as package encoding/xml reads it. It reports
// false for one that is not.
func xmlText(rich string) (string, bool) {
	decoder := xml.NewDecoder(strings.NewReader("<r>" + rich + "</r>"))
	decoder.Entity = xml.HTMLEntity
	var text strings.Builder
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return strings.Join(strings.Fields(oneLine(text.String())), " "), true
		}
		if err != nil {
			return "", false
		}
		switch token := token.(type) {
		case xml.CharData:
			text.Write(token)
		case xml.StartElement:
			text.WriteString(spaceOf(token.Name))
		case xml.EndElement:
			text.WriteString(spaceOf(token.Name))
		case xml.Directive, xml.ProcInst:
			return "", false // a title has neither
		}
	}
}

// spaceOf returns a space for a tag that separates words.
func spaceOf(name xml.Name) string {
	switch strings.ToLower(name.Local) {
	case "br", "block", "div", "li", "p":
		return " "
	}
	return ""
}

// isPlainXML reports whether a text has nothing on which XML and HTML, or the two packages, differ:
// CDATA, namespaces, names that are not ASCII, and numbers of characters that HTML replaces.
func isPlainXML(rich string) bool {
	for _, odd := range []string{"<![", "&#", ":"} {
		if strings.Contains(rich, odd) {
			return false
		}
	}
	return !strings.ContainsFunc(rich, func(r rune) bool { return r > unicode.MaxASCII })
}

// FuzzPlainText compares plainText with package encoding/xml, where that can read a text.
func FuzzPlainText(f *testing.F) {
	f.Add("<visual-title><b>Orders</b> by &lt;day&gt;</visual-title>")
	f.Add(`<block align="a>b">x<br/>y</block><!-- z --> 1 &amp; 2`)
	f.Add("a < b <c d='")
	f.Add("&eacute;&notanentity;&")
	f.Add("\xff<p>\u202e</p>")
	f.Fuzz(func(t *testing.T, rich string) {
		got := plainText(rich)
		if got != strings.Join(strings.Fields(oneLine(got)), " ") {
			t.Errorf("%q: %q is not tidy", rich, got)
		}
		if !strings.ContainsAny(rich, "<&") && got != strings.Join(strings.Fields(oneLine(rich)), " ") {
			t.Errorf("%q: %q, but there is no markup", rich, got)
		}
		if want, ok := xmlText(rich); ok && isPlainXML(rich) && got != want {
			t.Errorf("%q: %q, but package encoding/xml reads %q", rich, got, want)
		}
	})
}
