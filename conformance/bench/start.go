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
	var binaries []string
	for _, client := range clients {
		folder, err := program{client, false}.write(dir)
		if err != nil {
			return nil, err
		}
		if _, err := goTool(folder, "build", "-o", "program", "."); err != nil {
			return nil, err
		}
		binaries = append(binaries, filepath.Join(folder, "program"))
	}
	var took, cpu [2][]float64
	for round := range 1 + 10**rounds {
		for i, binary := range binaries {
			cmd := exec.Command(binary)
			cmd.Env = []string{"ENDPOINT=" + s.url}
			began := time.Now()
			out, err := cmd.CombinedOutput()
			if err != nil || strings.TrimSpace(string(out)) != "COMPLETED" {
				return nil, fmt.Errorf("%s: %w: %s", binary, err, out)
			}
			if round == 0 {
				continue // the binary comes from the disk
			}
			took[i] = append(took[i], float64(time.Since(began)))
			cpu[i] = append(cpu[i], float64(cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()))
		}
	}
	return []row{
		{name: "Process start to first answer", official: median(took[0]), ours: median(took[1]), format: milliseconds},
		{name: "Process start to first answer: CPU", official: median(cpu[0]), ours: median(cpu[1]), format: milliseconds},
	}, nil
}
