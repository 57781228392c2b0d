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
// A call's error is a *smithy.OperationError. Behind it, for errors.As, stand
// *retry.MaxAttemptsError if the attempts ran out, *awshttp.ResponseError with
// the HTTP status and the request id, and the exception: one of this package's,
// such as [*ResourceNotFoundException], or *smithy.GenericAPIError for a code
// that the service's model lacks. All of them are smithy.APIError. Bad input or
// options are an [*InvalidInputError], and nothing was sent. A result asked for
// too early matches [ErrJobNotFinished].
//
// When the context ended a call, errors.Is(err, ctx.Err()) holds; the context's
// cause and the last error of the service are in the chain as well.
//
// # Retries
//
// Package aws/retry decides, as for every AWS client: by default 3 attempts,
// with a random pause of up to 50 ms, then 100 ms, and so on up to 20 s (from
// 1 s when throttled; X-Amz-Retry-After is heeded, Retry-After is not), as long
// as the client's bucket of 500 retry tokens lasts (14 for a retry, 5 if
// throttled; a success pays back).
//
//	tried again                           because
//	connection refused, reset, cut off    the next one may hold
//	HTTP 500, 502, 503, 504               whatever the body says
//	ThrottlingException and its kin       the account's rate is used up
//	HTTP 429 with an unknown code         likewise
//	RequestTimeout                        the service says so
//	a GET whose 2xx body was cut off      reading again is harmless
//	a signature refused, and the clocks   once the service's clock is known,
//	are more than 4 minutes apart         the signature is made with it
//	ExpiredTokenException                 once, if the credentials can be renewed
//	AttemptTimeout ran out                the context still has time
//
//	not tried again                       because
//	any other 4xx                         it would be refused again
//	a host name that does not exist       it is configuration
//	https to a plain HTTP server          likewise
//	a whole 2xx body that makes no sense  it would come again
//	redirects                             they are never followed
//	the context ended                     the caller said so
package snapshotjob
