package snapshotjob

import (
	"context"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
)

// operationContext is a caller's context in which awsmiddleware.GetServiceID,
// GetOperationName and GetRegion find what they look for, as in the context of the
// official client's requests. It is for tracing and metrics in a RoundTripper.
type operationContext struct {
	context.Context

	values context.Context // has those three values and nothing else
}

// Value returns what the SDK would set, and otherwise what the caller's context has.
func (c operationContext) Value(key any) any {
	if value := c.values.Value(key); value != nil {
		return value
	}
	return c.Context.Value(key)
}

// withOperation returns ctx with the values that tell of an operation.
func (s *settings) withOperation(ctx context.Context, op *operation) context.Context {
	values, ok := s.operationContexts.Load(op)
	if !ok {
		values = newOperationValues(op, s.options.Region)
		s.operationContexts.Store(op, values)
	}
	return operationContext{
		Context: ctx,
		values:  values.(context.Context),
	}
}

// newOperationValues returns a context that has only the values that tell of an
// operation. The settings keep it, because making it takes many allocations.
func newOperationValues(op *operation, region string) context.Context {
	ctx := context.Background()
	ctx = awsmiddleware.SetServiceID(ctx, serviceID)
	ctx = awsmiddleware.SetOperationName(ctx, op.name)
	return awsmiddleware.SetRegion(ctx, region)
}
