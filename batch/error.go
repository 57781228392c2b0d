package batch

import (
	"fmt"
	"strings"
)

const (
	// maxErrors is how many errors an Error keeps.
	maxErrors = 100

	// maxShownErrors is how many of them its text lists.
	maxShownErrors = 10
)

// Error is the error of [Run] if a request or a call of handle failed, or if the context
// ended before all requests were taken from the sequence. It wraps the errors in Errs, so
// that errors.Is and errors.AsType find them, and the context's error and its cause.
type Error struct {
	Summary Summary

	// Errs are the first 100 errors, of the requests and of handle, in the order in which
	// they came. If the sequence may have had more requests, the reason comes before them:
	// the context has ended, or a function of the caller has panicked or ended its goroutine.
	Errs []error

	total int // how many errors there were
}

// Error returns, in one line, how many requests failed, and the first ten errors.
func (e *Error) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "batch of snapshot jobs: %d of %d requests failed", e.Summary.Failed, e.Summary.Requests)
	if e.Summary.HandleFailed > 0 {
		fmt.Fprintf(&text, ", %d could not be handled", e.Summary.HandleFailed)
	}
	shown := e.Errs[:min(maxShownErrors, len(e.Errs))]
	for i, err := range shown {
		separator := "; "
		if i == 0 {
			separator = ": "
		}
		text.WriteString(separator + err.Error())
	}
	if more := max(e.total, len(e.Errs)) - len(shown); more > 0 {
		fmt.Fprintf(&text, "; and %d more", more)
	}
	return strings.ReplaceAll(text.String(), "\n", " ") // errors of handle may have several lines
}

// Unwrap returns Errs.
func (e *Error) Unwrap() []error { return e.Errs }

// errorList keeps the first errors of a run, and counts the others.
type errorList struct {
	first []error
	total int
}

// add adds an error, unless it is nil.
func (l *errorList) add(err error) {
	if err == nil {
		return
	}
	l.total++
	if len(l.first) < maxErrors {
		l.first = append(l.first, err)
	}
}
