package snapshotjob

import (
	"context"
	"errors"
	"io"
	"sync"
)

// errBadRead is the error of a body that breaks the rules of io.Reader.
var errBadRead = errors.New("the body's Read returned an impossible count")

// maxEmptyReads is how many times in a row a body may bring neither a byte nor an error.
const maxEmptyReads = 100

// responseBody is the body of a response that a transport returned. It makes up for
// bodies that break the rules of io.Reader, and for those that don't end when the
// request's context does: many a mock's, and that of a response of status 101, which
// net/http leaves to its reader.
type responseBody struct {
	ctx     context.Context // of the request
	body    io.ReadCloser
	pending error // which came with bytes, and is to be returned next

	stopClosing func() bool // takes back that the body is closed when ctx ends

	mu         sync.Mutex // guards what follows; it is held while the body is closed
	isClosed   bool
	panicValue any // of the Close that the end of ctx called; nil if it didn't panic
}

// newResponseBody returns a body that is closed when ctx ends, if not earlier.
func newResponseBody(ctx context.Context, body io.ReadCloser) *responseBody {
	b := &responseBody{ctx: ctx, body: body}
	b.stopClosing = context.AfterFunc(ctx, b.closeEarly)
	return b
}

// Read reads from the body until it brings bytes or an error, and never both.
func (b *responseBody) Read(p []byte) (int, error) {
	if b.pending != nil {
		return 0, b.pending
	}
	for range maxEmptyReads {
		n, err := b.readOnce(p)
		if n > 0 {
			b.pending = err
			return n, nil
		}
		if err != nil {
			return 0, err
		}
		if b.ctx.Err() != nil {
			return 0, context.Cause(b.ctx)
		}
	}
	return 0, io.ErrNoProgress
}

// readOnce reads from the body once.
func (b *responseBody) readOnce(p []byte) (int, error) {
	n, err := b.body.Read(p)
	if n < 0 || n > len(p) {
		return 0, errBadRead
	}
	if err != nil && b.ctx.Err() != nil {
		// The end of ctx closes the body, and a closed body may say io.EOF.
		err = context.Cause(b.ctx)
	}
	return n, err
}

// closeEarly closes the body when ctx ends, so that a Read that waits for it returns.
// It has a goroutine of its own, where a panic would end the program: Close panics in
// its place.
func (b *responseBody) closeEarly() {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer func() { b.panicValue = recover() }()
	_ = b.closeLocked() // nobody could do anything about it
}

// Close closes the body, unless the end of ctx has done so.
func (b *responseBody) Close() error {
	b.stopClosing()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.panicValue != nil {
		panic(b.panicValue)
	}
	return b.closeLocked()
}

// closeLocked closes the body once.
func (b *responseBody) closeLocked() error {
	if b.isClosed {
		return nil
	}
	b.isClosed = true
	return b.body.Close()
}
