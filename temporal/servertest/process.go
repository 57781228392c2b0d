package main

import (
	"os"
	"os/exec"
	"syscall"
	"time"
)

// process is a process that this program has started.
type process struct {
	kind    string // "server" or "worker"
	command *exec.Cmd
	ended   chan struct{}
}

// startProcess starts a command. All processes of a kind write to the end of one file.
func (l *lab) startProcess(kind string, command *exec.Cmd) (*process, error) {
	file, err := os.OpenFile(l.path(kind+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer file.Close() // The process has its own.
	command.Stdout = file
	command.Stderr = file
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &process{
		kind:    kind,
		command: command,
		ended:   make(chan struct{}),
	}
	l.all = append(l.all, p)
	go func() {
		defer close(p.ended)
		_ = command.Wait() // A process that was killed is an error, and meant.
	}()
	return p, nil
}

// kill ends the process at once. A nil process is one that was never started.
func (p *process) kill() {
	if p == nil {
		return
	}
	_ = p.command.Process.Kill()
	<-p.ended
}

// stop asks the process to end, and returns how long that took.
func (p *process) stop() time.Duration {
	began := time.Now()
	_ = p.command.Process.Signal(syscall.SIGTERM)
	<-p.ended
	return time.Since(began)
}

// usage is what the processes of a kind have used.
type usage struct {
	cpu    time.Duration // of all together
	memory int64         // the most of one, in bytes
}

// usageOf returns what the processes of a kind have used. They must have ended.
func (l *lab) usageOf(kind string) usage {
	var sum usage
	for _, p := range l.all {
		if p.kind != kind {
			continue
		}
		state := p.command.ProcessState
		sum.cpu += state.UserTime() + state.SystemTime()
		if resources, ok := state.SysUsage().(*syscall.Rusage); ok {
			const kilobyte = 1024 // the unit of Maxrss on Linux
			sum.memory = max(sum.memory, resources.Maxrss*kilobyte)
		}
	}
	return sum
}
