package snapshotjob

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

// FileReader reads one file of a result. [Client.Open] makes it. Its methods may be
// called from several goroutines, as Close is to end a Read.
type FileReader struct {
	file     *ResultFile // not a value, whose URI fmt would print
	size     int64
	cancel   context.CancelFunc
	isClosed atomic.Bool

	mu     sync.Mutex // guards what follows
	ranged *rangeReader
	err    error // what Read returns from now on
}

// Open opens one file of a result for reading. The caller must close it, whether it
// was read to its end or not.
//
// A presigned URL is fetched without credentials, and over https alone, except from
// localhost and loopback addresses. A file in a bucket of the caller is fetched by a GET request
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
	source, err := newFileSource(session, file, nil)
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
		file:   &file,
		size:   ranged.version.size,
		cancel: cancel,
		ranged: ranged,
	}, nil
}

// Size returns the size of the file in bytes, or -1 if the server didn't tell it when
// the file was opened.
func (r *FileReader) Size() int64 { return r.size }

// Read reads from the file, over another connection if one breaks. It returns io.EOF
// after the last byte, os.ErrClosed after Close, and otherwise the errors that
// [Client.Open] lists.
func (r *FileReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.isClosed.Load() {
		return 0, os.ErrClosed
	}
	if len(p) == 0 {
		return 0, nil
	}
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.ranged.Read(p)
	if err == nil {
		return n, nil
	}
	r.err = err
	if err != io.EOF {
		r.err = r.file.wrap(err)
	}
	if r.isClosed.Load() {
		return 0, os.ErrClosed
	}
	return 0, r.err
}

// Close ends the reading, also a Read that is under way on another goroutine. It
// always returns nil.
func (r *FileReader) Close() error {
	r.isClosed.Store(true)
	r.cancel() // which closes the body of the connection; see fileAttempt.connect
	// A Read that is under way holds mu. It sees that its body is closed, and cleans up
	// by itself.
	if r.mu.TryLock() {
		defer r.mu.Unlock()
		r.ranged.close()
	}
	return nil
}

// Format writes which file this is, for every verb, and neither URI nor credentials.
func (r *FileReader) Format(f fmt.State, _ rune) { io.WriteString(f, r.file.describe()) }
