package snapshotjobtest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go/encoding/httpbinding"
)

// urlTokenLength is how long the session tokens of presigned URLs are, about as
// long as real ones.
const urlTokenLength = 900

// presignLocked returns a URL for an object that is presigned at this time. It
// differs from all others by its session token.
func (c *call) presignLocked(o *object, now time.Time) string {
	keys := c.server.presigner
	keys.SessionToken = randomText(c.server.random, urlTokenLength)
	u := c.fileURL(o.location)
	u.RawQuery = fmt.Sprintf("X-Amz-Expires=%d", wholeSeconds(c.server.options.URLLifetime))
	r := &http.Request{
		Method: http.MethodGet,
		URL:    u,
		Host:   u.Host,
		Header: http.Header{},
	}
	presigned, _, err := c.server.signer.PresignHTTP(context.Background(), keys, r, unsignedPayload,
		"s3", c.server.options.Region, now, signAsS3)
	if err != nil {
		panic(fmt.Sprintf("snapshotjobtest: presign: %v", err)) // The signer has no way to fail.
	}
	return presigned
}

// signAsS3 sets what is particular to signatures for S3: the path is signed as it is
// sent.
func signAsS3(o *v4.SignerOptions) {
	o.DisableURIPathEscaping = true
	o.DisableHeaderHoisting = true
}

// fileURL returns the URL of an object, without a query. If a call was made to
// QuickSight's own host, the URL has S3's. Otherwise it has the host of the call,
// so that it leads back here.
func (c *call) fileURL(l location) *url.URL {
	u := &url.URL{
		Scheme: "https",
		Host:   c.request.Host,
		Path:   "/" + l.bucket + "/" + l.key,
	}
	switch {
	case c.isToRealHost():
		u.Host = l.bucket + ".s3." + c.server.options.Region + "." + c.server.partition().suffix
		u.Path = "/" + l.key
	case c.request.TLS == nil:
		u.Scheme = "http"
	}
	u.RawPath = httpbinding.EscapePath(u.Path, false)
	return u
}

// isToRealHost reports whether a call was made to the host that QuickSight has in
// the server's region. The server gets such a call in memory.
func (c *call) isToRealHost() bool {
	host := c.request.Host
	region := c.server.options.Region
	return strings.HasPrefix(host, "quicksight") && strings.Contains(host, "."+region+".")
}

// wholeSeconds returns a duration in seconds, rounded up.
func wholeSeconds(d time.Duration) int64 {
	return int64((d + time.Second - 1) / time.Second)
}
