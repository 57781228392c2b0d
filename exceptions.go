package snapshotjob

import "github.com/aws/smithy-go"

// The exceptions differ in their names and faults, and in whether they have a ResourceType.
// Each has the fields and methods of its own that users of the AWS SDK expect.

// commonExceptions are the codes of the exceptions that every operation has in its
// model.
var commonExceptions = []string{
	"AccessDeniedException",
	"InternalFailureException",
	"ResourceNotFoundException",
	"ThrottlingException",
	"UnsupportedUserEditionException",
}

// exceptionFields are what the service tells with an exception.
type exceptionFields struct {
	message      string
	requestID    string
	resourceType string
}

// newException returns the exception of a code that stands in an operation's model.
func newException(code string, fields exceptionFields) smithy.APIError {
	switch code {
	case "AccessDeniedException":
		return &AccessDeniedException{
			Message:   fields.message,
			RequestID: fields.requestID,
		}
	case "ConflictException":
		return &ConflictException{
			Message:   fields.message,
			RequestID: fields.requestID,
		}
	case "InternalFailureException":
		return &InternalFailureException{
			Message:   fields.message,
			RequestID: fields.requestID,
		}
	case "InvalidParameterValueException":
		return &InvalidParameterValueException{
			Message:   fields.message,
			RequestID: fields.requestID,
		}
	case "PreconditionNotMetException":
		return &PreconditionNotMetException{
			Message:   fields.message,
			RequestID: fields.requestID,
		}
	case "ResourceNotFoundException":
		return &ResourceNotFoundException{
			Message:      fields.message,
			RequestID:    fields.requestID,
			ResourceType: fields.resourceType,
		}
	case "ThrottlingException":
		return &ThrottlingException{
			Message:   fields.message,
			RequestID: fields.requestID,
		}
	case "UnsupportedUserEditionException":
		return &UnsupportedUserEditionException{
			Message:   fields.message,
			RequestID: fields.requestID,
		}
	case "LimitExceededException":
		return &LimitExceededException{
			Message:      fields.message,
			RequestID:    fields.requestID,
			ResourceType: fields.resourceType,
		}
	case "ResourceExistsException":
		return &ResourceExistsException{
			Message:      fields.message,
			RequestID:    fields.requestID,
			ResourceType: fields.resourceType,
		}
	case "UnsupportedPricingPlanException":
		return &UnsupportedPricingPlanException{
			Message:   fields.message,
			RequestID: fields.requestID,
		}
	}
	panic("snapshotjob: there is no exception " + code)
}

// exceptionText is the text of an exception as an error.
func exceptionText(e smithy.APIError) string {
	return e.ErrorCode() + ": " + e.ErrorMessage()
}

// AccessDeniedException means one of three things: the credentials are not valid any
// more, another user started the job, or the caller has no access to the dashboard. A
// start also has it for a registered user who may not export in one of the formats. Its
// HTTP status is 401 (API reference, DescribeDashboardSnapshotJobResult and
// StartDashboardSnapshotJob). If an IAM policy does not allow the action, the message
// usually names the action.
type AccessDeniedException struct {
	Message   string // what the service says
	RequestID string // for AWS support
}

// Error returns the code and the message.
func (e *AccessDeniedException) Error() string { return exceptionText(e) }

// ErrorCode returns "AccessDeniedException".
func (e *AccessDeniedException) ErrorCode() string { return "AccessDeniedException" }

// ErrorMessage returns Message.
func (e *AccessDeniedException) ErrorMessage() string { return e.Message }

