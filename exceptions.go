package snapshotjob

import "github.com/aws/smithy-go"

// AccessDeniedException (HTTP 401) means one of three things (API reference,
// DescribeDashboardSnapshotJobResult): the credentials have expired, another
// user started the job, or the user has no access to the dashboard.
type AccessDeniedException struct{ Message, RequestID string }

// InternalFailureException (HTTP 500) is the service's own failure. The client
// has already tried again.
type InternalFailureException struct{ Message, RequestID string }

// InvalidParameterValueException (HTTP 400) means that the service refuses a
// value, which the message names.
type InvalidParameterValueException struct{ Message, RequestID string }

// PreconditionNotMetException (HTTP 400) means that something must happen first.
type PreconditionNotMetException struct{ Message, RequestID string }

// ResourceNotFoundException (HTTP 404) means that the account, the dashboard
// or the job does not exist in this region.
type ResourceNotFoundException struct{ Message, RequestID, ResourceType string }

// ThrottlingException (HTTP 429) means more requests than the account may send,
// by default 10 a second (API reference, StartDashboardSnapshotJob). The client
// has already tried again; see [Options].Limiter.
type ThrottlingException struct{ Message, RequestID string }

// UnsupportedUserEditionException (HTTP 403) means that the account's edition of
// QuickSight does not have this operation.
type UnsupportedUserEditionException struct{ Message, RequestID string }

// LimitExceededException (HTTP 409) means that the account runs as many jobs as
// it may, by default 12 (API reference, StartDashboardSnapshotJob).
type LimitExceededException struct{ Message, RequestID, ResourceType string }

// ResourceExistsException (HTTP 409) means that the dashboard has a job of this
// id already, running or finished less than 24 hours ago.
type ResourceExistsException struct{ Message, RequestID, ResourceType string }

// UnsupportedPricingPlanException (HTTP 403) means that the account's pricing
// plan does not include snapshots of this kind.
type UnsupportedPricingPlanException struct{ Message, RequestID string }

// Each Error method returns the code and the message, in one line.

func (e *AccessDeniedException) Error() string           { return apiErrorText(e) }
func (e *InternalFailureException) Error() string        { return apiErrorText(e) }
func (e *InvalidParameterValueException) Error() string  { return apiErrorText(e) }
func (e *PreconditionNotMetException) Error() string     { return apiErrorText(e) }
func (e *ResourceNotFoundException) Error() string       { return apiErrorText(e) }
func (e *ThrottlingException) Error() string             { return apiErrorText(e) }
func (e *UnsupportedUserEditionException) Error() string { return apiErrorText(e) }
func (e *LimitExceededException) Error() string          { return apiErrorText(e) }
func (e *ResourceExistsException) Error() string         { return apiErrorText(e) }
func (e *UnsupportedPricingPlanException) Error() string { return apiErrorText(e) }

// Each ErrorMessage method returns Message, as smithy.APIError asks.

func (e *AccessDeniedException) ErrorMessage() string           { return e.Message }
func (e *InternalFailureException) ErrorMessage() string        { return e.Message }
func (e *InvalidParameterValueException) ErrorMessage() string  { return e.Message }
func (e *PreconditionNotMetException) ErrorMessage() string     { return e.Message }
func (e *ResourceNotFoundException) ErrorMessage() string       { return e.Message }
func (e *ThrottlingException) ErrorMessage() string             { return e.Message }
func (e *UnsupportedUserEditionException) ErrorMessage() string { return e.Message }
func (e *LimitExceededException) ErrorMessage() string          { return e.Message }
func (e *ResourceExistsException) ErrorMessage() string         { return e.Message }
func (e *UnsupportedPricingPlanException) ErrorMessage() string { return e.Message }

// Each ErrorCode method returns the type's name, as the service spells it.

func (*AccessDeniedException) ErrorCode() string           { return codeAccessDenied }
func (*InternalFailureException) ErrorCode() string        { return codeInternalFailure }
func (*InvalidParameterValueException) ErrorCode() string  { return codeInvalidParameterValue }
func (*PreconditionNotMetException) ErrorCode() string     { return codePreconditionNotMet }
func (*ResourceNotFoundException) ErrorCode() string       { return codeResourceNotFound }
func (*ThrottlingException) ErrorCode() string             { return codeThrottling }
func (*UnsupportedUserEditionException) ErrorCode() string { return codeUnsupportedUserEdition }
func (*LimitExceededException) ErrorCode() string          { return codeLimitExceeded }
func (*ResourceExistsException) ErrorCode() string         { return codeResourceExists }
func (*UnsupportedPricingPlanException) ErrorCode() string { return codeUnsupportedPricingPlan }

// Each ErrorFault method says whose fault it is: the server's for
// InternalFailureException, the client's for the others (service model).

func (*AccessDeniedException) ErrorFault() smithy.ErrorFault           { return smithy.FaultClient }
func (*InternalFailureException) ErrorFault() smithy.ErrorFault        { return smithy.FaultServer }
func (*InvalidParameterValueException) ErrorFault() smithy.ErrorFault  { return smithy.FaultClient }
func (*PreconditionNotMetException) ErrorFault() smithy.ErrorFault     { return smithy.FaultClient }
func (*ResourceNotFoundException) ErrorFault() smithy.ErrorFault       { return smithy.FaultClient }
func (*ThrottlingException) ErrorFault() smithy.ErrorFault             { return smithy.FaultClient }
func (*UnsupportedUserEditionException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }
func (*LimitExceededException) ErrorFault() smithy.ErrorFault          { return smithy.FaultClient }
func (*ResourceExistsException) ErrorFault() smithy.ErrorFault         { return smithy.FaultClient }
func (*UnsupportedPricingPlanException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

const (
	codeAccessDenied           = "AccessDeniedException"
	codeInternalFailure        = "InternalFailureException"
	codeInvalidParameterValue  = "InvalidParameterValueException"
	codePreconditionNotMet     = "PreconditionNotMetException"
	codeResourceNotFound       = "ResourceNotFoundException"
	codeThrottling             = "ThrottlingException"
	codeUnsupportedUserEdition = "UnsupportedUserEditionException"
	codeLimitExceeded          = "LimitExceededException"
	codeResourceExists         = "ResourceExistsException"
	codeUnsupportedPricingPlan = "UnsupportedPricingPlanException"

	codeUnknown = "UnknownError" // as the official client says it
)

func apiErrorText(e smithy.APIError) string { return e.ErrorCode() + ": " + e.ErrorMessage() }
