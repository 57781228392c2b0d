package snapshotjob

import (
	"strings"

	"github.com/aws/smithy-go"
)

// AccessDeniedException (HTTP 401) means one of three things (API reference,
// DescribeDashboardSnapshotJobResult): the credentials have expired, another
// user started the job, or this one may not see the dashboard.
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

// newException returns nil for a code that the operation's model lacks.
func newException(op *operation, code, message, requestID, resourceType string) smithy.APIError {
	for known := range strings.FieldsSeq(op.exceptions) {
		if !strings.EqualFold(known+"Exception", code) {
			continue
		}
		switch known {
		case "AccessDenied":
			return &AccessDeniedException{message, requestID}
		case "InternalFailure":
			return &InternalFailureException{message, requestID}
		case "InvalidParameterValue":
			return &InvalidParameterValueException{message, requestID}
		case "PreconditionNotMet":
			return &PreconditionNotMetException{message, requestID}
		case "ResourceNotFound":
			return &ResourceNotFoundException{message, requestID, resourceType}
		case "Throttling":
			return &ThrottlingException{message, requestID}
		case "UnsupportedUserEdition":
			return &UnsupportedUserEditionException{message, requestID}
		case "LimitExceeded":
			return &LimitExceededException{message, requestID, resourceType}
		case "ResourceExists":
			return &ResourceExistsException{message, requestID, resourceType}
		case "UnsupportedPricingPlan":
			return &UnsupportedPricingPlanException{message, requestID}
		}
	}
	return nil
}

func apiErrorText(e smithy.APIError) string { return e.ErrorCode() + ": " + e.ErrorMessage() }

// The methods of smithy.APIError. The faults are those of the service model.

func (e *AccessDeniedException) Error() string               { return apiErrorText(e) }
func (e *AccessDeniedException) ErrorMessage() string        { return e.Message }
func (*AccessDeniedException) ErrorCode() string             { return "AccessDeniedException" }
func (*AccessDeniedException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

func (e *InternalFailureException) Error() string               { return apiErrorText(e) }
func (e *InternalFailureException) ErrorMessage() string        { return e.Message }
func (*InternalFailureException) ErrorCode() string             { return "InternalFailureException" }
func (*InternalFailureException) ErrorFault() smithy.ErrorFault { return smithy.FaultServer }

func (e *InvalidParameterValueException) Error() string               { return apiErrorText(e) }
func (e *InvalidParameterValueException) ErrorMessage() string        { return e.Message }
func (*InvalidParameterValueException) ErrorCode() string             { return "InvalidParameterValueException" }
func (*InvalidParameterValueException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

func (e *PreconditionNotMetException) Error() string               { return apiErrorText(e) }
func (e *PreconditionNotMetException) ErrorMessage() string        { return e.Message }
func (*PreconditionNotMetException) ErrorCode() string             { return "PreconditionNotMetException" }
func (*PreconditionNotMetException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

func (e *ResourceNotFoundException) Error() string               { return apiErrorText(e) }
func (e *ResourceNotFoundException) ErrorMessage() string        { return e.Message }
func (*ResourceNotFoundException) ErrorCode() string             { return "ResourceNotFoundException" }
func (*ResourceNotFoundException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

func (e *ThrottlingException) Error() string               { return apiErrorText(e) }
func (e *ThrottlingException) ErrorMessage() string        { return e.Message }
func (*ThrottlingException) ErrorCode() string             { return "ThrottlingException" }
func (*ThrottlingException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

func (e *UnsupportedUserEditionException) Error() string               { return apiErrorText(e) }
func (e *UnsupportedUserEditionException) ErrorMessage() string        { return e.Message }
func (*UnsupportedUserEditionException) ErrorCode() string             { return "UnsupportedUserEditionException" }
func (*UnsupportedUserEditionException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

func (e *LimitExceededException) Error() string               { return apiErrorText(e) }
func (e *LimitExceededException) ErrorMessage() string        { return e.Message }
func (*LimitExceededException) ErrorCode() string             { return "LimitExceededException" }
func (*LimitExceededException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

func (e *ResourceExistsException) Error() string               { return apiErrorText(e) }
func (e *ResourceExistsException) ErrorMessage() string        { return e.Message }
func (*ResourceExistsException) ErrorCode() string             { return "ResourceExistsException" }
func (*ResourceExistsException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

func (e *UnsupportedPricingPlanException) Error() string               { return apiErrorText(e) }
func (e *UnsupportedPricingPlanException) ErrorMessage() string        { return e.Message }
func (*UnsupportedPricingPlanException) ErrorCode() string             { return "UnsupportedPricingPlanException" }
func (*UnsupportedPricingPlanException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }
