package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// fileSource fetches one file. Each of its attempts asks for one range of the file.
// Several parts of the file may be fetched at once.
type fileSource struct {
	session *downloadSession
	file    ResultFile

	mu       sync.Mutex // guards what follows
	location fileLocation
	progress int64 // bytes that were read

	// What responses told of the file, also before it was begun anew.
	hadStrongETag bool // whether one of them had a strong ETag

	// latest is the version that was taken last. What is known of an earlier version is
	// forgotten. Until there is a version with an ETag, latest says nothing.
	latest  fileVersion
	reached int64 // the end of the bytes of latest that were read

	// What the file has cost, to bound what a server can make it cost; see maxFailures.
	failures int   // attempts that failed
	skipped  int64 // bytes that were sent again because a server ignores ranges
	renewals int   // of the URL or the credentials
}

// fileLocation is where a file is.
type fileLocation struct {
	uri    S3URI
	result *DescribeDashboardSnapshotJobResultOutput // that uri is from; nil if it is the caller's
}

// A server that breaks each connection after a byte, or refuses each URL after one,
// never runs into MaxAttempts. Therefore a file has a budget as well: of attempts that
// fail, and of renewals. The budget grows with the bytes that are read, so that a large
// file over a bad connection is not given up. What a server that ignores ranges sends
// once more is paid from the budget of attempts.
const (
	// maxFailures is how many attempts for a file may fail in all before its first
	// bytesPerAttempt bytes are read. Of renewals, that is MaxAttempts.
	maxFailures = 1000

	// bytesPerAttempt is for how many bytes the budget grows by one failed attempt and
	// one renewal. As many bytes that are sent once more cost one failed attempt.
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

// noteStrongETag notes that a response had a strong ETag. From now on, a response
// without one can't be the file.
func (s *fileSource) noteStrongETag() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hadStrongETag = true
}

// useVersion keeps in mind which version is read. Of a version that was read before, it
// keeps the size that was told first.
func (s *fileSource) useVersion(version fileVersion) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if version.etag != s.latest.etag {
		s.latest = version
		s.reached = 0
	}
	if s.latest.size == unknownSize {
		s.latest.size = version.size
	}
}

// contradicts returns how a version contradicts what earlier responses told, or "" if
// it doesn't. The file may have been replaced since it was begun the last time. But a
// server that gives ETags gives one for every file, and one version has one size. A
// version whose size is unknown is judged again when a later response tells the size, or
// at its end, by checkFile.
func (s *fileSource) contradicts(version fileVersion) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case version.etag == "" && s.hadStrongETag:
		return "the response has no strong ETag, which an earlier one had"
	case version.etag == "" || version.etag != s.latest.etag:
		return ""
	case version.size != unknownSize && s.latest.size != unknownSize && version.size != s.latest.size:
		return "the ETag is that of a file of another size"
	case version.size != unknownSize && version.size < s.reached:
		return "the file is shorter than what was read of it"
	}
	return ""
}

// addProgress counts n bytes that were read, which end at a position in the file.
func (s *fileSource) addProgress(n int, position int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress += int64(n)
	s.reached = max(s.reached, position)
}

// countSkipped counts bytes that a response brings before the range that was asked for.
func (s *fileSource) countSkipped(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.skipped += n
}

// countFailure counts an attempt that failed, and reports whether the file may cost
// another one.
func (s *fileSource) countFailure() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures++
	spent := int64(s.failures) + s.skipped/bytesPerAttempt
	return spent <= maxFailures+s.progress/bytesPerAttempt
}

// unaffordableError returns the error of a file that may cost no attempt after the one
// that failed with err.
func unaffordableError(err error) error {
	return fmt.Errorf("too many attempts have failed in all: %w", err)
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
