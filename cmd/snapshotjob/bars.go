package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/cupwriter"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/batch"
)

// narrowTerminal is how many columns a terminal needs for a bar with rate and time left.
const narrowTerminal = 70

// newBars returns an empty list of bars on a terminal.
func newBars(terminal *os.File) *mpb.Progress {
	writer := cupwriter.New(fromFirstColumn{terminal: terminal}, false)
	writer.SetTermFd(int(terminal.Fd()))
	return mpb.New(mpb.WithConsoleWriter(writer), mpb.WithWidth(terminalWidth(terminal)))
}

// fromFirstColumn writes to a terminal, each time from the first column on. The cursor may
// be elsewhere: a terminal shows Ctrl-C as "^C".
type fromFirstColumn struct{ terminal *os.File }

// Write writes a text.
func (w fromFirstColumn) Write(text []byte) (int, error) {
	if _, err := w.terminal.WriteString("\r"); err != nil {
		return 0, err
	}
	return w.terminal.Write(text)
}

// addLine adds a line of text, which is asked for whenever the bars are drawn.
func addLine(bars *mpb.Progress, text func() string) *mpb.Bar {
	return bars.New(0, mpb.NopStyle(), mpb.PrependDecorators(
		decor.Any(func(decor.Statistics) string { return text() }),
	))
}

// timeLeft shows how long a bar takes from now on, if it goes on as it did since began.
func timeLeft(began time.Time) decor.Decorator {
	return decor.Any(func(s decor.Statistics) string {
		if s.Current == 0 || s.Current >= s.Total {
			return ""
		}
		rate := float64(time.Since(began)) / float64(s.Current)
		return formatDuration(time.Duration(rate*float64(s.Total-s.Current))) + " left"
	})
}

// finishBar stops a bar where it is, and leaves it on the terminal.
func finishBar(bar *mpb.Bar) {
	if !bar.AbortedOrCompleted() {
		bar.Abort(false)
	}
}

// stateStarting is what jobBars shows until there is something to tell.
const stateStarting = "starting"

// jobBars shows one job on a line that is drawn anew, and a bar for each of its files until
// the file is there.
type jobBars struct {
	bars     *mpb.Progress
	status   *mpb.Bar
	isNarrow bool

	// The goroutine that draws the bars locks mu, and adding a bar waits for that goroutine.
	// So mu must not be held while a bar is added.
	mu       sync.Mutex // guards what follows
	job      snapshotjob.Job
	state    string
	began    time.Time // when the wait for the job began
	nextPoll time.Time // zero if none is planned

	filesMu sync.Mutex // guards files
	files   map[fileKey]*mpb.Bar
}

// fileKey names a file that is being fetched.
type fileKey struct {
	job  snapshotjob.Job
	name string
}

// newJobBars shows bars on a terminal.
func newJobBars(terminal *os.File) *jobBars {
	j := &jobBars{
		bars:     newBars(terminal),
		isNarrow: terminalWidth(terminal) < narrowTerminal,
		state:    stateStarting,
		began:    time.Now(),
		files:    map[fileKey]*mpb.Bar{},
	}
	j.status = addLine(j.bars, j.line)
	return j
}

// line returns the line of the job: its state, the next poll, and its id, which may be too
// long for the terminal.
func (j *jobBars) line() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	parts := []string{j.state, formatDuration(time.Since(j.began))}
	if !j.nextPoll.IsZero() {
		left := max(0, time.Until(j.nextPoll))
		parts = append(parts, "next poll in "+formatDuration(left))
	}
	if j.job.SnapshotJobID != "" {
		parts = append(parts, oneLine(j.job.SnapshotJobID))
	}
	return strings.Join(parts, "  ")
}

// polled shows the state that a poll has seen.
func (j *jobBars) polled(poll snapshotjob.Poll) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.job != poll.Job {
		j.job = poll.Job
		j.began = time.Now().Add(-poll.Elapsed)
	}
	j.state = oneLine(string(poll.Status))
	if poll.Err != nil {
		j.state += " (the last poll failed)"
	}
	j.nextPoll = time.Time{}
	if poll.Next > 0 {
		j.nextPoll = time.Now().Add(poll.Next)
	}
}

// happened shows why a job has not started yet.
func (j *jobBars) happened(event batch.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch event.Kind {
	case batch.EventStarted, batch.EventAdopted:
		j.state = event.Kind.String()
	case batch.EventRefused:
		j.state = "waiting, since the account runs as many jobs as it may"
	case batch.EventRetried:
		j.state = "waiting to try again"
	}
}

