// Command servertest runs exports on a real Temporal server while their workers and the
// server die, and prints what came of it:
//
//	go -C temporal/servertest run .
//
// It starts the server, on an SQLite file, and three workers (examples/worker) as
// processes, and a fake QuickSight with the account's limits of 12 jobs and 10 requests
// a second on a socket. In the middle of a batch it kills a worker, stops another one,
// kills the server, and starts each of them again. The first build takes some 8 minutes.
//
// With -record it writes histories of workflows, which TestReplay of the module above
// reads, into a folder. With -examples it runs the examples of that module, and fails unless
// every file is delivered.
//
// Server and worker are different processes of different modules, because the versions
// that they need of go.temporal.io/api exclude each other.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	var values flagValues
	flag.IntVar(&values.exports, "exports", 300, "how many exports")
	flag.DurationVar(&values.job, "job", 10*time.Second, "how long a job takes on average")
	flag.Float64Var(&values.starts, "starts", 2, "starts of jobs a second, of all workers together")
	flag.IntVar(&values.slots, "slots", 12, "how many jobs the account runs at once")
	flag.IntVar(&values.requests, "requests", 10, "API requests a second that the account may send")
	flag.IntVar(&values.workers, "workers", 3, "how many workers")
	flag.BoolVar(&values.calm, "calm", false, "let nothing die")
	flag.IntVar(&values.window, "window", 24, "how many exports the batch has under way at once")
	// At 1200, a batch of 300 exports has a second run. The server's default is 4096.
	flag.IntVar(&values.events, "events", 1200, "at how many events of a history the server suggests a new run")
	flag.StringVar(&values.record, "record", "", "record histories into this `folder` instead")
	examples := flag.Bool("examples", false, "run examples/worker and examples/nightly instead")
	serverFile := flag.String("serve", "", "run only a Temporal server, on this `file`")
	serverPort := flag.Int("port", 0, "the `port` of that server")
	flag.Parse()
	if *serverFile != "" {
		exitWith(serve(*serverFile, *serverPort, values.events))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if values.record != "" {
		exitWith(record(ctx, values.record))
	}
	if *examples {
		exitWith(runExamples(ctx))
	}
	exitWith(run(ctx, values))
}

// flagValues are what the flags say.
type flagValues struct {
	exports  int
	job      time.Duration
	starts   float64
	slots    int
	requests int
	workers  int
	calm     bool
	window   int
	events   int
	record   string
}

// exitWith ends the process.
func exitWith(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "servertest:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// run makes the exports, and lets processes die meanwhile.
func run(ctx context.Context, values flagValues) error {
	lab, err := newLab(ctx, labOptions{
		job:      values.job,
		starts:   values.starts,
		slots:    values.slots,
		requests: values.requests,
		workers:  values.workers,
		events:   values.events,
	})
	if err != nil {
		return err
	}
	defer lab.close()
	fmt.Printf("%d exports of jobs of %v, %d slots, %g starts a second\n",
		values.exports, values.job, values.slots, values.starts)
	began := time.Now()
	batch, err := lab.startBatch(ctx, batchInput{
		Source: fmt.Sprintf("dashboards:%d", values.exports),
		Window: values.window,
	})
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- batch.Get(ctx, nil) }()
	if !values.calm {
		if err := lab.breakThings(ctx, values.exports); err != nil {
			return err
		}
	}
	if err := <-ended; err != nil {
		return fmt.Errorf("the batch: %w", err)
	}
	report := lab.fake.report(began)
	if err := report.addHistories(ctx, lab.connection, batch.GetID()); err != nil {
		return err
	}
	if err := report.addUsage(lab); err != nil {
		return err
	}
	report.print(os.Stdout)
	return report.judge(values.exports, values.slots)
}

// breakThings lets each kind of process die once, when so many exports of all are done,
// and starts it again.
func (l *lab) breakThings(ctx context.Context, exports int) error {
	if err := l.fake.waitForJobs(ctx, exports/5); err != nil {
		return err
	}
	fmt.Println("kill -9 of a worker")
	l.workers[0].kill()
	if err := l.restartWorker(0); err != nil {
		return err
	}
	if err := l.fake.waitForJobs(ctx, exports*2/5); err != nil {
		return err
	}
	took := l.workers[1].stop()
	fmt.Printf("SIGTERM of another worker, which ended in %v\n", took.Round(time.Millisecond))
	if err := l.restartWorker(1); err != nil {
		return err
	}
	if err := l.fake.waitForJobs(ctx, exports*3/5); err != nil {
		return err
	}
	fmt.Println("kill -9 of the server, which comes back after 5 seconds")
	l.server.kill()
	time.Sleep(5 * time.Second)
	return l.startServer()
}
