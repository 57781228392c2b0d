package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"golang.org/x/term"
)

// outputFormat is a format of what goes to standard output.
type outputFormat string

const (
	formatAuto  outputFormat = "auto"
	formatJSON  outputFormat = "json"
	formatText  outputFormat = "text"
	formatTable outputFormat = "table"
)

// outputFormats are the formats that can be chosen.
var outputFormats = []outputFormat{formatJSON, formatText, formatTable}

// printable is something that a command shows. As JSON it is one line.
type printable interface {
	// textRows returns the cells of its lines of text, for programs.
	textRows() []row

	// tableRows returns the cells of its lines in a table, for people.
	tableRows() []row

	// problem returns why it is not what was asked for, or an empty text.
	problem() string
}

// row has the cells of a line, from the left to the right.
type row []string

// printer writes what a command shows to standard output. On a terminal it waits until
// flush is called, since bars may be drawn until then.
type printer struct {
	stdout   io.Writer
	held     bytes.Buffer // that flush writes
	isHeld   bool
	format   outputFormat
	header   row   // above the table
	table    []row // that flush writes
	problems []string
	width    int // of the terminal; 0 if the output is no terminal
	colors   colors
}

// newPrinter returns a printer. A table gets the header.
func (s *session) newPrinter(header ...string) *printer {
	p := &printer{
		stdout: s.stdout,
		isHeld: isTerminal(s.stdout),
		format: s.format(),
		header: header,
		colors: colorsFor(s.stdout),
	}
	if p.isHeld {
		p.width = terminalWidth(s.stdout)
	}
	return p
}

// Write writes what flush writes later, or what is written at once.
func (p *printer) Write(text []byte) (int, error) {
	if p.isHeld {
		return p.held.Write(text)
	}
	n, err := p.stdout.Write(text)
	return n, outputError(err)
}

// outputError returns the error of a write to standard output.
func outputError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the output cannot be written: %w", err)
}

// terminalWidth returns how many columns a terminal has.
func terminalWidth(terminal *os.File) int {
	width, _, err := term.GetSize(int(terminal.Fd()))
	if err != nil {
		return 80
	}
	return width
}

// print shows a value. The rows of a table are written by flush.
func (p *printer) print(value printable) error {
	switch p.format {
	case formatJSON:
		encoder := json.NewEncoder(p)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(value)
	case formatText:
		return p.printText(value)
	default:
		p.table = append(p.table, value.tableRows()...)
		if problem := value.problem(); problem != "" {
			p.problems = append(p.problems, problem)
		}
		return nil
	}
}

// printText writes each row as a line, with a tab between its cells.
func (p *printer) printText(value printable) error {
	for _, cells := range value.textRows() {
		if _, err := fmt.Fprintln(p, strings.Join(clean(cells), "\t")); err != nil {
			return err
		}
	}
	return nil
}

// flush writes what is not written yet. A table that is wider than the terminal becomes a
// list.
func (p *printer) flush() error {
	if err := p.printTable(); err != nil {
		return err
	}
	if err := p.printProblems(); err != nil {
		return err
	}
	_, err := p.held.WriteTo(p.stdout)
	return outputError(err)
}

// sortTable sorts the rows by their first cells, which are those of jobs that have ended in
// any order.
func (p *printer) sortTable() {
	slices.SortStableFunc(p.table, func(a, b row) int {
		return strings.Compare(a[0], b[0])
	})
}

// printTable writes the table, if that is the format.
func (p *printer) printTable() error {
	if len(p.table) == 0 {
		return nil
	}
	var table strings.Builder
	aligned := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	for _, cells := range slices.Concat([]row{p.header}, p.table) {
		fmt.Fprintln(aligned, strings.Join(clean(cells), "\t"))
	}
	if err := aligned.Flush(); err != nil {
		return err
	}
	if p.width > 0 && widest(table.String()) > p.width {
		return p.printList()
	}
	return p.printColored(table.String())
}

// printProblems writes the problems below the table. The only one is not written: the
// command ends with it.
func (p *printer) printProblems() error {
	if len(p.problems) < 2 {
		return nil
	}
	var list strings.Builder
	list.WriteString("\nPROBLEMS\n")
	for _, problem := range p.problems {
		list.WriteString(oneLine(problem) + "\n")
	}
	return p.printColored(list.String())
}

// printList writes each row as lines of the form "NAME: cell".
func (p *printer) printList() error {
	var list strings.Builder
	for i, cells := range p.table {
		if i > 0 {
			list.WriteString("\n")
		}
		for column, cell := range clean(cells) {
			if cell != "" {
				fmt.Fprintf(&list, "%s: %s\n", p.header[column], cell)
			}
		}
	}
	return p.printColored(list.String())
}

// printColored writes a text whose words for statuses get their colors.
func (p *printer) printColored(text string) error {
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \n")
		if _, err := fmt.Fprintln(p, p.colors.statuses(line)); err != nil {
			return err
		}
	}
	return nil
}

// clean returns the cells as one line.
func clean(cells row) row {
	cleaned := make(row, len(cells))
	for i, cell := range cells {
		cleaned[i] = oneLine(cell)
	}
	return cleaned
}

// widest returns the length of the longest line.
func widest(text string) int {
	longest := 0
	for line := range strings.Lines(text) {
		longest = max(longest, utf8.RuneCountInString(strings.TrimRight(line, " \n")))
	}
	return longest
}
