// Package temporal exports dashboards of Amazon QuickSight as workflows of Temporal
// (https://temporal.io), when one process is not enough: several machines share the slots
// of an account, and a night's exports outlive deployments and machines that die.
//
// A worker is a few lines:
//
//	connection, err := client.Dial(client.Options{HostPort: "temporal.internal:7233"})
//	...
//	w, err := temporal.NewWorker(connection, temporal.Options{
//		Client:    snapshotjob.NewFromConfig(cfg),
//		TaskQueue: "exports",
//		Deliver: func(ctx context.Context, client *snapshotjob.Client, job snapshotjob.Job) error {
//			_, err := client.Download(ctx, job, "/mnt/reports/"+job.String(), keepExisting)
//			return err
//		},
//	})
//	...
//	err = w.Run(worker.InterruptCh())
//
// Exports are started like any workflow, from any machine and in any language:
//
//	run, err := connection.ExecuteWorkflow(ctx,
//		client.StartWorkflowOptions{ID: "sales-2026-11-25", TaskQueue: "exports"},
//		temporal.Export, temporal.ExportInput{Request: request})
//	...
//	var outcome temporal.Outcome
//	err = run.Get(ctx, &outcome)
//
// [Export] makes one snapshot, [Batch] makes many. Whatever dies, a worker, the server or
// a connection, every export ends once, and no job is started twice: jobs have ids that
// follow from the workflow, and a job that exists is adopted.
//
// The account's limit of running jobs is kept by the service itself. Starts that it
// refuses wait in a queue of their own, whose rate is limited for all workers together,
// and are offered again.
//
// Neither presigned URLs nor credentials enter a history. The values of tags and
// parameters do, unless [Options].FillIn adds them or the connection has a data
// converter that encrypts.
package temporal
