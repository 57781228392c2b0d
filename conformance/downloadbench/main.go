// Downloadbench fetches one large object over loopback with this repository's
// client, with the official transfer manager and with curl, in turns, and prints
// a markdown table of the medians:
//
//	cd conformance && go run ./downloadbench -size 1024 -rounds 5 -dir /tmp
//
// Every fetch is a process of its own, so that its memory can be measured. This
// needs Linux. What a client had before it began to fetch is its idle memory. The
// memory of curl is not measured.
//
// Only snapshotjob syncs the file (fsync) and gives it its name when it is whole.
// The transfer manager is therefore also measured with an fsync after it.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

var (
	size   = flag.Int64("size", 1024, "the size of the object, in MiB")
	rounds = flag.Int("rounds", 5, "how often each client fetches the object")
	dir    = flag.String("dir", os.TempDir(), "where the files go")
	client = flag.String("client", "", "fetch once with this client, and report in JSON")
	url    = flag.String("url", "", "the server's URL, for -client")
	serve  = flag.Bool("serve", false, "be the server")
)

// The clients, by their names in the table.
const (
	curl            = "curl"
	transferManager = "transfermanager"
	synced          = "transfermanager and fsync"
	ours            = "snapshotjob"
)

// clients are the clients in the order of the table.
var clients = []string{curl, transferManager, synced, ours}

func main() {
	log.SetFlags(0)
	flag.Parse()
	var err error
	switch {
	case *serve:
		err = runServer()
	case *client != "":
		err = fetchAndReport()
	default:
		err = compare()
	}
	if err != nil {
		log.Fatal(err)
	}
}

// report is what one fetch needed.
type report struct {
	Seconds float64
	Idle    int64 // KiB of memory before the fetch
	Peak    int64 // KiB of memory at most
}

// compare has all clients fetch the object in turns, and prints the table.
func compare() error {
	if *rounds < 1 {
		return fmt.Errorf("-rounds is %d, want at least 1", *rounds)
	}
	s, err := startServer()
	if err != nil {
		return err
	}
	defer s.stop()
	reports := map[string][]report{}
	for range *rounds {
		for _, name := range clients {
			r, err := fetch(name, s.url)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			reports[name] = append(reports[name], r)
		}
	}
	fmt.Printf("%d MiB over loopback, medians of %d\n\n", *size, *rounds)
	fmt.Println("| | MiB/s | peak memory | above idle |")
	fmt.Println("| --- | ---: | ---: | ---: |")
	for _, name := range clients {
		printRow(name, reports[name])
	}
	return nil
}

// printRow prints the line of one client.
func printRow(name string, reports []report) {
	speed := median(reports, func(r report) float64 { return float64(*size) / r.Seconds })
	if name == curl {
		fmt.Printf("| %s | %.0f | – | – |\n", name, speed)
		return
	}
	peak := median(reports, func(r report) float64 { return float64(r.Peak) / 1024 })
	aboveIdle := median(reports, func(r report) float64 { return float64(r.Peak-r.Idle) / 1024 })
	fmt.Printf("| %s | %.0f | %.1f MiB | %.1f MiB |\n", name, speed, peak, aboveIdle)
}

// median returns the median of a figure of the reports, of which there is at least one.
func median(reports []report, figure func(report) float64) float64 {
	var values []float64
	for _, r := range reports {
		values = append(values, figure(r))
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 0 {
		return (values[middle-1] + values[middle]) / 2
	}
	return values[middle]
}

// server is runServer in a process of its own.
type server struct {
	url   string
	cmd   *exec.Cmd
	stdin io.Closer
}

// startServer starts a server, and waits until it listens.
func startServer() (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "-serve", fmt.Sprint("-size=", *size))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{cmd: cmd, stdin: stdin}
	if _, err := fmt.Fscanln(stdout, &s.url); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// stop ends the server's process.
func (s *server) stop() {
	_ = s.stdin.Close()
	_ = s.cmd.Wait()
}

// fetch has a client fetch the object into a folder of its own, which is removed
// afterwards.
func fetch(name, address string) (report, error) {
	into, err := os.MkdirTemp(*dir, "downloadbench-")
	if err != nil {
		return report{}, err
	}
	defer os.RemoveAll(into)
	if name == curl {
		return fetchWithCurl(address, into)
	}
	self, err := os.Executable()
	if err != nil {
		return report{}, err
	}
	cmd := exec.Command(self, "-client", name, "-url", address, "-dir", into, fmt.Sprint("-size=", *size))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return report{}, err
	}
	var r report
	err = json.Unmarshal(out, &r)
	return r, err
}

func fetchWithCurl(address, into string) (report, error) {
	cmd := exec.Command("curl", "--silent", "--show-error", "--fail",
		"--output", filepath.Join(into, "object.bin"), address+"/bucket/object.bin")
	start := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(start)
	if err != nil {
		return report{}, fmt.Errorf("%w: %s", err, out)
	}
	return report{Seconds: took.Seconds()}, nil
}
