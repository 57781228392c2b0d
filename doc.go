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
// [Client.DescribeDashboardDefinition] tells what can be exported from a dashboard.
// [Client.StartDashboardSnapshotJob] starts a job, [Client.Wait] waits until the job
// has finished, and [Client.Download] fetches its files. Package batch does all of that for
// many jobs, as fast as the account allows, and is safe to run again after a crash. Package
// snapshotjobtest has a fake QuickSight for tests, in the process of the test.
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
// too, as is the last error of the service.
//
// These errors have a meaning of their own:
//
//   - [*InvalidInputError]: the input or the options are bad, and nothing was sent
//   - [ErrOutcomeUnknown]: a start failed, and may have started the job all the same
//   - [ErrJobNotFinished]: the result of a job was asked for too early
//   - [*JobError]: the job failed, or completed without all of its files
//   - [*WaitError]: Wait ended before it saw the job finish
//   - [*DownloadError]: files could not be downloaded, or were never made
//
// # Retries
//
// Package aws/retry decides what is tried again, as in every AWS client. By default a
// request is sent up to 3 times. The pause before the second attempt is random, up to
// 50 ms; the longest pause doubles with each attempt, up to 20 s. After throttling the
// pauses begin at 1 s. If the response has the header X-Amz-Retry-After, the pause is at
// least as many milliseconds long, but at most 5 s longer than it would be. The header
// Retry-After is not read.
//
// A retry takes 14 of the client's 500 retry tokens, or 5 after throttling. A call that
// succeeds gives back the tokens of its last retry, and one more.
//
// A request is sent again in these cases:
//
//   - The transport got no response, because a connection was refused or reset, for
//     example.
//   - The status is 500, 502, 503 or 504.
//   - The error is ThrottlingException or has another throttling code, or is
//     RequestTimeout, or the status is 429 with an unknown code.
//   - The request was a GET, and its 2xx body was cut off.
//   - The signature was refused, and the clocks are more than 4 minutes apart. The
//     request is then signed with the service's clock.
//   - The credentials have expired and can be renewed. This happens once in a call.
//   - An attempt ran out of [Options].AttemptTimeout, unless it was a POST whose 2xx status
//     had arrived.
//
// It is not sent again in these cases:
//
//   - The status is any other 4xx or 5xx, or the error is LimitExceededException.
//   - The host name does not exist, or the server does not speak TLS.
//   - The whole 2xx body arrived and makes no sense.
//   - The response is a redirect, which is never followed.
//   - The context has ended.
package snapshotjob
