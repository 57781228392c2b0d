package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// toolCost is what processes of the Go toolchain used. Times are in nanoseconds
// and sizes in bytes.
type toolCost struct {
	cpu  float64 // user and system time
	user float64
	peak float64 // the memory of the largest compiler process
}

// build is one run of "go build".
type build struct {
	all    toolCost // of the compilers, the assemblers and the linker
	link   toolCost // of the linker alone
	binary float64  // the size of what was built
}

// coldBuild is what a program costs in a build whose cache holds only the packages of
// the baseline. Times are in nanoseconds and sizes in bytes.
type coldBuild struct {
	// cpu and user are the times of compiling the packages that the baseline lacks, and
	// by how much linking the program takes longer than linking the baseline.
	cpu  float64
	user float64

	peak   float64 // the memory of the largest compiler process
	binary float64 // the size of the program, with what it shares with the baseline
}

// compile measures builds with a cold cache.
func compile() ([]row, error) {
	without, err := compileRows("without config", false)
	if err != nil {
		return nil, err
	}
	with, err := compileRows("with config", true)
	if err != nil {
		return nil, err
	}
	return append(without, with...), nil
}

// compileRows builds the programs of both clients in turns.
func compileRows(title string, withConfig bool) ([]row, error) {
	cpu := samples{}
	user := samples{}
	peak := samples{}
	binary := samples{}
	for range *builds {
		for _, client := range clients {
			cost, err := buildCold(program{client: client, withConfig: withConfig})
			if err != nil {
				return nil, err
			}
			cpu.add(client, cost.cpu)
			user.add(client, cost.user)
			peak.add(client, cost.peak)
			binary.add(client, cost.binary)
		}
	}
	cold := "Cold build, " + title + ": "
	return []row{
		cpu.row(cold+"CPU added to that of a net/http program", seconds),
		user.row(cold+"of that, user time", seconds),
		peak.row(cold+"memory of the largest compiler process", megabytes),
		binary.row("Binary, "+title, megabytes),
	}, nil
}

// buildCold builds a program in a cache that holds the baseline's packages and
// nothing else.
func buildCold(p program) (coldBuild, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return coldBuild{}, err
	}
	defer os.RemoveAll(dir)
	cache, err := os.MkdirTemp(dir, "cache")
	if err != nil {
		return coldBuild{}, err
	}
	before, err := program{client: baseline}.build(dir, cache)
	if err != nil {
		return coldBuild{}, err
	}
	after, err := p.build(dir, cache)
	if err != nil {
		return coldBuild{}, err
	}
	return coldBuild{
		cpu:    after.all.cpu - before.link.cpu,
		user:   after.all.user - before.link.user,
		peak:   after.all.peak,
		binary: after.binary,
	}, nil
}

// build writes the program below dir, and builds it with the given cache.
func (p program) build(dir, cache string) (build, error) {
	self, err := os.Executable()
	if err != nil {
		return build{}, err
	}
	folder, err := p.write(dir)
	if err != nil {
		return build{}, err
	}
	binary := filepath.Join(folder, "program")
	costs := filepath.Join(folder, "costs")
	cmd := exec.Command("go", "build", "-o", binary, "-toolexec", self+" -tool "+costs, ".")
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly", "GOCACHE="+cache)
	if out, err := cmd.CombinedOutput(); err != nil {
		return build{}, fmt.Errorf("build %s: %w: %s", p.name(), err, out)
	}
	b, err := readCosts(costs)
	if err != nil {
		return build{}, err
	}
	info, err := os.Stat(binary)
	if err != nil {
		return build{}, err
	}
	b.binary = float64(info.Size())
	return b, nil
}

// runTool is what "go build -toolexec" runs. It runs the tool, and appends a line
// to a file that says what the tool used. Nobody else could measure the compiler's
// memory: the peak of a process counts from before its exec, so that a child of
// the go command has at least the go command's.
func runTool(file string, args []string) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer f.Close()
	state := cmd.ProcessState
	peak := state.SysUsage().(*syscall.Rusage).Maxrss * 1024
	name := filepath.Base(args[0])
	_, err = fmt.Fprintf(f, "%s %d %d %d\n", name, state.UserTime(), state.SystemTime(), peak)
	return err
}

// readCosts sums up the lines that runTool wrote during a build.
func readCosts(file string) (build, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return build{}, err
	}
	var b build
	for line := range strings.Lines(string(text)) {
		var name string
		var user, system, peak float64
		if _, err := fmt.Sscan(line, &name, &user, &system, &peak); err != nil {
			return build{}, fmt.Errorf("%s: %q: %w", file, line, err)
		}
		b.all.add(user, system)
		switch name {
		case "link":
			b.link.add(user, system)
		case "compile":
			b.all.peak = max(b.all.peak, peak)
		}
	}
	return b, nil
}

func (c *toolCost) add(user, system float64) {
	c.cpu += user + system
	c.user += user
}
