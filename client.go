package snapshotjob

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

const version = "0.1.0"

// Options configures a [Client]. The zero value of every field but Region and
// Credentials works. What is wrong with them is the [*InvalidInputError] of every
// call, before anything is sent. Formatted or marshalled, it shows no secret.
type Options struct {
	// Region of the dashboard, such as "us-east-1". Required, also with a
	// BaseEndpoint: it stands in every signature.
	Region string

	// Credentials are asked for on every attempt. Required; wrap a provider that
	// doesn't cache in aws.NewCredentialsCache. If the service says that they have
	// expired, and there is an Invalidate method as *aws.CredentialsCache has, the
	// call is tried once more with fresh ones.
	Credentials aws.CredentialsProvider

	// Transport sends the requests to the API: a mock, or tracing. Redirects are
	// never followed. nil: one with the SDK's settings, but an idle pool for
	// hundreds of callers, shared by all clients.
	Transport http.RoundTripper

	// DownloadTransport fetches files; if it records URLs, it records presigned
	// ones. nil: one with the SDK's settings, shared by all clients; NewFromConfig
	// takes those of a BuildableClient.
	DownloadTransport http.RoundTripper

	// S3BaseEndpoint is a URL of scheme, host and perhaps path for files in the
	// caller's bucket, by path-style requests. nil: the bucket's own.
	S3BaseEndpoint *string

	// BaseEndpoint is likewise a URL, and excludes FIPS and dual-stack. nil: the
	// region's own.
	BaseEndpoint *string

	// These select among the region's own endpoints. Unset: neither.
	UseFIPSEndpoint      aws.FIPSEndpointState
	UseDualStackEndpoint aws.DualStackEndpointState

	// Retryer decides which errors are tried again, how often and when. All calls
	// share it. nil: one of package aws/retry, by RetryMode; for a call, one of its
	// own.
	Retryer aws.Retryer

	// RetryMode, standard or adaptive, is read where Retryer is nil, as by New.
	// Empty: standard.
	RetryMode aws.RetryMode

	// RetryMaxAttempts is how often a request is sent at most. 0: what Retryer
	// says, by default 3.
	RetryMaxAttempts int

	// AppID, up to 50 characters, stands in the User-Agent header. Empty: none.
	AppID string

	// DisableClockSkewCorrection signs with the machine's clock. false: the
	// service's clock is learnt from every answer, and a signature refused for a
	// clock more than 4 minutes off is made again.
	DisableClockSkewCorrection bool

	// AttemptTimeout bounds each attempt, from sending to the end of the answer's
	// body; what it ends is tried again. 0: the context's bound alone.
	AttemptTimeout time.Duration

	// Logger gets a debug record of each attempt and retry decision, without
	// secrets. nil: silent.
	Logger *slog.Logger

	// Limiter is asked before every attempt, such as a *rate.Limiter of the
	// account's 10 requests a second. nil: none.
	Limiter interface{ Wait(context.Context) error }
}

// Format shows the region alone.
func (o Options) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "snapshotjob.Options of %s", o.Region) }

// MarshalText is what Format prints, for loggers.
func (o Options) MarshalText() ([]byte, error) { return fmt.Append(nil, o), nil }

// Client calls the snapshot-job operations of Amazon QuickSight. It is safe
// for concurrent use, and starts no goroutine that outlives a call.
//
// Any operation may return an [*InvalidInputError], when nothing was sent, and
// the service's [*AccessDeniedException], [*InternalFailureException],
// [*ResourceNotFoundException], [*ThrottlingException] and
// [*UnsupportedUserEditionException], or *smithy.GenericAPIError for a code that
// it does not document. The package comment tells what is tried again.
type Client struct {
	settings settings
	skew     atomic.Int64 // the service's clock minus ours, in nanoseconds
}

// Format shows the region alone.
func (c *Client) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "snapshotjob.Client of %s", c.with(nil).Region)
}

// New makes a client from options, as changed by optFns in their order.
func New(options Options, optFns ...func(*Options)) *Client {
	return newClient(options, nil, optFns)
}

// NewFromConfig makes a client from cfg, as of config.LoadDefaultConfig, and
// optFns. Of cfg it honours Region, Credentials, HTTPClient, Retryer, RetryMode,
// RetryMaxAttempts, BaseEndpoint, AppID, DisableClockSkewCorrection,
// ServiceOptions, and of ConfigSources the FIPS and dual-stack settings,
// AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_QUICKSIGHT, the services section of the
// configuration file and AWS_IGNORE_CONFIGURED_ENDPOINT_URLS (for files in S3,
// AWS_ENDPOINT_URL_S3 and S3's services entry). All else changes nothing, such as
// EndpointResolver, EndpointResolverWithOptions and DefaultsMode: APIOptions and
// Interceptors do not run, Logger and ClientLogMode give way to [Options].Logger.
//
// An HTTPClient becomes [Options].Transport: an *awshttp.BuildableClient gives
// its transport and timeouts, with an idle pool no smaller than this package's;
// an *http.Client is copied, to follow no redirect; anything else is called
// through Do.
func NewFromConfig(cfg aws.Config, optFns ...func(*Options)) *Client {
	o := Options{
		Region: cfg.Region, Credentials: cfg.Credentials, AppID: cfg.AppID,
		RetryMode: cfg.RetryMode, RetryMaxAttempts: cfg.RetryMaxAttempts,
		DisableClockSkewCorrection: cfg.DisableClockSkewCorrection,
	}
	if cfg.Retryer != nil {
		o.Retryer = cfg.Retryer()
	}
	switch client := cfg.HTTPClient.(type) {
	case nil:
	case *awshttp.BuildableClient:
		if client != nil {
			// Frozen, it applies its read timeout to the transport by itself.
			frozen := client.WithTransportOptions(widenPool).Freeze().(*http.Client)
			o.Transport, o.AttemptTimeout = frozen.Transport, frozen.Timeout
			o.DownloadTransport = client.Freeze().(*http.Client).Transport
		}
	case *http.Client:
		if client != nil {
			copied := *client
			copied.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			o.Transport = doer{&copied}
		}
	default:
		o.Transport = doer{client}
	}
	var faults faultList
	o.UseFIPSEndpoint, _ = configured(cfg, fipsSource.GetUseFIPSEndpoint, "UseFIPSEndpoint", &faults)
	o.UseDualStackEndpoint, _ = configured(cfg, dualStackSource.GetUseDualStackEndpoint, "UseDualStackEndpoint", &faults)
	o.BaseEndpoint = serviceEndpoint(cfg, serviceID, "BaseEndpoint", &faults)
	o.S3BaseEndpoint = serviceEndpoint(cfg, "S3", "S3BaseEndpoint", &faults)
	for _, fn := range cfg.ServiceOptions {
		if fn == nil {
			faults.add("ServiceOptions", "holds a nil function")
		} else {
			fn(serviceID, &o)
		}
	}
	return newClient(o, faults, optFns)
}

func newClient(o Options, faults faultList, optFns []func(*Options)) *Client {
	applyAll(&o, optFns, &faults)
	return &Client{settings: prepare(o, 0, faults, v4.NewSigner())}
}
