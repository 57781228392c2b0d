package snapshotjob

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// defaultAttemptTimeout bounds an attempt, so that no call hangs on a dead connection.
const defaultAttemptTimeout = 30 * time.Second

// settings are options as a call uses them: checked, with their defaults filled in,
// and with what is computed from them.
type settings struct {
	options    Options
	endpoint   endpoint
	s3Endpoint *endpoint // nil if S3's own endpoints are used
	retryer    aws.RetryerV2
	userAgent  string
	signer     *v4.Signer

	operationContexts sync.Map // from *operation to a context.Context; see withOperation

	// problems refuse every call. fileProblems refuse Open and Download alone.
	problems     problemList
	fileProblems problemList

	// earlierProblems are those of problems that were found before the options were
	// checked: in a configuration, and in the option functions. The settings of a call
	// with options of its own begin with them.
	earlierProblems problemList
}

// settingsFor returns the client's settings as the option functions of one call
// change them.
func (c *Client) settingsFor(optFns []func(*Options)) *settings {
	if c == nil || c.settings == nil {
		problem := InputFault{
			Field:   "Client",
			Problem: "is nil or zero: want one that New or NewFromConfig made",
		}
		return &settings{problems: problemList{problem}}
	}
	if len(optFns) == 0 {
		return c.settings
	}
	options := c.settings.options
	problems := slices.Clone(c.settings.earlierProblems)
	applyAll(&problems, &options, optFns)
	return prepare(options, c.settings.options.RetryMaxAttempts, problems, c.settings.signer)
}

// setDefault gives an option its default if it is 0, and adds a problem if it is
// negative.
func setDefault[N ~int | ~int64](problems *problemList, field string, option *N, value N) {
	checkNotNegative(problems, field, *option)
	if *option == 0 {
		*option = value
	}
}

// applyAll applies option functions in their order, and adds a problem for each
// that is nil.
func applyAll[T any](problems *problemList, options *T, optFns []func(*T)) {
	for i, fn := range optFns {
		if fn == nil {
			problems.add("optFns", "has a nil function at index %d", i)
			continue
		}
		fn(options)
	}
}

// noAttemptsEnforced says that a retryer was not limited by this package.
const noAttemptsEnforced = 0

// prepare checks o and fills in the defaults. The number of attempts that o.Retryer was
// limited to already is attemptsEnforced.
func prepare(o Options, attemptsEnforced int, earlierProblems problemList, signer *v4.Signer) *settings {
	s := &settings{
		earlierProblems: earlierProblems,
		problems:        slices.Clone(earlierProblems),
		signer:          signer,
	}
	s.endpoint = resolveEndpoint(&o, &s.problems)
	if o.S3BaseEndpoint != nil {
		s.s3Endpoint = new(endpoint)
		s.s3Endpoint.parse("S3BaseEndpoint", *o.S3BaseEndpoint, &s.fileProblems)
	}
	checkCredentials(o.Credentials, &s.problems)
	if o.Retryer == nil {
		o.Retryer = newRetryer(o.RetryMode)
		attemptsEnforced = noAttemptsEnforced
	}
	checkNotNegative(&s.problems, "RetryMaxAttempts", o.RetryMaxAttempts)
	checkRetryMode(o.RetryMode, &s.problems)
	if o.AttemptTimeout == 0 {
		o.AttemptTimeout = defaultAttemptTimeout
	}
	setDefaultTransports(&o)
	s.retryer = limitedRetryer(&o, attemptsEnforced)
	o.Retryer = s.retryer // so that the option functions of a call can wrap it
	s.userAgent = userAgent(&o)
	s.options = o
	return s
}

// limitedRetryer returns the retryer of the options, which stops after RetryMaxAttempts
// unless it was limited to that number already.
func limitedRetryer(o *Options, attemptsEnforced int) aws.RetryerV2 {
	// The same number as the client's is left over from the client's options: that limit
	// is in Retryer already, or the call has replaced Retryer on purpose.
	if o.RetryMaxAttempts == 0 || o.RetryMaxAttempts == attemptsEnforced {
		return asRetryerV2(o.Retryer)
	}
	return limitRetryer(o.Retryer, o.RetryMaxAttempts)
}

