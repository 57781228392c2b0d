// Package batch runs many snapshot jobs, as fast as the account allows. It can be run
// again after a crash: jobs that were started are adopted, and files that are there are
// kept.
//
//	summary, err := batch.Run(ctx, client, requests, batch.Download(client, "reports"))
//
// The example below exports a dashboard for many tenants in this way. The program
// examples/nightly is the same with a progress line. Without flags it runs against a fake
// QuickSight, in seconds.
//
// The requests are an iter.Seq, which may be long: Run takes them one by one, as the
// service accepts their jobs. [Run] says what it guarantees.
//
// # The account's limits
//
// AWS documents that 12 jobs of an account may be RUNNING at once, and that it takes 10
// requests a second. Both limits can be raised, and others use the account too. Run
// therefore knows no number of slots. It offers one request at a time. If the service
// answers LimitExceededException, Run offers the request again as soon as a job of the
// batch has finished, or else after about 1 % of the time that the jobs take, at least
// half a second and at most 5 seconds. A request never fails because of the limit, nor
// because of throttling.
//
// The calls go through the client's Limiter. If it has none, Run makes at most 8 a
// second, which leaves 2 to others. Several runs at once need one Limiter that they share,
// on their client. Requests of several accounts need a run for each account: while one
// account takes no more jobs, a run starts nothing for the others either.
//
// # Ids
//
// A request is known by the id of its job, and a job that failed is started anew under
// this id with "-2" appended, then "-3" and so on. So an id of a request should be none of
// another request with a number appended: if one batch has had "tenant-2", and "tenant"
// fails in another one, Run takes the job "tenant-2" for its own, unless their
// configurations differ. AWS takes ids of up to 512 characters (API reference,
// StartDashboardSnapshotJob). One of more than 510 leaves no room for the number, so that
// its job is not started anew.
package batch
