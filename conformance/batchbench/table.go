package main

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// row is a line of the table: the runs of one program in one scenario.
type row struct {
	scenario scenario
	program  program
	runs     []outcome // by seed
}

// table returns the rows in markdown, with a head.
func table(rows []row) string {
	var text strings.Builder
	text.WriteString("| median job | account | program | bound | makespan | ratio " +
		"| calls | throttled | refused starts | failed requests |\n")
	text.WriteString("| ---: | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, r := range rows {
		fmt.Fprintln(&text, r)
	}
	return text.String()
}

// String returns the line in markdown.
func (r row) String() string {
	bound := r.mean(func(o outcome) float64 { return o.bound.Seconds() })
	makespan := r.mean(func(o outcome) float64 { return o.makespan.Seconds() })
	calls := r.mean(func(o outcome) float64 { return float64(o.calls) })
	throttled := r.mean(func(o outcome) float64 { return float64(o.throttled) })
	refused := r.mean(func(o outcome) float64 { return float64(o.refused) })
	failed := r.mean(func(o outcome) float64 { return float64(o.failed) })
	cells := []string{
		minutes(r.scenario.median.Seconds()),
		r.scenario.account(),
		r.program.name,
		minutes(bound),
		minutes(makespan),
		r.ratio(),
		count(calls),
		count(throttled),
		count(refused),
		count(failed),
	}
	return "| " + strings.Join(cells, " | ") + " |"
}

// ratio returns the makespans divided by the bounds, of the runs in which no request
// failed. Any other run is shorter by what it left out.
func (r row) ratio() string {
	var makespans, bounds time.Duration
	for _, run := range r.runs {
		if run.failed == 0 {
			makespans += run.makespan
			bounds += run.bound
		}
	}
	if bounds == 0 {
		return "–"
	}
	return fmt.Sprintf("%.3f", makespans.Seconds()/bounds.Seconds())
}

// mean returns the mean of a figure of the runs.
func (r row) mean(figure func(outcome) float64) float64 {
	var sum float64
	for _, run := range r.runs {
		sum += figure(run)
	}
	return sum / float64(len(r.runs))
}

// minutes returns a time in seconds as minutes and seconds, such as 1:05.
func minutes(seconds float64) string {
	whole := int64(math.Round(seconds))
	return fmt.Sprintf("%d:%02d", whole/60, whole%60)
}

// count returns a mean of counts. A small one has a decimal, so that one failure in some
// runs is seen.
func count(mean float64) string {
	if mean > 0 && mean < 10 {
		return fmt.Sprintf("%.1f", mean)
	}
	return fmt.Sprintf("%.0f", mean)
}
