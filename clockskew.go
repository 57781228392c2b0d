package snapshotjob

import (
	"net/http"
	"slices"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// observeSkew returns how far the service's clock is ahead of ours. An answer
// from a cache, or after more than 15 minutes, does not tell.
func observeSkew(header http.Header, sent, received time.Time) (time.Duration, bool) {
	date, err := smithyhttp.ParseTime(header.Get("Date"))
	if err != nil || header.Get("Age") != "" || received.Sub(sent) > 15*time.Minute {
		return 0, false
	}
	return date.Sub(received), true
}

// isClockSkew reports whether a clock that is wrong by this much explains err.
func isClockSkew(err error, wrong time.Duration) bool {
	return wrong.Abs() > 4*time.Minute && slices.Contains([]string{"InvalidSignatureException", "SignatureDoesNotMatch",
		"AuthFailure", "RequestTimeTooSkewed", "AccessDeniedException"}, errorCode(err))
}
