package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"golang.org/x/term"
	"golang.org/x/time/rate"

	"github.com/quicksight-go/snapshotjob"
)

// requestsPerSecond leaves 2 of the account's 10 requests a second to others.
const requestsPerSecond = 8

// session is what the commands work with: the global flags, the standard streams, and the
// way to AWS.
type session struct {
	flags     *globalFlags
	stdin     *os.File
	stdout    *os.File
	stderr    *os.File
	arguments []string     // the command line
	region    string       // which connect has found; empty before
	log       *slog.Logger // for --verbose and --debug; discards everything without them
}

// newSession returns a session with the standard streams of the process.
func newSession(flags *globalFlags) *session {
	s := &session{
		flags:     flags,
		arguments: os.Args,
		stdin:     os.Stdin,
		stdout:    os.Stdout,
		stderr:    os.Stderr,
	}
	s.log = s.newLogger()
	return s
}

// newLogger returns the logger that --verbose and --debug ask for.
func (s *session) newLogger() *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	if s.flags.Debug {
		options.Level = slog.LevelDebug
	}
	switch {
	case !s.isVerbose():
		return slog.New(slog.DiscardHandler)
	case s.flags.Output == string(formatJSON):
		return slog.New(slog.NewJSONHandler(s.stderr, options))
	default:
		return slog.New(slog.NewTextHandler(s.stderr, options))
	}
}

// isVerbose reports whether a line is written for all that happens.
func (s *session) isVerbose() bool {
	return s.flags.Verbose || s.flags.Debug
}

// format returns the format of what goes to standard output.
func (s *session) format() outputFormat {
	chosen := outputFormat(s.flags.Output)
	if chosen != formatAuto {
		return chosen
	}
	// The AWS CLI has formats, such as yaml, that this program has not.
	fromEnvironment := outputFormat(os.Getenv("AWS_DEFAULT_OUTPUT"))
	if slices.Contains(outputFormats, fromEnvironment) {
		return fromEnvironment
	}
	if isTerminal(s.stdout) {
		return formatTable
	}
	return formatJSON
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream *os.File) bool {
	return term.IsTerminal(int(stream.Fd()))
}

// connection is a way to AWS: a configuration with a region and credentials, and a client
// of QuickSight.
type connection struct {
	config aws.Config
	client *snapshotjob.Client
}

// connect loads the AWS configuration and makes a client. The error is a *setupError if
// the region or the credentials are missing, and a *usageError if --endpoint-url is wrong.
func (s *session) connect(ctx context.Context) (*connection, error) {
	if err := s.flags.checkEndpointURL(); err != nil {
		return nil, err
	}
	cfg, err := config.LoadDefaultConfig(ctx, s.applyFlags)
	if err != nil {
		return nil, &setupError{problem: "the AWS configuration cannot be read", err: err}
	}
	if cfg.Region == "" {
		const problem = "there is no region: give --region, set AWS_REGION, or add a region to the profile"
		return nil, &setupError{problem: problem}
	}
	s.region = cfg.Region
	if err := checkCredentials(ctx, cfg); err != nil {
		return nil, err
	}
	return &connection{
		config: cfg,
		client: snapshotjob.NewFromConfig(cfg, s.configureClient),
	}, nil
}

// checkEndpointURL returns an error if no request can be sent to --endpoint-url. The error
// does not show the URL: it may have a password.
func (f *globalFlags) checkEndpointURL() error {
	if f.EndpointURL == "" {
		return nil
	}
	endpoint, err := url.Parse(f.EndpointURL)
	isHTTP := err == nil && (endpoint.Scheme == "http" || endpoint.Scheme == "https") && endpoint.Host != ""
	if !isHTTP || endpoint.User != nil || endpoint.RawQuery != "" || endpoint.Fragment != "" {
		return usagef("--endpoint-url is no URL to send requests to: want one such as https://endpoint.example.com")
	}
	return nil
}

// applyFlags gives the AWS configuration what the flags say.
func (s *session) applyFlags(o *config.LoadOptions) error {
	o.SharedConfigProfile = s.flags.Profile
	o.Region = s.flags.Region
	o.AppID = "snapshotjob-cli"
	return nil
}

// checkCredentials returns a *setupError if there are no credentials.
func checkCredentials(ctx context.Context, cfg aws.Config) error {
	_, err := cfg.Credentials.Retrieve(ctx)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &setupError{
		problem: `there are no credentials: run "aws configure" or "aws sso login", give --profile, ` +
			"or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
		err: err,
	}
}

// configureClient gives the client of QuickSight what the flags say.
func (s *session) configureClient(o *snapshotjob.Options) {
	if s.flags.EndpointURL != "" {
		o.BaseEndpoint = aws.String(s.flags.EndpointURL)
	}
	o.Limiter = rate.NewLimiter(requestsPerSecond, 1)
	if s.flags.Debug {
		o.Logger = s.log
	}
}

// accountID returns the account that a flag names or, if it names none, the account of
// the credentials.
func (c *connection) accountID(ctx context.Context, flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	identity, err := sts.NewFromConfig(c.config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", fmt.Errorf("the account of the credentials is not known, give --aws-account-id: %w", err)
	}
	if aws.ToString(identity.Account) == "" {
		return "", errors.New("the account of the credentials is not known: give --aws-account-id")
	}
	return *identity.Account, nil
}

// command returns a command line of this program, with the global flags that say which
// account and region it is about.
func (s *session) command(arguments ...string) string {
	command := []string{"snapshotjob"}
	for _, flag := range []struct{ name, value string }{
		{name: "--profile", value: s.flags.Profile},
		{name: "--region", value: s.flags.Region},
		{name: "--endpoint-url", value: s.flags.EndpointURL},
	} {
		if flag.value != "" {
			command = append(command, flag.name, flag.value)
		}
	}
	return shellCommand(append(command, arguments...)...)
}
