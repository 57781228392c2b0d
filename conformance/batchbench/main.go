// Batchbench runs many snapshot jobs on a simulated service: once with batch.Run, once
// as people do it with the official client, and once after they have learnt of the
// account's limit. It prints a markdown table of means:
//
//	cd conformance && go run ./batchbench -requests 200 -seeds 10
//
// The service is the fake of package snapshotjobtest, with the limits that AWS documents:
// 12 jobs at once, and 10 requests a second. The times of the jobs are log-normal, with
// three medians. No job fails, and none is queued. The account is used by the program
// alone, or by another tenant too, who takes 4 of the slots now and then. All programs
// get the same jobs, in the same order, and the same tenant.
//
// The table compares each makespan with a bound: the same jobs in the same order, each
// started at the instant when there is a slot for it. No program that keeps the order
// can be faster. Runs in which a request failed are not compared.
//
// All waiting is that of testing/synctest: hours pass in seconds. What the clients draw at
// random, such as their delays, is another draw in each run, so that the figures of two
// runs differ a little.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"testing"
)

// options are the program's flags.
type options struct {
	requests int // of each run
	seeds    int // runs of each line of the table
}

func main() {
	log.SetFlags(0)
	opts, err := parseOptions(os.Args[1:])
	if err != nil {
		log.Fatal(err)
	}
	// A bubble of testing/synctest needs a *testing.T. Main makes one outside of go test.
	// It ends the process, and prints PASS unless compare fails.
	test := testing.InternalTest{
		Name: "batchbench",
		F:    func(t *testing.T) { compare(t, opts) },
	}
	os.Args = os.Args[:1] // Main would read the flags of go test.
	matchAll := func(string, string) (bool, error) { return true, nil }
	testing.Main(matchAll, []testing.InternalTest{test}, nil, nil)
}

// parseOptions reads and checks the flags.
func parseOptions(arguments []string) (options, error) {
	var opts options
	flags := flag.NewFlagSet("batchbench", flag.ExitOnError)
	flags.IntVar(&opts.requests, "requests", 200, "how many requests each run has")
	flags.IntVar(&opts.seeds, "seeds", 10, "how many runs each line of the table is the mean of")
	if err := flags.Parse(arguments); err != nil {
		return options{}, err
	}
	switch {
	case flags.NArg() > 0:
		return options{}, fmt.Errorf("unexpected argument %q: want flags only", flags.Arg(0))
	case opts.requests < 1:
		return options{}, fmt.Errorf("-requests %d: want at least 1", opts.requests)
	case opts.seeds < 1:
		return options{}, fmt.Errorf("-seeds %d: want at least 1", opts.seeds)
	}
	return opts, nil
}

// compare runs all programs in all scenarios, and prints the table.
func compare(t *testing.T, opts options) {
	rows := emptyRows(opts.seeds)
	// Run returns when all parallel tests in it have ended.
	t.Run("all", func(t *testing.T) {
		for _, r := range rows {
			r.fill(t, opts.requests)
		}
	})
	if t.Failed() {
		return
	}
	fmt.Printf("%d requests, means of %d runs\n\n", opts.requests, opts.seeds)
	fmt.Print(table(rows))
}

// emptyRows returns the rows of the table, with room for their runs.
func emptyRows(seeds int) []row {
	var rows []row
	for _, s := range allScenarios() {
		for _, p := range programs {
			rows = append(rows, row{
				scenario: s,
				program:  p,
				runs:     make([]outcome, seeds),
			})
		}
	}
	return rows
}

// fill makes the runs of a row, in parallel with those of other rows.
func (r row) fill(t *testing.T, requests int) {
	for seed := range r.runs {
		name := fmt.Sprintf("%s/%s/seed %d", r.scenario, r.program.name, seed)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkload(r.scenario, uint64(seed), requests)
			r.runs[seed] = simulate(t, w, r.program)
		})
	}
}
