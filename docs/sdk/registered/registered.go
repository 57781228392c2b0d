// Package registered makes clients that act for registered users of QuickSight.
package registered

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/quicksight"
	quicksighttypes "github.com/aws/aws-sdk-go-v2/service/quicksight/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/quicksight-go/snapshotjob"
)

// userContext is a client of STS that assumes roles on behalf of a user. Package stscreds has no option for
// that.
type userContext struct {
	stscreds.AssumeRoleAPIClient

	// provider is the ARN of the service that says who the user is.
	provider string

	// assertion returns a new statement of the provider about who the user is.
	assertion func(context.Context) (string, error)
}

// AssumeRole adds the user to the request.
func (u userContext) AssumeRole(
	ctx context.Context,
	input *sts.AssumeRoleInput,
	optFns ...func(*sts.Options),
) (*sts.AssumeRoleOutput, error) {
	assertion, err := u.assertion(ctx)
	if err != nil {
		return nil, err
	}
	forUser := *input
	forUser.ProvidedContexts = []ststypes.ProvidedContext{{
		ProviderArn:      aws.String(u.provider),
		ContextAssertion: aws.String(assertion),
	}}
	return u.AssumeRoleAPIClient.AssumeRole(ctx, &forUser, optFns...)
}

// quickSightProvider is the provider for users who are not of IAM Identity Center.
const quickSightProvider = "arn:aws:iam::aws:contextProvider/QuickSight"

// newClient returns a client that acts for a user of QuickSight, with the permissions of a role.
func newClient(cfg aws.Config, accountID, userARN, roleARN string) *snapshotjob.Client {
	official := quicksight.NewFromConfig(cfg)
	assertion := func(ctx context.Context) (string, error) {
		output, err := official.GetIdentityContext(ctx, &quicksight.GetIdentityContextInput{
			AwsAccountId:   aws.String(accountID),
			UserIdentifier: &quicksighttypes.UserIdentifierMemberUserArn{Value: userARN},
		})
		if err != nil {
			return "", err
		}
		return aws.ToString(output.Context), nil
	}
	provider := stscreds.NewAssumeRoleProvider(userContext{
		AssumeRoleAPIClient: sts.NewFromConfig(cfg),
		provider:            quickSightProvider,
		assertion:           assertion,
	}, roleARN)

	forUser := cfg.Copy()
	forUser.Credentials = aws.NewCredentialsCache(provider)
	return snapshotjob.NewFromConfig(forUser)
}
