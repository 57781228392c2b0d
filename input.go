package snapshotjob

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// InvalidInputError lists all that is wrong with a call's input or options.
// Nothing was sent.
type InvalidInputError struct {
	Faults []InputFault // at least one
}

// InputFault is one thing that is wrong.
type InputFault struct {
	Field   string // the field's Go name, such as "DashboardID"
	Problem string // what is wrong, and what would be right
}

// Error returns all faults in one line.
func (e *InvalidInputError) Error() string {
	var texts []string
	for _, f := range e.Faults {
		texts = append(texts, f.Field+" "+f.Problem)
	}
	return "invalid input: " + strings.Join(texts, "; ")
}

type faultList []InputFault

func (l *faultList) add(field, format string, args ...any) {
	*l = append(*l, InputFault{field, fmt.Sprintf(format, args...)})
}

func (l *faultList) needContext(ctx context.Context) {
	if ctx == nil {
		l.add("ctx", "is nil: want a context, such as context.Background()")
	}
}

// setDefault replaces 0, and reports what is negative.
func setDefault[N ~int | ~int64](faults *faultList, field string, n *N, byDefault N) {
	if *n < 0 {
		faults.add(field, "is %v: want a positive value, or 0 for the default", *n)
	}
	*n = cmp.Or(*n, byDefault)
}

// applyAll reports the functions that are nil.
func applyAll[T any](options *T, optFns []func(*T), faults *faultList) {
	for i, fn := range optFns {
		if fn != nil {
			fn(options)
		} else {
			faults.add("optFns", "has a nil function at index %d", i)
		}
	}
}

// quote quotes the beginning of a value, without a presigned URL's query.
func quote(value string) string {
	value = redact(value, aws.Credentials{})
	if len(value) > 64 {
		return fmt.Sprintf("%.64q…", value)
	}
	return fmt.Sprintf("%q", value)
}

// checkCount wants n, of which format tells, to be from least to most.
func (l *faultList) checkCount(field, format string, n, least, most int, hint string) {
	if n >= least && n <= most {
		return
	}
	want := fmt.Sprint(least, " to ", most)
	switch least {
	case 0:
		want = fmt.Sprint("at most ", most)
	case most:
		want = fmt.Sprint(most)
	}
	l.add(field, format+": want %s%s", n, want, hint)
}

// checkText wants what the model's pattern .*\S.* does.
func (l *faultList) checkText(field, text string) {
	if strings.TrimSpace(text) == "" {
		l.add(field, "is empty")
	}
}

// at names an element of a list.
func at(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

func (l *faultList) checkAccount(id string) {
	switch {
	case id == "":
		l.add("AWSAccountID", "is empty: want the 12 digits of the account that owns the dashboard")
	case len(id) != 12 || strings.Trim(id, "0123456789") != "":
		l.add("AWSAccountID", "%s is not an account id: want 12 digits", quote(id))
	}
}

func (l *faultList) checkID(field, id string) {
	switch id {
	case "":
		l.add(field, "is empty")
	case ".", "..":
		// A proxy or the service would take it for a path segment to remove.
		l.add(field, "%q cannot stand in a request path", id)
	}
}
