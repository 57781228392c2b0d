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

// micro runs the module's benchmarks, all of them once in each round.
func micro() ([]row, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "micro.test")
	if out, err := exec.Command("go", "test", "-c", "-o", binary, "github.com/quicksight-go/snapshotjob/conformance").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	var all bytes.Buffer
	for range *rounds {
		cmd := exec.Command(binary, "-test.run", "^$", "-test.bench", "^Benchmark(Result|Error)$", "-test.benchtime", "300ms")
		cmd.Stdout, cmd.Stderr = &all, os.Stderr
		if err := cmd.Run(); err != nil {
			return nil, err
		}
	}
	if *raw != "" {
		if err := os.WriteFile(*raw, all.Bytes(), 0o666); err != nil {
			return nil, err
		}
	}
	return microRows(all.String()), nil
}

var benchmarkLine = regexp.MustCompile(`^Benchmark(\w+)/(.+)/client=(\w+)-\d+\s+\d+\s(.*)`)

func microRows(output string) []row {
	type key struct{ name, client, unit string }
	values := map[key][]float64{}
	var names []string
	for line := range strings.Lines(output) {
		m := benchmarkLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		name := strings.Replace(m[1]+", "+m[2], "groups=", "file groups: ", 1)
		name = strings.Replace(name, "code=", "", 1)
		if len(values[key{name, m[3], "B/op"}]) == 0 && m[3] == clients[0] {
			names = append(names, name)
		}
		fields := strings.Fields(m[4])
		for i := 0; i+1 < len(fields); i += 2 {
			if v, err := strconv.ParseFloat(fields[i], 64); err == nil {
				k := key{name, m[3], fields[i+1]}
				values[k] = append(values[k], v)
			}
		}
	}
	var rows []row
	for _, unit := range []struct {
		unit, name string
		format     func(float64) string
	}{{"cpu-ns/op", "CPU", microseconds}, {"B/op", "bytes", kilobytes}, {"allocs/op", "allocations", count}} {
		for _, name := range names {
			rows = append(rows, row{
				name:     name + ": " + unit.name,
				official: median(values[key{name, clients[0], unit.unit}]),
				ours:     median(values[key{name, clients[1], unit.unit}]),
				format:   unit.format,
			})
		}
	}
	return rows
}
