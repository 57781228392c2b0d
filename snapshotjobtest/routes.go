package snapshotjobtest

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/quicksight-go/snapshotjob"
)

// Operation names what a request asks for.
type Operation string

// The operations of the API, and the one of S3 that fetches files. GetObject
// stands for HeadObject too.
const (
	StartDashboardSnapshotJob          Operation = "StartDashboardSnapshotJob"
	DescribeDashboardSnapshotJob       Operation = "DescribeDashboardSnapshotJob"
	DescribeDashboardSnapshotJobResult Operation = "DescribeDashboardSnapshotJobResult"
	StartDashboardSnapshotJobSchedule  Operation = "StartDashboardSnapshotJobSchedule"
	DescribeDashboardDefinition        Operation = "DescribeDashboardDefinition"
	GetObject                          Operation = "GetObject"
)

// unknownOperation is the operation of a request that has the method and path of
// none. It differs from AnyOperation, which such a request is not one of.
const unknownOperation Operation = "unknown operation"

// apiRoute is the method and path of an operation of the API. Each segment of the
// path in braces is an id.
type apiRoute struct {
	operation Operation
	method    string
	path      string
}

// apiRoutes are those of the service model: the http trait of each operation.
var apiRoutes = []apiRoute{
	{
		operation: StartDashboardSnapshotJob,
		method:    http.MethodPost,
		path:      "/accounts/{account}/dashboards/{dashboard}/snapshot-jobs",
	},
	{
		operation: DescribeDashboardSnapshotJob,
		method:    http.MethodGet,
		path:      "/accounts/{account}/dashboards/{dashboard}/snapshot-jobs/{job}",
	},
	{
		operation: DescribeDashboardSnapshotJobResult,
		method:    http.MethodGet,
		path:      "/accounts/{account}/dashboards/{dashboard}/snapshot-jobs/{job}/result",
	},
	{
		operation: StartDashboardSnapshotJobSchedule,
		method:    http.MethodPost,
		path:      "/accounts/{account}/dashboards/{dashboard}/schedules/{schedule}",
	},
	{
		operation: DescribeDashboardDefinition,
		method:    http.MethodGet,
		path:      "/accounts/{account}/dashboards/{dashboard}/definition",
	},
}

// route returns the operation of a request, and the ids in its path. It takes the
// escaped path, so that an id may hold a slash, which is %2F there. The id of a
// schedule takes the place of the job's, as in [Request].Job.
func route(method, escapedPath string) (Operation, snapshotjob.Job) {
	segments := strings.Split(escapedPath, "/")
	for i, escaped := range segments {
		segment, err := url.PathUnescape(escaped)
		if err != nil {
			return unknownOperation, snapshotjob.Job{}
		}
		segments[i] = segment
	}
	for _, r := range apiRoutes {
		if r.method != method {
			continue
		}
		if ids, ok := matchPath(r.path, segments); ok {
			return r.operation, ids
		}
	}
	return unknownOperation, snapshotjob.Job{}
}

// matchPath returns the ids that stand in place of a pattern's braces. It reports
// false if the segments don't match the pattern.
func matchPath(pattern string, segments []string) (snapshotjob.Job, bool) {
	var ids snapshotjob.Job
	wanted := strings.Split(pattern, "/")
	if len(segments) != len(wanted) {
		return ids, false
	}
	for i, want := range wanted {
		switch want {
		case "{account}":
			ids.AWSAccountID = segments[i]
		case "{dashboard}":
			ids.DashboardID = segments[i]
		case "{job}", "{schedule}":
			ids.SnapshotJobID = segments[i]
		case segments[i]:
			// The literal matches.
		default:
			return ids, false
		}
	}
	return ids, true
}

// s3Host matches a host of S3, with or without the name of a bucket before it.
var s3Host = regexp.MustCompile(`^(?:(.+)\.)?s3(?:-fips)?\.`)

// isS3 reports whether a request is for S3, and not for the API. Where the host doesn't
// tell, as on the server's socket, only a request that reads may be for S3.
func (s *Server) isS3(r *http.Request) bool {
	if s3Host.MatchString(r.Host) {
		return true
	}
	if !isRead(r) {
		return false
	}
	signedForS3 := strings.Contains(r.Header.Get("Authorization"), "/s3/aws4_request")
	presigned := strings.Contains(r.URL.RawQuery, "X-Amz-Signature=") // as no request to the API is
	return signedForS3 || presigned || s.isBucketPath(r)
}

// isRead reports whether a request has one of the methods that read a file.
func isRead(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead
}

// isBucketPath reports whether the path of a request begins with the name of a
// bucket. A path of the API doesn't, even if there is a bucket called "accounts".
func (s *Server) isBucketPath(r *http.Request) bool {
	operation, _ := route(r.Method, r.URL.EscapedPath())
	if operation != unknownOperation {
		return false
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	s.mu.Lock()
	defer s.mu.Unlock()
	_, found := s.buckets[name]
	return found
}
