// Bench measures what the official QuickSight client and this repository's
// client cost, side by side in one run, and prints a markdown table.
//
//	cd conformance && go run ./bench
//	cd conformance && go run ./bench -only micro,loopback -rounds 10 -raw micro.txt
//	cd conformance && GOTOOLCHAIN=go1.27.3 go run ./bench
//
// It takes about six minutes, most of which the compiler needs. The parts:
//
//	micro     CPU, bytes and allocations per call, over an in-memory transport;
//	          -raw keeps the benchmarks' output for benchstat -col /client
//	loopback  requests a second and latencies over TLS, to a server in a process
//	          of its own
//	start     from the start of a process to its first response
//	compile   CPU and memory of a build with a cold cache, and the binary's size
//	vendor    what "go mod vendor" copies for a consumer
//
// All figures are medians over rounds in which the clients take turns. The line
// above the table names the Go that measured, and the Go that built the programs
// of the parts start, compile and vendor.
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

var (
	only     = flag.String("only", "micro,loopback,start,compile,vendor", "the parts to run")
	rounds   = flag.Int("rounds", 6, "how often micro and loopback are repeated")
	builds   = flag.Int("builds", 1, "how often compile is repeated")
	duration = flag.Duration("duration", time.Second, "how long one loopback measurement takes")
	raw      = flag.String("raw", "", "a file for the output of the micro benchmarks")
	serve    = flag.String("serve", "", "be the loopback server: tls or plain")
	tool     = flag.String("tool", "", "run a tool of the compiler, and write what it used to this file")
)

func main() {
	log.SetFlags(0)
	flag.Parse()
	switch {
	case *serve != "":
		if err := runServer(*serve == "tls"); err != nil {
			log.Fatal(err)
		}
	case *tool != "":
		// The tool has said itself what went wrong.
		if err := runTool(*tool, flag.Args()); err != nil {
			os.Exit(1)
		}
	default:
		if err := printTable(strings.Split(*only, ",")); err != nil {
			log.Fatal(err)
		}
	}
}

// part is a part of the table.
type part struct {
	name string
	run  func() ([]row, error)
}

var parts = []part{
	{name: "micro", run: micro},
	{name: "loopback", run: loopback},
	{name: "start", run: start},
	{name: "compile", run: compile},
	{name: "vendor", run: vendor},
}

// printTable runs the wanted parts in their own order, and prints the rows of
// each as soon as it has finished.
func printTable(wanted []string) error {
	for _, name := range wanted {
		if !slices.ContainsFunc(parts, func(p part) bool { return p.name == name }) {
			return fmt.Errorf("-only %q: there is no such part", name)
		}
	}
	if err := printHeader(); err != nil {
		return err
	}
	for _, p := range parts {
		if !slices.Contains(wanted, p.name) {
			continue
		}
		rows, err := p.run()
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		for _, r := range rows {
			fmt.Println(r)
		}
	}
	return nil
}

// printHeader prints the circumstances of the run and the table's head.
func printHeader() error {
	compiler, err := consumersGo()
	if err != nil {
		return err
	}
	date := time.Now().UTC().Format(time.DateOnly)
	fmt.Printf("Measured with %s; programs built with %s; %s/%s, %d cores, %s\n\n",
		runtime.Version(), compiler, runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), date)
	fmt.Printf("| | %s | %s | ratio |\n", official, ours)
	fmt.Println("| --- | ---: | ---: | ---: |")
	return nil
}
