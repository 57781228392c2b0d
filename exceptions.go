package snapshotjob

import "github.com/aws/smithy-go"

// AccessDeniedException (HTTP 401) means that the credentials have expired,
// another user started the job, or this one may not see the dashboard (API
// reference, DescribeDashboardSnapshotJobResult).
type AccessDeniedException struct{ Message, RequestID string }

// InternalFailureException (HTTP 500) is the service's own failure.
type InternalFailureException struct{ Message, RequestID string }

// InvalidParameterValueException (HTTP 400) means a value that the service refuses.
type InvalidParameterValueException struct{ Message, RequestID string }

// PreconditionNotMetException (HTTP 400) means that something must happen first.
type PreconditionNotMetException struct{ Message, RequestID string }

// ResourceNotFoundException (HTTP 404) means that the account, the dashboard
// or the job does not exist in this region.
type ResourceNotFoundException struct{ Message, RequestID, ResourceType string }

// ThrottlingException (HTTP 429) means more requests than the account may send,
// by default 10 a second (API reference, StartDashboardSnapshotJob): see
// [Options].Limiter.
type ThrottlingException struct{ Message, RequestID string }

// UnsupportedUserEditionException (HTTP 403) means that the account's edition of
// QuickSight lacks the operation.
type UnsupportedUserEditionException struct{ Message, RequestID string }

// LimitExceededException (HTTP 409) means that the account runs as many jobs as
// it may, by default 12 (API reference, StartDashboardSnapshotJob).
type LimitExceededException struct{ Message, RequestID, ResourceType string }

// ResourceExistsException (HTTP 409) means that the dashboard has a job of this
// id already, running or finished less than 24 hours ago.
type ResourceExistsException struct{ Message, RequestID, ResourceType string }

// UnsupportedPricingPlanException (HTTP 403) means that the account's pricing
// plan lacks snapshots of this kind.
type UnsupportedPricingPlanException struct{ Message, RequestID string }

// commonExceptions are in the model of every operation.
const commonExceptions = "AccessDenied InternalFailure ResourceNotFound Throttling UnsupportedUserEdition "

func exceptions(message, id, resource string) []smithy.APIError {
	return []smithy.APIError{
		&AccessDeniedException{message, id},
		&InternalFailureException{message, id},
		&InvalidParameterValueException{message, id},
		&PreconditionNotMetException{message, id},
		&ResourceNotFoundException{message, id, resource},
		&ThrottlingException{message, id},
		&UnsupportedUserEditionException{message, id},
		&LimitExceededException{message, id, resource},
		&ResourceExistsException{message, id, resource},
		&UnsupportedPricingPlanException{message, id},
	}
}

// The methods of smithy.APIError. The faults are those of the service model.

func errorText(e smithy.APIError) string { return e.ErrorCode() + ": " + e.ErrorMessage() }

func (e *AccessDeniedException) Error() string { return errorText(e) }

func (e *InternalFailureException) Error() string { return errorText(e) }

func (e *InvalidParameterValueException) Error() string { return errorText(e) }

func (e *PreconditionNotMetException) Error() string { return errorText(e) }

func (e *ResourceNotFoundException) Error() string { return errorText(e) }

func (e *ThrottlingException) Error() string { return errorText(e) }

func (e *UnsupportedUserEditionException) Error() string { return errorText(e) }

func (e *LimitExceededException) Error() string { return errorText(e) }

func (e *ResourceExistsException) Error() string { return errorText(e) }

func (e *UnsupportedPricingPlanException) Error() string { return errorText(e) }

func (e *AccessDeniedException) ErrorMessage() string { return e.Message }

func (e *InternalFailureException) ErrorMessage() string { return e.Message }

func (e *InvalidParameterValueException) ErrorMessage() string { return e.Message }

func (e *PreconditionNotMetException) ErrorMessage() string { return e.Message }

func (e *ResourceNotFoundException) ErrorMessage() string { return e.Message }

func (e *ThrottlingException) ErrorMessage() string { return e.Message }

func (e *UnsupportedUserEditionException) ErrorMessage() string { return e.Message }

func (e *LimitExceededException) ErrorMessage() string { return e.Message }

func (e *ResourceExistsException) ErrorMessage() string { return e.Message }

func (e *UnsupportedPricingPlanException) ErrorMessage() string { return e.Message }

func (*AccessDeniedException) ErrorCode() string { return "AccessDeniedException" }

func (*InternalFailureException) ErrorCode() string { return "InternalFailureException" }

func (*InvalidParameterValueException) ErrorCode() string { return "InvalidParameterValueException" }

func (*PreconditionNotMetException) ErrorCode() string { return "PreconditionNotMetException" }

func (*ResourceNotFoundException) ErrorCode() string { return "ResourceNotFoundException" }

func (*ThrottlingException) ErrorCode() string { return "ThrottlingException" }

func (*UnsupportedUserEditionException) ErrorCode() string { return "UnsupportedUserEditionException" }

func (*LimitExceededException) ErrorCode() string { return "LimitExceededException" }

func (*ResourceExistsException) ErrorCode() string { return "ResourceExistsException" }

func (*UnsupportedPricingPlanException) ErrorCode() string { return "UnsupportedPricingPlanException" }

func (*AccessDeniedException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

func (*InternalFailureException) ErrorFault() smithy.ErrorFault { return smithy.FaultServer }

func (*InvalidParameterValueException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

func (*PreconditionNotMetException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

func (*ResourceNotFoundException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

func (*ThrottlingException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

func (*UnsupportedUserEditionException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

func (*LimitExceededException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

func (*ResourceExistsException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

func (*UnsupportedPricingPlanException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }
