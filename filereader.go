package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// FileReader reads one file of a result. [Client.Open] makes it. Its methods may be
// called from several goroutines, as Close is to end a Read.
type FileReader struct {
	file     ResultFile
	size     int64
	cancel   context.CancelFunc
	isClosed atomic.Bool

	mu       sync.Mutex // guards what follows
	ranged   *rangeReader
	verified io.Reader // reads from ranged
}

// Open opens one file of a result for reading. The caller must close it, whether it
// was read to its end or not.
//
// A presigned URL is fetched without credentials, and over https alone, except from
// loopback addresses. A file in a bucket of the caller is fetched by a GET request
// signed for S3.
//
// Read brings the bytes of one version of one object, all of them, or an error. It
// returns io.EOF only after the last byte, and after the bytes were found to agree
// with the checksum, if S3 gave one. If a connection breaks, reading goes on with
// another one, provided that the server gave a strong ETag. If a URL has expired, the
// result is asked for again to get a fresh one. How often is bounded by
// [DownloadOptions].MaxAttempts.
//
// The error matches [ErrFileChanged] if a response was of another version, and
// [ErrChecksum] if the checksum is another. For a file that the job didn't make it is
// a [*FileError]. S3's own errors are *smithy.GenericAPIError behind an
// *awshttp.ResponseError. Bad input is an [*InvalidInputError]. No error shows the
// query of a URL.
func (c *Client) Open(
	ctx context.Context,
	file ResultFile,
	optFns ...func(*DownloadOptions),
) (*FileReader, error) {
	session, problems := c.newDownloadSession(ctx, optFns)
	if err := problems.err(); err != nil {
		return nil, err
	}
	if err := file.Err(); err != nil {
		return nil, err
	}
	source, err := newFileSource(session, file)
	if err != nil {
		return nil, file.wrap(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	ranged, err := openRange(ctx, source, wholeFile, nil)
	if err != nil {
		cancel()
		return nil, file.wrap(err)
	}
	return &FileReader{
		file:     file,
		size:     ranged.version.size,
		cancel:   cancel,
		ranged:   ranged,
		verified: ranged.verified(),
	}, nil
}

// Size returns the size of the file in bytes, or -1 if the server didn't tell it when
// the file was opened.
func (r *FileReader) Size() int64 { return r.size }

// Read reads from the file, over another connection if one breaks. After Close it
// returns os.ErrClosed.
func (r *FileReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.isClosed.Load() {
		return 0, os.ErrClosed
	}
	n, err := r.verified.Read(p)
	switch {
	case err == nil || err == io.EOF:
		return n, err
	case r.isClosed.Load():
		return n, os.ErrClosed
	}
	return n, r.file.wrap(err)
}

// Close ends the reading, also a Read that is under way on another goroutine. It
// always returns nil.
func (r *FileReader) Close() error {
	r.isClosed.Store(true)
	r.cancel() // ends a Read, which then unlocks mu
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ranged.close()
	return nil
}

// Format writes which file this is, for every verb, and neither URI nor credentials.
func (r *FileReader) Format(f fmt.State, _ rune) { io.WriteString(f, r.file.describe()) }

// rangeReader reads a range of a file, over as many connections as it takes.
type rangeReader struct {
	ctx      context.Context
	source   *fileSource
	wanted   byteRange // what is still to be read
	started  bool      // whether a byte was read
	version  fileVersion
	checksum *expectedChecksum // of the whole file; nil if the first response gave none

	connection *fileConnection // nil if there is none
	failures   int             // attempts in a row without a new byte
	renewed    bool            // whether the URL or the credentials were renewed since the last byte
	lastError  error           // why the last of them failed
	err        error           // what Read returns from now on
}

// openRange asks for a range of a file. If version is nil, the first good response
// says of which version it is.
func openRange(ctx context.Context, source *fileSource, wanted byteRange, version *fileVersion) (*rangeReader, error) {
	r := &rangeReader{
		ctx:    ctx,
		source: source,
		wanted: wanted,
	}
	if err := r.connect(version); err != nil {
		return nil, err
	}
	r.version = r.connection.response.version
	r.checksum = r.connection.response.checksum
	return r, nil
}

// verified returns a reader of the same bytes that verifies the checksum of the file,
// if there is one. The range must be the whole file.
func (r *rangeReader) verified() io.Reader {
	if r.checksum == nil {
		return r
	}
	return &checksumReader{reader: r, checksum: r.checksum}
}

// Read reads from the range.
func (r *rangeReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, r.err
	}
	for r.err == nil {
		if r.wanted.first == r.wanted.end {
			r.finish(r.connection.endOfRange())
			break
		}
		n, err := r.connection.read(r.limit(p))
		if n > 0 {
			r.advance(n)
			return n, nil
		}
		if err == io.EOF || errors.Is(err, ErrFileChanged) {
			r.finish(err)
			break
		}
		r.reconnect(err)
	}
	return 0, r.err
}

// limit returns the part of p that the rest of the range can fill.
func (r *rangeReader) limit(p []byte) []byte {
	if r.wanted.end == toEnd {
		return p
	}
	left := r.wanted.end - r.wanted.first
	return p[:min(int64(len(p)), left)]
}

// advance counts bytes that were read.
func (r *rangeReader) advance(n int) {
	r.wanted.first += int64(n)
	r.started = true
	r.failures = 0
	r.renewed = false
	r.lastError = nil
	r.source.addProgress(n)
}

// finish ends the reading with an error, which may be io.EOF.
func (r *rangeReader) finish(err error) {
	r.close()
	r.err = err
}

// close closes the connection, if there is one.
func (r *rangeReader) close() {
	if r.connection != nil {
		r.connection.close()
		r.connection = nil
	}
}

// reconnect goes on with another connection after one broke with err. If that can't
// be, it sets what Read returns.
func (r *rangeReader) reconnect(err error) {
	err = fmt.Errorf("read at byte %d: %w", r.wanted.first, err)
	r.close()
	if r.started && r.version.etag == "" {
		r.err = notResumable(r.ctx, err)
		return
	}
	if err := r.pause(err); err != nil {
		r.err = err
		return
	}
	if err := r.connect(&r.version); err != nil {
		r.err = err
		return
	}
	if r.version.size == unknownSize {
		r.version.size = r.connection.response.version.size
	}
}

// errNotResumable is matched by the error of a file whose connection broke, and that
// has no strong ETag to go on with.
var errNotResumable = errors.New("reading can't go on, since the server gave no strong ETag")

// notResumable is the error of a connection that broke with err, and can't be
// replaced.
func notResumable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return canceledError(ctx, err)
	}
	return fmt.Errorf("%w: %w", errNotResumable, err)
}

