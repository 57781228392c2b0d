package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/quicksight-go/snapshotjob/batch"
)

// logInterval is how often a progress whose line can't be redrawn prints another one.
const logInterval = 10 * time.Second

// progress shows in one line how far a batch has come. On a terminal the line is redrawn. Elsewhere, such as in a
// log, there is a new one every 10 seconds, and one at the end.
type progress struct {
	out        io.Writer
	isTerminal bool
	total      int // requests of the batch
	began      time.Time
	printed    time.Time // when the last line was printed

	handled int    // requests that are dealt with
	done    int    // those of them whose files are all there
	line    string // what there is to say now
	shown   string // the line that was printed last
}

// newProgress returns a progress that is shown in a file.
func newProgress(out *os.File, total int) *progress {
	now := time.Now()
	return &progress{
		out:        out,
		isTerminal: isTerminal(out),
		total:      total,
		began:      now,
		printed:    now,
	}
}

// isTerminal reports whether a file is a terminal, or another device.
func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// show shows what a batch has done so far. It is for batch.Options.OnEvent.
func (p *progress) show(event batch.Event) {
	if event.Kind == batch.EventHandled {
		p.handled++
		if event.Err == nil && event.Outcome.Err == nil {
			p.done++
		}
	}
	p.line = p.describe(event)
	if p.isTerminal {
		const clearLine = "\r\x1b[K"
		fmt.Fprint(p.out, clearLine, p.line)
	} else if time.Since(p.printed) >= logInterval {
		p.print()
	}
}

// print prints the line as one of a log, unless it is there already.
func (p *progress) print() {
	p.printed = time.Now()
	if p.shown != p.line {
		p.shown = p.line
		fmt.Fprintln(p.out, p.line)
	}
}

// end ends the line.
func (p *progress) end() {
	if p.isTerminal {
		fmt.Fprintln(p.out)
	} else {
		p.print()
	}
}

// describe says how far the batch has come, in one line.
func (p *progress) describe(event batch.Event) string {
	line := fmt.Sprintf("%d of %d exports done, %d under way", p.done, p.total, event.Running)
	if errs := event.Summary.Failed + event.Summary.HandleFailed; errs > 0 {
		line += fmt.Sprintf(", errors: %d", errs)
	}
	if p.handled > 0 && p.handled < p.total {
		line += fmt.Sprintf(", some %v left", p.timeLeft().Round(time.Second))
	}
	return line
}

// timeLeft estimates how long the rest takes, if it goes on as it went so far.
func (p *progress) timeLeft() time.Duration {
	perRequest := time.Since(p.began) / time.Duration(p.handled)
	return perRequest * time.Duration(p.total-p.handled)
}
