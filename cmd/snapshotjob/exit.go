package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/smithy-go"

	"github.com/quicksight-go/snapshotjob"
)

// The exit codes. Those from 252 on mean what they mean in the AWS CLI.
const (
	exitOK          = 0
	exitFailed      = 1
	exitTimeout     = 2
	exitInterrupted = 130
	exitUsage       = 252
	exitSetup       = 253
	exitRefused     = 254
	exitOther       = 255
)

// usageError says what is wrong with the command line or with an input file. Nothing was
// sent.
type usageError struct {
	problem string
}

// usagef returns a *usageError with a text as fmt.Errorf makes it.
func usagef(format string, args ...any) error {
	return &usageError{problem: fmt.Errorf(format, args...).Error()}
}

// Error returns the problem.
func (e *usageError) Error() string { return e.problem }

// setupError says that the credentials or the region are missing.
type setupError struct {
	problem string
	err     error // nil if there is no other error behind it
}

// Error returns the problem, and the error behind it.
func (e *setupError) Error() string {
	if e.err == nil {
		return e.problem
	}
	return e.problem + ": " + e.err.Error()
}

// Unwrap returns the error behind it.
func (e *setupError) Unwrap() error { return e.err }

// failedError says that jobs failed, or that files are missing.
type failedError struct {
	problem string
	err     error // what failed first
}

// Error returns the problem.
func (e *failedError) Error() string { return e.problem }

// Unwrap returns what failed first.
func (e *failedError) Unwrap() error { return e.err }

// adviceError adds a line that says how to go on.
type adviceError struct {
	err    error
	advice string
}

// Error returns the text of the error without the advice.
func (e *adviceError) Error() string { return e.err.Error() }

// Unwrap returns the error.
func (e *adviceError) Unwrap() error { return e.err }

// interruptedError says that a command was interrupted.
type interruptedError struct {
	err   error  // matches context.Canceled
	where string // how far the command was, such as ": 1 of 3 jobs done"; may be empty
}

// Error returns that the command was interrupted, and how far it was.
func (e *interruptedError) Error() string { return "interrupted" + e.where }

// Unwrap returns the error that the interruption has caused.
func (e *interruptedError) Unwrap() error { return e.err }

// clearInterruption returns an error of an interrupted command in plain words: a request
// that was canceled tells at length how.
func clearInterruption(err error) error {
	if _, isClear := errors.AsType[*interruptedError](err); isClear {
		return err
	}
	return &interruptedError{err: err}
}

// adviseToGoOn adds to an error how to go on.
func adviseToGoOn(err error, how string) error {
	return &adviceError{
		err:    err,
		advice: "To go on: " + how,
	}
}

// writeError writes an error as one line, and another one that says how to go on if that is
// known. It returns the exit code.
func writeError(w io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(w, "snapshotjob:", oneLine(err.Error()))
	if advice, ok := errors.AsType[*adviceError](err); ok {
		fmt.Fprintln(w, advice.advice)
	}
	return exitCode(err)
}

// joinErrors returns the errors that are not nil as one, with semicolons between them. An
// interruption or a failure among them decides on the exit code.
func joinErrors(errs ...error) error {
	var joined error
	for _, err := range errs {
		switch {
		case joined == nil:
			joined = err
		case err != nil:
			joined = fmt.Errorf("%w; %w", joined, err)
		}
	}
	return joined
}

// exitCode returns the exit code of a command that ended with err.
func exitCode(err error) int {
	switch {
	case err == nil:
		return exitOK
	case isInterruption(err):
		return exitInterrupted
	case errors.Is(err, context.DeadlineExceeded) && isWaitError(err):
		return exitTimeout
	case isUsageError(err):
		return exitUsage
	case isSetupError(err):
		return exitSetup
	case isFailure(err):
		return exitFailed
	case isRefusal(err):
		return exitRefused
	default:
		return exitOther
	}
}

// isInterruption reports whether the command was interrupted.
func isInterruption(err error) bool {
	return errors.Is(err, context.Canceled)
}

// isWaitError reports whether a wait ended before its job was seen to finish.
func isWaitError(err error) bool {
	_, ok := errors.AsType[*snapshotjob.WaitError](err)
	return ok
}

// isUsageError reports whether the user's input is wrong, so that nothing was sent.
func isUsageError(err error) bool {
	if _, ok := errors.AsType[*usageError](err); ok {
		return true
	}
	_, ok := errors.AsType[*snapshotjob.InvalidInputError](err)
	return ok
}

// isSetupError reports whether credentials or the region are missing.
func isSetupError(err error) bool {
	_, ok := errors.AsType[*setupError](err)
	return ok
}

// isFailure reports whether a job failed or a file is missing.
func isFailure(err error) bool {
	if _, ok := errors.AsType[*failedError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*snapshotjob.JobError](err); ok {
		return true
	}
	_, ok := errors.AsType[*snapshotjob.DownloadError](err)
	return ok
}

// isRefusal reports whether the service has refused a request. A start whose outcome is
// not known was not refused.
func isRefusal(err error) bool {
	if errors.Is(err, snapshotjob.ErrOutcomeUnknown) {
		return false
	}
	_, ok := errors.AsType[smithy.APIError](err)
	return ok
}
