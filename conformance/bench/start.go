package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// start measures programs from their start to the end of their only call, over
// plain HTTP.
func start() ([]row, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s, err := startServer("plain")
	if err != nil {
		return nil, err
	}
	defer s.stop()
	binaries, err := buildPrograms(dir)
	if err != nil {
		return nil, err
	}
	took := samples{}
	cpu := samples{}
	for round := range 1 + 10**rounds {
		for _, client := range clients {
			once, err := startOnce(binaries[client], s.url)
			if err != nil {
				return nil, err
			}
			if round == 0 {
				continue // The binary came from the disk.
			}
			took.add(client, float64(once.took))
			cpu.add(client, float64(once.cpu))
		}
	}
	return []row{
		took.row("Process start to first response", milliseconds),
		cpu.row("Process start to first response: CPU", milliseconds),
	}, nil
}

// buildPrograms builds the programs of both clients below dir, and returns the
// paths of the binaries by client.
func buildPrograms(dir string) (map[string]string, error) {
	binaries := map[string]string{}
	for _, client := range clients {
		folder, err := program{client: client}.write(dir)
		if err != nil {
			return nil, err
		}
		if _, err := goInConsumer(folder, "build", "-o", "program", "."); err != nil {
			return nil, err
		}
		binaries[client] = filepath.Join(folder, "program")
	}
	return binaries, nil
}

// process is what a process used.
type process struct {
	took time.Duration
	cpu  time.Duration
}

// startOnce runs a program until it has printed the job's status.
func startOnce(binary, endpoint string) (process, error) {
	cmd := exec.Command(binary)
	cmd.Env = []string{"ENDPOINT=" + endpoint}
	began := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(began)
	if err != nil {
		return process{}, fmt.Errorf("%s: %w: %s", binary, err, out)
	}
	if status := strings.TrimSpace(string(out)); status != "COMPLETED" {
		return process{}, fmt.Errorf("%s: the job's status is %q", binary, status)
	}
	state := cmd.ProcessState
	return process{took: took, cpu: state.UserTime() + state.SystemTime()}, nil
}
