package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// fileAttempt is one request for a range of a file. What is special about S3, its
// signature and its errors, stands in s3.go.
type fileAttempt struct {
	source      *fileSource
	wanted      byteRange
	version     *fileVersion // what the response must carry; nil before the first good one
	location    fileLocation
	credentials aws.Credentials // that signed the request, if any did
	skew        time.Duration   // with which the request was signed
	sent        bool            // whether the request was handed to the transport
}

// newAttempt returns an attempt for a range of the file. If version is not nil, the
// response must be of that version.
func (s *fileSource) newAttempt(wanted byteRange, version *fileVersion) *fileAttempt {
	return &fileAttempt{
		source:   s,
		wanted:   wanted,
		version:  version,
		location: s.currentLocation(),
	}
}

// connect makes the attempt. The bytes of the range that come before first are
// skipped. The server is given StallTimeout to begin a response.
func (a *fileAttempt) connect(ctx context.Context, first int64) (*fileConnection, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	isConnected := false
	defer func() {
		if !isConnected {
			cancel(nil) // also after a panic; it closes the body of a response
		}
	}()
	timeout := a.source.session.options.StallTimeout
	stall := time.AfterFunc(timeout, func() { cancel(errStalled) })
	defer stall.Stop()
	response, err := a.fetch(ctx)
	if err != nil {
		if errors.Is(context.Cause(ctx), errStalled) && httpStatus(err) == 0 {
			err = a.stallError()
		}
		return nil, err
	}
	isConnected = true
	return &fileConnection{
		ctx:          ctx,
		cancel:       cancel,
		stall:        stall,
		stallTimeout: timeout,
		response:     response,
		skip:         first - response.first,
		left:         response.length,
		credentials:  a.credentials,
	}, nil
}

// stallError returns the error of an attempt that took too long to bring a response.
func (a *fileAttempt) stallError() error {
	if !a.sent {
		return errNoCredentials
	}
	return errStalled
}

// fetch sends the request, and judges the response.
func (a *fileAttempt) fetch(ctx context.Context) (*fileResponse, error) {
	req, err := a.newRequest(ctx)
	if err != nil {
		return nil, err
	}
	a.sent = true
	started := time.Now()
	resp, err := roundTrip(a.source.session.settings.options.DownloadTransport, req)
	received := time.Now()
	if err != nil {
		err = responseError(nil, sendError(err, a.credentials))
		a.log(ctx, received.Sub(started), nil, err)
		return nil, err
	}
	resp.Body = newGuardedBody(ctx, resp.Body)
	a.source.session.observeS3Clock(a.location.uri, resp.Header, started, received)
	response, err := a.judge(resp)
	err = a.explainClockSkew(err)
	a.log(ctx, received.Sub(started), resp, err)
	if err != nil {
		resp.Body.Close()
		return nil, err
	}
	return response, nil
}

// newRequest returns the request for the range. It is signed, if it is for a key in a
// bucket, before it gets the headers that a proxy may change: Accept-Encoding, Range and
// If-Match are no part of the signature.
func (a *fileAttempt) newRequest(ctx context.Context) (*http.Request, error) {
	location, err := a.url()
	if err != nil {
		return nil, err
	}
	req := emptyRequest(ctx, http.MethodGet, nil)
	req.URL = location
	req.Host = location.Host
	req.Header.Set("User-Agent", a.source.session.settings.userAgent)
	if a.location.uri.isKey() {
		if err := a.signForS3(ctx, req); err != nil {
			return nil, err
		}
	}
	// Of compressed bytes neither length nor checksum would be those of the file.
	req.Header.Set("Accept-Encoding", "identity")
	if !a.wanted.isWhole() {
		req.Header.Set("Range", a.wanted.header(a.version))
	}
	if a.version != nil && a.version.etag != "" {
		req.Header.Set("If-Match", a.version.etag)
	}
	return req, nil
}

// url returns the URL that the request is for.
func (a *fileAttempt) url() (*url.URL, error) {
	if a.location.uri.isKey() {
		return a.source.keyURL(a.location.uri)
	}
	return parsePresignedURL(a.location.uri)
}

