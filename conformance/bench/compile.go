package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// build compiles a program with a cold cache of its own, after the baseline.
// It returns the CPU that the program's compilers, assemblers and linker took
// beyond the baseline's linker, and the memory of the largest compiler process.
func build(p program, dir string) (cpu, peak, size float64, err error) {
	cache, err := os.MkdirTemp(dir, "cache")
	if err != nil {
		return 0, 0, 0, err
	}
	self, err := os.Executable()
	if err != nil {
		return 0, 0, 0, err
	}
	for _, p := range []program{{baseline, false}, p} {
		folder, err := p.write(dir)
		if err != nil {
			return 0, 0, 0, err
		}
		binary, tools := filepath.Join(folder, "program"), filepath.Join(folder, "tools")
		cmd := exec.Command("go", "build", "-o", binary, "-toolexec", self+" -tool "+tools, ".")
		cmd.Dir = folder
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly", "GOCACHE="+cache)
		if out, err := cmd.CombinedOutput(); err != nil {
			return 0, 0, 0, fmt.Errorf("build %+v: %w: %s", p, err, out)
		}
		all, link, largest, err := readTools(tools)
		if err != nil {
			return 0, 0, 0, err
		}
		if p.client == baseline {
			cpu = -link
			continue
		}
		cpu, peak = cpu+all, largest
		info, err := os.Stat(binary)
		if err != nil {
			return 0, 0, 0, err
		}
		size = float64(info.Size())
	}
	return cpu, peak, size, nil
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
	_, err = fmt.Fprintf(f, "%s %d %d\n", filepath.Base(args[0]), state.UserTime()+state.SystemTime(), state.SysUsage().(*syscall.Rusage).Maxrss*1024)
	return err
}

func readTools(file string) (all, link, peak float64, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		var tool string
		var took, memory float64
		if _, err := fmt.Sscan(line, &tool, &took, &memory); err != nil {
			return 0, 0, 0, fmt.Errorf("%s: %q: %w", file, line, err)
		}
		all += took
		switch tool {
		case "link":
			link += took
		case "compile":
			peak = max(peak, memory)
		}
	}
	return all, link, peak, nil
}

func compile() ([]row, error) {
	var rows []row
	for _, withConfig := range []bool{false, true} {
		var cpu, peak, size [2][]float64
		for range *builds {
			for i, client := range clients {
				dir, err := os.MkdirTemp("", "bench")
				if err != nil {
					return nil, err
				}
				c, p, s, err := build(program{client, withConfig}, dir)
				os.RemoveAll(dir)
				if err != nil {
					return nil, err
				}
				cpu[i], peak[i], size[i] = append(cpu[i], c), append(peak[i], p), append(size[i], s)
			}
		}
		with := "without config"
		if withConfig {
			with = "with config"
		}
		rows = append(rows,
			row{name: "Cold build, " + with + ": CPU added to that of a net/http program", official: median(cpu[0]), ours: median(cpu[1]), format: seconds},
			row{name: "Cold build, " + with + ": memory of the largest compiler process", official: median(peak[0]), ours: median(peak[1]), format: megabytes},
			row{name: "Binary, " + with, official: median(size[0]), ours: median(size[1]), format: megabytes},
		)
	}
	return rows, nil
}
