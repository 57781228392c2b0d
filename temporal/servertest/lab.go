package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
)

const (
	taskQueue = "exports"

	// serverPorts is how many ports in a row the server takes.
	serverPorts = 8
)

// labOptions say what a lab has.
type labOptions struct {
	job      time.Duration // how long a job takes on average
	starts   float64       // a second, of all workers together
	slots    int           // how many jobs the account runs at once
	requests int           // a second, to the API
	workers  int
	events   int // of a history, at which the server suggests a new run
}

// lab is a Temporal server, workers and a fake QuickSight.
type lab struct {
	options    labOptions
	dir        string
	port       int // of the server
	fake       *fake
	server     *process
	workers    []*process
	all        []*process // those that have ended too
	connection client.Client
}

// newLab starts everything. Its files are in a folder that close removes.
func newLab(ctx context.Context, options labOptions) (*lab, error) {
	dir, err := os.MkdirTemp("", "servertest")
	if err != nil {
		return nil, err
	}
	l := &lab{
		options: options,
		dir:     dir,
		fake:    newFake(options),
		workers: make([]*process, options.workers),
	}
	if err := l.start(ctx); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// start starts the processes, and connects to the server.
func (l *lab) start(ctx context.Context) error {
	if err := l.buildExample(ctx, "worker"); err != nil {
		return err
	}
	port, err := freePorts(serverPorts)
	if err != nil {
		return err
	}
	l.port = port
	if err := l.startServer(); err != nil {
		return err
	}
	if l.connection, err = dial(ctx, l.address()); err != nil {
		return err
	}
	for i := range l.workers {
		if err := l.restartWorker(i); err != nil {
			return err
		}
	}
	return nil
}

// buildExample builds an example of the module above.
func (l *lab) buildExample(ctx context.Context, name string) error {
	build := exec.CommandContext(ctx, "go", "build", "-o", l.path(name), "./examples/"+name)
	build.Dir = ".."
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build the example %s: %w", name, err)
	}
	return nil
}

// close ends the processes, and removes the files.
func (l *lab) close() {
	if l.connection != nil {
		l.connection.Close()
	}
	l.endProcesses()
	l.fake.close()
	os.RemoveAll(l.dir)
}

// endProcesses ends the server and the workers.
func (l *lab) endProcesses() {
	for _, worker := range l.workers {
		worker.kill()
	}
	l.server.kill()
}

// path returns the path of a file of the lab.
func (l *lab) path(name string) string { return filepath.Join(l.dir, name) }

// address is that of the server.
func (l *lab) address() string { return net.JoinHostPort(localhost, strconv.Itoa(l.port)) }

// startServer starts the server, whose file may be that of one that was killed.
func (l *lab) startServer() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	command := exec.Command(self,
		"-serve", l.path("temporal.db"),
		"-port", strconv.Itoa(l.port),
		"-events", strconv.Itoa(l.options.events),
	)
	l.server, err = l.startProcess("server", command)
	return err
}

// restartWorker starts the worker of a number, which is not running.
func (l *lab) restartWorker(number int) error {
	command := exec.Command(l.path("worker"),
		"-aws",
		"-server", l.address(),
		"-queue", taskQueue,
		"-starts", fmt.Sprint(l.options.starts),
		"-dir", l.path("exports"),
	)
	command.Env = append(os.Environ(), l.fake.environment()...)
	var err error
	l.workers[number], err = l.startProcess("worker", command)
	return err
}

// dial connects to a server that is just starting.
func dial(ctx context.Context, address string) (client.Client, error) {
	quiet := log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		connection, err := client.DialContext(ctx, client.Options{HostPort: address, Logger: quiet})
		if err == nil {
			return connection, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("the server doesn't start: %w", err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// freePorts returns the first of so many ports in a row that are free now.
func freePorts(count int) (int, error) {
	const attempts = 100
	for range attempts {
		listener, err := net.Listen("tcp", localhost+":0")
		if err != nil {
			return 0, err
		}
		first := listener.Addr().(*net.TCPAddr).Port
		_ = listener.Close()
		if areFree(first, count) {
			return first, nil
		}
	}
	return 0, fmt.Errorf("there are no %d free ports in a row", count)
}

// areFree reports whether nobody listens on so many ports.
func areFree(first, count int) bool {
	for port := first; port < first+count; port++ {
		listener, err := net.Listen("tcp", net.JoinHostPort(localhost, strconv.Itoa(port)))
		if err != nil {
			return false
		}
		_ = listener.Close()
	}
	return true
}
