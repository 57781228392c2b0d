package snapshotjob

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quicksight-go/snapshotjob/internal/awscode"
)

// credentialsExpired reports whether err says that the credentials have expired.
func credentialsExpired(err error) bool {
	return awscode.IsExpired(errorCode(err))
}

// credentialsError is the error of a provider that has no credentials to give.
type credentialsError struct {
	err error
}

// Error returns the provider's error, after what the provider was asked for.
func (e *credentialsError) Error() string {
	return "get identity: get credentials: " + e.err.Error()
}

// Unwrap returns the provider's error.
func (e *credentialsError) Unwrap() error { return e.err }

// retrieveCredentials asks the provider for credentials. Its error is a
// *credentialsError.
func (s *settings) retrieveCredentials(ctx context.Context) (aws.Credentials, error) {
	credentials, err := s.options.Credentials.Retrieve(ctx)
	if err == nil && !credentials.HasKeys() {
		err = errors.New("the provider returned none, without an error")
	}
	if err != nil {
		return credentials, &credentialsError{err: err}
	}
	return credentials, nil
}

// invalidateCredentials has the provider forget credentials that have expired, unless
// it has other ones by now. It reports whether the provider is one that can forget.
func (s *settings) invalidateCredentials(ctx context.Context, expired aws.Credentials) bool {
	cache, canForget := s.options.Credentials.(interface{ Invalidate() })
	if !canForget {
		return false
	}
	current, err := s.options.Credentials.Retrieve(ctx)
	if err != nil {
		return true // the provider has nothing to forget, and may have something later
	}
	if current.AccessKeyID == expired.AccessKeyID && current.SessionToken == expired.SessionToken {
		cache.Invalidate()
	}
	return true
}
