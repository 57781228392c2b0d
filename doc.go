// Package snapshotjob is a small client for the snapshot jobs of Amazon QuickSight. A
// snapshot job renders a dashboard to PDF, CSV or Excel.
//
//	cfg, err := config.LoadDefaultConfig(ctx)
//	...
//	client := snapshotjob.NewFromConfig(cfg)
//	job, err := snapshotjob.ParseJob("111122223333/sales/daily-2026-11-23")
//	...
//	out, err := client.DescribeDashboardSnapshotJobResult(ctx, job)
//	if err != nil {
//		return err // the service sent no result
//	}
//	for file := range out.Files() {
//		fmt.Println(file.Format, file.URI, file.Err()) // the URI shows no secret
//	}
//	return out.Err() // nil only if every file is there
//
// [Client.StartDashboardSnapshotJob] starts a job, [Client.Wait] waits until the job
// has finished, and [Client.Download] fetches its files.
//
// # Errors
//
// The error of a call has these in its chain, from the outside to the inside:
//
//   - *smithy.OperationError, which names the operation
//   - *retry.MaxAttemptsError, if there were no more attempts
//   - *awshttp.ResponseError, with the HTTP status and the request id
//   - the smithy.APIError: an exception of this package, or *smithy.GenericAPIError
//     for a code that the operation's model does not have
//
// If the context ended the call, the context's error and its cause are in the chain
// too, as is the last error of the service. Bad input is an [*InvalidInputError].
//
// # Retries
//
// Package aws/retry decides what is tried again, as in every AWS client. By default a
// request is sent up to 3 times. The pause before the second attempt is random, up to
// 50 ms; the longest pause doubles with each attempt, up to 20 s. After throttling the
// pauses begin at 1 s. The header X-Amz-Retry-After makes a pause longer; Retry-After is
// not read. A retry takes 14 of the client's 500 retry tokens, or 5 after throttling, and
// a success pays back. A request is sent again
//
//   - if the transport got no response, because a connection was refused or reset, for
//     example
//   - after HTTP 500, 502, 503 and 504
//   - after ThrottlingException and its kin, after RequestTimeout, and after HTTP 429 with
//     an unknown code
//   - if it was a GET whose 2xx body was cut off
//   - if its signature was refused and the clocks are more than 4 minutes apart; it is
//     then signed with the service's clock
//   - once, if the credentials have expired and can be renewed
//   - if an attempt ran out of [Options].AttemptTimeout
//
// It is not sent again
//
//   - after any other 4xx status, and after LimitExceededException
//   - if a host name does not exist, or a server does not speak TLS
//   - if the whole 2xx body arrived and makes no sense
//   - after a redirect, which is never followed
//   - once the context has ended
package snapshotjob
