package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// errInterrupted is the error of a Read after one that didn't return.
var errInterrupted = errors.New("a function that was called by an earlier Read panicked, " +
	"or ended its goroutine")

// errNotResumable is matched by the error of a file whose connection broke, and that
// has no strong ETag to go on with.
var errNotResumable = errors.New("reading can't go on, since the server gave no strong ETag")

// rangeReader reads a range of a file, over as many connections as it takes.
type rangeReader struct {
	ctx        context.Context
	source     *fileSource
	wanted     byteRange       // what is still to be read
	version    *fileVersion    // nil before the first good response
	checksum   *fileChecksum   // of the whole file; nil if there is none
	connection *fileConnection // nil if there is none
	started    bool            // whether a byte was read
	trouble    trouble
	err        error // what Read returns from now on
}

// trouble is what has gone wrong since the last byte was read.
type trouble struct {
	attempts  int   // how many failed
	lastError error // of the last of them

	// renewed reports whether the URL or the credentials were made fresh.
	renewed bool

	// foundEnd reports whether the server has said that the file has no further byte.
	foundEnd bool
}

// openRange asks for a range of a file. If version is nil, the first good response
// says of which version it is.
func openRange(
	ctx context.Context,
	source *fileSource,
	wanted byteRange,
	version *fileVersion,
) (*rangeReader, error) {
	r := &rangeReader{
		ctx:     ctx,
		source:  source,
		wanted:  wanted,
		version: version,
	}
	if err := r.connect(); err != nil {
		return nil, err
	}
	return r, nil
}

// endAt makes the range end earlier than at the end of the file.
func (r *rangeReader) endAt(end int64) {
	r.wanted.end = end
	r.checksum = nil // it is that of the whole file
}

// Read reads from the range. It returns either bytes or an error.
func (r *rangeReader) Read(p []byte) (int, error) {
	for r.err == nil {
		// What is called here, a body of the caller's transport for example, may panic or
		// end the goroutine. Then nobody knows where the body is, and the next Read must
		// find an error.
		r.err = errInterrupted
		n, err := r.readConnection(p)
		if n > 0 {
			r.err = nil
			r.advance(p[:n])
			return n, nil
		}
		r.err = r.react(err)
	}
	return 0, r.err
}

// readConnection reads bytes of the range from the connection.
func (r *rangeReader) readConnection(p []byte) (int, error) {
	if r.wanted.end == toEnd {
		return r.connection.read(p)
	}
	left := r.wanted.end - r.wanted.first
	if left == 0 {
		return 0, r.connection.endOfRange()
	}
	return r.connection.read(p[:min(int64(len(p)), left)])
}

// advance counts bytes that were read.
func (r *rangeReader) advance(b []byte) {
	r.wanted.first += int64(len(b))
	r.started = true
	r.trouble = trouble{}
	r.source.addProgress(len(b), r.wanted.first)
	if r.checksum != nil {
		r.checksum.hash.Write(b)
	}
}

// react goes on with another connection after one ended with err, if that is what err
// asks for. Otherwise it returns what Read returns from now on.
func (r *rangeReader) react(err error) error {
	if r.endsFile(err) {
		r.close()
		return r.checkFile()
	}
	if errors.Is(err, ErrFileChanged) {
		r.close()
		return err
	}
	return r.reconnect(err)
}

// endsFile reports whether a connection that ended with err has brought the file to its
// end. It has, however it ended, if the size of the file is unknown and its checksum
// agrees with what was read.
func (r *rangeReader) endsFile(err error) bool {
	if err == io.EOF {
		return true
	}
	return r.version.size == unknownSize && r.checksum != nil && r.checksum.agrees()
}

// checkFile returns what Read returns at the end of the range: io.EOF, unless the
// checksum, or the size that only now is known, disagrees with what was read.
func (r *rangeReader) checkFile() error {
	if r.checksum != nil {
		if !r.checksum.agrees() {
			return ErrChecksum
		}
		return io.EOF
	}
	if r.version.size != unknownSize {
		return io.EOF
	}
	found := fileVersion{etag: r.version.etag, size: r.wanted.first}
	if problem := r.source.contradicts(found); problem != "" {
		return fmt.Errorf("%w (%s)", ErrFileChanged, problem)
	}
	return io.EOF
}

// close closes the connection, if there is one.
func (r *rangeReader) close() {
	if r.connection != nil {
		r.connection.close()
		r.connection = nil
	}
}

