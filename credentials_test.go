package snapshotjob

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
)

// emptyOnce is a provider that has nothing when it is asked for the second time.
type emptyOnce struct{ asked int }

func (p *emptyOnce) Invalidate() {}

func (p *emptyOnce) Retrieve(ctx context.Context) (aws.Credentials, error) {
	p.asked++
	if p.asked == 2 {
		return aws.Credentials{}, errors.New("nothing yet")
	}
	return exampleCredentials.Retrieve(ctx)
}

func TestCredentialsAreRenewedByAProviderThatHasNothingYet(t *testing.T) {
	sent := responses(
		mockResponse{status: 403, header: map[string]string{"X-Amzn-Errortype": "ExpiredTokenException"}},
		completed,
	)
	o := options(sent)
	o.Credentials = new(emptyOnce)
	_, err := describe(t, o)
	assert.NoError(t, err)
	assert.Len(t, sent.requests, 2)
}
