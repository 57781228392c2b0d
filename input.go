package snapshotjob

import (
	"context"
	"fmt"
	"strings"
)

// InvalidInputError lists everything that is wrong with the input or the options of
// a call. Nothing was sent.
type InvalidInputError struct {
	// Faults are the problems, at least one.
	Faults []InputFault
}

// InputFault is one thing that is wrong with an input.
type InputFault struct {
	Field   string // the Go name of the field, such as "DashboardID"
	Problem string // what is wrong with the field, and what would be right
}

// maxShownProblems is how many problems the text of an InvalidInputError lists.
const maxShownProblems = 30

// Error returns, in one line, the first 30 problems, and how many more there are.
func (e *InvalidInputError) Error() string {
	var texts []string
	for _, problem := range e.Faults[:min(maxShownProblems, len(e.Faults))] {
		texts = append(texts, problem.Field+" "+problem.Problem)
	}
	if more := len(e.Faults) - len(texts); more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return "invalid input: " + strings.Join(texts, "; ")
}

// problemList collects what is wrong with an input or with options, so that a
// caller learns all of it at once.
type problemList []InputFault

// add appends a problem of a field.
func (l *problemList) add(field, format string, args ...any) {
	*l = append(*l, InputFault{
		Field:   field,
		Problem: fmt.Sprintf(format, args...),
	})
}

// err returns the list as an error, or nil if the list is empty.
func (l problemList) err() error {
	if len(l) == 0 {
		return nil
	}
	return &InvalidInputError{Faults: l}
}

// needContext adds a problem if ctx is nil.
func (l *problemList) needContext(ctx context.Context) {
	if ctx == nil {
		l.add("ctx", "is nil: want a context, such as context.Background()")
	}
}

// checkAccount adds a problem if id is not an AWS account id.
func (l *problemList) checkAccount(id string) {
	switch {
	case id == "":
		l.add("AWSAccountID", "is empty: want the 12 digits of the account that owns the dashboard")
	case len(id) != 12 || strings.Trim(id, "0123456789") != "":
		l.add("AWSAccountID", "%s is not an account id: want 12 digits", quote(id))
	}
}

// checkID adds a problem if id cannot be a segment of a request's path. What else
// is allowed in an id is for the service to say.
func (l *problemList) checkID(field, id string) {
	switch id {
	case "":
		l.add(field, "is empty")
	case ".", "..":
		// A proxy or the service would resolve it, and so drop a segment of the path.
		l.add(field, "%q cannot stand in a request path", id)
	}
}

// countLimits say how many of something a list may have.
type countLimits struct {
	format  string // says how many there are, such as "has %d groups"
	least   int
	most    int
	comment string // follows the limits in the text of a problem
}

// text says which counts are within the limits.
func (l countLimits) text() string {
	switch l.least {
	case 0:
		return fmt.Sprintf("at most %d", l.most)
	case l.most:
		return fmt.Sprintf("%d", l.most)
	}
	return fmt.Sprintf("%d to %d", l.least, l.most)
}

// checkCount adds a problem if count is outside of the limits.
func (l *problemList) checkCount(field string, count int, limits countLimits) {
	if count >= limits.least && count <= limits.most {
		return
	}
	l.add(field, limits.format+": want %s%s", count, limits.text(), limits.comment)
}

// checkNotBlank adds a problem if a text is empty or has nothing but spaces. Such a
// text does not match the pattern .*\S.* of the service model.
func (l *problemList) checkNotBlank(field, text string) {
	if strings.TrimSpace(text) == "" {
		l.add(field, "is blank")
	}
}

// indexed names an element of a list, such as "FileGroups[2]".
func indexed(list string, index int) string {
	return fmt.Sprintf("%s[%d]", list, index)
}

// checkNotNegative adds a problem if a number is negative.
func checkNotNegative[N ~int | ~int64](problems *problemList, field string, number N) {
	if number < 0 {
		problems.add(field, "is %v: want a positive value, or 0 for the default", number)
	}
}