// ErrorFault returns smithy.FaultClient, as the service model has it.
func (e *AccessDeniedException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

// ConflictException means that a change of the dashboard could leave it in an
// inconsistent state. Its HTTP status is 409 (API reference,
// DescribeDashboardDefinition).
type ConflictException struct {
	Message   string // what the service says
	RequestID string // for AWS support
}

// Error returns the code and the message.
func (e *ConflictException) Error() string { return exceptionText(e) }

// ErrorCode returns "ConflictException".
func (e *ConflictException) ErrorCode() string { return "ConflictException" }

// ErrorMessage returns Message.
func (e *ConflictException) ErrorMessage() string { return e.Message }

// ErrorFault returns smithy.FaultClient, as the service model has it.
func (e *ConflictException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

// InternalFailureException means that the service itself failed. Its HTTP status is 500
// (API reference, StartDashboardSnapshotJob).
type InternalFailureException struct {
	Message   string // what the service says
	RequestID string // for AWS support
}

// Error returns the code and the message.
func (e *InternalFailureException) Error() string { return exceptionText(e) }

// ErrorCode returns "InternalFailureException".
func (e *InternalFailureException) ErrorCode() string { return "InternalFailureException" }

// ErrorMessage returns Message.
func (e *InternalFailureException) ErrorMessage() string { return e.Message }

// ErrorFault returns smithy.FaultServer, as the service model has it.
func (e *InternalFailureException) ErrorFault() smithy.ErrorFault { return smithy.FaultServer }

// InvalidParameterValueException means that the service refuses a value of the request.
// Its HTTP status is 400 (API reference, StartDashboardSnapshotJob).
type InvalidParameterValueException struct {
	Message   string // what the service says
	RequestID string // for AWS support
}

// Error returns the code and the message.
func (e *InvalidParameterValueException) Error() string { return exceptionText(e) }

// ErrorCode returns "InvalidParameterValueException".
func (e *InvalidParameterValueException) ErrorCode() string { return "InvalidParameterValueException" }

// ErrorMessage returns Message.
func (e *InvalidParameterValueException) ErrorMessage() string { return e.Message }

// ErrorFault returns smithy.FaultClient, as the service model has it.
func (e *InvalidParameterValueException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

// PreconditionNotMetException means that something else must happen before the request.
// Its HTTP status is 400 (API reference, DescribeDashboardSnapshotJobResult).
type PreconditionNotMetException struct {
	Message   string // what the service says
	RequestID string // for AWS support
}

// Error returns the code and the message.
func (e *PreconditionNotMetException) Error() string { return exceptionText(e) }

// ErrorCode returns "PreconditionNotMetException".
func (e *PreconditionNotMetException) ErrorCode() string { return "PreconditionNotMetException" }

// ErrorMessage returns Message.
func (e *PreconditionNotMetException) ErrorMessage() string { return e.Message }

// ErrorFault returns smithy.FaultClient, as the service model has it.
func (e *PreconditionNotMetException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

// ResourceNotFoundException means that the account, the dashboard or the job does not
// exist in this region. Its HTTP status is 404 (API reference,
// StartDashboardSnapshotJob).
type ResourceNotFoundException struct {
	Message      string // what the service says
	RequestID    string // for AWS support
	ResourceType string // such as DASHBOARD; empty if the service does not say
}

// Error returns the code and the message.
func (e *ResourceNotFoundException) Error() string { return exceptionText(e) }

// ErrorCode returns "ResourceNotFoundException".
func (e *ResourceNotFoundException) ErrorCode() string { return "ResourceNotFoundException" }

// ErrorMessage returns Message.
func (e *ResourceNotFoundException) ErrorMessage() string { return e.Message }

// ErrorFault returns smithy.FaultClient, as the service model has it.
func (e *ResourceNotFoundException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

// ThrottlingException means that the account sends more requests than it may, by
// default 10 a second: see [Options].Limiter. Its HTTP status is 429 (API reference,
// StartDashboardSnapshotJob).
type ThrottlingException struct {
	Message   string // what the service says
	RequestID string // for AWS support
}

// Error returns the code and the message.
func (e *ThrottlingException) Error() string { return exceptionText(e) }

// ErrorCode returns "ThrottlingException".
func (e *ThrottlingException) ErrorCode() string { return "ThrottlingException" }

// ErrorMessage returns Message.
func (e *ThrottlingException) ErrorMessage() string { return e.Message }

// ErrorFault returns smithy.FaultClient, as the service model has it.
func (e *ThrottlingException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

// UnsupportedUserEditionException means that the account's edition of QuickSight does
// not have the operation. Its HTTP status is 403 (API reference,
// StartDashboardSnapshotJob).
type UnsupportedUserEditionException struct {
	Message   string // what the service says
	RequestID string // for AWS support
}

// Error returns the code and the message.
func (e *UnsupportedUserEditionException) Error() string { return exceptionText(e) }

// ErrorCode returns "UnsupportedUserEditionException".
func (e *UnsupportedUserEditionException) ErrorCode() string {
	return "UnsupportedUserEditionException"
}

// ErrorMessage returns Message.
func (e *UnsupportedUserEditionException) ErrorMessage() string { return e.Message }

// ErrorFault returns smithy.FaultClient, as the service model has it.
func (e *UnsupportedUserEditionException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

// LimitExceededException means that the account runs as many jobs as it may, by
// default 12. Its HTTP status is 409 (API reference, StartDashboardSnapshotJob).
type LimitExceededException struct {
	Message      string // what the service says
	RequestID    string // for AWS support
	ResourceType string // such as DASHBOARD; empty if the service does not say
}

// Error returns the code and the message.
func (e *LimitExceededException) Error() string { return exceptionText(e) }

// ErrorCode returns "LimitExceededException".
func (e *LimitExceededException) ErrorCode() string { return "LimitExceededException" }

// ErrorMessage returns Message.
func (e *LimitExceededException) ErrorMessage() string { return e.Message }

// ErrorFault returns smithy.FaultClient, as the service model has it.
func (e *LimitExceededException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

// ResourceExistsException means that the dashboard has a job of this id, which is
// running or finished less than 24 hours ago. Its HTTP status is 409 (API reference,
// StartDashboardSnapshotJob).
type ResourceExistsException struct {
	Message      string // what the service says
	RequestID    string // for AWS support
	ResourceType string // such as DASHBOARD; empty if the service does not say
}

// Error returns the code and the message.
func (e *ResourceExistsException) Error() string { return exceptionText(e) }

// ErrorCode returns "ResourceExistsException".
func (e *ResourceExistsException) ErrorCode() string { return "ResourceExistsException" }

// ErrorMessage returns Message.
func (e *ResourceExistsException) ErrorMessage() string { return e.Message }

// ErrorFault returns smithy.FaultClient, as the service model has it.
func (e *ResourceExistsException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }

// UnsupportedPricingPlanException means that the account's pricing plan does not have
// snapshots of this kind. Its HTTP status is 403 (API reference,
// StartDashboardSnapshotJob).
type UnsupportedPricingPlanException struct {
	Message   string // what the service says
	RequestID string // for AWS support
}

// Error returns the code and the message.
func (e *UnsupportedPricingPlanException) Error() string { return exceptionText(e) }

// ErrorCode returns "UnsupportedPricingPlanException".
func (e *UnsupportedPricingPlanException) ErrorCode() string {
	return "UnsupportedPricingPlanException"
}

// ErrorMessage returns Message.
func (e *UnsupportedPricingPlanException) ErrorMessage() string { return e.Message }

// ErrorFault returns smithy.FaultClient, as the service model has it.
func (e *UnsupportedPricingPlanException) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }
