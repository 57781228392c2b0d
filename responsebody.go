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

// carefulReader reads the body of a response. It makes up for bodies that break the rules
// of io.Reader.
type carefulReader struct {
	ctx     context.Context // of the request
	body    io.Reader
	pending error // which came with bytes, and is to be returned next
}

// Read reads from the body until it brings bytes or an error, and never both.
func (r *carefulReader) Read(p []byte) (int, error) {
	if r.pending != nil {
		return 0, r.pending
	}
	for range maxEmptyReads {
		n, err := r.readOnce(p)
		if n > 0 {
			r.pending = err
			return n, nil
		}
		if err != nil {
			return 0, err
		}
		if r.ctx.Err() != nil {
			return 0, context.Cause(r.ctx)
		}
	}
	return 0, io.ErrNoProgress
}

// readOnce reads from the body once.
func (r *carefulReader) readOnce(p []byte) (int, error) {
	n, err := r.body.Read(p)
	if n < 0 || n > len(p) {
		return 0, errBadRead
	}
	return n, err
}

// guardedBody is the body of a file's response. It ends when the request's context does,
// which not every transport sees to: many a mock's body ends when it is closed.
type guardedBody struct {
	reader carefulReader
	body   io.Closer

	stopClosing func() bool // takes back that the body is closed when the context ends

	mu         sync.Mutex // guards what follows; it is held while the body is closed
	isClosed   bool
	panicValue any // of the Close that the end of the context called; nil if it didn't panic
}

// newGuardedBody returns a body that is closed when ctx ends, if not earlier.
func newGuardedBody(ctx context.Context, body io.ReadCloser) *guardedBody {
	b := &guardedBody{
		reader: carefulReader{ctx: ctx, body: body},
		body:   body,
	}
	b.stopClosing = context.AfterFunc(ctx, b.closeEarly)
	return b
}

// Read reads from the body. It returns bytes or an error, and never both.
func (b *guardedBody) Read(p []byte) (int, error) {
	n, err := b.reader.Read(p)
	if err != nil && b.reader.ctx.Err() != nil {
		// The end of the context closes the body, and a closed body may say io.EOF.
		err = context.Cause(b.reader.ctx)
	}
	return n, err
}

// closeEarly closes the body when the context ends, so that a Read that waits for it returns.
// It has a goroutine of its own, where a panic would end the program: Close panics in
// its place.
func (b *guardedBody) closeEarly() {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer func() { b.panicValue = recover() }()
	_ = b.closeLocked() // nobody could do anything about it
}

// Close closes the body, unless the end of the context has done so.
func (b *guardedBody) Close() error {
	b.stopClosing()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.panicValue != nil {
		panic(b.panicValue)
	}
	return b.closeLocked()
}

// closeLocked closes the body once.
func (b *guardedBody) closeLocked() error {
	if b.isClosed {
		return nil
	}
	b.isClosed = true
	return b.body.Close()
}
