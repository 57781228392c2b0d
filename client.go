package snapshotjob

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// version is the version of this module. It is part of the User-Agent header.
const version = "0.1.0"

// Client calls the snapshot-job operations of Amazon QuickSight, and the one that
// describes a dashboard. It is safe for concurrent use, and starts no goroutine that
// outlives a call. New and NewFromConfig make clients; the zero Client returns an error
// from every call.
//
// Any operation may return an [*InvalidInputError], in which case nothing was sent.
// Otherwise it may return the service's [*AccessDeniedException],
// [*InternalFailureException], [*ResourceNotFoundException], [*ThrottlingException]
// and [*UnsupportedUserEditionException], or *smithy.GenericAPIError for a code that
// the operation's model does not have. The package comment says what is tried again.
type Client struct {
	// settings is a pointer so that no secret is shown where fmt or a template prints
	// the fields of a Client without calling its methods.
	settings *settings

	clockSkew   clockSkew // of the service
	s3ClockSkew clockSkew // of S3
}

// Options configures a [Client]. The zero value of every field but Region and
// Credentials works. Each call reports what is wrong with the options as an
// [*InvalidInputError], before anything is sent; a bad S3BaseEndpoint is reported by
// Open and Download alone. Options show no secret when they are formatted or marshalled.
type Options struct {
	// Region is the AWS region of the dashboard, such as "us-east-1". It is required
	// also with a BaseEndpoint, because it is part of every signature.
	Region string

	// Credentials provides the credentials for every attempt, so a provider that
	// doesn't cache should be wrapped in aws.NewCredentialsCache. It is required. If
	// the service says that the credentials have expired, and the provider has an
	// Invalidate method as *aws.CredentialsCache does, the call is tried once more
	// with fresh ones. That attempt counts towards RetryMaxAttempts.
	Credentials aws.CredentialsProvider

	// Transport sends the requests to the API. It is the place for a mock, or for
	// tracing: with a request's context, GetServiceID, GetOperationName and GetRegion of
	// package aws/middleware say what the request is for. It must not follow redirects,
	// and the body of a response must end when the request's context does, as with
	// net/http: a mock's body that blocks for ever would make the call do so.
	// If nil, requests go through a transport with the SDK's settings and an idle pool
	// that suits hundreds of concurrent callers, which all clients share. Option
	// functions find that transport here, and can wrap it.
	Transport http.RoundTripper

	// DownloadTransport fetches files. A transport that records URLs, or the texts of
	// errors, records presigned URLs here, with which anyone can read a file;
	// examples/tracing shows one that doesn't. If nil, files come through a transport
	// with the SDK's settings, which all clients share. Option functions find that
	// transport here, and can wrap it.
	DownloadTransport http.RoundTripper

	// S3BaseEndpoint is the URL of the server that has the files of the caller's
	// buckets: a scheme, a host, and perhaps a path, to which path-style requests are
	// sent. If nil, files come from S3's own endpoint for the bucket.
	S3BaseEndpoint *string

	// BaseEndpoint is the URL that requests are sent to: a scheme, a host, and
	// perhaps a path. It excludes UseFIPSEndpoint and UseDualStackEndpoint. If nil,
	// requests go to the region's own endpoint.
	BaseEndpoint *string

	// UseFIPSEndpoint selects the region's endpoint with FIPS 140 cryptography, for files
	// in S3 too. By default it is not used.
	UseFIPSEndpoint aws.FIPSEndpointState

	// UseDualStackEndpoint selects the region's endpoint for IPv4 and IPv6, for files in
	// S3 too. By default it is not used.
	UseDualStackEndpoint aws.DualStackEndpointState

	// Retryer decides which errors are tried again, how often, and when. All calls
	// of a client share it. If nil, it is a *retry.Standard or *retry.AdaptiveMode, as
	// RetryMode says, which does not try again after LimitExceededException. If a call
	// sets it to nil, the call gets a new one, with 500 new tokens.
	Retryer aws.Retryer

	// RetryMode is standard or adaptive. It counts only where Retryer is nil. In the
	// option functions of a call Retryer is set already: to change the mode of one call,
	// set Retryer to nil as well. If empty, the mode is standard. Any other value is
	// refused, even with a Retryer.
	RetryMode aws.RetryMode

	// RetryMaxAttempts is how many times a request is sent at most. If 0, Retryer
	// decides, by default 3.
	//
	// Option functions of a call find the client's number here. Left at that number, it
	// limits a new Retryer that the client makes, but not one that the call sets: to
	// limit that one, set another number. To lift the limit, set RetryMaxAttempts to 0,
	// and Retryer to nil or to another one.
	RetryMaxAttempts int

	// AppID is the name of the application in the User-Agent header. AWS allows 50
	// characters; the length is not checked. If empty, the header names none.
	AppID string

	// DisableClockSkewCorrection signs with this machine's clock alone. By default the
	// client learns from the Date of responses how far this clock is off, and signs later
	// requests accordingly. A request is signed anew if its signature was refused and its
	// time was off by more than 4 minutes.
	DisableClockSkewCorrection bool

	// AttemptTimeout bounds each attempt, from sending the request to the end of the
	// response's body. An attempt that runs out of it is tried again, like one whose
	// connection broke; but a POST is not tried again once its 2xx status has arrived. It
	// does not bound the download of files: see [DownloadOptions].StallTimeout. If 0, it
	// is 30 seconds. If negative, only the context bounds an attempt.
	AttemptTimeout time.Duration

	// DisableInputRules turns off the checks of StartDashboardSnapshotJob for documented
	// limits: the numbers of files, visuals, tags and the like, the formats, and the
	// scopes. It is for accounts whose limits AWS has raised, and for rules that AWS has
	// relaxed since. Ids and required members are checked all the same. By default, such
	// a start is an *InvalidInputError.
	DisableInputRules bool

	// Logger gets a debug record of each attempt that was sent ("attempt"), of each
	// decision whether to try again ("retry"), and likewise for files ("download
	// attempt" and "download retry"). No record holds a secret. If nil, nothing is
	// logged.
	Logger *slog.Logger

	// Limiter is asked before every attempt of a call, but not of a file. If it returns
	// an error, the call ends with that error. A *rate.Limiter of
	// golang.org/x/time/rate, such as rate.NewLimiter(10, 1), keeps the calls of the
	// clients that share it within the account's 10 requests a second (API reference,
	// StartDashboardSnapshotJob). If nil, calls are not limited.
	Limiter interface{ Wait(context.Context) error }
}

