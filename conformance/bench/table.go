package main

import (
	"fmt"
	"slices"
)

// The clients. Their names are those of the table's columns.
const (
	official = "official"
	ours     = "snapshotjob"
)

// clients are both clients, in the order of the table's columns.
var clients = []string{official, ours}

// samples are the measurements of one figure, by client.
type samples map[string][]float64

func (s samples) add(client string, value float64) {
	s[client] = append(s[client], value)
}

// row returns the line of the table that shows the medians of the samples.
func (s samples) row(name string, format func(float64) string) row {
	return row{
		name:     name,
		official: median(s[official]),
		ours:     median(s[ours]),
		format:   format,
	}
}

// row is a line of the table: the same figure of both clients.
type row struct {
	name         string
	official     float64
	ours         float64
	format       func(float64) string
	moreIsBetter bool // as for requests a second
}

// String returns the line in markdown.
func (r row) String() string {
	return fmt.Sprintf("| %s | %s | %s | %s |", r.name, r.format(r.official), r.format(r.ours), r.ratio())
}

// ratio says by how much our figure is better.
func (r row) ratio() string {
	switch {
	case r.moreIsBetter && r.official > 0:
		return fmt.Sprintf("%.1f× more", r.ours/r.official)
	case r.ours > 0:
		return fmt.Sprintf("%.1f× less", r.official/r.ours)
	default:
		return "–"
	}
}

// median returns the median of the values, and 0 if there are none.
func median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	if n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[n/2]
}

// The formats of the table's figures. Durations are in nanoseconds and sizes in
// bytes.

func microseconds(ns float64) string { return fmt.Sprintf("%.1f µs", ns/1e3) }
func milliseconds(ns float64) string { return fmt.Sprintf("%.2f ms", ns/1e6) }
func seconds(ns float64) string      { return fmt.Sprintf("%.1f s", ns/1e9) }
func count(n float64) string         { return fmt.Sprintf("%.0f", n) }
func kilobytes(n float64) string     { return fmt.Sprintf("%.1f KB", n/1e3) }
func megabytes(n float64) string     { return fmt.Sprintf("%.1f MB", n/1e6) }
