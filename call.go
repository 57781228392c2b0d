package snapshotjob

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/smithy-go"
)

// operation is what sending must know of an API's operation.
type operation struct {
	name, method string
	exceptions   string // of its model
}

// call is built once, and sent as often as needed.
type call struct {
	op            *operation
	job           Job
	path, rawPath string // below the endpoint's own; rawPath is path escaped
	body          []byte // nil: none
	faults        faultList
	into          any // a pointer to what a 2xx response's body is

	firstSent  time.Time
	unanswered bool   // an attempt may have done its work although it failed
	requestID  string // in the header of a 2xx response
	status     int    // of that
}

// call is an operation's call about this job.
func (j Job) call(op *operation, suffix string, into any) *call {
	c := &call{op: op, job: j, faults: j.faults(nil), into: into}
	c.setPath("/snapshot-jobs/", j.SnapshotJobID, suffix)
	return c
}

// setPath sets the path below that of the job's dashboard.
func (c *call) setPath(kind, id, suffix string) {
	path := func(dashboard, id string) string {
		return "/accounts/" + c.job.AWSAccountID + "/dashboards/" + dashboard + kind + id + suffix
	}
	c.path = path(c.job.DashboardID, id)
	c.rawPath = c.path
	if d, i := escapeID(c.job.DashboardID), escapeID(id); d != c.job.DashboardID || i != id {
		c.rawPath = path(d, i)
	}
}

// do sends a call until it is answered, refused or ended by ctx.
func (c *Client) do(ctx context.Context, call *call, optFns []func(*Options)) error {
	s := c.with(optFns)
	faults := call.faults
	faults.needContext(ctx)
	if faults = append(faults, s.faults...); len(faults) > 0 {
		return &smithy.OperationError{ServiceID: serviceID, OperationName: call.op.name, Err: &InvalidInputError{faults}}
	}
	if err := c.send(ctx, s, call); err != nil {
		return call.failed(err)
	}
	return nil
}

// failed says of which operation and job err is.
func (c *call) failed(err error) error {
	return &smithy.OperationError{ServiceID: serviceID, OperationName: c.op.name, Err: fmt.Errorf("%s: %w", c.job, err)}
}
