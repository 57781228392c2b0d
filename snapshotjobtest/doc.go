// Package snapshotjobtest is a fake Amazon QuickSight for tests of programs that
// make snapshots of dashboards.
//
//	srv := snapshotjobtest.NewTestServer(t)
//	job := snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "sales", SnapshotJobID: "daily"}
//	srv.AddJob(job, snapshotjobtest.Completed(
//		snapshotjobtest.PDF("summary"),
//		snapshotjobtest.CSV("summary", "orders").Failing("RLS_CHANGED", "Row-level security settings have changed."),
//	).After(2*time.Second, 40*time.Second))
//	client := srv.Client() // or snapshotjob.NewFromConfig(srv.Config())
//
// [Server.AddJob] is for jobs that are there already; [Options].Life says what
// becomes of those that a program starts.
//
// It knows the four operations for snapshot jobs, with the service's routes,
// shapes, exceptions, rules and limits, and serves the files that jobs make, as
// S3 does. Every request's signature is verified.
//
// # Time
//
// The server's clock is time.Now. A server that is made and used inside a
// [testing/synctest] bubble lets hours of a job's life pass at once. (A job that
// was added outside of it is queued for ever: a bubble's clock begins in 2000.)
//
//	synctest.Test(t, func(t *testing.T) {
//		srv := snapshotjobtest.NewTestServer(t)
//		srv.AddJob(job, snapshotjobtest.Completed().After(time.Minute, 3*time.Hour))
//		out, err := srv.Client().Wait(t.Context(), job)
//		...
//	})
//
// # Faults
//
// [Server.Fail] scripts what goes wrong with the next attempts, and
// [Server.Requests] tells what arrived:
//
//	srv.Fail(snapshotjobtest.DescribeDashboardSnapshotJob,
//		snapshotjobtest.Throttle(), snapshotjobtest.Pass(), snapshotjobtest.Drop())
//
// # Other clients
//
// The server is a [net/http.Handler], and [Server.Start] puts it on a socket,
// where any AWS client in any language can use it. The program in
// examples/fakeserver does that from a shell.
//
// # What it can't tell
//
// AWS does not document everything. The texts of exceptions, the exception for a
// result that was asked for too early, and the names of buckets and keys are
// made up; a program should not depend on them. Exceptions come without their
// ResourceType, since the API's list of types has no snapshot job.
package snapshotjobtest
