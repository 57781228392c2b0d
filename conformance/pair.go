package conformance

import (
	"context"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/quicksight"
	"github.com/quicksight-go/snapshotjob"
)

// The keys of AWS's documentation, and its account for examples.
const (
	AccessKeyID     = "AKIDEXAMPLE"
	SecretAccessKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	AccountID       = "111122223333"
	Region          = "us-east-1"
)

// Keys is what both clients sign with, unless a test says otherwise.
var Keys = aws.Credentials{AccessKeyID: AccessKeyID, SecretAccessKey: SecretAccessKey}

// Config is the configuration from which both clients are made: it holds
// nothing of the machine's environment.
func Config(keys aws.Credentials, client aws.HTTPClient) aws.Config {
	return aws.Config{
		Region:     Region,
		HTTPClient: client,
		Credentials: aws.NewCredentialsCache(aws.CredentialsProviderFunc(
			func(context.Context) (aws.Credentials, error) { return keys, nil })),
	}
}

// Pair is both clients, made from one configuration.
type Pair struct {
	Official *quicksight.Client
	Ours     *snapshotjob.Client
}

// NewPair makes both clients of cfg.
func NewPair(cfg aws.Config) Pair {
	return Pair{quicksight.NewFromConfig(cfg), snapshotjob.NewFromConfig(cfg)}
}

// DoFunc is an HTTP client without a network.
type DoFunc func(*http.Request) (*http.Response, error)

// Do calls the function.
func (f DoFunc) Do(req *http.Request) (*http.Response, error) { return f(req) }

// RoundTrip calls the function.
func (f DoFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
