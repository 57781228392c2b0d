package snapshotjob

import (
	"context"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
)

// serviceContext is a caller's context that also tells which call it is of, as the
// context of the official client's requests does. It is for tracing and metrics in a
// RoundTripper.
type serviceContext struct {
	context.Context

	service context.Context // tells the service, the operation and the region
}

// Value returns what the SDK would set, and otherwise what the caller's context has.
func (c serviceContext) Value(key any) any {
	if value := c.service.Value(key); value != nil {
		return value
	}
	return c.Context.Value(key)
}

// withService returns ctx with what tells of the operation.
func (s *settings) withService(ctx context.Context, op *operation) context.Context {
	service, ok := s.serviceValues.Load(op)
	if !ok {
		service = newServiceValues(op, s.options.Region)
		s.serviceValues.Store(op, service)
	}
	return serviceContext{
		Context: ctx,
		service: service.(context.Context),
	}
}

// newServiceValues returns a context that tells what the SDK's does.
func newServiceValues(op *operation, region string) context.Context {
	ctx := context.Background()
	ctx = awsmiddleware.SetServiceID(ctx, serviceID)
	ctx = awsmiddleware.SetOperationName(ctx, op.name)
	return awsmiddleware.SetRegion(ctx, region)
}
