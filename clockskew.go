package snapshotjob

import (
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	// leastClockSkew is how far the clocks must be apart before a refused signature
	// is put down to it. It is the threshold of the AWS SDKs.
	leastClockSkew = 4 * time.Minute

	// longestExchange is how long a request may take before the Date of its response is
	// ignored. It is the limit of the AWS SDKs.
	longestExchange = 15 * time.Minute
)

// clockSkewCodes are the error codes that a wrong clock can cause, as the AWS SDKs list
// them. They count only if the clocks differ; see isClockSkew.
var clockSkewCodes = []string{
	"InvalidSignatureException",
	"SignatureDoesNotMatch",
	"AuthFailure",
	"RequestTimeTooSkewed",
	"AccessDeniedException",
}

// clockSkew is how far the service's clock is ahead of this machine's, as far as
// responses have told. The zero value stands for clocks that agree. It is safe for
// concurrent use.
type clockSkew struct {
	nanoseconds atomic.Int64
	known       atomic.Bool
}

// isKnown reports whether a response has told the skew.
func (s *clockSkew) isKnown() bool { return s.known.Load() }

// load returns the skew, which is 0 while it is not known.
func (s *clockSkew) load() time.Duration { return time.Duration(s.nanoseconds.Load()) }

// store sets the skew.
func (s *clockSkew) store(skew time.Duration) {
	s.nanoseconds.Store(int64(skew))
	s.known.Store(true)
}

// observeSkew returns how far the service's clock is ahead of this machine's. The
// second result is false if the response doesn't tell: it has no Date, comes from a
// cache, or took too long.
func observeSkew(header http.Header, sent, received time.Time) (time.Duration, bool) {
	text := header.Get("Date")
	if text == "" || header.Get("Age") != "" || received.Sub(sent) > longestExchange {
		return 0, false
	}
	date, err := smithyhttp.ParseTime(text)
	if err != nil {
		return 0, false
	}
	return date.Sub(received), true
}

// isClockSkew reports whether err can be explained by a signature whose time was
// off by this much.
func isClockSkew(err error, off time.Duration) bool {
	return off.Abs() > leastClockSkew && slices.Contains(clockSkewCodes, errorCode(err))
}

// clockSkewError makes err one that is tried again, now that the skew is known.
func clockSkewError(err error, skew time.Duration) error {
	return &retryDecision{
		err:       fmt.Errorf("probable clock skew of %v: %w", skew.Round(time.Second), err),
		retryable: true,
	}
}