// judge returns what a response brings, or an error if that is not what was asked for.
func (a *fileAttempt) judge(resp *http.Response) (*fileResponse, error) {
	switch resp.StatusCode {
	case http.StatusOK, http.StatusPartialContent:
	case http.StatusPreconditionFailed:
		return nil, a.changed(resp, "the server says that it has another version")
	case http.StatusRequestedRangeNotSatisfiable:
		if !a.wanted.isWhole() {
			return nil, responseError(resp, fmt.Errorf("%w (%w)", ErrFileChanged, errNoSuchRange))
		}
		return nil, a.s3Error(resp)
	default:
		return nil, a.s3Error(resp)
	}
	if err := checkEncoding(resp); err != nil {
		return nil, err
	}
	if strongETag(resp.Header) != "" {
		a.source.noteStrongETag()
	}
	if resp.StatusCode == http.StatusPartialContent {
		return a.judgePart(resp)
	}
	return a.judgeWhole(resp)
}

// judgeWhole judges a response of status 200, which brings the whole file.
func (a *fileAttempt) judgeWhole(resp *http.Response) (*fileResponse, error) {
	size, problem := wholeSize(resp)
	if problem != "" {
		return nil, a.changed(resp, problem)
	}
	response := &fileResponse{
		body:      resp.Body,
		version:   fileVersion{etag: strongETag(resp.Header), size: size},
		length:    size,
		provesEnd: size != unknownSize || !endsWithConnection(resp),
		checksum:  checksumOf(resp.Header),
	}
	if problem := a.compare(response.version); problem != "" {
		return nil, a.changed(resp, problem)
	}
	if a.wanted.end != toEnd {
		return nil, responseError(resp, errRangeIgnored)
	}
	return response, nil
}

// judgePart judges a response of status 206, which brings a range of the file.
func (a *fileAttempt) judgePart(resp *http.Response) (*fileResponse, error) {
	text := contentRangeText(resp)
	got, ok := parseContentRange(text)
	if !ok {
		return nil, a.changed(resp, "the Content-Range "+quote(text)+" tells no range and size")
	}
	wantedEnd := a.wanted.end
	if wantedEnd == toEnd {
		wantedEnd = got.size
	}
	if got.first != a.wanted.first || got.end != wantedEnd {
		return nil, a.changed(resp, "the Content-Range "+quote(text)+" is not what was asked for")
	}
	length := got.end - got.first
	if announced := bodyLength(resp); announced != unknownSize && announced != length {
		return nil, a.changed(resp, lengthsDiffer)
	}
	response := &fileResponse{
		body:      resp.Body,
		version:   fileVersion{etag: strongETag(resp.Header), size: got.size},
		first:     got.first,
		length:    length,
		provesEnd: true,
	}
	if problem := a.compare(response.version); problem != "" {
		return nil, a.changed(resp, problem)
	}
	if length == got.size {
		// Only then is a checksum that of the file: a smaller part may have its own.
		response.checksum = checksumOf(resp.Header)
	}
	return response, nil
}

// compare returns why a response's version is not the one that was asked for, or "" if
// it is.
func (a *fileAttempt) compare(got fileVersion) string {
	if a.version != nil && got.etag != a.version.etag {
		return "the ETag is another"
	}
	if a.version != nil && a.version.size != unknownSize && got.size != a.version.size {
		return "the size is another"
	}
	return a.source.contradicts(got)
}

// changed returns the error of a response that is not of the version that was asked for.
func (a *fileAttempt) changed(resp *http.Response, problem string) error {
	return responseError(resp, fmt.Errorf("%w (%s)", ErrFileChanged, problem))
}

// hasExpired reports whether the attempt failed with err because its URL or its
// credentials have expired. Of an old URL S3 says 403, or that the credentials which
// signed it have expired.
func (a *fileAttempt) hasExpired(err error) bool {
	if credentialsExpired(err) {
		return true
	}
	return !a.location.uri.isKey() && httpStatus(err) == http.StatusForbidden
}

// explainClockSkew returns err, the error of the attempt. If S3 refused the signature,
// and the response told that the request was signed for a wrong time, the error says so
// and is transient: the next attempt is signed for the right one.
func (a *fileAttempt) explainClockSkew(err error) error {
	if !a.location.uri.isKey() {
		return err
	}
	skew := a.source.session.s3ClockSkew()
	if isClockSkew(err, skew-a.skew) {
		return clockSkewError(err, skew)
	}
	return err
}

// log writes a debug record about an attempt.
func (a *fileAttempt) log(ctx context.Context, duration time.Duration, resp *http.Response, err error) {
	attributes := []any{"offset", a.wanted.first, "duration", duration}
	if resp != nil {
		attributes = append(attributes, "status", resp.StatusCode)
		attributes = append(attributes, "requestID", s3RequestID(resp.Header, a.credentials))
	}
	if err != nil {
		attributes = append(attributes, "error", err.Error())
	}
	a.source.log(ctx, "download attempt", attributes...)
}
