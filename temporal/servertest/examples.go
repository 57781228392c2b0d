package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// exampleDashboards is how many dashboards the batch of the examples exports.
const exampleDashboards = 30

// runExamples runs the examples as their comments say: a worker with a fake of its own, a
// batch of a schedule, and an urgent export meanwhile.
func runExamples(ctx context.Context) error {
	const serverDefault = 4096 // events, at which the server suggests a new run
	lab, err := newLab(ctx, labOptions{events: serverDefault})
	if err != nil {
		return err
	}
	defer lab.close()
	if err := lab.buildExample(ctx, "nightly"); err != nil {
		return err
	}
	worker := exec.Command(lab.path("worker"), "-server", lab.address(), "-dir", lab.path("exports"))
	process, err := lab.startProcess("worker", worker)
	if err != nil {
		return err
	}
	defer process.kill()
	if err := lab.runNightly(ctx); err != nil {
		return err
	}
	return lab.checkExports(exampleDashboards + 1)
}

// runNightly runs examples/nightly with each of its flags. The second run finds the
// schedule of the first one.
func (l *lab) runNightly(ctx context.Context) error {
	dashboards := strconv.Itoa(exampleDashboards)
	if err := l.nightly(ctx, "-dashboards", dashboards).Run(); err != nil {
		return fmt.Errorf("nightly: %w", err)
	}
	batch := l.nightly(ctx, "-now")
	if err := batch.Start(); err != nil {
		return err
	}
	urgentError := l.nightly(ctx, "-urgent").Run()
	if err := batch.Wait(); err != nil {
		return fmt.Errorf("nightly -now: %w", err)
	}
	if urgentError != nil {
		return fmt.Errorf("nightly -urgent: %w", urgentError)
	}
	return nil
}

// nightly is a run of examples/nightly.
func (l *lab) nightly(ctx context.Context, flags ...string) *exec.Cmd {
	flags = append([]string{"-server", l.address()}, flags...)
	command := exec.CommandContext(ctx, l.path("nightly"), flags...)
	command.Stdout = os.Stdout
	return command
}

// checkExports returns an error unless the worker has delivered so many files.
func (l *lab) checkExports(want int) error {
	files, err := filepath.Glob(l.path("exports/*/*/*/*.pdf"))
	if err != nil {
		return err
	}
	fmt.Println("files delivered:", len(files))
	if len(files) != want {
		return fmt.Errorf("the worker delivered %d files: want %d", len(files), want)
	}
	return nil
}
