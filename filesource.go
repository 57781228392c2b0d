package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// fileSource fetches one file. Each of its attempts asks for one range of the file.
// Several parts of the file may be fetched at once.
type fileSource struct {
	session *downloadSession
	file    ResultFile

	mu        sync.Mutex // guards what follows
	location  fileLocation
	givesETag bool  // whether a response had a strong ETag
	progress  int64 // bytes that were read

	// What the file has cost, to bound what a server can make it cost; see maxFailures.
	failures int // attempts that failed
	renewals int // of the URL or the credentials
}

// fileLocation is where a file is.
type fileLocation struct {
	uri    S3URI
	result *DescribeDashboardSnapshotJobResultOutput // that uri is from; nil if it is the caller's
}

// A server that breaks each connection after a byte, or refuses each URL after one,
// never runs into MaxAttempts. Therefore a file has a budget as well: of attempts that
// fail, and of renewals. The budget grows with the bytes that are read, so that a large
// file over a bad connection is not given up.
const (
	// maxFailures is how many attempts for a file may fail in all before its first
	// bytesPerAttempt bytes are read. Of renewals, that is MaxAttempts.
	maxFailures = 1000

	// bytesPerAttempt is for how many bytes the budget grows by one failed attempt and
	// one renewal.
	bytesPerAttempt = 1 << 20
)

// newFileSource returns the source of a file, which comes from the result origin, or
// from a caller if that is nil. If a newer result is known, its URI is used, which
// expires later.
func newFileSource(
	session *downloadSession,
	file ResultFile,
	origin *DescribeDashboardSnapshotJobResultOutput,
) (*fileSource, error) {
	if err := file.URI.refuseRedacted(); err != nil {
		return nil, err
	}
	s := &fileSource{
		session: session,
		file:    file,
		location: fileLocation{
			uri:    file.URI,
			result: origin,
		},
	}
	if newest := session.newest.Load(); newest != origin {
		if err := s.useResult(newest); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// currentLocation returns where the file is.
func (s *fileSource) currentLocation() fileLocation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.location
}

// useResult takes the URI from a result.
func (s *fileSource) useResult(result *DescribeDashboardSnapshotJobResultOutput) error {
	for candidate := range result.Files() {
		if candidate.URI == "" || !candidate.hasPlaceOf(s.file) {
			continue
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.location = fileLocation{
			uri:    candidate.URI,
			result: result,
		}
		return nil
	}
	return errors.New("the newest result of the job doesn't have the file")
}

// hasPlaceOf reports whether two files have the same place in the results of a job.
func (f ResultFile) hasPlaceOf(other ResultFile) bool {
	return f.Registered == other.Registered &&
		f.User == other.User &&
		f.Group == other.Group &&
		f.Index == other.Index
}

// expectETags makes every later response without a strong ETag one that can't be the
// file.
func (s *fileSource) expectETags() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.givesETag = true
}

// expectsETag reports whether a response without a strong ETag can't be the file,
// since an earlier one had such an ETag.
func (s *fileSource) expectsETag() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.givesETag
}

// addProgress counts bytes that were read.
func (s *fileSource) addProgress(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress += int64(n)
}

// countFailure counts an attempt that failed, and reports whether the file may cost
// another one.
func (s *fileSource) countFailure() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures++
	return int64(s.failures) <= maxFailures+s.progress/bytesPerAttempt
}

// spendRenewal counts a renewal of the URL or the credentials, and reports whether the
// file may cost it.
func (s *fileSource) spendRenewal() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renewals++
	allowed := int64(s.session.options.MaxAttempts) + s.progress/bytesPerAttempt
	return int64(s.renewals) <= allowed
}

// renewal is what became of the renewal of a URL or of credentials.
type renewal int

const (
	// notRenewed: the next attempt would be the same as the last one.
	notRenewed renewal = iota

	// sharedRenewal: the URL is that of a result that another file asked for. It may
	// have expired since.
	sharedRenewal

	// freshRenewal: the URL or the credentials are new. If they are refused as well,
	// they are not what is wrong.
	freshRenewal
)

// renew makes the next attempt another one than the given, which has expired: with a
// newer URL, or with fresh credentials.
func (s *fileSource) renew(ctx context.Context, expired *fileAttempt) (renewal, error) {
	if expired.location.uri.isKey() {
		if !s.session.settings.invalidateCredentials(ctx, expired.credentials) {
			return notRenewed, nil
		}
		return freshRenewal, nil
	}
	result, asked, err := s.session.newerResult(ctx, s.file.Job, expired.location.result)
	if err != nil {
		return notRenewed, err
	}
	if err := s.useResult(result); err != nil {
		return notRenewed, err
	}
	if !asked {
		return sharedRenewal, nil
	}
	return freshRenewal, nil
}

// log writes a debug record about the file.
func (s *fileSource) log(ctx context.Context, message string, attributes ...any) {
	logger := s.session.settings.options.Logger
	if logger == nil {
		return
	}
	common := []any{
		"job", s.file.Job.String(),
		"file", s.file.describe(),
	}
	logger.DebugContext(ctx, message, append(common, attributes...)...)
}

// fileAttempt is one request for a range of a file.
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

// hasExpired reports whether the attempt failed with err because its URL or its
// credentials have expired. Of an old URL S3 says 403, or that the credentials which
// signed it have expired.
func (a *fileAttempt) hasExpired(err error) bool {
	if credentialsExpired(err) {
		return true
	}
	return !a.location.uri.isKey() && httpStatus(err) == http.StatusForbidden
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

// explainClockSkew makes an error that a wrong clock can have caused one that is tried
// again, now that S3's clock is known. It leaves any other error alone.
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

// newRequest returns the request for the range. What a proxy may change is not part of
// the signature: Range, If-Match and Accept-Encoding.
func (a *fileAttempt) newRequest(ctx context.Context) (*http.Request, error) {
	req := emptyRequest(ctx, http.MethodGet, nil)
	req.Header.Set("User-Agent", a.source.session.settings.userAgent)
	if err := a.address(ctx, req); err != nil {
		return nil, err
	}
	req.Host = req.URL.Host
	// Of packed bytes neither length nor checksum would be those of the file.
	req.Header.Set("Accept-Encoding", "identity")
	if !a.wanted.isWhole() {
		req.Header.Set("Range", a.wanted.header(a.version))
	}
	if a.version != nil && a.version.etag != "" {
		req.Header.Set("If-Match", a.version.etag)
	}
	return req, nil
}

// address sets the URL of a request and, for a key in a bucket, signs it.
func (a *fileAttempt) address(ctx context.Context, req *http.Request) error {
	if a.location.uri.isKey() {
		return a.signForS3(ctx, req)
	}
	presigned, err := parsePresignedURL(a.location.uri)
	if err != nil {
		return err
	}
	req.URL = presigned
	return nil
}

// parsePresignedURL parses a URI that is fetched as it is.
func parsePresignedURL(uri S3URI) (*url.URL, error) {
	refuse := func(problem string) (*url.URL, error) {
		return nil, fmt.Errorf("the URI %s %s", uri, problem)
	}
	u, err := url.Parse(string(uri))
	switch {
	case err != nil || u.Host == "":
		return refuse("is neither s3://bucket/key nor a URL")
	case u.User != nil:
		return refuse("has user info")
	case u.Scheme == "http" && !isLoopback(u.Hostname()), u.Scheme != "http" && u.Scheme != "https":
		return refuse("is not https: whoever listens would read the file")
	}
	u.Fragment = ""
	u.RawFragment = ""
	return u, nil
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
