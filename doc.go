// Package snapshotjob is a small client for the snapshot jobs of Amazon
// QuickSight, which render a dashboard to PDF, CSV or Excel.
//
//	cfg, err := config.LoadDefaultConfig(ctx)
//	...
//	client := snapshotjob.NewFromConfig(cfg)
//	job, err := snapshotjob.ParseJob("111122223333/sales/daily-2026-11-23")
//	...
//	out, err := client.DescribeDashboardSnapshotJobResult(ctx, job)
//	if err != nil {
//		return err // the service did not answer with a result
//	}
//	for file := range out.Files() {
//		fmt.Println(file.Format, file.URI, file.Err()) // the URI shows no secret
//	}
//	return out.Err() // nil only if every file is there
//
// # Errors
//
// In the chain of a call's error stand *smithy.OperationError,
// *retry.MaxAttemptsError if the attempts ran out, *awshttp.ResponseError with the
// HTTP status and the request id, and the smithy.APIError: one of this package's,
// or *smithy.GenericAPIError for a code that the operation's model lacks; if the
// context ended the call, its error and cause too.
//
// # Retries
//
// Package aws/retry decides, as for every AWS client: by default 3 attempts, with
// a random pause of up to 50 ms, then 100 ms, and so on up to 20 s (from 1 s when
// throttled; X-Amz-Retry-After is heeded, Retry-After is not), while the client's
// 500 retry tokens last (14 a retry, 5 if throttled; success pays back). Tried
// again are
//   - whatever keeps a transport from getting a response, such as a connection
//     refused or reset, and HTTP 500, 502, 503 and 504
//   - ThrottlingException and its kin, RequestTimeout, and HTTP 429 with an
//     unknown code
//   - a GET whose 2xx body was cut off
//   - a refused signature if the clocks are more than 4 minutes apart, with the
//     service's clock
//   - ExpiredTokenException, once, if the credentials can be renewed
//   - an attempt that ran out of AttemptTimeout
//
// but not any other 4xx, a host name that does not exist, https to a plain HTTP
// server, a whole 2xx body that makes no sense, a redirect, or anything once the
// context has ended.
package snapshotjob
