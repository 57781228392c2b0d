package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// built is what a build took: CPU, of which user time, by the compilers,
// assemblers and the linker, and the memory of the largest compiler process.
type built struct{ cpu, user, peak, size float64 }

// build compiles a program with a cold cache of its own, after the baseline,
// whose linker's time is not counted.
func build(p program, dir string) (b built, err error) {
	cache, err := os.MkdirTemp(dir, "cache")
	if err != nil {
		return b, err
	}
	self, err := os.Executable()
	if err != nil {
		return b, err
	}
	for _, p := range []program{{baseline, false}, p} {
		folder, err := p.write(dir)
		if err != nil {
			return b, err
		}
		binary, tools := filepath.Join(folder, "program"), filepath.Join(folder, "tools")
		cmd := exec.Command("go", "build", "-o", binary, "-toolexec", self+" -tool "+tools, ".")
		cmd.Dir = folder
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly", "GOCACHE="+cache)
		if out, err := cmd.CombinedOutput(); err != nil {
			return b, fmt.Errorf("build %+v: %w: %s", p, err, out)
		}
		all, link, err := readTools(tools)
		if err != nil {
			return b, err
		}
		if p.client == baseline {
			b = built{cpu: -link.cpu, user: -link.user}
			continue
		}
		info, err := os.Stat(binary)
		if err != nil {
			return b, err
		}
		b = built{b.cpu + all.cpu, b.user + all.user, all.peak, float64(info.Size())}
	}
	return b, nil
}

// runTool is what "go build -toolexec" runs: the tool, with a line in a file
// about what it took. The go command's own memory would hide the compiler's,
// since a process's peak counts from before its exec.
func runTool(file string, args []string) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer f.Close()
	state := cmd.ProcessState
	_, err = fmt.Fprintf(f, "%s %d %d %d\n", filepath.Base(args[0]), state.UserTime(), state.SystemTime(), state.SysUsage().(*syscall.Rusage).Maxrss*1024)
	return err
}

func readTools(file string) (all, link built, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return all, link, err
	}
	for line := range strings.Lines(string(text)) {
		var tool string
		var user, system, memory float64
		if _, err := fmt.Sscan(line, &tool, &user, &system, &memory); err != nil {
			return all, link, fmt.Errorf("%s: %q: %w", file, line, err)
		}
		all.cpu, all.user = all.cpu+user+system, all.user+user
		switch tool {
		case "link":
			link.cpu, link.user = link.cpu+user+system, link.user+user
		case "compile":
			all.peak = max(all.peak, memory)
		}
	}
	return all, link, nil
}

func compile() ([]row, error) {
	var rows []row
	for _, withConfig := range []bool{false, true} {
		var all [2][]built
		for range *builds {
			for i, client := range clients {
				dir, err := os.MkdirTemp("", "bench")
				if err != nil {
					return nil, err
				}
				b, err := build(program{client, withConfig}, dir)
				os.RemoveAll(dir)
				if err != nil {
					return nil, err
				}
				all[i] = append(all[i], b)
			}
		}
		figure := func(name string, of func(built) float64, format func(float64) string) row {
			var values [2][]float64
			for i := range clients {
				for _, b := range all[i] {
					values[i] = append(values[i], of(b))
				}
			}
			return row{name: name, official: median(values[0]), ours: median(values[1]), format: format}
		}
		with := "without config"
		if withConfig {
			with = "with config"
		}
		rows = append(rows,
			figure("Cold build, "+with+": CPU added to that of a net/http program", func(b built) float64 { return b.cpu }, seconds),
			figure("Cold build, "+with+": of that, user time", func(b built) float64 { return b.user }, seconds),
			figure("Cold build, "+with+": memory of the largest compiler process", func(b built) float64 { return b.peak }, megabytes),
			figure("Binary, "+with, func(b built) float64 { return b.size }, megabytes),
		)
	}
	return rows, nil
}