// fetched shows how far a file has come.
func (j *jobBars) fetched(file snapshotjob.DownloadProgress) {
	bar := j.fileBar(file)
	if file.Total >= 0 {
		bar.SetTotal(file.Total, false)
		bar.EnableTriggerComplete() // when Bytes is Total
	}
	bar.SetCurrent(file.Bytes)
}

// fileBar returns the bar of a file.
func (j *jobBars) fileBar(file snapshotjob.DownloadProgress) *mpb.Bar {
	j.filesMu.Lock()
	defer j.filesMu.Unlock()
	key := fileKey{
		job:  file.File.Job,
		name: file.Name,
	}
	bar := j.files[key]
	if bar == nil {
		bar = j.addFileBar(file.Name)
		j.files[key] = bar
	}
	return bar
}

// addFileBar adds a bar with the name of a file, its bytes and, if there is room, the rate
// and the time left.
func (j *jobBars) addFileBar(name string) *mpb.Bar {
	if j.isNarrow {
		const longestName = 20
		short := []rune(name)
		if len(short) > longestName {
			short = append(short[:longestName-1], '…')
		}
		return j.bars.AddBar(0,
			mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Name(string(short)+" ")),
			mpb.AppendDecorators(decor.CurrentKiloByte("% .1f")),
		)
	}
	return j.bars.AddBar(0,
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name(name+" ", decor.WCSyncSpaceR)),
		mpb.AppendDecorators(
			decor.CountersKiloByte("% .1f / % .1f "),
			decor.AverageSpeed(decor.SizeB1000(0), "% .1f "),
			timeLeft(time.Now()),
		),
	)
}

// downloaded removes the bars of a job whose files are all fetched, or have failed.
func (j *jobBars) downloaded(file snapshotjob.DownloadedFile) {
	j.filesMu.Lock()
	defer j.filesMu.Unlock()
	for key, bar := range j.files {
		if key.job == file.File.Job {
			bar.Abort(true)
			delete(j.files, key)
		}
	}
}

// finish draws everything for the last time. If there was nothing to tell, the line of the
// job goes.
func (j *jobBars) finish() {
	j.mu.Lock()
	j.nextPoll = time.Time{}
	isIdle := j.state == stateStarting
	j.mu.Unlock()
	if isIdle {
		j.status.Abort(true)
	}
	j.filesMu.Lock()
	defer j.filesMu.Unlock()
	for _, bar := range j.files {
		bar.Abort(true)
	}
	finishBar(j.status)
	j.bars.Wait()
}

// batchBars shows a bar of all requests, and lines of numbers.
type batchBars struct {
	silentProgress
	bars  *mpb.Progress
	total *mpb.Bar
	lines []*mpb.Bar
	began time.Time

	mu   sync.Mutex // guards last
	last batch.Event
}

// newBatchBars shows a bar of so many requests on a terminal.
func newBatchBars(terminal *os.File, requests int) *batchBars {
	b := &batchBars{
		bars:  newBars(terminal),
		began: time.Now(),
	}
	b.total = b.bars.AddBar(int64(requests),
		mpb.PrependDecorators(decor.CountersNoUnit("%d of %d exports ")),
		mpb.AppendDecorators(timeLeft(b.began)),
	)
	if terminalWidth(terminal) < narrowTerminal {
		b.lines = []*mpb.Bar{addLine(b.bars, b.successes), addLine(b.bars, b.failures)}
		return b
	}
	b.lines = []*mpb.Bar{addLine(b.bars, func() string {
		return b.successes() + ", " + b.failures()
	})}
	return b
}

// successes returns the time, and how many jobs are running and done.
func (b *batchBars) successes() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return fmt.Sprintf("%s: %d running, %d done",
		formatDuration(time.Since(b.began)), b.last.Running, b.last.Summary.Completed)
}

// failures returns how many exports failed, and how many starts were refused.
func (b *batchBars) failures() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return fmt.Sprintf("%d failed, %s", b.last.Summary.Failed, plural(b.last.Summary.Refused, "refused start"))
}

// happened shows the numbers after an event.
func (b *batchBars) happened(event batch.Event) {
	if isInterruptedExport(event) {
		return
	}
	b.mu.Lock()
	b.last = event
	b.mu.Unlock()
	b.total.SetCurrent(int64(event.Summary.Completed + event.Summary.Failed))
}

// finish draws everything for the last time.
func (b *batchBars) finish() {
	finishBar(b.total)
	for _, line := range b.lines {
		finishBar(line)
	}
	b.bars.Wait()
}