// connect asks for what is still to be read until the server sends it. It returns the
// error of the file if that can't be.
func (r *rangeReader) connect(version *fileVersion) error {
	for {
		attempt := r.source.newAttempt(r.wanted, version)
		connection, err := attempt.connect(r.ctx)
		if err == nil {
			r.connection = connection
			return nil
		}
		if r.ctx.Err() != nil {
			return canceledError(r.ctx, err, r.lastError)
		}
		renewed, renewalErr := r.renew(attempt, err)
		if renewalErr != nil {
			return withPrevious(renewalErr, err)
		}
		if renewed {
			continue
		}
		if !isTransient(err) {
			r.source.log(r.ctx, "download retry", "decision", "no: the error is final")
			return err
		}
		if err := r.pause(err); err != nil {
			return err
		}
	}
}

// renew renews the URL or the credentials if that is what an attempt failed for, once
// between any two bytes. It reports whether it has.
func (r *rangeReader) renew(attempt *fileAttempt, err error) (bool, error) {
	if r.renewed || !attempt.hasExpired(err) || !r.source.spendRenewal() {
		return false, nil
	}
	renewed, renewalErr := r.source.renew(r.ctx, attempt)
	if renewed {
		r.renewed = true
		r.source.log(r.ctx, "download retry", "decision", "again with a fresh URL or fresh credentials")
	}
	return renewed, renewalErr
}

// pause waits before the attempt that follows one that failed with err. It returns the
// error of the file if no attempt may follow.
func (r *rangeReader) pause(err error) error {
	previous := r.lastError
	r.lastError = err
	if r.ctx.Err() != nil {
		return canceledError(r.ctx, err, previous)
	}
	r.failures++
	affordable := r.source.loseConnection()
	if r.failures >= r.source.session.options.MaxAttempts || !affordable {
		r.source.log(r.ctx, "download retry", "decision", "no: that was the last attempt")
		return &retry.MaxAttemptsError{Attempt: r.failures, Err: err}
	}
	delay := r.source.session.retryDelay(r.failures, err)
	r.source.log(r.ctx, "download retry", "decision", "yes", "delay", delay, "error", err.Error())
	if !sleep(r.ctx, delay) {
		return canceledError(r.ctx, err, previous)
	}
	return nil
}

