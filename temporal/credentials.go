package temporal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/smithy-go"

	"github.com/quicksight-go/snapshotjob"
)

// checkTimeout bounds the check of the credentials.
const checkTimeout = 30 * time.Second

// checkedJob is a job that does not exist. The service has to accept the credentials
// before it can say so, or say that the caller may not see the account.
var checkedJob = snapshotjob.Job{
	AWSAccountID:  "000000000000",
	DashboardID:   "credentials-check",
	SnapshotJobID: "credentials-check",
}

// refusedCredentials are the codes of a service that doesn't accept a signature (IAM
// User Guide, and API reference, common errors). AccessDeniedException is not among
// them: it is also what a valid user without a permission gets.
var refusedCredentials = map[string]bool{
	"ExpiredToken":                        true,
	"ExpiredTokenException":               true,
	"IncompleteSignature":                 true,
	"IncompleteSignatureException":        true,
	"InvalidAccessKeyId":                  true,
	"InvalidClientTokenId":                true,
	"InvalidSignatureException":           true,
	"InvalidToken":                        true,
	"MissingAuthenticationToken":          true,
	"MissingAuthenticationTokenException": true,
	"RequestExpired":                      true,
	"SignatureDoesNotMatch":               true,
	"UnrecognizedClientException":         true,
}

// checkCredentials returns an error if the client has no credentials, or if the service
// refuses them. A service that can't be asked now is no reason not to begin: activities
// are tried again.
func checkCredentials(client *snapshotjob.Client) error {
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
	defer cancel()
	_, err := client.DescribeDashboardSnapshotJob(ctx, checkedJob)
	if err == nil || snapshotjob.IsTransient(err) || ctx.Err() != nil {
		return nil
	}
	if exception, ok := errors.AsType[smithy.APIError](err); ok && !refusedCredentials[exception.ErrorCode()] {
		return nil
	}
	return fmt.Errorf("temporal: the worker cannot call QuickSight: %w", err)
}
