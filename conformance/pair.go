package conformance

import (
	"context"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/quicksight"
	"github.com/quicksight-go/snapshotjob"
)

// The example keys and the example account of AWS's documentation, and a region.
const (
	AccessKeyID     = "AKIDEXAMPLE"
	SecretAccessKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	AccountID       = "111122223333"
	Region          = "us-east-1"
)

// Keys are the credentials that both clients sign with, unless a test says
// otherwise.
var Keys = aws.Credentials{AccessKeyID: AccessKeyID, SecretAccessKey: SecretAccessKey}

// Config returns a configuration for both clients. It holds nothing of the
// machine's environment.
func Config(keys aws.Credentials, client aws.HTTPClient) aws.Config {
	retrieve := func(context.Context) (aws.Credentials, error) { return keys, nil }
	return aws.Config{
		Region:      Region,
		HTTPClient:  client,
		Credentials: aws.NewCredentialsCache(aws.CredentialsProviderFunc(retrieve)),
	}
}

// Pair is both clients, made from one configuration.
type Pair struct {
	Official *quicksight.Client
	Ours     *snapshotjob.Client
}

// NewPair makes both clients from cfg.
func NewPair(cfg aws.Config) Pair {
	return Pair{
		Official: quicksight.NewFromConfig(cfg),
		Ours:     snapshotjob.NewFromConfig(cfg),
	}
}

// DoFunc is a function in the role of an HTTP client or of its transport.
type DoFunc func(*http.Request) (*http.Response, error)

// Do calls f.
func (f DoFunc) Do(req *http.Request) (*http.Response, error) { return f(req) }

// RoundTrip calls f.
func (f DoFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