// reconnect goes on with another connection after one broke with err. It returns the
// error of the file if that can't be.
func (r *rangeReader) reconnect(err error) error {
	r.close()
	err = fmt.Errorf("read at byte %d: %w", r.wanted.first, err)
	if r.started && r.version.etag == "" && r.ctx.Err() == nil {
		return fmt.Errorf("%w: %w", errNotResumable, err)
	}
	if err := r.awaitNextAttempt(err); err != nil {
		return err
	}
	return r.connect()
}

// connect asks for what is still to be read until the server sends it. It returns the
// error of the file if that can't be.
func (r *rangeReader) connect() error {
	for {
		if r.ctx.Err() != nil {
			return canceledError(r.ctx, r.trouble.lastError)
		}
		attempt := r.source.newAttempt(r.nextRange(), r.version)
		connection, err := attempt.connect(r.ctx, r.wanted.first)
		if err == nil {
			r.use(connection)
			return nil
		}
		if r.ctx.Err() != nil {
			return canceledError(r.ctx, err, r.trouble.lastError)
		}
		if r.checkEnd(err) {
			continue
		}
		renewed, renewalErr := r.renew(attempt, err)
		if renewalErr != nil {
			return withPrevious(renewalErr, err)
		}
		if renewed {
			continue
		}
		if !IsTransient(err) {
			r.log("no: the error is final")
			return err
		}
		if err := r.awaitNextAttempt(err); err != nil {
			return err
		}
	}
}

// use takes over a connection, and what its response tells of the file.
func (r *rangeReader) use(connection *fileConnection) {
	r.connection = connection
	response := connection.response
	if !r.started {
		r.checksum = response.checksum
	}
	if r.version == nil || r.version.size == unknownSize {
		r.version = &response.version
	}
	r.source.useVersion(response.version)
	r.source.countSkipped(connection.skip)
}

// checkEnd reports whether an attempt failed with err because all of a file of unknown
// size was read before its connection broke. That must be proven: it makes the next
// attempt ask for the last byte once more, which tells the size.
func (r *rangeReader) checkEnd(err error) bool {
	isKnown := r.version != nil && r.version.size != unknownSize
	if isKnown || r.trouble.foundEnd || !errors.Is(err, errNoSuchRange) {
		return false
	}
	r.trouble.foundEnd = true
	r.log("yes: ask for the last byte once more")
	return true
}

// nextRange returns the range that the next attempt asks for.
func (r *rangeReader) nextRange() byteRange {
	next := r.wanted
	if r.trouble.foundEnd {
		// There is a last byte: only a request with a Range header meets errNoSuchRange,
		// and a file of unknown size gets one only after a byte of it was read.
		next.first--
	}
	return next
}

// renew renews the URL or the credentials if that is what an attempt failed for. It
// reports whether it has. Between any two bytes they are made fresh once, and the file
// has a budget of renewals in all.
func (r *rangeReader) renew(attempt *fileAttempt, err error) (bool, error) {
	if r.trouble.renewed || !attempt.hasExpired(err) {
		return false, nil
	}
	if !r.source.spendRenewal() {
		return false, nil
	}
	outcome, renewalErr := r.source.renew(r.ctx, attempt)
	if renewalErr != nil || outcome == notRenewed {
		return false, renewalErr
	}
	r.trouble.renewed = outcome == freshRenewal
	r.log("yes: with a newer URL or fresh credentials")
	return true, nil
}

// awaitNextAttempt waits before the attempt that follows one that failed with err. It
// returns the error of the file if no attempt may follow.
func (r *rangeReader) awaitNextAttempt(err error) error {
	previous := r.trouble.lastError
	if r.ctx.Err() != nil {
		return canceledError(r.ctx, err, previous)
	}
	r.trouble.lastError = err
	r.trouble.attempts++
	isAffordable := r.source.countFailure()
	if r.trouble.attempts >= r.source.session.options.MaxAttempts {
		r.log("no: that was the last attempt")
		return &retry.MaxAttemptsError{Attempt: r.trouble.attempts, Err: err}
	}
	if !isAffordable {
		r.log("no: too many attempts have failed in all")
		return unaffordableError(err)
	}
	delay := r.source.session.retryDelay(r.trouble.attempts, err)
	r.log("yes", "delay", delay, "error", err.Error())
	if !sleep(r.ctx, delay) {
		return canceledError(r.ctx, err, previous)
	}
	return nil
}

// log writes a debug record about the decision whether to try again.
func (r *rangeReader) log(decision string, attributes ...any) {
	attributes = append([]any{"decision", decision}, attributes...)
	r.source.log(r.ctx, "download retry", attributes...)
}