var errStalled = &retryDecision{
	err:       errors.New("the server sent nothing for too long"),
	retryable: true,
}

// fileConnection is a response whose body is read.
type fileConnection struct {
	ctx          context.Context // of the attempt
	cancel       context.CancelCauseFunc
	stall        *time.Timer // cancels ctx with errStalled
	stallTimeout time.Duration

	response *fileResponse
	skip     int64 // bytes of the body that come before the range
	left     int64 // bytes that the body has still to bring; unknownSize if that isn't known
	pending  error // which came with bytes, and is to be returned next

	stopClosing func() bool // takes back that the body is closed when ctx ends
}

// connect makes the attempt. The server is given StallTimeout to begin a response.
func (a *fileAttempt) connect(ctx context.Context) (*fileConnection, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	timeout := a.source.session.options.StallTimeout
	stall := time.AfterFunc(timeout, func() { cancel(errStalled) })
	response, err := a.fetch(ctx)
	stall.Stop()
	if err != nil {
		if context.Cause(ctx) == errStalled {
			err = errStalled
		}
		cancel(nil)
		return nil, err
	}
	return &fileConnection{
		ctx:          ctx,
		cancel:       cancel,
		stall:        stall,
		stallTimeout: timeout,
		response:     response,
		skip:         response.skip,
		left:         response.length,
		stopClosing:  context.AfterFunc(ctx, func() { response.body.Close() }),
	}, nil
}

// maxEmptyReads is how many times in a row a body may bring neither a byte nor an
// error.
const maxEmptyReads = 100

// read reads bytes of the range. It returns io.EOF only if the body is proven to be
// whole.
func (c *fileConnection) read(p []byte) (int, error) {
	for c.skip > 0 {
		waste := make([]byte, min(c.skip, 32<<10))
		n, err := c.readBody(waste)
		if err != nil {
			return 0, err
		}
		c.skip -= int64(n)
	}
	return c.readBody(p)
}

// readBody reads from the body, of which it returns no more than was announced.
func (c *fileConnection) readBody(p []byte) (int, error) {
	if c.left == 0 {
		return 0, c.confirmEnd()
	}
	if c.left != unknownSize {
		p = p[:min(int64(len(p)), c.left)]
	}
	n, err := c.readSome(p)
	if c.left != unknownSize {
		c.left -= int64(n)
	}
	if n > 0 || err != io.EOF {
		return n, err
	}
	if c.left > 0 || !c.response.provesEnd {
		return 0, fmt.Errorf("the connection ended before the file did: %w", io.ErrUnexpectedEOF)
	}
	return 0, io.EOF
}

// endOfRange returns io.EOF at the end of the range, unless the body goes on where its
// announced end is the same.
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
	if n, _ := c.readSome(extra[:]); n > 0 {
		return fmt.Errorf("%w (the body is longer than the server said)", ErrFileChanged)
	}
	return io.EOF
}

// readSome reads from the body until it brings bytes or an error.
func (c *fileConnection) readSome(p []byte) (int, error) {
	if c.pending != nil {
		return 0, c.pending
	}
	for range maxEmptyReads {
		if c.ctx.Err() != nil {
			return 0, context.Cause(c.ctx)
		}
		n, err := c.readOnce(p)
		if n > 0 {
			c.pending = err
			return n, nil
		}
		if err != nil {
			return 0, err
		}
	}
	return 0, io.ErrNoProgress
}

// readOnce reads from the body once. The server is given StallTimeout for it. A caller
// that takes its time between reads is no stalled server.
func (c *fileConnection) readOnce(p []byte) (int, error) {
	c.stall.Reset(c.stallTimeout)
	n, err := c.response.body.Read(p)
	c.stall.Stop()
	if err != nil && err != io.EOF && c.ctx.Err() != nil {
		err = context.Cause(c.ctx)
	}
	return n, err
}

// close closes the body, and ends the attempt.
func (c *fileConnection) close() {
	c.stall.Stop()
	c.stopClosing()
	c.response.body.Close()
	c.cancel(nil)
}