// checkCredentials adds a problem if there is nothing to sign requests with.
func checkCredentials(provider aws.CredentialsProvider, problems *problemList) {
	if provider == nil || aws.IsCredentialsProvider(provider, (*aws.AnonymousCredentials)(nil)) {
		problems.add("Credentials", "are missing: every request is signed (set Options.Credentials, "+
			"or pass config.LoadDefaultConfig's result to NewFromConfig)")
	}
}

// checkRetryMode adds a problem if there is no such retry mode.
func checkRetryMode(mode aws.RetryMode, problems *problemList) {
	switch mode {
	case "", aws.RetryModeStandard, aws.RetryModeAdaptive:
	default:
		problems.add("RetryMode", "is %s: want standard or adaptive", quote(string(mode)))
	}
}

// newRetryer returns the SDK's retryer for a mode, with the rules of this package.
func newRetryer(mode aws.RetryMode) aws.Retryer {
	if mode == aws.RetryModeAdaptive {
		return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
			o.StandardOptions = append(o.StandardOptions, addRetryRules)
		})
	}
	return retry.NewStandard(addRetryRules)
}

// addRetryRules puts the rules of this package before those of package aws/retry.
func addRetryRules(o *retry.StandardOptions) {
	rules := []retry.IsErrorRetryable{retry.IsErrorRetryableFunc(limitExceededIsFinal)}
	o.Retryables = append(rules, o.Retryables...)
}

// limitExceededIsFinal rules out another attempt after LimitExceededException, which
// package aws/retry classifies as throttling. Here it means that the account's jobs are
// all running, which outlasts any backoff.
func limitExceededIsFinal(err error) aws.Ternary {
	if _, ok := errors.AsType[*LimitExceededException](err); ok {
		return aws.FalseTernary
	}
	return aws.UnknownTernary
}

// asRetryerV2 returns the retryer as one of the newer kind.
func asRetryerV2(retryer aws.Retryer) aws.RetryerV2 {
	if v2, ok := retryer.(aws.RetryerV2); ok {
		return v2
	}
	return limitRetryer(retryer, retryer.MaxAttempts())
}

// limitRetryer returns a retryer that stops after a number of attempts.
func limitRetryer(retryer aws.Retryer, maxAttempts int) aws.RetryerV2 {
	return retry.AddWithMaxAttempts(retryer, maxAttempts).(aws.RetryerV2)
}

// userAgent returns what the official clients send as User-Agent, with this module's
// name and version.
func userAgent(o *Options) string {
	agent := awsmiddleware.NewRequestUserAgent()
	agent.AddSDKAgentKeyValue(awsmiddleware.FrameworkMetadata, "snapshotjob", version)
	if o.AppID != "" {
		agent.AddSDKAgentKey(awsmiddleware.ApplicationIdentifier, o.AppID)
	}
	// As in the official client, a retryer with a limit has no mode.
	switch o.Retryer.(type) {
	case *retry.Standard:
		agent.AddUserAgentFeature(awsmiddleware.UserAgentFeatureRetryModeStandard)
	case *retry.AdaptiveMode:
		agent.AddUserAgentFeature(awsmiddleware.UserAgentFeatureRetryModeAdaptive)
	}
	if provider, ok := o.Credentials.(aws.CredentialProviderSource); ok {
		for _, source := range provider.ProviderSources() {
			agent.AddCredentialsSource(source)
		}
	}
	return builtHeader(agent, "User-Agent")
}

// builtHeader returns a header that a middleware of the SDK sets on requests.
func builtHeader(m middleware.BuildMiddleware, name string) string {
	req := smithyhttp.NewStackRequest().(*smithyhttp.Request)
	next := middleware.BuildHandlerFunc(doNothing)
	// The error could only come from doNothing.
	_, _, _ = m.HandleBuild(context.Background(), middleware.BuildInput{Request: req}, next)
	return req.Header.Get(name)
}

// doNothing ends a stack of middleware.
func doNothing(context.Context, middleware.BuildInput) (middleware.BuildOutput, middleware.Metadata, error) {
	return middleware.BuildOutput{}, middleware.Metadata{}, nil
}
