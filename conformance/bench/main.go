// Bench measures what the official QuickSight client and this repository's
// client cost, side by side in one run, and prints a markdown table.
//
//	cd conformance && go run ./bench
//	cd conformance && go run ./bench -only micro,loopback -rounds 10 -raw micro.txt
//
// It takes about six minutes, most of which is the compiler's. The parts:
//
//	micro     CPU, bytes and allocations per call, over an in-memory transport;
//	          -raw keeps the benchmarks' output for benchstat -col /client
//	loopback  requests a second and latencies over TLS, to a server in a process
//	          of its own
//	start     from the start of a process to its first answer
//	compile   CPU and memory of a build with a cold cache, and the binary's size
//	vendor    what "go mod vendor" copies for a consumer
//
// All figures are medians over rounds in which the clients take turns.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// clients in the order of the table's columns.
var clients = []string{"official", "snapshotjob"}

var (
	only     = flag.String("only", "micro,loopback,start,compile,vendor", "the parts to run")
	rounds   = flag.Int("rounds", 6, "how often micro and loopback are repeated")
	builds   = flag.Int("builds", 1, "how often compile is repeated")
	duration = flag.Duration("duration", time.Second, "of one loopback measurement")
	raw      = flag.String("raw", "", "a file for the output of the micro benchmarks")
	serve    = flag.String("serve", "", "be the loopback server: tls or plain")
	tool     = flag.String("tool", "", "run a tool of the compiler, and write what it took to this file")
)

func main() {
	log.SetFlags(0)
	flag.Parse()
	if *serve != "" {
		if err := runServer(*serve == "tls"); err != nil {
			log.Fatal(err)
		}
		return
	}
	if *tool != "" {
		if err := runTool(*tool, flag.Args()); err != nil {
			os.Exit(1)
		}
		return
	}
	parts := []part{{"micro", micro}, {"loopback", loopback}, {"start", start}, {"compile", compile}, {"vendor", vendor}}
	wanted := strings.Split(*only, ",")
	for _, name := range wanted {
		if !slices.ContainsFunc(parts, func(p part) bool { return p.name == name }) {
			log.Fatalf("-only %q: there is no such part", name)
		}
	}
	fmt.Printf("%s, %s/%s, %d cores, %s\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), time.Now().UTC().Format(time.DateOnly))
	fmt.Println("| | official | snapshotjob | ratio |\n| --- | ---: | ---: | ---: |")
	for _, part := range parts {
		if !slices.Contains(wanted, part.name) {
			continue
		}
		rows, err := part.run()
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", part.name, err)
			os.Exit(1)
		}
		for _, r := range rows {
			fmt.Println(r)
		}
	}
}

// part is a part of the table.
type part struct {
	name string
	run  func() ([]row, error)
}

// row is a line of the table: the same figure of both clients.
type row struct {
	name         string
	official     float64
	ours         float64
	format       func(float64) string
	moreIsBetter bool // as of requests a second
}

func (r row) String() string {
	ratio := "–"
	switch {
	case r.moreIsBetter && r.official > 0:
		ratio = fmt.Sprintf("%.1f× more", r.ours/r.official)
	case r.ours > 0:
		ratio = fmt.Sprintf("%.1f× less", r.official/r.ours)
	}
	return fmt.Sprintf("| %s | %s | %s | %s |", r.name, r.format(r.official), r.format(r.ours), ratio)
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}

// The units of the table.

func microseconds(ns float64) string { return fmt.Sprintf("%.1f µs", ns/1e3) }
func milliseconds(ns float64) string { return fmt.Sprintf("%.2f ms", ns/1e6) }
func seconds(ns float64) string      { return fmt.Sprintf("%.1f s", ns/1e9) }
func count(n float64) string         { return fmt.Sprintf("%.0f", n) }
func kilobytes(n float64) string     { return fmt.Sprintf("%.1f KB", n/1e3) }
func megabytes(n float64) string     { return fmt.Sprintf("%.1f MB", n/1e6) }
