package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// microUnits are the figures of a benchmark that the table shows.
var microUnits = []struct {
	unit   string // as the benchmark prints it
	name   string // as the table does
	format func(float64) string
}{
	{unit: "cpu-ns/op", name: "CPU", format: microseconds},
	{unit: "B/op", name: "bytes", format: kilobytes},
	{unit: "allocs/op", name: "allocations", format: count},
}

// micro runs the module's benchmarks, all of them once in each round.
func micro() ([]row, error) {
	output, err := runBenchmarks()
	if err != nil {
		return nil, err
	}
	if *raw != "" {
		if err := os.WriteFile(*raw, output, 0o666); err != nil {
			return nil, err
		}
	}
	results := parseBenchmarks(string(output))
	var rows []row
	for _, unit := range microUnits {
		for _, name := range results.names {
			values := results.values[benchmarkFigure{name: name, unit: unit.unit}]
			rows = append(rows, values.row(name+": "+unit.name, unit.format))
		}
	}
	return rows, nil
}

// runBenchmarks returns what the benchmarks print in all rounds.
func runBenchmarks() ([]byte, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "micro.test")
	compile := exec.Command("go", "test", "-c", "-o", binary, ourModule+"/conformance")
	if out, err := compile.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	var all bytes.Buffer
	for range *rounds {
		cmd := exec.Command(binary,
			"-test.run", "^$", "-test.bench", "^Benchmark(Result|Error)$", "-test.benchtime", "300ms")
		cmd.Stdout = &all
		cmd.Stderr = os.Stderr
		if err := cmd.Run(); err != nil {
			return nil, err
		}
	}
	return all.Bytes(), nil
}

// benchmarkFigure is one figure of a benchmark, such as its B/op.
type benchmarkFigure struct {
	name string
	unit string
}

// benchmarkResults are the figures of all benchmarks.
type benchmarkResults struct {
	names  []string // of the benchmarks, in the order of the output
	values map[benchmarkFigure]samples
}

var benchmarkLine = regexp.MustCompile(`^Benchmark(\w+)/(.+)/client=(\w+)-\d+\s+\d+\s(.*)`)

// benchmarkNames turns parameters of a benchmark into words.
var benchmarkNames = strings.NewReplacer("groups=", "file groups: ", "code=", "")

// parseBenchmarks reads what benchmarks print.
func parseBenchmarks(output string) benchmarkResults {
	results := benchmarkResults{values: map[benchmarkFigure]samples{}}
	for line := range strings.Lines(output) {
		match := benchmarkLine.FindStringSubmatch(line)
		if match == nil {
			continue
		}
		name := benchmarkNames.Replace(match[1] + ", " + match[2])
		results.add(name, match[3], strings.Fields(match[4]))
	}
	return results
}

// add adds the figures of one line, which are pairs of a value and its unit.
func (r *benchmarkResults) add(name, client string, figures []string) {
	isNew := true
	for i := 0; i+1 < len(figures); i += 2 {
		value, err := strconv.ParseFloat(figures[i], 64)
		if err != nil {
			continue
		}
		figure := benchmarkFigure{name: name, unit: figures[i+1]}
		if r.values[figure] == nil {
			r.values[figure] = samples{}
		} else {
			isNew = false
		}
		r.values[figure].add(client, value)
	}
	if isNew {
		r.names = append(r.names, name)
	}
}
