// Package snapshotjobtest is a fake Amazon QuickSight for tests of programs that
// make snapshots of dashboards.
//
//	srv := snapshotjobtest.NewTestServer(t)
//	job := snapshotjob.Job{AWSAccountID: "111122223333", DashboardID: "sales", SnapshotJobID: "daily"}
//	srv.AddJob(job, snapshotjobtest.Completed(
//		snapshotjobtest.PDF("summary"),
//		snapshotjobtest.CSV("summary", "orders").Failing("RLS_CHANGED", "Security settings have changed."),
//	).After(2*time.Second, 40*time.Second))
//	client := srv.Client()
//
// [Server.AddJob] adds a job that exists before the program asks for it.
// [Options].Life decides what becomes of the jobs that the program starts. Code that
// makes its own client from a configuration of AWS's SDK gets one from [Server.Config].
//
// The server knows the four operations for snapshot jobs, and the one that describes the
// sheets and visuals of a dashboard, as [Server.AddDashboard] decides. Their routes,
// shapes, exceptions, rules and limits are those of the service. It also serves the files
// that jobs make, as S3 does.
//
// # Signatures
//
// The server verifies the signature of every request by the rules that AWS documents
// for Signature Version 4:
//
//   - The signature covers the host and all x-amz-* headers, so that it covers the
//     session token too. Headers of other names, such as Range, need not be signed.
//   - The names of the signed headers are in lower case and in alphabetical order, and
//     the request has each of these headers.
//   - The date in the scope of the key is the day of X-Amz-Date.
//   - No part of a signature comes twice, such as a header, a parameter of the query,
//     or an element of Authorization.
//
// # Limits
//
// As with AWS, at most 12 jobs of an account run at once. While 12 jobs are RUNNING, a
// start is refused with LimitExceededException. Jobs that are QUEUED don't count. They
// begin to run as running jobs end, in the order of their starts. [Options] changes
// this limit and most others.
//
// # Time
//
// The server's clock is time.Now. Make and use a server inside a [testing/synctest]
// bubble, and hours of a job's life pass at once. A bubble's clock begins in the year
// 2000. A job that was added outside of the bubble was therefore made in the future,
// and stays QUEUED inside.
//
//	synctest.Test(t, func(t *testing.T) {
//		srv := snapshotjobtest.NewTestServer(t)
//		life := snapshotjobtest.Completed(snapshotjobtest.PDF("summary"))
//		srv.AddJob(job, life.After(time.Minute, 3*time.Hour))
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
// The server is a [net/http.Handler], and [Server.Start] puts it on a socket, where
// any AWS client in any language can use it. The command "snapshotjob fake" does
// that from a shell.
//
// # What the server can't know
//
// AWS does not document everything. These are made up, and a program should not
// depend on them:
//
//   - the messages of exceptions, but not all of them: those about signatures are worded
//     as AWS's services word them, and the API reference has the one for a result that
//     was asked for too early
//   - the code of the exception for a result that was asked for too early
//   - the code of the exception for a start that names a sheet or a visual that the
//     dashboard lacks, or a CSV file of a visual that is no table
//   - the order in which queued jobs begin to run
//   - the error for a part of a signature that comes twice
//   - the names of buckets and keys
//
// Exceptions have no ResourceType, because the API's list of resource types has no
// snapshot job.
package snapshotjobtest
