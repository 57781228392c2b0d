package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

var (
	// errStalled is the error of an attempt whose server sent nothing for StallTimeout.
	errStalled = &retryDecision{
		err:       errors.New("the server sent nothing for too long"),
		retryable: true,
	}

	// errNoCredentials is the error of an attempt that got no credentials for
	// StallTimeout.
	errNoCredentials = &retryDecision{
		err:       errors.New("the provider of credentials returned nothing for too long"),
		retryable: true,
	}
)

// wasteSize is how much is read at once of what comes before the range.
const wasteSize = 32 << 10

// fileConnection is a response whose body is read.
type fileConnection struct {
	ctx          context.Context // of the attempt
	cancel       context.CancelCauseFunc
	stall        *time.Timer // cancels ctx with errStalled
	stallTimeout time.Duration

	response *fileResponse
	skip     int64 // bytes of the body that come before the range
	left     int64 // bytes that the body has still to bring; unknownSize if that isn't known

	credentials aws.Credentials // which an error of the body may repeat
}

// read reads bytes of the range. It returns io.EOF only if the body is proven to be
// whole.
func (c *fileConnection) read(p []byte) (int, error) {
	if c.skip > 0 {
		if err := c.skipToRange(); err != nil {
			return 0, err
		}
	}
	return c.readBody(p)
}

// skipToRange reads what comes before the range.
func (c *fileConnection) skipToRange() error {
	waste := make([]byte, min(c.skip, wasteSize))
	for c.skip > 0 {
		n, err := c.readBody(waste[:min(c.skip, wasteSize)])
		if err == io.EOF {
			return fmt.Errorf("%w (the file is shorter than what was read of it)", ErrFileChanged)
		}
		if err != nil {
			return err
		}
		c.skip -= int64(n)
	}
	return nil
}

// readBody reads from the body, of which it returns no more than was announced.
func (c *fileConnection) readBody(p []byte) (int, error) {
	if c.left == unknownSize {
		return c.readToEnd(p)
	}
	if c.left == 0 {
		return 0, c.confirmEnd()
	}
	n, err := c.readSome(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if err == io.EOF {
		return 0, fmt.Errorf("the connection ended before the file did: %w", io.ErrUnexpectedEOF)
	}
	return n, err
}

// readToEnd reads from a body of unknown length.
func (c *fileConnection) readToEnd(p []byte) (int, error) {
	n, err := c.readSome(p)
	if err == io.EOF && !c.response.provesEnd {
		return n, fmt.Errorf("nothing proves that the file ended when the connection did: %w", io.ErrUnexpectedEOF)
	}
	return n, err
}

// endOfRange returns io.EOF at the end of the range. If the body was announced to end
// there too, endOfRange checks that it does.
func (c *fileConnection) endOfRange() error {
	if c.left != 0 {
		return io.EOF // the rest of the body was not to be read
	}
	return c.confirmEnd()
}

// confirmEnd returns io.EOF if the body, all of whose announced bytes were read, has
// no other byte.
func (c *fileConnection) confirmEnd() error {
	var extra [1]byte
	// All that was announced is there, so that another error changes nothing.
	if n, _ := c.readSome(extra[:]); n > 0 {
		return fmt.Errorf("%w (the body is longer than the server said)", ErrFileChanged)
	}
	return io.EOF
}

// readSome reads from the body until it brings bytes or an error, and never both. The
// server is given StallTimeout for it. A caller that takes its time between reads is no
// stalled server.
func (c *fileConnection) readSome(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	c.stall.Reset(c.stallTimeout)
	n, err := c.response.body.Read(p)
	c.stall.Stop()
	return n, hideSecrets(err, c.credentials)
}

// close closes the body, and ends the attempt.
func (c *fileConnection) close() {
	c.stall.Stop()
	c.response.body.Close()
	c.cancel(nil)
}
