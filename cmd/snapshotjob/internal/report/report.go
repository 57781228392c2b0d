// Package report makes a web page of a run of snapshot jobs: when each job ran, what failed
// and why, and which jobs took longest. The page needs no network and no script.
package report

import (
	"bytes"
	"cmp"
	_ "embed"
	"html/template"
	"io"
	"slices"
	"strconv"
	"time"
)

// Outcome is what became of a job.
type Outcome string

// The outcomes of a job.
const (
	Completed  Outcome = "completed"   // every file was made, and is where it belongs
	Failed     Outcome = "failed"      // the job or some of its files failed
	NotStarted Outcome = "not started" // there is no job
	Unfinished Outcome = "unfinished"  // the run ended before the job did, or before its files were there
)

// Job is what the page shows of a job.
type Job struct {
	Name     string
	Outcome  Outcome
	Started  time.Time // zero if the job was not started
	Finished time.Time // when it finished, or was given up
	Files    int       // that are there
	Bytes    int64     // in these files
	Problem  string    // why it is not completed
	Advice   string    // what to do about that
}

// duration returns how long the job took; 0 if it was not started.
func (j Job) duration() time.Duration {
	if j.Started.IsZero() {
		return 0
	}
	return max(0, j.Finished.Sub(j.Started))
}

// Run is a run of jobs.
type Run struct {
	Began time.Time
	Ended time.Time
	Jobs  []Job

	// NotTakenUp is how many requests were left when the run was interrupted.
	NotTakenUp int
}

// mostSlow is how many of the slowest jobs the page lists.
const mostSlow = 10

//go:embed page.html
var pageText string

// pageTemplate makes the page. It escapes whatever comes from jobs.
var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"clock":    clock,
	"duration": roundDuration,
	"seconds":  func(d time.Duration) float64 { return d.Seconds() },
	"size":     size,
	"class":    func(o Outcome) string { return classes[o] },
}).Parse(pageText))

// classes are the CSS classes of the outcomes.
var classes = map[Outcome]string{
	Completed:  "completed",
	Failed:     "failed",
	NotStarted: "not-started",
	Unfinished: "unfinished",
}

// page is what the template shows.
type page struct {
	Began    time.Time
	Ended    time.Time
	Took     time.Duration
	Totals   []total
	Timeline timeline
	Slowest  []row
	Failures []row
}

// total is a number above the timeline.
type total struct {
	Name  string
	Value string
}

// row is a job in a table.
type row struct {
	Job
	Took time.Duration
}

// Write writes the page of a run.
func Write(w io.Writer, run Run) error {
	// Nothing is written if the template fails.
	var buffer bytes.Buffer
	if err := pageTemplate.Execute(&buffer, newPage(run)); err != nil {
		return err
	}
	_, err := w.Write(buffer.Bytes())
	return err
}

// newPage returns what the page of a run shows.
func newPage(run Run) page {
	return page{
		Began:    run.Began,
		Ended:    run.Ended,
		Took:     run.Ended.Sub(run.Began),
		Totals:   totals(run),
		Timeline: newTimeline(run),
		Slowest:  slowest(run.Jobs),
		Failures: failures(run.Jobs),
	}
}

// totals returns the numbers of a run.
func totals(run Run) []total {
	counts := map[Outcome]int{}
	files := 0
	var bytes int64
	for _, job := range run.Jobs {
		counts[job.Outcome]++
		files += job.Files
		bytes += job.Bytes
	}
	list := []total{{Name: "jobs", Value: strconv.Itoa(len(run.Jobs))}}
	for _, outcome := range []Outcome{Completed, Failed, NotStarted, Unfinished} {
		list = append(list, total{Name: string(outcome), Value: strconv.Itoa(counts[outcome])})
	}
	if run.NotTakenUp > 0 {
		list = append(list, total{Name: "not taken up", Value: strconv.Itoa(run.NotTakenUp)})
	}
	return append(list,
		total{Name: "files", Value: strconv.Itoa(files)},
		total{Name: "downloaded", Value: size(bytes)},
		total{Name: "took", Value: roundDuration(run.Ended.Sub(run.Began))},
	)
}

// slowest returns the jobs that took longest, the slowest first.
func slowest(jobs []Job) []row {
	var rows []row
	for _, job := range jobs {
		if !job.Started.IsZero() {
			rows = append(rows, row{Job: job, Took: job.duration()})
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		return cmp.Compare(b.Took, a.Took)
	})
	return rows[:min(mostSlow, len(rows))]
}

// failures returns the jobs that are not completed, in their order.
func failures(jobs []Job) []row {
	var rows []row
	for _, job := range jobs {
		if job.Outcome != Completed {
			rows = append(rows, row{Job: job, Took: job.duration()})
		}
	}
	return rows
}
