package batch

import (
	"fmt"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// The defaults of Options.
const (
	defaultMaxAttempts       = 2
	defaultJobTimeout        = 2 * time.Hour
	defaultHandleConcurrency = 4
	defaultMaxUnhandled      = 64
)

// Options configures [Run]. The zero value of a field means its default. A negative
// number is an [*snapshotjob.InvalidInputError].
type Options struct {
	// MaxRunning is how many jobs of the batch are under way at once: jobs that were
	// started or adopted, and have not been seen to finish. It leaves slots of the
	// account to others. A job that outlasted JobTimeout counts until the service accepts
	// another one, so that more jobs may be running at the service then. Default: 0, as
	// many as the service takes.
	MaxRunning int

	// MaxAttempts is how many jobs Run starts for one request. A further job is started
	// only if the one before failed and [snapshotjob.JobError.TryAgain] says that
	// another one may succeed. Default: 2.
	MaxAttempts int

	// JobTimeout is how long Run waits for a job, from the time when the service
	// accepted it or it was adopted. Default: 2 hours.
	JobTimeout time.Duration

	// HandleConcurrency is how many calls of handle run at once. Default: 4.
	HandleConcurrency int

	// MaxUnhandled is how many outcomes may wait for handle before Run starts no more
	// jobs. The jobs that are under way by then add their outcomes. Default: 64.
	MaxUnhandled int

	// OnEvent is told what happens, on the goroutine that called Run, so that it is
	// never called twice at once. The batch waits while it runs. If nil, nothing is
	// called.
	OnEvent func(Event)

	// WaitOptions change how Run waits for each job. Several goroutines call their OnPoll at
	// once. If they set neither MinDelay nor MaxDelay, Run sets both:
	//
	//   - As long as requests may be left to be started, MinDelay is 5 seconds, or longer if
	//     more than 10 jobs are under way, and MaxDelay is 30 seconds. Refused starts tell of
	//     free slots earlier than polls do.
	//   - From then on, MinDelay is 3 seconds, and MaxDelay is a fiftieth of the time that the
	//     run has lasted, but at least 3 and at most 30 seconds. So the last job is soon seen
	//     to finish.
	WaitOptions []func(*snapshotjob.WaitOptions)

	// ClientOptions change the options of Run's calls. They are called for each call, by
	// several goroutines at once. If neither they nor the client have a Limiter, Run limits
	// its calls, and those of a handle that Download has made, to 8 a second.
	ClientOptions []func(*snapshotjob.Options)
}

// prepare returns the options with their defaults, and what is wrong with them.
func prepare(optFns []func(*Options)) (Options, problemList) {
	var o Options
	var problems problemList
	for i, fn := range optFns {
		if fn == nil {
			problems.add("optFns", "has a nil function at index %d", i)
			continue
		}
		fn(&o)
	}
	const noLimit = 0
	setDefault(&problems, "MaxRunning", &o.MaxRunning, noLimit)
	setDefault(&problems, "MaxAttempts", &o.MaxAttempts, defaultMaxAttempts)
	setDefault(&problems, "JobTimeout", &o.JobTimeout, defaultJobTimeout)
	setDefault(&problems, "HandleConcurrency", &o.HandleConcurrency, defaultHandleConcurrency)
	setDefault(&problems, "MaxUnhandled", &o.MaxUnhandled, defaultMaxUnhandled)
	return o, problems
}

// setDefault gives an option its default if it is 0, and adds a problem if it is
// negative.
func setDefault[N ~int | ~int64](problems *problemList, field string, option *N, value N) {
	if *option < 0 {
		problems.add(field, "is %v: want a positive value, or 0 for the default", *option)
	}
	if *option == 0 {
		*option = value
	}
}

// problemList collects what is wrong with a call of Run.
type problemList []snapshotjob.InputFault

// add appends a problem of a field.
func (l *problemList) add(field, format string, args ...any) {
	*l = append(*l, snapshotjob.InputFault{
		Field:   field,
		Problem: fmt.Sprintf(format, args...),
	})
}

// err returns the list as an error, or nil if the list is empty.
func (l problemList) err() error {
	if len(l) == 0 {
		return nil
	}
	return &snapshotjob.InvalidInputError{Faults: l}
}
