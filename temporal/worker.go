package temporal

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
)

// stopTimeout is how long a worker that stops waits for its activities. Waits leave at
// once; this is for starts and deliveries, which are better ended than repeated.
const stopTimeout = 10 * time.Second

// Worker runs the workflows [Export] and [Batch], and their activities. It is two
// workers of Temporal's SDK: one for the queue of the options, and one for the starts of
// jobs.
type Worker struct {
	workflows worker.Worker
	starts    worker.Worker

	// fatal gets the error that ends one of the workers.
	fatal chan error
}

// NewWorker makes a worker that uses a connection to a Temporal server. It asks
// QuickSight about a job that does not exist, and returns an error if the service refuses
// the credentials: a worker without good credentials would fail its activities faster
// than others work, and so take most of them.
func NewWorker(c client.Client, o Options) (*Worker, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if c == nil {
		return nil, errors.New("temporal: the connection is nil: want a client of Temporal's SDK")
	}
	if o.TaskQueue == "" {
		return nil, errors.New("temporal: Options.TaskQueue is empty: want the name of a queue")
	}
	if err := checkCredentials(o.Client); err != nil {
		return nil, err
	}
	w := &Worker{fatal: make(chan error, 2)} // one error of each worker
	w.workflows = worker.New(c, o.TaskQueue, worker.Options{
		WorkerStopTimeout: stopTimeout,
		OnFatalError:      w.fail,
	})
	w.starts = worker.New(c, StartTaskQueue(o.TaskQueue), worker.Options{
		WorkerStopTimeout:            stopTimeout,
		OnFatalError:                 w.fail,
		TaskQueueActivitiesPerSecond: o.StartsPerSecond,
		DisableWorkflowWorker:        true,
	})
	activities := newActivities(o)
	registerWorkflows(w.workflows)
	activities.registerAll(w.workflows)
	activities.registerStart(w.starts)
	return w, nil
}

// Register adds the workflows and all activities to a worker of the caller's. The caller
// needs a second worker, to which Register is applied too, for the queue that
// [StartTaskQueue] names. Its TaskQueueActivitiesPerSecond is the rate of starts. Neither
// may have DisableWorkflowWorker set, because Temporal's SDK then panics when a workflow
// is added. Options.StartsPerSecond, Options.TaskQueue and the check of the credentials
// are for NewWorker alone. The error is that of bad options, or of a nil worker.
func Register(r worker.Registry, o Options) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	if r == nil {
		return errors.New("temporal: the worker is nil: want one of Temporal's SDK")
	}
	registerWorkflows(r)
	newActivities(o).registerAll(r)
	return nil
}

// registerWorkflows adds the workflows under the names of their functions, by which
// client.ExecuteWorkflow calls them.
func registerWorkflows(r worker.WorkflowRegistry) {
	r.RegisterWorkflow(Export)
	r.RegisterWorkflow(Batch)
}

// Run works until the channel gets a value, such as that of worker.InterruptCh of
// Temporal's SDK after SIGINT or SIGTERM. Waits for jobs then go on at other workers at
// once. Starts and deliveries have 10 seconds to end. Run returns nil after an
// interruption, and the error of a worker that cannot start or go on. It is called once.
func (w *Worker) Run(interrupt <-chan any) error {
	if err := w.workflows.Start(); err != nil {
		return fmt.Errorf("temporal: start the worker: %w", err)
	}
	if err := w.starts.Start(); err != nil {
		w.workflows.Stop()
		return fmt.Errorf("temporal: start the worker for starts of jobs: %w", err)
	}
	defer w.stop()
	select {
	case <-interrupt:
		return nil
	case err := <-w.fatal:
		return fmt.Errorf("temporal: the worker failed: %w", err)
	}
}

// stop stops both workers at once, and waits for them.
func (w *Worker) stop() {
	var stopping sync.WaitGroup
	stopping.Go(w.starts.Stop)
	stopping.Go(w.workflows.Stop)
	stopping.Wait()
}

// fail ends Run with an error. Each of the two workers calls it once at most.
func (w *Worker) fail(err error) { w.fatal <- err }
