package snapshotjob

import (
	"cmp"
	"context"
	"slices"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go/middleware"
)

// settings are Options, ready to call with.
type settings struct {
	Options
	made       faultList // of what made the options
	faults     faultList // of the options, too
	fileFaults faultList // of what files alone need
	endpoint   endpoint
	s3         *endpoint // nil: the bucket's own
	retryer    aws.RetryerV2
	userAgent  string
	signer     *v4.Signer
}

// with returns the client's settings as changed for one call.
func (c *Client) with(optFns []func(*Options)) *settings {
	if c == nil || c.settings.signer == nil {
		return &settings{faults: faultList{{"Client", "is nil or zero: want one that New or NewFromConfig made"}}}
	}
	if len(optFns) == 0 {
		return &c.settings
	}
	o, faults := c.settings.Options, c.settings.made
	applyAll(&o, optFns, &faults)
	s := prepare(o, c.settings.RetryMaxAttempts, faults, c.settings.signer)
	return &s
}

// prepare leaves alone a Retryer that the number of attempts is part of.
func prepare(o Options, attempts int, faults faultList, signer *v4.Signer) settings {
	s := settings{made: faults, faults: slices.Clip(faults), signer: signer}
	s.endpoint = resolveEndpoint(&o, &s.faults)
	if o.S3BaseEndpoint != nil {
		s.s3 = &endpoint{}
		s.s3.parse("S3BaseEndpoint", *o.S3BaseEndpoint, &s.fileFaults)
	}
	if o.Credentials == nil || aws.IsCredentialsProvider(o.Credentials, (*aws.AnonymousCredentials)(nil)) {
		s.faults.add("Credentials", "are missing: every request is signed (set Options.Credentials, or pass config.LoadDefaultConfig's result to NewFromConfig)")
	}
	if o.Retryer == nil {
		attempts, o.Retryer = 0, retry.NewStandard()
		if o.RetryMode == aws.RetryModeAdaptive {
			o.Retryer = retry.NewAdaptiveMode()
		}
	}
	setDefault(&s.faults, "RetryMaxAttempts", &o.RetryMaxAttempts, 0)
	if m := o.RetryMode; m != "" && m != aws.RetryModeStandard && m != aws.RetryModeAdaptive {
		s.faults.add("RetryMode", "is %s: want standard or adaptive", quote(string(m)))
	}
	setDefault(&s.faults, "AttemptTimeout", &o.AttemptTimeout, 0)
	o.Transport = cmp.Or(o.Transport, defaultTransport)
	o.DownloadTransport = cmp.Or(o.DownloadTransport, defaultDownloadTransport)
	most := o.RetryMaxAttempts
	if most == attempts {
		most = 0
	}
	if _, ok := o.Retryer.(aws.RetryerV2); !ok || most > 0 {
		o.Retryer = retry.AddWithMaxAttempts(o.Retryer, cmp.Or(most, o.Retryer.MaxAttempts())) // a RetryerV2
	}
	s.retryer = o.Retryer.(aws.RetryerV2)
	s.userAgent = userAgent(&o)
	s.Options = o
	return s
}

// userAgent names what the official clients do, and this module.
func userAgent(o *Options) string {
	ua := awsmiddleware.NewRequestUserAgent()
	ua.AddSDKAgentKeyValue(awsmiddleware.FrameworkMetadata, "snapshotjob", version)
	if o.AppID != "" {
		ua.AddSDKAgentKey(awsmiddleware.ApplicationIdentifier, o.AppID)
	}
	switch o.Retryer.(type) {
	case *retry.Standard:
		ua.AddUserAgentFeature(awsmiddleware.UserAgentFeatureRetryModeStandard)
	case *retry.AdaptiveMode:
		ua.AddUserAgentFeature(awsmiddleware.UserAgentFeatureRetryModeAdaptive)
	}
	if p, ok := o.Credentials.(aws.CredentialProviderSource); ok {
		for _, source := range p.ProviderSources() {
			ua.AddCredentialsSource(source)
		}
	}
	return builtHeader(ua, "User-Agent")
}

// builtHeader is the header that a middleware of the SDK sets.
func builtHeader(m middleware.BuildMiddleware, name string) string {
	req := smithyhttp.NewStackRequest().(*smithyhttp.Request)
	m.HandleBuild(context.Background(), middleware.BuildInput{Request: req},
		middleware.BuildHandlerFunc(func(context.Context, middleware.BuildInput) (out middleware.BuildOutput, md middleware.Metadata, err error) {
			return
		}))
	return req.Header.Get(name)
}