// Format writes the type and the region, for every verb, so that none shows a secret.
func (o Options) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "snapshotjob.Options of %s", o.Region)
}

// MarshalText returns what Format writes, for JSON and for loggers.
func (o Options) MarshalText() ([]byte, error) { return fmt.Append(nil, o), nil }

// Format writes the type and the region, for every verb, so that none shows a secret.
func (c *Client) Format(f fmt.State, _ rune) {
	region := ""
	if c != nil && c.settings != nil {
		region = c.settings.options.Region
	}
	fmt.Fprintf(f, "snapshotjob.Client of %s", region)
}

// New returns a client with the options, as optFns change them in their order. Wrong
// options are reported by every call.
func New(options Options, optFns ...func(*Options)) *Client {
	return newClient(options, nil, optFns)
}

// NewFromConfig returns a client with the settings of cfg, as optFns change them in
// their order. Usually cfg comes from config.LoadDefaultConfig.
//
// The client uses these fields of cfg: Region, Credentials, HTTPClient, Retryer,
// RetryMode, RetryMaxAttempts, BaseEndpoint, AppID, DisableClockSkewCorrection, and
// ServiceOptions. From ConfigSources it takes the FIPS and dual-stack settings, and
// the endpoints set by AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_QUICKSIGHT,
// AWS_ENDPOINT_URL_S3 (for files in S3), the services section of the configuration
// file, and AWS_IGNORE_CONFIGURED_ENDPOINT_URLS.
//
// cfg.BaseEndpoint is also where files in S3 are fetched from, unless there is a setting
// for S3. A setting that cannot be read is a problem of every call, also one for S3. Only
// AWS_IGNORE_CONFIGURED_ENDPOINT_URLS then counts as not set, as in the SDK.
//
// Other fields change nothing, such as EndpointResolver, EndpointResolverWithOptions
// and DefaultsMode. APIOptions and Interceptors do not run: use
// [Options].Transport. Logger and ClientLogMode are replaced by [Options].Logger.
//
// cfg.HTTPClient becomes [Options].Transport and [Options].DownloadTransport. Of an
// *awshttp.BuildableClient the transport and the timeouts are used, with an idle pool
// that is at least as large as that of this package. Clients of one configuration share
// their connections. An *http.Client is copied so that it follows no redirect; its
// Timeout does not bound files. Any other client is called through its Do method, and a
// response that it got by following a redirect is refused.
func NewFromConfig(cfg aws.Config, optFns ...func(*Options)) *Client {
	o := Options{
		Region:                     cfg.Region,
		Credentials:                cfg.Credentials,
		AppID:                      cfg.AppID,
		RetryMode:                  cfg.RetryMode,
		RetryMaxAttempts:           cfg.RetryMaxAttempts,
		DisableClockSkewCorrection: cfg.DisableClockSkewCorrection,
	}
	if cfg.Retryer != nil {
		o.Retryer = cfg.Retryer()
	}
	useHTTPClient(&o, cfg.HTTPClient)
	setDefaultTransports(&o) // so that the functions can wrap them
	var problems problemList
	useConfiguredEndpoints(&o, cfg, &problems)
	for _, fn := range cfg.ServiceOptions {
		if fn == nil {
			problems.add("ServiceOptions", "holds a nil function")
			continue
		}
		fn(serviceID, &o) // as in every client of the SDK, fn looks at the type of &o
	}
	return newClient(o, problems, optFns)
}

// newClient returns a client. The problems are those found while o was made.
func newClient(o Options, problems problemList, optFns []func(*Options)) *Client {
	setDefaultTransports(&o) // so that the functions can wrap them
	applyAll(&problems, &o, optFns)
	return &Client{
		settings: prepare(o, noAttemptsEnforced, problems, v4.NewSigner()),
	}
}
