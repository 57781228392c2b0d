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

// presign returns a URL for an object, which differs from all others by its
// session token. It has the host of the request that asks for it, so that the
// URL leads back here, unless that is the service's own. It needs the mutex.
func (c *call) presign(o *object) string {
	_, suffix := c.partition()
	u := &url.URL{Scheme: "https", Host: o.bucket + ".s3." + c.options.Region + "." + suffix, Path: "/" + o.key}
	if host := c.request.Host; !strings.HasPrefix(host, "quicksight") || !strings.Contains(host, "."+c.options.Region+".") {
		u.Host, u.Path = host, "/"+o.bucket+u.Path
		if c.request.TLS == nil {
			u.Scheme = "http"
		}
	}
	u.RawPath = httpbinding.EscapePath(u.Path, false)
	credentials := c.presigner
	credentials.SessionToken = randomText(c.random, 900)
	u.RawQuery = fmt.Sprintf("X-Amz-Expires=%d", (c.options.URLLifetime+time.Second-1)/time.Second)
	request := &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{}}
	signed, _, err := c.signer.PresignHTTP(context.Background(), credentials, request, "UNSIGNED-PAYLOAD", "s3", c.options.Region, c.now, signAsS3)
	if err != nil {
		panic(fmt.Sprintf("snapshotjobtest: presign: %v", err)) // the signer has no way to fail
	}
	return signed
}

// signAsS3 sets what is particular to S3: the path is signed as it is sent.
func signAsS3(o *v4.SignerOptions) {
	o.DisableURIPathEscaping = true
	o.DisableHeaderHoisting = true
}
